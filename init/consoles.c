// SPDX-License-Identifier: MIT
/*
 * The [console]s of the device: on each terminal a command, or the prompt of this program, started again when it
 * ends. A terminal that is not there yet is waited for: uevents call consoles_start() again. Runs in the loop;
 * the manifest may be another one at every start, so sections are looked up by name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/machine.h"
#include "init/sup.h"

#define CONSOLES_AGAIN_MS 1000

struct console {
	struct console *next;
	struct sup *sup;
	pid_t pid;  /* 0 when nothing runs there */
	bool ended; /* once, and is not to run again */
	struct event_timer timer;
	char name[32];
};

/* ---- in the child -------------------------------------------------------------------------------- */

/* Whatever the last program has left: lines are edited, Ctrl-C works, new lines return. */
static void consoles_sane(void)
{
	struct termios t;

	if (tcgetattr(0, &t) < 0)
		return;
	t.c_iflag = (t.c_iflag & ~(tcflag_t)(IGNCR | INLCR)) | ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_cflag |= CREAD | CLOCAL;
	t.c_lflag |= ISIG | ICANON | ECHO | ECHOE | ECHOK;
	t.c_cc[VINTR] = 3;
	t.c_cc[VQUIT] = 28;
	t.c_cc[VERASE] = 127;
	t.c_cc[VKILL] = 21;
	t.c_cc[VEOF] = 4;
	tcsetattr(0, TCSANOW, &t);
}

static void consoles_ask(void)
{
	static const char text[] = "\nPress Enter to use this console. ";
	char c = 0;

	consoles_sane();
	fd_write(1, text, sizeof(text) - 1);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	if (c != '\n')
		_exit(1);
}

static NORETURN void consoles_child(const struct console_spec *c)
{
	static char *prompt[] = { "/proc/self/exe", "prompt", NULL };
	const char *name = c->section.name;
	bool screen = strncmp(name, "tty", 3) == 0 && name[3] >= '0' && name[3] <= '9';
	char tty[48], term[48];

	str_format(tty, sizeof(tty), "/dev/%s", name);
	str_format(term, sizeof(term), "TERM=%s", c->term ? c->term : screen ? "linux" : "vt102");
	console_child(tty, term, c->command.n ? c->command.v : prompt,
		      c->askfirst ? consoles_ask : consoles_sane);
}

/* ---- in the loop --------------------------------------------------------------------------------- */

static void consoles_run(struct console *c)
{
	const struct section *s = section_find(c->sup->manifest.sections[SECTION_CONSOLE], c->name);
	char tty[48];

	str_format(tty, sizeof(tty), "/dev/%s", c->name);
	if (!s || c->pid || c->ended || c->timer.at || c->sup->going_down || access(tty, F_OK) < 0)
		return;
	c->pid = fork();
	if (c->pid == 0)
		consoles_child(container_of(s, const struct console_spec, section));
	if (c->pid < 0) {
		c->pid = 0;
		event_timer_set(&c->sup->loop, &c->timer, CONSOLES_AGAIN_MS);
	}
}

static void consoles_expired(struct event_timer *t)
{
	consoles_run(container_of(t, struct console, timer));
}

/* Of /proc/PID/stat: a child of ours that leads a session on this terminal. Its name may hold anything. */
static bool consoles_leads(const char *stat, pid_t pid, dev_t dev)
{
	enum { PARENT, GROUP, SESSION, TERMINAL, FIELDS };
	const char *p = strrchr(stat, ')');
	long field[FIELDS] = { 0 };
	char *end;

	if (!p || strlen(p) < 4)
		return false;
	p += 3; /* ") S" */
	for (int i = 0; i < FIELDS; i++, p = end)
		field[i] = strtol(p, &end, 10);
	return field[PARENT] == 1 && field[SESSION] == pid && (dev_t)field[TERMINAL] == dev;
}

/* Another binary has taken over in this process: what runs on the terminal stays. */
static pid_t consoles_running(const char *name)
{
	AUTO_DIR DIR *proc = opendir("/proc");
	char path[48], text[512];
	struct dirent *entry;
	struct stat st;

	str_format(path, sizeof(path), "/dev/%s", name);
	if (!proc || stat(path, &st) < 0)
		return 0;
	while ((entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		str_format(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		if (pid > 1 && fd_read_text(AT_FDCWD, path, text, sizeof(text)) > 0 &&
		    consoles_leads(text, pid, st.st_rdev))
			return pid;
	}
	return 0;
}

static struct console *consoles_find(struct sup *s, const char *name)
{
	struct console *c = s->consoles;

	while (c && strcmp(c->name, name) != 0)
		c = c->next;
	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct console){ .next = s->consoles, .sup = s, .timer.expired = consoles_expired };
	str_copy(c->name, sizeof(c->name), name);
	if (sup_resumed(s))
		c->pid = consoles_running(name);
	s->consoles = c;
	return c;
}

void consoles_start(struct sup *s)
{
	if (!s->is_init)
		return;
	for (const struct section *n = s->manifest.sections[SECTION_CONSOLE]; n; n = n->next) {
		struct console *c = consoles_find(s, n->name);

		if (c)
			consoles_run(c);
	}
}

bool consoles_ended(struct sup *s, pid_t pid)
{
	struct console *c = s->consoles;
	const struct section *n;

	while (c && c->pid != pid)
		c = c->next;
	if (!c || !pid)
		return false;
	c->pid = 0;
	n = section_find(s->manifest.sections[SECTION_CONSOLE], c->name);
	c->ended = n && !container_of(n, const struct console_spec, section)->respawn;
	event_timer_set(&s->loop, &c->timer, CONSOLES_AGAIN_MS);
	return true;
}
