/* mho/mho.h - everything. */
#ifndef MHO_H
#define MHO_H
#include "mho/array.h"
#include "mho/base.h"
#include "mho/chip.h"
#include "mho/dendrite.h"
#include "mho/device.h"
#include "mho/ext.h"
#include "mho/fit.h"
#include "mho/graph.h"
#include "mho/image.h"
#include "mho/io.h"
#include "mho/lab.h"
#include "mho/learn.h"
<<<<<<< HEAD
#include "mho/mapping.h"
=======
#include "mho/model.h"
>>>>>>> main
#include "mho/network.h"
#include "mho/opto.h"
#include "mho/report.h"
#include "mho/samples.h"
#include "mho/spice.h"
#include "mho/study.h"
#include "mho/sweep.h"
#include "mho/synapse.h"
#include "mho/transient.h"
#endif
