/* json_int.h - pieces that the JSON objects of all results share. What is not known is null. */
#ifndef MHO_REPORT_JSON_INT_H
#define MHO_REPORT_JSON_INT_H

#include "report_int.h"

#include <jansson.h>

/* jansson drops a value for which there is no memory, and the object goes on without it. Here such
 * an object (or array) is remembered by one reference too many, and mho_i_json_dump refuses it; the
 * names are jansson's so that no place can forget it. */
int mho_i_json_set(json_t *object, const char *key, json_t *value);
int mho_i_json_append(json_t *array, json_t *value);
#define json_object_set_new   mho_i_json_set
#define json_array_append_new mho_i_json_append

json_t *mho_i_json_number(double x);    /* null if it is not finite */
json_t *mho_i_json_text(const char *s); /* null if it is NULL or not UTF-8; NULL: no memory */
json_t *mho_i_json_count(size_t n);
json_t *mho_i_json_cost(const mho_cost_sum *c);
/* A seed above 2^63 - 1 becomes a text, because JSON's readers would round it. */
json_t *mho_i_json_seed(uint64_t s);
/* The object as text, to be given back with mho_text_free; o is given back here. */
mho_status mho_i_json_dump(mho_ctx *ctx, json_t *o, char **out);

#endif
