#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at every system call of a run, an exec, a start and a stop: of the CLI, of launchers, of the
# daemon and of the container's first process. After each the next command works, what is recorded is true,
# and after rm nothing is left. KILL_STEP=1 takes every call of every scenario, which takes minutes; else the
# first is done in full, others one call in three, the daemon's life one in thirteen.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

killat=$live_dir/killat
${HOST_CC:-cc} -D_GNU_SOURCE -O1 -o "$killat" "$(dirname "$0")/killat.c" || { echo "Bail out! killat.c does not compile"; exit 1; }
few=${KILL_STEP:-3} some=${KILL_STEP:-13}
image=$root
if mksquashfs "$root" "$live_dir/root.sqfs" -comp lz4 -quiet -no-progress >/dev/null 2>&1; then
	"$MYCTR" run --rm --name killed "$live_dir/root.sqfs" true 2>/dev/null && image=$live_dir/root.sqfs
fi
bad='' n=0

# The second word of what killat says tells who was killed.
wrong() { bad="$bad
call $n ($said): $1"; }

# Everything of ours that may be left somewhere: folders, mounts, loop devices, cgroups, processes.
left()
{
	find "$MYCTR_RUN" "$MYCTR_DATA" "$MYCTR_LOG" ! -name state ! -name lock ! -path '*/images/trees*' 2>/dev/null | sort
	grep "$live_dir" /proc/self/mounts
	cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep "$live_dir"
	find /sys/fs/cgroup -maxdepth 4 -type d -name 'killed' 2>/dev/null
	pgrep -fa "^sleep 31337|myctr .*$live_dir/root" | cut -d' ' -f2-
}

# What is left must become what was there before; the kernel may take a moment for the dead.
clean()
{
	tries=60
	while [ "$(left)" != "$before" ]; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ]; then
			wrong "left behind: $(left | grep -vxF "$before")"
			break
		fi
		sleep 0.05
	done
}

# The record says what is; then the container is removed.
remove()
{
	timeout 5 "$MYCTR" ps -a >"$live_dir/ps" 2>&1 || wrong "ps: $(cat "$live_dir/ps")"
	if grep -q '^killed ' "$live_dir/ps"; then
		timeout 10 "$MYCTR" rm -f killed >"$live_dir/rm" 2>&1 || wrong "rm: $(cat "$live_dir/rm")"
	fi
	"$MYCTR" ps -aq | grep -q '^killed$' && wrong "still listed"
	clean
}

# verdict NAME: how the calls 1 to n went
verdict()
{
	if [ -z "$bad" ] && [ "$n" -gt 10 ]; then ok "$1 ($n calls)"; else not_ok "$1 ($n calls)" "$(printf '%s\n' "$bad" | head -n 30)"; fi
	bad=''
}

# each STEP COMMAND...: kills at call STEP, 2 STEP and so on until there are no more; `after` looks at each.
each()
{
	by=$1 n=0
	shift
	while n=$((n + by)); do
		said=$("$killat" $n "$@" 2>&1 </dev/null | grep -E '^(killed|ended|killat)')
		case $said in
		*ended*) said=''; after; break ;;
		*killed*) ;;
		*) wrong "no end" ;;
		esac
		after
	done
}

# ---- in the foreground, without a supervisor ------------------------------------------------------

"$MYCTR" run --name killed "$image" true && "$MYCTR" rm killed
before=$(left)
after() { remove; }
each "${KILL_STEP:-1}" "$MYCTR" run --name killed --storage overlay -v "$live_dir/etc:/etc" "$image" true
verdict "run, killed anywhere"
each "$few" "$MYCTR" run --rm --name killed --userns "$root" true
verdict "run --rm --userns, killed anywhere"
each "$few" "$MYCTR" run --rm --name killed -v "$live_dir/etc:/etc" -i "$root" false
verdict "run --rm -i, killed anywhere"
check "and run still works" "$MYCTR" run --rm --name killed "$image" true
clean
is "with nothing left" "" "$bad"

# The supervisor of our folders, not of another test's.
our_daemon()
{
	for p in $(pgrep -x myctr; pgrep -f '^myctr daemon'); do
		grep -qzx "MYCTR_RUN=$MYCTR_RUN" "/proc/$p/environ" 2>/dev/null && echo "$p"
	done | sort -u | head -n 1
}

# ---- exec ---------------------------------------------------------------------------------------

"$MYCTR" run -d --name killed --storage read-only "$image" sleep 31337 >/dev/null
daemon=$(our_daemon)
pid=$("$MYCTR" inspect --format tsv killed | awk '$1 == "state.pid" { print $2 }')
before=$(left)
after()
{
	[ "$(timeout 5 "$MYCTR" exec killed echo fine 2>&1)" = fine ] || wrong "exec does not work any more"
	clean
}
each "$few" "$MYCTR" exec -e A=1 killed true
verdict "exec, killed anywhere"
is "the container never noticed" "$pid" "$("$MYCTR" inspect --format tsv killed | awk '$1 == "state.pid" { print $2 }')"
is "nobody who joined it lives on" "" "$("$MYCTR" exec killed sh -c 'cat /proc/[0-9]*/status' 2>&1 |
	awk '$1 == "Name:" { name = $2 } $1 == "State:" && $2 != "Z" { print name }' | grep -Evx 'sleep|sh|cat')"

# ---- the CLI of stop, start, restart, rm -----------------------------------------------------------

up() { "$MYCTR" ps | grep -q '^killed '; }
after()
{
	timeout 5 "$MYCTR" start killed >"$live_dir/start" 2>&1 || wrong "start: $(cat "$live_dir/start")"
	up || wrong "not up after start"
	clean
}
each 1 "$MYCTR" stop -t 0s killed
verdict "stop, killed anywhere"
each 1 "$MYCTR" restart -t 0s killed
verdict "restart, killed anywhere"
before=$(printf '%s\n' "$before" | grep -v 'killed\|31337\|loop\|root.sqfs')
[ -z "$daemon" ] || kill "$daemon"
"$MYCTR" rm -f killed >/dev/null 2>&1

# ---- the daemon, its launchers, the container --------------------------------------------------------

cat >"$MYCTR_ETC/manifest" <<END
[container killed]
image = $image
storage = tmpfs
command = sleep 31337
restart = no
stop-timeout = 0
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
# A whole life with the kill somewhere in it, then one without: that must find everything in order.
n=0
boot "$MYCTR" daemon; until_quick 100 up; down; wait
before=$(left)
while n=$((n + some)); do
	boot "$killat" -b $n "$MYCTR" daemon
	until_quick 50 up_or_dead
	down
	wait
	said=$(cat "$live_dir/said")
	[ "${said#ended}" = "$said" ] || break
	boot "$MYCTR" daemon
	until_quick 200 up || wrong "not up after the next start: $("$MYCTR" ps -a; cat "$live_dir/daemon.out")"
	until_quick 100 one || wrong "$(pgrep -fc '^sleep 31337') of it run"
	down
	wait
	clean
done
verdict "daemon, launcher, container: killed in a whole life, every ${some}th call"
done_testing
