/* absent.c - what the page leaves out, in the form in which the library asks for it: the sparse
 * reference solver (KLU), and agents with a layer of neurons (their design needs cminpack). */
#include "circuit/circuit_int.h"
#include "learn/learn_int.h"

mho_status mho_i_reference_read(mho_array *a, size_t n_vec, const double *v_V, double *i_A,
                                double *w_V, double *b_V, mho_array_report *rep) {
    (void)n_vec, (void)v_V, (void)i_A, (void)w_V, (void)b_V, (void)rep;
    return mho_i_fail(a->ctx, MHO_ERR_ARG, "the reference solver is not part of this page");
}

size_t mho_i_hidden_fire(const mho_i_hidden *h, size_t run, uint64_t seed, uint32_t evaluation,
                         bool noisy, size_t n_in, const mho_world_input *in,
                         mho_world_input *out) {
    (void)h, (void)run, (void)seed, (void)evaluation, (void)noisy, (void)n_in, (void)in, (void)out;
    return 0;
}
