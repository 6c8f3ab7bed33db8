#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds configs/myctr_qemu_ARCH_defconfig with a Buildroot that is already here and boots the image, where
# nothing can be downloaded but what Debian has: the toolchain is toolchain.sh's, sources come from Debian's
# pool (checked by Buildroot's own .hash files where they are the same, else by the sums below), and fakeroot,
# kmod and patchelf of this machine stand in for Buildroot's. For tests of this tree; a product needs none of it.
#
# usage: try.sh BUILDROOT FOLDER [aarch64|x86_64] [static|shared]
# environment: LINUX_SRC: a kernel source tree; without it no kernel is built, and KERNEL boots the image.
#              TARBALL: myctr-VERSION.tar.gz; is built in place of this tree
set -eu

here=$(cd "$(dirname "$0")" && pwd)
usage="usage: try.sh BUILDROOT FOLDER [aarch64|x86_64] [static|shared]"
buildroot=$(realpath "${1:?$usage}")
mkdir -p "${2:?$usage}"
work=$(realpath "$2")
arch=${3:-aarch64}
linking=${4:-static}
pool=${MYCTR_MIRROR:-http://deb.debian.org/debian}/pool/main
out=$work/$arch-$linking
overrides=$work/local.mk

die() { echo "try: $*" >&2; exit 1; }
[ -f "$buildroot/package/Makefile.in" ] || die "$buildroot: not a Buildroot tree"
for tool in fakeroot kmod patchelf gperf rsync cpio bc; do
	PATH=$PATH:/sbin command -v $tool >/dev/null || die "$tool is missing; install Debian's package"
done

get() { [ -s "$2" ] || { mkdir -p "$(dirname "$2")"; curl -sfL --retry 3 -o "$2.new" "$pool/$1" && mv "$2.new" "$2"; } || die "$pool/$1: not to be had"; }
# whole PACKAGE PATH-IN-POOL NAME: the very tarball that Buildroot wants
whole() { get "$2" "$work/dl/$1/$3"; }
# other VARIABLE PATH-IN-POOL SHA256: another release, unpacked, by Buildroot's override
other()
{
	name=$(echo "$1" | tr A-Z_ a-z-)
	get "$2" "$work/tarballs/$(basename "$2")"
	echo "$3  $work/tarballs/$(basename "$2")" | sha256sum -c --quiet || die "$2: another file than before"
	[ -d "$work/src/$name" ] || {
		mkdir -p "$work/src/$name"
		tar -xf "$work/tarballs/$(basename "$2")" -C "$work/src/$name" --strip-components=1
	}
	echo "$1_OVERRIDE_SRCDIR = $work/src/$name" >>"$overrides"
}
# ours VARIABLE TOOL: this machine's program; without TOOL nothing, for what only a real one would need
ours()
{
	name=$(echo "$1" | tr A-Z_ a-z-)
	mkdir -p "$work/src/$name"
	path=${2:+$(PATH=$PATH:/sbin command -v "$2")}
	cat >"$work/src/$name/configure" <<-END
		#!/bin/sh
		for word; do
			case \$word in --prefix=*) prefix=\${word#*=} ;; esac
		done
		printf 'all:\ninstall:\n\tmkdir -p %s/bin\n' "\$prefix" >Makefile
		[ -z "$path" ] || printf '\tln -sf %s %s/bin/\n' "$path" "\$prefix" >>Makefile
	END
	chmod +x "$work/src/$name/configure"
	echo "$1_OVERRIDE_SRCDIR = $work/src/$name" >>"$overrides"
}

sources()
{
	: >"$overrides"
	whole libseccomp libs/libseccomp/libseccomp_2.6.0.orig.tar.gz libseccomp-2.6.0.tar.gz
	whole libcap libc/libcap2/libcap2_2.78.orig.tar.xz libcap-2.78.tar.xz
	whole lz4 l/lz4/lz4_1.10.0.orig.tar.gz lz4-1.10.0.tar.gz
	whole jsmn j/jsmn/jsmn_1.1.0.orig.tar.gz jsmn-1.1.0.tar.gz
	whole busybox b/busybox/busybox_1.37.0.orig.tar.bz2 busybox-1.37.0.tar.bz2
	whole gperf g/gperf/gperf_3.3.orig.tar.gz gperf-3.3.tar.gz
	whole squashfs s/squashfs-tools/squashfs-tools_4.6.1.orig.tar.gz squashfs-tools-4.6.1.tar.gz
	whole lzo l/lzo2/lzo2_2.10.orig.tar.gz lzo-2.10.tar.gz
	other PKGCONF p/pkgconf/pkgconf_1.8.1.orig.tar.xz 644361ada2942be05655d4452eb018791647c31bba429b287f1f68deb2dc6840
	other LIBZLIB z/zlib/zlib_1.3.dfsg+really1.3.2.orig.tar.gz 7b6903eb019983987b7112eccf90f1703f1c6c0e0cede36564bf611d19ca579d
	other ZSTD libz/libzstd/libzstd_1.5.7+dfsg.orig.tar.xz 0c092ef267edce57ba7f3f2645c861f72eaf5e76273c6c3632869423464b90a5
	other XZ x/xz-utils/xz-utils_5.8.1.orig.tar.xz 0b54f79df85912504de0b14aec7971e3f964491af1812d83447005807513cd9e
	ours FAKEROOT fakeroot
	ours KMOD kmod
	ours PATCHELF patchelf
	ours ATTR
	ours ACL
	mkdir -p "$work/src/headers" "$work/path"
	cp "$buildroot/package/musl-compat-headers/cdefs.h" "$work/src/headers/"
	cp /usr/include/*-linux-gnu/sys/queue.h "$work/src/headers/"
	cat >>"$overrides" <<-END
		HOST_ATTR_AUTORECONF = NO
		MUSL_COMPAT_HEADERS_OVERRIDE_SRCDIR = $work/src/headers
		MUSL_COMPAT_HEADERS_SITE = file:///nowhere
	END
	[ -z "${LINUX_SRC:-}" ] || echo "LINUX_OVERRIDE_SRCDIR = $LINUX_SRC" >>"$overrides"
	# Buildroot wants 1.35 for archives of devices, of which there are none here.
	# shellcheck disable=SC2016 # for that script
	printf '#!/bin/sh\n[ "$*" != --version ] || { echo "tar (GNU tar) 1.35"; exit; }\nexec /bin/tar "$@"\n' >"$work/path/tar"
	chmod +x "$work/path/tar"
}

configure()
{
	grep -vE "TOOLCHAIN_BUILDROOT$([ "$linking" = static ] || echo "|STATIC_LIBS")$([ -n "${LINUX_SRC:-}" ] || echo "|LINUX_KERNEL")" "$here/configs/myctr_qemu_${arch}_defconfig" >"$work/defconfig"
	cat >>"$work/defconfig" <<-END
		BR2_TOOLCHAIN_EXTERNAL=y
		BR2_TOOLCHAIN_EXTERNAL_CUSTOM=y
		BR2_TOOLCHAIN_EXTERNAL_PATH="$work/toolchain-$arch"
		BR2_TOOLCHAIN_EXTERNAL_CUSTOM_PREFIX="$arch-linux-musl"
		BR2_TOOLCHAIN_EXTERNAL_GCC_12=y
		BR2_TOOLCHAIN_EXTERNAL_HEADERS_6_1=y
		BR2_TOOLCHAIN_EXTERNAL_CUSTOM_MUSL=y
		BR2_PACKAGE_OVERRIDE_FILE="$overrides"
		BR2_DL_DIR="$work/dl"
		BR2_PRIMARY_SITE="file:///nowhere"
		BR2_PRIMARY_SITE_ONLY=y
		BR2_JLEVEL=2
		BR2_PACKAGE_MYCTR_CAPABILITY_TOOLS=y
	END
	[ "$linking" = static ] || echo BR2_SHARED_LIBS=y >>"$work/defconfig"
	[ -n "${LINUX_SRC:-}" ] || echo '# BR2_LINUX_KERNEL is not set' >>"$work/defconfig"
	if [ -n "${TARBALL:-}" ]; then
		mkdir -p "$work/dl/myctr" "$work/patches/myctr"
		cp "$TARBALL" "$work/dl/myctr/"
		(cd "$work/dl/myctr" && sha256sum "$(basename "$TARBALL")") >"$work/patches/myctr/myctr.hash"
		sed -i 's/^/sha256  /' "$work/patches/myctr/myctr.hash"
		cat >>"$work/defconfig" <<-END
			BR2_PACKAGE_MYCTR_SITE="file://$(dirname "$(realpath "$TARBALL")")"
			BR2_GLOBAL_PATCH_DIR="$work/patches"
		END
	fi
	make -s -C "$buildroot" BR2_EXTERNAL="$here" O="$out" BR2_DEFCONFIG="$work/defconfig" defconfig >/dev/null
	grep -q '^BR2_PACKAGE_MYCTR=y' "$out/.config" || die "the configuration has lost myctr"
}

sources
"$here/toolchain.sh" "$arch" "$work/toolchain-$arch"
configure
PATH=$work/path:/usr/bin:/bin:/usr/sbin:/sbin make -C "$out" >"$out.log" 2>&1 || {
	tail -n 20 "$out.log" >&2
	die "the build failed; all of it is in $out.log"
}
"$here/boot.sh" "$out/images"
