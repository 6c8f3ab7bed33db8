// SPDX-License-Identifier: MIT
/*
 * Parts of the supervisor that a life in life_test.c passes by: nothing happens in them.
 */
#include "core/ctl.h"
#include "core/launch.h"
#include "init/health.h"

#ifdef CONFIG_LOG_BUDGET
void budget_open(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_LOG_CRASH
void crash_note(struct ctr *c)
{
	(void)c;
}
#endif

#ifdef CONFIG_DNS
void dns_open(struct sup *s)
{
	(void)s;
}

void dns_networks(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_NET_FORWARD
void ports_start(struct ctr *c)
{
	(void)c;
}

void ports_stop(struct ctr *c)
{
	(void)c;
}

void ports_open(struct sup *s)
{
	(void)s;
}

void ports_reload(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_BOOTCHART
void chart_note(const char *what, const char *name)
{
	(void)what, (void)name;
}

void chart_loop(struct event_loop *l)
{
	(void)l;
}
#endif

#ifdef CONFIG_CONSOLES
void consoles_start(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_UEVENT
void plug_started(struct ctr *c)
{
	(void)c;
}

void uevent_open(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_NET_NFT
void guard_open(struct sup *s)
{
	(void)s;
}

void guard_reload(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_HOST_AB
int slots_previous(struct sup *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

void slots_open(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_FACTORY
void factory_open(struct sup *s)
{
	(void)s;
}

void factory_watch(struct sup *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_REEXEC
bool adopt_knows(struct sup *s, const char *name)
{
	(void)s;
	(void)name;
	return false;
}

void adopt_rest(struct ctr *c)
{
	(void)c;
}

void reexec_done(struct sup *s)
{
	(void)s;
}

bool reexec_turn(struct sup *s)
{
	(void)s;
	return false;
}

int reexec_request(struct sup *s, const struct ctl_request *r, struct err *e)
{
	(void)s;
	(void)r;
	(void)e;
	return 0;
}
#endif

#ifdef CONFIG_UPDATE
void update_open_all(struct sup *s)
{
	(void)s;
}

void update_resume(struct sup *s)
{
	(void)s;
}

void update_watch(struct sup *s)
{
	(void)s;
}

int update_request(struct sup *s, const struct ctl_request *r, struct err *e)
{
	(void)s;
	(void)r;
	(void)e;
	return 0;
}

int update_rollback(struct sup *s, const struct ctl_request *r, struct err *e)
{
	(void)s;
	(void)r;
	(void)e;
	return 0;
}
#endif
