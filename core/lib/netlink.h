/* SPDX-License-Identifier: MIT */
/*
 * Netlink, for links and addresses (NETLINK_ROUTE) and for rules (NETLINK_NETFILTER): building requests,
 * sending several as one, reading what comes back.
 *
 *	struct netlink_req r = NETLINK_REQ(buf);
 *
 *	netlink_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &ifi, sizeof(ifi), "making br0");
 *	netlink_put_text(&r, IFLA_IFNAME, "br0");
 *	at = netlink_nest(&r, IFLA_LINKINFO);
 *	netlink_put_text(&r, IFLA_INFO_KIND, "bridge");
 *	netlink_nest_end(&r, at);
 *	... further messages ...
 *	netlink_talk(&n, &r, NULL, NULL, e);
 *
 * Nothing here blocks: the kernel has answered when send returns. What the kernel says in words about a
 * failure (extended acknowledgement) becomes the sentence of the error.
 * Sources: netlink(7), rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#ifndef CORE_LIB_NETLINK_H
#define CORE_LIB_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"
#include "core/lib/util.h"

/* ---- the socket ---- */

struct netlink {
	int fd;	      /* -1 while closed; readable when a notification is there */
	uint32_t seq; /* of the last message sent */
};

/*
 * Opens a socket of protocol (NETLINK_ROUTE, NETLINK_NETFILTER). netns is an fd of the network namespace
 * it is to live in, which the caller is in for a moment, or -1 for the caller's own.
 */
int netlink_open(struct netlink *n, int protocol, int netns, struct err *e);
void netlink_close(struct netlink *n);
#define AUTO_NETLINK CLEANUP(netlink_close)

/* ---- a request: one or more messages that are sent in one piece ---- */

#define NETLINK_WHATS 24	   /* messages whose purpose is remembered */
#define NETLINK_REQ_MAX (4U << 20) /* bytes; a request that grows beyond is an error */

struct netlink_req {
	uint8_t *p;
	size_t size, len;
	size_t msg;	/* offset of the message being built */
	unsigned int n; /* messages */
	bool heap;	/* .p is malloc'd and grows */
	bool bad;	/* did not fit; netlink_talk() will say so */
	int failed; /* after netlink_talk(): number of the message that failed, from 0; else -1 */
	const char *what[NETLINK_WHATS];
};

/* A request in a buffer of the caller's (an array, aligned to 4 bytes), or one on the heap that grows. */
#define NETLINK_REQ(buf_) ((struct netlink_req){ .p = (buf_), .size = sizeof(buf_), .failed = -1 })
#define NETLINK_REQ_HEAP ((struct netlink_req){ .heap = true, .failed = -1 })
#define NETLINK_BUF __attribute__((aligned(4))) uint8_t
void netlink_req_free(struct netlink_req *r);

/*
 * Begins a message. flags besides NLM_F_REQUEST; without NLM_F_ACK only a failure is answered. head is the
 * fixed part (struct ifinfomsg, nfgenmsg, ...). what says what it is for, as "adding the address", and
 * must live until netlink_talk(); NULL for none.
 */
void netlink_begin(struct netlink_req *r, uint16_t type, uint16_t flags, const void *head,
		   size_t head_len, const char *what);

/* Adds an attribute to the message: bytes, numbers of the processor's order or big-endian, text with its NUL. */
void netlink_put(struct netlink_req *r, uint16_t type, const void *data, size_t len);
void netlink_put_u8(struct netlink_req *r, uint16_t type, uint8_t v);
void netlink_put_u16(struct netlink_req *r, uint16_t type, uint16_t v);
void netlink_put_u32(struct netlink_req *r, uint16_t type, uint32_t v);
void netlink_put_be16(struct netlink_req *r, uint16_t type, uint16_t v);
void netlink_put_be32(struct netlink_req *r, uint16_t type, uint32_t v);
void netlink_put_be64(struct netlink_req *r, uint16_t type, uint64_t v);
void netlink_put_text(struct netlink_req *r, uint16_t type, const char *text);

/* Bytes within a nest that are no attribute (the struct ifinfomsg of VETH_INFO_PEER). */
void netlink_put_raw(struct netlink_req *r, const void *data, size_t len);

/* What is put between the two is inside an attribute of its own. */
size_t netlink_nest(struct netlink_req *r, uint16_t type);
void netlink_nest_end(struct netlink_req *r, size_t at);

/* ---- what comes back ---- */

struct netlink_msg {
	uint16_t type, flags;
	uint32_t seq;
	const uint8_t *body; /* the fixed part, then attributes; any alignment */
	size_t len;
};

/* Less than 0 ends the reading and becomes its result. */
typedef int netlink_each_fn(const struct netlink_msg *m, void *arg);

/*
 * Sends r and reads the answers; each (which may be NULL) gets every message that is neither an
 * acknowledgement nor an error. All messages of a request to NETLINK_ROUTE are tried, also after one
 * that failed. 0, or the first failure: "what: the kernel's words". Empties r for the next one. Put NLM_F_ACK on the
 * last message at least: then a missing answer is noticed, and one read less is needed.
 */
int netlink_talk(struct netlink *n, struct netlink_req *r, netlink_each_fn *each, void *arg,
		 struct err *e);

/* The same for one message that asks for a list; adds NLM_F_DUMP. -EINTR: it changed under way, ask again. */
int netlink_dump(struct netlink *n, struct netlink_req *r, netlink_each_fn *each, void *arg,
		 struct err *e);

/* The body of m behind a fixed part of head_len bytes, which is copied to head; NULL when m is shorter. */
const uint8_t *netlink_attrs(const struct netlink_msg *m, void *head, size_t head_len,
			     size_t *left);

struct netlink_attr {
	uint16_t type; /* without flags */
	uint16_t len;
	const uint8_t *data;
};

/* The next attribute at *p within *left; false at the end and at anything malformed. */
bool netlink_next(const uint8_t **p, size_t *left, struct netlink_attr *a);

/* The attribute of this type with at least min bytes; false when there is none. */
bool netlink_find(const uint8_t *p, size_t left, uint16_t type, size_t min, struct netlink_attr *a);

/* Its value; 0 when it is shorter. netlink_text() copies at most size - 1 bytes and ends them with a NUL. */
uint32_t netlink_u32(const struct netlink_attr *a);
uint32_t netlink_be32(const struct netlink_attr *a);
void netlink_text(const struct netlink_attr *a, char *buf, size_t size);

/* ---- notifications ---- */

/* From now on the socket also gets the messages of this multicast group (RTNLGRP_*, NFNLGRP_*). */
int netlink_join(struct netlink *n, unsigned int group, struct err *e);

/*
 * Reads the notifications that are there. Their number, or -errno: -ENOBUFS when some were lost, after
 * which the caller looks at everything anew. Not on a socket that requests are sent on.
 */
int netlink_receive(struct netlink *n, netlink_each_fn *each, void *arg);

/* ---- for tests: the reader, without a socket ---- */

struct netlink_reader {
	uint32_t first; /* sequence number of the first message of the request */
	unsigned int n; /* its messages, 0 for notifications */
	bool dump;
	bool wants_end;	  /* the last message asks for an answer */
	bool done;	  /* it was read, or the end of the list */
	bool interrupted; /* the list changed while it was read */
	int code;	  /* positive errno of the first failure */
	unsigned int failed;
	uint32_t offset; /* into the message that failed, 0 unknown */
	char text[120];	 /* the kernel's words, "" without */
	netlink_each_fn *each;
	void *arg;
};

/* Takes one datagram. 0, or -EBADMSG, or what each() returned. */
int netlink_read(struct netlink_reader *s, const void *buf, size_t len);

#endif
