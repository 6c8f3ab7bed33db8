#!/bin/sh
# SPDX-License-Identifier: MIT
# What PID 1 does before the first container: mounts with helpers and fallbacks, host name from a template, kernel
# parameters, marks of what went wrong; the clock and the random seed from one boot to the next. Two boots of one root,
# on the same disks.
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

truncate -s 16M "$work/locked" # vde: cannot be written at all
mke2fs -q -t ext4 "$work/locked"
locked="file=$work/locked,if=virtio,format=raw,readonly=on"

cat >"$root/etc/myctr/manifest" <<'END2'
[system]
hostname = gw-${file:/etc/site}
data     = /dev/vda ext4
sysctl   = kernel.panic=17
mount    = tmpfs /var/log tmpfs size=1M
[console ttyS0]
askfirst = yes
[console ttyS7]
[mount /var/lib/myctr]
format = /usr/sbin/mke2fs -q -t ext4 -L data
fsck   = /usr/sbin/e2fsck -p
[mount /mnt/small]
device = /dev/vdb
type   = ext4
grow   = /usr/sbin/resize2fs
[mount /mnt/damaged]
device   = /dev/vdc
type     = ext4
fsck     = /usr/sbin/mend -p
fallback = read-only
[mount /mnt/other]
device   = /dev/vdd
type     = ext4
format   = /usr/sbin/mke2fs -q
fallback = tmpfs
[mount /mnt/locked]
device   = /dev/vde
type     = ext4
fallback = read-only
[mount /mnt/gone]
device   = /dev/nothing
type     = ext4
wait     = 100ms
fallback = tmpfs
[container app]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
[container timed]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
when    = entropy
when    = time-good
[device vport?p7]
mode  = 0606
group = 20
link  = modem
[container plugged]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
device  = /dev/vport?p7
[container late]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
when    = device /dev/modem
END2
ln -s e2fsck "$root/usr/sbin/mend"

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
	has "a disk that cannot be written is mounted read-only" '^/dev/vde /mnt/locked ext4 ro' "$mounts"
	has "and marked" '^! /mnt/locked: READ-ONLY: ' "$ps"
	has "so is what has no device" '^! /mnt/gone: IN MEMORY.*/dev/nothing: did not appear' "$ps"
}

mounts_second()
{
	mounts=$(guest /bin/cat /proc/mounts)
	has "what was made by the first boot is there" '^/dev/vda /var/lib/myctr ext4 rw' "$mounts"
	has "with what was written to it" mine "$(guest /bin/ls /var/lib/myctr)"
	has "a disk that cannot be mended is mounted read-only" '^/dev/vdc /mnt/damaged ext4 ro' "$mounts"
	has "and marked" '^! /mnt/damaged: READ-ONLY: /dev/vdc: is damaged' "$(ctr ps)"
}

clock_first()
{
	has "the clock is the RTC's" '^2031-05-06 07:' "$(guest /bin/busybox date -u '+%F %T')"
	if until_guest 20 '^timed .* Up ' /usr/bin/myctr ps; then ok "what waits for the clock starts"
	else not_ok "what waits for the clock starts" "$got"; fi
}

# The RTC of the second boot has lost its time.
clock_second()
{
	has "the clock does not go back" '^2031-05-06 07:' "$(guest /bin/busybox date -u '+%F %T')"
	has "which is said" 'clock: set to 2031-05-06T07:.*the RTC is wrong' "$(console)"
	until_guest 20 'Waits: time-good' /usr/bin/myctr ps -a
	has "ps says who waits for the clock" '^timed .* Waits: time-good ' "$got"
	has "inspect, too" 'waits for *time-good' "$(ctr inspect timed)"
}

# A serial port comes and goes while the containers run.
hotplug()
{
	until_guest 20 '^plugged .* Up ' /usr/bin/myctr ps
	has "a container runs without the device it may have" '^plugged .* Up ' "$got"
	until_guest 20 '^late .* Waits' /usr/bin/myctr ps -a
	has "another waits for it" '^late .* Waits: device /dev/modem ' "$got"
	has "a start says what it waits for, and does not wait" 'late: it starts by itself when this holds: device /dev/modem' \
		"$(ctr start late 2>&1)"
	vm_qmp "$work/mon" device_add '{"driver": "virtserialport", "id": "port7", "bus": "vs1.0", "nr": 7, "chardev": "nul"}' ||
		{ not_ok "the port is plugged in"; return; }
	until_guest 20 '^late .* Up ' /usr/bin/myctr ps && ok "what waits for a device starts" ||
		not_ok "what waits for a device starts" "$got
$(console)"
	node=$(guest /bin/busybox readlink /dev/modem)
	has "[device]: a further name" '^/dev/vport[0-9]p7$' "$node"
	has "[device]: permissions and group" '^crw----rw- +1 0 +20 ' "$(guest /bin/ls -ln "$node")"
	until_guest 20 '^crw' /usr/bin/myctr exec plugged ls -ln "$node"
	has "the node comes into the running container" '^crw----rw-' "$got"
	has "and may be opened there" opened "$(ctr exec plugged sh -c "exec 3<>$node && echo opened" 2>&1)"
	pid=$(ctr ps | awk '$1 == "plugged" { print $NF }')
	vm_qmp "$work/mon" device_del '{"id": "port7"}' || not_ok "the port is pulled out"
	until_guest 20 'No such file' /usr/bin/myctr exec plugged ls "$node"
	has "it goes from the container" 'No such file' "$got"
	has "and from the device" 'No such file' "$(guest /bin/ls -l /dev/modem 2>&1)"
	is "which runs on" "$pid" "$(ctr ps | awk '$1 == "plugged" { print $NF }')"
}

# The console: Enter first, our own prompt, and again when it has ended.
prompt()
{
	see() { "$vm" expect "$vm_name" -q -t 30 "$1" >/dev/null; }
	see 'Press Enter to use this console' && ok "console: asks for Enter" || not_ok "console: asks for Enter" "$(console)"
	"$vm" type "$vm_name" '\n'
	see 'myctr gw-rack-7> ' && ok "console: the prompt comes after Enter" || not_ok "console: the prompt comes after Enter" "$(console)"
	"$vm" type "$vm_name" 'inspect app --format tsv\n'
	see 'storage.*read-only' && ok "console: takes our commands" || not_ok "console: takes our commands" "$(console)"
	"$vm" type "$vm_name" 'exit\n'
	see 'Press Enter' && ok "console: and is there again" || not_ok "console: and is there again" "$(console)"
}

chart()
{
	until_guest 20 '^app	' /usr/bin/myctr bootchart --format tsv
	has "bootchart: what the kernel took" '^[(]kernel[)]	0	0	0	[1-9][0-9]*$' "$got"
	has "bootchart: stages one after the other" mounts "$got"
	is "bootchart: app was launched, then ran" yes "$(printf '%s\n' "$got" | awk '$1 == "app" && $3 > $2 && $2 > 0 { print "yes" }')"
	is "bootchart: no line is wider than 80 columns" "" "$(ctr bootchart | awk 'length($0) > 80')"
	has "bootchart: a drawing" '^</svg>$' "$(ctr bootchart --svg)"
}

seed() { guest /bin/busybox od -An -tx1 /var/lib/myctr/seed | tr -d ' \n'; }

pack
# shellcheck disable=SC2086 # a list of disks
if boot --initrd "$work/root.cpio" $disks -- -rtc base=2031-05-06T07:08:09 \
	-drive "$locked" -device virtio-serial-pci,id=vs1 -chardev null,id=nul -qmp "unix:$work/mon,server=on,wait=off"; then
	up || not_ok "app runs" "$(console)"
	mounts_first
	clock_first
	prompt
	hotplug
	chart
	seed_first=$(seed)
	has "a seed is left for the next boot, which may count" '^6d79736565643101[0-9a-f]{64}$' "$seed_first"
	guest /bin/touch /var/lib/myctr/mine
	ctr poweroff >/dev/null 2>&1
	ends "power off" guest-shutdown
else
	not_ok "boots" "$(console)"
fi
debugfs -R "dump /seed $work/seed" "$work/data" 2>/dev/null
seed_kept=$(od -An -tx1 "$work/seed" | tr -d ' \n')
[ "$seed_kept" != "$seed_first" ] && ok "another one at its end" || not_ok "another one at its end" "$seed_kept"
# a helper that cannot mend
rm "$root/usr/sbin/mend"
printf '#!/bin/sh\nexit 4\n' >"$root/usr/sbin/mend"
chmod +x "$root/usr/sbin/mend"
pack
# shellcheck disable=SC2086
if boot --initrd "$work/root.cpio" $disks -- -rtc base=1971-01-01 -drive "$locked"; then
	up || not_ok "app runs again" "$(console)"
	mounts_second
	clock_second
	seed_now=$(seed)
	[ "$seed_now" != "$seed_kept" ] && ok "a seed is used once" || not_ok "a seed is used once" "$seed_now"
	ctr poweroff >/dev/null 2>&1
	ends "power off again" guest-shutdown
else
	not_ok "boots again" "$(console)"
fi
done_testing
