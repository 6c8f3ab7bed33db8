#!/bin/sh
# SPDX-License-Identifier: MIT
# A USB serial line is plugged into a running machine, comes into a running container by pattern and by id together with
# the right to open it, and goes again. Debian's cloud kernel has no USB, its kernel for real machines has.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=usb
. tests/vm/lib.sh
export MODULES="xhci_pci usbserial ftdi_sio"
KERNEL=full
vm_prepare

root=$work/root id=usb-QEMU_QEMU_USB_SERIAL_1-0000:00:10.0-1-if00-port0 # as udev names it
vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/usr/bin" "$root/srv/app/bin" "$root/srv/app/proc" "$root/srv/app/sys" "$root/srv/app/dev" \
	"$root/var/log" "$root/var/lib/myctr"
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s usr/bin/myctr "$root/init"
cp "$busybox" "$root/srv/app/bin/busybox"
for tool in sh sleep cat ls; do ln -s busybox "$root/srv/app/bin/$tool"; done
cat >"$root/etc/myctr/manifest" <<END2
[system]
console = /bin/sh
mount   = /dev/vda /srv/disk ext4
[device ttyUSB*]
mode  = 0606
[container any]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
device  = /dev/ttyUSB*
[container one]
image   = /srv/app
command = /bin/sleep 1000
storage = read-only
device  = /dev/serial/by-id/usb-QEMU_*
[container mapped]
image   = /srv/disk/app
command = /bin/sleep 1000
storage = read-only
userns  = auto
device  = /dev/ttyUSB*
END2
printf 'myctr:165536:16777216\n' | tee "$root/etc/subuid" >"$root/etc/subgid"
mkdir -p "$root/srv/disk" "$work/disk"
cp -a "$root/srv/app" "$work/disk/"
mke2fs -q -t ext4 -O ^metadata_csum -E root_owner=0:0 -d "$work/disk" "$work/ext4" 16M >/dev/null
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"

console() { cat "$("$vm" log "$vm_name")"; }
ctr() { guest /usr/bin/myctr "$@"; }
opens() { ctr exec "$1" sh -c "test -c $2 && exec 3<>$2 && echo opened" 2>&1; }

if boot --initrd "$work/root.cpio" --disk "$work/ext4" --memory 512 -- -device qemu-xhci,id=xhci,addr=0x10 -chardev null,id=nul \
	-qmp "unix:$work/mon,server=on,wait=off"; then
	until_guest 40 '^one .* Up ' /usr/bin/myctr ps
	has "containers run without the device they may have" '^any .* Up ' "$(ctr ps)"
	vm_qmp "$work/mon" device_add '{"driver": "usb-serial", "id": "usb1", "bus": "xhci.0", "chardev": "nul", "always-plugged": true}' || not_ok "plugged in"
	until_guest 30 '^crw' /usr/bin/myctr exec any ls -l /dev/ttyUSB0
	has "by pattern: the node comes, as [device] wants it" '^crw----rw-.*ttyUSB0' "$got
$(console)"
	has "by pattern: it may be opened" opened "$(opens any /dev/ttyUSB0)"
	until_guest 30 '^crw' /usr/bin/myctr exec mapped ls -l /dev/ttyUSB0
	has "in a user namespace: it comes and may be opened" opened "$(opens mapped /dev/ttyUSB0)
$(ctr ps -a; ctr exec mapped ls -ln /dev/ttyUSB0; console)"
	has "the name by id is that of udev" "^$id\$" "$(guest /bin/ls /dev/serial/by-id)"
	until_guest 30 '^crw' /usr/bin/myctr exec one ls -l "/dev/serial/by-id/$id"
	has "by id: the node comes" "$id" "$got"
	has "by id: it may be opened" opened "$(opens one "/dev/serial/by-id/$id")"
	vm_qmp "$work/mon" device_del '{"id": "usb1"}' || not_ok "pulled out"
	until_guest 30 'No such file' /usr/bin/myctr exec any ls /dev/ttyUSB0
	has "by pattern: it goes" 'No such file' "$got"
	until_guest 30 'No such file' /usr/bin/myctr exec mapped ls /dev/ttyUSB0
	has "in a user namespace: it goes" 'No such file' "$got"
	until_guest 30 'No such file' /usr/bin/myctr exec one ls "/dev/serial/by-id/$id"
	has "by id: it goes" 'No such file' "$got"
	is "the containers run on" 3 "$(ctr ps | grep -c ' Up ')"
	ctr poweroff >/dev/null 2>&1
	ends "power off" guest-shutdown
else
	not_ok "boots" "$(console)"
fi
done_testing
