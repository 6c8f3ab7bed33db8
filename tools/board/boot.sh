#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make BOARD=name boot`: starts the board's image in QEMU and hands over its serial console. `boot.sh -c` is the
# smoke test of all boards: works the console the way a person would, in TAP. Leaves no machine behind.
#
# usage: boot.sh [-c] BOARD OUT      OUT: of image.sh
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
check=''
[ "$1" != -c ] || { check=yes; shift; }
board=$1
out=$2
vm=$top/build/tools/vm
name=board-$board
n=0
failed=0
arch='' memory='' disks='' append='' prefix='' nics=1
# shellcheck disable=SC1091 # made by image.sh
. "$out/machine"
nics=$(sed -n 's/^nics=//p' "$top/board/$board/facts")

# A port of this machine that leads to the published one.
find_port() {
	for port in 8080 18080 28080 38080 48080; do
		[ -n "$(ss -Hltn "sport = :$port")" ] || return 0
	done
	echo "boot: the ports 8080, 18080, 28080, 38080 and 48080 are all taken" >&2
	exit 1
}

start() {
	# of the malta's slots only four and that of its own network card have an interrupt
	slot=''
	[ "$arch" != mips ] || slot=,addr=0xb
	set -- "$name" --arch "$arch" --kernel "$out/kernel" --memory "$memory" --limit "$1" --append "$append"
	[ ! -f "$out/initrd" ] || set -- "$@" --initrd "$out/initrd"
	for disk in $disks; do set -- "$@" --disk "$out/$disk"; done
	set -- "$@" -- -netdev "user,id=n0,hostfwd=tcp:127.0.0.1:$port-:8080" -device "virtio-net-pci,netdev=n0,romfile=$slot"
	[ "${nics:-1}" = 1 ] || set -- "$@" -netdev user,id=n1,restrict=on -device virtio-net-pci,netdev=n1,romfile=
	$vm stop "$name" || true
	trap '$vm stop "$name"' EXIT
	trap 'exit 1' INT TERM
	$vm start "$@"
}

ok() { n=$((n + 1)); echo "ok $n - $board: $1"; }
not_ok() {
	n=$((n + 1))
	failed=1
	echo "not ok $n - $board: $1"
	tail -n 25 "$($vm log "$name")" | tr -d '\r' | sed 's/^/# /'
}

# NAME SECONDS PATTERN COMMAND: the command is typed until its output has the pattern.
says() {
	until=$(($(date +%s) + $2))
	while [ "$(date +%s)" -lt $until ]; do
		$vm type "$name" "$prefix$4\\n"
		! $vm expect "$name" -q -t 5 "$3" 2> "$out/log" || { ok "$1"; return; }
	done
	not_ok "$1"
	return 1
}

page() {
	for _ in 1 2 3 4 5 6; do
		got=$(curl -s -m 20 "http://127.0.0.1:$port/" 2> "$out/log") && break
		sleep 1
	done
	if [ "$got" = "hello from the web container" ]; then ok "the published port has the page"
	else not_ok "the published port has the page"; fi
}

smoke() {
	begin=$(date +%s)
	if $vm expect "$name" -q -t 120 '(myctr [^ ]*> |:.*# )'; then ok "boots to its console"; else
		not_ok "boots to its console"
		return
	fi
	echo "# $(($(date +%s) - begin)) s, $memory MB"
	machine=$arch
	[ "$arch" != arm ] || machine=armv7l
	says "is what it should be" 120 "Linux .*$machine" version &&
		says "the service runs, the task has ended well" 120 'probe .*Exited \(0\)' 'ps -a' &&
		says "the service is up" 120 'web .* Up ' ps &&
		says "one container has reached the other" 120 'said: hello from the web container' 'logs probe' &&
		page || return 0
	if grep -q '^CONFIG_CMD_CHECK=y' "$out/build/.config"; then
		says "check: the kernel has all that is needed" 120 'everything needed by .* is here' check || return 0
	fi
	# a program of BusyBox where there is a shell, our own command at the prompt
	$vm type "$name" 'poweroff\n'
	# riscv's machine ends QEMU itself, without a word of why
	if why=$($vm wait "$name" -t 60) || tail -n 3 "$($vm log "$name")" | grep -q 'reboot: Power down'; then ok "powers off"
	else not_ok "powers off: ${why:-it still runs}"; fi
}

make -s -C "$top" runner
find_port
if [ -n "$check" ]; then
	start 600
	smoke
	exit $failed
fi
start 86400
echo "boot: the page of its container is at http://127.0.0.1:$port/"
echo "boot: this is the serial console of the machine; Ctrl-] leaves, \`poweroff\` ends."
$vm console "$name"
