#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds what the demo boots, without root: myctr for the board, three images from Debian's packages
# (cached), a squashfs root with /sbin/init = myctr, and an ext4 disk with the images. Prints nothing on
# success but what it is doing, on stderr.
#
# usage: prepare.sh BOARD OUT     OUT gets root.sqfs, data.ext4, images/
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${MYCTR_CACHE:-$HOME/.cache/myctr}
board=$1
out=$2
arch=${board#qemu-}
case $arch in
x86_64) deb=amd64 ;;
aarch64) deb=arm64 ;;
*) echo "demo: $board: no such machine; BOARD=qemu-x86_64 or BOARD=qemu-aarch64" >&2; exit 2 ;;
esac
PATH=$PATH:/usr/sbin:/sbin

say() { echo "demo: $*" >&2; }

build_myctr() {
	say "building myctr for $board"
	if ! { make -C "$top" O="$out/build" ARCH="$arch" "${board}_defconfig" &&
		make -C "$top" -j"$(nproc)" O="$out/build" ARCH="$arch" all; } > "$out/log" 2>&1; then
		tail -n 20 "$out/log" >&2
		say "the build failed"
		exit 1
	fi
}

# NAME-OF-FILE OVERLAY PACKAGE...
image() {
	file=$images/$1
	[ ! -f "$file" ] || return 0
	say "making the image $1 from Debian's packages"
	overlay=$2
	shift 2
	set -- "$@" -d "$top/tools/demo/images/$overlay"
	"$top/tools/image/mkimage" --arch "$deb" -o "$file" "$@" >&2
}

make_images() {
	key=$(cd "$top/tools" && find demo/images image -type f -exec sha256sum {} + | sort | sha256sum | cut -c1-12)
	images=$cache/demo/$deb-$key
	mkdir -p "$images"
	image mqtt.sqfs mqtt -p mosquitto
	image web.tar.lz4 web -p lighttpd
	image probe.sqfs probe -p mosquitto-clients -p busybox
	rm -rf "$out/images"
	cp -r "$images" "$out/images"
}

make_root() {
	root=$out/root
	rm -rf "$root"
	mkdir -p "$root/etc/myctr" "$root/usr/bin"
	for dir in proc sys dev run tmp root bin sbin var/lib/myctr var/log; do mkdir -p "$root/$dir"; done
	cp -r "$top/board/common/rootfs/." "$root/"
	[ ! -d "$top/board/$board/rootfs" ] || cp -r "$top/board/$board/rootfs/." "$root/"
	cp "$out/build/myctr" "$root/usr/bin/myctr"
	ln -s ../usr/bin/myctr "$root/sbin/init"
	cp "$top/tools/demo/manifest" "$root/etc/myctr/manifest"
	busybox=$("$top/tools/image/apt.sh" "$deb" fetch busybox-static)
	dpkg-deb --fsys-tarfile "$busybox" | tar -x -C "$root" ./bin/busybox
	for tool in sh ls cat ps top dmesg mount df free vi more grep stty clear sleep echo wget ip id hostname; do
		ln -s busybox "$root/bin/$tool"
	done
	find "$root" -exec touch -hd @0 {} +
	rm -f "$out/root.sqfs"
	mksquashfs "$root" "$out/root.sqfs" -noappend -all-root -no-progress -quiet -comp lz4 > "$out/log" 2>&1 ||
		{ cat "$out/log" >&2; exit 1; }
}

make_data() {
	rm -rf "$out/data" "$out/data.ext4"
	mkdir -p "$out/data"
	cp -r "$out/images" "$out/data/images"
	truncate -s 128M "$out/data.ext4"
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$out/data" "$out/data.ext4"
}

mkdir -p "$out"
build_myctr
make_images
make_root
make_data
