// SPDX-License-Identifier: MIT
/*
 * The serial line of a machine: waiting for text in its log, typing, and sitting at it. The log is
 * written by QEMU and complete whether or not somebody is connected.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "tools/vm/vm.h"

#define LOG_MAX (64U << 20)
#define TYPE_GAP_US 2000   /* a 16-byte UART FIFO and a busy guest lose what comes faster */
#define TYPE_WAIT_MS 10000 /* for a guest that reads nothing */
#define LEAVE 0x1d	   /* Ctrl-] */

static size_t read_seen(const struct vm *vm)
{
	char path[VM_FILE_MAX], text[32];

	if (fd_read_text(AT_FDCWD, vm_file(vm, "seen", path), text, sizeof(text)) < 0)
		return 0;
	return strtoul(text, NULL, 10);
}

static void write_seen(const struct vm *vm, size_t at)
{
	char path[VM_FILE_MAX], text[32];
	int n = snprintf(text, sizeof(text), "%zu", at);

	fd_replace(AT_FDCWD, vm_file(vm, "seen", path), text, (size_t)n, 0600, false);
}

/* Carriage returns would keep "$" from meaning the end of a line; NULs would end the text. */
static void soften(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\r' || text[i] == 0)
			text[i] = ' ';
}

static void show_line(const char *text, const regmatch_t *m)
{
	regoff_t from = m->rm_so, to = m->rm_eo;

	while (from > 0 && text[from - 1] != '\n')
		from--;
	while (text[to] && text[to] != '\n')
		to++;
	printf("%.*s\n", (int)(to - from), text + from);
}

static bool look(const struct vm *vm, const regex_t *re, bool show)
{
	AUTO_FREE char *text = NULL;
	char path[VM_FILE_MAX];
	size_t len, seen = read_seen(vm);
	regmatch_t m;

	if (fd_slurp(AT_FDCWD, vm_file(vm, "console.log", path), LOG_MAX, &text, &len) < 0 ||
	    seen > len)
		return false;
	soften(text, len);
	if (regexec(re, text + seen, 1, &m, 0) != 0)
		return false;
	if (show)
		show_line(text + seen, &m);
	write_seen(vm, seen + (size_t)m.rm_eo);
	return true;
}

int console_expect(const struct vm *vm, const char *regex, uint64_t ms, bool show, struct err *e)
{
	uint64_t end = vm_now() + ms;
	regex_t re;
	bool alive = true, found;

	if (regcomp(&re, regex, REG_EXTENDED | REG_NEWLINE) != 0)
		return err_set(e, EINVAL, "expect: '%s': not an extended regular expression",
			       regex);
	while (!(found = look(vm, &re, show)) && alive && vm_now() < end) {
		alive = keeper_alive(vm);
		usleep(20000);
	}
	regfree(&re);
	if (found)
		return 0;
	if (!alive)
		return err_set(e, EPIPE, "%s: console: '%s' not seen, the machine ended", vm->name,
			       regex);
	return err_set(e, ETIMEDOUT, "%s: console: '%s' not seen in %u s", vm->name, regex,
		       (unsigned int)(ms / 1000));
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c - 'A' + 10;
}

static char unescape(const char **p)
{
	const char *s = *p;
	char c = *s++;

	if (c == '\\' && *s) {
		c = *s++;
		if (c == 'x' && s[0] && s[1]) {
			c = (char)(hex(s[0]) << 4 | hex(s[1]));
			s += 2;
		} else {
			c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
		}
	}
	*p = s;
	return c;
}

/*
 * Until QEMU has read it all: what is left in the socket when it closes is lost, and QEMU reads only while
 * the guest's UART has room.
 */
static void wait_until_read(int fd)
{
	uint64_t end = vm_now() + TYPE_WAIT_MS;
	int left = 0;

	while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0 && vm_now() < end)
		usleep(TYPE_GAP_US);
}

int console_type(const struct vm *vm, const char *text, struct err *e)
{
	AUTO_FD int fd = vm_connect(vm, "console.sock", e);

	if (fd < 0)
		return fd;
	while (*text) {
		char c = unescape(&text);

		if (fd_write(fd, &c, 1) < 0)
			return err_sys(e, errno, "%s: console", vm->name);
		usleep(TYPE_GAP_US);
		wait_until_read(fd);
	}
	return 0;
}

static int copy_bytes(int from, int to, bool stop_at_leave)
{
	char buf[1024];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n <= 0)
		return -EPIPE;
	if (stop_at_leave && memchr(buf, LEAVE, (size_t)n))
		return -ECANCELED;
	return fd_write(to, buf, (size_t)n);
}

/* What was printed before somebody came. */
static void replay(const struct vm *vm)
{
	AUTO_FREE char *text = NULL;
	char path[VM_FILE_MAX];
	size_t len;

	if (fd_slurp(AT_FDCWD, vm_file(vm, "console.log", path), LOG_MAX, &text, &len) >= 0)
		fd_write(1, text, len);
}

int console_attach(const struct vm *vm, struct err *e)
{
	AUTO_FD int fd = vm_connect(vm, "console.sock", e);
	struct termios old, raw;
	bool tty = tcgetattr(0, &old) == 0;
	int r = 0, in = 0;

	if (fd < 0)
		return fd;
	if (tty) {
		raw = old;
		cfmakeraw(&raw);
		tcsetattr(0, TCSANOW, &raw);
	}
	replay(vm);
	while (r >= 0) {
		struct pollfd p[2] = { { fd, POLLIN, 0 }, { in, POLLIN, 0 } };

		poll(p, 2, -1);
		if (p[0].revents)
			r = copy_bytes(fd, 1, false);
		if (r >= 0 && p[1].revents) {
			r = copy_bytes(in, fd, tty);
			if (r == -EPIPE && !tty) {
				in = -1; /* a pipe that ended: go on listening */
				r = 0;
			}
		}
	}
	if (tty)
		tcsetattr(0, TCSANOW, &old);
	return 0;
}
