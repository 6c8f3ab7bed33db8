/* SPDX-License-Identifier: MIT */
/*
 * Joining a running container: a new process with its namespaces, cgroup, rights and filter.
 */
#ifndef CORE_JOIN_H
#define CORE_JOIN_H

#include "core/launch.h"
#include "core/state.h"

/*
 * Executes l->spec (the container's own with another command, and perhaps user, workdir, env, tty) in the
 * container of r. As launch_up(): fills l->pid and l->master. The calling process is changed for good (it
 * enters the namespaces) and should do nothing else afterwards.
 */
int join_up(struct launch *l, const struct state_record *r, struct err *e);

#endif
