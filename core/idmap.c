/* SPDX-License-Identifier: MIT */
/*
 * Maps of ids: see idmap.h. Runs in the CLI before a user namespace is made. The files belong to root, but a
 * number that wraps or two users who share one id would let them at each other's files, so every sum is made
 * in 64 bits and every range is held against every other.
 */
#include "core/idmap.h"

#include <errno.h>
#include <string.h>

#include "core/lib/str.h"

static bool idmap_meet(uint64_t a, uint64_t a_count, uint64_t b, uint64_t b_count)
{
	return a < b + b_count && b < a + a_count;
}

int idmap_add(struct idmap *m, uint64_t inside, uint64_t outside, uint64_t count)
{
	const uint64_t end = (uint64_t)IDMAP_LAST + 1;

	if (count == 0 || count > end || inside > end - count || outside > end - count)
		return -ERANGE;
	for (unsigned int i = 0; i < m->n; i++)
		if (idmap_meet(m->r[i].inside, m->r[i].count, inside, count) ||
		    idmap_meet(m->r[i].outside, m->r[i].count, outside, count))
			return -EEXIST;
	if (m->n == IDMAP_RANGES)
		return -E2BIG;
	m->r[m->n++] = (struct idmap_range){ (uint32_t)inside, (uint32_t)outside, (uint32_t)count };
	return 0;
}

/* The number at *p, which ends before it; -EINVAL where there is none or it is no id. */
static int idmap_number(const char **p, uint64_t *out)
{
	size_t len = strspn(*p, "0123456789");
	char digits[12];

	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, *p, len);
	digits[len] = '\0';
	*p += len;
	return str_u64(digits, 0, UINT32_MAX, out);
}

/* Three numbers with between between them: a blank may be several. */
static int idmap_triple(const char **p, char between, uint64_t n[3])
{
	for (int i = 0; i < 3; i++) {
		if (between == ' ')
			*p += strspn(*p, " ");
		else if (i && **p != between)
			return -EINVAL;
		else
			*p += i > 0;
		if (idmap_number(p, &n[i]) < 0)
			return -EINVAL;
	}
	return 0;
}

int idmap_parse(const char *text, struct idmap *m, struct err *e)
{
	const char *p = text;
	uint64_t n[3];
	int r;

	m->n = 0;
	do {
		p += m->n > 0;
		if (idmap_triple(&p, ':', n) < 0 || (*p && *p != ','))
			return err_set(e, EINVAL,
				       "'%.80s': not a map of ids: INSIDE:OUTSIDE:COUNT[,...]",
				       text);
		r = idmap_add(m, n[0], n[1], n[2]);
		if (r < 0)
			return err_set(e, -r, "'%.80s': range %u %s", text, m->n + 1,
				       r == -EEXIST  ? "overlaps one before it"
				       : r == -E2BIG ? "is one too many"
				       : n[2] == 0   ? "is empty"
						     : "ends beyond the last id, 4294967294");
	} while (*p);
	return 0;
}

int idmap_parse_proc(const char *text, struct idmap *m)
{
	uint64_t n[3];

	m->n = 0;
	while (*text) {
		if (idmap_triple(&text, ' ', n) < 0 || (*text && *text != '\n') ||
		    idmap_add(m, n[0], n[1], n[2]) < 0)
			return -EINVAL;
		text += *text == '\n';
	}
	return m->n ? 0 : -EINVAL;
}

const char *idmap_text(const struct idmap *m, char buf[IDMAP_TEXT])
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < m->n; i++)
		used += str_format(buf + used, IDMAP_TEXT - used, "%u %u %u\n", m->r[i].inside,
				   m->r[i].outside, m->r[i].count);
	return buf;
}

uint64_t idmap_count(const struct idmap *m)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < m->n; i++)
		n += m->r[i].count;
	return n;
}

int64_t idmap_outside(const struct idmap *m, uint32_t inside)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (inside >= m->r[i].inside && inside - m->r[i].inside < m->r[i].count)
			return (int64_t)m->r[i].outside + (inside - m->r[i].inside);
	return -ENOENT;
}

int64_t idmap_inside(const struct idmap *m, uint32_t outside)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (outside >= m->r[i].outside && outside - m->r[i].outside < m->r[i].count)
			return (int64_t)m->r[i].inside + (outside - m->r[i].outside);
	return -ENOENT;
}

void idmap_same(const struct idmap *m, struct idmap *out)
{
	*out = *m;
	for (unsigned int i = 0; i < m->n; i++)
		out->r[i].outside = m->r[i].inside;
}

int idmap_keep(const struct idmap *m, uint32_t id, struct idmap *out)
{
	uint64_t n = 0;

	out->n = 0;
	if (idmap_outside(m, 0) < 0)
		return -ENOENT;
	/* What follows 0 without a hole; the others stay out. */
	for (unsigned int i = 0; i < m->n; i++)
		if (m->r[i].inside == n)
			n += m->r[i].count;
	/* With too few the namespace has the one id alone. */
	if (id == 0)
		return idmap_add(out, 0, 0, n);
	if (n > id + UINT64_C(1)) {
		int r = idmap_add(out, 0, 1, id);

		if (r == 0)
			r = idmap_add(out, id, 0, 1);
		return r < 0 ? r : idmap_add(out, id + UINT64_C(1), id + UINT64_C(1), n - id - 1);
	}
	if (n > 1 && idmap_add(out, 0, 1, n - 1) < 0)
		return -ERANGE;
	return idmap_add(out, id, 0, 1);
}

/* ---- /etc/subuid and /etc/subgid ------------------------------------------------------------------ */

/* One line, NAME:START:COUNT. */
struct subid {
	const char *name;
	size_t len;
	unsigned int line;
	uint64_t start, count;
	bool whole; /* the numbers are numbers */
};

/* The next line that is one, from *p on; false at the end. */
static bool subid_next(const char **p, struct subid *s)
{
	const char *at, *end;

	for (;; *p = *end ? end + 1 : end) {
		if (!**p)
			return false;
		at = *p;
		end = at + strcspn(at, "\n");
		s->line++;
		s->name = at;
		s->len = strcspn(at, ":\n");
		if (s->len && *at != '#')
			break;
	}
	at += s->len;
	s->whole = *at == ':' && (at++, idmap_number(&at, &s->start) == 0) && *at == ':' &&
		   (at++, idmap_number(&at, &s->count) == 0);
	at += s->whole ? strspn(at, " \t\r") : 0;
	s->whole = s->whole && at == end;
	*p = *end ? end + 1 : end;
	return true;
}

static bool subid_is_of(const struct subid *s, const char *name, uint32_t id)
{
	const char *p = s->name;
	uint64_t number;

	if (name && strlen(name) == s->len && memcmp(name, s->name, s->len) == 0)
		return true;
	return idmap_number(&p, &number) == 0 && p == s->name + s->len && number == id;
}

/* "--add-subuids": the option of usermod that adds to this file. */
static const char *subid_option(const char *file)
{
	return strstr(file, "gid") ? "--add-subgids" : "--add-subuids";
}

/* The name of whose line it is may be anything; what is wrong with it is said with what mends it. */
static int subid_bad(const struct subid *s, const char *file, const char *why, struct err *e)
{
	return err_set(e, EINVAL,
		       "%s:%u: %s; take the line out and as root run: usermod %s "
		       "FIRST-LAST %.*s",
		       file, s->line, why, subid_option(file), (int)min_u64(s->len, 32), s->name);
}

static bool subid_is_possible(const struct subid *s)
{
	return s->start > 0 && s->count > 0 && s->start + s->count <= (uint64_t)IDMAP_LAST + 1;
}

/* Another line, the user's own or somebody else's, that has ids of s, too. */
static int subid_check_alone(const struct subid *s, const char *text, const char *file,
			     struct err *e)
{
	struct subid other = { 0 };
	char why[96];

	while (subid_next(&text, &other)) {
		if (other.line == s->line || !other.whole || !subid_is_possible(&other) ||
		    !idmap_meet(s->start, s->count, other.start, other.count))
			continue;
		str_format(why, sizeof(why), "shares ids with line %u, of %.*s", other.line,
			   (int)min_u64(other.len, 32), other.name);
		return subid_bad(s, file, why, e);
	}
	return 0;
}

int idmap_subids(const char *text, const char *file, const char *name, uint32_t id, uint32_t own,
		 struct idmap *m, struct err *e)
{
	struct subid s = { 0 };
	const char *p = text;
	uint64_t inside = 1;
	int r;

	m->n = 0;
	idmap_add(m, 0, own, 1);
	while (subid_next(&p, &s)) {
		if (!subid_is_of(&s, name, id))
			continue;
		if (!s.whole)
			return subid_bad(&s, file, "is not NAME:FIRST:COUNT", e);
		if (!subid_is_possible(&s))
			return subid_bad(&s, file, "has no ids, root's, or ids beyond the last one",
					 e);
		r = subid_check_alone(&s, text, file, e);
		if (r < 0)
			return r;
		r = idmap_add(m, inside, s.start, s.count);
		if (r < 0)
			return subid_bad(&s, file,
					 r == -E2BIG ? "is one range too many"
						     : "has the user's own id, or too many ids",
					 e);
		inside += s.count;
	}
	return 0;
}

uint32_t idmap_subids_free(const char *text)
{
	struct subid s = { 0 };
	uint64_t at = 100000;

	while (subid_next(&text, &s))
		if (s.whole && subid_is_possible(&s) && s.start + s.count > at)
			at = s.start + s.count;
	return at + IDMAP_WANTED > IDMAP_LAST ? 0 : (uint32_t)at;
}

int idmap_user(const char *passwd, uint32_t id, char *name, size_t size)
{
	for (const char *p = passwd; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len = strcspn(p, ":\n");
		const char *q = p + len;
		uint64_t number;

		if (*q != ':')
			continue;
		q += 1 + strcspn(q + 1, ":\n");
		if (*q != ':')
			continue;
		q++;
		if (len == 0 || len >= size || idmap_number(&q, &number) < 0 || *q != ':' ||
		    number != id)
			continue;
		memcpy(name, p, len);
		name[len] = '\0';
		return 0;
	}
	return -ENOENT;
}
