/* device_job.h - what the parts of mho device share. */
#ifndef MHO_DEVICE_JOB_H
#define MHO_DEVICE_JOB_H

#include "cli.h"

typedef struct device_job {
    const char *model_name, *so_path, *data_path, *card_name, *curve, *from, *to, *plot_path,
        *csv_path, *npy_path, *json_path, *design;
    cli_list set;
    long n_point, n_device;
    double period_s, v_max_V, z_max;
    uint64_t seed;
    bool list, check;
    /* found */
    mho_model *outside; /* NULL: built in */
    const mho_ext_model *model;
    mho_card *card;
} device_job;

void device_list(void);
void device_describe(const mho_ext_model *model);
/* Exit status. */
int device_curve(mho_ctx *ctx, const device_job *j);
int device_design(mho_ctx *ctx, const device_job *j);

#endif
