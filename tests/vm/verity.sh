#!/bin/sh
# SPDX-License-Identifier: MIT
# Verified images in a machine whose kernel has dm-verity: the right one runs, one with a flipped bit gives I/O errors where
# that is read, a wrong root hash and an image without a tree do not start, and no device is left.
set -u
cd "$(dirname "$0")/../.." || exit 1
MYCTR=${MYCTR:-$PWD/build/myctr}
out=${MYCTR_OUT:-$PWD/build}
bail() { echo "ok 1 - verified images # SKIP $*"; exit 0; }

[ "$(uname -m)" = x86_64 ] || bail "the machine is made for x86-64 hosts"
busybox=$(command -v busybox) || bail "busybox is missing (apt-get install busybox-static)"
command -v mksquashfs >/dev/null || bail "mksquashfs is missing (apt-get install squashfs-tools)"
make --no-print-directory O="$out" runner verity >/dev/null || exit 1
prepared=$(MODULES="dm_mod dm_verity" tools/vm/prepare.sh x86_64 debian) || bail "no kernel for the machine"
kernel='' initrd=''
eval "$prepared"

work=$(mktemp -d "${TMPDIR:-/tmp}/verity.XXXXXX")
vm=$out/tools/vm name=verity$$
# shellcheck disable=SC2317 # called by trap
end()
{
	"$vm" stop "$name" >/dev/null 2>&1
	rm -rf "$work"
}
trap end EXIT

root=$work/root
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/etc" "$root/data" "$root/img"
mkdir -p "$work/box/bin" "$work/box/proc" "$work/box/sys" "$work/box/dev"
cp "$busybox" "$work/box/bin/busybox"
for tool in cat sh md5sum sleep; do ln -s busybox "$work/box/bin/$tool"; done
head -c 400000 /dev/urandom >"$work/box/big"
mksquashfs "$work/box" "$root/img/bare.sqfs" -quiet -no-progress -comp gzip -noD -noF -all-root >/dev/null 2>&1
cp "$root/img/bare.sqfs" "$root/img/good.sqfs"
line=$("$out/tools/verity" --salt 00ff "$root/img/good.sqfs")
hash=${line#verity = }
if command -v veritysetup >/dev/null; then
	used=$(stat -c %s "$root/img/bare.sqfs")
	if veritysetup verify "$root/img/good.sqfs" "$root/img/good.sqfs" "$hash" --hash-offset=$(((used + 4095) / 4096 * 4096)); then
		echo "ok 1 - veritysetup agrees with the tree"
	else
		echo "not ok 1 - veritysetup agrees with the tree"
	fi
else
	echo "ok 1 - veritysetup agrees with the tree # SKIP veritysetup is missing (apt-get install cryptsetup-bin)"
fi
# A bit in the middle of the big file: its blocks are stored as they are.
cp "$root/img/good.sqfs" "$root/img/bad.sqfs"
at=$(LC_ALL=C grep -obUaF "$(dd if="$work/box/big" bs=1 skip=200000 count=16 2>/dev/null | tr -d '\000\n')" "$root/img/bad.sqfs" | head -n 1 | cut -d : -f 1)
at=${at:-200000}
printf '\377\377' | dd of="$root/img/bad.sqfs" bs=1 seek="$at" conv=notrunc 2>/dev/null
# Root hashes that are signed: by a key that no kernel knows, by one that this kernel was made to know, and by that for
# another image. sign NAME KEY CERTIFICATE HASH
sign()
{
	cp "$root/img/good.sqfs" "$root/img/$1.sqfs"
	printf %s "$4" | openssl smime -sign -nocerts -noattr -binary -inkey "$2" -signer "$3" -outform der >"$root/img/$1.sqfs.p7s"
}
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert" -subj /CN=nobody -days 2 >/dev/null 2>&1
	sign signed "$work/key" "$work/cert" "$hash"
fi
trusting=''
if why=$(tests/vm/trust.py "$kernel" "$work" 2>&1); then
	trusting=$work/vmlinux
	sign ours "$work/trusted.key" "$work/trusted.crt" "$hash"
	sign other "$work/trusted.key" "$work/trusted.crt" "$(echo "$hash" | tr 0-9a-f 1-9a-f0)"
fi
cp "$busybox" "$root/bin/busybox"
cp "$MYCTR" "$root/bin/myctr"
for tool in sh mount mkdir sleep ls cat grep wc losetup tr sed head; do ln -sf busybox "$root/bin/$tool"; done
cat >"$root/init" <<'END'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t tmpfs data /data
while :; do sleep 1000; done
END
cat >"$root/inside" <<END
#!/bin/sh
export PATH=/bin MYCTR_DATA=/data
n=1
is() { n=\$((n + 1)); if [ "\$2" = "\$3" ]; then echo "ok \$n - \$1"; else echo "not ok \$n - \$1"; echo "# wanted: \$2"; echo "# got: \$3" | head -n 5; fi; }
has() { n=\$((n + 1)); if echo "\$3" | grep -q "\$2"; then echo "ok \$n - \$1"; else echo "not ok \$n - \$1"; echo "# \$3" | head -n 5; fi; }
run() { myctr run --rm --read-only --net none --limits best-effort "\$@" 2>&1; }
devices() { ls /sys/block | grep -c '^dm-'; }
# The kernel takes them away a moment after their last user.
gone() { for i in 1 2 3 4 5 6 7 8 9; do [ "\$(devices)" = 0 ] && break; sleep 0.3; done; devices; }
sum=$(md5sum <"$work/box/big" | cut -d ' ' -f 1)
is "a verified image runs" "\$sum" "\$(run --verity $hash /img/good.sqfs md5sum /big | cut -d ' ' -f 1)"
is "its device is gone with it" 0 "\$(gone)"
run --verity $hash /img/good.sqfs sh -c 'sleep 2' & run --verity $hash /img/good.sqfs sh -c 'sleep 2' &
sleep 1
is "two share one device" 1 "\$(devices)"
wait
is "and leave none" 0 "\$(gone)"
has "a flipped bit is an I/O error for who reads it" "Input/output error" "\$(run --verity $hash /img/bad.sqfs md5sum /big)"
has "and nobody else" "^ok" "\$(run --verity $hash /img/bad.sqfs sh -c 'echo ok')"
is "without verity nobody sees it" 32 "\$(run /img/bad.sqfs md5sum /big | cut -d ' ' -f 1 | tr -d '\n' | wc -c | tr -d ' ')"
has "another root hash does not start" "is not the image of verity" "\$(run --verity $(echo "$hash" | tr 0-9a-f 1-9a-f0) /img/good.sqfs sh -c :)"
has "nor an image without a tree" "has no hash tree" "\$(run --verity $hash /img/bare.sqfs sh -c :)"
[ ! -e /img/signed.sqfs.p7s ] || has "nor one whose root hash a stranger signed" "verity: the kernel does not take signed.sqfs.p7s" "\$(run --verity $hash /img/signed.sqfs sh -c 'echo ran')"
if [ -e /img/ours.sqfs.p7s ]; then
	is "one whose root hash was signed by a key the kernel trusts runs" ran "\$(run --verity $hash /img/ours.sqfs sh -c 'echo ran')"
	has "but not with its signature of another root hash" "verity: the kernel does not take other.sqfs.p7s" "\$(run --verity $hash /img/other.sqfs sh -c 'echo ran')"
else
	echo "ok \$((n += 1)) - a root hash signed by a key the kernel trusts # SKIP $why"
fi
has "nor a folder" "verity is for squashfs" "\$(mkdir -p /tmp/dir; run --verity $hash /tmp/dir sh -c :)"
is "none of them leaves a device" 0 "\$(gone)"
is "nor a loop device" 0 "\$(losetup -a | grep -c /img/)"
myctr image load -t good /img/good.sqfs >/dev/null
is "from the store, too" "\$sum" "\$(run --verity $hash good md5sum /big | cut -d ' ' -f 1)"
mkdir -p /etc/myctr
printf '[system]\nrequire-verified = yes\n[container no]\nimage = /img/bare.sqfs\ncommand = sleep 9\nstorage = read-only\nlimits = best-effort\n[container yes]\nimage = /img/good.sqfs\nverity = $hash\ncommand = /bin/sh -c "echo started"\ntask = yes\nstorage = read-only\nlimits = best-effort\n[container well]\nimage = /img/good.sqfs\nverity = $hash\ncommand = sleep 1000\nstorage = read-only\nlimits = best-effort\n[container hurt]\nafter = yes well\nimage = /img/bad.sqfs\nverity = $hash\ncommand = /bin/sh -c "md5sum /big; exec sleep 1000"\nstorage = read-only\nlimits = best-effort\n' >/etc/myctr/manifest
myctr daemon >/tmp/daemon 2>&1 &
sleep 2
has "require-verified keeps others from starting" "no: image: /img/bare.sqfs: has no verity" "\$(cat /tmp/daemon)"
has "and not those that are" started "\$(myctr logs yes)"
for i in 1 2 3 4 5 6 7 8 9 10; do myctr ps | grep -q damaged && break; sleep 1; done
has "a block that is not what it was is a recorded event" "hurt: image /img/bad.sqfs is damaged: block [0-9]* is not what verity says" "\$(cat /tmp/daemon)"
is "said once" 1 "\$(grep -c 'is damaged' /tmp/daemon)"
has "ps shows it" "hurt .*(damaged)" "\$(myctr ps)"
is "and nobody who runs from a good copy of it" 0 "\$(myctr ps | grep well | grep -c damaged)"
has "who is up" "well .* Up" "\$(myctr ps)"
has "inspect does" "damaged: a block was not what verity says" "\$(myctr inspect hurt)"
has "the reader got an I/O error" "Input/output error" "\$(myctr logs hurt)"
END
chmod +x "$root/init" "$root/inside"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/root.cpio"
if ! "$vm" start "$name" --arch x86_64 --kernel "${trusting:-$kernel}" --initrd "$initrd" --initrd "$work/root.cpio" || ! "$vm" ready "$name"; then
	echo "not ok 2 - the machine does not start"
	exit 1
fi
"$vm" exec "$name" -- /inside 2>&1
