// SPDX-License-Identifier: MIT
/*
 * The mounts of the device: the data partition, [system] mount =, and [mount] sections, with the helpers that
 * check, make and grow a file system, and what is done where it cannot be written. Runs once as the device
 * boots, before anything is started. Every wait has a bound; nothing that holds data is ever formatted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/machine.h"
#include "core/marks.h"
#include "core/paths.h"
#include "init/boot.h"
#include "init/sup.h"

#define MOUNTS_BLANK \
	(72 << 10) /* of a device without a file system: magics of all we know lie before */
#define MOUNTS_FSCK_OK \
	3 /* 1: mended, 2: mended, of a mounted root reboot; 4 and more: not mended */

/* One mount on its way up. */
struct mounting {
	const char *at, *device, *type;
	char options[128];
	const struct mount_spec *spec; /* helpers and times; NULL: none */
	uint64_t fallback;	       /* enum mount_fallback */
};

/* ---- helpers ------------------------------------------------------------------------------------- */

static NORETURN void mounts_child(const struct strv *helper, const char *device)
{
	static char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char *argv[32];
	unsigned int n = 0;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (; n < helper->n && n + 2 < ARRAY_SIZE(argv); n++)
		argv[n] = helper->v[n];
	argv[n++] = (char *)(uintptr_t)device;
	argv[n] = NULL;
	sys_close_range(3, false);
	execve(argv[0], argv, env);
	sup_say(argv[0], "%s", err_text(errno));
	_exit(127);
}

/* Exit status of a helper; -errno, -ETIMEDOUT after it was killed. */
static int mounts_help(const struct mounting *m, const struct strv *helper)
{
	uint64_t end = event_now() + m->spec->patience;
	int status = 0;
	pid_t pid, got;

	sup_say(m->at, "%s %s", helper->v[0], m->device);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		mounts_child(helper, m->device);
	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && event_now() < end)
		usleep(10000);
	if (got == 0) {
		kill(pid, SIGKILL);
		return -ETIMEDOUT; /* one in D state must not keep the device from booting */
	}
	if (got < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void mounts_complain(const struct mounting *m, const struct strv *helper, int r)
{
	if (r == -ETIMEDOUT)
		sup_say(m->at, "%s did not end in time, killed", helper->v[0]);
	else if (r < 0)
		sup_say(m->at, "%s: %s", helper->v[0], err_text(-r));
	else
		sup_say(m->at, "%s ended with %d", helper->v[0], r);
}

/* Flash that was never written is all ones, other disks all zeros. What cannot be read is not blank. */
static bool mounts_is_blank(const char *device)
{
	AUTO_FD int fd = open(device, O_RDONLY | O_CLOEXEC);
	unsigned char buf[4096], first = 0;

	if (fd < 0)
		return false;
	for (size_t at = 0; at < MOUNTS_BLANK; at += sizeof(buf)) {
		ssize_t n = fd_read(fd, buf, sizeof(buf));

		if (n <= 0)
			return n == 0 && at > 0;
		if (at == 0)
			first = buf[0];
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != first || (first != 0 && first != 0xff))
				return false;
	}
	return true;
}

static int mounts_format(const struct mounting *m)
{
	int r;

	if (!m->spec || !m->spec->format.n || !mounts_is_blank(m->device))
		return 0;
	r = mounts_help(m, &m->spec->format);
	if (r != 0)
		mounts_complain(m, &m->spec->format, r);
	return r;
}

/* A damaged file system must not be written to: what the helper could not mend is not mounted for that. */
static int mounts_check(const struct mounting *m)
{
	int r = m->spec && m->spec->fsck.n ? mounts_help(m, &m->spec->fsck) : 0;

	if (r >= 0 && r <= MOUNTS_FSCK_OK)
		return 0;
	mounts_complain(m, &m->spec->fsck, r);
	return -EUCLEAN;
}

/* The file system's own tables take some room, so an eighth less than the device is as large as can be. */
static void mounts_grow(const struct mounting *m)
{
	AUTO_FD int fd = -1;
	uint64_t size = 0;
	struct statfs st;
	int r;

	if (!m->spec || !m->spec->grow.n || statfs(m->at, &st) < 0)
		return;
	fd = open(m->device, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) < 0 ||
	    (uint64_t)st.f_blocks * (uint64_t)st.f_frsize >= size - size / 8)
		return;
	r = mounts_help(m, &m->spec->grow);
	if (r != 0)
		mounts_complain(m, &m->spec->grow, r);
}

/* ---- one mount ----------------------------------------------------------------------------------- */

/* Something is there, but not what should be: said, and marked for everybody who looks. */
static void mounts_mark(const struct mounting *m, const char *is, const char *why)
{
	char text[300];

	str_format(text, sizeof(text), "%s: %s", is, why);
	sup_say(m->at, "%s", text);
	marks_add(m->at, text);
}

static void mounts_fall_back(const struct mounting *m, const char *why)
{
	struct err e = { 0 };
	char options[160];

	str_format(options, sizeof(options), "%s%sro", m->options, *m->options ? "," : "");
	if (m->fallback >= MOUNT_READ_ONLY && access(m->device, F_OK) == 0 &&
	    boot_mount_at(m->device, m->at, m->type, options, &e) >= 0)
		mounts_mark(m, "READ-ONLY", why);
	else if (m->fallback == MOUNT_TMPFS &&
		 boot_mount_at("tmpfs", m->at, "tmpfs", "mode=755", &e) >= 0)
		mounts_mark(m, "IN MEMORY, lost with the power", why);
	else
		mounts_mark(m, "NOT MOUNTED", why);
}

static void mounts_up(const struct mounting *m)
{
	bool is_device = m->device[0] == '/';
	struct err e = { 0 };
	int r = 0;

	if (is_device)
		r = boot_wait_for(m->device, m->spec ? m->spec->wait : BOOT_WAIT_MS, &e);
	if (r >= 0 && is_device) {
		mounts_format(m);
		if (mounts_check(m) < 0)
			r = err_set(&e, EUCLEAN, "%s: is damaged and could not be mended",
				    m->device);
	}
	if (r >= 0)
		r = boot_mount_at(m->device, m->at, m->type, m->options, &e);
	if (r < 0)
		mounts_fall_back(m, e.msg);
	else if (is_device)
		mounts_grow(m);
}

/* ---- all of them --------------------------------------------------------------------------------- */

/* The next word, in place; *rest goes behind it. */
static char *mounts_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	size_t n = strcspn(word, " \t");

	*rest = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

/* "DEVICE [PATH] FSTYPE [OPTIONS]": without a path when at is given. A section of that path adds to it. */
static void mounts_text(const struct manifest *m, const char *text, const char *at,
			uint64_t fallback)
{
	struct mounting one = { .fallback = fallback };
	char line[400], *rest = line;
	struct section *s;

	str_copy(line, sizeof(line), text);
	one.device = mounts_word(&rest);
	one.at = at ? at : mounts_word(&rest);
	one.type = mounts_word(&rest);
	str_copy(one.options, sizeof(one.options), mounts_word(&rest));
	s = section_find(m->sections[SECTION_MOUNT], one.at);
	if (s) {
		one.spec = container_of(s, struct mount_spec, section);
		if (one.spec->section.set[0] & MOUNT_HAS_FALLBACK)
			one.fallback = one.spec->fallback;
	}
	mounts_up(&one);
}

static void mounts_section(const struct mount_spec *s, uint64_t fallback)
{
	struct mounting one = { .at = s->section.name,
				.device = s->device,
				.type = s->type,
				.spec = s,
				.fallback = fallback };

	str_copy(one.options, sizeof(one.options), s->options ? s->options : "");
	if (s->section.set[0] & MOUNT_HAS_FALLBACK)
		one.fallback = s->fallback;
	if (s->device)
		mounts_up(&one);
}

void mounts_all(const struct manifest *m)
{
	const struct system_spec *y = &m->system;
	struct section *data = section_find(m->sections[SECTION_MOUNT], paths.data);

	if (y->data)
		mounts_text(m, y->data, paths.data, MOUNT_TMPFS);
	else if (data)
		mounts_section(container_of(data, struct mount_spec, section), MOUNT_TMPFS);
	for (unsigned int i = 0; i < y->mount.n; i++)
		mounts_text(m, y->mount.v[i], NULL, MOUNT_NONE);
	for (const struct section *s = m->sections[SECTION_MOUNT]; s; s = s->next)
		if (s != data)
			mounts_section(container_of(s, const struct mount_spec, section),
				       MOUNT_NONE);
}
