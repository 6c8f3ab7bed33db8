/* SPDX-License-Identifier: MIT */
/*
 * Removing what forgotten containers have written, in a child: a tree may be large, or its disk slow, and
 * the loop waits for nobody. At most one child at a time; what a crash has left goes at the next start,
 * also of the image store.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "core/lib/sys.h"
#include "core/store.h"
#include "core/trash.h"
#include "init/sup.h"

static NORETURN void sweep_child(bool store)
{
	struct store s;
	struct err e = { 0 };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Above all the lock: who comes after a supervisor that was killed need not wait for this. */
	sys_close_range(3, false);
	/* Opening it for writing collects what dead writers left. */
	if (store && IS_ENABLED(CONFIG_IMAGE_STORE) && store_open_writable(&s, NULL) == 0)
		store_close(&s);
	if (trash_empty(&e) < 0)
		sup_say(NULL, "%s", e.msg);
	_exit(0);
}

void sweep_start(struct sup *s)
{
	bool store = IS_ENABLED(CONFIG_IMAGE_STORE) &&
		     ((!s->swept && store_is_there()) || store_has_left());
	pid_t pid;

	s->sweep_again = s->sweeper != 0;
	if (s->sweeper || (!store && !trash_is_full()))
		return;
	s->swept = true;
	pid = fork();
	if (pid == 0)
		sweep_child(store);
	s->sweeper = pid > 0 ? pid : 0;
}

bool sweep_ended(struct sup *s, pid_t pid)
{
	if (!s->sweeper || pid != s->sweeper)
		return false;
	s->sweeper = 0;
	s->dirty = true;
	if (s->sweep_again)
		sweep_start(s);
	return true;
}
