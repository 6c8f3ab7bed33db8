// SPDX-License-Identifier: MIT
/*
 * `myctr features`: what was built into this binary, from the linker sets themselves, so that it
 * cannot differ from what is there. A test compares it with the configuration.
 */
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/driver.h"
#include "core/lib/out.h"
#include "generated/version.h"

enum { FEATURES_FORMAT };

static const struct cmd_option features_options[] = {
	[FEATURES_FORMAT] = { 0, "format", "FORMAT",
			      "table, or tsv: KIND NAME ABOUT KERNEL; kind is the driver's class, or command" },
};

struct features {
	struct out out;
	bool tsv;
};

static void features_line(struct features *f, const char *kind, const char *name, const char *about,
			  const char *kernel)
{
	if (f->tsv)
		out_printf(&f->out, "%s\t%s\t%s\t%s\n", kind, name, about, kernel ? kernel : "");
	else
		out_printf(&f->out, "%-8s %-12s %.58s\n", kind, name, about);
}

/* The sets have different types and the same beginning. */
#define FEATURES_CLASS(f, class)                                                         \
	do {                                                                             \
		for (DRIVER_EACH(class, d))                                              \
			features_line(f, #class, (*d)->name, (*d)->about, (*d)->kernel); \
	} while (0)

static void features_drivers(struct features *f)
{
	FEATURES_CLASS(f, image);
	FEATURES_CLASS(f, codec);
	FEATURES_CLASS(f, pack);
	FEATURES_CLASS(f, import);
	FEATURES_CLASS(f, export);
	FEATURES_CLASS(f, storage);
	FEATURES_CLASS(f, cgroup);
	FEATURES_CLASS(f, seccomp);
	FEATURES_CLASS(f, net);
	FEATURES_CLASS(f, log);
}

static void features_commands(struct features *f)
{
	for (const struct command *const *c = __start_set_command; c != __stop_set_command; c++)
		features_line(f, "command", (*c)->name, (*c)->about, NULL);
}

static int features_run(struct cmd_line *line)
{
	struct features f = { .out = OUT(STDOUT_FILENO) };
	const char *format = line->value[FEATURES_FORMAT];

	f.tsv = format && strcmp(format, "tsv") == 0;
	if (format && !f.tsv && strcmp(format, "table") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; table or tsv", format);
	features_line(&f, "version", MYCTR_VERSION, "", NULL);
	features_drivers(&f);
	features_commands(&f);
	return out_flush(&f.out) ? CMD_FAILED : 0;
}

COMMAND(features) = {
	.name = "features",
	.group = CMD_LOOK,
	.args = "[--format table|tsv]",
	.about = "list the drivers and commands in this binary",
	.options = features_options,
	.n_options = ARRAY_SIZE(features_options),
	.run = features_run,
};
