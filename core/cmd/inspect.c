// SPDX-License-Identifier: MIT
/*
 * `myctr inspect NAME`: everything that is known of one container: its record, and what it was told to be, with
 * the defaults. Reads files only; asks nobody. Foreign bytes are printed escaped.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/cgroup.h"
#include "core/cmd.h"
#include "core/health.h"
#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/words.h"
#include "core/manifest.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "core/state.h"

enum { INSPECT_FORMAT, INSPECT_JSON };

static const struct cmd_option inspect_options[] = {
	[INSPECT_FORMAT] = { 0, "format", "FORMAT", "text (as in a manifest), tsv or json" },
	[INSPECT_JSON] = { 0, "json", NULL, "an object with state and spec" },
};

enum inspect_form { INSPECT_TEXT, INSPECT_AS_TSV, INSPECT_AS_JSON };

struct inspect {
	struct out out;
	enum inspect_form form;
	unsigned int n; /* members of the JSON object so far */
};

/* ---- the record ---------------------------------------------------------------------------------- */

/* One line of the record; a number in JSON unless quoted. */
static void inspect_fact(struct inspect *p, const char *key, const char *value, bool quoted)
{
	if (p->form == INSPECT_AS_JSON) {
		out_printf(&p->out, "%s\"%s\":", p->n++ ? "," : "", key);
		if (quoted)
			out_json(&p->out, value);
		else
			out_text(&p->out, value);
		return;
	}
	out_printf(&p->out, p->form == INSPECT_AS_TSV ? "state.%s\t" : "# %-10s ", key);
	out_escaped(&p->out, value, strlen(value));
	out_text(&p->out, "\n");
}

static void inspect_number(struct inspect *p, const char *key, long long value)
{
	char buf[24];

	str_format(buf, sizeof(buf), "%lld", value);
	inspect_fact(p, key, buf, false);
}

static void inspect_moment(struct inspect *p, const char *key, uint64_t ms)
{
	char buf[STAMP_LEN + 1];

	if (ms)
		inspect_fact(p, key, stamp_format(ms, buf), true);
}

static const char *inspect_cause(const struct state_record *r)
{
	static const char *const words[] = { "none", "exit",	    "signal",
					     "oom",  "start-error", "unknown" };

	return r->cause < ARRAY_SIZE(words) ? words[r->cause] : "unknown";
}

/* What was seen or said last, see init/health.c. */
static void inspect_health(struct inspect *p, const struct state_record *r)
{
	char path[PATHS_MAX], text[HEALTH_TEXT];

	if (!state_health_name(r))
		return;
	inspect_fact(p, "health", state_health_name(r), true);
	if (paths_join(path, paths.run, "health", r->name) < 0 ||
	    fd_read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (*text)
		inspect_fact(p, "said", text, true);
}

static void inspect_record(struct inspect *p, const struct state_record *r)
{
	char missing[96];

	inspect_fact(p, "phase", state_phase_name(r->phase), true);
	if (r->pid)
		inspect_number(p, "pid", r->pid);
	if (r->cause != STATE_CAUSE_NONE) {
		inspect_fact(p, "cause", inspect_cause(r), true);
		inspect_number(p, "exit", state_exit_code(r));
	}
	if (r->reason[0])
		inspect_fact(p, "waits for", r->reason, true);
	inspect_health(p, r);
	inspect_number(p, "restarts", r->restarts);
	inspect_number(p, "failures", r->failures);
	inspect_number(p, "ooms", r->ooms);
	inspect_moment(p, "created", r->created);
	inspect_moment(p, "started", r->started);
	inspect_moment(p, "ended", r->ended);
	if (r->flags & STATE_FLAG_DAMAGED)
		inspect_fact(p, "image", "damaged: a block was not what verity says; load it again",
			     true);
	if (r->flags & STATE_FLAG_LOG_RAM)
		inspect_fact(p, "log", "in memory, as today's log-budget is used up", true);
	if (r->missing)
		inspect_fact(p, "missing",
			     cgroup_missing_text(r->missing, missing, sizeof(missing)), true);
}

/* ---- the spec ------------------------------------------------------------------------------------ */

static bool inspect_is_list(const struct spec_field *f)
{
	return f->type == SPEC_WORDS || f->type == SPEC_LIST || f->type == SPEC_NAMES;
}

static void inspect_json_list(struct out *o, const struct strv *l)
{
	out_text(o, "[");
	for (unsigned int i = 0; i < l->n; i++) {
		out_text(o, i ? "," : "");
		out_json(o, l->v[i]);
	}
	out_text(o, "]");
}

/* Sizes in bytes, times in milliseconds, processors in thousandths; no limit is null. */
static void inspect_json_value(struct out *o, const struct spec *s, const struct spec_field *f)
{
	const void *member = spec_member(s, f);
	const char *text;
	char buf[32];

	switch (f->type) {
	case SPEC_STR:
		text = *(const char *const *)member;
		if (text)
			out_json(o, text);
		else
			out_text(o, "null");
		break;
	case SPEC_BOOL:
		out_text(o, *(const bool *)member ? "true" : "false");
		break;
	case SPEC_ENUM:
		spec_get(s, f, 0, buf, sizeof(buf));
		out_json(o, buf);
		break;
	case SPEC_INT:
		out_printf(o, "%lld", (long long)*(const int64_t *)member);
		break;
	default:
		if (*(const uint64_t *)member == SPEC_UNLIMITED)
			out_text(o, "null");
		else
			out_printf(o, "%llu", (unsigned long long)*(const uint64_t *)member);
	}
}

static void inspect_json_spec(struct out *o, const struct spec *s)
{
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];

		out_printf(o, "%s\"%s\":", i ? "," : "", f->name);
		if (inspect_is_list(f))
			inspect_json_list(o, spec_member(s, f));
		else
			inspect_json_value(o, s, f);
	}
}

static void inspect_tsv_spec(struct out *o, const struct spec *s)
{
	char buf[64];

	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];
		const struct strv *l = spec_member(s, f);
		const char *const *text = spec_member(s, f);

		if (inspect_is_list(f)) {
			for (unsigned int k = 0; k < l->n; k++) {
				out_printf(o, "%s\t", f->name);
				out_escaped(o, l->v[k], strlen(l->v[k]));
				out_text(o, "\n");
			}
			continue;
		}
		out_printf(o, "%s\t", f->name);
		if (f->type != SPEC_STR && spec_get(s, f, 0, buf, sizeof(buf)))
			out_text(o, buf);
		else if (f->type == SPEC_STR && *text)
			out_escaped(o, *text, strlen(*text));
		out_text(o, "\n");
	}
}

/* What was not written is there as a comment, so that the whole reads back as the same section. */
static void inspect_text_defaults(struct out *o, const struct spec *s)
{
	char buf[256];

	out_text(o, "\n# by default:\n");
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];

		if (!spec_is_set(s, f) && spec_get(s, f, 0, buf, sizeof(buf)) && *buf) {
			out_printf(o, "# %s = ", f->name);
			words_print(o, buf, true);
			out_text(o, "\n");
		}
	}
}

static void inspect_text_spec(struct out *o, struct spec *s)
{
	struct fields t = SPEC_FIELDS(s);

	out_printf(o, "[container %s]\n", s->name);
	manifest_print_fields(o, &t);
	inspect_text_defaults(o, s);
}

/* ---- where it comes from ------------------------------------------------------------------------- */

static int inspect_from_manifest(const char *name, struct spec **out, struct err *e)
{
	struct manifest m = { 0 };
	int ret = manifest_load(&m, e), i;

	if (ret == -ENOENT)
		*e = (struct err){ 0 };
	i = ret < 0 ? ret : manifest_index(&m, name);
	if (i >= 0) {
		*out = m.containers[i];
		m.containers[i] = m.containers[--m.n];
	}
	manifest_free(&m);
	return ret < 0 && ret != -ENOENT ? ret : 0;
}

/* *out stays NULL when nobody described it. */
static int inspect_spec(const char *name, struct spec **out, struct err *e)
{
	int ret = spec_load(name, out, e);

	if (ret == -ENOENT) {
		*e = (struct err){ 0 };
		ret = inspect_from_manifest(name, out, e);
	}
	if (ret >= 0 && *out)
		ret = spec_finish(*out, e);
	return ret;
}

static int inspect_state(const char *name, struct state_record *r, struct err *e)
{
	struct state_owner owner = { 0 };
	struct state s = { .file.fd = -1 };
	char path[PATHS_MAX];
	int ret = paths_join(path, paths.run, "state", NULL);

	if (ret < 0)
		return err_sys(e, ret, "%s", paths.run);
	ret = state_open(&s, path, 0, false, false, e);
	if (ret == -ENOENT)
		*e = (struct err){ 0 };
	if (ret < 0)
		return ret;
	ret = state_find(&s, STATE_CONTAINER, name, r);
	state_close(&s);
	if (ret >= 0)
		state_settle(r, &owner);
	return ret;
}

static void inspect_print(struct inspect *p, const char *name, struct spec *s,
			  const struct state_record *r)
{
	if (p->form == INSPECT_AS_JSON) {
		out_text(&p->out, "{\"name\":");
		out_json(&p->out, name);
		out_text(&p->out, ",\"state\":{");
	}
	if (r)
		inspect_record(p, r);
	if (p->form == INSPECT_AS_JSON) {
		out_text(&p->out, "},\"spec\":{");
		if (s)
			inspect_json_spec(&p->out, s);
		out_text(&p->out, "}}\n");
	} else if (s && p->form == INSPECT_AS_TSV) {
		inspect_tsv_spec(&p->out, s);
	} else if (s) {
		inspect_text_spec(&p->out, s);
	}
}

static int inspect_form(const struct cmd_line *line, enum inspect_form *form)
{
	const char *word = line->value[INSPECT_FORMAT];

	*form = INSPECT_TEXT;
	if (line->value[INSPECT_JSON] || (word && !strcmp(word, "json")))
		*form = INSPECT_AS_JSON;
	else if (word && !strcmp(word, "tsv"))
		*form = INSPECT_AS_TSV;
	else if (word && strcmp(word, "text") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; text, tsv or json", word);
	return 0;
}

static int inspect_run(struct cmd_line *line)
{
	struct inspect p = { .out = OUT(STDOUT_FILENO) };
	const char *name = line->args[0];
	struct state_record r;
	struct spec *s = NULL;
	struct err e = { 0 };
	int ret = inspect_form(line, &p.form), known;

	if (ret)
		return ret;
	known = inspect_state(name, &r, &e);
	ret = e.code ? -e.code : inspect_spec(name, &s, &e);
	if (ret >= 0 && known < 0 && !s)
		ret = err_set(&e, ENOENT, "%s: no such container; see myctr ps -a", name);
	if (ret >= 0) {
		inspect_print(&p, name, s, known < 0 ? NULL : &r);
		ret = out_flush(&p.out);
		if (ret < 0)
			err_sys(&e, ret, "inspect: writing");
	}
	spec_free(s);
	return ret < 0 ? cmd_fail(&e) : 0;
}

COMMAND(inspect) = {
	.name = "inspect",
	.group = CMD_LOOK,
	.args = "[--format text|tsv|json] NAME",
	.about = "print everything about a container",
	.options = inspect_options,
	.n_options = ARRAY_SIZE(inspect_options),
	.min_args = 1,
	.max_args = 1,
	.run = inspect_run,
};
