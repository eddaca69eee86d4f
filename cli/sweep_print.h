#include "mho/mho.h"

void sweep_print(const mho_sweep_result *r);
void sweep_print_plan(const mho_study *s, const char *out_dir);
