#!/bin/sh
# SPDX-License-Identifier: MIT
# A hostile image and a hostile process: each attack that has broken another runtime is carried out, and
# what is asserted is that it ends inside, or is refused with the host unchanged.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# The image, and a file outside that no image may reach.
prey=$live_dir/prey
mkdir "$prey" "$prey/dir" "$live_dir/source"
echo secret >"$prey/file"
echo fine >"$live_dir/source/mine"
for tool in sed tr sort chmod; do ln -sf busybox "$root/bin/$tool"; done
${HOST_CC:-cc} -D_GNU_SOURCE -O1 -static -o "$root/bin/hostile" "$(dirname "$0")/hostile.c" ||
	{ echo "Bail out! hostile.c does not compile"; exit 1; }
listed=$(find "$prey" | sort)
unchanged() { is "$1: the host is unchanged" "$listed secret" "$(find "$prey" | sort) $(cat "$prey/file")"; }
out() { "$MYCTR" run --rm --storage tmpfs "$@" 2>&1; }
# A copy of the image to spoil: evil NAME
evil() { rm -rf "$live_dir/evil"; cp -a "$root" "$live_dir/evil"; image=$live_dir/evil; }

# ---- an image -------------------------------------------------------------------------------------

for at in "$prey/dir" "../../../../../../../..$prey/dir" "/proc/self/cwd"; do
	for dir in proc sys dev; do
		evil
		rm -rf "${image:?}/$dir"
		ln -s "$at" "$image/$dir"
		hasnt "/$dir is a link to $at" 'secret' "$(out "$image" sh -c 'ls /proc/ /sys/ /dev/; cat /prey/file')"
		unchanged "/$dir is a link"
	done
done

evil
ln -s "../../../../../../../..$prey" "$image/up"
ln -s "$prey" "$image/abs"
ln -s up/file "$image/chain"
for dst in /up/dir /abs/dir /up/new /abs/new/deeper; do
	has "bound to $dst, through a link: it is there" '^fine$' "$(out -v "$live_dir/source:$dst" "$image" cat "$dst/mine")"
	hasnt "a tmpfs on $dst: not the host's" 'secret' "$(out --tmpfs "$dst" "$image" sh -c "touch $dst/x; ls $dst/..; cat /up/file")"
done
has "a file bound to a link to a file" '^fine$' "$(out -v "$live_dir/source/mine:/chain" "$image" cat /chain)"
out --device /dev/null:/up/null "$image" true >/dev/null
out --device /dev/null:/up/file "$image" true >/dev/null
out --masked /up/file --readonly /up/dir "$image" true >/dev/null
unchanged "targets through links"
has "a node through a link is made inside" '1, *3' "$(out --device /dev/null:/up/null "$image" ls -l "$prey/null")"

evil
rm "$image/dev/null" 2>/dev/null
ln -s "$prey/file" "$image/dev/null"
ln -s "$prey/dir" "$image/dev/pts"
has "/dev/null of the image is a link" '^crw.* 1, *3 ' "$(out "$image" sh -c 'ls -l /dev/null; ls -d /dev/pts/ptmx')"
unchanged "/dev/null is a link"

evil
ln -sf "../../../../../../../..$prey/file" "$image/etc/passwd"
fails "/etc/passwd is a link to the host's" out -u root2 "$image" id
rm "$image/etc/passwd"; mknod "$image/etc/passwd" p
has "/etc/passwd is a pipe: no hang" 'user|root2' "$(timeout 5 "$MYCTR" run --rm --read-only -u root2 "$image" id 2>&1)"

# The program is a script whose interpreter is the runtime itself.
evil
printf '#!/proc/self/exe\n' >"$image/one"
printf '#!/one\n' >"$image/two"
printf '#! /two arg\n' >"$image/three"
chmod +x "$image/one" "$image/two" "$image/three"
for script in /one /two /three /proc/self/exe /proc/1/exe; do
	timeout -k 1 10 "$MYCTR" run --rm --storage tmpfs "$image" "$script" >/dev/null 2>&1; is "$script is not executable" 126 $?
done

# ---- what a process is born with ------------------------------------------------------------------

exec 5<"$prey" 7<"$prey" 9<"$prey/file"
is "no descriptor of ours" end "$(out "$root" hostile fds)"
for dir in /proc/self/fd/5 /proc/self/fd/7 /proc/self/fd/7/.. /proc/1/fd/7 /proc/self/fd/3 /proc/thread-self/fd/5; do
	hasnt "workdir $dir" 'dir|file' "$(out -w "$dir" "$root" ls 2>&1 | grep -v "workdir")"
done
evil
ln -s /proc/self/fd/7 "$image/wd"
hasnt "workdir is a link to one" '^(dir|file)' "$(out -w /wd "$image" ls)"
hasnt "the folder is not the host's" '^(dir|file)' "$(cd "$prey" && out "$root" sh -c 'ls; ls ..; ls /..')"
is "inheritable of the caller is not inherited" 0000000000000000 \
	"$(setpriv --inh-caps=+chown,+kill "$MYCTR" run --rm --read-only "$root" sed -n 's/^CapInh:[[:space:]]*//p' /proc/self/status 2>&1)"
is "what the caller ignores is not ignored" 0000000000000000 \
	"$(trap '' INT PIPE HUP; out "$root" sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status)"
hasnt "typing into the caller's terminal" 'allowed' "$(script -qec "'$MYCTR' run --rm --read-only -i '$root' hostile tiocsti" /dev/null)"
hasnt "typing into its own" 'allowed' "$(script -qec "'$MYCTR' run --rm --read-only -it '$root' hostile tiocsti" /dev/null)"

# ---- what it may call, see, change ------------------------------------------------------------------

got=$(out "$root" hostile calls)
is "27 calls were tried" 27 "$(printf '%s\n' "$got" | wc -l)"
is "none was allowed" "" "$(printf '%s\n' "$got" | grep -Ev ' (EPERM|ENOSYS|EAFNOSUPPORT)$')"
got=$(out "$root" hostile abi)
has "x32 is no way in" 'x32 ENOSYS' "$got"
hasnt "nor is the 32-bit entry" 'int80 allowed' "$got"
for file in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug /proc/latency_stats /proc/interrupts; do
	is "$file is empty" "" "$(out "$root" sh -c "cat $file 2>/dev/null | head -c 1")"
done
for dir in /proc/acpi /proc/scsi /proc/asound /sys/firmware /sys/devices/virtual/powercap; do
	is "$dir is empty" "" "$(out "$root" sh -c "ls $dir 2>/dev/null")"
	fails "and stays so" out "$root" sh -c "touch $dir/x"
done
for file in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger /proc/irq/0/smp_affinity; do
	[ -e "$file" ] || continue
	fails "$file cannot be written" out "$root" sh -c "cat $file >/tmp/x; cat /tmp/x >$file"
done
is "nothing of /sys can be written" "" "$(out "$root" find /sys -type f -name uevent -maxdepth 4 -exec sh -c 'echo x >{}' ';' 2>&1 | grep -v 'Read-only\|nonexistent\|Permission')"
is "no release_agent" "" "$(out "$root" find / -name 'release_agent' 2>/dev/null)"
fails "no folder can be made in the cgroup tree" out "$root" mkdir /sys/fs/cgroup/x
hasnt "it does not see its place in the host's tree" 'myctr' "$(out "$root" cat /proc/self/cgroup | grep '^0:')"
hasnt "no mount tells of the host's folders" "$prey" "$(out "$root" cat /proc/self/mountinfo)"
hasnt "a userns root has no power over the host's files" 'done' \
	"$(out --userns yes "$root" sh -c 'echo x >/proc/sys/kernel/hostname && echo done; mknod /tmp/m b 7 0 && cat /tmp/m && echo done')"

# ---- a process that joins ----------------------------------------------------------------------------

"$MYCTR" run -d --storage tmpfs --name trap "$root" hostile wait >/dev/null
sum=$(cksum <"$MYCTR")
i=0
while [ $i -lt 30 ]; do "$MYCTR" exec trap true; i=$((i + 1)); done
until_true 2 sh -c "'$MYCTR' logs trap | grep -q tried"
got=$("$MYCTR" logs trap)
hasnt "nothing is got from a joining process" '^got' "$got"
has "and it was tried" '^(tried|waiting)' "$got"
is "our file is the same" "$sum" "$(cksum <"$MYCTR")"
is "exec: no descriptor of ours" end "$("$MYCTR" exec trap hostile fds)"
hasnt "exec: workdir /proc/self/fd/7" '^(dir|file)' "$("$MYCTR" exec -w /proc/self/fd/7 trap ls 2>&1)"
"$MYCTR" exec trap sh -c 'printf "#!/proc/self/exe\n" >/tmp/one; printf "#!/tmp/one\n" >/tmp/two; chmod +x /tmp/one /tmp/two'
for script in /tmp/one /tmp/two /proc/self/exe; do
	"$MYCTR" exec trap $script >/dev/null 2>&1; is "exec: $script is not executable" 126 $?
done
for bad in -1 4294967296 ' 1000' '1000:' '+5' 0x10 nobody 4294967295; do
	fails "exec: user '$bad' is refused" "$MYCTR" exec -u "$bad" trap id
done
is "exec: inheritable is empty" 0000000000000000 \
	"$(setpriv --inh-caps=+chown "$MYCTR" exec trap sed -n 's/^CapInh:[[:space:]]*//p' /proc/self/status 2>&1)"
"$MYCTR" exec trap sh -c 'rm -f /dev/ptmx /dev/console; ln -s /proc/self/fd/0 /dev/ptmx; ln -s /bin/busybox /dev/console'
hasnt "exec -t: a false ptmx is no terminal" '/dev/pts' "$(script -qec "'$MYCTR' exec -t trap tty" /dev/null </dev/null)"
"$MYCTR" exec trap sh -c 'rm -f /dev/ptmx; ln -s pts/ptmx /dev/ptmx'
script -qec "'$MYCTR' exec -t trap true" /dev/null </dev/null >/dev/null
is "exec -t: no mount is left behind" 0 "$("$MYCTR" exec trap grep -c ' /dev/console ' /proc/mounts)"
"$MYCTR" rm -f trap >/dev/null

# ---- options of a volume: never in the container without them ---------------------------------------------

mkdir -p "$live_dir/vol/sub"
echo host >"$live_dir/vol/file"
mount -t tmpfs none "$live_dir/vol/sub"
fails "a volume of one file can be read-only" "$MYCTR" run --rm --storage tmpfs -v "$live_dir/vol/file:/etc/passwd:ro" "$root" sh -c 'echo x >/etc/passwd'
fails "what is mounted below is read-only, too" "$MYCTR" run --rm --storage tmpfs -v "$live_dir/vol:/mnt:ro,rbind" "$root" touch /mnt/sub/x
check "and not without that" "$MYCTR" run --rm --storage tmpfs -v "$live_dir/vol:/mnt:rbind" "$root" touch /mnt/sub/x
umount "$live_dir/vol/sub"
if strace -f -o "$live_dir/trace" -e trace=open_tree,mount_setattr,move_mount \
	"$MYCTR" run --rm --storage tmpfs -v "$live_dir/vol:/mnt:ro" "$root" true 2>/dev/null &&
	! grep -q ENOSYS "$live_dir/trace"; then
	is "they are set before it is attached" "open_tree mount_setattr move_mount" "$(sed 's/^[0-9]* *//' "$live_dir/trace" |
		awk -F'(' '/open_tree.*\/vol"/ { on = 1 } on { printf "%s%s", sep, $1; sep = " " } on && /^move_mount/ { exit }')"
else
	skip "they are set before it is attached" "needs strace and Linux 5.12"
fi

# ---- one that does not want to end, one that talks ------------------------------------------------------

"$MYCTR" run -d --storage tmpfs --name deaf "$root" sh -c 'trap "" TERM; (trap "" TERM; sleep 4711 & kill -STOP $!; wait) & wait; while :; do sleep 1; done' >/dev/null
check "a deaf and stopped tree ends" timeout 10 "$MYCTR" stop -t 100ms deaf
is "all of it" "" "$(pgrep -f '^sleep 4711')"
"$MYCTR" rm deaf
"$MYCTR" run -d --storage tmpfs --name flood "$root" yes "$(head -c 200 /dev/zero | tr '\0' y)" >/dev/null
check "ps answers in a flood" timeout 5 "$MYCTR" ps
check "stop too" timeout 5 "$MYCTR" stop -t 1s flood
check "the log is bounded" test "$(du -sk "$MYCTR_RUN" | cut -f1)" -lt 4096
"$MYCTR" rm flood

# ---- a clumsy or hostile user of the host ------------------------------------------------------------------

for name in ../x /x -x '' . .. a/b "$(printf 'a\nb')" "$(head -c 100 /dev/zero | tr '\0' a)"; do
	shown=$(printf '%s' "$name" | tr '\n' '?')
	fails "run: name '$shown'" "$MYCTR" run --rm --read-only "--name=$name" "$root" true
	fails "rm: name '$shown'" "$MYCTR" rm -f -- "$name"
	fails "start: name '$shown'" "$MYCTR" start -- "$name"
done
unchanged "all of it"
[ ! -S "$MYCTR_RUN/ctl" ] || is "the control socket is root's alone" 'srw-------' "$(stat -c %A "$MYCTR_RUN/ctl")"
is "no mount is left" "" "$(grep "$live_dir" /proc/self/mounts)"
done_testing
