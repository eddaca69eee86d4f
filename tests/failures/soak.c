/* soak.c - the program's commands again and again in one process, so that memory and descriptors
 * that are not given back add up and are seen. It is linked with the sources of the program, whose
 * main is called mho_main here.
 *
 * Standard input: a command a line, words parted by tabs. Standard output: for each of them
 * "status resident_bytes allocated_bytes descriptors". What a command prints goes to the
 * file out, its errors to err, in the current directory.                                        */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mho_main(int argc, char **argv);

enum { MAX_WORD = 256 };

static int n_descriptor(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d)) {
        n++;
    }
    if (d) {
        closedir(d);
    }
    return n - 3; /* ".", ".." and the one of this look */
}

static size_t resident_bytes(void) {
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &size, &resident) != 2) {
            resident = 0;
        }
        fclose(f);
    }
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void redirect(const char *path, int to) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0) {
        dup2(fd, to);
        close(fd);
    }
}

int main(void) {
    static char line[65536];
    int answers = dup(STDOUT_FILENO), questions = dup(STDIN_FILENO);
    FILE *in = fdopen(questions, "r");
    setenv("GOMP_SPINCOUNT", "20000", 1); /* or the program would start itself once more */
    while (in && fgets(line, sizeof line, in)) {
        char *argv[MAX_WORD + 2] = {strdup("mho")}, *next = line;
        int argc = 1;
        line[strcspn(line, "\n")] = 0;
        while (argc < MAX_WORD && next) {
            argv[argc++] = strsep(&next, "\t");
        }
        argv[argc] = NULL;
        redirect("out", STDOUT_FILENO);
        redirect("err", STDERR_FILENO);
        clearerr(stdout);
        int status = mho_main(argc, argv);
        fflush(stdout);
        free(argv[0]);
        malloc_trim(0);
        struct mallinfo2 m = mallinfo2();
        dprintf(answers, "%d %zu %zu %d\n", status, resident_bytes(), m.uordblks + m.hblkhd,
                n_descriptor());
    }
    return 0;
}
