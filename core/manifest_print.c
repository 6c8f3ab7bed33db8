// SPDX-License-Identifier: MIT
/*
 * Manifest text from structs: `manifest show` and `inspect`. What it prints reads back as the same
 * settings; control bytes leave as $'\x1b'.
 */
#include "core/lib/config.h"
#include "core/lib/words.h"
#include "core/manifest.h"

static void print_words(struct out *o, const struct spec_field *f, const struct strv *l)
{
	out_printf(o, "%s =", f->name);
	for (unsigned int i = 0; i < l->n; i++) {
		out_text(o, " ");
		words_print(o, l->v[i], f->type == SPEC_NAMES);
	}
	out_text(o, "\n");
}

static void print_value(struct out *o, const struct spec_field *f, const char *text)
{
	out_printf(o, "%s = ", f->name);
	words_print(o, text, true);
	out_text(o, "\n");
}

static void print_field(struct out *o, const struct fields *t, const struct spec_field *f)
{
	const void *member = fields_member(t, f);
	const struct strv *l = member;
	char buf[64];

	switch (f->type) {
	case SPEC_WORDS:
	case SPEC_NAMES:
		print_words(o, f, l);
		break;
	case SPEC_LIST:
		for (unsigned int i = 0; i < l->n; i++)
			print_value(o, f, l->v[i]);
		break;
	case SPEC_STR:
		print_value(o, f, *(const char *const *)member ? *(const char *const *)member : "");
		break;
	default:
		spec_get_field(t->base, f, 0, buf, sizeof(buf));
		print_value(o, f, buf);
	}
}

void manifest_print_fields(struct out *o, const struct fields *t)
{
	for (unsigned int i = 0; i < t->n; i++) {
		if (fields_is_set(t, &t->rows[i]))
			print_field(o, t, &t->rows[i]);
	}
}

void manifest_print(struct out *o, const struct manifest *m)
{
	struct fields t = SYSTEM_FIELDS((struct system_spec *)(uintptr_t)&m->system);
	bool any = m->system.set[0];

	if (any) {
		out_text(o, "[system]\n");
		manifest_print_fields(o, &t);
	}
	for (unsigned int k = 0; IS_ENABLED(CONFIG_NETWORK) && k < SECTION_N; k++) {
		for (struct section *s = m->sections[k]; s; s = s->next) {
			out_printf(o, "%s[%s %s]\n", any ? "\n" : "", section_tables[k].kind,
				   s->name);
			t = manifest_section_fields(s, k);
			manifest_print_fields(o, &t);
			any = true;
		}
	}
	for (unsigned int i = 0; i < m->n; i++) {
		out_printf(o, "%s[container %s]\n", i || any ? "\n" : "", m->containers[i]->name);
		t = SPEC_FIELDS(m->containers[i]);
		manifest_print_fields(o, &t);
	}
}
