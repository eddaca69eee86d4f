/* curve_int.h - the device bench: curves of single devices. Knows nothing of networks and chips. */
#ifndef MHO_CURVE_INT_H
#define MHO_CURVE_INT_H

#include "device/device_int.h"
#include "mho/lab.h"

#endif
