/* sweep_team.h - is this process one of several that mpirun or srun has started? */
#ifndef MHO_CLI_SWEEP_TEAM_H
#define MHO_CLI_SWEEP_TEAM_H

#include "mho/sweep.h"

/* *team stays NULL where there is only this process. false, with a message on stderr: there are
 * others, but no way to talk to them. */
bool sweep_team_open(const mho_team **team);
void sweep_team_close(void); /* all ranks call it; nothing without a team */

#endif
