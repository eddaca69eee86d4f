/* test_errors_study.c - what studies and reports refuse, and what they say when the directory, the
 * team of ranks, gnuplot or the disk lets them down. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "graph/onnx_int.h"
#include "report/report_int.h"
#include "study/subject_int.h"
#include "study/sweep_int.h"

static char dir[] = "/tmp/mho-errors-study-XXXXXX";
static char path[96];
static bool no_sync;

int fsync(int fd) {
    errno = EIO;
    return no_sync ? -1 : (int)syscall(SYS_fsync, fd);
}

static int set_up(void **state) {
    bool made = mkdtemp(dir);
    *state = test_ctx();
    return made ? 0 : -1;
}

static int tear_down(void **state) {
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(mho_ctx_bytes(*state), 0);
    mho_ctx_free(*state);
    return system(command);
}

static const char *file_with(mho_ctx *ctx, const char *name, const char *text) {
    snprintf(path, sizeof path, "%s/%s", dir, name);
    test_ok(ctx, mho_i_file_write(ctx, path, text, strlen(text)));
    return path;
}

/* ---- options ---- */

static void options_are_checked(void **state) {
    mho_ctx *ctx = *state;
    mho_run_opt run = MHO_RUN_OPT_INIT;
    mho_run_result *r;
    run.age_s = 1e11;
    test_refused(ctx, mho_run_lenet5(ctx, &run, &r), MHO_ERR_ARG, "age = 1e+11 s", "0 s to 10 Gs");
    run.age_s = -1;
    run.n_verify = 65;
    test_refused(ctx, mho_run_lenet5(ctx, &run, &r), MHO_ERR_ARG, "verify = 65", "0 to 64");
    run.n_verify = 0;
    run.n_epoch = -1;
    test_refused(ctx, mho_run_lenet5(ctx, &run, &r), MHO_ERR_ARG, "epochs = -1", "1 to 10000");
    assert_null(r);
    mho_remedy_opt remedy = MHO_REMEDY_OPT_INIT;
    mho_remedy_result *m;
    remedy.n_epoch = 10001;
    test_refused(ctx, mho_remedy_run(ctx, &remedy, &m), MHO_ERR_ARG, "epochs = 10001",
                 "1 to 10000");
    assert_null(m);
    mho_deploy_opt d = mho_deploy_opt_default();
    mho_deploy_result *out;
#define REFUSE(change, ...)                                                                        \
    do {                                                                                           \
        d = mho_deploy_opt_default();                                                              \
        d.network = "net.onnx";                                                                    \
        d.data = "data.npz";                                                                       \
        change;                                                                                    \
        test_refused(ctx, mho_deploy(ctx, &d, &out), MHO_ERR_ARG, __VA_ARGS__);                    \
        assert_null(out);                                                                          \
    } while (0)
    REFUSE(d.data = NULL, "network net.onnx, data NULL: both are wanted");
    REFUSE(d.n_chip = 0, "chips = 0", "1 to 1000000");
    REFUSE(d.n_calibrate = 0, "calibrate with = 0", "1 to 100000");
    REFUSE(d.n_verify = 65, "verify = 65", "0 to 64");
    REFUSE(d.n_norm = 17, "means of 17 channels", "at most 16");
}

/* y = Relu(x) and, where n_output is 2, z = Tanh(x) of one picture of 2 x 2, as a file. */
static void save_network(mho_ctx *ctx, size_t n_output, const char *file) {
    char *x = "x", *y = "y", *z = "z";
    MhoOnnx__Node relu = MHO_ONNX__NODE__INIT, tanh = relu, *nodes[] = {&relu, &tanh};
    relu.op_type = "Relu", relu.n_input = 1, relu.input = &x, relu.n_output = 1, relu.output = &y;
    tanh.op_type = "Tanh", tanh.n_input = 1, tanh.input = &x, tanh.n_output = 1, tanh.output = &z;
    MhoOnnx__Dimension one = MHO_ONNX__DIMENSION__INIT, two = one,
                       *dims[] = {&one, &one, &two, &two};
    one.has_dim_value = two.has_dim_value = 1;
    one.dim_value = 1, two.dim_value = 2;
    MhoOnnx__Shape shape = MHO_ONNX__SHAPE__INIT;
    shape.n_dim = 4, shape.dim = dims;
    MhoOnnx__TensorType kind = MHO_ONNX__TENSOR_TYPE__INIT;
    kind.has_elem_type = 1, kind.elem_type = MHO_ONNX_FLOAT, kind.shape = &shape;
    MhoOnnx__Type type = MHO_ONNX__TYPE__INIT;
    type.tensor_type = &kind;
    MhoOnnx__ValueInfo in = MHO_ONNX__VALUE_INFO__INIT, out[2] = {in, in};
    in.name = x, in.type = &type, out[0].name = y, out[1].name = z;
    MhoOnnx__ValueInfo *ins[] = {&in}, *outs[] = {&out[0], &out[1]};
    MhoOnnx__Graph graph = MHO_ONNX__GRAPH__INIT;
    graph.n_node = n_output, graph.node = nodes, graph.n_input = 1, graph.input = ins;
    graph.n_output = n_output, graph.output = outs;
    MhoOnnx__OperatorSet set = MHO_ONNX__OPERATOR_SET__INIT, *sets[] = {&set};
    set.has_version = 1, set.version = 17;
    MhoOnnx__Model model = MHO_ONNX__MODEL__INIT;
    model.graph = &graph, model.n_opset_import = 1, model.opset_import = sets;
    unsigned char bytes[1000];
    assert_true(mho_onnx__model__get_packed_size(&model) <= sizeof bytes);
    test_ok(ctx, mho_i_file_write(ctx, file, bytes, mho_onnx__model__pack(&model, bytes)));
}

static void networks_want_one_output_and_two_pictures(void **state) {
    mho_ctx *ctx = *state;
    char network[96], data[96];
    snprintf(network, sizeof network, "%s/net.onnx", dir);
    snprintf(data, sizeof data, "%s/data.npz", dir);
    static const double x[12] = {0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0};
    mho_npy_view v = {.name = "x", .n_dim = 4, .shape = {1, 1, 2, 2}, .data = x};
    mho_deploy_opt d = mho_deploy_opt_default();
    mho_deploy_result *out;
    d.network = network;
    d.data = data;
    save_network(ctx, 1, network);
    test_ok(ctx, mho_npz_save(ctx, data, 1, &v));
    test_refused(ctx, mho_deploy(ctx, &d, &out), MHO_ERR_ARG, data, "one picture",
                 "some for the test");
    v.shape[0] = 3;
    test_ok(ctx, mho_npz_save(ctx, data, 1, &v));
    save_network(ctx, 2, network);
    test_refused(ctx, mho_deploy(ctx, &d, &out), MHO_ERR_ARG, network, "1 inputs and 2 outputs",
                 "one of each");
    assert_null(out);
}

/* ---- photographs ---- */

static bool stop(void *user, const char *stage, double done_frac) {
    (void)user;
    (void)stage;
    (void)done_frac;
    return false;
}

static void a_neuron_must_rectify(void **state) {
    mho_ctx *ctx = *state;
    char photo[96];
    snprintf(photo, sizeof photo, "%s", file_with(ctx, "p.pgm", "P5 4 4 255\n0123456789abcdef"));
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    mho_image_result *r;
    opt.chip_file = file_with(ctx, "flat.yaml", "chip:\n  neuron:\n    r300: 38 ohm\n");
    test_refused(ctx, mho_image_run(ctx, photo, &opt, &r), MHO_ERR_ARG,
                 "its neuron does not rectify", "less than twice z = 0");
    assert_null(r);
    opt.chip_file = NULL;
    opt.kernels = file_with(ctx, "k.npy", "no array");
    test_refused(ctx, mho_image_run(ctx, photo, &opt, &r), MHO_ERR_FORMAT, path);
    static const double even[4] = {1, 2, 3, 4};
    const mho_npy_view kernel = {.name = "k", .n_dim = 2, .shape = {2, 2}, .data = even};
    test_ok(ctx, mho_npy_save(ctx, path, &kernel));
    test_refused(ctx, mho_image_run(ctx, photo, &opt, &r), MHO_ERR_DIM, path, "[2][2]", "k odd");
    opt.kernels = "sobel";
    mho_ctx_set_progress(ctx, stop, NULL);
    test_refused(ctx, mho_image_run(ctx, photo, &opt, &r), MHO_ERR_CANCELLED, "stopped");
    mho_ctx_set_progress(ctx, NULL, NULL);
    opt.gain = 1e9;
    test_refused(ctx, mho_image_run(ctx, photo, &opt, &r), MHO_ERR_ARG, "gain 1e+09", "0.1 to 100");
    opt.gain = 0;
    test_ok(ctx, mho_image_run(ctx, photo, &opt, &r));
    test_refused(ctx, mho_image_report_html(ctx, r, "/tmp/never.html"), MHO_ERR_ARG, photo,
                 "a report needs compare and keep_views");
    mho_image_result_free(r);
    opt.compare = opt.keep_views = true;
    test_ok(ctx, mho_image_run(ctx, photo, &opt, &r));
    test_refused(ctx, mho_image_report_html(ctx, r, "/nowhere/r.html"), MHO_ERR_IO,
                 "/nowhere/r.html");
    mho_image_result_free(r);
}

static void boundaries_must_fit_their_photograph(void **state) {
    mho_ctx *ctx = *state;
    char folder[64];
    snprintf(folder, sizeof folder, "%s/bsds", dir);
    test_ok(ctx, mho_i_mkdirs(ctx, folder));
    file_with(ctx, "bsds/7.png", "P5 4 4 255\n0123456789abcdef");
    file_with(ctx, "bsds/7-boundaries.png", "P5 8 2 255\n0123456789abcdef");
    mho_image_opt opt = MHO_IMAGE_OPT_INIT;
    mho_bsds_result *r;
    test_refused(ctx, mho_image_bsds(ctx, folder, &opt, &r), MHO_ERR_DIM, "7-boundaries.png",
                 "8 x 2 pixels", "its photograph has 4 x 4");
    file_with(ctx, "bsds/7.png", "P5 4001 4000 255\n");
    assert_int_equal(truncate(path, 17 + 4001 * 4000), 0);
    test_refused(ctx, mho_image_bsds(ctx, folder, &opt, &r), MHO_ERR_DIM, "7.png",
                 "4001 x 4000 pixels", "at most 16 megapixels");
    file_with(ctx, "bsds/7.png", "P5 1 20000 255\n");
    assert_int_equal(truncate(path, 15 + 20000), 0);
    test_refused(ctx, mho_image_bsds(ctx, folder, &opt, &r), MHO_ERR_DIM, "7.png",
                 "1 x 20000 pixels: a diagonal of 20000", "at most 13333");
    assert_null(r);
}

/* ---- sweeps ---- */

static mho_study *study(mho_ctx *ctx) {
    mho_study *s;
    file_with(ctx, "small.yaml",
              "chip:\n  array:\n    wire: 0 ohm\n  neuron:\n    share: per-column\n");
    test_ok(ctx, mho_study_load(ctx,
                                file_with(ctx, "study.yaml",
                                          "experiment: lenet5-mott\nchip: small.yaml\n"
                                          "train_images: 200\nepochs: 1\nimages: 20\nchips: 2\n"
                                          "imperfections: none\n"),
                                &s));
    return s;
}

static bool refuse_barrier(void *user) {
    (void)user;
    return false;
}

static bool refuse_ask(void *user, void *message, size_t n_byte) {
    (void)user;
    (void)message;
    (void)n_byte;
    return false;
}

static bool poll_nobody(void *user, int *from, void *message, size_t n_byte) {
    (void)user;
    (void)message;
    (void)n_byte;
    *from = -1;
    return true;
}

static bool pass_barrier(void *user) {
    (void)user;
    return true;
}

/* when the sums begin, the journal is gone */
static bool lose_journal(void *user, const char *stage, double done_frac) {
    (void)user;
    (void)done_frac;
    if (strcmp(stage, "adding up") == 0) {
        char journal[120];
        snprintf(journal, sizeof journal, "%s/lost/journal/rank-00000.journal", dir);
        unlink(journal);
    }
    return true;
}

static void sweeps_say_what_went_wrong(void **state) {
    mho_ctx *ctx = *state;
    mho_study *s = study(ctx);
    char out[96], inside[128];
    mho_sweep_opt opt = MHO_SWEEP_OPT_INIT;
    mho_sweep_result *r;
    test_refused(ctx, mho_study_set_chips(s, 0), MHO_ERR_ARG, "chips = 0: allowed are 1 to");
    opt.out_dir = out;
    mho_study *none;
    test_refused(ctx, mho_study_load(ctx, "/nowhere/s.yaml", &none), MHO_ERR_IO, "/nowhere/s.yaml");
    snprintf(out, sizeof out, "%s/good", dir);
    test_ok(ctx, mho_sweep_run(ctx, s, &opt, &r));
    test_refused(ctx, mho_sweep_tables_save(ctx, r, "/nowhere"), MHO_ERR_IO, "/nowhere/");
    mho_sweep_result_free(r);
    /* the lock is a folder */
    snprintf(out, sizeof out, "%s/one", dir);
    snprintf(inside, sizeof inside, "%s/lock", out);
    test_ok(ctx, mho_i_mkdirs(ctx, inside));
    test_refused(ctx, mho_sweep_run(ctx, s, &opt, &r), MHO_ERR_IO, inside, "cannot be written",
                 "Is a directory");
    /* the journal points nowhere */
    snprintf(out, sizeof out, "%s/two", dir);
    snprintf(inside, sizeof inside, "%s/journal", out);
    test_ok(ctx, mho_i_mkdirs(ctx, inside));
    snprintf(inside, sizeof inside, "%s/journal/rank-00000.journal", out);
    assert_int_equal(symlink("/nowhere/at/all", inside), 0);
    test_refused(ctx, mho_sweep_run(ctx, s, &opt, &r), MHO_ERR_IO, inside, "cannot be written",
                 "the same command goes on");
    /* the team breaks; the journal is lost on the way */
    mho_team team = {NULL, 0, 1, refuse_barrier, refuse_ask, poll_nobody, NULL};
    opt.team = &team;
    snprintf(out, sizeof out, "%s/three", dir);
    test_refused(ctx, mho_sweep_run(ctx, s, &opt, &r), MHO_ERR_IO, "the team of 1 ranks is broken");
    team.barrier = pass_barrier;
    mho_ctx_set_progress(ctx, lose_journal, NULL);
    snprintf(out, sizeof out, "%s/lost", dir);
    test_refused(ctx, mho_sweep_run(ctx, s, &opt, &r), MHO_ERR_IO, "lost/journal",
                 "2 chips are missing", "the same command makes them again");
    assert_null(r);
    mho_ctx_set_progress(ctx, NULL, NULL);
    /* a rank that cannot say how it went */
    team.rank = 1;
    mho_i_work work = {.ctx = ctx, .study = s, .team = &team, .train_only = true};
    test_refused(ctx, mho_i_work_run(&work), MHO_ERR_IO, "is broken");
    /* a network that nobody trained here */
    mho_i_sweep_data data = {0};
    test_ok(ctx, mho_i_sweep_data_test(ctx, s, &data));
    mho_net *net;
    test_refused(ctx, mho_i_sweep_net(ctx, s, &data, mho_study_base(s), out, &net), MHO_ERR_IO, out,
                 ".weights: is not there", "do all ranks see one directory?");
    mho_i_sweep_data_free(&data);
    mho_study_free(s);
}

static void journals_say_why_they_cannot_be_kept(void **state) {
    mho_ctx *ctx = *state;
    char folder[96];
    snprintf(folder, sizeof folder, "%s/journals", dir);
    mho_i_sweep_journal j;
    const mho_i_unit unit = {0};
    test_ok(ctx, mho_i_sweep_journal_open(&j, ctx, folder, 3));
    no_sync = true;
    test_refused(ctx, mho_i_sweep_journal_add(&j, &unit), MHO_ERR_IO, "rank-00003.journal",
                 "cannot be synced: Input/output error", "the same command goes on");
    test_refused(ctx, mho_i_sweep_journal_close(&j), MHO_ERR_IO, "cannot be synced");
    no_sync = false;
    test_ok(ctx, mho_i_sweep_journal_open(&j, ctx, folder, 3));
    close(j.fd);
    test_refused(ctx, mho_i_sweep_journal_close(&j), MHO_ERR_IO, "rank-00003.journal",
                 "cannot be written: Bad file descriptor");
}

/* ---- pictures and pages ---- */

static mho_curve *curve(mho_ctx *ctx) {
    const mho_ext_model *m;
    mho_card *card;
    mho_curve *c;
    mho_curve_options opt = mho_curve_options_default();
    test_ok(ctx, mho_model_find(ctx, "vo2-filament", &m));
    test_ok(ctx, mho_card_new(ctx, m, NULL, &card));
    test_ok(ctx, mho_curve_make(ctx, card, mho_curve_of(m, 0)->name, &opt, &c));
    mho_card_free(card);
    return c;
}

/* of a loop that the model made itself */
static mho_fit *loop_fit(mho_ctx *ctx) {
    enum { N = 80 };
    double t[N], r[N];
    int direction[N];
    mho_neuron_param p;
    mho_fit_vo2_opt opt = mho_fit_vo2_default();
    mho_fit *fit;
    test_ok(ctx, mho_neuron_card(ctx, "T", &p));
    p.mixing = opt.mixing;
    for (int k = 0; k < N; k++) {
        t[k] = k < N / 2 ? 370 - 1.8 * k : 370 - 1.8 * (N - 1 - k);
        direction[k] = k < N / 2 ? -1 : 1;
    }
    test_ok(ctx, mho_vo2_rt_path(ctx, &p, 1e-2, N, t, r, NULL, NULL));
    test_ok(ctx, mho_fit_vo2_points(ctx, "own", N, t, r, direction, &opt, &fit));
    return fit;
}

static mho_trace *trace(mho_ctx *ctx) {
    static const double t[2] = {0, 1e-6}, v[2] = {0, 1};
    const mho_waveform wave = {2, t, v};
    const mho_opto_param cell = mho_opto_card();
    const mho_opto_drive drive = {wave, wave, 1e-6, 0, 0};
    mho_opto_run run;
    mho_trace *got;
    test_ok(ctx, mho_opto_simulate(ctx, &cell, &drive, NULL, &run, &got));
    return got;
}

static void pictures_have_names_and_sizes(void **state) {
    mho_ctx *ctx = *state;
    mho_curve *c = curve(ctx);
    mho_trace *t = trace(ctx);
    const mho_fit fit = {0};
    mho_neuron_param p;
    char *text;
    test_ok(ctx, mho_neuron_card(ctx, "N", &p));
    test_refused(ctx, mho_curve_plot(ctx, c, "c.gif"), MHO_ERR_ARG, "c.gif", ".svg or .png");
    test_refused(ctx, mho_curve_plot(ctx, c, "/nowhere/c.svg"), MHO_ERR_IO, "/nowhere/c.svg");
    test_refused(ctx, mho_curve_sketch(ctx, c, 9, 20, &text), MHO_ERR_ARG, "9 x 20 letters",
                 "10 to 400 and 4 to 200");
    test_refused(ctx, mho_fit_plot(ctx, &fit, "f.jpg"), MHO_ERR_ARG, "f.jpg", ".svg or .png");
    test_refused(ctx, mho_vo2_forc_save(ctx, &p, 300, 370, 3, "f.txt"), MHO_ERR_ARG, "f.txt",
                 ".csv, .png or .svg");
    const size_t column[9] = {1, 2, 3, 4, 5, 6, 7, 1, 2}, beyond = 99;
    test_refused(ctx, mho_trace_plot_save(ctx, t, 1, column, "", "t.txt"), MHO_ERR_ARG, "t.txt",
                 ".svg or .png");
    test_refused(ctx, mho_trace_plot_save(ctx, t, 9, column, "", "t.svg"), MHO_ERR_DIM, "9 panels",
                 "1 to 8");
    test_refused(ctx, mho_trace_plot_save(ctx, t, 1, &beyond, "", "t.svg"), MHO_ERR_DIM,
                 "column 99: the trace has 1 to 7");
    test_refused(ctx, mho_trace_plot_save(ctx, t, 1, column, "", "/nowhere/t.svg"), MHO_ERR_IO,
                 "/nowhere/t.svg");
    mho_curve_free(c);
    mho_trace_free(t);
}

/* gnuplot is not there, and: a gnuplot that draws nothing */
static void without_gnuplot_there_are_no_pictures(void **state) {
    mho_ctx *ctx = *state;
    char *before = strdup(getenv("PATH")), *with = NULL;
    mho_curve *c = curve(ctx);
    mho_trace *t = trace(ctx);
    mho_fit *fit = loop_fit(ctx);
    const size_t column = 1;
    const double value[4] = {1, 2, 3, 4};
    const mho_map map = {2, 2, value, "V", "title", "voltage", "column", "row"};
    static const char text[] = "gnuplot is not installed";
    if (test_absent_programs()) {
        setenv("PATH", "/nowhere", 1);
        test_refused(ctx, mho_curve_plot(ctx, c, "c.svg"), MHO_ERR_DEPENDENCY, text);
        test_refused(ctx, mho_trace_plot_save(ctx, t, 1, &column, "", "t.svg"), MHO_ERR_DEPENDENCY,
                     text);
        test_refused(ctx, mho_map_save_png(ctx, &map, "m.png"), MHO_ERR_DEPENDENCY, text);
        test_refused(ctx, mho_fit_plot(ctx, fit, "f.svg"), MHO_ERR_DEPENDENCY, text);
        setenv("PATH", before, 1);
    }
    test_refused(ctx, mho_fit_report_html(ctx, fit, "/nowhere/f.html"), MHO_ERR_IO,
                 "/nowhere/f.html");
    mho_fit_free(ctx, fit);
    test_refused(ctx, mho_map_save_png(ctx, &map, "/nowhere/m.png"), MHO_ERR_IO, "/nowhere/m.png");
    chmod(file_with(ctx, "gnuplot", "#!/bin/sh\ncat >/dev/null\necho nothing\n"), 0700);
    assert_true(asprintf(&with, "%s:%s", dir, before) > 0);
    setenv("PATH", with, 1);
    mho_i_text script, page;
    mho_i_text_init(&script, ctx);
    mho_i_text_init(&page, ctx);
    mho_i_text_add(&script, "plot x\n");
    test_refused(ctx, mho_i_svg_add(ctx, &script, "x", "a straight line", &page), MHO_ERR_INTERNAL,
                 "a straight line", "no SVG picture");
    setenv("PATH", before, 1);
    mho_i_text_free(&script);
    mho_i_text_free(&page);
    mho_curve_free(c);
    mho_trace_free(t);
    free(before);
    free(with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(networks_want_one_output_and_two_pictures),
        cmocka_unit_test(a_neuron_must_rectify),
        cmocka_unit_test(boundaries_must_fit_their_photograph),
        cmocka_unit_test(sweeps_say_what_went_wrong),
        cmocka_unit_test(journals_say_why_they_cannot_be_kept),
        cmocka_unit_test(pictures_have_names_and_sizes),
        cmocka_unit_test(without_gnuplot_there_are_no_pictures),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
