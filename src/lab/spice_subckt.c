/* spice_subckt.c - the Mott neuron as a subcircuit of ngspice.
 *
 * Thermal node rise: 1 V is 1 K; a resistor of 1 ohm to ground is Rth, so currents into the node
 * are Rth times power. In time, a capacitor with charge tau rise + Rth latent metal is the heat.
 *
 * Reversals. Node d is +1 while it heats and -1 while it cools: it follows the sign of the heat
 * flow (way: where the temperature tends to minus where it is) with the dead band as hysteresis.
 * Latch a (and ya1.. for the argument of tanh of each slice) follows the temperature while d is up
 * and holds it while d is down: that is where the cooling branch starts; latch b (yb1..) the other
 * way round for the heating branch. Where d changes, the branch that begins passes through the
 * point that its latch has just left, so both agree there and the change is smooth. */
#include "spice_int.h"

#include <math.h>

/* Latches follow so many times in a thermal time constant; d changes still faster. */
#define LATCH_RATE 2e4
#define TURN_RATE  1e4

mho_status mho_i_spice_neuron_check(mho_ctx *ctx, const mho_neuron_param *p) {
    return p->mixing == MHO_MIX_GEM
               ? mho_i_fail(ctx, MHO_ERR_ARG,
                            "mixing law gem has no netlist form: series, bruggeman-2d and "
                            "bruggeman-3d have")
               : MHO_OK;
}

void mho_i_spice_put_head(mho_i_text *t, const mho_neuron_param *p, const mho_neuron_circuit *c) {
    static const char *const mixing[] = {"series", "2-D Bruggeman", "3-D Bruggeman", "GEM"};
    mho_i_text_add(
        t,
        "* Mott neuron: heater behind %.6g ohm, film of %d slices (%s) with %.6g ohm load,\n"
        "* base %.6g K; working point: bias %.6g V, swing %.6g V, read bias %.6g V.\n"
        "* Hysteresis: limiting loop proximity, de Almeida et al., Opt. Eng. 41, 2582 "
        "(2002).\n"
        "* Thermal node: 1 V is 1 K of rise over the base; 1 A into it is Rth times 1 W "
        "there.\n* Parameters (SI):\n",
        c->r_series_ohm, (int)p->n_slice, mixing[p->mixing], c->r_load_ohm, p->t_base_K,
        c->v_bias_V, c->v_swing_V, c->v_read_V);
    for (size_t k = 0; k < mho_neuron_param_count(); k++) {
        mho_param_info i = mho_neuron_param_describe(k, NULL);
        mho_i_text_add(t, "*   %-16s %-12.6g %-5s %s\n", i.key, mho_neuron_param_get(p, k), i.unit,
                       i.help);
    }
}

/* ---- pieces ---- */

/* Resistance of slice i of fraction V(g<i>): node r<i>. */
static void put_slice_ohm(mho_i_text *t, const mho_i_neuron *n, int i) {
    const mho_neuron_param *p = n->p;
    mho_i_text_add(t, "Bi%d i%d 0 V=%.17g*exp(%.17g*(1/(%.17g+%.17g*V(rise))-%.17g))\n", i, i,
                   n->r300_ohm, p->ea_K, p->t_base_K, n->s[i], 1 / 300.0);
    double rm = n->r_metal_ohm;
    if (p->mixing == MHO_MIX_SERIES) {
        mho_i_text_add(t, "Br%d r%d 0 V=V(g%d)*V(i%d)+%.17g\n", i, i, i, i, rm);
    } else if (p->mixing == MHO_MIX_BRUGGEMAN_2D) {
        mho_i_text_add(t, "Bb%d b%d 0 V=(V(i%d)-%.17g)*(1-2*V(g%d))\n", i, i, i, rm, i);
        mho_i_text_add(t, "Br%d r%d 0 V=0.5*(sqrt(V(b%d)*V(b%d)+%.17g*V(i%d))-V(b%d))\n", i, i, i,
                       i, 4 * rm, i, i);
    } else { /* 4/s with s in 1/ohm, B and the root multiplied by rm ri */
        mho_i_text_add(t, "Bb%d b%d 0 V=V(i%d)*(2-3*V(g%d))+%.17g*(3*V(g%d)-1)\n", i, i, i, i, rm,
                       i);
        mho_i_text_add(t, "Br%d r%d 0 V=4*%.17g*V(i%d)/(V(b%d)+sqrt(V(b%d)*V(b%d)+%.17g*V(i%d)))\n",
                       i, i, rm, i, i, i, i, 8 * rm, i);
    }
}

/* "(V(x1)+V(x2)+...)/n" */
static void put_mean(mho_i_text *t, char node, int n) {
    for (int i = 0; i < n; i++) {
        mho_i_text_add(t, "%sV(%c%d)", i ? "+" : "(", node, i);
    }
    mho_i_text_add(t, ")/%d", n);
}

/* Proximity times its temperature: pr P(x), x = s (rise - turn)/pr; all as texts. */
static void put_near(mho_i_text *t, const char *pr, double s, const char *turn, double gamma) {
    char x[160];
    snprintf(x, sizeof x, "(%.17g*(V(rise)-%s)/%s)", s, turn, pr);
    mho_i_text_add(t, "%s*0.5*(1-sin(%.17g*%s))*(1+tanh(%.17g-%.17g*%s))", pr, gamma, x,
                   MHO_PI * MHO_PI, 2 * MHO_PI, x);
}

/* y<i> = beta (centre - T - Tp) on the one branch of a film that only heats. */
static void put_heating(mho_i_text *t, const mho_i_neuron *n, int i) {
    const mho_i_branch *b = &n->branch[i];
    double centre = b->direction * b->width_K / 2 + b->t_c_K;
    mho_i_text_add(t, "By%d y%d 0 V=%.17g*(%.17g-%.17g*V(rise)", i, i, b->beta_per_K,
                   centre - n->p->t_base_K, n->s[i]);
    if (b->t_pr_K != 0) {
        char pr[40], turn[40];
        snprintf(pr, sizeof pr, "(%.17g)", b->t_pr_K);
        snprintf(turn, sizeof turn, "%.17g", (b->t_r_K - n->p->t_base_K) / n->s[i]);
        mho_i_text_add(t, "-");
        put_near(t, pr, n->s[i], turn, b->gamma);
    }
    mho_i_text_add(t, ")\n");
}

/* The same with latches: h<i> on the heating branch, c<i> on the cooling branch, y<i> the one that
 * is on. pr = centre - y/beta - T at the turning point; 1e-9 K keep it from 0. */
static void put_both(mho_i_text *t, const mho_i_neuron *n, int i) {
    const mho_i_branch *b = &n->branch[i];
    double half = b->width_K / 2, from = b->t_c_K - n->p->t_base_K, s = n->s[i];
    for (int dir = 1; dir >= -1; dir -= 2) {
        char up = dir > 0 ? 'h' : 'c', latch = dir > 0 ? 'b' : 'a', pr[32], turn[32];
        double centre = from + dir * half;
        mho_i_text_add(t, "Bp%c%d p%c%d 0 V=%.17g-V(y%c%d)/%.17g-%.17g*V(%c)+1e-9\n", up, i, up, i,
                       centre, latch, i, b->beta_per_K, s, latch);
        snprintf(pr, sizeof pr, "V(p%c%d)", up, i);
        snprintf(turn, sizeof turn, "V(%c)", latch);
        mho_i_text_add(t, "B%c%d %c%d 0 V=%.17g*(%.17g-%.17g*V(rise)-", up, i, up, i, b->beta_per_K,
                       centre, s);
        put_near(t, pr, s, turn, b->gamma);
        mho_i_text_add(t, ")\n");
    }
    mho_i_text_add(t, "By%d y%d 0 V=V(u)*V(h%d)+(1-V(u))*V(c%d)\n", i, i, i, i);
}

/* Node name follows target while gate is 1 and holds while it is 0. */
static void put_latch(mho_i_text *t, const char *name, const char *target, const char *gate,
                      double rate_per_s, double start) {
    mho_i_text_add(t, "Bl%s 0 %s I=V(%s)*(%s-V(%s))\nCl%s %s 0 %.17g ic=%.17g\n", name, name, gate,
                   target, name, name, name, 1 / rate_per_s, start);
}

static void put_latches(mho_i_text *t, const mho_i_neuron *n, double tau_s, double dead_band_K) {
    double dir = n->branch[0].direction;
    mho_i_text_add(t,
                   "Bway way 0 V=V(heat)-V(rise)\n"
                   "Bd 0 d I=tanh((V(way)+%.17g*V(d))/%.17g)\nRd d 0 1\nCd d 0 %.17g ic=%.17g\n"
                   "Bu u 0 V=0.5*(1+tanh(8*V(d)))\n"
                   "Bga ga 0 V=0.5*(1+tanh(40*(V(d)-0.6)))\n"
                   "Bgb gb 0 V=0.5*(1-tanh(40*(V(d)+0.6)))\n",
                   dead_band_K, dead_band_K / 4, tau_s / TURN_RATE, dir);
    put_latch(t, "a", "V(rise)", "ga", LATCH_RATE / tau_s, 0);
    put_latch(t, "b", "V(rise)", "gb", LATCH_RATE / tau_s, 0);
    for (int i = 0; i < n->n_slice; i++) {
        const mho_i_branch *b = &n->branch[i];
        /* where the branch at the start begins: y = beta (centre - Tr - pr) */
        double y = b->beta_per_K * (dir * b->width_K / 2 + b->t_c_K - n->p->t_base_K - b->t_pr_K);
        char name[16], target[16];
        snprintf(target, sizeof target, "V(y%d)", i);
        snprintf(name, sizeof name, "ya%d", i);
        put_latch(t, name, target, "ga", LATCH_RATE / tau_s, y);
        snprintf(name, sizeof name, "yb%d", i);
        put_latch(t, name, target, "gb", LATCH_RATE / tau_s, y);
    }
}

void mho_i_spice_put_neuron(mho_i_text *t, const char *name, const mho_i_film *f,
                            const mho_neuron_circuit *c, double c_load_F, double dead_band_K) {
    const mho_i_neuron *n = &f->n;
    const mho_neuron_param *p = n->p;
    bool dc = c_load_F < 0;
    double rth = n->rth_K_per_W * (dc ? 1 - exp(-p->settle_tau) : 1);
    double tau_s = n->rth_K_per_W * f->cth_J_per_K;
    mho_i_text_add(t, ".subckt %s amp read out rise%s\n", name, dc ? "" : " film metal");
    /* far below the base the law of the heater turns negative: a solution that ngspice must not
     * find */
    mho_i_text_add(t, "Brh rh 0 V=%.17g*(1+%.17g*(max(V(rise),-10)+%.17g))\n", n->r_heater_ohm,
                   p->heater_tcr_per_K, p->t_base_K - 300);
    mho_i_text_add(t, "Bh amp 0 I=V(amp)/(%.17g+V(rh))\n", c->r_series_ohm);
    mho_i_text_add(t,
                   "Bheat heat 0 V=%.17g*(V(amp)*V(amp)*V(rh)/((%.17g+V(rh))*(%.17g+V(rh)))"
                   "+(V(read)-V(out))*(V(read)-V(out))/V(film))\n",
                   rth, c->r_series_ohm, c->r_series_ohm);
    mho_i_text_add(t, "Bt 0 rise I=V(heat)\nRt rise 0 1\n");
    for (int i = 0; i < n->n_slice; i++) {
        if (dc) {
            put_heating(t, n, i);
        } else {
            put_both(t, n, i);
        }
        mho_i_text_add(t, "Bg%d g%d 0 V=0.5+0.5*tanh(V(y%d))\n", i, i, i);
        put_slice_ohm(t, n, i);
    }
    mho_i_text_add(t, "Bfilm film 0 V=");
    put_mean(t, 'r', n->n_slice);
    mho_i_text_add(t, "\nBf read out I=(V(read)-V(out))/V(film)\nRl out 0 %.17g\n", c->r_load_ohm);
    if (!dc) {
        mho_i_text_add(t, "Bm metal 0 V=1-");
        put_mean(t, 'g', n->n_slice);
        mho_i_text_add(t, "\nCt rise 0 Q='%.17g*V(rise)+%.17g*(V(metal)-%.17g)'\n", tau_s,
                       n->rth_K_per_W * f->latent_J, mho_i_film_look(f, 0).metal);
        if (c_load_F > 0) {
            mho_i_text_add(t, "Cl out 0 %.17g ic=0\n", c_load_F);
        }
        put_latches(t, n, tau_s, dead_band_K);
    }
    mho_i_text_add(t, ".ends\n");
}
