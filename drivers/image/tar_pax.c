/* SPDX-License-Identifier: MIT */
/*
 * Extended headers of pax archives: "LENGTH KEY=VALUE\n" records. See tar.h. Unknown keys are
 * passed over.
 */
#include <errno.h>
#include <string.h>

#include "core/lib/util.h"
#include "drivers/image/tar.h"

struct pax_record {
	const char *key, *value, *end; /* value ends at end, where the newline is */
	size_t key_len;
};

int tar_decimal(const char *p, const char *end, uint64_t *v)
{
	uint64_t value = 0;

	if (p == end)
		return -EINVAL;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		if (value > (UINT64_MAX - 9) / 10)
			return -ERANGE;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	*v = value;
	return 0;
}

/* The record at *pos. 1, 0 at the end, -EINVAL when its length or form lies. */
static int pax_next(const char *text, size_t len, size_t *pos, struct pax_record *rec)
{
	const char *start, *space;
	size_t room = len - *pos;
	uint64_t n;

	/* Nothing to read may also mean that there is no text. */
	if (room == 0)
		return 0;
	start = text + *pos;
	space = memchr(start, ' ', room < 21 ? room : 21);
	if (!space || tar_decimal(start, space, &n) < 0 || n > room ||
	    n < (size_t)(space - start) + 3)
		return -EINVAL;
	rec->end = start + n - 1;
	rec->key = space + 1;
	rec->value = memchr(rec->key, '=', (size_t)(rec->end - rec->key));
	if (!rec->value || *rec->end != '\n')
		return -EINVAL;
	rec->key_len = (size_t)(rec->value - rec->key);
	rec->value++;
	*pos += (size_t)n;
	return 1;
}

static bool pax_is(const struct pax_record *rec, const char *key)
{
	return rec->key_len == strlen(key) && memcmp(rec->key, key, rec->key_len) == 0;
}

static int pax_name(const struct pax_record *rec, char to[PATH_MAX])
{
	size_t len = (size_t)(rec->end - rec->value);

	if (len >= PATH_MAX || memchr(rec->value, '\0', len))
		return -EINVAL;
	memcpy(to, rec->value, len);
	to[len] = '\0';
	return 0;
}

static int pax_u32(const struct pax_record *rec, uint32_t *to)
{
	uint64_t v;
	int got = tar_decimal(rec->value, rec->end, &v);

	if (got == 0 && v >= UINT32_MAX)
		got = -ERANGE;
	if (got == 0)
		*to = (uint32_t)v;
	return got;
}

static int pax_size(const struct pax_record *rec, uint64_t *to)
{
	int got = tar_decimal(rec->value, rec->end, to);

	return got == 0 && *to > INT64_MAX ? -ERANGE : got;
}

/* "-12.345678901": seconds with a fraction, of which nanoseconds are kept. */
static int pax_time(const struct pax_record *rec, int64_t *sec, uint32_t *ns)
{
	bool negative = rec->value < rec->end && *rec->value == '-';
	const char *p = rec->value + negative, *dot = memchr(p, '.', (size_t)(rec->end - p));
	uint64_t v, fraction = 0;
	uint32_t unit = 100000000;
	int got = tar_decimal(p, dot ? dot : rec->end, &v);

	if (got < 0 || v > INT64_MAX / 4)
		return got < 0 ? got : -ERANGE;
	for (p = dot ? dot + 1 : rec->end; p < rec->end; p++, unit /= 10) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		fraction += (uint64_t)(*p - '0') * unit;
	}
	*sec = negative ? -(int64_t)v : (int64_t)v;
	*ns = (uint32_t)fraction;
	if (negative && fraction) {
		*sec -= 1;
		*ns = (uint32_t)(1000000000 - fraction);
	}
	return 0;
}

/* Sparse format 0.1: "offset,length,offset,length,...". */
static int pax_sparse_map(struct tar_reader *r, const struct pax_record *rec, struct err *e)
{
	const char *p = rec->value;
	uint64_t pair[2];

	r->n_map = 0;
	for (int i = 0; p <= rec->end && rec->value < rec->end; i ^= 1) {
		const char *comma = memchr(p, ',', (size_t)(rec->end - p));
		const char *end = comma ? comma : rec->end;
		int got = tar_decimal(p, end, &pair[i]);

		if (got == 0 && i == 1)
			got = tar_extent_add(r, pair[0], pair[1], e);
		if (got < 0)
			return got;
		if (!comma)
			return i == 1 ? 0 : -EINVAL;
		p = comma + 1;
	}
	return 0;
}

/* Sparse format 0.0: offset and numbytes records by turns. */
static int pax_sparse_pair(struct tar_reader *r, const struct pax_record *rec, bool offset,
			   struct err *e)
{
	uint64_t v;
	int got = tar_decimal(rec->value, rec->end, &v);

	if (got < 0)
		return got;
	if (offset)
		return tar_extent_add(r, v, 0, e);
	if (r->n_map == 0)
		return -EINVAL;
	r->map[r->n_map - 1].len = v;
	return 0;
}

/* Keys of GNU sparse files. Returns the tar_said bit, 0 for another key, or -errno. */
static int pax_sparse(struct tar_reader *r, struct tar_over *o, const struct pax_record *rec,
		      struct err *e)
{
	uint64_t v;
	int got;

	if (pax_is(rec, "GNU.sparse.name")) {
		got = pax_name(rec, o->path);
		return got < 0 ? got : TAR_SPARSE_NAME;
	}
	if (pax_is(rec, "GNU.sparse.size") || pax_is(rec, "GNU.sparse.realsize")) {
		got = pax_size(rec, &o->real_size);
		return got < 0 ? got : TAR_REAL_SIZE;
	}
	if (pax_is(rec, "GNU.sparse.map")) {
		got = pax_sparse_map(r, rec, e);
		return got < 0 ? got : TAR_SPARSE_MAP;
	}
	if (pax_is(rec, "GNU.sparse.offset") || pax_is(rec, "GNU.sparse.numbytes")) {
		got = pax_sparse_pair(r, rec, pax_is(rec, "GNU.sparse.offset"), e);
		return got < 0 ? got : TAR_SPARSE_MAP;
	}
	if (pax_is(rec, "GNU.sparse.major")) {
		got = tar_decimal(rec->value, rec->end, &v);
		if (got < 0 || v > 1)
			return -EINVAL;
		return v ? TAR_SPARSE_1 : 0;
	}
	return 0;
}

/* Keys of POSIX. Returns the tar_said bit, 0 for another key, or -errno. */
static int pax_plain(struct tar_over *o, const struct pax_record *rec)
{
	int got;

	if (pax_is(rec, "path")) {
		if (o->said & TAR_SPARSE_NAME)
			return 0;
		got = pax_name(rec, o->path);
		return got < 0 ? got : TAR_PATH;
	}
	if (pax_is(rec, "linkpath")) {
		got = pax_name(rec, o->link);
		return got < 0 ? got : TAR_LINK;
	}
	if (pax_is(rec, "size")) {
		got = pax_size(rec, &o->size);
		return got < 0 ? got : TAR_SIZE;
	}
	if (pax_is(rec, "uid")) {
		got = pax_u32(rec, &o->uid);
		return got < 0 ? got : TAR_UID;
	}
	if (pax_is(rec, "gid")) {
		got = pax_u32(rec, &o->gid);
		return got < 0 ? got : TAR_GID;
	}
	if (pax_is(rec, "mtime")) {
		got = pax_time(rec, &o->mtime, &o->mtime_ns);
		return got < 0 ? got : TAR_MTIME;
	}
	return 0;
}

int tar_pax(struct tar_reader *r, struct tar_over *over, const char *text, size_t len,
	    struct err *e)
{
	struct pax_record rec;
	struct err why = { 0 };
	size_t pos = 0;
	int got;

	while ((got = pax_next(text, len, &pos, &rec)) == 1) {
		/* An empty value takes back what was said; it was never said here. */
		if (rec.value == rec.end)
			continue;
		got = pax_plain(over, &rec);
		if (got == 0)
			got = pax_sparse(r, over, &rec, &why);
		if (got < 0)
			break;
		over->said |= (uint32_t)got;
	}
	if (why.code)
		return err_set(e, why.code, "%s", why.msg);
	return got < 0 ? tar_bad(r, "bad extended header", e) : 0;
}

bool tar_xattr(const struct tar_reader *r, size_t *cursor, struct tar_xattr *x)
{
	static const char prefix[] = "SCHILY.xattr.";
	struct pax_record rec;

	while (pax_next(r->pax, r->pax_len, cursor, &rec) == 1) {
		size_t skip = sizeof(prefix) - 1, len;

		if (rec.key_len <= skip || memcmp(rec.key, prefix, skip) != 0)
			continue;
		len = rec.key_len - skip;
		if (len >= sizeof(x->name) || memchr(rec.key, '\0', rec.key_len))
			continue;
		memcpy(x->name, rec.key + skip, len);
		x->name[len] = '\0';
		x->value = rec.value;
		x->len = (size_t)(rec.end - rec.value);
		return true;
	}
	return false;
}

bool tar_xattr_wanted(const char *name)
{
	/*
	 * Those of overlay would tell the kernel to look elsewhere; labels belong to the machine
	 * they were made on.
	 */
	if (strncmp(name, "trusted.overlay.", 16) == 0 || strncmp(name, "user.overlay.", 13) == 0)
		return false;
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "trusted.", 8) == 0 ||
	       strcmp(name, "security.capability") == 0 ||
	       strncmp(name, "system.posix_acl_", 17) == 0;
}
