/* xor_html.c - page of an XOR study: the four cases beside the closed form, yield against spread
 * beside the integral. */
#include "report_int.h"

static void add_cases(const mho_xor_result *r, mho_i_text *t) {
    static const char *const inputs[] = {"0, 0", "1, 0", "0, 1", "1, 1"};
    const double closed[] = {0, r->closed.y10_rel, r->closed.y10_rel, r->closed.y11_rel};
    double v0 = r->design.v0_V;
    mho_i_text_add(t, "<div class=\"narrow\"><table>\n<thead><tr><th>inputs</th><th class=\"n\">"
                      "closed form</th><th class=\"n\">circuit</th><th class=\"n\">on cells</th>"
                      "</tr></thead>\n<tbody>\n");
    for (int k = 0; k < 4; k++) {
        mho_i_html_row(t, inputs[k]);
        mho_i_text_add(t,
                       "<td class=\"n\">%.4f</td><td class=\"n\">%.4f</td>"
                       "<td class=\"n\">%.4f</td></tr>\n",
                       closed[k], r->y_circuit_V[k] / v0, r->y_cells_V[k] / v0);
    }
    mho_i_html_row(t, "margin");
    mho_i_text_add(t,
                   "<td class=\"n\">%.4f</td><td class=\"n\">%.4f</td>"
                   "<td class=\"n\">%.4f</td></tr>\n</tbody></table></div>\n",
                   r->closed.margin_rel, r->circuit.margin_V / v0, r->cells.margin_V / v0);
    mho_i_text_add(t, "<p>Output over V0 = ");
    mho_i_html_quantity(t, v0, "V", 3);
    mho_i_text_add(t,
                   "; a threshold at %.4f V0 decides. On cells: every conductance is read off a "
                   "simulated optomemristor, excitation and leak of ",
                   r->closed.threshold_rel);
    mho_i_html_quantity(t, r->design.excite_S, "S", 3);
    mho_i_text_add(t, ", shunt of ");
    mho_i_html_quantity(t, r->design.shunt_S, "S", 3);
    mho_i_text_add(t, " in steady light of ");
    mho_i_html_number(t, r->design.power_rel, 3);
    mho_i_text_add(t, " P0.</p>\n");
}

static void add_points(mho_i_text *t, const mho_xor_result *r) {
    mho_i_text_add(t, "<div class=\"narrow\"><table>\n<thead><tr><th>spread</th><th class=\"n\">"
                      "yield</th><th class=\"n\">sd of seeds</th><th class=\"n\">integral</th>"
                      "<th class=\"n\">branches alone</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < r->n_point; k++) {
        const mho_xor_point *p = &r->point[k];
        const double cells[] = {p->yield, p->yield_sd, p->integral, p->bound};
        mho_i_text_add(t, "<tr><th scope=\"row\">%g&#160;%%</th>", 100 * p->spread);
        for (int j = 0; j < 4; j++) {
            mho_i_text_add(t, "<td class=\"n\">");
            mho_i_html_percent(t, cells[j], 2);
            mho_i_text_add(t, "</td>");
        }
        mho_i_text_add(t, "</tr>\n");
    }
    mho_i_text_add(t, "</tbody></table></div>\n");
}

static mho_status add_figure(mho_ctx *ctx, const mho_xor_result *r, mho_i_text *page) {
    mho_i_text s;
    mho_i_text_init(&s, ctx);
    mho_i_text_add(&s, "set terminal svg size 520,300 dynamic font 'sans-serif,15'\n"
                       "set border 3 lw 0.7 lc rgb '#8c8c86'\n"
                       "set tics nomirror out scale 0.5 textcolor rgb 'black'\n"
                       "set grid lw 0.4 lt 1 lc rgb '#55808080'\nset key bottom left\n"
                       "set xlabel 'spread of conductances in %%'\nset ylabel 'yield in %%'\n"
                       "set xrange [-1:*]\nset yrange [*:101]\n$p << EOD\n");
    for (size_t k = 0; k < r->n_point; k++) {
        const mho_xor_point *p = &r->point[k];
        mho_i_text_add(&s, "%.6g %.6g %.6g %.6g\n", 100 * p->spread, 100 * p->yield,
                       100 * p->yield_sd, 100 * p->integral);
    }
    mho_i_text_add(&s, "EOD\nplot $p using 1:4 with lines lw 2 lc rgb '#4a86c5' title 'integral', "
                       "$p using 1:2:3 with yerrorbars pt 7 ps 0.7 lw 1.5 lc rgb '#d07840' "
                       "title 'random neurons'\n");
    mho_i_text_add(page, "<figure>\n");
    mho_status status = mho_i_svg_add(ctx, &s, "xor", "Yield against spread", page);
    mho_i_text_add(page,
                   "<figcaption>Neurons that compute all four cases right. Orange: %zu "
                   "groups of %zu random neurons, bars one standard deviation between "
                   "groups; blue: integral over the lognormal laws, without random "
                   "numbers.</figcaption>\n</figure>\n",
                   r->n_seed, r->n_neuron);
    mho_i_text_free(&s);
    return status;
}

mho_status mho_xor_report_html(mho_ctx *ctx, const mho_xor_result *result, const char *path) {
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    mho_i_html_begin(&t, "XOR in one neuron");
    mho_i_text_add(&t,
                   "<h1>XOR in one neuron</h1>\n<p class=\"lead\">Two dendrites, each excited by "
                   "one input and shunted by the light of the other: shunt over leak and "
                   "excitation &#961; = %g, margin %.4g V0 on simulated cells, %zu of 4 cases "
                   "right.</p>\n",
                   result->design.rho, result->cells.margin_V / result->design.v0_V,
                   result->cells.n_right);
    mho_i_html_section(&t, "cases", "The four cases");
    add_cases(result, &t);
    mho_i_html_section(&t, "yield", "Yield against spread");
    mho_status status = result->n_point > 1 ? add_figure(ctx, result, &t) : MHO_OK;
    add_points(&t, result);
    mho_i_html_section(&t, "assumed", "What is assumed");
    mho_i_text_add(&t,
                   "<p>The law of the branch is published (Koch, Poggio, Torre); all conductances, "
                   "the light that shunts and its power are of the optomemristor card and assumed "
                   "by us. Every conductance of a neuron is its design value times exp(spread N), "
                   "the threshold stays where the nominal neuron has it. Seed %llu, mho %s.</p>\n",
                   (unsigned long long)result->seed, mho_version());
    mho_i_html_end(&t);
    status = status == MHO_OK ? t.status : status;
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, t.data, t.len);
    }
    mho_i_text_free(&t);
    return status;
}
