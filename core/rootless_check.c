/* SPDX-License-Identifier: MIT */
/*
 * What `myctr check` tells a user without root: whether user namespaces are allowed, which ids he has, which
 * programs and devices are there, whether limits can be had. Changes nothing; what may fail is tried in a child.
 * Sources: user_namespaces(7), Documentation/admin-guide/cgroup-v2.rst "Delegation", Ubuntu's release notes of
 * 23.10 about kernel.apparmor_restrict_unprivileged_userns.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/idmap.h"
#include "core/lib/fd.h"
#include "core/lib/helper.h"
#include "core/lib/str.h"
#include "core/rootless.h"

#define CHECK_FILE_MAX (1U << 20)

typedef void check_row_fn(const char *state, const char *name, const char *text, void *arg);

struct check {
	check_row_fn *row;
	void *arg;
	unsigned int missing;
};

static void check_row(struct check *c, bool found, bool needed, const char *name, const char *text)
{
	c->missing += !found && needed;
	c->row(found ? "found" : needed ? "MISSING" : "absent", name, text, c->arg);
}

/* Into a user namespace, and there what every container does first. The sentence of the failure goes to out. */
static NORETURN void check_try(int out)
{
	struct err e = { 0 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	if (rootless_enter(&e) == 0 &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
		const char *knob = rootless_knob(errno);

		err_set(&e, errno, "mounting in a user namespace: %s%s%s", err_text(errno),
			knob ? "; " : "", knob ? knob : "");
	}
	fd_write(out, e.msg, strlen(e.msg));
	_exit(0);
}

static void check_namespace(struct check *c)
{
	char text[300];
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		check_try(ends[1]);
	close(ends[1]);
	n = pid < 0 ? -1 : fd_read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	text[n > 0 ? n : 0] = '\0';
	check_row(c, n == 0, true, "user namespace",
		  n == 0 ? "containers of a user without root" : text);
}

/* The restriction is found also where this program is excepted from it, as a note on why. */
static void check_apparmor(struct check *c)
{
	char text[8];

	if (fd_read_text(AT_FDCWD, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", text,
			 sizeof(text)) <= 0 ||
	    strcmp(text, "1") != 0)
		return;
	c->row("note", "AppArmor",
	       "user namespaces are for programs with a profile: as root write to "
	       "/etc/apparmor.d/myctr: abi <abi/4.0>, profile myctr /usr/bin/myctr "
	       "flags=(unconfined) { userns, } with the path of this program, then: apparmor_parser "
	       "-r /etc/apparmor.d/myctr",
	       c->arg);
}

static void check_ids(struct check *c, const char *file, const char *option, const char *name)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *passwd = NULL;
	struct err e = { 0 };
	struct idmap m;
	char user[33] = "", say[300];
	uint32_t at;
	size_t len;

	if (fd_slurp(AT_FDCWD, "/etc/passwd", CHECK_FILE_MAX, &passwd, &len) == 0)
		idmap_user(passwd, (uint32_t)getuid(), user, sizeof(user));
	if (fd_slurp(AT_FDCWD, file, CHECK_FILE_MAX, &text, &len) < 0)
		text = NULL;
	if (idmap_subids(text ? text : "", file, user[0] ? user : NULL, (uint32_t)getuid(),
			 (uint32_t)getuid(), &m, &e) < 0) {
		check_row(c, false, true, name, e.msg);
		return;
	}
	at = idmap_subids_free(text ? text : "");
	if (idmap_count(&m) > IDMAP_WANTED)
		str_format(say, sizeof(say), "%llu of them in %s",
			   (unsigned long long)idmap_count(&m) - 1, file);
	else
		str_format(
			say, sizeof(say),
			"%llu in %s: files of an image with others become root's; as root: usermod "
			"%s %u-%u %s",
			(unsigned long long)idmap_count(&m) - 1, file, option, at,
			at + IDMAP_WANTED - 1, user[0] ? user : "NAME");
	check_row(c, idmap_count(&m) > IDMAP_WANTED, false, name, say);
}

static void check_program(struct check *c, const char *name, const char *package, const char *what)
{
	char path[HELPER_PATH], say[160];
	bool found = IS_ENABLED(CONFIG_HELPERS) && helper_find(name, path);

	str_format(say, sizeof(say), "%s%s%s", what, found ? "" : "; apt install ",
		   found ? "" : package);
	check_row(c, found, false, name, say);
}

/* A cgroup of ours that we may make others in: who has none has no limits. */
static void check_cgroup(struct check *c)
{
	char text[1024], path[1100];
	char *line = text;
	bool found;

	if (fd_read_text(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return;
	if (strncmp(line, "0::/", 4) != 0)
		line = strstr(text, "\n0::/");
	line = line && *line == '\n' ? line + 1 : line;
	if (line)
		line[strcspn(line, "\n")] = '\0';
	str_format(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.subtree_control",
		   line ? line + 3 : "");
	found = line && access(path, W_OK) == 0;
	check_row(
		c, found, false, "cgroup",
		found ? "limits, in the part of the tree that is ours"
		      : "limits: start with `systemd-run --user --scope -p Delegate=yes`, or let root make "
			"a cgroup, give it to you and name it in MYCTR_CGROUP");
}

unsigned int rootless_check(check_row_fn *row, void *arg)
{
	struct check c = { .row = row, .arg = arg };

	check_namespace(&c);
	check_apparmor(&c);
	check_ids(&c, "/etc/subuid", "--add-subuids", "user ids");
	check_ids(&c, "/etc/subgid", "--add-subgids", "group ids");
	check_program(&c, "newuidmap", "uidmap", "user and group ids beside one's own");
	check_program(&c, "slirp4netns", "slirp4netns", "network = slirp");
	check_program(&c, "pasta", "passt", "network = pasta");
	check_program(&c, "fuse-overlayfs", "fuse-overlayfs",
		      "writable roots where the kernel has no overlay for users");
	check_program(&c, "squashfuse", "squashfuse", "squashfs images that are not unpacked");
	check_row(&c, access("/dev/fuse", R_OK | W_OK) == 0, false, "/dev/fuse",
		  "for the last two; all may open it after: chmod 666 /dev/fuse");
	check_cgroup(&c);
	return c.missing;
}
