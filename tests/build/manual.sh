#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages and the completion are made from the program's tables, name everything, and are installed.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${MYCTR_OUT:-build/test}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

ok()
{
	status=$?
	n=$((n + 1))
	[ $status -eq 0 ] && echo "ok $n - $1" && return
	echo "not ok $n - $1"
	tail -n 20 "$work/said" | sed 's/^/# /'
}

[ -f "$out/.config" ] || make O="$out" pc_defconfig >/dev/null
make O="$out" all man >"$work/said" 2>&1
ok 'make man'
"$out/myctr" help | sed -n 's/^  \([a-z]*\).*/\1/p' >"$work/verbs"
[ -s "$work/verbs" ] && while read -r verb; do grep -q "^.SS \"myctr $verb" "$out/myctr.8" || echo "$verb"; done <"$work/verbs" >"$work/said"
[ ! -s "$work/said" ]
ok 'the manual has every command'
"$out/myctr" help run | sed -n '/^Manifest keys/,/^Other/s/^ *--\([a-z-]*\).*/\1/p' | sed 's/-/\\-/g' >"$work/keys"
[ -s "$work/keys" ] && while read -r key; do grep -Fq "\\fB$key\\fR = " "$out/myctr-manifest.5" || echo "$key"; done <"$work/keys" >"$work/said"
[ ! -s "$work/said" ]
ok 'the manual has every key'
if command -v groff >/dev/null; then
	groff -man -Tascii -ww "$out/myctr.8" "$out/myctr-manifest.5" 2>"$work/said" >/dev/null && [ ! -s "$work/said" ]
	ok 'troff has nothing to complain about'
else
	n=$((n + 1))
	echo "ok $n - troff has nothing to complain about # SKIP no groff"
fi
# shellcheck disable=SC2016 # for the other shell
bash -c '. "$1"; COMP_WORDS=(myctr ins); COMP_CWORD=1; _myctr; [ "${COMPREPLY[*]}" = inspect ] &&
	COMP_WORDS=(myctr run --memory-h); COMP_CWORD=2; _myctr; [ "${COMPREPLY[*]}" = --memory-high ]' bash "$out/myctr.bash" >"$work/said" 2>&1
ok 'bash completes commands and options'
make O="$out" DESTDIR="$work/root" install >"$work/said" 2>&1 && [ -s "$work/root/usr/share/man/man8/myctr.8" ] &&
	[ -s "$work/root/usr/share/man/man5/myctr-manifest.5" ] &&
	[ -s "$work/root/usr/share/bash-completion/completions/myctr" ]
ok 'install puts them in place'
