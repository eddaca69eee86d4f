/* onnx_const.c - operators on constant integers: files compute shapes with them (Shape, Gather,
 * Concat, Reshape). They are done while loading and leave no node. A list has at most 2^16 numbers,
 * all that a file computes 2^22 together; arithmetic that overflows is refused. */
#include "onnx_int.h"

#include <string.h>

/* X(name in ONNX, function, what is supported) */
#define LOAD_OP_LIST(X)                                                                            \
    X("Constant", NULL, "value, value_float, value_floats, value_int, value_ints")                 \
    X("ConstantOfShape", const_of_shape, "of constant shape")                                      \
    X("Shape", shape_of, "start, end")                                                             \
    X("Size", size_of, "")                                                                         \
    X("Gather", gather, "of constant whole numbers, axis 0")                                       \
    X("Cast", cast, "of constant whole numbers; between floating-point types it is an Identity")   \
    X("Range", range, "of constant whole numbers")

typedef struct list {
    size_t n_dim, n; /* n_dim 0: one number, 1: a list */
    int64_t *v;
} list;

/* A result takes v over. */
static mho_status give(mho_i_onnx_call *c, int type, size_t n_dim, size_t n, int64_t *v) {
    mho_i_onnx_value value = {.name = c->node->output[0],
                              .type = type,
                              .tensor = -1,
                              .n_dim = n_dim,
                              .shape = {n},
                              .size = n,
                              .ints = v};
    return mho_i_onnx_define(c->o, &value);
}

/* All that is computed while loading counts, as a node of 30 bytes may ask for 2^16 numbers. */
static mho_status count_computed(mho_i_onnx_call *c, size_t n, size_t most) {
    if (n > most) {
        return mho_i_onnx_call_fail(c, "%zu constant numbers: at most %zu are allowed", n, most);
    }
    c->o->n_computed += n;
    return c->o->n_computed <= MHO_I_ONNX_MAX_COMPUTED
               ? MHO_OK
               : mho_i_onnx_call_fail(c,
                                      "with its %zu constant numbers the file computes %zu: at "
                                      "most %d are allowed",
                                      n, c->o->n_computed, MHO_I_ONNX_MAX_COMPUTED);
}

static int64_t *new_ints(mho_i_onnx_call *c, size_t n, mho_status *status) {
    *status = count_computed(c, n, MHO_I_ONNX_MAX_INTS);
    if (*status < 0) {
        return NULL;
    }
    int64_t *v = mho_i_alloc(c->o->ctx, n, sizeof *v);
    *status = v ? MHO_OK : MHO_ERR_NOMEM;
    return v;
}

static mho_status list_of(mho_i_onnx_call *c, size_t k, const char *what, list *out) {
    const mho_i_onnx_value *v;
    mho_status status = mho_i_onnx_in_ints(c, k, what, &v);
    if (status == MHO_OK && v->n_dim > 1) {
        status = mho_i_onnx_call_fail(c, "its input %s has %zu dimensions: one list is wanted",
                                      what, v->n_dim);
    }
    *out = status == MHO_OK ? (list){v->n_dim, v->size, v->ints} : (list){0, 0, NULL};
    return status;
}

/* ---- from shapes ---- */

static mho_status shape_of(mho_i_onnx_call *c) {
    const mho_i_onnx_value *v = mho_i_onnx_in(c, 0);
    int64_t n = v ? (int64_t)v->n_dim : 0, start = 0, end = n;
    mho_status status = mho_i_onnx_attr_int(c, "start", INT32_MIN, INT64_MAX, &start);
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "end", INT32_MIN, INT64_MAX, &end);
    }
    if (status < 0 || !v) {
        return status < 0 ? status : mho_i_onnx_call_fail(c, "its input is unknown");
    }
    start = start < 0 ? start + n : start;
    end = end < 0 ? end + n : end;
    start = start < 0 ? 0 : start > n ? n : start;
    end = end < start ? start : end > n ? n : end;
    size_t shape[MHO_GRAPH_MAX_DIM];
    memcpy(shape, v->shape, sizeof shape);
    int64_t *out = new_ints(c, (size_t)(end - start), &status);
    for (int64_t d = start; out && d < end; d++) {
        out[d - start] = (int64_t)shape[d];
    }
    return out ? give(c, MHO_ONNX_INT64, 1, (size_t)(end - start), out) : status;
}

static mho_status size_of(mho_i_onnx_call *c) {
    const mho_i_onnx_value *v = mho_i_onnx_in(c, 0);
    mho_status status;
    size_t size = v ? v->size : 0;
    int64_t *out = new_ints(c, 1, &status);
    if (out) {
        out[0] = (int64_t)size;
    }
    return out ? give(c, MHO_ONNX_INT64, 0, 1, out) : status;
}

/* The one value of a ConstantOfShape, as its type has it. */
typedef struct fill {
    int type;
    int64_t whole;
    float number;
} fill;

static mho_status read_fill(mho_i_onnx_call *c, fill *v) {
    const MhoOnnx__Attribute *a = mho_i_onnx_attr(c, "value");
    *v = (fill){.type = MHO_ONNX_FLOAT};
    if (!a || !a->t) {
        return MHO_OK;
    }
    v->type = a->t->data_type;
    int64_t *whole = NULL;
    float *number = NULL;
    mho_status status = mho_i_onnx_tensor_floats(c->o, a->t, 1, &number);
    if (status == MHO_OK && mho_i_onnx_is_int(v->type)) {
        status = mho_i_onnx_tensor_ints(c->o, a->t, 1, &whole);
    }
    v->number = number ? number[0] : 0;
    v->whole = whole ? whole[0] : 0;
    mho_i_free(c->o->ctx, number);
    mho_i_free(c->o->ctx, whole);
    return status;
}

static mho_status fill_ints(mho_i_onnx_call *c, const fill *v, size_t n_dim, size_t n) {
    mho_status status;
    int64_t *out = new_ints(c, n, &status);
    for (size_t k = 0; out && k < n; k++) {
        out[k] = v->whole;
    }
    return out ? give(c, v->type, n_dim, n, out) : status;
}

static mho_status fill_tensor(mho_i_onnx_call *c, const fill *f, size_t n_dim, const size_t *shape,
                              size_t n) {
    mho_status status = count_computed(c, n, MHO_I_ONNX_MAX_COMPUTED);
    float *data = status == MHO_OK ? mho_i_alloc(c->o->ctx, n, sizeof *data) : NULL;
    if (!data) {
        return status < 0 ? status : MHO_ERR_NOMEM;
    }
    for (size_t k = 0; k < n; k++) {
        data[k] = f->number;
    }
    mho_i_onnx_value v = {.name = c->node->output[0], .type = f->type, .n_dim = n_dim, .size = n};
    memcpy(v.shape, shape, sizeof v.shape);
    char name[80];
    status = mho_i_graph_take_constant(c->o->g, mho_i_onnx_clean(v.name, name), n_dim, shape, data,
                                       &v.tensor);
    return status < 0 ? status : mho_i_onnx_define(c->o, &v);
}

/* A constant of one value: whole numbers stay a list, floats become a tensor of the graph. */
static mho_status const_of_shape(mho_i_onnx_call *c) {
    list shape = {0};
    fill value = {0};
    mho_status status = list_of(c, 0, "shape", &shape);
    if (status == MHO_OK) {
        status = read_fill(c, &value);
    }
    size_t side[MHO_GRAPH_MAX_DIM] = {0}, n = 1;
    if (status == MHO_OK && shape.n > MHO_GRAPH_MAX_DIM) {
        status = mho_i_onnx_call_fail(c, "%zu dimensions", shape.n);
    }
    for (size_t d = 0; d < shape.n && status == MHO_OK; d++) {
        side[d] = shape.v[d] < 0 ? SIZE_MAX : (size_t)shape.v[d];
        if (side[d] == 0 || side[d] > MHO_I_ONNX_MAX_COMPUTED / n) {
            status = mho_i_onnx_call_fail(c, "dimension %zu is %lld", d, (long long)shape.v[d]);
        }
        n *= side[d] ? side[d] : 1;
    }
    if (status < 0) {
        return status;
    }
    return mho_i_onnx_is_int(value.type) && shape.n <= 1 ? fill_ints(c, &value, shape.n, n)
                                                         : fill_tensor(c, &value, shape.n, side, n);
}

/* ---- lists ---- */

static mho_status gather(mho_i_onnx_call *c) {
    list from, index = {0};
    int64_t axis = 0;
    mho_status status = list_of(c, 0, "data", &from);
    if (status == MHO_OK) {
        status = list_of(c, 1, "indices", &index);
    }
    if (status == MHO_OK) {
        status = mho_i_onnx_attr_int(c, "axis", -1, 0, &axis);
    }
    int64_t *out = status == MHO_OK ? new_ints(c, index.n, &status) : NULL;
    for (size_t k = 0; out && status == MHO_OK && k < index.n; k++) {
        int64_t i = index.v[k] < 0 ? index.v[k] + (int64_t)from.n : index.v[k];
        if (i < 0 || i >= (int64_t)from.n) {
            status = mho_i_onnx_call_fail(c, "index %lld of a list of %zu", (long long)index.v[k],
                                          from.n);
        } else {
            out[k] = from.v[i];
        }
    }
    if (status < 0) {
        mho_i_free(c->o->ctx, out);
        return status;
    }
    return give(c, mho_i_onnx_in(c, 0)->type, index.n_dim, index.n, out);
}

static mho_status copy_as(mho_i_onnx_call *c, int type, size_t n_dim) {
    list from;
    mho_status status = list_of(c, 0, "data", &from);
    if (status == MHO_OK && n_dim == 0 && from.n != 1) {
        status = mho_i_onnx_call_fail(c, "%zu numbers cannot become one", from.n);
    }
    int64_t *out = status == MHO_OK ? new_ints(c, from.n, &status) : NULL;
    if (out && from.n) {
        memcpy(out, from.v, from.n * sizeof *out);
    }
    return out ? give(c, type, n_dim, from.n, out) : status;
}

static mho_status cast(mho_i_onnx_call *c) {
    int64_t to = 0;
    mho_status status = mho_i_onnx_attr_int(c, "to", 1, 64, &to);
    mho_i_onnx_attr_ignore(c, "saturate");
    const mho_i_onnx_value *v = mho_i_onnx_in(c, 0);
    if (status < 0) {
        return status;
    }
    if (!v || (!mho_i_onnx_is_int((int)to) && !mho_i_onnx_is_float((int)to))) {
        return mho_i_onnx_call_fail(c, "to = %lld", (long long)to);
    }
    return copy_as(c, (int)to, v->n_dim);
}

static mho_status squeeze(mho_i_onnx_call *c) {
    mho_i_onnx_attr_ignore(c, "axes");
    return copy_as(c, mho_i_onnx_in(c, 0)->type, 0);
}

static mho_status unsqueeze(mho_i_onnx_call *c) {
    mho_i_onnx_attr_ignore(c, "axes");
    const mho_i_onnx_value *v = mho_i_onnx_in(c, 0);
    return v->n_dim ? mho_i_onnx_call_fail(c, "whole numbers of two dimensions are not supported")
                    : copy_as(c, v->type, 1);
}

static mho_status same(mho_i_onnx_call *c) {
    const mho_i_onnx_value *v = mho_i_onnx_in(c, 0);
    return copy_as(c, v->type, v->n_dim);
}

static mho_status reshape(mho_i_onnx_call *c) {
    list to;
    mho_i_onnx_attr_ignore(c, "allowzero");
    mho_status status = list_of(c, 1, "shape", &to);
    if (status == MHO_OK && to.n > 1) {
        status = mho_i_onnx_call_fail(c, "whole numbers of two dimensions are not supported");
    }
    return status < 0 ? status : copy_as(c, mho_i_onnx_in(c, 0)->type, to.n);
}

static mho_status concat(mho_i_onnx_call *c) {
    size_t n = 0;
    list part;
    mho_status status = MHO_OK;
    mho_i_onnx_attr_ignore(c, "axis");
    for (size_t k = 0; k < c->node->n_input && status == MHO_OK; k++) {
        status = list_of(c, k, "part", &part);
        n += part.n;
    }
    int64_t *out = status == MHO_OK ? new_ints(c, n, &status) : NULL;
    n = 0;
    for (size_t k = 0; out && k < c->node->n_input && status == MHO_OK; k++) {
        status = list_of(c, k, "part", &part);
        if (part.n) {
            memcpy(out + n, part.v, part.n * sizeof *out);
        }
        n += part.n;
    }
    return out ? give(c, mho_i_onnx_in(c, 0)->type, 1, n, out) : status;
}

/* Python's rules for start:end of a list of n; step > 0. */
static int64_t clip_index(int64_t i, int64_t n) {
    i = i < 0 ? (i < -n ? 0 : i + n) : i;
    return i > n ? n : i;
}

static mho_status slice(mho_i_onnx_call *c) {
    list from, part[4] = {{0}};
    static const char *const names[4] = {"starts", "ends", "axes", "steps"};
    mho_status status = list_of(c, 0, "data", &from);
    for (size_t k = 0; k < 4 && status == MHO_OK; k++) {
        if (k < 2 || mho_i_onnx_has(c, k + 1)) {
            status = list_of(c, k + 1, names[k], &part[k]);
        }
    }
    if (status == MHO_OK &&
        (part[0].n != 1 || part[1].n != 1 || (part[3].n && part[3].v[0] != 1))) {
        status = mho_i_onnx_call_fail(c, "of constant whole numbers, one start, one end and a step "
                                         "of 1 are supported");
    }
    if (status < 0) {
        return status;
    }
    int64_t n = (int64_t)from.n, start = clip_index(part[0].v[0], n);
    int64_t end = clip_index(part[1].v[0], n);
    size_t n_out = end > start ? (size_t)(end - start) : 0;
    int64_t *out = new_ints(c, n_out, &status);
    if (out && n_out) {
        memcpy(out, from.v + start, n_out * sizeof *out);
    }
    return out ? give(c, mho_i_onnx_in(c, 0)->type, 1, n_out, out) : status;
}

static mho_status range(mho_i_onnx_call *c) {
    list part[3];
    mho_status status = MHO_OK;
    for (size_t k = 0; k < 3 && status == MHO_OK; k++) {
        status = list_of(c, k, "limit", &part[k]);
        if (status == MHO_OK &&
            (part[k].n != 1 || part[k].v[0] > INT32_MAX || part[k].v[0] < INT32_MIN)) {
            status = mho_i_onnx_call_fail(c, "its limits are not single numbers of 32 bits");
        }
    }
    if (status < 0) {
        return status;
    }
    int64_t start = part[0].v[0], span = part[1].v[0] - start, step = part[2].v[0];
    if (step == 0) {
        return mho_i_onnx_call_fail(c, "a step of 0");
    }
    int64_t n = (span > 0) == (step > 0) && span ? (span + step - (step > 0 ? 1 : -1)) / step : 0;
    int64_t *out = new_ints(c, (size_t)n, &status);
    for (int64_t k = 0; out && k < n; k++) {
        out[k] = start + k * step;
    }
    return out ? give(c, MHO_ONNX_INT64, 1, (size_t)n, out) : status;
}

/* ---- arithmetic ---- */

static bool compute(const char *op, int64_t a, int64_t b, int64_t *out) {
    switch (op[0]) {
    case 'A':
        return !__builtin_add_overflow(a, b, out);
    case 'S':
        return !__builtin_sub_overflow(a, b, out);
    case 'M':
        return !__builtin_mul_overflow(a, b, out);
    default:
        *out = b && !(a == INT64_MIN && b == -1) ? a / b : 0;
        return b && !(a == INT64_MIN && b == -1);
    }
}

static mho_status arithmetic(mho_i_onnx_call *c) {
    list a = {0}, b = {0};
    mho_status status = list_of(c, 0, "A", &a);
    if (status == MHO_OK) {
        status = list_of(c, 1, "B", &b);
    }
    if (status == MHO_OK && a.n != b.n && a.n != 1 && b.n != 1) {
        status = mho_i_onnx_call_fail(c, "lists of %zu and %zu numbers", a.n, b.n);
    }
    size_t n = status < 0 ? 0 : a.n == 1 ? b.n : a.n;
    int64_t *out = status == MHO_OK ? new_ints(c, n, &status) : NULL;
    for (size_t k = 0; out && status == MHO_OK && k < n; k++) {
        int64_t x = a.v[a.n > 1 ? k : 0], y = b.v[b.n > 1 ? k : 0];
        if (!compute(c->node->op_type, x, y, &out[k])) {
            status = mho_i_onnx_call_fail(c, "%lld and %lld cannot be combined", (long long)x,
                                          (long long)y);
        }
    }
    if (status < 0) {
        mho_i_free(c->o->ctx, out);
        return status;
    }
    return give(c, mho_i_onnx_in(c, 0)->type, a.n_dim > b.n_dim ? a.n_dim : b.n_dim, n, out);
}

/* ---- which ---- */

typedef struct load_op {
    const char *name, *help;
    mho_status (*run)(mho_i_onnx_call *c);
} load_op;
static const load_op load_ops[] = {
#define LOAD_OP(name, run, help) {name, help, run},
    LOAD_OP_LIST(LOAD_OP)
#undef LOAD_OP
};
enum { N_LOAD_OP = sizeof load_ops / sizeof *load_ops };
/* Operators of the graph that mean the same for constant whole numbers. */
static const load_op also[] = {{"Identity", "", same},       {"Squeeze", "", squeeze},
                               {"Unsqueeze", "", unsqueeze}, {"Reshape", "", reshape},
                               {"Concat", "", concat},       {"Slice", "", slice},
                               {"Add", "", arithmetic},      {"Sub", "", arithmetic},
                               {"Mul", "", arithmetic},      {"Div", "", arithmetic}};

size_t mho_graph_n_load_op(void) {
    return N_LOAD_OP;
}

mho_graph_op_info mho_graph_load_op(size_t k) {
    return k < N_LOAD_OP ? (mho_graph_op_info){load_ops[k].name, MHO_ROLE_SHAPE, load_ops[k].help}
                         : (mho_graph_op_info){0};
}

static bool all_ints(mho_i_onnx_call *c, mho_status *status) {
    const mho_i_onnx_value *v;
    for (size_t k = 0; k < c->node->n_input; k++) {
        if (mho_i_onnx_has(c, k) && !mho_i_onnx_ints_of(c->o, c->node->input[k], status, &v)) {
            return false;
        }
    }
    const mho_i_onnx_value *first = mho_i_onnx_in(c, 0);
    return first && first->n_dim <= 1 &&
           (first->type == MHO_ONNX_INT64 || first->type == MHO_ONNX_INT32);
}

bool mho_i_onnx_const(mho_i_onnx_call *c, mho_status *status) {
    *status = MHO_OK;
    const mho_i_onnx_value *first = mho_i_onnx_in(c, 0);
    if (strcmp(c->node->op_type, "Cast") == 0 && first && mho_i_onnx_is_float(first->type)) {
        return false; /* floats are no shapes */
    }
    for (size_t k = 0; k < N_LOAD_OP; k++) {
        if (load_ops[k].run && strcmp(load_ops[k].name, c->node->op_type) == 0) {
            *status = load_ops[k].run(c);
            return true;
        }
    }
    for (size_t k = 0; k < sizeof also / sizeof *also; k++) {
        if (strcmp(also[k].name, c->node->op_type) == 0 && all_ints(c, status)) {
            *status = also[k].run(c);
            return true;
        }
    }
    return *status < 0;
}
