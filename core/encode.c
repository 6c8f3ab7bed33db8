// SPDX-License-Identifier: MIT
/*
 * The binary form of a spec: for files, for the control socket and inside a compiled manifest. Reads any
 * bytes safely: lengths, types, ranges and each entry's form are checked as if a person had typed them.
 *
 * Little-endian:
 *	 0  4  magic "mspc"
 *	 4  2  version      6  2  number of fields
 *	 8  4  length of everything, header included
 *	12  4  CRC32C of bytes 0..11 and 16..end
 * then each field: 2 id, 2 zero, 4 length, value. Id 0 is the name of the container. Values: text and
 * list entries with a NUL after each; bool 1 byte; numbers 8 bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/spec.h"

#define ENCODE_VERSION 1
#define ENCODE_HEADER 16
#define ENCODE_FIELD 8
#define ENCODE_MAX (256U << 10) /* bytes of one encoded struct: what readers of files accept */

static const uint8_t encode_magic[4] = "mspc";

/* ---- writing ------------------------------------------------------------------------------------- */

/* With p NULL only counts. */
struct encode_writer {
	uint8_t *p;
	size_t len;
};

static void encode_bytes(struct encode_writer *w, const void *bytes, size_t len)
{
	if (w->p && len)
		memcpy(w->p + w->len, bytes, len);
	w->len += len;
}

static void encode_value(struct encode_writer *w, const struct spec_field *f, const void *member)
{
	const struct strv *l = member;
	const char *text;
	uint8_t number[8];

	switch (f->type) {
	case SPEC_STR:
		text = *(const char *const *)member;
		encode_bytes(w, text ? text : "", text ? strlen(text) + 1 : 1);
		break;
	case SPEC_WORDS:
	case SPEC_LIST:
	case SPEC_NAMES:
		for (unsigned int i = 0; i < l->n; i++)
			encode_bytes(w, l->v[i], strlen(l->v[i]) + 1);
		break;
	case SPEC_BOOL:
		number[0] = *(const bool *)member;
		encode_bytes(w, number, 1);
		break;
	default:
		le_put64(number, *(const uint64_t *)member);
		encode_bytes(w, number, 8);
	}
}

static void encode_field(struct encode_writer *w, uint16_t id, const struct spec_field *f,
			 const void *member)
{
	struct encode_writer value = { 0 };
	uint8_t head[ENCODE_FIELD] = { 0 };

	encode_value(&value, f, member);
	le_put16(head, id);
	le_put32(head + 4, (uint32_t)value.len);
	encode_bytes(w, head, sizeof(head));
	encode_value(w, f, member);
}

static uint16_t encode_all(struct encode_writer *w, const struct fields *t, const char *name)
{
	static const struct spec_field name_field = { .type = SPEC_STR };
	uint16_t n = 0;

	w->len = ENCODE_HEADER;
	if (name) {
		encode_field(w, 0, &name_field, &name);
		n++;
	}
	for (unsigned int i = 0; i < t->n; i++) {
		if (!fields_is_set(t, &t->rows[i]))
			continue;
		encode_field(w, t->rows[i].id, &t->rows[i],
			     (const char *)t->base + t->rows[i].offset);
		n++;
	}
	return n;
}

static uint32_t encode_crc(const uint8_t *p, size_t len)
{
	return hash_crc32c(hash_crc32c(0, p, 12), p + ENCODE_HEADER, len - ENCODE_HEADER);
}

int encode_fields(const struct fields *t, const char *name, uint8_t **out, size_t *len,
		  struct err *e)
{
	struct encode_writer w = { 0 };
	uint16_t n = encode_all(&w, t, name);

	if (w.len > ENCODE_MAX)
		return err_set(e, E2BIG, "more than %u bytes of settings", ENCODE_MAX);
	w.p = calloc(1, w.len);
	if (!w.p)
		return err_set(e, ENOMEM, "out of memory");
	encode_all(&w, t, name);
	memcpy(w.p, encode_magic, sizeof(encode_magic));
	le_put16(w.p + 4, ENCODE_VERSION);
	le_put16(w.p + 6, n);
	le_put32(w.p + 8, (uint32_t)w.len);
	le_put32(w.p + 12, encode_crc(w.p, w.len));
	*out = w.p;
	*len = w.len;
	return 0;
}

int spec_encode(const struct spec *s, uint8_t **out, size_t *len, struct err *e)
{
	struct fields t = SPEC_FIELDS((struct spec *)(uintptr_t)s);

	return encode_fields(&t, s->name, out, len, e);
}

/* ---- reading ------------------------------------------------------------------------------------- */

static int decode_bad(const struct spec_field *f, struct err *e)
{
	return err_set(e, EBADMSG, "%s: damaged value in the binary form", f->name);
}

static int decode_list(struct fields *t, const struct spec_field *f, const char *p, size_t len,
		       struct err *e)
{
	struct strv *l = fields_member(t, f);

	*l = (struct strv){ 0 };
	for (size_t n; len; p += n, len -= n) {
		int ret;

		n = strlen(p) + 1;
		if (f->check) {
			ret = f->check(p, e);
			if (ret < 0)
				return err_wrap(e, f->name);
		}
		if (strv_add(t->arena, l, p) < 0)
			return err_set(e, ENOMEM, "%s: too much text", f->name);
	}
	return 0;
}

static int decode_text(struct fields *t, const struct spec_field *f, const char *p, size_t len,
		       struct err *e)
{
	/* A NUL at the end makes every entry before it a string. */
	if (f->type != SPEC_STR && !len)
		return decode_list(t, f, p, 0, e);
	if (!len || p[len - 1])
		return decode_bad(f, e);
	if (f->type != SPEC_STR)
		return decode_list(t, f, p, len, e);
	if (strlen(p) != len - 1)
		return decode_bad(f, e);
	if (f->check && *p && f->check(p, e) < 0)
		return err_wrap(e, f->name);
	*(char **)fields_member(t, f) = arena_str(t->arena, p);
	return *(char **)fields_member(t, f) ? 0 : err_set(e, ENOMEM, "%s: too much text", f->name);
}

static bool decode_fits(const struct spec_field *f, uint64_t v)
{
	unsigned int n = 0;

	switch (f->type) {
	case SPEC_ENUM:
		while (f->words[n])
			n++;
		return v < n;
	case SPEC_NUM:
		return (f->max == SPEC_ANY || v <= f->max) &&
		       (f->min <= 0 || v >= (uint64_t)f->min);
	case SPEC_INT:
		return (int64_t)v >= f->min && (int64_t)v <= (int64_t)f->max;
	default:
		return v == SPEC_UNLIMITED || v <= INT64_MAX;
	}
}

static int decode_value(struct fields *t, const struct spec_field *f, const uint8_t *p, size_t len,
			struct err *e)
{
	uint64_t v;

	switch (f->type) {
	case SPEC_STR:
	case SPEC_WORDS:
	case SPEC_LIST:
	case SPEC_NAMES:
		return decode_text(t, f, (const char *)p, len, e);
	case SPEC_BOOL:
		if (len != 1 || p[0] > 1)
			return decode_bad(f, e);
		*(bool *)fields_member(t, f) = p[0];
		return 0;
	default:
		if (len != 8)
			return decode_bad(f, e);
		v = le_get64(p);
		if (!decode_fits(f, v))
			return decode_bad(f, e);
		memcpy(fields_member(t, f), &v, sizeof(v));
		return 0;
	}
}

static int decode_name(struct fields *t, const char **name, const uint8_t *p, size_t len,
		       struct err *e)
{
	if (!name || *name || !len || p[len - 1] || strlen((const char *)p) != len - 1)
		return err_set(e, EBADMSG, "damaged name in the binary form");
	*name = arena_str(t->arena, (const char *)p);
	return *name ? 0 : err_set(e, ENOMEM, "out of memory");
}

static const struct spec_field *decode_row(const struct fields *t, uint16_t id)
{
	for (unsigned int i = 0; i < t->n; i++) {
		if (t->rows[i].id == id)
			return &t->rows[i];
	}
	return NULL;
}

static int decode_field(struct fields *t, const char **name, uint16_t id, const uint8_t *p,
			size_t len, struct err *e)
{
	const struct spec_field *f;
	int ret;

	if (!id)
		return decode_name(t, name, p, len, e);
	f = decode_row(t, id);
	/* Ignoring it could drop a limit, so a newer program's spec is not half understood. */
	if (!f)
		return err_set(e, ENOTSUP,
			       "setting number %u is unknown; it was written by a newer myctr", id);
	if (fields_is_set(t, f))
		return decode_bad(f, e);
	ret = decode_value(t, f, p, len, e);
	if (ret >= 0)
		fields_mark(t, f);
	return ret;
}

static int decode_header(const uint8_t *in, size_t len, struct err *e)
{
	if (len < ENCODE_HEADER || memcmp(in, encode_magic, sizeof(encode_magic)) != 0)
		return err_set(e, EBADMSG, "not a spec in binary form");
	if (le_get16(in + 4) != ENCODE_VERSION)
		return err_set(e, ENOTSUP,
			       "binary form of version %u, this program reads version %d",
			       le_get16(in + 4), ENCODE_VERSION);
	if (le_get32(in + 8) != len)
		return err_set(e, EBADMSG, "binary form is cut: %zu bytes instead of %u", len,
			       le_get32(in + 8));
	if (le_get32(in + 12) != encode_crc(in, len))
		return err_set(e, EBADMSG, "binary form is damaged: its checksum is wrong");
	return 0;
}

int decode_fields(struct fields *t, const char **name, const uint8_t *in, size_t len, struct err *e)
{
	int ret = decode_header(in, len, e);
	unsigned int n = 0;
	size_t at = ENCODE_HEADER;

	while (ret >= 0 && at < len) {
		uint32_t size;

		if (len - at < ENCODE_FIELD)
			return err_set(e, EBADMSG, "binary form ends within a setting");
		size = le_get32(in + at + 4);
		if (size > len - at - ENCODE_FIELD)
			return err_set(e, EBADMSG, "binary form ends within a setting");
		ret = decode_field(t, name, le_get16(in + at), in + at + ENCODE_FIELD, size, e);
		at += ENCODE_FIELD + size;
		n++;
	}
	if (ret >= 0 && n != le_get16(in + 6))
		return err_set(e, EBADMSG, "binary form has %u settings instead of %u", n,
			       le_get16(in + 6));
	return ret < 0 ? ret : 0;
}

int spec_decode(const uint8_t *in, size_t len, struct spec **out, struct err *e)
{
	struct spec *s = spec_new();
	struct fields t;
	int ret;

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	t = SPEC_FIELDS(s);
	ret = decode_fields(&t, &s->name, in, len, e);
	if (ret >= 0 && s->name && !path_is_name(s->name))
		ret = err_set(e, EBADMSG, "damaged name in the binary form");
	if (ret < 0) {
		spec_free(s);
		return ret;
	}
	*out = s;
	return 0;
}
