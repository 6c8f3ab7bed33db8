// SPDX-License-Identifier: MIT
/* Reading a Containerfile, its exec forms, here-documents, words and variables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cfile.h"

static struct cfile f;
static struct err e;

static int parse(const char *text)
{
	cfile_free(&f);
	e = (struct err){ 0 };
	return cfile_parse(&f, "C", text, strlen(text), &e);
}

static int done(void **state)
{
	(void)state;
	cfile_free(&f);
	return 0;
}

static void bad(const char *text, const char *says)
{
	assert_true(parse(text) < 0);
	if (!strstr(e.msg, says))
		fail_msg("%s\nsays: %s\nnot: %s", text, e.msg, says);
}

static void reads_steps(void **state)
{
	(void)state;
	assert_int_equal(
		parse("# a comment\nARG V=1\nfrom alpine:$V AS build\n\n"
		      "RUN make \\\n# in between\n\n   all\nCMD [\"sh\", \"-c\", \"a b\"]\n"),
		0);
	assert_int_equal(f.n, 4);
	assert_int_equal(f.steps[1].op, CFILE_FROM);
	assert_string_equal(f.steps[1].text, "alpine:$V AS build");
	assert_string_equal(f.steps[2].text, "make    all");
	assert_int_equal(f.steps[2].line, 5);
	assert_false(f.steps[2].is_exec);
	assert_true(f.steps[3].is_exec);
	assert_int_equal(f.steps[3].exec.n, 3);
	assert_string_equal(f.steps[3].exec.v[2], "a b");
	assert_int_equal(f.steps[3].line, 9);
}

static void reads_directives(void **state)
{
	(void)state;
	assert_int_equal(
		parse("# syntax=docker/dockerfile:1\n# escape = `\nFROM x\nRUN a `\n b\\\n"), 0);
	assert_int_equal(f.escape, '`');
	assert_string_equal(f.steps[1].text, "a  b\\");
	assert_int_equal(parse("FROM x\n# escape=`\nRUN a \\\n b"), 0);
	assert_string_equal(f.steps[1].text, "a  b");
	bad("# escape=x\nFROM x\n", "C:1: escape: must be");
	bad("# escape=`\n# escape=`\nFROM x\n", "C:2: escape: given twice");
}

static void joins_as_docker_does(void **state)
{
	(void)state;
	assert_int_equal(parse("FROM x\r\nRUN a\\\\\nRUN b \\  \n c\nRUN d \\"), 0);
	assert_int_equal(f.n, 4);
	assert_string_equal(f.steps[1].text, "a\\\\");
	assert_string_equal(f.steps[2].text, "b  c");
	assert_string_equal(f.steps[3].text, "d");
}

static void reads_flags(void **state)
{
	(void)state;
	assert_int_equal(parse("FROM x\nCOPY --from=build --chown=\"1:2\" --link a b /c/\n"
			       "HEALTHCHECK --interval=5s CMD [\"true\"]\nHEALTHCHECK none\n"),
			 0);
	assert_string_equal(f.steps[1].text, "a b /c/");
	assert_string_equal(cfile_flag(&f.steps[1], "from"), "build");
	assert_string_equal(cfile_flag(&f.steps[1], "chown"), "1:2");
	assert_string_equal(cfile_flag(&f.steps[1], "link"), "");
	assert_null(cfile_flag(&f.steps[1], "fro"));
	assert_true(f.steps[2].is_exec);
	assert_string_equal(f.steps[3].text, "NONE");
	bad("FROM x\nCOPY --form=a b c\n", "C:2: COPY: unknown flag --form");
	bad("FROM x\nCOPY --from=\"a b c\n", "a quote in a flag is not closed");
	bad("FROM x\nHEALTHCHECK true\n", "wants CMD");
}

static void reads_documents(void **state)
{
	(void)state;
	assert_int_equal(parse("FROM x\nRUN <<EOF sh\necho $A\nEOF\nCOPY <<-'one' <<two /etc/\n"
			       "\tA\n\tone\nB\n\ntwo\nUSER u\nRUN echo \"<<no\"\n"),
			 0);
	assert_int_equal(f.n, 5);
	assert_int_equal(f.steps[1].n_docs, 1);
	assert_string_equal(f.steps[1].docs[0].text, "echo $A\n");
	assert_true(f.steps[1].docs[0].expand);
	assert_int_equal(f.steps[2].n_docs, 2);
	assert_string_equal(f.steps[2].docs[0].name, "one");
	assert_string_equal(f.steps[2].docs[0].text, "A\n");
	assert_false(f.steps[2].docs[0].expand);
	assert_string_equal(f.steps[2].docs[1].text, "B\n\n");
	assert_int_equal(f.steps[3].line, 11);
	assert_int_equal(f.steps[4].n_docs, 0);
	bad("FROM x\nRUN <<EOF\na\n", "C:2: RUN: here-document without its end: EOF");
	bad("FROM x\nRUN a <<'' b\n", "<< without a name");
	assert_int_equal(parse("FROM x\nRUN echo $((1 << 3)) <<\nRUN a <<- <<E\nx\nE\n"), 0);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.steps[1].n_docs, 0);
	assert_int_equal(f.steps[2].n_docs, 1);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	bad("", "C: has no FROM");
	bad("# only this\n", "C: has no FROM");
	bad("RUN a\nFROM x\n", "C:1: RUN: comes before the first FROM");
	bad("FROM x\nCOPPY a b\n", "C:2: unknown instruction COPPY; did you mean COPY?");
	bad("FROM x\n\033[2J a\n", "\\x1b[2J");
	bad("FROM x\nONBUILD RUN a\n", "ONBUILD: not supported");
	bad("FROM\n", "C:1: FROM: wants something after it");
	bad("FROM x\nSHELL /bin/sh\n", "wants a list");
	e = (struct err){ 0 };
	cfile_free(&f);
	assert_true(cfile_parse(&f, "C", "FROM\0x", 6, &e) < 0);
	assert_non_null(strstr(e.msg, "NUL"));
}

static void reads_exec_forms(void **state)
{
	static const char *const not [] = {
		"a",   "[",	    "[a]",	     "[\"a\"",	      "[\"a\",]", "[\"a\" \"b\"]",
		"[1]", "[\"\\x\"]", "[\"\\ud800\"]", "[\"\\u0000\"]", "[\"a\"] b"
	};
	struct strv v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(not ); i++) {
		assert_int_equal(cfile_exec_form(&f.arena, not [i], &v), 0);
		assert_int_equal(v.n, 0);
	}
	assert_int_equal(cfile_exec_form(&f.arena, "[ ]", &v), 1);
	assert_int_equal(cfile_exec_form(&f.arena, "[\"\\u00e9\\n\", \"\\ud83d\\ude00\"]", &v), 1);
	assert_string_equal(v.v[0], "\xc3\xa9\n");
	assert_string_equal(v.v[1], "\xf0\x9f\x98\x80");
}

static const char *look(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "A") == 0)
		return "one two";
	if (strcmp(name, "P") == 0)
		return "a/b.tar.gz";
	return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static struct cfile_vars vars = { .arena = &f.arena, .escape = '\\', .lookup = look };

static void expands(void **state)
{
	static const char *const is[][2] = {
		{ "$A", "one two" },
		{ "x${A}y", "x"
			    "one two"
			    "y" },
		{ "'$A' \"$A\"", "$A one two" },
		{ "\\$A", "$A" },
		{ "\"\\$A \\n \\\"\"", "$A \\n \"" },
		{ "$NO|${NO:-d}|${EMPTY-d}|${EMPTY:-d}", "|d||d" },
		{ "${A:+yes}${NO:+yes}${EMPTY+is}", "yesis" },
		{ "${NO:-${A}}", "one two" },
		{ "${P#*/} ${P%%.*} ${P%.*}", "b.tar.gz a/b a/b.tar" },
		{ "${P##*.}", "gz" },
		{ "${P/./-} ${P//./-} ${P/b}", "a/b-tar.gz a/b-tar-gz a/.tar.gz" },
		{ "$ $$", "$ $$" },
		{ "${NO:-'}'}", "}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(is); i++) {
		const char *got = cfile_expand(&vars, is[i][0], &e);

		assert_non_null(got);
		assert_string_equal(got, is[i][1]);
	}
}

static void expands_documents(void **state)
{
	static const char *const is[][2] = {
		{ "name=\"foo\" path=C:\\new don't", "name=\"foo\" path=C:\\new don't" },
		{ "'$A' \"${NO:-d}\"", "'one two' \"d\"" },
		{ "\\$A \\\\ \\", "$A \\\\ \\" },
		{ "{\"a\": \"}\"}\n", "{\"a\": \"}\"}\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(is); i++) {
		const char *got = cfile_expand_text(&vars, is[i][0], &e);

		assert_non_null(got);
		assert_string_equal(got, is[i][1]);
	}
	assert_null(cfile_expand_text(&vars, "${A", &e));
}

static void expand_fails(void **state)
{
	static const char *const is[][2] = {
		{ "${A", "not closed" },	   { "${}", "without the name" },
		{ "'a", "single quote" },	   { "\"a", "double quote" },
		{ "${NO:?set it}", "NO: set it" }, { "${A!}", "unknown operator" },
		{ "${NO:-a", "not closed" },	   { "${A:", "unknown operator" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(is); i++) {
		assert_null(cfile_expand(&vars, is[i][0], &e));
		if (!strstr(e.msg, is[i][1]))
			fail_msg("%s says: %s", is[i][0], e.msg);
	}
}

static void splits_words(void **state)
{
	struct strv v = { 0 };

	(void)state;
	assert_int_equal(cfile_words(&vars, " a  $A \"$A\" '' b\\ c", &v, &e), 0);
	assert_int_equal(v.n, 6);
	assert_string_equal(v.v[1], "one");
	assert_string_equal(v.v[2], "two");
	assert_string_equal(v.v[3], "one two");
	assert_string_equal(v.v[4], "");
	assert_string_equal(v.v[5], "b c");
}

static void reads_pairs(void **state)
{
	struct strv v = { 0 };

	(void)state;
	assert_int_equal(cfile_pairs(&vars, "X=1 Y=\"a b\" Z=$A W=c\\ d", true, false, &v, &e), 0);
	assert_int_equal(v.n, 4);
	assert_string_equal(v.v[1], "Y=a b");
	assert_string_equal(v.v[2], "Z=one two");
	assert_string_equal(v.v[3], "W=c d");
	v = (struct strv){ 0 };
	assert_int_equal(cfile_pairs(&vars, "X a  b $A", true, false, &v, &e), 0);
	assert_string_equal(v.v[0], "X=a  b one two");
	assert_true(cfile_pairs(&vars, "X", true, false, &v, &e) < 0);
	assert_true(cfile_pairs(&vars, "=1", true, false, &v, &e) < 0);
	assert_true(cfile_pairs(&vars, "A=1 B", true, false, &v, &e) < 0);
	v = (struct strv){ 0 };
	assert_int_equal(cfile_pairs(&vars, "A=1 B", false, true, &v, &e), 0);
	assert_string_equal(v.v[1], "B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_steps, done),
		cmocka_unit_test_teardown(reads_directives, done),
		cmocka_unit_test_teardown(joins_as_docker_does, done),
		cmocka_unit_test_teardown(reads_flags, done),
		cmocka_unit_test_teardown(reads_documents, done),
		cmocka_unit_test_teardown(says_what_is_wrong, done),
		cmocka_unit_test_teardown(reads_exec_forms, done),
		cmocka_unit_test_teardown(expands, done),
		cmocka_unit_test_teardown(expands_documents, done),
		cmocka_unit_test_teardown(expand_fails, done),
		cmocka_unit_test_teardown(splits_words, done),
		cmocka_unit_test_teardown(reads_pairs, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
