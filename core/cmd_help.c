// SPDX-License-Identifier: MIT
/*
 * `myctr help` and `myctr VERB --help`, from the command set and the field table. Fits 80 columns; a build
 * without help texts prints the names alone.
 */
#include <string.h>

#include "core/cmd.h"
#include "core/lib/out.h"
#include "core/spec.h"

#define HELP_WIDTH 80
#define HELP_COLUMN 27 /* where the texts of options begin */

static const char *const help_groups[] = {
	[CMD_CONTAINER] = "Containers",
	[CMD_LOOK] = "Looking",
	[CMD_IMAGE] = "Images",
	[CMD_DEVICE] = "Device",
};

/* text from column on, broken at blanks so that no line is longer than HELP_WIDTH. */
static void help_wrap(struct out *o, const char *text, size_t column, size_t indent)
{
	while (text && *text) {
		size_t n = strcspn(text, " ");

		if (column > indent && column + 1 + n >= HELP_WIDTH) {
			out_printf(o, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			out_text(o, " ");
			column++;
		}
		out_bytes(o, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	out_text(o, "\n");
}

static void help_row(struct out *o, const char *left, const char *text)
{
	size_t n = strlen(left);

	out_text(o, left);
	if (!text) {
		out_text(o, "\n");
		return;
	}
	if (n >= HELP_COLUMN - 1) {
		out_text(o, "\n");
		n = 0;
	}
	out_printf(o, "%*s", (int)(HELP_COLUMN - n), "");
	help_wrap(o, text, HELP_COLUMN, HELP_COLUMN);
}

/* The next verb of a group by name: the linker's order means nothing. */
static const struct command *help_next(unsigned int group, const struct command *last)
{
	const struct command *best = NULL;

	for (CMD_EACH(c)) {
		if ((unsigned int)(*c)->group != group ||
		    (last && strcmp((*c)->name, last->name) <= 0))
			continue;
		if (!best || strcmp((*c)->name, best->name) < 0)
			best = *c;
	}
	return best;
}

static void help_all(struct out *o)
{
	char left[HELP_COLUMN + 20];

	out_text(o, "usage: myctr COMMAND [options] [arguments]\n");
	for (unsigned int g = 0; g < ARRAY_SIZE(help_groups); g++) {
		const struct command *c = help_next(g, NULL);

		if (c)
			out_printf(o, "\n%s\n", help_groups[g]);
		for (; c; c = help_next(g, c)) {
			str_format(left, sizeof(left), "  %s%s%s", c->name, c->alias ? ", " : "",
				   c->alias ? c->alias : "");
			help_row(o, left, c->about);
		}
	}
	out_text(o, "\nmyctr help COMMAND tells more; myctr --version prints the version.\n");
}

static void help_option(struct out *o, char letter, const char *name, const char *arg,
			const char *text)
{
	char left[80];
	size_t n = 0;

	if (letter)
		n = str_format(left, sizeof(left), "  -%c%s", letter, name ? "," : "");
	else
		n = str_format(left, sizeof(left), "     ");
	if (name)
		n += str_format(left + n, sizeof(left) - n, " --%s", name);
	if (arg)
		str_format(left + n, sizeof(left) - n, " %s", arg);
	help_row(o, left, text);
}

static void help_alias(struct out *o, const struct cmd_spec_alias *a)
{
	const struct spec_field *f = spec_field(a->key);
	char text[64];

	str_format(text, sizeof(text), "the same as --%s%s%s", a->key, *a->value ? "=" : "",
		   a->value);
	help_option(o, a->letter, *a->name ? a->name : NULL,
		    f && !*a->value ? spec_field_arg(f) : NULL, text);
}

static const char *help_field_arg(const struct spec_field *f, char *buf, size_t size)
{
	size_t n = 0;

	if (f->type != SPEC_ENUM)
		return spec_field_arg(f);
	buf[0] = '\0';
	for (unsigned int i = 0; f->words[i]; i++)
		n += str_format(buf + n, size - n, "%s%s", i ? "|" : "", f->words[i]);
	return buf;
}

static void help_one(struct out *o, const struct command *c)
{
	char words[80];

	out_printf(o, "usage: myctr %s ", c->name);
	help_wrap(o, c->args ? c->args : "", 13 + strlen(c->name) + 1, 13 + strlen(c->name) + 1);
	if (c->about)
		out_printf(o, "%s\n", c->about);
	if (c->n_options)
		out_text(o, "\nOptions\n");
	for (unsigned int i = 0; i < c->n_options; i++)
		help_option(o, c->options[i].letter, c->options[i].name, c->options[i].arg,
			    c->options[i].help);
	if (!cmd_takes_spec(c))
		return;
	out_text(o, "\nManifest keys\n");
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];

		help_option(o, 0, f->name, help_field_arg(f, words, sizeof(words)),
			    spec_field_help(f));
	}
	out_text(o, "\nOther names\n");
	for (unsigned int i = 0; i < cmd_n_spec_aliases; i++)
		help_alias(o, &cmd_spec_aliases[i]);
}

int cmd_help(const struct command *c, int fd)
{
	struct out o = OUT(fd);

	if (c)
		help_one(&o, c);
	else
		help_all(&o);
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

int cmd_help_first(const char *first, int fd)
{
	struct out o = OUT(fd);
	size_t n = strlen(first);
	unsigned int found = 0;
	char left[HELP_COLUMN + 20];

	for (unsigned int g = 0; g < ARRAY_SIZE(help_groups); g++) {
		for (const struct command *c = help_next(g, NULL); c; c = help_next(g, c)) {
			if (strncmp(c->name, first, n) != 0 || c->name[n] != ' ')
				continue;
			if (!found++)
				out_printf(&o, "usage: myctr %s COMMAND [options] [arguments]\n\n",
					   first);
			str_format(left, sizeof(left), "  %s", c->name);
			help_row(&o, left, c->about);
		}
	}
	if (!found)
		return CMD_USAGE;
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}
