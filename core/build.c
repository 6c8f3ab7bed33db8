// SPDX-License-Identifier: MIT
/*
 * A build from beginning to end: read the file, find out which stages are needed, walk their steps, make the
 * image. See build.h. Runs in the CLI process, which it takes over: mount namespace and working folder.
 */
#include "core/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/build_match.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/pack.h"
#include "core/self.h"

/* ---- reading ---------------------------------------------------------------------------------------- */

static int build_read_stdin(char **text, size_t *len, struct err *e)
{
	char *buf = malloc(CFILE_MAX_BYTES + 2);
	ssize_t n = buf ? fd_read(STDIN_FILENO, buf, CFILE_MAX_BYTES + 1) : -ENOMEM;

	*text = buf;
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? err_sys(e, (int)n, "standard input") : 0;
}

/* A file of the context, which a link in it cannot make one of the host's. */
static int build_slurp(struct build *b, const char *name, char **text, size_t *len)
{
	AUTO_FD int fd = path_open_beneath(b->context, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	char self[PATH_FD_SIZE];
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_slurp(AT_FDCWD, path_of_fd(fd, self), CFILE_MAX_BYTES, text, len);
}

/* The file that was named, or what such a file is called. */
static int build_read_file(struct build *b, char **text, size_t *len, struct err *e)
{
	static const char *const names[] = { "Containerfile", "Dockerfile" };
	const char *file = b->request->file;
	int r = -ENOENT;

	if (file && strcmp(file, "-") == 0) {
		str_copy(b->name, sizeof(b->name), "-");
		return build_read_stdin(text, len, e);
	}
	if (file) {
		str_copy(b->name, sizeof(b->name), path_base(file));
		r = fd_slurp(AT_FDCWD, file, CFILE_MAX_BYTES, text, len);
		return r < 0 ? err_sys(e, r, "%s", file) : 0;
	}
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(names); i++) {
		str_copy(b->name, sizeof(b->name), names[i]);
		r = build_slurp(b, names[i], text, len);
	}
	if (r == -ENOENT)
		return err_set(e, ENOENT,
			       "%s: has no Containerfile (nor a Dockerfile); name it with -f",
			       b->request->context);
	return r < 0 ? err_sys(e, r, "%s/%s", b->request->context, b->name) : 0;
}

static int build_read_ignore(struct build *b, struct err *e)
{
	static const char *const names[] = { ".containerignore", ".dockerignore" };
	AUTO_FREE char *text = NULL;
	size_t len;
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(names); i++) {
		r = build_slurp(b, names[i], &text, &len);
		if (r < 0 && r != -ENOENT)
			return err_sys(e, r, "%s", names[i]);
	}
	return r < 0 ? 0 : build_match_ignore(&b->arena, text, len, &b->ignore, e);
}

static int build_read(struct build *b, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	b->context = open(b->request->context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->context < 0)
		return err_sys(e, errno, "%s", b->request->context);
	r = build_read_file(b, &text, &len, e);
	if (r >= 0)
		r = cfile_parse(&b->file, b->name, text, len, e);
	return r < 0 ? r : build_read_ignore(b, e);
}

/* ---- stages ------------------------------------------------------------------------------------------ */

/* "name:12: RUN: ..." */
static int build_at(const struct build *b, const struct cfile_step *step, struct err *e)
{
	char where[120];

	str_format(where, sizeof(where), "%s:%u: %s", b->name, step->line, step->keyword);
	return err_wrap(e, where);
}

struct build_stage *build_stage_of(struct build *b, const struct build_stage *s, const char *name)
{
	uint64_t number;

	for (unsigned int i = 0; &b->stage[i] < s; i++)
		if (b->stage[i].name && strcasecmp(b->stage[i].name, name) == 0)
			return &b->stage[i];
	if (s > b->stage && str_u64(name, 0, (uint64_t)(s - b->stage) - 1, &number) == 0)
		return &b->stage[number];
	return NULL;
}

static const char *build_lookup_arg(void *arg, const char *name)
{
	const char *value = build_get(arg, name);

	return value ? value : build_platform(name);
}

/* FROM --platform: there are only images for this machine, so it may say no other. */
static int build_check_platform(const struct cfile_vars *v, const struct cfile_step *step,
				struct err *e)
{
	const char *flag = cfile_flag(step, "platform"), *own = build_platform("TARGETPLATFORM");
	const char *want = flag ? cfile_expand(v, flag, e) : "";
	size_t n = own ? strlen(own) : 0;

	if (!want)
		return -e->code;
	if (!*want || !own || (strncmp(want, own, n) == 0 && (!want[n] || want[n] == '/')))
		return 0;
	return err_set(e, ENOTSUP,
		       "--platform=%s: images are built and run for %s here; leave it out", want,
		       own);
}

/* "IMAGE [AS NAME]" */
static int build_from(struct build *b, struct build_stage *s, const struct cfile_step *step,
		      struct err *e)
{
	struct cfile_vars v = { &b->arena, b->file.escape, build_lookup_arg, &b->arg };
	struct strv words = { 0 };
	int r = build_check_platform(&v, step, e);

	if (r >= 0)
		r = cfile_words(&v, step->text, &words, e);
	if (r < 0)
		return r;
	if (words.n != 1 && (words.n != 3 || strcasecmp(words.v[1], "AS") != 0))
		return err_set(e, EINVAL, "wants IMAGE, or IMAGE AS NAME");
	if (!*words.v[0])
		return err_set(e, EINVAL, "the name of the image is empty; is an ARG missing?");
	s->base = words.v[0];
	if (words.n == 3 && !path_is_name(words.v[2]))
		return err_set(e, EINVAL, "%s: not a name for a stage", words.v[2]);
	s->name = words.n == 3 ? words.v[2] : NULL;
	if (s->name && build_stage_of(b, s, s->name))
		return err_set(e, EINVAL, "%s: there is a stage of this name already", s->name);
	return 0;
}

/* Cuts the steps into stages; what comes before the first is ARGs. */
static int build_find_stages(struct build *b, struct err *e)
{
	struct cfile_vars v = { &b->arena, b->file.escape, build_lookup_arg, &b->arg };
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < b->file.n; i++) {
		const struct cfile_step *step = &b->file.steps[i];

		if (step->op == CFILE_FROM) {
			if (b->n_stages == BUILD_STAGES_MAX)
				r = err_set(e, E2BIG, "more than %d stages", BUILD_STAGES_MAX);
			else
				r = build_from(b, &b->stage[b->n_stages], step, e);
			if (r >= 0)
				b->stage[b->n_stages++].from = i;
		} else if (b->n_stages == 0) {
			r = build_declare(b, &b->arg, &v, step->text, e);
		}
		if (r < 0)
			return build_at(b, step, e);
		if (b->n_stages > 0)
			b->stage[b->n_stages - 1].steps++;
	}
	return 0;
}

/* The stage before s that a flag of a step names. */
static struct build_stage *build_named_by(struct build *b, struct build_stage *s, const char *flag)
{
	const char *from = strstr(flag, "from=");
	char name[SPEC_NAME_MAX + 1];

	while (from && from != flag && from[-1] != ',' && strncmp(flag, "mount=from=", 11) != 0)
		from = strstr(from + 1, "from=");
	if (!from)
		return NULL;
	from += strlen("from=");
	str_format(name, sizeof(name), "%.*s", (int)strcspn(from, ","), from);
	return build_stage_of(b, s, name);
}

int build_base(struct build *b, const char *name, struct build_tree *t, struct err *e)
{
	const char *path = build_get(&b->request->image, name);
	struct image img;
	int r;

	if (path) {
		r = image_open(&img, path, e);
	} else if (strncmp(name, "./", 2) == 0) {
		r = path_open_beneath(b->context, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		if (r < 0)
			return err_sys(e, r, "%s: cannot open in the context", name);
		r = image_open_fd(&img, r, name, e);
	} else if (*name == '/' || *name == '.') {
		return err_set(
			e, EACCES,
			"%s: a path of the host; give it a name with --build-image NAME=PATH",
			name);
	} else {
		r = image_open_stored(&img, name, e);
	}
	return r < 0 ? r : build_layers_from(&b->layers, &b->arena, &img, t, e);
}

/* The target, and all that it stands on or takes from. */
static void build_need(struct build *b, struct build_stage *target)
{
	target->needed = true;
	for (struct build_stage *s = target; s >= b->stage; s--) {
		struct build_stage *base = build_stage_of(b, s, s->base);

		if (!s->needed)
			continue;
		b->steps += s->steps;
		if (base)
			base->needed = true;
		for (unsigned int i = s->from; i < s->from + s->steps; i++)
			for (unsigned int f = 0; f < b->file.steps[i].flags.n; f++) {
				struct build_stage *named =
					build_named_by(b, s, b->file.steps[i].flags.v[f]);

				if (named)
					named->needed = true;
			}
	}
}

static struct build_stage *build_target(struct build *b, struct err *e)
{
	const char *name = b->request->target;
	struct build_stage *s;

	if (!name)
		return &b->stage[b->n_stages - 1];
	s = build_stage_of(b, &b->stage[b->n_stages], name);
	if (!s)
		err_set(e, ENOENT, "%s: has no stage %s", b->name, name);
	return s;
}

/* ---- steps ------------------------------------------------------------------------------------------- */

void build_said(struct build *b, const char *what)
{
	if (!b->request->quiet)
		out_printf(&b->out, "  %s\n", what);
}

static void build_announce(struct build *b, const struct cfile_step *step)
{
	char line[64];
	size_t n = strcspn(step->text, "\n");

	b->step++;
	if (b->request->quiet)
		return;
	out_printf(&b->out, "Step %u/%u: %s ", b->step, b->steps, step->keyword);
	/* One line of 80 columns. */
	str_escape(line, sizeof(line), step->text, n);
	out_printf(&b->out, "%s%s\n", line, strlen(line) + 1 >= sizeof(line) ? "..." : "");
	out_flush(&b->out);
}

static void build_took(struct build *b, uint64_t began)
{
	uint64_t ms = event_now() - began;

	if (ms >= 100 && !b->request->quiet)
		out_printf(&b->out, "  %llu.%llu s\n", (unsigned long long)(ms / 1000),
			   (unsigned long long)(ms % 1000 / 100));
	out_flush(&b->out);
}

static int build_stage(struct build *b, struct build_stage *s, struct err *e)
{
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < s->steps; i++) {
		const struct cfile_step *step = &b->file.steps[s->from + i];
		uint64_t began = event_now();

		build_announce(b, step);
		r = i == 0 ? build_step_from(b, s, e) : build_step(b, s, step, e);
		if (r < 0)
			return build_at(b, step, e);
		build_took(b, began);
	}
	s->done = true;
	return 0;
}

/* Does an ARG of the file declare what entry gives? Read without regard to quotes: only a remark hangs on it. */
static bool build_is_declared(const struct build *b, const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (unsigned int i = 0; i < b->file.n; i++) {
		const char *p = b->file.steps[i].text;

		for (; b->file.steps[i].op == CFILE_ARG && *p; p += strspn(p, " \t\n")) {
			if (strncmp(p, entry, n) == 0 && strchr("= \t\n", p[n]))
				return true;
			p += strcspn(p, " \t\n");
		}
	}
	return false;
}

/* A name that was mistyped would have no effect, without a word. */
static void build_remark(struct build *b)
{
	const struct strv *given = &b->request->arg;
	struct out o = OUT(STDERR_FILENO);

	for (unsigned int i = 0; i < given->n; i++)
		if (!build_is_declared(b, given->v[i]) && !build_is_proxy(given->v[i]))
			out_printf(&o, "myctr: %s: has no ARG %.*s: --build-arg has no effect\n",
				   b->name, (int)min_u64(strcspn(given->v[i], "="), 60),
				   given->v[i]);
	out_flush(&o);
}

static int build_all(struct build *b, uint64_t began, struct err *e)
{
	struct build_stage *target;
	int r = build_find_stages(b, e);

	if (r < 0)
		return r;
	target = build_target(b, e);
	if (!target)
		return -e->code;
	build_need(b, target);
	build_remark(b);
	r = build_layers_open(&b->layers, e);
	for (struct build_stage *s = b->stage; r >= 0 && s <= target; s++)
		if (s->needed)
			r = build_stage(b, s, e);
	if (r >= 0)
		r = build_finish(b, target, began, e);
	return r;
}

static void build_free(struct build *b)
{
	build_layers_close(&b->layers);
	for (unsigned int i = 0; i < b->n_stages; i++)
		spec_free(b->stage[i].config);
	cfile_free(&b->file);
	arena_free(&b->arena);
	fd_close(&b->context);
}

int build_image(const struct build_request *request, struct err *e)
{
	static struct build b; /* too large for a stack */
	const struct codec_driver *codec;
	const struct pack_driver *pack;
	uint64_t began = event_now();
	int r;

	b = (struct build){ .request = request,
			    .out = OUT(STDOUT_FILENO),
			    .context = -1,
			    .layers = { .dir = -1, .work = -1, .home = -1 } };
	self_init();
	/* Modes in the image are what steps say. */
	umask(022);
	r = pack_find(request->format, &pack, &codec, e);
	if (r >= 0)
		r = build_layers_enter(e);
	if (r >= 0)
		r = build_read(&b, e);
	if (r >= 0 && request->output)
		r = build_try_output(request->output, e);
	if (r >= 0)
		r = build_all(&b, began, e);
	build_free(&b);
	out_flush(&b.out);
	return r;
}
