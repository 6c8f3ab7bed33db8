// SPDX-License-Identifier: MIT
/*
 * `myctr prompt`: a line at a time, each a command of myctr without its name, for a console without a shell.
 * Every command is a process of its own, so none can end the prompt; Ctrl-C ends the command.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/words.h"

#define PROMPT_LINE 1024
#define PROMPT_WORDS 64

/* Reads a line without its end. Its length, -ENOENT at the end of input, -E2BIG for one that is too long. */
static int prompt_read(char line[PROMPT_LINE])
{
	bool any = false;
	size_t n = 0;
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		any = true;
		if (c == '\n')
			break;
		if (n < PROMPT_LINE)
			line[n++] = c;
	}
	if (!any)
		return -ENOENT;
	if (n == PROMPT_LINE || memchr(line, '\0', n))
		return -E2BIG;
	line[n] = '\0';
	return (int)n;
}

/* The words of line into room as argv behind "myctr". Their number, or -EINVAL, -E2BIG. */
static int prompt_words(const char *line, char room[2 * PROMPT_LINE], char *argv[PROMPT_WORDS])
{
	int n = 1, r;

	argv[0] = "myctr";
	while ((r = words_next(&line, room)) > 0) {
		if (n == PROMPT_WORDS - 1)
			return -E2BIG;
		argv[n++] = room;
		room += strlen(room) + 1;
	}
	argv[n] = NULL;
	return r < 0 ? r : n;
}

static void prompt_run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execv("/proc/self/exe", argv);
		_exit(CMD_NOT_FOUND);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static int prompt_main(struct cmd_line *line)
{
	char text[PROMPT_LINE], room[2 * PROMPT_LINE], host[65] = "", *argv[PROMPT_WORDS];
	struct out o = OUT(STDOUT_FILENO);
	int n;

	(void)line;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	gethostname(host, sizeof(host) - 1);
	for (;;) {
		out_printf(&o, "myctr %s> ", host);
		if (out_flush(&o) < 0)
			return 1;
		n = prompt_read(text);
		if (n == -ENOENT)
			return 0;
		n = n < 0 ? n : prompt_words(text, room, argv);
		if (n < 0)
			out_text(&o, n == -EINVAL ? "a quote is not closed\n"
						  : "the line is too long\n");
		else if (n > 1 && strcmp(argv[1], "exit") == 0)
			return 0;
		else if (n > 1)
			prompt_run(argv);
	}
}

COMMAND(prompt) = {
	.name = "prompt",
	.group = CMD_DEVICE,
	.args = "",
	.about = "read commands, one a line, until exit",
	.max_args = 0,
	.run = prompt_main,
};
