#!/bin/sh
# SPDX-License-Identifier: MIT
# A device that looks after itself: the watchdog resets it when a critical container hangs and only then, a container
# that crashes in a loop climbs the ladder, limits hold while PID 1 feeds, and the next boot knows why the last
# one ended. The watchdog is QEMU's i6300esb, which really resets the machine. KERNEL=own has its driver and ramoops
# built in; Debian's kernel for real machines has both as modules, which the manifest names.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=watchdog
. tests/vm/lib.sh
KERNEL=${KERNEL:-full}
export MODULES="crc32c_generic"
vm_prepare

box=$work/box root=$work/root
vm_busybox "$box"
cat >"$box/bin/main" <<'END'
#!/bin/sh
touch /tmp/well
while :; do sleep 1; done
END
cat >"$box/bin/bomb" <<'END'
#!/bin/sh
bomb() { bomb | bomb & }
while :; do bomb 2>/dev/null; sleep 0.1; done
END
cat >"$box/bin/hog" <<'END'
#!/bin/sh
x=xxxxxxxxxxxxxxxx
while :; do x=$x$x; done
END
cat >"$box/bin/deaf" <<'END'
#!/bin/sh
trap '' TERM
while :; do sleep 1; done
END
chmod +x "$box/bin/main" "$box/bin/bomb" "$box/bin/hog" "$box/bin/deaf"
ln -sf busybox "$box/bin/rm"

vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/var/lib/myctr/images" "$root/var/log" "$root/usr/bin"
mksquashfs "$box" "$root/var/lib/myctr/images/box" -noappend -all-root -quiet -no-progress -comp lz4 >/dev/null
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s ../usr/bin/myctr "$root/sbin/init"
ram='mem_address=0x4000000 mem_size=0x100000 record_size=0x10000'
case $kernel in *debian*) vm_modules "$root" i6300esb ramoops ;; esac

# NAME COMMAND KEY...: one more container in the manifest
container()
{
	printf '[container %s]\nimage = box\ncommand = %s\nstorage = tmpfs\nstop-timeout = 200ms\n' "$1" "$2"
	shift 2
	printf '%s\n' "$@"
}
{
	printf '[system]\nhostname = dog\nwatchdog = 10s\n'
	[ ! -d "$root/lib/modules" ] || printf 'module = i6300esb\nmodule = ramoops %s\n' "$ram"
	container main /bin/main 'critical = yes' 'critical-timeout = 1s' 'health = file /tmp/well every 200ms retries 2'
	container bomb /bin/bomb 'autostart = no' 'pids = 24' 'cpu = 50%'
	container hog /bin/hog 'autostart = no' 'memory = 8M' 'restart = always'
	container deaf /bin/deaf
	container loop /bin/false 'autostart = no' 'restart = on-failure' 'restart-delay = 20ms' 'restart-limit = 2' \
		'restart-then = escalate'
	container needs /bin/main 'autostart = no' 'after = loop'
} >"$root/etc/myctr/manifest"
truncate -s 64M "$work/disk"
mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$work/disk"

console() { cat "$("$vm" log "$vm_name")"; }
ctr() { guest /usr/bin/myctr "$@"; }
boots() { # NUMBER NAME: the machine comes up for this time
	if until_guest 90 "boots +$1\$" /usr/bin/myctr status; then ok "$2"; else
		not_ok "$2" "$got
$(console)"
	fi
}

# A machine that a test leaves hanging ends by itself. Its memory, and what a panic leaves there, outlives a reset.
ram="memmap=0x100000\$0x4000000 ramoops.$(printf '%s' "$ram" | sed 's/ / ramoops./g')"
boot --reboot --disk "$work/disk" --append "root=/dev/vda rootfstype=ext4 rw init=/sbin/init $ram" -- \
	-device i6300esb -action watchdog=reset || { not_ok "boots" "$(console)"; done_testing; exit 0; }
boots 1 "the first boot"
has "it is called so" 'reset +first boot' "$got"
has "its watchdog has the time-out that was asked for" "watchdog +i6300ESB timer, 10 s" "$got"
until_guest 30 '^main .*\(healthy\)' /usr/bin/myctr ps
has "a critical container is healthy" '^main .*\(healthy\)' "$got"

# Longer than the time-out, with a fork bomb and a memory hog beside it.
ctr start bomb >/dev/null 2>&1
ctr start hog >/dev/null 2>&1
until_guest 60 '^hog .* [2-9] +[0-9-]+$' /usr/bin/myctr ps -a
has "a memory hog ends within its limit" '^hog .* [2-9] +[0-9-]+$' "$got"
until_guest 60 'up +(1[3-9]|[2-9][0-9]|[0-9]+m)' /usr/bin/myctr status
has "nothing is reset while all is well, whatever others do" 'boots +1$' "$(ctr status)"
ctr stop bomb >/dev/null 2>&1
ctr stop hog >/dev/null 2>&1

ctr exec main rm /tmp/well
boots 2 "a critical container that hangs resets the device"
has "the reason is known" 'reset +watchdog, because of main' "$got"

# The ladder: its dependants, then a reboot.
until_guest 30 '^main .*\(healthy\)' /usr/bin/myctr ps
ctr start needs >/dev/null 2>&1
until_guest 30 '^needs .*Up' /usr/bin/myctr ps
ctr start loop >/dev/null 2>&1
boots 3 "what crashes in a loop reboots the device"
has "that is known, too" 'reset +crash loop, because of loop' "$got"
has "who needs it was restarted before" 'needs: restarted together with loop' "$(console)"
has "who did not stop is recorded" 'refused +deaf' "$got"
ctr reboot >/dev/null 2>&1
boots 4 "a reboot that was asked for"
has "is called so" 'reset +requested$' "$got"
guest /bin/sh -c 'echo c >/proc/sysrq-trigger' >/dev/null 2>&1
boots 5 "a kernel that panics reboots"
has "that is called so" 'reset +panic$' "$got"
has "what the kernel said is kept" 'sysrq' "$(guest /bin/cat /var/lib/myctr/panic)"
"$vm" stop "$vm_name"
boot --disk "$work/disk" --append "root=/dev/vda rootfstype=ext4 rw init=/sbin/init" || not_ok "boots after a power cut" "$(console)"
until_guest 60 'boots +[56]$' /usr/bin/myctr status
has "a power cut is called so" 'reset +power loss$' "$got"
ctr poweroff >/dev/null 2>&1
ends "power off" guest-shutdown
done_testing
