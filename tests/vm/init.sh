#!/bin/sh
# SPDX-License-Identifier: MIT
# myctr as PID 1 of a real machine: as /init of an initramfs, as /sbin/init of an ext4 and of a squashfs root. Order
# of start and stop, tasks, restarts, reaping, reboot, halt, power off, what outlives a reboot.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=init
. tests/vm/lib.sh
KERNEL=debian
vm_prepare

box=$work/box root=$work/root
vm_busybox "$box"
mkdir "$box/marks"
cat >"$box/bin/service" <<'END'
#!/bin/sh
trap 'echo "$1" >>/marks/stop; sync; exit 0' TERM
echo "$1" >>/marks/start
while :; do sleep 1 & wait $!; done
END
cat >"$box/bin/deaf" <<'END'
#!/bin/sh
trap '' TERM
while :; do sleep 1; done
END
chmod +x "$box/bin/service" "$box/bin/deaf"

vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/var/lib/myctr/images" "$root/var/lib/myctr/marks" "$root/var/log" "$root/usr/bin"
mksquashfs "$box" "$root/var/lib/myctr/images/box" -noappend -all-root -quiet -no-progress -comp lz4 >/dev/null
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s usr/bin/myctr "$root/init"
ln -s ../usr/bin/myctr "$root/sbin/init"

# NAME COMMAND KEY...: one more container in the manifest
container()
{
	printf '[container %s]\nimage = box\ncommand = %s\nstorage = read-only\n' "$1" "$2"
	printf 'mount = /var/lib/myctr/marks:/marks\n'
	shift 2
	[ $# -eq 0 ] || printf '%s\n' "$@"
}
{
	printf '[system]\nhostname = vmtest\nconsole = /bin/sh\n'
	container third "/bin/service third" 'after = once'
	container once "/bin/sh -c 'echo once >>/marks/start'" 'task = yes' 'after = second'
	container second "/bin/service second" 'after = first' 'restart = always'
	container first "/bin/service first"
	container deaf /bin/deaf 'stop-timeout = 1s'
	container flaky /bin/false 'restart = on-failure' 'restart-delay = 50ms' 'restart-limit = 3'
} >"$root/etc/myctr/manifest"

console() { cat "$("$vm" log "$vm_name")"; }
ctr() { guest /usr/bin/myctr "$@"; }

# What must hold wherever the root is.
common()
{
	# the agent answers as soon as PID 1 runs, which may be before its mounts
	until_guest 20 vmtest /bin/busybox hostname
	has "$1: PID 1 is myctr" 'supervisor|init' "$(guest /bin/cat /proc/1/cmdline | tr '\0' ' ')"
	is "$1: host name" vmtest "$(guest /bin/busybox hostname)"
	if until_guest 30 third /bin/cat /var/lib/myctr/marks/start; then
		is "$1: a task ends before what comes after it starts" "once third" \
			"$(printf '%s\n' "$got" | grep -E 'once|third' | tr '\n' ' ' | sed 's/ $//')"
	else
		not_ok "$1: all started" "$got
$(ctr ps -a 2>&1)
$(console)"
	fi
	ps=$(ctr ps -a 2>&1)
	has "$1: a service is up" '^first .* Up ' "$ps"
	# what their scripts wrote may overtake each other; the process numbers cannot
	is "$1: started in order" "first second third" \
		"$(printf '%s\n' "$ps" | awk '$NF ~ /^[0-9]+$/ && $1 !~ /deaf|flaky/ { print $NF, $1 }' | sort -n |
			awk '{ printf "%s%s", s, $2; s = " " }')"
	has "$1: the task is done" '^once .*Exited \(0\)' "$ps"
}

as_initramfs()
{
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"
	boot --initrd "$work/root.cpio" || { not_ok "initramfs: boots" "$(console)"; return; }
	common initramfs
	until_guest 20 'gave up' /usr/bin/myctr ps -a || true
	has "initramfs: a container that always fails is restarted up to its limit" '^flaky .* [34] +-' "$(ctr ps -a)"
	pid=$(ctr ps | awk '$1 == "second" { print $NF }')
	guest /bin/busybox kill -9 "$pid"
	until_guest 20 '^second .*Up .* 1 ' /usr/bin/myctr ps
	has "initramfs: what was killed comes back" '^second .*Up .* 1 ' "$got"
	guest /bin/sh -c '(sleep 0.2 & sleep 0.1 &) ; sleep 1'
	is "initramfs: orphans are reaped" 0 "$(guest /bin/sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null' | wc -l)"
	is "initramfs: one process of ours besides the containers" 1 \
		"$(guest /bin/ps | awk '$4 ~ /myctr|init$|init]$/ && $4 !~ /^\[/' | grep -vc ' ps')"
	"$vm" type "$vm_name" 'stty cols 80; myctr ps -a\n'
	"$vm" expect "$vm_name" -q -t 20 '^third ' || true
	is "initramfs: no line on the console is wider than 80 columns" "" \
		"$(console | tr -d '\r' | grep -E '^(NAME|first|second|third|once|deaf|flaky) ' | awk 'length($0) > 80')"
	ctr poweroff >/dev/null 2>&1
	ends "initramfs: power off" guest-shutdown
}

# A writable root: what is written must outlive the reboot, and the file system must be clean.
on_ext4()
{
	truncate -s 64M "$work/root.ext4"
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$work/root.ext4"
	boot --disk "$work/root.ext4" --append "root=/dev/vda rootfstype=ext4 rw init=/sbin/init" ||
		{ not_ok "ext4: boots" "$(console)"; return; }
	common ext4
	guest /bin/kill -TERM 1
	ends "ext4: SIGTERM to PID 1, as reboot(8) sends it, restarts the machine" guest-reset
	check=$(e2fsck -fn "$work/root.ext4" 2>&1)
	is "ext4: the file system was left clean" 0 $?
	has "ext4: nothing was left for a journal" 'root.ext4: [0-9]+/' "$check"
	is "ext4: stopped in the reverse order" "third second first" \
		"$(debugfs -R 'cat /var/lib/myctr/marks/stop' "$work/root.ext4" 2>/dev/null | tr '\n' ' ' | sed 's/ $//')"
	debugfs -w -R 'rm /var/lib/myctr/marks/start' "$work/root.ext4" 2>/dev/null
	boot --disk "$work/root.ext4" --append "root=/dev/vda rootfstype=ext4 rw init=/sbin/init" ||
		{ not_ok "ext4: boots again" "$(console)"; return; }
	until_guest 30 third /bin/cat /var/lib/myctr/marks/start
	has "ext4: the second boot starts them all again" third "$got"
	guest /bin/kill -USR1 1
	if "$vm" expect "$vm_name" -q -t 60 'System halted'; then ok "ext4: SIGUSR1 halts"; else not_ok "ext4: SIGUSR1 halts" "$(console)"; fi
	"$vm" stop "$vm_name"
}

# A root that cannot be written: data on a disk of its own.
on_squashfs()
{
	rm -f "$root/sbin/init" && ln -s ../usr/bin/myctr "$root/sbin/init"
	mv "$root/var/lib/myctr" "$work/data"
	mkdir "$root/var/lib/myctr"
	sed -i 's|^hostname.*|&\ndata = /dev/vdb ext4\nmount = tmpfs /var/log tmpfs|' "$root/etc/myctr/manifest"
	mksquashfs "$root" "$work/root.sqfs" -noappend -all-root -quiet -no-progress -comp lz4 >/dev/null
	truncate -s 64M "$work/data.ext4"
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$work/data" "$work/data.ext4"
	boot --disk "$work/root.sqfs" --disk "$work/data.ext4" --append "root=/dev/vda rootfstype=squashfs ro init=/sbin/init" ||
		{ not_ok "squashfs: boots" "$(console)"; return; }
	common squashfs
	guest /bin/kill -USR2 1
	ends "squashfs: SIGUSR2 to PID 1 switches off" guest-shutdown
	check=$(e2fsck -fn "$work/data.ext4" 2>&1)
	is "squashfs: the data disk was left clean" 0 $?
	has "squashfs: a service that ignores TERM was killed in its time" 'deaf: did not stop in time, killed' "$(console)"
}

as_initramfs
if tools/kernel/build.sh --path qemu-x86_64 >/dev/null 2>&1; then
	KERNEL=own
	vm_prepare
	as_initramfs
	KERNEL=debian
	vm_prepare
else
	skip "the same with our own kernel" "not built; make kernel BOARD=qemu-x86_64"
fi
on_ext4
on_squashfs
done_testing
