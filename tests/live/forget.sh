#!/bin/sh
# SPDX-License-Identifier: MIT
# Removing what a container has written never holds up the supervisor, and a crash on the way leaves nothing
# for good.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

start_daemon()
{
	"$MYCTR" daemon >"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 5 test -S "$MYCTR_RUN/ctl"
}
gone=$MYCTR_DATA/containers/~gone
no_gone() { [ ! -e "$gone" ]; }

start_daemon
"$MYCTR" run -d --name one "$root" sh -c 'mkdir -p /root/a/b/c; echo x >/root/a/b/c/d; sleep 1000' >/dev/null
"$MYCTR" run -d --name two "$root" sh -c 'echo x >/root/file; sleep 1000' >/dev/null
until_true 5 test -s "$MYCTR_DATA/containers/one/upper/root/a/b/c/d"

# Who holds this lock is busy removing, for as long as he likes.
mkdir -p "$gone"
flock "$gone" sleep 60 &
holder=$!
check "rm does not wait until all is removed" timeout 5 "$MYCTR" rm -f one
[ ! -e "$MYCTR_DATA/containers/one" ] && ok "its name is free" || not_ok "its name is free"
check "the supervisor answers" timeout 5 "$MYCTR" stop -t 0s two
check "a container of the same name can be made" timeout 5 "$MYCTR" run -d --name one "$root" sleep 1000
is "what the other wrote is not in it" "" "$("$MYCTR" exec one ls /root)"
check "a second rm, too" timeout 5 "$MYCTR" rm -f one two
find "$gone" -name d | grep -q . && ok "it is kept aside meanwhile" || not_ok "it is kept aside meanwhile"
pkill -P "$holder"
until_true 5 no_gone && ok "then it is removed" || not_ok "then it is removed" "$(find "$gone")"

# Killed on the way, or the power was cut.
kill -9 "$(cat "$live_dir/daemon.pid")"
wait
mkdir -p "$gone/old~17/upper/x/y"
echo z >"$gone/old~17/upper/x/y/z"
start_daemon
until_true 5 no_gone && ok "what a crash has left is removed at the next start" || not_ok "what a crash has left is removed at the next start" "$(find "$gone")"
hasnt "and it is no container" old "$("$MYCTR" ps -a)"
kill "$(cat "$live_dir/daemon.pid")"; wait
mkdir -p "$gone/old~17/upper"
"$MYCTR" run --name three "$root" true
check "without a supervisor" "$MYCTR" rm three
no_gone && ok "all of it is removed at once" || not_ok "all of it is removed at once" "$(find "$gone")"
# One in somebody's terminal writes its record a last time when it ends, and must not write it back.
i=0 bad=''
while [ $i -lt 10 ]; do
	i=$((i + 1))
	"$MYCTR" run --network none --name four "$root" sleep 1000 >/dev/null 2>&1 &
	until_true 5 sh -c "'$MYCTR' ps | grep -q '^four .*Up'"
	"$MYCTR" rm -f four || bad="$bad rm $i;"
	wait $!
	[ -z "$("$MYCTR" ps -aq)" ] || bad="$bad listed $i;"
	[ ! -e "$MYCTR_DATA/containers/four" ] || bad="$bad kept $i;"
done
is "rm -f of one in a terminal is for good" "" "$bad"
done_testing
