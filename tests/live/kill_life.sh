#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at every system call of a whole life of the daemon: of the daemon, of its launchers, of the container.
# The daemon that follows finds everything in order. One call in thirteen; KILL_STEP=1 takes every one, from
# KILL_FROM to KILL_TO, which takes minutes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/kill.sh"
some=${KILL_STEP:-13}

cat >"$MYCTR_ETC/manifest" <<END
[container killed]
image = $image
storage = tmpfs
command = sleep 31337
restart = no
stop-timeout = 0
crash-log = 0
END
boot()
{
	rm -f "$MYCTR_RUN/ctl"
	"$@" >"$live_dir/said" 2>"$live_dir/daemon.out" &
	daemon=$!
	until_quick 100 listens
}
# Nobody need be waited for who is dead.
listens() { test -S "$MYCTR_RUN/ctl" || ! kill -0 "$daemon"; }
one() { [ "$(pgrep -fc '^sleep 31337')" = 1 ]; }
up_or_dead() { up || ! kill -0 "$daemon"; }
until_quick()
{
	i=$1; shift
	while [ "$i" -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.01
		i=$((i - 1))
	done
	return 1
}
lock_is_free() { flock -n "$MYCTR_RUN/lock" true; }
down()
{
	timeout 5 "$MYCTR" stop -t 0s killed >/dev/null 2>&1
	daemon=$(our_daemon)
	[ -z "$daemon" ] || kill -TERM "$daemon"
	until_quick 300 lock_is_free || wrong "the daemon does not end: $(cat "$live_dir/daemon.out")"
}
ended=0
# A whole life with the kill somewhere in it, then one without: that must find everything in order.
n=$((${KILL_FROM:-1} - 1))
boot "$MYCTR" daemon; until_quick 100 up; down; wait
before=$(left)
while n=$((n + some)) && [ $n -le "${KILL_TO:-1000000}" ]; do
	boot "$killat" -b $n "$MYCTR" daemon
	until_quick 50 up_or_dead
	down
	wait
	said=$(cat "$live_dir/said")
	# How many calls a life takes depends on who is faster.
	case $said in ended*) ended=$((ended + 1)); [ $ended -lt 5 ] || break ;; esac
	boot "$MYCTR" daemon
	until_quick 200 up || wrong "not up after the next start: $("$MYCTR" ps -a; cat "$live_dir/daemon.out")"
	until_quick 100 one || wrong "$(pgrep -fc '^sleep 31337') of it run"
	down
	wait
	clean
done
verdict "daemon, launcher, container: killed in a whole life, every ${some}th call"
done_testing
