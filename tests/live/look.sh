#!/bin/sh
# SPDX-License-Identifier: MIT
# Looking: ps, logs and wait beside a supervisor, while it is dead, and under a flood of output.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

start_daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 5 test -S "$MYCTR_RUN/ctl"
}

field() { "$MYCTR" ps -a --format tsv | awk -F'\t' -v n="$1" -v f="$2" '$1 == n { print $f }'; }
phase_is() { [ "$(field "$1" 2)" = "$2" ]; }
disk_use() { du -ab "$1" | awk '$2 ~ /flood/ { n += $1 } END { print n }'; }
now_ms() { date +%s%3N; }

cat >"$MYCTR_ETC/manifest" <<END
[container talk]
image = $root
storage = read-only
command = sh -c 'i=0; while [ \$i -lt 50 ]; do echo line \$i; i=\$((i+1)); done; printf "\\033[2Jred\\n"; sleep 1; printf last; exit 4'

[container tofile]
image = $root
storage = read-only
log = file
command = sh -c 'echo to file; while :; do sleep 0.2; echo tick; done'

[container silent]
image = $root
storage = read-only
log = none
command = sleep 1000

[container again]
image = $root
storage = read-only
command = sh -c 'echo try; sleep 0.1; exit 3'
restart = on-failure
restart-delay = 50ms
restart-limit = 2
autostart = no

[container flood]
image = $root
storage = read-only
log-size = 64K
autostart = no
command = yes 0123456789012345678901234567890123456789012345678901234567890123456789

[container floodfile]
image = $root
storage = read-only
log = file
log-size = 64K
log-files = 2
autostart = no
command = yes 0123456789012345678901234567890123456789012345678901234567890123456789
END
start_daemon
until_true 5 sh -c "'$MYCTR' logs talk | grep -q red"

is "logs -n gives the last lines, bytes as they came" "$(printf 'line 49\n\033[2Jred')" "$("$MYCTR" logs -n 2 talk)"
has "logs -t puts the time in front" '^20[0-9-]{8}T[0-9:.]{12}Z line 49$' "$("$MYCTR" logs -t -n 2 talk | head -n 1)"
if command -v script >/dev/null; then
	got=$(script -qec "'$MYCTR' logs -n 1 talk" /dev/null)
	has "on a terminal escapes are shown, not sent" '^.x1b.2Jred' "$got"
	hasnt "nothing of them is left" "$(printf '\033')" "$got"
else
	skip "on a terminal escapes are shown, not sent" "script(1) is missing"
fi
is "logs -f goes on to the container's last byte" "$(printf 'line 49\n\033[2Jred\nlast')" "$("$MYCTR" logs -f -n 2 talk)"
"$MYCTR" wait talk >"$live_dir/out"
is "wait exits with the container's code" 4 $?
is "and prints it" 4 "$(cat "$live_dir/out")"
has "ps shows it with -a" 'talk +rootfs +Exited \(4\)' "$("$MYCTR" ps -a)"
hasnt "and not without" talk "$("$MYCTR" ps)"
is "the log of one that has ended is there" 52 "$("$MYCTR" logs talk | grep -ac .)"

has "log = file writes lines a person can grep" '^20[0-9-]{8}T[0-9:.]{12}Z to file$' "$(head -n 1 "$MYCTR_LOG/tofile.log")"
is "and logs reads them" "to file" "$("$MYCTR" logs tofile | head -n 1)"
has "log = none has nothing to read, and says why" 'silent: nothing is stored, as log = none' "$("$MYCTR" logs silent 2>&1)"
has "an unknown name: the nearest is named" 'tlak: no such container; did you mean talk' "$("$MYCTR" logs tlak 2>&1)"
fails "a name that is a path" "$MYCTR" logs ../state
"$MYCTR" logs -n x talk 2>/dev/null
is "a bad number of lines is a usage error" 2 $?
"$MYCTR" wait tlak 2>/dev/null
is "waiting for what is not there fails" 125 $?

"$MYCTR" start again
is "wait waits through restarts" "3 2" "$("$MYCTR" wait again) $(field again 6)"
is "and logs has all of them" 3 "$("$MYCTR" logs again | grep -c try)"
"$MYCTR" wait silent >"$live_dir/out" 2>&1 &
waiter=$!
sleep 0.2
if kill -0 $waiter 2>/dev/null; then ok "wait waits"; else not_ok "wait waits" "$(cat "$live_dir/out")"; fi
"$MYCTR" stop -t 0 silent
wait $waiter
is "for a container that is killed, too" "137 137" "$? $(cat "$live_dir/out")"
"$MYCTR" start silent

# ---- without the supervisor ----
kill -KILL "$(cat "$live_dir/daemon.pid")"
sleep 0.3
is "ps answers with the supervisor dead" running "$(field tofile 2)"
is "logs answers with the supervisor dead" "to file" "$("$MYCTR" logs tofile | head -n 1)"
kill -KILL "$(field silent 5)"
until_true 5 phase_is silent exited
is "a container that ended unseen is not shown as running" "exited unknown -1" "$("$MYCTR" ps -a --format tsv |
	awk -F'\t' '$1 == "silent" { print $2, $3, $4 }')"
before=$("$MYCTR" logs tofile | grep -c tick)
start_daemon
more_ticks() { [ "$("$MYCTR" logs tofile | grep -c tick)" -gt "$((before + 3))" ]; }
check "the log goes on with the next supervisor" until_true 5 more_ticks

# ---- flood ----
check "start a container that floods its log" "$MYCTR" start flood floodfile
begin=$(now_ms)
"$MYCTR" logs -f flood 2>/dev/null | head -c 20000000 >/dev/null &
reader=$!
worst=0
for _ in 1 2 3 4 5 6 7 8; do
	sleep 0.25
	t=$(now_ms)
	"$MYCTR" ps >/dev/null
	t=$(($(now_ms) - t))
	[ $t -le $worst ] || worst=$t
done
if [ $worst -lt 1000 ]; then ok "ps answers within a second"; else not_ok "ps answers within a second" "$worst ms"; fi
size=$(stat -c %s "$MYCTR_RUN/logs/flood.ring")
if [ "$size" -le 65664 ]; then ok "the ring keeps its size"; else not_ok "the ring keeps its size" "$size bytes"; fi
use=$(disk_use "$MYCTR_LOG")
if [ "$use" -le 262144 ]; then ok "files stay within their bound"; else not_ok "files stay within their bound" "$use bytes"; fi
t=$(now_ms)
check "stop answers" "$MYCTR" stop -t 0 flood floodfile
echo "# stop took $(($(now_ms) - t)) ms, worst ps $worst ms"
kill $reader 2>/dev/null
wait $reader 2>/dev/null
hasnt "no line of a flooded ring is torn" '^[^0]|[^0-9]' "$("$MYCTR" logs flood | sed -e 1d -e '$d')"
hasnt "no line of flooded files is torn" '^[^0]|[^0-9]' "$("$MYCTR" logs floodfile 2>/dev/null | sed -e 1d -e '$d')"
echo "# flood took $(($(now_ms) - begin)) ms"

check "run -d --name gone" "$MYCTR" run -d --name gone --read-only "$root" echo here
until_true 5 phase_is gone exited
is "its log is there" here "$("$MYCTR" logs gone)"
check "rm" "$MYCTR" rm gone
is "rm takes the log along" "" "$(find "$MYCTR_RUN/logs" -name 'gone*')"
fails "and the name is forgotten" "$MYCTR" logs gone
"$MYCTR" stop -t 0 tofile silent >/dev/null 2>&1
done_testing
