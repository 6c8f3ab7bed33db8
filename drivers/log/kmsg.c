// SPDX-License-Identifier: MIT
/*
 * Log driver kmsg: output as messages of the kernel's log, "NAME: line", where the console, pstore and
 * whoever reads /dev/kmsg find it. Runs in the supervisor. The kernel drops what comes too fast unless
 * printk.devkmsg=on is on its command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "drivers/log/lines.h"

#define KMSG_PATH "/dev/kmsg"
#define KMSG_PRIORITY 30 /* daemon.info, RFC 5424 6.2.1 */

struct kmsg {
	struct log log;
	int fd;
	int error; /* of the last write() */
	char head[80];
	size_t n_head;
	struct lines lines;
};

static int kmsg_open(const struct log_args *a, struct log **out, struct err *e);

static void kmsg_line(void *arg, const char *text, size_t len)
{
	struct kmsg *k = arg;
	/* without the newline nobody would see it before the next message */
	const struct iovec v[] = { { k->head, k->n_head },
				   { (void *)(uintptr_t)text, len },
				   { (void *)(uintptr_t) "\n", 1 } };

	if (writev(k->fd, v, ARRAY_SIZE(v)) < 0)
		k->error = -errno;
}

static int kmsg_write(struct log *l, uint64_t realtime_ms, const void *bytes, size_t len)
{
	struct kmsg *k = container_of(l, struct kmsg, log);

	(void)realtime_ms;
	k->error = 0;
	lines_take(&k->lines, bytes, len, kmsg_line, k);
	return k->error;
}

static void kmsg_close(struct log *l)
{
	struct kmsg *k = container_of(l, struct kmsg, log);

	lines_end(&k->lines, kmsg_line, k);
	fd_close(&k->fd);
	free(k);
}

DRIVER(log, kmsg) = {
	.name = "kmsg",
	.about = "messages in the kernel's log",
	.kernel = "PRINTK",
	.open = kmsg_open,
	.write = kmsg_write,
	.close = kmsg_close,
};

static int kmsg_open(const struct log_args *a, struct log **out, struct err *e)
{
	AUTO_FD int fd = open(KMSG_PATH, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct kmsg *k;

	*out = NULL;
	if (fd < 0)
		return err_sys(e, errno, "log = kmsg: %s", KMSG_PATH);
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_set(e, ENOMEM, "log: out of memory");
	k->log.driver = &log_driver_kmsg;
	k->n_head = str_format(k->head, sizeof(k->head), "<%d>%s: ", KMSG_PRIORITY, a->name);
	k->fd = fd_take(&fd);
	*out = &k->log;
	return 0;
}
