/* SPDX-License-Identifier: MIT */
/*
 * What /etc/hosts, /etc/hostname and /etc/resolv.conf of a container say. Only text: child_names.c puts it
 * in its place. Sources: hosts(5), resolv.conf(5).
 */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/lib/addr.h"
#include "core/lib/config.h"
#include "core/spec.h"

#define NAMES_TEXT 4096 /* bytes of one file with its NUL */
#define NAMES_ADDRS 16	/* own addresses that are written down */
#define NAMES_SERVERS 4

/* The first line of each file, by which the next start knows that it is not the image's. */
#define NAMES_MARK "# written by myctr at each start\n"

struct names {
	const struct spec *spec;
	bool host;			/* network = host */
	struct addr addrs[NAMES_ADDRS]; /* its own */
	unsigned int n_addrs;
	struct addr
		servers[NAMES_SERVERS]; /* responders of its networks; none: ask whom the host asks */
	unsigned int n_servers;
	const char *host_resolv; /* text of the host's resolv.conf; "" when there is none */
};

/* Both write to buf of NAMES_TEXT bytes and return the length; -E2BIG when it does not fit. */
int names_hosts(const struct names *n, char *buf);
int names_resolv(const struct names *n, char *buf);

/* One entry of add-host: NAME:ADDRESS or NAME=ADDRESS. */
int names_add_host(const char *text, char name[SPEC_HOST_NAME], struct addr *a, struct err *e);

/* One server of dns: an IPv4 or IPv6 address. */
int names_server(const char *text, struct addr *a, struct err *e);

/* A domain or host name for dns-search ("." means none) and network-alias. */
int names_domain(const char *text, struct err *e);

/* One word of options, as resolv.conf(5) has it. */
int names_option(const char *text, struct err *e);

#endif
