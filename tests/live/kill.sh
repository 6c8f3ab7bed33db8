#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at every system call of a run, an exec, a start and a stop: of the CLI and of the container's first
# process. After each the next command works, what is recorded is true, and after rm nothing is left.
# KILL_STEP=1 takes every call of every scenario, which takes minutes; else the first is done in full, others
# one call in three. kill_life.sh does the same to the daemon.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/kill.sh"
few=${KILL_STEP:-3}

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
each "$few" "$MYCTR" run --rm --name killed --userns yes "$root" true
verdict "run --rm --userns, killed anywhere"
each "$few" "$MYCTR" run --rm --name killed -v "$live_dir/etc:/etc" -i "$root" false
verdict "run --rm -i, killed anywhere"
check "and run still works" "$MYCTR" run --rm --name killed "$image" true
clean
is "with nothing left" "" "$bad"

# ---- exec ---------------------------------------------------------------------------------------

"$MYCTR" run -d --name killed --crash-log 0 --storage read-only "$image" sleep 31337 >/dev/null
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

done_testing
