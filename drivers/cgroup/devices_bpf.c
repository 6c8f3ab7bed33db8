// SPDX-License-Identifier: MIT
/*
 * The device filter of a container: a BPF program on its cgroup that answers every open and mknod of
 * a device node. Runs on the host before the clone. An allow list: what every /dev has, and the devices of
 * the spec.
 *
 * It is the second fence. The first are the missing CAP_MKNOD, a /dev made by us and nodev on what others
 * may write, so a kernel without CGROUP_BPF is only refused when the container may make nodes.
 * Source: bpf(2), Documentation/admin-guide/cgroup-v2.rst (Device controller).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/capname.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/plug.h"
#include "drivers/cgroup/v2.h"

#define MAX_RULES 64
#define RULE_INSNS 8 /* at most, of one rule */
#define ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

struct rule {
	uint32_t type, access, major, minor;
};

/* Registers: r1 scratch, r2 type, r3 access, r4 major, r5 minor. */
struct program {
	struct bpf_insn insn[32 + MAX_RULES * RULE_INSNS];
	unsigned int n;
};

/* Bit per minor of the memory devices (major 1): null, zero, full, random, urandom. */
#define MEMORY_MINORS (1U << 3 | 1U << 5 | 1U << 7 | 1U << 8 | 1U << 9)
/* And of major 5: tty, ptmx; the console for a container with a terminal. */
#define TTY_MINORS (1U << 0 | 1U << 2)
#define CONSOLE_MINOR (1U << 1)
#define PTS_MAJOR 136

static void put(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		uint32_t imm)
{
	p->insn[p->n++] = (struct bpf_insn){ code, dst, src, off, (int32_t)imm };
}

/* "r0 = verdict; exit" */
static void put_exit(struct program *p, uint32_t verdict)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void put_head(struct program *p)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
	    offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	put(p, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	put(p, BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	put(p, BPF_ALU | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1,
	    offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1,
	    offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

/* A jump whose target, past everything up to end, is filled in by close_jumps(). */
static void put_jump(struct program *p, uint8_t op, uint8_t reg, uint32_t value)
{
	put(p, BPF_JMP | op | BPF_K, reg, 0, 0, value);
}

static void close_jumps(struct program *p, unsigned int first)
{
	for (unsigned int i = first; i < p->n; i++)
		if (BPF_CLASS(p->insn[i].code) == BPF_JMP && BPF_OP(p->insn[i].code) != BPF_EXIT &&
		    p->insn[i].off == 0)
			p->insn[i].off = (int16_t)(p->n - i - 1);
}

/* "if (r1 & minors) allow" where major is the given one; r1 is 1 << minor. */
static void put_minors(struct program *p, uint32_t major, uint32_t minors)
{
	unsigned int first = p->n;

	put_jump(p, BPF_JNE, BPF_REG_4, major);
	put(p, BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, minors);
	put_jump(p, BPF_JEQ, BPF_REG_1, 0);
	put_exit(p, 1);
	close_jumps(p, first);
}

/* What every /dev has. Few branches, because the kernel's verifier walks all paths at every start. */
static void put_defaults(struct program *p, bool tty)
{
	unsigned int first = p->n;

	put_jump(p, BPF_JNE, BPF_REG_2, BPF_DEVCG_DEV_CHAR);
	put(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 2, PTS_MAJOR);
	put_exit(p, 1);
	put_jump(p, BPF_JGT, BPF_REG_5, 31);
	put(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1);
	put(p, BPF_ALU | BPF_LSH | BPF_X, BPF_REG_1, BPF_REG_5, 0, 0);
	put_minors(p, 1, MEMORY_MINORS);
	put_minors(p, 5, TTY_MINORS | (tty ? CONSOLE_MINOR : 0));
	close_jumps(p, first);
}

static void put_rule(struct program *p, const struct rule *r)
{
	unsigned int first = p->n;

	put_jump(p, BPF_JNE, BPF_REG_2, r->type);
	put_jump(p, BPF_JNE, BPF_REG_4, r->major);
	put_jump(p, BPF_JNE, BPF_REG_5, r->minor);
	if (r->access != ALL) {
		put(p, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
		put(p, BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, ~r->access & ALL);
		put_jump(p, BPF_JNE, BPF_REG_1, 0);
	}
	put_exit(p, 1);
	close_jumps(p, first);
}

static uint32_t access_of(const struct spec_device *d)
{
	return (d->r ? BPF_DEVCG_ACC_READ : 0U) | (d->w ? BPF_DEVCG_ACC_WRITE : 0U) |
	       (d->m ? BPF_DEVCG_ACC_MKNOD : 0U);
}

static int rule_of(const struct spec_device *d, struct rule *r, struct err *e)
{
	struct stat st;

	if (stat(d->host, &st) < 0)
		return err_sys(e, errno, "device %s", d->host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ENODEV, "device %s: not a device node", d->host);
	r->type = S_ISBLK(st.st_mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	r->major = major(st.st_rdev);
	r->minor = minor(st.st_rdev);
	r->access = access_of(d);
	return 0;
}

struct pattern {
	struct program *p;
	struct rule rule; /* its access */
};

static int put_match(const char *path, const struct stat *st, void *arg)
{
	struct pattern *a = arg;

	(void)path;
	if (a->p->n + RULE_INSNS + 2 > ARRAY_SIZE(a->p->insn))
		return -E2BIG;
	a->rule.type = S_ISBLK(st->st_mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	a->rule.major = major(st->st_rdev);
	a->rule.minor = minor(st->st_rdev);
	put_rule(a->p, &a->rule);
	return 0;
}

/* One rule for each device that a pattern stands for now. */
static int put_pattern(struct program *p, const struct spec_device *d, struct err *e)
{
	struct pattern a = { .p = p, .rule = { .access = access_of(d) } };
	AUTO_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret = plug_each(root, d->host, put_match, &a);

	return ret == -E2BIG ? err_set(e, E2BIG, "device %s: is too many devices", d->host) : 0;
}

static int put_entry(struct program *p, const char *text, struct err *e)
{
	struct rule r = { 0 };
	struct spec_device d;
	int ret = spec_device(text, &d, e);

	if (ret < 0)
		return ret;
	if (IS_ENABLED(CONFIG_UEVENT) && plug_is_pattern(d.host))
		return put_pattern(p, &d, e);
	ret = rule_of(&d, &r, e);
	if (ret == 0)
		put_rule(p, &r);
	return ret;
}

static int make_program(const struct spec *s, struct program *p, struct err *e)
{
	if (s->device.n > MAX_RULES)
		return err_set(e, E2BIG, "device: more than %d devices", MAX_RULES);
	put_head(p);
	put_defaults(p, s->tty);
	for (unsigned int i = 0; IS_ENABLED(CONFIG_DEVICES) && i < s->device.n; i++) {
		int ret = put_entry(p, s->device.v[i], e);

		if (ret < 0)
			return ret;
	}
	put_exit(p, 0);
	return 0;
}

static int bpf(int command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

/* An fd of the program that is on the cgroup, -ENOENT when there is none. */
static int attached(int cgroup)
{
	uint32_t ids[4] = { 0 };
	union bpf_attr query, get;
	int ret;

	/* the kernel looks at all of it */
	memset(&query, 0, sizeof(query));
	memset(&get, 0, sizeof(get));
	query.query.target_fd = (uint32_t)cgroup;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = (uint64_t)(uintptr_t)ids;
	query.query.prog_cnt = ARRAY_SIZE(ids);
	ret = bpf(BPF_PROG_QUERY, &query);
	if (ret < 0)
		return ret;
	get.prog_id = ids[0];
	return query.query.prog_cnt ? bpf(BPF_PROG_GET_FD_BY_ID, &get) : -ENOENT;
}

/* The program stays on the cgroup as long as that lives; nothing has to be undone. old: which it replaces, or -1. */
static int attach(const struct program *p, int cgroup, int old)
{
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE },
		       to = { .target_fd = (uint32_t)cgroup };
	int fd; /* ends with this process, which starts one container */

	load.insns = (uint64_t)(uintptr_t)p->insn;
	load.insn_cnt = p->n;
	load.license = (uint64_t)(uintptr_t) "MIT";
	fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0)
		return fd;
	to.attach_bpf_fd = (uint32_t)fd;
	to.attach_type = BPF_CGROUP_DEVICE;
	to.attach_flags = BPF_F_ALLOW_MULTI;
	if (IS_ENABLED(CONFIG_UEVENT) && old >= 0) {
		to.attach_flags |= BPF_F_REPLACE;
		to.replace_bpf_fd = (uint32_t)old;
	}
	return bpf(BPF_PROG_ATTACH, &to);
}

static bool may_make_nodes(const struct spec *s)
{
	for (unsigned int i = 0; i < s->cap_add.n; i++) {
		const char *cap = s->cap_add.v[i];

		if (strcasecmp(cap, "ALL") == 0 || capname_number(cap) == CAP_MKNOD)
			return true;
	}
	return false;
}

int cgroup_v2_devices(const struct spec *s, int cgroup, uint32_t *missing, struct err *e)
{
	struct program p = { .n = 0 };
	int ret;

	if (s->privileged)
		return 0;
	ret = make_program(s, &p, e);
	if (ret < 0)
		return ret;
	ret = attach(&p, cgroup, -1);
	if (ret == 0)
		return 0;
	*missing |= CGROUP_NO_DEVICES;
	if (s->limits == SPEC_LIMITS_BEST_EFFORT || !may_make_nodes(s))
		return 0;
	return err_sys(
		e, ret,
		"device filter: bpf (kernel: CGROUP_BPF BPF_SYSCALL; needed with CAP_MKNOD; or set "
		"limits = best-effort)");
}

/* One that runs without a filter, for want of kernel or because it is privileged, stays without. */
int cgroup_v2_devices_again(const struct spec *s, int cgroup, struct err *e)
{
	AUTO_FD int old = attached(cgroup);
	struct program p = { .n = 0 };
	int ret;

	if (old < 0)
		return 0;
	ret = make_program(s, &p, e);
	if (ret == 0)
		ret = attach(&p, cgroup, old);
	return ret < 0 && !(e && e->code) ? err_sys(e, ret, "device filter") : ret;
}
