/* stages.c - the order of the work is a small graph: stages read values and make one. Buffers are
 * handed on as soon as nobody reads a value any more, so that memory stays that of the widest
 * place, not that of the whole network. */
#include "chip_int.h"

#include <string.h>

/* Activations of a thread at most, unless a single picture needs more. */
static const size_t MAX_SCRATCH_BYTE = (size_t)256 << 20;

void mho_i_chip_free_stage(mho_ctx *ctx, mho_i_stage *stage) {
    for (size_t k = 0; stage->skip && k < stage->n_skip; k++) {
        mho_i_free(ctx, stage->skip[k].gain);
        mho_i_free(ctx, stage->skip[k].g_S);
    }
    if (stage->digital) {
        mho_i_free(ctx, stage->digital->in_scale);
        mho_i_free(ctx, stage->digital->out_scale);
        mho_i_free(ctx, stage->digital);
    }
    void *all[] = {stage->skip,   stage->source, stage->from,  stage->bias,
                   stage->design, stage->device, stage->offset};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        mho_i_free(ctx, all[k]);
    }
}

size_t mho_i_stage_n_read(const mho_i_stage *stage) {
    return stage->n_source + stage->n_layer + stage->n_skip;
}

size_t mho_i_stage_read(const mho_i_stage *stage, size_t k) {
    if (k < stage->n_source) {
        return stage->source[k];
    }
    k -= stage->n_source;
    return k < stage->n_layer ? stage->layer[k].value : stage->skip[k - stage->n_layer].value;
}

const mho_i_stage *mho_i_chip_score_stage(const mho_chip *chip) {
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        if (stage->op == MHO_I_COMPUTE && stage->end == MHO_I_END_SCORE &&
            stage->out == chip->output) {
            return stage;
        }
    }
    return NULL;
}

/* Number of compute stages, and the first of them that reads a value: there it is driven. */
static void number_stages(mho_chip *chip) {
    for (size_t v = 0; v < chip->n_value; v++) {
        chip->value[v].driven_by = SIZE_MAX;
    }
    chip->n_compute = 0;
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_i_stage *stage = &chip->stage[k];
        if (stage->op != MHO_I_COMPUTE) {
            continue;
        }
        stage->number = chip->n_compute++;
        for (size_t j = 0; j < mho_i_stage_n_read(stage); j++) {
            mho_i_value *value = &chip->value[mho_i_stage_read(stage, j)];
            if (value->driven_by == SIZE_MAX) {
                value->driven_by = stage->number;
            }
        }
    }
}

static size_t size_of(const mho_i_value *v) {
    return v->c * v->h * v->w;
}

/* The free buffer that needs to grow least, or wastes least; a new one if there is none. */
static size_t take_slot(mho_chip *chip, bool *busy, size_t size) {
    size_t best = chip->n_slot, best_grow = 0, best_size = 0;
    for (size_t s = 0; s < chip->n_slot; s++) {
        if (busy[s]) {
            continue;
        }
        size_t has = chip->slot_size[s], grow = has < size ? size - has : 0;
        if (best == chip->n_slot || grow < best_grow || (grow == best_grow && has < best_size)) {
            best = s;
            best_grow = grow;
            best_size = has;
        }
    }
    if (best == chip->n_slot) {
        chip->n_slot++;
    }
    chip->slot_size[best] = chip->slot_size[best] > size ? chip->slot_size[best] : size;
    busy[best] = true;
    return best;
}

/* The place of value v may be taken again if stage k is the last that wants it. */
static void give_back(const mho_chip *chip, size_t v, size_t k, size_t *last, bool *busy) {
    if (last[v] == k) {
        busy[chip->value[v].slot] = false;
        last[v] = SIZE_MAX; /* given back once */
    }
}

static void place_values(mho_chip *chip, size_t *last, bool *busy) {
    chip->n_slot = 0;
    memset(last, 0, chip->n_value * sizeof *last);
    for (size_t k = 0; k < chip->n_stage; k++) {
        last[chip->stage[k].out] = k; /* one that nobody reads ends at once */
        for (size_t j = 0; j < mho_i_stage_n_read(&chip->stage[k]); j++) {
            last[mho_i_stage_read(&chip->stage[k], j)] = k;
        }
    }
    last[chip->output] = chip->n_stage;
    chip->value[0].slot = take_slot(chip, busy, size_of(&chip->value[0]));
    for (size_t k = 0; k < chip->n_stage; k++) {
        mho_i_value *out = &chip->value[chip->stage[k].out];
        out->slot = take_slot(chip, busy, size_of(out));
        for (size_t j = 0; j < mho_i_stage_n_read(&chip->stage[k]); j++) {
            give_back(chip, mho_i_stage_read(&chip->stage[k], j), k, last, busy);
        }
        give_back(chip, chip->stage[k].out, k, last, busy);
        give_back(chip, 0, k, last, busy);
    }
}

/* Lanes: as many as fit, a multiple of 8. The noise of a picture depends on them, but they are
 * decided by the network alone. */
static void choose_lanes(mho_chip *chip) {
    size_t n = 0, x = 0;
    for (size_t s = 0; s < chip->n_slot; s++) {
        n += chip->slot_size[s];
    }
    for (size_t k = 0; k < chip->n_stage; k++) {
        const mho_i_stage *stage = &chip->stage[k];
        for (size_t l = 0; l < stage->n_layer; l++) {
            const mho_i_layer *layer = &stage->layer[l];
            size_t need = layer->shape.out_w * (2 * layer->n_row + 2 * layer->shape.n_out);
            x = x > need ? x : need;
        }
    }
    chip->n_lane = MHO_I_LANES;
    while (chip->n_lane > 8 && (n + x) * chip->n_lane * sizeof(float) > MAX_SCRATCH_BYTE) {
        chip->n_lane /= 2;
    }
}

mho_status mho_i_chip_plan(mho_chip *chip) {
    mho_ctx *ctx = chip->ctx;
    chip->slot_size = mho_i_alloc(ctx, chip->n_value, sizeof *chip->slot_size);
    size_t *last = mho_i_alloc(ctx, chip->n_value, sizeof *last);
    bool *busy = mho_i_alloc(ctx, chip->n_value, sizeof *busy);
    mho_status status = chip->slot_size && last && busy ? MHO_OK : MHO_ERR_NOMEM;
    if (status == MHO_OK) {
        number_stages(chip);
        place_values(chip, last, busy);
        choose_lanes(chip);
    }
    mho_i_free(ctx, last);
    mho_i_free(ctx, busy);
    return status;
}
