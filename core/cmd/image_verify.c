/* SPDX-License-Identifier: MIT */
/*
 * `myctr image verify`: reads images again and compares them with what they are called, and
 * checks the signatures they came with. Changes nothing.
 */
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/str.h"
#include "core/signature.h"

/* Also the signature it came with, where it came with one: by gets whose it is, or "". */
static int verify_signature(const struct store *s, const char *id, char by[48], struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	char name[13];
	size_t len;
	int r;

	by[0] = '\0';
	if (!IS_ENABLED(CONFIG_SIGNATURES))
		return 0;
	r = store_signature(s, id, &text, &len, e);
	if (r < 0 || !text)
		return r;
	r = fd = store_open_image(s, id, e);
	if (r >= 0)
		r = signature_check_fd(fd, text, len, by, e);
	str_format(name, sizeof(name), "%.12s", id);
	return r < 0 && fd >= 0 ? err_wrap(e, name) : r;
}

static int verify_one(const struct store *s, const struct store_item *item, const char *name)
{
	struct out o = OUT(STDOUT_FILENO);
	struct err e = { 0 };
	char by[48];

	if (store_verify(s, item->id, &e) < 0 || verify_signature(s, item->id, by, &e) < 0)
		return cmd_fail(&e);
	out_printf(&o, "ok %.*s %s", IMAGE_SHORT, item->id, *name ? name : "-");
	if (by[0])
		out_printf(&o, " signed by %s", by);
	out_printf(&o, "\n");
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

static int verify_all(struct store *s)
{
	struct store_item item;
	int status = 0, one;

	for (uint32_t i = 0; store_next(s, &i, &item);) {
		one = item.kind == STORE_IMAGE ? verify_one(s, &item, "") : 0;
		status = one ? one : status;
	}
	return status;
}

static int verify_run(struct cmd_line *line)
{
	struct store_item item;
	struct err e = { 0 };
	char name[STORE_KEY];
	struct store s;
	int status = 0, one;

	if (store_open(&s, &e) < 0)
		return cmd_fail(&e);
	if (!line->n_args)
		status = verify_all(&s);
	for (int i = 0; i < line->n_args; i++) {
		one = store_find(&s, line->args[i], &item, name, &e) < 0
			      ? cmd_fail(&e)
			      : verify_one(&s, &item, name);
		status = one ? one : status;
	}
	store_close(&s);
	return status;
}

COMMAND(image_verify) = {
	.name = "image verify",
	.group = CMD_IMAGE,
	.args = "[IMAGE...]",
	.about = "read images again and compare them with their SHA-256 and signature",
	.max_args = -1,
	.own_ids = true,
	.run = verify_run,
};
