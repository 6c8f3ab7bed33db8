// SPDX-License-Identifier: MIT
/* Expressions of Kconfig: parsing, joining, evaluating. Comparison follows the kernel's expr.c rules. */
#include <string.h>

#include "kconfig.h"

struct expr *expr_join(enum op op, struct expr *left, struct expr *right)
{
	struct expr *expr = xalloc(sizeof(*expr));

	expr->op = op;
	expr->left = left;
	expr->right = right;
	return expr;
}

struct expr *expr_symbol(struct symbol *symbol)
{
	struct expr *expr = expr_join(OP_SYMBOL, NULL, NULL);

	expr->symbol = symbol;
	return expr;
}

struct expr *expr_and(struct expr *left, struct expr *right)
{
	if (!left || !right)
		return left ? left : right;
	return expr_join(OP_AND, left, right);
}

struct expr *expr_or(struct expr *left, struct expr *right)
{
	if (!left || !right)
		return left ? left : right;
	return expr_join(OP_OR, left, right);
}

/* Like strcmp(), but by number when both sides are numbers (a bool counts as 0 or 2). */
static int compare(const struct expr *left, const struct expr *right)
{
	struct symbol *a = left->symbol, *b = right->symbol;
	long long x, y;

	calc_value(a);
	calc_value(b);
	if (calc_number(a->type, a->value, &x) && calc_number(b->type, b->value, &y))
		return (x > y) - (x < y);
	return strcmp(a->value, b->value);
}

static bool eval_symbol(struct symbol *symbol)
{
	calc_value(symbol);
	if (symbol->type != TYPE_BOOL && !symbol->constant)
		return false;
	return strcmp(symbol->value, "y") == 0;
}

bool expr_eval(const struct expr *expr)
{
	if (!expr)
		return true;
	switch (expr->op) {
	case OP_SYMBOL:
		return eval_symbol(expr->symbol);
	case OP_NOT:
		return !expr_eval(expr->left);
	case OP_AND:
		return expr_eval(expr->left) && expr_eval(expr->right);
	case OP_OR:
		return expr_eval(expr->left) || expr_eval(expr->right);
	case OP_EQ:
		return compare(expr->left, expr->right) == 0;
	case OP_NE:
		return compare(expr->left, expr->right) != 0;
	case OP_LT:
		return compare(expr->left, expr->right) < 0;
	case OP_GT:
		return compare(expr->left, expr->right) > 0;
	case OP_LE:
		return compare(expr->left, expr->right) <= 0;
	case OP_GE:
		return compare(expr->left, expr->right) >= 0;
	}
	return false;
}

/* Is the next token this operator? Then take it. */
static bool take_op(const char **p, const struct where *where, const char *op)
{
	const char *ahead = *p;
	struct token token;

	lex_token(&ahead, where, &token);
	if (token.kind != TOKEN_OP || strcmp(token.text, op) != 0)
		return false;
	*p = ahead;
	return true;
}

static struct expr *parse_operand(const char **p, const struct where *where)
{
	struct token token;

	lex_token(p, where, &token);
	if (token.kind != TOKEN_WORD && token.kind != TOKEN_QUOTED)
		die(where, "a symbol or a quoted text is missing%s%s",
		    *token.text ? " before " : "", token.text);
	return expr_symbol(symbol_get(token.text, token.kind == TOKEN_QUOTED, where));
}

static struct expr *parse_comparison(const char **p, const struct where *where)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = { { "=", OP_EQ },  { "!=", OP_NE }, { "<=", OP_LE },
		    { ">=", OP_GE }, { "<", OP_LT },  { ">", OP_GT } };
	struct expr *left = parse_operand(p, where);
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (take_op(p, where, ops[i].text))
			return expr_join(ops[i].op, left, parse_operand(p, where));
	return left;
}

static struct expr *parse_unary(const char **p, const struct where *where)
{
	struct expr *expr;

	if (take_op(p, where, "!"))
		return expr_join(OP_NOT, parse_unary(p, where), NULL);
	if (!take_op(p, where, "("))
		return parse_comparison(p, where);
	expr = expr_parse(p, where);
	if (!take_op(p, where, ")"))
		die(where, "')' is missing");
	return expr;
}

static struct expr *parse_and(const char **p, const struct where *where)
{
	struct expr *expr = parse_unary(p, where);

	while (take_op(p, where, "&&"))
		expr = expr_join(OP_AND, expr, parse_unary(p, where));
	return expr;
}

struct expr *expr_parse(const char **p, const struct where *where)
{
	struct expr *expr = parse_and(p, where);

	while (take_op(p, where, "||"))
		expr = expr_join(OP_OR, expr, parse_and(p, where));
	return expr;
}
