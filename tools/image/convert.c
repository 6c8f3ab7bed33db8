/* SPDX-License-Identifier: MIT */
/*
 * The converter for PCs: Docker archives and OCI layouts to image files of ours, by the very sources the device
 * has, so that devices need none of it. Runs by hand and in builds; as root, or under fakeroot, as owners and
 * devices are otherwise lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/import.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/pack.h"

static const char usage[] =
	"usage: convert [-f FORMAT] [-p PLATFORM] [-n NAME] [-t TMPDIR] IN OUT\n"
	"  IN           a Docker archive or an OCI image layout (file or folder), or a root folder\n"
	"  -f FORMAT    squashfs, tar, tar.lz4; default: squashfs\n"
	"  -p PLATFORM  for example linux/arm64 or linux/arm/v7; default: this machine's\n"
	"  -n NAME      which image, when the archive holds several\n"
	"  -t TMPDIR    where to unpack; default: beside OUT\n";

struct convert {
	struct import_args import;
	const char *format, *out, *temp;
	char folder[256];
};

static int convert_folder(const struct convert *c, int out, struct err *e)
{
	struct pack_args a = { .root = c->import.fd,
			       .name = c->import.name,
			       .newest = PACK_TIMES_KEPT };

	return pack_write(&a, c->format, out, e);
}

static int convert_to(struct convert *c, int out, struct err *e)
{
	const struct import_driver *driver;
	AUTO_FD int temp = open(c->temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (temp < 0)
		return err_sys(e, errno, "%s", c->temp);
	r = import_find(&c->import, &driver, e);
	if (r > 0)
		r = import_write(&c->import, driver, temp, c->format, out, e);
	else if (r == 0 && fstat(c->import.fd, &st) == 0 && S_ISDIR(st.st_mode))
		r = convert_folder(c, out, e);
	else if (r == 0)
		r = err_set(e, EINVAL, "neither a Docker archive nor an OCI layout");
	return r < 0 ? err_wrap(e, c->import.name) : 0;
}

/* Under another name until it is whole. */
static int convert(struct convert *c, struct err *e)
{
	AUTO_FD int out = -1;
	char part[300];
	int r;

	str_format(part, sizeof(part), "%s.new", c->out);
	out = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(e, errno, "%s", part);
	r = convert_to(c, out, e);
	if (r == 0 && rename(part, c->out) < 0)
		r = err_sys(e, errno, "%s", c->out);
	if (r < 0)
		unlink(part);
	return r;
}

static void convert_temp(struct convert *c)
{
	const char *slash = strrchr(c->out, '/');

	if (c->temp)
		return;
	str_format(c->folder, sizeof(c->folder), "%.*s", slash ? (int)(slash - c->out) + 1 : 1,
		   slash ? c->out : ".");
	c->temp = c->folder;
}

int main(int argc, char **argv)
{
	struct convert c = { .format = "squashfs" };
	struct err e = { 0 };
	int opt;

	while ((opt = getopt(argc, argv, "f:p:n:t:h")) >= 0) {
		if (opt == 'f')
			c.format = optarg;
		else if (opt == 'p')
			c.import.platform = optarg;
		else if (opt == 'n')
			c.import.choose = optarg;
		else if (opt == 't')
			c.temp = optarg;
		else
			break;
	}
	if (opt >= 0 || argc - optind != 2) {
		fputs(usage, stderr);
		return 2;
	}
	c.import.name = argv[optind];
	c.out = argv[optind + 1];
	c.import.fd = open(c.import.name, O_RDONLY | O_CLOEXEC);
	convert_temp(&c);
	if (c.import.fd < 0)
		err_sys(&e, errno, "%s", c.import.name);
	else
		convert(&c, &e);
	if (e.code) {
		fprintf(stderr, "convert: %s\n", e.msg);
		return 1;
	}
	if (c.import.note[0])
		fprintf(stderr, "convert: %s: %s\n", c.import.name, c.import.note);
	return 0;
}
