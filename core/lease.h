/* SPDX-License-Identifier: MIT */
/*
 * Which container has which addresses in which network: <run>/addresses for this boot, and
 * <data>/addresses for what is to be the same after the next. Files of records (core/record.h), so any
 * process reads them, and every change is made under the lock of the first.
 *
 * A record, after the head that all such files have:
 *
 *	  8  2  LEASE (1)            12 128  "NETWORK/CONTAINER"
 *	140  4  IPv4, zero: none    144  16  IPv6, zero: none
 *	160  6  MAC                 166   1  index in the container's list of networks
 *	167  1  enum net_kind       168  16  the host's end
 *	184 16  bridge              200   1  1: up    201 1, 202 1  lengths of the prefixes
 *	203 52  published ports, as text; kind = phys: 203 4 the device, 207 4 when it was missed
 *
 * An automatic address is found from a hash of the container's name, so that it is the same again also when
 * nothing was kept, as long as nobody else has it. A record stays until the container is removed.
 */
#ifndef CORE_LEASE_H
#define CORE_LEASE_H

#include "core/network.h"
#include "core/record.h"

struct leases {
	struct records run;
	struct records data; /* .fd -1: nothing is kept */
};

/*
 * Opens and locks; make: the file of this boot is made when it is not there. -ENOENT without make when no
 * container has had an address in this boot. lease_close() gives the lock back.
 */
int lease_open(struct leases *s, bool make, struct err *e);
void lease_close(struct leases *s);
#define AUTO_LEASES CLEANUP(lease_close)

/*
 * Finds or makes the record of l->container in n and fills l's addresses and l->host. What is asked for
 * comes in l itself: an ip or ip6 with .len, a MAC that is not zero. keep: for the next boot, too.
 * -EADDRINUSE names the container that has what was asked for; -ENOSPC when all are taken.
 */
int lease_take(struct leases *s, const struct net_spec *n, struct net_link *l, bool keep,
	       struct err *e);

/* Writes l->up of a record that is there. */
int lease_mark(struct leases *s, const struct net_link *l);

/* Forgets every address of a container, also for the next boot. 0 when it had none. */
int lease_forget(const char *container);

/* Calls each for the records of this boot (container NULL: of all), without the lock. Its first result below 0. */
int lease_each(const char *container, int (*each)(const struct net_link *l, void *arg), void *arg);

/* The records of one container, at most max; their number. */
unsigned int lease_of(const char *container, struct net_link *links, unsigned int max);

/* How many links of this network, other than l's own, are up. With the lock. */
unsigned int lease_others(struct leases *s, const struct net_link *l);

/* For tests: the bytes of a record and back. */
void lease_encode(uint8_t buf[RECORD_COPY], const struct net_link *l);
void lease_decode(struct net_link *l, const uint8_t buf[RECORD_COPY]);

#endif
