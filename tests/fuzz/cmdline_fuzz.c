// SPDX-License-Identifier: MIT
/* The words of a command line, separated by NUL or newline, for a verb with every option there is. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/spec.h"

#define WORDS_MAX 64

void __sanitizer_set_report_fd(void *fd);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cmd_option options[] = {
	{ 'd', "detach", NULL, "flag" },
	{ 'p', "publish", "PORT", "value" },
	{ 't', "tty", NULL, "flag" },
};

static const struct command verbs[] = {
	{ .name = "run",
	  .options = options,
	  .n_options = 3,
	  .min_args = 1,
	  .max_args = -1,
	  .stop_at_args = true,
	  .spec_options = true },
	{ .name = "look", .options = options, .n_options = 3, .max_args = 2 },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1), *argv[WORDS_MAX + 1], *at = text;
	int n = 0;
	int said = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* Usage errors are what most inputs end in; what a sanitizer has to say still comes through. */
	__sanitizer_set_report_fd((void *)(intptr_t)said);
	dup2(nowhere, STDERR_FILENO);
	memcpy(text, data, size);
	for (size_t i = 0; i < size; i++)
		text[i] = text[i] == '\n' ? '\0' : text[i];
	for (; at <= text + size && n < WORDS_MAX; at += strlen(at) + 1)
		argv[n++] = at;
	for (size_t i = 0; i < 2; i++) {
		char *words[WORDS_MAX + 1];
		struct cmd_line line;

		memcpy(words, argv, sizeof(argv[0]) * (size_t)n);
		words[n] = NULL;
		if (cmd_parse(&verbs[i], words, &line) == 0 &&
		    (line.n_args > n || line.args[line.n_args]))
			abort();
		spec_free(line.spec);
	}
	dup2(said, STDERR_FILENO);
	__sanitizer_set_report_fd((void *)(intptr_t)STDERR_FILENO);
	close(said);
	close(nowhere);
	free(text);
	return 0;
}
