/* csv_int.h - what csv.c (cells and rows) and csv_head.c (names and units) share. */
#ifndef MHO_CSV_INT_H
#define MHO_CSV_INT_H

#include "io_int.h"

/* ---- csv_cell.c ---- */
/* Cut a line (ended by 0) into cells in place: col gets where each begins, from 1. Returns how many
 * there are, at most max + 1; -1: a quote is not closed, *bad tells where. */
int mho_i_csv_split(char *line, char delimiter, int max, char **cell, int *col, int *bad);
typedef enum mho_i_csv_kind { CELL_NUMBER, CELL_MISSING, CELL_TEXT } mho_i_csv_kind;
/* comma, point: does the number have a decimal comma or point? */
mho_i_csv_kind mho_i_csv_cell(const char *s, char delimiter, double *value, bool *comma,
                              bool *point);

/* ---- csv_head.c ---- */
/* A cell for a message: control characters become dots, long ones are cut. */
void mho_i_csv_show(const char *cell, char *buf, size_t n_buf);
/* Cells that blanks have torn apart: "Temperature (K)" is one. Returns how many are left. */
int mho_i_csv_join(char **cell, int n);
/* Is each of the cells a unit or empty, and at least one a unit? */
bool mho_i_csv_all_units(char *const *cell, size_t n);
/* Cells [n_col] to the columns. Names go with their units, unless a line of units came before. */
void mho_i_csv_set_units(mho_i_csv *csv, char *const *cell);
void mho_i_csv_set_names(mho_i_csv *csv, char *const *cell);

#endif
