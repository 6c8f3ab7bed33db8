#!/bin/sh
# SPDX-License-Identifier: MIT
# What a supervisor makes ahead or keeps for starts: a container started from it is like one that is started for
# the first time, nothing of a former run is in it, and nothing is left over when the supervisor is killed.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

start_daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>&1 &
	daemon=$!
	echo $daemon >"$live_dir/daemon.pid"
	until_true 10 test -S "$MYCTR_RUN/ctl"
}

pid_of() { "$MYCTR" inspect --format tsv "$1" | awk -F'\t' '$1 == "state.pid" { print $2 }'; }
ns_of() { readlink "/proc/$(pid_of "$1")/ns/$2"; }
# Descriptors of the supervisor that are network namespaces.
kept() { find "/proc/$daemon/fd" -lname 'net:*' 2>/dev/null | wc -l; }
pool_is() { [ "$(kept)" = "$1" ]; }
# Network namespaces of processes and descriptors, in this PID namespace.
netns_all() { readlink /proc/[0-9]*/ns/net /proc/[0-9]*/fd/* 2>/dev/null | grep '^net:' | sort -u | wc -l; }

config=$(dirname "$MYCTR")/include/autoconf.h
if [ -f "$config" ] && ! grep -q "^#define CONFIG_NETNS_POOL 1" "$config"; then
	skip "network namespaces made ahead" "this build has none"
	done_testing
	exit 0
fi
size=2
: >"$MYCTR_ETC/manifest"

start_daemon
is "no container, no network namespace kept" 0 "$(kept)"
check "a first container makes its own" "$MYCTR" run -d --name a --read-only --stop-signal KILL "$root" sleep 1000
until_true 10 pool_is $size
is "then some are made ahead" $size "$(kept)"
before=$(readlink "/proc/$daemon/fd/"* 2>/dev/null | grep '^net:')
check "a second container" "$MYCTR" run -d --name b --read-only --stop-signal KILL "$root" sleep 1000
has "has one of them" "^$(ns_of b net | sed 's/[][]/\\&/g')\$" "$before"
hasnt "which is not the first container's" "^$(ns_of a net | sed 's/[][]/\\&/g')\$" "$(ns_of b net)"
inside() { "$MYCTR" exec "$1" sh -c 'cat /proc/net/dev | tail -n +3 | cut -d: -f1; cat /sys/class/net/lo/operstate /sys/class/net/lo/flags; ls /sys/class/net; ip -o addr 2>/dev/null | grep -c 127.0.0.1'; }
is "and finds in it what the first finds in its own" "$(inside a)" "$(inside b)"
hasnt "the host's interfaces are not there" 'eth|ens|docker' "$(inside b)"
one=$(ns_of b net)
until_true 10 pool_is $size
check "a restart" "$MYCTR" restart b
hasnt "has another one" "^$(echo "$one" | sed 's/[][]/\\&/g')\$" "$(ns_of b net)"
check "a container in the host's network" "$MYCTR" run -d --name h --net host --read-only --stop-signal KILL "$root" sleep 1000
is "is in the supervisor's" "$(readlink "/proc/$daemon/ns/net")" "$(ns_of h net)"
check "it is removed" "$MYCTR" rm -f h
until_true 10 pool_is $size
before=$(readlink "/proc/$daemon/fd/"* 2>/dev/null | grep '^net:')
check "a reload" "$MYCTR" reload
is "lets go of them" 0 "$(kept)"
check "a start after it" "$MYCTR" restart b
hasnt "takes none that was there before" "^$(ns_of b net | sed 's/[][]/\\&/g')\$" "$before"
until_true 10 pool_is $size
all=$(netns_all)
fds=$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)
i=0
while [ $i -lt 30 ]; do
	"$MYCTR" restart b >/dev/null || break
	i=$((i + 1))
done
is "thirty restarts" 30 $i
until_true 10 pool_is $size
settled() { [ "$(netns_all)" = "$all" ] && [ "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)" = "$fds" ]; }
until_true 10 settled
is "leave no network namespace more" "$all" "$(netns_all)"
is "and no descriptor" "$fds" "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)"
kill -9 $daemon
wait $daemon 2>/dev/null
gone() { [ "$(netns_all)" = $((all - size)) ]; }
until_true 10 gone
is "those of a killed supervisor are gone" $((all - size)) "$(netns_all)"
start_daemon
check "its successor restarts what it has adopted" "$MYCTR" restart a
done_testing
