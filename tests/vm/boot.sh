#!/bin/sh
# SPDX-License-Identifier: MIT
# What PID 1 does before the first container: mounts with helpers and fallbacks, host name from a template, kernel
# parameters, marks of what went wrong. Two boots of one root, on the same disks.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=boot
. tests/vm/lib.sh
KERNEL=debian
vm_prepare

root=$work/root
vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/usr/bin" "$root/lib64" "$root/usr/sbin" "$root/srv/app/bin" "$root/srv/app/proc" \
	"$root/srv/app/sys" "$root/srv/app/dev" "$root/srv/app/marks" "$root/var/log"
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s usr/bin/myctr "$root/init"
cp "$busybox" "$root/srv/app/bin/busybox"
for tool in sh sleep cat ls; do ln -s busybox "$root/srv/app/bin/$tool"; done
# the helpers of e2fsprogs, with what they are linked with
for tool in mke2fs e2fsck resize2fs; do
	cp "$(command -v $tool)" "$root/usr/sbin/"
	ldd "$(command -v $tool)" | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
done
echo 'rack 7' >"$root/etc/site"

# NAME SIZE: a blank disk; each is a letter further
disks=
disk()
{
	truncate -s "$2" "$work/$1"
	disks="$disks --disk $work/$1"
}
disk data 32M    # vda: blank, formatted by the first boot
disk small 64M   # vdb: a file system of 16M, to be grown
mke2fs -q -t ext4 "$work/small" 16M
disk damaged 16M # vdc: can be mended
mke2fs -q -t ext4 "$work/damaged"
debugfs -w -R 'ssv free_blocks_count 3' "$work/damaged" >/dev/null 2>&1
debugfs -w -R 'ssv state 2' "$work/damaged" >/dev/null 2>&1
disk other 1M    # vdd: something else is on it
echo 'not a file system, and not blank' | dd of="$work/other" conv=notrunc status=none

cat >"$root/etc/myctr/manifest" <<'END2'
[system]
hostname = gw-${file:/etc/site}
data     = /dev/vda ext4
sysctl   = kernel.panic=17
mount    = tmpfs /var/log tmpfs size=1M
console  = /bin/sh
[mount /var/lib/myctr]
format = /usr/sbin/mke2fs -q -t ext4 -L data
fsck   = /usr/sbin/e2fsck -p
[mount /mnt/small]
device = /dev/vdb
type   = ext4
grow   = /usr/sbin/resize2fs
[mount /mnt/damaged]
device = /dev/vdc
type   = ext4
fsck   = /usr/sbin/e2fsck -p
[mount /mnt/other]
device   = /dev/vdd
type     = ext4
format   = /usr/sbin/mke2fs -q
fallback = tmpfs
[mount /mnt/gone]
device   = /dev/nothing
type     = ext4
wait     = 100ms
fallback = tmpfs
[container app]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
END2

pack() { (cd "$root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"; }
console() { cat "$("$vm" log "$vm_name")"; }
ctr() { guest /usr/bin/myctr "$@"; }
up() { until_guest 30 '^app .* Up ' /usr/bin/myctr ps; }

mounts_first()
{
	has "host name from a template, cleaned" '^gw-rack-7$' "$(guest /bin/busybox hostname)"
	is "kernel parameter" 17 "$(guest /bin/cat /proc/sys/kernel/panic)"
	mounts=$(guest /bin/cat /proc/mounts)
	has "a blank data disk is formatted and mounted" '^/dev/vda /var/lib/myctr ext4 rw' "$mounts"
	has "a small file system is grown" '^ *[56][0-9]$' \
		"$(guest /bin/busybox df -m /mnt/small | awk 'NR == 2 { print $2 }')"
	has "a damaged one is mended" '^/dev/vdc /mnt/damaged ext4 rw' "$mounts"
	has "one that is something else is not formatted, the fallback is in memory" '^tmpfs /mnt/other tmpfs' "$mounts"
	is "and its bytes are as they were" 'not a file system, and not blank' "$(guest /bin/busybox head -n 1 /dev/vdd)"
	ps=$(ctr ps)
	has "ps marks what is only in memory" '^! /mnt/other: IN MEMORY, lost with the power: ' "$ps"
	has "and whose device did not come" '^! /mnt/gone: IN MEMORY.*/dev/nothing: did not appear' "$ps"
}

mounts_second()
{
	mounts=$(guest /bin/cat /proc/mounts)
	has "a data disk that cannot be mended is mounted read-only" '^/dev/vda /var/lib/myctr ext4 ro' "$mounts"
	has "and marked" '^! /var/lib/myctr: READ-ONLY: ' "$(ctr ps)"
}

pack
# shellcheck disable=SC2086 # a list of disks
if boot --initrd "$work/root.cpio" $disks; then
	up || not_ok "app runs" "$(console)"
	mounts_first
	guest /bin/touch /var/lib/myctr/mine
	ctr poweroff >/dev/null 2>&1
	ends "power off" guest-shutdown
else
	not_ok "boots" "$(console)"
fi
has "the data is on the disk" mine "$(debugfs -R 'ls /' "$work/data" 2>/dev/null)"
# a helper that cannot mend
printf '#!/bin/sh\nexit 4\n' >"$root/usr/sbin/e2fsck"
pack
# shellcheck disable=SC2086
if boot --initrd "$work/root.cpio" $disks; then
	up || not_ok "app runs with its data read-only" "$(console)"
	mounts_second
	ctr poweroff >/dev/null 2>&1
	ends "power off again" guest-shutdown
else
	not_ok "boots again" "$(console)"
fi
done_testing
