/* mho_mpi.c - a team of ranks by MPI, for mho sweep (mho/sweep.h). Compiled into libmho_mpi.so,
 * which the program loads only when a launcher has started it with siblings. Two-sided messages
 * only: they work on every network without asking for progress of one-sided ones, and a question a
 * second from each rank is all there is.
 *
 * MPI waits by spinning; a rank that waits for minutes (while rank 0 trains) must not, so the
 * barrier tests and sleeps. */
#define _GNU_SOURCE
#include "mho/sweep.h"

#include <mpi.h>
#include <stddef.h>
#include <time.h>

MHO_API const mho_team *mho_mpi_open(void);
MHO_API void mho_mpi_close(void);

enum { TAG_ASK = 1, TAG_REPLY = 2 };

static mho_team team;

static void nap(long nanoseconds) {
    struct timespec t = {0, nanoseconds};
    nanosleep(&t, NULL);
}

static bool barrier(void *user) {
    (void)user;
    MPI_Request request;
    int done = 0;
    if (MPI_Ibarrier(MPI_COMM_WORLD, &request) != MPI_SUCCESS) {
        return false;
    }
    for (;;) {
        if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
            return false;
        }
        if (done) {
            return true;
        }
        nap(5000000);
    }
}

static bool ask(void *user, void *message, size_t n_byte) {
    (void)user;
    MPI_Request request;
    int done = 0, n = (int)n_byte;
    if (MPI_Send(message, n, MPI_BYTE, 0, TAG_ASK, MPI_COMM_WORLD) != MPI_SUCCESS ||
        MPI_Irecv(message, n, MPI_BYTE, 0, TAG_REPLY, MPI_COMM_WORLD, &request) != MPI_SUCCESS) {
        return false;
    }
    for (;;) {
        if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
            return false;
        }
        if (done) {
            return true;
        }
        nap(100000);
    }
}

static bool poll_question(void *user, int *from, void *message, size_t n_byte) {
    (void)user;
    int there = 0;
    MPI_Status status;
    *from = -1;
    if (MPI_Iprobe(MPI_ANY_SOURCE, TAG_ASK, MPI_COMM_WORLD, &there, &status) != MPI_SUCCESS) {
        return false;
    }
    if (!there) {
        return true;
    }
    *from = status.MPI_SOURCE;
    return MPI_Recv(message, (int)n_byte, MPI_BYTE, *from, TAG_ASK, MPI_COMM_WORLD,
                    MPI_STATUS_IGNORE) == MPI_SUCCESS;
}

static bool reply(void *user, int to, const void *message, size_t n_byte) {
    (void)user;
    return MPI_Send(message, (int)n_byte, MPI_BYTE, to, TAG_REPLY, MPI_COMM_WORLD) == MPI_SUCCESS;
}

const mho_team *mho_mpi_open(void) {
    int have = 0;
    /* calls come from different threads, one at a time */
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &have) != MPI_SUCCESS ||
        have < MPI_THREAD_SERIALIZED) {
        return NULL;
    }
    team = (mho_team){NULL, 0, 1, barrier, ask, poll_question, reply};
    MPI_Comm_rank(MPI_COMM_WORLD, &team.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &team.n_rank);
    return &team;
}

void mho_mpi_close(void) {
    int started = 0, ended = 0;
    MPI_Initialized(&started);
    MPI_Finalized(&ended);
    if (started && !ended) {
        MPI_Finalize();
    }
}
