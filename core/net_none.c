// SPDX-License-Identifier: MIT
/*
 * Networks in a build without [network] sections: none and host, which need no more than a flag of the clone.
 */
#include <errno.h>
#include <sched.h>

#include "core/net.h"

int net_prepare(struct launch *l, struct err *e)
{
	const struct strv *names = &l->spec->network;

	l->clone_flags |= CLONE_NEWNET;
	for (unsigned int i = 0; i < names->n; i++) {
		uint64_t kind = net_kind_of(names->v[i]);

		if (i > 0)
			return err_set(e, E2BIG, "%s: this build knows one network a container",
				       names->v[i]);
		for (DRIVER_EACH(net, d))
			if ((*d)->kind == kind)
				l->net[l->n_net++] = *d;
		if (!l->n_net)
			return err_set(e, ENOENT, "%s: no such network in this build", names->v[i]);
		if (l->net[0]->host)
			l->clone_flags &= ~(uint64_t)CLONE_NEWNET;
	}
	return 0;
}
