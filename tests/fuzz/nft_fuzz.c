// SPDX-License-Identifier: MIT
/* Any bytes as a list of elements or a notification of nf_tables: the readers stay in their memory and end. */
/* Any bytes as a list of elements, a notification or a remembered flow: the readers stay in their memory and end. */
#include <string.h>

#include "core/conntrack.h"
#include "core/lib/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nft_watch watch = { .table = "myctr" };

static int elem(const struct nft_elem *e, void *arg)
{
	(void)arg;
	if (e->key_len > NFT_KEY_MAX || e->data_len > NFT_KEY_MAX ||
	    strnlen(e->comment, sizeof(e->comment)) == sizeof(e->comment))
		abort();
	return 0;
}

static int each(const struct netlink_msg *m, void *arg)
{
	static char entry[] = "1-4096:1-4096/udp", *list[] = { entry };
	static const struct strv publish = { list, 1 };
	const struct rules_ctr c = { .name = "x", .publish = &publish, .ip4 = { 10, 0, 0, 2 } };

	(void)arg;
	conntrack_is_stale(m, &c);
	nft_read_elems(m, elem, NULL);
	if (nft_watch_read(&watch, m)) {
		if (strnlen(watch.comm, sizeof(watch.comm)) == sizeof(watch.comm))
			abort();
		nft_watch_next(&watch);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_reader s = { .each = each };

	nft_watch_next(&watch);
	netlink_read(&s, data, size);
	return 0;
}
