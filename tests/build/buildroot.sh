#!/bin/sh
# SPDX-License-Identifier: MIT
# The Buildroot tree: what it says about the sources is true, its files are as Buildroot wants them, and where a
# Buildroot is in the cache (or BUILDROOT names one) its own checker agrees and its image is built and boots.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
tree=tools/packaging/buildroot
package=$tree/package/myctr
cache=${MYCTR_CACHE:-$HOME/.cache/myctr}/buildroot
BUILDROOT=${BUILDROOT:-$cache/buildroot}
myctr=${MYCTR:-build/myctr}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
result() { n=$((n + 1)); echo "$1 $n - buildroot: $2"; }
skip() { n=$((n + 1)); echo "ok $n - buildroot: $1 # SKIP $2"; }
check() { name=$1; shift; if "$@" >"$work/out" 2>&1; then result ok "$name"; else result 'not ok' "$name"; sed 's/^/# /' "$work/out"; fi; }
# nothing NAME: $work/wrong has what is wrong, a line each
nothing() { check "$1" sh -c "cat '$work/wrong'; test ! -s '$work/wrong'"; }

check "the version is the Makefile's" grep -qx "MYCTR_VERSION = $(sed -n 's/^VERSION := //p' Makefile)" $package/myctr.mk
awk '/^sha256/ && $3 != "LICENSE" { next } /^sha256/ { print $2 "  " $3 }' $package/myctr.hash >"$work/sums"
check "the licence's checksum is true" sh -c "test -s '$work/sums' && sha256sum -c '$work/sums'"
sed -n -e 's/^MYCTR_SYMBOLS_O[NF]* += CONFIG_//p' $package/myctr.mk | sort -u | while read -r symbol; do
	grep -rqx "config $symbol" --include=Kconfig . || echo "no symbol $symbol"
done >"$work/wrong"
nothing "every symbol it sets is one of ours"
grep -ohE 'BR2_(PACKAGE|INIT)_MYCTR[A-Z_]*' $package/myctr.mk $tree/configs/* | sort -u | while read -r symbol; do
	grep -qx "config $symbol" $package/Config.in $tree/provides/init.in || echo "no option $symbol"
done >"$work/wrong"
nothing "every option it reads is there"
sed -n '/^MYCTR_LINUX_SYMBOLS/,/^$/p' $package/myctr.mk | grep -oE '[A-Z][A-Z0-9_]+' | grep -vx MYCTR_LINUX_SYMBOLS | sort >"$work/symbols"
check "it names kernel options" test -s "$work/symbols"
while read -r symbol; do
	grep -qx "CONFIG_$symbol=y" board/common/linux.config || echo "board/common/linux.config has no $symbol"
done <"$work/symbols" >"$work/wrong"
nothing "every kernel option is in board/common/linux.config"
for file in "$package/manifest" "$tree/board/qemu/manifest"; do
	check "$(basename "$(dirname "$file")")/manifest is a manifest" "$myctr" manifest check "$file"
done
for file in $package/Config.in $package/myctr.mk $tree/provides/init.in; do
	awk -v f="$file" '
		{ width = length($0) + gsub(/\t/, "\t") * 7 }
		/[ \t]$/ { print f ":" FNR ": ends in a space" }
		/^ +[^ ]/ { print f ":" FNR ": indented with spaces" }
		width > 80 && !/^#/ && /help|^\t  / { print f ":" FNR ": longer than 80" }
		/^$/ && last == "" && FNR > 1 { print f ":" FNR ": two empty lines" }
		{ last = $0 }' "$file"
done >"$work/wrong"
nothing "files are laid out as Buildroot wants them"

if [ ! -x "$BUILDROOT/utils/check-package" ]; then
	skip "check-package" "no Buildroot in $cache/buildroot, none in BUILDROOT"
	skip "the image is built and boots" "no Buildroot in $cache/buildroot, none in BUILDROOT"
elif ! /usr/bin/python3 -c 'import magic, flake8' 2>/dev/null; then
	skip "check-package" "python3-magic and python3-flake8 are not installed"
else
	find $tree -type f ! -name README.md >"$work/files"
	check "check-package" sh -c "cd $tree && find . -type f ! -name README.md | xargs /usr/bin/python3 '$BUILDROOT/utils/check-package' -b"
fi
if [ -x "$BUILDROOT/utils/check-package" ]; then
	if [ -d "$cache/dl" ]; then
		# shellcheck disable=SC2012 # the newest
		kernel=$(ls -td "${cache%/buildroot}"/kernel/qemu-aarch64-*/image 2>/dev/null | head -n 1)
		check "the image is built and boots" env KERNEL="${kernel:-}" timeout 2400 "$top/$tree/try.sh" "$BUILDROOT" "$cache" aarch64
	else
		skip "the image is built and boots" "no downloads in $cache/dl; $tree/try.sh makes them"
	fi
fi
echo "1..$n"
