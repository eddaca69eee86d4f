/* mho/network.h - sets of small grey pictures, chains of layers, training for analogue hardware.
 *
 * A network is a chain of convolutions, average pools and dense layers. It knows nothing of devices
 * and volts; all its quantities are pure numbers:
 *     input       pixel/255, in [0, 1]
 *     z           pre-activation of a neuron: sum of weight * input + bias
 *     a           activation, what the next layer gets: a = curve(z), about 0..1
 * The bias counts as one more input that is always 1, and is limited like a weight.
 * A layer's arrays are row-major; pictures and feature maps are [channel][row][column]. */
#ifndef MHO_NETWORK_H
#define MHO_NETWORK_H

#include "mho/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Data sets: n_image pictures of n_row x n_col pixels of 8 bits, with labels ---- */
typedef struct mho_dataset mho_dataset;

/* Copies pixels[n_image][n_row][n_col] and labels[n_image], each < n_class. n_image >= 1, n_row and
 * n_col in [1, 1024], n_class in [2, 256]. MHO_ERR_ARG, _NOMEM. */
MHO_API mho_status mho_dataset_new(mho_ctx *ctx, size_t n_image, size_t n_row, size_t n_col,
                                   size_t n_class, const uint8_t *pixels, const uint8_t *labels,
                                   mho_dataset **out) MHO_CHECK;

/* Two files in the IDX format, plain or gzip. Everything in them is checked: the message of
 * MHO_ERR_IO or MHO_ERR_FORMAT names file, byte, value and what is allowed. */
MHO_API mho_status mho_dataset_load_idx(mho_ctx *ctx, const char *image_path,
                                        const char *label_path, size_t n_class,
                                        mho_dataset **out) MHO_CHECK;

/* The training or the test pair of a directory, under the usual names of MNIST:
 * {train,t10k}-{images,labels}{-,.}idx{3,1}-ubyte[.gz]; 10 classes. */
typedef enum mho_dataset_part { MHO_PART_TRAIN = 0, MHO_PART_TEST = 1 } mho_dataset_part;
MHO_API mho_status mho_dataset_load_dir(mho_ctx *ctx, const char *dir, mho_dataset_part part,
                                        mho_dataset **out) MHO_CHECK;

/* Our own handwritten-style digits, 28x28, 10 classes: pictures first .. first+n_image-1 of the
 * endless series that the seed names. Picture k is the same whatever first and n_image are, and
 * ten pictures in a row from a multiple of ten hold each digit once. */
MHO_API mho_status mho_dataset_digits(mho_ctx *ctx, uint64_t seed, size_t first, size_t n_image,
                                      mho_dataset **out) MHO_CHECK;

/* Copy of the first n_image pictures. MHO_ERR_ARG unless 1 <= n_image <= those there are. */
MHO_API mho_status mho_dataset_first(const mho_dataset *set, size_t n_image,
                                     mho_dataset **out) MHO_CHECK;
MHO_API void mho_dataset_free(mho_dataset *set); /* NULL is allowed */

MHO_API size_t mho_dataset_n_image(const mho_dataset *set);
MHO_API size_t mho_dataset_n_row(const mho_dataset *set);
MHO_API size_t mho_dataset_n_col(const mho_dataset *set);
MHO_API size_t mho_dataset_n_class(const mho_dataset *set);
/* [n_image][n_row][n_col] and [n_image]; valid as long as the set. */
MHO_API const uint8_t *mho_dataset_pixels(const mho_dataset *set);
MHO_API const uint8_t *mho_dataset_labels(const mho_dataset *set);
/* Identity of the content, 32 hexadecimal digits. */
MHO_API void mho_dataset_hash(const mho_dataset *set, char out[33]);

/* ---- Activation curve ----
 * a(z) on a uniform grid of n points from z_min to z_max, linear in between, constant outside.
 * A NULL curve means the exact rectifier max(z, 0). n in [2, 65536], a finite, z_max > z_min.
 * The last layer of a network has no activation: its z are the scores. */
typedef struct mho_act_curve {
    double z_min, z_max;
    size_t n;
    const float *a; /* [n] */
} mho_act_curve;

/* Value at z, as used everywhere in the library. */
MHO_API float mho_act_curve_at(const mho_act_curve *curve, float z);

/* A stand-in for a device before one is at hand: n points of a smooth rectifier that starts from
 * a floor of 0.03, has a soft knee and saturates at 1.15. Assumed, not measured. Fills a[n]. */
MHO_API mho_status mho_act_curve_example(mho_ctx *ctx, size_t n, float *a,
                                         mho_act_curve *out) MHO_CHECK;

/* ---- Networks ---- */
typedef struct mho_net mho_net;

typedef enum mho_layer_kind {
    MHO_LAYER_CONV = 0,
    MHO_LAYER_POOL = 1, /* mean of k x k, stride k: no weights, no activation */
    MHO_LAYER_DENSE = 2
} mho_layer_kind;

typedef struct mho_layer {
    mho_layer_kind kind;
    size_t in_c, in_h, in_w;    /* input [in_c][in_h][in_w], without padding */
    size_t out_c, out_h, out_w; /* output [out_c][out_h][out_w]; a dense layer has [n_out][1][1] */
    size_t k, stride, pad;      /* kernel side, step, zeros around the input; dense: 0, 1, 0 */
    size_t n_in;                /* weights of one output. conv: in_c*k*k, index (c*k + ky)*k + kx;
                                   dense: in_c*in_h*in_w, index (c*in_h + y)*in_w + x; pool: 0 */
    size_t n_out;               /* outputs of one evaluation: out_c; pool: 0 */
    size_t n_pos;               /* evaluations per picture: out_h*out_w */
    bool activation;            /* z goes through the curve */
    double w_max;               /* limit of |weight| and |bias| in training, > 0 */
} mho_layer;

/* An empty chain for pictures [in_c][in_h][in_w]. Sides in [1, 1024]. */
MHO_API mho_status mho_net_new(mho_ctx *ctx, size_t in_c, size_t in_h, size_t in_w,
                               mho_net **out) MHO_CHECK;
MHO_API mho_status mho_net_add_conv(mho_net *net, size_t out_c, size_t k, size_t stride, size_t pad,
                                    bool activation, double w_max) MHO_CHECK;
MHO_API mho_status mho_net_add_pool(mho_net *net, size_t k) MHO_CHECK;
MHO_API mho_status mho_net_add_dense(mho_net *net, size_t n_out, bool activation,
                                     double w_max) MHO_CHECK;
/* The classic: 1x28x28, padded to 32x32; 6 kernels 5x5, pool 2, 16 kernels 5x5, pool 2, dense 120,
 * 84, 10 (LeCun et al., Proc. IEEE 1998, with full connection of the second kernels). Weights 0. */
MHO_API mho_status mho_net_lenet5(mho_ctx *ctx, mho_net **out) MHO_CHECK;
MHO_API mho_status mho_net_copy(const mho_net *net, mho_net **out) MHO_CHECK;
MHO_API void mho_net_free(mho_net *net); /* NULL is allowed */

MHO_API size_t mho_net_n_layer(const mho_net *net);
MHO_API size_t mho_net_n_class(const mho_net *net); /* outputs of the last layer */
/* l < n_layer; valid until a layer is added. */
MHO_API const mho_layer *mho_net_layer(const mho_net *net, size_t l);
/* [n_out][n_in] and [n_out]; NULL for a pool; valid until a layer is added. */
MHO_API const float *mho_net_weights(const mho_net *net, size_t l);
MHO_API const float *mho_net_bias(const mho_net *net, size_t l);
/* Copies in; all values must be finite. NULL leaves that part as it is. */
MHO_API mho_status mho_net_set_weights(mho_net *net, size_t l, const float *weights,
                                       const float *bias) MHO_CHECK;
MHO_API mho_status mho_net_set_w_max(mho_net *net, size_t l, double w_max) MHO_CHECK;
/* MHO_ERR_DIM unless the network takes pictures of this size and this many classes. */
MHO_API mho_status mho_net_check_dataset(const mho_net *net, const mho_dataset *set) MHO_CHECK;

/* Ideal forward pass over a set.
 *   curve        in   NULL: exact rectifier
 *   predictions  out  [n_image] class with the largest score, the lowest index on ties; NULL: none
 *   scores       out  [n_image][n_class] z of the last layer; NULL: none
 *   accuracy     out  share of right predictions; NULL: none */
MHO_API mho_status mho_net_eval(mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                                const mho_act_curve *curve, uint8_t *predictions, float *scores,
                                double *accuracy) MHO_CHECK;

/* Output of layer l (after its activation) for one picture: out [out_c][out_h][out_w]. */
MHO_API mho_status mho_net_layer_output(mho_ctx *ctx, const mho_net *net, const uint8_t *pixels,
                                        const mho_act_curve *curve, size_t l, float *out) MHO_CHECK;

/* ---- Noise: a plain statistical picture of hardware, for training and quick looks ---- */
typedef struct mho_net_noise {
    double weight_rel; /* sd of every weight and bias, in units of the layer's w_max */
    double z;          /* sd added to every z, fresh for every evaluation */
    double gain;       /* sd of the factor on z of a neuron (one per output, shared by positions) */
    double offset; /* sd of the offset on z of a neuron; scores have no neuron, so neither of the
                      two */
    int weight_levels; /* levels of a weight in [-w_max, w_max], odd >= 3; 0: continuous */
    int input_bits;    /* levels of the input are 2^bits; 0: 8 bits as stored */
} mho_net_noise;

/* accuracy out [n_instance]: each instance is a fresh draw of all weights and neurons. */
MHO_API mho_status mho_net_eval_noisy(mho_ctx *ctx, const mho_net *net, const mho_dataset *set,
                                      const mho_act_curve *curve, const mho_net_noise *noise,
                                      uint64_t seed, size_t n_instance, double *accuracy) MHO_CHECK;

/* ---- Training ---- */
typedef struct mho_train_opt {
    uint64_t seed;
    int n_epoch;           /* >= 1: passes over the training set */
    int n_batch;           /* pictures per step, in [8, 4096] */
    double rate;           /* > 0: Adam step, in units of the layer's w_max; falls as a cosine */
    double rate_end_ratio; /* [0, 1]: last step over first */
    double average;        /* [0, 1): decay per step of the running mean of the weights, which is
                              the result; 0: the last weights themselves */
    double label_smooth;   /* [0, 1): share of the target spread over all classes */
    double score_scale;    /* > 0: factor on the scores before the softmax */
    double ramp_epochs;    /* >= 0: epochs over which the noise grows to its full size */
    double exact_frac;     /* [0, 1]: share of the steps that use the exact rectifier */
    bool augment;          /* change every picture a little each time it is shown: */
    double shift_px;       /* >= 0: largest shift */
    double rotate_rad;     /* >= 0: largest rotation */
    double scale_rel;      /* [0, 0.5]: largest change of each side, and shear */
    double elastic_px;     /* >= 0: sd of a smooth displacement field */
    mho_net_noise noise;   /* what the forward pass is made to see */
    mho_act_curve curve;   /* a NULL: exact rectifier; the array stays the caller's */
} mho_train_opt;

/* Chosen for 60,000 MNIST pictures, and for 20,000 digits of ours; docs/training.md has the why. */
MHO_API mho_train_opt mho_train_opt_mnist(void);
MHO_API mho_train_opt mho_train_opt_digits(void);

typedef struct mho_train_result {
    bool from_cache; /* nothing was trained: the weights were there */
    int first_epoch; /* 0; more if training went on from a checkpoint */
    int n_epoch;     /* reached */
    double loss;     /* mean cross entropy of the last epoch, noise and augmentation included */
    double train_s;  /* wall time of this call */
} mho_train_result;

/* Train from random weights. Same options, data and network give the same bits for any number of
 * threads. On failure the weights are left as they were. result may be NULL. */
MHO_API mho_status mho_net_train(mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                                 const mho_train_opt *opt, mho_train_result *result) MHO_CHECK;

/* The same, but look first whether exactly this was trained before, and keep the result and, after
 * every epoch, a checkpoint: a run that was killed goes on where it was and ends with the same
 * bits. dir NULL: the cache directory of mho. */
MHO_API mho_status mho_net_train_cached(mho_ctx *ctx, mho_net *net, const mho_dataset *set,
                                        const mho_train_opt *opt, const char *dir,
                                        mho_train_result *result) MHO_CHECK;

/* Weights in a file, with the shapes and a checksum. load: the file must be of a network of the
 * same shape; limits w_max come with it. On failure nothing changes. */
MHO_API mho_status mho_net_save(const mho_net *net, const char *path) MHO_CHECK;
MHO_API mho_status mho_net_load(mho_net *net, const char *path) MHO_CHECK;

#ifdef __cplusplus
}
#endif
#endif
