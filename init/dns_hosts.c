/* SPDX-License-Identifier: MIT */
/*
 * Whom the responder asks: a container's own dns, its network's, else whom the device asks, whose resolv.conf
 * is looked at again when it has changed, at most once a second. Never ourselves.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "init/dns.h"

#define HOSTS_FILE "/etc/resolv.conf"
#define HOSTS_LOOK_MS 1000
#define HOSTS_BYTES 4096

socklen_t dns_peer_size(const union dns_peer *p)
{
	return p->sa.sa_family == AF_INET ? sizeof(p->v4) : sizeof(p->v6);
}

struct addr dns_addr_of(const union dns_peer *p)
{
	struct addr a = { 0 };

	if (p->sa.sa_family == AF_INET) {
		a.len = 4;
		a.bits = 32;
		memcpy(a.b, &p->v4.sin_addr, 4);
	} else if (p->sa.sa_family == AF_INET6) {
		a.len = 16;
		a.bits = 128;
		memcpy(a.b, &p->v6.sin6_addr, 16);
	}
	return a;
}

/* "192.168.1.1", "fe80::1%eth0" */
static void hosts_add(struct dns_servers *s, const char *text)
{
	union dns_peer *p = &s->v[s->n];
	size_t n = strcspn(text, "%");
	char host[ADDR_TEXT];
	struct addr a;

	if (s->n == DNS_SERVERS || n >= sizeof(host))
		return;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(host, &a) < 0)
		return;
	*p = (union dns_peer){ .sa.sa_family = a.len == 4 ? AF_INET : AF_INET6 };
	if (a.len == 4) {
		p->v4.sin_port = htons(DNS_PORT);
		memcpy(&p->v4.sin_addr, a.b, 4);
	} else {
		p->v6.sin6_port = htons(DNS_PORT);
		memcpy(&p->v6.sin6_addr, a.b, 16);
		if (text[n])
			p->v6.sin6_scope_id = if_nametoindex(text + n + 1);
	}
	s->n++;
}

void dns_servers_parse(struct dns_servers *out, const struct strv *words)
{
	out->n = 0;
	for (unsigned int i = 0; i < words->n; i++)
		hosts_add(out, words->v[i]);
}

/* resolv.conf(5): with no server named, the device's own. */
static void hosts_parse(struct dns_servers *s, const char *text)
{
	static const char key[] = "nameserver";
	char word[64];

	*s = (struct dns_servers){ .host = true };
	for (const char *line = text; *line;) {
		const char *p = line;
		size_t n;

		line += strcspn(line, "\n");
		line += *line == '\n';
		if (strncmp(p, key, sizeof(key) - 1) != 0)
			continue;
		p += sizeof(key) - 1;
		n = strspn(p, " \t");
		p += n;
		if (!n || strcspn(p, " \t\r\n#;") >= sizeof(word))
			continue;
		n = strcspn(p, " \t\r\n#;");
		memcpy(word, p, n);
		word[n] = '\0';
		hosts_add(s, word);
	}
	if (!s->n)
		hosts_add(s, "127.0.0.1");
}

static void hosts_look(struct dns *d)
{
	uint64_t now = event_now();
	char text[HOSTS_BYTES];
	AUTO_FD int fd = -1;
	struct stat st;
	ssize_t n;

	if (d->host_looked && now - d->host_looked < HOSTS_LOOK_MS)
		return;
	if (stat(HOSTS_FILE, &st) < 0)
		st = (struct stat){ 0 };
	if (d->host_looked && memcmp(&st.st_mtim, &d->host_changed, sizeof(st.st_mtim)) == 0) {
		d->host_looked = now;
		return;
	}
	d->host_looked = now;
	d->host_changed = st.st_mtim;
	d->first = 0;
	fd = open(HOSTS_FILE, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	n = fd < 0 ? 0 : fd_read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	hosts_parse(&d->host, text);
}

/* A question to an address of ours would come back to us, and so on. */
static bool hosts_is_us(const struct dns *d, const struct addr *a)
{
	for (unsigned int i = 0; i < d->n_nets; i++)
		for (unsigned int f = 0; f < 2; f++)
			if (addr_same(&d->nets[i].sockets[f].addr, a))
				return true;
	return false;
}

void dns_servers_for(struct dns *d, const struct dns_net *net, const union dns_peer *from,
		     struct dns_servers *out)
{
	struct addr addr = dns_addr_of(from);
	const char *who = dns_names_who(d, net, &addr);
	const struct ctr *c = who ? sup_find(d->sup, who) : NULL;
	struct dns_servers own = { .n = 0 };
	const struct dns_servers *s = &own;

	if (c)
		dns_servers_parse(&own, &c->spec->dns);
	if (!own.n)
		s = &net->servers;
	if (!s->n) {
		hosts_look(d);
		s = &d->host;
	}
	*out = (struct dns_servers){ .host = s->host };
	for (unsigned int i = 0; i < s->n; i++) {
		addr = dns_addr_of(&s->v[i]);
		if (!hosts_is_us(d, &addr))
			out->v[out->n++] = s->v[i];
	}
}

static unsigned int hosts_number(const struct dns *d, const struct dns_servers *s,
				 unsigned int tries)
{
	return ((s->host ? d->first : 0) + tries) % s->n;
}

const union dns_peer *dns_server(const struct dns *d, const struct dns_servers *s,
				 unsigned int tries)
{
	return s->n && tries < DNS_TRIES ? &s->v[hosts_number(d, s, tries)] : NULL;
}

/* One that answered is asked first the next time: nobody waits for a dead one twice. */
void dns_server_good(struct dns *d, const struct dns_servers *s, unsigned int tries)
{
	if (s->host && s->n)
		d->first = hosts_number(d, s, tries);
}
