/* SPDX-License-Identifier: MIT */
/*
 * The Kconfig reader: what its files share. It reads the part of the Kconfig language that every known
 * reader understands alike (the kernel's Documentation/kbuild/kconfig-language.rst without tristate,
 * modules, imply, macros and environment symbols) and refuses the rest. It is a short program that runs
 * once on the build machine, so memory is never given back and every error ends it.
 */
#ifndef TOOLS_KCONFIG_KCONFIG_H
#define TOOLS_KCONFIG_KCONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum type { TYPE_UNKNOWN, TYPE_BOOL, TYPE_INT, TYPE_HEX, TYPE_STRING };

enum op { OP_SYMBOL, OP_NOT, OP_AND, OP_OR, OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE };

struct where {
	const char *file;
	int line;
};

/* An expression; NULL means "always". Comparisons have a symbol or constant on both sides. */
struct expr {
	enum op op;
	struct expr *left;
	struct expr *right;
	struct symbol *symbol; /* OP_SYMBOL */
};

enum prop_kind { PROP_PROMPT, PROP_DEFAULT, PROP_SELECT, PROP_RANGE };

/* One attribute of a symbol, in the order they were written. */
struct prop {
	struct prop *next;
	enum prop_kind kind;
	const char *text;   /* PROP_PROMPT */
	struct expr *value; /* default value, selected symbol or lower bound */
	struct expr *max;   /* PROP_RANGE: upper bound */
	struct expr *cond;  /* its "if", and after finalize() all dependencies around it */
	struct node *node;  /* where it was written */
};

enum node_kind { NODE_ROOT, NODE_MENU, NODE_COMMENT, NODE_IF, NODE_CONFIG, NODE_CHOICE };

/* One entry of the menu tree. */
struct node {
	struct node *next;
	struct node *child;
	struct node *parent;
	enum node_kind kind;
	struct symbol *symbol; /* NODE_CONFIG, NODE_CHOICE */
	const char *title;     /* NODE_ROOT, NODE_MENU, NODE_COMMENT */
	struct expr *depends;
	struct expr *visible_if; /* NODE_MENU: hides prompts, leaves values */
	const char *help;
	struct where where;
};

enum calc_state { CALC_STALE, CALC_BUSY, CALC_DONE };

struct symbol {
	struct symbol *next;
	const char *name; /* NULL for a choice */
	enum type type;
	bool constant;
	struct symbol *choice;	 /* the choice this symbol is a member of */
	struct symbol **members; /* of a choice, else NULL */
	size_t member_count;
	struct prop *props;
	struct expr *selected_by;
	struct node *node; /* where it was first defined */
	struct where used; /* where it was first mentioned */
	int mark;	   /* 0, 1 while and 2 after looking for loops */

	/* what the user wrote; for a choice, user_pick is the member that was set to y */
	const char *user_value;
	struct symbol *user_pick;
	struct where user_where;

	/* what follows from all of it; right only when state is CALC_DONE */
	enum calc_state state;
	bool visible;
	bool write; /* belongs into .config */
	const char *value;
	struct symbol *pick; /* of a choice that is y */
};

extern struct symbol *symbols; /* all of them, in the order they were met */
extern struct node root;

/* parse.c: read Kconfig files into `root` and `symbols`; ends the program on an error. */
void parse_file(const char *path);

/* lex.c: words of one line. */
enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_OP };

struct token {
	enum token_kind kind;
	char text[512];
};

/* Take the next token at *p (moved on); *where is for errors. */
void lex_token(const char **p, const struct where *where, struct token *token);
/* Read a line without its newline, joined with the next when it ends in a backslash; false at the end. */
bool lex_line(FILE *in, struct where *where, char *line, size_t size);

/* expr.c */
struct expr *expr_symbol(struct symbol *symbol);
struct expr *expr_join(enum op op, struct expr *left, struct expr *right);
/* Both must hold; either may be NULL (always). */
struct expr *expr_and(struct expr *left, struct expr *right);
/* One must hold; NULL means "never" here, for lists that start empty. */
struct expr *expr_or(struct expr *left, struct expr *right);
bool expr_eval(const struct expr *expr);
/* Parse an expression at *p up to a word that cannot continue it. */
struct expr *expr_parse(const char **p, const struct where *where);

/* symbol.c */
/* Find the symbol or make it (type unknown); quoted text and numbers become constants. */
struct symbol *symbol_get(const char *name, bool constant, const struct where *where);
struct symbol *symbol_find(const char *name);
struct symbol *symbol_new_choice(const struct where *where);
/* Join dependencies down the tree, note who selects whom, refuse loops and undefined symbols. */
void symbol_finalize(void);

/* calc.c */
/* Forget computed values after a change of user values. */
void calc_clear(void);
void calc_value(struct symbol *symbol);
bool calc_node_visible(const struct node *node);
/* The value it would have without the user, as savedefconfig means it (ranges not applied). */
const char *calc_default(struct symbol *symbol);
struct symbol *calc_choice_default(const struct symbol *choice);
/* Can the user change it now? */
bool calc_changeable(struct symbol *symbol);
/* The range that applies now; false when there is none. */
bool calc_range(const struct symbol *symbol, long long *min, long long *max);
bool calc_number(enum type type, const char *text, long long *value);

/* confio.c */
/* Read a .config or defconfig; ends the program on unknown symbols and bad values, naming each. */
void conf_read(const char *path);
/* Refuse values outside the range that applies to them. */
void conf_check_ranges(void);
/* Say which wanted values did not come true, as a defconfig should not have any. */
void conf_warn_lost(void);
/* Is TEXT a value this symbol can take, apart from its range? */
bool conf_valid(const struct symbol *symbol, const char *text);
/* Record TEXT (as in C memory, not quoted) as the user's value. */
void conf_set(struct symbol *symbol, const char *text, const struct where *where);
void conf_write(const char *path);
void conf_write_minimal(const char *path);
/* The line for one symbol, as .config has it. */
void conf_print_symbol(FILE *out, const struct symbol *symbol);

/* Walk the menu tree in order; start with &root, NULL at the end. */
struct node *node_next(struct node *node);

void *xalloc(size_t size);
char *xstrdup(const char *text);
void die(const struct where *where, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
