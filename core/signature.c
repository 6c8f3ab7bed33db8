// SPDX-License-Identifier: MIT
/*
 * Checking signatures; see signature.h. Runs in launchers and the CLI before anything signed is used. Must
 * never let a file pass because something could not be read: what is not known to be right is wrong.
 */
#include "core/signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/paths.h"

enum { SIGNATURE_HASH = 64, SIGNATURE_KEY_FILE = 4096, SIGNATURE_BUFFER = 64 << 10 };

/* What a signature is of: a file, or bytes. */
struct signed_content {
	int fd; /* -1: bytes */
	const void *bytes;
	size_t n;
};

/* ---- keys ------------------------------------------------------------------------------------- */

struct signature_search {
	const struct signature *s;
	const struct signed_content *content;
	uint8_t hash[SIGNATURE_HASH]; /* of the content, when it is prehashed */
	bool known;		      /* there was a key of this id */
	char *by;
};

static bool signature_is_of(const struct signature_search *f, const struct signature_key *k)
{
	if (f->s->prehashed)
		return crypto_sign_ed25519_verify_detached(f->s->bytes, f->hash, sizeof(f->hash),
							   k->key) == 0;
	return crypto_sign_ed25519_verify_detached(f->s->bytes, f->content->bytes, f->content->n,
						   k->key) == 0;
}

/* The trusted comment, which has a signature of its own. */
static bool signature_comment_is_of(const struct signature *s, const struct signature_key *k)
{
	AUTO_FREE uint8_t *b = s->comment ? malloc(SIGNATURE_BYTES + s->comment_len) : NULL;

	if (!b)
		return !s->comment;
	memcpy(b, s->bytes, SIGNATURE_BYTES);
	memcpy(b + SIGNATURE_BYTES, s->comment, s->comment_len);
	return crypto_sign_ed25519_verify_detached(s->second, b, SIGNATURE_BYTES + s->comment_len,
						   k->key) == 0;
}

/* Ids are not secret and may be alike: every key of this id is tried. */
static bool signature_try(struct signature_search *f, const struct signature_key *k)
{
	if (memcmp(k->id, f->s->id, sizeof(k->id)) != 0)
		return false;
	f->known = true;
	if (!signature_is_of(f, k) || !signature_comment_is_of(f->s, k))
		return false;
	str_copy(f->by, sizeof(k->name), k->name);
	return true;
}

static int signature_try_builtin(struct signature_search *f, struct err *e)
{
	const char *at = CONFIG_SIGNATURE_KEYS;

	while (*(at += strspn(at, " ,"))) {
		size_t n = strcspn(at, " ,");
		struct signature_key k;

		if (signature_parse_key(&k, at, n, e) < 0)
			return err_wrap(e, "SIGNATURE_KEYS of this build");
		str_copy(k.name, sizeof(k.name), "a key of this build");
		if (signature_try(f, &k))
			return 1;
		at += n;
	}
	return 0;
}

/* Who can write there decides what is trusted. */
static int signature_open_keys(struct err *e)
{
	AUTO_FD int fd = -1;
	char path[PATHS_MAX];
	struct stat st;

	if (paths_join(path, paths.etc, "keys", NULL) < 0)
		return err_set(e, ENAMETOOLONG, "%s/keys: too long", paths.etc);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : err_sys(e, errno, "%s: cannot open", path);
	if (fstat(fd, &st) < 0 || (st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022)
		return err_set(e, EPERM,
			       "%s: others than root can write to it; chown root and chmod 755 it",
			       path);
	return fd_take(&fd);
}

static int signature_try_file(struct signature_search *f, int dir, const char *name, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct signature_key k;
	size_t len;
	int r = fd_slurp(dir, name, SIGNATURE_KEY_FILE, &text, &len);

	if (r < 0)
		return err_sys(e, r, "key %s", name);
	r = signature_parse_key(&k, text, len, e);
	if (r < 0)
		return err_wrap(e, name);
	str_copy(k.name, sizeof(k.name), name);
	return signature_try(f, &k);
}

/* One file that is no key does not take the others away. */
static int signature_try_folder(struct signature_search *f, struct err *e)
{
	AUTO_FD int fd = signature_open_keys(e);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int dir = fd_take(&fd), r = 0;
	struct dirent *entry;

	if (!d)
		return dir == -ENOENT ? 0 : dir;
	while (r <= 0 && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n > 4 && strcmp(entry->d_name + n - 4, ".pub") == 0)
			r = signature_try_file(f, dir, entry->d_name, e);
	}
	return r;
}

/* ---- content ---------------------------------------------------------------------------------- */

static int signature_hash_fd(int fd, crypto_generichash_blake2b_state *state, struct err *e)
{
	AUTO_FREE uint8_t *buf = malloc(SIGNATURE_BUFFER);
	off_t at = 0;
	ssize_t n;

	if (!buf)
		return err_set(e, ENOMEM, "out of memory");
	while ((n = pread(fd, buf, SIGNATURE_BUFFER, at)) > 0) {
		crypto_generichash_blake2b_update(state, buf, (unsigned long long)n);
		at += n;
	}
	return n < 0 ? err_sys(e, errno, "cannot be read") : 0;
}

static int signature_hash(struct signature_search *f, struct err *e)
{
	crypto_generichash_blake2b_state state;
	int r = 0;

	crypto_generichash_blake2b_init(&state, NULL, 0, sizeof(f->hash));
	if (f->content->fd >= 0)
		r = signature_hash_fd(f->content->fd, &state, e);
	else
		crypto_generichash_blake2b_update(&state, f->content->bytes, f->content->n);
	crypto_generichash_blake2b_final(&state, f->hash, sizeof(f->hash));
	return r;
}

/* What is signed as a whole is needed as a whole: it is mapped. */
static int signature_map(struct signed_content *c, struct err *e)
{
	struct stat st;
	void *p;

	if (fstat(c->fd, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size)
		return err_set(e, EINVAL, "not a file with something in it");
	p = (uint64_t)st.st_size > SIZE_MAX / 2
		    ? MAP_FAILED
		    : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, c->fd, 0);
	if (p == MAP_FAILED)
		return err_set(e, ENOMEM,
			       "too large for a signature of this kind; use minisign without -l");
	c->bytes = p;
	c->n = (size_t)st.st_size;
	return 0;
}

static int signature_search(struct signature_search *f, struct err *e)
{
	struct err key = { 0 };
	int r = f->s->prehashed ? signature_hash(f, e) : 0;

	if (r < 0)
		return r;
	r = signature_try_builtin(f, &key);
	if (r <= 0)
		r = signature_try_folder(f, &key);
	if (r > 0)
		return 0;
	if (f->known)
		return err_set(e, EBADMSG, "the signature is not of this content");
	if (key.code)
		return err_set(e, key.code, "%s", key.msg);
	return err_set(e, ENOKEY, "signed by a key that is not trusted here; put it into %s/keys",
		       paths.etc);
}

static int signature_run(struct signed_content *c, const char *text, size_t len, char by[48],
			 struct err *e)
{
	struct signature s;
	struct signature_search f = { .s = &s, .content = c, .by = by };
	int r = signature_parse(&s, text, len, e);

	if (r == 0 && c->fd >= 0 && !s.prehashed)
		r = signature_map(c, e);
	if (r == 0)
		r = signature_search(&f, e);
	if (c->fd >= 0 && c->bytes)
		munmap((void *)(uintptr_t)c->bytes, c->n);
	return r;
}

int signature_check_fd(int fd, const char *text, size_t len, char by[48], struct err *e)
{
	struct signed_content c = { .fd = fd };

	return signature_run(&c, text, len, by, e);
}

int signature_check(const void *content, size_t n, const char *text, size_t len, char by[48],
		    struct err *e)
{
	struct signed_content c = { .fd = -1, .bytes = content, .n = n };

	return signature_run(&c, text, len, by, e);
}

/* ---- files ------------------------------------------------------------------------------------ */

int signature_beside(const char *path, char **text, size_t *len, struct err *e)
{
	static const char *const suffixes[] = { ".minisig", ".sig" };
	char name[PATHS_MAX + 256];
	int r = -ENOENT;

	for (unsigned int i = 0; r == -ENOENT && i < ARRAY_SIZE(suffixes); i++) {
		if (str_format(name, sizeof(name), "%s%s", path, suffixes[i]) >= sizeof(name) - 1)
			return err_set(e, ENAMETOOLONG, "%.60s...: too long", path);
		r = fd_slurp(AT_FDCWD, name, SIGNATURE_MAX, text, len);
	}
	if (r == -ENOENT)
		return err_set(e, ENOENT, "is not signed: there is no %s.minisig or .sig", path);
	return r < 0 ? err_sys(e, r, "%s", name) : 0;
}

static bool signature_wants_manifest(void)
{
	char path[PATHS_MAX];

	return IS_ENABLED(CONFIG_SIGNED_MANIFEST) ||
	       (paths_join(path, paths.etc, "keys", "require-signed-manifest") == 0 &&
		access(path, F_OK) == 0);
}

int signature_check_manifest(const char *path, const char *text, size_t len, struct err *e)
{
	AUTO_FREE char *sig = NULL;
	char by[48];
	size_t n;
	int r;

	if (!signature_wants_manifest())
		return 0;
	r = signature_beside(path, &sig, &n, e);
	if (r == 0)
		r = signature_check(text, len, sig, n, by, e);
	return r < 0 ? err_wrap(e, path) : 0;
}
