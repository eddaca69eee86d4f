/* value_text.c - parameters as text that reads well and that comes back to the same bits. */
#include "device_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void one_text(const char *unit, bool share, double value, int digits, char *buf,
                     size_t n_buf) {
    if (share) {
        snprintf(buf, n_buf, "%.*g %%", digits, value * 100);
    } else if (strncmp(unit, "1/", 2) == 0 || (strcmp(unit, "K") == 0 && fabs(value) >= 0.1)) {
        snprintf(buf, n_buf, "%.*g %s", digits, value, unit); /* nobody writes 337 000 mK */
    } else {
        mho_quantity_format(value, unit, digits, buf, n_buf);
    }
}

char *mho_i_value_text(const char *unit, bool share, double value, int digits, char *buf,
                       size_t n_buf) {
    if (digits > 0) {
        one_text(unit, share, value, digits, buf, n_buf);
        return buf;
    }
    char why[160];
    for (int d = 3; d <= 17; d++) {
        double back = 0;
        one_text(unit, share, value, d, buf, n_buf);
        if (mho_quantity_parse(buf, unit, &back, why, sizeof why) && back == value) {
            return buf;
        }
    }
    /* a prefix can cost the last bit; the bare SI number comes back with 17 digits at most */
    for (int d = 3; d <= 17; d++) {
        snprintf(buf, n_buf, "%.*g%s%s", d, value, *unit ? " " : "", unit);
        if (strtod(buf, NULL) == value) {
            break;
        }
    }
    return buf;
}
