/* SPDX-License-Identifier: MIT */
/*
 * The fields of struct spec in one table, and what the table drives: writing a field from text, printing
 * it, defaults and checks. See spec.h. Nothing here knows whether a text came from a manifest or
 * from the command line.
 */
#include "core/spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cap.h"
#include "core/fields.h"
#include "core/idmap.h"
#include "core/ids.h"
#include "core/lib/config.h"
#include "core/lib/addr.h"
#include "core/lib/path.h"
#include "core/names.h"
#include "core/port.h"
#include "core/when.h"

#define CHECK(fn) (SPEC_FOREIGN ? (fn) : NULL)

#define FIELD(id_, name_, type_, member_, arg_, help_, ...)                                \
	{                                                                                  \
		.id = id_, .name = SPEC_TEXT(name_, arg_, help_), .type = type_,           \
		.offset = offsetof(struct spec, member_), SPEC_MEMBER(member_) __VA_ARGS__ \
	}

static const char *const spec_storages[] = { "overlay", "tmpfs", "read-only", "bind", NULL };
static const char *const spec_sharings[] = { "private", "host", NULL };
static const char *const spec_restarts[] = { "no", "always", "on-failure", "unless-stopped", NULL };
static const char *const spec_thens[] = { "give-up", "reboot",
					  IS_ENABLED(CONFIG_LADDER) ? "escalate" : NULL, NULL };
static const char *const spec_limit_words[] = { "strict", "best-effort", NULL };

static int spec_check_mount(const char *text, struct err *e)
{
	struct spec_mount m;

	return spec_mount(text, &m, e);
}

static int spec_check_tmpfs(const char *text, struct err *e)
{
	struct spec_mount m;

	return spec_tmpfs(text, &m, e);
}

static int spec_check_device(const char *text, struct err *e)
{
	struct spec_device d;

	return spec_device(text, &d, e);
}

static int spec_check_rlimit(const char *text, struct err *e)
{
	struct spec_rlimit r;

	return spec_rlimit(text, &r, e);
}

static int spec_check_signal(const char *text, struct err *e)
{
	int sig;

	return spec_signal(text, &sig, e);
}

static int spec_check_keyval(const char *text, struct err *e)
{
	const char *value;
	char key[128];

	return spec_keyval(text, key, sizeof(key), &value, e);
}

static int spec_check_absolute(const char *text, struct err *e)
{
	return text[0] == '/' ? 0 : err_set(e, EINVAL, "%s: is not an absolute path", text);
}

static int spec_check_name(const char *text, struct err *e)
{
	return path_is_name(text) ? 0 : err_set(e, EINVAL, "%s: not a name", text);
}

static int spec_check_ip(const char *text, struct err *e)
{
	struct addr a;

	return addr_parse(text, &a) == 0
		       ? 0
		       : err_set(e, EINVAL, "%.60s: not an IPv4 or IPv6 address", text);
}

static int spec_check_mac(const char *text, struct err *e)
{
	uint8_t mac[ADDR_MAC];
	const char *network;

	return spec_mac(text, mac, &network, e);
}

/* RFC 1123 with the kernel's length. */
static int spec_check_hostname(const char *text, struct err *e)
{
	if (!*text || strlen(text) > 64 || text[strspn(text, STR_HOST)] || text[0] == '-')
		return err_set(e, EINVAL, "%s: not a host name", text);
	return 0;
}

static int spec_check_userns(const char *text, struct err *e)
{
	struct idmap map;

	return !IS_ENABLED(CONFIG_USERNS) || spec_userns_kind(text) != SPEC_USERNS_MAP
		       ? 0
		       : idmap_parse(text, &map, e);
}

static int spec_check_publish(const char *text, struct err *e)
{
	struct port p;

	if (!IS_ENABLED(CONFIG_NET_PORTS))
		return err_set(e, ENOTSUP, "%s: ports are not in this build; see myctr features",
			       text);
	return port_parse(text, &p, e);
}

static int spec_check_id(const char *text, struct err *e)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64
		       ? 0
		       : err_set(e, EINVAL, "%.70s: not the 64 hex digits of a SHA-256", text);
}

/* 80, 80/tcp, 8000-8010/udp */
static int spec_check_port(const char *text, struct err *e)
{
	static const char *const protocols[] = { "", "/tcp", "/udp", "/sctp" };
	uint64_t first, last;
	char range[12] = "";
	size_t n = strcspn(text, "/"), dash;
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		known |= strcmp(text + n, protocols[i]) == 0;
	if (n < sizeof(range))
		memcpy(range, text, n);
	dash = strcspn(range, "-");
	if (range[dash])
		range[dash++] = '\0';
	if (!known || str_u64(range, 1, 65535, &first) < 0 ||
	    (dash < n && (str_u64(range + dash, 1, 65535, &last) < 0 || last < first)))
		return err_set(e, EINVAL, "%s: expected PORT[-PORT][/tcp|/udp|/sctp]", text);
	return 0;
}

/* Without the files that say it to a container these keys mean nothing. */
static int spec_no_names(const char *text, struct err *e)
{
	return err_set(e, ENOTSUP, "%s: names are not in this build; see myctr features", text);
}

static int spec_check_dns(const char *text, struct err *e)
{
	struct addr a;

	if (!IS_ENABLED(CONFIG_NAMES))
		return spec_no_names(text, e);
	return names_server(text, &a, e);
}

static int spec_check_domain(const char *text, struct err *e)
{
	if (!IS_ENABLED(CONFIG_NAMES))
		return spec_no_names(text, e);
	return names_domain(text, e);
}

static int spec_check_dns_option(const char *text, struct err *e)
{
	if (!IS_ENABLED(CONFIG_NAMES))
		return spec_no_names(text, e);
	return names_option(text, e);
}

static int spec_check_add_host(const char *text, struct err *e)
{
	char name[SPEC_HOST_NAME];
	struct addr a;

	if (!IS_ENABLED(CONFIG_NAMES))
		return spec_no_names(text, e);
	return names_add_host(text, name, &a, e);
}

static int spec_check_cpus(const char *text, struct err *e)
{
	return *text && !text[strspn(text, "0123456789,-")]
		       ? 0
		       : err_set(e, EINVAL, "%s: not a list like 0-2,4", text);
}

#if IS_ENABLED(CONFIG_WHEN)
static int spec_check_when(const char *text, struct err *e)
{
	enum when_kind kind;
	const char *arg;

	return when_parse(text, &kind, &arg, e);
}
#endif

#if IS_ENABLED(CONFIG_HEALTH)
#define SPEC_AFTER_HELP "starts after these; NAME healthy: once NAME is"
#else
#define SPEC_AFTER_HELP "starts after these"
#endif

const struct spec_field spec_fields[] = {
	FIELD(1, "image", SPEC_STR, image, "IMAGE",
	      "squashfs or tar file, folder, or name in the store"),
	FIELD(2, "command", SPEC_WORDS, command, "WORDS", "what runs in it"),
	FIELD(11, "image-id", SPEC_STR, image_id, "SHA256", "run the image only with this content",
	      .check = CHECK(spec_check_id)),
	FIELD(16, "verity", SPEC_STR, verity, "ROOTHASH",
	      "run the squashfs only as dm-verity lets it", .check = CHECK(spec_check_id)),
	FIELD(12, "entrypoint", SPEC_WORDS, entrypoint, "WORDS", "what goes before the command"),
	FIELD(3, "env", SPEC_LIST, env, "KEY=VALUE", "environment variable",
	      .check = CHECK(spec_check_keyval)),
	FIELD(4, "workdir", SPEC_STR, workdir, "DIR", "folder it starts in",
	      .check = CHECK(spec_check_absolute)),
	FIELD(5, "user", SPEC_STR, user, "USER[:GROUP]", "name or number in the image",
	      .check = CHECK(ids_check)),
	FIELD(6, "group", SPEC_NAMES, groups, "GROUP", "further groups",
	      .check = CHECK(ids_check_group)),
	FIELD(7, "hostname", SPEC_STR, hostname, "NAME", "default: its name",
	      .check = CHECK(spec_check_hostname)),
	FIELD(8, "task", SPEC_BOOL, task, "", "runs once; those after it wait for its end"),
	FIELD(9, "tty", SPEC_BOOL, tty, "", "has a terminal"),
	FIELD(10, "autostart", SPEC_BOOL, autostart, "", "starts with the device (default yes)"),

	FIELD(13, "label", SPEC_LIST, label, "KEY=VALUE", "for people and tools",
	      .check = CHECK(spec_check_keyval)),
	FIELD(14, "expose", SPEC_NAMES, expose, "PORT[/PROTO]", "it listens there (only said)",
	      .check = CHECK(spec_check_port)),
	FIELD(15, "data-path", SPEC_LIST, data_path, "DIR", "it keeps data there (only said)",
	      .check = CHECK(spec_check_absolute)),

	FIELD(20, "storage", SPEC_ENUM, storage, "", "where what it writes goes",
	      .words = spec_storages),
	FIELD(21, "storage-size", SPEC_SIZE, storage_size, "SIZE", "of a tmpfs storage"),
	FIELD(22, "mount", SPEC_LIST, mount, "SRC:DST[:OPTS]", "bind a path of the host",
	      .check = CHECK(spec_check_mount)),
	FIELD(23, "tmpfs", SPEC_LIST, tmpfs, "DST[:SIZE][:OPTS]", "a folder in memory",
	      .check = CHECK(spec_check_tmpfs)),
	FIELD(24, "device", SPEC_LIST, device, "DEV[:PATH][:rwm]", "a device it may use",
	      .check = CHECK(spec_check_device)),
	FIELD(25, "mask-path", SPEC_LIST, masked, "PATH", "hide a path",
	      .check = CHECK(spec_check_absolute)),
	FIELD(26, "read-only-path", SPEC_LIST, readonly, "PATH", "make a path read-only",
	      .check = CHECK(spec_check_absolute)),
	FIELD(27, "shm-size", SPEC_SIZE, shm_size, "SIZE", "of /dev/shm (default 8M)"),

	FIELD(40, "pid", SPEC_ENUM, pid, "", "PID namespace", .words = spec_sharings),
	FIELD(41, "uts", SPEC_ENUM, uts, "", "UTS namespace", .words = spec_sharings),
	FIELD(42, "ipc", SPEC_ENUM, ipc, "", "IPC namespace", .words = spec_sharings),
	FIELD(43, "cgroupns", SPEC_ENUM, cgroupns, "", "cgroup namespace", .words = spec_sharings),
	FIELD(44, "network", SPEC_NAMES, network, "NETWORK",
	      "none, host or a network (default none)", .check = CHECK(spec_check_name)),
	FIELD(47, "ip", SPEC_NAMES, ip, "ADDRESS", "its IPv4 or IPv6 address in one of them",
	      .check = CHECK(spec_check_ip)),
	FIELD(48, "mac", SPEC_NAMES, mac, "MAC[@NETWORK]", "its hardware address in one of them",
	      .check = CHECK(spec_check_mac)),
	FIELD(49, "network-alias", SPEC_NAMES, aliases, "NAME",
	      "further name for others on its networks", .check = CHECK(spec_check_name)),
	FIELD(45, "userns", SPEC_STR, userns, "yes|auto|keep-id|MAP",
	      "a user namespace of its own (no, host)", .check = CHECK(spec_check_userns)),
	FIELD(46, "timens", SPEC_BOOL, timens, "", "a time namespace of its own"),

	FIELD(50, "publish", SPEC_LIST, publish, "PORT:PORT[/udp]",
	      "[ADDRESS:]PORT:PORT[/udp][@IF] of the device to it",
	      .check = CHECK(spec_check_publish)),

	FIELD(55, "dns", SPEC_NAMES, dns, "ADDRESS", "name server asked (default: the device's)",
	      .check = CHECK(spec_check_dns)),
	FIELD(56, "dns-search", SPEC_NAMES, dns_search, "DOMAIN", "tried behind a name; . is none",
	      .check = CHECK(spec_check_domain)),
	FIELD(57, "dns-option", SPEC_NAMES, dns_option, "OPTION", "of its resolv.conf",
	      .check = CHECK(spec_check_dns_option)),
	FIELD(58, "add-host", SPEC_LIST, add_host, "NAME:ADDRESS", "line of its /etc/hosts",
	      .check = CHECK(spec_check_add_host)),

	FIELD(60, "memory", SPEC_SIZE, memory, "SIZE", "most memory"),
	FIELD(61, "memory-high", SPEC_SIZE, memory_high, "SIZE",
	      "memory from which on it is slowed down"),
	FIELD(62, "memory-low", SPEC_SIZE, memory_low, "SIZE",
	      "memory that is not taken away if possible"),
	FIELD(63, "memory-min", SPEC_SIZE, memory_min, "SIZE", "memory that is never taken away"),
	FIELD(64, "memory-swap", SPEC_SIZE, memory_swap, "SIZE", "most swap"),
	FIELD(65, "oom-group", SPEC_BOOL, oom_group, "", "out of memory ends all of it"),
	FIELD(66, "cpu", SPEC_CPU, cpu, "50%|0.5", "most processor time; 100% is one processor"),
	FIELD(67, "cpu-weight", SPEC_NUM, cpu_weight, "1-10000",
	      "share of the processor (kernel default 100)", .min = 1, .max = 10000),
	FIELD(68, "cpuset", SPEC_STR, cpuset, "0-2,4", "processors it may use",
	      .check = CHECK(spec_check_cpus)),
	FIELD(69, "cpuset-mems", SPEC_STR, cpuset_mems, "0-1", "memory nodes it may use",
	      .check = CHECK(spec_check_cpus)),
	FIELD(70, "pids", SPEC_NUM, pids, "N", "most processes and threads", .min = 1,
	      .max = SPEC_ANY),
	FIELD(71, "io-weight", SPEC_NUM, io_weight, "1-10000", "share of the disk", .min = 1,
	      .max = 10000),
	FIELD(72, "io-max", SPEC_LIST, io_max, "DEV KEY=N...",
	      "rbps= wbps= riops= wiops= of a device"),
	FIELD(73, "limits", SPEC_ENUM, limits, "", "a limit the kernel cannot keep: error, or said",
	      .words = spec_limit_words),
	FIELD(74, "oom-score-adj", SPEC_INT, oom_score_adj, "N",
	      "-1000..1000, higher is ended first", .min = -1000, .max = 1000),
	FIELD(75, "rlimit", SPEC_LIST, rlimit, "NAME=SOFT[:HARD]", "nofile=1024, core=0, ...",
	      .check = CHECK(spec_check_rlimit)),
	FIELD(76, "sysctl", SPEC_LIST, sysctl, "KEY=VALUE", "kernel parameter of its namespaces",
	      .check = CHECK(spec_check_keyval)),

	FIELD(90, "cap-add", SPEC_NAMES, cap_add, "CAP", "further capability, or ALL",
	      .check = CHECK(cap_check)),
	FIELD(91, "cap-drop", SPEC_NAMES, cap_drop, "CAP", "capability it has not, or ALL",
	      .check = CHECK(cap_check)),
	FIELD(92, "cap-ambient", SPEC_NAMES, cap_ambient, "CAP",
	      "capability a user other than root has too", .check = CHECK(cap_check)),
	FIELD(93, "no-new-privs", SPEC_BOOL, no_new_privs, "", "no setuid (default yes)"),
	FIELD(94, "privileged", SPEC_BOOL, privileged, "", "no protection of the host at all"),
	FIELD(95, "seccomp", SPEC_STR, seccomp, "PROFILE", "default, unconfined or a file"),

	FIELD(110, "restart", SPEC_ENUM, restart, "", "when it has ended (default no)",
	      .words = spec_restarts),
	FIELD(111, "restart-delay", SPEC_TIME, restart_delay, "TIME",
	      "before the first restart, then doubled (100ms)"),
	FIELD(112, "restart-delay-max", SPEC_TIME, restart_delay_max, "TIME",
	      "longest delay (60s)"),
	FIELD(113, "restart-reset", SPEC_TIME, restart_reset, "TIME",
	      "up this long, the delay starts anew (60s)"),
	FIELD(114, "restart-limit", SPEC_NUM, restart_limit, "N",
	      "restarts in a row; 0 is no limit", .max = 1000000),
	FIELD(115, "restart-then", SPEC_ENUM, restart_then, "", "past that limit",
	      .words = spec_thens),
	FIELD(116, "after", SPEC_NAMES, after, "NAME", SPEC_AFTER_HELP,
	      .check = CHECK(spec_check_name)),
	FIELD(117, "requires", SPEC_NAMES, requires, "NAME", "and not without these",
	      .check = CHECK(spec_check_name)),
#if IS_ENABLED(CONFIG_WHEN)
	FIELD(121, "when", SPEC_LIST, when, "CONDITION",
	      "time-good, entropy, device|file PATH, link|network NAME",
	      .check = CHECK(spec_check_when)),
#endif
	FIELD(118, "critical", SPEC_BOOL, critical, "", "the device is not well without it"),
#if IS_ENABLED(CONFIG_WATCHDOG)
	FIELD(126, "critical-timeout", SPEC_TIME, critical_timeout, "TIME",
	      "not well for longer, the watchdog is not fed (60s)"),
#endif
	FIELD(119, "stop-signal", SPEC_STR, stop_signal, "SIGNAL", "asks it to end (TERM)",
	      .check = CHECK(spec_check_signal)),
	FIELD(120, "stop-timeout", SPEC_TIME, stop_timeout, "TIME", "then it is killed (10s)"),
#if IS_ENABLED(CONFIG_UPDATE)
	FIELD(140, "trial", SPEC_TIME, trial, "TIME",
	      "an update is kept after running this long (60s)"),
	FIELD(141, "update-group", SPEC_STR, update_group, "NAME",
	      "updates of these are tried together", .check = CHECK(spec_check_name)),
	FIELD(142, "version", SPEC_NUM, version, "N", "of an image; update refuses lower ones",
	      .max = 4294967294U),
#endif
#if IS_ENABLED(CONFIG_HEALTH)
	FIELD(125, "health", SPEC_WORDS, health, "PROBE",
	      "exec COMMAND, tcp PORT, http PORT PATH, file PATH, notify, none"),
#endif

	FIELD(130, "log", SPEC_STR, log, "DRIVER", "ring (in memory), file or none"),
	FIELD(131, "log-size", SPEC_SIZE, log_size, "SIZE", "of the ring or of one file (64K)"),
	FIELD(132, "log-files", SPEC_NUM, log_files, "N", "rotated files kept (2)", .max = 100),
#if IS_ENABLED(CONFIG_LOG_DEV)
	FIELD(137, "dev-log", SPEC_BOOL, dev_log, "", "what is sent to /dev/log goes there too"),
#endif
#if IS_ENABLED(CONFIG_LOG_BUDGET)
	FIELD(135, "log-budget", SPEC_SIZE, log_budget, "SIZE",
	      "most written to flash in a day, then memory"),
#endif
#if IS_ENABLED(CONFIG_LOG_CRASH)
	FIELD(136, "crash-log", SPEC_SIZE, crash_log, "SIZE",
	      "output kept on flash when it has failed (4K)"),
#endif
#if IS_ENABLED(CONFIG_LOG_SENT)
	FIELD(133, "log-also", SPEC_NAMES, log_also, "DRIVER", "and there: syslog or kmsg"),
	FIELD(134, "log-server", SPEC_STR, log_server, "SERVER",
	      "syslog's, udp:ADDRESS[:PORT] or tcp:ADDRESS[:PORT]"),
#endif
};

const unsigned int spec_n_fields = ARRAY_SIZE(spec_fields);

_Static_assert(ARRAY_SIZE(spec_fields) <= 128, "struct spec.set has a bit for each field");

const struct spec_field *spec_field(const char *name)
{
	for (unsigned int i = 0; i < spec_n_fields; i++)
		if (strcmp(spec_fields[i].name, name) == 0)
			return &spec_fields[i];
	return NULL;
}

/* ---- defaults ------------------------------------------------------------------------------------ */

struct spec *spec_new(void)
{
	struct spec *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->arena.limit = 1U << 20;
	s->autostart = s->no_new_privs = true;
	s->memory = s->memory_high = s->memory_swap = s->cpu = s->pids = SPEC_UNLIMITED;
	s->memory_low = s->memory_min = SPEC_UNLIMITED;
	s->shm_size = 8U << 20;
	s->restart_delay = 100;
	s->restart_delay_max = 60000;
	s->restart_reset = 60000;
	s->stop_timeout = 10000;
	if (IS_ENABLED(CONFIG_WATCHDOG))
		s->critical_timeout = 60000;
	s->stop_signal = "TERM";
	s->seccomp = "default";
	s->log = IS_ENABLED(CONFIG_LOG_RING) ? "ring" : "none";
	s->log_size = 64U << 10;
	s->log_files = 2;
	s->crash_log = IS_ENABLED(CONFIG_LOG_CRASH) ? 4096 : 0;
	return s;
}

void spec_free(struct spec *s)
{
	if (!s)
		return;
	arena_free(&s->arena);
	free(s);
}

static unsigned int spec_index(const struct spec_field *f)
{
	return (unsigned int)(f - spec_fields);
}

static void spec_note(struct spec *s, const struct spec_field *f)
{
	unsigned int i = spec_index(f);

	s->set[i / 64] |= UINT64_C(1) << (i % 64);
}

int spec_set(struct spec *s, const struct spec_field *f, const char *text, struct err *e)
{
	int r = spec_set_field(s, &s->arena, f, text, e);

	if (r >= 0)
		spec_note(s, f);
	return r;
}

bool spec_is_set(const struct spec *s, const struct spec_field *f)
{
	unsigned int i = spec_index(f);

	return s->set[i / 64] >> (i % 64) & 1;
}

int spec_mark(struct spec *s, const char *name)
{
	const struct spec_field *f = spec_field(name);

	if (!f)
		return -EINVAL;
	spec_note(s, f);
	return 0;
}

void spec_unmark(struct spec *s, const char *name)
{
	const struct spec_field *f = spec_field(name);

	if (f)
		s->set[spec_index(f) / 64] &= ~(UINT64_C(1) << (spec_index(f) % 64));
}

bool spec_get(const struct spec *s, const struct spec_field *f, unsigned int i, char *buf,
	      size_t size)
{
	return spec_get_field(s, f, i, buf, size);
}

/* ---- inheritance --------------------------------------------------------------------------------- */

static int spec_copy_list(struct spec *s, struct strv *to, const struct strv *from)
{
	*to = (struct strv){ 0 };
	for (unsigned int i = 0; i < from->n; i++)
		if (strv_add(&s->arena, to, from->v[i]) < 0)
			return -ENOMEM;
	return 0;
}

static int spec_copy(struct spec *s, const struct spec *from, const struct spec_field *f)
{
	void *to = spec_member(s, f);
	const void *src = spec_member(from, f);

	switch (f->type) {
	case SPEC_STR:
		*(const char **)to = arena_str(
			&s->arena, *(const char *const *)src ? *(const char *const *)src : "");
		return *(const char **)to ? 0 : -ENOMEM;
	case SPEC_WORDS:
	case SPEC_LIST:
	case SPEC_NAMES:
		return spec_copy_list(s, to, src);
	case SPEC_BOOL:
		*(bool *)to = *(const bool *)src;
		return 0;
	default:
		memcpy(to, src, sizeof(uint64_t));
		return 0;
	}
}

static bool spec_has_key(const struct strv *env, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;

	for (unsigned int i = 0; i < env->n; i++)
		if (strncmp(env->v[i], entry, n) == 0)
			return true;
	return false;
}

/* Variables one by one: an image's PATH stays when somebody adds a variable of his own. */
static int spec_inherit_keys(struct spec *s, struct strv *to, const struct strv *from)
{
	for (unsigned int i = 0; i < from->n; i++)
		if (!spec_has_key(to, from->v[i]) && strv_add(&s->arena, to, from->v[i]) < 0)
			return -ENOMEM;
	return 0;
}

int spec_inherit(struct spec *s, const struct spec *base, struct err *e)
{
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];

		void *to = spec_member(s, f);
		bool keys = to == &s->env || to == &s->label;

		if (!spec_is_set(base, f) || (spec_is_set(s, f) && !keys))
			continue;
		if ((keys ? spec_inherit_keys(s, to, spec_member(base, f))
			  : spec_copy(s, base, f)) < 0)
			return err_set(e, ENOMEM, "%s: too much text", f->name);
		spec_note(s, f);
	}
	return 0;
}
