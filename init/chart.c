// SPDX-License-Identifier: MIT
/*
 * The course of the boot, for `myctr bootchart`: moments are gathered in memory and written to <run>/bootchart when
 * the loop has nothing better to do, so that looking on does not slow the boot. Ends by itself.
 *
 * The file: lines of microseconds since the kernel began (CLOCK_BOOTTIME), what, name.
 */
#include "init/chart.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/paths.h"

#define CHART_FLUSH_MS 500
#define CHART_BYTES (64 << 10) /* of the file, at most */
#define CHART_END_US 900000000 /* what comes later is no boot */

static struct {
	bool on;
	struct event_loop *loop; /* NULL: not yet */
	struct event_timer timer;
	size_t used, written;
	char text[2048];
} chart;

static uint64_t chart_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void chart_flush(struct event_timer *t)
{
	char path[PATHS_MAX];
	AUTO_FD int fd = -1;

	(void)t;
	if (paths_join(path, paths.run, "bootchart", NULL) < 0)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0)
		fd_write(fd, chart.text, chart.used);
	chart.written += chart.used;
	chart.used = 0;
	chart.on = chart.on && chart.written < CHART_BYTES;
}

void chart_note(const char *what, const char *name)
{
	uint64_t now;

	if (!chart.on)
		return;
	now = chart_now();
	chart.on = now < CHART_END_US;
	if (chart.loop && chart.used + 120 > sizeof(chart.text))
		chart_flush(NULL);
	chart.used += str_format(chart.text + chart.used, sizeof(chart.text) - chart.used,
				 "%llu %s %s\n", (unsigned long long)now, what, name);
	if (chart.loop && !chart.timer.at)
		event_timer_set(chart.loop, &chart.timer, CHART_FLUSH_MS);
}

void chart_open(void)
{
	chart.on = true;
	chart_note("init", "-");
}

void chart_loop(struct event_loop *l)
{
	chart.loop = l;
	chart.timer.expired = chart_flush;
	chart_note("loop", "-");
}
