/* SPDX-License-Identifier: MIT */
/*
 * Kernel parameters in a build without them: whoever asks for one is told. See sysctl.h.
 */
#include <errno.h>

#include "core/sysctl.h"

int sysctl_check(const struct spec *s, struct err *e)
{
	return s->sysctl.n ? err_set(e, ENOTSUP, "sysctl %s: sysctl is not in this build",
				     s->sysctl.v[0])
			   : 0;
}

int sysctl_apply(const struct spec *s, int proc, struct err *e)
{
	(void)proc;
	return sysctl_check(s, e);
}

int sysctl_set(int proc, const char *text, struct err *e)
{
	(void)proc;
	return err_set(e, ENOTSUP, "sysctl %s: sysctl is not in this build", text);
}
