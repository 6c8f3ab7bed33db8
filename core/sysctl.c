// SPDX-License-Identifier: MIT
/*
 * Kernel parameters of a container and of the device. Checking runs on the host when a spec is
 * finished, setting runs inside (or in PID 1 for the device). Must never write to a file that is not
 * procfs's own, whatever an image or a mount put in its place, and never to a parameter of the host for a
 * container.
 */
#include "core/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/lib/fd.h"

#define KEY_MAX 128

enum owner { OWNER_NET, OWNER_IPC, OWNER_UTS, OWNER_HOST };

static const struct {
	const char *prefix; /* ends in '/': all below; else the whole key */
	enum owner owner;
} owners[] = {
	{ "net/", OWNER_NET },
	{ "fs/mqueue/", OWNER_IPC },
	{ "kernel/shmmax", OWNER_IPC },
	{ "kernel/shmall", OWNER_IPC },
	{ "kernel/shmmni", OWNER_IPC },
	{ "kernel/shm_rmid_forced", OWNER_IPC },
	{ "kernel/msgmax", OWNER_IPC },
	{ "kernel/msgmnb", OWNER_IPC },
	{ "kernel/msgmni", OWNER_IPC },
	{ "kernel/sem", OWNER_IPC },
	{ "kernel/hostname", OWNER_UTS },
	{ "kernel/domainname", OWNER_UTS },
};

static bool is_key_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_-.:@", c));
}

/* Turns dots to slashes unless the first separator is a slash already; false on any odd form. */
static bool normalize(char *key)
{
	char *separator = strpbrk(key, "./");
	bool dots = separator && *separator == '.';
	char before = '/';

	for (char *p = key; *p; before = *p++) {
		if (dots && (*p == '.' || *p == '/'))
			*p = *p == '.' ? '/' : '.';
		if (*p == '/' ? before == '/' : !is_key_byte(*p))
			return false;
		/* a component may have a dot in it, but not begin with one: no "." and no ".." */
		if (*p == '.' && before == '/')
			return false;
	}
	return separator && before != '/';
}

static enum owner owner_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		size_t len = strlen(owners[i].prefix);
		bool folder = owners[i].prefix[len - 1] == '/';

		if (folder ? strncmp(key, owners[i].prefix, len) == 0
			   : strcmp(key, owners[i].prefix) == 0)
			return owners[i].owner;
	}
	return OWNER_HOST;
}

static bool has_own_net(const struct spec *s)
{
	for (unsigned int i = 0; i < s->network.n; i++)
		if (strcmp(s->network.v[i], "host") == 0)
			return false;
	return true;
}

static int split(const char *text, char *key, const char **value, struct err *e)
{
	if (spec_keyval(text, key, KEY_MAX, value, e) < 0)
		return -EINVAL;
	if (!normalize(key))
		return err_set(e, EINVAL, "sysctl '%.100s': not a key like net.ipv4.ip_forward",
			       text);
	return 0;
}

static int check_one(const struct spec *s, const char *text, struct err *e)
{
	const char *value, *namespace;
	char key[KEY_MAX];
	bool own;

	if (split(text, key, &value, e) < 0)
		return -EINVAL;
	switch (owner_of(key)) {
	case OWNER_NET:
		own = has_own_net(s);
		namespace = "network";
		break;
	case OWNER_IPC:
		own = s->ipc == SPEC_NS_PRIVATE;
		namespace = "ipc";
		break;
	case OWNER_UTS:
		own = s->uts == SPEC_NS_PRIVATE;
		namespace = "uts";
		break;
	default:
		return err_set(e, EINVAL,
			       "sysctl %.80s: would change the whole device, not this container; "
			       "use sysctl in [system]",
			       key);
	}
	if (own)
		return 0;
	return err_set(e, EINVAL,
		       "sysctl %.80s: belongs to the %s namespace, which is the host's here", key,
		       namespace);
}

int sysctl_check(const struct spec *s, struct err *e)
{
	for (unsigned int i = 0; i < s->sysctl.n; i++) {
		int ret = check_one(s, s->sysctl.v[i], e);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Without openat2 the file that was reached is still checked to be procfs's. */
static int open_below(int proc, const char *path)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, proc, path, &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS)
		fd = openat(proc, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : (int)fd;
}

static bool is_procfs(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && (unsigned long)st.f_type == PROC_SUPER_MAGIC;
}

int sysctl_set(int proc, const char *text, struct err *e)
{
	char key[KEY_MAX], path[KEY_MAX + sizeof("sys/")];
	const char *value;
	AUTO_FD int fd = -1;
	int ret;

	if (split(text, key, &value, e) < 0)
		return -EINVAL;
	str_format(path, sizeof(path), "sys/%s", key);
	fd = open_below(proc, path);
	if (fd == -ENOENT)
		return err_set(e, ENOENT, "sysctl %s: this kernel has no such parameter (here)",
			       key);
	if (fd < 0)
		return err_sys(e, fd, "sysctl %s", key);
	if (!is_procfs(fd))
		return err_set(e, EPERM, "sysctl %s: not a file of procfs", key);
	ret = fd_write(fd, value, strlen(value));
	if (ret < 0)
		return err_sys(e, ret, "sysctl %s: writing '%.60s'", key, value);
	return 0;
}

int sysctl_apply(const struct spec *s, int proc, struct err *e)
{
	if (s->sysctl.n == 0)
		return 0;
	if (sysctl_check(s, e) < 0)
		return -EINVAL;
	if (!is_procfs(proc))
		return err_set(e, EPERM, "sysctl: /proc is not a procfs");
	for (unsigned int i = 0; i < s->sysctl.n; i++) {
		int ret = sysctl_set(proc, s->sysctl.v[i], e);

		if (ret < 0)
			return ret;
	}
	return 0;
}
