/* test_csv.c - tables as instruments write them: delimiters, names, units, decimal commas, every
 * kind of damage named with its place, every allocation failing, every byte changed. */
#include "test.h"

#include <stdlib.h>

#include "io/io_int.h"

static mho_i_csv *parse(mho_ctx *ctx, const char *text) {
    mho_i_csv *csv;
    test_ok(ctx, mho_i_csv_parse(ctx, "f.csv", text, strlen(text), &csv));
    return csv;
}

static void one_table(const char *text, const char *name0, const char *unit0, const char *name1,
                      const char *unit1) {
    mho_ctx *ctx = test_ctx();
    mho_i_csv *c = parse(ctx, text);
    if (c->n_col != 2 || c->n_row != 3 || strcmp(c->column[0].name, name0) != 0 ||
        strcmp(c->column[0].unit, unit0) != 0 || strcmp(c->column[1].name, name1) != 0 ||
        strcmp(c->column[1].unit, unit1) != 0) {
        print_error("%s\n-> %zu x %zu, %s in %s, %s in %s\n", text, c->n_row, c->n_col,
                    c->column[0].name, c->column[0].unit, c->column[1].name, c->column[1].unit);
        fail();
    }
    const double want[3][2] = {{300.25, 4000}, {-301.5, 3900.5}, {302, 0.0381}};
    for (size_t r = 0; r < 3; r++) {
        for (size_t k = 0; k < 2; k++) {
            test_close(c->column[k].value[r], want[r][k], 0, 0);
        }
    }
    mho_i_csv_free(c);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void tables_in_all_dialects_are_the_same(void **state) {
    (void)state;
    one_table("T,R\n300.25,4000\n-301.5,3900.5\n302,3.81e-2\n", "T", "", "R", "");
    one_table("300.25,4000\n-301.5,3900.5\n302,3.81D-2", "", "", "", "");
    one_table(
        "\xef\xbb\xbftemperature_K,resistance_ohm\r\n300.25,4000\r\n-301.5,3900.5\r\n302,.0381"
        "\r\n",
        "temperature", "K", "resistance", "ohm");
    one_table("Temperature (K);R [kOhm]\n300,25;4000\n-301,5;3900,5\n302;3,81e-2\n", "Temperature",
              "K", "R", "kohm");
    one_table("T (\xc2\xb0"
              "C)\tR / \xce\xa9\r300,25\t4000\r-301,5\t3,9005E3\r302\t0,0381\r",
              "T", "degC", "R", "ohm");
    one_table(
        "# cooled slowly\n# T(K) R(Ohm)\n\n 300.25   4000 \n  -301.5 3900.5\n# pause\n302\t0.0381"
        "\n",
        "T", "K", "R", "ohm");
    one_table("Keithley 2400\nsample 7\n\"T, cold \"\"finger\"\"\",\"R\"\nK,MOhm\n"
              "\"300.25\",4000,\n-301.5, 3900.5,\n302 ,0.0381\n",
              "T, cold \"finger\"", "K", "R", "Mohm");
    one_table("Temperature (K)  Resistance (Ohm)\n300.25 4000\n-301.5 3900.5\n302 0.0381\n",
              "Temperature", "K", "Resistance", "ohm");
}

static void gaps_and_words_are_columns_too(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_csv *c =
        parse(ctx, "branch,T sample,R_kohm\nup,300,1\nup,,NaN\n\"down, fast\",302,n/a\n");
    assert_int_equal(c->n_row, 3);
    assert_null(c->column[0].value);
    assert_string_equal(c->column[0].text[2], "down, fast");
    assert_int_equal(c->column[1].n_missing, 1);
    assert_int_equal(c->column[2].n_missing, 2);
    assert_true(isnan(c->column[1].value[1]));
    assert_int_equal(c->line[2], 4);
    assert_int_equal(mho_i_csv_find(c, "t_SAMPLE"), 1);
    assert_int_equal(mho_i_csv_find(c, "R_kohm"), 2);
    assert_int_equal(mho_i_csv_find(c, "3"), 2);
    assert_int_equal(mho_i_csv_find(c, "4"), 3);
    const char *const names[] = {"temperature", "tsample", NULL};
    assert_int_equal(mho_i_csv_find_any(c, names), 1);
    test_ok(ctx, mho_i_csv_to_si(c, 2, "ohm"));
    test_close(c->column[2].value[0], 1000, 0, 0);
    assert_int_equal(mho_i_csv_to_si(c, 0, "ohm"), MHO_ERR_FORMAT);
    mho_i_csv_free(c);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void refused(const char *text, size_t n, const char *message) {
    mho_ctx *ctx = test_ctx();
    mho_i_csv *c;
    if (mho_i_csv_parse(ctx, "f.csv", text, n, &c) != MHO_ERR_FORMAT) {
        print_error("not refused: %s\n", text);
        fail();
    }
    assert_null(c);
    assert_string_equal(mho_ctx_last_error(ctx), message);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void damage_is_named_with_its_place(void **state) {
    (void)state;
#define REFUSED(text, message) refused(text, sizeof(text) - 1, message)
    REFUSED("T,R\n300,4000\n301,39o0\n", "f.csv:3:5: \"39o0\" is not a number (column R)");
    REFUSED("T,R\n300,4000\n301,1.2.3\n", "f.csv:3:5: \"1.2.3\" is not a number (column R)");
    REFUSED("300,4000\n301\n", "f.csv:2: 1 cell, but 2 in line 1, where the data begin");
    REFUSED(
        "T,R\n300,4000\n300,5,3999,5\n",
        "f.csv:3: 4 cells, but 2 in line 2, where the data begin (decimal commas? then separate "
        "cells by semicolons)");
    REFUSED("T;R\n300,5;4000\n301.5;3900\n",
            "f.csv:3:1: \"301.5\" has a decimal point, but line 2 a decimal comma");
    REFUSED("T;R\n300;1.234,5\n",
            "f.csv:2:5: \"1.234,5\" has a comma and a point: write numbers without separators of "
            "thousands");
    REFUSED("", "f.csv: no line of numbers at its end; cells are separated by commas, semicolons, "
                "tabs or blanks");
    REFUSED("PNG and so on\n",
            "f.csv: no line of numbers at its end; cells are separated by commas, "
            "semicolons, tabs or blanks");
    REFUSED("\tcd\"\"22\t\t.5\n200", "f.csv: no line of numbers was found"); /* found by fuzzing */
    REFUSED("T,R\n300,4\0 00\n", "f.csv:2:6: a zero byte; a text file is wanted");
    REFUSED("\xff\xfeT\0", "f.csv: is UTF-16 text; save it as UTF-8");
    REFUSED("T,R\n300,4000\n\"301,3900\n",
            "f.csv:3:1: the quoted cell that begins here does not end properly");
    REFUSED("T,R\n300,4000\n301,inf\n", "f.csv:3:5: \"inf\" is not a number (column R)");
    REFUSED("T,R\n300,4000\n301,1e999\n", "f.csv:3:5: \"1e999\" is not a number (column R)");
#undef REFUSED
}

/* As many columns as there may be, in three lines; the middle one has `more` cells more and a
 * delimiter at its end. */
static size_t widest(char *text, int more) {
    enum { MOST = 4096 };
    char *to = text;
    for (int line = 0; line < 3; line++) {
        for (int k = 0; k < MOST + (line == 1 ? more : 0); k++) {
            *to++ = '1';
            *to++ = ',';
        }
        to -= line != 1;
        *to++ = '\n';
    }
    return (size_t)(to - text);
}

/* The empty cell behind the last delimiter was one too many (found by fuzzing). */
static void the_widest_table(void **state) {
    (void)state;
    static char text[3 * 2 * 5000];
    mho_ctx *ctx = test_ctx();
    mho_i_csv *c = NULL;
    test_ok(ctx, mho_i_csv_parse(ctx, "f.csv", text, widest(text, 0), &c));
    assert_int_equal(c->n_col, 4096);
    assert_int_equal(c->n_row, 3);
    mho_i_csv_free(c);
    refused(text, widest(text, 1),
            "f.csv:2: more than 4097 cells, but 4096 in line 1, where the data begin");
    mho_ctx_free(ctx);
}

static const char rich[] = "# x\nname;T (K);R [kOhm]\nup;300,5;\"1\"\ndown;;NaN\n#\nup;1e3;2;\n";

static void every_failed_allocation_leaves_nothing(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    for (size_t n = 1;; n++) {
        mho_i_csv *c;
        mho_ctx_fail_alloc(ctx, n);
        mho_status status = mho_i_csv_parse(ctx, "f.csv", rich, sizeof rich - 1, &c);
        mho_ctx_fail_alloc(ctx, 0);
        if (status == MHO_OK) {
            assert_true(n > 8);
            mho_i_csv_free(c);
            break;
        }
        assert_int_equal(status, MHO_ERR_NOMEM);
        assert_int_equal(mho_ctx_bytes(ctx), 0);
    }
    mho_ctx_free(ctx);
}

/* Whatever stands there: an answer, no crash, little memory. */
static void any_byte_may_be_anything(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    char bytes[sizeof rich];
    for (size_t k = 0; k < sizeof rich - 1; k++) {
        for (int b = 0; b < 256; b += 1) {
            mho_i_csv *c;
            memcpy(bytes, rich, sizeof rich);
            bytes[k] = (char)b;
            mho_status status = mho_i_csv_parse(ctx, "f.csv", bytes, sizeof rich - 1, &c);
            assert_true(status == MHO_OK || status == MHO_ERR_FORMAT);
            mho_i_csv_free(status == MHO_OK ? c : NULL);
        }
    }
    for (size_t n = 0; n < sizeof rich; n++) { /* cut short */
        mho_i_csv *c;
        mho_i_csv_free(mho_i_csv_parse(ctx, "f.csv", rich, n, &c) == MHO_OK ? c : NULL);
    }
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

static void memory_is_bounded_by_the_file(void **state) {
    (void)state;
    mho_ctx *ctx = test_ctx();
    mho_i_text t;
    mho_i_text_init(&t, ctx);
    for (int k = 0; k < 4000; k++) { /* a wide first row, then lines that are too short */
        mho_i_text_put(&t, k ? ",1" : "1", k ? 2 : 1);
    }
    for (int k = 0; k < 400000; k++) {
        mho_i_text_put(&t, "\n1,2", 4);
    }
    mho_i_csv *c;
    assert_int_equal(mho_i_csv_parse(ctx, "f.csv", t.data, t.len, &c), MHO_ERR_FORMAT);
    assert_true(mho_ctx_peak_bytes(ctx) < 20 * t.len);
    mho_i_text_free(&t);
    assert_int_equal(mho_ctx_bytes(ctx), 0);
    mho_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_in_all_dialects_are_the_same),
        cmocka_unit_test(gaps_and_words_are_columns_too),
        cmocka_unit_test(damage_is_named_with_its_place),
        cmocka_unit_test(the_widest_table),
        cmocka_unit_test(every_failed_allocation_leaves_nothing),
        cmocka_unit_test(any_byte_may_be_anything),
        cmocka_unit_test(memory_is_bounded_by_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
