#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what a machine of `vm` boots: a kernel, and the initramfs with our guest program, busybox and
# the kernel modules it needs. Cached; prints `kernel=PATH` and `initrd=PATH` for eval. Installs
# nothing on this machine.
#
# usage: prepare.sh x86_64|aarch64|arm|riscv64 [debian|full|own|auto]    auto: our own kernel where it was built;
# full: Debian's for real machines, which has USB, watchdogs and more; a download of 70 MB
# environment: MODULES="more modules to load at boot"
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${MYCTR_CACHE:-$HOME/.cache/myctr}
arch=${1:?usage: prepare.sh x86_64|aarch64|arm|riscv64 [debian|own|auto]}
kind=${2:-auto}
PATH=$PATH:/usr/sbin:/sbin # depmod, for users other than root
# what is unpacked of the kernel for real machines: with all of it that would be 400 MB
full="fs lib crypto arch net drivers/block drivers/char drivers/md drivers/net/*.ko drivers/usb drivers/virtio drivers/watchdog"
# what the tests and the demo use; loaded in this order where the kernel has them as modules
modules="virtio_pci virtio_blk virtio_console virtio_net virtio_rng loop squashfs crc32c_generic ext4 overlay ${MODULES:-}"

die() { echo "prepare: $*" >&2; exit 1; }

# Debian 12 is not made for riscv64
case $arch in
x86_64) deb=amd64 cross='' package=cloud-amd64 ;;
aarch64) deb=arm64 cross=aarch64-linux-gnu- package=cloud-arm64 ;;
arm) deb=armhf cross=arm-linux-gnueabihf- package=armmp ;;
riscv64) deb=riscv64 cross=riscv64-linux-gnu- package=riscv64 MYCTR_SUITE=${MYCTR_SUITE:-trixie} ;;
*) die "$arch: not known; x86_64, aarch64, arm or riscv64" ;;
esac
[ -z "${MYCTR_SUITE:-}" ] || export MYCTR_SUITE
[ "$(uname -m)" != "$arch" ] || cross=''

if [ "$kind" = full ]; then
	flavour=full-
elif [ "$kind" != debian ] && kernel=$("$top/tools/kernel/build.sh" --path "qemu-$arch"); then
	kind=own
elif [ "$kind" = own ]; then
	die "qemu-$arch: our kernel is not built; make kernel BOARD=qemu-$arch"
else
	kind=debian
fi

# PACKAGE DIR
unpack() {
	[ "$kind" = full ] || {
		dpkg-deb -x "$1" "$2"
		return
	}
	set -f
	for part in $full; do echo "./lib/modules/*/kernel/$part"; done >"$2/parts"
	dpkg-deb --fsys-tarfile "$1" |
		tar -x -C "$2" --wildcards -T "$2/parts" './boot/vmlinuz-*' './lib/modules/*/modules.*'
	set +f
}

# linux-image-cloud-* only names the newest real package
fetch_debian() {
	dir=$cache/vm/debian-${flavour:-}$deb
	kernel=$dir/image
	[ ! -f "$dir/done" ] || return 0
	meta=linux-image-$package
	[ "$kind" != full ] || meta=linux-image-$deb
	echo "prepare: downloading Debian's $meta" >&2
	meta=$("$top/tools/image/apt.sh" "$deb" fetch "$meta")
	real=$(dpkg-deb -f "$meta" Depends | sed 's/[ ,(].*//')
	package=$("$top/tools/image/apt.sh" "$deb" fetch "$real")
	rm -rf "$dir"
	mkdir -p "$dir"
	unpack "$package" "$dir"
	# since Debian 13 in /usr/lib; some processors' kernels are not compressed
	[ -d "$dir/lib" ] || ln -s usr/lib "$dir/lib"
	cp "$dir"/boot/vmlinu[xz]-* "$kernel"
	find "$dir/lib/modules/" -name '*.ko.xz' -exec xz -d {} +
	depmod -b "$dir" "$(ls "$dir/lib/modules")"
	touch "$dir/done"
}

# names one a line, what they depend on before them
in_order() {
	dep=$dir/lib/modules/$(ls "$dir/lib/modules")/modules.dep
	for m in "$@"; do
		awk -v want="$(echo "$m" | tr - _)" '{
			file = $1; sub(/:$/, "", file); name = file; sub(/.*\//, "", name); sub(/\.ko$/, "", name)
			gsub(/-/, "_", name)
			if (name == want) { for (i = NF; i >= 2; i--) print $i; print file }
		}' "$dep"
	done | awk '!seen[$0]++'
}

build_guest() {
	mkdir -p "$1"
	"${cross}gcc" -std=gnu11 -D_GNU_SOURCE -Os -static -Wall -Wextra -I"$top" -o "$1/guest" \
		"$top/tools/vm/guest.c" "$top/tools/vm/agent.c" "$top/tools/vm/proto.c" \
		"$top/core/lib/fd.c" "$top/core/lib/err.c"
}

exec 9>"$cache/.lock-vm-$arch"
flock 9
[ "$kind" = own ] || fetch_debian
key=$({
	cat "$top"/tools/vm/guest.[ch] "$top"/tools/vm/agent.c "$top"/tools/vm/proto.[ch] "$top"/core/lib/fd.[ch] "$0"
	echo "$kind $modules"
	[ "$kind" = own ] || ls "$dir/lib/modules"
} | sha256sum | cut -c1-12)
initrd=$cache/vm/initrd-$kind-$arch-$key.cpio
if [ ! -f "$initrd" ]; then
	tree=$(mktemp -d)
	trap 'rm -rf "$tree"' EXIT
	mkdir -p "$tree/vm/modules" "$cache/vm"
	build_guest "$tree/vm"
	if busybox=$("$top/tools/image/apt.sh" "$deb" fetch busybox-static); then
		dpkg-deb -x "$busybox" "$tree/deb"
		find "$tree/deb" -name busybox -type f -perm -1 -exec mv {} "$tree/vm/" \;
	else
		echo "prepare: no /vm/busybox in the initramfs" >&2
	fi
	rm -rf "$tree/deb"
	if [ "$kind" != own ]; then
		# shellcheck disable=SC2086 # a list of words
		in_order $modules > "$tree/order"
		while read -r ko; do
			cp "$dir/lib/modules/$(ls "$dir/lib/modules")/$ko" "$tree/vm/modules/"
			basename "$ko" .ko
		done < "$tree/order" > "$tree/vm/modules/list"
		rm "$tree/order"
	fi
	find "$tree" -exec touch -hd @0 {} +
	(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) > "$initrd.new"
	mv "$initrd.new" "$initrd"
fi
echo "kernel=$kernel"
echo "initrd=$initrd"
