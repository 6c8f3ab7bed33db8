/* SPDX-License-Identifier: MIT */
/*
 * network = pasta: the program pasta gives the container the addresses of the host and speaks for it with the
 * sockets of an ordinary process. Nothing on either side's loopback is reached. Runs outside, before the
 * container's program does. Source: passt(1).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/helper.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"

#define PASTA_DNS "169.254.1.1"
#define PASTA_PORT 96

static const char pasta_none[] = "none";

static char *const pasta_fixed[] = {
	(char[]){ "--config-net" },
	(char[]){ "--netns" },
	(char[]){ "/proc/self/fd/5" },
	(char[]){ "--quiet" },
	(char[]){ "--foreground" },
	(char[]){ "--mtu" },
	(char[]){ "65520" },
	(char[]){ "--no-map-gw" },
	(char[]){ "--ns-ifname" },
	(char[]){ "eth0" },
	(char[]){ "--dns-forward" },
	(char[]){ PASTA_DNS },
	(char[]){ "--tcp-ns" },
	(char[]){ "none" },
	(char[]){ "--udp-ns" },
	(char[]){ "none" },
	/* Written when it is ready: to a descriptor that it has from us. */
	(char[]){ "--pid" },
	(char[]){ "/proc/self/fd/3" },
};

/* "[ADDRESS/]FIRST[-LAST]:FIRST[-LAST]" */
static void pasta_port(const struct port *p, char text[PASTA_PORT])
{
	char address[INET6_ADDRSTRLEN] = "";
	unsigned int last = p->count - 1U;

	if (p->family != AF_UNSPEC)
		inet_ntop(p->family, p->addr, address, sizeof(address));
	str_format(text, PASTA_PORT, "%s%s%u-%u:%u-%u", address, *address ? "/" : "", p->host,
		   p->host + last, p->inside, p->inside + last);
}

static void pasta_ports(const struct net_args *a, uint8_t proto, char (*texts)[PASTA_PORT],
			char **argv, unsigned int *n)
{
	static char option[2][12] = { "--tcp-ports", "--udp-ports" };
	char *name = option[proto == IPPROTO_UDP];
	bool any = false;

	for (unsigned int i = 0; i < a->n_ports; i++) {
		if (a->ports[i].proto != proto)
			continue;
		pasta_port(&a->ports[i], texts[i]);
		argv[(*n)++] = name;
		argv[(*n)++] = texts[i];
		any = true;
	}
	if (any)
		return;
	argv[(*n)++] = name;
	argv[(*n)++] = (char *)(uintptr_t)pasta_none;
}

static int pasta_start(const struct net_args *a, char *program, struct err *e)
{
	AUTO_FREE char **argv =
		calloc(ARRAY_SIZE(pasta_fixed) + 2 * a->n_ports + 10, sizeof(*argv));
	AUTO_FREE char(*texts)[PASTA_PORT] = calloc(a->n_ports + 1, sizeof(*texts));
	AUTO_FD int pidfd = sys_pidfd_open(a->pid);
	struct helper h = { .name = "pasta", .argv = argv, .pidfd = pidfd, .given = a->netns };
	unsigned int n = 0;

	if (!argv || !texts)
		return err_set(e, ENOMEM, "out of memory");
	if (pidfd < 0)
		return err_sys(e, pidfd, "pasta: its network namespace");
	argv[n++] = program;
	for (unsigned int i = 0; i < ARRAY_SIZE(pasta_fixed); i++)
		argv[n++] = pasta_fixed[i];
	pasta_ports(a, IPPROTO_TCP, texts, argv, &n);
	pasta_ports(a, IPPROTO_UDP, texts, argv, &n);
	return helper_start(&h, e);
}

static int pasta_up(const struct net_args *a, struct err *e)
{
	char program[HELPER_PATH];

	if (!helper_find("pasta", program))
		return err_set(
			e, ENOENT,
			"network = pasta: pasta is not installed (apt install passt); or use "
			"slirp, host or none");
	return pasta_start(a, program, e);
}

DRIVER(net, pasta) = {
	.name = "pasta",
	.about = "a way out for users without root, through pasta",
	.kernel = "TUN",
	.kind = NET_PASTA,
	.serves = true,
	.dns = PASTA_DNS,
	.up = pasta_up,
};
