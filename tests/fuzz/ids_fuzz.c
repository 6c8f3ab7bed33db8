// SPDX-License-Identifier: MIT
/*
 * User lookup over any bytes: the first line is the user, the rest both passwd and group. Whatever they
 * say, a word of digits must give that very number, and nothing may end as the id the kernel reads as
 * "leave it".
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ids.h"
#include "core/lib/fd.h"

static char dir[] = "/dev/shm/ids_fuzz.XXXXXX";
static int root = -1;

static void remove_root(void)
{
	unlinkat(root, "etc/group", 0);
	unlinkat(root, "etc/passwd", 0);
	unlinkat(root, "etc", AT_REMOVEDIR);
	rmdir(dir);
}

static void open_root(void)
{
	if (!mkdtemp(dir))
		abort();
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || mkdirat(root, "etc", 0755) < 0 ||
	    symlinkat("passwd", root, "etc/group") < 0)
		abort();
	atexit(remove_root);
}

static void put(const uint8_t *data, size_t size)
{
	int fd = openat(root, "etc/passwd", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write(fd, data, size) < 0)
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *eol = memchr(data, '\n', size);
	size_t len = eol ? (size_t)(eol - data) : size;
	struct err e = { 0 };
	struct ids ids;
	char *user;

	if (root < 0)
		open_root();
	user = strndup((const char *)data, len);
	put(data + len, size - len);
	if (ids_lookup(root, user, NULL, &ids, &e) < 0) {
		if (e.code == 0)
			abort();
	} else {
		if (ids.uid == (uid_t)-1 || ids.gid == (gid_t)-1)
			abort();
		if (*user && user[strspn(user, "0123456789")] == '\0' &&
		    ids.uid != strtoull(user, NULL, 10))
			abort();
	}
	free(user);
	return 0;
}
