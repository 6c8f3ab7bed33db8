#!/bin/sh
# SPDX-License-Identifier: MIT
# Power cuts while the image store changes, in a machine that logs every write to its disk: on each disk that a cut could have
# left the store lists what was there before a change or after it, every image in it is whole, and what else lies
# around is collected. A build that was cut is done again, with what is kept of it, and makes the same image.
set -u
cd "$(dirname "$0")/../.." || exit 1
MYCTR=${MYCTR:-$PWD/build/myctr}
out=${MYCTR_OUT:-$PWD/build}
bail() { echo "ok 1 - power cuts while the store changes # SKIP $*"; exit 0; }

[ "$(uname -m)" = x86_64 ] || bail "the machine is made for x86-64 hosts"
[ "$(id -u)" = 0 ] || bail "mounting the disks needs root"
busybox=$(command -v busybox) || bail "busybox is missing (apt-get install busybox-static)"
command -v mkfs.ext4 >/dev/null || bail "mkfs.ext4 is missing (apt-get install e2fsprogs)"
make --no-print-directory O="$out" runner >/dev/null || exit 1
prepared=$(tools/vm/prepare.sh x86_64) || bail "no kernel for the machine"
kernel='' initrd=''
eval "$prepared"

work=$(mktemp -d "${TMPDIR:-/tmp}/store_cut.XXXXXX")
vm=$out/tools/vm name=storecut$$
# shellcheck disable=SC2317 # called by trap
end()
{
	"$vm" stop "$name" >/dev/null 2>&1
	umount "$work/mnt" 2>/dev/null
	rm -rf "$work"
}
trap end EXIT

root=$work/root
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/etc" "$root/data" "$work/mnt"
cp "$busybox" "$root/bin/busybox"
cp "$MYCTR" "$root/bin/myctr"
for tool in sh mount mkdir sleep umount sync touch; do ln -sf busybox "$root/bin/$tool"; done
for image in a b; do
	mkdir -p "$work/$image/.myctr"
	printf '[image]\ncommand = %s\n' $image >"$work/$image/.myctr/image.conf"
	yes $image | head -c 60000 >"$work/$image/file"
	tar -C "$work/$image" -cf "$root/$image.tar" .
done
a=$(sha256sum "$root/a.tar" | cut -c 1-12) b=$(sha256sum "$root/b.tar" | cut -c 1-12)
# What is copied has the same times there and here, so that the image is the same.
mkdir -p "$root/ctx"
printf 'FROM scratch\nCOPY one /one\nCOPY two /two\nCMD ["a"]\n' >"$root/ctx/Containerfile"
yes one | head -c 30000 >"$root/ctx/one"; yes two | head -c 30000 >"$root/ctx/two"
touch -d @1700000000 "$root/ctx/one" "$root/ctx/two"
c=$(MYCTR_DATA=$work/here MYCTR_RUN=$work/run "$MYCTR" build -q --format tar -t built "$root/ctx" | sed -n 's/^sha256:\(.\{12\}\).*/\1/p')
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
cat >"$root/change" <<'END'
#!/bin/sh
export PATH=/bin MYCTR_DATA=/data
mount -t ext4 -o commit=1 /dev/vda /data || exit 1
step() { myctr image "$@" || exit 1; echo done; sleep 1; }
step load -t web /a.tar
step load -t web /b.tar
step load -t other /a.tar
step rm web
step load -t web /b.tar
mkdir -p /data/images/trees/0000000000000000000000000000000000000000000000000000000000000001
step prune -a
[ ! -e /ctx/Containerfile ] || { touch -d @1700000000 /ctx/one /ctx/two; myctr build -q --format tar -t built /ctx && echo done; sleep 1; }
END
steps=7
[ -n "$c" ] || { steps=6; rm "$root/ctx/Containerfile"; } # a myctr without build
chmod +x "$root/init" "$root/change"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/root.cpio"

# The check of one disk: mounted, so that its journal is used. "empty" is the list of an empty store.
cat >"$work/check" <<END
#!/bin/sh
# A copy: what is written here is no part of the next cut.
cp --sparse=always "\$1" $work/copy
mount -o loop $work/copy $work/mnt || exit 1
export MYCTR_DATA=$work/mnt MYCTR_RUN=$work/run MYCTR_ETC=$work/etc
list() { $MYCTR image ls --format tsv | awk '{ print \$1 "=" substr(\$2, 1, 12) }' | sort | tr '\n' ' '; }
bad=0
got=\$(list)
case "empty\$got" in
"empty") ;;
"emptyweb:latest=$a "|"empty-=$a web:latest=$b "|"emptyother:latest=$a web:latest=$b ") ;;
"emptyother:latest=$a "|"emptyweb:latest=$b "|"emptybuilt:latest=$c ") ;;
*) echo "lists: \$got"; bad=1 ;;
esac
echo "empty\$got" >>$work/found
$MYCTR image verify >/dev/null || { echo "not whole, of \$got"; bad=1; }
for id in \$($MYCTR image ls -q); do
	$MYCTR image inspect \$id | grep -q '^command = [ab]' || { echo "no configuration: \$id"; bad=1; }
done
$MYCTR image tag nothing x >/dev/null 2>&1
[ "\$(list)" = "\$got" ] || { echo "then lists: \$(list), not \$got"; bad=1; }
left=\$(cd $work/mnt/images && ls -d .new-* .gone-* sha256/*~ 2>/dev/null)
for file in \$(ls $work/mnt/images/sha256 2>/dev/null); do
	$MYCTR image ls -q | grep -q "\${file%.conf}" || left="\$left \$file"
done
[ -z "\$left" ] || { echo "left: \$left"; bad=1; }
if [ -d $work/mnt/build ]; then
	$MYCTR build -q --format tar -t built $root/ctx >$work/said 2>&1
	[ "\$(list)" = "built:latest=$c " ] || { echo "builds \$(list), not $c: \$(cat $work/said)"; bad=1; }
	ls -d $work/mnt/build/w-* 2>/dev/null && bad=1
	$MYCTR build --prune || bad=1
fi
umount $work/mnt
exit \$bad
END
chmod +x "$work/check"
truncate -s 64M "$work/disk"
mkfs.ext4 -q -F "$work/disk"
cp "$work/disk" "$work/before"
: >"$work/log"
if ! "$vm" start "$name" --arch x86_64 --kernel "$kernel" --initrd "$initrd" --initrd "$work/root.cpio" \
	--disk "$work/disk" --writelog "$work/log" || ! "$vm" ready "$name"; then
	echo "not ok 1 - the machine does not start"
	exit 1
fi
got=$("$vm" exec "$name" -- /change 2>&1)
"$vm" stop "$name" >/dev/null 2>&1
if [ "$(printf '%s\n' "$got" | grep -c '^done')" = "$steps" ]; then
	echo "ok 1 - the store changes on ext4"
else
	echo "not ok 1 - the store changes on ext4"
	printf '%s\n' "$got" | sed 's/^/# /'
fi
if said=$("$out/tools/replay" -r 2 "$work/before" "$work/log" "$work/cut" -- "$work/check" 2>&1); then
	echo "ok 2 - after a power cut the store is the old one or the new, and whole"
else
	echo "not ok 2 - after a power cut the store is the old one or the new, and whole"
fi
printf '%s\n' "$said" | tail -n 5 | sed 's/^/# /'
if [ "$(sort -u "$work/found" 2>/dev/null | wc -l)" -ge 5 ]; then
	echo "ok 3 - and most states were seen on some disk"
else
	echo "not ok 3 - and most states were seen on some disk"
	sort -u "$work/found" | sed 's/^/# /'
fi
