// SPDX-License-Identifier: MIT
/*
 * The keys of [mount], [device] and [console], and the checks across them. See machine.h. Used when a manifest
 * is read, shown, encoded or finished; asks neither kernel nor files.
 */
#include "core/machine.h"

#include <errno.h>
#include <string.h>

#include "core/lib/config.h"
#include "core/lib/path.h"

#define CHECK(fn) (SPEC_FOREIGN ? (fn) : NULL)

#define FIELD(struct_, id_, name_, type_, member_, arg_, help_, ...)             \
	{                                                                        \
		.id = id_, .name = SPEC_TEXT(name_, arg_, help_), .type = type_, \
		.offset = offsetof(struct_, member_), __VA_ARGS__                \
	}
#define MOUNT(...) FIELD(struct mount_spec, __VA_ARGS__)
#define NODE(...) FIELD(struct node_spec, __VA_ARGS__)
#define CONSOLE(...) FIELD(struct console_spec, __VA_ARGS__)

#define MACHINE_WAIT_MS 10000
#define MACHINE_PATIENCE_MS 600000

static const char *const machine_fallbacks[] = { "no", "read-only", "tmpfs", NULL };

/* ---- names --------------------------------------------------------------------------------------- */

static bool machine_goes_up(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")) != NULL; p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

bool mount_is_path(const char *name)
{
	return name[0] == '/' && name[1] && strlen(name) < 128 && !machine_goes_up(name);
}

bool node_is_pattern(const char *name)
{
	return name[0] && name[0] != '/' && strlen(name) < 100 && !machine_goes_up(name);
}

bool console_is_terminal(const char *name)
{
	return node_is_pattern(name) && path_is_name(name) && strlen(name) < 32;
}

/* ---- tables -------------------------------------------------------------------------------------- */

static int node_check_mode(const char *text, struct err *e)
{
	return *text && strlen(text) <= 4 && !text[strspn(text, "01234567")]
		       ? 0
		       : err_set(e, EINVAL, "%.20s: expected an octal mode like 0660", text);
}

static int node_check_id(const char *text, struct err *e)
{
	uint64_t id;

	return str_u64(text, 0, UINT32_MAX - 1, &id) == 0
		       ? 0
		       : err_set(e, EINVAL, "%.40s: expected a number", text);
}

static int node_check_link(const char *text, struct err *e)
{
	return node_is_pattern(text) && !strpbrk(text, "*?[")
		       ? 0
		       : err_set(e, EINVAL, "%.60s: expected a name below /dev, as modem", text);
}

static int mount_check_helper(const char *text, struct err *e)
{
	return text[0] == '/' ? 0
			      : err_set(e, EINVAL, "%.60s: expected the path of a program", text);
}

const struct spec_field mount_fields[MOUNT_FIELDS] = {
	MOUNT(1, "device", SPEC_STR, device, "DEVICE", "what is mounted there: /dev/..., tmpfs"),
	MOUNT(2, "type", SPEC_STR, type, "FSTYPE", "its file system"),
	MOUNT(3, "options", SPEC_STR, options, "OPTIONS", "comma separated: ro,noexec,size=4M"),
	MOUNT(4, "wait", SPEC_TIME, wait, "TIME", "for its device to appear (10s)"),
	MOUNT(5, "fallback", SPEC_ENUM, fallback, "",
	      "where it cannot be written or mounted (no; data: tmpfs)",
	      .words = machine_fallbacks),
	MOUNT(6, "fsck", SPEC_WORDS, fsck, "WORDS", "checks it before; the device is added"),
	MOUNT(7, "format", SPEC_WORDS, format, "WORDS", "makes it, where the device is blank"),
	MOUNT(8, "grow", SPEC_WORDS, grow, "WORDS",
	      "makes it larger, where it is smaller than its device"),
	MOUNT(9, "helper-timeout", SPEC_TIME, patience, "TIME", "of each of these (10m)"),
};

const struct spec_field node_fields[NODE_FIELDS] = {
	NODE(1, "mode", SPEC_STR, mode, "0660", "permissions of the node",
	     .check = CHECK(node_check_mode)),
	NODE(2, "owner", SPEC_STR, owner, "NUMBER", "user it belongs to",
	     .check = CHECK(node_check_id)),
	NODE(3, "group", SPEC_STR, group, "NUMBER", "group it belongs to",
	     .check = CHECK(node_check_id)),
	NODE(4, "link", SPEC_STR, link, "NAME", "further name of it below /dev",
	     .check = CHECK(node_check_link)),
};

const struct spec_field console_fields[CONSOLE_FIELDS] = {
	CONSOLE(1, "command", SPEC_WORDS, command, "WORDS",
		"what runs there, as /bin/login (default: myctr prompt)"),
	CONSOLE(2, "respawn", SPEC_BOOL, respawn, "", "again when it has ended (default yes)"),
	CONSOLE(3, "askfirst", SPEC_BOOL, askfirst, "", "wait for Enter before each start"),
	CONSOLE(4, "term", SPEC_STR, term, "NAME", "TERM (linux; vt102 on serial lines)"),
};

/* ---- checks -------------------------------------------------------------------------------------- */

void machine_defaults(struct section *s, enum section_kind kind)
{
	struct mount_spec *m = container_of(s, struct mount_spec, section);

	if (kind == SECTION_CONSOLE)
		container_of(s, struct console_spec, section)->respawn = true;
	if (kind != SECTION_MOUNT)
		return;
	m->wait = MACHINE_WAIT_MS;
	m->patience = MACHINE_PATIENCE_MS;
}

static int machine_helpers(const struct mount_spec *m, struct err *e)
{
	const struct strv *all[] = { &m->fsck, &m->format, &m->grow };

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->n && mount_check_helper(all[i]->v[0], e) < 0)
			return -e->code;
	return !m->device == !m->type ? 0 : err_set(e, EINVAL, "device and type: belong together");
}

int machine_finish(struct section *s, enum section_kind kind, struct err *e)
{
	static const struct {
		bool built;
		const char *symbol;
	} parts[] = {
		[SECTION_MOUNT - SECTION_MOUNT] = { IS_ENABLED(CONFIG_BOOT_MOUNT), "BOOT_MOUNT" },
		[SECTION_DEVICE - SECTION_MOUNT] = { IS_ENABLED(CONFIG_UEVENT), "UEVENT" },
		[SECTION_CONSOLE - SECTION_MOUNT] = { IS_ENABLED(CONFIG_CONSOLES), "CONSOLES" },
	};
	unsigned int i = (unsigned int)kind - SECTION_MOUNT;

	if (i >= ARRAY_SIZE(parts) || !parts[i].built)
		return err_set(e, ENOTSUP, "not in this build; it needs %s",
			       i < ARRAY_SIZE(parts) ? parts[i].symbol : "another version");
	return kind == SECTION_MOUNT
		       ? machine_helpers(container_of(s, const struct mount_spec, section), e)
		       : 0;
}
