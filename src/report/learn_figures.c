/* learn_figures.c - pictures of a learning study: curves and histograms by gnuplot; maps of policy
 * and value and the replay of episodes as SVG written here (a dot that runs along the path, without
 * scripts). */
#include "report_int.h"

#include <math.h>
#include <string.h>

#define BLUE   "'#4a86c5'"
#define ORANGE "'#d07840'"

static void begin(mho_i_text *s, mho_ctx *ctx, int height) {
    mho_i_text_init(s, ctx);
    mho_i_text_add(s,
                   "set terminal svg size 520,%d dynamic font 'sans-serif,15'\n"
                   "set border 3 lw 0.7 lc rgb '#8c8c86'\n"
                   "set tics nomirror out scale 0.5 textcolor rgb 'black'\n"
                   "set grid lw 0.4 lt 1 lc rgb '#55808080'\nset key samplen 2 spacing 1.15\n",
                   height);
}

static mho_status end(mho_ctx *ctx, mho_i_text *s, const char *name, const char *alt,
                      const char *caption, mho_i_text *page) {
    mho_i_text_add(page, "<figure>\n");
    mho_status status = mho_i_svg_add(ctx, s, name, alt, page);
    mho_i_text_add(page, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    mho_i_text_free(s);
    return status;
}

/* ---- curves ---- */

/* Every episode to 40, then so many as a picture can show. */
static size_t next_point(size_t k) {
    return k < 40 ? k + 1 : k + 1 + k / 40;
}

mho_status mho_i_learn_curve(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *page) {
    mho_i_text s;
    size_t n = r->opt.n_episode;
    begin(&s, ctx, 320);
    mho_i_text_add(&s,
                   "set logscale xy\nset xlabel 'episode'\nset ylabel 'steps'\n"
                   "set xrange [0.95:%zu]\nset key %s\n$c << EOD\n",
                   n + 1, r->endure ? "bottom right" : "top right");
    for (size_t k = 0; k < n; k = next_point(k)) {
        mho_i_text_add(&s, "%zu %.6g %.6g %.6g\n", k + 1, r->curve_mean[k], r->curve_lo[k],
                       r->curve_hi[k]);
    }
    mho_i_text_add(&s, "EOD\n%s", isfinite(r->least_mean) ? "" : "least = NaN\n");
    if (isfinite(r->least_mean)) {
        mho_i_text_add(&s, "least = %.6g\n", r->least_mean);
    }
    mho_i_text_add(&s,
                   "plot $c using 1:3:4 with filledcurves lc rgb '#b04a86c5' title "
                   "'10 to 90 %% of the runs', $c using 1:2 with lines lw 2 lc rgb " BLUE
                   " title 'mean'%s\n",
                   isfinite(r->least_mean)
                       ? ", least with lines dt 2 lw 1.2 lc rgb 'black' title 'shortest path'"
                       : "");
    char caption[240];
    snprintf(caption, sizeof caption,
             "Steps of an episode over %zu runs, each with devices and luck of its own. An episode "
             "is cut after %zu steps.",
             r->opt.n_seed, r->max_step);
    return end(ctx, &s, "lc", "Learning curve", caption, page);
}

mho_status mho_i_learn_good(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *page) {
    mho_i_text s;
    begin(&s, ctx, 300);
    mho_i_text_add(&s,
                   "set logscale x\nset xlabel 'episode'\nset ylabel 'share in %%'\nset yrange "
                   "[0:102]\nset xrange [0.95:%zu]\nset key above\n$c << EOD\n",
                   r->opt.n_episode + 1);
    for (size_t k = 0; k < r->opt.n_episode; k = next_point(k)) {
        size_t solved = 0;
        for (size_t j = 0; j < r->opt.n_seed; j++) {
            solved += r->solved_at[j] && r->solved_at[j] <= k + 1;
        }
        mho_i_text_add(&s, "%zu %.6g %.6g\n", k + 1, 100 * r->curve_good[k],
                       100 * (double)solved / (double)r->opt.n_seed);
    }
    mho_i_text_add(&s, "EOD\nplot $c using 1:2 with lines lw 2 lc rgb " BLUE
                       " title 'good episodes', $c using 1:3 with lines lw 2 lc rgb " ORANGE
                       " title 'runs that have solved it'\n");
    return end(ctx, &s, "lg", "Share of good episodes and of solved runs",
               "Blue: runs whose episode was good; orange: runs that have met the criterion.",
               page);
}

enum { N_BIN = 25 };

mho_status mho_i_learn_cells(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *page) {
    size_t plus[N_BIN] = {0}, minus[N_BIN] = {0};
    for (size_t k = 0; k < r->n_cell / 2; k++) {
        plus[(size_t)fmin(r->x_plus[k] * N_BIN, N_BIN - 1)]++;
        minus[(size_t)fmin(r->x_minus[k] * N_BIN, N_BIN - 1)]++;
    }
    mho_i_text s;
    begin(&s, ctx, 260);
    mho_i_text_add(&s,
                   "set xlabel 'state x'\nset ylabel 'cells'\nset xrange [0:1]\nset logscale y\n"
                   "set yrange [0.7:*]\nset style fill solid 0.7 noborder\nset key top right\n"
                   "set arrow from %g, graph 0 to %g, graph 1 nohead dt 2 lc rgb 'black'\n$h << "
                   "EOD\n",
                   r->opt.x_start, r->opt.x_start);
    for (size_t k = 0; k < N_BIN; k++) {
        mho_i_text_add(&s, "%g %zu %zu\n", ((double)k + 0.5) / N_BIN, plus[k], minus[k]);
    }
    mho_i_text_add(&s,
                   "EOD\nw = %g\nplot $h using ($1-w/4):2:(w/2) with boxes lc rgb " BLUE
                   " title 'x+', $h using ($1+w/4):3:(w/2) with boxes lc rgb " ORANGE
                   " title 'x-'\n",
                   1.0 / N_BIN);
    char caption[200];
    snprintf(caption, sizeof caption,
             "States of the %zu cells of the first run at the end. Before, all stood at %g (dashed "
             "line).",
             r->n_cell, r->opt.x_start);
    return end(ctx, &s, "lh", "States of the cells", caption, page);
}

/* ---- maps ---- */

enum { CELL = 40 };

static bool is_wall(const mho_learn_result *r, size_t k) {
    return r->picture && r->picture[k] == '#';
}

static void open_svg(const mho_learn_result *r, mho_i_text *t, const char *alt) {
    size_t w = r->n_col * CELL, h = r->n_row * CELL;
    mho_i_text_add(t,
                   "<svg role=\"img\" aria-label=\"%s\" viewBox=\"-1 -1 %zu %zu\" "
                   "style=\"max-width:%zupx\" font-family=\"sans-serif\">\n",
                   alt, w + 2, h + 2, w < 380 ? w + 100 : (size_t)480);
}

/* Squares: walls dark, others in the colour of share[k] in [0, 1] (NULL: plain). */
static void squares(const mho_learn_result *r, mho_i_text *t, const double *share) {
    for (size_t k = 0; k < r->n_place; k++) {
        size_t x = k % r->n_col * CELL, y = k / r->n_col * CELL;
        double a = is_wall(r, k) ? 0.75 : share ? 0.85 * share[k] : 0;
        mho_i_text_add(t,
                       "<rect x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                       "fill-opacity=\"%.3f\" stroke=\"currentColor\" stroke-opacity=\".25\"/>",
                       x, y, CELL, CELL, is_wall(r, k) ? "currentColor" : "#4a86c5", a);
        if (r->picture && strchr("SGX", r->picture[k])) {
            mho_i_text_add(t,
                           "<text x=\"%zu\" y=\"%zu\" font-size=\"11\" "
                           "fill=\"currentColor\">%c</text>",
                           x + 3, y + 12, r->picture[k]);
        }
    }
    mho_i_text_add(t, "\n");
}

/* Direction of action a as a unit vector, from the arrows of the world: four or eight, clockwise.
 */
static double angle_of(const mho_learn_result *r, size_t a) {
    return 2 * MHO_PI * (double)a / (double)r->n_action;
}

static void arrow(mho_i_text *t, double x, double y, double angle, double strength) {
    double s = sin(angle), c = -cos(angle), len = 4 + 10 * strength;
    double bx = x - len * s, by = y - len * c, tx = x + len * s, ty = y + len * c;
    mho_i_text_add(t,
                   "<path d=\"M%.1f %.1fL%.1f %.1fM%.1f %.1fL%.1f %.1fL%.1f %.1f\" fill=\"none\" "
                   "stroke=\"#d07840\" stroke-width=\"2.4\" stroke-opacity=\"%.2f\"/>",
                   bx, by, tx, ty, tx - 6 * s - 4 * c, ty - 6 * c + 4 * s, tx, ty,
                   tx - 6 * s + 4 * c, ty - 6 * c - 4 * s, 0.25 + 0.75 * strength);
}

void mho_i_learn_policy_map(const mho_learn_result *r, mho_i_text *t) {
    mho_i_text_add(t, "<figure>");
    open_svg(r, t, "Policy");
    squares(r, t, NULL);
    for (size_t k = 0; k < r->n_place; k++) {
        const double *p = r->policy + k * r->n_action;
        size_t best = 0;
        for (size_t a = 1; a < r->n_action; a++) {
            best = p[a] > p[best] ? a : best;
        }
        double uniform = 1 / (double)r->n_action, strength = (p[best] - uniform) / (1 - uniform);
        bool end_place = r->picture && (r->picture[k] == 'G' || r->picture[k] == 'X');
        if (!is_wall(r, k) && !end_place && strength > 0.02) {
            arrow(t, (double)(k % r->n_col * CELL) + CELL / 2.0,
                  (double)(k / r->n_col * CELL) + CELL / 2.0, angle_of(r, best), strength);
        }
    }
    mho_i_text_add(t, "</svg><figcaption>Policy of the first run at the end: the likeliest action; "
                      "long and dark where it is nearly certain, nothing where the place was never "
                      "learnt.</figcaption></figure>\n");
}

void mho_i_learn_value_map(const mho_learn_result *r, mho_i_text *t) {
    double lo = 1e300, hi = -1e300, share[4096];
    for (size_t k = 0; k < r->n_place; k++) {
        if (!is_wall(r, k)) {
            lo = fmin(lo, r->value[k]);
            hi = fmax(hi, r->value[k]);
        }
    }
    for (size_t k = 0; k < r->n_place && k < 4096; k++) {
        share[k] = hi > lo ? (r->value[k] - lo) / (hi - lo) : 0;
    }
    mho_i_text_add(t, "<figure>");
    open_svg(r, t, "Value");
    squares(r, t, share);
    for (size_t k = 0; k < r->n_place && r->n_place <= 150; k++) {
        if (!is_wall(r, k)) {
            mho_i_text_add(t,
                           "<text x=\"%zu\" y=\"%zu\" font-size=\"11\" text-anchor=\"middle\" "
                           "fill=\"currentColor\">%.2f</text>",
                           k % r->n_col * CELL + CELL / 2, k / r->n_col * CELL + CELL / 2 + 8,
                           r->value[k]);
        }
    }
    mho_i_text_add(t, "</svg><figcaption>%s</figcaption></figure>\n",
                   r->opt.critic
                       ? "Value: what the critic&#39;s cells say at the end of the first "
                         "run, as read."
                       : "Largest weight x+ &#8722; x&#8722; of a place at the end of the "
                         "first run (this agent has no critic).");
}

/* ---- replay ---- */

static void centre_of(const mho_learn_result *r, const mho_replay *p, size_t k, double *x,
                      double *y) {
    if (!r->pool) {
        *x = (double)(p->place[k] % r->n_col * CELL) + CELL / 2.0;
        *y = (double)(p->place[k] / r->n_col * CELL) + CELL / 2.0;
    } else { /* a pool of radius 1 under a grid from -1.1 to 1.1 */
        *x = (p->position[2 * k] + 1.1) / 2.2 * (double)(r->n_col * CELL);
        *y = (p->position[2 * k + 1] + 1.1) / 2.2 * (double)(r->n_row * CELL);
    }
}

void mho_i_learn_replay(const mho_learn_result *r, mho_i_text *t) {
    mho_i_text_add(t, "<div class=\"three\">\n");
    for (size_t j = 0; j < MHO_REPLAY_COUNT; j++) {
        const mho_replay *p = &r->replay[j];
        if (!p->place) {
            continue;
        }
        mho_i_text_add(t, "<figure>");
        open_svg(r, t, "Replay");
        squares(r, t, NULL);
        mho_i_text_add(t,
                       "<path id=\"way%zu\" fill=\"none\" stroke=\"#4a86c5\" stroke-width=\"3\" "
                       "stroke-opacity=\".6\" stroke-linejoin=\"round\" d=\"",
                       j);
        for (size_t k = 0; k <= p->n_step; k++) {
            double x, y;
            centre_of(r, p, k, &x, &y);
            mho_i_text_add(t, "%c%.0f %.0f", k ? 'L' : 'M', x, y);
        }
        mho_i_text_add(t,
                       "\"/><circle r=\"8\" fill=\"#d07840\"><animateMotion dur=\"%.1fs\" "
                       "repeatCount=\"indefinite\"><mpath href=\"#way%zu\"/></animateMotion>"
                       "</circle></svg><figcaption>Episode %zu: %zu step%s</figcaption></figure>\n",
                       fmax(2, fmin(30, 0.3 * (double)p->n_step)), j, p->episode + 1, p->n_step,
                       p->n_step == 1 ? "" : "s");
    }
    mho_i_text_add(t, "</div>\n");
}
