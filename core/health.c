// SPDX-License-Identifier: MIT
/*
 * The key health and the count of what was seen: see health.h. Runs where specs are checked, in launchers
 * and in the supervisor; must never do more than look at words and numbers.
 */
#include "core/health.h"

#include <errno.h>
#include <string.h>

#include "core/lib/config.h"

#define HEALTH_DAY 86400000

static const char *const health_kinds[] = {
	[HEALTH_NONE] = "none", [HEALTH_EXEC] = "exec", [HEALTH_TCP] = "tcp",
	[HEALTH_HTTP] = "http", [HEALTH_FILE] = "file", [HEALTH_NOTIFY] = "notify",
};

enum { HEALTH_EVERY, HEALTH_TIMEOUT, HEALTH_RETRIES, HEALTH_START, HEALTH_N_OPTIONS };

static const char *const health_options[] = { "every", "timeout", "retries", "start-period" };

struct health_words {
	const struct strv *words;
	unsigned int at, end;
	bool set[HEALTH_N_OPTIONS];
};

static int health_option(const char *word)
{
	for (int i = 0; i < HEALTH_N_OPTIONS; i++)
		if (strcmp(health_options[i], word) == 0)
			return i;
	return -1;
}

static int health_set(struct health *h, struct health_words *w, int option, const char *value,
		      struct err *e)
{
	uint64_t *const times[] = { &h->every, &h->timeout, NULL, &h->start_period };
	uint64_t v;

	w->set[option] = true;
	if (option == HEALTH_RETRIES) {
		if (str_u64(value, 1, 1000, &v) < 0)
			return err_set(e, EINVAL, "retries %s: expected a number within 1..1000",
				       value);
		h->retries = (unsigned int)v;
		return 0;
	}
	if (str_time(value, &v) < 0 || v > HEALTH_DAY || (v < 10 && option != HEALTH_START))
		return err_set(e, EINVAL, "%s %s: expected a time like 10s, from 10ms to 1d",
			       health_options[option], value);
	*times[option] = v;
	return 0;
}

/* Pairs in front of the kind, and behind what belongs to it. */
static int health_pairs(struct health *h, struct health_words *w, struct err *e)
{
	while (w->at < w->end) {
		const char *word = w->words->v[w->at];
		int option = health_option(word), r;

		if (option < 0)
			return 0;
		if (w->at + 1 == w->end)
			return err_set(e, EINVAL, "%s: its value is missing", word);
		r = health_set(h, w, option, w->words->v[w->at + 1], e);
		if (r < 0)
			return r;
		w->at += 2;
	}
	return 0;
}

static int health_command(struct health *h, struct health_words *w, struct err *e)
{
	int option, r;

	while (w->end - w->at > 2 && (option = health_option(w->words->v[w->end - 2])) >= 0) {
		r = health_set(h, w, option, w->words->v[w->end - 1], e);
		if (r < 0)
			return r;
		w->end -= 2;
	}
	h->first = w->at;
	h->n = w->end - w->at;
	w->at = w->end;
	return h->n ? 0 : err_set(e, EINVAL, "exec: its command is missing");
}

static int health_port(struct health *h, struct health_words *w, struct err *e)
{
	const char *word = w->at < w->end ? w->words->v[w->at++] : "";
	uint64_t port;

	if (str_u64(word, 1, 65535, &port) < 0)
		return err_set(e, EINVAL, "%s %s: expected a port", health_kinds[h->kind], word);
	h->port = (uint16_t)port;
	return 0;
}

/* What goes into a request line has neither blanks nor control characters. */
static int health_path(struct health *h, struct health_words *w, struct err *e)
{
	const char *word = w->at < w->end ? w->words->v[w->at++] : "";
	bool bad = word[0] != '/' || !str_copy(h->path, sizeof(h->path), word);

	for (const char *p = word; h->kind == HEALTH_HTTP && *p; p++)
		bad |= *p <= ' ' || *p > '~';
	return bad ? err_set(e, EINVAL, "%s %.60s: expected a path from / on, of at most %d bytes",
			     health_kinds[h->kind], word, HEALTH_PATH - 1)
		   : 0;
}

static int health_kind(struct health *h, struct health_words *w, struct err *e)
{
	const char *word = w->at < w->end ? w->words->v[w->at++] : "";
	unsigned int i = 0;
	int r = 0;

	while (i < ARRAY_SIZE(health_kinds) && strcmp(health_kinds[i], word) != 0)
		i++;
	if (i == ARRAY_SIZE(health_kinds))
		return err_set(e, EINVAL, "%.60s: expected exec, tcp, http, file, notify or none",
			       word);
	h->kind = (enum health_kind)i;
	if (h->kind == HEALTH_EXEC)
		return health_command(h, w, e);
	if (h->kind == HEALTH_TCP || h->kind == HEALTH_HTTP)
		r = health_port(h, w, e);
	if (r == 0 && (h->kind == HEALTH_HTTP || h->kind == HEALTH_FILE))
		r = health_path(h, w, e);
	return r;
}

/* Nobody asks one that says by itself how it is. */
static int health_defaults(struct health *h, const struct health_words *w, struct err *e)
{
	bool notify = h->kind == HEALTH_NOTIFY;

	if (notify && w->set[HEALTH_TIMEOUT])
		return err_set(e, EINVAL, "timeout: notify has none; see every and start-period");
	if (!w->set[HEALTH_EVERY])
		h->every = notify ? 0 : 30000;
	if (!w->set[HEALTH_TIMEOUT])
		h->timeout = 10000;
	if (!w->set[HEALTH_RETRIES])
		h->retries = notify ? 1 : 3;
	if (!w->set[HEALTH_START])
		h->start_period = notify ? 90000 : 0;
	return 0;
}

int health_parse(const struct strv *words, struct health *h, struct err *e)
{
	struct health_words w = { .words = words, .end = words->n };
	int r;

	*h = (struct health){ .kind = HEALTH_NONE };
	if (!words->n)
		return 0;
	r = health_pairs(h, &w, e);
	if (r == 0)
		r = health_kind(h, &w, e);
	if (r == 0)
		r = health_pairs(h, &w, e);
	if (r == 0 && w.at < w.end)
		r = err_set(e, EINVAL, "%.60s: expected every, timeout, retries or start-period",
			    words->v[w.at]);
	return r < 0 ? r : health_defaults(h, &w, e);
}

bool health_judge(const struct health *h, struct health_count *n, bool good, uint64_t since)
{
	if (good) {
		n->failures = 0;
		n->was_healthy = true;
		return false;
	}
	n->failures++;
	if (n->was_healthy)
		return n->failures >= h->retries;
	return since >= h->start_period + h->retries * h->every;
}

uint64_t health_pause(const struct health *h, const struct health_count *n)
{
	return n->was_healthy || h->every < HEALTH_SOON ? h->every : HEALTH_SOON;
}
