/* SPDX-License-Identifier: MIT */
/*
 * The JSON texts of images for other programs; see oci_save.h. Runs in the CLI. Nothing in them depends on when or
 * where they are made.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/out.h"
#include "core/lib/str.h"
#include "drivers/image/oci.h"
#include "drivers/image/oci_save.h"

#define MEDIA "application/vnd.oci.image."

/* ,"key": with the comma where something is before it. */
static void save_key(struct out *o, bool *any, const char *key)
{
	out_text(o, *any ? "," : "");
	out_json(o, key);
	out_text(o, ":");
	*any = true;
}

static void save_string(struct out *o, bool *any, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	save_key(o, any, key);
	out_json(o, value);
}

static void save_list(struct out *o, bool *any, const char *key, const struct strv *l)
{
	if (!l->n)
		return;
	save_key(o, any, key);
	for (unsigned int i = 0; i < l->n; i++) {
		out_text(o, i ? "," : "[");
		out_json(o, l->v[i]);
	}
	out_text(o, "]");
}

/* {"80/tcp":{}}; ours may leave the protocol out. */
static void save_keys(struct out *o, bool *any, const char *key, const struct strv *l, bool ports)
{
	char text[32];

	if (!l->n)
		return;
	save_key(o, any, key);
	for (unsigned int i = 0; i < l->n; i++) {
		str_format(text, sizeof(text), "%s/tcp", l->v[i]);
		out_text(o, i ? "," : "{");
		out_json(o, ports && !strchr(l->v[i], '/') ? text : l->v[i]);
		out_text(o, ":{}");
	}
	out_text(o, "}");
}

static void save_labels(struct out *o, bool *any, const struct strv *l)
{
	char key[512];

	if (!l->n)
		return;
	save_key(o, any, "Labels");
	for (unsigned int i = 0; i < l->n; i++) {
		const char *value = strchr(l->v[i], '=');

		str_format(key, sizeof(key), "%.*s", value ? (int)(value - l->v[i]) : -1, l->v[i]);
		out_text(o, i ? "," : "{");
		out_json(o, key);
		out_text(o, ":");
		out_json(o, value ? value + 1 : "");
	}
	out_text(o, "}");
}

/* "linux/arm/v7" as three members. */
static void save_platform(struct out *o, const struct export_args *a)
{
	static const char *const keys[] = { "os", "architecture", "variant" };
	char text[64], *p = text;
	bool any = false;

	if (a->platform)
		str_copy(text, sizeof(text), a->platform);
	else
		oci_own_platform(text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(keys) && *p; i++) {
		size_t n = strcspn(p, "/");
		bool more = p[n];

		p[n] = '\0';
		save_string(o, &any, keys[i], p);
		p += n + more;
	}
}

int oci_save_config(int fd, const struct export_args *a, const struct oci_blob *layer)
{
	const struct spec *s = a->config;
	struct out o = OUT(fd);
	bool any = false;

	out_text(&o, "{\"created\":\"1970-01-01T00:00:00Z\",");
	save_platform(&o, a);
	out_text(&o, ",\"config\":{");
	save_string(&o, &any, "User", s->user);
	save_keys(&o, &any, "ExposedPorts", &s->expose, true);
	save_list(&o, &any, "Env", &s->env);
	save_list(&o, &any, "Entrypoint", &s->entrypoint);
	save_list(&o, &any, "Cmd", &s->command);
	save_keys(&o, &any, "Volumes", &s->data_path, false);
	save_string(&o, &any, "WorkingDir", s->workdir);
	save_labels(&o, &any, &s->label);
	save_string(&o, &any, "StopSignal", s->stop_signal);
	out_printf(&o,
		   "},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]},"
		   "\"history\":[{\"created\":\"1970-01-01T00:00:00Z\",\"created_by\":\"myctr\"}]}",
		   layer->hex);
	return out_flush(&o);
}

static void save_descriptor(struct out *o, const char *media, const struct oci_blob *b)
{
	out_printf(o, "{\"mediaType\":\"" MEDIA "%s\",\"digest\":\"sha256:%s\",\"size\":%" PRIu64,
		   media, b->hex, b->size);
}

int oci_save_manifest(int fd, const struct oci_blob *config, const struct oci_blob *layer)
{
	struct out o = OUT(fd);

	out_text(&o,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA "manifest.v1+json\",\"config\":");
	save_descriptor(&o, "config.v1+json", config);
	out_text(&o, "},\"layers\":[");
	save_descriptor(&o, "layer.v1.tar", layer);
	out_text(&o, "}]}");
	return out_flush(&o);
}

/* The tag, or the whole when there is none. */
static const char *save_tag(const char *ref)
{
	const char *colon = strrchr(ref, ':');

	return colon && !strchr(colon, '/') ? colon + 1 : ref;
}

int oci_save_index(int fd, const struct export_args *a, const struct oci_blob *manifest)
{
	struct out o = OUT(fd);

	out_text(&o,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA "index.v1+json\",\"manifests\":[");
	save_descriptor(&o, "manifest.v1+json", manifest);
	out_text(&o, ",\"platform\":{");
	save_platform(&o, a);
	out_text(&o, "}");
	if (a->ref) {
		out_text(&o, ",\"annotations\":{\"io.containerd.image.name\":");
		out_json(&o, a->ref);
		out_text(&o, ",\"org.opencontainers.image.ref.name\":");
		out_json(&o, save_tag(a->ref));
		out_text(&o, "}");
	}
	out_text(&o, "}]}");
	return out_flush(&o);
}

int oci_save_docker(int fd, const struct export_args *a, const struct oci_blob *config,
		    const struct oci_blob *layer)
{
	struct out o = OUT(fd);

	out_printf(&o, "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[", config->hex);
	if (a->ref)
		out_json(&o, a->ref);
	out_printf(&o, "],\"Layers\":[\"blobs/sha256/%s\"]}]", layer->hex);
	return out_flush(&o);
}
