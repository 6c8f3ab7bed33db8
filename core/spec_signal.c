// SPDX-License-Identifier: MIT
/*
 * Signals by name or number: see spec.h. Used when a spec is checked, when a container is stopped and by kill.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/spec.h"

static const struct {
	char name[7];
	uint8_t number;
} entry_signals[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },	 { "ABRT", SIGABRT }, { "BUS", SIGBUS },   { "FPE", SIGFPE },
	{ "KILL", SIGKILL },	 { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },	 { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CHLD", SIGCHLD },
	{ "CONT", SIGCONT },	 { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },	 { "URG", SIGURG },   { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "IO", SIGIO },	   { "WINCH", SIGWINCH },
	{ "PWR", SIGPWR },	 { "SYS", SIGSYS },
};

/* The kernel's numbers: libc keeps the first few real-time signals for itself. */
#define ENTRY_RTMAX 64

int spec_signal(const char *text, int *sig, struct err *e)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t n;

	if (str_u64(text, 1, ENTRY_RTMAX, &n) == 0) {
		*sig = (int)n;
		return 0;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(entry_signals); i++) {
		if (strcmp(entry_signals[i].name, name) == 0) {
			*sig = entry_signals[i].number;
			return 0;
		}
	}
	if (strncmp(name, "RTMIN+", 6) == 0 &&
	    str_u64(name + 6, 0, ENTRY_RTMAX - SIGRTMIN, &n) == 0) {
		*sig = SIGRTMIN + (int)n;
		return 0;
	}
	return err_set(e, EINVAL, "%s: not a signal", text);
}

const char *spec_signal_name(int sig)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(entry_signals); i++)
		if (entry_signals[i].number == sig)
			return entry_signals[i].name;
	return "?";
}
