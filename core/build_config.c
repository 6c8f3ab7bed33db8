// SPDX-License-Identifier: MIT
/*
 * What the instructions of a Containerfile do to the configuration of a stage: what the image will say of
 * itself. Touches no file. See build.h.
 */
#include <errno.h>
#include <string.h>

#include "core/build.h"
#include "core/health.h"
#include "core/lib/config.h"

int build_set_key(struct build_stage *s, const char *key, const char *value, struct err *e)
{
	return spec_set(s->config, spec_field(key), value, e);
}

static int config_arg(struct build *b, struct build_stage *s, const struct cfile_step *step,
		      struct err *e)
{
	struct cfile_vars v = build_vars(b, s);

	return build_declare(b, &s->arg, &v, step->text, e);
}

static int config_pairs(struct build *b, struct build_stage *s, const struct cfile_step *step,
			const char *key, struct strv *to, struct err *e)
{
	struct cfile_vars v = build_vars(b, s);
	struct strv entries = { 0 };
	int r = cfile_pairs(&v, step->text, true, false, &entries, e);

	for (unsigned int i = 0; r >= 0 && i < entries.n; i++) {
		if (strchr(entries.v[i], '\n'))
			r = err_set(e, EINVAL, "a value of more than one line is not possible");
		else
			r = build_set(&s->config->arena, to, entries.v[i], e);
	}
	return r < 0 ? r : spec_mark(s->config, key);
}

static int config_env(struct build *b, struct build_stage *s, const struct cfile_step *step,
		      struct err *e)
{
	return config_pairs(b, s, step, "env", &s->config->env, e);
}

static int config_label(struct build *b, struct build_stage *s, const struct cfile_step *step,
			struct err *e)
{
	return config_pairs(b, s, step, "label", &s->config->label, e);
}

static int config_maintainer(struct build *b, struct build_stage *s, const struct cfile_step *step,
			     struct err *e)
{
	char entry[512];

	(void)b;
	str_format(entry, sizeof(entry), "maintainer=%s", step->text);
	if (build_set(&s->config->arena, &s->config->label, entry, e) < 0)
		return -e->code;
	return spec_mark(s->config, "label");
}

/* Either form of a command as a list of words. */
static int config_command(struct build_stage *s, const struct cfile_step *step, struct strv *to,
			  struct err *e)
{
	const struct strv *from = step->is_exec ? &step->exec : &s->shell;
	struct arena *a = &s->config->arena;

	*to = (struct strv){ 0 };
	for (unsigned int i = 0; i < from->n; i++)
		if (strv_add(a, to, from->v[i]) < 0)
			return err_set(e, ENOMEM, "out of memory");
	if (!step->is_exec && strv_add(a, to, step->text) < 0)
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

static int config_cmd(struct build *b, struct build_stage *s, const struct cfile_step *step,
		      struct err *e)
{
	int r = config_command(s, step, &s->config->command, e);

	(void)b;
	s->command_here = true;
	return r < 0 ? r : spec_mark(s->config, "command");
}

static int config_entrypoint(struct build *b, struct build_stage *s, const struct cfile_step *step,
			     struct err *e)
{
	int r = config_command(s, step, &s->config->entrypoint, e);

	(void)b;
	/* The command of the base was for another entry point. */
	if (!s->command_here) {
		s->config->command = (struct strv){ 0 };
		spec_unmark(s->config, "command");
	}
	return r < 0 ? r : spec_mark(s->config, "entrypoint");
}

static int config_shell(struct build *b, struct build_stage *s, const struct cfile_step *step,
			struct err *e)
{
	(void)b;
	(void)e;
	s->shell = step->exec;
	return 0;
}

static int config_expose(struct build *b, struct build_stage *s, const struct cfile_step *step,
			 struct err *e)
{
	struct strv words = { 0 };
	int r = build_words(b, s, step, &words, e);

	for (unsigned int i = 0; r >= 0 && i < words.n; i++)
		r = build_set_key(s, "expose", words.v[i], e);
	return r;
}

static int config_volume(struct build *b, struct build_stage *s, const struct cfile_step *step,
			 struct err *e)
{
	struct strv words = { 0 };
	int r = build_words(b, s, step, &words, e);

	for (unsigned int i = 0; r >= 0 && i < words.n; i++) {
		const char *path = build_path(b, s, words.v[i]);

		r = path ? build_set_key(s, "data-path", path, e)
			 : err_set(e, ENOMEM, "out of memory");
	}
	return r;
}

static int config_user(struct build *b, struct build_stage *s, const struct cfile_step *step,
		       struct err *e)
{
	const char *value = build_value(b, s, step, e);

	return value ? build_set_key(s, "user", value, e) : -e->code;
}

static int config_stopsignal(struct build *b, struct build_stage *s, const struct cfile_step *step,
			     struct err *e)
{
	const char *value = build_value(b, s, step, e);

	return value ? build_set_key(s, "stop-signal", value, e) : -e->code;
}

/* ---- HEALTHCHECK ------------------------------------------------------------------------------------- */

/* 1m30s, 1.5s, 500ms: to milliseconds. Source: Go's time.ParseDuration. */
static int config_duration(const char *text, uint64_t *ms)
{
	static const struct {
		const char *unit;
		uint64_t us;
	} units[] = { { "ms", 1000 },
		      { "us", 1 },
		      { "s", 1000000 },
		      { "m", 60000000 },
		      { "h", 3600000000 } };
	uint64_t us = 0;

	for (const char *p = text; *p || p == text;) {
		uint64_t whole = 0, part = 0, scale = 1;
		unsigned int i = 0, digits = 0;

		for (; *p >= '0' && *p <= '9' && digits < 9; p++, digits++)
			whole = whole * 10 + (uint64_t)(*p - '0');
		for (p += *p == '.'; *p >= '0' && *p <= '9' && scale < 1000; p++, digits++) {
			part = part * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
		while (i < ARRAY_SIZE(units) &&
		       strncmp(p, units[i].unit, strlen(units[i].unit)) != 0)
			i++;
		if (!digits || i == ARRAY_SIZE(units))
			return -EINVAL;
		us += whole * units[i].us + part * units[i].us / scale;
		p += strlen(units[i].unit);
	}
	*ms = us / 1000;
	return 0;
}

/* Its flags as the pairs of the key health. */
static int config_health_flags(struct build *b, struct build_stage *s,
			       const struct cfile_step *step, struct strv *to, struct err *e)
{
	static const struct {
		const char *flag, *word;
		bool number;
	} flags[] = { { "interval", "every", false },
		      { "timeout", "timeout", false },
		      { "retries", "retries", true },
		      { "start-period", "start-period", false } };
	struct cfile_vars v = build_vars(b, s);
	char text[32];
	uint64_t ms;

	if (cfile_flag(step, "start-interval"))
		build_said(b, "--start-interval has no effect: --interval counts from the start");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *value = cfile_flag(step, flags[i].flag);

		value = value ? cfile_expand(&v, value, e) : NULL;
		if (!value && cfile_flag(step, flags[i].flag))
			return -e->code;
		/* 0 is what a health check has without it. */
		if (!value || strcmp(value, "0") == 0)
			continue;
		if (!flags[i].number && config_duration(value, &ms) < 0)
			return err_set(e, EINVAL, "--%s=%s: wants a time, as in 30s or 1m30s",
				       flags[i].flag, value);
		if (!flags[i].number && !ms)
			continue;
		if (!flags[i].number)
			str_format(text, sizeof(text), "%llums", (unsigned long long)ms);
		if (strv_add(&s->config->arena, to, flags[i].word) < 0 ||
		    strv_add(&s->config->arena, to, flags[i].number ? value : text) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

static int config_healthcheck(struct build *b, struct build_stage *s, const struct cfile_step *step,
			      struct err *e)
{
	struct strv *to = &s->config->health, command = { 0 };
	bool none = !step->is_exec && strcmp(step->text, "NONE") == 0;
	struct health h;
	int r = none ? 0 : config_command(s, step, &command, e);

	*to = (struct strv){ 0 };
	if (r >= 0 && strv_add(&s->config->arena, to, none ? "none" : "exec") < 0)
		return err_set(e, ENOMEM, "out of memory");
	for (unsigned int i = 0; r >= 0 && i < command.n; i++)
		if (strv_add(&s->config->arena, to, command.v[i]) < 0)
			return err_set(e, ENOMEM, "out of memory");
	if (r >= 0 && !none)
		r = config_health_flags(b, s, step, to, e);
	if (r >= 0 && IS_ENABLED(CONFIG_HEALTH))
		r = health_parse(to, &h, e);
	return r < 0 ? r : spec_mark(s->config, "health");
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static int (*const configs[CFILE_OPS])(struct build *b, struct build_stage *s,
				       const struct cfile_step *step, struct err *e) = {
	[CFILE_ARG] = config_arg,
	[CFILE_CMD] = config_cmd,
	[CFILE_ENTRYPOINT] = config_entrypoint,
	[CFILE_ENV] = config_env,
	[CFILE_EXPOSE] = config_expose,
	[CFILE_HEALTHCHECK] = config_healthcheck,
	[CFILE_LABEL] = config_label,
	[CFILE_MAINTAINER] = config_maintainer,
	[CFILE_SHELL] = config_shell,
	[CFILE_STOPSIGNAL] = config_stopsignal,
	[CFILE_USER] = config_user,
	[CFILE_VOLUME] = config_volume,
};

int build_config(struct build *b, struct build_stage *s, const struct cfile_step *step,
		 struct err *e)
{
	return configs[step->op](b, s, step, e);
}
