/* SPDX-License-Identifier: MIT */
/*
 * The text of a container's hosts and resolv.conf, and the checks of what goes into them. Runs in the
 * container's first process and wherever a manifest is read; touches no file. See names.h.
 */
#include "core/names.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAMES_SERVERS_MAX 3 /* MAXNS of resolv.conf(5): the rest would not be read */

/* A text that grows until it does not fit; then it stays too long. */
struct names_out {
	char *buf;
	size_t len;
};

static void PRINTF_LIKE(2, 3) names_put(struct names_out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (o->len >= NAMES_TEXT)
		return;
	va_start(ap, fmt);
	n = vsnprintf(o->buf + o->len, NAMES_TEXT - o->len, fmt, ap);
	va_end(ap);
	o->len = n < 0 || (size_t)n >= NAMES_TEXT - o->len ? NAMES_TEXT : o->len + (size_t)n;
}

static int names_done(const struct names_out *o)
{
	return o->len >= NAMES_TEXT ? -E2BIG : (int)o->len;
}

/* ---- checks -------------------------------------------------------------------------------------- */

static bool names_is_domain(const char *text, size_t n)
{
	return n > 0 && n < SPEC_HOST_NAME - 2 && strspn(text, STR_NAME) >= n && text[0] != '-' &&
	       text[0] != '.' && !memmem(text, n, "..", 2);
}

int names_domain(const char *text, struct err *e)
{
	if (strcmp(text, ".") == 0 || names_is_domain(text, strlen(text)))
		return 0;
	return err_set(e, EINVAL, "%s: not a domain name", text);
}

int names_server(const char *text, struct addr *a, struct err *e)
{
	if (addr_parse(text, a) < 0)
		return err_set(e, EINVAL, "%s: not an address; expected one like 192.168.1.1",
			       text);
	return 0;
}

int names_add_host(const char *text, char name[SPEC_HOST_NAME], struct addr *a, struct err *e)
{
	size_t n = strcspn(text, ":=");

	if (!text[n] || !names_is_domain(text, n))
		return err_set(e, EINVAL, "%s: expected NAME:ADDRESS", text);
	memcpy(name, text, n);
	name[n] = '\0';
	return names_server(text + n + 1, a, e);
}

#define NAMES_OPTION "abcdefghijklmnopqrstuvwxyz0123456789-:"

int names_option(const char *text, struct err *e)
{
	size_t n = strspn(text, NAMES_OPTION);

	if (n == 0 || text[n])
		return err_set(e, EINVAL, "%s: not an option of resolv.conf", text);
	return 0;
}

/* ---- hosts --------------------------------------------------------------------------------------- */

static void names_own(struct names_out *o, const struct names *n, const char *address)
{
	const struct spec *s = n->spec;

	names_put(o, "%s\t%s", address, s->hostname);
	if (n->n_addrs && strcmp(s->hostname, s->name) != 0)
		names_put(o, " %s", s->name);
	for (unsigned int i = 0; n->n_addrs && i < s->aliases.n; i++)
		names_put(o, " %s", s->aliases.v[i]);
	names_put(o, "\n");
}

int names_hosts(const struct names *n, char *buf)
{
	struct names_out o = { .buf = buf };
	char name[SPEC_HOST_NAME], text[ADDR_TEXT];
	struct addr a;

	names_put(&o, "%s127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
		  NAMES_MARK);
	for (unsigned int i = 0; i < n->n_addrs; i++)
		names_own(&o, n, addr_text(&n->addrs[i], text));
	/* Its own name must lead somewhere also where it has no address of its own. */
	if (!n->n_addrs)
		names_own(&o, n, "127.0.1.1");
	for (unsigned int i = 0; i < n->spec->add_host.n; i++)
		if (names_add_host(n->spec->add_host.v[i], name, &a, NULL) == 0)
			names_put(&o, "%s\t%s\n", addr_text(&a, text), name);
	return names_done(&o);
}

/* ---- resolv.conf --------------------------------------------------------------------------------- */

/* The host's own loopback is not the container's. */
static bool names_reachable(const struct names *n, const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (n->host)
		return true;
	return a->len == 4 ? a->b[0] != 127 : memcmp(a->b, one, sizeof(one)) != 0;
}

/* Calls each(o, n, words after key) for every line of the host's file that begins with key. */
static void names_each(struct names_out *o, const struct names *n, const char *key,
		       void (*each)(struct names_out *o, const struct names *n, const char *value))
{
	char value[256];

	for (const char *line = n->host_resolv; *line;) {
		size_t len = strcspn(line, "\n"), k = strlen(key);
		size_t blanks = len > k ? strspn(line + k, " \t") : 0;

		if (blanks && strncmp(line, key, k) == 0 && len - k - blanks < sizeof(value)) {
			memcpy(value, line + k + blanks, len - k - blanks);
			value[len - k - blanks] = '\0';
			value[strcspn(value, "\r#;")] = '\0';
			each(o, n, value);
		}
		line += len + (line[len] == '\n');
	}
}

static void names_host_server(struct names_out *o, const struct names *n, const char *value)
{
	char text[64];
	struct addr a;

	str_copy(text, sizeof(text), value);
	text[strcspn(text, " \t")] = '\0';
	/* One behind an interface of the host ("%eth0") is not to be had from elsewhere. */
	if (addr_parse(text, &a) == 0 && names_reachable(n, &a))
		names_put(o, "nameserver %s\n", text);
}

static void names_host_search(struct names_out *o, const struct names *n, const char *value)
{
	(void)n;
	if (value[strspn(value, " \t" STR_NAME)])
		return;
	names_put(o, "search %s\n", value);
}

static void names_host_options(struct names_out *o, const struct names *n, const char *value)
{
	(void)n;
	if (!value[strspn(value, " \t" NAMES_OPTION)])
		names_put(o, "options %s\n", value);
}

static void names_line(struct names_out *o, const char *key, const struct strv *words)
{
	if (words->n == 1 && strcmp(words->v[0], ".") == 0)
		return;
	names_put(o, "%s", key);
	for (unsigned int i = 0; i < words->n; i++)
		names_put(o, " %s", words->v[i]);
	names_put(o, "\n");
}

int names_resolv(const struct names *n, char *buf)
{
	struct names_out o = { .buf = buf };
	const struct spec *s = n->spec;
	char text[ADDR_TEXT];

	names_put(&o, "%s", NAMES_MARK);
	for (unsigned int i = 0; i < n->n_servers && i < NAMES_SERVERS_MAX; i++)
		names_put(&o, "nameserver %s\n", addr_text(&n->servers[i], text));
	/* A responder asks these itself, and knows the containers too. */
	for (unsigned int i = 0; !n->n_servers && i < s->dns.n && i < NAMES_SERVERS_MAX; i++)
		names_put(&o, "nameserver %s\n", s->dns.v[i]);
	if (!n->n_servers && !s->dns.n)
		names_each(&o, n, "nameserver", names_host_server);
	if (s->dns_search.n)
		names_line(&o, "search", &s->dns_search);
	else {
		names_each(&o, n, "domain", names_host_search);
		names_each(&o, n, "search", names_host_search);
	}
	/* Names of containers have no dot; without this they would be asked for with every domain first. */
	if (n->n_servers)
		names_put(&o, "options ndots:0\n");
	if (s->dns_option.n)
		names_line(&o, "options", &s->dns_option);
	else
		names_each(&o, n, "options", names_host_options);
	return names_done(&o);
}
