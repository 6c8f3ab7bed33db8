#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts the instructions of a start to exit and of PID 1 to its first service, in a machine where
# one instruction is one nanosecond (QEMU, software emulation, icount), and compares them with the
# committed figures in icount.txt. Prints TAP; a figure that grew by more than 3 % is a failure.
# The kernel is Debian's cloud kernel: on another version than the committed figures' one, the
# comparison is of ratios to the floor. Accepting new figures: icount.sh -u, and commit the file. With BENCH_CRUN=yes
# BusyBox init starts ten containers of Debian's crun, too, for the ratio; that figure is never committed.
# usage: icount.sh [-u] PARTS MYCTR
set -eu

here=$(dirname "$0")
committed=$here/icount.txt
cache=${MYCTR_CACHE:-$HOME/.cache/myctr}
update=
if [ "${1:-}" = -u ]; then
	update=yes
	shift
fi
parts=${1:?usage: icount.sh [-u] PARTS MYCTR}
myctr=${2:?usage: icount.sh [-u] PARTS MYCTR}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { echo "ok 1 - instruction counts # SKIP $*"; exit 0; }

cached_kernel() { find "$cache/kernel" -maxdepth 1 -name 'vmlinuz-*-cloud-amd64' | sort -V | tail -n 1; }

# Sets kernel (the image) and release (what it is called in icount.txt).
find_kernel() {
	mkdir -p "$cache/download" "$cache/kernel"
	image=$(cached_kernel)
	if [ -z "$image" ]; then
		package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
			sed -n 's/.*Depends: //p' | head -n 1)
		[ -n "$package" ] || skip "linux-image-cloud-amd64 is not in the package lists"
		(cd "$cache/download" && apt-get download "$package" >/dev/null 2>&1) ||
			skip "$package: cannot be downloaded"
		dpkg-deb --fsys-tarfile "$cache/download/$package"_*.deb |
			tar -x -C "$cache/kernel" --strip-components=2 --wildcards './boot/vmlinuz-*'
		image=$(cached_kernel)
	fi
	kernel=$image
	release=${image##*/vmlinuz-}
}

# crun, its libraries, and a bundle that does what ten.manifest does, but for the filter of system calls.
add_crun() {
	mkdir -p "$root/bundle" "$root/etc"
	crun=$(command -v crun)
	cp "$crun" "$root/bin/crun"
	ln -s ../sbin/init "$root/bin/mount"
	ldd "$crun" | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
	(cd "$root/bundle" && crun spec) && python3 - "$root/bundle/config.json" <<-'END'
	import json, sys
	c = json.load(open(sys.argv[1]))
	c["process"]["args"] = ["/stamp", "/out/first"]
	c["process"]["terminal"] = False
	c["root"] = {"path": "/c", "readonly": True}
	c["mounts"] = [m for m in c["mounts"] if m["type"] != "cgroup"]
	c["mounts"].append({"destination": "/out", "type": "bind", "source": "/out", "options": ["bind", "rw"]})
	c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "cgroup"]
	json.dump(c, open(sys.argv[1], "w"))
	END
}

# An initramfs with everything any case needs; $1 names the cases, the manifest or the inittab.
build_root() {
	root=$work/$1
	mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/run" "$root/out" \
		"$root/var/lib" "$root/var/log" "$root/etc/myctr" "$root/sbin" "$root/bin" "$root/c/dev" \
		"$root/c/proc" "$root/c/sys" "$root/c/tmp" "$root/c/out"
	cp "$parts/icount_init" "$root/init"
	cp "$parts/floor" "$root/floor"
	cp "$parts/true" "$root/true"
	cp "$parts/true" "$parts/stamp" "$root/c/"
	if [ -f "$here/icount/$1.manifest" ]; then
		cp "$myctr" "$root/bin/myctr"
		ln -s ../bin/myctr "$root/sbin/init"
		cp "$here/icount/$1.manifest" "$root/etc/myctr/manifest"
	else
		cp /bin/busybox "$root/sbin/init"
		cp "$here/icount/$1.inittab" "$root/etc/inittab"
	fi
	[ "$1" != crun ] || add_crun
	cp "$here/icount/$1.cases" "$root/cases"
	(cd "$root" && find . | sort | cpio -o -H newc --reproducible --quiet -R 0:0) > "$work/initrd"
}

boot() {
	: > "$work/serial"
	timeout 300 qemu-system-x86_64 -accel tcg -icount shift=0,sleep=off -M pc -cpu qemu64 -smp 1 \
		-m 128 -nodefaults -display none -no-reboot -rtc base=2036-01-01,clock=vm \
		-serial file:"$work/serial" -kernel "$kernel" -initrd "$work/initrd" \
		-append "console=ttyS0 quiet panic=-1 reboot=t nokaslr norandmaps random.trust_cpu=off mitigations=off rdinit=/init" \
		</dev/null || echo "# qemu ended with $?"
	tr -d '\r' < "$work/serial" > "$work/out"
	sed -n 's/^icount error: /# /p' "$work/out"
	sed -n 's/^icount \([a-z0-9-]*\) \([0-9]*\)$/\1 \2/p' "$work/out" > "$work/figures"
	cat "$work/figures" >> "$work/now"
	[ -s "$work/figures" ] || sed 's/^/# /' "$work/out"
}

compare() {
	awk -v release="$release" '
	FNR == NR { if ($1 == "kernel") old_kernel = $2; else if ($1 !~ /^#/) old[$1] = $2; next }
	{ now[$1] = $2 }
	END {
		same = old_kernel == release
		scale = same || !old["floor"] ? 1 : now["floor"] / old["floor"]
		if (!same) print "# kernel " release ", figures are of " old_kernel ": comparing ratios to the floor"
		for (name in old) {
			n++
			if (!(name in now)) { print "not ok " n " - " name ": was not measured"; bad++; continue }
			grown = (now[name] / (old[name] * scale) - 1) * 100
			ok = grown <= 3
			printf "%s %d - %s: %d instructions, %+.1f %% against the committed %d\n", \
				ok ? "ok" : "not ok", n, name, now[name], grown, old[name]
			bad += !ok
		}
		for (name in now) if (!(name in old)) print "# " name ": " now[name] " instructions, no committed figure"
		if ("run" in now) printf "# run / floor: %.2f (goal 1.15)\n", now["run"] / now["floor-cgroup"]
		if (now["floor-first"]) printf "# supervised start, restart / floor: %.2f, %.2f (goals 0.7, 0.4)\n", now["sup-start"] / now["floor-first"], now["sup-restart"] / now["floor-first"]
		if (now["bare-ten"]) printf "# ten containers / ten bare programs: %.2f (goal 1.3)\n", now["boot-ten"] / now["bare-ten"]
		if (now["crun-ten"]) printf "# ten containers / ten of crun under BusyBox init: %.2f\n", now["boot-ten"] / now["crun-ten"]
		print "1.." n
		exit bad > 0
	}' "$committed" "$work/now"
}

command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is not installed"
find_kernel
for cases in "$here"/icount/*.cases; do
	case $cases in */crun.cases) [ -n "${BENCH_CRUN:-}" ] && command -v crun >/dev/null || continue ;; esac
	build_root "$(basename "$cases" .cases)"
	boot
done
if [ -n "$update" ]; then
	{
		echo "# Instructions, start to exit; made by tests/bench/icount.sh -u. Name, number."
		echo "kernel $release"
		grep -v '^crun' "$work/now"
	} > "$committed"
fi
[ -f "$committed" ] || { cat "$work/now"; skip "no committed figures"; }
compare
