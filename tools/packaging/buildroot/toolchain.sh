#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A musl toolchain in the form that Buildroot takes as an external one, for trying the package where
# nothing can be downloaded but Debian's packages: Debian's gcc under another name, which looks for headers
# and libraries in a sysroot of its own, made of Debian's musl and kernel headers. Programs only in C.
#
# usage: toolchain.sh x86_64|aarch64 FOLDER     makes FOLDER/bin/ARCH-linux-musl-gcc ... and FOLDER/sysroot
set -eu

top=$(cd "$(dirname "$0")/../../.." && pwd)
arch=${1:?usage: toolchain.sh ARCH FOLDER}
out=${2:?usage: toolchain.sh ARCH FOLDER}
case $arch in
# libgcc's outline atomics ask glibc for what the processor has
aarch64) deb=arm64 flags=-mno-outline-atomics headers=/usr/aarch64-linux-gnu/include asm=/usr/aarch64-linux-gnu/include/asm ;;
x86_64) deb=amd64 flags='' headers=/usr/include asm=/usr/include/x86_64-linux-gnu/asm ;;
*) echo "toolchain: $arch: not known; aarch64 or x86_64" >&2; exit 2 ;;
esac
gnu=$arch-linux-gnu
name=$arch-linux-musl
command -v "$gnu-gcc" >/dev/null || { echo "toolchain: $gnu-gcc is missing; tools/deps.sh cross" >&2; exit 1; }
[ ! -f "$out/.made" ] || exit 0

rm -rf "$out"
mkdir -p "$out/bin" "$out/sysroot/usr/lib" "$out/sysroot/usr/include" "$out/sysroot/lib" "$out/unpacked"
out=$(cd "$out" && pwd)
sysroot=$out/sysroot
for file in $("$top/tools/image/apt.sh" $deb fetch musl musl-dev); do
	dpkg-deb -x "$file" "$out/unpacked"
done
cp -R "$out/unpacked/usr/include/$name/." "$sysroot/usr/include/"
cp -R "$out/unpacked/usr/lib/$name/." "$sysroot/usr/lib/"
cp -L "$out/unpacked/lib/$name/libc.so" "$sysroot/usr/lib/libc.so"
ln -s ../usr/lib/libc.so "$sysroot/lib/ld-musl-$arch.so.1"
rm -rf "$out/unpacked"
for folder in linux asm-generic mtd; do cp -RL "$headers/$folder" "$sysroot/usr/include/"; done
cp -RL "$asm" "$sysroot/usr/include/"

# %R is the sysroot, which Buildroot moves to its staging folder.
cat >"$out/specs" <<END
%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem %R/usr/include -isystem include%s %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem %R/usr/include -isystem include%s

*link_libgcc:
-L%R/usr/lib -L .%s

*libgcc:
libgcc.a%s libgcc_eh.a%s

*startfile:
%{shared:;static-pie:%R/usr/lib/rcrt1.o;static|no-pie:%R/usr/lib/crt1.o;:%R/usr/lib/Scrt1.o} %R/usr/lib/crti.o %{shared|static-pie|!static:crtbeginS.o%s;:crtbegin.o%s}

*endfile:
%{shared|static-pie|!static:crtendS.o%s;:crtend.o%s} %R/usr/lib/crtn.o

*link:
-nostdlib %{static|static-pie|shared:;:-dynamic-linker /lib/ld-musl-$arch.so.1} %{shared:-shared} %{static:-static} %{static-pie:-static -pie --no-dynamic-linker -z text} %{rdynamic:-export-dynamic}

END

# Buildroot asks for the sysroot by libc.a, and does not take a gcc that was configured --with-sysroot=/.
cat >"$out/bin/$name-gcc" <<END
#!/bin/sh
for word; do
	case \$word in
	-dumpmachine) echo $name; exit ;;
	-print-file-name=*)
		file=$sysroot/usr/lib/\${word#*=}
		[ ! -e "\$file" ] || { echo "\$file"; exit; } ;;
	-print-sysroot) echo $sysroot; exit ;;
	-v) [ \$# != 1 ] || { $gnu-gcc -v 2>&1 | sed -e 's| --with-sysroot=/ | |' -e 's|$gnu|$name|g' >&2; exit; } ;;
	esac
done
exec $gnu-gcc $flags --sysroot=$sysroot -specs=$out/specs "\$@"
END
chmod +x "$out/bin/$name-gcc"
printf '#!/bin/sh\nexec %s -E "$@"\n' "$out/bin/$name-gcc" >"$out/bin/$name-cpp"
chmod +x "$out/bin/$name-cpp"
for tool in ar as ld nm objcopy objdump ranlib readelf strip strings size addr2line gcc-ar gcc-nm gcc-ranlib; do
	path=$(command -v "$gnu-$tool") || continue
	ln -s "$path" "$out/bin/$name-$tool"
done
touch "$out/.made"
