#!/bin/sh
# SPDX-License-Identifier: MIT
# An image for the containers, of the BusyBox and libraries of this build; called by Buildroot with the
# target's folder.
set -eu

target=$1
box=$BUILD_DIR/myctr-box
rm -rf "$box"
mkdir -p "$box/bin" "$box/lib" "$box/srv" "$box/proc" "$box/sys" "$box/dev" "$box/tmp" "$box/run" "$box/etc"
cp "$target/bin/busybox" "$box/bin/"
for tool in sh wget sleep date ls cat; do ln -s busybox "$box/bin/$tool"; done
for file in "$target"/lib/ld-* "$target"/lib/libc.so* "$target"/lib/libresolv* "$target"/lib/libm.so*; do
	[ ! -e "$file" ] || cp -a "$file" "$box/lib/"
done
# a read-only root has what myctr mounts its own over
touch "$box/etc/hosts" "$box/etc/hostname" "$box/etc/resolv.conf"
echo "hello from a container" >"$box/srv/index.html"
mkdir -p "$target/usr/share/myctr"
find "$box" -exec touch -hd @"${SOURCE_DATE_EPOCH:-0}" {} +
"$HOST_DIR/bin/mksquashfs" "$box" "$target/usr/share/myctr/box.sqfs" \
	-noappend -all-root -no-progress -quiet -comp lz4 >/dev/null
