// SPDX-License-Identifier: MIT
/*
 * Start conditions: when = of a container that is about to start. Looked at in the order they are written; the
 * first that does not hold is the reason that `ps` shows. Runs in the loop and never blocks. While somebody
 * waits the loop looks again by itself, less and less often; uevents make it look at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/plug.h"
#include "core/when.h"
#include "init/sup.h"

#define WHEN_MS 100 /* until the first look again, then doubled */
#define WHEN_MS_MAX 2000

static bool when_clock(const struct sup *s)
{
	struct timex t = { .modes = 0 };

	return s->when.time_good || (adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC));
}

static bool when_random(void)
{
	char byte;

	return getrandom(&byte, 1, GRND_NONBLOCK) == 1 || errno != EAGAIN;
}

static int when_note(const char *path, const struct stat *st, void *arg)
{
	(void)path, (void)st, (void)arg;
	return 0;
}

/* A link that is down has no carrier to read. */
static bool when_link(const char *name)
{
	char path[64], text[8] = "";

	str_format(path, sizeof(path), "/sys/class/net/%s/carrier", name);
	return fd_read_text(AT_FDCWD, path, text, sizeof(text)) > 0 && text[0] == '1';
}

/* An IPv4 route whose destination is everything. */
static bool when_default_route(void)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	if (fd_slurp(AT_FDCWD, "/proc/net/route", 1 << 20, &text, &len) < 0)
		return false;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line + strcspn(line, "\t\n"), "\t00000000\t", 10) == 0)
			return true;
	}
	return false;
}

static bool when_network(const struct sup *s, const char *name)
{
	const struct section *n;

	if (section_find(s->manifest.sections[SECTION_INTERFACE], name))
		return when_link(name);
	n = section_find(s->manifest.sections[SECTION_NETWORK], name);
	if (n && container_of(n, const struct net_spec, section)->parent)
		return when_link(container_of(n, const struct net_spec, section)->parent);
	return when_default_route();
}

static bool when_holds(const struct sup *s, const char *text)
{
	AUTO_FD int root = -1;
	enum when_kind kind;
	const char *arg;

	if (when_parse(text, &kind, &arg, NULL) < 0)
		return true;
	switch (kind) {
	case WHEN_TIME_GOOD:
		return when_clock(s);
	case WHEN_ENTROPY:
		return when_random();
	case WHEN_LINK:
		return when_link(arg);
	case WHEN_FILE:
		return access(arg, F_OK) == 0;
	case WHEN_NETWORK:
		return when_network(s, arg);
	default:
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return plug_each(root, arg, when_note, NULL) > 0;
	}
}

static void when_again(struct event_timer *t)
{
	container_of(t, struct sup, when.timer)->dirty = true;
}

static void when_arm(struct sup *s)
{
	if (s->when.timer.at)
		return;
	s->when.timer.expired = when_again;
	s->when.pause = s->when.pause ? min_u64(2 * s->when.pause, WHEN_MS_MAX) : WHEN_MS;
	event_timer_set(&s->loop, &s->when.timer, s->when.pause);
}

bool when_waits(struct ctr *c)
{
	const struct strv *list = &c->spec->when;
	const char *reason = "";
	char old[sizeof(c->rec.reason)];

	for (unsigned int i = 0; i < list->n && !*reason; i++)
		if (!when_holds(c->sup, list->v[i]))
			reason = list->v[i];
	memcpy(old, c->rec.reason, sizeof(old));
	str_copy(c->rec.reason, sizeof(c->rec.reason), reason);
	if (!*reason) {
		c->sup->when.pause = list->n ? 0 : c->sup->when.pause;
		return false;
	}
	if (strcmp(old, c->rec.reason) != 0)
		records_put(c, c->rec.phase);
	control_answer(c->sup, c);
	when_arm(c->sup);
	return true;
}

void when_kick(struct sup *s)
{
	if (!s->when.timer.at)
		return;
	event_timer_clear(&s->loop, &s->when.timer);
	s->when.pause = 0;
	s->dirty = true;
}
