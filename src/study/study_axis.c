/* study_axis.c - axes of a study and the points that they span. */
#include "sweep_int.h"

#include "chip/spec_int.h"

#include <math.h>
#include <string.h>

enum { MAX_LEVEL = 10000 };

/* A number of the axis' parameter, in its range. */
static mho_status read_number(mho_study *s, const mho_i_axis *a, mho_i_yaml *doc,
                              mho_i_yaml_node *key, mho_i_yaml_node *node, double *out) {
    const char *section, *text = mho_i_yaml_text(node);
    mho_param_info info = mho_chip_param_describe(&s->base, a->key.param, &section);
    char why[160], lo[40], hi[40];
    double x = 0;
    if (!mho_quantity_parse(text, info.unit, &x, why, sizeof why)) {
        return mho_i_yaml_fail(
            doc, node, key, "%s: %s; allowed are %s to %s", a->name, why,
            mho_i_chip_param_text(a->key.param, info.unit, info.min, 6, lo, sizeof lo),
            mho_i_chip_param_text(a->key.param, info.unit, info.max, 6, hi, sizeof hi));
    }
    mho_chip_spec scratch = s->base;
    if (mho_chip_param_set(s->ctx, &scratch, a->key.param, x) < 0) {
        snprintf(why, sizeof why, "%s", mho_ctx_last_error(s->ctx));
        return mho_i_yaml_fail(doc, node, key, "chip.%s", why);
    }
    *out = x;
    return MHO_OK;
}

static mho_status read_word(const mho_i_axis *a, mho_i_yaml *doc, mho_i_yaml_node *key,
                            mho_i_yaml_node *node, double *out) {
    const char *text = mho_i_yaml_text(node);
    char list[160] = "";
    for (size_t w = 0; a->key.word[w]; w++) {
        if (strcmp(a->key.word[w], text) == 0) {
            *out = (double)w;
            return MHO_OK;
        }
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", w ? ", " : "", a->key.word[w]);
    }
    return mho_i_yaml_fail(doc, node, key, "%s = \"%.60s\": allowed are %s", a->name, text, list);
}

static mho_status read_level(mho_study *s, const mho_i_axis *a, mho_i_yaml *doc,
                             mho_i_yaml_node *key, mho_i_yaml_node *node, double *out) {
    if (mho_i_yaml_kind_of(node) != MHO_YAML_SCALAR) {
        return mho_i_yaml_fail(doc, node, key, "%s: single values are wanted in its list", a->name);
    }
    return a->key.word ? read_word(a, doc, key, node, out) : read_number(s, a, doc, key, node, out);
}

static mho_status read_list(mho_study *s, mho_i_axis *a, mho_i_yaml *doc, mho_i_yaml_node *key,
                            mho_i_yaml_node *list) {
    void *at = NULL;
    mho_i_yaml_node *item;
    size_t n = 0;
    while (mho_i_yaml_item(list, &at, &item)) {
        n++;
    }
    if (n == 0 || n > MAX_LEVEL) {
        return mho_i_yaml_fail(doc, list, key, "%s: %zu values; allowed are 1 to %d", a->name, n,
                               MAX_LEVEL);
    }
    a->level = mho_i_alloc(s->ctx, n, sizeof *a->level);
    if (!a->level) {
        return MHO_ERR_NOMEM;
    }
    at = NULL;
    while (mho_i_yaml_item(list, &at, &item)) {
        double x = 0;
        mho_status status = read_level(s, a, doc, key, item, &x);
        for (size_t k = 0; status == MHO_OK && k < a->pub.n_level; k++) {
            if (a->level[k] == x) {
                status = mho_i_yaml_fail(doc, item, key, "%s: \"%.60s\" is there twice", a->name,
                                         mho_i_yaml_text(item));
            }
        }
        if (status < 0) {
            return status;
        }
        a->level[a->pub.n_level++] = x;
    }
    return MHO_OK;
}

static mho_status read_range_key(mho_study *s, mho_i_axis *a, mho_i_yaml *doc, mho_i_yaml_node *key,
                                 mho_i_yaml_node *value, unsigned *seen) {
    static const char *const names[] = {"from", "to", "steps", "scale"};
    const char *name = mho_i_yaml_text(key), *text = mho_i_yaml_text(value);
    unsigned k = 0;
    while (k < 4 && strcmp(name, names[k]) != 0) {
        k++;
    }
    if (k == 4) {
        return mho_i_yaml_fail(doc, key, NULL,
                               "%s.%.40s: not known; a range has from, to, steps and scale",
                               a->name, name);
    }
    if (*seen & 1u << k) {
        return mho_i_yaml_fail(doc, key, NULL, "%s.%s is there twice", a->name, name);
    }
    *seen |= 1u << k;
    if (k < 2) {
        return read_number(s, a, doc, key, value, k ? &a->pub.hi : &a->pub.lo);
    }
    if (k == 2) {
        double n = 0;
        char why[160];
        if (!mho_quantity_parse(text, "", &n, why, sizeof why) || n != floor(n) || n < 2 ||
            n > MAX_LEVEL) {
            return mho_i_yaml_fail(doc, value, key,
                                   "%s.steps = \"%.40s\": allowed are whole numbers from 2 to %d",
                                   a->name, text, MAX_LEVEL);
        }
        a->n_step = (size_t)n;
        return MHO_OK;
    }
    a->pub.log = strcmp(text, "log") == 0;
    if (!a->pub.log && strcmp(text, "linear") != 0) {
        return mho_i_yaml_fail(doc, value, key, "%s.scale = \"%.40s\": allowed are linear and log",
                               a->name, text);
    }
    return MHO_OK;
}

static mho_status read_range(mho_study *s, mho_i_axis *a, mho_i_yaml *doc, mho_i_yaml_node *key,
                             mho_i_yaml_node *range) {
    if (a->key.word) {
        return mho_i_yaml_fail(doc, range, key, "%s chooses among words: give it a list", a->name);
    }
    void *at = NULL;
    mho_i_yaml_node *k, *v;
    unsigned seen = 0;
    while (mho_i_yaml_next(range, &at, &k, &v)) {
        mho_status status = read_range_key(s, a, doc, k, v, &seen);
        if (status < 0) {
            return status;
        }
    }
    if ((seen & 3u) != 3u) {
        return mho_i_yaml_fail(doc, range, key, "%s: a range needs from and to", a->name);
    }
    if (!(a->pub.lo < a->pub.hi)) {
        return mho_i_yaml_fail(doc, range, key, "%s: from (%g) must be below to (%g)", a->name,
                               a->pub.lo, a->pub.hi);
    }
    if (a->pub.log && !(a->pub.lo > 0)) {
        return mho_i_yaml_fail(doc, range, key, "%s: scale log needs from above 0, not %g", a->name,
                               a->pub.lo);
    }
    return MHO_OK;
}

mho_status mho_i_study_axis_read(mho_study *s, mho_i_yaml *doc, mho_i_yaml_node *key,
                                 mho_i_yaml_node *value) {
    const char *name = mho_i_yaml_text(key);
    if (s->n_axis == MHO_I_MAX_AXIS) {
        return mho_i_yaml_fail(doc, key, NULL, "more than %d axes", MHO_I_MAX_AXIS);
    }
    mho_i_axis *a = &s->axis[s->n_axis];
    memset(a, 0, sizeof *a);
    if (mho_chip_key_find(s->ctx, &s->base, name, &a->key) < 0) {
        char why[400];
        snprintf(why, sizeof why, "%s", mho_ctx_last_error(s->ctx));
        return mho_i_yaml_fail(doc, key, NULL, "axes: %s", why);
    }
    snprintf(a->name, sizeof a->name, "%s", name);
    for (size_t k = 0; k < s->n_axis; k++) {
        if (strcmp(s->axis[k].name, a->name) == 0) {
            return mho_i_yaml_fail(doc, key, NULL, "axes: %s is there twice", a->name);
        }
    }
    s->n_axis++; /* from here on freed with the study */
    a->pub.help = a->key.help;
    a->pub.unit = "";
    if (!a->key.word) {
        const char *section;
        a->pub.unit = mho_chip_param_describe(&s->base, a->key.param, &section).unit;
        a->is_whole = mho_i_chip_param_is_whole(a->key.param);
        a->pub.share = mho_i_chip_param_is_share(a->key.param);
    }
    switch (mho_i_yaml_kind_of(value)) {
    case MHO_YAML_SEQUENCE:
        return read_list(s, a, doc, key, value);
    case MHO_YAML_MAPPING:
        return read_range(s, a, doc, key, value);
    default:
        return mho_i_yaml_fail(doc, value, key,
                               "%s: a list of values, or {from: A, to: B, steps: N}, is wanted",
                               a->name);
    }
}

/* ---- levels and points ---- */

static double between(const mho_i_axis *a, double u) {
    if (u <= 0 || u >= 1) { /* ends are exact */
        return u <= 0 ? a->pub.lo : a->pub.hi;
    }
    double x = a->pub.log ? a->pub.lo * exp(u * log(a->pub.hi / a->pub.lo))
                          : a->pub.lo + u * (a->pub.hi - a->pub.lo);
    x = a->is_whole ? nearbyint(x) : x;
    return x < a->pub.lo ? a->pub.lo : x > a->pub.hi ? a->pub.hi : x;
}

static mho_status range_levels(mho_study *s, mho_i_axis *a) {
    a->level = mho_i_alloc(s->ctx, a->n_step, sizeof *a->level);
    if (!a->level) {
        return MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < a->n_step; k++) {
        double x = between(a, (double)k / (double)(a->n_step - 1));
        if (k == 0 || x != a->level[a->pub.n_level - 1]) { /* rounded to the same whole number */
            a->level[a->pub.n_level++] = x;
        }
    }
    return MHO_OK;
}

/* What users of the study see of an axis, once its levels are there. */
static mho_status show_axis(mho_study *s, mho_i_axis *a) {
    a->pub.key = a->name;
    a->pub.level = a->level;
    if (a->key.word) { /* levels are numbered as they stand in the list */
        a->word = mho_i_alloc(s->ctx, a->pub.n_level, sizeof *a->word);
        if (!a->word) {
            return MHO_ERR_NOMEM;
        }
        for (size_t k = 0; k < a->pub.n_level; k++) {
            a->word[k] = a->key.word[(size_t)a->level[k]];
        }
        a->pub.word = a->word;
    }
    if (a->level) {
        double lo = a->level[0], hi = a->level[0];
        for (size_t k = 0; k < a->pub.n_level; k++) {
            lo = fmin(lo, a->level[k]);
            hi = fmax(hi, a->level[k]);
        }
        a->pub.lo = a->word ? 0 : lo;
        a->pub.hi = a->word ? (double)a->pub.n_level - 1 : hi;
        /* a list that spans decades is best looked at in decades */
        a->pub.log = a->pub.log || (!a->word && lo > 0 && hi >= 30 * lo);
    }
    return MHO_OK;
}

static mho_status make_levels(mho_study *s, mho_i_yaml *doc, mho_i_yaml_node **axis_key) {
    for (size_t k = 0; k < s->n_axis; k++) {
        mho_i_axis *a = &s->axis[k];
        mho_status status = MHO_OK;
        if (!a->level && s->sample == MHO_SAMPLE_GRID && !a->n_step) {
            return mho_i_yaml_fail(doc, axis_key[k], NULL,
                                   "%s: a range in a grid needs steps (or the study a sample)",
                                   a->name);
        }
        if (!a->level && s->sample != MHO_SAMPLE_GRID && a->n_step) {
            return mho_i_yaml_fail(doc, axis_key[k], NULL,
                                   "%s: steps are for grids; this study draws its points", a->name);
        }
        if (!a->level && a->n_step) {
            status = range_levels(s, a);
        }
        status = status < 0 ? status : show_axis(s, a);
        if (status < 0) {
            return status;
        }
    }
    return MHO_OK;
}

static mho_status count_points(mho_study *s, mho_i_yaml *doc, mho_i_yaml_node **axis_key) {
    s->n_point = s->sample == MHO_SAMPLE_GRID ? 1 : s->n_sample;
    for (size_t k = 0; k < s->n_axis && s->sample == MHO_SAMPLE_GRID; k++) {
        s->n_point *= s->axis[k].pub.n_level;
        if (s->n_point > MHO_I_MAX_POINT) {
            return mho_i_yaml_fail(doc, axis_key[k], NULL,
                                   "the axes to here span %zu points; allowed are %d", s->n_point,
                                   MHO_I_MAX_POINT);
        }
    }
    return MHO_OK;
}

static void grid_points(mho_study *s) {
    for (size_t p = 0; p < s->n_point; p++) {
        size_t rest = p;
        for (size_t k = s->n_axis; k-- > 0;) { /* the last axis runs fastest */
            const mho_i_axis *a = &s->axis[k];
            size_t at = rest % a->pub.n_level;
            rest /= a->pub.n_level;
            s->value[p * s->n_axis + k] = a->word ? (double)at : a->level[at];
        }
    }
}

static void drawn_points(mho_study *s) {
    if (s->sample == MHO_SAMPLE_RANDOM) {
        mho_i_sample_random(s->seed, s->n_point, s->n_axis, s->value);
    } else {
        mho_i_sample_halton(s->seed, s->n_point, s->n_axis, s->value);
    }
    for (size_t p = 0; p < s->n_point; p++) {
        for (size_t k = 0; k < s->n_axis; k++) {
            const mho_i_axis *a = &s->axis[k];
            double *x = &s->value[p * s->n_axis + k];
            size_t at = (size_t)(*x * (double)a->pub.n_level);
            *x = a->word ? (double)at : a->level ? a->level[at] : between(a, *x);
        }
    }
}

mho_status mho_i_study_points(mho_study *s, mho_i_yaml *doc, mho_i_yaml_node **axis_key) {
    mho_status status = make_levels(s, doc, axis_key);
    if (status == MHO_OK) {
        status = count_points(s, doc, axis_key);
    }
    if (status == MHO_OK) {
        s->value = mho_i_alloc(s->ctx, s->n_point * s->n_axis, sizeof *s->value);
        status = s->value ? MHO_OK : MHO_ERR_NOMEM;
    }
    if (status < 0) {
        return status;
    }
    if (s->sample == MHO_SAMPLE_GRID) {
        grid_points(s);
    } else {
        drawn_points(s);
    }
    mho_chip_spec spec;
    for (size_t p = 0; p < s->n_point && status == MHO_OK; p++) {
        status = mho_study_spec(s, p, &spec);
        if (status < 0) {
            char why[300];
            snprintf(why, sizeof why, "%s", mho_ctx_last_error(s->ctx));
            status = mho_i_yaml_fail(doc, axis_key[0], NULL, "axes: %s", why);
        }
    }
    return status;
}

mho_status mho_i_study_spec(mho_ctx *ctx, const mho_study *s, size_t point, mho_chip_spec *out) {
    if (point >= s->n_point) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "point %zu: the study has %zu", point, s->n_point);
    }
    mho_chip_spec spec = s->base;
    mho_status status = MHO_OK;
    /* words first: a card brings values that the numbers change */
    for (int numbers = 0; numbers < 2; numbers++) {
        for (size_t k = 0; k < s->n_axis && status == MHO_OK; k++) {
            const mho_i_axis *a = &s->axis[k];
            double x = s->value[point * s->n_axis + k];
            if (numbers && !a->word) {
                status = mho_chip_param_set(ctx, &spec, a->key.param, x);
            } else if (!numbers && a->word) {
                status = mho_chip_word_set(ctx, &spec, &a->key, (size_t)a->level[(size_t)x]);
            }
        }
    }
    if (status == MHO_OK) {
        status = mho_chip_spec_check(ctx, &spec);
    }
    if (status < 0) {
        return mho_i_prefix(ctx, status, "point %zu: ", point);
    }
    *out = spec;
    return MHO_OK;
}

mho_status mho_study_spec(const mho_study *s, size_t point, mho_chip_spec *out) {
    return mho_i_study_spec(s->ctx, s, point, out);
}

char *mho_sweep_axis_text(const mho_sweep_axis *a, double value, char *buf, size_t n_buf) {
    if (a->word) {
        snprintf(buf, n_buf, "%s", a->word[(size_t)value]);
    } else if (a->share) {
        snprintf(buf, n_buf, "%.3g %%", 100 * value);
    } else {
        mho_quantity_format(value, a->unit, 3, buf, n_buf);
    }
    return buf;
}
