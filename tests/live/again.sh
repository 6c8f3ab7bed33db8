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
has_config() { [ ! -f "$config" ] || grep -q "^#define CONFIG_$1 1" "$config"; }
# Descriptors of the supervisor that are network namespaces.
kept() { find "/proc/$daemon/fd" -lname 'net:*' 2>/dev/null | wc -l; }
pool_is() { [ "$(kept)" = "$1" ]; }
# Network namespaces of processes and descriptors, in this PID namespace.
netns_all() { readlink /proc/[0-9]*/ns/net /proc/[0-9]*/fd/* 2>/dev/null | grep '^net:' | sort -u | wc -l; }

config=$(dirname "$MYCTR")/include/autoconf.h

# ---- network namespaces made ahead ------------------------------------------------------------------

pool()
{
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
	"$MYCTR" rm -f a b >/dev/null 2>&1
	kill $daemon
	wait $daemon 2>/dev/null
}

# ---- mounts kept for the next start -----------------------------------------------------------------

# Descriptors of the supervisor that are mount namespaces.
held() { find "/proc/$daemon/fd" -lname 'mnt:*' 2>/dev/null | wc -l; }
in_k() { "$MYCTR" exec k "$@"; }
mounts_of_k() { in_k cat /proc/1/mountinfo | cut -d' ' -f4- | sed 's/ master:[0-9]*//'; }
nodes_of_k() { in_k sh -c 'cd /dev && find . ! -type d -exec stat -c "%n %F %t %T %a %u %g" {} +' | grep -v pts/ | sort; }
all_loops() { losetup -a | grep -c "$live_dir"; }
# What a start leaves where the next one must not find it.
spoil_k() { in_k sh -c 'echo old >/dev/shm/left; echo old >/tmp/left; mkdir /tmp/d; echo $$ >/tmp/pid; ls -A /dev/shm /tmp'; }
clean_k() { in_k sh -c 'cat /proc/sys/kernel/hostname; ls -A /dev/shm /tmp /dev/pts; ps | grep -c "[s]leep 1000"; touch /x 2>&1 || ls -ld /; ls /sys/class/net'; }

make_image()
{
	mkdir -p "$live_dir/tree"
	cp -a "$root/." "$live_dir/tree/"
	echo "$1" >"$live_dir/tree/version"
	rm -f "$2"
	mksquashfs "$live_dir/tree" "$2" -quiet -no-progress >/dev/null 2>&1
}

# As it was at a first start: fresh WHAT
fresh()
{
	is "$1: the same mounts as at first" "$mounts" "$(mounts_of_k)"
	is "$1: the same devices" "$nodes" "$(nodes_of_k)"
	is "$1: nothing of the run before" "$clean" "$(clean_k)"
	for ns in mnt pid uts ipc net cgroup; do
		is "$1: a $ns namespace of its own" own "$([ "$(ns_of k $ns)" = "$(readlink "/proc/$daemon/ns/$ns")" ] || echo own)"
	done
}

keep()
{
	kind=$1 image=$2
	check "$kind: a first start" "$MYCTR" run -d --name k --read-only --stop-signal KILL --tmpfs /tmp "$image" sleep 1000
	mounts=$(mounts_of_k) nodes=$(nodes_of_k) clean=$(clean_k)
	is "$kind: keeps nothing" 0 "$(held)"
	spoil_k >/dev/null
	check "$kind: a restart" "$MYCTR" restart k
	is "$kind: keeps its mounts" 1 "$(held)"
	fresh "$kind, restarted"
	spoil_k >/dev/null
	other=$(readlink "/proc/$daemon/fd/"* 2>/dev/null | grep '^mnt:')
	check "$kind: another one" "$MYCTR" restart k
	is "$kind: is from what was kept" "1 $other" "$(held) $(readlink "/proc/$daemon/fd/"* 2>/dev/null | grep '^mnt:')"
	hasnt "$kind: which nobody is in" "^$(echo "$other" | sed 's/[][]/\\&/g')\$" "$(readlink /proc/[0-9]*/ns/mnt 2>/dev/null)"
	fresh "$kind, from what was kept"
}

kept_mounts()
{
	start_daemon
	keep folder "$root"
	check "a stop" "$MYCTR" stop k
	is "lets go of them" 0 "$(held)"
	check "a start" "$MYCTR" start k
	check "and a restart" "$MYCTR" restart k
	is "keep them again" 1 "$(held)"
	check "rm -f" "$MYCTR" rm -f k
	is "lets go, too" 0 "$(held)"
	if ! command -v mksquashfs >/dev/null || ! make_image one "$live_dir/k.sqfs" ||
		! run_in "$live_dir/k.sqfs" true 2>/dev/null; then
		skip "kept mounts of squashfs" "no squashfs or no loop devices here"
		return
	fi
	loops=$(all_loops)
	keep squashfs "$live_dir/k.sqfs"
	is "one loop device for all of it" $((loops + 1)) "$(all_loops)"
	make_image two "$live_dir/k2.sqfs"
	mv "$live_dir/k2.sqfs" "$live_dir/k.sqfs"
	check "a restart with another file there" "$MYCTR" restart k
	is "runs what is in it" two "$(in_k cat /version)"
	make_image three "$live_dir/k2.sqfs"
	cat "$live_dir/k2.sqfs" >"$live_dir/k.sqfs"
	check "a restart after it was written over" "$MYCTR" restart k
	is "runs what was written" three "$(in_k cat /version)"
	check "and from what was kept of it" "$MYCTR" restart k
	is "the same" three "$(in_k cat /version)"
	! has_config NETNS_POOL || until_true 10 pool_is 2
	fds=$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)
	there=$(wc -l </proc/self/mountinfo)
	i=0
	while [ $i -lt 100 ]; do
		"$MYCTR" restart k >/dev/null || break
		i=$((i + 1))
	done
	is "a hundred restarts" 100 $i
	settled() { [ "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)" = "$fds" ]; }
	until_true 10 settled
	is "need no descriptor more" "$fds" "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)"
	is "no mount" "$there" "$(wc -l </proc/self/mountinfo)"
	is "and no loop device" $((loops + 1)) "$(all_loops)"
	kill -9 $daemon "$(pid_of k)"
	wait $daemon 2>/dev/null
	gone() { [ "$(all_loops)" = "$loops" ]; }
	until_true 10 gone
	is "nothing is left of what a killed supervisor kept" "$loops" "$(all_loops)"
	start_daemon
	check "its successor starts it" "$MYCTR" start k
	is "and knows of nothing kept" 0 "$(held)"
}

if has_config NETNS_POOL; then pool; else skip "network namespaces made ahead" "not in this build"; fi
if has_config KEEP_MOUNTS; then kept_mounts; else skip "kept mounts" "not in this build"; fi
done_testing
