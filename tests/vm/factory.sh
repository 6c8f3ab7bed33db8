#!/bin/sh
# SPDX-License-Identifier: MIT
# The end of a production line, in a machine: board/factory-test as it is there, on a disk with a data partition. It runs
# its tests, says PASS with the board's serial number, stores that and switches itself off.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=factory
. tests/vm/lib.sh
"$MYCTR" features | grep -q 'factory-reset' || bail "not in this build"
KERNEL=debian # ours knows no serial number
vm_prepare

root=$work/root
vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/usr/bin" "$root/var/lib/myctr" "$root/var/log" "$work/data/images"
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s usr/bin/myctr "$root/init"
cp board/factory-test/manifest "$root/etc/myctr/"
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"
tools/image/mkimage -p busybox-static -d board/factory-test/rootfs -o "$work/data/images/test.sqfs" >"$work/out" 2>&1 ||
	not_ok "the image is made as the README says" "$(cat "$work/out")"
truncate -s 34M "$work/disk"
printf '1M,1M,L\n2M,32M,L\n' | sfdisk -q "$work/disk" >/dev/null 2>&1
mke2fs -q -t ext4 -E root_owner=0:0 -d "$work/data" "$work/part" 32M >/dev/null
dd if="$work/part" of="$work/disk" bs=1M seek=2 conv=notrunc status=none

"$vm" start "$vm_name" --kernel "$kernel" --initrd "$initrd" --limit 300 --initrd "$work/root.cpio" \
	--disk "$work/disk" -- -smbios type=1,serial=SN-4711
vm_why=$("$vm" wait "$vm_name" -t 250 2>&1)
said=$(tr -d '\r' <"$("$vm" log "$vm_name")")
"$vm" stop "$vm_name"
is "it switches itself off" guest-shutdown "$vm_why"
results() { sed -n 's/^# FACTORY test=\([a-z]*\) result=\([A-Z]*\) .*/\1 \2/p' | tr '\n' ' '; }
is "each test in order" "memory PASS clock PASS buses SKIP ethernet PASS flash PASS " "$(printf '%s\n' "$said" | results)"
has "TAP says the same" '^ok 3 - buses # SKIP' "$said"
has "PASS, with the serial number" '^# FACTORY result=PASS tests=5 failed=0 skipped=1 ms=[0-9]+ serial=SN-4711$' "$said"
dd if="$work/disk" of="$work/part" bs=1M skip=2 status=none
is "and stored" "$(printf '%s\n' "$said" | grep '^# FACTORY')" "$(debugfs -R 'cat factory/result' "$work/part" 2>/dev/null)"
done_testing
