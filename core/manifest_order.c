// SPDX-License-Identifier: MIT
/*
 * The order in which a manifest's containers start: dependencies first, otherwise as written. Says the whole
 * circle when there is one.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/lib/fd.h"
#include "core/manifest.h"

enum order_mark { ORDER_NEW, ORDER_OPEN, ORDER_DONE };

struct order_walk {
	const struct manifest *m;
	uint8_t *mark;	     /* enum order_mark of each container */
	unsigned int *order; /* what is placed, and from the end on the path that is open */
	unsigned int placed, open;
};

/* "a, b, c": each waits for the next, the last for the first. */
static int order_circle(const struct order_walk *w, unsigned int i, struct err *e)
{
	unsigned int n = w->m->n, at = n - w->open;
	char names[160];
	size_t used = 0;

	while (at < n && w->order[at] != i)
		at++;
	for (;; at--) {
		used += str_format(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
				   w->m->containers[w->order[at]]->name);
		if (at == n - w->open)
			break;
	}
	return err_set(e, ELOOP, "after, requires: these wait for each other: %s", names);
}

static int order_visit(struct order_walk *w, unsigned int i, struct err *e);

static int order_visit_all(struct order_walk *w, const struct strv *names, struct err *e)
{
	int ret = 0;

	for (unsigned int k = 0; ret >= 0 && k < names->n; k++) {
		int j = spec_is_healthy(names, k) ? -1 : manifest_index(w->m, names->v[k]);

		if (j >= 0)
			ret = order_visit(w, (unsigned int)j, e);
	}
	return ret;
}

/* As deep as there are containers, 1,000 at most. */
static int order_visit(struct order_walk *w, unsigned int i, struct err *e)
{
	const struct spec *s = w->m->containers[i];
	int ret;

	if (w->mark[i] == ORDER_DONE)
		return 0;
	if (w->mark[i] == ORDER_OPEN)
		return order_circle(w, i, e);
	w->mark[i] = ORDER_OPEN;
	/* placed + open never exceeds n, so both ends of one array do. */
	w->order[w->m->n - ++w->open] = i;
	ret = order_visit_all(w, &s->requires, e);
	if (ret >= 0)
		ret = order_visit_all(w, &s->after, e);
	if (ret < 0)
		return ret;
	w->mark[i] = ORDER_DONE;
	w->open--;
	w->order[w->placed++] = i;
	return 0;
}

int manifest_order(const struct manifest *m, unsigned int *order, struct err *e)
{
	AUTO_FREE uint8_t *mark = calloc(m->n + 1, 1);
	struct order_walk w = { .m = m, .mark = mark, .order = order };
	int ret = 0;

	if (!mark)
		return err_set(e, ENOMEM, "out of memory");
	for (unsigned int i = 0; ret >= 0 && i < m->n; i++)
		ret = order_visit(&w, i, e);
	return ret;
}
