// SPDX-License-Identifier: MIT
/*
 * From Kconfig and the user's values to every symbol's value: visibility, defaults, selects, choices,
 * ranges. The rules are those of the kernel's scripts/kconfig/symbol.c, with bool instead of tristate.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kconfig.h"

static const char *bool_text(bool value)
{
	return value ? "y" : "n";
}

void calc_clear(void)
{
	struct symbol *symbol;

	for (symbol = symbols; symbol; symbol = symbol->next)
		if (!symbol->constant)
			symbol->state = CALC_STALE;
}

bool calc_number(enum type type, const char *text, long long *value)
{
	int base = type == TYPE_INT ? 10 : type == TYPE_HEX ? 16 : 0;
	char *end;

	if (type == TYPE_BOOL) {
		*value = *text == 'y' ? 2 : 0;
		return *text == 'y' || *text == 'n';
	}
	errno = 0;
	*value = strtoll(text, &end, base);
	return !errno && end != text && !*end;
}

/* The first property of a kind whose condition holds. */
static const struct prop *first_prop(const struct symbol *symbol, enum prop_kind kind)
{
	const struct prop *prop;

	for (prop = symbol->props; prop; prop = prop->next)
		if (prop->kind == kind && expr_eval(prop->cond))
			return prop;
	return NULL;
}

static bool is_visible(const struct symbol *symbol)
{
	return first_prop(symbol, PROP_PROMPT) != NULL;
}

static bool is_selected(const struct symbol *symbol)
{
	return symbol->selected_by && expr_eval(symbol->selected_by);
}

struct symbol *calc_choice_default(const struct symbol *choice)
{
	const struct prop *prop;
	size_t i;

	for (prop = choice->props; prop; prop = prop->next)
		if (prop->kind == PROP_DEFAULT && expr_eval(prop->cond) &&
		    is_visible(prop->value->symbol))
			return prop->value->symbol;
	for (i = 0; i < choice->member_count; i++)
		if (is_visible(choice->members[i]))
			return choice->members[i];
	return NULL;
}

static void calc_choice(struct symbol *choice)
{
	/* members look at the choice's value while it picks one of them */
	choice->value = bool_text(choice->visible);
	choice->pick = NULL;
	choice->state = CALC_DONE;
	if (!choice->visible)
		return;
	if (choice->user_pick && is_visible(choice->user_pick))
		choice->pick = choice->user_pick;
	else
		choice->pick = calc_choice_default(choice);
	if (!choice->pick)
		choice->value = "n";
}

static void calc_bool(struct symbol *symbol)
{
	const struct prop *prop;
	bool value = false;

	if (symbol->choice && symbol->visible) {
		calc_value(symbol->choice);
		symbol->write = symbol->choice->visible;
		symbol->value = bool_text(symbol->choice->pick == symbol);
		return;
	}
	symbol->write = symbol->visible || is_selected(symbol);
	if (symbol->visible && symbol->user_value) {
		value = *symbol->user_value == 'y';
	} else {
		prop = first_prop(symbol, PROP_DEFAULT);
		symbol->write |= prop != NULL;
		value = prop && expr_eval(prop->value);
	}
	symbol->value = bool_text(value || is_selected(symbol));
}

/* A bound is a number or the name of a symbol that holds one. */
static long long bound(const struct symbol *symbol, const struct expr *expr)
{
	long long value;

	calc_value(expr->symbol);
	return calc_number(symbol->type, expr->symbol->value, &value) ? value : 0;
}

bool calc_range(const struct symbol *symbol, long long *min, long long *max)
{
	const struct prop *prop = NULL;

	if (symbol->type == TYPE_INT || symbol->type == TYPE_HEX)
		prop = first_prop(symbol, PROP_RANGE);
	if (!prop)
		return false;
	*min = bound(symbol, prop->value);
	*max = bound(symbol, prop->max);
	return true;
}

static void clamp(struct symbol *symbol)
{
	long long min, max, value = 0;
	char text[32];

	if (!calc_range(symbol, &min, &max))
		return;
	calc_number(symbol->type, symbol->value, &value);
	if (value >= min && value <= max)
		return;
	snprintf(text, sizeof(text), symbol->type == TYPE_HEX ? "0x%llx" : "%lld",
		 value < min ? min : max);
	symbol->value = xstrdup(text);
}

static void calc_text(struct symbol *symbol)
{
	const struct prop *prop;

	symbol->value = "";
	symbol->write = symbol->visible;
	if (symbol->visible && symbol->user_value) {
		symbol->value = symbol->user_value;
	} else {
		prop = first_prop(symbol, PROP_DEFAULT);
		if (prop) {
			symbol->write = true;
			calc_value(prop->value->symbol);
			symbol->value = prop->value->symbol->value;
		}
	}
	clamp(symbol);
}

void calc_value(struct symbol *symbol)
{
	if (symbol->state == CALC_DONE)
		return;
	if (symbol->state == CALC_BUSY)
		die(&symbol->used, "%s depends on itself", symbol->name ? symbol->name : "choice");
	symbol->state = CALC_BUSY;
	symbol->visible = is_visible(symbol);
	if (symbol->members)
		calc_choice(symbol);
	else if (symbol->type == TYPE_BOOL)
		calc_bool(symbol);
	else
		calc_text(symbol);
	symbol->state = CALC_DONE;
}

bool calc_node_visible(const struct node *node)
{
	return expr_eval(node->depends) && expr_eval(node->visible_if);
}

const char *calc_default(struct symbol *symbol)
{
	const struct prop *prop = first_prop(symbol, PROP_DEFAULT);

	if (symbol->type == TYPE_BOOL)
		return bool_text((prop && expr_eval(prop->value)) || is_selected(symbol));
	if (!prop)
		return "";
	calc_value(prop->value->symbol);
	return prop->value->symbol->value;
}

bool calc_changeable(struct symbol *symbol)
{
	calc_value(symbol);
	return symbol->visible && !is_selected(symbol);
}
