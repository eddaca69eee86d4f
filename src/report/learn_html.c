/* learn_html.c - the page about a learning study: verdict, curves, what was learnt, replay, cells,
 * energy, every assumption with its mark. */
#include "report_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_key(mho_i_text *t, const char *name, double value, const char *unit, int decimals,
                    const char *note) {
    mho_i_text_add(t, "<div><dt>%s</dt><dd>", name);
    if (!unit) {
        mho_i_html_percent(t, value, 1);
    } else if (*unit) {
        mho_i_html_quantity(t, value, unit, 3);
    } else {
        mho_i_text_add(t, "%.*f", decimals, value);
    }
    mho_i_text_add(t, "<small>%s</small></dd></div>\n", note);
}

static void add_verdict(const mho_learn_result *r, mho_i_text *t) {
    mho_i_text_add(t, "<p class=\"lead\"><strong>%zu of %zu</strong> runs solve the task (",
                   r->n_solved, r->opt.n_seed);
    mho_i_text_add(t, "95&#160;%% interval ");
    mho_i_html_percent(t, r->wilson[0], 1);
    mho_i_text_add(t, " to ");
    mho_i_html_percent(t, r->wilson[1], 1);
    mho_i_text_add(t, ")");
    if (isfinite(r->solved_mean)) {
        mho_i_text_add(t, ", in episode %.0f in the mean", r->solved_mean);
    }
    if (r->endure) {
        mho_i_text_add(t, ". Solved means: an episode that lasts %zu steps.", r->max_step);
    } else {
        mho_i_text_add(t,
                       ". Solved means: %zu episodes in a row that end well after at most %zu "
                       "step%s.",
                       r->good_row, r->good_steps, r->good_steps == 1 ? "" : "s");
    }
    mho_i_text_add(t, " No weight is a number in a program: each is a pair of simulated "
                      "optomemristors that only light and voltage pulses change.</p>\n");
}

static void add_head(const mho_learn_result *r, mho_i_text *t) {
    size_t last = r->opt.n_episode - 1, shown = last < 49 ? last : 49;
    char note[64];
    mho_i_text_add(t, "<h1>Learning on optomemristors: %s</h1>\n<p class=\"soft sans\">agent %s",
                   r->world, mho_agent_name(r->opt.agent));
    if (r->opt.control) {
        mho_i_text_add(t, ", control %s", mho_control_name(r->opt.control));
    }
    mho_i_text_add(t,
                   " &#183; %zu runs of %zu episodes &#183; seed %" PRIu64 " &#183; mho %s</p>\n",
                   r->opt.n_seed, r->opt.n_episode, r->opt.seed, mho_version());
    add_verdict(r, t);
    mho_i_text_add(t, "<dl class=\"key\">\n");
    add_key(t, "Solved", (double)r->n_solved / (double)r->opt.n_seed, NULL, 0, "share of the runs");
    snprintf(note, sizeof note, "mean of episode %zu", shown + 1);
    add_key(t, "Steps", r->curve_mean[shown], "", 1, note);
    add_key(t, "An update", r->energy.update_J, "J", 0, "write pulses, whole array");
    add_key(t, "An episode",
            r->energy.episode_write_J + r->energy.episode_light_J + r->energy.episode_read_J, "J",
            0, "pulses, light and reading");
    mho_i_text_add(t, "</dl>\n");
}

static void add_table(const mho_learn_result *r, mho_i_text *t) {
    static const size_t at[] = {1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 1000};
    mho_i_text_add(t, "<table class=\"narrow\"><thead><tr><th>episode</th><th class=\"n\">steps"
                      "</th><th class=\"n\">sd</th><th class=\"n\">10 to 90&#160;%%</th>"
                      "<th class=\"n\">good</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < sizeof at / sizeof *at && at[k] <= r->opt.n_episode; k++) {
        size_t j = at[k] - 1;
        mho_i_text_add(t,
                       "<tr><th scope=\"row\">%zu</th><td class=\"n\">%.1f</td>"
                       "<td class=\"n\">%.1f</td><td class=\"n\">%.0f to %.0f</td>"
                       "<td class=\"n\">",
                       at[k], r->curve_mean[j], r->curve_sd[j], r->curve_lo[j], r->curve_hi[j]);
        mho_i_html_percent(t, r->curve_good[j], 0);
        mho_i_text_add(t, "</td></tr>\n");
    }
    mho_i_text_add(t, "</tbody></table>\n");
}

static void energy_row(mho_i_text *t, const char *name, double value, const char *unit,
                       const char *note) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_quantity(t, value, unit, 3);
    mho_i_text_add(t, "</td><td class=\"soft t\">%s</td></tr>\n", note);
}

static void add_energy(const mho_learn_result *r, mho_i_text *t) {
    const mho_learn_energy *e = &r->energy;
    char note[160];
    mho_i_html_section(t, "energy", "Energy");
    mho_i_text_add(t, "<table class=\"stack\"><tbody>\n");
    energy_row(t, "update", e->update_J, "J",
               "write pulses of one third factor; every cell sees them, dark ones only warm up");
    energy_row(t, "light of a step", e->mark_J, "J", "marks of the chosen action, on the cells");
    snprintf(note, sizeof note, "write pulses; %.3g updates, %.3g steps in the mean", e->updates,
             e->steps);
    energy_row(t, "episode, pulses", e->episode_write_J, "J", note);
    energy_row(t, "episode, light", e->episode_light_J, "J",
               "on the cells; the efficiency of a light source is not in it");
    energy_row(t, "episode, reading", e->episode_read_J, "J", "both cells of every pair read");
    energy_row(t, "time of an episode", e->episode_s, "s",
               "by the life time of the carriers, darkness between episodes included");
    mho_i_text_add(t, "</tbody></table>\n<p>From the same simulated pulses that make the learning; "
                      "drivers, amplifiers and the softmax are not counted. ");
    mho_i_html_percent(t, e->change_share, 1);
    mho_i_text_add(t, " of the cells that see a pulse move: those where light lingers.</p>\n");
}

static void parameter_rows(mho_i_text *t, size_t n, mho_param_info (*describe)(size_t),
                           const mho_learn_opt *opt, bool device) {
    for (size_t k = 0; k < n; k++) {
        mho_param_info p = describe(k);
        double value = device ? mho_opto_param_get(&opt->opto, k) : mho_learn_param_get(opt, k);
        mho_i_html_row(t, p.key);
        mho_i_text_add(t, "<td class=\"n\">");
        if (*p.unit) {
            mho_i_html_quantity(t, value, p.unit, 4);
        } else {
            mho_i_html_number(t, value, 4);
        }
        mho_i_text_add(t, "</td><td>%c</td><td class=\"t\">", p.mark);
        mho_i_html_text(t, p.help);
        mho_i_text_add(t, "<br><span class=\"src\">");
        mho_i_html_text(t, p.source);
        mho_i_text_add(t, "</span></td></tr>\n");
    }
}

static void add_assumptions(const mho_learn_result *r, mho_i_text *t) {
    mho_i_html_section(t, "assumptions", "What this rests on");
    mho_i_text_add(
        t,
        "<p>Light is %s; electrical pulses are %s. P: published; C: computed from published "
        "data; A: assumed by us. The paper that introduced the device (Sarwat, Moraitis, Wright "
        "and Bhaskaran, Nat. Commun. 13, 2247 (2022)) showed a maze learnt on the device; its "
        "size and number of trials could not be read, so nothing here is compared with them."
        "</p>\n<table><thead><tr><th>parameter</th><th class=\"n\">value</th><th>mark</th>"
        "<th>what it is</th></tr></thead>\n<tbody class=\"head\"><tr><th colspan=\"4\">"
        "Optomemristor</th></tr></tbody><tbody>\n",
        r->opt.opto.roles == MHO_OPTO_LIGHT_GLOBAL ? "the global factor" : "the local factor",
        r->opt.opto.roles == MHO_OPTO_LIGHT_GLOBAL ? "local" : "the global factor");
    parameter_rows(t, mho_opto_param_count(), mho_opto_param_describe, &r->opt, true);
    mho_i_text_add(t, "</tbody><tbody class=\"head\"><tr><th colspan=\"4\">Agent</th></tr></tbody>"
                      "<tbody>\n");
    parameter_rows(t, mho_learn_param_count(), mho_learn_param_describe, &r->opt, false);
    mho_i_text_add(t, "</tbody></table>\n");
}

static void add_maps(const mho_learn_result *r, mho_i_text *t) {
    if (!r->n_row || !r->action_arrows) {
        return;
    }
    mho_i_html_section(t, "learnt", "What was learnt");
    mho_i_learn_policy_map(r, t);
    mho_i_learn_value_map(r, t);
    mho_i_html_section(t, "replay", "Replay");
    mho_i_text_add(t, "<p>Episodes of the first run.</p>\n");
    mho_i_learn_replay(r, t);
}

static mho_status build(mho_ctx *ctx, const mho_learn_result *r, mho_i_text *t) {
    char title[80];
    snprintf(title, sizeof title, "Learning on optomemristors: %s", r->world);
    mho_i_html_begin(t, title);
    add_head(r, t);
    mho_i_html_section(t, "curve", "Learning curve");
    mho_status status = r->max_step > 1 ? mho_i_learn_curve(ctx, r, t) : MHO_OK;
    status = status < 0 ? status : mho_i_learn_good(ctx, r, t);
    if (status < 0) {
        return status;
    }
    add_table(r, t);
    add_maps(r, t);
    mho_i_html_section(t, "cells", "The cells, before and after");
    status = mho_i_learn_cells(ctx, r, t);
    add_energy(r, t);
    add_assumptions(r, t);
    mho_i_html_end(t);
    return status < 0 ? status : t->status;
}

mho_status mho_learn_report_html(mho_ctx *ctx, const mho_learn_result *r, const char *path) {
    mho_i_text page;
    mho_i_text_init(&page, ctx);
    mho_status status = build(ctx, r, &page);
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, page.data, page.len);
    }
    mho_i_text_free(&page);
    return status;
}
