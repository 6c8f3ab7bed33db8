// SPDX-License-Identifier: MIT
/*
 * Kconfig files into the menu tree and the symbols' attributes. One line is one statement; what the
 * language can do beyond the part all readers agree on is refused here, by name.
 */
#include <string.h>

#include "kconfig.h"

enum { LINE_SIZE = 4096, HELP_SIZE = 16384, MAX_DEPTH = 16 };

struct parser {
	FILE *in;
	struct where where;
	char line[LINE_SIZE];
	const char *p;	      /* rest of the statement */
	struct node *block;   /* the menu, if or choice we are in */
	struct node *current; /* the entry attributes belong to, NULL when none may follow */
	bool again;	      /* the line was read ahead by a help text */
};

static int depth;

static struct node *add_node(struct parser *ps, enum node_kind kind)
{
	struct node *node = xalloc(sizeof(*node)), **at = &ps->block->child;

	while (*at)
		at = &(*at)->next;
	*at = node;
	node->kind = kind;
	node->parent = ps->block;
	node->where = ps->where;
	ps->current = node;
	return node;
}

static struct prop *add_prop(struct parser *ps, enum prop_kind kind)
{
	struct prop *prop = xalloc(sizeof(*prop)), **at;

	if (!ps->current || !ps->current->symbol)
		die(&ps->where, "this belongs into a config or choice");
	for (at = &ps->current->symbol->props; *at;)
		at = &(*at)->next;
	*at = prop;
	prop->kind = kind;
	prop->node = ps->current;
	return prop;
}

static void expect_end(struct parser *ps)
{
	struct token token;

	lex_token(&ps->p, &ps->where, &token);
	if (token.kind != TOKEN_END)
		die(&ps->where, "unexpected '%s' at the end of the line", token.text);
}

static const char *take_text(struct parser *ps)
{
	struct token token;

	lex_token(&ps->p, &ps->where, &token);
	if (token.kind != TOKEN_QUOTED)
		die(&ps->where, "a quoted text is missing");
	return xstrdup(token.text);
}

static struct symbol *take_symbol(struct parser *ps)
{
	struct token token;
	struct symbol *symbol;

	lex_token(&ps->p, &ps->where, &token);
	if (token.kind != TOKEN_WORD)
		die(&ps->where, "the name of a symbol is missing");
	symbol = symbol_get(token.text, false, &ps->where);
	if (symbol->constant)
		die(&ps->where, "'%s' cannot be the name of a symbol", token.text);
	return symbol;
}

/* Optional "if EXPR", then the end of the line. */
static struct expr *take_if(struct parser *ps)
{
	struct token token;
	struct expr *expr;

	lex_token(&ps->p, &ps->where, &token);
	if (token.kind == TOKEN_END)
		return NULL;
	if (token.kind != TOKEN_WORD || strcmp(token.text, "if") != 0)
		die(&ps->where, "unexpected '%s'; only 'if' may follow", token.text);
	expr = expr_parse(&ps->p, &ps->where);
	expect_end(ps);
	return expr;
}

static void set_type(struct parser *ps, enum type type)
{
	struct symbol *symbol = ps->current ? ps->current->symbol : NULL;

	if (!symbol)
		die(&ps->where, "a type belongs into a config");
	if (symbol->type != TYPE_UNKNOWN && symbol->type != type)
		die(&ps->where, "%s already has another type", symbol->name);
	symbol->type = type;
}

static void parse_prompt(struct parser *ps)
{
	struct prop *prop = add_prop(ps, PROP_PROMPT);

	prop->text = take_text(ps);
	prop->cond = take_if(ps);
}

static void parse_type(struct parser *ps, enum type type)
{
	const char *ahead = ps->p;
	struct token token;

	set_type(ps, type);
	lex_token(&ahead, &ps->where, &token);
	if (token.kind != TOKEN_END)
		parse_prompt(ps);
}

static void parse_default(struct parser *ps)
{
	struct prop *prop = add_prop(ps, PROP_DEFAULT);
	enum type type = ps->current->symbol->type;

	prop->value = expr_parse(&ps->p, &ps->where);
	if ((type > TYPE_BOOL || ps->current->kind == NODE_CHOICE) && prop->value->op != OP_SYMBOL)
		die(&ps->where, "default must be one value or symbol here");
	prop->cond = take_if(ps);
}

static void parse_depends(struct parser *ps)
{
	struct token token;

	lex_token(&ps->p, &ps->where, &token);
	if (strcmp(token.text, "on") != 0 || !ps->current)
		die(&ps->where, "'depends on' belongs into a config, choice, menu or comment");
	ps->current->depends = expr_and(ps->current->depends, expr_parse(&ps->p, &ps->where));
	expect_end(ps);
}

static void parse_visible(struct parser *ps)
{
	struct token token;

	lex_token(&ps->p, &ps->where, &token);
	if (strcmp(token.text, "if") != 0 || !ps->current || ps->current->kind != NODE_MENU)
		die(&ps->where, "'visible if' belongs into a menu");
	ps->current->visible_if = expr_and(ps->current->visible_if, expr_parse(&ps->p, &ps->where));
	expect_end(ps);
}

static void parse_select(struct parser *ps)
{
	struct prop *prop = add_prop(ps, PROP_SELECT);

	if (ps->current->kind == NODE_CHOICE)
		die(&ps->where, "a choice cannot select");
	prop->value = expr_symbol(take_symbol(ps));
	prop->cond = take_if(ps);
}

static struct expr *take_bound(struct parser *ps)
{
	struct token token;

	lex_token(&ps->p, &ps->where, &token);
	if (token.kind != TOKEN_WORD && token.kind != TOKEN_QUOTED)
		die(&ps->where, "range needs two numbers or symbols");
	return expr_symbol(symbol_get(token.text, false, &ps->where));
}

static void parse_range(struct parser *ps)
{
	struct prop *prop = add_prop(ps, PROP_RANGE);

	prop->value = take_bound(ps);
	prop->max = take_bound(ps);
	prop->cond = take_if(ps);
}

static size_t indentation(const char *line)
{
	size_t column = 0;

	for (; *line == ' ' || *line == '\t'; line++)
		column = *line == '\t' ? (column | 7) + 1 : column + 1;
	return column;
}

/* Everything indented at least as far as the first line; the line that ends it is kept for later. */
static void parse_help(struct parser *ps)
{
	char text[HELP_SIZE];
	size_t used = 0, first = 0;

	expect_end(ps);
	text[0] = '\0';
	while (lex_line(ps->in, &ps->where, ps->line, sizeof(ps->line))) {
		size_t column = indentation(ps->line);
		const char *words = ps->line + strspn(ps->line, " \t");

		if (*words && !first)
			first = column;
		if (*words && (!column || column < first)) {
			ps->again = true;
			break;
		}
		if (used + strlen(words) + 2 > sizeof(text))
			die(&ps->where, "help text is too long");
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", words);
	}
	if (!ps->current)
		die(&ps->where, "help belongs into a config, choice or menu");
	ps->current->help = xstrdup(text);
}

static void parse_config(struct parser *ps)
{
	struct symbol *symbol = take_symbol(ps);
	struct node *node = add_node(ps, NODE_CONFIG);

	node->symbol = symbol;
	if (!symbol->node) {
		symbol->node = node;
		symbol->used = ps->where;
	}
	expect_end(ps);
}

static void parse_choice(struct parser *ps)
{
	struct node *node = add_node(ps, NODE_CHOICE);

	expect_end(ps);
	node->symbol = symbol_new_choice(&ps->where);
	node->symbol->node = node;
	ps->block = node;
}

static void parse_menu(struct parser *ps)
{
	struct node *node = add_node(ps, NODE_MENU);

	node->title = take_text(ps);
	expect_end(ps);
	ps->block = node;
}

static void parse_comment(struct parser *ps)
{
	add_node(ps, NODE_COMMENT)->title = take_text(ps);
	expect_end(ps);
}

static void parse_if(struct parser *ps)
{
	struct node *node = add_node(ps, NODE_IF);

	node->depends = expr_parse(&ps->p, &ps->where);
	expect_end(ps);
	ps->block = node;
	ps->current = NULL;
}

static void parse_end(struct parser *ps, enum node_kind kind)
{
	if (ps->block->kind != kind || ps->block->where.file != ps->where.file)
		die(&ps->where, "this ends nothing that was begun in this file");
	expect_end(ps);
	ps->block = ps->block->parent;
	ps->current = NULL;
}

static void parse_mainmenu(struct parser *ps)
{
	root.title = take_text(ps);
	expect_end(ps);
	ps->current = NULL;
}

static void parse_into(const char *path, struct node *block);

static void parse_source(struct parser *ps)
{
	const char *path = take_text(ps);

	expect_end(ps);
	if (++depth > MAX_DEPTH)
		die(&ps->where, "files source each other too deeply");
	parse_into(path, ps->block);
	depth--;
	ps->current = NULL;
}

static void parse_def_bool(struct parser *ps)
{
	set_type(ps, TYPE_BOOL);
	parse_default(ps);
}

static void parse_bool(struct parser *ps)
{
	parse_type(ps, TYPE_BOOL);
}

static void parse_int(struct parser *ps)
{
	parse_type(ps, TYPE_INT);
}

static void parse_hex(struct parser *ps)
{
	parse_type(ps, TYPE_HEX);
}

static void parse_string(struct parser *ps)
{
	parse_type(ps, TYPE_STRING);
}

static void parse_endmenu(struct parser *ps)
{
	parse_end(ps, NODE_MENU);
}

static void parse_endif(struct parser *ps)
{
	parse_end(ps, NODE_IF);
}

static void parse_endchoice(struct parser *ps)
{
	struct node *node = ps->block;

	parse_end(ps, NODE_CHOICE);
	if (!node->symbol->props)
		die(&node->where, "choice without a prompt");
}

static void parse_refused(struct parser *ps)
{
	die(&ps->where, "this is left out on purpose: not every Kconfig reader agrees on it");
}

static const struct statement {
	const char *word;
	void (*parse)(struct parser *ps);
} statements[] = {
	{ "config", parse_config },
	{ "menuconfig", parse_config },
	{ "choice", parse_choice },
	{ "endchoice", parse_endchoice },
	{ "menu", parse_menu },
	{ "endmenu", parse_endmenu },
	{ "if", parse_if },
	{ "endif", parse_endif },
	{ "comment", parse_comment },
	{ "mainmenu", parse_mainmenu },
	{ "source", parse_source },
	{ "bool", parse_bool },
	{ "int", parse_int },
	{ "hex", parse_hex },
	{ "string", parse_string },
	{ "def_bool", parse_def_bool },
	{ "prompt", parse_prompt },
	{ "default", parse_default },
	{ "depends", parse_depends },
	{ "select", parse_select },
	{ "range", parse_range },
	{ "visible", parse_visible },
	{ "help", parse_help },
	{ "optional", parse_refused },
	{ "tristate", parse_refused },
	{ "def_tristate", parse_refused },
	{ "imply", parse_refused },
	{ "option", parse_refused },
	{ "modules", parse_refused },
	{ "rsource", parse_refused },
	{ "osource", parse_refused },
	{ "orsource", parse_refused },
};

static void parse_statement(struct parser *ps)
{
	struct token token;
	size_t i;

	ps->p = ps->line;
	lex_token(&ps->p, &ps->where, &token);
	if (token.kind == TOKEN_END)
		return;
	for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (token.kind == TOKEN_WORD && strcmp(token.text, statements[i].word) == 0) {
			statements[i].parse(ps);
			return;
		}
	die(&ps->where, "unknown statement '%s'", token.text);
}

static void parse_into(const char *path, struct node *block)
{
	struct parser ps = { .where = { .file = path }, .block = block };

	ps.in = fopen(path, "re");
	if (!ps.in)
		die(NULL, "%s: cannot be opened", path);
	while (ps.again || lex_line(ps.in, &ps.where, ps.line, sizeof(ps.line))) {
		ps.again = false;
		parse_statement(&ps);
	}
	fclose(ps.in);
	if (ps.block != block)
		die(&ps.block->where, "this is never ended");
}

void parse_file(const char *path)
{
	root.kind = NODE_ROOT;
	root.title = "Configuration";
	parse_into(path, &root);
	symbol_finalize();
}
