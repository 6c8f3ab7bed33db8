// SPDX-License-Identifier: MIT
/*
 * What the instructions of a Containerfile do to a stage: to its files, that is one new layer, or an old one
 * with the same key. What they do to its configuration is in build_config.c. See build.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/build.h"
#include "core/build_copy.h"
#include "core/build_match.h"
#include "core/build_unpack.h"
#include "core/ids.h"
#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

/* ---- reading a step ------------------------------------------------------------------------------- */

static const char *step_lookup(void *arg, const char *name)
{
	const struct build_stage *s = arg;
	const char *value = build_get(&s->config->env, name);

	if (!value)
		value = build_get(&s->arg, name);
	/* What RUN would see, so that ENV PATH=/more:$PATH adds to it. */
	return value || strcmp(name, "PATH") != 0 ? value : SPEC_PATH;
}

struct cfile_vars build_vars(struct build *b, struct build_stage *s)
{
	return (struct cfile_vars){
		.arena = &b->arena, .escape = b->file.escape, .lookup = step_lookup, .arg = s
	};
}

const char *build_value(struct build *b, struct build_stage *s, const struct cfile_step *step,
			struct err *e)
{
	struct cfile_vars v = build_vars(b, s);

	return cfile_expand(&v, step->text, e);
}

int build_words(struct build *b, struct build_stage *s, const struct cfile_step *step,
		struct strv *out, struct err *e)
{
	struct cfile_vars v = build_vars(b, s);

	if (!step->is_exec)
		return cfile_words(&v, step->text, out, e);
	for (unsigned int i = 0; i < step->exec.n; i++) {
		const char *word = cfile_expand(&v, step->exec.v[i], e);

		if (!word)
			return -e->code;
		if (strv_add(&b->arena, out, word) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

/* A flag's value with its variables, NULL when it was not given. */
static int step_flag(struct build *b, struct build_stage *s, const struct cfile_step *step,
		     const char *name, const char **value, struct err *e)
{
	struct cfile_vars v = build_vars(b, s);

	*value = cfile_flag(step, name);
	if (*value)
		*value = cfile_expand(&v, *value, e);
	return *value || !cfile_flag(step, name) ? 0 : -e->code;
}

char *build_path(struct build *b, const struct build_stage *s, const char *path)
{
	const char *dir = *path == '/' ? "" : s->config->workdir ? s->config->workdir : "";
	size_t n = strlen(dir) + strlen(path) + 4, len = strlen(path);
	char *full = arena_alloc(&b->arena, n);
	bool folder = len > 0 && (path[len - 1] == '/' || strcmp(path, ".") == 0 ||
				  (len > 1 && strcmp(path + len - 2, "/.") == 0));

	if (!full)
		return NULL;
	str_format(full, n, "/%s/%s", dir, path);
	build_match_clean(full + 1);
	if (folder && full[1])
		str_copy(full + strlen(full), 2, "/");
	return full;
}

/* ---- files ----------------------------------------------------------------------------------------- */

/* What a step that changes files does to the writable tree: root is a folder fd, path its path. */
typedef int step_change(struct build *b, struct build_stage *s, void *arg, int root,
			const char *path, struct err *e);

/* One layer: of an earlier build with this key, or made now. */
static int step_layer(struct build *b, struct build_stage *s, char key[BUILD_KEY],
		      step_change *change, void *arg, struct err *e)
{
	char path[PATHS_MAX];
	struct hash_sha256 h;
	int r = b->request->no_cache ? 0
				     : build_layers_reuse(&b->layers, &b->arena, &s->tree, key, e);

	if (r != 0) {
		if (r > 0)
			build_said(b, "as before");
		return r < 0 ? r : 0;
	}
	if (b->request->no_cache) {
		/* A name of its own: the layer of this key may be another build's. */
		build_layers_key_begin(&h, key);
		build_layers_key_add(&h, b->layers.name);
		build_layers_key_end(&h, key);
	}
	r = build_layers_mount(&b->layers, &s->tree, "root", true, path, e);
	if (r >= 0) {
		AUTO_FD int root = r;

		r = change(b, s, arg, root, path, e);
	}
	if (r < 0) {
		build_layers_unmount(&b->layers, "root", NULL);
		return r;
	}
	return build_layers_keep(&b->layers, &b->arena, &s->tree, "root", key, e);
}

static int step_make_folder(struct build *b, struct build_stage *s, void *arg, int root,
			    const char *path, struct err *e)
{
	struct build_owner own = { 0 };
	struct ids ids;
	int fd = 0;

	(void)b;
	(void)path;
	/* It is made for who works there. */
	if (s->config->user) {
		fd = ids_lookup(root, s->config->user, &(struct strv){ 0 }, &ids, e);
		if (fd < 0)
			return err_wrap(e, "USER");
		own = (struct build_owner){ .asked = true, .uid = ids.uid, .gid = ids.gid };
	}
	fd = build_make_folder(root, arg, &own);
	if (fd == -EINVAL && own.asked)
		return err_set(
			e, EINVAL,
			"%s: cannot be user %s's, who is not among your ids; see myctr check",
			(const char *)arg, s->config->user);
	if (fd < 0)
		return err_sys(e, fd, "%s: cannot make the folder", (const char *)arg);
	fd_close(&fd);
	return 0;
}

static int step_workdir(struct build *b, struct build_stage *s, const struct cfile_step *step,
			struct err *e)
{
	const char *value = build_value(b, s, step, e);
	struct hash_sha256 h;
	char key[BUILD_KEY];
	char *path;
	int r;

	if (!value)
		return -e->code;
	path = build_path(b, s, value);
	if (!path)
		return err_set(e, ENOMEM, "out of memory");
	if (strlen(path) > 1 && path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	r = build_set_key(s, "workdir", path, e);
	if (r < 0 || strcmp(path, "/") == 0)
		return r;
	build_layers_key_begin(&h, s->tree.key);
	build_layers_key_add(&h, "WORKDIR");
	build_layers_key_add(&h, path);
	build_layers_key_add(&h, s->config->user ? s->config->user : "");
	build_layers_key_end(&h, key);
	return step_layer(b, s, key, step_make_folder, path, e);
}

static int step_do_run(struct build *b, struct build_stage *s, void *arg, int root,
		       const char *path, struct err *e)
{
	return build_run(b, s, arg, root, path, e);
}

static int step_run(struct build *b, struct build_stage *s, const struct cfile_step *step,
		    struct err *e)
{
	struct hash_sha256 h;
	char key[BUILD_KEY];
	int r;

	build_layers_key_begin(&h, s->tree.key);
	r = build_run_hash(b, s, step, &h, e);
	if (r < 0)
		return r;
	build_layers_key_end(&h, key);
	return step_layer(b, s, key, step_do_run, (void *)(uintptr_t)step, e);
}

/* ---- COPY and ADD ------------------------------------------------------------------------------------ */

struct step_copy {
	struct build_copy copy;
	const struct cfile_step *step;
	const char *text[16]; /* of here-documents, expanded */
};

/* Where --from says the files are: mounts it under the name "from" and fills copy->from. */
static int step_copy_from(struct build *b, struct build_stage *s, struct build_copy *c,
			  const char *from, struct err *e)
{
	struct build_stage *stage = build_stage_of(b, s, from);
	struct build_tree tree;
	char path[PATHS_MAX];
	int r = 0;

	if (stage && !stage->done)
		return err_set(e, EINVAL, "--from: stage %s: write its name, no variable", from);
	if (stage)
		tree = stage->tree;
	else
		r = build_base(b, from, &tree, e);
	if (r >= 0)
		r = build_layers_mount(&b->layers, &tree, "from", false, path, e);
	if (r < 0)
		return err_wrap(e, "--from");
	c->from = r;
	c->from_name = from;
	c->keep_owner = true;
	return 0;
}

static int step_copy_flags(struct build *b, struct build_stage *s, const struct cfile_step *step,
			   struct build_copy *c, struct err *e)
{
	const char *chmod_ = NULL;
	char *end;
	int r = step_flag(b, s, step, "chown", &c->chown, e);

	if (r >= 0)
		r = step_flag(b, s, step, "chmod", &chmod_, e);
	if (r < 0)
		return r;
	if (chmod_) {
		unsigned long mode = strtoul(chmod_, &end, 8);

		if (!*chmod_ || *end || mode > 07777)
			return err_set(e, EINVAL, "--chmod=%s: wants an octal mode, as in 0755",
				       chmod_);
		c->chmod = true;
		c->mode = (mode_t)mode;
	}
	if (cfile_flag(step, "checksum") || cfile_flag(step, "keep-git-dir"))
		return err_set(e, ENOTSUP,
			       "nothing is fetched: --checksum and --keep-git-dir "
			       "have no use here");
	c->parents = cfile_flag(step, "parents") != NULL;
	for (unsigned int i = 0; i < step->flags.n; i++)
		if (strncmp(step->flags.v[i], "exclude=", 8) == 0 &&
		    build_match_ignore(c->arena, step->flags.v[i] + 8, strlen(step->flags.v[i] + 8),
				       &c->exclude, e) < 0)
			return -e->code;
	return 0;
}

/* Sorts the words into sources, here-documents and where they go. */
static int step_copy_words(struct build *b, struct build_stage *s, struct step_copy *x,
			   struct err *e)
{
	const struct cfile_step *step = x->step;
	struct strv words = { 0 };
	int r = build_words(b, s, step, &words, e);

	if (r < 0)
		return r;
	if (words.n < 2)
		return err_set(e, EINVAL, "wants a source and where it goes");
	for (unsigned int i = 0; i + 1 < words.n; i++) {
		const char *w = words.v[i];

		if (step->n_docs > 0 && w[0] == '<' && w[1] == '<')
			continue;
		if (strstr(w, "://"))
			return err_set(e, ENOTSUP,
				       "%s: nothing is fetched from elsewhere; put the "
				       "file into the context",
				       w);
		if (strv_add(x->copy.arena, &x->copy.source, w) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	x->copy.to = build_path(b, s, words.v[words.n - 1]);
	return x->copy.to ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int step_copy_docs(struct build *b, struct build_stage *s, struct step_copy *x,
			  struct hash_sha256 *h, struct err *e)
{
	struct cfile_vars v = build_vars(b, s);

	for (unsigned int i = 0; i < x->step->n_docs; i++) {
		const struct cfile_doc *d = &x->step->docs[i];

		x->text[i] = d->expand ? cfile_expand_text(&v, d->text, e) : d->text;
		if (!x->text[i])
			return -e->code;
		build_layers_key_add(h, d->name);
		build_layers_key_add(h, x->text[i]);
	}
	return 0;
}

static int step_do_copy(struct build *b, struct build_stage *s, void *arg, int root,
			const char *path, struct err *e)
{
	struct step_copy *x = arg;
	int r = build_copy_do(&x->copy, root, e);

	(void)b;
	(void)s;
	(void)path;
	for (unsigned int i = 0; r >= 0 && i < x->step->n_docs; i++)
		r = build_copy_text(&x->copy, root, x->step->docs[i].name, x->text[i],
				    strlen(x->text[i]), e);
	return r;
}

static int step_copy_layer(struct build *b, struct build_stage *s, struct step_copy *x,
			   struct err *e)
{
	struct hash_sha256 h;
	char key[BUILD_KEY];
	int r;

	build_layers_key_begin(&h, s->tree.key);
	build_layers_key_add(&h, x->step->keyword);
	r = step_copy_words(b, s, x, e);
	if (r >= 0)
		r = step_copy_docs(b, s, x, &h, e);
	if (r >= 0)
		r = build_copy_find(&x->copy, e);
	if (r >= 0)
		r = build_copy_hash(&x->copy, &h, e);
	if (r < 0)
		return r;
	build_layers_key_end(&h, key);
	return step_layer(b, s, key, step_do_copy, x, e);
}

static int step_copy(struct build *b, struct build_stage *s, const struct cfile_step *step,
		     struct err *e)
{
	struct step_copy x = { .step = step };
	const char *from = cfile_flag(step, "from");
	int r;

	x.copy = (struct build_copy){ .arena = &b->arena,
				      .from = b->context,
				      .from_name = "the context",
				      .ignore = &b->ignore,
				      .unpack = step->op == CFILE_ADD };
	r = step_copy_flags(b, s, step, &x.copy, e);
	if (r < 0 || !from)
		return r < 0 ? r : step_copy_layer(b, s, &x, e);
	x.copy.ignore = NULL;
	r = step_copy_from(b, s, &x.copy, from, e);
	if (r < 0)
		return r;
	r = step_copy_layer(b, s, &x, e);
	fd_close(&x.copy.from);
	build_layers_unmount(&b->layers, "from", NULL);
	return r;
}

/* ---- the table ----------------------------------------------------------------------------------------- */

/* The others change the configuration alone. */
static int (*const steps[CFILE_OPS])(struct build *b, struct build_stage *s,
				     const struct cfile_step *step, struct err *e) = {
	[CFILE_ADD] = step_copy,
	[CFILE_COPY] = step_copy,
	[CFILE_RUN] = step_run,
	[CFILE_WORKDIR] = step_workdir,
};

int build_step(struct build *b, struct build_stage *s, const struct cfile_step *step, struct err *e)
{
	return steps[step->op] ? steps[step->op](b, s, step, e) : build_config(b, s, step, e);
}

/* ---- FROM ---------------------------------------------------------------------------------------------- */

static int step_config_of_tree(struct build *b, struct build_stage *s, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char path[PATHS_MAX];
	size_t len;
	int root = build_layers_mount(&b->layers, &s->tree, "base", false, path, e);
	int r = root;

	if (r >= 0)
		r = image_config_read(root, &text, &len, e);
	fd_close(&root);
	build_layers_unmount(&b->layers, "base", NULL);
	if (r < 0 || !text)
		return r;
	return image_config_parse(text, len, &s->config, e);
}

int build_step_from(struct build *b, struct build_stage *s, struct err *e)
{
	static const char *const shell[] = { "/bin/sh", "-c" };
	struct build_stage *base = build_stage_of(b, s, s->base);
	int r;

	if (base)
		r = build_layers_copy(&b->arena, &s->tree, &base->tree, e);
	else if (strcmp(s->base, "scratch") == 0)
		r = build_layers_scratch(&b->layers, &b->arena, &s->tree, e);
	else
		r = build_base(b, s->base, &s->tree, e);
	if (r >= 0 && !base)
		r = step_config_of_tree(b, s, e);
	if (r >= 0 && !s->config)
		s->config = spec_new();
	if (r >= 0 && !s->config)
		return err_set(e, ENOMEM, "out of memory");
	if (r >= 0 && base)
		r = spec_inherit(s->config, base->config, e);
	for (unsigned int i = 0; r >= 0 && base && i < base->arg.n; i++)
		r = build_set(&b->arena, &s->arg, base->arg.v[i], e);
	if (base)
		s->shell = base->shell;
	for (size_t i = 0; r >= 0 && !base && i < ARRAY_SIZE(shell); i++)
		r = strv_add(&b->arena, &s->shell, shell[i]);
	return r;
}
