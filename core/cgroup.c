// SPDX-License-Identifier: MIT
/*
 * Finds the cgroup driver that works here, and decides what a start without any means for the limits a
 * spec asks for. Runs on the host. Must never let a limit be forgotten silently.
 */
#include "core/cgroup.h"

#include <errno.h>
#include <string.h>

#include "core/driver.h"
#include "core/lib/str.h"

static const struct {
	uint32_t bit;
	const char *name;   /* as people know it */
	const char *kernel; /* symbols */
} groups[] = {
	{ CGROUP_NO_MEMORY, "memory", "MEMCG" },   { CGROUP_NO_CPU, "cpu", "CGROUP_SCHED" },
	{ CGROUP_NO_CPUSET, "cpuset", "CPUSETS" }, { CGROUP_NO_PIDS, "pids", "CGROUP_PIDS" },
	{ CGROUP_NO_IO, "io", "BLK_CGROUP" },	   { CGROUP_NO_DEVICES, "devices", "CGROUP_BPF" },
	{ CGROUP_NO_ALL, "cgroup", "CGROUPS" },
};

const struct cgroup_driver *cgroup_driver(void)
{
	static struct {
		bool known;
		const struct cgroup_driver *driver;
	} cache;

	if (cache.known)
		return cache.driver;
	cache.known = true;
	for (DRIVER_EACH(cgroup, d))
		if ((*d)->usable())
			cache.driver = *d;
	return cache.driver;
}

uint32_t cgroup_wanted(const struct spec *s)
{
	const uint64_t none = SPEC_UNLIMITED;
	uint32_t wanted = 0;

	if (s->memory != none || s->memory_high != none || s->memory_swap != none || s->oom_group ||
	    (s->memory_low && s->memory_low != none) || (s->memory_min && s->memory_min != none))
		wanted |= CGROUP_NO_MEMORY;
	if (s->cpu != none || s->cpu_weight)
		wanted |= CGROUP_NO_CPU;
	if (s->cpuset || s->cpuset_mems)
		wanted |= CGROUP_NO_CPUSET;
	if (s->pids != none)
		wanted |= CGROUP_NO_PIDS;
	if (s->io_weight || s->io_max.n)
		wanted |= CGROUP_NO_IO;
	return wanted;
}

int cgroup_require_none(const struct spec *s, uint32_t *missing, struct err *e)
{
	uint32_t wanted = cgroup_wanted(s);

	*missing = wanted | CGROUP_NO_ALL;
	if (!wanted || s->limits == SPEC_LIMITS_BEST_EFFORT)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (wanted & groups[i].bit)
			return err_set(
				e, ENOTSUP,
				"%s: no usable cgroup v2 here (kernel: CGROUPS %s; mount cgroup2 on "
				"/sys/fs/cgroup), so no limit can hold; fix that or set limits = best-effort",
				groups[i].name, groups[i].kernel);
	return err_sys(e, ENOTSUP, "limits");
}

const char *cgroup_missing_text(uint32_t missing, char *buf, size_t size)
{
	size_t used = 0;

	if (size)
		*buf = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (missing & groups[i].bit)
			used += str_format(buf + used, size - used, "%s%s", used ? ", " : "",
					   groups[i].name);
	return buf;
}
