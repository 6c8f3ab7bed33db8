// SPDX-License-Identifier: MIT
/*
 * The program in the containers of a board's image: a web server with one page, and one that asks for it by the
 * name of the other container. Static, a few KiB, for any processor, so that a board needs nobody's packages to be
 * tried. No part of myctr.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 30 /* seconds until the server must have answered */

static int say(const char *text)
{
	return write(1, text, strlen(text)) < 0;
}

static void answer(int fd, const char *text)
{
	char request[512], reply[512];
	int n;

	if (read(fd, request, sizeof(request)) <= 0)
		return;
	n = snprintf(
		reply, sizeof(reply),
		"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s\n",
		strlen(text) + 1, text);
	if (write(fd, reply, (size_t)n) < 0)
		say("the asker went away\n");
}

static int serve(const char *port, const char *text)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_port = htons((in_port_t)strtoul(port, NULL, 10));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 4) < 0)
		return say(strerror(errno)) + 1;
	say("serving\n");
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		answer(client, text);
		close(client);
	}
}

static int reach(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *a;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &a) != 0)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(a);
	return fd;
}

/* What stands behind the empty line of the answer. */
static int get(const char *host, const char *port)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	char reply[512], *body;
	size_t len = 0;
	ssize_t n = 1;
	int fd = -1;

	for (int i = 0; i < PATIENCE * 10 && (fd = reach(host, port)) < 0; i++)
		usleep(100000);
	if (fd < 0 || write(fd, request, sizeof(request) - 1) < 0)
		return say("nobody answers\n") + 1;
	for (; n > 0 && len < sizeof(reply) - 1; len += (size_t)n) {
		n = read(fd, reply + len, sizeof(reply) - 1 - len);
		if (n < 0)
			return say(strerror(errno)) + 1;
	}
	reply[len] = 0;
	body = strstr(reply, "\r\n\r\n");
	if (!body)
		return say("an answer without a page\n") + 1;
	return say(host) + say(" said: ") + say(body + 4) + say("all is well\n");
}

/* The first process of a container is only ended by signals that it asks for. */
static void end(int sig)
{
	(void)sig;
	_exit(0);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, end);
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argv[3]);
	if (argc == 4 && strcmp(argv[1], "get") == 0)
		return get(argv[2], argv[3]);
	return say("usage: app serve PORT TEXT | get HOST PORT\n") + 2;
}
