#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make BOARD=name image`: what the board boots, in OUT, without root: a kernel (our own where `make
# board-kernel` built it, else Debian's with an initramfs that has its modules), a read-only squashfs root whose
# /sbin/init is myctr, and a disk for its data; or one disk image of the board's flash with all of them. Says
# nothing but what it is doing, on stderr. Prints the sizes of the parts.
#
# usage: image.sh BOARD OUT
# environment: KERNEL=debian (not our own), MYCTR_BUILT=FILE (this binary instead of building one)
#
# board/BOARD/facts is read, lines of name=value:
#   arch      as in uname -m
#   memory    of the machine, in MB; memory_debian: with Debian's kernel
#   comp      compressor of the squashfs files (lz4)
#   flash     size of the flash, in MiB: one disk in place of two
#   shell     yes: BusyBox is in the root, from Debian's package
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
board=$1
out=$2
PATH=$PATH:/usr/sbin:/sbin
arch='' memory=128 memory_debian='' comp=lz4 flash='' shell=''

say() { echo "image: $*" >&2; }
die() { say "$@"; exit 1; }

quietly() {
	"$@" > "$out/log" 2>&1 || { tail -n 20 "$out/log" >&2; die "$board: failed: $*"; }
}

read_facts() {
	[ -f "$top/board/$board/facts" ] || die "$board: no such board; those with a file facts: $(cd "$top/board" && echo */facts | sed 's|/facts||g')"
	# shellcheck disable=SC1090 # the board's
	. "$top/board/$board/facts"
	case $arch in
	x86_64) deb=amd64 ;;
	aarch64) deb=arm64 ;;
	arm) deb=armhf ;;
	*) deb=$arch ;;
	esac
}

build() {
	say "building myctr for $board ($arch)"
	quietly make -C "$top" O="$out/build" ARCH="$arch" "${board}_defconfig"
	[ -n "${MYCTR_BUILT:-}" ] || quietly make -C "$top" -j"${JOBS:-2}" O="$out/build" ARCH="$arch" all
	quietly make -C "$top" O="$out/build" ARCH="$arch" board-app
}

squash() {
	find "$1" -exec touch -hd @0 {} +
	rm -f "$2"
	quietly mksquashfs "$1" "$2" -noappend -all-root -no-progress -quiet -no-exports -comp "$comp" -b 256K
}

make_root() {
	root=$out/root
	rm -rf "$root"
	mkdir -p "$root/etc/myctr" "$root/usr/bin"
	for dir in proc sys dev run tmp root bin sbin var/lib/myctr var/log; do mkdir -p "$root/$dir"; done
	cp -r "$top/board/common/rootfs/." "$root/"
	[ ! -d "$top/board/$board/rootfs" ] || cp -r "$top/board/$board/rootfs/." "$root/"
	cp "${MYCTR_BUILT:-$out/build/myctr}" "$root/usr/bin/myctr"
	ln -s ../usr/bin/myctr "$root/sbin/init"
	cp "$top/board/$board/manifest" "$root/etc/myctr/manifest"
	if [ "$shell" = yes ]; then
		busybox=$("$top/tools/image/apt.sh" "$deb" fetch busybox-static)
		dpkg-deb --fsys-tarfile "$busybox" | tar -x -C "$root" ./bin/busybox
		for tool in sh ls cat ps top dmesg mount df free vi more grep stty clear sleep echo wget ip id hostname poweroff reboot; do
			ln -s busybox "$root/bin/$tool"
		done
	fi
	squash "$root" "$out/root.sqfs"
}

make_data() {
	rm -rf "$out/data" "$out/app"
	mkdir -p "$out/data/images"
	for dir in proc sys dev tmp run etc; do mkdir -p "$out/app/$dir"; done
	# what a container with a read-only root gets its own of
	for file in hosts hostname resolv.conf; do : > "$out/app/etc/$file"; done
	cp "$out/build/board/app" "$out/app/app"
	squash "$out/app" "$out/data/images/app.sqfs"
}

# FILE KIB: the data's file system
format_data() {
	rm -f "$1"
	truncate -s "$2K" "$1"
	mke2fs -q -t ext4 -b 1024 -m 0 -E root_owner=0:0 -d "$out/data" "$1"
}

# Our own kernel needs no initramfs: the drivers are in it.
find_kernel() {
	initrd=''
	if [ "${KERNEL:-}" != debian ] && kernel=$("$top/tools/kernel/build.sh" --path "$board"); then
		say "kernel: our own"
		case $arch in
		aarch64) gzip -9 -n -c "$kernel" > "$out/kernel" ;;
		*) cp "$kernel" "$out/kernel" ;;
		esac
	else
		[ "$arch" != mips ] || die "$board: Debian has no kernel for its processor; make board-kernel BOARD=$board"
		say "kernel: Debian's; a smaller, faster one: make board-kernel BOARD=$board"
		export MODULES="bridge veth nf_tables nf_conntrack nf_nat nft_ct nft_nat nft_masq nft_chain_nat nft_fib nft_fib_ipv4 nft_fib_ipv6 nft_fib_inet"
		prepared=$("$top/tools/vm/prepare.sh" "$arch" debian)
		kernel=''
		eval "$prepared"
		cp "$kernel" "$out/kernel"
		cp "$initrd" "$out/initrd"
		memory=${memory_debian:-$memory}
	fi
}

kib() { echo $((($(stat -c %s "$1") + 1023) / 1024)); }

# One disk as large as the flash: kernel, root and data, each beginning at a multiple of 64 KiB.
make_flash() {
	first=64
	kernel_kib=$((($(kib "$out/kernel") + 63) / 64 * 64))
	# Debian's kernel with its modules is larger than all of the flash: QEMU has it from outside
	[ -z "$initrd" ] || kernel_kib=64
	root_kib=$((($(kib "$out/root.sqfs") + 63) / 64 * 64))
	data_at=$((first + kernel_kib + root_kib))
	data_kib=$((flash * 1024 - data_at))
	[ $data_kib -ge 2048 ] || die "$board: $flash MiB of flash are too small: kernel $kernel_kib KiB, root $root_kib KiB"
	format_data "$out/data.ext4" $data_kib
	rm -f "$out/flash.img"
	truncate -s "${flash}M" "$out/flash.img"
	sfdisk -q "$out/flash.img" <<-TABLE
		label: dos
		start=$((first * 2)), size=$((kernel_kib * 2)), type=da
		start=$(((first + kernel_kib) * 2)), size=$((root_kib * 2)), type=83
		start=$((data_at * 2)), size=$((data_kib * 2)), type=83
	TABLE
	[ -n "$initrd" ] || dd if="$out/kernel" of="$out/flash.img" bs=64K seek=$((first / 64)) conv=notrunc status=none
	dd if="$out/root.sqfs" of="$out/flash.img" bs=64K seek=$(((first + kernel_kib) / 64)) conv=notrunc status=none
	dd if="$out/data.ext4" of="$out/flash.img" bs=64K seek=$((data_at / 64)) conv=notrunc,sparse status=none
	disks=flash.img
	rootdev=/dev/vda2
}

read_facts
mkdir -p "$out"
rm -f "$out/initrd" "$out/machine"
build
find_kernel
make_root
make_data
if [ -n "$flash" ]; then
	make_flash
else
	format_data "$out/data.ext4" 16384
	disks='root.sqfs data.ext4'
	rootdev=/dev/vda
fi
cat > "$out/machine" <<END
arch=$arch
memory=$memory
disks='$disks'
append='root=$rootdev rootfstype=squashfs ro init=/sbin/init${initrd:+ vm.noagent}'
prefix='${shell:+myctr }'
END
for part in kernel initrd root.sqfs data/images/app.sqfs flash.img build/myctr; do
	[ ! -f "$out/$part" ] || printf '%10d %s\n' "$(stat -c %s "$out/$part")" "$out/$part"
done
