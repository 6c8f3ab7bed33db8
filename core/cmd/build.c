// SPDX-License-Identifier: MIT
/*
 * `myctr build`: an image from a Containerfile and a folder. Options that are manifest keys are for the containers
 * in which RUN's commands run. What it does is in core/build.h.
 */
#include <errno.h>
#include <unistd.h>

#include "core/build.h"
#include "core/cmd.h"
#include "core/pack.h"
#include "core/store.h"

enum {
	BUILD_TAG,
	BUILD_FILE,
	BUILD_ARG,
	BUILD_IMAGE,
	BUILD_TARGET,
	BUILD_FORMAT,
	BUILD_OUTPUT,
	BUILD_NO_CACHE,
	BUILD_QUIET,
	BUILD_PRUNE,
};

static const struct cmd_option build_options[] = {
	[BUILD_TAG] = { 't', "tag", "NAME[:TAG]", "name of the image in the store (repeatable)" },
	[BUILD_FILE] = { 'f', "file", "FILE",
			 "instead of Containerfile or Dockerfile; - is stdin" },
	[BUILD_ARG] = { 0, "build-arg", "NAME=VALUE", "value of an ARG (repeatable)" },
	[BUILD_IMAGE] = { 0, "build-image", "NAME=PATH",
			  "a file or folder FROM may name (repeatable)" },
	[BUILD_TARGET] = { 0, "target", "STAGE", "build this stage, not the last" },
	[BUILD_FORMAT] = { 0, "format", "FORMAT", "squashfs, tar, tar.lz4 (default squashfs)" },
	[BUILD_OUTPUT] = { 'o', "output", "FILE", "write a file, not to the store" },
	[BUILD_NO_CACHE] = { 0, "no-cache", NULL, "do every step anew" },
	[BUILD_QUIET] = { 'q', "quiet", NULL, "say only what was made" },
	[BUILD_PRUNE] = { 0, "prune", NULL, "remove kept layers and caches; takes no FOLDER" },
};

/* The full names of -t. */
static int build_tags(const struct cmd_line *line, struct arena *a, struct strv *out, struct err *e)
{
	char full[STORE_KEY];
	const char *tag;

	for (unsigned int i = 0; (tag = cmd_value(line, BUILD_TAG, i)) != NULL; i++) {
		int r = store_name(tag, full, e);

		if (r < 0)
			return r;
		if (strv_add(a, out, full) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

/* The values of --build-arg, and of --build-image. */
static int build_args(const struct cmd_line *line, unsigned int option, struct arena *a,
		      struct strv *out, struct err *e)
{
	const char *arg;

	for (unsigned int i = 0; (arg = cmd_value(line, option, i)) != NULL; i++) {
		if (!*arg || *arg == '=' || (option == BUILD_IMAGE && !strchr(arg, '=')))
			return err_set(e, EINVAL, "--%s %s: wants %s", build_options[option].name,
				       arg, build_options[option].arg);
		if (strv_add(a, out, arg) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

/* The first format this build and this machine can write; smallest to start from first. */
static const char *build_format(void)
{
	static const char *const formats[] = { "squashfs", "tar.lz4", "tar" };
	const struct pack_driver *driver;
	const struct codec_driver *codec;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (pack_find(formats[i], &driver, &codec, NULL) >= 0)
			return formats[i];
	return "squashfs"; /* whose error says what is missing */
}

static int build_run_verb(struct cmd_line *line)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct build_request r = { .context = line->args[0],
				   .file = line->value[BUILD_FILE],
				   .target = line->value[BUILD_TARGET],
				   .format = line->value[BUILD_FORMAT],
				   .output = line->value[BUILD_OUTPUT],
				   .run = line->spec,
				   .no_cache = line->count[BUILD_NO_CACHE] > 0,
				   .quiet = line->count[BUILD_QUIET] > 0 };
	int code;

	if (line->count[BUILD_PRUNE])
		return build_layers_prune(&e) < 0 ? cmd_fail(&e) : 0;
	if (line->n_args == 0)
		return cmd_usage(line->cmd, "wants the FOLDER of the build");
	if (!r.format)
		r.format = build_format();
	if (r.output && line->count[BUILD_TAG])
		return cmd_usage(line->cmd,
				 "-o writes a file, -t names an image of the store: use one");
	code = build_tags(line, &a, &r.tag, &e);
	if (code >= 0)
		code = build_args(line, BUILD_ARG, &a, &r.arg, &e);
	if (code >= 0)
		code = build_args(line, BUILD_IMAGE, &a, &r.image, &e);
	if (code >= 0)
		code = build_image(&r, &e);
	arena_free(&a);
	return code < 0 ? cmd_fail(&e) : 0;
}

COMMAND(build) = {
	.name = "build",
	.group = CMD_IMAGE,
	.args = "[options] FOLDER",
	.about = "make an image from a Containerfile",
	.options = build_options,
	.n_options = ARRAY_SIZE(build_options),
	.repeats = 1U << BUILD_TAG | 1U << BUILD_ARG | 1U << BUILD_IMAGE,
	.min_args = 0,
	.max_args = 1,
	.spec_options = true,
	.own_ids = true,
	.run = build_run_verb,
};
