#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make demo DEMO=local`: runs containers of the demo's images on this machine, no VM, no daemon. As
# root; everything it writes is in build/demo/local.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
[ "$(id -u)" = 0 ] || { echo "demo: containers on this machine need root for now; run: sudo make demo DEMO=local" >&2; exit 1; }
out=$top/build/demo/local
tools/demo/prepare.sh "qemu-$(uname -m)" "$out"
myctr=$out/build/myctr
export MYCTR_RUN="$out/run" MYCTR_DATA="$out/data" MYCTR_LOG="$out/log.d"

show() {
	echo "# $*"
	"$@"
}

show "$myctr" --version
show "$myctr" run --storage read-only "$out/images/probe.sqfs" /usr/bin/busybox uname -a
show "$myctr" run --storage tmpfs --hostname inside "$out/images/web.tar.lz4" /usr/sbin/lighttpd -tt -f /etc/lighttpd/demo.conf
# shellcheck disable=SC2016 # for the shell inside
show "$myctr" run --storage tmpfs "$out/images/probe.sqfs" /usr/bin/busybox sh -c 'echo "pid $$ on $(busybox hostname)"; busybox ps'
echo "demo: all is well; try: $myctr run -i -t $out/images/probe.sqfs /usr/bin/busybox sh"
