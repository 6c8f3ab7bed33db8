/* SPDX-License-Identifier: MIT */
/*
 * Maps of ids and the files that name ranges: no sum wraps, no two ranges of a map meet, whatever is written.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/idmap.h"

static void idmap_sound(const struct idmap *m)
{
	for (unsigned int i = 0; i < m->n; i++) {
		uint64_t in = (uint64_t)m->r[i].inside + m->r[i].count;
		uint64_t out = (uint64_t)m->r[i].outside + m->r[i].count;

		if (!m->r[i].count || in > UINT32_MAX || out > UINT32_MAX)
			abort();
		for (unsigned int j = 0; j < i; j++)
			if ((m->r[j].inside < in &&
			     m->r[i].inside < (uint64_t)m->r[j].inside + m->r[j].count) ||
			    (m->r[j].outside < out &&
			     m->r[i].outside < (uint64_t)m->r[j].outside + m->r[j].count))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), name[33], out[IDMAP_TEXT];
	struct idmap m, k;
	struct err e;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (idmap_parse(text, &m, &e) == 0)
		idmap_sound(&m);
	if (idmap_parse_proc(text, &m) == 0) {
		idmap_sound(&m);
		idmap_text(&m, out);
		idmap_same(&m, &k);
		if (idmap_keep(&m, size ? data[0] * 300U : 0, &k) == 0)
			idmap_sound(&k);
	}
	if (idmap_subids(text, "/etc/subuid", "user", 1000, 1000, &m, &e) == 0)
		idmap_sound(&m);
	if (idmap_subids_free(text) > IDMAP_LAST - IDMAP_WANTED)
		abort();
	idmap_user(text, 1000, name, sizeof(name));
	free(text);
	return 0;
}
