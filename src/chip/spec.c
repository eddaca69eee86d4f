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
        MHO_CBRAM_PARAM_LIST(FIELD) MHO_SYNAPSE_MORE_LIST(FIELD)
#undef FIELD
};

const char *const mho_i_chip_sections[] = {"synapse",    "array", "neuron", "periphery",
                                           "conditions", "cost",  NULL};

const mho_i_choice mho_i_chip_choices[MHO_N_CHOICE] = {
    {"synapse",
     "model",
     "compact model of the cells; the other keys of this section change its values",
     {"cbram", "pcm", "rram", "pulsed", "table", "ideal"}},
    {"synapse",
     "verify",
     "cells are read back and written again until they are right",
     {"no", "yes"}},
    {"array", "weights", "a weight is the difference of two cells", {"differential"}},
    {"array",
     "repair",
     "stuck cells: the partner cell makes up for them; word lines permuted and pairs swapped too",
     {"none", "partner", "remap"}},
    {"array",
     "scale",
     "whose largest weight a cell at g_max stands for; auto: of the layer for a network trained "
     "here, of the column for one from a file",
     {"auto", "layer", "column"}},
    {"neuron", "model", "compact model of the neurons", {"vo2-neuron"}},
    {"neuron",
     "card",
     "parameter set that the other keys of this section change, or a card file of mho fit",
     {"U", "T", "N"}},
    {"neuron", "share", "who has a neuron of its own", {"per-output", "per-column"}},
    {"neuron",
     "mixing",
     "resistance of a film that is part insulator, part metal",
     {"series", "bruggeman-2d", "bruggeman-3d", "gem"}},
    {"periphery",
     "activation",
     "what makes an activation of a column's sum",
     {"neuron", "digital"}},
    {"periphery",
     "column_gain",
     "gain and offset of every output: as designed, or found from data",
     {"fixed", "calibrated"}},
    {"periphery",
     "drift_compensation",
     "a reference read rescales each layer for what its cells have lost",
     {"no", "yes"}},
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
    case MHO_CHOICE_SYNAPSE_MODEL:
        return (int)spec->synapse.model;
    case MHO_CHOICE_VERIFY:
        return spec->verify;
    case MHO_CHOICE_REPAIR:
        return (int)spec->repair;
    case MHO_CHOICE_ACTIVATION:
        return (int)spec->activation;
    case MHO_CHOICE_COLUMN_GAIN:
        return spec->column_calibration;
    case MHO_CHOICE_DRIFT:
        return spec->drift_compensation;
    default:
        return 0;
    }
}

void mho_i_chip_choice_set(mho_chip_spec *spec, int choice, int word) {
    switch (choice) {
    case MHO_CHOICE_SCALE:
        spec->weight_scale = (mho_weight_scale)word;
        break;
    case MHO_CHOICE_SHARE:
        spec->share = (mho_neuron_share)word;
        break;
    case MHO_CHOICE_MIXING:
        spec->neuron.mixing = (mho_mixing)word;
        break;
    case MHO_CHOICE_SYNAPSE_MODEL:
        spec->synapse = mho_synapse_card((mho_synapse_model)word);
        break;
    case MHO_CHOICE_VERIFY:
        spec->verify = word;
        break;
    case MHO_CHOICE_REPAIR:
        spec->repair = (mho_repair)word;
        break;
    case MHO_CHOICE_ACTIVATION:
        spec->activation = (mho_activation)word;
        break;
    case MHO_CHOICE_COLUMN_GAIN:
        spec->column_calibration = word;
        break;
    case MHO_CHOICE_DRIFT:
        spec->drift_compensation = word;
        break;
    default:
        break;
    }
}

mho_status mho_chip_spec_default(mho_ctx *ctx, mho_chip_spec *out) {
    mho_chip_spec spec = {.share = MHO_SHARE_PER_OUTPUT, .neuron_card = "N", .verify = true};
    for (size_t k = 0; k < N_OWN; k++) {
        *(double *)((char *)&spec + own_rows[k].offset) = own_rows[k].value;
    }
    mho_status status = mho_neuron_card(ctx, spec.neuron_card, &spec.neuron);
    if (status == MHO_OK) {
        spec.synapse = mho_synapse_card(MHO_SYNAPSE_CBRAM);
        *out = spec;
    }
    return status;
}

size_t mho_chip_param_count(void) {
    return N_OWN + mho_neuron_param_count() + mho_synapse_param_count();
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
                        : mho_synapse_param_get(&spec->synapse, synapse_index(k));
}

/* What the built-in card says. */
static double card_value(const mho_chip_spec *spec, size_t k) {
    static const double cards[][3] = {
#define CARDS(key, unit, lo, hi, u, t, n, marks, su, st, sn, help) {u, t, n},
        MHO_NEURON_PARAM_LIST(CARDS)
#undef CARDS
    };
    return cards[k - N_OWN][mho_i_chip_choice_get(spec, MHO_CHOICE_CARD)];
}

double mho_i_chip_param_default(const mho_chip_spec *spec, size_t k) {
    if (k < N_OWN) {
        return own_rows[k].value;
    }
    if (!in_neuron(k)) {
        mho_synapse_param card = mho_synapse_card(spec->synapse.model);
        return mho_synapse_param_get(&card, synapse_index(k));
    }
    if (*spec->neuron_card_file) {
        return mho_neuron_param_get(&spec->neuron_file, k - N_OWN);
    }
    return card_value(spec, k);
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
        if (*spec->neuron_card_file && mho_i_chip_param_default(spec, k) != card_value(spec, k)) {
            info.mark = spec->neuron_mark;
            info.source = spec->neuron_source;
        }
    } else {
        info = mho_synapse_param_describe(synapse_index(k), spec->synapse.model);
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
    static const char *const whole[] = {"rows",         "cols",       "trim_bits", "input_bits",
                                        "n_slice",      "compensate", "levels",    "adc_bits",
                                        "digital_bits", "adc_columns"};
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
        return mho_synapse_param_set(ctx, &spec->synapse, synapse_index(k), value);
    }
    *(double *)((char *)spec + own_rows[k].offset) = value;
    return MHO_OK;
}

mho_status mho_i_chip_spec_check(mho_ctx *ctx, const mho_chip_spec *spec, const char **section,
                                 const char **key) {
    char a[40], b[40];
    *section = "synapse";
    *key = "g_max";
    mho_status status = mho_synapse_check(ctx, &spec->synapse);
    if (status < 0) {
        return status;
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

uint32_t mho_chip_imperfections(const mho_chip_spec *spec) {
    const mho_synapse_param *s = &spec->synapse;
    /* the nine that every chip is asked about, present or not */
    uint32_t mask = (MHO_IMP_JITTER << 1) - 1;
    bool drifts = s->drift_nu_max > 0 || s->drift_sd_max > 0;
    bool relaxes = s->retention_nu > 0 || s->retention_sd_rel > 0;
    const struct {
        uint32_t bit;
        bool there;
    } more[] = {
        {MHO_IMP_FLICKER, s->flicker_rel > 0},
        {MHO_IMP_TELEGRAPH, s->telegraph_cells_frac > 0 && s->telegraph_rel > 0},
        {MHO_IMP_CELL_SPREAD, s->spread_rel > 0},
        {MHO_IMP_AGE, spec->age_s > 0 && (drifts || relaxes)},
        {MHO_IMP_TEMPERATURE, spec->warmer_K != 0},
        {MHO_IMP_STUCK, spec->stuck_on_frac + spec->stuck_off_frac + spec->shorted_frac > 0},
        {MHO_IMP_BROKEN, spec->open_word_frac + spec->open_bit_frac > 0},
        {MHO_IMP_OFFSET, spec->amplifier_offset_V > 0},
        {MHO_IMP_ADC, spec->adc_bits > 0},
        {MHO_IMP_LATCH, spec->latch_frac > 0 && spec->activation == MHO_ACTIVATION_NEURON},
    };
    for (size_t k = 0; k < sizeof more / sizeof *more; k++) {
        mask |= more[k].there ? more[k].bit : 0;
    }
    return mask;
}

void mho_i_chip_spec_hash(const mho_chip_spec *spec, mho_i_hash *h) {
    for (size_t k = 0; k < mho_chip_param_count(); k++) {
        double v = mho_chip_param_get(spec, k);
        mho_i_hash_add(h, &v, sizeof v);
    }
    for (int c = 0; c < MHO_N_CHOICE; c++) {
        int word = mho_i_chip_choice_get(spec, c);
        mho_i_hash_add(h, &word, sizeof word);
    }
    const mho_synapse_param *s = &spec->synapse;
    mho_i_hash_add(h, s->level_S, s->n_level * sizeof *s->level_S);
    mho_i_hash_add(h, s->level_sd_S, s->n_level * sizeof *s->level_sd_S);
}

const char *mho_chip_made_of(const mho_chip_spec *spec) {
    static const char *const name[2][MHO_SYNAPSE_N_MODEL] = {
        {"Mott neurons and CBRAM synapses", "Mott neurons and PCM synapses",
         "Mott neurons and RRAM synapses", "Mott neurons and pulsed synapses",
         "Mott neurons and measured synapses", "Mott neurons and ideal synapses"},
        {"CBRAM synapses with digital activations", "PCM synapses with digital activations",
         "RRAM synapses with digital activations", "pulsed synapses with digital activations",
         "measured synapses with digital activations", "ideal synapses with digital activations"}};
    return name[spec->activation == MHO_ACTIVATION_DIGITAL][spec->synapse.model];
}
