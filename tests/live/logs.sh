#!/bin/sh
# SPDX-License-Identifier: MIT
# Output that goes elsewhere: to a syslog server by UDP and TCP, to the kernel's log; what is kept of a container that
# has failed; what happens when a log has used its budget.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

start_daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 20 test -S "$MYCTR_RUN/ctl"
}

# serve FILE ADDRESS: what arrives there goes to FILE
serve()
{
	socat -u "$2" "OPEN:$1,creat,append" >/dev/null 2>&1 &
	servers="${servers:-} $!"
}

mark=$(date +%s%N)
udp=$(($$ % 20000 + 20000)) tcp=$(($$ % 20000 + 40000))
cat >"$MYCTR_ETC/manifest" <<END
[system]
log-server = udp:127.0.0.1:$udp
[container one]
image = $root
storage = read-only
log-also = syslog
command = sh -c 'echo by UDP; sleep 1000'
[container two]
image = $root
storage = read-only
log = syslog
log-server = tcp:[::1]:$tcp
autostart = no
command = sh -c 'echo by TCP; sleep 1000'
[container three]
image = $root
storage = read-only
log-also = kmsg
autostart = no
command = sh -c 'echo kernel $mark; sleep 1000'
[container broken]
image = $root
storage = read-only
crash-log = 100
restart = on-failure
restart-delay = 10s
autostart = no
command = sh -c 'i=0; while [ \$i -lt 50 ]; do echo "line \$i"; i=\$((i+1)); done; printf "\\033[31mlast words"; exit 3'
[container writer]
image = $root
storage = read-only
log = file
log-budget = 20K
autostart = no
command = sh -c 'i=0; while [ \$i -lt 1000 ]; do echo "this is line \$i"; i=\$((i+1)); done; sleep 1000'
[container devlog]
image = $root
storage = read-only
dev-log = yes
autostart = no
command = sh -c 'busybox logger -t app -p daemon.err by logger; sleep 1000'
END
serve "$live_dir/udp" "UDP4-RECV:$udp,bind=127.0.0.1"
until_true 20 grep -q "$(printf ':%04X ' $udp)" /proc/net/udp
start_daemon
check "a line comes to the server of [system]" until_true 20 grep -q 'by UDP' "$live_dir/udp"
has "as a message of RFC 5424" "^<30>1 20[0-9-]{8}T[0-9:.]{12}Z $(uname -n) one - - - by UDP\$" "$(cat "$live_dir/udp")"
is "and is in the container's own log" 'by UDP' "$("$MYCTR" logs one)"

check "a container starts while its server is not there" "$MYCTR" start two
serve "$live_dir/tcp" "TCP6-LISTEN:$tcp,bind=[::1],reuseaddr,ipv6only=1"
check "what it said arrives when the server is" until_true 60 grep -q 'by TCP' "$live_dir/tcp"
has "with its length in front" "^[0-9]+ <30>1 [^ ]+ $(uname -n) two - - - by TCP" "$(cat "$live_dir/tcp")"
has "logs says why it has nothing" 'nothing is stored, as log = syslog' "$("$MYCTR" logs two 2>&1)"

check "to the kernel's log" "$MYCTR" start three
check "it arrives there" until_true 20 sh -c "dmesg | grep -q 'three: kernel $mark'"

check "one that fails" "$MYCTR" start broken
check "leaves its last output" until_true 20 test -s "$MYCTR_DATA/containers/broken/crash"
got=$("$MYCTR" logs --crash broken)
has "which says what happened" '^20[0-9-]{8}T[0-9:.]{12}Z broken: exit code 3, 0 restarts; its last output:$' "$got"
has "and ends with its last words" "^$(printf '\033')\\[31mlast words\$" "$got"
is "and is no longer than asked for" 100 "$(tail -c +"$(($(head -n 1 "$MYCTR_DATA/containers/broken/crash" | wc -c) + 1))" "$MYCTR_DATA/containers/broken/crash" | wc -c)"
"$MYCTR" stop broken >/dev/null
fails "one that has not failed" "$MYCTR" logs --crash one
has "has left nothing" 'one: nothing was kept: it has not failed, or crash-log = 0' "$got"

check "one that writes more than its budget" "$MYCTR" start writer
check "goes on in memory" until_true 20 sh -c "'$MYCTR' logs writer | grep -q 'this is line 999$'"
is "logs has all of it, in order" 1000 "$("$MYCTR" logs writer | awk '/^this is line/ && $4 == n { n++ } END { print n }')"
size=$(wc -c <"$MYCTR_LOG/writer.log")
check "flash has no more than the budget" sh -c "echo $size; [ $size -le 20480 ] && [ $size -ge 1000 ]"
has "and inspect says so" "in memory, as today's log-budget is used up" "$("$MYCTR" inspect writer)"
has "the supervisor has said it" 'writer: its log has used the log-budget of today' "$(cat "$live_dir/daemon.out")"

check "one that logs to /dev/log" "$MYCTR" start devlog
check "has that in its log" until_true 20 sh -c "'$MYCTR' logs devlog | grep -q '^err: app: by logger$'"
kill -9 "$(cat "$live_dir/daemon.pid")"
wait "$(cat "$live_dir/daemon.pid")" 2>/dev/null
start_daemon
check "also when its supervisor is another" until_true 20 sh -c "'$MYCTR' exec devlog busybox logger -t later again; '$MYCTR' logs devlog | grep -q '^later: again$'"

fails "a server that is no address" "$MYCTR" run --rm --log-also syslog --log-server udp:example.org "$root" true
has "is an error that says what is one" 'log-server = udp:example.org: expected udp:ADDRESS' "$got"
fails "syslog without a server" "$MYCTR" run --rm --log-also syslog "$root" true
has "says that it needs one" 'syslog: needs a log-server' "$got"
fails "the same driver twice" "$MYCTR" run --rm --log ring --log-also ring "$root" true
has "is said" 'log-also = ring: log is that already' "$got"
fails "a driver that is not there" "$MYCTR" run --rm --log-also nothing "$root" true
has "is said too" 'log-also = nothing: not in this build' "$got"

# shellcheck disable=SC2086 # a list
kill $servers 2>/dev/null
done_testing
