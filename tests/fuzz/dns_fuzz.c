// SPDX-License-Identifier: MIT
/* DNS: the first byte is the size of the buffer for an answer, the rest a query or a reply. */
#include <stdlib.h>
#include <string.h>

#include "core/lib/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t query[] = { 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1 };
	struct addr addr = { .len = 16, .bits = 128 };
	struct dns_question q;
	struct dns_answer a;
	uint8_t *msg, *out;
	size_t room;
	int r;

	if (size < 1)
		return 0;
	room = DNS_HEAD + data[0] * 2U;
	msg = malloc(size);
	out = malloc(room + DNS_NAME + DNS_HEAD);
	if (!msg || !out)
		abort();
	memcpy(msg, data + 1, size - 1);
	dns_is_reply(msg, size - 1, 0x0102, query, sizeof(query));
	r = dns_read(msg, size - 1, &q);
	if (r == 0 && (q.end > size - 1 || strlen(q.name) >= DNS_NAME))
		abort();
	if (r == 0 && dns_arpa(q.name, &addr) && addr.len != 4 && addr.len != 16)
		abort();
	if (size - 1 >= DNS_HEAD && r != -22 && q.end <= room) {
		dns_begin(&a, out, room, msg, &q, DNS_OK, true);
		dns_add_addr(&a, &addr, 5);
		dns_add_ptr(&a, q.name, 5);
		if (dns_end(&a) > room)
			abort();
		/* What we write is an answer to what we have read. */
		if (r == 0 && !dns_is_reply(out, a.len, q.id, msg, q.end))
			abort();
	}
	free(msg);
	free(out);
	return 0;
}
