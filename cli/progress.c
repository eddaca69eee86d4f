/* progress.c - a progress bar with the time left, on a terminal only; Ctrl-C asks the library to
 * stop at the next safe point; errors and their exit status.                                     */
#define _GNU_SOURCE
#include "cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;
static bool bar_shown;
static char bar_stage[128];
static double stage_start_s, last_draw_s, log_every_s;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_end(void) {
    if (bar_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        bar_shown = false;
    }
}

void cli_progress_log(double every_s) {
    log_every_s = every_s;
}

/* "780 s" as people say it. */
static const char *time_text(double s, char buf[32]) {
    if (s < 120) {
        snprintf(buf, 32, "%.0f s", s);
    } else if (s < 7200) {
        snprintf(buf, 32, "%.0f min", s / 60);
    } else {
        snprintf(buf, 32, "%.1f h", s / 3600);
    }
    return buf;
}

static void log_line(const char *stage, double done_frac, double now) {
    char left[32];
    if (log_every_s <= 0 || now - stage_start_s < log_every_s || now - last_draw_s < log_every_s) {
        return;
    }
    last_draw_s = now;
    fprintf(stderr, "mho: %s, %.1f %%", stage, 100 * done_frac);
    if (done_frac > 0) {
        fprintf(stderr, ", about %s left",
                time_text((now - stage_start_s) * (1 / done_frac - 1), left));
    }
    fputc('\n', stderr);
}

static bool draw(void *user, const char *stage, double done_frac) {
    (void)user;
    if (interrupted) {
        cli_progress_end();
        return false;
    }
    double now = now_s();
    if (strcmp(stage, bar_stage) != 0) {
        snprintf(bar_stage, sizeof bar_stage, "%s", stage);
        stage_start_s = now;
        last_draw_s = 0;
    }
    if (!isatty(STDERR_FILENO)) {
        log_line(stage, done_frac, now);
        return true;
    }
    if (now - last_draw_s < 0.1) {
        return true;
    }
    last_draw_s = now;
    int filled = (int)(done_frac * 30);
    char left[40] = "", time[32];
    if (done_frac > 0.02) {
        snprintf(left, sizeof left, "%s left",
                 time_text((now - stage_start_s) * (1 / done_frac - 1), time));
    }
    fprintf(stderr, "\r\033[K%-34.34s [%.*s%*s] %3.0f %%  %s", stage, filled,
            "##############################", 30 - filled, "", 100 * done_frac, left);
    fflush(stderr);
    bar_shown = true;
    return true;
}

mho_ctx *cli_ctx(long n_thread) {
    mho_ctx *ctx = NULL;
    if (mho_ctx_new(&ctx) < 0) {
        fputs("mho: out of memory\n", stderr);
        return NULL;
    }
    if (n_thread > 0 && mho_ctx_set_threads(ctx, (int)(n_thread > 4096 ? 4096 : n_thread)) < 0) {
        fprintf(stderr, "mho: %s\n", mho_ctx_last_error(ctx));
        mho_ctx_free(ctx);
        return NULL;
    }
    mho_ctx_set_progress(ctx, draw, NULL);
    struct sigaction sa = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &sa, NULL);
    return ctx;
}

int cli_fail(const mho_ctx *ctx, mho_status status) {
    cli_progress_end();
    const char *text = mho_ctx_last_error(ctx);
    fprintf(stderr, "mho: %s\n", *text ? text : mho_status_text(status));
    if (status > 0) {
        return CLI_NOT_TRUSTWORTHY;
    }
    return status == MHO_ERR_NOMEM || status == MHO_ERR_INTERNAL ? CLI_INTERNAL : CLI_BAD_INPUT;
}
