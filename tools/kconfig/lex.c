// SPDX-License-Identifier: MIT
/*
 * Lines and words of Kconfig files, and the few helpers the reader's files share. Knows nothing of what
 * the words mean.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kconfig.h"

void *xalloc(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		die(NULL, "no memory");
	return memory;
}

char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xalloc(size), text, size);
}

void die(const struct where *where, const char *format, ...)
{
	va_list args;

	if (where)
		fprintf(stderr, "%s:%d: ", where->file, where->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* One physical line into line[]; false at the end of the file. */
static bool read_physical(FILE *in, struct where *where, char *line, size_t size)
{
	size_t length;

	if (!fgets(line, (int)size, in))
		return false;
	where->line++;
	length = strlen(line);
	if (length + 1 == size && line[length - 1] != '\n')
		die(where, "line is longer than %zu bytes", size - 2);
	while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		line[--length] = '\0';
	return true;
}

bool lex_line(FILE *in, struct where *where, char *line, size_t size)
{
	size_t length;

	if (!read_physical(in, where, line, size))
		return false;
	for (length = strlen(line); length && line[length - 1] == '\\'; length = strlen(line)) {
		line[length - 1] = ' ';
		if (!read_physical(in, where, line + length, size - length))
			break;
	}
	return true;
}

static void lex_quoted(const char **p, const struct where *where, struct token *token)
{
	char quote = *(*p)++;
	size_t n = 0;

	for (; **p != quote; (*p)++) {
		if (**p == '\\' && (*p)[1])
			(*p)++;
		if (!**p)
			die(where, "text has no closing %c", quote);
		if (n + 1 == sizeof(token->text))
			die(where, "text is too long");
		token->text[n++] = **p;
	}
	(*p)++;
	token->text[n] = '\0';
	token->kind = TOKEN_QUOTED;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '/';
}

static size_t operator_length(const char *p)
{
	static const char *const two[] = { "&&", "||", "!=", "<=", ">=" };
	size_t i;

	for (i = 0; i < sizeof(two) / sizeof(two[0]); i++)
		if (strncmp(p, two[i], 2) == 0)
			return 2;
	return strchr("!=<>()", *p) ? 1 : 0;
}

void lex_token(const char **p, const struct where *where, struct token *token)
{
	size_t n = 0;

	while (**p == ' ' || **p == '\t')
		(*p)++;
	token->text[0] = '\0';
	token->kind = TOKEN_END;
	if (!**p || **p == '#')
		return;
	if (**p == '"' || **p == '\'') {
		lex_quoted(p, where, token);
		return;
	}
	token->kind = TOKEN_WORD;
	while (is_word((*p)[n]) && n + 1 < sizeof(token->text))
		n++;
	if (!n) {
		token->kind = TOKEN_OP;
		n = operator_length(*p);
	}
	if (!n)
		die(where, "unexpected '%s'%s", *p,
		    **p == '$' ? "; macros and environment symbols are not used here" : "");
	memcpy(token->text, *p, n);
	token->text[n] = '\0';
	*p += n;
}
