/* sweep_team.c - loads libmho_mpi.so when the environment says that this process has siblings. The
 * program itself is not linked with MPI: it starts without an MPI runtime and runs where there is
 * none. */
#define _GNU_SOURCE
#include "sweep_team.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static const mho_team *(*team_open)(void);
static void (*team_close)(void);

/* How many processes a launcher has started: Open MPI, then PMI (MPICH, Intel MPI, srun). */
static long n_sibling(void) {
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MHO_MPI"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const char *text = getenv(names[k]);
        if (text && *text) {
            return strtol(text, NULL, 10);
        }
    }
    /* srun with PMIx tells the rank only, and Slurm the number of tasks of the step */
    const char *rank = getenv("PMIX_RANK"), *tasks = getenv("SLURM_STEP_NUM_TASKS");
    return rank && tasks ? strtol(tasks, NULL, 10) : 1;
}

bool sweep_team_open(const mho_team **team) {
    *team = NULL;
    long n = n_sibling();
    if (n < 2) {
        return true;
    }
    /* found by the program's RPATH; global, because the parts that MPI loads look for its symbols
     */
    void *module = dlopen("libmho_mpi.so", RTLD_NOW | RTLD_GLOBAL);
    void *open_at = module ? dlsym(module, "mho_mpi_open") : NULL;
    void *close_at = module ? dlsym(module, "mho_mpi_close") : NULL;
    if (!open_at || !close_at) {
        fprintf(stderr,
                "mho: started as one of %ld processes, but libmho_mpi.so cannot be loaded (%s); "
                "docs/sweep.md says how to build it\n",
                n, dlerror());
        return false;
    }
    *(void **)&team_open = open_at;
    *(void **)&team_close = close_at;
    *team = team_open();
    if (!*team) {
        fputs("mho: MPI does not start\n", stderr);
    }
    return *team != NULL;
}

void sweep_team_close(void) {
    if (team_close) {
        team_close();
    }
}
