// SPDX-License-Identifier: MIT
/*
 * Reading and comparing entries of `publish`. See port.h. Runs when a spec is checked and again when its
 * rules are made; must never read a port, address or name that was not written exactly.
 */
#include "core/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define PORT_FORM "[ADDRESS:]PORT:PORT[/udp][@INTERFACE]"

bool port_is_device(const char *name)
{
	size_t n = strnlen(name, PORT_DEVICE);

	return n > 0 && n < PORT_DEVICE && !name[strspn(name, STR_NAME)] &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* "80" or "80-90". */
static int port_range(char *text, uint16_t *first, uint16_t *count)
{
	char *dash = strchr(text, '-');
	uint64_t from, to;

	if (dash)
		*dash = '\0';
	if (str_u64(text, 1, 65535, &from) < 0)
		return -EINVAL;
	to = from;
	if (dash && str_u64(dash + 1, from, 65535, &to) < 0)
		return -EINVAL;
	if (to - from >= PORT_RANGE_MAX)
		return -E2BIG;
	*first = (uint16_t)from;
	*count = (uint16_t)(to - from + 1);
	return 0;
}

/* Takes the last part of text, from the last c on, and cuts it off; NULL when there is none. */
static char *port_cut(char *text, char c)
{
	char *at = strrchr(text, c);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static int port_read_address(char *text, struct port *p)
{
	size_t n = strlen(text);

	if (text[0] == '[' && text[n - 1] == ']') {
		text[n - 1] = '\0';
		text++;
		p->family = AF_INET6;
	} else {
		p->family = AF_INET;
	}
	return inet_pton(p->family, text, p->addr) == 1 ? 0 : -EINVAL;
}

static int port_proto(const char *word, struct port *p)
{
	if (!word || strcmp(word, "tcp") == 0)
		p->proto = IPPROTO_TCP;
	else if (strcmp(word, "udp") == 0)
		p->proto = IPPROTO_UDP;
	else
		return -EINVAL;
	return 0;
}

static int port_dev(const char *text, const char *dev, struct port *p, struct err *e)
{
	if (!dev)
		return 0;
	if (!port_is_device(dev))
		return err_set(e, EINVAL, "%s: not the name of an interface after @", text);
	if (p->family != AF_UNSPEC)
		return err_set(e, EINVAL, "%s: name an address or an interface, not both", text);
	str_copy(p->dev, sizeof(p->dev), dev);
	return 0;
}

static int port_numbers(const char *text, char *host, char *inside, struct port *p, struct err *e)
{
	uint16_t count = 0;
	int r = port_range(host, &p->host, &p->count);

	if (r == 0)
		r = port_range(inside, &p->inside, &count);
	if (r == -E2BIG)
		return err_set(e, E2BIG, "%s: more than %d ports in one entry", text,
			       PORT_RANGE_MAX);
	if (r < 0)
		return err_set(e, EINVAL, "%s: expected " PORT_FORM " with ports from 1 to 65535",
			       text);
	if (p->count != count)
		return err_set(e, EINVAL, "%s: both ranges need the same number of ports", text);
	return 0;
}

int port_parse(const char *text, struct port *p, struct err *e)
{
	char copy[PORT_TEXT], *dev, *proto, *inside, *host;
	int r = 0;

	memset(p, 0, sizeof(*p));
	if (!str_copy(copy, sizeof(copy), text))
		return err_set(e, EINVAL, "%.40s...: expected " PORT_FORM, text);
	dev = port_cut(copy, '@');
	proto = port_cut(copy, '/');
	inside = port_cut(copy, ':');
	host = port_cut(copy, ':');
	if (!inside || !*copy)
		return err_set(e, EINVAL, "%s: expected " PORT_FORM, text);
	if (port_proto(proto, p) < 0)
		return err_set(e, EINVAL, "%s: expected /tcp or /udp", text);
	if (host)
		r = port_read_address(copy, p);
	if (r < 0)
		return err_set(e, EINVAL, "%s: %s is not an address; IPv6 is written [::1]", text,
			       copy);
	r = port_dev(text, dev, p, e);
	return r < 0 ? r : port_numbers(text, host ? host : copy, inside, p, e);
}

/* "80" or "80-90" */
static size_t port_print_range(char *buf, size_t size, unsigned int first, unsigned int count)
{
	return count > 1 ? str_format(buf, size, "%u-%u", first, first + count - 1)
			 : str_format(buf, size, "%u", first);
}

const char *port_print(const struct port *p, char buf[PORT_TEXT])
{
	char addr[INET6_ADDRSTRLEN] = "";
	size_t n = 0;

	if (p->family != AF_UNSPEC && inet_ntop(p->family, p->addr, addr, sizeof(addr)))
		n = str_format(buf, PORT_TEXT, p->family == AF_INET6 ? "[%s]:" : "%s:", addr);
	n += port_print_range(buf + n, PORT_TEXT - n, p->host, p->count);
	n += str_format(buf + n, PORT_TEXT - n, ":");
	n += port_print_range(buf + n, PORT_TEXT - n, p->inside, p->count);
	str_format(buf + n, PORT_TEXT - n, "%s%s%s", p->proto == IPPROTO_UDP ? "/udp" : "",
		   *p->dev ? "@" : "", p->dev);
	return buf;
}

bool port_is_loopback(const struct port *p)
{
	return p->family == AF_INET
		       ? p->addr[0] == 127
		       : p->family == AF_INET6 &&
				 IN6_IS_ADDR_LOOPBACK(
					 (const struct in6_addr *)(const void *)p->addr);
}

bool port_is_anywhere(const struct port *p)
{
	static const uint8_t any[16];

	return !*p->dev && memcmp(p->addr, any, sizeof(any)) == 0;
}

bool port_has_rules(const struct port *p)
{
	return p->family != AF_INET6 || !port_is_loopback(p);
}

/* Names a place which one that names none takes, too. */
static bool port_is_named_inside(const struct port *p, const struct strv *wan)
{
	if (port_is_anywhere(p) || (*p->dev && !wan))
		return false;
	for (unsigned int i = 0; *p->dev && i < wan->n; i++)
		if (strcmp(wan->v[i], p->dev) == 0)
			return false;
	return true;
}

static bool port_same_place(const struct port *a, const struct port *b, const struct strv *wan)
{
	if (a->family && b->family && a->family != b->family)
		return false;
	if (port_is_anywhere(a) && port_is_anywhere(b))
		return true;
	/* Which interfaces are wan is not known while a single container is checked. */
	if (port_is_anywhere(a) != port_is_anywhere(b))
		return port_is_named_inside(a, wan) || port_is_named_inside(b, wan);
	return a->family == b->family && strcmp(a->dev, b->dev) == 0 &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

bool port_overlaps(const struct port *a, const struct port *b, const struct strv *wan)
{
	return a->proto == b->proto && a->host < b->host + b->count &&
	       b->host < a->host + a->count && port_same_place(a, b, wan);
}

int port_check_list(const struct strv *publish, const struct strv *wan, struct err *e)
{
	struct port a, b;

	for (unsigned int i = 0; i < publish->n; i++) {
		if (port_parse(publish->v[i], &a, e) < 0)
			return -EINVAL;
		for (unsigned int j = 0; j < i; j++)
			if (port_parse(publish->v[j], &b, e) == 0 && port_overlaps(&a, &b, wan))
				return err_set(e, EINVAL, "publish: %s and %s take the same port",
					       publish->v[j], publish->v[i]);
	}
	return 0;
}
