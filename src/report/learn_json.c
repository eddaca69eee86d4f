/* learn_json.c - the result of mho learn as one JSON object with stable keys; what is not known is
 * null. */
#include "json_int.h"

static json_t *list(size_t n, const double *x) {
    json_t *a = json_array();
    for (size_t k = 0; k < n; k++) {
        json_array_append_new(a, mho_i_json_number(x[k]));
    }
    return a;
}

static json_t *curve(const mho_learn_result *r) {
    json_t *o = json_object();
    json_object_set_new(o, "mean", list(r->opt.n_episode, r->curve_mean));
    json_object_set_new(o, "sd", list(r->opt.n_episode, r->curve_sd));
    json_object_set_new(o, "p10", list(r->opt.n_episode, r->curve_lo));
    json_object_set_new(o, "p90", list(r->opt.n_episode, r->curve_hi));
    json_object_set_new(o, "good_share", list(r->opt.n_episode, r->curve_good));
    return o;
}

static json_t *solved(const mho_learn_result *r) {
    json_t *o = json_object(), *each = json_array();
    for (size_t k = 0; k < r->opt.n_seed; k++) {
        json_array_append_new(each, r->solved_at[k] ? json_integer((json_int_t)r->solved_at[k])
                                                    : json_null());
    }
    json_object_set_new(o, "runs", json_integer((json_int_t)r->n_solved));
    json_object_set_new(o, "share", mho_i_json_number((double)r->n_solved / (double)r->opt.n_seed));
    json_object_set_new(o, "ci95", list(2, r->wilson));
    json_object_set_new(o, "episode_mean", mho_i_json_number(r->solved_mean));
    json_object_set_new(o, "episode_each", each);
    json_object_set_new(o, "most_steps", json_integer((json_int_t)r->good_steps));
    json_object_set_new(o, "in_a_row", json_integer((json_int_t)r->good_row));
    return o;
}

static json_t *energy(const mho_learn_result *r) {
    const mho_learn_energy *e = &r->energy;
    json_t *o = json_object();
    json_object_set_new(o, "update_J", mho_i_json_number(e->update_J));
    json_object_set_new(o, "step_light_J", mho_i_json_number(e->mark_J));
    json_object_set_new(o, "episode_write_J", mho_i_json_number(e->episode_write_J));
    json_object_set_new(o, "episode_light_J", mho_i_json_number(e->episode_light_J));
    json_object_set_new(o, "episode_read_J", mho_i_json_number(e->episode_read_J));
    json_object_set_new(o, "episode_s", mho_i_json_number(e->episode_s));
    json_object_set_new(o, "updates", mho_i_json_number(e->updates));
    json_object_set_new(o, "steps", mho_i_json_number(e->steps));
    json_object_set_new(o, "change_share", mho_i_json_number(e->change_share));
    return o;
}

static json_t *parameters(const mho_learn_result *r) {
    json_t *o = json_object();
    for (size_t k = 0; k < mho_learn_param_count(); k++) {
        json_object_set_new(o, mho_learn_param_describe(k).key,
                            mho_i_json_number(mho_learn_param_get(&r->opt, k)));
    }
    for (size_t k = 0; k < mho_opto_param_count(); k++) {
        json_object_set_new(o, mho_opto_param_describe(k).key,
                            mho_i_json_number(mho_opto_param_get(&r->opt.opto, k)));
    }
    return o;
}

static json_t *rows(size_t n_row, size_t n_col, const double *x) {
    json_t *a = json_array();
    for (size_t k = 0; k < n_row; k++) {
        json_array_append_new(a, list(n_col, x + k * n_col));
    }
    return a;
}

mho_status mho_learn_report_json(mho_ctx *ctx, const mho_learn_result *r, char **out) {
    *out = NULL;
    json_t *o = json_object();
    json_object_set_new(o, "task", json_string(r->world));
    json_object_set_new(o, "version", json_string(mho_version()));
    json_object_set_new(o, "agent", json_string(mho_agent_name(r->opt.agent)));
    json_object_set_new(o, "control", json_string(mho_control_name(r->opt.control)));
    json_object_set_new(o, "roles",
                        json_string(r->opt.opto.roles == MHO_OPTO_LIGHT_GLOBAL ? "optical-global"
                                                                               : "optical-local"));
    json_object_set_new(o, "seed", mho_i_json_seed(r->opt.seed));
    json_object_set_new(o, "seeds", json_integer((json_int_t)r->opt.n_seed));
    json_object_set_new(o, "episodes", json_integer((json_int_t)r->opt.n_episode));
    json_object_set_new(o, "solved", solved(r));
    json_object_set_new(o, "steps", curve(r));
    json_object_set_new(o, "least_steps", mho_i_json_number(r->least_mean));
    json_object_set_new(o, "late_ratio", mho_i_json_number(r->late_ratio));
    json_object_set_new(o, "energy", energy(r));
    json_object_set_new(o, "policy", rows(r->n_place, r->n_action, r->policy));
    json_object_set_new(o, "value", list(r->n_place, r->value));
    json_object_set_new(o, "parameters", parameters(r));
    json_object_set_new(o, "seconds", mho_i_json_number(r->total_s));
    return mho_i_json_dump(ctx, o, out);
}
