// SPDX-License-Identifier: MIT
/*
 * Probes of feature.c: each tries the real thing, in a child of `myctr check` that ends right after. Must
 * leave nothing behind on the host: mounts are made in a mount namespace of the child's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/feature.h"
#include "core/lib/fd.h"
#include "core/lib/sys.h"
#include "core/rules.h"

/* What a failed call says: not there, or not for us to know. */
static enum feature_state state_of(int error)
{
	return error == EPERM || error == EACCES ? FEATURE_UNKNOWN : FEATURE_MISSING;
}

static enum feature_state state_if(bool found)
{
	return found ? FEATURE_FOUND : state_of(errno);
}

enum feature_state feature_try_namespace(const struct feature *f)
{
	char path[32];

	if (unshare((int)f->num) == 0)
		return FEATURE_FOUND;
	if (errno != EPERM)
		return state_of(errno);
	/* not for us to make, but what the kernel has is listed */
	str_format(path, sizeof(path), "/proc/self/ns/%s", f->arg);
	return access(path, F_OK) == 0 ? FEATURE_FOUND : FEATURE_UNKNOWN;
}

enum feature_state feature_try_open(const struct feature *f)
{
	return state_if(open(f->arg, O_RDONLY | O_CLOEXEC) >= 0);
}

/* Opening it would start it. */
enum feature_state feature_try_there(const struct feature *f)
{
	return state_if(access(f->arg, F_OK) == 0);
}

/* Here a right that is missing is what is missing. */
enum feature_state feature_try_tun(const struct feature *f)
{
	(void)f;
	return open("/dev/net/tun", O_RDWR | O_CLOEXEC) >= 0 ? FEATURE_FOUND : FEATURE_MISSING;
}

/* Somewhere to mount that only this child sees. */
static int private_place(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("check", "/proc", "tmpfs", 0, NULL) < 0)
		return -errno;
	return chdir("/proc") < 0 ? -errno : 0;
}

/* For who may not mount: a type that is in use or built in; others may still be a module. */
static enum feature_state listed_filesystem(const char *type)
{
	char text[4096], line[48];

	str_format(line, sizeof(line), "\t%s\n", type);
	if (fd_read_text(AT_FDCWD, "/proc/filesystems", text, sizeof(text)) < 0 ||
	    !strstr(text, line))
		return FEATURE_UNKNOWN;
	return FEATURE_FOUND;
}

/* fsopen(2) loads the module and asks for no device; before Linux 5.2 a mount without one must do. */
enum feature_state feature_try_filesystem(const struct feature *f)
{
	if (syscall(SYS_fsopen, f->arg, 0x1 /* FSOPEN_CLOEXEC */) >= 0)
		return FEATURE_FOUND;
	if (errno != ENOSYS && errno != EPERM)
		return state_of(errno);
	if (private_place() < 0)
		return listed_filesystem(f->arg);
	if (mount("none", ".", f->arg, 0, NULL) == 0)
		return FEATURE_FOUND;
	return errno == ENODEV ? FEATURE_MISSING : errno == EPERM ? FEATURE_UNKNOWN : FEATURE_FOUND;
}

enum feature_state feature_try_overlay(const struct feature *f)
{
	(void)f;
	if (private_place() < 0)
		return FEATURE_UNKNOWN;
	if (mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 ||
	    mkdir("root", 0755) < 0)
		return FEATURE_UNKNOWN;
	return state_if(mount("overlay", "root", "overlay", 0,
			      "lowerdir=lower,upperdir=upper,workdir=work") == 0);
}

enum feature_state feature_try_xattr(const struct feature *f)
{
	(void)f;
	if (private_place() < 0 || mkdir("dir", 0755) < 0)
		return FEATURE_UNKNOWN;
	return state_if(setxattr("dir", "trusted.overlay.opaque", "y", 1, 0) == 0);
}

/* A filter that cannot be read is EFAULT where filters are known at all. */
enum feature_state feature_try_seccomp(const struct feature *f)
{
	(void)f;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == 0)
		return FEATURE_UNKNOWN;
	return errno == EFAULT ? FEATURE_FOUND : FEATURE_MISSING;
}

static void set_limit(struct spec *s, const char *key)
{
	if (strcmp(key, "memory") == 0)
		s->memory = 1U << 30;
	else if (strcmp(key, "memory-swap") == 0)
		s->memory_swap = 1U << 30;
	else if (strcmp(key, "cpu") == 0)
		s->cpu = 1000;
	else if (strcmp(key, "cpu-weight") == 0)
		s->cpu_weight = 100;
	else if (strcmp(key, "cpuset") == 0)
		s->cpuset = "0";
	else if (strcmp(key, "pids") == 0)
		s->pids = 100;
	else if (strcmp(key, "io-weight") == 0)
		s->io_weight = 100;
}

/* Makes a cgroup with just that limit, as a start would, and takes it away again. */
enum feature_state feature_try_cgroup(const struct feature *f)
{
	struct spec s = { .memory = SPEC_UNLIMITED,
			  .memory_high = SPEC_UNLIMITED,
			  .memory_swap = SPEC_UNLIMITED,
			  .cpu = SPEC_UNLIMITED,
			  .pids = SPEC_UNLIMITED,
			  .limits = SPEC_LIMITS_BEST_EFFORT };
	const struct cgroup_driver *driver = cgroup_driver();
	uint32_t missing = 0;
	char name[32];
	int folder;

	if (!driver)
		return FEATURE_MISSING;
	set_limit(&s, f->arg);
	str_format(name, sizeof(name), "check.%d", (int)getpid());
	folder = driver->up(&s, name, &missing, NULL);
	if (folder < 0)
		return state_of(-folder);
	close(folder);
	driver->down(name);
	if (strcmp(f->arg, "device") != 0)
		missing &= ~(uint32_t)CGROUP_NO_DEVICES;
	return missing ? FEATURE_MISSING : FEATURE_FOUND;
}

enum feature_state feature_try_rights(const struct feature *f)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	const uint32_t need = 1U << CAP_SYS_ADMIN | 1U << CAP_SETPCAP | 1U << CAP_SETUID |
			      1U << CAP_SETGID | 1U << CAP_NET_ADMIN;

	(void)f;
	if (syscall(SYS_capget, &header, data) < 0)
		return FEATURE_UNKNOWN;
	return (data[0].effective & need) == need ? FEATURE_FOUND : FEATURE_MISSING;
}

enum feature_state feature_try_version(const struct feature *f)
{
	(void)f;
	return sys_kernel_at_least(5, 10) ? FEATURE_FOUND : FEATURE_MISSING;
}

enum feature_state feature_try_fds(const struct feature *f)
{
	sigset_t none;

	(void)f;
	sigemptyset(&none);
	return state_if(
		epoll_create1(EPOLL_CLOEXEC) >= 0 && signalfd(-1, &none, SFD_CLOEXEC) >= 0 &&
		timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC) >= 0 && eventfd(0, EFD_CLOEXEC) >= 0);
}

enum feature_state feature_try_rules(const struct feature *f)
{
	struct err e = { 0 };

	return rules_probe((enum rules_part)f->num, &e) < 0 ? state_of(e.code) : FEATURE_FOUND;
}
