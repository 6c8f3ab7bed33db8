/* SPDX-License-Identifier: MIT */
/*
 * Where the contents of Docker archives and OCI layouts are found; see oci.h. Runs in the CLI. An archive is read
 * through once for the places of its files; they are then read where they lie. Must never open a name of the
 * archive outside of the folder, nor trust a size before it is checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/oci.h"
#include "drivers/image/tar.h"

/* ---- streams ---- */

/* A part of a file, read by pread(2), so that many can be at work on one. */
struct part_stream {
	struct stream base;
	struct oci *o;
	int fd;
	bool owned, counted;
	uint64_t at, left;
	uint8_t buf[64 << 10];
};

static ssize_t part_next(struct stream *base, const uint8_t **bytes, struct err *e)
{
	struct part_stream *s = container_of(base, struct part_stream, base);
	ssize_t n;

	if (s->left == 0)
		return 0;
	do {
		n = pread(s->fd, s->buf, (size_t)min_u64(s->left, sizeof(s->buf)), (off_t)s->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "cannot read");
	if (n == 0)
		return err_set(e, ESTALE, "became shorter while it was read");
	s->at += (uint64_t)n;
	s->left -= (uint64_t)n;
	if (s->counted) {
		s->o->done += (uint64_t)n;
		if (s->o->a->progress)
			s->o->a->progress(s->o->a->arg, s->o->done, s->o->total);
	}
	*bytes = s->buf;
	return n;
}

static void part_close(struct stream *base)
{
	struct part_stream *s = container_of(base, struct part_stream, base);

	if (s->owned)
		close(s->fd);
	free(s);
}

/* Passes bytes on, and compares their SHA-256 at the end. */
struct sum_stream {
	struct stream base;
	struct stream *in;
	struct hash_sha256 hash;
	uint8_t want[32];
	const char *what;
	bool ended;
};

static ssize_t sum_next(struct stream *base, const uint8_t **bytes, struct err *e)
{
	struct sum_stream *s = container_of(base, struct sum_stream, base);
	ssize_t n = s->ended ? 0 : s->in->next(s->in, bytes, e);
	uint8_t got[32];

	if (n > 0)
		hash_sha256_add(&s->hash, *bytes, (size_t)n);
	if (n != 0 || s->ended)
		return n;
	s->ended = true;
	hash_sha256_end(&s->hash, got);
	return memcmp(got, s->want, sizeof(got)) == 0
		       ? 0
		       : err_set(e, EILSEQ, "%s is not what its SHA-256 says: damaged or forged",
				 s->what);
}

static void sum_close(struct stream *base)
{
	struct sum_stream *s = container_of(base, struct sum_stream, base);

	s->in->close(s->in);
	free(s);
}

static struct stream *sum_stream(struct stream *in, const uint8_t sum[32], const char *what,
				 struct err *e)
{
	struct sum_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		in->close(in);
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	s->base.next = sum_next;
	s->base.close = sum_close;
	s->in = in;
	s->what = what;
	memcpy(s->want, sum, sizeof(s->want));
	hash_sha256_init(&s->hash);
	return &s->base;
}

/* ---- the files of an archive ---- */

static const char *oci_plain(const char *name)
{
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name += name[0] == '/' ? 1 : 2;
	return name;
}

static const struct oci_file *oci_lookup(const struct oci *o, const char *name)
{
	name = oci_plain(name);
	/* The last of a name counts, as when it is unpacked. */
	for (unsigned int i = o->n; i-- > 0;)
		if (strcmp(o->files[i].name, name) == 0)
			return &o->files[i];
	return NULL;
}

/* The name that a link in an old archive means: "../ID/layer.tar" seen from "ID2/layer.tar". */
static bool oci_link_target(const struct oci_file *f, char *to, size_t size)
{
	const char *link = f->link, *slash = strrchr(f->name, '/');
	size_t len = slash ? (size_t)(slash - f->name) : 0;

	if (link[0] == '/')
		len = 0;
	while (strncmp(link, "../", 3) == 0) {
		link += 3;
		while (len && f->name[len - 1] != '/')
			len--;
		len -= len != 0;
	}
	if (len >= size || strstr(link, ".."))
		return false;
	memcpy(to, f->name, len);
	return str_format(to + len, size - len, "%s%s", len ? "/" : "", oci_plain(link)) < size - 1;
}

static const struct oci_file *oci_resolve(const struct oci *o, const char *name)
{
	const struct oci_file *f = oci_lookup(o, name);
	char target[512];

	for (int hops = 0; f && f->link; hops++) {
		if (hops == 8 || !oci_link_target(f, target, sizeof(target)))
			return NULL;
		f = oci_lookup(o, target);
	}
	return f;
}

static int oci_add(struct oci *o, const struct tar_reader *r, struct err *e)
{
	const struct tar_entry *t = &r->entry;
	struct oci_file f = { .offset = r->at, .size = r->left };

	if (o->n == o->room) {
		unsigned int room = o->room ? o->room * 2 : 64;
		struct oci_file *bigger = realloc(o->files, room * sizeof(*bigger));

		if (!bigger)
			return err_set(e, ENOMEM, "out of memory");
		o->files = bigger;
		o->room = room;
	}
	f.name = arena_str(&o->arena, oci_plain(t->path));
	if (t->type != TAR_FILE)
		f.link = arena_alloc(&o->arena, strlen(t->link) + 2);
	if (!f.name || (t->type != TAR_FILE && !f.link))
		return err_set(e, ENOMEM, "out of memory");
	/* A hard link names its target from the root. */
	if (f.link)
		str_format(f.link, strlen(t->link) + 2, "%s%s", t->type == TAR_HARDLINK ? "/" : "",
			   t->link);
	o->files[o->n++] = f;
	return 0;
}

/* A root file system, by what is at its top: then nothing more needs to be read. */
static bool oci_is_rootfs(const char *name)
{
	static const char *const tops[] = { "bin",   "boot", "dev", "etc",  "home", "lib", "lib64",
					    "media", "mnt",  "opt", "proc", "root", "run", "sbin",
					    "srv",   "sys",  "tmp", "usr",  "var" };
	size_t len = strcspn(name, "/");

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
		if (strlen(tops[i]) == len && memcmp(tops[i], name, len) == 0)
			return true;
	return false;
}

/* 0 to go on, 1 when it is none of ours, -errno. */
static int oci_entry(struct oci *o, const struct tar_reader *r, struct err *e)
{
	const struct tar_entry *t = &r->entry;
	bool link = t->type == TAR_SYMLINK || t->type == TAR_HARDLINK;

	if (oci_is_rootfs(oci_plain(t->path)) || o->n == OCI_FILES_MAX)
		return 1;
	if (strlen(t->path) > OCI_NAME_MAX || (link && strlen(t->link) > OCI_NAME_MAX))
		return 0;
	return (t->type == TAR_FILE && !t->sparse) || link ? oci_add(o, r, e) : 0;
}

static int oci_list_entries(struct oci *o, struct tar_reader *r, struct err *e)
{
	int got;

	while ((got = tar_next(r, e)) > 0) {
		got = oci_entry(o, r, e);
		if (got)
			return got < 0 ? got : 0;
	}
	if (got < 0)
		return got;
	return oci_has(o, "manifest.json") ||
	       (oci_has(o, "index.json") && oci_has(o, "oci-layout"));
}

/* 1: one of ours, and o->files is complete. */
static int oci_list(struct oci *o, struct stream *in, struct err *e)
{
	struct tar_reader *r = tar_open(in, e);
	int got;

	if (!r)
		return -ENOMEM;
	got = oci_list_entries(o, r, e);
	tar_close(r);
	return got;
}

/* ---- opening ---- */

static bool oci_is_tar(const uint8_t *head, size_t len)
{
	return len >= TAR_BLOCK && !tar_is_zero(head) && tar_checksum_ok(head);
}

static int oci_rewind(const struct oci *o, struct err *e)
{
	return lseek(o->fd, 0, SEEK_SET) < 0 ? err_sys(e, errno, "cannot rewind") : 0;
}

/* What so many packed bytes may become: files, and a header for each. */
static uint64_t oci_most(uint64_t packed)
{
	return min_u64(((uint64_t)CONFIG_IMAGE_TAR_MAX_MIB << 20) +
			       (uint64_t)CONFIG_IMAGE_TAR_MAX_ENTRIES * 3 * TAR_BLOCK,
		       packed * CONFIG_IMAGE_TAR_MAX_RATIO + (1 << 20));
}

static struct stream *oci_whole(struct oci *o, const struct codec_driver *codec, struct err *e)
{
	struct stream *in = oci_rewind(o, e) < 0 ? NULL : stream_of_fd(o->fd, o->a->name, e);
	struct stat st;

	if (!in || !codec)
		return in;
	in = codec->decode(in, e);
	if (fstat(o->fd, &st) < 0)
		st.st_size = 0;
	return in ? stream_limited(in, oci_most((uint64_t)st.st_size), e) : NULL;
}

/* Writes what in gives to a file without a name in the work folder, which o->fd is from then on. */
static int oci_spool(struct oci *o, struct stream *in, struct err *e)
{
	int fd = openat(o->a->work, "archive", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const uint8_t *bytes;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, errno, "cannot make a file");
	unlinkat(o->a->work, "archive", 0);
	o->fd = fd;
	o->owned = true;
	while ((n = in->next(in, &bytes, e)) > 0) {
		int r = fd_write(fd, bytes, (size_t)n);

		if (r < 0)
			return err_sys(e, r, "cannot unpack the archive");
	}
	return (int)n;
}

static int oci_unpack(struct oci *o, const struct codec_driver *codec, struct err *e)
{
	struct stream *in = oci_whole(o, codec, e);
	int r;

	if (!in)
		return -ENOMEM;
	r = oci_spool(o, in, e);
	in->close(in);
	return r;
}

static int oci_open_file(struct oci *o, bool unpack, struct err *e)
{
	uint8_t head[TAR_BLOCK];
	ssize_t n = pread(o->fd, head, sizeof(head), 0);
	const struct codec_driver *codec = n > 0 ? codec_find(head, (size_t)n) : NULL;
	struct stream *in;
	int r;

	if (n < 0)
		return err_sys(e, errno, "cannot read");
	if (!codec && !oci_is_tar(head, (size_t)n))
		return 0;
	if (codec && unpack) {
		r = oci_unpack(o, codec, e);
		if (r < 0)
			return r;
		codec = NULL;
	}
	in = oci_whole(o, codec, e);
	return in ? oci_list(o, in, e) : -ENOMEM;
}

int oci_open(struct oci *o, const struct import_args *a, bool unpack, struct err *e)
{
	struct stat st;

	*o = (struct oci){ .a = a, .fd = a->fd };
	if (fstat(o->fd, &st) < 0)
		return err_sys(e, errno, "cannot look at");
	if (S_ISREG(st.st_mode))
		return oci_open_file(o, unpack, e);
	o->folder = S_ISDIR(st.st_mode);
	return o->folder && oci_has(o, "index.json") && oci_has(o, "oci-layout");
}

void oci_close(struct oci *o)
{
	if (o->owned)
		close(o->fd);
	free(o->files);
	arena_free(&o->arena);
}

bool oci_has(const struct oci *o, const char *name)
{
	struct stat st;

	return o->folder
		       ? fstatat(o->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
		       : oci_resolve(o, name) != NULL;
}

/* ---- contents ---- */

static int oci_open_in_folder(struct oci *o, const char *name, uint64_t *size, struct err *e)
{
	AUTO_FD int fd = path_open_beneath(o->fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	struct stat st;

	if (fd < 0)
		return err_sys(e, fd, "%s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s: not a plain file", name);
	*size = (uint64_t)st.st_size;
	return fd_take(&fd);
}

/* Where the content is: *fd (of which the caller closes one from a folder), *at, *size. */
static int oci_place(struct oci *o, const struct oci_ref *ref, int *fd, uint64_t *at,
		     uint64_t *size, struct err *e)
{
	const struct oci_file *f;
	int r = 0;

	*at = 0;
	if (o->folder) {
		r = *fd = oci_open_in_folder(o, ref->name, size, e);
	} else {
		f = oci_resolve(o, ref->name);
		if (!f)
			return err_set(e, ENOENT, "%s: is missing from the archive", ref->name);
		*fd = o->fd;
		*at = f->offset;
		*size = f->size;
	}
	if (r >= 0 && ref->size != UINT64_MAX && *size != ref->size) {
		if (o->folder)
			fd_close(fd);
		return err_set(e, EILSEQ, "%s: has not the size that is said", ref->name);
	}
	return r < 0 ? r : 0;
}

int oci_size(struct oci *o, const struct oci_ref *ref, uint64_t *size, struct err *e)
{
	uint64_t at;
	int fd, r = oci_place(o, ref, &fd, &at, size, e);

	if (r == 0 && o->folder)
		close(fd);
	return r;
}

static struct stream *oci_part(struct oci *o, const struct oci_ref *ref, bool counted,
			       uint64_t *size, struct err *e)
{
	struct part_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	if (oci_place(o, ref, &s->fd, &s->at, size, e) < 0) {
		free(s);
		return NULL;
	}
	s->base.next = part_next;
	s->base.close = part_close;
	s->o = o;
	s->owned = o->folder;
	s->counted = counted;
	s->left = *size;
	return ref->summed ? sum_stream(&s->base, ref->sum, ref->name, e) : &s->base;
}

static const struct codec_driver *oci_codec(struct oci *o, const struct oci_ref *ref, bool *plain)
{
	uint8_t head[TAR_BLOCK];
	uint64_t at, size;
	ssize_t n;
	int fd;

	*plain = true;
	if (oci_place(o, ref, &fd, &at, &size, NULL) < 0)
		return NULL;
	n = pread(fd, head, (size_t)min_u64(size, sizeof(head)), (off_t)at);
	if (o->folder)
		close(fd);
	*plain = n < 4 || oci_is_tar(head, (size_t)n) || tar_is_zero(head);
	return n > 0 ? codec_find(head, (size_t)n) : NULL;
}

struct stream *oci_stream(struct oci *o, const struct oci_ref *ref, const uint8_t *sum,
			  uint64_t *size, struct err *e)
{
	bool plain;
	const struct codec_driver *codec = oci_codec(o, ref, &plain);
	struct stream *in = oci_part(o, ref, true, size, e);

	if (in && !codec && !plain) {
		in->close(in);
		err_set(e, ENOTSUP,
			"%s: packed in a way this build cannot read; it can be CODEC_GZIP or CODEC_ZSTD",
			ref->name);
		return NULL;
	}
	if (in && codec) {
		in = codec->decode(in, e);
		in = in ? stream_limited(in, oci_most(*size), e) : NULL;
	}
	return in && sum ? sum_stream(in, sum, "its content", e) : in;
}

static int oci_slurp(struct oci *o, const struct oci_ref *ref, char **text, size_t *len,
		     struct err *e)
{
	const uint8_t *bytes;
	struct stream *in;
	uint64_t size;
	ssize_t n;
	int r = oci_size(o, ref, &size, e);

	if (r < 0)
		return r;
	if (size > OCI_JSON_MAX)
		return err_set(e, EFBIG, "%s: JSON of more than %u MiB", ref->name,
			       OCI_JSON_MAX >> 20);
	*text = arena_alloc(&o->arena, (size_t)size + 1);
	in = *text ? oci_part(o, ref, false, &size, e) : NULL;
	if (!in)
		return *text ? -EIO : err_set(e, ENOMEM, "out of memory");
	for (*len = 0; (n = in->next(in, &bytes, e)) > 0; *len += (size_t)n)
		memcpy(*text + *len, bytes, (size_t)n);
	in->close(in);
	return (int)n;
}

int oci_json(struct oci *o, const struct oci_ref *ref, struct json *j, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	int r = oci_slurp(o, ref, &text, &len, e);

	*j = (struct json){ 0 };
	if (r < 0)
		return r;
	r = json_parse(j, text, len);
	return r < 0 ? err_set(e, -r, "%s: not valid JSON (at byte %u)", ref->name, j->at) : 0;
}

static int oci_hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int oci_ref_of_digest(struct oci_ref *ref, const char *digest, struct err *e)
{
	char shown[100];

	str_escape(shown, sizeof(shown), digest, strlen(digest));
	*ref = (struct oci_ref){ .size = UINT64_MAX };
	if (strncmp(digest, "sha256:", 7) != 0)
		return err_set(e, ENOTSUP, "digest '%s': only sha256 is known", shown);
	for (int i = 0; i < 32; i++) {
		int high = oci_hex(digest[7 + 2 * i]);
		int low = high < 0 ? -1 : oci_hex(digest[8 + 2 * i]);

		if (low < 0)
			return err_set(e, EINVAL, "digest '%s': not 64 hex digits", shown);
		ref->sum[i] = (uint8_t)(high << 4 | low);
	}
	if (digest[7 + 64])
		return err_set(e, EINVAL, "digest '%s': not 64 hex digits", shown);
	ref->summed = true;
	str_format(ref->name, sizeof(ref->name), "blobs/sha256/%s", digest + 7);
	return 0;
}
