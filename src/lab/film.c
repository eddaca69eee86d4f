/* film.c - the film on its temperature node: resistance, metallic fraction and heat capacity with
 * latent heat; equations in mho/transient.h. */
#include "lab_int.h"

#include <math.h>

/* -dg/dT of a branch, 1/K: the derivative of mho_i_branch_fraction. */
static double melting_per_K(const mho_i_branch *b, double t_K, double g) {
    double dp = 0; /* dTp/dT */
    if (b->t_pr_K != 0) {
        double x = (t_K - b->t_r_K) / b->t_pr_K, th = tanh(MHO_PI * MHO_PI - 2 * MHO_PI * x);
        dp = -0.5 * b->gamma * cos(b->gamma * x) * (1 + th) -
             MHO_PI * (1 - sin(b->gamma * x)) * (1 - th * th);
    }
    return 2 * b->beta_per_K * g * (1 - g) * (1 + dp);
}

mho_i_film_at mho_i_film_look(const mho_i_film *f, double rise_K) {
    const mho_i_neuron *n = &f->n;
    const mho_neuron_param *p = n->p;
    mho_i_film_at at = {0};
    double melting = 0;
    for (int i = 0; i < n->n_slice; i++) {
        double t = p->t_base_K + rise_K * n->s[i];
        double g = mho_i_branch_fraction(&n->branch[i], t);
        double r_ins = n->r300_ohm * exp(p->ea_K * (1 / t - 1 / 300.0));
        at.r_ohm += mho_i_film_mix(p, g, r_ins, n->r_metal_ohm);
        at.metal += 1 - g;
        melting += n->s[i] * melting_per_K(&n->branch[i], t, g);
    }
    at.r_ohm /= n->n_slice;
    at.metal /= n->n_slice;
    at.c_J_per_K = f->cth_J_per_K + f->latent_J * melting / n->n_slice;
    /* gamma over 1 bends branches back; the node must stay a heat capacity all the same */
    at.c_J_per_K = fmax(at.c_J_per_K, 0.1 * f->cth_J_per_K);
    return at;
}

void mho_i_film_turn(mho_i_film *f, double rise_K) {
    mho_i_neuron *n = &f->n;
    for (int i = 0; i < n->n_slice; i++) {
        double t = n->p->t_base_K + rise_K * n->s[i];
        double g = mho_i_branch_fraction(&n->branch[i], t);
        mho_i_branch_reverse(&n->branch[i], -n->branch[i].direction, t, g);
    }
}

double mho_i_film_direction(const mho_i_film *f) {
    return f->n.branch[0].direction;
}

mho_status mho_i_neuron_param_check(mho_ctx *ctx, const mho_neuron_param *p) {
    mho_neuron_param copy = *p;
    for (size_t k = 0; k < mho_neuron_param_count(); k++) {
        mho_status status = mho_neuron_param_set(ctx, &copy, k, mho_neuron_param_get(p, k));
        if (status < 0) {
            return status;
        }
    }
    if ((unsigned)p->mixing > MHO_MIX_GEM) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "mixing = %d: 0 to 3 are allowed", (int)p->mixing);
    }
    return MHO_OK;
}

mho_status mho_i_film_init(mho_ctx *ctx, mho_i_film *f, const mho_neuron_param *p,
                           const mho_neuron_circuit *c, const mho_neuron_device *d,
                           double history_K) {
    mho_status status = mho_i_neuron_param_check(ctx, p);
    if (status < 0) {
        return status;
    }
    mho_i_neuron_init(&f->n, p, c, d, history_K);
    f->cth_J_per_K = p->cth_J_per_K;
    f->latent_J = 2 * (p->latent_ratio - 1) / p->beta_per_K * p->cth_J_per_K;
    return MHO_OK;
}
