/* idx_int.h - the IDX format (the files of MNIST): arrays of unsigned bytes, plain or gzip. Knows
 * the container only, not what the numbers mean. */
#ifndef MHO_IDX_INT_H
#define MHO_IDX_INT_H

#include "base/base_int.h"

enum { MHO_I_IDX_MAX_DIM = 4 };

typedef struct mho_i_idx {
    int n_dim;
    size_t dim[MHO_I_IDX_MAX_DIM];
    size_t n_byte;   /* product of dim */
    uint8_t *data;   /* [n_byte], the caller frees it with mho_i_free */
    size_t n_header; /* bytes before the data: byte k of data is byte n_header + k of the content */
} mho_i_idx;

/* Read path, which must hold exactly one array of n_dim dimensions. max_dim[n_dim]: the largest
 * allowed size of each. Memory stays below what the file can really hold, whatever its header says.
 * MHO_ERR_IO, _FORMAT, _NOMEM. */
mho_status mho_i_idx_read(mho_ctx *ctx, const char *path, int n_dim, const size_t *max_dim,
                          mho_i_idx *out);

#endif
