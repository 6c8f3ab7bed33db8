#!/bin/sh
# SPDX-License-Identifier: MIT
# The tiny configuration as PID 1: no CLI asks it anything, so what it did is read from /proc of the machine.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=tiny
. tests/vm/lib.sh
vm_prepare
tiny=${MYCTR_TINY:-$out/tiny/myctr}
[ -n "${MYCTR_TINY:-}" ] || make -j2 O="$out/tiny" tiny_defconfig all >"$work/said" 2>&1 || {
	not_ok "tiny builds" "$(cat "$work/said")"
	done_testing
	exit 1
}

console() { cat "$("$vm" log "$vm_name")"; }

box=$work/box root=$work/root
vm_busybox "$box"
printf '#!/bin/sh\nexec /bin/busybox sleep 4321\n' >"$box/app"
chmod +x "$box/app"
vm_busybox "$root"
mkdir "$root/images"
mksquashfs "$box" "$root/images/app.sqfs" -noappend -all-root -quiet -no-progress -comp lz4 >/dev/null
cp "$tiny" "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"

if boot --initrd "$work/root.cpio"; then
	if until_guest 40 '^device' /bin/busybox hostname; then ok "the host name of the manifest"; else not_ok "the host name of the manifest" "$got
$(console)"; fi
	until_guest 40 'sleep 4321' /bin/busybox ps
	has "the container of the manifest runs" '[s]leep 4321' "$got"
	pid=$(printf '%s\n' "$got" | awk '/[s]leep 4321/ { print $1; exit }')
	is "it has a PID namespace of its own" "1" \
		"$(guest /bin/grep '^NSpid' "/proc/$pid/status" | awk '{ print $NF }')"
	has "it has a system call filter" '[2]' "$(guest /bin/grep '^Seccomp:' "/proc/$pid/status")"
	is "its memory limit holds" 16777216 \
		"$(guest /bin/sh -c "cat /sys/fs/cgroup\$(sed -n 's/^0:://p' /proc/$pid/cgroup)/memory.max; :" 2>/dev/null || true)"
	guest /bin/busybox kill -9 "$pid"
	again=
	tries=40
	while [ $tries -gt 0 ]; do
		again=$(guest /bin/busybox ps | awk '/[s]leep 4321/ { print $1; exit }')
		[ -n "$again" ] && [ "$again" != "$pid" ] && break
		sleep 0.25
		tries=$((tries - 1))
	done
	has "what was killed comes back" '^[0-9]+$' "$again"
	[ "$again" != "$pid" ] && ok "as another process" || not_ok "as another process"
	guest /bin/kill -USR2 1
	ends "SIGUSR2 switches off" guest-shutdown
else
	not_ok "boots" "$(console)"
fi
done_testing
