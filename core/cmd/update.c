/* SPDX-License-Identifier: MIT */
/*
 * `myctr update`: a new image for containers, tried before it is kept; and `update status`. The image is in the
 * store, whole, before the supervisor is asked to switch. Must never take away an image that a slot holds: names
 * in the store ("slots/NAME:a") follow what the state file says, not what was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/cmd/update.h"
#include "core/demand.h"
#include "core/image_config.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/path.h"
#include "core/signature.h"
#include "core/update.h"

#define UPDATE_LOOK_MS 100
#define UPDATE_SLACK_MS \
	120000 /* a trial that is not over so long after its time has no supervisor */

enum { UPDATE_SHA256, UPDATE_VERITY, UPDATE_FOR, UPDATE_NOW, UPDATE_DETACH };

static const struct cmd_option update_options[] = {
	[UPDATE_SHA256] = { 0, "sha256", "ID", "refuse any other content; once for each FILE" },
	[UPDATE_VERITY] = { 0, "verity", "ROOTHASH", "run it only as dm-verity lets it; likewise" },
	[UPDATE_FOR] = { 0, "trial", "TIME",
			 "how long it is tried (default: trial of the manifest)" },
	[UPDATE_NOW] = { 0, "no-trial", NULL, "keep it at once" },
	[UPDATE_DETACH] = { 'd', "detach", NULL, "do not wait for the end of the trial" },
};

/* ---- names in the store ----------------------------------------------------------------------- */

/* What is called name is id from now on; "" for nothing. What it was before goes if nothing else needs it. */
static void update_name(struct store *s, const char *name, const char *id)
{
	struct store_item old;
	bool was = store_find(s, name, &old, NULL, NULL) == 0;

	if (was && strcmp(old.id, id) == 0)
		return;
	if (id[0] && store_tag(s, id, name, NULL) < 0)
		return;
	if (!id[0] && was)
		store_untag(s, name, NULL);
	if (was && !image_user(s, old.id, NULL, NULL))
		store_remove(s, old.id, true, NULL);
}

void update_name_slots(struct store *s)
{
	char name[STORE_KEY];
	struct update_slots u;
	struct state disk;

	if (update_open(&disk, NULL) < 0)
		return;
	for (uint32_t i = 0, n = state_slots(&disk); i < n; i++) {
		if (update_get_at(&disk, i, &u) < 0)
			continue;
		for (unsigned int k = 0; k < 2; k++) {
			str_format(name, sizeof(name), "slots/%s:%s", u.name, update_letter(k));
			update_name(s, name, u.slot[k].state == UPDATE_GOOD ? u.slot[k].id : "");
		}
	}
	state_close(&disk);
}

/* ---- the images ------------------------------------------------------------------------------- */

struct update {
	struct cmd_line *line;
	struct store store;
	struct update_item items[UPDATE_ITEMS];
	unsigned int n;
};

static int update_open_file(const char *path, uint64_t *size, struct err *e)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : err_sys(e, errno, "%s: cannot open", path);
	if (fstat(fd, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode))) {
		close(fd);
		return err_set(e, EINVAL, "%s: neither a file nor a stream", path);
	}
	*size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return fd;
}

/* What lies beside the file goes with it; one that is wrong is no image of anybody. */
static int update_signature(const char *path, int fd, char **text, struct err *e)
{
	struct err none = { 0 };
	char by[48];
	size_t len;
	int r = strcmp(path, "-") == 0 ? -ENOENT : signature_beside(path, text, &len, &none);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "%s", none.msg);
	return signature_check_fd(fd, *text, len, by, e);
}

/* Nothing of what could be gone back to is taken away to make room. */
static int update_no_room(const char *path, struct err *e)
{
	struct err why = *e;

	return err_set(e, ENOSPC, "%s: %s; an update needs it beside the images of both slots",
		       path_base(path), why.msg);
}

/* From a file into the store, or what has this name there. It is called name when this returns. */
static int update_load(struct update *up, const char *path, const char *want, const char *name,
		       struct store_item *item, struct err *e)
{
	AUTO_FREE char *signature = NULL;
	struct image_progress p;
	struct store_add a;
	uint64_t size = 0;
	AUTO_FD int fd = update_open_file(path, &size, e);
	int r;

	if (fd == -ENOENT) {
		r = store_find(&up->store, path, item, NULL, e);
		if (r == 0 && want && strcmp(want, item->id) != 0)
			r = err_set(e, EILSEQ, "%s: has the SHA-256 %s", path, item->id);
		return r < 0 ? r : store_tag(&up->store, item->id, name, e);
	}
	if (fd < 0)
		return fd;
	r = store_add_begin(&a, &up->store, size, e);
	if (r < 0)
		return r == -ENOSPC ? update_no_room(path, e) : err_wrap(e, path);
	image_progress_begin(&p, path_base(path), size);
	r = image_copy(fd, a.fd, &p, e);
	image_progress_end(&p);
	a.want = want;
	if (r == 0 && IS_ENABLED(CONFIG_SIGNATURES))
		r = update_signature(path, a.fd, &signature, e);
	a.signature = signature;
	if (r == 0)
		r = store_add_commit(&a, name, item, e);
	store_add_abort(&a);
	if (r == -ENOSPC)
		return update_no_room(path, e);
	return r < 0 ? err_wrap(e, path_base(path)) : 0;
}

static int update_version(const struct store *s, struct update_item *item, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct spec *config = NULL;
	size_t len;
	int r = store_config(s, item->id, &text, &len, e);

	if (r < 0 || !text)
		return r;
	r = image_config_parse(text, len, &config, e);
	if (r == 0)
		item->version = config->version;
	spec_free(config);
	return r;
}

static int update_is_hash(const char *text, struct err *e)
{
	return !text || (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64)
		       ? 0
		       : err_set(e, EINVAL, "%.70s: not the 64 hex digits of a SHA-256", text);
}

static int update_one(struct update *up, const char *container, const char *path, struct err *e)
{
	const char *want = cmd_value(up->line, UPDATE_SHA256, up->n);
	const char *verity = cmd_value(up->line, UPDATE_VERITY, up->n);
	struct update_item *item = &up->items[up->n];
	char name[STORE_KEY];
	struct store_item image;
	int r = update_is_hash(want, e);

	if (r == 0)
		r = update_is_hash(verity, e);
	if (r < 0)
		return r;
	if (!path_is_name(container) || !str_copy(item->name, sizeof(item->name), container))
		return err_set(e, EINVAL, "%.60s: not the name of a container", container);
	str_format(name, sizeof(name), "slots/%s:new", container);
	r = update_load(up, path, want, name, &image, e);
	if (r < 0)
		return r;
	up->n++;
	memcpy(item->id, image.id, sizeof(item->id));
	if (verity)
		str_copy(item->verity, sizeof(item->verity), verity);
	return update_version(&up->store, item, e);
}

/* ---- asking, and the end ---------------------------------------------------------------------- */

static int update_ask(const struct update *up, struct err *e)
{
	uint8_t payload[UPDATE_ITEMS * UPDATE_ITEM];
	struct ctl_request r = { .op = CTL_UPDATE,
				 .flags = up->line->count[UPDATE_NOW] ? CTL_NO_TRIAL : 0,
				 .value = CTL_NO_TIMEOUT,
				 .payload = payload,
				 .len = up->n * UPDATE_ITEM };
	const char *trial = up->line->value[UPDATE_FOR];
	uint64_t ms;

	for (unsigned int i = 0; i < up->n; i++)
		update_item_encode(payload + (size_t)i * UPDATE_ITEM, &up->items[i]);
	if (trial && (str_time(trial, &ms) < 0 || ms >= CTL_NO_TIMEOUT))
		return err_set(e, EINVAL, "--trial %s: not a time like 60s", trial);
	if (trial)
		r.value = (uint32_t)ms;
	return ctl_ask(&r, e) < 0 ? -e->code : 0;
}

/* Follows the state file, which outlives the supervisor, until the change is decided. */
static int update_wait(const char *name, struct update_slots *u, struct err *e)
{
	uint64_t end = 0;
	struct state disk;
	int r = update_open(&disk, e);

	while (r == 0) {
		struct update_txn t;

		r = update_find(&disk, name, u);
		if (r < 0 || !u->txn)
			break;
		if (!end && update_txn_get(&disk, u->txn, &t) == 0)
			end = event_now() + t.trial + UPDATE_SLACK_MS;
		if (end && event_now() > end)
			r = err_set(e, ETIMEDOUT,
				    "%s: its trial does not end; is the supervisor there?", name);
		else
			usleep(UPDATE_LOOK_MS * 1000);
	}
	state_close(&disk);
	return r < 0 && e->code == 0 ? err_sys(e, r, "%s: cannot read its slots", name) : r;
}

static int update_say(struct update *up, struct out *o, struct err *e)
{
	struct update_slots u;
	int status = 0;

	for (unsigned int i = 0; i < up->n; i++) {
		if (update_wait(up->items[i].name, &u, e) < 0)
			return cmd_fail(e);
		out_printf(o, "%s %s %.12s\n", u.name, update_result_text(u.result),
			   up->items[i].id);
		if (u.result != UPDATE_KEPT)
			status = CMD_FAILED;
	}
	return status;
}

static void update_tidy(struct update *up)
{
	char name[STORE_KEY];

	update_name_slots(&up->store);
	for (unsigned int i = 0; i < up->n; i++) {
		str_format(name, sizeof(name), "slots/%s:new", up->items[i].name);
		update_name(&up->store, name, "");
	}
}

static int update_run(struct cmd_line *line)
{
	static struct update up;
	struct out o = OUT(STDOUT_FILENO);
	struct err e = { 0 };
	int r, status = 0;

	if (line->n_args == 0 || (line->n_args == 1 && strcmp(line->args[0], "status") == 0))
		return update_status();
	if (line->n_args % 2 || line->n_args > 2 * UPDATE_ITEMS)
		return cmd_usage(line->cmd, "pairs of NAME FILE are needed");
	up.line = line;
	/* Before anything is written: without a supervisor nobody could switch. */
	r = ctl_ask(&(struct ctl_request){ .op = CTL_PING }, &e);
	if (r >= 0)
		r = store_open_writable(&up.store, &e);
	if (r < 0)
		return cmd_fail(&e);
	for (int i = 0; r >= 0 && i < line->n_args; i += 2)
		r = update_one(&up, line->args[i], line->args[i + 1], &e);
	if (r >= 0)
		r = update_ask(&up, &e);
	update_tidy(&up);
	if (r < 0) {
		store_close(&up.store);
		return cmd_fail(&e);
	}
	if (!line->count[UPDATE_DETACH])
		status = update_say(&up, &o, &e);
	/* What did not do need not be kept. */
	update_name_slots(&up.store);
	store_close(&up.store);
	return out_flush(&o) < 0 ? CMD_FAILED : status;
}

COMMAND(update) = {
	.name = "update",
	.group = CMD_DEVICE,
	.args = "[-d] NAME FILE|IMAGE|- [NAME FILE]... | status",
	.about = "try a new image, then keep it or go back; several at once or none",
	.options = update_options,
	.n_options = ARRAY_SIZE(update_options),
	.repeats = 1U << UPDATE_SHA256 | 1U << UPDATE_VERITY,
	.max_args = -1,
	.run = update_run,
};
