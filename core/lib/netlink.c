// SPDX-License-Identifier: MIT
/*
 * Netlink requests and answers. See netlink.h. Runs in launchers, the CLI and the supervisor's loop. Must
 * never trust a length, nor take an answer from anybody but the kernel.
 */
#include "core/lib/netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"

#define NETLINK_READ (32U << 10) /* the kernel makes no datagram of a list longer than this */

#ifndef NLM_F_DUMP_INTR
#define NLM_F_DUMP_INTR 0x10
#endif

/* ---- the socket ---------------------------------------------------------------------------------- */

static int netlink_socket(int protocol)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK };
	int one = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	/* Kernels without them only say less. */
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		(void)setsockopt(fd, SOL_NETLINK, options[i], &one, sizeof(one));
	return fd;
}

static int netlink_socket_in(int protocol, int netns, struct err *e)
{
	AUTO_FD int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO_FD int fd = -1;

	if (own < 0)
		return err_sys(e, errno, "/proc/self/ns/net");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_sys(e, errno, "entering the network namespace");
	fd = netlink_socket(protocol);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(e, errno, "coming back to our network namespace");
	return fd < 0 ? err_sys(e, fd, "netlink socket") : fd_take(&fd);
}

int netlink_open(struct netlink *n, int protocol, int netns, struct err *e)
{
	n->seq = 0;
	n->fd = netns < 0 ? netlink_socket(protocol) : netlink_socket_in(protocol, netns, e);
	if (n->fd >= 0)
		return 0;
	if (netns >= 0)
		return n->fd;
	return err_sys(e, n->fd, "netlink socket; the kernel needs %s",
		       protocol == NETLINK_ROUTE ? "NET" : "NETFILTER_NETLINK");
}

void netlink_close(struct netlink *n)
{
	fd_close(&n->fd);
}

int netlink_join(struct netlink *n, unsigned int group, struct err *e)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	/*
	 * One without a number of its own passes for the kernel's, which does not notify itself. One that has a
	 * number keeps it (EINVAL).
	 */
	if ((bind(n->fd, (struct sockaddr *)&any, sizeof(any)) < 0 && errno != EINVAL) ||
	    setsockopt(n->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return err_sys(e, errno, "netlink: joining group %u", group);
	return 0;
}

/* ---- building ------------------------------------------------------------------------------------ */

void netlink_req_free(struct netlink_req *r)
{
	if (r->heap)
		free(r->p);
	r->p = NULL;
	r->size = r->len = 0;
}

static bool netlink_room(struct netlink_req *r, size_t more)
{
	size_t size = r->size;
	uint8_t *p;

	if (r->bad || more > NETLINK_REQ_MAX - r->len) {
		r->bad = true;
		return false;
	}
	if (r->len + more <= size)
		return true;
	for (size = size ? size : 4096; size < r->len + more;)
		size *= 2;
	p = r->heap ? realloc(r->p, size) : NULL;
	if (!p) {
		r->bad = true;
		return false;
	}
	r->p = p;
	r->size = size;
	return true;
}

/* Appends len bytes and the padding after them to the message, whose length follows. */
void netlink_put_raw(struct netlink_req *r, const void *data, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);
	uint32_t total;

	if (!netlink_room(r, padded))
		return;
	if (len)
		memcpy(r->p + r->len, data, len);
	memset(r->p + r->len + len, 0, padded - len);
	r->len += padded;
	total = (uint32_t)(r->len - r->msg);
	memcpy(r->p + r->msg, &total, sizeof(total));
}

void netlink_begin(struct netlink_req *r, uint16_t type, uint16_t flags, const void *head,
		   size_t head_len, const char *what)
{
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST };

	if (r->n < NETLINK_WHATS)
		r->what[r->n] = what;
	r->n++;
	r->msg = r->len;
	netlink_put_raw(r, &h, sizeof(h));
	netlink_put_raw(r, head, head_len);
}

void netlink_put(struct netlink_req *r, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	if (len > UINT16_MAX - NLA_HDRLEN)
		r->bad = true;
	netlink_put_raw(r, &a, sizeof(a));
	netlink_put_raw(r, data, len);
}

void netlink_put_u8(struct netlink_req *r, uint16_t type, uint8_t v)
{
	netlink_put(r, type, &v, sizeof(v));
}

void netlink_put_u16(struct netlink_req *r, uint16_t type, uint16_t v)
{
	netlink_put(r, type, &v, sizeof(v));
}

void netlink_put_u32(struct netlink_req *r, uint16_t type, uint32_t v)
{
	netlink_put(r, type, &v, sizeof(v));
}

void netlink_put_be16(struct netlink_req *r, uint16_t type, uint16_t v)
{
	netlink_put_u16(r, type, htons(v));
}

void netlink_put_be32(struct netlink_req *r, uint16_t type, uint32_t v)
{
	netlink_put_u32(r, type, htonl(v));
}

void netlink_put_be64(struct netlink_req *r, uint16_t type, uint64_t v)
{
	v = htobe64(v);
	netlink_put(r, type, &v, sizeof(v));
}

void netlink_put_text(struct netlink_req *r, uint16_t type, const char *text)
{
	netlink_put(r, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_req *r, uint16_t type)
{
	size_t at = r->len;

	netlink_put(r, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void netlink_nest_end(struct netlink_req *r, size_t at)
{
	uint16_t len = (uint16_t)(r->len - at);

	if (r->len - at > UINT16_MAX)
		r->bad = true;
	if (!r->bad)
		memcpy(r->p + at, &len, sizeof(len));
}

/* ---- attributes ---------------------------------------------------------------------------------- */

const uint8_t *netlink_attrs(const struct netlink_msg *m, void *head, size_t head_len, size_t *left)
{
	size_t skip = NLMSG_ALIGN(head_len);

	*left = 0;
	if (m->len < head_len)
		return NULL;
	memcpy(head, m->body, head_len);
	*left = m->len > skip ? m->len - skip : 0;
	return m->body + (m->len > skip ? skip : m->len);
}

bool netlink_next(const uint8_t **p, size_t *left, struct netlink_attr *a)
{
	struct nlattr h;
	size_t step;

	if (*left < NLA_HDRLEN)
		return false;
	memcpy(&h, *p, sizeof(h));
	if (h.nla_len < NLA_HDRLEN || h.nla_len > *left)
		return false;
	a->type = h.nla_type & NLA_TYPE_MASK;
	a->len = (uint16_t)(h.nla_len - NLA_HDRLEN);
	a->data = *p + NLA_HDRLEN;
	step = NLA_ALIGN((size_t)h.nla_len);
	if (step > *left)
		step = *left;
	*p += step;
	*left -= step;
	return true;
}

bool netlink_find(const uint8_t *p, size_t left, uint16_t type, size_t min, struct netlink_attr *a)
{
	while (p && netlink_next(&p, &left, a))
		if (a->type == type && a->len >= min)
			return true;
	return false;
}

uint32_t netlink_u32(const struct netlink_attr *a)
{
	uint32_t v = 0;

	if (a->len >= sizeof(v))
		memcpy(&v, a->data, sizeof(v));
	return v;
}

uint32_t netlink_be32(const struct netlink_attr *a)
{
	return ntohl(netlink_u32(a));
}

void netlink_text(const struct netlink_attr *a, char *buf, size_t size)
{
	size_t n = strnlen((const char *)a->data, a->len);

	if (n > size - 1)
		n = size - 1;
	memcpy(buf, a->data, n);
	buf[n] = '\0';
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* After the code comes the header of the request (or all of it, where it is not capped), then words. */
static void netlink_read_words(struct netlink_reader *s, const struct netlink_msg *m)
{
	struct nlmsgerr err;
	size_t skip = sizeof(err), left;
	struct netlink_attr a;
	const uint8_t *p;

	memcpy(&err, m->body, sizeof(err));
	if (!(m->flags & NLM_F_CAPPED)) {
		if (err.msg.nlmsg_len < NLMSG_HDRLEN || err.msg.nlmsg_len > m->len)
			return;
		skip += NLMSG_ALIGN(err.msg.nlmsg_len - NLMSG_HDRLEN);
	}
	if (!(m->flags & NLM_F_ACK_TLVS) || skip > m->len)
		return;
	p = m->body + skip;
	left = m->len - skip;
	if (netlink_find(p, left, NLMSGERR_ATTR_MSG, 1, &a))
		netlink_text(&a, s->text, sizeof(s->text));
	if (netlink_find(p, left, NLMSGERR_ATTR_OFFS, sizeof(uint32_t), &a))
		s->offset = netlink_u32(&a);
}

static int netlink_read_ack(struct netlink_reader *s, const struct netlink_msg *m)
{
	int32_t code;

	if (m->len < sizeof(struct nlmsgerr))
		return -EBADMSG;
	memcpy(&code, m->body, sizeof(code));
	if (code > 0)
		return -EBADMSG;
	/* They come in the order of the messages. */
	if (s->dump ? code < 0 : m->seq - s->first == s->n - 1)
		s->done = true;
	if (code == 0)
		return 0;
	if (s->code)
		return 0;
	s->code = code == INT32_MIN ? EIO : -code;
	s->failed = m->seq - s->first;
	netlink_read_words(s, m);
	return 0;
}

static int netlink_read_done(struct netlink_reader *s, const struct netlink_msg *m)
{
	int32_t code = 0;

	if (m->len >= sizeof(code))
		memcpy(&code, m->body, sizeof(code));
	if (code < 0 && !s->code)
		s->code = code == INT32_MIN ? EIO : -code;
	s->done = true;
	return 0;
}

static int netlink_read_one(struct netlink_reader *s, const struct netlink_msg *m)
{
	/* An answer to an earlier request of this socket, of which reading was given up. */
	if (s->n && m->seq - s->first >= s->n)
		return 0;
	if (m->flags & NLM_F_DUMP_INTR)
		s->interrupted = true;
	switch (m->type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
		return netlink_read_ack(s, m);
	case NLMSG_DONE:
		return netlink_read_done(s, m);
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	default:
		return s->each ? s->each(m, s->arg) : 0;
	}
}

int netlink_read(struct netlink_reader *s, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	while (len) {
		struct netlink_msg m;
		struct nlmsghdr h;
		size_t step;
		int ret;

		if (len < NLMSG_HDRLEN)
			return -EBADMSG;
		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len)
			return -EBADMSG;
		m = (struct netlink_msg){ .type = h.nlmsg_type,
					  .flags = h.nlmsg_flags,
					  .seq = h.nlmsg_seq,
					  .body = p + NLMSG_HDRLEN,
					  .len = h.nlmsg_len - NLMSG_HDRLEN };
		ret = netlink_read_one(s, &m);
		if (ret < 0)
			return ret;
		step = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (step > len)
			step = len;
		p += step;
		len -= step;
	}
	return 0;
}

/* One datagram of the kernel's; 0 when none is there. */
static ssize_t netlink_take(int fd, void *buf, size_t size)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec iov = { buf, size };
		struct msghdr h = { .msg_name = &from,
				    .msg_namelen = sizeof(from),
				    .msg_iov = &iov,
				    .msg_iovlen = 1 };
		ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (h.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		/* Another process may send to us; only the kernel is believed. */
		if (from.nl_pid == 0 && n > 0)
			return n;
	}
}

int netlink_receive(struct netlink *n, netlink_each_fn *each, void *arg)
{
	NETLINK_BUF buf[8192];
	struct netlink_reader s = { .each = each, .arg = arg };
	int count = 0;
	ssize_t len;

	while ((len = netlink_take(n->fd, buf, sizeof(buf))) > 0) {
		int ret = netlink_read(&s, buf, (size_t)len);

		if (ret < 0)
			return ret;
		count++;
	}
	return len < 0 ? (int)len : count;
}

/* ---- asking -------------------------------------------------------------------------------------- */

/* Numbers the messages from s->first on and looks whether there will be an answer to the last one. */
static void netlink_number(const struct netlink_req *r, struct netlink_reader *s)
{
	size_t at = 0;

	for (unsigned int i = 0; i < r->n; i++) {
		struct nlmsghdr h;

		memcpy(&h, r->p + at, sizeof(h));
		h.nlmsg_seq = s->first + i;
		if (s->dump)
			h.nlmsg_flags |= NLM_F_DUMP;
		s->wants_end = s->dump || (h.nlmsg_flags & NLM_F_ACK);
		memcpy(r->p + at, &h, sizeof(h));
		at += NLMSG_ALIGN((size_t)h.nlmsg_len);
	}
}

/* The type of the attribute the kernel points at, 0 when it points nowhere. */
static unsigned int netlink_culprit(const struct netlink_req *r, const struct netlink_reader *s)
{
	size_t at = 0;
	struct nlmsghdr h;
	struct nlattr a;

	for (unsigned int i = 0;; i++) {
		memcpy(&h, r->p + at, sizeof(h));
		if (i == s->failed)
			break;
		at += NLMSG_ALIGN((size_t)h.nlmsg_len);
	}
	if (s->offset < NLMSG_HDRLEN || h.nlmsg_len < sizeof(a) ||
	    s->offset > h.nlmsg_len - sizeof(a))
		return 0;
	memcpy(&a, r->p + at + s->offset, sizeof(a));
	return a.nla_type & NLA_TYPE_MASK;
}

static int netlink_failed(struct netlink_req *r, const struct netlink_reader *s, struct err *e)
{
	const char *what = s->failed < NETLINK_WHATS ? r->what[s->failed] : NULL;
	unsigned int culprit = netlink_culprit(r, s);
	char attribute[24] = "";

	r->failed = (int)s->failed;
	if (culprit)
		str_format(attribute, sizeof(attribute), ", attribute %u", culprit);
	return err_set(e, s->code, "%s%s%s%s%s%s%s", what ? what : "netlink", *s->text ? ": " : "",
		       s->text, *s->text ? " (" : ": ", err_text(s->code), attribute,
		       *s->text ? ")" : "");
}

static int netlink_answers(struct netlink *n, struct netlink_reader *s)
{
	NETLINK_BUF buf[NETLINK_READ];
	int result = 0;

	for (;;) {
		ssize_t len = netlink_take(n->fd, buf, sizeof(buf));

		if (len <= 0)
			return len < 0 ? (int)len : result;
		/* What is left is taken too, or it would be there at the next request. */
		if (result == 0)
			result = netlink_read(s, buf, (size_t)len);
		if (s->done)
			return result;
	}
}

static int netlink_ask(struct netlink *n, struct netlink_req *r, struct netlink_reader *s,
		       struct err *e)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;
	int ret;

	r->failed = -1;
	if (r->bad)
		return err_set(e, E2BIG, "netlink: the request is too large");
	if (!r->n)
		return 0;
	s->first = n->seq + 1;
	s->n = r->n;
	netlink_number(r, s);
	n->seq += r->n;
	do {
		sent = sendto(n->fd, r->p, r->len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return err_sys(e, errno, "netlink: sending");
	ret = netlink_answers(n, s);
	if (s->code)
		return netlink_failed(r, s, e);
	if (ret < 0)
		return err_sys(e, ret, "netlink: reading the answer");
	if (s->wants_end && !s->done)
		return err_set(e, EPROTO, "netlink: no answer");
	return 0;
}

static int netlink_run(struct netlink *n, struct netlink_req *r, struct netlink_reader *s,
		       struct err *e)
{
	int ret = netlink_ask(n, r, s, e);

	r->len = r->msg = 0;
	r->n = 0;
	r->bad = false;
	return ret;
}

int netlink_talk(struct netlink *n, struct netlink_req *r, netlink_each_fn *each, void *arg,
		 struct err *e)
{
	struct netlink_reader s = { .each = each, .arg = arg };

	return netlink_run(n, r, &s, e);
}

int netlink_dump(struct netlink *n, struct netlink_req *r, netlink_each_fn *each, void *arg,
		 struct err *e)
{
	struct netlink_reader s = { .each = each, .arg = arg, .dump = true };
	int ret = netlink_run(n, r, &s, e);

	return ret == 0 && s.interrupted ? -EINTR : ret;
}
