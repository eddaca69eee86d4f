/* check_time.c - the neurons of a check once more, in time: full scale, reset, settle and read by
 * the equations of mho/transient.h, against the table that the evaluation uses. What the table
 * leaves out shows here: latent heat, a reset and a settling that end, the history that this gives.
 */
#include "chip_int.h"
#include "mho/transient.h"

#include <math.h>

/* Steps in the settling time: error of the fixed steps 2e-5 of the span (docs/transient.md). */
enum { BLOCK = 8192, STEPS = 100 };

struct mho_i_check_time {
    mho_ctx *ctx;
    mho_neuron_param param;
    mho_neuron_circuit circuit;
    double span_V;
    size_t n;                  /* waiting */
    mho_neuron_device *device; /* [BLOCK] */
    double *v_in_V, *v_fast_V, *v_out_V;
    size_t n_done;
    double worst_rel, square_sum;
};

void mho_i_check_time_free(mho_i_check_time *t) {
    if (t) {
        mho_i_free(t->ctx, t->device);
        mho_i_free(t->ctx, t->v_in_V);
        mho_i_free(t->ctx, t);
    }
}

mho_i_check_time *mho_i_check_time_new(mho_ctx *ctx, const mho_neuron_param *param,
                                       const mho_neuron_circuit *circuit, double span_V) {
    mho_i_check_time *t = mho_i_alloc(ctx, 1, sizeof *t);
    if (!t) {
        return NULL;
    }
    *t = (mho_i_check_time){.ctx = ctx, .param = *param, .circuit = *circuit, .span_V = span_V};
    t->device = mho_i_alloc(ctx, BLOCK, sizeof *t->device);
    t->v_in_V = mho_i_alloc(ctx, 3 * BLOCK, sizeof *t->v_in_V);
    if (!t->device || !t->v_in_V) {
        mho_i_check_time_free(t);
        return NULL;
    }
    t->v_fast_V = t->v_in_V + BLOCK;
    t->v_out_V = t->v_in_V + 2 * BLOCK;
    return t;
}

/* All that wait. */
static mho_status flush(mho_i_check_time *t) {
    mho_neuron_bank *bank = NULL;
    mho_neuron_phases ph = mho_neuron_phases_of(&t->param);
    if (t->n == 0) {
        return MHO_OK;
    }
    mho_status status = mho_neuron_bank_new(t->ctx, &t->param, &t->circuit, t->n, t->device,
                                            ph.c_load_F, 2e-3, &bank);
    if (status == MHO_OK) {
        status = mho_neuron_bank_evaluate(bank, &ph, ph.settle_s / STEPS, t->v_in_V, t->v_out_V);
    }
    for (size_t k = 0; k < t->n && status == MHO_OK; k++) {
        double d = fabs(t->v_out_V[k] - t->v_fast_V[k]) / t->span_V;
        t->worst_rel = d <= t->worst_rel ? t->worst_rel : d; /* NaN stays */
        t->square_sum += d * d;
    }
    t->n_done += t->n;
    t->n = 0;
    mho_neuron_bank_free(bank);
    return status;
}

mho_status mho_i_check_time_add(mho_i_check_time *t, const mho_neuron_device *device, double v_in_V,
                                double v_fast_V) {
    if (t->param.mixing != MHO_MIX_SERIES && t->param.mixing != MHO_MIX_BRUGGEMAN_2D) {
        return MHO_OK; /* the fast steps have those two only: nothing is compared, and n says so */
    }
    t->device[t->n] = *device;
    t->v_in_V[t->n] = v_in_V;
    t->v_fast_V[t->n++] = v_fast_V;
    return t->n == BLOCK ? flush(t) : MHO_OK;
}

mho_status mho_i_check_time_finish(mho_i_check_time *t, mho_chip_verify *out) {
    mho_status status = flush(t);
    if (status == MHO_OK) {
        out->n_time = t->n_done;
        out->time_error_rel = t->worst_rel;
        out->time_rms_rel = t->n_done ? sqrt(t->square_sum / (double)t->n_done) : 0;
    }
    return status;
}
