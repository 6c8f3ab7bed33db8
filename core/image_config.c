/* SPDX-License-Identifier: MIT */
/*
 * The configuration that travels inside an image; see image_config.h. Runs in launchers and where images are
 * made or loaded. Must never open anything in a tree but a plain file, nor take a key that gives rights.
 */
#include "core/image_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/manifest.h"
#include "core/paths.h"

bool image_config_allows(const char *key)
{
	static const char *const keys[] = { "command", "entrypoint", "env",   "workdir",    "user",
					    "expose",  "data-path",  "label", "stop-signal" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	/* How it is looked at from inside; what follows from that is not the image's business. */
	return strcmp(key, "health") == 0 ||
	       (IS_ENABLED(CONFIG_UPDATE) && strcmp(key, "version") == 0);
}

static int config_bad(int code, struct err *e)
{
	return err_set(e, code,
		       IMAGE_CONFIG_DIR
		       "/" IMAGE_CONFIG_NAME
		       ": is not a plain file of at most %d bytes of text in a folder",
		       IMAGE_CONFIG_MAX);
}

/* Found without opening it, as that alone does something to a device. */
static int config_open(int tree, struct err *e)
{
	AUTO_FD int dir = openat(tree, IMAGE_CONFIG_DIR, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD int file = -1;
	char self[PATH_FD_SIZE];
	struct stat st;

	if (dir < 0)
		return errno == ENOENT ? -ENOENT : config_bad(errno, e);
	if (fstat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return config_bad(EINVAL, e);
	file = openat(dir, IMAGE_CONFIG_NAME, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? -ENOENT : config_bad(errno, e);
	if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > IMAGE_CONFIG_MAX)
		return config_bad(EINVAL, e);
	tree = openat(AT_FDCWD, path_of_fd(file, self), O_RDONLY | O_CLOEXEC);
	return tree < 0 ? config_bad(errno, e) : tree;
}

int image_config_read(int tree, char **text, size_t *len, struct err *e)
{
	AUTO_FD int fd = config_open(tree, e);
	AUTO_FREE char *buf = NULL;
	ssize_t n;

	*text = NULL;
	*len = 0;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	buf = malloc(IMAGE_CONFIG_MAX + 2);
	if (!buf)
		return err_set(e, ENOMEM, "out of memory");
	n = fd_read(fd, buf, IMAGE_CONFIG_MAX + 1);
	if (n < 0 || n > IMAGE_CONFIG_MAX || memchr(buf, 0, (size_t)n))
		return config_bad(n < 0 ? -(int)n : EINVAL, e);
	buf[n] = '\0';
	*text = buf;
	*len = (size_t)n;
	buf = NULL;
	return 0;
}

/* ---- text -------------------------------------------------------------------------------------- */

int image_config_parse(const char *text, size_t len, struct spec **out, struct err *e)
{
	struct spec *s = spec_new();
	int r;

	*out = NULL;
	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	r = len > IMAGE_CONFIG_MAX
		    ? config_bad(EFBIG, e)
		    : manifest_parse_image(s, IMAGE_CONFIG_NAME, text, len, image_config_allows, e);
	if (r < 0) {
		spec_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void image_config_print(struct out *o, const struct spec *s)
{
	struct spec shown = *s;
	struct fields t = SPEC_FIELDS(&shown);

	for (unsigned int i = 0; i < t.n; i++)
		if (!image_config_allows(t.rows[i].name))
			shown.set[i / 64] &= ~(UINT64_C(1) << (i % 64));
	out_text(o, "[image]\n");
	manifest_print_fields(o, &t);
}

int image_config_apply(struct spec *s, struct spec *config, struct err *e)
{
	if (spec_is_set(s, spec_field("entrypoint")))
		spec_unmark(config, "command");
	return spec_inherit(s, config, e);
}
