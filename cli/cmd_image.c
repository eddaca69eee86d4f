/* cmd_image.c - mho image: a photograph, or a folder of them with human boundaries. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct image_args {
    const char *photo, *bsds, *kernels, *chip_file, *out, *json, *report;
    char own_out[1024]; /* without --out */
    bool compare;
    long n_thread, n_copy;
    double gain;
    uint64_t seed;
} image_args;

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    return a && b &&
           (strcmp(a, b) == 0 ||
            (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino));
}

/* photo.png gives photo-edges.png here; what is there already is not touched without being named.
 */
static int choose_out(image_args *a) {
    const char *base = strrchr(a->photo, '/'), *dot;
    struct stat st;
    base = base ? base + 1 : a->photo;
    dot = strrchr(base, '.');
    int n = snprintf(a->own_out, sizeof a->own_out, "%.*s-edges.png",
                     dot && dot > base ? (int)(dot - base) : (int)strlen(base), base);
    if (n >= (int)sizeof a->own_out) {
        return cli_usage_error("%.80s...: the name is too long; name the edge map with --out",
                               base);
    }
    if (stat(a->own_out, &st) == 0) {
        return cli_usage_error("%s is there already; name the edge map with --out, or use --out %s "
                               "to write over it",
                               a->own_out, a->own_out);
    }
    a->out = a->own_out;
    return -1;
}

static int check_args(image_args *a) {
    const char *files[] = {a->out, a->report,
                           a->json && strcmp(a->json, "-") != 0 ? a->json : NULL};
    if (!a->photo == !a->bsds) {
        return cli_usage_error(a->photo
                                   ? "--bsds works on a folder: leave \"%s\" out"
                                   : "a photograph or --bsds DIR is wanted; mho image --help%s",
                               a->photo ? a->photo : "");
    }
    if (a->bsds && (a->out || a->report || a->compare)) {
        return cli_usage_error(
            "--out, --report and --compare are for one photograph, not for --bsds");
    }
    for (int k = 0; k < 3; k++) {
        if (same_file(files[k], a->photo) || same_file(files[k], a->chip_file) ||
            same_file(files[k], a->kernels)) {
            return cli_usage_error("%s is read: it cannot be written as well", files[k]);
        }
        if (same_file(files[k], files[(k + 1) % 3])) {
            return cli_usage_error(
                "%s is asked for twice: --out, --report and --json need names of "
                "their own",
                files[k]);
        }
    }
    return -1;
}

static int parse(int argc, char **argv, const cli_command *self, image_args *a) {
    const cli_option options[] = {
        {"kernels", CLI_TEXT, &a->kernels, "NAME", NULL,
         "sobel, prewitt, scharr, or an NPY file [n][k][k] of any small kernels (sobel)"},
        {"chip", CLI_FILE, &a->chip_file, "FILE", NULL,
         "YAML file that describes the chip; see examples/chip-default.yaml"},
        {"gain", CLI_NUMBER, &a->gain, "G", "",
         "pre-activation of a full step from black to white (4); a neuron ends at the chip's "
         "z_max"},
        {"copies", CLI_COUNT, &a->n_copy, "N", NULL,
         "times that every kernel is written to average errors (as often as a tile holds)"},
        {"out", CLI_FILE, &a->out, "FILE", NULL, "edge map, grey PNG (PHOTO-edges.png here)"},
        {"compare", CLI_FLAG, &a->compare, NULL, NULL, "put exact arithmetic beside the hardware"},
        {"report", CLI_FILE, &a->report, "FILE", NULL, "write an HTML page with the pictures"},
        {"bsds", CLI_TEXT, &a->bsds, "DIR", NULL,
         "boundary F-measure over ID.png and ID-boundaries.png of a folder"},
        {"seed", CLI_SEED, &a->seed, "S", NULL,
         "seed of everything random (1); the same seed gives the same bits"},
        {"json", CLI_TEXT, &a->json, "FILE", NULL,
         "write the result as JSON; - prints it, and nothing else"},
        {"threads", CLI_COUNT, &a->n_thread, "N", NULL, "threads (all processors)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL, NULL}};
    int rc = cli_parse(self, options, argc, argv, &a->photo, 1);
    rc = rc >= 0 ? rc : check_args(a);
    if (rc < 0 && a->photo && !a->out) {
        rc = choose_out(a);
    }
    return rc;
}

static const char *quantity(double value, const char *unit, char buf[32]) {
    return isfinite(value) ? mho_quantity_format(value, unit, 3, buf, 32) : "-";
}

static const char *figure(double value, char buf[32]) {
    snprintf(buf, 32, isfinite(value) ? "%.4f" : "-", value);
    return buf;
}

static void print_likeness(const char *name, const mho_image_likeness *l) {
    char b[2][32];
    printf("  %-23s correlation %-6s   similarity (SSIM) %-6s   largest difference %.3f\n", name,
           figure(l->correlation, b[0]), figure(l->ssim, b[1]), l->largest_difference);
}

static void print_image(const mho_image_result *r) {
    const mho_image_cost *c = &r->cost;
    char b[6][32];
    printf("%s: %s, %zu x %zu; %s, %zu kernel%s %zu x %zu, both signs\n", r->path, r->what,
           r->n_col, r->n_row, r->kernels, r->n_kernel, r->n_kernel == 1 ? "" : "s", r->k, r->k);
    if (r->compared) {
        printf("\nAgainst the same kernels in exact arithmetic:\n");
        print_likeness("hardware", &r->hardware);
        print_likeness("plain Sobel magnitude", &r->sobel);
    }
    printf("\nCost                    %-18s %s\n", "Mott neurons",
           "ADC and digital ReLU (published ADC)");
    printf("  an activation         %-18s %s\n", quantity(c->pixel.neuron_energy_J, "J", b[0]),
           quantity(c->adc_activation_J, "J", b[1]));
    printf("  all of the picture    %-18s %s\n", quantity(c->neuron_J, "J", b[0]),
           quantity(c->adc_activations_J, "J", b[1]));
    printf("  picture, with array   %-18s %s\n", quantity(c->energy_J, "J", b[2]),
           quantity(c->adc_energy_J, "J", b[3]));
    printf("  time, one copy        %-18s %s\n", quantity(c->time_s, "s", b[4]),
           quantity(c->adc_time_s, "s", b[5]));
    printf("\nSimulated in %.2f s (chip %.2f s)\n", r->run_s + r->design_s, r->design_s);
}

/* A table that can be pasted into a text. */
static void print_bsds(const mho_bsds_result *r) {
    printf("%zu picture%s, %s, seed %llu, hits within %.2f %% of the diagonal\n\n", r->n_picture,
           r->n_picture == 1 ? "" : "s", r->kernels, (unsigned long long)r->seed,
           100 * r->tolerance_frac);
    printf("| edge map | ODS | threshold | precision | recall | OIS | AP |\n"
           "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (int k = 0; k < MHO_BSDS_N_MAP; k++) {
        const mho_bsds_score *s = &r->score[k];
        printf("| %s | %.4f | %.2f | %.3f | %.3f | %.4f | %.4f |\n",
               mho_bsds_map_name((mho_bsds_map)k), s->ods, s->ods_threshold, s->ods_precision,
               s->ods_recall, s->ois, s->ap);
    }
    printf("\nHardware minus exact arithmetic: ODS %+.4f\n",
           r->score[MHO_BSDS_HARDWARE].ods - r->score[MHO_BSDS_EXACT].ods);
}

static mho_status check_outputs(mho_ctx *ctx, const image_args *a) {
    const char *files[] = {a->out, a->report,
                           a->json && strcmp(a->json, "-") != 0 ? a->json : NULL};
    mho_status status = MHO_OK;
    for (int k = 0; status == MHO_OK && k < 3; k++) {
        status = files[k] ? mho_file_writable(ctx, files[k]) : MHO_OK;
    }
    return status;
}

static mho_status write_text(mho_ctx *ctx, const char *path, char *text) {
    mho_status status = cli_text_save(ctx, text, strlen(text), path);
    mho_text_free(ctx, text);
    return status;
}

static mho_status run_photo(mho_ctx *ctx, const image_args *a, const mho_image_opt *opt) {
    bool quiet = a->json && strcmp(a->json, "-") == 0;
    mho_image_result *r;
    char *text;
    mho_status status = mho_image_run(ctx, a->photo, opt, &r);
    cli_progress_end();
    if (status != MHO_OK) {
        return status;
    }
    if (a->report) {
        status = mho_image_report_html(ctx, r, a->report);
    }
    if (status == MHO_OK && a->json) {
        status = mho_image_report_json(ctx, r, &text);
        status = status == MHO_OK ? write_text(ctx, a->json, text) : status;
    }
    if (status == MHO_OK && !quiet) {
        print_image(r);
        printf("Edges:   %s\n", a->out);
        if (a->report) {
            printf("Report:  %s\n", a->report);
        }
    }
    mho_image_result_free(r);
    return status;
}

static mho_status run_bsds(mho_ctx *ctx, const image_args *a, const mho_image_opt *opt) {
    mho_bsds_result *r;
    char *text;
    mho_status status = mho_image_bsds(ctx, a->bsds, opt, &r);
    cli_progress_end();
    if (status != MHO_OK) {
        return status;
    }
    if (a->json) {
        status = mho_bsds_report_json(ctx, r, &text);
        status = status == MHO_OK ? write_text(ctx, a->json, text) : status;
    }
    if (status == MHO_OK && !(a->json && strcmp(a->json, "-") == 0)) {
        print_bsds(r);
    }
    mho_bsds_result_free(r);
    return status;
}

int cmd_image(int argc, char **argv, const cli_command *self) {
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    image_args a = {.seed = opt.seed};
    int rc = parse(argc, argv, self, &a);
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(a.n_thread);
    if (!ctx) {
        return cli_no_ctx();
    }
    opt.kernels = a.kernels;
    opt.chip_file = a.chip_file;
    opt.out_path = a.out;
    opt.keep_views = a.report != NULL;
    opt.compare = a.compare || a.report;
    opt.seed = a.seed;
    opt.gain = a.gain;
    opt.n_copy = (size_t)a.n_copy;
    mho_status status = check_outputs(ctx, &a);
    if (status == MHO_OK) {
        status = a.bsds ? run_bsds(ctx, &a, &opt) : run_photo(ctx, &a, &opt);
    }
    rc = status == MHO_OK ? CLI_DONE : cli_fail(ctx, status);
    mho_ctx_free(ctx);
    return rc;
}
