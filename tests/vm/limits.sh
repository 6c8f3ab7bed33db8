#!/bin/sh
# SPDX-License-Identifier: MIT
# Limits in a machine with cgroup v2 to itself: what the kernel is told, what happens at the limit, that nothing
# is left, and what is said where a controller is not there. limits_inside.sh runs in the machine.
# user_inside.sh does the same for a user without root, in a part of the tree that is his.
# VM_ARCH=aarch64 MYCTR=a binary for it: the same on another processor.
set -u
cd "$(dirname "$0")/../.." || exit 1
MYCTR=${MYCTR:-$PWD/build/myctr}
out=${MYCTR_OUT:-$PWD/build}
bail() { echo "ok 1 - limits # SKIP $*"; exit 0; }

arch=${VM_ARCH:-$(uname -m)}
make --no-print-directory O="$out" runner >/dev/null || exit 1
prepared=$(tools/vm/prepare.sh "$arch") || bail "no kernel for the machine"
kernel='' initrd=''
eval "$prepared"

work=$(mktemp -d "${TMPDIR:-/tmp}/limits.XXXXXX")
vm=$out/tools/vm
# shellcheck disable=SC2317 # called by trap
end()
{
	"$vm" stop limits >/dev/null 2>&1
	rm -rf "$work"
}
trap end EXIT

root=$work/root
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/etc" \
	"$root/box/bin" "$root/box/proc" "$root/box/sys" "$root/box/dev" "$root/box/tmp"
cp "$MYCTR" "$root/bin/myctr"
cp tests/vm/lib/limits_inside.sh "$root/inside.sh"
cp tests/vm/lib/user_inside.sh "$root/user.sh"
printf 'root:x:0:0::/:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nann:x:1000:\nbob:x:1001:\n' >"$root/etc/group"
for tool in sh mount mkdir sleep cat grep ls sed kill dd true echo awk head seq ps touch rmdir umount losetup truncate \
	mknod test wc tr find chown chmod su env dirname cp; do
	ln -sf /vm/busybox "$root/bin/$tool"
	ln -sf busybox "$root/box/bin/$tool"
done
cat >"$root/init" <<'END'
#!/vm/busybox sh
export PATH=/bin
/vm/busybox cp /vm/busybox /box/bin/busybox
/vm/busybox cp -a /box /nest
/vm/busybox cp -a /box /nest/box
/vm/busybox cp /bin/myctr /nest/bin/myctr
/vm/busybox mkdir -p /nest/run /nest/var/lib /nest/etc
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t cgroup2 none /sys/fs/cgroup
while :; do sleep 1000; done
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/root.cpio"

# machine PART APPEND: boots, runs that part, prints its TAP
machine()
{
	if ! "$vm" start limits --arch "$arch" --kernel "$kernel" --initrd "$initrd" --initrd "$work/root.cpio" \
		--append "$2" || ! "$vm" ready limits; then
		echo "not ok - $1: the machine does not start"
		return
	fi
	"$vm" exec limits -- /bin/sh /inside.sh "$1" 2>&1
	[ "$1" != all ] || "$vm" exec limits -- /bin/sh /user.sh 2>&1
	"$vm" stop limits >/dev/null 2>&1
}
machine all ""
machine missing "cgroup_disable=memory"
