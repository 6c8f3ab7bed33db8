#!/bin/sh
# SPDX-License-Identifier: MIT
# Does every configuration build, with every toolchain we promise, without a warning? RAND_SEEDS chooses
# the random configurations.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=${MYCTR_OUT:-build}/builds
jobs=${JOBS:-2}
mkdir -p "$work"
work=$(realpath "$work")
n=0

# build NAME GOAL [MAKE-WORDS...]: configure with GOAL, build, keep the folder only when it failed
build()
{
	name=$1 goal=$2
	shift 2
	n=$((n + 1))
	rm -rf "${work:?}/$name"
	if make -j"$jobs" O="$work/$name" WERROR=1 "$@" "$goal" all >"$work/$name.log" 2>&1 && [ -s "$work/$name/myctr" ]; then
		echo "ok $n - build $name"
	else
		echo "not ok $n - build $name"
		grep -E -A4 '(warning|error|undefined|\*\*\*)' "$work/$name.log" | head -n 40 | sed 's/^/# /'
	fi
}

# run NAME PROGRAM WANTED-PATTERN: it starts, and is what it should be
runs()
{
	n=$((n + 1))
	if "$work/$1/myctr" --version >"$work/$1.said" 2>&1 && file -b "$work/$1/myctr" | grep -Eq "$2"; then
		echo "ok $n - $1 is '$2' and runs"
	else
		echo "not ok $n - $1 is '$2' and runs"
		{ cat "$work/$1.said"; file -b "$work/$1/myctr"; } | sed 's/^/# /'
	fi
}

# hard NAME: it has what its configuration says of position independence, canaries and read-only tables
hard()
{
	n=$((n + 1))
	if tools/lint/binary.sh "$work/$1/myctr" >"$work/$1.said" 2>&1; then
		echo "ok $n - $1 is hardened as configured"
	else
		echo "not ok $n - $1 is hardened as configured"
		sed 's/^/# /' "$work/$1.said"
	fi
}

# QEMU's machines for their own processors, of which CI has two compilers; `make test-boards` builds the rest. A
# board that asks for the same as another is not built again.
seen=
for board in tiny router full pc qemu-x86_64 qemu-aarch64 $(cd board && echo */defconfig); do
	board=${board%/defconfig}
	arch=$(uname -m)
	case $board in qemu-*) arch=$(sed -n 's/^arch=//p' "board/$board/facts") ;; esac
	case $arch in "$(uname -m)") ;; aarch64) command -v aarch64-linux-gnu-gcc >/dev/null || continue ;; *) continue ;; esac
	same=$arch-$(grep -v '^#[^C]*$' "board/$board/defconfig" | cksum | tr ' ' -)
	case " $seen " in *" $same "*) continue ;; esac
	seen="$seen $same"
	build "$board" "${board}_defconfig" ARCH="$arch"
	case $board in tiny | router | full) hard "$board" ;; esac
done
build allno allnoconfig
build allyes allyesconfig
for seed in ${RAND_SEEDS:-1 2 3}; do
	KCONFIG_SEED=$seed build "random-$seed" randconfig
done
build glibc pc_defconfig LIBC=glibc
runs glibc 'pie executable.*dynamically linked'
# a distribution's toolchain: prefix, sysroot and pkg-config of its own (here the host's under other names)
mkdir -p "$work/toolchain"
for tool in gcc ar strip; do
	ln -sf "$(command -v $tool)" "$work/toolchain/x86_64-distro-linux-gnu-$tool"
done
build distro pc_defconfig CROSS_COMPILE="$work/toolchain/x86_64-distro-linux-gnu-" SYSROOT=/
runs distro 'static-pie linked'
if command -v clang >/dev/null && command -v ld.lld >/dev/null; then
	build clang-glibc pc_defconfig CC=clang LIBC=glibc
	build clang-musl pc_defconfig CC=clang
	runs clang-musl 'static-pie linked'
else
	n=$((n + 1))
	echo "ok $n - build with clang # SKIP clang or lld missing (tools/deps.sh test)"
fi
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	build aarch64 pc_defconfig ARCH=aarch64
else
	n=$((n + 1))
	echo "ok $n - build for aarch64 # SKIP aarch64-linux-gnu-gcc missing (tools/deps.sh cross)"
fi
rm -rf "$work"/toolchain "$work"/*/core "$work"/*/drivers "$work"/*/init
echo "1..$n"
