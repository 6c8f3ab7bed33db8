#!/bin/sh
# SPDX-License-Identifier: MIT
# The supervisor under another init: manifest, order, restart, stop, logs, reload, adoption after SIGKILL.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

start_daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 5 test -S "$MYCTR_RUN/ctl"
}

# Field of a container in ps: field NAME COLUMN
status_of() { "$MYCTR" ps -a | awk -v n="$1" '$1 == n'; }
pid_of() { "$MYCTR" inspect --format tsv "$1" | awk -F'\t' '$1 == "state.pid" { print $2 }'; }
is_up() { status_of "$1" | grep -q 'Up '; }
is_down() { ! is_up "$1"; }

mkdir "$live_dir/go"
cat >"$MYCTR_ETC/manifest" <<END
[container first]
image = $root
storage = read-only
command = sh -c 'echo first ran'
task = yes

[container web]
image = $root
storage = read-only
command = sh -c 'trap "echo bye; exit 0" TERM; echo web is up; while :; do sleep 0.1; done'
after = first

[container slow]
image = $root
storage = read-only
command = sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done; exit 4'
mount = $live_dir/go:/tmp
task = yes

[container patient]
image = $root
storage = read-only
command = sh -c 'exit 5'
after = slow

[container crash]
image = $root
storage = read-only
command = sh -c 'echo crashing; exit 3'
restart = on-failure
restart-delay = 50ms
restart-limit = 3

[container stubborn]
image = $root
storage = read-only
command = sh -c 'trap "" TERM; while :; do sleep 0.1; done'
stop-timeout = 300ms
END

start_daemon
until_true 10 is_up web && ok "a service comes up" || not_ok "a service comes up" "$("$MYCTR" ps -a; cat "$live_dir/daemon.out")"
has "the task ended before" 'Exited \(0\)' "$(status_of first)"
is "its output is kept" "first ran" "$("$MYCTR" logs first)"
has "the service's too" "web is up" "$("$MYCTR" logs web)"
until_true 10 sh -c "'$MYCTR' ps -a | grep '^crash' | grep -Eq 'Failed|Gave'" ; has "gives up after its limit" '^crash .*(Failed|Gave up)' "$(status_of crash)"
is "tried as often as it may" 4 "$("$MYCTR" logs crash | grep -c crashing)"
is "ps fits 80 columns" 0 "$("$MYCTR" ps -a | awk 'length($0) > 80' | wc -l)"

# One that waits for others is neither down nor forgotten.
has "ps shows who waits" '^patient .*Waiting' "$("$MYCTR" ps)"
"$MYCTR" wait patient >"$live_dir/waited" 2>&1 &
waiter=$!
sleep 0.2
check "wait waits for it, too" kill -0 "$waiter"
touch "$live_dir/go/go"
wait "$waiter"
is "and gives its exit code" 5 "$(cat "$live_dir/waited")"

is "exec sees the container" web "$("$MYCTR" exec web hostname)"
"$MYCTR" exec web sh -c 'exit 9'; is "exec passes the status on" 9 $?
"$MYCTR" exec web nope 2>/dev/null; is "exec: not found is 127" 127 $?
is "exec has the rights of the container" "$("$MYCTR" exec web grep CapEff /proc/1/status)" \
	"$("$MYCTR" exec web grep CapEff /proc/self/status)"
is "exec has the filter" 2 "$("$MYCTR" exec web sh -c 'grep Seccomp: /proc/self/status | tr -dc 0-9')"
has "exec -t has a terminal" '/dev/pts/' "$(script -qec "'$MYCTR' exec -t web tty" /dev/null </dev/null)"
has "exec in what does not run" 'is not running' "$("$MYCTR" exec first true 2>&1)"

check "stop" "$MYCTR" stop web
is_down web && ok "it is down" || not_ok "it is down" "$(status_of web)"
has "its handler ran" bye "$("$MYCTR" logs web)"
check "start" "$MYCTR" start web
until_true 5 is_up web && ok "it is up again" || not_ok "it is up again"
old=$(pid_of web)
check "restart" "$MYCTR" restart web
until_true 5 is_up web
[ "$(pid_of web)" != "$old" ] && ok "another process" || not_ok "another process"
check "what ignores TERM is killed in time" timeout 5 "$MYCTR" stop stubborn
has "rm of a manifest's container is refused" 'in the manifest' "$("$MYCTR" rm -f stubborn 2>&1)"

name=$("$MYCTR" run -d --storage tmpfs --name extra "$root" sleep 1000)
is "run -d prints the name" extra "$name"
has "it is up" 'Up ' "$(status_of extra)"
is "its hostname is its name" extra "$("$MYCTR" exec extra hostname)"
has "its loopback is up" '<.*UP.*>' "$("$MYCTR" exec extra ip link show lo)"
"$MYCTR" kill extra; "$MYCTR" wait extra >/dev/null 2>&1
has "kill" '137|Killed|signal' "$(status_of extra)"
check "rm of it" "$MYCTR" rm extra
has "a failed start says why" 'nope: not found' "$("$MYCTR" run -d --name bad "$root" nope 2>&1)"
"$MYCTR" rm bad 2>/dev/null

# Killed without warning: the containers live on, what they say meanwhile is kept, and they are adopted.
before=$(pid_of web)
"$MYCTR" exec web sh -c 'echo before >/proc/1/fd/1'
kill -9 "$(cat "$live_dir/daemon.pid")"; wait 2>/dev/null
has "ps needs no supervisor" 'Up ' "$(status_of web)"
"$MYCTR" exec web sh -c 'echo meanwhile >/proc/1/fd/1' && ok "exec needs no supervisor" || not_ok "exec needs no supervisor"
start_daemon
until_true 5 sh -c "'$MYCTR' logs web | grep -q meanwhile"
is "the same process" "$before" "$(pid_of web)"
has "no line is lost" meanwhile "$("$MYCTR" logs web)"
has "nor what was there before" before "$("$MYCTR" logs web)"
has "adopted once" 'web: adopted' "$(cat "$live_dir/daemon.out")"
fails "a second supervisor is refused" "$MYCTR" daemon

sed -i 's/web is up/web two/' "$MYCTR_ETC/manifest"
printf '[container late]\nimage = %s\nstorage = read-only\ncommand = sleep 1000\n' "$root" >>"$MYCTR_ETC/manifest"
check "reload" "$MYCTR" reload
until_true 5 is_up late && ok "a new container is started" || not_ok "a new container is started"
until_true 5 sh -c "'$MYCTR' logs web | grep -q 'web two'" && ok "a changed one is restarted" || not_ok "a changed one is restarted" "$("$MYCTR" logs web)"
# A container that a manifest no longer has is not there any more, but nothing it wrote is lost.
printf '[container gone]\nimage = %s\ncommand = sh -c "echo kept >/root/file; sleep 1000"\n' "$root" >"$MYCTR_ETC/manifest.more"
cp "$MYCTR_ETC/manifest" "$live_dir/manifest.before"
cat "$MYCTR_ETC/manifest.more" >>"$MYCTR_ETC/manifest"
"$MYCTR" reload
until_true 5 test -s "$MYCTR_DATA/containers/gone/upper/root/file"
cp "$live_dir/manifest.before" "$MYCTR_ETC/manifest"
"$MYCTR" reload
until_true 20 sh -c "! '$MYCTR' ps -aq | grep -q '^gone$'" && ok "a container taken out is gone" || not_ok "a container taken out is gone" "$("$MYCTR" ps -a)"
is "what it wrote is not" kept "$(cat "$MYCTR_DATA/containers/gone/upper/root/file")"

echo '[container broken' >>"$MYCTR_ETC/manifest"
has "a broken manifest changes nothing" 'manifest:[0-9]+' "$("$MYCTR" reload 2>&1)"
is_up late && ok "what ran runs on" || not_ok "what ran runs on"

kill "$(cat "$live_dir/daemon.pid")"
until_true 10 sh -c "! kill -0 $(cat "$live_dir/daemon.pid") 2>/dev/null" && ok "SIGTERM ends it in order" || not_ok "SIGTERM ends it in order" "$(cat "$live_dir/daemon.out")"
is "no process is left" "" "$(pgrep -f 'sleep 1000')"
is "no mount is left" "" "$(grep "$live_dir" /proc/self/mounts)"
cp "$live_dir/manifest.before" "$MYCTR_ETC/manifest"
# As after a reboot: the runtime folder is empty, the data folder is not.
"$MYCTR" run --name old "$root" sh -c 'echo old >/root/file'
rm -rf "$MYCTR_RUN"
has "the name of an earlier boot is taken" 'there is a container' "$("$MYCTR" run --name old "$root" nope 2>&1)"
is "what it wrote is still there" old "$(cat "$MYCTR_DATA/containers/old/upper/root/file")"
check "it can be started" "$MYCTR" start old
until_true 10 sh -c "'$MYCTR' ps -a | grep -q '^old .*Exited'"
rm -rf "$MYCTR_RUN"
check "and removed" "$MYCTR" rm old
[ ! -e "$MYCTR_DATA/containers/old" ] && ok "with what it wrote" || not_ok "with what it wrote"
done_testing
