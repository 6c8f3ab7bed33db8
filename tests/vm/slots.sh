#!/bin/sh
# SPDX-License-Identifier: MIT
# Two systems on two root partitions, and a real GRUB that boots one of them by its environment block, with the boot
# script of board/update/README.md: one that does is kept, one that crashes is counted out by GRUB, one that is not
# well is left by PID 1.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=slots
. tests/vm/lib.sh
"$MYCTR" features | grep -qw slot || bail "not in this build"
grub=/usr/lib/grub/i386-pc
[ -f $grub/lnxboot.img ] || bail "GRUB is missing (apt-get install grub-pc-bin grub-common)"
KERNEL=debian
vm_prepare

# What the machine boots in place of a kernel: GRUB, which finds the rest on the disk.
grub-mkimage -O i386-pc -p '(hd0,msdos1)/grub' -o "$work/core.img" biosdisk part_msdos ext2 linux loadenv test normal echo || exit 1
cat $grub/lnxboot.img "$work/core.img" >"$work/grub.lnx"
mkdir -p "$work/boot/grub"
cp "$kernel" "$work/boot/vmlinuz"
cp "$initrd" "$work/boot/initrd"
{
	sed -n '/^    load_env$/,/^$/p' board/update/README.md | sed 's/^    //; /^linux /d'
	echo 'if [ "$s" = a ]; then set p=2; else set p=3; fi'
	echo 'linux /vmlinuz console=ttyS0,115200 quiet loglevel=4 panic=-1 rdinit=/vm/guest root=/dev/vda$p rootfstype=ext4 rw init=/sbin/init myctr.slot=$s'
	echo 'initrd /initrd'
	echo 'boot'
} >"$work/boot/grub/grub.cfg"
grub-editenv "$work/boot/grub/grubenv" create
grub-editenv "$work/boot/grub/grubenv" set slot=a try=b bootcount=0 bootlimit=1 upgrade_available=1

# Both systems are the same but for who they are.
root=$work/root
vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/usr/bin" "$root/srv/app/bin" "$root/srv/app/proc" "$root/srv/app/sys" "$root/srv/app/dev" \
	"$root/boot" "$root/mnt" "$root/var/log" "$root/var/lib/myctr"
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s ../usr/bin/myctr "$root/sbin/init"
for tool in umount cp chmod; do ln -s busybox "$root/bin/$tool"; done
cp "$busybox" "$root/srv/app/bin/busybox"
ln -s busybox "$root/srv/app/bin/sleep"
ln -s busybox "$root/srv/app/bin/false"
cat >"$root/etc/myctr/manifest" <<'END'
[system]
mount      = /dev/vda1 /boot ext4
boot-slots = grub /boot/grub/grubenv
boot-trial = 1s
[container app]
image      = /srv/app
command    = /bin/sleep 1000
storage    = read-only
critical   = yes
END

# OFFSET DIR SIZE TYPE: a file system with what is in DIR, both numbers megabytes
part()
{
	mke2fs -q -t "$4" -E root_owner=0:0 -d "$2" "$work/part" "$3M" >/dev/null
	dd if="$work/part" of="$work/disk" bs=1M seek="$1" conv=notrunc status=none
	rm -f "$work/part"
}
truncate -s 130M "$work/disk"
printf '1M,40M,L\n41M,40M,L\n81M,40M,L\n' | sfdisk -q "$work/disk" >/dev/null 2>&1
part 1 "$work/boot" 40 ext2
part 41 "$root" 40 ext4
part 81 "$root" 40 ext4

console() { cat "$("$vm" log "$vm_name")"; }
ctr() { guest /usr/bin/myctr "$@"; }
# NAME RUNNING GOOD TRYING
slot()
{
	if until_guest 90 "^$2 $3 $4 " /bin/sh -c 'set -- $(myctr slot | busybox cut -f 2); echo "$@"'; then ok "$1"; else
		not_ok "$1" "$got
$(console)"
	fi
}
# SCRIPT: what is done to system a before it is tried
try_a() { guest /bin/sh -c "mount -t ext4 /dev/vda2 /mnt && { $1; }; umount /mnt; myctr slot try a && myctr reboot" >/dev/null 2>&1; }

kernel=$work/grub.lnx
"$vm" start "$vm_name" --kernel "$kernel" --limit 400 --reboot --disk "$work/disk"
"$vm" ready "$vm_name" -t 120
slot "GRUB boots what is tried, and it is kept" b b -
is "its block is whole" "bootcount=0 bootlimit=1 slot=b upgrade_available=0" \
	"$(guest /bin/busybox strings /boot/grub/grubenv | grep '=' | sort | tr '\n' ' ' | sed 's/ $//')"
try_a 'echo "#!/bin/sh
echo system a crashes >/dev/console; echo c >/proc/sysrq-trigger" >/mnt/sbin/init.bad; chmod +x /mnt/sbin/init.bad; busybox mv /mnt/sbin/init.bad /mnt/sbin/init'
slot "one that crashes is not booted again" b b -
has "it was tried" 'system a crashes' "$(console)"
has "and the one that was good says so" 'slot a: .*tried' "$(console)"
try_a 'busybox rm /mnt/sbin/init; busybox ln -s ../usr/bin/myctr /mnt/sbin/init; busybox sed -i "s|^command.*|command = /bin/false|" /mnt/etc/myctr/manifest'
slot "one that is not well reboots into the one before" b b -
has "PID 1 has said why" 'slot a: is not well' "$(console)"
done_testing
