/* SPDX-License-Identifier: MIT */
/*
 * A user namespace for a caller without root; see rootless.h. Runs in the CLI and the user's daemon, before
 * anything else is made. The two helpers of the shadow suite, which are setuid root and look at the files
 * themselves, write the maps; they are executed by their path, never through a shell and never found in the
 * caller's PATH. Sources: user_namespaces(7), newuidmap(1).
 */
#include "core/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/idmap.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

#define ROOTLESS_FILE_MAX (1U << 20) /* bytes of passwd, subuid and subgid that are read */
#define ROOTLESS_NAME 33

struct rootless rootless;

struct rootless_maps {
	struct idmap uid, gid;
	char name[ROOTLESS_NAME]; /* of the user, "" for none */
};

/* linux/proc_ns.h, PROC_USER_INIT_INO: the number of the machine's own. */
#define ROOTLESS_FIRST_NS UINT32_C(0xEFFFFFFD)

static bool rootless_denies_groups(void)
{
	char text[8];

	return fd_read_text(AT_FDCWD, "/proc/self/setgroups", text, sizeof(text)) > 0 &&
	       strcmp(text, "deny") == 0;
}

/* Root in a container may be root over less than the machine, or have had his rights taken away. */
static enum rootless_kind rootless_look_at_root(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct stat st;

	if (syscall(SYS_capget, &header, data) == 0 &&
	    !(data[0].effective & UINT32_C(1) << CAP_SYS_ADMIN))
		return ROOTLESS_MAKES;
	if (stat("/proc/self/ns/user", &st) < 0 || st.st_ino == ROOTLESS_FIRST_NS)
		return ROOTLESS_ROOT;
	rootless.single = rootless_denies_groups();
	return ROOTLESS_INSIDE;
}

static enum rootless_kind rootless_kind(void)
{
	if (rootless.kind == ROOTLESS_UNKNOWN)
		rootless.kind = getauxval(AT_EUID) != 0 ? ROOTLESS_MAKES : rootless_look_at_root();
	return rootless.kind;
}

bool rootless_wanted(void)
{
	return rootless_kind() == ROOTLESS_MAKES;
}

bool rootless_active(void)
{
	return rootless.active || rootless_kind() == ROOTLESS_INSIDE;
}

/* ---- who may not, and why ------------------------------------------------------------------------- */

static bool rootless_sysctl_is(const char *path, const char *value)
{
	char text[24];

	return fd_read_text(AT_FDCWD, path, text, sizeof(text)) >= 0 && strcmp(text, value) == 0;
}

const char *rootless_knob(int code)
{
	if (rootless_sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return "as root: sysctl -w kernel.unprivileged_userns_clone=1";
	if (rootless_sysctl_is("/proc/sys/user/max_user_namespaces", "0"))
		return "as root: sysctl -w user.max_user_namespaces=28633";
	if (rootless_sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		return "AppArmor keeps rights from it: as root: "
		       "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, "
		       "or a profile with userns for myctr, see myctr check";
	if (code == ENOSPC || code == EUSERS)
		return "there are too many; see sysctl user.max_user_namespaces";
	if (code == EPERM)
		return "a system call filter or a chroot around us denies it; a container needs "
		       "another seccomp profile for that";
	return NULL;
}

static int rootless_refused(int code, struct err *e)
{
	const char *knob = rootless_knob(code);

	if (code == EINVAL)
		knob = "the kernel needs USER_NS";
	if (knob)
		return err_set(e, code, "making a user namespace: %s; %s", err_text(code), knob);
	return err_sys(e, code, "making a user namespace");
}

/* ---- maps ----------------------------------------------------------------------------------------- */

static const char *rootless_helper(const char *name, char buf[32])
{
	static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/local/bin" };

	for (unsigned int i = 0; i < ARRAY_SIZE(dirs); i++) {
		str_format(buf, 32, "%s/%s", dirs[i], name);
		if (access(buf, X_OK) == 0)
			return buf;
	}
	return NULL;
}

static int rootless_ranges(struct rootless_maps *m, const char *file, uint32_t own,
			   struct idmap *map, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int r = fd_slurp(AT_FDCWD, file, ROOTLESS_FILE_MAX, &text, &len);

	/* Who has no ranges has no file either. */
	if (r < 0 && r != -ENOENT && r != -EACCES)
		return err_sys(e, r, "%s", file);
	return idmap_subids(r < 0 ? "" : text, file, m->name[0] ? m->name : NULL,
			    (uint32_t)getuid(), own, map, e);
}

static int rootless_find_maps(struct rootless_maps *m, struct err *e)
{
	AUTO_FREE char *passwd = NULL;
	size_t len;
	int r;

	m->name[0] = '\0';
	if (fd_slurp(AT_FDCWD, "/etc/passwd", ROOTLESS_FILE_MAX, &passwd, &len) == 0)
		idmap_user(passwd, (uint32_t)getuid(), m->name, sizeof(m->name));
	r = rootless_ranges(m, "/etc/subuid", (uint32_t)geteuid(), &m->uid, e);
	return r < 0 ? r : rootless_ranges(m, "/etc/subgid", (uint32_t)getegid(), &m->gid, e);
}

/* Executes the helper for the process pid; its own words go to our standard error. Does not return. */
static NORETURN void rootless_write_map(const char *helper, pid_t pid, const struct idmap *m)
{
	char *argv[2 + 3 * IDMAP_RANGES + 1];
	char text[1 + 3 * IDMAP_RANGES][12];
	char *none[] = { NULL };
	unsigned int n = 0;

	argv[n++] = (char *)(uintptr_t)path_base(helper);
	str_format(text[0], sizeof(text[0]), "%ld", (long)pid);
	argv[n++] = text[0];
	for (unsigned int i = 0; i < m->n; i++) {
		const uint32_t three[] = { m->r[i].inside, m->r[i].outside, m->r[i].count };

		for (int j = 0; j < 3; j++, n++) {
			str_format(text[n - 1], sizeof(text[0]), "%u", three[j]);
			argv[n] = text[n - 1];
		}
	}
	argv[n] = NULL;
	execve(helper, argv, none);
	_exit(127);
}

static int rootless_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

/*
 * A process outside the new namespace, as only there the helpers are root's: once told, it writes one map of its
 * parent. Nobody tells it when there is nothing to write to.
 */
static pid_t rootless_mapper(const char *helper, const struct idmap *map, const int go[2])
{
	pid_t target = getpid(), pid = fork();
	char byte;

	if (pid != 0)
		return pid;
	close(go[1]);
	if (fd_read(go[0], &byte, 1) != 1)
		_exit(0);
	rootless_write_map(helper, target, map);
}

/* Both at once: a start waits for the slower of two programs, not for one after the other. */
static int rootless_by_helpers(const struct rootless_maps *m, const char *uids, const char *gids,
			       struct err *e)
{
	AUTO_FD int hear = -1;
	AUTO_FD int go = -1;
	int ends[2], r, written;
	pid_t uid, gid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "making a pipe");
	hear = ends[0];
	go = ends[1];
	uid = rootless_mapper(uids, &m->uid, ends);
	gid = uid < 0 ? -1 : rootless_mapper(gids, &m->gid, ends);
	r = uid < 0 || gid < 0		 ? err_sys(e, errno, "starting newuidmap")
	    : unshare(CLONE_NEWUSER) < 0 ? rootless_refused(errno, e)
					 : fd_write(go, "..", 2);
	fd_close(&go);
	written = uid < 0 ? 0 : rootless_wait(uid);
	if (gid > 0 && rootless_wait(gid) < 0)
		written = -EPERM;
	if (r < 0 || written == 0)
		return r < 0 ? r : 0;
	return err_set(e, EPERM,
		       "newuidmap and newgidmap do not write the ids of /etc/subuid and "
		       "/etc/subgid; are they setuid root? Try: newuidmap PID 0 %u 1",
		       (unsigned int)m->uid.r[0].outside);
}

/* Just the caller, which needs no helper. */
static int rootless_alone(const struct rootless_maps *m, struct err *e)
{
	char text[48];
	int r;

	if (unshare(CLONE_NEWUSER) < 0)
		return rootless_refused(errno, e);
	r = fd_write_text(AT_FDCWD, "/proc/self/setgroups", "deny");
	str_format(text, sizeof(text), "0 %u 1", m->uid.r[0].outside);
	if (r == 0)
		r = fd_write_text(AT_FDCWD, "/proc/self/uid_map", text);
	str_format(text, sizeof(text), "0 %u 1", m->gid.r[0].outside);
	if (r == 0)
		r = fd_write_text(AT_FDCWD, "/proc/self/gid_map", text);
	rootless.single = true;
	return r < 0 ? rootless_refused(-r, e) : 0;
}

int rootless_enter(struct err *e)
{
	char uids[32], gids[32];
	struct rootless_maps m;
	int r;

	if (rootless.active || !rootless_wanted())
		return 0;
	r = rootless_find_maps(&m, e);
	if (r < 0)
		return r;
	if (m.uid.n > 1 && m.gid.n > 1 && rootless_helper("newuidmap", uids) &&
	    rootless_helper("newgidmap", gids))
		r = rootless_by_helpers(&m, uids, gids, e);
	else
		r = rootless_alone(&m, e);
	rootless.active = r == 0;
	return r;
}

static bool rootless_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

int rootless_join(pid_t pid)
{
	AUTO_FD int own = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	AUTO_FD int fd = -1;
	char path[40];

	if (rootless.active || !rootless_wanted())
		return 0;
	str_format(path, sizeof(path), "/proc/%ld/ns/user", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A container may have one of its own in that. */
	while (fd >= 0 && own >= 0) {
		AUTO_FD int parent = ioctl(fd, NS_GET_PARENT);

		if (parent < 0)
			return -errno;
		if (rootless_same(parent, own))
			break;
		fd_close(&fd);
		fd = fd_take(&parent);
	}
	if (fd < 0 || own < 0 || setns(fd, CLONE_NEWUSER) < 0)
		return -errno;
	rootless.active = true;
	rootless.single = rootless_denies_groups();
	return 0;
}

/* ---- folders --------------------------------------------------------------------------------------- */

/* What another user may have put there is refused by what it is, whoever it leads to. */
static int rootless_look(int fd, const char *path, bool own, struct err *e)
{
	uid_t me = rootless.active ? 0 : geteuid();
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "%s", path);
	if (S_ISLNK(st.st_mode))
		return err_set(e, ELOOP, "%s: is a link; name the folder that it leads to", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "%s: is not a folder", path);
	if (st.st_uid != me && (own || st.st_uid != 0))
		return err_set(e, EPERM, "%s: belongs to user %u, not to you; move it away", path,
			       (unsigned int)st.st_uid);
	if (own && st.st_mode & 077 && fchmodat(AT_FDCWD, path, 0700, 0) < 0)
		return err_sys(e, errno, "%s: taking others' rights away", path);
	if (!own && st.st_mode & 022 && !(st.st_mode & S_ISVTX))
		return err_set(e, EPERM,
			       "%s: others may write there; chmod go-w it, or name another with "
			       "XDG_RUNTIME_DIR and XDG_DATA_HOME",
			       path);
	return 0;
}

int rootless_folder(const char *path, bool make, struct err *e)
{
	const char *base = path_base(path);
	AUTO_FD int dir = -1;
	AUTO_FD int fd = -1;
	char parent[128];
	int r;

	if (!str_format(parent, sizeof(parent), "%.*s", (int)(base - path), path) || base == path)
		return err_set(e, EINVAL, "%s: is not an absolute path", path);
	if (parent[1])
		parent[base - path - 1] = '\0';
	r = make ? path_mkdirs(parent, 0700) : 0;
	dir = r < 0 ? r : open(parent, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return !make ? 0 : err_sys(e, r < 0 ? r : errno, "%s", parent);
	r = rootless_look(dir, parent, false, e);
	if (r < 0)
		return r;
	if (make && mkdirat(dir, base, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "%s: making the folder", path);
	fd = openat(dir, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return !make && errno == ENOENT ? 0 : err_sys(e, errno, "%s", path);
	return rootless_look(fd, path, true, e);
}
