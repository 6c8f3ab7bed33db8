// SPDX-License-Identifier: MIT
/*
 * The text of start conditions. See when.h. Used when a manifest is checked and when a container is to start.
 */
#include "core/when.h"

#include <errno.h>
#include <string.h>

#include "core/lib/path.h"
#include "core/lib/util.h"

static const char *const when_words[WHEN_N_KINDS] = {
	[WHEN_TIME_GOOD] = "time-good", [WHEN_ENTROPY] = "entropy", [WHEN_DEVICE] = "device",
	[WHEN_LINK] = "link",		[WHEN_FILE] = "file",	    [WHEN_NETWORK] = "network",
};

static bool when_takes(enum when_kind kind, const char *arg)
{
	switch (kind) {
	case WHEN_TIME_GOOD:
	case WHEN_ENTROPY:
		return !*arg;
	case WHEN_DEVICE:
	case WHEN_FILE:
		return *arg == '/';
	case WHEN_LINK:
		return *arg && strlen(arg) < 16 && !strpbrk(arg, "/: \t"); /* IFNAMSIZ */
	default:
		return path_is_name(arg);
	}
}

int when_parse(const char *text, enum when_kind *kind, const char **arg, struct err *e)
{
	size_t n = strcspn(text, " \t");

	*arg = text + n + strspn(text + n, " \t");
	for (unsigned int i = 0; i < WHEN_N_KINDS; i++) {
		*kind = i;
		if (strlen(when_words[i]) == n && strncmp(text, when_words[i], n) == 0 &&
		    when_takes(i, *arg))
			return 0;
	}
	return err_set(e, EINVAL,
		       "%.60s: expected time-good, entropy, device PATH, link INTERFACE, "
		       "file PATH or network NAME",
		       text);
}
