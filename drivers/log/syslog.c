// SPDX-License-Identifier: MIT
/*
 * Log driver syslog: each line of output as a message of RFC 5424 to log-server, over UDP (RFC 5426) or TCP
 * (octet counting of RFC 6587). Runs in the supervisor and never waits: what TCP cannot take now is
 * kept in a queue of fixed size while the connection comes (back), then lost; how many messages were
 * lost is told to the server with the next one that arrives.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/addr.h"
#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "drivers/log/lines.h"

enum {
	SYSLOG_PRIORITY = 30, /* daemon.info, RFC 5424 6.2.1 */
	SYSLOG_PORT = 514,
	SYSLOG_QUEUE = 16384, /* bytes kept for TCP */
	SYSLOG_PAUSE_S = 1,   /* from one attempt to connect to the next, then doubled */
	SYSLOG_PAUSE_MAX_S = 64,
	SYSLOG_LAST_MS = 200, /* for what is queued when the container has ended */
	SYSLOG_HEAD = 256,    /* of a message: priority, time, names of at most 64 bytes each */
};

struct syslog_server {
	bool tcp;
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
};

struct syslog {
	struct log log; /* .wait: an epoll of socket and timer, for TCP */
	struct syslog_server server;
	int fd; /* of UDP always; of TCP -1 while there is no connection */
	bool connected;
	int timer;     /* the next attempt to connect */
	long pause;    /* seconds before the next attempt */
	bool waits;    /* for the timer */
	int error;     /* of the last message */
	uint64_t ms;   /* of the output being sent */
	uint64_t lost; /* messages since the last one that was sent */
	struct lines lines;
	char host[65], name[64];
	size_t queued; /* bytes */
	size_t part; /* bytes left of the first message, of which some are sent; 0 at its beginning */
	char *queue; /* SYSLOG_QUEUE bytes, for TCP */
};

/* ---- log-server -------------------------------------------------------------------------------- */

static int server_bad(const char *text, struct err *e)
{
	return err_set(
		e, EINVAL,
		"log-server = %s: expected udp:ADDRESS[:PORT] or tcp:ADDRESS[:PORT], an IPv6 "
		"ADDRESS with a port in []",
		text);
}

/* Takes "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT" apart. */
static int server_split(const char *text, char host[ADDR_TEXT], uint64_t *port)
{
	const char *end = strchr(text, ']'), *colon = strrchr(text, ':');
	size_t len = strlen(text);

	*port = SYSLOG_PORT;
	if (*text == '[') {
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
		len = (size_t)(end - ++text);
	} else if (colon && colon == strchr(text, ':')) {
		len = (size_t)(colon - text);
	} else {
		colon = NULL;
	}
	if (len >= ADDR_TEXT || (colon && str_u64(colon + 1, 1, 65535, port) < 0))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	return 0;
}

static int server_parse(const char *text, struct syslog_server *s, struct err *e)
{
	char host[ADDR_TEXT];
	const char *rest;
	struct addr a;
	uint64_t port;

	*s = (struct syslog_server){ .tcp = strncmp(text, "tcp:", 4) == 0 };
	if (!s->tcp && strncmp(text, "udp:", 4) != 0)
		return server_bad(text, e);
	rest = text + 4;
	rest += strncmp(rest, "//", 2) == 0 ? 2 : 0; /* written like a URL */
	if (server_split(rest, host, &port) < 0 || addr_parse(host, &a) < 0)
		return server_bad(text, e);
	if (a.len == 4) {
		s->to.v4 = (struct sockaddr_in){ .sin_family = AF_INET,
						 .sin_port = htons((uint16_t)port) };
		memcpy(&s->to.v4.sin_addr, a.b, 4);
		s->len = sizeof(s->to.v4);
		return 0;
	}
	s->to.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					  .sin6_port = htons((uint16_t)port) };
	memcpy(&s->to.v6.sin6_addr, a.b, 16);
	s->len = sizeof(s->to.v6);
	return 0;
}

static int syslog_check(const struct log_args *a, struct err *e)
{
	struct syslog_server s;

	if (!a->server)
		return err_set(
			e, EINVAL,
			"needs a log-server, in its section or in [system], as udp:192.0.2.1");
	return server_parse(a->server, &s, e);
}

/* ---- TCP ----------------------------------------------------------------------------------------- */

/* Bytes of the queued message at q: its length as decimal digits, a blank, the message. */
static size_t tcp_frame(const char *q)
{
	size_t len = 0, digits = 0;

	while (q[digits] != ' ')
		len = len * 10 + (size_t)(q[digits++] - '0');
	return digits + 1 + len;
}

static void tcp_forget(struct syslog *s, size_t n)
{
	s->queued -= n;
	memmove(s->queue, s->queue + n, s->queued);
}

static void tcp_watch(struct syslog *s, int op)
{
	struct epoll_event e = { .events = EPOLLRDHUP };

	e.events |= !s->connected || s->queued ? (uint32_t)EPOLLOUT : 0;
	epoll_ctl(s->log.wait, op, s->fd, &e);
}

/* The next attempt comes later each time, and only when there is something to send. */
static void tcp_later(struct syslog *s)
{
	struct itimerspec again = { 0 };

	if (!s->queued)
		return;
	s->pause = s->pause ? s->pause * 2 : SYSLOG_PAUSE_S;
	s->pause = s->pause < SYSLOG_PAUSE_MAX_S ? s->pause : SYSLOG_PAUSE_MAX_S;
	again.it_value.tv_sec = s->pause;
	timerfd_settime(s->timer, 0, &again, NULL);
	s->waits = true;
}

/* The server has not got the whole of a message that was being sent; its rest alone means nothing. */
static void tcp_hang_up(struct syslog *s)
{
	fd_close(&s->fd);
	s->connected = false;
	if (s->part) {
		tcp_forget(s, s->part);
		s->lost++;
	}
	s->part = 0;
	tcp_later(s);
}

static void tcp_connect(struct syslog *s)
{
	s->fd = socket(s->server.to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 ||
	    (connect(s->fd, &s->server.to.any, s->server.len) < 0 && errno != EINPROGRESS)) {
		tcp_hang_up(s);
		return;
	}
	tcp_watch(s, EPOLL_CTL_ADD);
}

/* n more bytes of the queue are the server's. */
static void tcp_sent(struct syslog *s, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t left = s->part ? s->part : tcp_frame(s->queue + at);
		size_t here = left < n - at ? left : n - at;

		s->part = left - here;
		at += here;
	}
	tcp_forget(s, n);
}

static void tcp_flush(struct syslog *s)
{
	while (s->connected && s->queued) {
		ssize_t n = send(s->fd, s->queue, s->queued, MSG_NOSIGNAL);

		if (n > 0)
			tcp_sent(s, (size_t)n);
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			tcp_hang_up(s);
	}
	if (s->fd >= 0)
		tcp_watch(s, EPOLL_CTL_MOD);
}

/* Has the connection come, or gone? */
static void tcp_look(struct syslog *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT | POLLRDHUP };

	if (poll(&p, 1, 0) <= 0)
		return;
	if (p.revents & (POLLERR | POLLHUP | POLLRDHUP)) {
		tcp_hang_up(s);
		return;
	}
	s->connected = true;
	s->pause = 0;
	tcp_flush(s);
}

static void syslog_ready(struct log *l)
{
	struct syslog *s = container_of(l, struct syslog, log);
	uint64_t times;

	if (s->fd >= 0) {
		tcp_look(s);
	} else if (read(s->timer, &times, sizeof(times)) > 0) {
		s->waits = false;
		tcp_connect(s);
	}
}

static int tcp_put(struct syslog *s, const char *head, size_t n_head, const char *text, size_t len)
{
	char frame[STR_NUMBER + 1];
	size_t n = str_number(frame, n_head + len);

	frame[n++] = ' ';
	if (s->queued + n + n_head + len > SYSLOG_QUEUE)
		return -ENOBUFS;
	memcpy(s->queue + s->queued, frame, n);
	memcpy(s->queue + s->queued + n, head, n_head);
	memcpy(s->queue + s->queued + n + n_head, text, len);
	s->queued += n + n_head + len;
	if (s->fd < 0 && !s->waits)
		tcp_connect(s);
	tcp_flush(s);
	return 0;
}

/* ---- messages -------------------------------------------------------------------------------------- */

static int udp_put(struct syslog *s, const char *head, size_t n_head, const char *text, size_t len)
{
	struct iovec v[] = { { (void *)(uintptr_t)head, n_head },
			     { (void *)(uintptr_t)text, len } };
	struct msghdr m = { .msg_name = &s->server.to,
			    .msg_namelen = s->server.len,
			    .msg_iov = v,
			    .msg_iovlen = 2 };

	return sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int message_put(struct syslog *s, const char *text, size_t len)
{
	char head[SYSLOG_HEAD], stamp[STAMP_LEN + 1];
	size_t n = str_format(head, sizeof(head), "<%d>1 %s %s %s - - - ", SYSLOG_PRIORITY,
			      stamp_format(s->ms, stamp), s->host, s->name);

	return s->server.tcp ? tcp_put(s, head, n, text, len) : udp_put(s, head, n, text, len);
}

static void message_line(void *arg, const char *text, size_t len)
{
	struct syslog *s = arg;
	char note[64];

	if (s->lost) {
		size_t n = str_format(note, sizeof(note), "%llu messages were lost",
				      (unsigned long long)s->lost);

		if (message_put(s, note, n) == 0)
			s->lost = 0;
	}
	s->error = message_put(s, text, len);
	s->lost += s->error < 0;
}

static int syslog_write(struct log *l, uint64_t realtime_ms, const void *bytes, size_t len)
{
	struct syslog *s = container_of(l, struct syslog, log);

	s->ms = realtime_ms;
	s->error = 0;
	lines_take(&s->lines, bytes, len, message_line, s);
	return s->error;
}

/* The last words are worth a moment, when there is somebody to hear them. */
static void tcp_last(struct syslog *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	if (s->fd >= 0 && s->queued && poll(&p, 1, SYSLOG_LAST_MS) > 0)
		tcp_look(s);
}

static void syslog_close(struct log *l)
{
	struct syslog *s = container_of(l, struct syslog, log);

	lines_end(&s->lines, message_line, s);
	if (s->server.tcp)
		tcp_last(s);
	fd_close(&s->fd);
	fd_close(&s->timer);
	fd_close(&s->log.wait);
	free(s->queue);
	free(s);
}

static int syslog_open(const struct log_args *a, struct log **out, struct err *e);

DRIVER(log, syslog) = {
	.name = "syslog",
	.about = "messages to a server, RFC 5424",
	.open = syslog_open,
	.write = syslog_write,
	.close = syslog_close,
	.ready = syslog_ready,
	.check = syslog_check,
};

/* What the protocol needs from the start. A socket of TCP comes with the first message. */
static int syslog_prepare(struct syslog *s)
{
	struct epoll_event on = { .events = EPOLLIN };

	s->log.wait = epoll_create1(EPOLL_CLOEXEC);
	if (s->log.wait < 0)
		return -errno;
	if (!s->server.tcp) {
		s->fd = socket(s->server.to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		return s->fd < 0 ? -errno : 0;
	}
	s->queue = malloc(SYSLOG_QUEUE);
	if (!s->queue)
		return -ENOMEM;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0 || epoll_ctl(s->log.wait, EPOLL_CTL_ADD, s->timer, &on) < 0)
		return -errno;
	return 0;
}

static int syslog_open(const struct log_args *a, struct log **out, struct err *e)
{
	struct syslog_server server;
	struct utsname u;
	struct syslog *s;
	int r;

	*out = NULL;
	if (!a->server)
		return err_set(e, EINVAL, "log = syslog: no log-server is named");
	r = server_parse(a->server, &server, e);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ENOMEM, "log: out of memory");
	s->log.driver = &log_driver_syslog;
	s->server = server;
	s->fd = s->timer = s->log.wait = -1;
	str_copy(s->name, sizeof(s->name), a->name);
	str_copy(s->host, sizeof(s->host), uname(&u) == 0 && *u.nodename ? u.nodename : "-");
	r = syslog_prepare(s);
	if (r < 0) {
		syslog_close(&s->log);
		return err_sys(e, r, "log = syslog: cannot make a socket for %s", a->server);
	}
	*out = &s->log;
	return 0;
}
