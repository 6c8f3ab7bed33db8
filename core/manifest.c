// SPDX-License-Identifier: MIT
/*
 * A whole manifest: where it comes from, the checks across its containers, its end. The text form
 * is in manifest_text.c, the compiled one in manifest_bin.c.
 */
#include "core/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/config.h"
#include "core/paths.h"
#include "core/when.h"

int manifest_add(struct manifest *m, struct spec *s, struct err *e)
{
	struct spec **more;

	/* Room is doubled at 0, 8, 16, 32 ... */
	if (m->n == MANIFEST_MAX_CONTAINERS) {
		spec_free(s);
		return err_set(e, E2BIG, "more than %d containers", MANIFEST_MAX_CONTAINERS);
	}
	if (!m->n || (m->n >= 8 && (m->n & (m->n - 1)) == 0)) {
		more = realloc(m->containers, (m->n ? 2 * m->n : 8) * sizeof(struct spec *));
		if (!more) {
			spec_free(s);
			return err_set(e, ENOMEM, "out of memory");
		}
		m->containers = more;
	}
	m->containers[m->n++] = s;
	return 0;
}

int manifest_index(const struct manifest *m, const char *name)
{
	for (unsigned int i = 0; i < m->n; i++) {
		if (m->containers[i]->name && !strcmp(m->containers[i]->name, name))
			return (int)i;
	}
	return -ENOENT;
}

const struct spec *manifest_find(const struct manifest *m, const char *name)
{
	int i = manifest_index(m, name);

	return i < 0 ? NULL : m->containers[i];
}

void manifest_free(struct manifest *m)
{
	for (unsigned int i = 0; i < m->n; i++)
		spec_free(m->containers[i]);
	free(m->containers);
	for (unsigned int i = 0; IS_ENABLED(CONFIG_NETWORK) && i < SECTION_N; i++)
		section_free_all(m->sections[i]);
	arena_free(&m->system.arena);
	*m = (struct manifest){ 0 };
}

static int manifest_load_builtin(struct manifest *m, struct err *e)
{
	int ret = manifest_decode(m, manifest_builtin, manifest_builtin_size, e);

	str_copy(m->source, sizeof(m->source), "compiled in");
	return ret < 0 ? err_wrap(e, m->source) : 0;
}

int manifest_load(struct manifest *m, struct err *e)
{
	bool builtin = manifest_builtin != NULL;
	char path[PATHS_MAX];
	int ret;

	if (builtin && (IS_ENABLED(CONFIG_MANIFEST_WINS) || !IS_ENABLED(CONFIG_MANIFEST_TEXT)))
		return manifest_load_builtin(m, e);
	if (!IS_ENABLED(CONFIG_MANIFEST_TEXT))
		return err_set(e, ENOENT,
			       "no manifest: none was compiled in, and this build reads no text");
	paths_of(path, paths.etc, "manifest", NULL);
	m->in_force = true;
	ret = manifest_read(m, path, e);
	return ret == -ENOENT && builtin ? manifest_load_builtin(m, e) : ret;
}

static int manifest_check_names(const struct manifest *m, const struct spec *s, const char *key,
				const struct strv *l, struct err *e)
{
	unsigned int best;
	const char *near = NULL;

	for (unsigned int i = 0; i < l->n; i++) {
		if (spec_is_healthy(l, i) || manifest_index(m, l->v[i]) >= 0)
			continue;
		best = str_nearest_begin(l->v[i]);
		for (unsigned int j = 0; j < m->n; j++)
			near = str_nearest_more(
				l->v[i], m->containers[j] == s ? NULL : m->containers[j]->name,
				&best, near);
		if (near)
			return err_set(e, EINVAL, "%s = %s: no such container (did you mean %s?)",
				       key, l->v[i], near);
		return err_set(e, EINVAL, "%s = %s: no such container", key, l->v[i]);
	}
	return 0;
}

struct fields manifest_section_fields(struct section *s, enum section_kind kind)
{
	const struct section_table *t = &section_tables[kind];

	return (struct fields){
		.base = s, .arena = &s->arena, .set = s->set, .rows = t->rows, .n = t->n
	};
}

/* Every network of s is known, and a static address is in one of them. */
static int manifest_check_networks(const struct manifest *m, const struct spec *s, struct err *e)
{
	struct section *list = m->sections[SECTION_NETWORK], *n;
	const char *near = NULL;
	unsigned int best;

	for (unsigned int i = 0; IS_ENABLED(CONFIG_NETWORK) && i < s->network.n; i++) {
		const char *name = s->network.v[i];

		if (net_is_builtin(name) || section_find(list, name))
			continue;
		best = str_nearest_begin(name);
		for (n = list; n; n = n->next)
			near = str_nearest_more(name, n->name, &best, near);
		return near ? err_set(e, EINVAL,
				      "network = %s: there is no [network %s] (did you mean %s?)",
				      name, name, near)
			    : err_set(e, EINVAL, "network = %s: there is no [network %s]", name,
				      name);
	}
	return 0;
}

/* A network that a start waits for is one of the manifest. */
static int manifest_check_when(const struct manifest *m, const struct spec *s, struct err *e)
{
	enum when_kind kind;
	const char *arg;

	for (unsigned int i = 0; i < s->when.n; i++)
		if (when_parse(s->when.v[i], &kind, &arg, e) == 0 && kind == WHEN_NETWORK &&
		    !section_find(m->sections[SECTION_NETWORK], arg) &&
		    !section_find(m->sections[SECTION_INTERFACE], arg))
			return err_set(e, EINVAL,
				       "when = network %s: there is no [network %s] and no "
				       "[interface %s]",
				       arg, arg, arg);
	return 0;
}

/* What [system] says for all containers that do not say it themselves. */
static int manifest_inherit(const struct manifest *m, struct spec *s, struct err *e)
{
	if (!IS_ENABLED(CONFIG_LOG_SENT) || !m->system.log_server || s->log_server)
		return 0;
	s->log_server = arena_str(&s->arena, m->system.log_server);
	return s->log_server ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int manifest_finish_one(const struct manifest *m, unsigned int i, struct err *e)
{
	struct spec *s = m->containers[i];
	int ret = manifest_inherit(m, s, e);

	ret = ret < 0 ? ret : spec_finish(s, e);

	if (!SPEC_FOREIGN)
		return ret;
	if (ret >= 0 && manifest_index(m, s->name) != (int)i)
		ret = err_set(e, EEXIST, "there are two containers of this name");
	if (ret >= 0)
		ret = manifest_check_names(m, s, "after", &s->after, e);
	if (ret >= 0)
		ret = manifest_check_names(m, s, "requires", &s->requires, e);
	if (ret >= 0)
		ret = manifest_check_networks(m, s, e);
	if (ret >= 0 && IS_ENABLED(CONFIG_WHEN))
		ret = manifest_check_when(m, s, e);
	if (ret >= 0)
		return 0;
	if (s->name)
		err_wrap(e, s->name);
	return s->origin ? err_wrap(e, s->origin) : ret;
}

int manifest_finish(struct manifest *m, struct err *e)
{
	unsigned int *order;
	int ret = IS_ENABLED(CONFIG_NETWORK) ? section_finish(m->sections, e) : 0;

	for (unsigned int i = 0; ret >= 0 && i < m->n; i++)
		ret = manifest_finish_one(m, i, e);
	if (ret < 0 || !m->n || !SPEC_FOREIGN)
		return ret;
	order = calloc(m->n, sizeof(*order));
	if (!order)
		return err_set(e, ENOMEM, "out of memory");
	ret = manifest_order(m, order, e);
	free(order);
	return ret < 0 ? ret : 0;
}
