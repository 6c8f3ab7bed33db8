// SPDX-License-Identifier: MIT
/*
 * Applies the rlimits of a spec. Runs inside, before the user is changed; the text was checked when the
 * spec was made.
 */
#include "core/rlimit.h"

#include <errno.h>
#include <sys/resource.h>

static rlim_t limit_of(uint64_t value)
{
	return value == SPEC_UNLIMITED ? RLIM_INFINITY : (rlim_t)value;
}

int rlimit_apply(const struct spec *s, struct err *e)
{
	for (unsigned int i = 0; i < s->rlimit.n; i++) {
		struct spec_rlimit r;
		int ret = spec_rlimit(s->rlimit.v[i], &r, e);
		struct rlimit limit;

		if (ret < 0)
			return ret;
		limit = (struct rlimit){ limit_of(r.soft), limit_of(r.hard) };
		if (prlimit(0, r.resource, &limit, NULL) < 0)
			return err_sys(e, errno, "rlimit %s", s->rlimit.v[i]);
	}
	return 0;
}
