/* io_int.h - readers and writers of files. Every reader takes bytes that may be hostile: it says
 * what is wrong in which file, never reads past the end and never takes much more memory than the
 * file deserves. Knows nothing of what the numbers mean. */
#ifndef MHO_IO_INT_H
#define MHO_IO_INT_H

#include "base/base_int.h"
#include "mho/io.h"

enum { MHO_NPY_MAX_HEADER = 256 }; /* bytes of a header that we write */

/* The content of an NPY file; where is its name for messages. */
mho_status mho_i_npy_parse(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte, mho_npy **out);
/* The array called name out of the content of an NPZ file. */
mho_status mho_i_npz_parse(mho_ctx *ctx, const char *where, const unsigned char *bytes,
                           size_t n_byte, const char *name, mho_npy **out);
/* Header of array into buf, its length into n_header, bytes of the data into n_data.
 * MHO_ERR_ARG: a shape or name that cannot be written. */
mho_status mho_i_npy_header(mho_ctx *ctx, const mho_npy_view *array, char buf[MHO_NPY_MAX_HEADER],
                            size_t *n_header, size_t *n_data);
static inline const void *mho_i_npy_bytes(const mho_npy_view *array) {
    return array->data ? (const void *)array->data : (const void *)array->data_f;
}

#endif
