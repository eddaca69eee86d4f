/* test_report.c - the page and the JSON object of a run, made from a result that was made up (but
 * with real transfer curves): complete, well-formed, self-contained, no number that is not one.
 * MHO_REPORT_OUT=file.html keeps the page for looking at. */
#include "test.h"

#include "report/report_int.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/mho-test-XXXXXX";
static char page_path[64];

typedef struct fake {
    mho_run_result r;
    double chip[20];
    mho_budget_row budget[9];
    size_t confusion[100];
    double drop[128 * 100];
    uint8_t pixels[24][28 * 28];
} fake;

static double normal(uint32_t device, uint32_t k) {
    double z[64];
    mho_i_rng_normal(3, MHO_RNG_TEST, device, 0, k % 64 + 1, z);
    return z[k % 64];
}

static void fake_accuracy(fake *f) {
    static const double loss[9] = {0.0002, 0.0011, 0.0004, 0.0007, 0.0001,
                                   0.0003, 0.0009, 0.0024, 0.0006};
    static const char *const name[9] = {"levels",     "programming",   "read noise",
                                        "wires",      "input DAC",     "amplifier",
                                        "row driver", "neuron spread", "neuron jitter"};
    mho_run_result *r = &f->r;
    r->data_name = "MNIST (IDX files in \"/data/<a & b>\")";
    r->seed = 1;
    r->n_train = 60000;
    r->n_image = 10000;
    r->software_accuracy = 0.9921;
    r->curve_accuracy = 0.9917;
    r->ideal_accuracy = 0.9915;
    r->n_chip = 20;
    r->chip_accuracy = f->chip;
    r->sd = 0.0006;
    for (uint32_t k = 0; k < 20; k++) {
        f->chip[k] = 0.9878 + r->sd * normal(1, k);
        r->mean += f->chip[k] / 20;
    }
    r->ci95[0] = r->mean - 0.00028;
    r->ci95[1] = r->mean + 0.00028;
    r->n_budget = 9;
    r->n_budget_chip = 5;
    r->budget = f->budget;
    for (int k = 0; k < 9; k++) {
        f->budget[k] = (mho_budget_row){name[k],          "what it is in a few words",
                                        0.9915 - loss[k], r->mean + 0.6 * loss[k],
                                        0.0003,           0.0005};
    }
    r->no_trim_accuracy = 0.8712;
    r->no_compensate_accuracy = 0.9840;
    r->published_accuracy = 0.9838;
    r->published_source = "Oh et al., Nature Nanotechnology 16, 680 (2021)";
}

static void fake_cost(mho_chip_cost *c) {
    *c = (mho_chip_cost){.energy_J = {2.31e-8,
                                      7,
                                      {{"input DAC", 5.1e-10},
                                       {"row drivers", 3.2e-9},
                                       {"arrays", 1.7e-9},
                                       {"amplifiers", 4.2e-9},
                                       {"heaters", 1.29e-8},
                                       {"films", 4.5e-10},
                                       {"winner", 1e-12}}},
                         .latency_s = {7.3e-6,
                                       4,
                                       {{"reset", 2.9e-6},
                                        {"settling", 2.9e-6},
                                        {"reading", 1.48e-6},
                                        {"winner", 2e-8}}},
                         .area_m2 = {3.4e-7,
                                     5,
                                     {{"arrays", 1.1e-8},
                                      {"neurons", 1.9e-9},
                                      {"amplifiers", 2.1e-7},
                                      {"row drivers", 1.1e-7},
                                      {"trim DACs", 7.4e-9}}},
                         .neuron_energy_J = 2.01e-12,
                         .neuron_area_m2 = 2.025e-11,
                         .pipelined_s = 3.5e-7,
                         .n_activation = 6508};
}

static void fake_neuron(mho_ctx *ctx, mho_run_result *r) {
    test_ok(ctx, mho_chip_spec_default(ctx, &r->spec));
    test_ok(ctx, mho_neuron_design_relu(ctx, &r->spec.neuron, 1, 1.6, &r->neuron));
    const mho_neuron_circuit *c = &r->neuron.circuit;
    mho_neuron_device none = {0}, some[12];
    mho_neuron_sample(&r->spec.neuron, 7, 0, 12, some);
    r->z_min = -1;
    r->z_max = 1.6;
    r->n_curve = 12;
    double full;
    test_ok(ctx, mho_neuron_output(ctx, &r->spec.neuron, c, &none, c->v_bias_V + c->v_swing_V,
                                   &full, NULL));
    for (int k = 0; k < MHO_RUN_N_POINT; k++) {
        double z = -1 + 2.6 * k / (MHO_RUN_N_POINT - 1), v, in = c->v_bias_V + z * c->v_swing_V;
        test_ok(ctx, mho_neuron_output(ctx, &r->spec.neuron, c, &none, in, &v, NULL));
        r->nominal[k] = (float)(v / full);
        for (size_t d = 0; d < r->n_curve && k % 2 == 0; d++) {
            test_ok(ctx, mho_neuron_output(ctx, &r->spec.neuron, c, &some[d], in, &v, NULL));
            r->curve[d][k] = (float)(v / full);
        }
    }
}

static void fake_pictures(fake *f) {
    mho_run_result *r = &f->r;
    r->n_row = r->n_col = 28;
    r->n_class = 10;
    r->confusion = f->confusion;
    for (uint32_t k = 0; k < 100; k++) {
        f->confusion[k] = k % 11 == 0 ? 19640 + k : (size_t)fmax(0, 30 * normal(2, k % 64) - 10);
    }
    r->n_miss = 24;
    for (size_t m = 0; m < r->n_miss; m++) {
        r->miss[m] =
            (mho_run_miss){m * 391, (uint8_t)(m % 10), (uint8_t)(m * 7 % 10), f->pixels[m]};
        for (int p = 0; p < 28 * 28; p++) {
            double x = p % 28 - 13.5, y = p / 28 - 13.5,
                   e = hypot(x * 1.4, y) - 8 - (double)(m % 3);
            f->pixels[m][p] = (uint8_t)(255 * exp(-e * e / 3));
        }
    }
    r->tile_rows = 128;
    r->tile_cols = 100;
    r->tile_drop_rel = f->drop;
    for (size_t k = 0; k < r->tile_rows * r->tile_cols; k++) {
        double row = (double)(k / r->tile_cols), col = (double)(k % r->tile_cols);
        f->drop[k] = k == 5 ? (double)NAN
                            : 0.01 + 3e-4 * col + 2e-4 * (128 - row) +
                                  2e-3 * fabs(normal(4, (uint32_t)(k * 7) % 64));
    }
}

static fake *fake_new(mho_ctx *ctx) {
    fake *f = calloc(1, sizeof *f);
    assert_non_null(f);
    mho_run_result *r = &f->r;
    fake_accuracy(f);
    fake_cost(&r->cost);
    fake_neuron(ctx, r);
    fake_pictures(f);
    r->program = (mho_program_report){
        14, 88000, 6508, 3, {88000, 211000, 0.0298, 3.1e-10, 0.0211}, 0.21, 0.13, 0.4};
    r->verified = true;
    r->verify =
        (mho_chip_verify){8, 52064, 52064, 3.4e-11, 4.1e-5, 2.2e-15, 8, 52064, 0.031, 0.0069};
    r->train_opt = mho_train_opt_mnist();
    r->train = (mho_train_result){false, 0, 12, 0.0412, 412};
    r->train_s = 412.3;
    r->program_s = 0.41;
    r->evaluate_s = 1.27;
    r->budget_s = 151.2;
    r->verify_s = 21.4;
    r->total_s = 640;
    return f;
}

static char *page_of(mho_ctx *ctx, const mho_run_result *r) {
    test_ok(ctx, mho_run_report_html(ctx, r, page_path));
    unsigned char *data;
    size_t n;
    test_ok(ctx, mho_i_file_read(ctx, page_path, 32 << 20, &data, &n));
    return (char *)data;
}

/* ---- is it well-formed? ---- */

static bool is_void(const char *name) {
    return strcmp(name, "meta") == 0 || strcmp(name, "br") == 0 || strcmp(name, "img") == 0;
}

/* Every element that opens closes, in order; returns the number of elements. */
static int check_tags(const char *page) {
    static char stack[64][16];
    int depth = 0, n = 0;
    for (const char *p = strchr(page, '<'); p; p = strchr(p + 1, '<')) {
        const char *end = strchr(p, '>');
        assert_non_null(end);
        if (p[1] == '!') {
            continue;
        }
        char name[16];
        size_t len = strcspn(p + 1 + (p[1] == '/'), " >/\n\t");
        assert_true(len > 0 && len < sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)len, p + 1 + (p[1] == '/'));
        if (p[1] == '/') {
            assert_true(depth > 0);
            if (strcmp(stack[--depth], name) != 0) {
                fail_msg("</%s> closes <%s>: %.60s", name, stack[depth], p - 20);
            }
        } else if (end[-1] != '/' && !is_void(name)) {
            assert_true(depth < 64);
            strcpy(stack[depth++], name);
            n++;
        }
    }
    assert_int_equal(depth, 0);
    return n;
}

/* Attributes id="..." must be unique. */
static void check_ids(const char *page) {
    static char ids[512][48];
    int n = 0;
    for (const char *p = strstr(page, " id="); p; p = strstr(p + 1, " id=")) {
        size_t len = strcspn(p + 5, "\"'");
        assert_true(len < 48 && n < 512);
        snprintf(ids[n], 48, "%.*s", (int)len, p + 5);
        for (int k = 0; k < n; k++) {
            if (strcmp(ids[k], ids[n]) == 0) {
                fail_msg("id %s twice", ids[n]);
            }
        }
        n++;
    }
    assert_true(n > 10);
}

/* The text that a reader sees, without tags, style and data. */
static char *visible(const char *page) {
    char *out = malloc(strlen(page) + 1), *q = out;
    const char *p = strstr(page, "</style>");
    for (bool in_tag = false; *p; p++) {
        in_tag = *p == '<' || (in_tag && p[-1] != '>');
        if (!in_tag) {
            *q++ = *p;
        }
    }
    *q = 0;
    return out;
}

/* A number that is none: "nan" and "inf" as words of their own, "1e-07" as C prints it. */
static void check_numbers(const char *text) {
    static const char *const words[] = {"nan", "-nan", "NaN", "inf", "-inf"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        for (const char *p = strstr(text, words[k]); p; p = strstr(p + 1, words[k])) {
            if (!isalpha((unsigned char)p[-1]) && !isalpha((unsigned char)p[strlen(words[k])])) {
                fail_msg("%.60s", p - 20);
            }
        }
    }
    for (const char *p = strstr(text, "e-"); p; p = strstr(p + 1, "e-")) {
        assert_false(isdigit((unsigned char)p[-1]) && isdigit((unsigned char)p[2]));
    }
    for (const char *p = strstr(text, "e+"); p; p = strstr(p + 1, "e+")) {
        assert_false(isdigit((unsigned char)p[-1]));
    }
}

static void the_page_is_whole(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    fake *f = fake_new(ctx);
    char *page = page_of(ctx, &f->r);
    assert_true(check_tags(page) > 500);
    check_ids(page);
    static const char *const sections[] = {
        "id=\"accuracy\"", "id=\"budget\"",    "id=\"cost\"",   "id=\"neuron\"",
        "id=\"arrays\"",   "id=\"confusion\"", "id=\"misses\"", "id=\"verification\"",
        "id=\"time\"",     "id=\"training\"",  "id=\"sources\""};
    const char *at = page;
    for (size_t k = 0; k < sizeof sections / sizeof *sections; k++) {
        at = strstr(at, sections[k]);
        assert_non_null(at);
    }
    /* nothing is loaded from outside */
    for (const char *p = strstr(page, "src="); p; p = strstr(p + 1, "src=")) {
        assert_int_equal(strncmp(p, "src=\"data:image/png;base64,", 27), 0);
    }
    for (const char *p = strstr(page, "href="); p; p = strstr(p + 1, "href=")) {
        assert_true(p[6] == '#' || strncmp(p + 6, "data:", 5) == 0);
    }
    assert_null(strstr(page, "url("));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "@import"));
    /* the text of the user is escaped */
    assert_null(strstr(page, "<a & b>"));
    assert_non_null(strstr(page, "&lt;a &amp; b&gt;"));
    char *text = visible(page);
    check_numbers(text);
    assert_non_null(strstr(text, "98.38"));
    assert_non_null(strstr(text, "35"));
    free(text);
    const char *keep = getenv("MHO_REPORT_OUT");
    if (keep) {
        test_ok(ctx, mho_i_file_write(ctx, keep, page, strlen(page)));
    }
    mho_i_free(ctx, page);
    free(f);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void a_poor_result_makes_a_page_too(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    fake *f = fake_new(ctx);
    mho_run_result *r = &f->r;
    r->data_name = "mho digits";
    r->n_chip = 1;
    r->sd = r->no_trim_accuracy = NAN;
    r->n_budget = r->n_budget_chip = 0;
    r->budget = NULL;
    r->verified = false;
    r->n_miss = 0;
    r->n_curve = 0;
    r->tile_drop_rel = NULL;
    r->tile_rows = r->tile_cols = 0;
    r->cost.energy_J.total = NAN;
    r->program.write.cells = 0;
    char *page = page_of(ctx, r);
    check_tags(page);
    char *text = visible(page);
    check_numbers(text);
    assert_non_null(strstr(text, "cannot be compared with this run"));
    free(text);
    mho_i_free(ctx, page);
    free(f);
    mho_ctx_free(ctx);
}

static void a_page_that_cannot_be_written_leaves_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    fake *f = fake_new(ctx);
    assert_int_equal(mho_run_report_html(ctx, &f->r, "/nowhere/x.html"), MHO_ERR_IO);
    assert_int_equal(mho_run_report_ready(ctx, "/nowhere/x.html"), MHO_ERR_IO);
    test_ok(ctx, mho_run_report_ready(ctx, page_path));
    /* without gnuplot: said so before and after, and the old page stays */
    test_ok(ctx, mho_i_file_write(ctx, page_path, "old", 3));
    if (test_absent_programs()) {
        char *path = strdup(getenv("PATH"));
        setenv("PATH", dir, 1);
        assert_int_equal(mho_run_report_ready(ctx, page_path), MHO_ERR_DEPENDENCY);
        assert_non_null(strstr(mho_ctx_last_error(ctx), "gnuplot"));
        assert_int_equal(mho_run_report_html(ctx, &f->r, page_path), MHO_ERR_DEPENDENCY);
        setenv("PATH", path, 1);
        free(path);
    }
    unsigned char *data;
    size_t n;
    test_ok(ctx, mho_i_file_read(ctx, page_path, 100, &data, &n));
    assert_string_equal((char *)data, "old");
    mho_i_free(ctx, data);
    for (size_t k = 1; k < 400; k += 13) {
        mho_ctx_fail_alloc(ctx, k);
        mho_status status = mho_run_report_html(ctx, &f->r, page_path);
        mho_ctx_fail_alloc(ctx, 0);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
        if (status == MHO_OK) {
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
    }
    free(f);
    mho_ctx_free(ctx);
}

/* ---- JSON ---- */

static json_t *look(json_t *o, const char *path) {
    char part[64];
    while (*path) {
        size_t n = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)n, path);
        o = json_object_get(o, part);
        if (!o) {
            fail_msg("no key %s", part);
        }
        path += n + (path[n] == '.');
    }
    return o;
}

static void the_json_has_its_keys(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    fake *f = fake_new(ctx);
    char *text;
    test_ok(ctx, mho_run_report_json(ctx, &f->r, &text));
    json_error_t e;
    json_t *o = json_loads(text, 0, &e);
    assert_non_null(o);
    static const char *const reals[] = {"software.accuracy",
                                        "ideal_chip.accuracy",
                                        "hardware.accuracy.mean",
                                        "cost.energy_J.total",
                                        "cost.latency_s.total",
                                        "cost.area_m2.total",
                                        "cost.energy_J.parts.heaters",
                                        "neuron.energy_J",
                                        "neuron.relu_error",
                                        "seconds.train",
                                        "seconds.program",
                                        "seconds.evaluate",
                                        "verify.max_rel_error",
                                        "verify.array_rel_error",
                                        "verify.neuron_error",
                                        "published.accuracy"};
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++) {
        assert_true(json_is_real(look(o, reals[k])));
    }
    test_close(json_real_value(look(o, "published.accuracy")), 0.9838, 0, 0);
    test_close(json_real_value(look(o, "verify.max_rel_error")), 4.1e-5, 0, 1e-14);
    assert_int_equal(json_array_size(look(o, "hardware.accuracy.ci95")), 2);
    assert_int_equal(json_integer_value(look(o, "hardware.chips")), 20);
    assert_int_equal(json_integer_value(look(o, "images")), 10000);
    assert_int_equal(json_integer_value(look(o, "seed")), 1);
    assert_string_equal(json_string_value(look(o, "version")), mho_version());
    assert_non_null(json_string_value(look(o, "published.source")));
    json_t *row = json_array_get(look(o, "loss_budget"), 7);
    assert_string_equal(json_string_value(look(row, "name")), "neuron spread");
    assert_true(json_is_real(look(row, "only")) && json_is_real(look(row, "all_but")));
    json_decref(o);
    mho_text_free(ctx, text);
    /* what is not known is null; a seed that JSON's numbers cannot hold is a text */
    f->r.verified = false;
    f->r.sd = NAN;
    f->r.seed = UINT64_MAX;
    test_ok(ctx, mho_run_report_json(ctx, &f->r, &text));
    o = json_loads(text, 0, &e);
    assert_true(json_is_null(look(o, "verify.max_rel_error")));
    assert_true(json_is_null(look(o, "hardware.accuracy.sd")));
    assert_string_equal(json_string_value(look(o, "seed")), "18446744073709551615");
    json_decref(o);
    mho_text_free(ctx, text);
    free(f);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void alternatives_are_complete(void **state) {
    (void)state;
    assert_true(mho_alternative_count() >= 8);
    for (size_t k = 0; k < mho_alternative_count(); k++) {
        mho_alternative a = mho_alternative_get(k);
        assert_true(*a.name && *a.source && *a.note);
        assert_true(isnan(a.energy_J) || (a.energy_J > 1e-15 && a.energy_J < 1e-9));
    }
    test_close(mho_alternative_get(0).energy_J, 1.75e-12, 0, 1e-12);
    test_close(mho_alternative_get(0).area_m2, 1265e-12, 0, 1e-12);
}

static int make_dir(void **state) {
    (void)state;
    bool ok = mkdtemp(dir) != NULL;
    snprintf(page_path, sizeof page_path, "%s/page.html", dir);
    return ok ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    unlink(page_path);
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_whole),
        cmocka_unit_test(a_poor_result_makes_a_page_too),
        cmocka_unit_test(a_page_that_cannot_be_written_leaves_nothing),
        cmocka_unit_test(the_json_has_its_keys),
        cmocka_unit_test(alternatives_are_complete),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
