/* study_file.c - the YAML file of a study (docs/sweep.md). Every complaint names file, line,
 * column, key, value and what is allowed. */
#include "sweep_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTE = 1024 * 1024, MAX_CHIP = 1000000 };

typedef struct reader {
    mho_study *s;
    mho_i_yaml *doc;
    mho_i_yaml_node *axes, *axes_key, *axis_key[MHO_I_MAX_AXIS];
    bool has_experiment;
} reader;

typedef mho_status (*key_reader)(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value);

/* ---- single values ---- */

static mho_status read_count(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value, double least,
                             double most, double *out) {
    double x = 0;
    char why[160];
    const char *text = mho_i_yaml_text(value);
    if (!mho_quantity_parse(text, "", &x, why, sizeof why) || x != floor(x) || x < least ||
        x > most) {
        return mho_i_yaml_fail(r->doc, value, key,
                               "%s = \"%.60s\": allowed are whole numbers from %.0f to %.0f",
                               mho_i_yaml_text(key), text, least, most);
    }
    *out = x;
    return MHO_OK;
}

static mho_status read_size(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value, double most,
                            size_t *out) {
    double x = 0;
    mho_status status = read_count(r, key, value, 1, most, &x);
    *out = status == MHO_OK ? (size_t)x : *out;
    return status;
}

static mho_status read_chips(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    return read_size(r, key, value, MAX_CHIP, &r->s->n_chip);
}

static mho_status read_images(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    return read_size(r, key, value, 1e7, &r->s->n_image);
}

static mho_status read_train_images(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    return read_size(r, key, value, 1e7, &r->s->n_train);
}

static mho_status read_epochs(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    size_t n = 0;
    mho_status status = read_size(r, key, value, 10000, &n);
    r->s->n_epoch = (int)n;
    return status;
}

static mho_status read_seed(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const char *text = mho_i_yaml_text(value);
    char *end;
    unsigned long long x = strtoull(text, &end, 10);
    if (!*text || *end || strchr(text, '-') || strlen(text) > 20) {
        return mho_i_yaml_fail(r->doc, value, key,
                               "seed = \"%.60s\": allowed are whole numbers from 0 to "
                               "18446744073709551615",
                               text);
    }
    r->s->seed = x;
    return MHO_OK;
}

static mho_status read_threshold(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    char why[160];
    const char *text = mho_i_yaml_text(value);
    double x = 0;
    if (!mho_quantity_parse(text, "", &x, why, sizeof why) || !(x > 0 && x <= 1)) {
        return mho_i_yaml_fail(r->doc, value, key,
                               "threshold = \"%.60s\": an accuracy above 0 and up to 1 (or 100 %%) "
                               "is wanted",
                               text);
    }
    r->s->threshold = x;
    return MHO_OK;
}

static mho_status read_retrain(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const char *text = mho_i_yaml_text(value);
    r->s->retrain = strcmp(text, "yes") == 0;
    if (!r->s->retrain && strcmp(text, "no") != 0) {
        return mho_i_yaml_fail(r->doc, value, key, "retrain = \"%.60s\": allowed are yes and no",
                               text);
    }
    return MHO_OK;
}

static mho_status read_experiment(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    const char *text = mho_i_yaml_text(value);
    r->has_experiment = true;
    return strcmp(text, "lenet5-mott") == 0
               ? MHO_OK
               : mho_i_yaml_fail(r->doc, value, key,
                                 "experiment = \"%.60s\": allowed is lenet5-mott", text);
}

/* A path of the file is meant from where the file is. */
static mho_status read_path(reader *r, const char *text, char **out) {
    const char *where = r->s->where, *slash = strrchr(where, '/');
    mho_i_text path;
    mho_i_text_init(&path, r->s->ctx);
    if (*text != '/' && slash) {
        mho_i_text_put(&path, where, (size_t)(slash - where) + 1);
    }
    mho_i_text_add(&path, "%s", text);
    *out = path.data;
    return path.status;
}

static mho_status read_data(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    (void)key;
    const char *text = mho_i_yaml_text(value);
    return strcmp(text, "digits") == 0 ? MHO_OK : read_path(r, text, &r->s->data_dir);
}

static mho_status read_chip(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    char *path = NULL;
    mho_status status = read_path(r, mho_i_yaml_text(value), &path);
    if (status == MHO_OK && !mho_i_file_exists(path)) {
        status =
            mho_i_yaml_fail(r->doc, value, key, "chip = \"%.200s\": there is no such file (%s)",
                            mho_i_yaml_text(value), path);
    } else if (status == MHO_OK) {
        status = mho_chip_spec_load(r->s->ctx, path, &r->s->base);
    }
    mho_i_free(r->s->ctx, path);
    return status;
}

/* ---- lists of words ---- */

static const char *metric_at(size_t k) {
    return k < MHO_N_METRIC ? mho_metric_name((mho_metric)k) : NULL;
}

static const char *imperfection_at(size_t k) {
    return k < MHO_IMP_COUNT ? mho_imperfection_name((int)k) : NULL;
}

/* "all", "none" or a list of words into bits. */
static mho_status read_bits(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value,
                            const char *(*word_at)(size_t), uint32_t *bits) {
    const char *name = mho_i_yaml_text(key), *text = mho_i_yaml_text(value);
    if (strcmp(text, "all") == 0 || strcmp(text, "none") == 0) {
        *bits = 0;
        for (size_t k = 0; *text == 'a' && word_at(k); k++) {
            *bits |= 1u << k;
        }
        return MHO_OK;
    }
    void *at = NULL;
    mho_i_yaml_node *item = NULL;
    bool list = mho_i_yaml_kind_of(value) == MHO_YAML_SEQUENCE;
    *bits = 0;
    while (list && mho_i_yaml_item(value, &at, &item)) {
        size_t k = 0;
        while (word_at(k) && strcmp(word_at(k), mho_i_yaml_text(item)) != 0) {
            k++;
        }
        if (!word_at(k)) {
            break;
        }
        *bits |= 1u << k;
    }
    if (list && !item) {
        return MHO_OK;
    }
    char words[700] = "";
    for (size_t k = 0; word_at(k); k++) {
        size_t n = strlen(words);
        snprintf(words + n, sizeof words - n, "%s%s", k ? ", " : "", word_at(k));
    }
    return mho_i_yaml_fail(r->doc, item ? item : value, key,
                           "%s: \"%.60s\" is not known; allowed are all, none or a list of: %s",
                           name, item ? mho_i_yaml_text(item) : text, words);
}

static mho_status read_metrics(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    mho_status status = read_bits(r, key, value, metric_at, &r->s->metrics);
    r->s->metrics |= 1u << MHO_METRIC_ACCURACY;
    return status;
}

static mho_status read_imperfections(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    return read_bits(r, key, value, imperfection_at, &r->s->imperfections);
}

/* ---- sample ---- */

static mho_status read_sample(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    mho_i_yaml_node *how = value, *n = NULL, *more = NULL, *ignore = NULL;
    if (mho_i_yaml_kind_of(value) == MHO_YAML_MAPPING) {
        void *at = NULL;
        how = NULL;
        if (mho_i_yaml_next(value, &at, &how, &n)) {
            mho_i_yaml_next(value, &at, &more, &ignore);
        }
    }
    const char *name = how ? mho_i_yaml_text(how) : "";
    if (strcmp(name, "grid") == 0 && !n) {
        return MHO_OK;
    }
    bool random = strcmp(name, "random") == 0, halton = strcmp(name, "halton") == 0;
    if ((!random && !halton) || !n || more) {
        return mho_i_yaml_fail(r->doc, how, key,
                               "sample = \"%.60s\": allowed are grid, {random: N} and {halton: N}",
                               name);
    }
    r->s->sample = random ? MHO_SAMPLE_RANDOM : MHO_SAMPLE_HALTON;
    double x = 0;
    mho_status status = read_count(r, how, n, 1, MHO_I_MAX_POINT, &x);
    r->s->n_sample = (size_t)x;
    return status;
}

static mho_status keep_axes(reader *r, mho_i_yaml_node *key, mho_i_yaml_node *value) {
    r->axes = value; /* read last: they need the chip */
    r->axes_key = key;
    return MHO_OK;
}

/* ---- the file ---- */

typedef struct study_key {
    const char *name;
    mho_i_yaml_kind kind; /* NOTHING: any */
    key_reader read;
} study_key;

static const study_key keys[] = {{"experiment", MHO_YAML_SCALAR, read_experiment},
                                 {"data", MHO_YAML_SCALAR, read_data},
                                 {"chip", MHO_YAML_SCALAR, read_chip},
                                 {"seed", MHO_YAML_SCALAR, read_seed},
                                 {"epochs", MHO_YAML_SCALAR, read_epochs},
                                 {"train_images", MHO_YAML_SCALAR, read_train_images},
                                 {"images", MHO_YAML_SCALAR, read_images},
                                 {"chips", MHO_YAML_SCALAR, read_chips},
                                 {"threshold", MHO_YAML_SCALAR, read_threshold},
                                 {"retrain", MHO_YAML_SCALAR, read_retrain},
                                 {"metrics", MHO_YAML_NOTHING, read_metrics},
                                 {"imperfections", MHO_YAML_NOTHING, read_imperfections},
                                 {"sample", MHO_YAML_NOTHING, read_sample},
                                 {"axes", MHO_YAML_MAPPING, keep_axes}};
enum { N_KEY = sizeof keys / sizeof *keys };

static mho_status unknown_key(reader *r, mho_i_yaml_node *key) {
    mho_i_guess g = mho_i_guess_init(mho_i_yaml_text(key));
    char list[300] = "", buf[80];
    for (size_t k = 0; k < N_KEY; k++) {
        mho_i_guess_add(&g, keys[k].name);
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, " %s", keys[k].name);
    }
    return *g.best ? mho_i_yaml_fail(r->doc, key, NULL, "%.60s: not a key of a study%s", g.wanted,
                                     mho_i_guess_text(&g, buf, sizeof buf))
                   : mho_i_yaml_fail(r->doc, key, NULL, "%.60s: not a key of a study; allowed:%s",
                                     g.wanted, list);
}

static mho_status read_keys(reader *r) {
    mho_i_yaml_node *root = mho_i_yaml_root(r->doc), *key, *value;
    if (mho_i_yaml_kind_of(root) != MHO_YAML_MAPPING) {
        return mho_i_yaml_fail(r->doc, root, NULL,
                               "a study is wanted: \"experiment: lenet5-mott\" and more keys");
    }
    void *at = NULL;
    unsigned seen = 0;
    while (mho_i_yaml_next(root, &at, &key, &value)) {
        size_t k = 0;
        while (k < N_KEY && strcmp(keys[k].name, mho_i_yaml_text(key)) != 0) {
            k++;
        }
        if (k == N_KEY) {
            return unknown_key(r, key);
        }
        if (seen & 1u << k) {
            return mho_i_yaml_fail(r->doc, key, NULL, "%s is there twice", keys[k].name);
        }
        seen |= 1u << k;
        mho_i_yaml_kind kind = mho_i_yaml_kind_of(value);
        if (kind == MHO_YAML_NOTHING || (keys[k].kind && kind != keys[k].kind)) {
            return mho_i_yaml_fail(r->doc, value, key, "%s: %s is wanted", keys[k].name,
                                   keys[k].kind == MHO_YAML_SCALAR ? "a single value"
                                   : keys[k].kind == MHO_YAML_MAPPING
                                       ? "a mapping of keys of the chip file to values"
                                       : "a value or a list");
        }
        mho_status status = keys[k].read(r, key, value);
        if (status < 0) {
            return status;
        }
    }
    return MHO_OK;
}

static mho_status read_axes(reader *r) {
    mho_study *s = r->s;
    void *at = NULL;
    mho_i_yaml_node *key, *value;
    while (r->axes && mho_i_yaml_next(r->axes, &at, &key, &value)) {
        size_t n = s->n_axis;
        mho_status status = mho_i_study_axis_read(s, r->doc, key, value);
        if (status < 0) {
            return status;
        }
        r->axis_key[n] = key;
    }
    if (s->sample != MHO_SAMPLE_GRID && !s->n_axis) {
        return mho_i_yaml_fail(r->doc, NULL, NULL, "a sample needs axes to draw from");
    }
    mho_status status = mho_i_study_points(s, r->doc, r->axis_key);
    if (status == MHO_OK && s->n_point * s->n_chip > MHO_I_MAX_UNIT) {
        status = mho_i_yaml_fail(r->doc, NULL, NULL,
                                 "%zu points with %zu chips each are %zu chips; allowed are %d",
                                 s->n_point, s->n_chip, s->n_point * s->n_chip, MHO_I_MAX_UNIT);
    }
    return status;
}

static mho_status read_study(reader *r) {
    mho_study *s = r->s;
    mho_status status = mho_chip_spec_default(s->ctx, &s->base);
    if (status == MHO_OK) {
        status = mho_i_file_read(s->ctx, s->where, MAX_FILE_BYTE, &s->text, &s->n_text);
    }
    if (status == MHO_OK) {
        status = mho_i_yaml_parse(s->ctx, s->where, (const char *)s->text, s->n_text, &r->doc);
    }
    status = status < 0 ? status : read_keys(r);
    if (status == MHO_OK && !r->has_experiment) {
        status = mho_i_yaml_fail(r->doc, NULL, NULL,
                                 "\"experiment: lenet5-mott\" is missing: what shall run?");
    }
    return status < 0 ? status : read_axes(r);
}

mho_status mho_study_load(mho_ctx *ctx, const char *path, mho_study **out) {
    *out = NULL;
    mho_study *s = mho_i_alloc(ctx, 1, sizeof *s);
    if (!s) {
        return MHO_ERR_NOMEM;
    }
    s->ctx = ctx;
    s->seed = 1;
    s->n_chip = 20;
    s->threshold = NAN;
    s->imperfections = MHO_IMP_ALL;
    s->metrics = (1u << MHO_N_METRIC) - 1;
    s->where = mho_i_strdup(ctx, path);
    reader r = {.s = s};
    mho_status status = s->where ? read_study(&r) : MHO_ERR_NOMEM;
    mho_i_yaml_free(r.doc);
    if (status < 0) {
        mho_study_free(s);
        return status;
    }
    *out = s;
    return MHO_OK;
}

void mho_study_free(mho_study *s) {
    if (!s) {
        return;
    }
    for (size_t k = 0; k < s->n_axis; k++) {
        mho_i_free(s->ctx, s->axis[k].level);
        mho_i_free(s->ctx, s->axis[k].word);
    }
    mho_i_free(s->ctx, s->value);
    mho_i_free(s->ctx, s->text);
    mho_i_free(s->ctx, s->where);
    mho_i_free(s->ctx, s->data_dir);
    mho_i_free(s->ctx, s);
}

/* ---- questions ---- */

size_t mho_study_n_point(const mho_study *s) {
    return s->n_point;
}

size_t mho_study_n_axis(const mho_study *s) {
    return s->n_axis;
}

size_t mho_study_n_chip(const mho_study *s) {
    return s->n_chip;
}

const mho_sweep_axis *mho_study_axis(const mho_study *s, size_t axis) {
    return &s->axis[axis].pub;
}

double mho_study_value(const mho_study *s, size_t point, size_t axis) {
    return s->value[point * s->n_axis + axis];
}

const mho_chip_spec *mho_study_base(const mho_study *s) {
    return &s->base;
}

uint64_t mho_study_seed(const mho_study *s) {
    return s->seed;
}

mho_sample mho_study_sample(const mho_study *s) {
    return s->sample;
}

uint32_t mho_study_imperfections(const mho_study *s) {
    return s->imperfections;
}

bool mho_study_retrains(const mho_study *s) {
    return s->retrain;
}

bool mho_study_shows(const mho_study *s, mho_metric m) {
    return s->metrics >> m & 1;
}

int mho_study_n_epoch(const mho_study *s) {
    return mho_i_material_epochs(s->data_dir, s->n_epoch);
}

mho_status mho_study_set_chips(mho_study *s, size_t n_chip) {
    if (n_chip < 1 || n_chip > MAX_CHIP || n_chip * s->n_point > MHO_I_MAX_UNIT) {
        return mho_i_fail(s->ctx, MHO_ERR_ARG,
                          "chips = %zu: allowed are 1 to %d, and %d over all %zu points", n_chip,
                          MAX_CHIP, MHO_I_MAX_UNIT, s->n_point);
    }
    s->n_chip = n_chip;
    return MHO_OK;
}

mho_status mho_study_set_data(mho_study *s, const char *dir) {
    char *copy = mho_i_strdup(s->ctx, dir);
    if (!copy) {
        return MHO_ERR_NOMEM;
    }
    mho_i_free(s->ctx, s->data_dir);
    s->data_dir = copy;
    return MHO_OK;
}

/* ---- metrics ---- */

static const char *const metrics[MHO_N_METRIC][3] = {
#define METRIC(id, name, unit, help) {name, unit, help},
    MHO_METRIC_LIST(METRIC)
#undef METRIC
};

const char *mho_metric_name(mho_metric m) {
    return metrics[m][0];
}

const char *mho_metric_unit(mho_metric m) {
    return metrics[m][1];
}

const char *mho_metric_help(mho_metric m) {
    return metrics[m][2];
}
