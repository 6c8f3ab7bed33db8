#!/bin/sh
# SPDX-License-Identifier: MIT
# Make the musl sysroot that myctr is linked with: musl itself, the kernel's user headers, libseccomp,
# libcap, lz4, zlib, zstd, jsmn and the part of
# libsodium that checks signatures, all from Debian's packages, each pinned by its SHA-256 below. Runs once per
# architecture and compiler; the result is cached and shared by every build tree of the user.
# It must never install anything on the machine, need root, or use a file whose checksum differs.
#
# usage: build.sh path ARCH [CC]    print where the sysroot is (or would be)
#        build.sh build ARCH [CC]   make it if it is not there, then print where it is
#        build.sh fetch ARCH [CC]   only download
#        build.sh cmocka ARCH [CC]  also what unit tests are linked with, into the same folder
set -eu

cache=${MYCTR_CACHE:-$HOME/.cache/myctr}
mirrors=${MYCTR_MIRROR:-"http://deb.debian.org/debian http://snapshot.debian.org/archive/debian/20250901T000000Z"}
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")

# file of the Debian pool, its checksum
sources='
main/libs/libseccomp/libseccomp_2.5.4.orig.tar.gz d82902400405cf0068574ef3dc1fe5f5926207543ba1ae6f8e7a1576351dcbdb
main/libs/libseccomp/libseccomp_2.5.4-1+deb12u1.debian.tar.xz 665fc6ad1b9887207b0af1a293a2d7975e2df503a2618d1808b970081f9672f6
main/libc/libcap2/libcap2_2.66.orig.tar.xz 15c40ededb3003d70a283fe587a36b7d19c8b3b554e33f86129c059a4bb466b2
main/libc/libcap2/libcap2_2.66-4+deb12u3.debian.tar.xz 124ec52e286e8617a7fb8e576390abbf60f6674e065504459f32af20817eaa13
main/l/lz4/lz4_1.9.4.orig.tar.gz 0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b
main/j/jsmn/jsmn_1.1.0.orig.tar.gz 5f0913a10657fe7ec8d5794ccf00a01000e3e1f2f1e1f143c34a0f7b47edcb38
main/z/zlib/zlib_1.2.13.dfsg.orig.tar.bz2 71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
main/z/zlib/zlib_1.2.13.dfsg-1.debian.tar.xz f66cf3d4f2d7defcd4d1fd1fb0a11ee39f1e01b42ec7d059c9dc5c1695133c44
main/libz/libzstd/libzstd_1.5.4+dfsg2.orig.tar.xz 8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953
main/libz/libzstd/libzstd_1.5.4+dfsg2-5.debian.tar.xz 82ce911445772861d0838bd4545f93bc50658bc7f3cefdb17a307dfb8ffca5d8
main/libs/libsodium/libsodium_1.0.18.orig.tar.gz d59323c6b712a1519a5daf710b68f5e7fde57040845ffec53850911f10a5d4f4
main/libs/libsodium/libsodium_1.0.18-1+deb12u1.debian.tar.xz f410474e46346b06b162defa05b1be26906aeed6cf309e3d4ebe30b4d1350733
main/l/lz4/lz4_1.9.4-1.debian.tar.xz 47ceec5b95f42598f7b9280b03df9659f2ee6852720ec181488e83bd643f0e5f
'
musl_x86_64='main/m/musl/musl-dev_1.2.3-1_amd64.deb 7c34f29a0c1aa12f6da1d25ed6de6fe6bbd9e048ee76b3dcb88c5e51fb65507f'
musl_aarch64='main/m/musl/musl-dev_1.2.3-1_arm64.deb 55c2ca4bc3041c8ed8ac7dc3ef6080d9551a21650568b2fd7610b59eaf98a4f4'
musl_arm='main/m/musl/musl-dev_1.2.3-1_armhf.deb 3a9dbb8ae66716f117dce87558fb47a161db0eebf0700cc6bf84ef6871ce7d38'
cmocka='main/c/cmocka/cmocka_1.1.5.orig.tar.xz f0ccd8242d55e2fd74b16ba518359151f6f8383ff8aef4976e48393f77bba8b6'
# for processors that Debian has no musl-dev for
musl_source='main/m/musl/musl_1.2.3.orig.tar.gz 7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4'

die()
{
	echo "sysroot: $*" >&2
	exit 1
}

need()
{
	for tool in "$@"; do
		command -v "$tool" >/dev/null ||
			die "$tool is not installed; run tools/deps.sh build"
	done
}

# Fetch one "pool-path checksum" line into the download folder, unless it is there and right.
fetch_one()
{
	file=$cache/download/$(basename "$1")
	if [ -f "$file" ] && echo "$2  $file" | sha256sum -c --status; then
		return 0
	fi
	mkdir -p "$cache/download"
	for mirror in $mirrors; do
		url=$mirror/pool/$1
		echo "sysroot: downloading $url" >&2
		rm -f "$file.part"
		if [ -x /usr/lib/apt/apt-helper ]; then
			/usr/lib/apt/apt-helper download-file "$url" "$file.part" >/dev/null 2>&1 || continue
		else
			curl -fsSLo "$file.part" "$url" || continue
		fi
		if echo "$2  $file.part" | sha256sum -c --status; then
			mv "$file.part" "$file"
			return 0
		fi
		echo "sysroot: $url: wrong SHA-256 checksum, not used" >&2
	done
	rm -f "$file.part"
	die "$(basename "$1"): could not be downloaded from: $mirrors"
}

fetch_all()
{
	printf '%s\n' "$sources" "$musl" | while read -r path sum; do
		[ -z "$path" ] || fetch_one "$path" "$sum"
	done
}

# Unpack NAME's upstream source into $work/NAME with Debian's patches applied.
unpack_source()
{
	mkdir -p "$work/$1"
	for file in "$cache"/download/"$1"_*.orig.tar.*; do
		tar -xf "$file" -C "$work/$1" --strip-components=1
	done
	for file in "$cache"/download/"$1"_*.debian.tar.*; do
		[ -f "$file" ] || return 0
		tar -xf "$file" -C "$work/$1"
	done
	[ -f "$work/$1/debian/patches/series" ] || return 0
	while read -r name _; do
		case $name in '' | '#'*) continue ;; esac
		patch -s -d "$work/$1" -p1 <"$work/$1/debian/patches/$name" >&2 || die "$1: patch $name does not apply"
	done <"$work/$1/debian/patches/series"
}

compile_musl()
{
	unpack_source musl
	(
		cd "$work/musl"
		./configure --host="$musl_triplet" --prefix=/ --disable-shared CC="$cc" AR="${prefix}ar" RANLIB="${prefix}ranlib" \
			CFLAGS="-Os -ffunction-sections -fdata-sections -g0"
		make -j"$(nproc)" install-libs install-headers DESTDIR="$new"
	) >"$work/musl.log" 2>&1 || {
		tail -n 20 "$work/musl.log" >&2
		die "musl did not build"
	}
	rm -f "$new/lib/"*.specs
}

# musl's headers and objects, and of the kernel's headers only the four folders that are not glibc's.
install_musl()
{
	mkdir -p "$new/include" "$new/lib"
	case $musl in
	*.deb*)
		dpkg-deb -x "$cache/download/$(basename "${musl%% *}")" "$work/musl"
		cp -R "$work/musl/usr/include/$musl_triplet/." "$new/include"
		cp "$work/musl/usr/lib/$musl_triplet/"*.[ao] "$new/lib"
		;;
	*) compile_musl ;;
	esac
	for dir in linux asm asm-generic mtd; do
		for from in "/usr/$gnu_triplet/include" "/usr/include/$gnu_triplet" /usr/include; do
			[ -d "$from/$dir" ] || continue
			cp -RL "$from/$dir" "$new/include/"
			break
		done
		[ -d "$new/include/$dir" ] || die "kernel headers for $arch not found; run tools/deps.sh build"
	done
}

# A compiler that only sees the sysroot, for the configure scripts of the libraries.
write_wrapper()
{
	libgcc=$($cc -print-libgcc-file-name)
	cat >"$work/cc" <<END
#!/bin/sh
for arg; do
	case \$arg in -c | -E | -S | -M | -MM) exec $cc -nostdinc -isystem $new/include -isystem $($cc -print-file-name=include) "\$@" ;; esac
done
exec $cc -nostdinc -isystem $new/include -isystem $($cc -print-file-name=include) -nostdlib -static \
	-L$new/lib $new/lib/crt1.o $new/lib/crti.o "\$@" -lc $libgcc -lc $new/lib/crtn.o
END
	chmod +x "$work/cc"
}

build_libseccomp()
{
	unpack_source libseccomp
	(
		cd "$work/libseccomp"
		# Its table has the numbers of 15 processors, of which all but arm's private ones fit 16 bits: 14 KiB less.
		sed -i '/^struct arch_syscall_table {/,/^};/ { /\(name\|index\|arm\);/! s/^\tint /\tshort / }' src/syscalls.h
		sed -i 's/return \*(int \*)((char \*)s + offset);/return *(const short *)((const char *)s + offset);/' \
			src/syscalls.perf.template src/syscalls.perf.c
		grep -q '^	short x86;' src/syscalls.h && grep -q 'const short' src/syscalls.perf.template || die "libseccomp: its table has changed"
		[ -x configure ] || ./autogen.sh
		./configure --host="$gnu_triplet" --prefix=/ --enable-static --disable-shared --disable-python \
			CC="$work/cc" AR="${prefix}ar" RANLIB="${prefix}ranlib" CFLAGS="$cflags -Werror=overflow"
		make -C include install DESTDIR="$new"
		make -C src install DESTDIR="$new"
	)
}

build_libcap()
{
	unpack_source libcap2
	make -C "$work/libcap2/libcap" libcap.a CC="$work/cc" BUILD_CC="${HOSTCC:-gcc}" AR="${prefix}ar" \
		RANLIB="${prefix}ranlib" SHARED=no COPTS="$cflags"
	cp "$work/libcap2/libcap/libcap.a" "$new/lib/"
	mkdir -p "$new/include/sys"
	cp "$work/libcap2/libcap/include/sys/capability.h" "$new/include/sys/"
}

build_lz4()
{
	unpack_source lz4
	(
		cd "$work/lz4/lib"
		for file in lz4 lz4hc lz4frame xxhash; do
			# shellcheck disable=SC2086 # a list of flags
			"$work/cc" $cflags -DXXH_NAMESPACE=LZ4_ -c "$file.c" -o "$file.o"
		done
		"${prefix}ar" rcsD "$new/lib/liblz4.a" lz4.o lz4hc.o lz4frame.o xxhash.o
		cp lz4.h lz4hc.h lz4frame.h "$new/include/"
	)
}

# Only what reads. The tables of crc32 are made when they are first needed: they would be 36 KiB.
build_zlib()
{
	unpack_source zlib
	(
		cd "$work/zlib"
		for file in adler32 crc32 inffast inflate inftrees zutil; do
			# shellcheck disable=SC2086 # a list of flags
			"$work/cc" $cflags -DDYNAMIC_CRC_TABLE -DHAVE_HIDDEN -c "$file.c" -o "$file.o"
		done
		"${prefix}ar" rcsD "$new/lib/libz.a" adler32.o crc32.o inffast.o inflate.o inftrees.o zutil.o
		cp zlib.h zconf.h "$new/include/"
	)
}

# Only what reads, without the second variant of each loop that trades size for speed.
build_libzstd()
{
	unpack_source libzstd
	(
		cd "$work/libzstd/lib"
		for file in common/*.c decompress/*.c; do
			# shellcheck disable=SC2086 # a list of flags
			"$work/cc" $cflags -DZSTD_DISABLE_ASM -DZSTD_LEGACY_SUPPORT=0 -DHUF_FORCE_DECOMPRESS_X1 -DDYNAMIC_BMI2=0 \
				-DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -DZSTD_NO_INLINE -DZSTD_STRIP_ERROR_STRINGS \
				-c "$file" -o "$file.o"
		done
		"${prefix}ar" rcsD "$new/lib/libzstd.a" common/*.o decompress/*.o
		cp zstd.h zstd_errors.h "$new/include/"
	)
}

# Only what checks ed25519 signatures and makes BLAKE2b hashes; what that needs of the rest is dropped when a
# program is linked. BLAKE2b's rounds as a loop are 4 KiB less.
build_libsodium()
{
	unpack_source libsodium
	(
		cd "$work/libsodium/src/libsodium"
		sed -i -e '/^    ROUND([1-9][0-9]*);$/d' -e 's/^    ROUND(0);$/    for (i = 0; i < 12; i++)\n        ROUND(i);/' \
			crypto_generichash/blake2b/ref/blake2b-compress-ref.c
		grep -q 'ROUND(i)' crypto_generichash/blake2b/ref/blake2b-compress-ref.c || die "libsodium: BLAKE2b has changed"
		sed -e 's/@VERSION@/1.0.18/' -e 's/@SODIUM_LIBRARY_VERSION_M[A-Z]*@/0/' -e 's/@SODIUM_LIBRARY_MINIMAL_DEF@//' \
			include/sodium/version.h.in >include/sodium/version.h
		least=$("$work/cc" -Oz -E -x c /dev/null >/dev/null 2>&1 && echo -Oz || true)
		# 128-bit numbers where the processor has them
		wide=$(echo __SIZEOF_INT128__ | "$work/cc" -E -x c - | grep -qx 16 && echo -DHAVE_TI_MODE=1 || true)
		for file in crypto_sign/ed25519/ref10/open crypto_sign/ed25519/ref10/sign crypto_core/ed25519/ref10/ed25519_ref10 \
			crypto_hash/sha512/cp/hash_sha512_cp crypto_generichash/blake2b/ref/generichash_blake2b \
			crypto_generichash/blake2b/ref/blake2b-ref crypto_generichash/blake2b/ref/blake2b-compress-ref \
			crypto_verify/sodium/verify sodium/utils sodium/core; do
			# shellcheck disable=SC2086 # lists of flags
			"$work/cc" $cflags $least -Iinclude/sodium -Iinclude -DCONFIGURED=1 -DSODIUM_STATIC $wide -c "$file.c" -o "$(basename "$file").o"
		done
		"${prefix}ar" rcsD "$new/lib/libsodium.a" ./*.o
		cp -R include/sodium include/sodium.h "$new/include/"
		rm -rf "$new/include/sodium/private"
	)
}

# One header, no object.
build_jsmn()
{
	mkdir -p "$work/jsmn"
	tar -xf "$cache/download/jsmn_1.1.0.orig.tar.gz" -C "$work/jsmn" --strip-components=1
	cp "$work/jsmn/jsmn.h" "$new/include/"
}

# Of `make unit-cross`; no part of any program that is installed.
build_cmocka()
{
	fetch_one "${cmocka% *}" "${cmocka#* }"
	new=$sysroot
	work=$sysroot.cmocka
	rm -rf "$work"
	unpack_source cmocka
	write_wrapper
	# shellcheck disable=SC2086 # a list of flags
	"$work/cc" $cflags -D_GNU_SOURCE -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_UNISTD_H -DHAVE_TIME_H \
		-DHAVE_MALLOC_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_GETTIME_REALTIME -DHAVE_GCC_THREAD_LOCAL_STORAGE \
		-DHAVE_SNPRINTF -DHAVE_VSNPRINTF -I"$work/cmocka/include" -c "$work/cmocka/src/cmocka.c" -o "$work/cmocka.o"
	cp "$work/cmocka/include/cmocka.h" "$new/include/"
	"${prefix}ar" rcsD "$new/lib/libcmocka.a" "$work/cmocka.o"
	rm -rf "$work"
}

build_all()
{
	need patch make gperf dpkg-deb tar xz bzip2 sha256sum "${cc%% *}"
	fetch_all
	new=$sysroot.new
	work=$sysroot.work
	rm -rf "$new" "$work"
	mkdir -p "$work"
	echo "sysroot: building musl libraries for $arch in $sysroot (about 30 s, once)" >&2
	install_musl
	write_wrapper
	for lib in libseccomp libcap lz4 zlib libzstd libsodium jsmn; do
		"build_$lib" >"$work/$lib.log" 2>&1 || {
			tail -n 20 "$work/$lib.log" >&2
			die "$lib did not build; the whole log is $work/$lib.log"
		}
	done
	rm -rf "$new/lib/pkgconfig" "$new"/lib/*.la "$work"
	mv "$new" "$sysroot"
}

goal=${1:?usage: build.sh path|build|fetch|cmocka ARCH [CC]}
arch=${2:?usage: build.sh path|build|fetch|cmocka ARCH [CC]}
prefix=
[ "$arch" = "$(uname -m)" ] || prefix=$arch-linux-gnu-
gnu_triplet=$arch-linux-gnu
musl_triplet=$arch-linux-musl
case $arch in
x86_64) musl=$musl_x86_64 ;;
aarch64) musl=$musl_aarch64 ;;
arm)
	musl=$musl_arm
	gnu_triplet=arm-linux-gnueabihf
	musl_triplet=arm-linux-musleabihf
	[ -z "$prefix" ] || prefix=arm-linux-gnueabihf-
	;;
riscv64 | mips | mipsel) musl=$musl_source ;;
*) die "no pinned musl for $arch; build with CROSS_COMPILE= and SYSROOT= of a toolchain for it" ;;
esac
cc=${3:-${prefix}gcc}
# NDEBUG: assert() of libseccomp would bring in all of stdio, 16 KiB.
cflags="-Os -DNDEBUG -fPIE -ffunction-sections -fdata-sections -fstack-protector-strong -fno-asynchronous-unwind-tables"
cflags="$cflags -fno-unwind-tables -fno-ident -g0"
key=$( (cat "$self"; $cc -dumpmachine; $cc -dumpfullversion) | sha256sum | cut -c1-12)
sysroot=$cache/sysroot-$arch-$key

case $goal in
path) ;;
fetch) fetch_all ;;
build | cmocka)
	if [ ! -d "$sysroot" ] || [ "$goal" = cmocka ]; then
		mkdir -p "$cache"
		exec 9>"$cache/.lock-sysroot"
		flock 9
		[ -d "$sysroot" ] || build_all
		[ "$goal" = build ] || [ -f "$sysroot/lib/libcmocka.a" ] || build_cmocka
	fi
	;;
*) die "unknown goal '$goal'" ;;
esac
echo "$sysroot"
