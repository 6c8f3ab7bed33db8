// SPDX-License-Identifier: MIT
/*
 * .config and defconfig files: strict reading, stable writing. Fragments in merge_config format are read
 * alike: a later line wins. A line that cannot be meant is an error with file and line, never skipped.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kconfig.h"

enum { LINE_SIZE = 4096 };

static int mistakes;

#define mistake(where, ...)                                               \
	do {                                                              \
		fprintf(stderr, "%s:%d: ", (where)->file, (where)->line); \
		fprintf(stderr, __VA_ARGS__);                             \
		fputc('\n', stderr);                                      \
		mistakes++;                                               \
	} while (0)

static bool valid_int(const char *text)
{
	size_t digits;

	if (*text == '-')
		text++;
	digits = strspn(text, "0123456789");
	return digits && !text[digits] && (*text != '0' || digits == 1);
}

static bool valid_hex(const char *text)
{
	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X') || !text[2])
		return false;
	return !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")];
}

bool conf_valid(const struct symbol *symbol, const char *text)
{
	long long value;

	switch (symbol->type) {
	case TYPE_BOOL:
		return strcmp(text, "y") == 0 || strcmp(text, "n") == 0;
	case TYPE_INT:
		return valid_int(text) && calc_number(TYPE_INT, text, &value);
	case TYPE_HEX:
		return valid_hex(text) && calc_number(TYPE_HEX, text, &value);
	default:
		return true;
	}
}

static const char *expected(const struct symbol *symbol)
{
	switch (symbol->type) {
	case TYPE_BOOL:
		return "y or n";
	case TYPE_INT:
		return "a decimal number";
	case TYPE_HEX:
		return "a number like 0x1f";
	default:
		return "text in double quotes";
	}
}

void conf_set(struct symbol *symbol, const char *text, const struct where *where)
{
	symbol->user_value = xstrdup(text);
	symbol->user_where = *where;
	if (symbol->choice && *text == 'y')
		symbol->choice->user_pick = symbol;
}

/* "text" with \" and \\ to plain text, in place; false when the quotes are not right. */
static bool unquote(char *text)
{
	char *out = text, *in = text + 1;

	if (*text != '"')
		return false;
	for (; *in != '"'; *out++ = *in++) {
		if (*in == '\\')
			in++;
		if (!*in)
			return false;
	}
	*out = '\0';
	return !in[1];
}

static struct symbol *known(const char *name, const struct where *where)
{
	struct symbol *symbol = symbol_find(name);

	if (symbol)
		return symbol;
	mistake(where, "CONFIG_%s: unknown symbol; remove the line or correct the name", name);
	return NULL;
}

static void read_assignment(char *line, const struct where *where)
{
	char *value = strchr(line, '=');
	struct symbol *symbol;

	if (strncmp(line, "CONFIG_", 7) != 0 || !value) {
		mistake(where, "'%s' is neither CONFIG_NAME=value nor a comment", line);
		return;
	}
	*value++ = '\0';
	symbol = known(line + 7, where);
	/* a number without a value is what writing one without a default gives */
	if (!symbol || (symbol->type >= TYPE_INT && symbol->type <= TYPE_HEX && !*value))
		return;
	if ((symbol->type == TYPE_STRING && !unquote(value)) || !conf_valid(symbol, value))
		mistake(where, "%s=%s: the value must be %s", line, value, expected(symbol));
	else
		conf_set(symbol, value, where);
}

/* "# CONFIG_X is not set" is a statement, any other comment is not. */
static void read_comment(char *line, const struct where *where)
{
	static const char tail[] = " is not set";
	size_t length = strlen(line);
	struct symbol *symbol;

	if (strncmp(line, "# CONFIG_", 9) != 0 || length < 9 + sizeof(tail) ||
	    strcmp(line + length - strlen(tail), tail) != 0)
		return;
	line[length - strlen(tail)] = '\0';
	symbol = known(line + 9, where);
	if (symbol && symbol->type == TYPE_BOOL)
		conf_set(symbol, "n", where);
}

static void end_if_mistaken(void)
{
	if (mistakes)
		exit(1);
}

void conf_read(const char *path)
{
	struct where where = { .file = xstrdup(path) };
	char line[LINE_SIZE];
	FILE *in = fopen(path, "re");
	size_t length;

	if (!in)
		die(NULL, "%s: cannot be opened", path);
	while (fgets(line, sizeof(line), in)) {
		where.line++;
		length = strlen(line);
		if (length + 1 == sizeof(line))
			die(&where, "line is longer than %d bytes", LINE_SIZE - 2);
		while (length && isspace((unsigned char)line[length - 1]))
			line[--length] = '\0';
		if (*line == '#')
			read_comment(line, &where);
		else if (*line)
			read_assignment(line, &where);
	}
	fclose(in);
	end_if_mistaken();
	calc_clear();
}

void conf_check_ranges(void)
{
	struct symbol *symbol;
	long long min, max, value;

	for (symbol = symbols; symbol; symbol = symbol->next) {
		if (symbol->constant || !symbol->user_value)
			continue;
		calc_value(symbol);
		if (!symbol->visible || !calc_range(symbol, &min, &max) ||
		    !calc_number(symbol->type, symbol->user_value, &value))
			continue;
		if (value < min || value > max)
			mistake(&symbol->user_where,
				symbol->type == TYPE_HEX
					? "CONFIG_%s=%s: out of range, allowed are 0x%llx to 0x%llx"
					: "CONFIG_%s=%s: out of range, allowed are %lld to %lld",
				symbol->name, symbol->user_value, min, max);
	}
	end_if_mistaken();
}

void conf_warn_lost(void)
{
	struct symbol *symbol;

	for (symbol = symbols; symbol; symbol = symbol->next) {
		if (symbol->constant || !symbol->user_value)
			continue;
		calc_value(symbol);
		if (strcmp(symbol->value, symbol->user_value) != 0)
			fprintf(stderr,
				"%s:%d: warning: CONFIG_%s=%s has no effect, it is %s: see its "
				"dependencies\n",
				symbol->user_where.file, symbol->user_where.line, symbol->name,
				symbol->user_value, symbol->value);
	}
}

void conf_print_symbol(FILE *out, const struct symbol *symbol)
{
	const char *p;

	if (symbol->type == TYPE_BOOL && *symbol->value == 'n') {
		fprintf(out, "# CONFIG_%s is not set\n", symbol->name);
		return;
	}
	fprintf(out, "CONFIG_%s=", symbol->name);
	if (symbol->type != TYPE_STRING) {
		fprintf(out, "%s\n", symbol->value);
		return;
	}
	fputc('"', out);
	for (p = symbol->value; *p; p++) {
		if (*p == '"' || *p == '\\')
			fputc('\\', out);
		fputc(*p, out);
	}
	fputs("\"\n", out);
}

static FILE *open_new(const char *path, char *new, size_t size)
{
	FILE *out;

	if ((size_t)snprintf(new, size, "%s.new", path) >= size)
		die(NULL, "%s: the name is too long", path);
	out = fopen(new, "we");
	if (!out)
		die(NULL, "%s: cannot be written", new);
	return out;
}

static void close_new(FILE *out, const char *path, const char *new)
{
	bool bad = ferror(out);

	if (fclose(out) || bad || rename(new, path))
		die(NULL, "%s: could not be written completely", path);
}

void conf_write(const char *path)
{
	char new[LINE_SIZE], old[LINE_SIZE];
	FILE *out = open_new(path, new, sizeof(new));
	struct node *node;

	fprintf(out, "#\n# Automatically generated file; DO NOT EDIT.\n# %s\n#\n", root.title);
	calc_clear();
	for (node = root.child; node; node = node_next(node)) {
		if (node->title && calc_node_visible(node))
			fprintf(out, "\n#\n# %s\n#\n", node->title);
		if (node->kind != NODE_CONFIG || node->symbol->node != node)
			continue;
		calc_value(node->symbol);
		if (node->symbol->write)
			conf_print_symbol(out, node->symbol);
	}
	if (snprintf(old, sizeof(old), "%s.old", path) < (int)sizeof(old))
		rename(path, old);
	close_new(out, path, new);
	printf("#\n# configuration written to %s\n#\n", path);
}

/* Would the value be the same if the line were left out? */
static bool is_default(struct symbol *symbol)
{
	if (strcmp(symbol->value, calc_default(symbol)) == 0)
		return true;
	return symbol->choice && *symbol->value == 'y' &&
	       calc_choice_default(symbol->choice) == symbol;
}

void conf_write_minimal(const char *path)
{
	char new[LINE_SIZE];
	FILE *out = open_new(path, new, sizeof(new));
	struct node *node;

	calc_clear();
	for (node = root.child; node; node = node_next(node)) {
		if (node->kind != NODE_CONFIG || node->symbol->node != node)
			continue;
		if (calc_changeable(node->symbol) && node->symbol->write &&
		    !is_default(node->symbol))
			conf_print_symbol(out, node->symbol);
	}
	close_new(out, path, new);
}
