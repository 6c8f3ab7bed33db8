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
#include "core/ids.h"
#include "core/lib/config.h"
#include "core/lib/path.h"

/* A build without help texts does not carry them. */
#define HELP(text) (IS_ENABLED(CONFIG_HELP) ? (text) : NULL)

#define FIELD(id_, name_, type_, member_, arg_, help_, ...)                                          \
	{                                                                                            \
		.id = id_, .name = name_, .type = type_, .offset = offsetof(struct spec, member_),   \
		.arg = HELP(arg_), .help = HELP(help_), __VA_ARGS__                                  \
	}

static const char *const spec_storages[] = { "overlay", "tmpfs", "read-only", "bind", NULL };
static const char *const spec_sharings[] = { "private", "host", NULL };
static const char *const spec_restarts[] = { "no", "always", "on-failure", "unless-stopped", NULL };
static const char *const spec_thens[] = { "give-up", "reboot", NULL };
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

/* RFC 1123 with the kernel's length. */
static int spec_check_hostname(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	if (!*text || strlen(text) > 64 || text[strspn(text, allowed)] || text[0] == '-')
		return err_set(e, EINVAL, "%s: not a host name", text);
	return 0;
}

static int spec_check_cpus(const char *text, struct err *e)
{
	return *text && !text[strspn(text, "0123456789,-")] ? 0 : err_set(e, EINVAL, "%s: not a list like 0-2,4", text);
}

const struct spec_field spec_fields[] = {
	FIELD(1, "image", SPEC_STR, image, "IMAGE", "squashfs or tar file, folder, or name in the store"),
	FIELD(2, "command", SPEC_WORDS, command, "WORDS", "what runs in it"),
	FIELD(3, "env", SPEC_LIST, env, "KEY=VALUE", "environment variable", .check = spec_check_keyval),
	FIELD(4, "workdir", SPEC_STR, workdir, "DIR", "folder it starts in", .check = spec_check_absolute),
	FIELD(5, "user", SPEC_STR, user, "USER[:GROUP]", "name or number in the image", .check = ids_check),
	FIELD(6, "group", SPEC_NAMES, groups, "GROUP", "further groups", .check = ids_check_group),
	FIELD(7, "hostname", SPEC_STR, hostname, "NAME", "default: its name", .check = spec_check_hostname),
	FIELD(8, "task", SPEC_BOOL, task, NULL, "runs once; those after it wait for its end"),
	FIELD(9, "tty", SPEC_BOOL, tty, NULL, "has a terminal"),
	FIELD(10, "autostart", SPEC_BOOL, autostart, NULL, "starts with the device (default yes)"),

	FIELD(20, "storage", SPEC_ENUM, storage, NULL, "where what it writes goes", .words = spec_storages),
	FIELD(21, "storage-size", SPEC_SIZE, storage_size, "SIZE", "of a tmpfs storage"),
	FIELD(22, "mount", SPEC_LIST, mount, "SRC:DST[:OPTS]", "bind a path of the host", .check = spec_check_mount),
	FIELD(23, "tmpfs", SPEC_LIST, tmpfs, "DST[:SIZE][:OPTS]", "a folder in memory", .check = spec_check_tmpfs),
	FIELD(24, "device", SPEC_LIST, device, "DEV[:PATH][:rwm]", "a device it may use", .check = spec_check_device),
	FIELD(25, "mask-path", SPEC_LIST, masked, "PATH", "hide a path", .check = spec_check_absolute),
	FIELD(26, "read-only-path", SPEC_LIST, readonly, "PATH", "make a path read-only", .check = spec_check_absolute),
	FIELD(27, "shm-size", SPEC_SIZE, shm_size, "SIZE", "of /dev/shm (default 8M)"),

	FIELD(40, "pid", SPEC_ENUM, pid, NULL, "PID namespace", .words = spec_sharings),
	FIELD(41, "uts", SPEC_ENUM, uts, NULL, "UTS namespace", .words = spec_sharings),
	FIELD(42, "ipc", SPEC_ENUM, ipc, NULL, "IPC namespace", .words = spec_sharings),
	FIELD(43, "cgroupns", SPEC_ENUM, cgroupns, NULL, "cgroup namespace", .words = spec_sharings),
	FIELD(44, "network", SPEC_NAMES, network, "NETWORK", "none, host or a network (default none)", .check = spec_check_name),
	FIELD(45, "userns", SPEC_BOOL, userns, NULL, "a user namespace of its own"),
	FIELD(46, "timens", SPEC_BOOL, timens, NULL, "a time namespace of its own"),

	FIELD(60, "memory", SPEC_SIZE, memory, "SIZE", "most memory"),
	FIELD(61, "memory-high", SPEC_SIZE, memory_high, "SIZE", "memory from which on it is slowed down"),
	FIELD(62, "memory-low", SPEC_SIZE, memory_low, "SIZE", "memory that is not taken away if possible"),
	FIELD(63, "memory-min", SPEC_SIZE, memory_min, "SIZE", "memory that is never taken away"),
	FIELD(64, "memory-swap", SPEC_SIZE, memory_swap, "SIZE", "most swap"),
	FIELD(65, "oom-group", SPEC_BOOL, oom_group, NULL, "out of memory ends all of it"),
	FIELD(66, "cpu", SPEC_CPU, cpu, "50%|0.5", "most processor time; 100% is one processor"),
	FIELD(67, "cpu-weight", SPEC_NUM, cpu_weight, "1-10000", "share of the processor (kernel default 100)", .min = 1, .max = 10000),
	FIELD(68, "cpuset", SPEC_STR, cpuset, "0-2,4", "processors it may use", .check = spec_check_cpus),
	FIELD(69, "cpuset-mems", SPEC_STR, cpuset_mems, "0-1", "memory nodes it may use", .check = spec_check_cpus),
	FIELD(70, "pids", SPEC_NUM, pids, "N", "most processes and threads", .min = 1, .max = SPEC_UNLIMITED),
	FIELD(71, "io-weight", SPEC_NUM, io_weight, "1-10000", "share of the disk", .min = 1, .max = 10000),
	FIELD(72, "io-max", SPEC_LIST, io_max, "DEV KEY=N...", "rbps= wbps= riops= wiops= of a device"),
	FIELD(73, "limits", SPEC_ENUM, limits, NULL, "a limit the kernel cannot keep: error, or said", .words = spec_limit_words),
	FIELD(74, "oom-score-adj", SPEC_INT, oom_score_adj, "N", "-1000..1000, higher is ended first", .min = -1000, .max = 1000),
	FIELD(75, "rlimit", SPEC_LIST, rlimit, "NAME=SOFT[:HARD]", "nofile=1024, core=0, ...", .check = spec_check_rlimit),
	FIELD(76, "sysctl", SPEC_LIST, sysctl, "KEY=VALUE", "kernel parameter of its namespaces", .check = spec_check_keyval),

	FIELD(90, "cap-add", SPEC_NAMES, cap_add, "CAP", "further capability, or ALL", .check = cap_check),
	FIELD(91, "cap-drop", SPEC_NAMES, cap_drop, "CAP", "capability it has not, or ALL", .check = cap_check),
	FIELD(92, "cap-ambient", SPEC_NAMES, cap_ambient, "CAP", "capability a user other than root has too", .check = cap_check),
	FIELD(93, "no-new-privs", SPEC_BOOL, no_new_privs, NULL, "no setuid (default yes)"),
	FIELD(94, "privileged", SPEC_BOOL, privileged, NULL, "no protection of the host at all"),
	FIELD(95, "seccomp", SPEC_STR, seccomp, "PROFILE", "default, unconfined or a file"),

	FIELD(110, "restart", SPEC_ENUM, restart, NULL, "when it has ended (default no)", .words = spec_restarts),
	FIELD(111, "restart-delay", SPEC_TIME, restart_delay, "TIME", "before the first restart, then doubled (100ms)"),
	FIELD(112, "restart-delay-max", SPEC_TIME, restart_delay_max, "TIME", "longest delay (60s)"),
	FIELD(113, "restart-reset", SPEC_TIME, restart_reset, "TIME", "up this long, the delay starts anew (60s)"),
	FIELD(114, "restart-limit", SPEC_NUM, restart_limit, "N", "restarts in a row; 0 is no limit", .max = 1000000),
	FIELD(115, "restart-then", SPEC_ENUM, restart_then, NULL, "past that limit", .words = spec_thens),
	FIELD(116, "after", SPEC_NAMES, after, "NAME", "starts after these", .check = spec_check_name),
	FIELD(117, "requires", SPEC_NAMES, requires, "NAME", "and not without these", .check = spec_check_name),
	FIELD(118, "critical", SPEC_BOOL, critical, NULL, "the device is not well without it"),
	FIELD(119, "stop-signal", SPEC_STR, stop_signal, "SIGNAL", "asks it to end (TERM)", .check = spec_check_signal),
	FIELD(120, "stop-timeout", SPEC_TIME, stop_timeout, "TIME", "then it is killed (10s)"),

	FIELD(130, "log", SPEC_STR, log, "DRIVER", "ring (in memory), file or none"),
	FIELD(131, "log-size", SPEC_SIZE, log_size, "SIZE", "of the ring or of one file (64K)"),
	FIELD(132, "log-files", SPEC_NUM, log_files, "N", "rotated files kept (2)", .max = 100),
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
	s->stop_signal = "TERM";
	s->seccomp = "default";
	s->log = "ring";
	s->log_size = 64U << 10;
	s->log_files = 2;
	return s;
}

void spec_free(struct spec *s)
{
	if (!s)
		return;
	arena_free(&s->arena);
	free(s);
}

/* ---- text to field ------------------------------------------------------------------------------- */

static void *spec_member(const void *base, const struct spec_field *f)
{
	return (char *)(uintptr_t)base + f->offset;
}

static int spec_bad(const struct spec_field *f, const char *text, const char *wanted, struct err *e)
{
	return err_set(e, EINVAL, "%s = %s: expected %s", f->name, text, wanted);
}

/* Plain words for the message: a table of fields can say them all. */
static int spec_set_enum(const struct spec_field *f, const char *text, uint64_t *out, struct err *e)
{
	char all[96] = "";
	size_t used = 0;

	for (unsigned int i = 0; f->words[i]; i++) {
		if (strcmp(f->words[i], text) == 0) {
			*out = i;
			return 0;
		}
		used += str_format(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", f->words[i]);
	}
	return err_set(e, EINVAL, "%s = %s: expected one of %s", f->name, text, all);
}

/* "50%", "1.5", "2": thousandths of one processor. */
static int spec_set_cpu(const char *text, uint64_t *out)
{
	uint64_t whole, part = 0, scale = 1000;
	char number[16];
	size_t n = strcspn(text, ".%");

	if (strcmp(text, "max") == 0) {
		*out = SPEC_UNLIMITED;
		return 0;
	}
	if (n == 0 || n >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, n);
	number[n] = '\0';
	if (str_u64(number, 0, 100000, &whole) < 0)
		return -EINVAL;
	text += n;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++) {
			scale /= 10;
			part += (uint64_t)(*text - '0') * scale;
		}
	}
	*out = *text == '%' ? whole * 10 + part / 100 : whole * 1000 + part;
	if (*text == '%')
		text++;
	return *text || *out == 0 ? -EINVAL : 0;
}

static int spec_set_number(const struct spec_field *f, const char *text, uint64_t *out, struct err *e)
{
	uint64_t max = f->max == SPEC_UNLIMITED ? SPEC_UNLIMITED - 1 : f->max;

	if (f->max == SPEC_UNLIMITED && strcmp(text, "max") == 0) {
		*out = SPEC_UNLIMITED;
		return 0;
	}
	if (str_u64(text, (uint64_t)f->min, max, out) == 0)
		return 0;
	if (f->max == SPEC_UNLIMITED)
		return err_set(e, EINVAL, "%s = %s: expected a number from %lld on, or max", f->name, text,
			       (long long)f->min);
	return err_set(e, EINVAL, "%s = %s: expected a number within %lld..%llu", f->name, text, (long long)f->min,
		       (unsigned long long)f->max);
}

static int spec_check_entry(const struct spec_field *f, const char *text, struct err *e)
{
	int r = f->check ? f->check(text, e) : 0;

	if (r < 0)
		err_wrap(e, f->name);
	return r;
}

static int spec_add(struct arena *a, const struct spec_field *f, struct strv *l, const char *text, struct err *e)
{
	int r = spec_check_entry(f, text, e);

	if (r < 0)
		return r;
	return strv_add(a, l, text) < 0 ? err_set(e, ENOMEM, "%s: too much text", f->name) : 0;
}

/* Blank or comma separated; an empty text clears the list. */
static int spec_add_names(struct arena *a, const struct spec_field *f, struct strv *l, const char *text, struct err *e)
{
	char name[128];

	if (!*text)
		*l = (struct strv){ 0 };
	while (*(text += strspn(text, " \t,"))) {
		size_t n = strcspn(text, " \t,");
		int r;

		if (n >= sizeof(name))
			return err_set(e, EINVAL, "%s: %.40s...: too long", f->name, text);
		memcpy(name, text, n);
		name[n] = '\0';
		text += n;
		r = spec_add(a, f, l, name, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One word of a shell-quoted line to word; returns what follows, or NULL when a quote is not closed. */
static const char *spec_word(const char *p, char *word)
{
	char quote = 0;

	for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"')
			quote = quote ? 0 : *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			*word++ = *++p;
		else
			*word++ = *p;
	}
	*word = '\0';
	return quote ? NULL : p;
}

static int spec_set_words(struct arena *a, const struct spec_field *f, struct strv *l, const char *text, struct err *e)
{
	char *word = malloc(strlen(text) + 1);
	int r = word ? 0 : err_set(e, ENOMEM, "%s: out of memory", f->name);

	*l = (struct strv){ 0 };
	while (r == 0 && *(text += strspn(text, " \t"))) {
		text = spec_word(text, word);
		r = text ? spec_add(a, f, l, word, e) : err_set(e, EINVAL, "%s: a quote is not closed", f->name);
	}
	free(word);
	return r;
}

static int spec_set_str(struct arena *a, const struct spec_field *f, const char **out, const char *text, struct err *e)
{
	int r = spec_check_entry(f, text, e);

	if (r < 0)
		return r;
	*out = arena_str(a, text);
	return *out ? 0 : err_set(e, ENOMEM, "%s: too much text", f->name);
}

int spec_set_field(void *base, struct arena *a, const struct spec_field *f, const char *text, struct err *e)
{
	void *m = spec_member(base, f);

	switch (f->type) {
	case SPEC_STR:
		return spec_set_str(a, f, m, text, e);
	case SPEC_WORDS:
		return spec_set_words(a, f, m, text, e);
	case SPEC_LIST:
		if (!*text)
			*(struct strv *)m = (struct strv){ 0 };
		return *text ? spec_add(a, f, m, text, e) : 0;
	case SPEC_NAMES:
		return spec_add_names(a, f, m, text, e);
	case SPEC_BOOL:
		return str_bool(text, m) < 0 ? spec_bad(f, text, "yes or no", e) : 0;
	case SPEC_NUM:
		return spec_set_number(f, text, m, e);
	case SPEC_INT:
		return str_i64(text, f->min, (int64_t)f->max, m) < 0 ?
			       err_set(e, EINVAL, "%s = %s: expected a number within %lld..%lld", f->name, text,
				       (long long)f->min, (long long)f->max) :
			       0;
	case SPEC_SIZE:
		return str_size(text, m) < 0 ? spec_bad(f, text, "a size like 512K, 32M, 1G or max", e) : 0;
	case SPEC_TIME:
		return str_time(text, m) < 0 ? spec_bad(f, text, "a time like 500ms, 10s, 5m", e) : 0;
	case SPEC_CPU:
		return spec_set_cpu(text, m) < 0 ? spec_bad(f, text, "processors like 50%, 1.5 or max", e) : 0;
	case SPEC_ENUM:
		return spec_set_enum(f, text, m, e);
	}
	return err_set(e, EINVAL, "%s: a field of unknown type", f->name);
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

/* ---- field to text ------------------------------------------------------------------------------- */

static bool spec_needs_quotes(const char *word)
{
	return !*word || word[strcspn(word, " \t'\"\\#")];
}

/* The words of a command, quoted so that spec_set_words() reads them back. */
static void spec_get_words(const struct strv *l, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < l->n; i++) {
		bool quotes = spec_needs_quotes(l->v[i]);

		used += str_format(buf + used, size - used, "%s%s", i ? " " : "", quotes ? "\"" : "");
		for (const char *p = l->v[i]; *p; p++)
			used += str_format(buf + used, size - used, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
		if (quotes)
			used += str_format(buf + used, size - used, "\"");
	}
}

static bool spec_get_u64(uint64_t v, const struct spec_field *f, char *buf, size_t size)
{
	if (v == SPEC_UNLIMITED)
		str_copy(buf, size, "max");
	else if (f->type == SPEC_SIZE)
		str_of_size(v, buf, size);
	else if (f->type == SPEC_TIME)
		str_format(buf, size, v % 1000 ? "%llums" : "%llus", (unsigned long long)(v % 1000 ? v : v / 1000));
	else if (f->type == SPEC_CPU)
		str_format(buf, size, v % 10 ? "%llu.%03llu" : "%llu%%",
			   (unsigned long long)(v % 10 ? v / 1000 : v / 10), (unsigned long long)(v % 1000));
	else
		str_format(buf, size, "%llu", (unsigned long long)v);
	return true;
}

bool spec_get_field(const void *base, const struct spec_field *f, unsigned int i, char *buf, size_t size)
{
	const void *m = spec_member(base, f);
	const struct strv *l = m;

	if (f->type == SPEC_LIST || f->type == SPEC_NAMES) {
		if (i < l->n)
			str_copy(buf, size, l->v[i]);
		return i < l->n;
	}
	if (i > 0)
		return false;
	switch (f->type) {
	case SPEC_STR:
		str_copy(buf, size, *(const char *const *)m ? *(const char *const *)m : "");
		return *(const char *const *)m != NULL;
	case SPEC_WORDS:
		spec_get_words(l, buf, size);
		return l->n > 0;
	case SPEC_BOOL:
		return str_copy(buf, size, *(const bool *)m ? "yes" : "no");
	case SPEC_ENUM:
		return str_copy(buf, size, f->words[*(const uint64_t *)m]);
	case SPEC_INT:
		str_format(buf, size, "%lld", (long long)*(const int64_t *)m);
		return true;
	default:
		return spec_get_u64(*(const uint64_t *)m, f, buf, size);
	}
}

bool spec_get(const struct spec *s, const struct spec_field *f, unsigned int i, char *buf, size_t size)
{
	return spec_get_field(s, f, i, buf, size);
}

/* ---- inheritance and the last look --------------------------------------------------------------- */

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
		*(const char **)to = arena_str(&s->arena, *(const char *const *)src);
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

int spec_inherit(struct spec *s, const struct spec *base, struct err *e)
{
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];

		if (spec_is_set(s, f) || !spec_is_set(base, f))
			continue;
		if (spec_copy(s, base, f) < 0)
			return err_set(e, ENOMEM, "%s: too much text", f->name);
		spec_note(s, f);
	}
	return 0;
}

/* Without an overlay driver the next best that keeps the image as it is. */
static int spec_finish_storage(struct spec *s)
{
	if (spec_is_set(s, spec_field("storage")))
		return 0;
	s->storage = IS_ENABLED(CONFIG_STORAGE_OVERLAY) ? SPEC_OVERLAY :
		     IS_ENABLED(CONFIG_STORAGE_TMPFS)	? SPEC_TMPFS :
							  SPEC_READ_ONLY;
	return spec_mark(s, "storage");
}

static int spec_finish_names(struct spec *s, struct err *e)
{
	if (!s->name || !path_is_name(s->name))
		return err_set(e, EINVAL, "%s: not a container name", s->name ? s->name : "(none)");
	if (!s->image || !*s->image)
		return err_set(e, EINVAL, "image: is missing");
	if (!s->command.n)
		return err_set(e, EINVAL, "command: is missing, and the image names none");
	if (!s->hostname)
		s->hostname = s->name;
	if (!s->network.n && strv_add(&s->arena, &s->network, "none") < 0)
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

static int spec_finish_restart(const struct spec *s, struct err *e)
{
	if (s->task && (s->restart == SPEC_RESTART_ALWAYS || s->restart == SPEC_RESTART_UNLESS_STOPPED))
		return err_set(e, EINVAL, "restart = %s: a task ends; use on-failure or no", spec_restarts[s->restart]);
	if (s->restart_delay_max < s->restart_delay)
		return err_set(e, EINVAL, "restart-delay-max: is shorter than restart-delay");
	return 0;
}

static int spec_finish_memory(const struct spec *s, struct err *e)
{
	if (s->memory < 128U << 10)
		return err_set(e, EINVAL, "memory: less than 128K cannot hold any program");
	if (s->memory_min != SPEC_UNLIMITED && s->memory_min > s->memory)
		return err_set(e, EINVAL, "memory-min: is more than memory");
	if (s->memory_low != SPEC_UNLIMITED && s->memory_low > s->memory)
		return err_set(e, EINVAL, "memory-low: is more than memory");
	return 0;
}

int spec_finish(struct spec *s, struct err *e)
{
	int r = spec_finish_names(s, e);

	if (r >= 0)
		r = spec_finish_storage(s);
	if (r >= 0)
		r = spec_finish_restart(s, e);
	if (r >= 0)
		r = spec_finish_memory(s, e);
	return r < 0 ? r : 0;
}
