#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what a purpose needs on Debian 12: one list per purpose, nothing is downloaded when all of
# it is there. Run by the make goals; says what it installs. Without root it prints the command.
# usage: deps.sh build|test|demo|bench|lint...
set -eu

list()
{
	case $1 in
	build) echo gcc libc6-dev linux-libc-dev make libseccomp-dev libjsmn-dev libsodium-dev pkg-config xz-utils bzip2 gperf patch dpkg curl ca-certificates ;;
	cross) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
	cross-all) list cross && echo gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross gcc-mips-linux-gnu libc6-dev-mips-cross ;;
	endian) echo gcc-mips-linux-gnu libc6-dev-mips-cross qemu-user-static ;;
	unit) echo grub-common libcmocka-dev libjsmn-dev libcap-dev liblz4-dev zlib1g-dev libzstd-dev lz4 gzip zstd attr libarchive-tools squashfs-tools python3 busybox-static ;;
	fuzz) echo libjsmn-dev clang libclang-rt-14-dev zlib1g-dev ;;
	config) echo kconfig-frontends python3 python3-kconfiglib ;;
	lint) echo clang-format clang-tidy cppcheck shellcheck binutils gcc python3 ;;
	image) echo squashfs-tools liblz4-dev zlib1g-dev libzstd-dev libjsmn-dev lz4 tar xz-utils dpkg-dev cpio e2fsprogs libc-bin ;;
	vm) echo grub-common grub-pc-bin fdisk cryptsetup-bin openssl lz4 curl qemu-system-x86 qemu-system-arm qemu-utils cpio kmod python3 iproute2 ;;
	live) echo libubootenv-tool grub-common minisign signify-openbsd bind9-dnsutils erofs-utils skopeo umoci podman attr zstd util-linux iproute2 strace python3 busybox-static nftables socat curl iperf3 uidmap slirp4netns passt fuse-overlayfs squashfuse ;;
	compose) echo python3 python3-yaml ;;
	package) echo dpkg lintian python3 init-system-helpers ;;
	bench) echo uidmap slirp4netns passt iperf3 podman buildah musl-tools crun runc bubblewrap squashfs-tools lz4 libarchive-tools busybox-static e2fsprogs ;;
	board) list build && list cross-all && list image && list vm && echo fdisk qemu-system-misc qemu-system-mips ;;
	kernel) list build && list cross-all && echo bison flex bc lz4 libelf-dev libssl-dev kmod rsync ;;
	test) list build && list cross && list unit && list fuzz && list config && list lint && list image && list vm && list live && list bench && list compose && list package && list endian && echo fdisk lld ;;
	demo) list build && list image && list vm && { [ "${BOARD:-}" != qemu-aarch64 ] || list cross; } ;;
	*)
		echo "deps: unknown purpose '$1'; one of build cross cross-all endian board unit fuzz config lint image vm kernel live compose package test demo bench" >&2
		return 2
		;;
	esac
}

missing=
for purpose in "${@:-build}"; do
	packages=$(list "$purpose") || exit
	for package in $packages; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
		case " $missing " in *" $package "*) continue ;; esac
		[ "$state" = installed ] || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" != 0 ]; then
	echo "These Debian packages are missing. Run:" >&2
	echo "  sudo apt-get update && sudo $install" >&2
	exit 1
fi
echo "Installing for $*:$missing"
export DEBIAN_FRONTEND=noninteractive
exec 9>/tmp/apt.lock
flock 9
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt-get update -qq >"$log" 2>&1 || {
	tail -n 5 "$log" >&2
	echo "deps: apt-get update failed; trying with the lists that are there" >&2
}
$install >"$log" 2>&1 || {
	tail -n 20 "$log" >&2
	echo "deps: could not install:$missing" >&2
	exit 1
}
