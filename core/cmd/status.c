// SPDX-License-Identifier: MIT
/*
 * `myctr status`: how the device is. Reads the state files and asks nobody, so it works without a supervisor
 * too. What containers are called is foreign text: it is printed escaped.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/device.h"
#include "core/lib/event.h"
#include "core/lib/out.h"
#include "core/lib/stamp.h"
#include "core/marks.h"
#include "core/paths.h"

enum { STATUS_FORMAT };

static const struct cmd_option status_options[] = {
	[STATUS_FORMAT] = { 0, "format", "FORMAT", "text or tsv" },
};

struct status {
	struct out out;
	bool tsv;
	struct state run, disk; /* .file.fd -1: not there */
};

static void status_line(struct status *p, const char *key, const char *text)
{
	if (p->tsv)
		out_printf(&p->out, "%s\t", key);
	else
		out_printf(&p->out, "%-10s ", key);
	out_escaped(&p->out, text, strlen(text));
	out_text(&p->out, "\n");
}

static void status_open(struct state *s, const char *dir)
{
	char path[PATHS_MAX];
	struct err e;

	s->file.fd = -1;
	if (paths_join(path, dir, "state", NULL) >= 0)
		state_open(s, path, 0, false, false, &e);
}

/* What PID 1 has found as it booted; false under another init. */
static bool status_device(struct status *p, struct state_record *r)
{
	if (p->run.file.fd >= 0 && state_find(&p->run, STATE_SYSTEM, DEVICE_NAME, r) >= 0)
		return true;
	*r = (struct state_record){ .kind = STATE_FREE };
	return false;
}

static void status_watchdog(struct status *p, const struct state_record *r)
{
	char text[96];

	if (r->exit == DEVICE_DOG_OFF) {
		status_line(p, "watchdog", "off");
		return;
	}
	if (r->exit == DEVICE_DOG_NONE) {
		status_line(p, "watchdog", "none: this kernel has no driver for one");
		return;
	}
	str_format(text, sizeof(text), "%s%s, %u s",
		   r->exit == DEVICE_DOG_SOFTWARE ? "kernel timer only: " : "", r->reason,
		   r->log_day);
	if (r->log_bytes)
		str_format(text + strlen(text), sizeof(text) - strlen(text), ", warns %u s before",
			   (unsigned int)r->log_bytes);
	if (r->cause == DEVICE_RESET_WATCHDOG)
		str_format(text + strlen(text), sizeof(text) - strlen(text), ", STARVING");
	status_line(p, "watchdog", text);
}

static void status_boot(struct status *p, const struct state_record *r)
{
	char text[96];

	str_format(text, sizeof(text), "%u", r->restarts);
	status_line(p, "boots", text);
	str_format(text, sizeof(text), "%s%s%s", device_reset_name(r->reset),
		   *r->image ? ", because of " : "", r->image);
	status_line(p, "reset", text);
	status_watchdog(p, r);
}

static void status_time(struct status *p)
{
	char text[STAMP_LEN + 1], age[24];

	str_of_time(event_now() / 1000 * 1000, age, sizeof(age));
	status_line(p, "up", age);
	stamp_format(stamp_now(), text);
	status_line(p, "clock", strcmp(text, "2024") < 0 ? "not set" : text);
}

static void status_containers(struct status *p)
{
	unsigned int up = 0, unwell = 0, failed = 0, down = 0;
	struct state_owner owner = { 0 };
	struct state_record r;
	char text[96];

	for (uint32_t i = 0; p->run.file.fd >= 0 && i < p->run.file.slots; i++) {
		if (state_get(&p->run, i, &r) < 0 || r.kind != STATE_CONTAINER)
			continue;
		state_settle(&r, &owner);
		if (r.phase == STATE_RUNNING && r.health == STATE_UNHEALTHY)
			unwell++;
		else if (r.phase == STATE_RUNNING)
			up++;
		else if (r.phase == STATE_FAILED)
			failed++;
		else
			down++;
	}
	str_format(text, sizeof(text), "%u up, %u unhealthy, %u failed, %u down", up, unwell,
		   failed, down);
	status_line(p, "containers", text);
}

/* Those that had to be killed as the device went down the last time. */
static void status_refused(struct status *p)
{
	struct state_record r;

	for (uint32_t i = 0; p->disk.file.fd >= 0 && i < p->disk.file.slots; i++)
		if (state_get(&p->disk, i, &r) == 0 && r.kind == STATE_CONTAINER &&
		    r.flags & STATE_FLAG_REFUSED)
			status_line(p, "refused", r.name);
}

static int status_run(struct cmd_line *line)
{
	struct status p = { .out = OUT(STDOUT_FILENO) };
	const char *word = line->value[STATUS_FORMAT];
	struct state_record device;
	int r;

	if (word && strcmp(word, "text") != 0 && strcmp(word, "tsv") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; text or tsv", word);
	p.tsv = word && strcmp(word, "tsv") == 0;
	status_open(&p.run, paths.run);
	status_open(&p.disk, paths.data);
	if (status_device(&p, &device)) {
		status_line(&p, "mode", "device");
		status_boot(&p, &device);
	} else {
		status_line(&p, "mode", "under another init");
	}
	status_time(&p);
	status_containers(&p);
	status_refused(&p);
	if (!p.tsv)
		marks_print(&p.out);
	state_close(&p.run);
	state_close(&p.disk);
	r = out_flush(&p.out);
	return r < 0 && r != -EPIPE ? CMD_FAILED : 0;
}

COMMAND(status) = {
	.name = "status",
	.group = CMD_DEVICE,
	.args = "[--format text|tsv]",
	.about = "print how the device is",
	.options = status_options,
	.n_options = ARRAY_SIZE(status_options),
	.max_args = 0,
	.run = status_run,
};
