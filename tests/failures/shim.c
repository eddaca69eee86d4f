/* shim.c - loaded before the C library (LD_PRELOAD) into the program mho: lets the n-th call of a
 * kind fail, and tries every n in one run. For tests only.
 *
 * At a call that counts (it comes from one of the objects in MHO_FAIL_IN) the process forks. In the
 * child the call fails and things go on to the child's end; in the parent it succeeds and the next
 * call is waited for. So a command that makes thousands of calls is tried in all of them in the
 * time of one run and many short ends. The driver (sweep.py) is asked by MHO_FAIL_FD before each
 * fork, prepares a copy of the working directory, and is told afterwards how the child has ended.
 * The command must run in one thread. Or, without a driver, MHO_FAIL_AT=n: call n fails here.
 *
 *   MHO_FAIL_KIND   alloc; or of reading and writing: error, short, eintr
 *   MHO_FAIL_SIDE   r, w or rw: which calls of error, short and eintr
 *   MHO_FAIL_ERRNO  number for error
 *   MHO_FAIL_FROM   1: all later calls fail as well
 *
 * Memory that the objects hold at the end of a child is counted, too: what is left is a leak. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
/* the library's own, which the names below hide */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);
extern void __libc_free(void *p);

enum { MAX_OBJECT = 64, MAX_LIVE = 1 << 18, CHILD_LIMIT_S = 60, MAX_FD = 64 };
typedef enum kind { NONE, ALLOC, IO_ERROR, IO_SHORT, IO_EINTR } kind;

static kind mode;
static bool busy, in_child, talking, from, side_r, side_w;
static int sock = -1, fail_errno = EIO;
static long n_call, at, next_wanted = 1;
static char objects[512], child_dir[4096];
static struct {
    uintptr_t begin, end;
    bool ours;
    char name[64];
} object[MAX_OBJECT];
static int n_object;

/* ---- where a call comes from ---- */

static bool named(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (const char *p = objects; *p;) {
        size_t n = strcspn(p, ",");
        if (n && strncmp(name, p, n) == 0 && (name[n] == '.' || name[n] == 0)) {
            return true;
        }
        p += n + (p[n] == ',');
    }
    return false;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *user) {
    (void)size;
    (void)user;
    uintptr_t begin = UINTPTR_MAX, end = 0;
    for (int k = 0; k < info->dlpi_phnum; k++) {
        if (info->dlpi_phdr[k].p_type == PT_LOAD) {
            uintptr_t a = info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
            begin = a < begin ? a : begin;
            end = a + info->dlpi_phdr[k].p_memsz > end ? a + info->dlpi_phdr[k].p_memsz : end;
        }
    }
    for (int k = 0; k < n_object; k++) {
        if (object[k].begin == begin) {
            return 0;
        }
    }
    if (n_object < MAX_OBJECT) {
        const char *name = *info->dlpi_name ? info->dlpi_name : "mho"; /* the program has none */
        const char *slash = strrchr(name, '/');
        object[n_object].begin = begin;
        object[n_object].end = end;
        object[n_object].ours = named(name);
        snprintf(object[n_object].name, sizeof object[0].name, "%s", slash ? slash + 1 : name);
        n_object++;
    }
    return 0;
}

static int object_of(const void *caller) {
    uintptr_t x = (uintptr_t)caller;
    for (int again = 0; again < 2; again++) {
        for (int k = 0; k < n_object; k++) {
            if (x >= object[k].begin && x < object[k].end) {
                return k;
            }
        }
        dl_iterate_phdr(add_object, NULL);
    }
    return -1;
}

static bool ours(const void *caller) {
    int k = object_of(caller);
    return k >= 0 && object[k].ours;
}

/* ---- memory that is held ---- */

static struct {
    uintptr_t p; /* 0 free, 1 taken away */
    uintptr_t caller;
} live[MAX_LIVE];
static long n_live;

static void note(void *p, const void *caller) {
    if (!p || mode == NONE || !ours(caller)) {
        return;
    }
    size_t k = ((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u >> 46;
    while (live[k % MAX_LIVE].p > 1) {
        k++;
    }
    live[k % MAX_LIVE].p = (uintptr_t)p;
    live[k % MAX_LIVE].caller = (uintptr_t)caller;
    n_live++;
}

static void forget(void *p) {
    if (!p || mode == NONE) {
        return;
    }
    size_t k = ((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u >> 46;
    for (; live[k % MAX_LIVE].p; k++) {
        if (live[k % MAX_LIVE].p == (uintptr_t)p) {
            live[k % MAX_LIVE].p = 1;
            n_live--;
            return;
        }
    }
}

/* ---- the driver ---- */

static void tell(const char *fmt, ...) {
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n > 0 && send(sock, line, (size_t)n, MSG_NOSIGNAL) != n) {
        _exit(99);
    }
}

static long hear(void) {
    char line[64];
    ssize_t n = recv(sock, line, sizeof line - 1, 0);
    if (n <= 0) {
        _exit(99);
    }
    line[n] = 0;
    return strtol(line, NULL, 10);
}

static void become_child(void) {
    char out[4200];
    in_child = true;
    close(sock);
    sock = -1;
    for (int k = 1; k <= 2; k++) {
        snprintf(out, sizeof out, "%s.%s", child_dir, k == 1 ? "out" : "err");
        int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        dup2(fd, k);
        close(fd);
    }
    if (chdir(child_dir) != 0) {
        _exit(98);
    }
}

/* The places in files are shared with a child, which moves them. */
static void places(off_t place[MAX_FD], bool put_back) {
    for (int fd = 3; fd < MAX_FD; fd++) {
        if (!put_back) {
            place[fd] = lseek(fd, 0, SEEK_CUR);
        } else if (place[fd] >= 0) {
            lseek(fd, place[fd], SEEK_SET);
        }
    }
}

static bool try_here(const char *what, const void *caller) {
    off_t place[MAX_FD];
    int k = object_of(caller);
    tell("at %ld %s %s+%lx", n_call, what, k < 0 ? "?" : object[k].name,
         k < 0 ? 0UL : (unsigned long)((uintptr_t)caller - object[k].begin));
    hear(); /* the directory is ready */
    places(place, false);
    pid_t pid = fork();
    if (pid == 0) {
        become_child();
        return true;
    }
    int status = 0, waited_ms = 0;
    const struct timespec nap = {0, 200000};
    struct timespec t0, t;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        nanosleep(&nap, NULL);
        clock_gettime(CLOCK_MONOTONIC, &t);
        waited_ms = (int)(t.tv_sec - t0.tv_sec) * 1000;
        if (waited_ms > 1000 * CHILD_LIMIT_S) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            status = -1;
            break;
        }
    }
    places(place, true);
    tell("end %ld %d", n_call, pid < 0 ? -2 : status);
    next_wanted = hear();
    return false;
}

/* A child has only the thread that forked. */
static int n_thread(void) {
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *line = strstr(text, "\nThreads:");
    return line ? atoi(line + 9) : 1;
}

static bool fails(const char *what, const void *caller) {
    if (mode == NONE || busy || !ours(caller)) {
        return false;
    }
    if (in_child) {
        return from;
    }
    n_call++;
    if (at) { /* what is interrupted is tried again: every other call, or it would never end */
        bool later = from && n_call > at && (mode != IO_EINTR || (n_call - at) % 2 == 0);
        return n_call == at || later;
    }
    if (sock < 0 || n_call < next_wanted) {
        return false;
    }
    busy = true;
    bool skip = talking || n_thread() > 1;
    busy = false;
    if (skip) {
        int k = object_of(caller);
        busy = true;
        tell("skip %ld %s %s+%lx", n_call, what, k < 0 ? "?" : object[k].name,
             k < 0 ? 0UL : (unsigned long)((uintptr_t)caller - object[k].begin));
        busy = false;
        return false;
    }
    busy = true;
    bool now = try_here(what, caller);
    busy = false;
    return now;
}

__attribute__((constructor)) static void start(void) {
    const char *k = getenv("MHO_FAIL_KIND"), *text;
    if (!k) {
        return;
    }
    snprintf(objects, sizeof objects, "%s", (text = getenv("MHO_FAIL_IN")) ? text : "mho,libmho");
    snprintf(child_dir, sizeof child_dir, "%s", (text = getenv("MHO_FAIL_CHILD")) ? text : ".");
    side_r = !(text = getenv("MHO_FAIL_SIDE")) || strchr(text, 'r');
    side_w = !text || strchr(text, 'w');
    fail_errno = (text = getenv("MHO_FAIL_ERRNO")) ? atoi(text) : EIO;
    from = (text = getenv("MHO_FAIL_FROM")) && *text == '1';
    at = (text = getenv("MHO_FAIL_AT")) ? atol(text) : 0;
    sock = (text = getenv("MHO_FAIL_FD")) ? atoi(text) : -1;
    if (sock >= 0) {
        fcntl(sock, F_SETFD, FD_CLOEXEC);
    }
    unsetenv("LD_PRELOAD"); /* not for gnuplot and ngspice */
    mode = strcmp(k, "alloc") == 0   ? ALLOC
           : strcmp(k, "short") == 0 ? IO_SHORT
           : strcmp(k, "eintr") == 0 ? IO_EINTR
                                     : IO_ERROR;
}

__attribute__((destructor)) static void finish(void) {
    if (mode == NONE || (!in_child && sock < 0 && !at)) {
        return;
    }
    mode = NONE;
    if (sock >= 0) {
        tell("done %ld %ld", n_call, n_live);
        return;
    }
    char path[4200];
    snprintf(path, sizeof path, "%s.leak", child_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dprintf(fd, "%ld\n", n_live);
    for (int k = 0; k < MAX_LIVE && n_live; k++) {
        int o = live[k].p > 1 ? object_of((void *)live[k].caller) : -1;
        if (o >= 0) {
            dprintf(fd, "%s+%lx\n", object[o].name,
                    (unsigned long)(live[k].caller - object[o].begin));
        }
    }
    close(fd);
}

/* ---- memory ---- */

#define CALLER __builtin_return_address(0)

static bool no_memory(const char *what, const void *caller) {
    if (mode == ALLOC && fails(what, caller)) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

EXPORT void *malloc(size_t n) {
    void *p = no_memory("malloc", CALLER) ? NULL : __libc_malloc(n);
    note(p, CALLER);
    return p;
}

EXPORT void *calloc(size_t n, size_t size) {
    void *p = no_memory("calloc", CALLER) ? NULL : __libc_calloc(n, size);
    note(p, CALLER);
    return p;
}

EXPORT void *realloc(void *old, size_t n) {
    if (no_memory("realloc", CALLER)) {
        return NULL;
    }
    forget(old);
    void *p = __libc_realloc(old, n);
    note(p, CALLER);
    return p;
}

EXPORT void *aligned_alloc(size_t align, size_t n) {
    void *p = no_memory("aligned_alloc", CALLER) ? NULL : __libc_memalign(align, n);
    note(p, CALLER);
    return p;
}

EXPORT int posix_memalign(void **p, size_t align, size_t n) {
    if (no_memory("posix_memalign", CALLER)) {
        return ENOMEM;
    }
    *p = __libc_memalign(align, n);
    note(*p, CALLER);
    return *p ? 0 : ENOMEM;
}

EXPORT void free(void *p) {
    forget(p);
    __libc_free(p);
}

/* ---- files ---- */

#define REAL(name)                                                                                 \
    static __typeof__(&(name)) real;                                                               \
    if (!real) {                                                                                   \
        bool was = busy;                                                                           \
        busy = true;                                                                               \
        *(void **)&real = dlsym(RTLD_NEXT, #name);                                                 \
        busy = was;                                                                                \
    }

/* The call fails: errno is set. */
static bool io_fails(const char *what, bool writes, const void *caller) {
    if ((mode != IO_ERROR && mode != IO_EINTR) || (writes ? !side_w : !side_r) ||
        !fails(what, caller)) {
        return false;
    }
    errno = mode == IO_EINTR ? EINTR : fail_errno;
    return true;
}

/* How much of n a call does. */
static size_t part_of(const char *what, bool writes, size_t n, const void *caller) {
    if (mode != IO_SHORT || n < 2 || (writes ? !side_w : !side_r) || !fails(what, caller)) {
        return n;
    }
    return n / 2;
}

/* calls that no signal interrupts are left out of EINTR */
#define FAIL_INT(name, writes, can_eintr)                                                          \
    if (((can_eintr) || mode != IO_EINTR) && io_fails(name, writes, CALLER)) {                     \
        return -1;                                                                                 \
    }

static bool opens_for_writing(int flags) {
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
}

static mode_t mode_arg(int flags, va_list ap) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

EXPORT int open(const char *path, int flags, ...) {
    REAL(open)
    va_list ap;
    va_start(ap, flags);
    mode_t m = mode_arg(flags, ap);
    va_end(ap);
    FAIL_INT("open", opens_for_writing(flags), true)
    return real(path, flags, m);
}

EXPORT int open64(const char *path, int flags, ...) {
    REAL(open64)
    va_list ap;
    va_start(ap, flags);
    mode_t m = mode_arg(flags, ap);
    va_end(ap);
    FAIL_INT("open", opens_for_writing(flags), true)
    return real(path, flags, m);
}

EXPORT int openat(int dir, const char *path, int flags, ...) {
    REAL(openat)
    va_list ap;
    va_start(ap, flags);
    mode_t m = mode_arg(flags, ap);
    va_end(ap);
    FAIL_INT("openat", opens_for_writing(flags), true)
    return real(dir, path, flags, m);
}

EXPORT ssize_t read(int fd, void *to, size_t n) {
    REAL(read)
    FAIL_INT("read", false, true)
    return real(fd, to, part_of("read", false, n, CALLER));
}

EXPORT ssize_t pread(int fd, void *to, size_t n, off_t place) {
    REAL(pread)
    FAIL_INT("pread", false, true)
    return real(fd, to, part_of("pread", false, n, CALLER), place);
}

EXPORT ssize_t write(int fd, const void *data, size_t n) {
    REAL(write)
    FAIL_INT("write", true, true)
    return real(fd, data, part_of("write", true, n, CALLER));
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t n, off_t place) {
    REAL(pwrite)
    FAIL_INT("pwrite", true, true)
    return real(fd, data, part_of("pwrite", true, n, CALLER), place);
}

EXPORT int fsync(int fd) {
    REAL(fsync)
    FAIL_INT("fsync", true, true)
    return real(fd);
}

EXPORT int ftruncate(int fd, off_t n) {
    REAL(ftruncate)
    FAIL_INT("ftruncate", true, true)
    return real(fd, n);
}

EXPORT int fchmod(int fd, mode_t m) {
    REAL(fchmod)
    FAIL_INT("fchmod", true, false)
    return real(fd, m);
}

/* the descriptor is closed all the same, as on Linux */
EXPORT int close(int fd) {
    REAL(close)
    int flags = mode == IO_ERROR || mode == IO_EINTR ? fcntl(fd, F_GETFL) : -1;
    bool writes = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
    if (writes && io_fails("close", true, CALLER)) {
        int keep = errno;
        real(fd);
        errno = keep;
        return -1;
    }
    return real(fd);
}

EXPORT int rename(const char *old, const char *new) {
    REAL(rename)
    FAIL_INT("rename", true, false)
    return real(old, new);
}

EXPORT int linkat(int old_dir, const char *old, int new_dir, const char *new, int flags) {
    REAL(linkat)
    FAIL_INT("linkat", true, false)
    return real(old_dir, old, new_dir, new, flags);
}

EXPORT int mkdir(const char *path, mode_t m) {
    REAL(mkdir)
    FAIL_INT("mkdir", true, false)
    return real(path, m);
}

EXPORT int flock(int fd, int how) {
    REAL(flock)
    FAIL_INT("flock", true, true)
    return real(fd, how);
}

EXPORT off_t lseek(int fd, off_t place, int whence) {
    REAL(lseek)
    FAIL_INT("lseek", false, false)
    return real(fd, place, whence);
}

EXPORT int stat(const char *restrict path, struct stat *restrict st) {
    REAL(stat)
    FAIL_INT("stat", false, false)
    return real(path, st);
}

EXPORT int fstat(int fd, struct stat *st) {
    REAL(fstat)
    FAIL_INT("fstat", false, false)
    return real(fd, st);
}

EXPORT int socketpair(int domain, int type, int protocol, int fd[2]) {
    REAL(socketpair)
    FAIL_INT("socketpair", true, false)
    return real(domain, type, protocol, fd);
}

EXPORT int pipe2(int fd[2], int flags) {
    REAL(pipe2)
    FAIL_INT("pipe2", true, false)
    return real(fd, flags);
}

EXPORT ssize_t send(int fd, const void *data, size_t n, int flags) {
    REAL(send)
    return real(fd, data, busy ? n : part_of("send", true, n, CALLER), flags);
}

/* While another program is talked to, a child would share the talk: those calls are not tried by
 * forking, and nobody but the process that started the program may end it. */
EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                        const posix_spawn_file_actions_t *restrict actions,
                        const posix_spawnattr_t *restrict attr, char *const argv[restrict],
                        char *const env[restrict]) {
    REAL(posix_spawnp)
    if (mode == IO_ERROR && side_w && fails("posix_spawnp", CALLER)) {
        return fail_errno;
    }
    int rc = real(pid, file, actions, attr, argv, env);
    talking = rc == 0;
    return rc;
}

EXPORT pid_t waitpid(pid_t pid, int *how, int options) {
    REAL(waitpid)
    pid_t got = real(pid, how, options);
    talking = talking && got != pid;
    return got;
}

EXPORT DIR *opendir(const char *path) {
    REAL(opendir)
    return mode != IO_EINTR && io_fails("opendir", false, CALLER) ? NULL : real(path);
}

EXPORT struct dirent *readdir(DIR *d) {
    REAL(readdir)
    return mode != IO_EINTR && io_fails("readdir", false, CALLER) ? NULL : real(d);
}

/* ---- streams ---- */

static void mark(FILE *f) {
    f->_flags |= 0x20; /* what ferror looks at */
}

static bool stream_fails(const char *what, bool writes, FILE *f, const void *caller) {
    if (mode == IO_EINTR || !io_fails(what, writes, caller)) {
        return false; /* the program's handlers let the calls of streams go on */
    }
    mark(f);
    return true;
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict how) {
    REAL(fopen)
    return mode != IO_EINTR && io_fails("fopen", *how != 'r', CALLER) ? NULL : real(path, how);
}

EXPORT size_t fread(void *restrict to, size_t size, size_t n, FILE *restrict f) {
    REAL(fread)
    return stream_fails("fread", false, f, CALLER) ? 0 : real(to, size, n, f);
}

EXPORT char *fgets(char *restrict to, int n, FILE *restrict f) {
    REAL(fgets)
    return stream_fails("fgets", false, f, CALLER) ? NULL : real(to, n, f);
}

EXPORT int getc(FILE *f) {
    REAL(getc)
    return stream_fails("getc", false, f, CALLER) ? EOF : real(f);
}

EXPORT size_t fwrite(const void *restrict data, size_t size, size_t n, FILE *restrict f) {
    REAL(fwrite)
    return f != stdout && f != stderr && stream_fails("fwrite", true, f, CALLER)
               ? 0
               : real(data, size, n, f);
}

EXPORT int fclose(FILE *f) {
    REAL(fclose)
    int flags = mode == IO_ERROR ? fcntl(fileno(f), F_GETFL) : -1;
    bool fail = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && io_fails("fclose", true, CALLER);
    int keep = errno, rc = real(f);
    if (fail) {
        errno = keep;
        return EOF;
    }
    return rc;
}
