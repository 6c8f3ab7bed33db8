#!/bin/sh
# SPDX-License-Identifier: MIT
# The build as packagers meet it: reproducible, out of a read-only tree, installed below DESTDIR, rebuilt
# when something it depends on changed, hardened, and within its size.
set -u
cd "$(dirname "$0")/../.." || exit 1
jobs=${JOBS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

ok()
{
	status=$?
	n=$((n + 1))
	if [ $status -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		tail -n 30 "$work/said" | sed 's/^/# /'
	fi
}

copy()
{
	mkdir -p "$1"
	git ls-files -co --exclude-standard 2>/dev/null | tar -cf - -T - | tar -xf - -C "$1"
}

copy "$work/a" && copy "$work/some/where/else"
# the second: another folder, another time, no git, another O=, one job. The time that the build names is in the program,
# as the device's clock never goes before it.
export SOURCE_DATE_EPOCH=1700000000
make -C "$work/a" -j"$jobs" full_defconfig all >"$work/said" 2>&1 &&
	TZ=Pacific/Kiritimati make -C "$work/some/where/else" O="$work/out" full_defconfig all >"$work/said" 2>&1 &&
	cmp "$work/a/build/myctr" "$work/out/myctr" >>"$work/said" 2>&1
ok 'two builds in different folders give the same bytes'
[ ! -e "$work/some/where/else/build" ] && [ ! -e "$work/some/where/else/.config" ]
ok 'O= leaves the source tree alone'

cd "$work/a" || exit 1
make >"$work/said" 2>&1 && ! grep -Eq '^  (CC|LINK|HOSTCC)' "$work/said"
ok 'nothing is built twice'
touch core/lib/err.h && make -j"$jobs" >"$work/said" 2>&1 && grep -q 'CC  *core/lib/err.c' "$work/said"
ok 'a changed header rebuilds what includes it'
echo 'CONFIG_RUN_DIR="/run/other"' >>.config && make olddefconfig >"$work/said" 2>&1 &&
	make -j"$jobs" >"$work/said" 2>&1 && grep -q 'CC  *core/main.c' "$work/said"
ok 'a changed .config rebuilds'
make -j"$jobs" CFLAGS=-DANOTHER_FLAG >"$work/said" 2>&1 && grep -q 'CC  *core/main.c' "$work/said"
ok 'other CFLAGS rebuild'
make V=1 -j"$jobs" >"$work/said" 2>&1 && grep -q -- '-fstack-protector' "$work/said"
ok 'V=1 shows the commands'
make install DESTDIR="$work/root" >"$work/said" 2>&1 && [ -x "$work/root/usr/bin/myctr" ] && [ ! -e "$work/root/sbin" ]
ok 'install below DESTDIR'
make install DESTDIR="$work/root" PREFIX=/opt/x INSTALL_INIT=1 >"$work/said" 2>&1 && [ -x "$work/root/opt/x/bin/myctr" ] &&
	[ "$(readlink "$work/root/sbin/init")" = /opt/x/bin/myctr ]
ok 'install with PREFIX and the /sbin/init link'
rm .config && make clean >"$work/said" 2>&1 && [ ! -e build/myctr ] && make -j"$jobs" >"$work/said" 2>&1 && [ -x build/myctr ]
ok 'plain make without .config takes the full configuration'
tools/lint/binary.sh build/myctr >"$work/said" 2>&1
ok 'the program is hardened'
make distclean >"$work/said" 2>&1 && [ ! -e build ] && [ ! -e .config ]
ok 'distclean removes everything'
cd - >/dev/null || exit 1
# each budget of tools/size/run.sh; what is over it is said with the number of bytes
SIZE_PARTS=n tools/size/run.sh >"$work/said" 2>&1
grep -E '^(tiny|router|full) ' "$work/said" >"$work/sizes"
sed 's/^/# /' "$work/sizes"
for board in tiny router full; do
	grep -q "^$board .* ok, " "$work/sizes"
	ok "$board is within its size"
done
echo "1..$n"
