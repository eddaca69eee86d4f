/* transient_job.h - what "mho transient" shares between its files: words of the command line, the
 * trace and where it goes. */
#ifndef MHO_CLI_TRANSIENT_JOB_H
#define MHO_CLI_TRANSIENT_JOB_H

#include "cli.h"

enum { MAX_WAVE = 4096 };
typedef struct wave {
    double t_s[MAX_WAVE], v[MAX_WAVE];
    mho_waveform w;
} wave;

typedef struct transient_args {
    const char *what;
    const char *card, *set, *model_file;
    const char *drive, *read, *light, *input;
    double z, stop_s, series_ohm, cap_F, x_start, dead_band_K, tol_rel; /* NAN: not given */
    bool sweep;
    long n_sample, port;
    const char *csv, *npy, *json, *plot;
} transient_args;

typedef struct transient_job {
    transient_args args;
    mho_ctx *ctx;
    bool quiet; /* JSON goes to standard output: nothing else does */
    mho_transient_opt opt;
    mho_trace *trace;
    size_t n_panel, panel[8]; /* columns of the plot; the last one is sketched */
    char title[160];
    void *json; /* json_t * of figures, or NULL */
    bool converged;
} transient_job;

/* Card of a model by --card (name or file), --set and --model. model_out: to be freed after the
 * card, may be NULL. -1 or an exit status. */
int transient_card(const transient_job *job, const char *name, mho_card **card,
                   mho_model **model_out);
/* A waveform from the command line, or a constant where text is NULL. A single number is one too.
 * -1 or an exit status. */
int transient_wave(const transient_job *job, const char *option, const char *text, const char *unit,
                   double constant, wave *out);

/* Lines of figures, also kept for --json. */
void transient_line(const transient_job *job, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void transient_note(transient_job *job, const char *key, double value);
void transient_energy(transient_job *job, const mho_film_energy *e);

/* Sketch on the terminal, then --csv, --npy, --plot, --json. */
mho_status transient_write(transient_job *job);

int transient_neuron(transient_job *job);
int transient_oscillator(transient_job *job);
int transient_opto(transient_job *job);
int transient_model(transient_job *job);

#endif
