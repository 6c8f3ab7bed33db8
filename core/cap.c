// SPDX-License-Identifier: MIT
/*
 * Capabilities: names, sets of a spec, and their application to the process that will become the
 * container's program. Parsing runs on the host, applying runs inside just before execve. Must never
 * leave an inheritable or ambient capability nobody asked for.
 *
 * libcap is not linked: its constructor probes the kernel with half a dozen calls in every process, and
 * all that is needed of it are the names below. A unit test compares them with libcap's.
 */
#include "core/cap.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_MAX 63 /* the most the system call can express */

/* In the order of their numbers; one string, because 41 pointers cost more than the text. */
static const char cap_names[] =
	"chown\0dac_override\0dac_read_search\0fowner\0fsetid\0kill\0setgid\0setuid\0setpcap\0"
	"linux_immutable\0net_bind_service\0net_broadcast\0net_admin\0net_raw\0ipc_lock\0ipc_owner\0"
	"sys_module\0sys_rawio\0sys_chroot\0sys_ptrace\0sys_pacct\0sys_admin\0sys_boot\0sys_nice\0"
	"sys_resource\0sys_time\0sys_tty_config\0mknod\0lease\0audit_write\0audit_control\0setfcap\0"
	"mac_override\0mac_admin\0syslog\0wake_alarm\0block_suspend\0audit_read\0perfmon\0bpf\0"
	"checkpoint_restore\0";

uint64_t cap_default(void)
{
	/* Docker's list without MKNOD, NET_RAW and AUDIT_WRITE, which spoof, and which few programs need. */
	return CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) |
	       CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETPCAP) |
	       CAP_BIT(CAP_NET_BIND_SERVICE) | CAP_BIT(CAP_SYS_CHROOT) | CAP_BIT(CAP_SETFCAP);
}

int cap_of_name(const char *word, struct err *e)
{
	const char *bare = strncasecmp(word, "cap_", 4) == 0 ? word + 4 : word;
	uint64_t number;
	int cap = 0;

	if (str_u64(word, 0, CAP_MAX, &number) == 0)
		return (int)number;
	for (const char *name = cap_names; *name; name += strlen(name) + 1, cap++)
		if (strcasecmp(name, bare) == 0)
			return cap;
	return err_set(e, EINVAL, "'%.40s' is not a capability; see capabilities(7) for the names", word);
}

const char *cap_name(unsigned int cap, char buf[CAP_NAME_SIZE])
{
	const char *name = cap_names;

	for (unsigned int i = 0; *name && i < cap; i++)
		name += strlen(name) + 1;
	if (*name)
		str_copy(buf, CAP_NAME_SIZE, name);
	else
		str_format(buf, CAP_NAME_SIZE, "%u", cap);
	return buf;
}

static int add_word(const char *word, uint64_t all, uint64_t *set, struct err *e)
{
	int cap;

	if (strcasecmp(word, "all") == 0) {
		*set |= all;
		return 0;
	}
	cap = cap_of_name(word, e);
	if (cap < 0)
		return cap;
	*set |= CAP_BIT(cap);
	return 0;
}

int cap_check(const char *word, struct err *e)
{
	uint64_t ignored = 0;

	return add_word(word, 0, &ignored, e);
}

static int add_list(const struct strv *list, const char *key, uint64_t all, uint64_t *set, struct err *e)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (add_word(list->v[i], all, set, e) == 0)
			continue;
		err_wrap(e, key);
		return -EINVAL;
	}
	return 0;
}

int cap_of_spec(const struct spec *s, struct cap_sets *out, struct err *e)
{
	uint64_t add = 0, drop = 0, ambient = 0, missing;
	char name[CAP_NAME_SIZE];

	if (add_list(&s->cap_add, "cap_add", UINT64_MAX, &add, e) < 0 ||
	    add_list(&s->cap_drop, "cap_drop", UINT64_MAX, &drop, e) < 0)
		return -EINVAL;
	out->bounding = ((s->privileged ? UINT64_MAX : cap_default()) & ~drop) | add;
	if (add_list(&s->cap_ambient, "cap_ambient", out->bounding, &ambient, e) < 0)
		return -EINVAL;
	missing = ambient & ~out->bounding;
	if (missing)
		return err_set(e, EINVAL, "cap_ambient: %s is not among the capabilities; put it in cap_add too",
			       cap_name((unsigned int)__builtin_ctzll(missing), name));
	out->ambient = ambient;
	return 0;
}

int cap_bound(const struct cap_sets *sets, struct err *e)
{
	char name[CAP_NAME_SIZE];

	for (unsigned int cap = 0; cap <= CAP_MAX; cap++) {
		if (sets->bounding & CAP_BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* past the newest one this kernel knows */
			break;
		return err_sys(e, errno, "capabilities: dropping %s", cap_name(cap, name));
	}
	if (sets->ambient && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "capabilities: keeping them over the change of user");
	return 0;
}

/* The capabilities this thread is permitted; all of them when that cannot be read. */
static uint64_t permitted_now(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return UINT64_MAX;
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

static int raise_ambient(uint64_t ambient, struct err *e)
{
	char name[CAP_NAME_SIZE];

	for (unsigned int cap = 0; cap <= CAP_MAX; cap++) {
		if (!(ambient & CAP_BIT(cap)) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0)
			continue;
		if (errno == EINVAL && ambient == UINT64_MAX)
			break;
		return err_sys(e, errno, "capabilities: raising ambient %s", cap_name(cap, name));
	}
	return 0;
}

int cap_apply(const struct cap_sets *sets, uid_t uid, struct err *e)
{
	uint64_t keep = uid == 0 ? sets->bounding : sets->ambient;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)keep, (uint32_t)keep, (uint32_t)sets->ambient },
		{ (uint32_t)(keep >> 32), (uint32_t)(keep >> 32), (uint32_t)(sets->ambient >> 32) },
	};
	char name[CAP_NAME_SIZE];
	uint64_t missing;

	/* Lowering inheritable lowers ambient with it, so nothing inherited from our own starter stays. */
	if (syscall(SYS_capset, &header, data) == 0)
		return raise_ambient(sets->ambient, e);
	if (errno != EPERM)
		return err_sys(e, errno, "capabilities: capset");
	missing = keep & ~permitted_now();
	if (!missing)
		return err_sys(e, EPERM, "capabilities: capset");
	return err_set(e, EPERM, "capabilities: myctr itself has not got %s; start it with that or use cap_drop",
		       cap_name((unsigned int)__builtin_ctzll(missing), name));
}
