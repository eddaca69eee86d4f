/* elim_int.h - hierarchical port elimination: what leaf.c, front.c, elim.c and factor.c share.
 *
 * A block of cells is described by the conductances between its ports, the nodes that also have
 * neighbours outside. Two neighbouring blocks are joined and the nodes that only they share are
 * eliminated by the star-mesh rule c_ij += c_ki c_kj / sum_j c_kj. Only conductances between
 * different ports are stored: all are >= 0, all sums are of one sign, and the diagonal of a node is
 * the sum of its conductances, so nothing cancels and a result has full relative accuracy for any
 * ratio of wire to cell.
 *
 * Known potentials are ports too: S, the m inputs, and O, the n sensed ends. At the end only S and O
 * are left: M = c_SO. Conductances among S never matter, those among O only where sensed lines stand
 * at different potentials: then the plan is a full one, which keeps them all.                    */
#ifndef MHO_ELIM_INT_H
#define MHO_ELIM_INT_H

#include "circuit_int.h"

enum { MHO_I_LANES = 4, MHO_I_LEAF = 16 };
typedef double mho_i_v4 __attribute__((vector_size(32), aligned(32), may_alias));

/* Groups of ports, in the order in which a block holds them. L: word nodes of the column to the
 * left; R: word nodes of the last column; T: bit nodes of the first row; D: bit nodes of the row
 * below. At the array's edges: L is S, D is O, R and T are eliminated.                           */
enum { MHO_I_L, MHO_I_R, MHO_I_T, MHO_I_D, MHO_I_S, MHO_I_O, MHO_I_N_GROUP };

typedef struct mho_i_node {
    int i0, i1, j0, j1; /* cells [i0,i1) x [j0,j1) */
    int a, b;           /* children: left and right, or upper and lower; -1: a leaf */
    int depth;
    bool side_by_side;  /* children share a word-line cut */
    bool tile;          /* its leaves are made together */
    int task;           /* >= 0: number of the task that makes it, done by one thread; else -1 */
    int group0, group1; /* tile: its groups; leaf: group0 is its group */
    int slot, lane;     /* leaf: place among those of its tile, lane in its group */
    int len[MHO_I_N_GROUP]; /* ports */
    int off[MHO_I_N_GROUP];
    int nl, ns, no, nx; /* live, source, output, all ports; full plan: all are live */
    int ne;             /* nodes eliminated here */
    size_t keep;        /* offset of its panel in a kept factor, doubles */
} mho_i_node;

/* Leaves of one shape and tile that are reduced together. */
typedef struct mho_i_group {
    int p, q, n_leaf, leaf[MHO_I_LANES]; /* nodes */
    size_t keep;                         /* offset of its rows in a kept factor, vectors */
} mho_i_group;

enum { MHO_I_TILE_LEAVES = 16, MHO_I_MAX_DEPTH = 48 };

typedef struct mho_i_plan {
    mho_ctx *ctx;
    const mho_i_net *net;
    bool full;
    mho_i_node *node; /* [n_node], children after parents; 0 is the root */
    mho_i_group *group;
    int n_node, n_group, n_task, max_depth;
    int *task;                        /* [n_task] nodes */
    size_t c_size[MHO_I_MAX_DEPTH];   /* largest nx*nx at each depth, inside of tasks */
    size_t top_size[MHO_I_MAX_DEPTH]; /* the same above the tasks */
    size_t panel_size;                /* largest (ne + nx)*ne inside of tasks and above */
    size_t top_panel_size;
    size_t leaf_size;            /* largest nx*nx of a leaf */
    size_t keep_size, keep_rows; /* panels, doubles; rows of leaves, vectors */
    int max_ne;
} mho_i_plan;

mho_status mho_i_plan_new(mho_ctx *ctx, const mho_i_net *net, bool full, mho_i_plan *plan);
void mho_i_plan_free(mho_i_plan *plan);

/* A block as the elimination left it: conductances between ports, column-major lower triangle. */
typedef struct mho_i_block {
    double *c;
    int ld;
} mho_i_block;

/* ---- leaf.c ---- */
/* Vectors of scratch that mho_i_leaf_reduce needs. */
size_t mho_i_leaf_scratch(void);
/* Vectors that the eliminated rows of such a leaf take: for every node 1/sum of its conductances,
 * then its conductances to the later nodes of its front. */
size_t mho_i_leaf_rows(int p, int q);
/* Reduce up to 4 leaves of one shape p x q, one per lane. cell: [p*q][3] word segment to the left,
 * cell, bit segment below, S. out: upper triangle [2(p+q)][2(p+q)], ports L R T D.
 * keep: NULL, or gets the eliminated rows.                                                       */
void mho_i_leaf_reduce(int p, int q, const mho_i_v4 *cell, mho_i_v4 *out, mho_i_v4 *scratch,
                       mho_i_v4 *keep);

/* ---- front.c ---- */
/* Eliminate ne nodes. panel: [ne columns][ld = ne + nx], conductances: below the diagonal among the
 * ne nodes, then to the nl + ns + no ports; replaced by L and Y. c: [nx][nx] lower triangle, gets
 * Y Y^T added except among S and among O. work: [2*ne]. parallel: spread tiles over n_thread
 * threads; the tiles, and so the bits, do not depend on n_thread.                                */
typedef struct mho_i_front {
    double *panel, *c, *work;
    int ne, nl, ns, no;
} mho_i_front;
void mho_i_front_eliminate(const mho_i_front *f, bool tiled, int n_thread);

/* ---- elim.c ---- */
/* What one build needs, allocated once: per thread and for the top of the tree. */
typedef struct mho_i_elim_thread {
    mho_i_v4 *cell, *out, *scratch;
    double *leaf; /* [MHO_I_TILE_LEAVES][leaf_size] */
    double *panel, *work, *c[MHO_I_MAX_DEPTH][2];
} mho_i_elim_thread;
typedef struct mho_i_elim_space {
    int n_thread;
    mho_i_elim_thread *thread; /* [n_thread] */
    mho_i_elim_thread top;     /* only panel, work and c are used */
    mho_i_block *result;       /* [n_task] */
} mho_i_elim_space;
/* A kept factor: every panel after its elimination, every leaf's rows. */
typedef struct mho_i_keep {
    double *panel;  /* [plan->keep_size] */
    mho_i_v4 *rows; /* [plan->keep_rows] */
} mho_i_keep;

/* Where port k of a leaf (L R T D) stands in its front; -1: it carries nothing. at: [2(p+q)] */
void mho_i_elim_leaf_map(const mho_i_net *net, const mho_i_node *v, int *at);
/* Where group g of child `second` (0, 1) of v stands in v's front. */
int mho_i_elim_place(const mho_i_plan *plan, const mho_i_node *v, int second, int g);
/* Workspace of an array, kept between builds if it is not large. */
struct mho_i_elim {
    mho_i_plan plan;
    mho_i_elim_space space;
    size_t bytes;
    int n_thread_asked;
};
mho_status mho_i_elim_space_new(const mho_i_plan *plan, int n_thread, mho_i_elim_space *space);
void mho_i_elim_space_free(const mho_i_plan *plan, mho_i_elim_space *space);
/* g_S in [m][n], m_S out [m][n], may be the same; keep may be NULL. Cannot fail: a network whose
 * nodes float gets zeros. Allocates nothing; may run inside a parallel region if n_thread is 1.  */
void mho_i_elim_run(const mho_i_plan *plan, mho_i_elim_space *space, const double *g_S, double *m_S,
                    const mho_i_keep *keep);
/* The same with a full plan; in_S out [m][m] and out_S [n][n]: conductances among inputs and among
 * sensed ends, 0 on the diagonal; each may be NULL. */
void mho_i_elim_run_full(const mho_i_plan *plan, mho_i_elim_space *space, const double *g_S,
                         double *m_S, double *in_S, double *out_S);

#endif
