/* SPDX-License-Identifier: MIT */
/*
 * One entry of `publish`: which ports of the device lead to which ports of a container.
 *
 *	[ADDRESS:]PORT[-LAST]:PORT[-LAST][/tcp|/udp][@INTERFACE]
 *
 * An IPv6 address is in brackets. With neither address nor interface a port is open on every interface
 * but those that [system] calls wan; 0.0.0.0 and [::] are the same for one family. Pure functions of their arguments; the text is not trusted.
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/lib/err.h"
#include "core/lib/str.h"

#define PORT_DEVICE 16	    /* bytes of an interface name with its NUL */
#define PORT_TEXT 96	    /* enough for port_print() */
#define PORT_RANGE_MAX 4096 /* ports in one entry: each is an element of a table in the kernel */

struct port {
	uint16_t host, inside; /* first ports of the ranges */
	uint16_t count;	       /* ports in them, at least 1 */
	uint8_t proto;	       /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t family;	       /* AF_INET or AF_INET6 of addr, AF_UNSPEC where none was named */
	uint8_t addr[16];      /* network order */
	char dev[PORT_DEVICE]; /* "" where none was named */
};

/* Reads one entry. -EINVAL with a sentence that says what was expected. */
int port_parse(const char *text, struct port *p, struct err *e);

/* Writes it as port_parse() reads it, in its shortest form. Returns buf. */
const char *port_print(const struct port *p, char buf[PORT_TEXT]);

/* True for a name the kernel accepts for an interface and that is safe to print. */
bool port_is_device(const char *name);

/* True for 127.0.0.0/8 and ::1. */
bool port_is_loopback(const struct port *p);

/* True where no place is named, or all of a family: 0.0.0.0, [::]. Then the wan side is left out. */
bool port_is_anywhere(const struct port *p);

/* True when rules of the packet filter can lead it; they lead nothing away from ::1. */
bool port_has_rules(const struct port *p);

/*
 * True when both would take the same port of the device. One that names no place is nowhere on the
 * interfaces in wan; with wan NULL these are not known, and an interface excludes nothing.
 */
bool port_overlaps(const struct port *a, const struct port *b, const struct strv *wan);

/* ---- port_owner.c: the device's side; may block for a moment ---- */

/*
 * Is every port of the entry free on this device? -EADDRINUSE names the program that has one. Where the
 * address or interface is not there yet, nobody has it.
 */
int port_free(const struct port *p, struct err *e);

/* A socket bound to one port of the entry (in the device's numbering): its fd, or -errno. */
int port_bind(const struct port *p, int family, unsigned int port);

/* Who waits at a port of the device: "lighttpd (process 812)". Returns buf. */
const char *port_owner(bool tcp, unsigned int port, char *buf, size_t size);

/* The entry's address, or any, with a port. Returns the length. */
socklen_t port_address(const struct port *p, int family, unsigned int port,
		       struct sockaddr_storage *out);

/* ---- port.c ---- */

/* Checks the entries of one container against each other. */
int port_check_list(const struct strv *publish, const struct strv *wan, struct err *e);

#endif
