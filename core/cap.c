// SPDX-License-Identifier: MIT
/*
 * Capabilities: names, sets of a spec, and their application to the process that will become the
 * container's program. Parsing runs on the host, applying runs inside just before execve. Must never
 * leave an inheritable or ambient capability nobody asked for.
 */
#include "core/cap.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/lib/capname.h"

#define CAP_MAX 63 /* the most the system call can express */

uint64_t cap_default(void)
{
	/* Docker's list without MKNOD, NET_RAW and AUDIT_WRITE, which spoof, and which few programs need. */
	return CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) |
	       CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETUID) |
	       CAP_BIT(CAP_SETPCAP) | CAP_BIT(CAP_NET_BIND_SERVICE) | CAP_BIT(CAP_SYS_CHROOT) |
	       CAP_BIT(CAP_SETFCAP);
}

int cap_of_name(const char *word, struct err *e)
{
	int cap = capname_number(word);

	if (cap < 0)
		return err_set(e, EINVAL,
			       "'%.40s' is not a capability; see capabilities(7) for the names",
			       word);
	return cap;
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

static int add_list(const struct strv *list, const char *key, uint64_t all, uint64_t *set,
		    struct err *e)
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
	char name[CAPNAME_SIZE];

	if (add_list(&s->cap_add, "cap-add", UINT64_MAX, &add, e) < 0 ||
	    add_list(&s->cap_drop, "cap-drop", UINT64_MAX, &drop, e) < 0)
		return -EINVAL;
	out->bounding = ((s->privileged ? UINT64_MAX : cap_default()) & ~drop) | add;
	if (add_list(&s->cap_ambient, "cap-ambient", out->bounding, &ambient, e) < 0)
		return -EINVAL;
	missing = ambient & ~out->bounding;
	if (missing)
		return err_set(
			e, EINVAL,
			"cap-ambient: %s is not among the capabilities; put it in cap-add too",
			capname_text((unsigned int)__builtin_ctzll(missing), name));
	out->ambient = ambient;
	return 0;
}

int cap_bound(const struct cap_sets *sets, struct err *e)
{
	char name[CAPNAME_SIZE];

	for (unsigned int cap = 0; cap <= CAP_MAX; cap++) {
		if (sets->bounding & CAP_BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* past the newest one this kernel knows */
			break;
		return err_sys(e, errno, "capabilities: dropping %s", capname_text(cap, name));
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
	char name[CAPNAME_SIZE];

	for (unsigned int cap = 0; cap <= CAP_MAX; cap++) {
		if (!(ambient & CAP_BIT(cap)) ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* one that no kernel of this age knows */
			break;
		return err_sys(e, errno, "capabilities: raising ambient %s",
			       capname_text(cap, name));
	}
	return 0;
}

/* capset(2) of what is to be kept. 0 or -errno. */
static int set(uint64_t keep, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)keep, (uint32_t)keep, (uint32_t)inheritable },
		{ (uint32_t)(keep >> 32), (uint32_t)(keep >> 32), (uint32_t)(inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int cap_apply(const struct cap_sets *sets, uid_t uid, struct err *e)
{
	uint64_t keep = uid == 0 ? sets->bounding : sets->ambient, missing = 0;
	int ret = set(keep, sets->ambient);
	char name[CAPNAME_SIZE];

	if (ret == -EPERM) {
		missing = keep & ~permitted_now();
		/* "all" is all there is to give; a capability that was named is owed */
		if (keep == UINT64_MAX)
			ret = set(keep & ~missing, sets->ambient & ~missing);
	}
	/* Lowering inheritable lowers ambient with it, so nothing inherited from our own starter stays. */
	if (ret == 0)
		return raise_ambient(sets->ambient & ~missing, e);
	if (ret != -EPERM || !missing)
		return err_sys(e, ret, "capabilities: capset");
	return err_set(
		e, EPERM,
		"capabilities: myctr itself has not got %s; start it with that or use cap-drop",
		capname_text((unsigned int)__builtin_ctzll(missing), name));
}
