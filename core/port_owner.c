// SPDX-License-Identifier: MIT
/*
 * Is a port of the device free, and if not, who has it? Asked before a container is started: the packet
 * filter would take the port from a program of the host without a word. Runs in launchers and the CLI.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/port.h"

#define OWNER_TABLE_MAX (4U << 20) /* bytes of /proc/net/tcp that are looked at */

/* ---- who ----------------------------------------------------------------------------------------- */

/*
 * One line of /proc/net/tcp: "  0: 0100007F:1F90 00000000:0000 0A ..." and the inode as its tenth word.
 * 0 when it is not a socket that waits at port.
 */
static uint64_t owner_inode(char *line, bool tcp, unsigned int port)
{
	char *words[10], *colon, *save = NULL;
	uint64_t inode = 0;
	unsigned int n = 0;

	for (char *w = strtok_r(line, " ", &save); w && n < 10; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	if (n < 10 || strcmp(words[3], tcp ? "0A" : "07") != 0)
		return 0;
	colon = strrchr(words[1], ':');
	if (!colon || strtoul(colon + 1, NULL, 16) != port)
		return 0;
	return str_u64(words[9], 1, UINT64_MAX, &inode) < 0 ? 0 : inode;
}

static uint64_t owner_look(const char *file, bool tcp, unsigned int port)
{
	AUTO_FREE char *text = NULL;
	uint64_t inode = 0;
	char *save = NULL;
	size_t len;

	if (fd_slurp(AT_FDCWD, file, OWNER_TABLE_MAX, &text, &len) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && !inode;
	     line = strtok_r(NULL, "\n", &save))
		inode = owner_inode(line, tcp, port);
	return inode;
}

static bool owner_has(const char *pid, const char *wanted)
{
	char path[40], target[64];
	AUTO_DIR DIR *d = NULL;
	struct dirent *entry;

	str_format(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && (entry = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, wanted) == 0)
			return true;
	}
	return false;
}

/* "lighttpd (process 812)"; false when nobody who may be seen has the socket. */
static bool owner_process(uint64_t inode, char *buf, size_t size)
{
	AUTO_DIR DIR *d = opendir("/proc");
	char wanted[48], path[40], comm[32], safe[64];
	struct dirent *entry;
	int n;

	str_format(wanted, sizeof(wanted), "socket:[%llu]", (unsigned long long)inode);
	while (d && (entry = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || strlen(entry->d_name) > 10 ||
		    !owner_has(entry->d_name, wanted))
			continue;
		str_format(path, sizeof(path), "/proc/%.10s/comm", entry->d_name);
		n = fd_read_text(AT_FDCWD, path, comm, sizeof(comm));
		str_escape(safe, sizeof(safe), comm, n > 0 ? (size_t)n : 0);
		str_format(buf, size, "%s (process %s)", safe, entry->d_name);
		return true;
	}
	return false;
}

const char *port_owner(bool tcp, unsigned int port, char *buf, size_t size)
{
	uint64_t inode = owner_look(tcp ? "/proc/net/tcp" : "/proc/net/udp", tcp, port);

	if (!inode)
		inode = owner_look(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", tcp, port);
	if (!inode || !owner_process(inode, buf, size))
		str_copy(buf, size, "a program of this device");
	return buf;
}

/* ---- whether ------------------------------------------------------------------------------------- */

socklen_t port_address(const struct port *p, int family, unsigned int port,
		       struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		four->sin_port = htons((uint16_t)port);
		if (p->family == AF_INET)
			memcpy(&four->sin_addr, p->addr, 4);
		return sizeof(*four);
	}
	six->sin6_port = htons((uint16_t)port);
	if (p->family == AF_INET6)
		memcpy(&six->sin6_addr, p->addr, 16);
	return sizeof(*six);
}

int port_bind(const struct port *p, int family, unsigned int port)
{
	bool tcp = p->proto == IPPROTO_TCP;
	AUTO_FD int fd =
		socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage at;
	socklen_t len = port_address(p, family, port, &at);
	int one = 1;

	if (fd < 0)
		return -errno;
	/* For connections that ended a moment ago; one that listens is in the way all the same. */
	if (tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return -errno;
	if (*p->dev &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->dev, (socklen_t)strlen(p->dev) + 1) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&at, len) < 0)
		return -errno;
	return fd_take(&fd);
}

int port_free(const struct port *p, struct err *e)
{
	static const int families[] = { AF_INET, AF_INET6 };
	char who[112];

	for (unsigned int i = 0; i < 2U * p->count; i++) {
		unsigned int port = p->host + i / 2;
		int family = families[i % 2], fd;

		if (p->family != AF_UNSPEC && p->family != family)
			continue;
		fd = port_bind(p, family, port);
		/* Any other failure is not that of a port that is taken: an address that is not here yet. */
		if (fd != -EADDRINUSE) {
			fd_end(fd);
			continue;
		}
		return err_set(e, EADDRINUSE,
			       "publish: port %u/%s is taken by %s; choose another, or name %s",
			       port, p->proto == IPPROTO_TCP ? "tcp" : "udp",
			       port_owner(p->proto == IPPROTO_TCP, port, who, sizeof(who)),
			       *p->dev || p->family != AF_UNSPEC ? "another place"
								 : "the interface: PORT:PORT@lan0");
	}
	return 0;
}
