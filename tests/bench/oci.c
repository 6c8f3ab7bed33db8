/* SPDX-License-Identifier: MIT */
/*
 * Writes the OCI bundle crun and runc are measured with: the same root directory, namespaces,
 * mounts, masks, capabilities and seccomp profile as floor.c, so that a difference in time is
 * a difference between programs. When floor.c changes, this file has to follow.
 */
#include <string.h>

#include "tests/bench/bench.h"

/* The 14 capabilities of KEPT in floor.c. */
#define CAPS                                                                               \
	"[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_MKNOD\"," \
	"\"CAP_NET_RAW\",\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETFCAP\",\"CAP_SETPCAP\","   \
	"\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_CHROOT\",\"CAP_KILL\",\"CAP_AUDIT_WRITE\"]"

static const char process[] =
	"{\"ociVersion\":\"1.0.0\",\"hostname\":\"floor\",\"process\":{\"terminal\":false,"
	"\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"/true\"],\"cwd\":\"/\","
	"\"env\":[\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"],\"noNewPrivileges\":true,"
	"\"capabilities\":{\"bounding\":" CAPS ",\"effective\":" CAPS ",\"permitted\":" CAPS "}},";

static const char mounts[] =
	"\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"mode=755\",\"size=64k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}],";

static const char namespaces[] =
	"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},"
	"{\"type\":\"ipc\"},{\"type\":\"network\"},{\"type\":\"cgroup\"}],";

static const char paths[] =
	"\"maskedPaths\":[\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/proc/acpi\","
	"\"/proc/asound\",\"/proc/scsi\",\"/sys/firmware\",\"/sys/devices/virtual/powercap\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
	"\"/proc/sysrq-trigger\"],";

/* nobody as root: the one id that floor.c -r maps. */
static const char user_namespaces[] =
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":65534,\"size\":1}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":65534,\"size\":1}],"
	"\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},"
	"{\"type\":\"ipc\"},{\"type\":\"network\"},{\"type\":\"cgroup\"}],";

static const char *oci_write(const struct bench *b, const char *dir, const char *namespaces_text)
{
	static char rules[32768];
	struct command profile = { .argv = { bench_format("%s/profile", b->parts), "oci" } };

	if (command_capture(&profile, rules, sizeof(rules)) != 0)
		bench_die("does not work", profile.argv[0]);
	bench_dir(dir);
	bench_write(bench_format("%s/config.json", dir),
		    bench_format("%s%s\"root\":{\"path\":\"%s\",\"readonly\":true},\"linux\":{"
				 "%s%s\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
				 "\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[%s]}}}",
				 process, mounts, b->rootfs, namespaces_text, paths, rules));
	return dir;
}

const char *oci_bundle(const struct bench *b)
{
	return oci_write(b, bench_path(b, "bundle"), namespaces);
}

const char *oci_user_bundle(const struct bench *b)
{
	return oci_write(b, bench_path(b, "bundle-user"), user_namespaces);
}
