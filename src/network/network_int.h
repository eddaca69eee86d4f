/* network_int.h - the network room: pictures, chains of layers, forward and backward passes,
 * training. Pure numbers only; it must not know of devices, circuits or chips.
 *
 * Layout of a pass: sixteen pictures are the lanes of every value. A feature map is
 * [channel][row][column][lane], so that each weight meets two vectors of eight lanes and no data
 * has to be rearranged for a convolution. */
#ifndef MHO_NETWORK_INT_H
#define MHO_NETWORK_INT_H

#include "base/base_int.h"
#include "mho/network.h"

enum { MHO_I_LANES = 16 };

struct mho_dataset {
    mho_ctx *ctx;
    size_t n_image, n_row, n_col, n_class;
    uint8_t *pixels, *labels;
};
/* A set with room for its pictures, zeroed. */
mho_status mho_i_dataset_blank(mho_ctx *ctx, size_t n_image, size_t n_row, size_t n_col,
                               size_t n_class, mho_dataset **out);

/* All weights and biases stand in one array, layer by layer: weights, then bias. */
struct mho_net {
    mho_ctx *ctx;
    size_t in_c, in_h, in_w;
    size_t n_layer, n_param;
    mho_layer *layer;
    size_t *at; /* [n_layer] first parameter of each layer */
    float *param;
};
static inline size_t mho_i_layer_n_weight(const mho_layer *l) {
    return l->n_out * l->n_in;
}
static inline size_t mho_i_layer_n_param(const mho_layer *l) {
    return l->n_out * (l->n_in + 1);
}
/* Shapes and limits, without weights. */
void mho_i_net_hash_shape(const mho_net *net, mho_i_hash *h);

/* ---- curve.c: the activation over arrays ---- */
typedef struct mho_i_curve {
    mho_ctx *ctx;
    float z_min, inv_step; /* t = (z - z_min)*inv_step, in [0, n-1] */
    int32_t n;             /* 0: exact rectifier */
    float *a, *d;          /* [n] values; [n] differences a[i+1] - a[i] */
} mho_i_curve;
mho_status mho_i_curve_init(mho_ctx *ctx, const mho_act_curve *curve, mho_i_curve *out);
void mho_i_curve_done(mho_i_curve *c);
/* a[n] = curve(z[n]), then z[n] = slope there. */
void mho_i_curve_apply(const mho_i_curve *c, size_t n, float *z, float *a);

/* ---- effective.c: the weights that a pass really uses ---- */
typedef struct mho_i_effective {
    mho_ctx *ctx;
    const mho_net *net;
    float *param; /* [n_param] quantised, noisy, with the gain and offset of the neurons in them */
    float *gain;  /* [n_param] factor of each row, for the gradient: d loss/d w = gain * d loss/d
                     w_eff */
    float *flip;  /* [n_param] weights of the convolutions as their input gradient needs them */
    float *draw;  /* n_in + 3 normals of each output */
    size_t n_row; /* outputs of all layers together */
    struct {
        size_t layer, output, draw_at;
    } * row; /* [n_row] */
} mho_i_effective;
mho_status mho_i_effective_new(mho_ctx *ctx, const mho_net *net, mho_i_effective **out);
void mho_i_effective_free(mho_i_effective *e);
typedef struct mho_i_draw {
    const float *param; /* [n_param] */
    const mho_net_noise *noise;
    double scale; /* in [0, 1]: shrinks every noise */
    uint64_t seed;
    uint32_t evaluation; /* names the draw */
} mho_i_draw;
/* One row; rows are independent, and all of them are to be done before a pass. */
void mho_i_effective_row(mho_i_effective *e, const mho_i_draw *d, size_t row);

/* ---- kernel.c: convolutions over lanes ---- */
/* y[o][p][lane] = keep*y + bias[o] + sum_k w[o*n_k + k] * x[pos[p] + off[k] + lane]; pos and off
 * count floats. bias NULL: 0. keep 0: y is not read. */
void mho_i_kernel_conv(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos, const int32_t *off,
                       const float *w, const float *bias, const float *x, float keep, float *y);
/* gw[o*n_k + k] += sum over p and lanes of dz[o][p][lane] * x[pos[p] + off[k] + lane] */
void mho_i_kernel_conv_grad(size_t n_o, size_t n_pos, size_t n_k, const int32_t *pos,
                            const int32_t *off, const float *dz, const float *x, float *gw);

/* ---- pass.c: one thread's forward and backward over sixteen pictures ---- */
typedef struct mho_i_step {
    float *in;   /* input of the layer: the output of the one before, or its padded copy */
    float *pad;  /* [in_c][in_h+2pad][in_w+2pad][lane], NULL without padding */
    float *z;    /* [out][lane] z, then its slope */
    float *a;    /* [out][lane] */
    float *grad; /* [out][lane] d loss/d a, then d loss/d z; training only */
    float *wide; /* [out_c][..][..][lane] d loss/d z among zeros; convolutions in training */
    float *back; /* [in_c][in_h+2pad][in_w+2pad][lane]; convolutions in training */
    size_t pad_h, pad_w, wide_h, wide_w;
    int32_t *pos, *off;           /* forward: [n_pos], [n_in] */
    int32_t *back_pos, *back_off; /* input gradient: [pad_h*pad_w], [out_c*k*k] */
} mho_i_step;

typedef struct mho_i_pass {
    mho_ctx *ctx;
    const mho_net *net;
    mho_i_step *step; /* [n_layer] */
    float *image;     /* [in_c][in_h][in_w][lane] */
    float *slab;
    int32_t *table;
} mho_i_pass;
mho_status mho_i_pass_new(mho_ctx *ctx, const mho_net *net, bool training, mho_i_pass **out);
void mho_i_pass_free(mho_i_pass *p);
/* Put picture into a lane; input_bits as in mho_net_noise. */
void mho_i_pass_load(mho_i_pass *p, size_t lane, const uint8_t *pixels, int input_bits);

typedef struct mho_i_z_noise {
    float sd;
    uint64_t seed;
    uint32_t group, evaluation; /* group < 2^24: which sixteen pictures */
} mho_i_z_noise;
/* Scores are in step[n_layer-1].a afterwards. noise NULL: none. */
void mho_i_pass_forward(mho_i_pass *p, const float *param, const mho_i_curve *curve,
                        const mho_i_z_noise *noise);
/* From step[n_layer-1].grad = d loss/d score; adds to grad[n_param] of the effective weights. */
void mho_i_pass_backward(mho_i_pass *p, const mho_i_effective *e, float *grad);

/* ---- augment.c ---- */
/* Picture number image of the set, changed at random as opt says; a pure function of its arguments.
 */
void mho_i_augment(const mho_train_opt *opt, const mho_dataset *set, size_t image, uint32_t epoch,
                   uint8_t *out);

/* ---- adam.c ---- */
/* One step over parameters [from, to): g = gain * sum of n_part gradients, part s at grad +
 * s*n_grad. */
typedef struct mho_i_adam {
    float rate, correct1, correct2; /* step; 1/(1 - beta^t) of both moments */
    float keep;                     /* share of the running mean that stays */
} mho_i_adam;
void mho_i_adam_step(const mho_i_adam *adam, size_t from, size_t to, size_t n_part, size_t n_grad,
                     const float *grad, const float *gain, const float *limit, float *param,
                     float *m, float *v, float *mean);

/* ---- weight_file.c ---- */
/* A file of n_part arrays [n_param] for this network. key: 32 hexadecimal digits of what determined
 * it, "" for none. number: two free numbers. */
mho_status mho_i_weight_file_write(const mho_net *net, const char *path, const char *key,
                                   const double number[4], size_t n_part, float *const *part);
/* key NULL: any. Fills part[n_part][n_param], number[4] and w_max[n_layer] (NULL: must be equal).
 */
mho_status mho_i_weight_file_read(const mho_net *net, const char *path, const char *key,
                                  double number[4], size_t n_part, float *const *part,
                                  double *w_max);

/* ---- noise.c, train_opt.c: checks ---- */
int mho_i_thread(void); /* number of this thread in its team */
mho_status mho_i_need_range(mho_ctx *ctx, const char *name, double value, double low, double high);
mho_status mho_i_noise_check(mho_ctx *ctx, const mho_net_noise *noise);
mho_status mho_i_train_check(mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                             const mho_train_opt *opt);

/* ---- train.c ---- */
/* Whether a training of n_epoch epochs can have written these numbers: epochs done, their loss. */
bool mho_i_train_believable(const double number[4], int n_epoch);
/* Where a training keeps what it has: both files carry the key. */
typedef struct mho_i_train_files {
    const char *checkpoint; /* to go on from, and to keep up to date */
    const char *weights;    /* the result, written before it is handed out */
    const char *key;        /* 32 hexadecimal digits of all that determines the result */
} mho_i_train_files;
/* files NULL: keep nothing. */
mho_status mho_i_train_run(mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                           const mho_train_opt *opt, const mho_i_train_files *files,
                           mho_train_result *result);

#endif
