/* mho/mho.h - everything. */
#ifndef MHO_H
#define MHO_H
#include "mho/array.h"
#include "mho/base.h"
#include "mho/io.h"
#include "mho/report.h"
#include "mho/spice.h"
#endif
