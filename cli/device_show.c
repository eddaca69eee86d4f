/* device_show.c - mho device: the models there are, and one of them in words. */
#include "device_job.h"

#include <stdio.h>

void device_list(void) {
    for (size_t k = 0; k < mho_model_count(); k++) {
        const mho_ext_model *m = mho_model_get(k);
        printf("%-14s %s\n", m->name, m->summary);
        if (m->n_card) {
            printf("%-14s cards", "");
            for (size_t c = 0; c < m->n_card; c++) {
                printf("%s %s", c ? "," : "", m->card[c].name);
            }
            putchar('\n');
        }
    }
    printf("%-14s %s\n", "table", "a measured I-V curve or pulse response: --data FILE.csv");
    printf("\nAnother model from a shared object: --model FILE.so (docs/ext.md)\n");
}

static void describe_rows(const mho_ext_model *m) {
    for (size_t k = 0; k < m->n_input; k++) {
        const mho_ext_input *u = &m->input[k];
        printf("  %-8s %-12s %-5s %s\n", k < m->n_port ? "port" : "input", u->key, u->unit,
               u->help);
    }
    for (size_t k = 0; k < m->n_state; k++) {
        const mho_ext_state *x = &m->state[k];
        printf("  %-8s %-12s %-5s %s\n", "state", x->key, x->unit, x->help);
    }
    for (size_t k = 0; k < m->n_memory_row; k++) {
        const mho_ext_memory *r = &m->memory[k];
        printf("  %-8s %-12s %-5s %s\n", "memory", r->key, r->unit, r->help);
    }
    for (size_t k = 0; k < m->n_output; k++) {
        const mho_ext_output *y = &m->output[k];
        printf("  %-8s %-12s %-5s %s\n", "output", y->key, y->unit, y->help);
    }
}

void device_describe(const mho_ext_model *m) {
    printf("%s: %s\n\n", m->name, m->summary);
    for (const char *p = m->equations; *p;) { /* indented line by line */
        int n = 0;
        while (p[n] && p[n] != '\n') {
            n++;
        }
        printf("  %.*s\n", n, p);
        p += n + (p[n] == '\n');
    }
    printf("\nSource: %s\n\n", m->source);
    describe_rows(m);
    printf("\nCards:");
    for (size_t c = 0; c < m->n_card; c++) {
        printf("\n  %-16s %s", m->card[c].name, m->card[c].summary);
    }
    printf("%s\nCurves:\n", m->n_card ? "\n" : " only the default\n");
    const mho_curve_info *info;
    for (size_t k = 0; (info = mho_curve_of(m, k)); k++) {
        printf("  %-16s %s\n", info->name, info->help);
    }
    printf("\nmho device %s --card prints its %zu parameters.\n", m->name, m->n_param);
}
