// SPDX-License-Identifier: MIT
/*
 * The command line: finds the verb, parses its options, runs it. Runs once per process, in the CLI and
 * for PID 1's own "init" row. Never exits by itself; what it returns is the status of the process.
 */
#include "core/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/config.h"
#include "core/lib/out.h"
#include "core/paths.h"
#include "core/rootless.h"
#include "core/spec.h"
#include "generated/version.h"

int cmd_usage(const struct command *c, const char *fmt, ...)
{
	struct out o = OUT(STDERR_FILENO);
	char msg[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	out_printf(&o, "myctr: %s%s", c ? c->name : "", c ? ": " : "");
	out_escaped(&o, msg, strlen(msg));
	if (c)
		out_printf(&o, "\nusage: myctr %s %s\n", c->name, c->args ? c->args : "");
	else
		out_text(&o, "\n");
	out_flush(&o);
	return CMD_USAGE;
}

/* What is being parsed: the words, and where in them we are. */
struct cmd_parser {
	const struct command *cmd;
	struct cmd_line *line;
	char **argv;
	int at; /* the next word to look at */
};

/* Where one option's value goes: a row of the verb, or a manifest key. */
struct cmd_target {
	int row; /* -1: a key */
	const struct spec_field *field;
	const char *flag; /* the value when none is written; NULL: one must be */
};

static bool cmd_lookup(const struct command *c, char letter, const char *name, struct cmd_target *t)
{
	*t = (struct cmd_target){ .row = -1 };
	for (unsigned int i = 0; i < c->n_options; i++) {
		const struct cmd_option *o = &c->options[i];

		if (name ? !o->name || strcmp(o->name, name) != 0 : !letter || o->letter != letter)
			continue;
		t->row = (int)i;
		t->flag = o->arg ? NULL : "";
		return true;
	}
	if (!cmd_takes_spec(c))
		return false;
	t->field = cmd_spec_option(letter, name, &t->flag);
	return t->field != NULL;
}

static int cmd_repeat(struct cmd_parser *p, int row, const char *value)
{
	struct cmd_line *line = p->line;

	if (line->n_repeats == CMD_REPEATS_MAX)
		return cmd_usage(p->cmd, "--%s: more than %d such options",
				 p->cmd->options[row].name, CMD_REPEATS_MAX);
	line->repeat[line->n_repeats++] = (struct cmd_repeat){ value, row };
	return 0;
}

const char *cmd_value(const struct cmd_line *line, int row, unsigned int nth)
{
	for (unsigned int i = 0; i < line->n_repeats; i++)
		if (line->repeat[i].row == row && nth-- == 0)
			return line->repeat[i].value;
	return NULL;
}

static int cmd_store(struct cmd_parser *p, const struct cmd_target *t, const char *value)
{
	struct err e = { 0 };

	if (t->row >= 0) {
		p->line->value[t->row] = value;
		p->line->count[t->row]++;
		return p->cmd->repeats >> t->row & 1 ? cmd_repeat(p, t->row, value) : 0;
	}
	if (cmd_takes_spec(p->cmd) && cmd_spec_set(p->line->spec, t->field, value, &e) < 0)
		return cmd_usage(p->cmd, "%s", e.msg);
	return 0;
}

static bool cmd_is_help(const struct cmd_parser *p, char letter, const char *name)
{
	return name ? !strcmp(name, "help") : letter == 'h' && !cmd_takes_spec(p->cmd);
}

/* --name, --name=value, --name value */
static int cmd_long(struct cmd_parser *p, const char *word)
{
	const char *eq = strchr(word, '='), *near;
	struct cmd_target t;
	char name[40];

	if (!str_copy(name, sizeof(name), word) && (!eq || (size_t)(eq - word) >= sizeof(name)))
		return cmd_usage(p->cmd, "unknown option --%s", word);
	if (eq)
		name[eq - word] = '\0';
	if (!cmd_lookup(p->cmd, 0, name, &t)) {
		if (cmd_is_help(p, 0, name))
			return CMD_WANTS_HELP;
		near = cmd_nearest_option(p->cmd, name);
		if (near)
			return cmd_usage(p->cmd, "unknown option --%s (did you mean --%s?)", name,
					 near);
		return cmd_usage(p->cmd, "unknown option --%s", name);
	}
	if (eq && t.row >= 0 && t.flag)
		return cmd_usage(p->cmd, "--%s takes no value", name);
	if (eq)
		return cmd_store(p, &t, eq + 1);
	if (t.flag)
		return cmd_store(p, &t, t.flag);
	if (!p->argv[p->at])
		return cmd_usage(p->cmd, "--%s needs a value", name);
	return cmd_store(p, &t, p->argv[p->at++]);
}

/* -i, -it, -p8080:80, -p 8080:80 */
static int cmd_letters(struct cmd_parser *p, const char *word)
{
	struct cmd_target t;
	int ret = 0;

	for (; !ret && *word; word++) {
		if (!cmd_lookup(p->cmd, *word, NULL, &t)) {
			if (cmd_is_help(p, *word, NULL))
				return CMD_WANTS_HELP;
			return cmd_usage(p->cmd, "unknown option -%c", *word);
		}
		if (t.flag) {
			ret = cmd_store(p, &t, t.flag);
			continue;
		}
		if (word[1])
			return cmd_store(p, &t, word + 1 + (word[1] == '='));
		if (!p->argv[p->at])
			return cmd_usage(p->cmd, "-%c needs a value", *word);
		return cmd_store(p, &t, p->argv[p->at++]);
	}
	return ret;
}

static int cmd_words(struct cmd_parser *p)
{
	struct cmd_line *line = p->line;
	bool only_args = false;
	char *word;
	int ret = 0;

	while (!ret && (word = p->argv[p->at]) != NULL) {
		p->at++;
		if (only_args || word[0] != '-' || !word[1]) {
			line->args[line->n_args++] = word;
			only_args |= p->cmd->stop_at_args;
		} else if (!strcmp(word, "--")) {
			only_args = true;
		} else if (word[1] == '-') {
			ret = cmd_long(p, word + 2);
		} else {
			ret = cmd_letters(p, word + 1);
		}
	}
	/* Arguments are collected in front of where they are read from. */
	line->args[line->n_args] = NULL;
	return ret;
}

int cmd_parse(const struct command *c, char **argv, struct cmd_line *line)
{
	struct cmd_parser p = { .cmd = c, .line = line, .argv = argv };
	int ret;

	*line = (struct cmd_line){ .cmd = c, .args = argv };
	if (c->n_options > CMD_OPTIONS_MAX)
		return cmd_usage(c, "more options than this program can hold");
	if (cmd_takes_spec(c)) {
		line->spec = spec_new();
		if (!line->spec)
			return cmd_usage(c, "out of memory");
	}
	ret = cmd_words(&p);
	if (ret)
		return ret;
	if (line->n_args < c->min_args)
		return cmd_usage(c, "too few arguments");
	if (c->max_args >= 0 && line->n_args > c->max_args)
		return cmd_usage(c, "unexpected argument '%s'", line->args[c->max_args]);
	return 0;
}

const struct command *cmd_of_words(char *const *words, int *used)
{
	const struct command *c = cmd_find(words[0]);
	char both[40];

	*used = 1;
	if (c || !words[1])
		return c;
	*used = 2;
	str_format(both, sizeof(both), "%s %s", words[0], words[1]);
	return cmd_find(both);
}

/* Is it the first of two words? */
static bool cmd_is_first(const char *verb)
{
	size_t n = strlen(verb);

	for (CMD_EACH(c))
		if (strncmp((*c)->name, verb, n) == 0 && (*c)->name[n] == ' ')
			return true;
	return false;
}

static int cmd_unknown(char *const *words)
{
	bool first = cmd_is_first(words[0]);
	unsigned int best;
	const char *near = NULL;
	char verb[60];

	if (first && !words[1])
		return cmd_usage(NULL, "%s: a second word is needed; see myctr help", words[0]);
	str_format(verb, sizeof(verb), "%s%s%s", words[0], first ? " " : "", first ? words[1] : "");
	best = str_nearest_begin(verb);
	for (CMD_EACH(c)) {
		near = str_nearest_more(verb, (*c)->name, &best, near);
		near = str_nearest_more(verb, (*c)->alias, &best, near);
	}
	if (near)
		return cmd_usage(NULL, "unknown command '%s' (did you mean '%s'?)", verb, near);
	return cmd_usage(NULL, "unknown command '%s'; see myctr help", verb);
}

static int cmd_version(void)
{
	struct out o = OUT(STDOUT_FILENO);

	out_text(&o, MYCTR_VERSION "\n");
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

static int cmd_go(const struct command *c, struct cmd_line *line)
{
	struct err e = { 0 };

	if (IS_ENABLED(CONFIG_ROOTLESS) && c->own_ids &&
	    (paths_make_own(&e) < 0 || rootless_enter(&e) < 0))
		return cmd_fail(&e);
	return c->run(line);
}

int cmd_main(int argc, char **argv)
{
	const struct command *c;
	struct cmd_line line;
	const char *verb = argc > 1 ? argv[1] : "";
	int used, ret;

	if (!strcmp(verb, "--version") || !strcmp(verb, "-V"))
		return cmd_version();
	if (!strcmp(verb, "--help") || !strcmp(verb, "-h"))
		return cmd_help(NULL, STDOUT_FILENO);
	if (!*verb) {
		cmd_help(NULL, STDERR_FILENO);
		return CMD_USAGE;
	}
	c = cmd_of_words(argv + 1, &used);
	if (!c)
		return cmd_unknown(argv + 1);
	ret = cmd_parse(c, argv + 1 + used, &line);
	if (ret == CMD_WANTS_HELP)
		ret = cmd_help(c, STDOUT_FILENO);
	else if (!ret)
		ret = cmd_go(c, &line);
	spec_free(line.spec);
	return ret;
}
