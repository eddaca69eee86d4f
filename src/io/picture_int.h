/* picture_int.h - pictures row by row: what the readers and writers of single formats share with
 * picture.c. Brightness is a float in [0, 1], 0 black; colours are folded to luma as they stand in
 * the file (gamma-encoded) with the weights of Rec. 601, 0.299 R + 0.587 G + 0.114 B; what is
 * transparent shows white paper. */
#ifndef MHO_PICTURE_INT_H
#define MHO_PICTURE_INT_H

#include "io_int.h"

enum {
    MHO_I_PICTURE_SIDE = 1000000,       /* most columns or rows */
    MHO_I_PICTURE_MEGAPIXELS = 1000,    /* most pixels: a bomb ends here, not after an hour */
    MHO_I_PICTURE_WHOLE_MEGAPIXELS = 64 /* most pixels of a file that cannot be streamed */
};

struct mho_i_picture {
    mho_ctx *ctx;
    FILE *file;
    char *path;
    size_t n_row, n_col;
    size_t next;   /* row that is read next */
    char kind;     /* of PGM: '2' text, '5' bytes */
    char what[64]; /* "8-bit RGB PNG" */
    void *format;  /* state of the format's reader */
    mho_status (*row)(struct mho_i_picture *p, float *luma);
    mho_status (*end)(struct mho_i_picture *p); /* after the last row: is the rest whole? */
    void (*close)(struct mho_i_picture *p);
};

/* Each fills in n_row, n_col, what, format and the functions; the file stands behind the bytes that
 * name the format: 8 of PNG, 2 of PGM. */
mho_status mho_i_png_open(mho_i_picture *p);
mho_status mho_i_pgm_open(mho_i_picture *p);
/* Are these sides allowed? */
mho_status mho_i_picture_check(mho_i_picture *p, unsigned long n_row, unsigned long n_col);
/* Bytes from the present place to the end; 0 if the file cannot tell (a pipe). */
size_t mho_i_picture_left(mho_i_picture *p);

#endif
