// SPDX-License-Identifier: MIT
/* A Containerfile: parsed, then every step's words, value and pairs expanded. */
#include <stdlib.h>
#include <string.h>

#include "core/cfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *look(void *arg, const char *name)
{
	(void)arg;
	return *name == 'A' ? "a b/c.d" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct cfile f;

	if (cfile_parse(&f, "C", (const char *)data, size, &e) < 0 && !e.code)
		abort();
	for (unsigned int i = 0; i < f.n; i++) {
		struct cfile_vars v = { &f.arena, f.escape, look, NULL };
		struct strv words = { 0 }, pairs = { 0 };

		cfile_expand(&v, f.steps[i].text, &e);
		cfile_words(&v, f.steps[i].text, &words, &e);
		cfile_pairs(&v, f.steps[i].text, true, false, &pairs, &e);
		for (unsigned int j = 0; j < f.steps[i].n_docs; j++)
			cfile_expand_text(&v, f.steps[i].docs[j].text, &e);
	}
	cfile_free(&f);
	return 0;
}
