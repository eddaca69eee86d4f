/* spec_int.h - the parameters of a chip as one list, and what the chip file's reader and writer
 * share. Knows nothing of networks and circuits. */
#ifndef MHO_CHIP_SPEC_INT_H
#define MHO_CHIP_SPEC_INT_H

#include "base/base_int.h"
#include "mho/chip.h"

/* Value of parameter k if the chip file does not set it: that of the spec's neuron card. */
/* Take the neuron from a card file; a relative name starts at the folder of the chip file. The
 * message does not say where in the chip file. chip_card.c */
mho_status mho_i_chip_card_load(mho_ctx *ctx, const char *chip_path, const char *name,
                                mho_chip_spec *spec);
double mho_i_chip_param_default(const mho_chip_spec *spec, size_t k);
/* Does it count something? */
bool mho_i_chip_param_is_whole(size_t k);
/* Is it a pure number that reads best in percent? */
bool mho_i_chip_param_is_share(size_t k);
/* Relations between parameters. On failure section and key name the one to blame. */
mho_status mho_i_chip_spec_check(mho_ctx *ctx, const mho_chip_spec *spec, const char **section,
                                 const char **key);

/* Everything that the spec says, into a hash. */
void mho_i_chip_spec_hash(const mho_chip_spec *spec, mho_i_hash *h);

/* Keys of the chip file that choose among words. */
typedef struct mho_i_choice {
    const char *section, *key, *help;
    const char
        *word[8]; /* ends with NULL; word[k] means the value k of the enum, if there is one */
} mho_i_choice;
enum {
    MHO_CHOICE_SYNAPSE_MODEL = 0,
    MHO_CHOICE_VERIFY,
    MHO_CHOICE_WEIGHTS,
    MHO_CHOICE_REPAIR,
    MHO_CHOICE_SCALE,
    MHO_CHOICE_NEURON_MODEL,
    MHO_CHOICE_CARD,
    MHO_CHOICE_SHARE,
    MHO_CHOICE_MIXING,
    MHO_CHOICE_ACTIVATION,
    MHO_CHOICE_COLUMN_GAIN,
    MHO_CHOICE_DRIFT,
    MHO_N_CHOICE
};
extern const mho_i_choice mho_i_chip_choices[MHO_N_CHOICE];
int mho_i_chip_choice_get(const mho_chip_spec *spec, int choice); /* index of the word */
void mho_i_chip_choice_set(mho_chip_spec *spec, int choice, int word);

/* Does the word of this choice replace what the other keys of its section change? */
static inline bool mho_i_chip_choice_is_card(int choice) {
    return choice == MHO_CHOICE_CARD || choice == MHO_CHOICE_SYNAPSE_MODEL;
}
/* Sections of the chip file, in order; NULL after the last. */
extern const char *const mho_i_chip_sections[];

/* "2.5 MK/W", "3 %", "128": digits significant ones; 0: as many as bring back the same number. */
char *mho_i_chip_param_text(size_t k, const char *unit, double value, int digits, char *buf,
                            size_t n_buf);

#endif
