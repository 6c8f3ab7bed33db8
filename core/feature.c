// SPDX-License-Identifier: MIT
/*
 * The table of what is needed of the kernel and the host, and who needs it. Runs for `myctr check` only;
 * starting a container never asks here, it tries and reports.
 */
#include "core/feature.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cgroup.h"
#include "core/driver.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/rules.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define PROBE_SECONDS 5

#if IS_ENABLED(CONFIG_NET_FORWARD)
#define PORTS "published ports, nat; without it the supervisor forwards ports"
#else
#define PORTS "published ports, nat, isolate, internal"
#endif

/* All of nf_tables that the rules of containers use. */
#define FILTER "NF_TABLES_INET NFT_CT NFT_NAT NFT_MASQ NFT_FIB_INET"

const struct feature features[] = {
	{ "rights", "namespaces, mounts and limits need root's capabilities",
	  "run as root, or in a user namespace that has them", feature_try_rights, NULL, 0 },
	{ "LINUX", "Linux 5.10 or newer", "a newer kernel", feature_try_version, NULL, 0 },
	{ "NAMESPACES", "mounts of the container's own", NULL, feature_try_namespace, "mnt",
	  CLONE_NEWNS },
	{ "UTS_NS", "host name of its own", NULL, feature_try_namespace, "uts", CLONE_NEWUTS },
	{ "IPC_NS", "System V and POSIX queues of its own", NULL, feature_try_namespace, "ipc",
	  CLONE_NEWIPC },
	{ "PID_NS", "process numbers of its own", NULL, feature_try_namespace, "pid",
	  CLONE_NEWPID },
	{ "NET_NS", "network of its own", NULL, feature_try_namespace, "net", CLONE_NEWNET },
	{ "TUN", "network = slirp and pasta, of users without root",
	  "also /dev/net/tun, which all may open: chmod 666 /dev/net/tun", feature_try_tun, NULL,
	  0 },
	{ "USER_NS", "userns = yes: root inside is nobody outside",
	  "sysctl user.max_user_namespaces above 0", feature_try_namespace, "user", CLONE_NEWUSER },
	{ "TIME_NS", "timens = yes: clocks of its own", NULL, feature_try_namespace, "time",
	  CLONE_NEWTIME },
	{ "VETH", "links of networks of kind bridge", "modprobe veth", feature_try_link, "veth",
	  0 },
	{ "BRIDGE", "networks of kind bridge", "modprobe bridge", feature_try_link, "bridge", 0 },
	{ "MACVLAN", "networks of kind macvlan", "modprobe macvlan", feature_try_link, "macvlan",
	  0 },
	{ "IPVLAN", "networks of kind ipvlan", "modprobe ipvlan", feature_try_link, "ipvlan", 0 },
	{ "VLAN_8021Q", "vlan of networks and interfaces", "modprobe 8021q", feature_try_link,
	  "vlan", 0 },
	{ "PROC_FS", "/proc", NULL, feature_try_filesystem, "proc", 0 },
	{ "SYSFS", "/sys", NULL, feature_try_filesystem, "sysfs", 0 },
	{ "TMPFS", "/dev, /run, storage = tmpfs", NULL, feature_try_filesystem, "tmpfs", 0 },
	{ "TMPFS_XATTR", "overlays with their upper layer in memory", NULL, feature_try_xattr, NULL,
	  0 },
	{ "UNIX98_PTYS", "/dev/pts, terminals", NULL, feature_try_filesystem, "devpts", 0 },
	{ "POSIX_MQUEUE", "/dev/mqueue", NULL, feature_try_filesystem, "mqueue", 0 },
	{ "OVERLAY_FS", "a writable layer over an image", "modprobe overlay", feature_try_overlay,
	  NULL, 0 },
	{ "SQUASHFS", "squashfs images", "modprobe squashfs", feature_try_filesystem, "squashfs",
	  0 },
	{ "EROFS_FS", "EROFS images", "modprobe erofs", feature_try_filesystem, "erofs", 0 },
	{ "BLK_DEV_DM", "verity", "modprobe dm-mod dm-verity; also DM_VERITY", feature_try_open,
	  "/dev/mapper/control", 0 },
	{ "BLK_DEV_LOOP", "images that are files as devices", "modprobe loop", feature_try_open,
	  "/dev/loop-control", 0 },
	{ "SECCOMP", "system call filters", NULL, feature_try_seccomp, NULL, 0 },
	{ "SECCOMP_FILTER", "system call filters", NULL, feature_try_seccomp, NULL, 0 },
	{ "CGROUPS", "limits, statistics, killing as a whole",
	  "mount -t cgroup2 none /sys/fs/cgroup", feature_try_cgroup, "", 0 },
	{ "MEMCG", "memory, memory-high, -low, -min, oom-group",
	  "not with cgroup_disable=memory; not bound to cgroup v1", feature_try_cgroup, "memory",
	  0 },
	{ "SWAP", "memory-swap", "before Linux 6.1 also MEMCG_SWAP", feature_try_cgroup,
	  "memory-swap", 0 },
	{ "CFS_BANDWIDTH", "cpu", "not bound to cgroup v1", feature_try_cgroup, "cpu", 0 },
	{ "FAIR_GROUP_SCHED", "cpu-weight", "not bound to cgroup v1", feature_try_cgroup,
	  "cpu-weight", 0 },
	{ "CPUSETS", "cpuset, cpuset-mems", "not bound to cgroup v1", feature_try_cgroup, "cpuset",
	  0 },
	{ "CGROUP_PIDS", "pids", "not bound to cgroup v1", feature_try_cgroup, "pids", 0 },
	{ "BLK_CGROUP", "io-max", "BLK_DEV_THROTTLING; not bound to cgroup v1", NULL, NULL, 0 },
	{ "BLK_CGROUP_IOCOST", "io-weight", "or BFQ_GROUP_IOSCHED; not bound to cgroup v1",
	  feature_try_cgroup, "io-weight", 0 },
	{ "CGROUP_BPF", "device filter", "BPF_SYSCALL", feature_try_cgroup, "device", 0 },
	{ "BPF_SYSCALL", "device filter", NULL, feature_try_cgroup, "device", 0 },
	{ "NF_TABLES_INET", PORTS, "also NF_TABLES, NF_TABLES_IPV4, NF_TABLES_IPV6",
	  feature_try_rules, NULL, RULES_PART_TABLES },
	{ "NFT_CT", PORTS, "also NF_CONNTRACK", feature_try_rules, NULL, RULES_PART_CT },
	{ "NFT_NAT", PORTS, "also NF_NAT", feature_try_rules, NULL, RULES_PART_NAT },
	{ "NFT_MASQ", PORTS, NULL, feature_try_rules, NULL, RULES_PART_MASQ },
	{ "NFT_FIB_INET", PORTS, "also NFT_FIB_IPV4, NFT_FIB_IPV6", feature_try_rules, NULL,
	  RULES_PART_FIB },
	{ "PRINTK", "log = kmsg", NULL, feature_try_open, "/dev/kmsg", 0 },
	{ "NF_CT_NETLINK", "published UDP ports lead to the container of now at once", NULL,
	  feature_try_rules, NULL, RULES_PART_FLOWS },
	{ "NF_TABLES_BRIDGE", "containers on a bridge send under their own names only",
	  "also NF_TABLES", feature_try_rules, NULL, RULES_PART_BRIDGE },
#if IS_ENABLED(CONFIG_WATCHDOG)
	{ "WATCHDOG", "watchdog of [system]",
	  "the board's driver; else SOFT_WATCHDOG, which cannot help when the kernel hangs",
	  feature_try_there, "/dev/watchdog", 0 },
#endif
	{ "EPOLL", "the supervisor's loop", "also SIGNALFD, TIMERFD, EVENTFD", feature_try_fds,
	  NULL, 0 },
};

const unsigned int n_features = ARRAY_SIZE(features);

_Static_assert(ARRAY_SIZE(features) <= 64, "sets of features are bits of a uint64_t");

/* Bits of blank separated names; those nobody described are left out. */
static uint64_t bits_of(const char *names)
{
	uint64_t bits = 0;

	for (const char *p = names; p && *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		for (unsigned int i = 0; i < n_features; i++)
			if (strlen(features[i].name) == len &&
			    memcmp(features[i].name, p, len) == 0)
				bits |= UINT64_C(1) << i;
		p += len;
	}
	return bits;
}

uint64_t feature_always(void)
{
	return bits_of("rights LINUX NAMESPACES PROC_FS SYSFS TMPFS UNIX98_PTYS EPOLL");
}

/* Every linked driver, in the form all classes have in common. */
struct driver_row {
	const char *class;
	const char *name;
	const char *kernel;
};

#define EACH(class_, call)                    \
	for (DRIVER_EACH(class_, class_##_d)) \
	call(&(struct driver_row){ #class_, (*class_##_d)->name, (*class_##_d)->kernel }, arg)

static void each_driver(void (*call)(const struct driver_row *d, void *arg), void *arg)
{
	EACH(image, call);
	EACH(codec, call);
	EACH(storage, call);
	EACH(cgroup, call);
	EACH(seccomp, call);
	EACH(log, call);
	EACH(net, call);
}

static void add_bits(const struct driver_row *d, void *arg)
{
	*(uint64_t *)arg |= bits_of(d->kernel);
}

uint64_t feature_of_build(void)
{
	uint64_t bits = 0;

	each_driver(add_bits, &bits);
	return bits | bits_of("UTS_NS IPC_NS PID_NS") |
	       (IS_ENABLED(CONFIG_NET_NFT) ? bits_of(FILTER) : 0) |
	       (IS_ENABLED(CONFIG_NET_STRICT) ? bits_of("NF_TABLES_BRIDGE") : 0) |
	       (IS_ENABLED(CONFIG_NET_CONNTRACK) ? bits_of("NF_CT_NETLINK") : 0);
}

struct names {
	uint64_t bit;
	char *buf;
	size_t size, used;
};

static void add_name(const struct driver_row *d, void *arg)
{
	struct names *n = arg;

	if (bits_of(d->kernel) & n->bit)
		n->used += str_format(n->buf + n->used, n->size - n->used, "%s%s %s",
				      n->used ? ", " : "", d->class, d->name);
}

const char *feature_drivers(const struct feature *f, char *buf, size_t size)
{
	struct names n = { .bit = UINT64_C(1) << (f - features), .buf = buf, .size = size };

	*buf = '\0';
	each_driver(add_name, &n);
	return buf;
}

/* ---- what one container needs ---- */

static uint64_t of_namespaces(const struct spec *s)
{
	return (s->uts == SPEC_NS_PRIVATE ? bits_of("UTS_NS") : 0) |
	       (s->ipc == SPEC_NS_PRIVATE ? bits_of("IPC_NS") : 0) |
	       (s->pid == SPEC_NS_PRIVATE ? bits_of("PID_NS") : 0) |
	       (spec_userns(s) ? bits_of("USER_NS") : 0) | (s->timens ? bits_of("TIME_NS") : 0);
}

static uint64_t of_limits(const struct spec *s)
{
	uint64_t bits = 0;

	if (s->limits == SPEC_LIMITS_BEST_EFFORT)
		return 0;
	if (cgroup_wanted(s))
		bits |= bits_of("CGROUPS");
	if (cgroup_wanted(s) & CGROUP_NO_MEMORY)
		bits |= bits_of(s->memory_swap != SPEC_UNLIMITED ? "MEMCG SWAP" : "MEMCG");
	if (cgroup_wanted(s) & CGROUP_NO_CPUSET)
		bits |= bits_of("CPUSETS");
	if (cgroup_wanted(s) & CGROUP_NO_PIDS)
		bits |= bits_of("CGROUP_PIDS");
	return bits | (s->cpu != SPEC_UNLIMITED ? bits_of("CFS_BANDWIDTH") : 0) |
	       (s->cpu_weight ? bits_of("FAIR_GROUP_SCHED") : 0) |
	       (s->io_max.n ? bits_of("BLK_CGROUP") : 0) |
	       (s->io_weight ? bits_of("BLK_CGROUP_IOCOST") : 0);
}

/* An image that cannot be opened from here is somebody else's complaint. */
static uint64_t of_image(const char *path)
{
	struct image img = { .fd = -1, .tree = -1, .hold = -1 };
	AUTO_FD int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	ssize_t len;

	if (fd < 0 || fstat(fd, &img.st) < 0)
		return 0;
	len = S_ISREG(img.st.st_mode) ? fd_read(fd, img.head, sizeof(img.head)) : 0;
	img.head_len = len > 0 ? (size_t)len : 0;
	for (DRIVER_EACH(image, d))
		if ((*d)->match(&img))
			return bits_of((*d)->kernel);
	return 0;
}

static uint64_t of_kind(uint64_t kind)
{
	for (DRIVER_EACH(net, d))
		if ((*d)->kind == kind)
			return bits_of((*d)->kernel);
	return 0;
}

/* Of a name nobody describes the default network's needs are meant. */
static uint64_t of_network(const struct manifest *m, const char *name)
{
	const struct net_spec *net;
	const struct section *n;

	if (net_kind_of(name) != NET_N_KINDS)
		return of_kind(net_kind_of(name));
	n = IS_ENABLED(CONFIG_NETWORK) && m ? section_find(m->sections[SECTION_NETWORK], name)
					    : NULL;
	if (!n)
		return of_kind(NET_BRIDGE);
	net = container_of(n, const struct net_spec, section);
	return of_kind(net->kind) | (net->vlan ? bits_of("VLAN_8021Q") : 0);
}

static uint64_t of_networks(const struct spec *s, const struct manifest *m)
{
	uint64_t bits = s->network.n ? 0 : bits_of("NET_NS");

	for (unsigned int i = 0; i < s->network.n; i++)
		bits |= of_network(m, s->network.v[i]);
	/* Where the supervisor can do it too, what is missing is said and nothing fails. */
	return bits | (s->publish.n && !IS_ENABLED(CONFIG_NET_FORWARD) ? bits_of(FILTER) : 0);
}

static bool logs_to(const struct spec *s, const char *driver)
{
	for (unsigned int i = 0; IS_ENABLED(CONFIG_LOG_SENT) && i < s->log_also.n; i++)
		if (strcmp(s->log_also.v[i], driver) == 0)
			return true;
	return s->log && strcmp(s->log, driver) == 0;
}

uint64_t feature_of_system(const struct system_spec *s)
{
	return IS_ENABLED(CONFIG_WATCHDOG) && s->watchdog ? bits_of("WATCHDOG") : 0;
}

uint64_t feature_of_spec(const struct spec *s, const struct manifest *m)
{
	uint64_t bits = of_namespaces(s) | of_limits(s) | of_image(s->image) | of_networks(s, m);

	bits |= s->verity ? bits_of("BLK_DEV_DM") : 0;
	for (DRIVER_EACH(storage, d))
		if ((*d)->kind == s->storage)
			bits |= bits_of((*d)->kernel);
	for (DRIVER_EACH(log, d))
		bits |= logs_to(s, (*d)->name) ? bits_of((*d)->kernel) : 0;
	if (!s->privileged && !(s->seccomp && strcmp(s->seccomp, "unconfined") == 0))
		bits |= bits_of("SECCOMP_FILTER");
	return bits;
}

/* ---- trying ---- */

enum feature_state feature_probe(const struct feature *f)
{
	int status = 0;
	pid_t pid;

	if (!f->probe)
		return FEATURE_UNKNOWN;
	pid = fork();
	if (pid < 0)
		return FEATURE_UNKNOWN;
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(PROBE_SECONDS);
		_exit((int)f->probe(f));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return FEATURE_UNKNOWN;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > FEATURE_UNKNOWN)
		return FEATURE_UNKNOWN;
	return (enum feature_state)WEXITSTATUS(status);
}
