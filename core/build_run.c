// SPDX-License-Identifier: MIT
/*
 * RUN: a container of ours whose root is the writable tree of the step, with the limits, system call filter and
 * capabilities any container has, its output on ours. Runs in the building process, which waits for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/build.h"
#include "core/build_copy.h"
#include "core/build_match.h"
#include "core/cmd.h"
#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/relay.h"

#define RUN_CLEAN_MS 5000
#define RUN_MOUNTS_MAX 8
#define RUN_SCRIPT \
	"/.myctr-script" /* in the container: a here-document that names its own interpreter */

/* One --mount, its parts as written. */
struct run_mount {
	const char *type, *target, *source, *from, *id, *size;
	bool writable;
};

/* ---- --mount ---------------------------------------------------------------------------------------- */

static int run_mount_part(struct run_mount *m, char *key, struct err *e)
{
	char *value = strchr(key, '=');
	bool yes = true;

	if (value)
		*value++ = '\0';
	if (value &&
	    (strcmp(key, "readonly") == 0 || strcmp(key, "ro") == 0 || strcmp(key, "rw") == 0 ||
	     strcmp(key, "readwrite") == 0) &&
	    str_bool(value, &yes) < 0)
		return err_set(e, EINVAL, "--mount: %s=%s: wants true or false", key, value);
	if (strcmp(key, "type") == 0 && value)
		m->type = value;
	else if ((strcmp(key, "target") == 0 || strcmp(key, "dst") == 0 ||
		  strcmp(key, "destination") == 0) &&
		 value)
		m->target = value;
	else if ((strcmp(key, "source") == 0 || strcmp(key, "src") == 0) && value)
		m->source = value;
	else if (strcmp(key, "from") == 0 && value)
		m->from = value;
	else if (strcmp(key, "id") == 0 && value)
		m->id = value;
	else if (strcmp(key, "size") == 0 && value)
		m->size = value;
	else if (strcmp(key, "rw") == 0 || strcmp(key, "readwrite") == 0)
		m->writable = yes;
	else if (strcmp(key, "ro") == 0 || strcmp(key, "readonly") == 0)
		m->writable = !yes;
	else if (strcmp(key, "sharing") != 0)
		return err_set(e, ENOTSUP,
			       "--mount: %s: not known; it has type target source from "
			       "id size ro rw",
			       key);
	return 0;
}

static int run_mount_read(struct build *b, struct build_stage *s, const char *flag,
			  struct run_mount *m, struct err *e)
{
	struct cfile_vars v = build_vars(b, s);
	char *text = cfile_expand(&v, flag, e), *next = NULL;
	int r = text ? 0 : -e->code;

	*m = (struct run_mount){ .type = "bind" };
	for (char *p = text ? strtok_r(text, ",", &next) : NULL; r >= 0 && p;
	     p = strtok_r(NULL, ",", &next))
		r = run_mount_part(m, p, e);
	if (r >= 0 && !m->target)
		return err_set(e, EINVAL, "--mount: wants target=PATH");
	return r;
}

/* A folder of the build's own that is kept from build to build. */
static int run_mount_cache(struct build *b, const struct run_mount *m, char *src, size_t size,
			   struct err *e)
{
	struct hash_sha256 h;
	char key[BUILD_KEY], name[BUILD_KEY + 4];

	/* An id is any text; its hash is always one plain name. */
	build_layers_key_begin(&h, "cache");
	build_layers_key_add(&h, m->id ? m->id : m->target);
	build_layers_key_end(&h, key);
	str_format(name, sizeof(name), "c/%s", key);
	if ((mkdirat(b->layers.dir, "c", 0700) < 0 && errno != EEXIST) ||
	    (mkdirat(b->layers.dir, name, 0755) < 0 && errno != EEXIST))
		return err_sys(e, errno, "%s/%s: cannot make the folder", b->layers.path, name);
	str_format(src, size, "%s/%s", b->layers.path, name);
	return 0;
}

/* Files of the context, a stage or an image; what the source names is resolved within it. */
static int run_mount_bind(struct build *b, struct build_stage *s, const struct run_mount *m,
			  unsigned int nth, char src[PATHS_MAX], struct err *e)
{
	struct build_stage *stage = m->from ? build_stage_of(b, s, m->from) : NULL;
	const char *source = m->source ? m->source : ".";
	AUTO_FD int from = -1, fd = -1;
	struct build_tree tree;
	char name[16];
	int r = 0;

	str_format(name, sizeof(name), "tree%u", nth);
	if (stage && !stage->done)
		return err_set(e, EINVAL, "--mount: stage %s: write its name, no variable",
			       m->from);
	if (m->from && !stage)
		r = build_base(b, m->from, &tree, e);
	if (m->from && r >= 0)
		r = from = build_layers_mount(&b->layers, stage ? &stage->tree : &tree, name, false,
					      src, e);
	if (r < 0)
		return err_wrap(e, "--mount");
	fd = path_open_beneath(m->from ? from : b->context, source, O_PATH, 0);
	if (fd < 0)
		return err_sys(e, fd, "--mount: source %s", source);
	str_format(name, sizeof(name), "bind%u", nth);
	return build_layers_place(&b->layers, fd, name, src, e);
}

/* What a --mount holds while its container runs. */
struct run_held {
	const char *target; /* where it is, below the root */
	bool new;	    /* the place was not there before */
};

/* Adds one --mount to the container. */
static int run_mount_add(struct build *b, struct build_stage *s, const char *flag, unsigned int nth,
			 struct spec *run, struct run_held *held, struct err *e)
{
	struct run_mount m;
	char src[PATHS_MAX], entry[PATHS_MAX + 512], *target;
	bool writable;
	int r = run_mount_read(b, s, flag, &m, e);

	if (r < 0)
		return r;
	target = build_path(b, s, m.target);
	if (!target)
		return err_set(e, ENOMEM, "out of memory");
	if (strpbrk(target, ":\n"))
		return err_set(e, EINVAL, "--mount: target %s: has a colon or a newline", target);
	held->target = target;
	if (strcmp(m.type, "tmpfs") == 0) {
		str_format(entry, sizeof(entry), "%s%s%s", target, m.size ? ":" : "",
			   m.size ? m.size : "");
		return spec_set(run, spec_field("tmpfs"), entry, e);
	}
	writable = strcmp(m.type, "cache") == 0;
	if (writable)
		r = run_mount_cache(b, &m, src, sizeof(src), e);
	else if (strcmp(m.type, "bind") == 0)
		r = run_mount_bind(b, s, &m, nth, src, e);
	else
		return err_set(e, ENOTSUP,
			       "--mount: type %s: not supported; use bind, cache or tmpfs", m.type);
	if (r < 0)
		return r;
	if (m.writable && !writable)
		return err_set(e, ENOTSUP,
			       "--mount: a bind mount is read-only here; COPY what is "
			       "to be changed");
	str_format(entry, sizeof(entry), "%s:%s%s", src, target, writable ? "" : ":ro");
	return spec_set(run, spec_field("mount"), entry, e);
}

/* ---- the container ------------------------------------------------------------------------------------ */

/* Is a here-document all there is? */
static bool run_is_document(const struct cfile_step *step)
{
	return step->n_docs == 1 && strncmp(step->text, "<<", 2) == 0 &&
	       !strpbrk(step->text + 2, " \t;|&<>");
}

/* And does it say itself what reads it? */
static bool run_is_program(const struct cfile_step *step)
{
	return run_is_document(step) && strncmp(step->docs[0].text, "#!", 2) == 0;
}

/* The text for a shell: what was written, and the here-documents behind it, which a shell knows, too. */
static int run_script(struct arena *a, const struct cfile_step *step, char **out, struct err *e)
{
	bool alone = run_is_document(step);
	size_t room = strlen(step->text) + 1, n;

	for (unsigned int i = 0; i < step->n_docs; i++)
		room += strlen(step->docs[i].text) + strlen(step->docs[i].name) + 2;
	*out = arena_alloc(a, room);
	if (!*out)
		return err_set(e, ENOMEM, "out of memory");
	/* A document alone is the script. */
	n = str_format(*out, room, "%s", alone ? step->docs[0].text : step->text);
	for (unsigned int i = 0; !alone && i < step->n_docs; i++)
		n += str_format(*out + n, room - n, "\n%s%s", step->docs[i].text,
				step->docs[i].name);
	return 0;
}

/* What is executed: the words of the exec form, or the stage's shell with the text. */
static int run_command(struct build_stage *s, const struct cfile_step *step, struct spec *run,
		       struct err *e)
{
	const struct strv *first = step->is_exec ? &step->exec : &s->shell;
	char *text = NULL;
	int r;

	if (run_is_program(step))
		return strv_add(&run->arena, &run->command, RUN_SCRIPT) < 0
			       ? err_set(e, ENOMEM, "out of memory")
			       : 0;
	r = step->is_exec ? 0 : run_script(&run->arena, step, &text, e);
	for (unsigned int i = 0; r >= 0 && i < first->n; i++)
		r = strv_add(&run->arena, &run->command, first->v[i]);
	if (r >= 0 && text)
		r = strv_add(&run->arena, &run->command, text);
	return r == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : r;
}

static int run_env(struct build *b, struct build_stage *s, struct spec *run, struct err *e)
{
	const struct strv *lists[] = { &s->arg, &s->config->env };
	const struct strv *given = &b->request->arg;
	int r = 0;

	/* Where the network is decides nothing about the layer, so they are no part of its key. */
	for (unsigned int i = 0; r >= 0 && i < given->n; i++)
		if (build_is_proxy(given->v[i]) && strchr(given->v[i], '='))
			r = build_set(&run->arena, &run->env, given->v[i], e);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		for (unsigned int i = 0; r >= 0 && i < lists[l]->n; i++)
			r = build_set(&run->arena, &run->env, lists[l]->v[i], e);
	return r < 0 ? r : spec_mark(run, "env");
}

/* The operator's choice; the file may have less of it, never more. */
static int run_network(const struct cfile_step *step, struct spec *run, struct err *e)
{
	const char *network = cfile_flag(step, "network"), *name = getenv("MYCTR_NETWORK");
	bool set = spec_is_set(run, spec_field("network"));

	if (cfile_flag(step, "security"))
		return err_set(e, ENOTSUP,
			       "--security: the rights of RUN are myctr build's options");
	if (network && strcmp(network, "none") == 0) {
		run->network = (struct strv){ 0 };
		return spec_set(run, spec_field("network"), "none", e);
	}
	if (network && strcmp(network, "default") != 0 &&
	    !(set && run->network.n == 1 && strcmp(run->network.v[0], network) == 0))
		return err_set(e, EACCES, "--network=%s: not allowed; give it to myctr build",
			       network);
	if (set)
		return 0;
	if (!name)
		name = IS_ENABLED(CONFIG_NET_BRIDGE) && geteuid() == 0 ? NET_DEFAULT : "host";
	return *name ? spec_set(run, spec_field("network"), name, e) : 0;
}

static int run_describe(struct build *b, struct build_stage *s, const struct cfile_step *step,
			const char *path, struct spec *run, struct err *e)
{
	uint32_t random;
	char name[24];
	int r;

	if (sys_random(&random, sizeof(random)) < 0)
		return err_set(e, EIO, "no random numbers for a name");
	str_format(name, sizeof(name), "build-%08x", random);
	run->name = arena_str(&run->arena, name);
	r = b->request->run ? spec_inherit(run, b->request->run, e) : 0;
	if (r >= 0)
		r = spec_set(run, spec_field("image"), path, e);
	if (r >= 0)
		r = spec_set(run, spec_field("storage"), "bind", e);
	if (r >= 0)
		r = run_command(s, step, run, e);
	if (r >= 0)
		r = spec_mark(run, "command");
	if (r >= 0)
		r = run_env(b, s, run, e);
	if (r >= 0 && s->config->workdir)
		r = spec_set(run, spec_field("workdir"), s->config->workdir, e);
	if (r >= 0 && s->config->user)
		r = spec_set(run, spec_field("user"), s->config->user, e);
	return r < 0 ? r : run_network(step, run, e);
}

/* Starts it, waits. The exit status, or -errno. */
static int run_container(struct spec *run, struct err *e)
{
	struct launch l;
	sigset_t before;
	int status, r = paths_make_run(e);

	if (r < 0)
		return r;
	launch_init(&l, run);
	l.stdio[1] = STDOUT_FILENO;
	l.stdio[2] = STDERR_FILENO;
	l.die_with_us = true;
	/* Signals go to the program while there is one, and end us when there is none. */
	sigprocmask(SIG_BLOCK, NULL, &before);
	relay_begin();
	r = launch_up(&l, e);
	if (r >= 0) {
		status = relay_run(l.pid, l.master, false);
		r = launch_down_wait(run->name, RUN_CLEAN_MS, e);
		r = r < 0 ? r : relay_status(status);
	}
	launch_free(&l);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Where any container has something mounted; made when it is missing, and then no part of the image. */
static const char *const run_places[] = { "/dev",	   "/proc",	 "/sys",
					  "/etc/hostname", "/etc/hosts", "/etc/resolv.conf" };

static bool run_is_there(int root, const char *path)
{
	AUTO_FD int fd = path_open_beneath(root, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0;
}

/* Removes an empty file or folder. */
static void run_remove_place(int root, const char *path)
{
	char name[NAME_MAX + 1];
	AUTO_FD int parent = path_open_parent(root, path, false, name, sizeof(name));
	struct stat st;

	if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		unlinkat(parent, name, AT_REMOVEDIR);
	else if (S_ISREG(st.st_mode) && st.st_size == 0)
		unlinkat(parent, name, 0);
}

/* The document as a program that cannot be changed from inside. */
static int run_add_script(struct build *b, const struct cfile_step *step, int root,
			  struct spec *run, struct run_held *held, struct err *e)
{
	char entry[PATHS_MAX + 40];
	int r;

	if (run_is_there(root, RUN_SCRIPT))
		return err_set(e, EEXIST,
			       RUN_SCRIPT ": is the name of the here-document, and there already");
	*held = (struct run_held){ .target = RUN_SCRIPT, .new = true };
	r = fd_replace(b->layers.work, "script", step->docs[0].text, strlen(step->docs[0].text),
		       0755, false);
	if (r < 0)
		return err_sys(e, r, "%s: cannot write the here-document", b->layers.path);
	str_format(entry, sizeof(entry), "%s/%s/script:" RUN_SCRIPT ":ro", b->layers.path,
		   b->layers.name);
	return spec_set(run, spec_field("mount"), entry, e);
}

static int run_add_mounts(struct build *b, struct build_stage *s, const struct cfile_step *step,
			  int root, struct spec *run, struct run_held *held, unsigned int *n,
			  struct err *e)
{
	int r = run_is_program(step) ? run_add_script(b, step, root, run, &held[(*n)++], e) : 0;

	for (unsigned int i = 0; r >= 0 && i < step->flags.n; i++) {
		if (strncmp(step->flags.v[i], "mount=", 6) != 0)
			continue;
		if (*n == RUN_MOUNTS_MAX)
			return err_set(e, E2BIG, "more than %d --mount", RUN_MOUNTS_MAX);
		held[*n] = (struct run_held){ 0 };
		r = run_mount_add(b, s, step->flags.v[i] + 6, *n, run, &held[*n], e);
		held[*n].new = r >= 0 && !run_is_there(root, held[*n].target);
		++*n;
	}
	return r;
}

/* What the mounts needed goes; a place that was made for one of them is no part of the image, either. */
static void run_drop_mounts(struct build *b, int root, struct run_held *held, unsigned int n)
{
	char name[16];

	while (n-- > 0) {
		if (held[n].new)
			run_remove_place(root, held[n].target);
		str_format(name, sizeof(name), "bind%u", n);
		build_layers_unplace(&b->layers, name);
		str_format(name, sizeof(name), "tree%u", n);
		build_layers_unmount(&b->layers, name, NULL);
	}
}

int build_run(struct build *b, struct build_stage *s, const struct cfile_step *step, int root,
	      const char *path, struct err *e)
{
	bool there[ARRAY_SIZE(run_places)];
	struct run_held held[RUN_MOUNTS_MAX];
	struct spec *run = spec_new();
	unsigned int n = 0;
	int r;

	if (!run)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < ARRAY_SIZE(run_places); i++)
		there[i] = run_is_there(root, run_places[i]);
	r = run_describe(b, s, step, path, run, e);
	if (r >= 0)
		r = run_add_mounts(b, s, step, root, run, held, &n, e);
	if (r >= 0)
		r = spec_finish(run, e);
	if (r >= 0) {
		out_flush(&b->out);
		r = run_container(run, e);
	}
	run_drop_mounts(b, root, held, n);
	for (size_t i = 0; i < ARRAY_SIZE(run_places); i++)
		if (!there[i])
			run_remove_place(root, run_places[i]);
	spec_free(run);
	if (r > 0)
		return err_set(e, ECANCELED, "the command ended with status %d", r);
	return r;
}

/* Networks, limits, rights: all that was asked for on the command line. */
static int run_hash_request(const struct build *b, struct hash_sha256 *h, struct err *e)
{
	AUTO_FREE uint8_t *bytes = NULL;
	size_t len = 0;
	int r = b->request->run ? spec_encode(b->request->run, &bytes, &len, e) : 0;

	if (len > 0)
		hash_sha256_add(h, bytes, len);
	return r < 0 ? r : 0;
}

/* What a bind mount shows decides what RUN does as much as the files below it. */
static int run_mount_hash(struct build *b, struct build_stage *s, const char *flag,
			  struct hash_sha256 *h, struct err *e)
{
	struct build_copy c = { .arena = &b->arena,
				.from = b->context,
				.from_name = "the context",
				.to = "/",
				.keep_owner = true };
	struct build_stage *stage;
	struct build_tree tree;
	struct run_mount m;
	int r = run_mount_read(b, s, flag, &m, e);

	if (r < 0 || strcmp(m.type, "bind") != 0)
		return r;
	stage = m.from ? build_stage_of(b, s, m.from) : NULL;
	if (m.from) {
		r = stage ? 0 : build_base(b, m.from, &tree, e);
		if (r >= 0)
			build_layers_key_add(h, stage ? stage->tree.key : tree.key);
		return r < 0 ? err_wrap(e, "--mount") : 0;
	}
	if (strv_add(&b->arena, &c.source, m.source ? m.source : ".") < 0)
		return err_set(e, ENOMEM, "out of memory");
	r = build_copy_find(&c, e);
	if (r >= 0)
		r = build_copy_hash(&c, h, e);
	return r < 0 ? err_wrap(e, "--mount") : 0;
}

int build_run_hash(struct build *b, struct build_stage *s, const struct cfile_step *step,
		   struct hash_sha256 *h, struct err *e)
{
	const struct strv *lists[] = { &step->flags, &step->exec, &s->shell, &s->arg,
				       &s->config->env };
	int r = 0;

	build_layers_key_add(h, "RUN");
	build_layers_key_add(h, step->text);
	build_layers_key_add(h, s->config->user ? s->config->user : "");
	build_layers_key_add(h, s->config->workdir ? s->config->workdir : "");
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		build_layers_key_add(h, "list");
		for (unsigned int i = 0; i < lists[l]->n; i++)
			build_layers_key_add(h, lists[l]->v[i]);
	}
	for (unsigned int i = 0; i < step->n_docs; i++)
		build_layers_key_add(h, step->docs[i].text);
	for (unsigned int i = 0; r >= 0 && i < step->flags.n; i++)
		if (strncmp(step->flags.v[i], "mount=", 6) == 0)
			r = run_mount_hash(b, s, step->flags.v[i] + 6, h, e);
	return r < 0 ? r : run_hash_request(b, h, e);
}
