// SPDX-License-Identifier: MIT
/*
 * The manifest of CONFIG_MANIFEST as finished structs, for a device that knows no other: the build machine
 * has read, checked and completed it with the device's own code. Stands in for everything that reads,
 * decodes and checks specs elsewhere. Nothing here is ever written to or freed.
 */
#include <errno.h>
#include <string.h>

#include "core/lib/capname.h"
#include "core/manifest.h"

/* What a name in the manifest stands for: a signal or a capability. */
struct manifest_number {
	const char *name;
	int number;
};

#include "generated/manifest_data.h"

static int manifest_number(const char *name)
{
	for (const struct manifest_number *n = manifest_numbers; n->name; n++)
		if (strcmp(n->name, name) == 0)
			return n->number;
	return -EINVAL;
}

int manifest_load(struct manifest *m, struct err *e)
{
	m->system = manifest_system;
	m->containers = manifest_containers;
	m->n = MANIFEST_CONTAINERS;
	return m->n ? 0 : err_set(e, ENOENT, "no manifest was compiled in");
}

int manifest_finish(struct manifest *m UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct spec *manifest_find(const struct manifest *m, const char *name)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (strcmp(m->containers[i]->name, name) == 0)
			return m->containers[i];
	return NULL;
}

void manifest_free(struct manifest *m)
{
	*m = (struct manifest){ 0 };
}

void spec_free(struct spec *s UNUSED)
{
}

int spec_signal(const char *text, int *sig, struct err *e UNUSED)
{
	*sig = manifest_number(text);
	return 0;
}

int capname_number(const char *word)
{
	return manifest_number(word);
}

const char *capname_text(unsigned int cap, char buf[CAPNAME_SIZE])
{
	str_format(buf, CAPNAME_SIZE, "number %u", cap);
	return buf;
}
