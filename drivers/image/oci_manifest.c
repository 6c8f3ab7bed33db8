/* SPDX-License-Identifier: MIT */
/*
 * Which image of an archive, and of what it is made: Docker's manifest.json, OCI's index.json and what that refers
 * to; see oci.h. Runs in the CLI.
 */
#include <errno.h>
#include <string.h>

#include "core/lib/str.h"
#include "drivers/image/oci.h"

enum { OCI_WORD = 128 };

static const char *oci_want(const struct oci *o, char *buf, size_t size)
{
	return o->a->platform ? o->a->platform : oci_own_platform(buf, size);
}

/* A member as a word, "" when it is not there. */
static void oci_word(const struct json *j, int object, const char *key, char word[OCI_WORD])
{
	if (!json_word(j, json_member(j, object, key), JSMN_STRING, word, OCI_WORD))
		word[0] = '\0';
}

/* How well platform (the object, or a configuration) fits: 0 not, 3 when it does not say. */
static int oci_fits(const struct oci *o, const struct json *j, int platform)
{
	char own[64], os[OCI_WORD], arch[OCI_WORD], variant[OCI_WORD];

	oci_word(j, platform, "os", os);
	oci_word(j, platform, "architecture", arch);
	oci_word(j, platform, "variant", variant);
	return arch[0] ? oci_platform_fits(oci_want(o, own, sizeof(own)), os[0] ? os : "linux",
					   arch, variant)
		       : 3;
}

/* ---- references ---- */

static int oci_descriptor(const struct json *j, int i, struct oci_ref *ref, struct err *e)
{
	char digest[OCI_WORD];
	int r;

	oci_word(j, i, "digest", digest);
	r = oci_ref_of_digest(ref, digest, e);
	if (r == 0 && !json_number(j, json_member(j, i, "size"), INT64_MAX, &ref->size))
		ref->size = UINT64_MAX;
	return r;
}

static int oci_layers_room(struct oci *o, struct oci_image *image, int n, struct err *e)
{
	if (n > OCI_LAYERS_MAX)
		return err_set(e, E2BIG, "more than %d layers", OCI_LAYERS_MAX);
	image->layers = arena_alloc(&o->arena, (size_t)(n + 1) * sizeof(*image->layers));
	return image->layers ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int oci_manifest(struct oci *o, const struct json *j, struct oci_image *image, struct err *e)
{
	int layers = json_member(j, 0, "layers"), r;

	if (!json_is(j, layers, JSMN_ARRAY))
		return err_set(e, ENOTSUP, "a manifest of a kind that is not known (no layers)");
	r = oci_descriptor(j, json_member(j, 0, "config"), &image->config, e);
	if (r == 0)
		r = oci_layers_room(o, image, json_count(j, layers), e);
	if (r < 0)
		return r;
	for (JSON_EACH(j, layers, i)) {
		r = oci_descriptor(j, i, &image->layers[image->n_layers++], e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- index.json ---- */

/* The names an entry of the top index has: containerd's full one, and the standard's, often only a tag. */
static void oci_names(const struct json *j, int entry, char full[OCI_WORD], char ref[OCI_WORD])
{
	int notes = json_member(j, entry, "annotations");

	oci_word(j, notes, "io.containerd.image.name", full);
	oci_word(j, notes, "org.opencontainers.image.ref.name", ref);
}

static const char *oci_short(const char *name)
{
	static const char *const homes[] = { "docker.io/library/", "docker.io/", "localhost/" };

	for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
		if (strncmp(name, homes[i], strlen(homes[i])) == 0)
			return name + strlen(homes[i]);
	return name;
}

static bool oci_chosen(const struct oci *o, const char *full, const char *ref)
{
	const char *choose = o->a->choose;

	return !choose || strcmp(choose, full) == 0 || strcmp(choose, ref) == 0 ||
	       strcmp(choose, oci_short(full)) == 0 || strcmp(choose, oci_short(ref)) == 0;
}

/* Signatures and build records travel in the same list. */
static bool oci_is_image(const struct json *j, int entry)
{
	int notes = json_member(j, entry, "annotations"), p = json_member(j, entry, "platform");

	return json_is(j, entry, JSMN_OBJECT) &&
	       json_member(j, notes, "vnd.docker.reference.type") < 0 &&
	       !json_is_text(j, json_member(j, p, "os"), "unknown");
}

struct oci_pick {
	int best, score; /* entry, or -1 */
	bool several;	 /* images that differ fit equally well */
	unsigned int seen;
	char names[160]; /* of those that could have been chosen */
	char ref[OCI_WORD];
};

static void oci_pick_name(struct oci_pick *p, const char *name)
{
	size_t used = strlen(p->names);

	if (*name && used + 4 < sizeof(p->names)) {
		char shown[100];

		str_escape(shown, sizeof(shown), name, strlen(name));
		str_format(p->names + used, sizeof(p->names) - used, "%s%s", used ? ", " : "",
			   shown);
	}
}

static bool oci_same_digest(const struct json *j, int a, int b)
{
	char one[OCI_WORD], other[OCI_WORD];

	oci_word(j, a, "digest", one);
	oci_word(j, b, "digest", other);
	return strcmp(one, other) == 0;
}

static void oci_pick_entry(struct oci *o, const struct json *j, int entry, bool top,
			   struct oci_pick *p)
{
	char full[OCI_WORD] = "", ref[OCI_WORD] = "";
	int score;

	if (!oci_is_image(j, entry))
		return;
	if (top)
		oci_names(j, entry, full, ref);
	oci_pick_name(p, full[0] ? full : ref);
	p->seen++;
	if (top && !oci_chosen(o, full, ref))
		return;
	score = oci_fits(o, j, json_member(j, entry, "platform"));
	if (p->best >= 0 && score && score == p->score && !oci_same_digest(j, entry, p->best))
		p->several = true;
	if (score <= p->score)
		return;
	p->several = false;
	p->best = entry;
	p->score = score;
	str_copy(p->ref, sizeof(p->ref), oci_short(full[0] ? full : ref));
}

static int oci_picked(const struct oci *o, const struct oci_pick *p, bool top, struct err *e)
{
	char own[64];

	if (p->best >= 0 && !(p->several && top))
		return 0;
	if (p->several)
		return err_set(e, EINVAL, "holds several images (%s); say which",
			       p->names[0] ? p->names : "without names");
	if (top && o->a->choose && p->seen)
		return err_set(e, ENOENT, "no image '%s' for %s in it, but %s", o->a->choose,
			       oci_want(o, own, sizeof(own)), p->names[0] ? p->names : "others");
	return err_set(e, ENOENT, "no image for %s in it", oci_want(o, own, sizeof(own)));
}

static int oci_index(struct oci *o, const struct oci_ref *ref, unsigned int depth,
		     struct oci_image *image, struct err *e);

static int oci_index_entry(struct oci *o, const struct json *j, unsigned int depth,
			   struct oci_image *image, struct err *e)
{
	struct oci_pick p = { .best = -1 };
	struct oci_ref next;
	int r;

	for (JSON_EACH(j, json_member(j, 0, "manifests"), i))
		oci_pick_entry(o, j, i, depth == 0, &p);
	r = oci_picked(o, &p, depth == 0, e);
	if (r == 0)
		r = oci_descriptor(j, p.best, &next, e);
	if (r < 0)
		return r;
	/* A tag alone is no name. */
	if (depth == 0 && strpbrk(p.ref, ":/"))
		str_copy(image->ref, sizeof(image->ref), p.ref);
	return oci_index(o, &next, depth + 1, image, e);
}

static int oci_index(struct oci *o, const struct oci_ref *ref, unsigned int depth,
		     struct oci_image *image, struct err *e)
{
	struct json j;
	int r;

	if (depth > OCI_INDEX_DEPTH)
		return err_set(e, ELOOP, "indexes within indexes, more than %d deep",
			       OCI_INDEX_DEPTH);
	r = oci_json(o, ref, &j, e);
	if (r == 0)
		r = json_is(&j, json_member(&j, 0, "manifests"), JSMN_ARRAY)
			    ? oci_index_entry(o, &j, depth, image, e)
			    : oci_manifest(o, &j, image, e);
	json_free(&j);
	return r;
}

/* ---- manifest.json ---- */

static bool oci_docker_chosen(const struct oci *o, const struct json *j, int entry)
{
	char tag[OCI_WORD];

	for (JSON_EACH(j, json_member(j, entry, "RepoTags"), i))
		if (json_word(j, i, JSMN_STRING, tag, sizeof(tag)) && oci_chosen(o, tag, tag))
			return true;
	return !o->a->choose;
}

/* A name in the archive; one that is a digest is checked as one. */
static int oci_docker_ref(struct oci_ref *ref, const struct json *j, int i, const char *ending,
			  struct err *e)
{
	char digest[OCI_WORD] = "sha256:";
	size_t len;

	char shown[sizeof(ref->name) + 1];

	*ref = (struct oci_ref){ .size = UINT64_MAX };
	/* It is printed in messages. */
	if (!json_word(j, i, JSMN_STRING, ref->name, sizeof(ref->name)) ||
	    strcmp(str_escape(shown, sizeof(shown), ref->name, strlen(ref->name)), ref->name) != 0)
		return err_set(e, EINVAL, "manifest.json:%u: not the name of a file",
			       json_line(j, i));
	len = strcspn(ref->name, ".");
	if (len == 64 && strcmp(ref->name + len, ending) == 0) {
		struct oci_ref sum;

		memcpy(digest + 7, ref->name, 64);
		if (oci_ref_of_digest(&sum, digest, NULL) == 0) {
			ref->summed = true;
			memcpy(ref->sum, sum.sum, sizeof(ref->sum));
		}
	} else if (strncmp(ref->name, "blobs/sha256/", 13) == 0) {
		str_copy(digest + 7, sizeof(digest) - 7, ref->name + 13);
		return oci_ref_of_digest(ref, digest, e);
	}
	return 0;
}

static int oci_docker_entry(struct oci *o, const struct json *j, int entry, struct oci_image *image,
			    struct err *e)
{
	int layers = json_member(j, entry, "Layers"), tags = json_member(j, entry, "RepoTags");
	char tag[OCI_WORD];
	int r;

	if (json_word(j, json_first(j, tags), JSMN_STRING, tag, sizeof(tag)))
		str_copy(image->ref, sizeof(image->ref), oci_short(tag));
	r = oci_docker_ref(&image->config, j, json_member(j, entry, "Config"), ".json", e);
	if (r == 0)
		r = oci_layers_room(o, image, json_count(j, layers), e);
	if (r < 0)
		return r;
	for (JSON_EACH(j, layers, i)) {
		/* A layer's own digest is that of its content, which the configuration has, too. */
		r = oci_docker_ref(&image->layers[image->n_layers++], j, i, ".json", e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int oci_docker_pick(struct oci *o, const struct json *j, struct oci_image *image,
			   struct err *e)
{
	struct oci_pick p = { .best = -1 };
	char tag[OCI_WORD];

	for (JSON_EACH(j, 0, i)) {
		oci_word(j, i, "Config", tag);
		if (json_word(j, json_first(j, json_member(j, i, "RepoTags")), JSMN_STRING, tag,
			      sizeof(tag)))
			oci_pick_name(&p, tag);
		p.seen++;
		if (!oci_docker_chosen(o, j, i))
			continue;
		p.several = p.best >= 0;
		p.best = i;
	}
	if (p.best < 0 || p.several)
		return oci_picked(o, &p, true, e);
	if (o->a->choose)
		str_copy(image->ref, sizeof(image->ref), o->a->choose);
	return oci_docker_entry(o, j, p.best, image, e);
}

static int oci_docker(struct oci *o, struct oci_image *image, struct err *e)
{
	const struct oci_ref ref = { .name = "manifest.json", .size = UINT64_MAX };
	struct json j;
	int r = oci_json(o, &ref, &j, e);

	if (r == 0)
		r = json_is(&j, 0, JSMN_ARRAY)
			    ? oci_docker_pick(o, &j, image, e)
			    : err_set(e, EINVAL, "manifest.json: not a list of images");
	json_free(&j);
	return r;
}

int oci_find(struct oci *o, struct oci_image *image, struct err *e)
{
	const struct oci_ref index = { .name = "index.json", .size = UINT64_MAX };

	*image = (struct oci_image){ .n_layers = 0 };
	/* Newer Docker writes both; only this one has digests of everything. */
	if (oci_has(o, "index.json") && oci_has(o, "oci-layout"))
		return oci_index(o, &index, 0, image, e);
	return oci_docker(o, image, e);
}
