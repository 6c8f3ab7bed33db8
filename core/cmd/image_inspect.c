/* SPDX-License-Identifier: MIT */
/*
 * `myctr image inspect`: what an image is and what it says it runs. Starts and mounts nothing: it prints what was
 * noted when the image was loaded.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/fields.h"
#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/stamp.h"

enum { INSPECT_JSON };

static const struct cmd_option inspect_options[] = {
	[INSPECT_JSON] = { 0, "json", NULL, "an object" },
};

static void inspect_names(struct out *o, struct store *s, const char *id, const char *between,
			  bool json)
{
	struct store_item item;
	bool more = false;

	for (uint32_t i = 0; store_next(s, &i, &item);) {
		if (item.kind != STORE_TAG || strcmp(item.id, id) != 0)
			continue;
		out_text(o, more ? between : "");
		more = true;
		if (json)
			out_json(o, item.name);
		else
			out_escaped(o, item.name, strlen(item.name));
	}
}

static void inspect_text(struct out *o, struct store *s, const struct store_item *item,
			 const struct spec *config)
{
	char created[STAMP_LEN + 1];

	out_printf(o, "# id      %s\n# names   ", item->id);
	inspect_names(o, s, item->id, " ", false);
	out_printf(o, "\n# format  %s\n# size    %llu\n# loaded  %s\n", item->format,
		   (unsigned long long)item->size, stamp_format(item->created, created));
	if (config)
		image_config_print(o, config);
	else
		out_text(o, "# no configuration: a plain root file system\n");
}

static void inspect_json_field(struct out *o, const struct spec *s, const struct spec_field *f)
{
	const struct strv *l = spec_member(s, f);
	char text[1024];

	out_printf(o, "\"%s\":", f->name);
	if (f->type == SPEC_STR) {
		out_json(o, *(const char *const *)spec_member(s, f));
	} else if (f->type == SPEC_WORDS || f->type == SPEC_LIST || f->type == SPEC_NAMES) {
		for (unsigned int i = 0; i < l->n; i++) {
			out_text(o, i ? "," : "[");
			out_json(o, l->v[i]);
		}
		out_text(o, l->n ? "]" : "[]");
	} else {
		spec_get(s, f, 0, text, sizeof(text));
		out_json(o, text);
	}
}

static void inspect_json(struct out *o, struct store *s, const struct store_item *item,
			 const struct spec *config)
{
	bool more = false;

	out_printf(o, "{\"id\":\"%s\",\"names\":[", item->id);
	inspect_names(o, s, item->id, ",", true);
	out_text(o, "],\"format\":");
	out_json(o, item->format);
	out_printf(o, ",\"size\":%llu,\"created\":%llu,\"config\":", (unsigned long long)item->size,
		   (unsigned long long)item->created);
	out_text(o, config ? "{" : "null");
	for (unsigned int i = 0; config && i < spec_n_fields; i++) {
		if (!spec_is_set(config, &spec_fields[i]))
			continue;
		out_text(o, more ? "," : "");
		inspect_json_field(o, config, &spec_fields[i]);
		more = true;
	}
	out_text(o, config ? "}}\n" : "}\n");
}

static int inspect_one(struct cmd_line *line, struct store *s, struct err *e)
{
	struct out o = OUT(STDOUT_FILENO);
	AUTO_FREE char *text = NULL;
	struct spec *config = NULL;
	struct store_item item;
	size_t len;
	int r = store_find(s, line->args[0], &item, NULL, e);

	if (r == 0)
		r = store_config(s, item.id, &text, &len, e);
	if (r == 0 && text)
		r = image_config_parse(text, len, &config, e);
	if (r < 0)
		return r;
	if (line->count[INSPECT_JSON])
		inspect_json(&o, s, &item, config);
	else
		inspect_text(&o, s, &item, config);
	spec_free(config);
	return out_flush(&o) == -EPIPE ? 0 : o.error;
}

static int inspect_run(struct cmd_line *line)
{
	struct err e = { 0 };
	struct store s;
	int r = store_open(&s, &e);

	if (r < 0)
		return cmd_fail(&e);
	r = inspect_one(line, &s, &e);
	store_close(&s);
	return r < 0 ? cmd_fail(&e) : 0;
}

COMMAND(image_inspect) = {
	.name = "image inspect",
	.group = CMD_IMAGE,
	.args = "[--json] IMAGE",
	.about = "print what an image is and what it runs",
	.options = inspect_options,
	.n_options = ARRAY_SIZE(inspect_options),
	.min_args = 1,
	.max_args = 1,
	.own_ids = true,
	.run = inspect_run,
};
