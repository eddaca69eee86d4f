/* learn_world.c - mho learn maze, t-maze, bandit, water-maze, cart-pole: agents whose weights are
 * optomemristors learn a task. */
#define _GNU_SOURCE
#include "learn.h"

#include "learn_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words to choices ---- */

static int choose(const char *option, const char *text, int n, const char *(*name)(int), int *out) {
    char allowed[160] = "";
    for (int k = 0; k < n; k++) {
        if (strcmp(name(k), text) == 0) {
            *out = k;
            return -1;
        }
        size_t len = strlen(allowed);
        snprintf(allowed + len, sizeof allowed - len, "%s%s", len ? ", " : "", name(k));
    }
    return cli_usage_error("--%s %s: allowed are %s", option, text, allowed);
}

static const char *agent_name(int k) {
    return mho_agent_name((mho_agent)k);
}
static const char *control_name(int k) {
    return mho_control_name((mho_control)k);
}
static const char *role_name(int k) {
    return k ? "optical-global" : "optical-local";
}

/* ---- --set key=value,key=value ---- */

static int unknown_key(const char *key) {
    char known[900] = "";
    for (size_t k = 0; k < mho_learn_param_count() + mho_opto_param_count(); k++) {
        mho_param_info p = k < mho_learn_param_count()
                               ? mho_learn_param_describe(k)
                               : mho_opto_param_describe(k - mho_learn_param_count());
        size_t len = strlen(known);
        snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "", p.key);
    }
    return cli_usage_error("--set %s: not a parameter; there are %s", key, known);
}

static int set_one(mho_ctx *ctx, mho_learn_opt *opt, const char *key, const char *text) {
    for (size_t k = 0; k < mho_learn_param_count() + mho_opto_param_count(); k++) {
        bool device = k >= mho_learn_param_count();
        size_t j = device ? k - mho_learn_param_count() : k;
        mho_param_info p = device ? mho_opto_param_describe(j) : mho_learn_param_describe(j);
        if (strcmp(p.key, key) != 0) {
            continue;
        }
        char why[160], *end;
        double value = strtod(text, &end);
        if ((end == text || *end || !isfinite(value)) &&
            !mho_quantity_parse(text, p.unit, &value, why, sizeof why)) {
            return cli_usage_error("--set %s=%s: %s", key, text, why);
        }
        mho_status status = device ? mho_opto_param_set(ctx, &opt->opto, j, value)
                                   : mho_learn_param_set(ctx, opt, j, value);
        return status < 0 ? cli_fail(ctx, status) : -1;
    }
    return unknown_key(key);
}

static int set_all(mho_ctx *ctx, mho_learn_opt *opt, const char *text) {
    char copy[1024];
    if (strlen(text) >= sizeof copy) {
        return cli_usage_error("--set: more than %zu letters", sizeof copy - 1);
    }
    snprintf(copy, sizeof copy, "%s", text);
    char *rest = copy;
    for (char *part; (part = strsep(&rest, ","));) {
        char *equal = strchr(part, '=');
        if (!equal) {
            return cli_usage_error("--set %s: key=value is wanted", part);
        }
        *equal = 0;
        int rc = set_one(ctx, opt, part, equal + 1);
        if (rc >= 0) {
            return rc;
        }
    }
    return -1;
}

/* ---- the run ---- */

static mho_status make_world(mho_ctx *ctx, const learn_args *a, mho_world *world) {
    if (!a->world) {
        return mho_world_new(ctx, a->task, world);
    }
    static const char random[] = "random:";
    const char *side = a->world + sizeof random - 1;
    if (strncmp(a->world, random, sizeof random - 1) == 0 && *side &&
        !side[strspn(side, "0123456789")]) { /* strtoul makes the largest of what it cannot hold */
        return mho_world_maze_random(ctx, strtoul(side, NULL, 10), 0.3, a->seed, world);
    }
    return mho_world_maze_load(ctx, a->world, world);
}

static int make_options(mho_ctx *ctx, const learn_args *a, const mho_world *world,
                        mho_learn_opt *opt) {
    int agent = 0, control = 0, roles = 0;
    int rc = choose("agent", a->agent, MHO_AGENT_COUNT, agent_name, &agent);
    rc = rc >= 0 ? rc : choose("control", a->control, MHO_CONTROL_COUNT, control_name, &control);
    rc = rc >= 0 ? rc : choose("roles", a->roles, 2, role_name, &roles);
    if (rc >= 0) {
        return rc;
    }
    mho_learn_defaults(world, (mho_agent)agent, opt);
    opt->control = (mho_control)control;
    opt->opto.roles = (mho_opto_roles)roles;
    opt->seed = a->seed;
    opt->n_seed = (size_t)a->n_seed;
    opt->n_episode = (size_t)a->n_episode;
    if (!isnan(a->trace)) {
        char text[40];
        snprintf(text, sizeof text, "%.17g", a->trace);
        rc = set_one(ctx, opt, "trace_steps", text);
    }
    return rc >= 0 || !a->set ? rc : set_all(ctx, opt, a->set);
}

static mho_status check_outputs(mho_ctx *ctx, const learn_args *a) {
    mho_status status = MHO_OK;
    if (a->json && strcmp(a->json, "-") != 0) {
        status = mho_file_writable(ctx, a->json);
    }
    return status < 0 || !a->report ? status : mho_run_report_ready(ctx, a->report);
}

static int run_learn(mho_ctx *ctx, const learn_args *a) {
    mho_world world = {.name = ""};
    mho_learn_opt opt;
    mho_learn_result *r = NULL;
    mho_status status = check_outputs(ctx, a);
    status = status < 0 ? status : make_world(ctx, a, &world);
    if (status < 0) {
        return cli_fail(ctx, status);
    }
    int rc = make_options(ctx, a, &world, &opt);
    if (rc < 0) {
        status = mho_learn_run(ctx, &world, &opt, &r);
        cli_progress_end();
        status = status < 0 ? status : learn_output(ctx, a, r);
        rc = status < 0 ? cli_fail(ctx, status) : CLI_DONE;
    }
    mho_learn_result_free(ctx, r);
    mho_world_free(ctx, &world);
    return rc;
}

static int check_arguments(const learn_args *a) {
    if (a->world && strcmp(a->task, "maze") != 0) {
        return cli_usage_error("--world goes with mho learn maze only");
    }
    if (a->json && a->report && strcmp(a->json, a->report) == 0) {
        return cli_usage_error("--json and --report name the same file");
    }
    return -1;
}

int learn_world(int argc, char **argv) {
    const char *task = argv[0];
    char name[40], example[80];
    snprintf(name, sizeof name, "learn %s", task);
    snprintf(example, sizeof example, "mho learn %s --agent reward-pulse --report learn.html",
             task);
    const cli_command self = {.name = name,
                              .summary = "Agents whose every weight is a pair of optomemristors "
                                         "learn a task.",
                              .usage = "[OPTIONS]",
                              .example = example};
    learn_args a = {.task = task,
                    .agent = "actor-critic",
                    .control = "none",
                    .roles = "optical-local",
                    .n_seed = 200,
                    .n_episode = 300,
                    .seed = 1,
                    .trace = NAN};
    const cli_option options[] = {
        {"world", CLI_FILE, &a.world, "FILE", NULL,
         "maze: S start, G goal, . free, # wall, X dead end; or random:N for N x N cells"},
        {"agent", CLI_TEXT, &a.agent, "NAME", NULL,
         "actor-critic, reward-pulse, r-stdp, e-prop, mott-policy"},
        {"control", CLI_TEXT, &a.control, "NAME", NULL,
         "what must not learn: eta0, light-only, pulse-only; none"},
        {"roles", CLI_TEXT, &a.roles, "NAME", NULL,
         "optical-local (light is the eligibility) or optical-global (light is the reward)"},
        {"trace", CLI_NUMBER, &a.trace, "STEPS", "",
         "steps in which the light's trace falls to 1/e"},
        {"seeds", CLI_COUNT, &a.n_seed, "N", NULL,
         "how many runs, each with devices of its own (200)"},
        {"episodes", CLI_COUNT, &a.n_episode, "N", NULL, "episodes of a run (300)"},
        {"seed", CLI_SEED, &a.seed, "S", NULL, "seed of everything random (1)"},
        {"set", CLI_TEXT, &a.set, "KEY=X,...", NULL,
         "parameters of agent and cell: pulses=4,cell_sd=0.3; a wrong key lists them"},
        {"json", CLI_MAYBE, &a.json, "[FILE]", NULL, "write the result as JSON (standard output)"},
        {"report", CLI_FILE, &a.report, "FILE", NULL, "write an HTML page with plots"},
        {"threads", CLI_COUNT, &a.n_thread, "N", NULL,
         "threads (all processors); the result is the same"},
        {0}};
    int rc = cli_parse(&self, options, argc, argv, NULL, 0);
    rc = rc >= 0 ? rc : check_arguments(&a);
    if (rc >= 0) {
        return rc;
    }
    mho_ctx *ctx = cli_ctx(a.n_thread);
    if (!ctx) {
        return cli_no_ctx();
    }
    rc = run_learn(ctx, &a);
    mho_ctx_free(ctx);
    return rc;
}
