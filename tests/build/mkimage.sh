#!/bin/sh
# SPDX-License-Identifier: MIT
# The image maker on folders: formats, the same bytes twice, folders over each other, errors that name the
# thing. Needs no network and no root; images from packages are what the demo is made of.
set -u
cd "$(dirname "$0")/../.." || exit 1
mk=tools/image/mkimage
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
result() { n=$((n + 1)); echo "$1 $n - mkimage: $2"; }
check() { name=$1; shift; if "$@" >"$work/out" 2>&1; then result ok "$name"; else result 'not ok' "$name"; sed 's/^/# /' "$work/out"; fi; }
refuses()
{
	name=$1 want=$2
	shift 2
	if "$@" >"$work/out" 2>&1; then
		result 'not ok' "$name: accepted"
	elif grep -q -- "$want" "$work/out"; then
		result ok "$name"
	else
		result 'not ok' "$name"
		sed 's/^/# /' "$work/out"
	fi
}

mkdir -p "$work/a/etc" "$work/b/etc"
echo one >"$work/a/etc/file"
echo a >"$work/a/etc/only-a"
echo two >"$work/b/etc/file"
ln -s file "$work/a/etc/link"

for format in squashfs tar tar.lz4; do
	check "$format" "$mk" -d "$work/a" -f $format -o "$work/1"
	touch "$work/a/etc/file"
	"$mk" -d "$work/a" -f $format -o "$work/2" >/dev/null
	check "$format: the same bytes twice" cmp "$work/1" "$work/2"
done
"$mk" -d "$work/a" -d "$work/b" -o "$work/both.tar" >/dev/null
check "a later folder covers an earlier one" sh -c "[ \"\$(tar -xOf '$work/both.tar' ./etc/file)\" = two ]"
check "and leaves the rest" sh -c "[ \"\$(tar -xOf '$work/both.tar' ./etc/only-a)\" = a ]"
check "all belongs to root" sh -c "! tar -tvf '$work/both.tar' --numeric-owner | grep -v ' 0/0 '"
check "mount points are there" tar -tf "$work/both.tar" ./proc/ ./sys/ ./dev/ ./tmp/ ./run/
check "tar.lz4 by the file's ending" sh -c "'$mk' -d '$work/a' -o '$work/x.tar.lz4' && lz4 -dcq '$work/x.tar.lz4' | tar -t"
refuses "nothing to put in" "nothing to put in" "$mk" -o "$work/none"
refuses "a folder that is not there" "$work/nowhere: not a folder" "$mk" -d "$work/nowhere" -o "$work/none"
refuses "an unknown format" "zip: not known" "$mk" -d "$work/a" -f zip -o "$work/none"
refuses "a name that is no package's" "not names of packages" "$mk" -p 'a;b' -o "$work/none"
refuses "an unknown processor" "z80" "$mk" -p busybox --arch z80 -o "$work/none"
check "a failure leaves no file" test ! -e "$work/none"
echo "1..$n"
