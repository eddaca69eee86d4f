/* mho/io.h - numbers from and to files. NPY and NPZ are what NumPy's save and savez write, so that
 * numpy.load reads what mho writes and the other way round. A file is written whole or not at all:
 * a failure leaves an old file as it was. */
#ifndef MHO_IO_H
#define MHO_IO_H

#include "mho/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MHO_NPY_MAX_DIM = 4 };

/* An array read from a file, always double and in C order whatever the file holds (float, integer,
 * bool; either byte order; Fortran order).                                                       */
typedef struct mho_npy mho_npy;

/* MHO_ERR_IO, MHO_ERR_FORMAT, MHO_ERR_NOMEM. Memory is bounded by about ten times the file. */
MHO_API mho_status mho_npy_load(mho_ctx *ctx, const char *path, mho_npy **out) MHO_CHECK;
/* The array called name in an NPZ file; stored or deflated. A deflated file may take 1,000 times
 * its size in memory, at most 4 GiB. */
MHO_API mho_status mho_npz_load(mho_ctx *ctx, const char *path, const char *name,
                                mho_npy **out) MHO_CHECK;
MHO_API void mho_npy_free(mho_npy *npy); /* NULL is allowed */
MHO_API size_t mho_npy_n_dim(const mho_npy *npy);
MHO_API size_t mho_npy_shape(const mho_npy *npy, size_t dim); /* dim < n_dim */
MHO_API const double *mho_npy_data(const mho_npy *npy);       /* valid until mho_npy_free */

/* What to write: exactly one of data and data_f is not NULL. */
typedef struct mho_npy_view {
    const char *name; /* in an NPZ file, without ".npy"; else ignored */
    size_t n_dim;     /* <= MHO_NPY_MAX_DIM */
    size_t shape[MHO_NPY_MAX_DIM];
    const double *data; /* in [shape[0]]...[shape[n_dim-1]] */
    const float *data_f;
} mho_npy_view;

MHO_API mho_status mho_npy_save(mho_ctx *ctx, const char *path,
                                const mho_npy_view *array) MHO_CHECK;
/* Not compressed; at most 4 GiB together. */
MHO_API mho_status mho_npz_save(mho_ctx *ctx, const char *path, size_t n_array,
                                const mho_npy_view *arrays) MHO_CHECK;

/* Can a file be made at path? To be asked before long work; changes nothing there. */
MHO_API mho_status mho_file_writable(mho_ctx *ctx, const char *path) MHO_CHECK;
MHO_API mho_status mho_file_save(mho_ctx *ctx, const char *path, const void *data,
                                 size_t n_byte) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
