#!/bin/sh
# SPDX-License-Identifier: MIT
# Health: each kind of probe, what waits for it, what it leads to, and what a hostile container makes of it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

if ! "$MYCTR" run --help 2>&1 | grep -q -- --health; then
	skip "health" "not in this build"
	done_testing
	exit 0
fi
${HOST_CC:-cc} -O1 -static -o "$live_dir/say" "$live_top/tests/live/say.c" || exit 1

start_daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 10 test -S "$MYCTR_RUN/ctl"
}
status_of() { "$MYCTR" ps -a | awk -v n="$1" '$1 == n'; }
health_of() { "$MYCTR" ps -a --format tsv | awk -F'\t' -v n="$1" '$1 == n { print $NF }'; }
is_now() { [ "$(health_of "$1")" = "$2" ]; }
count_of() { "$MYCTR" inspect --format tsv "$1" | awk -F'\t' -v k="state.$2" '$1 == k { print $2 }'; }
at_least() { [ "$(count_of "$1" "$2")" -ge "$3" ]; }
# NAME HEALTH: waits for it, then says whether it came
becomes()
{
	until_true 20 is_now "$1" "$2" && ok "$1 becomes $2" ||
		not_ok "$1 becomes $2" "$("$MYCTR" ps -a; "$MYCTR" inspect "$1" | head -n 12; cat "$live_dir/daemon.out")"
}

# NAME COMMAND KEY...: one more container in the manifest
container()
{
	printf '[container %s]\nimage = %s\nstorage = read-only\nstop-timeout = 1s\nmount = %s:/go\ncommand = %s\n' \
		"$1" "$root" "$live_dir/go" "$2"
	shift 2
	[ $# -eq 0 ] || printf '%s\n' "$@"
}
mkdir "$live_dir/go" "$root/go"
idle="sh -c 'while :; do sleep 0.1; done'"
web="sh -c 'while :; do printf \"HTTP/1.0 \$(cat /go/code) x\\r\\n\\r\\n\" | nc -l -p 8080; done'"
echo 200 >"$live_dir/go/code"
{
	container gate "$idle" 'health = file /go/open every 50ms retries 2 start-period 10m'
	container waits "$idle" 'after = gate healthy'
	container needs "$idle" 'requires = gate healthy'
	container plain "$idle"
	container behind "$idle" 'after = plain healthy, gate'
	container cmd "$idle" 'health = every 50ms retries 1 exec sh -c "echo seen \$NOPE; test -e /go/cmd"'
	container tcp "sh -c 'while :; do nc -l -p 7000 </dev/null >/dev/null; done'" 'health = tcp 7000 every 50ms retries 100'
	container http "$web" 'health = http 8080 /x every 100ms retries 2 start-period 10m'
	container sick "$idle" 'health = file /go/never every 20ms retries 2' 'restart = on-failure' \
		'restart-delay = 20ms' 'restart-limit = 2' 'stop-signal = KILL'
	container hung "$idle" 'health = exec sleep 1000 every 20ms timeout 100ms retries 1'
} >"$MYCTR_ETC/manifest"

check "the manifest is good" "$MYCTR" manifest check
start_daemon
becomes cmd unhealthy
has "ps shows it" '^cmd .*Up .*\(unhealthy\)' "$(status_of cmd)"
is "ps fits 80 columns" 0 "$("$MYCTR" ps -a | awk 'length($0) > 80' | wc -l)"
has "inspect says what was seen" '^# said +exit 1: seen' "$("$MYCTR" inspect cmd)"
has "and shows the key" '^health += .*exec sh -c' "$("$MYCTR" inspect cmd)"
touch "$live_dir/go/cmd"
becomes cmd healthy
is "without a restart policy nothing is restarted" 0 "$(count_of cmd restarts)"
becomes tcp healthy
becomes http healthy
echo 500 >"$live_dir/go/code"
becomes http unhealthy
has "it says the status" 'said +status 500' "$("$MYCTR" inspect http)"
becomes hung unhealthy
has "it says why" 'said +the command takes too long' "$("$MYCTR" inspect hung)"
until_true 10 sh -c "! '$MYCTR' exec hung ps | grep -q '[s]leep 1000'" && ok "nothing is left of a probe that hangs" ||
	not_ok "nothing is left of a probe that hangs" "$("$MYCTR" exec hung ps)"

is "one that is not healthy holds up who waits for it" "Waiting Waiting" \
	"$(status_of waits | awk '{ printf "%s ", $3 }')$(status_of needs | awk '{ print $3 }')"
until_true 10 sh -c "'$MYCTR' ps | grep -q '^behind.*Up'" && ok "who waits for one without a key starts" ||
	not_ok "who waits for one without a key starts" "$(status_of behind)"
touch "$live_dir/go/open"
becomes gate healthy
until_true 10 sh -c "'$MYCTR' ps | grep -c '^waits.*Up\|^needs.*Up' | grep -q 2" && ok "then they start" ||
	not_ok "then they start" "$("$MYCTR" ps -a)"

until_true 20 sh -c "'$MYCTR' ps -a | grep -q '^sick.*Failed'"
is "one that stays sick is restarted to its limit" 2 "$(count_of sick restarts)"
has "and then not any more" '^sick .*(Failed|Exited)' "$(status_of sick)"
has "the daemon says why" 'sick: unhealthy: /go/never: No such file' "$(cat "$live_dir/daemon.out")"

check "stop of a healthy one" "$MYCTR" stop cmd
hasnt "ps does not show the health of what is down" 'healthy' "$(status_of cmd)"

# Another supervisor goes on looking.
kill -9 "$(cat "$live_dir/daemon.pid")"; wait 2>/dev/null
start_daemon
is "an adopted one is still healthy" healthy "$(health_of gate)"
rm "$live_dir/go/open"
becomes gate unhealthy

# What services say themselves.
cp "$live_dir/say" "$live_dir/go/"
touch "$live_dir/go/alive"
for mode in well flood; do
	container "$mode" "/go/say $mode" 'health = notify every 2s'
done >"$MYCTR_ETC/manifest"
check "reload" "$MYCTR" reload
becomes well starting
touch "$live_dir/go/ready"
becomes well healthy
has "its words are kept, without escapes" 'said +up \? and away' "$("$MYCTR" inspect well)"
is "it was told how often to speak" "usec 2000000" "$("$MYCTR" logs well)"
touch "$live_dir/go/trigger"
until_true 20 sh -c "! test -e '$live_dir/go/trigger'"
becomes well healthy
rm "$live_dir/go/alive"
becomes well unhealthy
# what it said before may not have been read when it was still healthy
until_true 20 sh -c "'$MYCTR' inspect well | grep -q 'said .*no WATCHDOG=1'"
has "it says why" 'said +no WATCHDOG=1 in time' "$("$MYCTR" inspect well)"
touch "$live_dir/go/alive"
becomes well healthy
kill -9 "$(cat "$live_dir/daemon.pid")"; wait 2>/dev/null
rm "$live_dir/go/alive"
start_daemon
becomes well unhealthy
touch "$live_dir/go/alive"
becomes well healthy
is "a flood is neither ready nor the end of the supervisor" starting "$(health_of flood)"

# What is wrong is said before anything starts.
for bad in 'tcp 0' 'tcp 70000' 'exec' 'http 80 x' 'file x' 'ping' 'tcp 80 every 5' 'tcp 80 retries 0' 'notify timeout 5s' \
	'tcp 80 often'; do
	printf '[container a]\nimage = x\ncommand = x\nhealth = %s\n' "$bad" >"$live_dir/bad"
	case $bad in
	'tcp 80 every 5') check "health = $bad" "$MYCTR" manifest check "$live_dir/bad" ;;
	*) fails "health = $bad" "$MYCTR" manifest check "$live_dir/bad" ;;
	esac
done
kill "$(cat "$live_dir/daemon.pid")"; wait 2>/dev/null
done_testing
