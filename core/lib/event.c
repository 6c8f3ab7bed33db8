/* SPDX-License-Identifier: MIT */
/*
 * The event loop. See event.h. PID 1 lives in it: nothing here blocks but event_turn() itself, and
 * nothing allocates.
 */
#include "core/lib/event.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/util.h"

uint64_t event_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int event_open(struct event_loop *l)
{
	*l = (struct event_loop){ .epfd = epoll_create1(EPOLL_CLOEXEC) };
	return l->epfd < 0 ? -errno : 0;
}

void event_close(struct event_loop *l)
{
	if (l->epfd >= 0)
		close(l->epfd);
	l->epfd = -1;
}

static int event_control(struct event_loop *l, int op, struct event_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(l->epfd, op, s->fd, &ev) < 0 ? -errno : 0;
}

int event_add(struct event_loop *l, struct event_source *s, uint32_t events)
{
	return event_control(l, EPOLL_CTL_ADD, s, events);
}

int event_change(struct event_loop *l, struct event_source *s, uint32_t events)
{
	return event_control(l, EPOLL_CTL_MOD, s, events);
}

int event_remove(struct event_loop *l, struct event_source *s)
{
	int fd = s->fd;

	if (fd >= 0)
		event_control(l, EPOLL_CTL_DEL, s, 0);
	/* A callback of this turn may remove a source that is ready later in the same turn. */
	for (int i = 0; i < l->n_running; i++)
		if (l->running[i] == s)
			l->running[i] = NULL;
	s->fd = -1;
	return fd;
}

void event_timer_clear(struct event_loop *l, struct event_timer *t)
{
	struct event_timer **at = &l->timers;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
	t->next = NULL;
	t->at = 0;
}

void event_timer_set(struct event_loop *l, struct event_timer *t, uint64_t ms)
{
	struct event_timer **at = &l->timers;

	event_timer_clear(l, t);
	t->at = event_now() + ms;
	while (*at && (*at)->at <= t->at)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

static int event_wait_ms(const struct event_loop *l, int max_ms)
{
	uint64_t now, left;

	if (!l->timers)
		return max_ms;
	now = event_now();
	left = l->timers->at > now ? l->timers->at - now : 0;
	left = min_u64(left, INT_MAX);
	return max_ms >= 0 && (uint64_t)max_ms < left ? max_ms : (int)left;
}

/* Timers armed by a callback of this turn with no delay wait for the next turn. */
static void event_run_timers(struct event_loop *l)
{
	uint64_t now = event_now();

	for (int budget = 64; budget > 0 && l->timers && l->timers->at <= now; budget--) {
		struct event_timer *t = l->timers;

		l->timers = t->next;
		t->next = NULL;
		t->at = 0;
		t->expired(t);
	}
}

int event_turn(struct event_loop *l, int max_ms)
{
	struct epoll_event ev[ARRAY_SIZE(l->running)];
	int n = epoll_wait(l->epfd, ev, ARRAY_SIZE(ev), event_wait_ms(l, max_ms));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		l->running[i] = ev[i].data.ptr;
	l->n_running = n;
	for (int i = 0; i < n; i++)
		if (l->running[i])
			l->running[i]->ready(l->running[i], ev[i].events);
	l->n_running = 0;
	event_run_timers(l);
	return 0;
}
