// SPDX-License-Identifier: MIT
/*
 * Log driver syslog against sockets of ours: what a server is sent, over UDP and TCP, when it is not
 * there, comes late, goes away in the middle of a message, or does not read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/driver.h"

#define MS UINT64_C(1700000000123) /* 2023-11-14T22:13:20.123Z */
#define WAIT_MS 20000		   /* more than any machine needs */

static const struct log_driver *driver;
static struct log_args args = { .name = "web" };
static struct err e;
static char server[64];

/* A server of this type on a port of the kernel's choice, whose name goes to server[]. */
static int serve(int type, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(port) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0), yes = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(server, sizeof(server), "%s:127.0.0.1:%u", type == SOCK_STREAM ? "tcp" : "udp",
		 ntohs(a.sin_port));
	args.server = server;
	return fd;
}

static struct log *open_or_fail(void)
{
	struct log *l;

	if (driver->open(&args, &l, &e) < 0)
		fail_msg("%s", e.msg);
	return l;
}

static void say(struct log *l, const char *text)
{
	driver->write(l, MS, text, strlen(text));
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* Lets the driver go on until fd (a server's) has something to read. */
static void turn_until(struct log *l, int fd)
{
	for (int i = 0; i < WAIT_MS / 10 && !readable(fd, 0); i++)
		if (readable(l->wait, 10))
			driver->ready(l);
	assert_true(readable(fd, 0));
}

static const char *get(int fd)
{
	static char buf[65536];
	ssize_t n;

	assert_true(readable(fd, WAIT_MS));
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	assert_true(n >= 0);
	buf[n] = '\0';
	return buf;
}

/* The text of a message, after checking what is before it. */
static const char *text_of(const char *message)
{
	char host[65], want[256];
	size_t n;

	gethostname(host, sizeof(host));
	n = (size_t)snprintf(want, sizeof(want), "<30>1 2023-11-14T22:13:20.123Z %s web - - - ",
			     host);
	assert_memory_equal(message, want, n);
	return message + n;
}

/* ---- log-server ---------------------------------------------------------------------------------- */

static void test_servers(void **state)
{
	static const char *const good[] = { "udp:192.0.2.1",	  "udp:192.0.2.1:5514",
					    "tcp:192.0.2.1:601",  "udp:2001:db8::1",
					    "tcp:[2001:db8::1]",  "tcp:[2001:db8::1]:6514",
					    "udp://192.0.2.1:514" };
	static const char *const bad[] = {
		"",
		"192.0.2.1",
		"udp:",
		"udp:example.org",
		"udp:192.0.2.1:",
		"udp:192.0.2.1:0",
		"udp:192.0.2.1:65536",
		"tcp:[2001:db8::1",
		"tcp:[2001:db8::1]x",
		"tls:192.0.2.1",
		"udp:192.0.2.1:514:514",
		"udp:[192.0.2.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		args.server = good[i];
		if (driver->check(&args, &e))
			fail_msg("%s: %s", good[i], e.msg);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		args.server = bad[i];
		if (driver->check(&args, &e) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(e.msg, "log-server = "));
	}
	args.server = NULL;
	assert_int_equal(driver->check(&args, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "needs a log-server"));
}

/* ---- UDP ----------------------------------------------------------------------------------------- */

static void test_a_line_is_a_datagram(void **state)
{
	int fd = serve(SOCK_DGRAM, 0);
	struct log *l = open_or_fail();

	(void)state;
	say(l, "one\ntw");
	say(l, "o\n\nth\033[31mree");
	assert_string_equal(text_of(get(fd)), "one");
	assert_string_equal(text_of(get(fd)), "two");
	driver->close(l);
	assert_string_equal(text_of(get(fd)), "th\\x1b[31mree");
	assert_false(readable(fd, 0));
	close(fd);
}

static void test_a_long_line_is_several(void **state)
{
	int fd = serve(SOCK_DGRAM, 0);
	struct log *l = open_or_fail();
	char line[2001];
	size_t all = 0;

	(void)state;
	memset(line, 'x', 1999);
	strcpy(line + 1999, "\n");
	say(l, line);
	while (readable(fd, 0)) {
		const char *m = get(fd);

		assert_true(strlen(m) <= 1180);
		all += strlen(text_of(m));
	}
	assert_int_equal(all, 1999);
	driver->close(l);
	close(fd);
}

static void test_nobody_listens(void **state)
{
	struct log *l;

	(void)state;
	close(serve(SOCK_DGRAM, 0));
	l = open_or_fail();
	for (int i = 0; i < 100; i++)
		say(l, "x\n");
	driver->close(l);
}

/* ---- TCP ----------------------------------------------------------------------------------------- */

/* Reads messages from a connection until the text of one is last. Returns how many. */
static unsigned int read_until(struct log *l, int fd, const char *last)
{
	static char buf[1 << 20];
	size_t n = 0, at = 0;
	unsigned int count = 0;

	for (;;) {
		char *end;
		size_t len = strtoul(buf + at, &end, 10);

		if (at < n && memchr(buf + at, ' ', n - at) && end + 1 + len <= buf + n) {
			char text[2048];

			snprintf(text, sizeof(text), "%.*s", (int)len, end + 1);
			count++;
			at = (size_t)(end + 1 + len - buf);
			if (strcmp(text_of(text), last) == 0)
				return count;
			continue;
		}
		turn_until(l, fd);
		assert_true(n < sizeof(buf) - 1);
		{
			ssize_t r = recv(fd, buf + n, sizeof(buf) - 1 - n, 0);

			assert_true(r > 0);
			n += (size_t)r;
			buf[n] = '\0';
		}
	}
}

static void test_octet_counting(void **state)
{
	int fd = serve(SOCK_STREAM, 0), c;
	struct log *l;

	(void)state;
	assert_int_equal(listen(fd, 5), 0);
	l = open_or_fail();
	say(l, "one\ntwo\n");
	turn_until(l, fd);
	c = accept(fd, NULL, NULL);
	assert_int_equal(read_until(l, c, "two"), 2);
	say(l, "three\n");
	assert_int_equal(read_until(l, c, "three"), 1);
	driver->close(l);
	assert_string_equal(get(c), "");
	close(c);
	close(fd);
}

/* What comes while there is no server waits for it; what the queue cannot hold is counted. */
static void test_a_server_that_comes_late(void **state)
{
	int fd = serve(SOCK_STREAM, 0), c;
	struct log *l;

	(void)state;
	l = open_or_fail();
	say(l, "early\n"); /* refused: nobody listens yet */
	for (int i = 0; i < 1000; i++)
		say(l, "more than the queue can hold, so that some of it must be lost\n");
	assert_int_equal(listen(fd, 5), 0);
	turn_until(l, fd);
	c = accept(fd, NULL, NULL);
	assert_int_equal(read_until(l, c, "early"), 1);
	say(l, "end\n");
	assert_true(read_until(l, c, "end") < 1000);
	driver->close(l);
	close(c);
	close(fd);
}

/* The connection breaks while a message is half sent: the next one begins with a whole message. */
static void test_a_connection_that_breaks(void **state)
{
	int fd = serve(SOCK_STREAM, 0), c, small = 4096;
	struct log *l;
	char line[800];

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(listen(fd, 5), 0);
	l = open_or_fail();
	memset(line, 'y', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	line[sizeof(line) - 2] = '\n';
	say(l, line);
	turn_until(l, fd);
	c = accept(fd, NULL, NULL);
	/* until neither its buffers nor our queue take more */
	for (int i = 0; i < 10000 && driver->write(l, MS, line, strlen(line)) == 0; i++)
		if (readable(l->wait, 0))
			driver->ready(l);
	close(c);
	turn_until(l, fd);
	c = accept(fd, NULL, NULL);
	say(l, "end\n");
	assert_true(read_until(l, c, "end") >= 2);
	driver->close(l);
	close(c);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_a_line_is_a_datagram),
		cmocka_unit_test(test_a_long_line_is_several),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_octet_counting),
		cmocka_unit_test(test_a_server_that_comes_late),
		cmocka_unit_test(test_a_connection_that_breaks),
	};

	driver = *__start_set_log;
	return cmocka_run_group_tests_name("syslog", tests, NULL, NULL);
}
