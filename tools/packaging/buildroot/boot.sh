#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots the image that Buildroot made, without anybody at the console, until its web server answers, and ends
# it. usage: boot.sh IMAGES    environment: KERNEL (default: the one in IMAGES), PORT (18080)
set -eu

images=${1:?usage: boot.sh IMAGES}
port=${PORT:-18080}
work=$(mktemp -d)
mkfifo "$work/type"
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null || :; rm -rf "$work"' EXIT
PORT=$port "$images/start-qemu.sh" <"$work/type" >"$work/console" 2>&1 &
machine=$!
exec 3>"$work/type"

# wait_for SECONDS WHAT COMMAND...
wait_for()
{
	left=$1 what=$2
	shift 2
	until "$@" >"$work/said" 2>&1; do
		left=$((left - 1))
		if [ $left -le 0 ] || ! kill -0 "$machine" 2>/dev/null; then
			tail -n 40 "$work/console"
			echo "boot: $what: not seen" >&2
			exit 1
		fi
		sleep 1
	done
	echo "boot: $what"
}
stopped() { ! kill -0 "$machine" 2>/dev/null; }

wait_for 120 "the web server in its container answers" curl -sf -m 3 "http://127.0.0.1:$port/"
grep -q 'hello from a container' "$work/said"
reached()
{
	echo 'myctr logs probe; myctr ps -a' >&3
	grep -q '^hello from a container' "$work/console"
}
wait_for 60 "the task reached it by its name" reached
echo 'myctr poweroff' >&3
left=60
until stopped || [ $((left -= 1)) -le 0 ]; do sleep 1; done
stopped || { tail -n 20 "$work/console"; echo "boot: it did not power off" >&2; exit 1; }
machine=
if grep -E '^# ?myctr: .*(NOT|cannot|failed)|^! ' "$work/console"; then
	echo "boot: it has complained" >&2
	exit 1
fi
echo "boot: powered off"
