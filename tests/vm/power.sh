#!/bin/sh
# SPDX-License-Identifier: MIT
# Power cuts while the state file is written: state_writer runs in a machine on an ext4 disk, QEMU logs every
# write, and each disk a cut could have left is checked: the file system recovers, and the state file has the old
# or the new record, never neither and never a mixture.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=power
. tests/vm/lib.sh
vm_prepare
# the small programs of the guest are built beside the binary
writer=$out/vm/state_writer check=$out/vm/state_check
make --no-print-directory O="$out" "$writer" "$check" >"$work/make" 2>&1 || { cat "$work/make"; exit 1; }

mkdir -p "$work/root/proc" "$work/root/dev" "$work/root/m" "$work/empty"
cp "$writer" "$work/root/writer"
printf '#!/vm/busybox sh\n/vm/busybox mount -t devtmpfs dev /dev\nwhile :; do /vm/busybox sleep 1000; done\n' >"$work/root/init"
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"
truncate -s 16M "$work/disk"
mke2fs -q -t ext4 -E root_owner=0:0 -d "$work/empty" "$work/disk"
cp "$work/disk" "$work/before"
: >"$work/log"

cat >"$work/check" <<END
#!/bin/sh
PATH=\$PATH:/sbin:/usr/sbin
e2fsck -p "\$1" >$work/fsck 2>&1 || [ \$? -eq 1 ] || { cat $work/fsck; exit 1; }
e2fsck -fn "\$1" >$work/fsck 2>&1 || { cat $work/fsck; exit 1; }
rm -f $work/state
debugfs -R "dump state $work/state" "\$1" >/dev/null 2>&1
[ -s $work/state ] || rm -f $work/state
$check $work/state
END
chmod +x "$work/check"

boot --initrd "$work/root.cpio" --disk "$work/disk" --writelog "$work/log" || { not_ok "boots"; done_testing; exit 1; }
until_guest 20 vda /vm/busybox ls /dev
check_mount=$(guest /vm/busybox mount -t ext4 /dev/vda /m 2>&1) || { not_ok "the disk mounts" "$check_mount"; done_testing; exit 1; }
# Twenty records: the file grows once on the way.
"$vm" exec power -t 60 -- /writer /m/state 20 400 >"$work/acks" 2>"$work/err"
"$vm" stop power
acks=$(wc -l <"$work/acks")
if [ "$acks" -eq 400 ]; then ok "records were written ($acks)"; else not_ok "records were written" "$(cat "$work/err")"; fi

# Every flush point there is.
for seed in 1 2; do
	got=$("$out/tools/replay" -s $seed -n 100000 "$work/before" "$work/log" "$work/cut" -- "$work/check" 2>&1)
	status=$?
	is "power cuts, seed $seed: $(printf '%s\n' "$got" | tail -n 1)" 0 $status
	[ $status = 0 ] || printf '%s\n' "$got" | tail -n 12 | sed 's/^/# /'
done

# the check must be able to fail: no early cut can hold what was acknowledged long after it
sed "s|^$check .*|& $work/acks|" "$work/check" >"$work/strict"
chmod +x "$work/strict"
if "$out/tools/replay" -n 20 "$work/before" "$work/log" "$work/cut" -- "$work/strict" >/dev/null 2>&1; then
	not_ok "a record that is too old is noticed"
else
	ok "a record that is too old is noticed"
fi
done_testing
