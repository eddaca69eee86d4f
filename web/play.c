/* play.c - the one context of the page. */
#include "play.h"

static mho_ctx *ctx;

int play_start(void) {
    return ctx || mho_ctx_new(&ctx) == MHO_OK;
}

const char *play_error(void) {
    return ctx ? mho_ctx_last_error(ctx) : "no memory";
}

const char *play_version(void) {
    return mho_version();
}

mho_ctx *play_ctx(void) {
    return ctx;
}
