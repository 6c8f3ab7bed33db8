/* SPDX-License-Identifier: MIT */
/*
 * The command set: one row per verb, registered by being linked, used for dispatch and for help.
 *
 *	COMMAND(ps) = { .name = "ps", .group = CMD_LOOK, .args = "[-a] [--format tsv]", .about = "list containers",
 *			.options = ps_options, .n_options = ARRAY_SIZE(ps_options), .run = ps_run };
 *
 * A row's options are parsed by cmd_parse() before run() is called; run() returns the exit status of
 * the process and prints its own error through cmd_fail().
 */
#ifndef CORE_CMD_H
#define CORE_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/lib/str.h"

#define CMD_USAGE 2    /* exit: wrong words on the command line */
#define CMD_FAILED 125 /* exit: myctr failed */
#define CMD_NOT_EXECUTABLE 126
#define CMD_NOT_FOUND 127

#define CMD_OPTIONS_MAX 16 /* rows of one verb */
#define CMD_REPEATS_MAX 32 /* values of repeatable options on one line */

enum cmd_group { CMD_CONTAINER, CMD_LOOK, CMD_IMAGE, CMD_DEVICE };

/* One option of a verb. Values land in the struct cmd_line by index of the row. */
struct cmd_option {
	char letter;	  /* 0 for none */
	const char *name; /* without dashes; NULL for none */
	const char *arg;  /* placeholder, NULL for a flag */
	const char *help;
};

struct spec;

struct cmd_line {
	const struct command *cmd;
	const char *value
		[CMD_OPTIONS_MAX]; /* per option row: NULL not given, "" for flags, last value given */
	unsigned int count[CMD_OPTIONS_MAX];
	struct cmd_repeat {
		const char *value;
		int row;
	} repeat[CMD_REPEATS_MAX]; /* of repeatable options, in the order they came */
	unsigned int n_repeats;
	char **args; /* what follows the options, NULL-terminated */
	int n_args;
	struct spec *spec; /* verbs with .spec_options: what --KEY options wrote, else NULL */
};

struct command {
	const char *name;
	const char *alias; /* Optional: a second name ("list" of ps) */
	enum cmd_group group;
	const char *args;  /* usage after the name */
	const char *about; /* one line */
	const struct cmd_option *options;
	unsigned int n_options;
	int min_args, max_args; /* -1: any number */
	bool stop_at_args; /* options after the first argument belong to the container's command */
	uint32_t repeats;  /* bit per row: every value counts, see cmd_value() */
	bool own_ids; /* touches what containers wrote: a user does it in a user namespace of his own */
	bool spec_options; /* every manifest key is an option too, with docker's short forms */
	int (*run)(struct cmd_line *line);
};

#define COMMAND(ident)                                                                    \
	static const struct command command_##ident;                                      \
	static const struct command *const command_entry_##ident                          \
		__attribute__((section("set_command"), used, retain)) = &command_##ident; \
	static const struct command command_##ident

extern const struct command *const __start_set_command[] __attribute__((weak));
extern const struct command *const __stop_set_command[] __attribute__((weak));

/* for (CMD_EACH(c)) use(*c); the order is the linker's, nothing may rely on it. */
#define CMD_EACH(c)                                           \
	const struct command *const *c = __start_set_command; \
	c != __stop_set_command;                              \
	c++

/* Finds the verb of argv[1], parses, runs. The whole of the CLI's main(). */
int cmd_main(int argc, char **argv);

/*
 * Parses the NULL-terminated words after the verb into *line, whose .spec (if any) the caller frees.
 * line->args reuses argv's array. 0, or the exit status after a usage error was printed;
 * CMD_WANTS_HELP when --help was met.
 */
#define CMD_WANTS_HELP (-1)
int cmd_parse(const struct command *c, char **argv, struct cmd_line *line);

/* Value nth (from 0) of a repeatable option, or NULL after the last. */
const char *cmd_value(const struct cmd_line *line, int row, unsigned int nth);

/* The verb of this name or alias, or NULL. A name may be two words, "image ls". */
const struct command *cmd_find(const char *name);

/* The verb that the NULL-terminated words begin with; *used is how many of them name it. Or NULL. */
const struct command *cmd_of_words(char *const *words, int *used);

/* Prints the help of one verb, or of all with c = NULL, to fd. 0 or CMD_FAILED. */
int cmd_help(const struct command *c, int fd);

/* Prints one line for each verb of two words that begins with first. 0, CMD_FAILED, CMD_USAGE when none does. */
int cmd_help_first(const char *first, int fd);

/* Prints "myctr: <message>" on stderr, escaped, and returns CMD_FAILED. */
int cmd_fail(const struct err *e);

/* Prints a usage error with the verb's usage line and returns CMD_USAGE. */
int cmd_usage(const struct command *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Only a build in which containers are described at the prompt has such verbs. */
static inline bool cmd_takes_spec(const struct command *c)
{
	return IS_ENABLED(CONFIG_CMD_RUN) && c->spec_options;
}

/* Options that are other names of manifest keys (core/cmd_spec.c), as a docker user types them. */
struct cmd_spec_alias {
	char letter;	/* 0 for none */
	char name[19];	/* without dashes, "" for none */
	char key[16];	/* the manifest key */
	char value[12]; /* what a flag means; "" where a value is wanted */
};
extern const struct cmd_spec_alias cmd_spec_aliases[];
extern const unsigned int cmd_n_spec_aliases;

struct spec_field;

/* The key that --name (letter 0) or -letter (name NULL) means; *flag is its value if it takes none. */
const struct spec_field *cmd_spec_option(char letter, const char *name, const char **flag);

/* Writes one option to spec; what docker means by the value becomes what a manifest means by it. */
int cmd_spec_set(struct spec *spec, const struct spec_field *f, const char *value, struct err *e);

/* The long option of c nearest to name, or NULL. */
const char *cmd_nearest_option(const struct command *c, const char *name);

#endif
