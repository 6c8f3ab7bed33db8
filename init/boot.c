/* SPDX-License-Identifier: MIT */
/*
 * The boot of the device, before any container: tables of mounts, then what [system] says. Runs once as
 * PID 1. A step that fails is said on the console and the boot goes on: a device that is half up can
 * still be looked at and mended, one whose init has exited cannot.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "core/sysctl.h"
#include "init/boot.h"
#include "init/sup.h"

/* No logic here. A mount that is there already (EBUSY) is as good as ours. */
static const struct {
	const char *type, *at;
	unsigned long flags;
	const char *data;
} boot_mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755" },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755" },
	{ "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
};

static bool boot_is_mount(const char *at)
{
	char parent[64];
	struct stat a, b;

	snprintf(parent, sizeof(parent), "%s/..", at);
	return stat(at, &a) == 0 && stat(parent, &b) == 0 && a.st_dev != b.st_dev;
}

static void boot_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void boot_lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		sup_say("lo", "cannot be brought up: %s", err_text(errno));
}

void boot_early(void)
{
	int failed[ARRAY_SIZE(boot_mounts)] = { 0 };

	umask(022);
	for (unsigned int i = 0; i < ARRAY_SIZE(boot_mounts); i++) {
		if (boot_is_mount(boot_mounts[i].at))
			continue;
		mkdir(boot_mounts[i].at, 0755);
		if (mount(boot_mounts[i].type, boot_mounts[i].at, boot_mounts[i].type,
			  boot_mounts[i].flags, boot_mounts[i].data) < 0)
			failed[i] = errno;
	}
	boot_console();
	for (unsigned int i = 0; i < ARRAY_SIZE(boot_mounts); i++)
		if (failed[i])
			sup_say(boot_mounts[i].at, "cannot mount %s: %s", boot_mounts[i].type,
				err_text(failed[i]));
	/* Ctrl-Alt-Del sends us SIGINT instead of resetting the machine at once. */
	reboot(RB_DISABLE_CAD);
	setsid();
	boot_lo_up();
}

/* ---- [system] ------------------------------------------------------------------------------------ */

/* Compressed modules need a kernel that can unpack them. */
int boot_module_file(const char *path, const char *params, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "%s", path);
	if (syscall(SYS_finit_module, fd, params, 0) == 0 || errno == EEXIST)
		return 0;
	/* 4 is MODULE_INIT_COMPRESSED_FILE, Linux 5.17. */
	if (errno == ENOEXEC && syscall(SYS_finit_module, fd, params, 4) == 0)
		return 0;
	return err_sys(e, errno, "%s: loading the module", path);
}

/* "name [parameters]", or the path of a .ko file. */
int boot_module(const char *text, struct err *e)
{
	char path[256];
	size_t n = strcspn(text, " ");
	const char *params = text + n + strspn(text + n, " ");
	int r = IS_ENABLED(CONFIG_BOOT_MODULE) && text[0] != '/'
			? module_with_deps(text, n, params, e)
			: -ENOENT;

	if (r != -ENOENT)
		return r;
	snprintf(path, sizeof(path), "%s%.*s%s", text[0] == '/' ? "" : "/lib/modules/", (int)n,
		 text, text[0] == '/' ? "" : ".ko");
	return boot_module_file(path, params, e);
}

static int boot_sysctl(const char *text, struct err *e)
{
	AUTO_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return proc < 0 ? err_sys(e, errno, "/proc") : sysctl_set(proc, text, e);
}

int boot_wait_for(const char *device, uint64_t ms, struct err *e)
{
	for (uint64_t at = 0; at <= ms; at += 50) {
		if (access(device, F_OK) == 0)
			return 0;
		usleep(50000);
	}
	return err_set(e, ENODEV, "%s: did not appear within %u s", device,
		       (unsigned int)(ms / 1000));
}

/* Copies the next word to word, "" when there is none or it is too long; returns what follows. */
static const char *boot_word(const char *text, char *word, size_t size)
{
	size_t n = strcspn(text, " \t");

	snprintf(word, size, "%.*s", n < size ? (int)n : 0, text);
	return text + n + strspn(text + n, " \t");
}

/* ro is an option like any other. */
int boot_mount_at(const char *device, const char *at, const char *type, const char *options,
		  struct err *e)
{
	char list[160], data[160] = "", *save = NULL;
	unsigned long flags = MS_NOSUID | MS_NODEV;

	str_copy(list, sizeof(list), options);
	for (char *o = strtok_r(list, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
		size_t used = strlen(data);

		if (strcmp(o, "ro") == 0)
			flags |= MS_RDONLY;
		else if (strcmp(o, "noexec") == 0)
			flags |= MS_NOEXEC;
		else if (strcmp(o, "noatime") == 0)
			flags |= MS_NOATIME;
		else if (strcmp(o, "rw") != 0)
			snprintf(data + used, sizeof(data) - used, "%s%s", used ? "," : "", o);
	}
	path_mkdirs(at, 0755);
	return mount(device, at, type, flags, data) < 0
		       ? err_sys(e, errno, "%s: mounting it at %s", device, at)
		       : 0;
}

/* "DEVICE PATH FSTYPE [OPTIONS]" */
static int boot_mount(const char *text, struct err *e)
{
	char device[96], at[128], type[32], options[128];
	const char *rest = text;

	rest = boot_word(rest, device, sizeof(device));
	rest = boot_word(rest, at, sizeof(at));
	rest = boot_word(rest, type, sizeof(type));
	boot_word(rest, options, sizeof(options));
	if (!*type)
		return err_set(e, EINVAL, "%s: expected DEVICE PATH FSTYPE [OPTIONS]", text);
	if (device[0] == '/' && boot_wait_for(device, BOOT_WAIT_MS, e) < 0)
		return -e->code;
	return boot_mount_at(device, at, type, options, e);
}

static int boot_data(const char *text, struct err *e)
{
	char device[96], line[400];
	const char *rest = boot_word(text, device, sizeof(device));

	if (!*rest)
		return err_set(e, EINVAL, "data = %s: expected DEVICE FSTYPE [OPTIONS]", text);
	snprintf(line, sizeof(line), "%s %s %s", device, paths.data, rest);
	return boot_mount(line, e);
}

static void boot_each(const struct strv *list, int (*step)(const char *text, struct err *e))
{
	struct err e = { 0 };

	for (unsigned int i = 0; i < list->n; i++)
		if (step(list->v[i], &e) < 0)
			sup_say(NULL, "%s", e.msg);
}

static void boot_hostname(const char *name)
{
	char buf[HOSTNAME_MAX];

	if (IS_ENABLED(CONFIG_BOOT_TEMPLATE))
		name = hostname_of(name, buf);
	if (sethostname(name, strlen(name)) < 0)
		sup_say(NULL, "hostname %s: %s", name, err_text(errno));
}

static void boot_plain_mounts(const struct system_spec *y)
{
	struct err e = { 0 };

	if (y->data && boot_data(y->data, &e) < 0)
		sup_say(NULL, "%s; what is written now is lost with the power", e.msg);
	boot_each(&y->mount, boot_mount);
}

void boot_system(struct sup *s)
{
	const struct system_spec *y = &s->manifest.system;

	boot_each(&y->module, boot_module);
	boot_each(&y->sysctl, boot_sysctl);
	chart_note("stage", "modules");
	if (IS_ENABLED(CONFIG_BOOT_MOUNT))
		mounts_all(&s->manifest);
	else
		boot_plain_mounts(y);
	chart_note("stage", "mounts");
	if (IS_ENABLED(CONFIG_SEED))
		seed_boot(y);
	/* after the mounts: a template may name a file of theirs */
	if (y->hostname)
		boot_hostname(y->hostname);
}
