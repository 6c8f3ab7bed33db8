/* SPDX-License-Identifier: MIT */
/*
 * The configuration of an image: what runs in it unless somebody says otherwise. It travels inside the image,
 * whatever its format, as the file /.myctr/image.conf: text in the form of a manifest with one section,
 *
 *	[image]
 *	entrypoint  = /usr/sbin/httpd
 *	command     = -f -p 80
 *	env         = PATH=/usr/sbin:/usr/bin
 *	user        = www
 *	workdir     = /srv
 *	expose      = 80/tcp
 *	data-path   = /srv
 *	label       = version=1.2
 *	stop-signal = INT
 *
 * An image without one is a plain root file system. Nobody vouches for an image, so only these keys are taken
 * from it (image_config_allows()): none of them gives the container a right, a path or a network of the host.
 *
 * It is read when a container starts, from the tree that is about to be its root: one look-up where there is
 * none, and never from anything that could differ from the image, so that what checks the image checks it too.
 * The store keeps a copy of the text for `image inspect`, which nothing is started from.
 */
#ifndef CORE_IMAGE_CONFIG_H
#define CORE_IMAGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/driver.h"
#include "core/lib/err.h"
#include "core/lib/out.h"
#include "core/spec.h"

/* May an image set this key? */
bool image_config_allows(const char *key);

/*
 * The text of the configuration of an unpacked or mounted tree (folder fd, O_PATH will do), malloc'd with a NUL
 * after it. 0 with *text NULL when there is none. Anything but a plain file in a plain folder is -EINVAL.
 */
int image_config_read(int tree, char **text, size_t *len, struct err *e);

/* The text as a spec with just those fields set, owned by the caller. Errors say line and column. */
int image_config_parse(const char *text, size_t len, struct spec **out, struct err *e);

/* Prints the fields of s that an image may set, as a configuration. */
void image_config_print(struct out *o, const struct spec *s);

/*
 * Puts the configuration below what s says already, as docker does: variables and labels one by one; a
 * command replaces the image's; an entrypoint takes the place of both of the image's. s is not finished.
 */
int image_config_apply(struct spec *s, struct spec *config, struct err *e);

#endif
