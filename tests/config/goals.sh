#!/bin/sh
# SPDX-License-Identifier: MIT
# The Makefile's configuration goals as people, Buildroot and Yocto call them.
set -u
cd "$(dirname "$0")/../.." || exit 1
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
		sed 's/^/# /' "$work/said"
	fi
}

run() { make O="$work/o" "$@" >"$work/said" 2>&1; }

run full_defconfig && [ -f "$work/o/.config" ] && [ ! -e "$work/o/myctr" ] && [ ! -e "$work/o/include/auto.conf" ]
ok 'full_defconfig writes .config and builds nothing'
for goal in olddefconfig alldefconfig allnoconfig allyesconfig randconfig; do
	run $goal && [ -s "$work/o/.config" ] && [ ! -e "$work/o/include/auto.conf" ]
	ok "$goal"
done
for board in board/*/defconfig; do
	name=$(basename "$(dirname "$board")")
	run "${name}_defconfig" && ! grep -q warning "$work/said"
	ok "${name}_defconfig has nothing without effect"
	run savedefconfig && grep -v '^#[^C]*$' "$board" | grep -v '^$' | sort >"$work/a"
	sort "$work/o/defconfig" >"$work/b"
	diff "$work/a" "$work/b" >"$work/said"
	ok "savedefconfig gives $board again"
done
run full_defconfig && run listnewconfig && ! grep -q '^CONFIG' "$work/said"
ok 'listnewconfig is empty after a defconfig'
rm "$work/o/.config"
run listnewconfig && grep -q '^CONFIG_RUN_DIR="/run/myctr"' "$work/said"
ok 'listnewconfig shows what is new'
yes '' | make O="$work/o" oldconfig >"$work/said" 2>&1 && grep -q '^CONFIG_RUN_DIR="/run/myctr"' "$work/o/.config"
ok "yes '' | make oldconfig takes the defaults"
echo 'CONFIG_RUN_DIR="/run/elsewhere"' >"$work/fragment"
cat "$work/fragment" >>"$work/o/.config"
run olddefconfig && [ "$(grep RUN_DIR "$work/o/.config")" = 'CONFIG_RUN_DIR="/run/elsewhere"' ]
ok 'a fragment appended to .config counts'
make -pn config 2>/dev/null | grep -q '^olddefconfig:'
ok 'make -pn config shows olddefconfig as a plain goal (Buildroot)'
! run full_defconfig CONF=false
ok 'CONF= replaces our reader'
if command -v kconfig-conf >/dev/null; then
	run full_defconfig && cp "$work/o/.config" "$work/ours"
	run full_defconfig CONF=kconfig-conf
	grep -v '^#[^C]*$' "$work/ours" | diff - "$work/o/.config" | grep '^[<>] .*CONFIG_' >"$work/said"
	[ ! -s "$work/said" ]
	ok 'CONF=kconfig-conf gives the same'
fi
run menuconfig MCONF=echo && grep -q Kconfig "$work/said"
ok 'MCONF= is what menuconfig runs'
! run nosuch_defconfig
ok 'an unknown defconfig is an error'
echo 'CONFIG_NO_SUCH=y' >>"$work/o/.config"
! run olddefconfig && grep -q "$work/o/.config:[0-9]*: CONFIG_NO_SUCH: unknown symbol" "$work/said"
ok 'an unknown symbol in .config is an error with file and line'
echo "1..$n"
