/* glyphs.c - the skeletons of our handwritten-style digits.
 *
 * A form is one way to write a digit: strokes through points in a box of width and height 1, y
 * down. A stroke is a smooth curve through its points; C after a point makes it a corner; S starts
 * the next stroke. The forms were laid out by hand for this project. */
#include "digits_int.h"

#define S                                                                                          \
    { MHO_I_GLYPH_STROKE, 0 }
#define C                                                                                          \
    { MHO_I_GLYPH_CORNER, 0 }
#define E                                                                                          \
    { MHO_I_GLYPH_END, 0 }

typedef mho_i_glyph_point point;

static const point zero_round[] = {{.52f, 0},    {.25f, .14f}, {.14f, .5f},  {.26f, .88f}, {.5f, 1},
                                   {.76f, .84f}, {.86f, .47f}, {.74f, .12f}, {.48f, .01f}, E};
static const point zero_slim[] = {{.5f, 0},     {.33f, .2f}, {.27f, .55f}, {.36f, .9f}, {.52f, 1},
                                  {.68f, .85f}, {.73f, .5f}, {.66f, .15f}, {.5f, .02f}, E};
static const point zero_over[] = {{.66f, .1f},
                                  {.42f, .01f},
                                  {.2f, .25f},
                                  {.16f, .65f},
                                  {.38f, .98f},
                                  {.68f, .92f},
                                  {.85f, .58f},
                                  {.78f, .22f},
                                  {.55f, .05f},
                                  {.4f, .12f},
                                  E};
static const point zero_open[] = {{.42f, .05f}, {.2f, .3f},   {.18f, .7f},  {.45f, 1}, {.78f, .82f},
                                  {.84f, .42f}, {.66f, .06f}, {.55f, .04f}, E};

static const point one_plain[] = {{.5f, 0}, {.5f, .5f}, {.5f, 1}, E};
static const point one_bent[] = {{.54f, 0}, {.51f, .35f}, {.48f, .7f}, {.5f, 1}, E};
static const point one_flag[] = {{.3f, .24f}, {.42f, .12f}, {.53f, 0}, C,
                                 {.53f, .5f}, {.52f, 1},    E};
static const point one_serif[] = {{.3f, .22f},  {.52f, 0}, C, {.52f, .5f}, {.52f, 1}, S, {.26f, 1},
                                  {.52f, .99f}, {.78f, 1}, E};

static const point two_plain[] = {{.18f, .24f}, {.3f, .05f},  {.54f, 0}, {.78f, .14f},
                                  {.76f, .38f}, {.5f, .68f},  {.15f, 1}, C,
                                  {.5f, .98f},  {.87f, .98f}, E};
static const point two_loop[] = {{.2f, .2f},
                                 {.36f, .03f},
                                 {.62f, .02f},
                                 {.8f, .2f},
                                 {.7f, .48f},
                                 {.42f, .8f},
                                 {.2f, .97f},
                                 {.1f, .88f},
                                 {.24f, .77f},
                                 {.5f, .9f},
                                 {.72f, .99f},
                                 {.92f, .9f},
                                 E};
static const point two_swan[] = {{.22f, .12f}, {.5f, 0},  {.74f, .14f}, {.72f, .36f}, {.5f, .62f},
                                 {.2f, .92f},  {.24f, 1}, {.5f, .95f},  {.85f, 1},    E};
static const point two_angled[] = {
    {.2f, .08f}, {.55f, .01f}, {.8f, .12f}, {.7f, .42f}, {.2f, .98f}, C, {.88f, .94f}, E};

static const point three_round[] = {{.2f, .14f},
                                    {.45f, 0},
                                    {.74f, .12f},
                                    {.68f, .36f},
                                    {.42f, .47f},
                                    C,
                                    {.72f, .56f},
                                    {.82f, .78f},
                                    {.55f, 1},
                                    {.18f, .88f},
                                    E};
static const point three_flat[] = {{.2f, .02f},  {.5f, .02f},  {.8f, .02f}, C,
                                   {.6f, .22f},  {.44f, .42f}, C,           {.72f, .5f},
                                   {.84f, .74f}, {.6f, .98f},  {.16f, .9f}, E};
static const point three_knot[] = {{.22f, .1f},
                                   {.52f, 0},
                                   {.76f, .16f},
                                   {.62f, .4f},
                                   {.4f, .46f},
                                   {.42f, .53f},
                                   {.66f, .52f},
                                   {.82f, .72f},
                                   {.62f, .98f},
                                   {.2f, .93f},
                                   E};
static const point three_slack[] = {{.28f, .05f}, {.6f, .02f},  {.7f, .2f}, {.48f, .44f}, C,
                                    {.7f, .6f},   {.66f, .86f}, {.4f, 1},   {.24f, .95f}, E};

static const point four_open[] = {
    {.26f, 0},   {.22f, .28f}, {.17f, .56f}, C, {.5f, .56f}, {.88f, .54f}, S,
    {.7f, .08f}, {.67f, .5f},  {.64f, 1},    E};
static const point four_closed[] = {
    {.66f, 0}, {.4f, .34f}, {.12f, .66f}, C, {.5f, .66f}, {.9f, .65f}, S,
    {.66f, 0}, {.66f, .5f}, {.65f, 1},    E};
static const point four_round[] = {{.22f, 0}, {.15f, .3f}, {.28f, .5f},  {.55f, .5f}, {.76f, .4f},
                                   S,         {.8f, 0},    {.73f, .48f}, {.68f, 1},   E};
static const point four_single[] = {
    {.3f, .02f}, {.16f, .5f}, C, {.45f, .54f}, {.74f, .46f}, C, {.78f, .04f}, C,
    {.72f, .5f}, {.68f, 1},   E};

static const point five_cap[] = {{.28f, .02f},
                                 {.23f, .42f},
                                 C,
                                 {.5f, .34f},
                                 {.8f, .5f},
                                 {.78f, .82f},
                                 {.48f, 1},
                                 {.18f, .92f},
                                 S,
                                 {.28f, .02f},
                                 {.55f, .02f},
                                 {.84f, 0},
                                 E};
static const point five_single[] = {
    {.82f, .02f}, {.55f, .03f}, {.3f, .03f},  C,         {.26f, .42f}, C,
    {.54f, .38f}, {.8f, .56f},  {.74f, .88f}, {.42f, 1}, {.14f, .9f},  E};
static const point five_snake[] = {{.8f, .02f},  {.45f, .02f}, {.28f, .18f},
                                   {.38f, .4f},  {.66f, .52f}, {.78f, .74f},
                                   {.58f, .97f}, {.2f, .95f},  E};
static const point five_apart[] = {{.3f, .1f},
                                   {.24f, .46f},
                                   C,
                                   {.55f, .42f},
                                   {.76f, .62f},
                                   {.66f, .92f},
                                   {.3f, 1},
                                   S,
                                   {.36f, .04f},
                                   {.6f, .03f},
                                   {.86f, .06f},
                                   E};

static const point six_round[] = {{.7f, 0},     {.4f, .22f},  {.2f, .6f},  {.26f, .9f}, {.5f, 1},
                                  {.76f, .86f}, {.74f, .62f}, {.5f, .52f}, {.26f, .7f}, E};
static const point six_steep[] = {
    {.52f, 0},    {.32f, .38f}, {.22f, .76f}, {.38f, 1},   {.66f, .95f},
    {.76f, .74f}, {.6f, .58f},  {.36f, .64f}, {.25f, .8f}, E};
static const point six_hook[] = {{.8f, .1f}, {.6f, 0},     {.36f, .14f}, {.2f, .5f},   {.24f, .86f},
                                 {.5f, 1},   {.78f, .84f}, {.72f, .6f},  {.48f, .54f}, {.24f, .68f},
                                 E};
static const point six_low[] = {{.44f, 0},    {.26f, .45f}, {.22f, .82f}, {.42f, 1}, {.7f, .94f},
                                {.74f, .78f}, {.56f, .7f},  {.3f, .84f},  E};

static const point seven_plain[] = {
    {.15f, .04f}, {.5f, .03f}, {.84f, .03f}, C, {.6f, .48f}, {.4f, 1}, E};
static const point seven_bar[] = {
    {.14f, .05f}, {.5f, .03f}, {.85f, .02f}, C, {.62f, .45f}, {.44f, 1}, S,
    {.32f, .52f}, {.55f, .5f}, {.8f, .47f},  E};
static const point seven_serif[] = {{.14f, .2f}, {.16f, .04f}, C, {.5f, .04f}, {.85f, .02f}, C,
                                    {.64f, .4f}, {.5f, 1},     E};
static const point seven_bent[] = {
    {.16f, .12f}, {.45f, .02f}, {.78f, .04f}, {.76f, .26f}, {.56f, .6f}, {.46f, 1}, E};

static const point eight_single[] = {{.72f, .16f}, {.5f, 0},     {.26f, .14f}, {.34f, .38f},
                                     {.64f, .58f}, {.78f, .8f},  {.5f, 1},     {.22f, .8f},
                                     {.36f, .58f}, {.66f, .38f}, {.74f, .14f}, E};
static const point eight_rings[] = {
    {.5f, .48f}, {.29f, .36f}, {.3f, .1f},   {.5f, 0}, {.71f, .1f},  {.7f, .36f},  {.5f, .48f}, S,
    {.5f, .48f}, {.24f, .62f}, {.24f, .88f}, {.5f, 1}, {.77f, .88f}, {.76f, .62f}, {.5f, .48f}, E};
static const point eight_tail[] = {{.84f, .04f}, {.55f, .02f}, {.28f, .12f}, {.36f, .36f},
                                   {.66f, .6f},  {.72f, .84f}, {.48f, 1},    {.24f, .84f},
                                   {.4f, .58f},  {.66f, .36f}, {.78f, .1f},  E};
static const point eight_slim[] = {{.6f, .08f}, {.44f, .02f}, {.34f, .18f}, {.48f, .42f},
                                   {.64f, .7f}, {.58f, .96f}, {.4f, .96f},  {.34f, .74f},
                                   {.5f, .44f}, {.64f, .2f},  {.56f, .04f}, E};

static const point nine_curl[] = {{.74f, .22f}, {.54f, .01f}, {.28f, .12f}, {.24f, .36f},
                                  {.44f, .5f},  {.66f, .4f},  {.74f, .2f},  C,
                                  {.74f, .6f},  {.6f, .94f},  {.3f, .98f},  E};
static const point nine_stem[] = {{.72f, .14f},
                                  {.5f, .01f},
                                  {.26f, .14f},
                                  {.26f, .38f},
                                  {.48f, .5f},
                                  {.72f, .34f},
                                  S,
                                  {.75f, .04f},
                                  {.74f, .5f},
                                  {.7f, 1},
                                  E};
static const point nine_single[] = {{.74f, .12f},
                                    {.48f, .01f},
                                    {.25f, .2f},
                                    {.36f, .46f},
                                    {.6f, .42f},
                                    {.75f, .14f},
                                    C,
                                    {.7f, .55f},
                                    {.6f, 1},
                                    E};
static const point nine_flow[] = {
    {.7f, .1f},   {.42f, .04f}, {.26f, .26f}, {.46f, .44f}, {.68f, .28f},
    {.74f, .14f}, {.76f, .4f},  {.66f, .75f}, {.52f, 1},    E};

const mho_i_glyph_point *const mho_i_glyphs[10][MHO_I_GLYPH_FORMS] = {
    {zero_round, zero_slim, zero_over, zero_open},
    {one_plain, one_bent, one_flag, one_serif},
    {two_plain, two_loop, two_swan, two_angled},
    {three_round, three_flat, three_knot, three_slack},
    {four_open, four_closed, four_round, four_single},
    {five_cap, five_single, five_snake, five_apart},
    {six_round, six_steep, six_hook, six_low},
    {seven_plain, seven_bar, seven_serif, seven_bent},
    {eight_single, eight_rings, eight_tail, eight_slim},
    {nine_curl, nine_stem, nine_single, nine_flow},
};
