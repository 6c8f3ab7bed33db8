// SPDX-License-Identifier: MIT
/* Any bytes as a datagram of the kernel's: the reader stays in its memory and ends. */
#include <linux/rtnetlink.h>

#include "core/lib/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int walk(const struct netlink_msg *m, void *arg)
{
	struct ifinfomsg ifi;
	struct netlink_attr a, in;
	size_t left, inner;
	const uint8_t *p = netlink_attrs(m, &ifi, sizeof(ifi), &left), *q;
	char text[16];

	while (p && netlink_next(&p, &left, &a)) {
		netlink_text(&a, text, sizeof(text));
		*(unsigned int *)arg += netlink_u32(&a) + (unsigned char)text[0];
		for (q = a.data, inner = a.len; netlink_next(&q, &inner, &in);)
			*(unsigned int *)arg += netlink_be32(&in);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int sum = 0;
	struct netlink_reader s = { .each = walk, .arg = &sum };

	if (size < 2)
		return 0;
	s.first = data[0];
	s.n = data[1] & 15;
	s.dump = data[1] & 16;
	netlink_read(&s, data + 2, size - 2);
	return 0;
}
