/* hysteresis.c - limiting loop proximity (L2P): insulating fraction with minor loops.
 *
 *     g(T) = 1/2 + 1/2 tanh( beta ( dir w/2 + Tc - (T + Tp) ) )
 *     Tp   = Tpr P( (T - Tr)/Tpr ),   P(x) = 1/2 (1 - sin(gamma x)) (1 + tanh(pi^2 - 2 pi x))
 *     Tpr  = dir w/2 + Tc - atanh(2 gr - 1)/beta - Tr
 *
 * de Almeida, Deep, Lima, Neff, Opt. Eng. 41, 2582 (2002). */
#include "device_int.h"

#include <math.h>

static double proximity(double x, double gamma) {
    return 0.5 * (1 - sin(gamma * x)) * (1 + tanh(MHO_PI * MHO_PI - 2 * MHO_PI * x));
}

double mho_i_branch_fraction(const mho_i_branch *b, double t_K) {
    double t_p = b->t_pr_K == 0 ? 0 : b->t_pr_K * proximity((t_K - b->t_r_K) / b->t_pr_K, b->gamma);
    return 0.5 +
           0.5 * tanh(b->beta_per_K * (b->direction * b->width_K / 2 + b->t_c_K - (t_K + t_p)));
}

void mho_i_branch_reverse(mho_i_branch *b, double direction, double t_r_K, double g_r) {
    const double edge = 1e-9; /* a coarser clip distorts minor loops */
    g_r = g_r < edge ? edge : g_r > 1 - edge ? 1 - edge : g_r;
    b->direction = direction;
    b->t_r_K = t_r_K;
    b->t_pr_K = direction * b->width_K / 2 + b->t_c_K - atanh(2 * g_r - 1) / b->beta_per_K - t_r_K;
    const double slack_K = 0.01; /* far above what rounding does to atanh */
    if (direction * b->t_pr_K < 1e-9) {
        b->t_pr_K = 0; /* the reversal lies on the major loop; the wrong sign would never decay */
    } else if (fabs(b->t_pr_K) > b->width_K + slack_K) {
        /* no state inside the major loop is further than its width from a branch: here the clip has
         * moved g_r, deep in the insulator or the metal, and would push the branch out of the loop
         */
        b->t_pr_K = direction * b->width_K;
    }
}
