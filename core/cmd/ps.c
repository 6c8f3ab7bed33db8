// SPDX-License-Identifier: MIT
/*
 * `myctr ps`: the containers and how they are. Reads the state file alone, so it works without, and
 * never waits for, the supervisor. Names and images are foreign bytes: they are printed escaped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/ps_net.h"
#include "core/driver.h"
#include "core/lib/event.h"
#include "core/lib/out.h"
#include "core/lib/stamp.h"
#include "core/marks.h"
#include "core/paths.h"
#include "core/state.h"

enum { PS_ALL, PS_QUIET, PS_FORMAT, PS_JSON, PS_NETWORK };

static const struct cmd_option ps_options[] = {
	[PS_ALL] = { 'a', "all", NULL, "those that have ended, too" },
	[PS_QUIET] = { 'q', "quiet", NULL, "names only, one a line" },
	[PS_FORMAT] = { 0, "format", "FORMAT",
			"table, or tsv: NAME PHASE CAUSE EXIT PID RESTARTS FAILURES OOMS CREATED STARTED ENDED "
			"MISSING IMAGE ADDRESSES PORTS HEALTH; times in ms since 1970, 0 for never; EXIT as a shell says it, -1 unknown" },
	[PS_JSON] = { 0, "json", NULL, "an array of objects with the fields of tsv" },
	[PS_NETWORK] = { 'n', "network", NULL, "addresses and published ports" },
};

enum ps_form { PS_AS_TABLE, PS_AS_TSV, PS_AS_JSON, PS_AS_NAMES, PS_AS_NETWORK };

/* Widths of the table: 80 columns with a blank between two. */
enum {
	PS_NAME_MIN = 8,
	PS_NAME_MAX = 25,
	PS_STATUS = 24,
	PS_RESTARTS = 8,
	PS_PID = 7,
	PS_WIDTH = 80,
	PS_FEW = 64,
	PS_ADDRESSES = 8 * 2 * ADDR_TEXT,
};

struct ps {
	struct out out;
	struct state state;
	enum ps_form form;
	struct ps_net net;
	bool all;
	int name_width, image_width;
	unsigned int rows;
	bool missing;		/* a row had limits that are not applied */
	uint64_t now, boot_now; /* ms */
};

/* The next record to show from *i on, settled; false at the end. */
static bool ps_next(struct ps *p, uint32_t *i, struct state_owner *owner, struct state_record *r)
{
	while (*i < p->state.file.slots) {
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

	/* Nearly all are short and plain, and there may be a thousand. */
	while (text[at] >= ' ' && text[at] < 127)
		at++;
	if (!text[at] && at <= (size_t)width) {
		out_bytes(&p->out, text, at);
		out_pad(&p->out, width - (int)at + 1);
		return;
	}
	at = 0;
	str_escape(buf, sizeof(buf), text, strlen(text));
	while (buf[at] && used < width) {
		at++;
		while ((buf[at] & 0xc0) == 0x80) /* the rest of a UTF-8 character */
			at++;
		used++;
	}
	if (buf[at]) /* cut: the last character makes room for a mark */
		while ((buf[--at] & 0xc0) == 0x80)
			;
	out_bytes(&p->out, buf, at);
	if (buf[at])
		out_text(&p->out, "~");
	out_pad(&p->out, width - used + 1);
}

/* A number at the right end of its column. */
static void ps_number(struct ps *p, uint64_t v, int width)
{
	char digits[STR_NUMBER];
	size_t n = str_number(digits, v);

	out_pad(&p->out, width - (int)n);
	out_bytes(&p->out, digits, n);
}

/* Of a running one the start time counts, as a clock that is set later would give it wrong. */
static uint64_t ps_age(const struct ps *p, const struct state_record *r)
{
	uint64_t then = r->phase >= STATE_WAITING ? r->ended : r->started;
	long hz = (long)getauxval(AT_CLKTCK);

	if (r->phase < STATE_WAITING && r->ticks && hz > 0) {
		uint64_t born = r->ticks * 1000 / (uint64_t)hz;

		return p->boot_now > born ? p->boot_now - born : 0;
	}
	return then && p->now > then ? p->now - then : 0;
}

/* Adds text to one that has room for it; returns its new end. No printf: there may be a thousand rows. */
static char *ps_add(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n + 1);
	return at + n;
}

static char *ps_add_end(char *at, const struct state_record *r)
{
	int code = state_exit_code(r);

	at = ps_add(at, r->phase == STATE_WAITING  ? "Waiting ("
			: r->phase == STATE_FAILED ? "Failed ("
						   : "Exited (");
	if (r->cause == STATE_CAUSE_OOM)
		at = ps_add(at, "OOM");
	else if (r->cause == STATE_CAUSE_START_ERROR)
		at = ps_add(at, "start");
	else if (code < 0)
		at = ps_add(at, "?");
	else
		at += str_number(at, (uint64_t)code);
	return ps_add(at, ")");
}

static void ps_status(const struct ps *p, const struct state_record *r, char status[96])
{
	static const char *const words[] = { "Created", "Starting", "Up ", "Stopping " };
	char age[24];

	str_of_time(ps_age(p, r) / 1000 * 1000, age, sizeof(age));
	if (IS_ENABLED(CONFIG_WHEN) && r->flags & STATE_FLAG_WANTED && r->reason[0]) {
		status = ps_add(status, "Waits: ");
		str_escape(status, 96 - 7, r->reason, strlen(r->reason));
		return;
	}
	if (r->phase >= STATE_WAITING) {
		status = ps_add_end(status, r);
		if (r->ended)
			ps_add(ps_add(ps_add(status, " "), age), " ago");
		return;
	}
	if (r->phase == STATE_CREATED && r->flags & STATE_FLAG_WANTED) {
		ps_add(status, "Waiting");
		return;
	}
	status = ps_add(status, words[r->phase]);
	if (r->phase == STATE_CREATED || r->phase == STATE_STARTING)
		return;
	status = ps_add(status, age);
	if (state_health_name(r))
		status = ps_add(ps_add(ps_add(status, " ("), state_health_name(r)), ")");
	if (r->flags & STATE_FLAG_DAMAGED)
		status = ps_add(status, " (damaged)");
	if (r->missing)
		ps_add(status, " *");
}

/* The names decide how wide their column is; the image gets what is left. */
static void ps_measure(struct ps *p)
{
	struct state_owner owner = { 0 };
	struct state_record r;
	int widest = PS_NAME_MIN;

	if (p->state.file.slots > PS_FEW) /* not worth checking every record twice */
		widest = PS_NAME_MAX;
	for (uint32_t i = 0; widest < PS_NAME_MAX && ps_next(p, &i, &owner, &r);)
		widest = (int)max_u64((uint64_t)widest, strlen(r.name));
	p->name_width = (int)min_u64((uint64_t)widest, PS_NAME_MAX);
	p->image_width = PS_WIDTH - PS_STATUS - PS_RESTARTS - PS_PID - 4 - p->name_width;
}

static void ps_table_row(struct ps *p, const struct state_record *r)
{
	char status[96];

	ps_status(p, r, status);
	ps_cell(p, r->name, p->name_width);
	ps_cell(p, r->image, p->image_width);
	ps_cell(p, status, PS_STATUS);
	ps_number(p, r->restarts, PS_RESTARTS);
	if (r->pid && !state_is_down(r) && r->phase != STATE_WAITING) {
		ps_number(p, r->pid, PS_PID + 1);
	} else {
		out_pad(&p->out, PS_PID);
		out_text(&p->out, "-");
	}
	out_text(&p->out, "\n");
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
	const uint64_t numbers[] = { r->pid,	 r->restarts, r->failures, r->ooms,
				     r->created, r->started,  r->ended,	   r->missing };
	char addresses[PS_ADDRESSES], ports[NET_PORTS];
	int code = state_exit_code(r);

	out_escaped(&p->out, r->name, strlen(r->name));
	out_text(&p->out, "\t");
	out_text(&p->out, state_phase_name(r->phase));
	out_text(&p->out, "\t");
	out_text(&p->out, ps_cause(r));
	out_text(&p->out, code < 0 ? "\t-" : "\t");
	out_number(&p->out, (uint64_t)(code < 0 ? -code : code));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		out_text(&p->out, "\t");
		out_number(&p->out, numbers[i]);
	}
	out_text(&p->out, "\t");
	out_escaped(&p->out, r->image, strlen(r->image));
	ps_net_text(&p->net, r->name, addresses, sizeof(addresses), ports, sizeof(ports));
	out_text(&p->out, "\t");
	out_text(&p->out, addresses);
	out_text(&p->out, "\t");
	out_escaped(&p->out, ports, strlen(ports));
	if (IS_ENABLED(CONFIG_HEALTH)) {
		out_text(&p->out, "\t");
		out_text(&p->out, state_health_name(r) ? state_health_name(r) : "-");
	}
	out_text(&p->out, "\n");
}

static void ps_json_row(struct ps *p, const struct state_record *r)
{
	char addresses[PS_ADDRESSES], ports[NET_PORTS];

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
	ps_net_text(&p->net, r->name, addresses, sizeof(addresses), ports, sizeof(ports));
	out_text(&p->out, ",\"addresses\":");
	out_json(&p->out, addresses);
	out_text(&p->out, ",\"ports\":");
	out_json(&p->out, ports);
	if (IS_ENABLED(CONFIG_WHEN) && r->reason[0]) {
		out_text(&p->out, ",\"reason\":");
		out_json(&p->out, r->reason);
	}
	if (state_health_name(r)) {
		out_text(&p->out, ",\"health\":");
		out_json(&p->out, state_health_name(r));
	}
	out_text(&p->out, "}");
}

/* Addresses may be long: they come last but for the ports, and nothing is cut. */
static void ps_network_row(struct ps *p, const struct state_record *r)
{
	char status[96], addresses[PS_ADDRESSES], ports[NET_PORTS];

	ps_status(p, r, status);
	ps_net_text(&p->net, r->name, addresses, sizeof(addresses), ports, sizeof(ports));
	ps_cell(p, r->name, p->name_width);
	ps_cell(p, status, PS_STATUS);
	out_text(&p->out, *addresses ? addresses : "-");
	if (*ports) {
		out_text(&p->out, " ");
		out_escaped(&p->out, ports, strlen(ports));
	}
	out_text(&p->out, "\n");
}

static void ps_name_row(struct ps *p, const struct state_record *r)
{
	out_escaped(&p->out, r->name, strlen(r->name));
	out_text(&p->out, "\n");
}

static void ps_rows(struct ps *p)
{
	static void (*const row[])(struct ps *, const struct state_record *) = {
		[PS_AS_TABLE] = ps_table_row,	  [PS_AS_TSV] = ps_tsv_row,
		[PS_AS_JSON] = ps_json_row,	  [PS_AS_NAMES] = ps_name_row,
		[PS_AS_NETWORK] = ps_network_row,
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
	else if (line->value[PS_NETWORK])
		*form = PS_AS_NETWORK;
	else if (word && strcmp(word, "table") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; table, tsv or json", word);
	return 0;
}

static int ps_open(struct ps *p, struct err *e)
{
	char path[PATHS_MAX];
	int rc;

	paths_of(path, paths.run, "state", NULL);
	rc = state_open(&p->state, path, 0, false, false, e);
	/* Nothing was ever started since the device was: that is an empty list. */
	return rc == -ENOENT ? 0 : rc;
}

static int ps_run(struct cmd_line *line)
{
	struct ps p = { .out = OUT(STDOUT_FILENO),
			.all = line->value[PS_ALL],
			.state = { .file.fd = -1 } };
	struct err e = { 0 };
	int rc = ps_form(line, &p.form);

	if (rc)
		return rc;
	if (ps_open(&p, &e))
		return cmd_fail(&e);
	p.now = stamp_now();
	p.boot_now = event_now();
	if (p.form != PS_AS_TABLE && p.form != PS_AS_NAMES)
		ps_net_open(&p.net);
	if (p.form == PS_AS_TABLE || p.form == PS_AS_NETWORK)
		ps_measure(&p);
	if (p.form == PS_AS_NETWORK)
		out_printf(&p.out, "%-*s %-*s %s\n", p.name_width, "NAME", PS_STATUS, "STATUS",
			   "ADDRESSES PORTS");
	if (p.form == PS_AS_TABLE) {
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
	if (IS_ENABLED(CONFIG_MARKS) && p.form == PS_AS_TABLE)
		marks_print(&p.out);
	state_close(&p.state);
	ps_net_close(&p.net);
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
	.args = "[-a] [-q] [-n] [--format table|tsv] [--json]",
	.about = "list containers",
	.options = ps_options,
	.n_options = ARRAY_SIZE(ps_options),
	.run = ps_run,
};
