// SPDX-License-Identifier: MIT
/*
 * The table of symbols, and what is done once after parsing: dependencies of surrounding menus, ifs and
 * choices are joined into each attribute, selects are noted at their target, loops and undefined symbols
 * are refused.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kconfig.h"

struct symbol *symbols;
struct node root;
static struct symbol **last_symbol = &symbols;

static struct symbol *symbol_new(const char *name, const struct where *where)
{
	struct symbol *symbol = xalloc(sizeof(*symbol));

	symbol->name = name;
	symbol->used = *where;
	*last_symbol = symbol;
	last_symbol = &symbol->next;
	return symbol;
}

struct symbol *symbol_find(const char *name)
{
	struct symbol *symbol;

	for (symbol = symbols; symbol; symbol = symbol->next)
		if (symbol->name && !symbol->constant && strcmp(symbol->name, name) == 0)
			return symbol;
	return NULL;
}

static struct symbol *symbol_constant(const char *text, const struct where *where)
{
	struct symbol *symbol;

	for (symbol = symbols; symbol; symbol = symbol->next)
		if (symbol->constant && strcmp(symbol->name, text) == 0)
			return symbol;
	symbol = symbol_new(xstrdup(text), where);
	symbol->constant = true;
	symbol->value = symbol->name;
	symbol->state = CALC_DONE;
	if (strcmp(text, "y") == 0 || strcmp(text, "n") == 0)
		symbol->type = TYPE_BOOL;
	return symbol;
}

struct symbol *symbol_get(const char *name, bool constant, const struct where *where)
{
	struct symbol *symbol;

	if (constant || strcmp(name, "y") == 0 || strcmp(name, "n") == 0 || *name == '-' ||
	    isdigit((unsigned char)*name))
		return symbol_constant(name, where);
	symbol = symbol_find(name);
	return symbol ? symbol : symbol_new(xstrdup(name), where);
}

struct symbol *symbol_new_choice(const struct where *where)
{
	struct symbol *choice = symbol_new(NULL, where);

	choice->type = TYPE_BOOL;
	choice->members = xalloc(sizeof(choice->members[0]));
	return choice;
}

struct node *node_next(struct node *node)
{
	if (node->child)
		return node->child;
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}

/* "visible if" of the menus around a node; it hides prompts only. */
static struct expr *visible_around(const struct node *node)
{
	struct expr *visible = NULL;

	for (node = node->parent; node; node = node->parent)
		visible = expr_and(node->visible_if, visible);
	return visible;
}

static void finalize_props(struct node *node)
{
	struct prop *prop;
	struct symbol *target;

	for (prop = node->symbol->props; prop; prop = prop->next) {
		if (prop->node != node)
			continue;
		prop->cond = expr_and(node->depends, prop->cond);
		if (prop->kind == PROP_PROMPT)
			prop->cond = expr_and(visible_around(node), prop->cond);
		if (prop->kind != PROP_SELECT)
			continue;
		target = prop->value->symbol;
		target->selected_by = expr_or(target->selected_by,
					      expr_and(expr_symbol(node->symbol), prop->cond));
	}
}

static void add_member(struct symbol *choice, struct symbol *member)
{
	size_t size = sizeof(choice->members[0]);

	if (member->choice == choice)
		return;
	choice->members = realloc(choice->members, (choice->member_count + 1) * size);
	if (!choice->members)
		die(NULL, "no memory");
	choice->members[choice->member_count++] = member;
	member->choice = choice;
}

static void finalize_nodes(void)
{
	struct node *node;

	for (node = root.child; node; node = node_next(node)) {
		struct node *parent = node->parent;
		struct expr *around = parent->depends;

		/* what is inside a choice depends on the choice being made */
		if (parent->kind == NODE_CHOICE)
			around = expr_symbol(parent->symbol);
		node->depends = expr_and(around, node->depends);
		if (node->symbol)
			finalize_props(node);
		while (parent->kind == NODE_IF)
			parent = parent->parent;
		if (parent->kind == NODE_CHOICE && node->kind == NODE_CONFIG)
			add_member(parent->symbol, node->symbol);
	}
}

static void find_loop(struct symbol *symbol);

/* Look at all symbols of an expression but one. */
static void find_loop_expr(const struct expr *expr, const struct symbol *except)
{
	if (!expr)
		return;
	if (expr->symbol && expr->symbol != except)
		find_loop(expr->symbol);
	find_loop_expr(expr->left, except);
	find_loop_expr(expr->right, except);
}

/* The conditions of a member decide what the choice can pick; its own link back is no loop. */
static void find_loop_members(struct symbol *choice)
{
	struct prop *prop;
	size_t i;

	for (i = 0; i < choice->member_count; i++)
		for (prop = choice->members[i]->props; prop; prop = prop->next)
			if (prop->kind == PROP_PROMPT)
				find_loop_expr(prop->cond, choice);
}

static void find_loop(struct symbol *symbol)
{
	struct prop *prop;

	if (symbol->constant || symbol->mark == 2)
		return;
	if (symbol->mark == 1)
		die(&symbol->used, "%s depends on itself, maybe through others",
		    symbol->name ? symbol->name : "this choice");
	symbol->mark = 1;
	for (prop = symbol->props; prop; prop = prop->next) {
		find_loop_expr(prop->cond, NULL);
		/* a choice's default names a member, whose value follows from the choice */
		if (prop->kind != PROP_SELECT && !symbol->members)
			find_loop_expr(prop->value, NULL);
		find_loop_expr(prop->max, NULL);
	}
	find_loop_expr(symbol->selected_by, NULL);
	if (symbol->members)
		find_loop_members(symbol);
	symbol->mark = 2;
}

static void check_symbol(const struct symbol *symbol)
{
	const struct prop *prop;

	if (!symbol->constant && symbol->type == TYPE_UNKNOWN)
		die(&symbol->used, "symbol %s is %s", symbol->name,
		    symbol->node ? "without a type" : "not defined anywhere");
	for (prop = symbol->props; prop; prop = prop->next)
		if (prop->kind == PROP_SELECT && prop->value->symbol->type != TYPE_BOOL)
			die(&prop->node->where, "%s selects %s, which is not a bool", symbol->name,
			    prop->value->symbol->name);
	if (symbol->members && !symbol->member_count)
		die(&symbol->used, "choice without any config in it");
	if (symbol->choice && (symbol->type != TYPE_BOOL || symbol->selected_by))
		die(&symbol->used, "%s is in a choice: it must be a bool that nothing selects",
		    symbol->name);
}

void symbol_finalize(void)
{
	struct symbol *symbol;

	finalize_nodes();
	for (symbol = symbols; symbol; symbol = symbol->next)
		check_symbol(symbol);
	for (symbol = symbols; symbol; symbol = symbol->next)
		find_loop(symbol);
}
