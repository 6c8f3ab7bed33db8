// SPDX-License-Identifier: MIT
/*
 * Listens to what the kernel says of devices. PID 1 gives their nodes owners and names (node.c); any supervisor hands
 * them to the running containers that want them (plug.c) and looks again at who waits for one (when.c). Runs in
 * the loop; only the kernel is believed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/uevent.h"
#include "core/lib/plug.h"
#include "init/sup.h"

#define UEVENT_BUFFER (1 << 20) /* a hub with everything on it is many at once */
#define UEVENT_TURN 64		/* datagrams of one turn of the loop */
#define UEVENT_GROUP 1		/* the kernel's own; 2 is udev's */

static void uevent_one(struct sup *s, const struct uevent *u)
{
	bool go = strcmp(u->action, "remove") == 0;

	if (s->is_init && *u->devname && go)
		node_go(&s->manifest, u);
	else if (s->is_init && *u->devname && strcmp(u->action, "add") == 0)
		node_come(&s->manifest, u);
	if (*u->verity && *u->devname)
		damage_note(s, u->devname, u->verity);
	if (*u->devname)
		plug_note(s, u->devname);
	if (s->is_init && strcmp(u->subsystem, "tty") == 0)
		consoles_start(s);
	when_kick(s);
}

/* Bytes of a datagram of the kernel, 0 for one of somebody else, -errno. */
static ssize_t uevent_receive(int fd, char *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, size, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	if (n < 0)
		return -errno;
	return len == sizeof(from) && from.nl_pid == 0 ? n : 0;
}

static void uevent_ready(struct event_source *source, uint32_t events)
{
	struct sup *s = container_of(source, struct sup, uevent.source);
	char buf[UEVENT_MAX];
	struct uevent u;

	(void)events;
	for (int i = 0; i < UEVENT_TURN; i++) {
		ssize_t n = uevent_receive(source->fd, buf, sizeof(buf) - 1);

		if (n == -EAGAIN)
			return;
		/* Some were lost: everybody's devices are looked at anew. */
		if (n == -ENOBUFS)
			plug_note(s, NULL);
		else if (n < 0)
			return;
		else if (n > 0 && uevent_parse(&u, buf, (size_t)n, true) == 0)
			uevent_one(s, &u);
	}
}

static int uevent_socket(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP };
	AUTO_FD int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				NETLINK_KOBJECT_UEVENT);
	int size = UEVENT_BUFFER;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return fd_take(&fd);
}

/* ---- what was there before us -------------------------------------------------------------------- */

/* One link of /sys/dev: its file uevent has the name, where it leads is the rest. */
static void uevent_found(struct sup *s, int dir, const char *name)
{
	char buf[UEVENT_MAX], file[80], real[PATH_MAX], *device;
	struct uevent u;
	ssize_t n;

	str_format(file, sizeof(file), "%.60s/uevent", name);
	n = fd_read_text(dir, file, buf, sizeof(buf) - 1);
	if (n <= 0 || uevent_parse(&u, buf, (size_t)n, false) < 0 || !*u.devname)
		return;
	n = readlinkat(dir, name, real, sizeof(real) - 1);
	if (n <= 0)
		return;
	real[n] = '\0';
	/* "../../devices/...": below /sys */
	device = strstr(real, "/devices/");
	u.devpath = device ? device : "";
	u.subsystem = device && strstr(device, "/tty/") ? "tty" : "";
	node_come(&s->manifest, &u);
}

static void uevent_walk(struct sup *s, const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			uevent_found(s, fd, entry->d_name);
}

static bool uevent_wanted(const struct manifest *m)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (plug_wants(m->containers[i]) || m->containers[i]->when.n)
			return true;
	return m->sections[SECTION_DEVICE] || m->sections[SECTION_CONSOLE];
}

void uevent_boot(struct sup *s)
{
	int fd;

	s->uevent.wanted = uevent_wanted(&s->manifest);
	if (!s->uevent.wanted)
		return;
	/* Listened to before what is there is looked at, so that nothing falls between. */
	fd = uevent_socket();
	s->uevent.source = (struct event_source){ .fd = fd, .ready = uevent_ready };
	uevent_walk(s, "/sys/dev/char");
	uevent_walk(s, "/sys/dev/block");
}

void uevent_open(struct sup *s)
{
	if (!s->uevent.wanted) {
		s->uevent.source =
			(struct event_source){ .fd = uevent_socket(), .ready = uevent_ready };
		s->uevent.wanted = true;
	}
	if (s->uevent.source.fd >= 0 && event_add(&s->loop, &s->uevent.source, EPOLLIN) < 0)
		fd_close(&s->uevent.source.fd);
	if (s->uevent.source.fd < 0 && s->is_init)
		sup_say(NULL, "devices that come later are not noticed: no uevents");
	plug_note(s, NULL);
}
