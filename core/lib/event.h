/* SPDX-License-Identifier: MIT */
/*
 * The event loop: file descriptors and one-shot timers over epoll(7), in one thread.
 *
 * Sources and timers are embedded in their owner's struct; the loop allocates nothing after
 * event_open(). Callbacks may add and remove any source or timer, their own included. Time is
 * CLOCK_BOOTTIME in milliseconds, so a clock that is set never moves a time-out.
 */
#ifndef CORE_LIB_EVENT_H
#define CORE_LIB_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct event_loop;

struct event_source {
	int fd; /* owned by the user of the loop; -1 while not added */
	void (*ready)(struct event_source *s, uint32_t epoll_events);
};

struct event_timer {
	uint64_t at; /* event_now() of its expiry, 0 while not armed */
	struct event_timer *next;
	void (*expired)(struct event_timer *t);
};

struct event_loop {
	int epfd;
	bool stop;
	struct event_timer *timers; /* sorted by .at */
	struct event_source *running[16];
	int n_running;
};

/* Milliseconds since boot, suspend included. */
uint64_t event_now(void);

int event_open(struct event_loop *l);
void event_close(struct event_loop *l);

/* Watches s->fd for epoll events (EPOLLIN, ...). 0 or -errno. */
int event_add(struct event_loop *l, struct event_source *s, uint32_t events);
int event_change(struct event_loop *l, struct event_source *s, uint32_t events);

/* Stops watching and sets s->fd to -1; does not close it. Returns the fd. */
int event_remove(struct event_loop *l, struct event_source *s);

/* Arms t to expire once in ms milliseconds; an armed timer is moved. */
void event_timer_set(struct event_loop *l, struct event_timer *t, uint64_t ms);
void event_timer_clear(struct event_loop *l, struct event_timer *t);

/* Runs one turn: waits at most max_ms (-1 for ever), calls what is ready and due. 0 or -errno. */
int event_turn(struct event_loop *l, int max_ms);

#endif
