// SPDX-License-Identifier: MIT
/*
 * The keys of a manifest's [system] section: one table, like that of containers. Used when a manifest
 * is read, shown or encoded.
 */
#include "core/system.h"

#include <errno.h>
#include <string.h>

#include "core/lib/config.h"
#include "core/lib/path.h"
#include "core/port.h"
#include "core/template.h"

#define CHECK(fn) (SPEC_FOREIGN ? (fn) : NULL)

#define FIELD(id_, name_, type_, member_, arg_, help_, ...)                                       \
	{                                                                                         \
		.id = id_, .name = SPEC_TEXT(name_, arg_, help_), .type = type_,                  \
		.offset = offsetof(struct system_spec, member_), SPEC_MEMBER(member_) __VA_ARGS__ \
	}

/* At least min words, the one at path absolute. */
static int system_check_words(const char *text, unsigned int min, unsigned int path,
			      const char *wanted, struct err *e)
{
	unsigned int n = 0;

	for (const char *p = text + strspn(text, " \t"); *p; n++) {
		if (n == path && *p != '/')
			return err_set(e, EINVAL, "%s: expected %s", text, wanted);
		p += strcspn(p, " \t");
		p += strspn(p, " \t");
	}
	return n < min ? err_set(e, EINVAL, "%s: expected %s", text, wanted) : 0;
}

static int system_check_data(const char *text, struct err *e)
{
	return system_check_words(text, 2, 0, "DEVICE FSTYPE [OPTIONS]", e);
}

static int system_check_mount(const char *text, struct err *e)
{
	return system_check_words(text, 3, 1, "DEVICE PATH FSTYPE [OPTIONS]", e);
}

static int system_check_sysctl(const char *text, struct err *e)
{
	const char *value;
	char key[128];

	return spec_keyval(text, key, sizeof(key), &value, e);
}

/* A build without templates takes the text as it is. */
static int system_check_hostname(const char *text, struct err *e)
{
	return IS_ENABLED(CONFIG_BOOT_TEMPLATE) ? template_check(text, e) : 0;
}

static int system_check_wan(const char *text, struct err *e)
{
	return !IS_ENABLED(CONFIG_NET_PORTS) || port_is_device(text)
		       ? 0
		       : err_set(e, EINVAL, "%s: not the name of an interface", text);
}

#if IS_ENABLED(CONFIG_SEED)
static const char *const system_credits[] = { "yes", "no", NULL };
#endif

#if IS_ENABLED(CONFIG_FACTORY)
static const char *const system_modes[] = { "normal", "factory", NULL };
static const char *const system_afters[] = { "poweroff", "wait", "normal", NULL };

static int system_check_keep(const char *text, struct err *e)
{
	return path_is_name(text) ? 0 : err_set(e, EINVAL, "%s: not a name", text);
}

static int system_check_dir(const char *text, struct err *e)
{
	return text[0] == '/' && text[1] ? 0
					 : err_set(e, EINVAL, "%s: is not an absolute path", text);
}
#endif

const struct spec_field system_fields[] = {
	FIELD(1, "hostname", SPEC_STR, hostname, "NAME",
	      "name of the device; gw-${serial}, ${mac:eth0}, ${file:PATH}",
	      .check = CHECK(IS_ENABLED(CONFIG_BOOT_TEMPLATE) ? system_check_hostname : NULL)),
	FIELD(2, "data", SPEC_STR, data, "DEV FSTYPE [OPTIONS]",
	      "what is mounted as the data folder", .check = CHECK(system_check_data)),
	FIELD(3, "console", SPEC_WORDS, console, "WORDS", "command kept running on the console"),
	FIELD(4, "module", SPEC_LIST, module, "NAME [PARAMETERS]",
	      "kernel module to load, by name or path"),
	FIELD(5, "sysctl", SPEC_LIST, sysctl, "KEY=VALUE", "kernel parameter",
	      .check = CHECK(system_check_sysctl)),
	FIELD(6, "mount", SPEC_LIST, mount, "DEV PATH FSTYPE [OPTIONS]",
	      "further file system to mount", .check = CHECK(system_check_mount)),
	FIELD(7, "shutdown-timeout", SPEC_TIME, shutdown_timeout, "TIME",
	      "the whole shutdown takes no longer"),
#if IS_ENABLED(CONFIG_WATCHDOG)
	FIELD(30, "watchdog", SPEC_TIME, watchdog, "TIME",
	      "resets the device when PID 1 or a critical container hangs this long"),
#endif
#if IS_ENABLED(CONFIG_LOG_BUDGET)
	FIELD(13, "log-budget", SPEC_SIZE, log_budget, "SIZE",
	      "most that all logs write to flash in a day"),
#endif
#if IS_ENABLED(CONFIG_LOG_SENT)
	FIELD(12, "log-server", SPEC_STR, log_server, "SERVER",
	      "syslog's, for containers that name none"),
#endif
#if IS_ENABLED(CONFIG_SEED)
	FIELD(20, "seed-credit", SPEC_ENUM, seed_credit, "",
	      "the kept random seed counts as entropy (yes)", .words = system_credits),
#endif
#if IS_ENABLED(CONFIG_HOST_AB)
	FIELD(40, "boot-slots", SPEC_WORDS, boot_slots, "KIND [PATH]",
	      "file PATH, grub PATH, uboot, hook PROG: who knows of two systems"),
	FIELD(41, "boot-trial", SPEC_TIME, boot_trial, "TIME",
	      "a tried system is good after this (60s)"),
#endif
#if IS_ENABLED(CONFIG_FACTORY)
	FIELD(30, "mode", SPEC_ENUM, mode, "", "factory: the tasks are tests",
	      .words = system_modes),
	FIELD(31, "after-factory", SPEC_ENUM, after_factory, "",
	      "after the tests; normal only when all are passed", .words = system_afters),
	FIELD(32, "factory-timeout", SPEC_TIME, factory_timeout, "TIME",
	      "one test takes no longer (5m)"),
	FIELD(33, "factory-keep", SPEC_NAMES, factory_keep, "NAME",
	      "a factory reset leaves this of the data (images)",
	      .check = CHECK(system_check_keep)),
	FIELD(34, "factory-wipe", SPEC_LIST, factory_wipe, "DIR",
	      "a factory reset empties this, too", .check = CHECK(system_check_dir)),
#endif
	FIELD(11, "require-verified", SPEC_BOOL, require_verified, "",
	      "start no container without verity or a signature"),
	FIELD(10, "wan", SPEC_NAMES, wan, "INTERFACE", "publishes only what names it",
	      .check = CHECK(system_check_wan)),
};

const unsigned int system_n_fields = ARRAY_SIZE(system_fields);

_Static_assert(ARRAY_SIZE(system_fields) <= 64, "struct system_spec.set has a bit for each field");
