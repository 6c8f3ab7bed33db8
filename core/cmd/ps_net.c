// SPDX-License-Identifier: MIT
/*
 * Addresses for `myctr ps`: see ps_net.h. Reads one file, asks nobody.
 */
#include "core/cmd/ps_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lease.h"

static int ps_net_add(const struct net_link *l, void *arg)
{
	struct ps_net *p = arg;
	unsigned int size = p->size ? 2 * p->size : 16;
	struct net_link *more;

	if (!l->up)
		return 0;
	if (p->n == p->size) {
		more = realloc(p->links, size * sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->links = more;
		p->size = size;
	}
	p->links[p->n++] = *l;
	return 0;
}

void ps_net_open(struct ps_net *p)
{
	lease_each(NULL, ps_net_add, p);
}

void ps_net_close(struct ps_net *p)
{
	free(p->links);
	*p = (struct ps_net){ 0 };
}

static void ps_net_one(const struct addr *a, char *text, size_t size)
{
	char one[ADDR_TEXT];
	size_t n = strlen(text);

	if (a->len)
		str_format(text + n, size - n, "%s%s", n ? "," : "", addr_text(a, one));
}

void ps_net_text(const struct ps_net *p, const char *container, char *addresses, size_t n_addresses,
		 char *ports, size_t n_ports)
{
	*addresses = *ports = '\0';
	for (unsigned int i = 0; i < p->n; i++) {
		const struct net_link *l = &p->links[i];

		if (strcmp(l->container, container) != 0)
			continue;
		ps_net_one(&l->ip, addresses, n_addresses);
		ps_net_one(&l->ip6, addresses, n_addresses);
		if (*l->ports)
			str_copy(ports, n_ports, l->ports);
	}
}
