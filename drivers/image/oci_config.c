/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a Docker or OCI image as a manifest fragment, as images of ours carry it: text with a section
 * [image]. Runs in the CLI. Only what runs in a container is taken over; nothing of it gives a right.
 * Sources: OCI image-spec, config.md; Docker image-spec v1.2 (Healthcheck).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/lib/out.h"
#include "core/lib/str.h"
#include "core/lib/words.h"
#include "core/spec.h"
#include "drivers/image/oci.h"

struct config {
	const struct json *j;
	struct out out;
	struct arena arena;
	unsigned int lost;
};

/* A comment where this build knows no such key: a person can still read it. */
static void config_key(struct config *c, const char *key)
{
	if (!spec_field(key))
		out_text(&c->out, "# ");
	out_text(&c->out, key);
	out_pad(&c->out, 11 - (int)strlen(key));
	out_text(&c->out, " = ");
}

/* A line with one value; one that the table of fields would refuse is left out. */
static void config_value(struct config *c, const char *key, const char *value)
{
	const struct spec_field *f = spec_field(key);

	if (!value || !*value)
		return;
	if (f && f->check && f->check(value, NULL) < 0) {
		c->lost++;
		return;
	}
	config_key(c, key);
	words_print(&c->out, value, true);
	out_text(&c->out, "\n");
}

static void config_string(struct config *c, const char *key, int i)
{
	if (json_is(c->j, i, JSMN_STRING))
		config_value(c, key, json_string(c->j, i, &c->arena));
}

/* Cmd and Entrypoint: a list of words, or in old images one string for a shell. */
static void config_words(struct config *c, const char *key, int i)
{
	const char *word = json_string(c->j, i, &c->arena);
	bool any = false;

	if (json_is(c->j, i, JSMN_STRING)) {
		config_key(c, key);
		out_text(&c->out, "/bin/sh -c ");
		words_print(&c->out, word ? word : "", false);
		out_text(&c->out, "\n");
		return;
	}
	for (JSON_EACH(c->j, i, k)) {
		word = json_string(c->j, k, &c->arena);
		if (!any)
			config_key(c, key);
		else
			out_text(&c->out, " ");
		any = true;
		c->lost += !word;
		words_print(&c->out, word ? word : "", false);
	}
	if (any)
		out_text(&c->out, "\n");
}

static void config_list(struct config *c, const char *key, int i)
{
	for (JSON_EACH(c->j, i, k)) {
		const char *value = json_string(c->j, k, &c->arena);

		c->lost += !value;
		config_value(c, key, value);
	}
}

/* The value, or with a slash before it; NULL when it is longer than any of these may be. */
static const char *config_path(char text[512], const char *value, bool slash)
{
	size_t n = str_format(text, 512, "%s%s", slash && value[0] != '/' ? "/" : "", value);

	return n < 511 ? text : NULL;
}

/* {"80/tcp": {}}: the keys are what counts. */
static void config_keys(struct config *c, const char *key, int i, bool paths)
{
	if (!json_is(c->j, i, JSMN_OBJECT))
		return;
	for (JSON_EACH(c->j, i, k)) {
		const char *name = json_string(c->j, k, &c->arena);
		char text[512];

		name = name ? config_path(text, name, paths) : NULL;
		c->lost += !name;
		config_value(c, key, name);
	}
}

static void config_labels(struct config *c, int i)
{
	if (!json_is(c->j, i, JSMN_OBJECT))
		return;
	for (JSON_EACH(c->j, i, k)) {
		const char *name = json_string(c->j, k, &c->arena);
		const char *value = json_string(c->j, k + 1, &c->arena);
		size_t size = name && value ? strlen(name) + strlen(value) + 2 : 0;
		char *text = size ? arena_alloc(&c->arena, size) : NULL;

		/* A key with an equals sign in it would be read as another. */
		if (!text || !*name || strchr(name, '=')) {
			c->lost++;
			continue;
		}
		str_format(text, size, "%s=%s", name, value);
		config_value(c, "label", text);
	}
}

static void config_time(struct config *c, int health, const char *key, const char *word)
{
	uint64_t ns;

	if (json_number(c->j, json_member(c->j, health, key), INT64_MAX, &ns) && ns)
		out_printf(&c->out, " %s %" PRIu64 "ms", word, ns / 1000000);
}

/* exec CMD, or through the shell. */
static void config_health(struct config *c, int health)
{
	int test = json_member(c->j, health, "Test"), first = json_first(c->j, test);
	bool shell = json_is_text(c->j, first, "CMD-SHELL");
	uint64_t retries;

	if (!shell && !json_is_text(c->j, first, "CMD"))
		return;
	config_key(c, "health");
	out_text(&c->out, shell ? "exec /bin/sh -c" : "exec");
	for (int i = json_after(c->j, test, first); i >= 0; i = json_after(c->j, test, i)) {
		const char *word = json_string(c->j, i, &c->arena);

		out_text(&c->out, " ");
		words_print(&c->out, word ? word : "", false);
	}
	config_time(c, health, "Interval", "every");
	config_time(c, health, "Timeout", "timeout");
	config_time(c, health, "StartPeriod", "start-period");
	if (json_number(c->j, json_member(c->j, health, "Retries"), 1000, &retries) && retries)
		out_printf(&c->out, " retries %" PRIu64, retries);
	out_text(&c->out, "\n");
}

static void config_workdir(struct config *c, int i)
{
	const char *dir = json_string(c->j, i, &c->arena);
	char text[512];

	if (!dir || !*dir)
		return;
	dir = config_path(text, dir, true);
	c->lost += !dir;
	config_value(c, "workdir", dir);
}

static void config_all(struct config *c, int i)
{
	const struct json *j = c->j;

	config_words(c, "entrypoint", json_member(j, i, "Entrypoint"));
	config_words(c, "command", json_member(j, i, "Cmd"));
	config_list(c, "env", json_member(j, i, "Env"));
	config_string(c, "user", json_member(j, i, "User"));
	config_workdir(c, json_member(j, i, "WorkingDir"));
	config_keys(c, "expose", json_member(j, i, "ExposedPorts"), false);
	config_keys(c, "data-path", json_member(j, i, "Volumes"), true);
	config_labels(c, json_member(j, i, "Labels"));
	config_string(c, "stop-signal", json_member(j, i, "StopSignal"));
	config_health(c, json_member(j, i, "Healthcheck"));
	c->lost += (unsigned int)json_count(j, json_member(j, i, "OnBuild"));
}

int oci_config_write(const struct json *j, int fd, unsigned int *lost, struct err *e)
{
	struct config c = { .j = j, .out = OUT(fd) };
	bool failed;
	int r;

	out_text(&c.out, "[image]\n");
	config_all(&c, json_member(j, 0, "config"));
	r = out_flush(&c.out);
	*lost += c.lost;
	failed = c.arena.failed;
	arena_free(&c.arena);
	return r < 0	? err_sys(e, r, "cannot write the configuration")
	       : failed ? err_set(e, ENOMEM, "out of memory for the configuration")
			: 0;
}
