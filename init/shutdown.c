/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine: what is left is told to end, then killed; everything is written, unmounted or
 * made read-only; reboot(2). Runs when the containers are down or the bound of the shutdown is over,
 * and must come to its end whatever hangs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/ctl.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "init/boot.h"
#include "init/device.h"

#define SHUTDOWN_TERM_MS 2000 /* for processes outside containers, after SIGTERM */
#define SHUTDOWN_KILL_MS 1000
#define SHUTDOWN_SYNC_MS 10000 /* a disk that hangs does not keep the machine up */

/* Waits until no child is left, at most ms. */
static void shutdown_reap(uint64_t ms)
{
	uint64_t end = event_now() + ms;

	while (event_now() < end) {
		pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);

		if (pid < 0 && errno == ECHILD)
			return;
		if (pid == 0)
			usleep(10000);
	}
}

/* Both may hang with a broken disk, so they are done by a child with a time-out. s: what is kept for the next boot. */
static void shutdown_sync(struct sup *s)
{
	pid_t pid = fork();
	uint64_t end = event_now() + SHUTDOWN_SYNC_MS;

	if (pid == 0) {
		if (s)
			boot_keep(s);
		sync();
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && event_now() < end)
		usleep(10000);
}

/* The mount point of a line of mountinfo, in place, with \ooo escapes undone. */
static char *shutdown_mount_point(char *line)
{
	char *p = line, *w, *out;

	for (int field = 1; p && field < 5; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return NULL;
	p[strcspn(p, " ")] = '\0';
	for (w = out = p; *w; w++) {
		if (*w == '\\' && w[1] && w[2] && w[3]) {
			*out++ = (char)((w[1] - '0') << 6 | (w[2] - '0') << 3 | (w[3] - '0'));
			w += 3;
		} else {
			*out++ = *w;
		}
	}
	*out = '\0';
	return p;
}

/* Last mounted first; what is busy or the root becomes read-only. /proc stays: it is read here. */
static void shutdown_unmount(void)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	if (fd_slurp(AT_FDCWD, "/proc/self/mountinfo", 4 << 20, &text, &len) < 0)
		return;
	while (len > 0) {
		char *line, *at;

		while (len > 0 && text[len - 1] == '\n')
			text[--len] = '\0';
		while (len > 0 && text[len - 1] != '\n')
			len--;
		line = text + len;
		at = *line ? shutdown_mount_point(line) : NULL;
		if (!at || strcmp(at, "/proc") == 0 || strcmp(at, "/dev") == 0)
			continue;
		if (strcmp(at, "/") == 0 || umount2(at, 0) < 0)
			mount(NULL, at, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	}
}

void shutdown_now(struct sup *s)
{
	static const int how[] = {
		[CTL_POWEROFF] = RB_POWER_OFF,
		[CTL_REBOOT] = RB_AUTOBOOT,
		[CTL_HALT] = RB_HALT_SYSTEM,
		[CTL_EXIT] = RB_POWER_OFF,
	};
	static const char *const word[] = { "power off", "reboot", "halt", "power off" };

	watchdog_last(s);
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	shutdown_reap(SHUTDOWN_TERM_MS);
	kill(-1, SIGKILL);
	shutdown_reap(SHUTDOWN_KILL_MS);
	watchdog_last(s);
	shutdown_sync(s);
	crash_keep_all(s);
	resets_end(s);
	if (IS_ENABLED(CONFIG_STATE))
		state_close(&s->disk);
	if (chdir("/") == 0)
		shutdown_unmount();
	watchdog_last(s);
	shutdown_sync(NULL);
	sup_say(NULL, "%s", word[s->down]);
	watchdog_close(s);
	reboot(how[s->down]);
	/* A kernel that cannot do it (or a container around us) leaves us here. */
	for (;;)
		pause();
}
