/* SPDX-License-Identifier: MIT */
/*
 * The control protocol, both directions of bytes and the CLI's side of the socket. See ctl.h. The decoders
 * take anything: what comes over the socket is checked whole before a field is used.
 */
#include "core/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/str.h"
#include "core/paths.h"

size_t ctl_encode_request(const struct ctl_request *r, uint8_t *buf)
{
	memset(buf, 0, CTL_REQUEST);
	le_put32(buf, (uint32_t)(CTL_REQUEST + r->len));
	le_put16(buf + 4, CTL_VERSION);
	le_put16(buf + 6, (uint16_t)r->op);
	le_put32(buf + 8, r->flags);
	le_put32(buf + 12, r->value);
	memcpy(buf + 16, r->name, strnlen(r->name, CTL_NAME - 1));
	if (r->len)
		memcpy(buf + CTL_REQUEST, r->payload, r->len);
	return CTL_REQUEST + r->len;
}

int ctl_decode_request(const uint8_t *buf, size_t len, struct ctl_request *r)
{
	if (len < CTL_REQUEST || len > CTL_MAX || le_get32(buf) != len)
		return -EPROTO;
	if (le_get16(buf + 4) != CTL_VERSION)
		return -EPROTONOSUPPORT;
	if (le_get16(buf + 6) >= CTL_N_OPS || buf[16 + CTL_NAME - 1])
		return -EINVAL;
	*r = (struct ctl_request){
		.op = (enum ctl_op)le_get16(buf + 6),
		.flags = le_get32(buf + 8),
		.value = le_get32(buf + 12),
		.payload = buf + CTL_REQUEST,
		.len = len - CTL_REQUEST,
	};
	memcpy(r->name, buf + 16, CTL_NAME);
	return 0;
}

void ctl_encode_reply(const struct err *e, uint32_t value, uint8_t buf[CTL_REPLY])
{
	memset(buf, 0, CTL_REPLY);
	le_put32(buf, CTL_REPLY);
	le_put16(buf + 4, CTL_VERSION);
	le_put16(buf + 6, (uint16_t)(e ? e->code : 0));
	le_put32(buf + 8, value);
	if (e)
		memcpy(buf + 12, e->msg, strnlen(e->msg, sizeof(e->msg) - 1));
}

int ctl_decode_reply(const uint8_t *buf, size_t len, uint32_t *value, struct err *e)
{
	if (len != CTL_REPLY || le_get32(buf) != len)
		return err_set(e, EPROTO, "supervisor: its reply is malformed");
	if (le_get16(buf + 4) != CTL_VERSION)
		return err_set(e, EPROTONOSUPPORT,
			       "supervisor: speaks protocol %u, this myctr speaks %d",
			       le_get16(buf + 4), CTL_VERSION);
	*value = le_get32(buf + 8);
	if (le_get16(buf + 6))
		return err_set(e, le_get16(buf + 6), "%.*s", CTL_REPLY - 13,
			       (const char *)buf + 12);
	return 0;
}

int ctl_connect(struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_FD int fd = -1;
	char path[PATHS_MAX];

	_Static_assert(sizeof(a.sun_path) > sizeof(paths.run) + sizeof("ctl"), "no room for it");
	paths_of(path, paths.run, "ctl", NULL);
	str_copy(a.sun_path, sizeof(a.sun_path), path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "making a socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd_take(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err_set(e, ECONNREFUSED, "no supervisor is running (no answer at %s)", path);
	return err_sys(e, errno, "%s", path);
}

int ctl_ask(const struct ctl_request *r, struct err *e)
{
	AUTO_FREE uint8_t *buf = malloc(CTL_REQUEST + r->len);
	AUTO_FD int fd = -1;
	uint8_t reply[CTL_REPLY];
	uint32_t value = 0;
	ssize_t n;
	int code;

	if (!buf)
		return err_set(e, ENOMEM, "out of memory");
	if (CTL_REQUEST + r->len > CTL_MAX)
		return err_set(e, EMSGSIZE, "%s: its description is too large to send (%zu bytes)",
			       r->name, r->len);
	fd = ctl_connect(e);
	if (fd < 0)
		return fd;
	n = send(fd, buf, ctl_encode_request(r, buf), MSG_NOSIGNAL);
	if (n < 0)
		return err_sys(e, errno, "supervisor: sending");
	do {
		n = recv(fd, reply, sizeof(reply), 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return err_set(e, ECONNRESET, "supervisor: ended before it answered");
	code = ctl_decode_reply(reply, (size_t)n, &value, e);
	return code < 0 ? code : (int)(value & 0x7fffffff);
}
