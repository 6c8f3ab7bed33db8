// SPDX-License-Identifier: MIT
/*
 * cgroup v2, spoken directly: one cgroup per container below one parent of ours. Runs on the host: up() in
 * the launcher, the rest in whoever stops or looks. Names are derived from the container's, so nothing
 * has to be remembered. Must never move or signal a process of others, and on the start path writes only
 * what is set.
 *
 * Root uses CGROUP_PARENT below the mount; others use a folder in the cgroup they were started in, which
 * must have been delegated to them.
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "drivers/cgroup/v2.h"

#define FOLDER (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define SELF "myctr.self" /* beside our parent: where a user's own processes go */
#define DEPTH_MAX 32	  /* of cgroups a container made in its own */
#define KILL_PASSES 8	  /* over cgroup.procs where the kernel has no cgroup.kill */
#define LEFTOVER_MS 2000  /* a cgroup left by a crash must be empty after this */
#define LEFTOVER_STEP_MS 5
#define COMM_MAX 20 /* the kernel keeps 15 letters of a name */

/* Where things are; found once. */
static struct {
	int root;	/* folder of the mount; -1 unknown, or the -errno of the search */
	int parent;	/* ours, below it; -1 while not opened */
	char path[192]; /* of parent, from root */
} where = { .root = -1, .parent = -1 };

static int open_cgroup2(const char *path)
{
	AUTO_FD int fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs st;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &st) < 0)
		return -errno;
	return (unsigned long)st.f_type == CGROUP2_SUPER_MAGIC ? fd_take(&fd) : -ENODEV;
}

/* The mount point of the first cgroup2 in /proc/self/mounts; "\040" in it is not understood. */
static int search_mounts(void)
{
	AUTO_FREE char *text = NULL;
	char *save, *line, *path, *type;
	size_t len;
	int ret = fd_slurp(AT_FDCWD, "/proc/self/mounts", 1U << 20, &text, &len);

	if (ret < 0)
		return ret;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		path = strchr(line, ' ');
		type = path ? strchr(path + 1, ' ') : NULL;
		if (!type || strncmp(type, " cgroup2 ", 9) != 0)
			continue;
		*type = '\0';
		return open_cgroup2(path + 1);
	}
	return -ENODEV;
}

static int root_folder(void)
{
	if (where.root >= 0 || where.root < -1)
		return where.root;
	where.root = open_cgroup2("/sys/fs/cgroup");
	/* A build that is only ever PID 1 has mounted it there itself. */
	if (where.root < 0 && IS_ENABLED(CONFIG_CLI))
		where.root = open_cgroup2("/sys/fs/cgroup/unified");
	if (where.root < 0 && IS_ENABLED(CONFIG_CLI))
		where.root = search_mounts();
	/* -1 is "not yet known", and also -EPERM */
	if (where.root == -1)
		where.root = -EACCES;
	return where.root;
}

/* Is it for others than root, who have what was delegated to them and nothing else? */
static bool is_user(void)
{
	return IS_ENABLED(CONFIG_ROOTLESS) && getauxval(AT_EUID) != 0;
}

/* "0::/path" of this process, for who may not write at the root; the folder itself is then "myctr". */
static int own_parent(char *path, size_t size)
{
	char text[1024];
	char *line = text;
	int ret = fd_read_text(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));

	if (ret < 0)
		return ret;
	if (strncmp(line, "0::/", 4) != 0)
		line = strstr(text, "\n0::/");
	if (!line)
		return -ENODEV;
	line += *line == '\n' ? 5 : 4;
	line[strcspn(line, "\n")] = '\0';
	/* Where settle() has put us. */
	ret = (int)strlen(line) - (int)strlen(SELF);
	if (ret >= 0 && strcmp(line + ret, SELF) == 0)
		line[ret > 0 ? ret - 1 : 0] = '\0';
	str_format(path, size, "%s%smyctr", line, *line ? "/" : "");
	return 0;
}

/* Opens where.path below the root, making what is missing when make is set. */
static int walk_parent(bool make)
{
	AUTO_FD int at = openat(where.root, where.path, FOLDER);
	char part[192];

	if (at >= 0 && is_user() && faccessat(at, ".", W_OK, AT_EACCESS) < 0)
		return -EACCES;
	if (at >= 0)
		return fd_take(&at);
	if (errno != ENOENT || !make)
		return -errno;
	for (const char *p = where.path; p; p = *p ? p + 1 : NULL) {
		p += strcspn(p, "/");
		str_format(part, sizeof(part), "%.*s", (int)(p - where.path), where.path);
		if (mkdirat(where.root, part, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (!*p)
			break;
	}
	at = openat(where.root, where.path, FOLDER);
	return at < 0 ? -errno : fd_take(&at);
}

/* A path of names below the mount, which nothing in it leads out of. */
static bool is_path(const char *path)
{
	for (const char *p = path;; p++) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (p[0] == '.' && (len == 1 || (len == 2 && p[1] == '.'))))
			return false;
		p += len;
		if (!*p)
			return true;
	}
}

/*
 * With folders of its own (see core/paths.h) somebody may want another parent, too: a name, or the path of one
 * that an administrator has made and given away.
 */
static const char *parent_name(void)
{
	static const char mount_point[] = "/sys/fs/cgroup/";
	const char *name = IS_ENABLED(CONFIG_CLI) ? getenv("MYCTR_CGROUP") : NULL;

	if (name && strncmp(name, mount_point, strlen(mount_point)) == 0)
		name += strlen(mount_point);
	return name && strlen(name) < 90 &&
			       (IS_ENABLED(CONFIG_ROOTLESS) ? is_path(name) : path_is_name(name))
		       ? name
		       : CONFIG_CGROUP_PARENT;
}

/* Once there, it is where it usually is; the root is then needed for new controllers alone. */
static int parent_at_once(void)
{
	char path[128];
	int fd;

	str_format(path, sizeof(path), "/sys/fs/cgroup/%s", parent_name());
	fd = open_cgroup2(path);
	/* That of root's containers is not for others. */
	if (fd >= 0 && is_user() && faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
		fd_close(&fd);
	if (fd >= 0)
		str_copy(where.path, sizeof(where.path), parent_name());
	return fd < 0 ? -1 : fd;
}

static int parent_folder(bool make)
{
	int fd;

	if (where.parent < 0 && where.root == -1)
		where.parent = parent_at_once();
	if (where.parent >= 0)
		return where.parent;
	fd = root_folder();
	if (fd < 0)
		return fd;
	if (!where.path[0])
		str_copy(where.path, sizeof(where.path), parent_name());
	fd = walk_parent(make);
	if (IS_ENABLED(CONFIG_CLI) && (fd == -EACCES || fd == -EPERM) &&
	    own_parent(where.path, sizeof(where.path)) == 0)
		fd = walk_parent(make);
	/* What is not his has nothing of his in it. */
	if (!make && is_user() && (fd == -EACCES || fd == -EPERM))
		fd = -ENOENT;
	if (fd >= 0)
		where.parent = fd;
	return fd;
}

static bool v2_usable(void)
{
	return parent_folder(false) >= 0 || root_folder() >= 0;
}

static bool comm_of(const char *pid, char text[COMM_MAX])
{
	char path[40];

	str_format(path, sizeof(path), "/proc/%s/comm", pid);
	return fd_read_text(AT_FDCWD, path, text, COMM_MAX) > 0;
}

/*
 * Is it a process of this very program? From a user namespace those outside of it can only be asked for their name:
 * the command that has started the supervisor is one.
 */
static bool is_ours(const char *pid)
{
	char path[40], mine[COMM_MAX], its[COMM_MAX];
	struct stat own, other;

	str_format(path, sizeof(path), "/proc/%s/exe", pid);
	if (stat("/proc/self/exe", &own) < 0)
		return false;
	if (stat(path, &other) == 0)
		return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
	return errno == EACCES && comm_of("self", mine) && comm_of(pid, its) &&
	       strcmp(mine, its) == 0;
}

/*
 * A cgroup with processes cannot hand controllers on. In one that was delegated to a user, as systemd does it with
 * a scope or a service, those are ours: they move into one beside. Others' are never moved; then -EBUSY it stays.
 */
static int settle_one_by_one(const char *own, char *text)
{
	char path[256], *save, *line;
	int ret;

	str_format(path, sizeof(path), "%s/" SELF, own);
	if (mkdirat(where.root, path, 0755) < 0 && errno != EEXIST)
		return -EBUSY;
	str_format(path, sizeof(path), "%s/" SELF "/cgroup.procs", own);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		ret = fd_write_text(where.root, path, line);
		if (ret < 0 && ret != -ESRCH)
			return ret;
	}
	return 0;
}

static int settle(const char *own)
{
	AUTO_FREE char *text = NULL;
	char path[256], pid[16];
	size_t len;
	int ret;

	str_format(path, sizeof(path), "%s/cgroup.procs", own);
	ret = fd_slurp(where.root, path, 1U << 16, &text, &len);
	/* 0 is a process that this pid namespace does not see. */
	for (const char *p = text; ret >= 0 && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		str_format(pid, sizeof(pid), "%.*s", (int)strcspn(p, "\n"), p);
		if (strcmp(pid, "0") == 0 || !is_ours(pid))
			return -EBUSY;
	}
	return ret < 0 ? -EBUSY : settle_one_by_one(own, text);
}

/* Nobody is in it, for all that can be seen of it. */
static bool is_empty(const char *own)
{
	char path[256], text[16];

	str_format(path, sizeof(path), "%s/cgroup.procs", own);
	return fd_read_text(where.root, path, text, sizeof(text)) == 0;
}

/*
 * The kernel refuses some controllers while there are processes; pids and cpu it hands on, and then nothing can be
 * started below. Who may not write here is told so by the kernel.
 */
static int enable_in(const char *own, const char *text)
{
	char file[256];
	int ret = 0;

	str_format(file, sizeof(file), "%s/cgroup.subtree_control", own);
	if (IS_ENABLED(CONFIG_ROOTLESS) && !is_empty(own) &&
	    faccessat(where.root, file, W_OK, AT_EACCESS) == 0)
		ret = settle(own);
	return ret < 0 ? ret : fd_write_text(where.root, file, text);
}

/* The root of a container's part of the tree may not have processes, as that of the machine may. */
static int enable_at_root(const char *text)
{
	if (IS_ENABLED(CONFIG_ROOTLESS) && faccessat(where.root, "cgroup.events", F_OK, 0) == 0)
		return enable_in(".", text);
	return fd_write_text(where.root, "cgroup.subtree_control", text);
}

int cgroup_v2_enable(const char *controller)
{
	char part[192], text[24];
	const char *p = where.path;
	int ret;

	ret = root_folder();
	if (ret < 0)
		return ret;
	str_format(text, sizeof(text), "+%s", controller);
	ret = enable_at_root(text);
	/* a delegated subtree may have it although the root is not ours to write */
	if (ret < 0 && ret != -EACCES && ret != -EPERM)
		return ret;
	while (*p) {
		p += strcspn(p, "/");
		str_format(part, sizeof(part), "%.*s", (int)(p - where.path), where.path);
		ret = enable_in(part, text);
		if (ret < 0 && (!*p || (ret != -EACCES && ret != -EPERM)))
			return ret;
		p += *p == '/';
	}
	return 0;
}

static int v2_open(const char *name)
{
	int parent, fd;

	if (!path_is_name(name))
		return -EINVAL;
	parent = parent_folder(false);
	if (parent < 0)
		return parent;
	fd = openat(parent, name, FOLDER);
	return fd < 0 ? -errno : fd;
}

/* ---- killing ---- */

/* Calls each() for every cgroup below folder, children first; never follows anything but folders. */
static int for_children(int folder, int depth, int (*each)(int at, const char *name, int depth))
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	int ret = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		fd_end(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (depth >= DEPTH_MAX)
			return -ELOOP;
		ret = each(folder, entry->d_name, depth + 1);
		if (ret < 0)
			break;
	}
	return ret;
}

/* Signals the processes of one cgroup.procs; returns how many there were. */
static int kill_listed(int folder)
{
	AUTO_FREE char *text = NULL;
	char *save, *line;
	size_t len;
	int n = 0, ret = fd_slurp(folder, "cgroup.procs", 4U << 20, &text, &len);

	if (ret < 0)
		return ret;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++) {
		int64_t pid;

		/* 0 is a process that this pid namespace does not see */
		if (str_i64(line, 2, INT32_MAX, &pid) == 0)
			kill((pid_t)pid, SIGKILL);
	}
	return n;
}

static int kill_tree(int at, const char *name, int depth)
{
	AUTO_FD int folder = openat(at, name, FOLDER);
	int ret;

	if (folder < 0)
		return errno == ENOENT ? 0 : -errno;
	ret = for_children(folder, depth, kill_tree);
	if (ret < 0)
		return ret;
	/* what is forked while the list is read shows in the next one */
	for (int pass = 0; pass < KILL_PASSES && kill_listed(folder) > 0; pass++)
		;
	return 0;
}

static int v2_kill(const char *name)
{
	AUTO_FD int folder = v2_open(name);
	int ret;

	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	ret = fd_write_text(folder, "cgroup.kill", "1");
	if (!SYS_OLD_KERNELS || ret != -ENOENT)
		return ret;
	/* Before Linux 5.14: hold them still, so that none forks away from the list. */
	fd_write_text(folder, "cgroup.freeze", "1");
	ret = kill_tree(folder, ".", 0);
	fd_write_text(folder, "cgroup.freeze", "0");
	return ret;
}

/* ---- making and removing ---- */

static int remove_tree(int at, const char *name, int depth)
{
	AUTO_FD int folder = -1;
	int ret;

	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY)
		return -errno;
	folder = openat(at, name, FOLDER);
	if (folder < 0)
		return errno == ENOENT ? 0 : -errno;
	ret = for_children(folder, depth, remove_tree);
	if (ret < 0)
		return ret;
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

static int v2_down(const char *name)
{
	int parent;

	if (!path_is_name(name))
		return -EINVAL;
	parent = parent_folder(false);
	if (parent < 0)
		return parent == -ENOENT || parent == -ENODEV ? 0 : parent;
	return remove_tree(parent, name, 0);
}

/* A fresh cgroup where a crash has left one: its limits and its processes are nobody's any more. */
static int make_again(int parent, const char *name)
{
	int ret = -EBUSY;

	for (int ms = 0; ms < LEFTOVER_MS && ret == -EBUSY; ms += LEFTOVER_STEP_MS) {
		v2_kill(name);
		ret = v2_down(name);
		if (ret == -EBUSY)
			usleep(LEFTOVER_STEP_MS * 1000);
	}
	if (ret < 0)
		return ret;
	return mkdirat(parent, name, 0755) < 0 ? -errno : 0;
}

static int make(const char *name, struct err *e)
{
	int parent = parent_folder(true), ret;

	if (parent < 0)
		return err_sys(e, parent, "cgroup %s", where.path[0] ? where.path : "v2");
	ret = mkdirat(parent, name, 0755) < 0 ? -errno : 0;
	if (ret == -EEXIST)
		ret = make_again(parent, name);
	if (ret == -EBUSY)
		return err_set(e, EBUSY,
			       "cgroup %s/%s: processes of an earlier start cannot be killed",
			       where.path, name);
	if (ret < 0)
		return err_sys(e, ret, "cgroup %s/%s", where.path, name);
	ret = v2_open(name);
	return ret < 0 ? err_sys(e, ret, "cgroup %s/%s", where.path, name) : ret;
}

static int v2_up(const struct spec *spec, const char *name, uint32_t *missing, struct err *e)
{
	AUTO_FD int folder = -1;
	int ret;

	*missing = 0;
	if (!path_is_name(name))
		return err_set(e, EINVAL, "cgroup: '%.64s' is not a container's name", name);
	folder = make(name, e);
	if (folder < 0)
		return folder;
	ret = cgroup_v2_limits(spec, folder, missing, e);
	if (ret == 0)
		ret = cgroup_v2_devices(spec, folder, missing, e);
	if (ret < 0) {
		v2_down(name);
		return ret;
	}
	return fd_take(&folder);
}

/* ---- looking ---- */

/* A number from a file that holds one, or from its line "key N"; 0 when there is none. */
static uint64_t read_number(int folder, const char *file, const char *key)
{
	char text[2048];
	const char *p = text;
	uint64_t n = 0;

	if (fd_read_text(folder, file, text, sizeof(text)) < 0)
		return 0;
	while (key && p && !(strncmp(p, key, strlen(key)) == 0 && p[strlen(key)] == ' ')) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return 0;
	if (key)
		p += strlen(key) + 1;
	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}

static int v2_stat(const char *name, struct cgroup_stat *st)
{
	AUTO_FD int folder = v2_open(name);

	if (folder < 0)
		return folder;
	st->memory = read_number(folder, "memory.current", NULL);
	st->memory_peak = read_number(folder, "memory.peak", NULL);
	st->cpu_usec = read_number(folder, "cpu.stat", "usage_usec");
	st->pids = read_number(folder, "pids.current", NULL);
	st->oom_kills = read_number(folder, "memory.events", "oom_kill");
	return 0;
}

static int v2_freeze(const char *name, bool frozen)
{
	AUTO_FD int folder = v2_open(name);

	return folder < 0 ? folder : fd_write_text(folder, "cgroup.freeze", frozen ? "1" : "0");
}

static int v2_devices(const struct spec *spec, const char *name, struct err *e)
{
	AUTO_FD int folder = v2_open(name);

	return folder < 0 ? err_sys(e, folder, "cgroup") : cgroup_v2_devices_again(spec, folder, e);
}

DRIVER(cgroup, v2) = {
	.name = "v2",
	.about = "limits by cgroup v2",
	.kernel =
		"CGROUPS MEMCG CFS_BANDWIDTH FAIR_GROUP_SCHED CPUSETS CGROUP_PIDS BLK_CGROUP CGROUP_BPF",
	.usable = v2_usable,
	.up = v2_up,
	.open = v2_open,
	.kill = v2_kill,
	.down = v2_down,
	.stat = IS_ENABLED(CONFIG_STATE) ? v2_stat : NULL,
	.freeze = IS_ENABLED(CONFIG_CLI) ? v2_freeze : NULL,
	.devices = IS_ENABLED(CONFIG_UEVENT) ? v2_devices : NULL,
};
