#!/bin/sh
# SPDX-License-Identifier: MIT
# The Yocto layer: what it says about the sources is true, its scripts and manifests are right. bitbake is not
# needed; what was tried with it is in the layer's README.
set -u
cd "$(dirname "$0")/../.." || exit 1
layer=tools/packaging/yocto/meta-myctr
version=$(sed -n 's/^VERSION := //p' Makefile)
recipe=$layer/recipes-containers/myctr/myctr_$version.bb
files=$layer/recipes-containers/myctr/files
buildroot=tools/packaging/buildroot/package/myctr
myctr=${MYCTR:-build/myctr}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
result() { n=$((n + 1)); echo "$1 $n - yocto: $2"; }
check() { name=$1; shift; if "$@" >"$work/out" 2>&1; then result ok "$name"; else result 'not ok' "$name"; sed 's/^/# /' "$work/out"; fi; }
# nothing NAME: $work/wrong has what is wrong, a line each
nothing() { check "$1" sh -c "cat '$work/wrong'; test ! -s '$work/wrong'"; }

check "the recipe is of the Makefile's version" test -f "$recipe"
check "the licence's checksum is true" grep -q "LICENSE;md5=$(md5sum <LICENSE | cut -d' ' -f1)\"" "$recipe"
sed -n 's/^MYCTR_SYMBOL\[.*"CONFIG_\(.*\)"$/\1/p' "$recipe" >"$work/symbols"
check "it sets symbols" test -s "$work/symbols"
while read -r symbol; do
	grep -rqx "config $symbol" --include=Kconfig . || echo "no symbol $symbol"
done <"$work/symbols" >"$work/wrong"
nothing "every symbol it sets is one of ours"
sed -n 's/^PACKAGECONFIG\[\(.*\)\].*/\1/p' "$recipe" | grep -vx static | sort >"$work/configs"
sed -n 's/^MYCTR_SYMBOL\[\(.*\)\].*/\1/p' "$recipe" | sort >"$work/named"
check "each PACKAGECONFIG has its symbol" diff "$work/configs" "$work/named"
grep -oE 'file://[a-z.-]+' "$recipe" | grep -v LICENSE | sed 's|file://||' | while read -r file; do
	[ -f "$files/$file" ] || echo "no $files/$file"
done >"$work/wrong"
nothing "every file of SRC_URI is there"
sed -n '/^MYCTR_LINUX_SYMBOLS/,/^$/p' $buildroot/myctr.mk | grep -oE '[A-Z][A-Z0-9_]+' | grep -vxE 'MYCTR_LINUX_SYMBOLS|BLOCK' |
	sed 's/.*/CONFIG_&=y/' | sort >"$work/kernel"
grep '^CONFIG' $layer/recipes-kernel/linux/files/myctr.cfg | sort >"$work/cfg"
check "the kernel's options are those of Buildroot" diff "$work/kernel" "$work/cfg"
check "the unit is that of Buildroot" cmp $files/myctr.service $buildroot/myctr.service
check "the skeleton is a manifest" "$myctr" manifest check $files/manifest
check "the init script can be read" sh -n $files/myctr.init
check "the ptest can be read" sh -n $files/run-ptest
# The section that the class writes for the example, by the class's own lines.
sed -n '/^MYCTR_KEYS/,/^"/p' $layer/recipes-containers/myctr/myctr-hello.bb | sed -e '1d;$d' -e 's/\\n\\$//' >"$work/keys"
{ printf '[container hello]\nimage = /usr/share/myctr/images/hello.sqfs\n'; cat "$work/keys"; } >"$work/manifest"
check "the example has keys" test -s "$work/keys"
check "and they are right" "$myctr" manifest check "$work/manifest"
echo "1..$n"
