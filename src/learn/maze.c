/* maze.c - grid mazes: read from text with every mistake named by line and column, or drawn at
 * random; shortest paths by breadth-first search from the goal.
 *
 * A place is a cell, row-major. Actions 0..3: up, right, down, left. What would leave the grid or
 * enter a wall is a bump: the agent stays. */
#include "learn_int.h"

#include <string.h>

typedef struct maze {
    size_t n_row, n_col, start;
    uint32_t *dist; /* to the goal, [n_row*n_col] */
    char *cells;    /* "#.SGX", [n_row*n_col] */
} maze;

/* Cell after a move, or the same cell for a bump. */
static size_t moved(size_t n_row, size_t n_col, const char *cells, size_t at, size_t action) {
    size_t row = at / n_col, col = at % n_col;
    if ((action == 0 && row == 0) || (action == 1 && col + 1 == n_col) ||
        (action == 2 && row + 1 == n_row) || (action == 3 && col == 0)) {
        return at;
    }
    size_t to = action == 0 ? at - n_col : action == 1 ? at + 1 : action == 2 ? at + n_col : at - 1;
    return cells[to] == '#' ? at : to;
}

void mho_i_learn_distances(size_t n_row, size_t n_col, const char *cells, uint32_t *dist,
                           uint32_t *queue) {
    size_t head = 0, tail = 0;
    for (size_t k = 0; k < n_row * n_col; k++) {
        dist[k] = cells[k] == 'G' ? 0 : UINT32_MAX;
        if (cells[k] == 'G') {
            queue[tail++] = (uint32_t)k;
        }
    }
    while (head < tail) {
        size_t at = queue[head++];
        for (size_t a = 0; a < 4; a++) { /* moves can be undone, so the search may go backwards */
            size_t to = moved(n_row, n_col, cells, at, a);
            if (dist[to] == UINT32_MAX && cells[to] != 'X') {
                dist[to] = dist[at] + 1;
                queue[tail++] = (uint32_t)to;
            }
        }
    }
}

/* ---- the functions of the world ---- */

static void reset(const void *self, const double random[MHO_WORLD_RANDOM], double *state) {
    (void)random;
    state[0] = (double)((const maze *)self)->start;
}

static mho_world_step step(const void *self, const double random[MHO_WORLD_RANDOM], size_t action,
                           double *state) {
    (void)random;
    const maze *m = self;
    size_t at = (size_t)state[0], to = moved(m->n_row, m->n_col, m->cells, at, action);
    bool goal = m->cells[to] == 'G';
    state[0] = (double)to;
    return (mho_world_step){.reward = goal ? 1 : 0,
                            .bump = to == at,
                            .done = goal || m->cells[to] == 'X',
                            .success = goal};
}

static size_t observe(const void *self, const double *state, mho_world_input *input) {
    (void)self;
    input[0] = (mho_world_input){(size_t)state[0], 1};
    return 1;
}

static double least(const void *self, const double *state) {
    return ((const maze *)self)->dist[(size_t)state[0]];
}

static void end(mho_ctx *ctx, void *self) {
    maze *m = self;
    mho_i_free(ctx, m->dist);
    mho_i_free(ctx, m->cells);
    mho_i_free(ctx, m);
}

/* ---- reading ---- */

typedef struct text_maze {
    const char *where;
    size_t n_row, n_col;
    size_t start_row, start_col, goal_row, goal_col; /* from 1; 0: not seen yet */
} text_maze;

static mho_status take_letter(mho_ctx *ctx, text_maze *t, char c, size_t row, size_t col) {
    size_t *seen_row = c == 'S' ? &t->start_row : &t->goal_row;
    size_t *seen_col = c == 'S' ? &t->start_col : &t->goal_col;
    if (!c || !strchr("SG.#X", c)) {
        char shown[8];
        snprintf(shown, sizeof shown, c > ' ' && c < 127 ? "\"%c\"" : "0x%02x", (unsigned char)c);
        return mho_i_fail(ctx, MHO_ERR_FORMAT,
                          "%s:%zu:%zu: %s: allowed are S start, G goal, . free, # wall, X dead end",
                          t->where, row, col, shown);
    }
    if (c != 'S' && c != 'G') {
        return MHO_OK;
    }
    if (*seen_row) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT,
                          "%s:%zu:%zu: a second %s; the first is at line %zu, column %zu", t->where,
                          row, col, c == 'S' ? "start S" : "goal G", *seen_row, *seen_col);
    }
    *seen_row = row;
    *seen_col = col;
    return MHO_OK;
}

static mho_status too_large(mho_ctx *ctx, const char *where, size_t row, size_t col) {
    return mho_i_fail(ctx, MHO_ERR_FORMAT,
                      "%s:%zu:%zu: the maze is too large: allowed are %d lines of %d letters",
                      where, row, col, MHO_I_MAZE_MAX, MHO_I_MAZE_MAX);
}

/* One line without its end; cells NULL: only checked. */
static mho_status take_line(mho_ctx *ctx, text_maze *t, const char *line, size_t n, size_t row) {
    mho_status status = MHO_OK;
    for (size_t k = 0; k < n && status == MHO_OK; k++) {
        if (k == MHO_I_MAZE_MAX || row > MHO_I_MAZE_MAX) {
            return too_large(ctx, t->where, row, k + 1);
        }
        status = take_letter(ctx, t, line[k], row, k + 1);
    }
    if (status == MHO_OK && row > 1 && n != t->n_col) {
        status = mho_i_fail(ctx, MHO_ERR_FORMAT,
                            "%s:%zu:%zu: this line has %zu letters, the first has %zu", t->where,
                            row, (n < t->n_col ? n : t->n_col) + 1, n, t->n_col);
    }
    t->n_col = row == 1 ? n : t->n_col;
    return status;
}

/* Checks everything but the path; empty lines at the end are not part of the maze. */
static mho_status scan(mho_ctx *ctx, const char *text, text_maze *t) {
    size_t len = strlen(text);
    while (len && strchr("\n\r \t", text[len - 1])) {
        len--;
    }
    for (const char *p = text; p < text + len;) {
        size_t n = strcspn(p, "\n");
        n = n < (size_t)(text + len - p) ? n : (size_t)(text + len - p);
        size_t shown = n && p[n - 1] == '\r' ? n - 1 : n;
        mho_status status = take_line(ctx, t, p, shown, ++t->n_row);
        if (status < 0) {
            return status;
        }
        p += n + 1;
    }
    if (!t->n_row || !t->n_col) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s:1:1: an empty maze", t->where);
    }
    if (!t->start_row || !t->goal_row) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s:%zu:%zu: no %s in the whole maze", t->where,
                          t->n_row, t->n_col, t->start_row ? "goal G" : "start S");
    }
    return MHO_OK;
}

static void fill_world(maze *m, mho_world *out) {
    uint32_t shortest = m->dist[m->start];
    size_t n = m->n_row * m->n_col;
    *out = (mho_world){.name = "maze",
                       .n_place = n,
                       .n_action = 4,
                       .max_step = n <= 100 ? 400 : 20 * n,         /* a random walk needs that */
                       .good_steps = shortest + (shortest + 4) / 5, /* 12 where 10 is shortest */
                       .good_row = 10,
                       .self = m,
                       .reset = reset,
                       .step = step,
                       .observe = observe,
                       .least = least,
                       .end = end,
                       .n_row = m->n_row,
                       .n_col = m->n_col,
                       .picture = m->cells,
                       .action_arrows = "^>v<"};
}

/* m->cells is filled: distances, and the check that there is a path. */
static mho_status finish(mho_ctx *ctx, maze *m, const char *where) {
    size_t n = m->n_row * m->n_col;
    uint32_t *queue = mho_i_alloc(ctx, n, sizeof *queue);
    if (!queue) {
        return MHO_ERR_NOMEM;
    }
    mho_i_learn_distances(m->n_row, m->n_col, m->cells, m->dist, queue);
    mho_i_free(ctx, queue);
    m->start = (size_t)((char *)memchr(m->cells, 'S', n) - m->cells);
    if (m->dist[m->start] == UINT32_MAX) {
        return mho_i_fail(ctx, MHO_ERR_FORMAT, "%s:%zu:%zu: no path from this start to the goal",
                          where, m->start / m->n_col + 1, m->start % m->n_col + 1);
    }
    return MHO_OK;
}

static maze *new_maze(mho_ctx *ctx, size_t n_row, size_t n_col) {
    maze *m = mho_i_alloc(ctx, 1, sizeof *m);
    if (!m) {
        return NULL;
    }
    m->n_row = n_row;
    m->n_col = n_col;
    m->dist = mho_i_alloc(ctx, n_row * n_col, sizeof *m->dist);
    m->cells = mho_i_alloc(ctx, n_row * n_col + 1, 1);
    if (!m->dist || !m->cells) {
        end(ctx, m);
        return NULL;
    }
    return m;
}

mho_status mho_world_maze_text(mho_ctx *ctx, const char *text, const char *where, mho_world *out) {
    text_maze t = {.where = where ? where : "maze"};
    mho_status status = scan(ctx, text, &t);
    if (status < 0) {
        return status;
    }
    maze *m = new_maze(ctx, t.n_row, t.n_col);
    if (!m) {
        return MHO_ERR_NOMEM;
    }
    const char *p = text;
    for (size_t row = 0; row < t.n_row; row++) {
        memcpy(m->cells + row * t.n_col, p, t.n_col);
        p += strcspn(p, "\n") + 1;
    }
    status = finish(ctx, m, t.where);
    if (status < 0) {
        end(ctx, m);
        return status;
    }
    fill_world(m, out);
    return MHO_OK;
}

mho_status mho_world_maze_load(mho_ctx *ctx, const char *path, mho_world *out) {
    /* a byte more than the largest maze with line ends of two bytes and some empty lines has */
    enum { MAX_BYTE = MHO_I_MAZE_MAX * (MHO_I_MAZE_MAX + 2) + 256 };
    unsigned char *data = NULL;
    size_t n = 0;
    mho_status status = mho_i_file_read(ctx, path, MAX_BYTE, &data, &n);
    if (status == MHO_ERR_FORMAT) { /* not read further: the memory stays bounded */
        return mho_i_fail(ctx, status,
                          "%s:1:1: the maze is too large, its file has more than %d bytes: allowed "
                          "are %d lines of %d letters",
                          path, (int)MAX_BYTE, MHO_I_MAZE_MAX, MHO_I_MAZE_MAX);
    }
    if (status < 0) {
        return status;
    }
    if (memchr(data, 0, n)) {
        size_t at = (size_t)((unsigned char *)memchr(data, 0, n) - data);
        status = mho_i_fail(ctx, MHO_ERR_FORMAT, "%s: byte %zu is 0: not a text file", path, at);
    } else {
        status = mho_world_maze_text(ctx, (const char *)data, path, out);
    }
    mho_i_free(ctx, data);
    return status;
}

/* ---- random mazes ---- */

/* Walls at random; then, where there is no path, walls of a random staircase are taken away. */
static void draw_walls(size_t n, double wall_frac, uint64_t seed, char *cells) {
    for (size_t k = 0; k < n * n; k++) {
        double u;
        mho_i_rng_uniform(seed, MHO_RNG_LEARN_MAZE, 0, (uint32_t)k, 1, &u);
        cells[k] = u < wall_frac ? '#' : '.';
    }
    cells[0] = 'S';
    cells[n * n - 1] = 'G';
}

static void dig(size_t n, uint64_t seed, char *cells) {
    size_t row = 0, col = 0;
    for (uint32_t k = 0; row + col + 2 < 2 * n; k++) {
        double u;
        mho_i_rng_uniform(seed, MHO_RNG_LEARN_MAZE, 1, k, 1, &u);
        bool down = col + 1 == n || (row + 1 < n && u < 0.5);
        row += down;
        col += !down;
        if (cells[row * n + col] == '#') {
            cells[row * n + col] = '.';
        }
    }
}

mho_status mho_world_maze_random(mho_ctx *ctx, size_t n, double wall_frac, uint64_t seed,
                                 mho_world *out) {
    if (n < 3 || n > MHO_I_MAZE_RANDOM_MAX || !(wall_frac >= 0 && wall_frac <= 0.4)) {
        return mho_i_fail(ctx, MHO_ERR_ARG,
                          "random maze of %zu x %zu with %g walls: allowed are 3 to %d cells and "
                          "a share of walls from 0 to 0.4",
                          n, n, wall_frac, MHO_I_MAZE_RANDOM_MAX);
    }
    maze *m = new_maze(ctx, n, n);
    if (!m) {
        return MHO_ERR_NOMEM;
    }
    draw_walls(n, wall_frac, seed, m->cells);
    mho_status status = finish(ctx, m, "random maze");
    if (status == MHO_ERR_FORMAT) {
        dig(n, seed, m->cells);
        status = finish(ctx, m, "random maze");
    }
    if (status < 0) {
        end(ctx, m);
        return status;
    }
    fill_world(m, out);
    return MHO_OK;
}
