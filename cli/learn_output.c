/* learn_output.c - result of mho learn as a table for people, JSON, a page. */
#include "cli.h"

#include "learn_job.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *quantity(double value, const char *unit, char buf[32]) {
    return isfinite(value) ? mho_quantity_format(value, unit, 3, buf, 32) : "-";
}

static void print_curve(const mho_learn_result *r) {
    static const size_t at[] = {1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 1000};
    printf("  %-9s%10s%8s%18s%8s\n", "episode", "steps", "sd", "10 to 90 %", "good");
    size_t shown = 0;
    for (size_t k = 0; k < sizeof at / sizeof *at && at[k] <= r->opt.n_episode; k++) {
        size_t j = at[k] - 1;
        printf("  %-9zu%10.1f%8.1f%10.0f to %-5.0f%7.0f %%\n", at[k], r->curve_mean[j],
               r->curve_sd[j], r->curve_lo[j], r->curve_hi[j], 100 * r->curve_good[j]);
        shown = at[k];
    }
    size_t j = r->opt.n_episode - 1;
    if (shown != j + 1) {
        printf("  %-9zu%10.1f%8.1f%10.0f to %-5.0f%7.0f %%\n", j + 1, r->curve_mean[j],
               r->curve_sd[j], r->curve_lo[j], r->curve_hi[j], 100 * r->curve_good[j]);
    }
}

static void print_solved(const mho_learn_result *r) {
    printf("solved    %zu of %zu runs, %.1f %% (95 %% interval %.1f to %.1f %%)", r->n_solved,
           r->opt.n_seed, 100 * (double)r->n_solved / (double)r->opt.n_seed, 100 * r->wilson[0],
           100 * r->wilson[1]);
    if (isfinite(r->solved_mean)) {
        printf(", in episode %.0f in the mean", r->solved_mean);
    }
    if (r->endure) {
        printf("\n          solved: an episode that lasts %zu steps\n\n", r->max_step);
    } else {
        printf("\n          solved: %zu episodes in a row that end well after at most %zu steps "
               "(cut after %zu)\n\n",
               r->good_row, r->good_steps, r->max_step);
    }
}

static void print_energy(const mho_learn_result *r) {
    const mho_learn_energy *e = &r->energy;
    char a[32], b[32], c[32];
    printf("\nenergy    an update (all cells see its pulses): %s; the light of a step: %s\n",
           quantity(e->update_J, "J", a), quantity(e->mark_J, "J", b));
    printf("          an episode: pulses %s, light %s, reading %s; %.3g updates, %.3g steps\n",
           quantity(e->episode_write_J, "J", a), quantity(e->episode_light_J, "J", b),
           quantity(e->episode_read_J, "J", c), e->updates, e->steps);
    printf("          %.1f %% of the cells that see a pulse move: those where light lingers\n",
           100 * e->change_share);
}

static void print_table(const mho_learn_result *r) {
    printf("%s, agent %s", r->world, mho_agent_name(r->opt.agent));
    if (r->opt.control) {
        printf(", control %s", mho_control_name(r->opt.control));
    }
    printf("; %zu places, %zu actions, %zu optomemristors a run%s\n", r->n_place, r->n_action,
           r->n_cell + (r->opt.critic ? 2 * r->n_cell / 2 / r->n_action : 0),
           r->opt.critic ? " with the critic" : "");
    printf("%zu runs of %zu episodes, seed %" PRIu64 ", trace %.3g steps\n\n", r->opt.n_seed,
           r->opt.n_episode, r->opt.seed, r->opt.trace_steps);
    print_solved(r);
    print_curve(r);
    if (isfinite(r->late_ratio)) {
        printf("\n          episodes 20 to 50: %.2f times the shortest path\n", r->late_ratio);
    }
    print_energy(r);
    printf("time      %.1f s\n", r->total_s);
}

static mho_status write_json(mho_ctx *ctx, const char *path, const mho_learn_result *r) {
    char *text = NULL;
    mho_status status = mho_learn_report_json(ctx, r, &text);
    if (status == MHO_OK) {
        status = cli_text_save(ctx, text, strlen(text), path);
    }
    mho_text_free(ctx, text);
    return status;
}

mho_status learn_output(mho_ctx *ctx, const learn_args *a, const mho_learn_result *r) {
    bool quiet = a->json && strcmp(a->json, "-") == 0;
    if (!quiet) {
        print_table(r);
    }
    mho_status status = a->json ? write_json(ctx, a->json, r) : MHO_OK;
    if (status == MHO_OK && a->report) {
        status = mho_learn_report_html(ctx, r, a->report);
        if (status == MHO_OK && !quiet) {
            printf("report    %s\n", a->report);
        }
    }
    return status;
}
