#!/bin/sh
# SPDX-License-Identifier: MIT
# Power cuts while tar images are unpacked, in a machine that logs every write to its disk: on each disk that a
# cut could have left there is a tree under its name whole, or not at all.
set -u
cd "$(dirname "$0")/../.." || exit 1
MYCTR=${MYCTR:-$PWD/build/myctr}
out=${MYCTR_OUT:-$PWD/build}
bail() { echo "ok 1 - power cuts while unpacking # SKIP $*"; exit 0; }

[ "$(uname -m)" = x86_64 ] || bail "the machine is made for x86-64 hosts"
[ "$(id -u)" = 0 ] || bail "mounting the disks needs root"
busybox=$(command -v busybox) || bail "busybox is missing (apt-get install busybox-static)"
make --no-print-directory O="$out" runner >/dev/null || exit 1
prepared=$(tools/vm/prepare.sh x86_64) || bail "no kernel for the machine"
kernel='' initrd=''
eval "$prepared"

work=$(mktemp -d "${TMPDIR:-/tmp}/image_cut.XXXXXX")
vm=$out/tools/vm name=imagecut$$
# shellcheck disable=SC2317 # called by trap
end()
{
	"$vm" stop "$name" >/dev/null 2>&1
	umount "$work/mnt" 2>/dev/null
	rm -rf "$work"
}
trap end EXIT

# Three images of files whose content says how it must be: its own name, again and again.
root=$work/root
for image in a b c; do
	mkdir -p "$work/$image/bin" "$work/$image/proc" "$work/$image/sys" "$work/$image/dev"
	cp "$busybox" "$work/$image/bin/true"
	for i in 1 2 3 4 5 6 7 8 9; do
		mkdir "$work/$image/d$i"
		yes "$image$i" | head -c $((i * 7000)) >"$work/$image/d$i/file"
	done
done
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/etc" "$root/data"
cp "$busybox" "$root/bin/busybox"
cp "$MYCTR" "$root/bin/myctr"
for tool in sh mount mkdir sleep umount sync; do ln -sf busybox "$root/bin/$tool"; done
for image in a b c; do tar -C "$work/$image" -cf "$root/$image.tar" .; done
cat >"$root/init" <<'END'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
while :; do sleep 1000; done
END
cat >"$root/unpack" <<'END'
#!/bin/sh
export PATH=/bin MYCTR_DATA=/data
mount -t ext4 -o commit=1 /dev/vda /data || exit 1
for image in a b c; do
	myctr run --rm --read-only --net none --limits best-effort /$image.tar /bin/true || exit 1
	echo done $image
	sleep 1
done
sync
END
chmod +x "$root/init" "$root/unpack"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/root.cpio"

# The check of one disk: mounted, so that its journal is used; every tree there is whole.
cat >"$work/check" <<END
#!/bin/sh
mount -o loop "\$1" $work/mnt || exit 1
bad=0
for tree in $work/mnt/images/trees/[0-9a-f]*; do
	[ -d "\$tree" ] || continue
	for image in a b c; do
		diff -r "\$tree" $work/\$image >/dev/null 2>&1 && echo \$image >>$work/found && continue 2
	done
	echo "not whole: \$tree"
	bad=1
done
umount $work/mnt
exit \$bad
END
chmod +x "$work/check"
mkdir "$work/mnt"
truncate -s 64M "$work/disk"
command -v mkfs.ext4 >/dev/null || bail "mkfs.ext4 is missing (apt-get install e2fsprogs)"
mkfs.ext4 -q -F "$work/disk"
cp "$work/disk" "$work/before"
: >"$work/log"
if ! "$vm" start "$name" --arch x86_64 --kernel "$kernel" --initrd "$initrd" --initrd "$work/root.cpio" \
	--disk "$work/disk" --writelog "$work/log" || ! "$vm" ready "$name"; then
	echo "not ok 1 - the machine does not start"
	exit 1
fi
got=$("$vm" exec "$name" -- /unpack 2>&1)
"$vm" stop "$name" >/dev/null 2>&1
if [ "$(printf '%s\n' "$got" | grep -c '^done')" = 3 ]; then
	echo "ok 1 - three images unpack on ext4"
else
	echo "not ok 1 - three images unpack on ext4"
	printf '%s\n' "$got" | sed 's/^/# /'
fi
if said=$("$out/tools/replay" -r 2 "$work/before" "$work/log" "$work/cut" -- "$work/check" 2>&1); then
	echo "ok 2 - after a power cut a tree is whole or not there"
else
	echo "not ok 2 - after a power cut a tree is whole or not there"
fi
printf '%s\n' "$said" | tail -n 5 | sed 's/^/# /'
if [ "$(sort -u "$work/found" 2>/dev/null | wc -l)" = 3 ]; then
	echo "ok 3 - and all three were seen on some disk"
else
	echo "not ok 3 - and all three were seen on some disk"
fi
