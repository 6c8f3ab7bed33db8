#!/bin/sh
# SPDX-License-Identifier: MIT
# Images through the binary: squashfs, tar, tar.lz4, folder, block device, with every kind of root; one loop
# device and one superblock for an image; hostile and damaged images end as one sentence and leave nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

trees=$MYCTR_DATA/images/trees
cd "$live_dir" || exit 1
echo image >"$root/etc/mark"
chmod 4755 "$root/bin/busybox"
mksquashfs "$root" web.sqfs -quiet -no-progress -comp gzip >/dev/null 2>&1
tar -C "$root" -cf web.tar .
lz4 -q web.tar web.tar.lz4

# Loop devices that are bound to a file of ours.
loops() { grep -l "$live_dir" /sys/block/loop*/loop/backing_file 2>/dev/null | wc -l; }
no_loops() { [ "$(loops)" = 0 ]; }
stored() { find "$trees" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' 2>/dev/null | wc -l; }
temps() { find "$trees" -mindepth 1 -maxdepth 1 -name '.tmp-*' 2>/dev/null | wc -l; }

for image in web.sqfs web.tar web.tar.lz4 rootfs; do
	for storage in read-only tmpfs overlay; do
		is "$image runs with storage = $storage" image \
			"$("$MYCTR" run --rm --storage $storage "$live_dir/$image" cat /etc/mark 2>&1)"
	done
	is "$image: what a tmpfs root gets is forgotten" image "$("$MYCTR" run --rm --storage tmpfs "$live_dir/$image" \
		sh -c 'echo new >/etc/mark; cat /dev/null /etc/mark' >/dev/null 2>&1
		"$MYCTR" run --rm --read-only "$live_dir/$image" cat /etc/mark 2>&1)"
done
is "one tree for one content" 2 "$(stored)"
is "nothing temporary is left" 0 "$(temps)"
is "a copy of the file is the same tree" 2 "$(cp web.tar copy.sqfs && run_in "$live_dir/copy.sqfs" true && stored)"
is "a set-user-id program keeps its bit" "-rwsr-xr-x" \
	"$(run_in "$live_dir/web.tar" ls -l /bin/busybox | cut -d ' ' -f 1)"

is "bind writes to the folder" new "$("$MYCTR" run --rm --storage bind "$root" sh -c 'echo new >/etc/bound'; cat "$root/etc/bound")"
has "bind over an archive is refused" "web.tar|bind.*folder" \
	"$("$MYCTR" run --rm --storage bind "$live_dir/web.tar" true 2>&1)"
fails "bind over an archive changes nothing" "$MYCTR" run --rm --storage bind "$live_dir/web.tar" touch /etc/x

if grep -q squashfs /proc/filesystems && [ -e /dev/loop-control ]; then
	"$MYCTR" run -d --name one --read-only "$live_dir/web.sqfs" sleep 60 >/dev/null 2>&1
	"$MYCTR" run -d --name two --read-only "$live_dir/web.sqfs" sleep 60 >/dev/null 2>&1
	is "two containers of an image share a loop device" 1 "$(loops)"
	is "and a superblock" "$("$MYCTR" exec one stat -c %d / 2>&1)" "$("$MYCTR" exec two stat -c %d / 2>&1)"
	"$MYCTR" rm -f one two >/dev/null 2>&1
	check "the device is free when they are gone" until_true 5 no_loops
fi

# evil NAME WANTED_MESSAGE: $live_dir/NAME is an image that must be refused with one line
evil()
{
	message=$("$MYCTR" run --rm --read-only "$live_dir/$1" true 2>&1)
	is "$1: status is 125" 125 "$("$MYCTR" run --rm --read-only "$live_dir/$1" true >/dev/null 2>&1; echo $?)"
	has "$1: says why" "$2" "$message"
	is "$1: in one line" 1 "$(printf '%s\n' "$message" | wc -l)"
}
before=$(stored)
mkdir evil && echo x >evil/file
tar -C evil --transform 's,file,../../outside,' -P -cf dotdot.tar file
evil dotdot.tar "dotdot.tar: tar: '../../outside': names with '\.\.' are refused"
head -c 3000 web.tar >cut.tar
evil cut.tar "cut.tar: tar: truncated"
head -c 3000 web.tar.lz4 >cut.lz4
evil cut.lz4 "cut.lz4: lz4: truncated"
{ cat web.tar.lz4; printf garbage; } >tail.lz4
evil tail.lz4 "tail.lz4: lz4: not an lz4 frame"
echo hello | lz4 -q >text.lz4
evil text.lz4 "text.lz4: tar: "
printf 'hello' >text.sqfs
evil text.sqfs "not a squashfs or tar file"
head -c 5000 web.sqfs >cut.sqfs
evil cut.sqfs "cut.sqfs: truncated"
{ head -c 20 web.sqfs; printf '\77'; tail -c +22 web.sqfs; } >odd.sqfs
evil odd.sqfs "odd.sqfs: "
# Each field of the superblock, one after the other: it ends, as something or other, and no loop device is left.
i=0 long=
while [ $i -lt 96 ]; do
	{ head -c $i web.sqfs; printf '\377\377\377\377'; tail -c +$((i + 5)) web.sqfs; } >super.sqfs
	timeout 20 "$MYCTR" run --rm --read-only "$live_dir/super.sqfs" true >super.out 2>&1
	case $? in 124 | 137 | 139) long="$long $i" ;; esac
	i=$((i + 4))
done
is "a superblock with any field of ones is an answer" "" "$long"
check "damaged squashfs leaves no loop device" until_true 5 no_loops
# Names are bytes, and are printed escaped.
if command -v python3 >/dev/null; then
	python3 -c 'import io, sys, tarfile
def add(path, *names):
    t = tarfile.open(path, "w")
    for name in names:
        t.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    t.close()
add("esc.tar", "a/../../\033[31mred\nline")
add("names.tar", "odd/\033[31mred\nline", "odd/\udcff\udcfe")'
	message=$("$MYCTR" run --rm --read-only ./esc.tar true 2>&1)
	has "a name with an escape sequence and a newline is printed escaped" 'x1b\[31mred\\(n|x0a)line' "$message"
	is "in one line" "1 0" "$(printf '%s\n' "$message" | wc -l) $(printf '%s\n' "$message" | grep -c "$(printf '\033')")"
	mkdir named && tar -C "$root" -cf - . | tar -C named -xf -
	tar -C named -xf names.tar && tar -C named -cf names2.tar .
	is "and is stored as it is" "$(cd named && find odd | sort | od -c)" \
		"$("$MYCTR" run --rm --read-only ./names2.tar find odd | sort | od -c)"
	before=$((before + 1))
else
	skip "names with escape sequences" "python3 is missing"
fi
ln evil/file evil/hard
printf 'x' >evil/file
tar -C evil --transform 's,^file$,/etc/hosts,' -P --hard-dereference -cf abs.tar file
check "absolute names land inside" sh -c "sed -n 1p /etc/hosts >'$live_dir/hosts'"
evil abs.tar "."
is "the host's file is as it was" "$(cat hosts)" "$(sed -n 1p /etc/hosts)"
is "hostile images leave at most honest trees" $((before + 1)) "$(stored)"
is "and nothing temporary" 0 "$(temps)"

# A launcher that is killed while it unpacks: the next start is right.
rm -rf "$trees"
i=0
while [ $i -lt 6 ]; do
	i=$((i + 1))
	echo $i >>"$root/etc/mark2"
	tar -C "$root" -cf web.tar .
	timeout -s KILL 0.0$i "$MYCTR" run --rm --read-only "$live_dir/web.tar" true >/dev/null 2>&1
	is "after SIGKILL number $i the image is whole" "$i" "$(run_in "$live_dir/web.tar" sh -c 'wc -l </etc/mark2' 2>&1)"
done
is "no temporary tree is left" 0 "$(temps)"

# Asked to end while it unpacks: at once, and as if it had never begun.
mkdir "$root/many"
(cd "$root/many" && seq 1 60000 | xargs touch)
tar -C "$root" -cf many.tar .
rm -rf "$root/many"
before=$(stored)
"$MYCTR" run --name asked "$live_dir/many.tar" echo ran >asked.out 2>&1 &
asked=$!
until_true 10 sh -c "ls -d '$trees'/.tmp-*/tree/many"
kill -TERM "$asked"
wait "$asked"
is "a run that unpacks ends when it is asked to" 143 $?
hasnt "before it has started anything" '^ran' "$(cat asked.out)"
is "no half of a tree is left" "$before 0" "$(stored) $(temps)"
hasnt "nor a container" asked "$("$MYCTR" ps -aq)"
is "and it can be run again" ran "$("$MYCTR" run --rm --name asked "$live_dir/many.tar" echo ran 2>&1)"

done_testing
