#!/bin/sh
# SPDX-License-Identifier: MIT
# PID 1 of a real machine: updates with the power cut at every flush point and across resets, another binary for PID 1,
# the factory reset with the power cut, factory mode.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=update
. tests/vm/lib.sh
"$MYCTR" features | grep -q 'factory-reset' || bail "not in this build"
vm_prepare

console() { cat "$("$vm" log "$vm_name")"; }
ctr() { guest /usr/bin/myctr "$@"; }
good='trap "exit 0" TERM; echo up; while :; do sleep 0.1; done'

# image NAME VERSION COMMAND: a squashfs file whose container does COMMAND
vm_busybox "$work/box"
image()
{
	mkdir -p "$work/box/.myctr"
	echo "$1" >"$work/box/etc/release"
	printf '[image]\nversion = %s\n' "$2" >"$work/box/.myctr/image.conf"
	printf '#!/bin/sh\n%s\n' "$3" >"$work/box/bin/run"
	chmod +x "$work/box/bin/run"
	mksquashfs "$work/box" "$root/images/$1" -noappend -all-root -quiet -no-progress -comp lz4 >/dev/null
}
root=$work/root
vm_busybox "$root"
mkdir -p "$root/images" "$root/etc/myctr" "$root/usr/bin" "$root/var/lib/myctr" "$root/var/log"
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s usr/bin/myctr "$root/init"
image one 1 "$good"
image two 2 "$good"
image three 3 "$good"
image crash 3 'exit 7'
{
	printf '[system]\ndata = /dev/vda ext4 commit=1\n'
	for name in web db; do
		printf '[container %s]\nimage = /images/one\ncommand = /bin/run\nstorage = read-only\nrestart = always\n' $name
		printf 'update-group = pair\ntrial = 300ms\nrestart-delay = 50ms\n'
	done
} >"$root/etc/myctr/manifest"
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/root.cpio"
truncate -s 64M "$work/data"
mke2fs -q -t ext4 -E root_owner=0:0 "$work/data"

release() { ctr exec "$1" cat /etc/release 2>&1; }
pid() { ctr inspect --format tsv "$1" | awk -F'\t' '$1 == "state.pid" { print $2 }'; }

# What every disk must say: both containers have the same slot, and its image is whole.
mkdir -p "$work/mnt" "$work/etc"
cat >"$work/check" <<DONE
#!/bin/sh
mount -o loop "\$1" $work/mnt || exit 1
export MYCTR_DATA=$work/mnt MYCTR_RUN=$work/run MYCTR_ETC=$work/etc
$MYCTR update status >$work/status 2>&1 || { cat $work/status; umount $work/mnt; exit 1; }
awk -F'\t' 'function of(v, id) { return id == "manifest" ? 1 : v }
	NR > 1 { v[\$1] = \$2 == "a" ? of(\$4, \$3) : of(\$6, \$5); id[\$1] = \$2 == "a" ? \$3 : \$5 }
	END { web = "web" in v ? v["web"] : 1; db = "db" in v ? v["db"] : 1
		if (web != db) { print "web has " web ", db has " db; exit 1 }
		print web >>"$work/found"
		for (i in id) if (id[i] != "manifest") print id[i] >"$work/ids" }' $work/status
bad=\$?
[ ! -s $work/ids ] || for id in \$(sort -u $work/ids); do
	$MYCTR image verify \$id >/dev/null 2>&1 || { echo "not whole: \$id"; bad=1; }
done
rm -f $work/ids
umount $work/mnt
exit \$bad
DONE
chmod +x "$work/check"

updates()
{
	cp "$work/data" "$work/before"
	: >"$work/log"
	boot --initrd "$work/root.cpio" --disk "$work/data" --writelog "$work/log" || { not_ok "boots" "$(console)"; return; }
	until_guest 60 '^db .*Up' /usr/bin/myctr ps
	has "two at once are kept" 'web kept.* db kept' "$(ctr update web /images/two db /images/two 2>&1 | tr '\n' ' ')"
	is "both run" "two two" "$(release web) $(release db)"
	has "one that ends takes both back" 'rolled back' "$(ctr update web /images/three db /images/crash 2>&1)"
	tries=60
	until [ "$(release web) $(release db)" = "two two" ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.5; done
	is "both are as before" "two two" "$(release web) $(release db)"

	before="$(pid web) $(pid db)"
	guest /bin/cp /usr/bin/myctr /usr/bin/new 2>/dev/null || guest /bin/busybox cp /usr/bin/myctr /usr/bin/new
	has "what is no myctr does not become PID 1" 'nothing was replaced' "$(ctr reexec /bin/busybox 2>&1)"
	for i in 1 2 3; do guest /usr/bin/new reexec || not_ok "reexec $i" "$(console)"; done
	is "another binary is PID 1, the containers run on" "$before" "$(pid web) $(pid db)"
	has "PID 1 is there" 'myctr|init' "$(guest /bin/cat /proc/1/comm)"
	is "no line of theirs is twice or lost" 1 "$(ctr logs web | tail -n 1 | grep -c up)"
	guest /bin/busybox kill -9 "$(pid web)"
	until_guest 60 '^web .*Up .* [1-9][0-9]* +[0-9]+$' /usr/bin/myctr ps
	has "it is their parent as before" '^web .*Up' "$got"

	ctr update -d --trial 1h web /images/three db /images/three || not_ok "a trial begins"
	until_guest 60 '^db .*Up' /usr/bin/myctr ps
	has "it runs what is tried" three "$(release web)"
	"$vm" stop "$vm_name"
	said=$("$out/tools/replay" -r 2 "$work/before" "$work/log" "$work/cut" -- "$work/check" 2>&1)
	is "after a power cut all are old or all are new, and whole" 0 $?
	printf '%s\n' "$said" | tail -n 3 | sed 's/^/# /'
	is "every version was seen on some disk" "1 2 3" "$(sort -u "$work/found" | tr '\n' ' ' | sed 's/ $//')"
}

# The trial goes on after a reset, but not for ever.
resets()
{
	for i in 2 3; do
		boot --initrd "$work/root.cpio" --disk "$work/data" || { not_ok "boots again" "$(console)"; return; }
		until_guest 60 '^db .*Up' /usr/bin/myctr ps
		has "boot $i: the trial goes on" "three trial, boot $i" "$(release db) $(ctr update status | grep '^db' | cut -f 8)"
		"$vm" stop "$vm_name"
	done
	boot --initrd "$work/root.cpio" --disk "$work/data" || { not_ok "boots again" "$(console)"; return; }
	until_guest 60 '^db .*Up' /usr/bin/myctr ps
	is "then it is taken back" "two two" "$(release web) $(release db)"
	has "and why is known" 'booted too often' "$(ctr update status)"
	guest /bin/busybox touch /var/lib/myctr/mine
	guest /bin/busybox mkdir -p /var/lib/myctr/factory /var/lib/myctr/containers/x/upper
	check_reset=$(ctr factory-reset --yes --no-reboot 2>&1)
	is "the wish for a factory reset" "" "$check_reset"
	"$vm" stop "$vm_name"
}

# The boot that does the reset, with the power cut; then it is a test station, and switches itself off.
factory()
{
	printf '[system]\nmode = factory\ndata = /dev/vda ext4 commit=1\n[container t1]\ntask = yes\nimage = /images/one\ncommand = true\n[container t2]\ntask = yes\nimage = /images/one\ncommand = false\n' \
		>"$root/etc/myctr/manifest"
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/factory.cpio"
	cp "$work/data" "$work/before"
	: >"$work/log"
	"$vm" start "$vm_name" --kernel "$kernel" --initrd "$initrd" --limit 300 --initrd "$work/factory.cpio" \
		--disk "$work/data" --writelog "$work/log" || { not_ok "factory: boots" "$(console)"; return; }
	vm_why=$("$vm" wait "$vm_name" -t 120 2>&1)
	said=$(console | tr -d '\r')
	"$vm" stop "$vm_name"
	is "factory: it switches itself off" guest-shutdown "$vm_why"
	has "factory: the reset was done first" 'factory reset: done' "$said"
	has "factory: TAP on the console" '^TAP version 14' "$said"
	is "factory: both tests" "ok 1 - t1 not ok 2 - t2" "$(printf '%s\n' "$said" | grep -E '^(not )?ok [12] - t[12]' | tr '\n' ' ' | sed 's/ $//')"
	has "factory: the verdict" '^# FACTORY result=FAIL tests=2 failed=1' "$said"
	has "factory: is stored" '^# FACTORY result=FAIL tests=2' "$(debugfs -R 'cat factory/result' "$work/data" 2>/dev/null)"
	cat >"$work/check" <<END
#!/bin/sh
mount -o loop "\$1" $work/mnt || exit 1
bad=0
if [ ! -e "$work/mnt/~reset" ]; then
	echo done >>$work/resets
	[ ! -e $work/mnt/mine ] && [ ! -e $work/mnt/containers/x ] || { echo "the wish is gone, but not all it asks for"; bad=1; }
else
	echo wish >>$work/resets
fi
umount $work/mnt
exit \$bad
END
	said=$("$out/tools/replay" -r 2 "$work/before" "$work/log" "$work/cut" -- "$work/check" 2>&1)
	is "factory: after a power cut the wish is there, or all is done" 0 $?
	printf '%s\n' "$said" | tail -n 2 | sed 's/^/# /'
	is "factory: both were seen" "done wish" "$(sort -u "$work/resets" | tr '\n' ' ' | sed 's/ $//')"
}

updates
resets
factory
done_testing
