// SPDX-License-Identifier: MIT
/*
 * The nodes in /dev as the manifest wants them: owner, permissions and further names of [device], and names of USB
 * serial lines by id. devtmpfs makes and removes the nodes themselves. Runs in PID 1 alone: on other hosts
 * this is udev's. What goes wrong is said; nothing is tried again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/uevent.h"
#include "core/machine.h"
#include "core/lib/plug.h"
#include "init/sup.h"

#define NODE_BY_ID "/dev/serial/by-id"
#define NODE_UP 8 /* folders from a terminal up to its USB device, at most */

/* ---- names by id --------------------------------------------------------------------------------- */

/* One attribute as part of a name: blanks around it go, what is no letter, digit or one of #+-.:=@_ becomes '_'. */
static bool node_text(int dir, const char *file, char *buf, size_t size)
{
	char text[128] = "";
	size_t n = 0;

	if (fd_read_text(dir, file, text, sizeof(text)) < 0)
		return false;
	for (const char *p = text + strspn(text, " \t"); *p && n + 1 < size; p++)
		buf[n++] = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
					   strchr("#+-.:=@_", *p)
				   ? *p
				   : '_';
	while (n && buf[n - 1] == '_')
		n--;
	buf[n] = '\0';
	return n > 0;
}

int node_id(const char *sys, const char *devpath, char *buf, size_t size)
{
	char path[400], vendor[64], model[64], serial[64] = "", interface[8] = "", port[8] = "";

	str_format(path, sizeof(path), "%s%s", sys, devpath);
	for (int up = 0; up < NODE_UP && strlen(path) > strlen(sys); up++) {
		AUTO_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (!*port)
			node_text(dir, "port_number", port, sizeof(port));
		if (!*interface)
			node_text(dir, "bInterfaceNumber", interface, sizeof(interface));
		if (node_text(dir, "idVendor", vendor, sizeof(vendor)) &&
		    node_text(dir, "idProduct", model, sizeof(model))) {
			node_text(dir, "manufacturer", vendor, sizeof(vendor));
			node_text(dir, "product", model, sizeof(model));
			node_text(dir, "serial", serial, sizeof(serial));
			str_format(buf, size, "usb-%s_%s%s%s-if%s%s%s", vendor, model,
				   *serial ? "_" : "", serial, *interface ? interface : "00",
				   *port ? "-port" : "", port);
			return 0;
		}
		*strrchr(path, '/') = '\0';
	}
	return -ENOENT;
}

static void node_link(const char *link, const char *devname)
{
	char path[320], to[220], *slash;

	str_format(path, sizeof(path), "/dev/%s", link);
	str_format(to, sizeof(to), "/dev/%s", devname);
	slash = strrchr(path, '/');
	*slash = '\0';
	path_mkdirs(path, 0755);
	*slash = '/';
	unlink(path);
	if (symlink(to, path) < 0)
		sup_say(path, "cannot be made: %s", err_text(errno));
}

static bool node_leads_to(int dir, const char *name, const char *devname)
{
	char to[220] = "", wanted[220];

	str_format(wanted, sizeof(wanted), "/dev/%s", devname);
	return readlinkat(dir, name, to, sizeof(to) - 1) > 0 && strcmp(to, wanted) == 0;
}

/* Its folder in sysfs is gone by now, so the name is found by where it leads. */
static void node_unlink_ids(const char *devname)
{
	int fd = open(NODE_BY_ID, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (node_leads_to(fd, entry->d_name, devname))
			unlinkat(fd, entry->d_name, 0);
}

/* ---- [device] ------------------------------------------------------------------------------------ */

static void node_rule(const struct node_spec *n, const char *devname)
{
	uid_t uid = n->owner ? (uid_t)strtoul(n->owner, NULL, 10) : (uid_t)-1;
	gid_t gid = n->group ? (gid_t)strtoul(n->group, NULL, 10) : (gid_t)-1;
	char path[220];

	str_format(path, sizeof(path), "/dev/%s", devname);
	if ((n->owner || n->group) && lchown(path, uid, gid) < 0)
		sup_say(path, "its owner cannot be set: %s", err_text(errno));
	if (n->mode && chmod(path, (mode_t)strtoul(n->mode, NULL, 8)) < 0)
		sup_say(path, "its mode cannot be set: %s", err_text(errno));
	if (n->link)
		node_link(n->link, devname);
}

void node_come(const struct manifest *m, const struct uevent *u)
{
	char id[240] = "serial/by-id/";

	for (const struct section *s = m->sections[SECTION_DEVICE]; s; s = s->next)
		if (plug_match(s->name, u->devname))
			node_rule(container_of(s, const struct node_spec, section), u->devname);
	if (strcmp(u->subsystem, "tty") == 0 &&
	    node_id("/sys", u->devpath, id + strlen(id), sizeof(id) - strlen(id)) == 0)
		node_link(id, u->devname);
}

void node_go(const struct manifest *m, const struct uevent *u)
{
	char path[120];

	for (const struct section *s = m->sections[SECTION_DEVICE]; s; s = s->next) {
		const struct node_spec *n = container_of(s, const struct node_spec, section);

		str_format(path, sizeof(path), "/dev/%s", n->link ? n->link : "");
		if (n->link && node_leads_to(AT_FDCWD, path, u->devname))
			unlink(path);
	}
	node_unlink_ids(u->devname);
}
