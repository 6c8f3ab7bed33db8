/* SPDX-License-Identifier: MIT */
/*
 * The control protocol: what the CLI asks of a supervisor over <run>/ctl.
 *
 * A SOCK_SEQPACKET Unix socket, mode 0600; the supervisor also checks the peer's uid. One request, one
 * reply, little-endian:
 *
 *	request   0 4 length of the whole message   4 2 CTL_VERSION   6 2 enum ctl_op
 *	          8 4 flags (CTL_*)                12 4 value (signal, ms, enum ctl_down)
 *	         16 64 container name, NUL-padded  80 …  payload (an encoded spec for CTL_RUN)
 *	reply     0 4 length   4 2 CTL_VERSION   6 2 errno, 0 for success   8 4 value
 *	         12 252 sentence, NUL-terminated
 *
 * Either side refuses a message whose length field and size differ, or of another version.
 */
#ifndef CORE_CTL_H
#define CORE_CTL_H

#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"

#define CTL_VERSION 1
#define CTL_REQUEST 80
#define CTL_REPLY 264
#define CTL_MAX (64U << 10) /* bytes of a request; a spec that is larger is refused */
#define CTL_NAME 64

enum ctl_op {
	CTL_PING,
	CTL_START,
	CTL_RUN,
	CTL_STOP,
	CTL_RESTART,
	CTL_KILL,
	CTL_RM,
	CTL_RELOAD,
	CTL_DOWN,
	CTL_UPDATE, /* payload: struct update_items; value: ms of the trial, or CTL_NO_TIMEOUT */
	CTL_ROLLBACK,
	CTL_REEXEC, /* payload: the path of the binary */
	CTL_N_OPS
};

#define CTL_FORCE 1		  /* rm: stop it first */
#define CTL_RM_FLAG 2		  /* run: forget it when it has ended */
#define CTL_NO_TRIAL 4		  /* update: switch for good */
#define CTL_NO_TIMEOUT UINT32_MAX /* stop, restart: use the spec's */

enum ctl_down { CTL_POWEROFF, CTL_REBOOT, CTL_HALT, CTL_EXIT };

struct ctl_request {
	enum ctl_op op;
	uint32_t flags, value;
	char name[CTL_NAME];
	const uint8_t *payload; /* not owned */
	size_t len;
};

/* Bytes of a request into buf (at least CTL_REQUEST + r->len). Returns the length. */
size_t ctl_encode_request(const struct ctl_request *r, uint8_t *buf);

/* Any bytes; *r points into buf. 0, or -EPROTO/-EPROTONOSUPPORT/-EINVAL. */
int ctl_decode_request(const uint8_t *buf, size_t len, struct ctl_request *r);

void ctl_encode_reply(const struct err *e, uint32_t value, uint8_t buf[CTL_REPLY]);

/* Any bytes. 0 and *value, or -errno with the sentence the supervisor sent. */
int ctl_decode_reply(const uint8_t *buf, size_t len, uint32_t *value, struct err *e);

/* Connects. The fd, or -ECONNREFUSED when no supervisor is there (no socket, or nobody behind it). */
int ctl_connect(struct err *e);

/*
 * Sends r and waits for the reply. 0 or more is the reply's value; -errno with *e what the supervisor
 * said; -ECONNREFUSED as for ctl_connect().
 */
int ctl_ask(const struct ctl_request *r, struct err *e);

#endif
