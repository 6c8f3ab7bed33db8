/* SPDX-License-Identifier: MIT */
/*
 * Addresses and published ports for `myctr ps`, from the records of addresses.
 */
#ifndef CORE_CMD_PS_NET_H
#define CORE_CMD_PS_NET_H

#include "core/lib/config.h"
#include "core/network.h"

struct ps_net {
	struct net_link *links;
	unsigned int n, size;
};

#if IS_ENABLED(CONFIG_NETWORK)
/* Reads all records once; with none, or no memory, there is nothing to show. */
void ps_net_open(struct ps_net *p);
void ps_net_close(struct ps_net *p);

/* "10.88.0.2,fd00::2" and "8080:80" of a container whose links are up; "" for none. */
void ps_net_text(const struct ps_net *p, const char *container, char *addresses, size_t n_addresses,
		 char *ports, size_t n_ports);
#else
static inline void ps_net_open(struct ps_net *p UNUSED)
{
}
static inline void ps_net_close(struct ps_net *p UNUSED)
{
}
static inline void ps_net_text(const struct ps_net *p UNUSED, const char *container UNUSED,
			       char *addresses, size_t n_addresses UNUSED, char *ports,
			       size_t n_ports UNUSED)
{
	*addresses = *ports = '\0';
}
#endif

#endif
