#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # expanded in the container
# Runs in the machine of limits.sh, by BusyBox: `all` where every controller is there, `missing` where memory's is not.
export PATH=/bin MYCTR_NETWORK=none
cg=/sys/fs/cgroup/myctr
n=0

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok()
{
	n=$((n + 1))
	echo "not ok $n - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2, got: $3"; fi; }
has() { if printf '%s\n' "$3" | grep -Eq -- "$2"; then ok "$1"; else not_ok "$1" "wanted /$2/ in: $3"; fi; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
run() { myctr run --rm --read-only --tmpfs /tmp "$@" 2>&1; }
# the file of the running container's cgroup, seen from inside
value() { file=$1; shift; run "$@" /box cat "/sys/fs/cgroup/$file"; }

all()
{
	is "memory" 16777216 "$(value memory.max --memory 16M)"
	is "memory-high" 8388608 "$(value memory.high --memory-high 8M)"
	is "memory-low" 4194304 "$(value memory.low --memory-low 4M)"
	is "memory-min" 2097152 "$(value memory.min --memory-min 2M)"
	is "oom-group" 1 "$(value memory.oom.group --oom-group)"
	if [ -e /sys/fs/cgroup/myctr/memory.swap.max ]; then
		is "memory-swap" 0 "$(value memory.swap.max --memory-swap 0)"
	else
		skip "memory-swap" "this kernel has no swap accounting"
	fi
	is "cpu" "50000 100000" "$(value cpu.max --cpu 50%)"
	is "a very small share of cpu" "5000 1000000" "$(value cpu.max --cpu 0.005)"
	is "cpu-weight" 200 "$(value cpu.weight --cpu-weight 200)"
	is "cpuset" 0 "$(value cpuset.cpus --cpuset 0)"
	is "pids" 7 "$(value pids.max --pids 7)"
	is "nothing asked, nothing set" max "$(value pids.max)"

	truncate -s 1M /tmp/disk
	if losetup /dev/loop0 /tmp/disk 2>/dev/null; then
		is "io-max" "7:0 rbps=1048576 wbps=max riops=50 wiops=max" \
			"$(value io.max --io-max '/dev/loop0 rbps=1M riops=50')"
		has "io-max of nonsense" "io-max: '/dev/loop0 x'" "$(run --io-max '/dev/loop0 x' /box true)"
		is "a device that was given can be read" 0 \
			"$(run --device /dev/loop0 /box sh -c 'head -c 1 /dev/loop0 >/dev/null; echo $?')"
		has "but not written when it was given to read" 'not permitted' \
			"$(run --device /dev/loop0:/dev/loop0:r /box sh -c 'echo >/dev/loop0')"
		losetup -d /dev/loop0
	else
		skip "io-max" "no loop device"
	fi
	has "io-max of a folder" 'not a block device' "$(run --io-max '/tmp rbps=1M' /box true)"
	has "a cpu that is not there" 'cpuset: writing' "$(run --cpuset 99 /box true)"

	run --memory 16M /box dd if=/dev/zero of=/dev/null bs=64M count=1 >/dev/null
	is "too much memory is killed" 137 $?
	run --memory 96M /box dd if=/dev/zero of=/dev/null bs=64M count=1 >/dev/null
	is "enough memory is not" 0 $?
	has "a fork bomb ends at its limit" 'fork' "$(run --pids 8 /box sh -c 'for i in $(seq 50); do sleep 5 & done')"

	has "a device that was not given cannot be opened" 'not permitted' \
		"$(run --cap-add MKNOD --seccomp unconfined /box sh -c 'mknod /tmp/mem2 c 1 1')"
	is "the usual ones can" 0 "$(run /box sh -c 'head -c 1 /dev/urandom >/dev/null && echo >/dev/null; echo $?')"

	is "no cgroup is left" "" "$(ls -d $cg/*/ 2>/dev/null)"
	is "a container cannot raise its limit" 16777216 \
		"$(run --memory 16M /box sh -c 'echo max 2>/dev/null >/sys/fs/cgroup/memory.max; cat /sys/fs/cgroup/memory.max')"

	# whoever started it was killed: it lives on, and goes as a whole
	myctr run --net none --name left --pids 9 --read-only /box sleep 1000 >/dev/null 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -d $cg/left ] && grep -q . $cg/left/cgroup.procs && break
		sleep 0.3
	done
	kill -9 $!
	myctr rm -f left
	is "rm -f takes the cgroup away" "" "$(ls -d $cg/left 2>/dev/null)"
	mkdir $cg/old $cg/old/child
	sleep 1000 &
	echo $! >$cg/old/child/cgroup.procs
	is "a leftover is emptied and reused" 5 "$(value pids.max --name old --pids 5)"
	is "and gone afterwards" "" "$(ls -d $cg/old 2>/dev/null)"
	# two of us with folders of their own, containers of one name
	myctr run --rm --name same --pids 9 --read-only /box sleep 1000 >/dev/null 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -d $cg/same ] && grep -q . $cg/same/cgroup.procs && break
		sleep 0.3
	done
	export MYCTR_RUN=/run/apart MYCTR_DATA=/tmp/apart MYCTR_CGROUP=apart
	is "another parent, another container" 5 "$(value pids.max --name same --pids 5)"
	is "in a cgroup of its own" /sys/fs/cgroup/apart "$(ls -d /sys/fs/cgroup/apart)"
	unset MYCTR_RUN MYCTR_DATA MYCTR_CGROUP
	is "the first lives on" 9 "$(cat $cg/same/pids.max)"
	myctr rm -f same
	has "check finds the controllers" '^found +CGROUP_PIDS' "$(myctr check)"
	has "check finds memory" '^found +MEMCG' "$(myctr check)"
}

missing()
{
	got=$(run --memory 16M /box echo ran)
	has "a limit without controller is an error" 'memory: no memory.max.*MEMCG.*best-effort' "$got"
	is "best effort runs" ran "$(run --memory 16M --limits best-effort /box echo ran)"
	is "other limits hold" 7 "$(value pids.max --pids 7)"
	has "check says what is missing" '^(absent|MISSING) +MEMCG' "$(myctr check)"
	printf '[container a]\nimage = /box\ncommand = true\nmemory = 16M\n' >/tmp/manifest
	got=$(myctr check /tmp/manifest)
	is "check fails when it is needed" 1 $?
	has "and says by whom" 'needed by container a' "$got"
	is "no cgroup is left after errors" "" "$(ls -d $cg/*/ 2>/dev/null)"
}

# init is still mounting when the machine answers
until grep -q cgroup2 /proc/mounts 2>/dev/null; do sleep 0.1; done
"$1"
echo "1..$n"
