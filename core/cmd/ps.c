// SPDX-License-Identifier: MIT
/*
 * `myctr ps`: the containers and how they are. Reads the state file alone, so it works without, and
 * never waits for, the supervisor. Names and images are foreign bytes: they are printed escaped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/driver.h"
#include "core/lib/event.h"
#include "core/lib/out.h"
#include "core/lib/stamp.h"
#include "core/paths.h"
#include "core/state.h"

enum { PS_ALL, PS_QUIET, PS_FORMAT, PS_JSON };

static const struct cmd_option ps_options[] = {
	[PS_ALL] = { 'a', "all", NULL, "those that have ended, too" },
	[PS_QUIET] = { 'q', "quiet", NULL, "names only, one a line" },
	[PS_FORMAT] = { 0, "format", "FORMAT",
			"table, or tsv: NAME PHASE CAUSE EXIT PID RESTARTS FAILURES OOMS CREATED STARTED ENDED "
			"MISSING IMAGE; times in ms since 1970, 0 for never; EXIT as a shell says it, -1 unknown" },
	[PS_JSON] = { 0, "json", NULL, "an array of objects with the fields of tsv" },
};

enum ps_form { PS_AS_TABLE, PS_AS_TSV, PS_AS_JSON, PS_AS_NAMES };

/* Widths of the table: 80 columns with a blank between two. */
enum {
	PS_NAME_MIN = 8,
	PS_NAME_MAX = 25,
	PS_STATUS = 24,
	PS_RESTARTS = 8,
	PS_PID = 7,
	PS_WIDTH = 80,
	PS_FEW = 64
};

struct ps {
	struct out out;
	struct state state;
	enum ps_form form;
	bool all;
	int name_width, image_width;
	unsigned int rows;
	bool missing;		/* a row had limits that are not applied */
	uint64_t now, boot_now; /* ms */
};

/* The next record to show from *i on, settled; false at the end. */
static bool ps_next(struct ps *p, uint32_t *i, struct state_owner *owner, struct state_record *r)
{
	while (*i < p->state.slots) {
		if (state_get(&p->state, (*i)++, r) || r->kind != STATE_CONTAINER)
			continue;
		state_settle(r, owner);
		if (p->all || !state_is_down(r))
			return true;
	}
	return false;
}

/* ---- table ----------------------------------------------------------------------------------- */

/* One column: foreign text, cut or padded to width columns, and a blank. */
static void ps_cell(struct ps *p, const char *text, int width)
{
	char buf[STATE_NAME * 4 + 1];
	int used = 0;
	size_t at = 0;

	str_escape(buf, sizeof(buf), text, strlen(text));
	while (buf[at] && used < width) {
		at++;
		while ((buf[at] & 0xc0) == 0x80) /* the rest of a UTF-8 character */
			at++;
		used++;
	}
	if (buf[at]) /* cut, and it shows; the last character shown is ASCII or replaced whole */
		while ((buf[--at] & 0xc0) == 0x80)
			;
	out_bytes(&p->out, buf, at);
	if (buf[at])
		out_text(&p->out, "~");
	out_printf(&p->out, "%*s", width - used + 1, "");
}

/* Of a running one the start time counts, as a clock that is set later would give it wrong. */
static uint64_t ps_age(const struct ps *p, const struct state_record *r)
{
	uint64_t then = r->phase >= STATE_WAITING ? r->ended : r->started;
	long hz = sysconf(_SC_CLK_TCK);

	if (r->phase < STATE_WAITING && r->ticks && hz > 0) {
		uint64_t born = r->ticks * 1000 / (uint64_t)hz;

		return p->boot_now > born ? p->boot_now - born : 0;
	}
	return then && p->now > then ? p->now - then : 0;
}

static const char *ps_ended(const struct state_record *r, char *buf, size_t size)
{
	const char *word = r->phase == STATE_WAITING  ? "Waiting"
			   : r->phase == STATE_FAILED ? "Failed"
						      : "Exited";
	int code = state_exit_code(r);

	if (r->cause == STATE_CAUSE_OOM)
		str_format(buf, size, "%s (OOM)", word);
	else if (r->cause == STATE_CAUSE_START_ERROR)
		str_format(buf, size, "%s (start)", word);
	else if (code < 0)
		str_format(buf, size, "%s (?)", word);
	else
		str_format(buf, size, "%s (%d)", word, code);
	return buf;
}

static void ps_status(const struct ps *p, const struct state_record *r, char *buf, size_t size)
{
	static const char *const words[] = { "Created", "Starting", "Up", "Stopping" };
	char word[24], age[24];

	str_of_time(ps_age(p, r) / 1000 * 1000, age, sizeof(age));
	if (r->phase == STATE_CREATED || r->phase == STATE_STARTING)
		str_format(buf, size, "%s", words[r->phase]);
	else if (r->phase < STATE_WAITING)
		str_format(buf, size, "%s %s%s", words[r->phase], age, r->missing ? " *" : "");
	else if (r->ended)
		str_format(buf, size, "%s %s ago", ps_ended(r, word, sizeof(word)), age);
	else
		str_format(buf, size, "%s", ps_ended(r, word, sizeof(word)));
}

/* The names decide how wide their column is; the image gets what is left. */
static void ps_measure(struct ps *p)
{
	struct state_owner owner = { 0 };
	struct state_record r;
	int widest = PS_NAME_MIN;

	if (p->state.slots > PS_FEW) /* not worth checking every record twice */
		widest = PS_NAME_MAX;
	for (uint32_t i = 0; widest < PS_NAME_MAX && ps_next(p, &i, &owner, &r);)
		widest = (int)max_u64((uint64_t)widest, strlen(r.name));
	p->name_width = (int)min_u64((uint64_t)widest, PS_NAME_MAX);
	p->image_width = PS_WIDTH - PS_STATUS - PS_RESTARTS - PS_PID - 4 - p->name_width;
}

static void ps_table_row(struct ps *p, const struct state_record *r)
{
	char status[48];

	ps_status(p, r, status, sizeof(status));
	ps_cell(p, r->name, p->name_width);
	ps_cell(p, r->image, p->image_width);
	out_printf(&p->out, "%-*.*s %*u", PS_STATUS, PS_STATUS, status, PS_RESTARTS, r->restarts);
	if (r->pid && !state_is_down(r) && r->phase != STATE_WAITING)
		out_printf(&p->out, " %*u\n", PS_PID, r->pid);
	else
		out_printf(&p->out, " %*s\n", PS_PID, "-");
	p->missing = p->missing || r->missing;
}

/* ---- other forms ----------------------------------------------------------------------------- */

static const char *ps_cause(const struct state_record *r)
{
	static const char *const words[] = { "none", "exit",	    "signal",
					     "oom",  "start-error", "unknown" };

	return r->cause < ARRAY_SIZE(words) ? words[r->cause] : "unknown";
}

static void ps_tsv_row(struct ps *p, const struct state_record *r)
{
	out_escaped(&p->out, r->name, strlen(r->name));
	out_printf(&p->out, "\t%s\t%s\t%d\t%u\t%u\t%u\t%u", state_phase_name(r->phase), ps_cause(r),
		   state_exit_code(r), r->pid, r->restarts, r->failures, r->ooms);
	out_printf(&p->out, "\t%llu\t%llu\t%llu\t%u\t", (unsigned long long)r->created,
		   (unsigned long long)r->started, (unsigned long long)r->ended, r->missing);
	out_escaped(&p->out, r->image, strlen(r->image));
	out_text(&p->out, "\n");
}

static void ps_json_row(struct ps *p, const struct state_record *r)
{
	out_text(&p->out, p->rows ? ",\n{\"name\":" : "\n{\"name\":");
	out_json(&p->out, r->name);
	out_printf(&p->out,
		   ",\"phase\":\"%s\",\"cause\":\"%s\",\"exit\":%d,\"pid\":%u,\"restarts\":%u",
		   state_phase_name(r->phase), ps_cause(r), state_exit_code(r), r->pid,
		   r->restarts);
	out_printf(&p->out, ",\"failures\":%u,\"ooms\":%u,\"created\":%llu,\"started\":%llu",
		   r->failures, r->ooms, (unsigned long long)r->created,
		   (unsigned long long)r->started);
	out_printf(&p->out,
		   ",\"ended\":%llu,\"missing\":%u,\"image\":", (unsigned long long)r->ended,
		   r->missing);
	out_json(&p->out, r->image);
	out_text(&p->out, "}");
}

static void ps_name_row(struct ps *p, const struct state_record *r)
{
	out_escaped(&p->out, r->name, strlen(r->name));
	out_text(&p->out, "\n");
}

static void ps_rows(struct ps *p)
{
	static void (*const row[])(struct ps *, const struct state_record *) = {
		[PS_AS_TABLE] = ps_table_row,
		[PS_AS_TSV] = ps_tsv_row,
		[PS_AS_JSON] = ps_json_row,
		[PS_AS_NAMES] = ps_name_row,
	};
	struct state_owner owner = { 0 };
	struct state_record r;

	for (uint32_t i = 0; ps_next(p, &i, &owner, &r); p->rows++)
		row[p->form](p, &r);
}

static int ps_form(const struct cmd_line *line, enum ps_form *form)
{
	const char *word = line->value[PS_FORMAT];

	*form = PS_AS_TABLE;
	if (line->value[PS_QUIET])
		*form = PS_AS_NAMES;
	else if (line->value[PS_JSON] || (word && strcmp(word, "json") == 0))
		*form = PS_AS_JSON;
	else if (word && strcmp(word, "tsv") == 0)
		*form = PS_AS_TSV;
	else if (word && strcmp(word, "table") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; table, tsv or json", word);
	return 0;
}

static int ps_open(struct ps *p, struct err *e)
{
	char path[PATHS_MAX];
	int rc;

	if (paths_join(path, paths.run, "state", NULL) < 0)
		return err_set(e, ENAMETOOLONG, "ps: the name of the state file is too long");
	rc = state_open(&p->state, path, 0, false, false, e);
	/* Nothing was ever started since the device was: that is an empty list. */
	return rc == -ENOENT ? 0 : rc;
}

static int ps_run(struct cmd_line *line)
{
	struct ps p = { .out = OUT(STDOUT_FILENO),
			.all = line->value[PS_ALL],
			.state = { .fd = -1 } };
	struct err e = { 0 };
	int rc = ps_form(line, &p.form);

	if (rc)
		return rc;
	if (ps_open(&p, &e))
		return cmd_fail(&e);
	p.now = stamp_now();
	p.boot_now = event_now();
	if (p.form == PS_AS_TABLE) {
		ps_measure(&p);
		out_printf(&p.out, "%-*s %-*s %-*s %*s %*s\n", p.name_width, "NAME", p.image_width,
			   "IMAGE", PS_STATUS, "STATUS", PS_RESTARTS, "RESTARTS", PS_PID, "PID");
	}
	if (p.form == PS_AS_JSON)
		out_text(&p.out, "[");
	ps_rows(&p);
	if (p.form == PS_AS_JSON)
		out_text(&p.out, "\n]\n");
	if (p.form == PS_AS_TABLE && p.missing)
		out_text(&p.out,
			 "* not all limits are applied on this kernel, see `myctr inspect NAME`\n");
	state_close(&p.state);
	rc = out_flush(&p.out);
	if (rc && rc != -EPIPE) {
		err_sys(&e, rc, "ps: cannot write the list");
		return cmd_fail(&e);
	}
	return 0;
}

COMMAND(ps) = {
	.name = "ps",
	.alias = "list",
	.group = CMD_LOOK,
	.args = "[-a] [-q] [--format table|tsv] [--json]",
	.about = "list containers",
	.options = ps_options,
	.n_options = ARRAY_SIZE(ps_options),
	.run = ps_run,
};
