// SPDX-License-Identifier: MIT
/*
 * The limits of a spec as lines in cgroup v2 files, from one table. Runs on the host before the clone, and
 * writes only what is set. Must never pass over a limit silently.
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "drivers/cgroup/v2.h"

#define LINE_SIZE 128

enum kind {
	KIND_MAX,    /* a ceiling: not set while SPEC_UNLIMITED */
	KIND_FLOOR,  /* a guarantee: not set while 0 or SPEC_UNLIMITED */
	KIND_CPU,    /* thousandths of a processor */
	KIND_WEIGHT, /* not set while 0 */
	KIND_BOOL,
	KIND_TEXT,
};

struct limit {
	const char *key;   /* in a manifest */
	const char *file;  /* without "CONTROLLER." */
	const char *other; /* a second name of the file on some kernels, or NULL */
	const char *controller;
	const char *kernel; /* symbols behind this file */
	uint16_t offset;
	uint8_t kind;
	uint8_t bit;
};

#define AT(member) offsetof(struct spec, member)
#define MEMORY .controller = "memory", .bit = CGROUP_NO_MEMORY
#define CPU .controller = "cpu", .bit = CGROUP_NO_CPU
#define CPUSET .controller = "cpuset", .bit = CGROUP_NO_CPUSET
#define IO .controller = "io", .bit = CGROUP_NO_IO

static const struct limit limits[] = {
	{ "memory", "max", .kernel = "MEMCG", .offset = AT(memory), .kind = KIND_MAX, MEMORY },
	{ "memory-high", "high", .kernel = "MEMCG", .offset = AT(memory_high), .kind = KIND_MAX,
	  MEMORY },
	{ "memory-low", "low", .kernel = "MEMCG", .offset = AT(memory_low), .kind = KIND_FLOOR,
	  MEMORY },
	{ "memory-min", "min", .kernel = "MEMCG", .offset = AT(memory_min), .kind = KIND_FLOOR,
	  MEMORY },
	{ "memory-swap", "swap.max", .kernel = "MEMCG SWAP", .offset = AT(memory_swap),
	  .kind = KIND_MAX, MEMORY },
	{ "oom-group", "oom.group", .kernel = "MEMCG", .offset = AT(oom_group), .kind = KIND_BOOL,
	  MEMORY },
	{ "cpu", "max", .kernel = "CFS_BANDWIDTH", .offset = AT(cpu), .kind = KIND_CPU, CPU },
	{ "cpu-weight", "weight", .kernel = "FAIR_GROUP_SCHED", .offset = AT(cpu_weight),
	  .kind = KIND_WEIGHT, CPU },
	{ "cpuset", "cpus", .kernel = "CPUSETS", .offset = AT(cpuset), .kind = KIND_TEXT, CPUSET },
	{ "cpuset-mems", "mems", .kernel = "CPUSETS", .offset = AT(cpuset_mems), .kind = KIND_TEXT,
	  CPUSET },
	{ "pids", "max", .kernel = "CGROUP_PIDS", .offset = AT(pids), .kind = KIND_MAX,
	  .controller = "pids", .bit = CGROUP_NO_PIDS },
	{ "io-weight", "weight", "bfq.weight", .kernel = "BLK_CGROUP_IOCOST or BFQ_GROUP_IOSCHED",
	  .offset = AT(io_weight), .kind = KIND_WEIGHT, IO },
};

static const struct limit io_max = { "io-max", "max", .kernel = "BLK_DEV_THROTTLING", IO };

/* The value as the file wants it; false when it is not set. */
static bool format(const struct spec *s, const struct limit *l, char *line, size_t size)
{
	const void *at = (const char *)s + l->offset;
	const char *text;
	uint64_t n;

	if (l->kind == KIND_BOOL) {
		str_copy(line, size, "1");
		return *(const bool *)at;
	}
	if (l->kind == KIND_TEXT) {
		text = *(const char *const *)at;
		return text && str_copy(line, size, text);
	}
	n = *(const uint64_t *)at;
	if (l->kind == KIND_CPU && n != SPEC_UNLIMITED)
		/* a quota is 1 ms at least, so small shares need the longest period */
		str_format(line, size, n < 10 ? "%" PRIu64 "000 1000000" : "%" PRIu64 "00 100000",
			   n);
	else
		str_format(line, size, "%" PRIu64, n);
	switch (l->kind) {
	case KIND_WEIGHT:
		return n != 0;
	case KIND_FLOOR:
		return n != 0 && n != SPEC_UNLIMITED;
	default:
		return n != SPEC_UNLIMITED;
	}
}

/* Tries both names of the file; -ENOENT when the kernel has neither (yet). */
static int write_file(int cgroup, const struct limit *l, const char *line)
{
	char path[48];
	int ret;

	str_format(path, sizeof(path), "%s.%s", l->controller, l->file);
	ret = fd_write_text(cgroup, path, line);
	if (ret != -ENOENT || !l->other)
		return ret;
	str_format(path, sizeof(path), "%s.%s", l->controller, l->other);
	return fd_write_text(cgroup, path, line);
}

/* why: what enabling the controller said, 0 when it was there or there was no reason to try. */
static int refuse(const struct limit *l, const char *line, int ret, int why, struct err *e)
{
	if (why == -EBUSY)
		return err_set(
			e, EBUSY,
			"%s: processes beside ours keep controller '%s' from being enabled "
			"(cgroup.subtree_control); move them to a cgroup of their own or set "
			"limits = best-effort",
			l->key, l->controller);
	if (why == -EACCES || why == -EPERM || why == -EROFS)
		return err_set(
			e, -why,
			"%s: controller '%s' may not be enabled here (cgroup.subtree_control); "
			"delegate it or set limits = best-effort",
			l->key, l->controller);
	if (ret == -ENOENT)
		return err_set(
			e, ENOTSUP,
			"%s: no %s.%s: this kernel's cgroup v2 lacks it (controller '%s', kernel: "
			"%s; not bound to v1); add it or set limits = best-effort",
			l->key, l->controller, l->file, l->controller, l->kernel);
	return err_sys(e, ret, "%s: writing '%.60s' to %s.%s", l->key, line, l->controller,
		       l->file);
}

static int write_limit(const struct spec *s, int cgroup, const struct limit *l, const char *line,
		       uint32_t *missing, struct err *e)
{
	int ret = write_file(cgroup, l, line), why = 0;

	/* The files appear when the controller is enabled above, by the first who needs it. */
	if (ret == -ENOENT) {
		why = cgroup_v2_enable(l->controller);
		if (why == 0)
			ret = write_file(cgroup, l, line);
	}
	if (ret == 0)
		return 0;
	if (s->limits != SPEC_LIMITS_BEST_EFFORT)
		return refuse(l, line, ret, why, e);
	*missing |= l->bit;
	return 0;
}

/* ---- io.max: DEVICE KEY=VALUE... ---- */

static int add_value(char *line, size_t size, const char *text, size_t len)
{
	static const char *const keys[] = { "rbps=", "wbps=", "riops=", "wiops=" };
	size_t used = strlen(line);
	char value[24];
	uint64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t key = strlen(keys[i]);

		if (len <= key || len - key >= sizeof(value) || strncmp(text, keys[i], key) != 0)
			continue;
		memcpy(value, text + key, len - key);
		value[len - key] = '\0';
		if (str_size(value, &n) < 0)
			return -EINVAL;
		if (n == SPEC_UNLIMITED)
			str_format(line + used, size - used, " %smax", keys[i]);
		else
			str_format(line + used, size - used, " %s%" PRIu64, keys[i], n);
		return 0;
	}
	return -EINVAL;
}

static int device_number(const char *path, char *line, size_t size, struct err *e)
{
	struct stat st;

	if (path[strspn(path, "0123456789:")] == '\0') { /* MAJOR:MINOR already */
		str_copy(line, size, path);
		return 0;
	}
	if (stat(path, &st) < 0)
		return err_sys(e, errno, "io-max: device %s", path);
	if (!S_ISBLK(st.st_mode))
		return err_set(e, ENOTBLK, "io-max: %s is not a block device", path);
	str_format(line, size, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

static int format_io_max(const char *text, char *line, size_t size, struct err *e)
{
	const char *p = text + strcspn(text, " \t");
	char device[128];
	int ret;

	str_format(device, sizeof(device), "%.*s", (int)(p - text), text);
	ret = device_number(device, line, size, e);
	if (ret < 0)
		return ret;
	for (p += strspn(p, " \t"); *p; p += strspn(p, " \t")) {
		size_t len = strcspn(p, " \t");

		if (add_value(line, size, p, len) < 0)
			return err_set(
				e, EINVAL,
				"io-max: '%.80s': DEVICE, then rbps= wbps= riops= wiops= with a "
				"number or max",
				text);
		p += len;
	}
	return 0;
}

int cgroup_v2_limits(const struct spec *s, int cgroup, uint32_t *missing, struct err *e)
{
	char line[LINE_SIZE];
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(limits) && ret == 0; i++)
		if (format(s, &limits[i], line, sizeof(line)))
			ret = write_limit(s, cgroup, &limits[i], line, missing, e);
	for (unsigned int i = 0; i < s->io_max.n && ret == 0; i++) {
		ret = format_io_max(s->io_max.v[i], line, sizeof(line), e);
		if (ret == 0)
			ret = write_limit(s, cgroup, &io_max, line, missing, e);
	}
	return ret;
}
