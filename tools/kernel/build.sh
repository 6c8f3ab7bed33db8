#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the kernel of one board from Debian's linux-source: allnoconfig plus
# board/common/linux.config plus board/<name>/linux.config. `make kernel
# BOARD=<name>` calls it. The result is cached under the hash of the joined
# fragments, so nothing is built twice. It never installs anything and never
# writes outside the cache.
#
# usage: tools/kernel/build.sh BOARD          build if needed, print the image
#        tools/kernel/build.sh --path BOARD   print the image if it is cached
set -eu

series=6.1
top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${MYCTR_CACHE:-$HOME/.cache/myctr}
jobs=${JOBS:-$(nproc)}

die() { echo "kernel: $*" >&2; exit 1; }
say() { echo "kernel: $*" >&2; }

only_path=
if [ "${1:-}" = --path ]; then
	only_path=yes
	shift
fi
board=${1:?usage: build.sh [--path] BOARD}
fragment=$top/board/$board/linux.config
[ -f "$fragment" ] || die "$board: no board/$board/linux.config; boards are folders in board/"

machine=$(sed -n 's/^arch=//p' "$top/board/$board/facts" 2>/dev/null)
case $machine in
x86_64) arch=x86 cross=x86_64-linux-gnu- image=arch/x86/boot/bzImage ;;
aarch64) arch=arm64 cross=aarch64-linux-gnu- image=arch/arm64/boot/Image ;;
arm) arch=arm cross=arm-linux-gnueabihf- image=arch/arm/boot/zImage ;;
riscv64) arch=riscv cross=riscv64-linux-gnu- image=arch/riscv/boot/Image ;;
mips) arch=mips cross=mips-linux-gnu- image=vmlinux ;;
*) die "$board: board/$board/facts names no processor we know; arch=x86_64, aarch64, arm, riscv64 or mips" ;;
esac
[ "$machine" != "$(uname -m)" ] || cross=''

# The lines of both, of which the last for a symbol counts.
wanted() {
	cat "$top/board/common/linux.config" "$fragment" |
		sed -n 's/^# CONFIG_\([A-Z0-9a-z_]*\) is not set$/\1=n/p; s/^CONFIG_//p' |
		awk -F= '{ line[$1] = $0; if (!seen[$1]++) order[++n] = $1 } END { for (i = 1; i <= n; i++) print line[order[i]] }' |
		sed 's/^\(.*\)=n$/# CONFIG_\1 is not set/; t; s/^/CONFIG_/'
}

key=$(wanted | sha256sum | cut -c1-12)
out=$cache/kernel/$board-$key
if [ -f "$out/image" ]; then
	echo "$out/image"
	exit 0
fi
[ -z "$only_path" ] || exit 1

fetch_source() {
	deb=$(find "$cache/download" -name "linux-source-${series}_*.deb" 2>/dev/null | sort -V | tail -n 1)
	if [ -z "$deb" ]; then
		say "downloading Debian's linux-source-$series (140 MB)"
		mkdir -p "$cache/download"
		(cd "$cache/download" && apt-get download "linux-source-$series" >/dev/null 2>&1) ||
			die "linux-source-$series: apt-get download failed; run apt-get update first"
		deb=$(find "$cache/download" -name "linux-source-${series}_*.deb" | sort -V | tail -n 1)
	fi
	version=$(dpkg-deb -f "$deb" Version)
	src=$cache/kernel/src-$version
	[ ! -d "$src" ] || return 0
	say "unpacking the source of $version"
	rm -rf "$src.new"
	mkdir -p "$src.new"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/linux-source-$series.tar.xz" |
		xz -dc -T0 | tar -x -C "$src.new" --strip-components=1
	mv "$src.new" "$src"
}

kmake() {
	make -C "$src" O="$work" ARCH=$arch CROSS_COMPILE=$cross "$@"
}

# allnoconfig drops what its dependencies do not allow without a word, so
# every line asked for is looked up again in the result
check_config() {
	lost=$(grep '^CONFIG_' "$work/wanted" | grep -vxFf "$work/.config" || true)
	lost=$lost$(sed -n 's/^# \(CONFIG_.*\) is not set$/^\1=/p' "$work/wanted" | grep -f - "$work/.config" || true)
	[ -z "$lost" ] || {
		printf '%s\n' "$lost" >&2
		die "$board: the lines above did not survive; a dependency is missing in the fragment"
	}
}

fetch_source
work=$cache/kernel/work-$board
mkdir -p "$work"
exec 9>"$work/.lock"
flock 9
wanted > "$work/wanted"
kmake KCONFIG_ALLCONFIG="$work/wanted" allnoconfig > "$work/log" 2>&1 ||
	{ tail -n 20 "$work/log" >&2; die "$board: allnoconfig failed"; }
check_config
[ -z "${CONFIG_ONLY:-}" ] || exit 0

say "$board: building with $jobs jobs, about ten minutes on two cores; log: $work/log"
export KBUILD_BUILD_USER=myctr KBUILD_BUILD_HOST=myctr KBUILD_BUILD_TIMESTAMP=@0
kmake -j"$jobs" "$(basename "$image")" >> "$work/log" 2>&1 ||
	{ tail -n 30 "$work/log" >&2; die "$board: build failed, see $work/log"; }
mkdir -p "$out.new"
cp "$work/$image" "$out.new/image"
cp "$work/.config" "$out.new/config"
rm -rf "$out"
mv "$out.new" "$out"
echo "$out/image"
