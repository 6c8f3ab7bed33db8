// SPDX-License-Identifier: MIT
/*
 * Connections per second: `conns PORT` accepts and closes for ever; `conns ADDRESS PORT MS` connects, waits
 * for the other's close and prints how many that were in a second.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int serve(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 512) < 0)
		return 1;
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client >= 0)
			close(client);
	}
}

/* Ended by a reset, so that no port is kept waiting for late packets. */
static int once(const struct sockaddr_in *to)
{
	struct linger reset = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;
	int r = fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 ||
		read(fd, &byte, 1) != 0;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned long n = 0, bad = 0;
	uint64_t begin;

	if (argc == 2)
		return serve(atoi(argv[1]));
	if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	for (begin = now(); now() - begin < (uint64_t)atoi(argv[3]); n++)
		bad += (unsigned long)once(&to);
	printf("%lu\n", (n - bad) * 1000 / (unsigned long)(now() - begin));
	return bad * 10 > n;
}
