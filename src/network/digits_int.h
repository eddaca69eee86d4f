/* digits_int.h - skeletons of digits, shared by the table and the pen. */
#ifndef MHO_DIGITS_INT_H
#define MHO_DIGITS_INT_H

enum { MHO_I_GLYPH_FORMS = 4 };

/* x in [0,1], y in [0,1] down; an x of -1, -2, -3 is a mark between points */
typedef struct mho_i_glyph_point {
    float x, y;
} mho_i_glyph_point;
enum { MHO_I_GLYPH_STROKE = -1, MHO_I_GLYPH_CORNER = -2, MHO_I_GLYPH_END = -3 };

/* [digit][form] */
extern const mho_i_glyph_point *const mho_i_glyphs[10][MHO_I_GLYPH_FORMS];

#endif
