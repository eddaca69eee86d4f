/* netlist.c - from the options of an array to elements between nodes. Wires of zero resistance join
 * nodes (union-find), so that what is left can be stamped or written with finite conductances.   */
#include "netlist_int.h"

#define NONE UINT32_MAX

/* Before joining: word node of cell k is k, bit node n + k, the node between cell and selector
 * 2n + k, terminal t 3n + t, with n cells. */
typedef struct builder {
    const mho_array *a;
    mho_i_netlist *list;
    size_t n_cell, n_raw;
    uint32_t *parent; /* [n_raw] */
} builder;

static uint32_t root_of(uint32_t *parent, uint32_t k) {
    while (parent[k] != k) {
        parent[k] = parent[parent[k]];
        k = parent[k];
    }
    return k;
}

/* the larger index becomes the root: terminals, which come last, stay roots */
static void join(uint32_t *parent, uint32_t a, uint32_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    parent[a < b ? a : b] = a < b ? b : a;
}

static void add(builder *b, mho_i_element e) {
    b->list->element[b->list->n_element++] = e;
}

static void add_wire(builder *b, double r_ohm, size_t from, size_t to) {
    if (r_ohm > 0) {
        add(b, (mho_i_element){MHO_ELEMENT_OHM, (uint32_t)from, (uint32_t)to, 1 / r_ohm, 0, 0});
    } else {
        join(b->parent, (uint32_t)from, (uint32_t)to);
    }
}

static double pick(const double *line, double all, size_t k) {
    return line ? line[k] : all;
}

/* r of the resistance at the ends of a line; index of the line among the inputs or outputs is its
 * own, because inputs are all rows or all columns */
static double end_ohm(const mho_array_opt *o, bool is_row, size_t line) {
    bool input = is_row != o->transposed;
    return input ? pick(o->r_source_line_ohm, o->r_source_ohm, line)
                 : pick(o->r_sense_line_ohm, o->r_sense_ohm, line);
}

static bool is_off(const mho_array_opt *o, bool is_row, size_t line) {
    const unsigned char *off = is_row ? o->row_off : o->col_off;
    return off && off[line];
}

static void add_word_line(builder *b, size_t r) {
    const mho_array_opt *o = &b->a->opt;
    size_t n_col = b->a->n_col, first = r * n_col, terminal = 3 * b->n_cell + r;
    double seg = pick(o->r_word_line_ohm, o->r_word_ohm, r);
    double end = seg + end_ohm(o, true, r);
    const unsigned char *broken = o->broken_word ? o->broken_word + r * (n_col + 1) : NULL;
    bool open = is_off(o, true, r) && o->bias_row == MHO_BIAS_FLOAT;
    for (size_t c = 1; c < n_col; c++) {
        if (!broken || !broken[c]) {
            add_wire(b, seg, first + c - 1, first + c);
        }
    }
    if (!open && o->drive != MHO_DRIVE_RIGHT && !(broken && broken[0])) {
        add_wire(b, end, terminal, first);
    }
    if (!open && o->drive != MHO_DRIVE_LEFT && !(broken && broken[n_col])) {
        add_wire(b, end, terminal, first + n_col - 1);
    }
}

static void add_bit_line(builder *b, size_t c) {
    const mho_array_opt *o = &b->a->opt;
    size_t n_row = b->a->n_row, n_col = b->a->n_col;
    size_t first = b->n_cell + c, terminal = 3 * b->n_cell + n_row + c;
    double seg = pick(o->r_bit_line_ohm, o->r_bit_ohm, c);
    double end = seg + end_ohm(o, false, c);
    const unsigned char *broken = o->broken_bit ? o->broken_bit + c : NULL;
    bool open = is_off(o, false, c) && o->bias_col == MHO_BIAS_FLOAT;
    for (size_t r = 1; r < n_row; r++) {
        if (!broken || !broken[r * n_col]) {
            add_wire(b, seg, first + (r - 1) * n_col, first + r * n_col);
        }
    }
    if (!open && o->sense != MHO_SENSE_BOTTOM && !(broken && broken[0])) {
        add_wire(b, end, first, terminal);
    }
    if (!open && o->sense != MHO_SENSE_TOP && !(broken && broken[n_row * n_col])) {
        add_wire(b, end, first + (n_row - 1) * n_col, terminal);
    }
}

/* the selector between the middle node and the bit line; false: there is none */
static bool has_selector(const mho_array_opt *o, size_t k) {
    return o->selector == MHO_SELECTOR_SINH || (o->selector == MHO_SELECTOR_SERIES &&
                                                pick(o->r_series_cell_ohm, o->r_series_ohm, k) > 0);
}

static void add_cell(builder *b, size_t k) {
    const mho_array_opt *o = &b->a->opt;
    uint32_t word = (uint32_t)k, bit = (uint32_t)(b->n_cell + k), middle = bit;
    int stuck = o->stuck ? o->stuck[k] : MHO_STUCK_NO;
    double g = stuck == MHO_STUCK_SHORT ? o->g_short_S : b->a->g_user_S[k];
    if (stuck == MHO_STUCK_OPEN || (g == 0 && o->law != MHO_LAW_USER)) {
        return;
    }
    if (has_selector(o, k)) {
        middle = (uint32_t)(2 * b->n_cell + k);
        mho_i_element_kind kind =
            o->selector == MHO_SELECTOR_SINH ? MHO_ELEMENT_SINH : MHO_ELEMENT_OHM;
        double gs = kind == MHO_ELEMENT_SINH ? o->selector_g_S
                                             : 1 / pick(o->r_series_cell_ohm, o->r_series_ohm, k);
        add(b, (mho_i_element){kind, middle, bit, gs, o->selector_a, k});
    }
    mho_i_element_kind kind = stuck == MHO_STUCK_SHORT  ? MHO_ELEMENT_OHM
                              : o->law == MHO_LAW_OHMIC ? MHO_ELEMENT_OHM
                              : o->law == MHO_LAW_SINH  ? MHO_ELEMENT_SINH
                                                        : MHO_ELEMENT_USER;
    add(b, (mho_i_element){kind, word, middle, g, o->law_a, k});
}

/* Number the roots that occur: unknown nodes in order, terminals after them. number [n_raw]. */
static void number_nodes(builder *b, uint32_t *number) {
    mho_i_netlist *list = b->list;
    size_t n_terminal = list->n_row + list->n_col, first_terminal = 3 * b->n_cell;
    for (size_t k = 0; k < b->n_raw; k++) {
        number[k] = NONE;
    }
    /* every word and bit node counts, connected or not; a middle node only if an element uses it */
    uint32_t n = 0;
    for (size_t k = 0; k < 2 * b->n_cell; k++) {
        uint32_t root = root_of(b->parent, (uint32_t)k);
        if (root < first_terminal && number[root] == NONE) {
            number[root] = n++;
        }
    }
    for (size_t k = 0; k < list->n_element; k++) {
        uint32_t middle = list->element[k].from;
        if (middle >= 2 * b->n_cell && middle < first_terminal && number[middle] == NONE) {
            number[middle] = n++;
        }
    }
    list->n_unknown = n;
    for (size_t t = 0; t < n_terminal; t++) {
        number[first_terminal + t] = (uint32_t)(n + t);
    }
    for (size_t k = 0; k < list->n_element; k++) {
        mho_i_element *e = &list->element[k];
        e->from = number[root_of(b->parent, e->from)];
        e->to = number[root_of(b->parent, e->to)];
    }
    for (size_t k = 0; k < b->n_cell; k++) {
        list->word[k] = number[root_of(b->parent, (uint32_t)k)];
        list->bit[k] = number[root_of(b->parent, (uint32_t)(b->n_cell + k))];
    }
}

/* parent [n_unknown + n_terminal] is work space */
static mho_status check_grounded(const mho_i_netlist *list, uint32_t *parent) {
    uint32_t n = (uint32_t)list->n_unknown, n_all = n + (uint32_t)(list->n_row + list->n_col);
    for (uint32_t k = 0; k < n_all; k++) {
        parent[k] = k;
    }
    for (size_t k = 0; k < list->n_element; k++) {
        join(parent, list->element[k].from, list->element[k].to);
    }
    for (size_t k = 0; k < list->n_row * list->n_col; k++) {
        for (int side = 0; side < 2; side++) {
            if (root_of(parent, side ? list->bit[k] : list->word[k]) < n) {
                return mho_i_fail(
                    list->ctx, MHO_ERR_SINGULAR,
                    "%s line %zu floats at cell (%zu, %zu): neither an end nor a cell "
                    "connects it to a known voltage",
                    side ? "bit" : "word", side ? k % list->n_col : k / list->n_col,
                    k / list->n_col, k % list->n_col);
            }
        }
    }
    return MHO_OK;
}

mho_status mho_i_netlist_new(const mho_array *a, mho_i_netlist *list) {
    size_t n_cell = a->n_row * a->n_col, n_line = a->n_row + a->n_col;
    builder b = {a, list, n_cell, 3 * n_cell + n_line, NULL};
    *list = (mho_i_netlist){.ctx = a->ctx, .array = a, .n_row = a->n_row, .n_col = a->n_col};
    if (b.n_raw > INT32_MAX / 8) {
        return mho_i_fail(a->ctx, MHO_ERR_ARG,
                          "%zu x %zu cells are too many for the reference solver", a->n_row,
                          a->n_col);
    }
    b.parent = mho_i_alloc(a->ctx, b.n_raw, sizeof *b.parent);
    uint32_t *number = mho_i_alloc(a->ctx, b.n_raw, sizeof *number);
    list->element = mho_i_alloc(a->ctx, 4 * n_cell + 2 * n_line, sizeof *list->element);
    list->word = mho_i_alloc(a->ctx, n_cell, sizeof *list->word);
    list->bit = mho_i_alloc(a->ctx, n_cell, sizeof *list->bit);
    mho_status status = MHO_ERR_NOMEM;
    if (b.parent && number && list->element && list->word && list->bit) {
        for (uint32_t k = 0; k < b.n_raw; k++) {
            b.parent[k] = k;
        }
        for (size_t r = 0; r < a->n_row; r++) {
            add_word_line(&b, r);
        }
        for (size_t c = 0; c < a->n_col; c++) {
            add_bit_line(&b, c);
        }
        list->first_cell = list->n_element;
        for (size_t k = 0; k < n_cell; k++) {
            add_cell(&b, k);
        }
        number_nodes(&b, number);
        status = check_grounded(list, number);
    }
    mho_i_free(a->ctx, b.parent);
    mho_i_free(a->ctx, number);
    if (status < 0) {
        mho_i_netlist_free(list);
    }
    return status;
}

void mho_i_netlist_free(mho_i_netlist *list) {
    mho_i_free(list->ctx, list->element);
    mho_i_free(list->ctx, list->word);
    mho_i_free(list->ctx, list->bit);
    list->element = NULL;
    list->word = list->bit = NULL;
}

/* voltage of an unselected line */
static double bias_V(const mho_array_opt *o, mho_array_bias bias, bool input) {
    switch (bias) {
    case MHO_BIAS_HALF:
        return o->v_bias_V / 2;
    case MHO_BIAS_THIRD:
        return input ? o->v_bias_V / 3 : 2 * o->v_bias_V / 3;
    case MHO_BIAS_FLOAT:
    case MHO_BIAS_GROUND:
        break;
    }
    return 0;
}

void mho_i_netlist_drive(const mho_i_netlist *list, const double *v_V, double *t_V) {
    const mho_array_opt *o = &list->array->opt;
    for (size_t t = 0; t < list->n_row + list->n_col; t++) {
        bool is_row = t < list->n_row, input = is_row != o->transposed;
        size_t line = is_row ? t : t - list->n_row;
        if (is_off(o, is_row, line)) {
            t_V[t] = bias_V(o, is_row ? o->bias_row : o->bias_col, input);
        } else {
            t_V[t] = input ? v_V[line] : 0;
        }
    }
}

void mho_i_netlist_law(const mho_i_netlist *list, const mho_i_element *e, long double v,
                       long double *i, long double *slope) {
    const mho_array_opt *o = &list->array->opt;
    if (e->kind == MHO_ELEMENT_OHM) {
        *i = e->g_S * v;
        *slope = e->g_S;
    } else if (e->kind == MHO_ELEMENT_SINH) {
        *i = e->g_S * sinhl(e->a_per_V * v) / e->a_per_V;
        *slope = e->g_S * coshl(e->a_per_V * v);
    } else {
        double vd = (double)v, id = 0, sd = 0;
        o->law_fn(o->law_user, e->cell, 1, &e->g_S, &vd, &id, &sd);
        *i = id;
        *slope = sd;
    }
}

long double mho_i_netlist_balance(const mho_i_netlist *list, const long double *x, long double *f) {
    size_t n = list->n_unknown, n_all = n + list->n_row + list->n_col;
    for (size_t k = 0; k < n_all; k++) {
        f[k] = 0;
    }
    for (size_t k = 0; k < list->n_element; k++) {
        const mho_i_element *e = &list->element[k];
        long double i, slope;
        mho_i_netlist_law(list, e, x[e->from] - x[e->to], &i, &slope);
        f[e->from] += i;
        f[e->to] -= i;
    }
    long double error = 0, line = 0;
    for (size_t k = 0; k < n_all; k++) {
        long double *largest = k < n ? &error : &line;
        *largest = fabsl(f[k]) > *largest || isnan(f[k]) ? fabsl(f[k]) : *largest;
    }
    return error == 0 ? 0 : error / line;
}

/* Currents into the output lines through their cells, where they are held at another voltage than
 * 0: what comes through the end would be a small difference there. */
static void add_cells(const mho_i_netlist *list, const long double *x, const long double *held,
                      double *i_A) {
    const mho_array *a = list->array;
    for (size_t k = list->first_cell; k < list->n_element; k++) {
        const mho_i_element *e = &list->element[k];
        bool row = a->opt.transposed,
             ends = row ? e->from == list->word[e->cell] : e->to == list->bit[e->cell];
        size_t line = row ? e->cell / a->n_col : e->cell % a->n_col;
        if (ends && held[line] != 0) {
            long double i, slope;
            mho_i_netlist_law(list, e, x[e->from] - x[e->to], &i, &slope);
            i_A[line] += (double)(row ? -i : i);
        }
    }
}

void mho_i_netlist_result(const mho_i_netlist *list, const long double *x, const long double *f,
                          double *i_A, double *w_V, double *b_V) {
    const mho_array *a = list->array;
    bool transposed = a->opt.transposed;
    size_t m = transposed ? a->n_col : a->n_row, n = transposed ? a->n_row : a->n_col;
    const long double *out = f + list->n_unknown + (transposed ? 0 : a->n_row);
    const long double *held = x + list->n_unknown + (transposed ? 0 : a->n_row);
    for (size_t j = 0; j < n && i_A; j++) {
        i_A[j] = held[j] == 0 ? (double)-out[j] : 0;
    }
    if (i_A) {
        add_cells(list, x, held, i_A);
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            size_t cell = mho_i_circuit_user_cell(a, i, j);
            uint32_t word = list->word[cell], bit = list->bit[cell];
            if (w_V) {
                w_V[i * n + j] = (double)x[transposed ? bit : word];
            }
            if (b_V) {
                b_V[i * n + j] = (double)x[transposed ? word : bit];
            }
        }
    }
}
