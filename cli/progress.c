/* progress.c - a progress bar with the time left, on a terminal only; errors and their exit status;
 * stopping by a signal.
 *
 * SIGINT, SIGTERM and SIGHUP ask the library to stop at the next safe point. Where that does not
 * come within a second, or where the signal comes twice, the process ends at once, which loses no
 * more: results are files without a name until they are whole, and journals stand a kill. Either
 * way it ends by the signal itself, so that shells and launchers see what happened. */
#define _GNU_SOURCE
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const unsigned GRACE_S = 1;
static volatile sig_atomic_t interrupted; /* by which signal; 0: not */
static volatile sig_atomic_t bar_shown, resumes;
static char bar_stage[128];
static double stage_start_s, last_draw_s, log_every_s;

static const char STOPPED[] = "mho: stopped\n",
                  RESUMES[] = "mho: the same command goes on where this one stopped\n";

static void say(const char *text) {
    ssize_t put = write(STDERR_FILENO, text, strlen(text)); /* as a signal handler may */
    (void)put;
}

/* Ends by the signal that came, once the handler has returned. */
static void end_by(int sig) {
    (void)signal(sig, SIG_DFL);
    raise(sig);
}

static void on_patience_lost(int sig) {
    (void)sig;
    if (bar_shown) {
        say("\r\033[K");
    }
    say(STOPPED);
    if (resumes) {
        say(RESUMES);
    }
    end_by(interrupted);
}

static void on_stop(int sig) {
    if (interrupted) {
        end_by(sig);
    }
    interrupted = sig;
    alarm(GRACE_S);
}

void cli_signals(bool command_resumes) {
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    resumes = command_resumes;
    struct sigaction sa = {.sa_handler = on_patience_lost, .sa_flags = SA_RESTART}, old;
    sigaction(SIGALRM, &sa, NULL);
    sa.sa_handler = on_stop;
    for (size_t k = 0; k < sizeof stops / sizeof *stops; k++) {
        /* what the caller has switched off (nohup, a job in the background) stays so */
        if (sigaction(stops[k], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaction(stops[k], &sa, NULL);
        }
    }
}

static int lost_errno;

void cli_output_lost(int why) {
    lost_errno = lost_errno ? lost_errno : why;
}

int cli_end(int rc) {
    /* printed text may still wait in memory; and what could not be printed is no success */
    bool lost = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0 || lost) {
        int why = errno ? errno : lost_errno;
        if (rc == CLI_DONE || rc == CLI_NOT_TRUSTWORTHY) {
            fprintf(stderr, "mho: standard output cannot be written: %s\n",
                    why ? strerror(why) : "a part of it is lost");
            rc = CLI_BAD_INPUT;
        }
    }
    alarm(0);
    if (interrupted && rc != CLI_DONE) {
        end_by(interrupted);
    }
    return rc;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_end(void) {
    if (bar_shown) {
        fputs("\r\033[K", stderr);
        (void)fflush(stderr);
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
    (void)fflush(stderr);
    bar_shown = true;
    return true;
}

static bool bad_threads;

int cli_no_ctx(void) {
    return bad_threads ? CLI_BAD_INPUT : CLI_INTERNAL;
}

int cli_no_memory(double n_byte) {
    char size[32];
    if (n_byte < 0x1p20) {
        snprintf(size, sizeof size, "%.0f bytes", n_byte);
    } else {
        snprintf(size, sizeof size, "%.3g GiB", n_byte / 0x1p30);
    }
    fprintf(stderr, "mho: out of memory: %s wanted\n", size);
    return CLI_INTERNAL;
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
        bad_threads = true;
        return NULL;
    }
    mho_ctx_set_progress(ctx, draw, NULL);
    return ctx;
}

int cli_fail(const mho_ctx *ctx, mho_status status) {
    cli_progress_end();
    const char *text = mho_ctx_last_error(ctx);
    /* a command that runs out of memory itself leaves no message in the context, or an old one */
    bool stale = status == MHO_ERR_NOMEM && !strstr(text, "memory");
    fprintf(stderr, "mho: %s\n", *text && !stale ? text : mho_status_text(status));
    if (status == MHO_ERR_CANCELLED && resumes) {
        fputs(RESUMES, stderr);
    }
    if (status > 0) {
        return CLI_NOT_TRUSTWORTHY;
    }
    return status == MHO_ERR_NOMEM || status == MHO_ERR_INTERNAL ? CLI_INTERNAL : CLI_BAD_INPUT;
}
