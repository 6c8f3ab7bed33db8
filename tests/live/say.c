// SPDX-License-Identifier: MIT
/*
 * A service that says how it is, as sd_notify(3) does, for health.sh: what it says follows files in /go. `say flood`
 * says rubbish as fast as it can.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void say(const char *text, size_t len)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path ? path : "/none");
	sendto(fd, text, len, 0, (struct sockaddr *)&a, sizeof(a));
	close(fd);
}

static int there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void flood(void)
{
	static const char *const words[] = {
		"READY=2\nSTATUS=\x1b[2J",
		"WATCHDOG_USEC=99999999999999999999",
		"\n\n=\n\n",
		"READY=1 ",
	};
	static char junk[4000];

	for (unsigned int i = 0;; i++) {
		say(words[i % 4], strlen(words[i % 4]));
		say(junk, i % sizeof(junk));
	}
}

int main(int argc, char **argv)
{
	printf("usec %s\n", getenv("WATCHDOG_USEC") ? getenv("WATCHDOG_USEC") : "none");
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "flood") == 0)
		flood();
	while (!there("/go/ready"))
		usleep(20000);
	say("STATUS=up \x1b and away\nREADY=1\nMAINPID=1\n", 40);
	for (;;) {
		if (there("/go/alive"))
			say("WATCHDOG=1", 10);
		if (there("/go/trigger")) {
			say("WATCHDOG=trigger", 16);
			unlink("/go/trigger");
		}
		usleep(20000);
	}
}
