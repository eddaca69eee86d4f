/* spec.c - the parameters of a chip: its own table and those of its neuron and synapse, as one list
 * that the chip file, the report and the documentation are made from. */
#include "spec_int.h"

#include "device/device_int.h"

#include <math.h>
#include <string.h>

typedef struct chip_row {
    const char *section, *field, *unit;
    double min, max, value;
    char mark;
    const char *source, *help;
    size_t offset;
} chip_row;

static const chip_row own_rows[] = {
#define ROW(section, key, unit, lo, hi, def, mark, source, help)                                   \
    {#section, #key, unit, lo, hi, def, mark, source, help, offsetof(mho_chip_spec, key)},
    MHO_CHIP_PARAM_LIST(ROW)
#undef ROW
};
enum { N_OWN = sizeof own_rows / sizeof *own_rows };

/* Field names of the device tables, which their public functions give without the suffix. */
static const char *const device_fields[] = {
#define FIELD(key, unit, lo, hi, u, t, n, marks, su, st, sn, help) #key,
    MHO_NEURON_PARAM_LIST(FIELD)
#undef FIELD
#define FIELD(key, unit, lo, hi, def, mark, source, help) #key,
        MHO_CBRAM_PARAM_LIST(FIELD)
#undef FIELD
};

const mho_i_choice mho_i_chip_choices[MHO_N_CHOICE] = {
    {"synapse", "model", "compact model of the cells", {"cbram"}},
    {"array", "weights", "a weight is the difference of two cells", {"differential"}},
    {"array",
     "scale",
     "whose largest weight a cell at g_max stands for; auto: of the layer for a network trained "
     "here, of the column for one from a file",
     {"auto", "layer", "column"}},
    {"neuron", "model", "compact model of the neurons", {"vo2-neuron"}},
    {"neuron", "card", "parameter set that the other keys of this section change", {"U", "T", "N"}},
    {"neuron", "share", "who has a neuron of its own", {"per-output", "per-column"}},
    {"neuron",
     "mixing",
     "resistance of a film that is part insulator, part metal",
     {"series", "bruggeman-2d", "bruggeman-3d", "gem"}},
};

int mho_i_chip_choice_get(const mho_chip_spec *spec, int choice) {
    switch (choice) {
    case MHO_CHOICE_CARD:
        return spec->neuron_card[0] == 'U' ? 0 : spec->neuron_card[0] == 'T' ? 1 : 2;
    case MHO_CHOICE_SCALE:
        return (int)spec->weight_scale;
    case MHO_CHOICE_SHARE:
        return (int)spec->share;
    case MHO_CHOICE_MIXING:
        return (int)spec->neuron.mixing;
    default:
        return 0;
    }
}

void mho_i_chip_choice_set(mho_chip_spec *spec, int choice, int word) {
    if (choice == MHO_CHOICE_SCALE) {
        spec->weight_scale = (mho_weight_scale)word;
    } else if (choice == MHO_CHOICE_SHARE) {
        spec->share = (mho_neuron_share)word;
    } else if (choice == MHO_CHOICE_MIXING) {
        spec->neuron.mixing = (mho_mixing)word;
    }
}

mho_status mho_chip_spec_default(mho_ctx *ctx, mho_chip_spec *out) {
    mho_chip_spec spec = {.share = MHO_SHARE_PER_OUTPUT, .neuron_card = "N"};
    for (size_t k = 0; k < N_OWN; k++) {
        *(double *)((char *)&spec + own_rows[k].offset) = own_rows[k].value;
    }
    mho_status status = mho_neuron_card(ctx, spec.neuron_card, &spec.neuron);
    if (status == MHO_OK) {
        spec.synapse = mho_cbram_card();
        *out = spec;
    }
    return status;
}

size_t mho_chip_param_count(void) {
    return N_OWN + mho_neuron_param_count() + mho_cbram_param_count();
}

static bool in_neuron(size_t k) {
    return k >= N_OWN && k < N_OWN + mho_neuron_param_count();
}

static size_t synapse_index(size_t k) {
    return k - N_OWN - mho_neuron_param_count();
}

double mho_chip_param_get(const mho_chip_spec *spec, size_t k) {
    if (k < N_OWN) {
        return *(const double *)((const char *)spec + own_rows[k].offset);
    }
    return in_neuron(k) ? mho_neuron_param_get(&spec->neuron, k - N_OWN)
                        : mho_cbram_param_get(&spec->synapse, synapse_index(k));
}

double mho_i_chip_param_default(const mho_chip_spec *spec, size_t k) {
    if (k < N_OWN) {
        return own_rows[k].value;
    }
    if (!in_neuron(k)) {
        mho_cbram_param card = mho_cbram_card();
        return mho_cbram_param_get(&card, synapse_index(k));
    }
    static const double cards[][3] = {
#define CARDS(key, unit, lo, hi, u, t, n, marks, su, st, sn, help) {u, t, n},
        MHO_NEURON_PARAM_LIST(CARDS)
#undef CARDS
    };
    return cards[k - N_OWN][mho_i_chip_choice_get(spec, MHO_CHOICE_CARD)];
}

mho_param_info mho_chip_param_describe(const mho_chip_spec *spec, size_t k, const char **section) {
    mho_param_info info;
    if (k < N_OWN) {
        const chip_row *r = &own_rows[k];
        info = (mho_param_info){"", r->unit, r->min, r->max, r->mark, r->source, r->help};
        mho_i_param_key(r->field, r->unit, info.key);
        *section = r->section;
    } else if (in_neuron(k)) {
        info = mho_neuron_param_describe(k - N_OWN, spec->neuron_card);
        *section = "neuron";
    } else {
        info = mho_cbram_param_describe(synapse_index(k));
        *section = "synapse";
    }
    if (mho_chip_param_get(spec, k) != mho_i_chip_param_default(spec, k)) {
        info.mark = 'F';
        info.source = "set in the chip file";
    }
    return info;
}

static const char *field_of(size_t k) {
    return k < N_OWN ? own_rows[k].field : device_fields[k - N_OWN];
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), n_end = strlen(end);
    return n > n_end && strcmp(text + n - n_end, end) == 0;
}

bool mho_i_chip_param_is_whole(size_t k) {
    static const char *const whole[] = {"rows",    "cols",       "trim_bits", "input_bits",
                                        "n_slice", "compensate", "levels",    "adc_bits"};
    for (size_t j = 0; j < sizeof whole / sizeof *whole; j++) {
        if (strcmp(field_of(k), whole[j]) == 0) {
            return true;
        }
    }
    return false;
}

bool mho_i_chip_param_is_share(size_t k) {
    return ends_in(field_of(k), "_rel") || ends_in(field_of(k), "_frac");
}

mho_status mho_chip_param_set(mho_ctx *ctx, mho_chip_spec *spec, size_t k, double value) {
    if (k >= mho_chip_param_count()) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "chip parameter %zu: there are %zu", k,
                          mho_chip_param_count());
    }
    const char *section;
    mho_param_info info = mho_chip_param_describe(spec, k, &section);
    if (!(value >= info.min && value <= info.max)) {
        char v[40], lo[40], hi[40];
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s.%s = %s: allowed are %s to %s", section, info.key,
                          mho_i_chip_param_text(k, info.unit, value, 6, v, sizeof v),
                          mho_i_chip_param_text(k, info.unit, info.min, 6, lo, sizeof lo),
                          mho_i_chip_param_text(k, info.unit, info.max, 6, hi, sizeof hi));
    }
    if (mho_i_chip_param_is_whole(k) && value != floor(value)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "%s.%s = %g: a whole number is wanted", section,
                          info.key, value);
    }
    if (in_neuron(k)) {
        return mho_neuron_param_set(ctx, &spec->neuron, k - N_OWN, value);
    }
    if (k >= N_OWN) {
        return mho_cbram_param_set(ctx, &spec->synapse, synapse_index(k), value);
    }
    *(double *)((char *)spec + own_rows[k].offset) = value;
    return MHO_OK;
}

mho_status mho_i_chip_spec_check(mho_ctx *ctx, const mho_chip_spec *spec, const char **section,
                                 const char **key) {
    const mho_cbram_param *s = &spec->synapse;
    char a[40], b[40];
    *section = "synapse";
    *key = "g_max";
    if (!(s->g_min_S < s->g_max_S)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "g_max = %s must be above g_min = %s",
                          mho_quantity_format(s->g_max_S, "S", 6, a, sizeof a),
                          mho_quantity_format(s->g_min_S, "S", 6, b, sizeof b));
    }
    *section = "neuron";
    *key = "r300";
    if (!(spec->neuron.r_metal_ohm < spec->neuron.r300_ohm)) {
        return mho_i_fail(ctx, MHO_ERR_ARG, "r300 = %s must be above r_metal = %s",
                          mho_quantity_format(spec->neuron.r300_ohm, "ohm", 6, a, sizeof a),
                          mho_quantity_format(spec->neuron.r_metal_ohm, "ohm", 6, b, sizeof b));
    }
    return MHO_OK;
}
