// SPDX-License-Identifier: MIT
/*
 * Rules without containers, for rules.sh:
 *   rules net BRIDGE nat|isolate|internal|- [WAN...]    rules unnet BRIDGE
 *   rules add NAME BRIDGE IP4|- IP6|- PUBLISH...         rules remove NAME
 *   rules rebuild FILE WAN...   lines as above: net BRIDGE FLAGS, add NAME BRIDGE IP4 IP6 PUBLISH...
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"

#define MOST 64

static struct strv rest(char **v, int n)
{
	return (struct strv){ v, (unsigned int)(n > 0 ? n : 0) };
}

static struct rules_net net(char **v)
{
	return (struct rules_net){ .bridge = v[0],
				   .nat = strstr(v[1], "nat") != NULL,
				   .isolate = strstr(v[1], "isolate") != NULL,
				   .internal = strstr(v[1], "internal") != NULL };
}

static struct rules_ctr ctr(char **v, struct strv *publish)
{
	struct rules_ctr c = { .name = v[0], .bridge = v[1], .publish = publish, .local = true };

	inet_pton(AF_INET, v[2], c.ip4);
	inet_pton(AF_INET6, v[3], c.ip6);
	return c;
}

static int words(char *line, char **v)
{
	int n = 0;

	for (char *w = strtok(line, " \n"); w && n < MOST - 1; w = strtok(NULL, " \n"))
		v[n++] = strdup(w);
	v[n] = NULL;
	return n;
}

static int rebuild(const char *file, const struct strv *wan, struct err *e)
{
	static struct rules_net nets[MOST];
	static struct rules_ctr ctrs[MOST];
	static struct strv publish[MOST];
	struct rules_all all = { .nets = nets, .ctrs = ctrs, .wan = wan };
	static char *kept[MOST][MOST];
	unsigned int lines = 0;
	char line[4096];
	FILE *f = fopen(file, "re");

	while (f && fgets(line, sizeof(line), f) && lines < MOST) {
		char **v = kept[lines++];
		int n = words(line, v);

		if (n >= 3 && !strcmp(v[0], "net") && all.n_nets < MOST) {
			nets[all.n_nets++] = net(v + 1);
		} else if (n >= 6 && !strcmp(v[0], "add") && all.n_ctrs < MOST) {
			publish[all.n_ctrs] = rest(v + 5, n - 5);
			ctrs[all.n_ctrs] = ctr(v + 1, &publish[all.n_ctrs]);
			all.n_ctrs++;
		}
	}
	return f ? rules_rebuild(&all, e) : -1;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct strv list;
	int r = -1;

	if (argc >= 4 && !strcmp(argv[1], "net")) {
		struct rules_net n = net(argv + 2);

		list = rest(argv + 4, argc - 4);
		r = rules_net_add(&n, &list, &e);
	} else if (argc == 3 && !strcmp(argv[1], "unnet")) {
		r = rules_net_remove(argv[2], &e);
	} else if (argc >= 7 && !strcmp(argv[1], "add")) {
		struct rules_ctr c = ctr(argv + 2, &list);

		list = rest(argv + 6, argc - 6);
		r = rules_add(&c, &e);
	} else if (argc == 3 && !strcmp(argv[1], "remove")) {
		r = rules_remove(argv[2], &e);
	} else if (argc >= 3 && !strcmp(argv[1], "rebuild")) {
		list = rest(argv + 3, argc - 3);
		r = rebuild(argv[2], &list, &e);
	}
	if (r < 0)
		fprintf(stderr, "%s\n", e.msg);
	return r < 0 ? 1 : 0;
}
