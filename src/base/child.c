/* child.c - run another program: no shell, its input from memory, its output into memory.
 *
 * The input goes through a socket, not a pipe, so that a child that stops reading gives an error
 * code here (MSG_NOSIGNAL) and not a SIGPIPE in the process that the library lives in. All ends on
 * our side are close-on-exec: children started by other threads do not hold them open.          */
#define _GNU_SOURCE
#include "base_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { IN = 0, OUT = 1, ERR = 2, MAX_OUTPUT_BYTES = 1 << 30 };
/* of shells; and of posix_spawn, where it cannot tell at once that a program is absent (POSIX) */
enum { NOT_RUN = 127 };

typedef struct child {
    mho_ctx *ctx;
    const char *name;
    pid_t pid;
    int fd[3]; /* our ends; -1: closed */
    const char *input;
    size_t n_left;
    mho_i_text *text[3];
} child;

static void close_fd(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* fd moved above standard error: where standard streams are closed, an end with a number below 3
 * would be overwritten while the child's streams are put in place */
static int lift(int fd) {
    if (fd > ERR) {
        return fd;
    }
    int up = fcntl(fd, F_DUPFD_CLOEXEC, ERR + 1);
    close(fd);
    return up;
}

/* ours[3] and theirs[3]; false: errno tells */
static bool make_ends(int ours[3], int theirs[3]) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    ours[IN] = lift(pair[0]);
    theirs[IN] = lift(pair[1]);
    for (int k = OUT; k <= ERR; k++) {
        if (pipe2(pair, O_CLOEXEC) != 0) {
            return false;
        }
        ours[k] = lift(pair[0]);
        theirs[k] = lift(pair[1]);
    }
    for (int k = IN; k <= ERR; k++) {
        if (theirs[k] < 0 || fcntl(ours[k], F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
    }
    return true;
}

/* 0 or an errno */
static int spawn(child *c, const char *const argv[], const int theirs[3]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    int rc = posix_spawnattr_setsigmask(&attr, &none);
    rc = rc ? rc : posix_spawnattr_setsigdefault(&attr, &all);
    rc = rc ? rc : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    for (int k = IN; k <= ERR && rc == 0; k++) {
        rc = posix_spawn_file_actions_adddup2(&actions, theirs[k], k);
    }
    /* the prototype lacks const for history's sake; argv is not written */
    union {
        const char *const *in;
        char *const *out;
    } args = {argv};
    rc = rc ? rc : posix_spawnp(&c->pid, argv[0], &actions, &attr, args.out, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static void feed(child *c) {
    while (c->n_left) {
        ssize_t put = send(c->fd[IN], c->input, c->n_left, MSG_NOSIGNAL);
        if (put < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                return;
            }
            break; /* the child reads no more: its exit status says whether that is an error */
        }
        c->input += put;
        c->n_left -= (size_t)put;
    }
    close_fd(&c->fd[IN]);
}

static mho_status drain(child *c, int k) {
    char buf[65536];
    for (;;) {
        ssize_t got = read(c->fd[k], buf, sizeof buf);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return MHO_OK;
        }
        if (got < 0) {
            return mho_i_fail(c->ctx, MHO_ERR_DEPENDENCY, "%s: its output cannot be read: %s",
                              c->name, strerror(errno));
        }
        if (got == 0) {
            close_fd(&c->fd[k]);
            return MHO_OK;
        }
        if (c->text[k]) {
            mho_i_text_put(c->text[k], buf, (size_t)got);
            if (c->text[k]->status < 0) {
                return c->text[k]->status;
            }
            if (c->text[k]->len > MAX_OUTPUT_BYTES) {
                return mho_i_fail(c->ctx, MHO_ERR_FORMAT, "%s: more than %d bytes of output",
                                  c->name, MAX_OUTPUT_BYTES);
            }
        }
    }
}

/* until both outputs are closed */
static mho_status converse(child *c, double limit_s) {
    double start = mho_i_now_s();
    char stage[64];
    snprintf(stage, sizeof stage, "running %s", c->name);
    while (c->fd[OUT] >= 0 || c->fd[ERR] >= 0) {
        struct pollfd p[3];
        for (int k = IN; k <= ERR; k++) {
            p[k] = (struct pollfd){c->fd[k], k == IN ? POLLOUT : POLLIN, 0};
        }
        if (poll(p, 3, 100) < 0 && errno != EINTR) {
            return mho_i_fail(c->ctx, MHO_ERR_INTERNAL, "%s: poll: %s", c->name, strerror(errno));
        }
        if (c->fd[IN] >= 0 && p[IN].revents) {
            feed(c);
        }
        for (int k = OUT; k <= ERR; k++) {
            mho_status status = c->fd[k] >= 0 && p[k].revents ? drain(c, k) : MHO_OK;
            if (status < 0) {
                return status;
            }
        }
        double gone = mho_i_now_s() - start;
        mho_status status = mho_i_progress(c->ctx, stage, gone < limit_s ? gone / limit_s : 1);
        if (status < 0) {
            return status;
        }
        if (gone > limit_s) {
            return mho_i_fail(c->ctx, MHO_ERR_DEPENDENCY, "%s: no answer within %g s", c->name,
                              limit_s);
        }
    }
    return MHO_OK;
}

static int reap(const child *c) {
    int how = 0;
    while (waitpid(c->pid, &how, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + (WIFSIGNALED(how) ? WTERMSIG(how) : 0);
}

mho_status mho_i_child_run(mho_ctx *ctx, const char *const argv[], const char *input,
                           size_t n_input, double limit_s, mho_i_text *out, mho_i_text *err,
                           int *exit_status) {
    child c = {ctx, argv[0], -1, {-1, -1, -1}, input, n_input, {NULL, out, err}};
    int theirs[3] = {-1, -1, -1};
    mho_status status = MHO_OK;
    *exit_status = -1;
    int rc = make_ends(c.fd, theirs) ? spawn(&c, argv, theirs) : errno;
    for (int k = IN; k <= ERR; k++) {
        close_fd(&theirs[k]);
    }
    if (rc == ENOENT) {
        status =
            mho_i_fail(ctx, MHO_ERR_DEPENDENCY, "%s is not installed (not found in PATH)", argv[0]);
    } else if (rc) {
        status =
            mho_i_fail(ctx, MHO_ERR_DEPENDENCY, "%s cannot be started: %s", argv[0], strerror(rc));
    } else {
        status = converse(&c, limit_s);
        if (status < 0) {
            kill(c.pid, SIGKILL);
        }
        *exit_status = reap(&c);
        if (status == MHO_OK && *exit_status == NOT_RUN) {
            status = mho_i_fail(ctx, MHO_ERR_DEPENDENCY,
                                "%s cannot be run: exit status %d says that it, or what it starts, "
                                "is not there",
                                argv[0], NOT_RUN);
        }
    }
    for (int k = IN; k <= ERR; k++) {
        close_fd(&c.fd[k]);
    }
    return status;
}
