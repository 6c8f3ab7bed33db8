// SPDX-License-Identifier: MIT
/*
 * Build machine: checks the manifest of CONFIG_MANIFEST with the device's own parser and prints it as C text.
 * A device that can be given other manifests, too, gets the compiled form (core/manifest_builtin.c), in
 * which defaults are its own. One that cannot gets finished structs (core/manifest_static.c), so that
 * nothing need be read, decoded or checked there. usage: compile [FILE]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cap.h"
#include "core/lib/config.h"
#include "core/manifest.h"

/* ---- compiled form ------------------------------------------------------------------------------- */

static int compile_bytes(const struct manifest *m, struct err *e)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int ret = manifest_encode(m, &bytes, &len, e);

	if (ret < 0)
		return ret;
	printf("MANIFEST_DATA = {");
	for (size_t i = 0; i < len; i++)
		printf("%s0x%02x,", i % 16 ? " " : "\n\t", bytes[i]);
	printf("\n};\n");
	free(bytes);
	return 0;
}

/* ---- structs ------------------------------------------------------------------------------------- */

static void compile_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c > '~' || strchr("\"\\?", c))
			printf("\\%03o", c);
		else
			putchar(c);
	}
	putchar('"');
}

static bool compile_is_list(const struct spec_field *f)
{
	return f->type == SPEC_WORDS || f->type == SPEC_LIST || f->type == SPEC_NAMES;
}

/* The arrays behind the lists of one struct; owner makes their names unique. */
static void compile_lists(const struct fields *t, const char *owner)
{
	for (unsigned int i = 0; i < t->n; i++) {
		const struct strv *l = fields_member(t, &t->rows[i]);

		if (!compile_is_list(&t->rows[i]) || !l->n)
			continue;
		printf("static char *const %s_%s[] = { ", owner, t->rows[i].member);
		for (unsigned int k = 0; k < l->n; k++) {
			compile_string(l->v[k]);
			printf(", ");
		}
		printf("NULL };\n");
	}
}

static void compile_member(const struct fields *t, const struct spec_field *f, const char *owner)
{
	const void *at = fields_member(t, f);
	const struct strv *l = at;

	if (compile_is_list(f)) {
		if (l->n)
			printf("\t.%s = { (char **)%s_%s, %u },\n", f->member, owner, f->member,
			       l->n);
	} else if (f->type == SPEC_STR) {
		if (*(const char *const *)at) {
			printf("\t.%s = ", f->member);
			compile_string(*(const char *const *)at);
			printf(",\n");
		}
	} else if (f->type == SPEC_BOOL) {
		if (*(const bool *)at)
			printf("\t.%s = true,\n", f->member);
	} else if (f->type == SPEC_INT) {
		if (*(const int64_t *)at)
			printf("\t.%s = %lld,\n", f->member, (long long)*(const int64_t *)at);
	} else if (*(const uint64_t *)at) {
		printf("\t.%s = UINT64_C(%llu),\n", f->member,
		       (unsigned long long)*(const uint64_t *)at);
	}
}

static void compile_members(const struct fields *t, const char *owner)
{
	for (unsigned int i = 0; i < t->n; i++)
		compile_member(t, &t->rows[i], owner);
}

static void compile_spec(struct spec *s, unsigned int i)
{
	struct fields t = SPEC_FIELDS(s);
	char owner[32];

	snprintf(owner, sizeof(owner), "container_%u", i);
	compile_lists(&t, owner);
	printf("static struct spec %s = {\n\t.name = ", owner);
	compile_string(s->name);
	printf(",\n");
	compile_members(&t, owner);
	printf("};\n");
}

/* Names that stand for numbers, as far as they are used. */
static void compile_numbers(const struct manifest *m)
{
	printf("static const struct manifest_number manifest_numbers[] = {\n");
	for (unsigned int i = 0; i < m->n; i++) {
		const struct spec *s = m->containers[i];
		const struct strv *caps[] = { &s->cap_add, &s->cap_drop, &s->cap_ambient };
		int sig;

		if (spec_signal(s->stop_signal, &sig, NULL) == 0)
			printf("\t{ \"%s\", %d },\n", s->stop_signal, sig);
		for (unsigned int k = 0; k < ARRAY_SIZE(caps); k++)
			for (unsigned int n = 0; n < caps[k]->n; n++)
				if (cap_of_name(caps[k]->v[n], NULL) >= 0)
					printf("\t{ \"%s\", %d },\n", caps[k]->v[n],
					       cap_of_name(caps[k]->v[n], NULL));
	}
	printf("\t{ NULL, 0 },\n};\n");
}

static void compile_structs(struct manifest *m)
{
	struct fields t = SYSTEM_FIELDS(&m->system);

	compile_lists(&t, "system");
	printf("static const struct system_spec manifest_system = {\n");
	compile_members(&t, "system");
	printf("};\n");
	for (unsigned int i = 0; i < m->n; i++)
		compile_spec(m->containers[i], i);
	printf("static struct spec *manifest_containers[] = {\n");
	for (unsigned int i = 0; i < m->n; i++)
		printf("\t&container_%u,\n", i);
	printf("\tNULL,\n};\n#define MANIFEST_CONTAINERS %uU\n", m->n);
	compile_numbers(m);
}

static int compile(const char *path, struct err *e)
{
	struct manifest m = { 0 };
	int ret = path ? manifest_read(&m, path, e) : 0;

	printf("/* Made from a manifest by tools/manifest/compile.c. */\n");
	/* First as it was written; finishing adds defaults. */
	if (ret >= 0 && !IS_ENABLED(MANIFEST_STRUCTS))
		ret = compile_bytes(&m, e);
	if (ret >= 0)
		ret = manifest_finish(&m, e);
	if (ret >= 0 && IS_ENABLED(MANIFEST_STRUCTS))
		compile_structs(&m);
	manifest_free(&m);
	return ret;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	if (argc > 2) {
		fprintf(stderr, "usage: compile [FILE]\n");
		return 2;
	}
	if (compile(argv[1], &e) < 0) {
		fprintf(stderr, "manifest: %s\n", e.msg);
		return 1;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
