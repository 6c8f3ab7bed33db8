#!/bin/sh
# SPDX-License-Identifier: MIT
# Containers of ordinary users: one with ranges of ids, one with none. What they may do, what they leave behind
# (nothing), and what they must not see of one another.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
command -v newuidmap >/dev/null || { echo "Bail out! newuidmap is missing (apt-get install uidmap)"; exit 1; }

# Two users of this test alone; Debian's useradd gives the first one ranges.
ann=lan$$ bob=lbo$$
users_end()
{
	for u in $ann $bob; do
		pkill -KILL -U "$u" 2>/dev/null
		userdel -r "$u" 2>/dev/null
	done
	rm -rf "/tmp/myctr-$ann_id-run" "/tmp/myctr-$bob_id-run"
	live_end
}
trap users_end EXIT
useradd -m -K SUB_UID_COUNT=65536 -K SUB_GID_COUNT=65536 "$ann" 2>/dev/null
useradd -m -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "$bob" 2>/dev/null
ann_id=$(id -u "$ann") bob_id=$(id -u "$bob")
first=$(sed -n "s/^$ann:\([0-9]*\):.*/\1/p" /etc/subuid)
chmod 711 "$live_dir"
cp "$MYCTR" "$live_dir/myctr"
chmod 755 "$live_dir/myctr"
tar -C "$root" --numeric-owner -cf "$live_dir/img.tar" .
for u in $ann $bob; do
	cp -a "$root" "/home/$u/root"
	chown -R "$u:$u" "/home/$u/root"
	chmod 700 "/home/$u"
	mkdir -p "/home/$u/run"
	chown "$u:$u" "/home/$u/run"
done

# as USER COMMAND...: with that user's ids and groups, and nothing of our environment
as()
{
	as_user=$1; shift
	timeout 120 setpriv --reuid "$as_user" --regid "$as_user" --init-groups env -i HOME="/home/$as_user" \
		PATH=/usr/bin:/bin:/usr/sbin:/sbin MYCTR_NETWORK=none XDG_RUNTIME_DIR="/home/$as_user/run" "$@" 2>&1
}
m=$live_dir/myctr
# The helper programs of a user.
# shellcheck disable=SC2009 # pgrep takes no pattern that long
programs() { ps -U "$1" -o stat=,comm= | grep -v '^Z' | grep -Eo 'slirp4netns|pass?t[a.].*|squashfuse|fuse-overlayfs'; }

no_programs() { [ -z "$(programs "$1")" ]; }

# ---- ids ------------------------------------------------------------------------------------------

is "with ranges: itself and its range" "0 $ann_id 1 1 $first 65536" \
	"$(as "$ann" "$m" run --rm "/home/$ann/root" cat /proc/self/uid_map | tr -s ' \n' ' ' | sed 's/^ //;s/ $//')"
is "without: itself alone" "0 $bob_id 1" \
	"$(as "$bob" "$m" run --rm "/home/$bob/root" cat /proc/self/uid_map | tr -s ' \n' ' ' | sed 's/^ //;s/ $//')"
is "root inside" "uid=0(root) gid=0(root)" "$(as "$ann" "$m" run --rm "/home/$ann/root" id)"
is "another user inside" "uid=1000(user) gid=1000(user)" "$(as "$ann" "$m" run --rm -u user "/home/$ann/root" id | cut -d' ' -f1,2)"
has "which one without ranges is not" 'see myctr check|Invalid argument' "$(as "$bob" "$m" run --rm -u 1000 "/home/$bob/root" id)"
is "keep-id: who I am outside" "uid=$ann_id gid=$ann_id" "$(as "$ann" "$m" run --rm --userns keep-id "/home/$ann/root" id)"
is "keep-id without ranges" "uid=$bob_id gid=$bob_id" "$(as "$bob" "$m" run --rm --userns keep-id "/home/$bob/root" id | cut -d' ' -f1,2)"
as "$ann" "$m" run -d --name kept --userns keep-id "/home/$ann/root" sleep 1000 >/dev/null
is "and who enters it" "uid=$ann_id gid=$ann_id" "$(as "$ann" "$m" exec kept id)"
is "unless told otherwise" "uid=0(root) gid=0(root)" "$(as "$ann" "$m" exec -u 0 kept id | cut -d' ' -f1,2)"
as "$ann" "$m" rm -f kept >/dev/null
is "a map of one's own" "0 1 1000" \
	"$(as "$ann" "$m" run --rm --userns 0:1:1000 "/home/$ann/root" cat /proc/self/uid_map | tr -s ' \n' ' ' | sed 's/^ //;s/ $//')"
has "with somebody else's ids: refused" 'is not one of your ids' "$(as "$ann" "$m" run --rm --userns 0:4000000000:10 "/home/$ann/root" id)"
has "one that wraps" 'beyond the last id' "$(as "$ann" "$m" run --rm --userns 0:4294967295:2 "/home/$ann/root" id)"
has "one that overlaps" 'overlaps' "$(as "$ann" "$m" run --rm --userns 0:1:10,5:20:10 "/home/$ann/root" id)"

# ---- ownership ------------------------------------------------------------------------------------

as "$ann" mkdir "/home/$ann/vol" >/dev/null
as "$ann" "$m" run --rm -v "/home/$ann/vol:/mnt" "/home/$ann/root" sh -c 'touch /mnt/mine; touch /mnt/theirs; chown 1000:1000 /mnt/theirs' >/dev/null
is "root's file in a bind is the user's outside" "$ann_id" "$(stat -c %u "/home/$ann/vol/mine")"
is "another's is of the range" "$((first + 999))" "$(stat -c %u "/home/$ann/vol/theirs")"
as "$ann" "$m" run --rm --userns keep-id -v "/home/$ann/vol:/mnt" "/home/$ann/root" touch /mnt/kept >/dev/null
is "keep-id: the same outside" "$ann_id" "$(stat -c %u "/home/$ann/vol/kept")"
is "and inside" "$ann_id" "$(as "$ann" "$m" run --rm --userns keep-id -v "/home/$ann/vol:/mnt" "/home/$ann/root" stat -c %u /mnt/kept)"

# ---- life -----------------------------------------------------------------------------------------

for u in $ann $bob; do
	is "$u: run -d" web "$(as "$u" "$m" run -d --name web "/home/$u/root" sh -c 'echo started; sleep 1000')"
	has "ps" '^web .* Up ' "$(as "$u" "$m" ps)"
	until_true 10 sh -c "grep -rq started '/home/$u/run/myctr/logs'" || :
	is "logs" started "$(as "$u" "$m" logs web)"
	is "exec" "uid=0(root) gid=0(root) 1 sleep" "$(as "$u" "$m" exec web sh -c 'echo "$(id | cut -d" " -f1,2)" "$(ps -o pid,comm | sed -n 2p | tr -s " " | sed "s/^ //")"')"
	check "stop" as "$u" "$m" stop -t 0 web
	check "rm" as "$u" "$m" rm web
	until_true 10 rmdir "/home/$u/.local/share/myctr/containers" || :
	is "nothing is left" "" "$(as "$u" "$m" ps -aq)$(ls "/home/$u/.local/share/myctr/containers" 2>/dev/null)"
	check "image load" as "$u" "$m" image load "$live_dir/img.tar"
	has "image ls" '^img:latest' "$(as "$u" "$m" image ls)"
	is "run of it" fine "$(as "$u" "$m" run --rm img echo fine)"
	check "image rm" as "$u" "$m" image rm img
done
as "$ann" "$m" run --name wrote "$live_dir/img.tar" sh -c 'mkdir /d; touch /d/f; chown -R 1000:1000 /d; chmod 700 /d' >/dev/null
find "/home/$ann/.local/share/myctr" -user "$((first + 999))" | grep -q . && ok "files of the range are there" || not_ok "files of the range are there"
check "a user removes what others of his range wrote" as "$ann" "$m" rm wrote
is "all of it" "" "$(find "/home/$ann/.local/share/myctr" -user "$((first + 999))")"

# ---- roots ----------------------------------------------------------------------------------------

mksquashfs "$root" "$live_dir/img.sqfs" -noappend -quiet >/dev/null 2>&1
chmod 644 "$live_dir/img.sqfs"
if mknod "$live_dir/fuse" c 10 229 && chmod 666 "$live_dir/fuse" && mount --bind "$live_dir/fuse" /dev/fuse; then
	without="overlay fuse"
else
	skip "file systems of programs" "no /dev/fuse"
	without="overlay_fuse"
fi
for u in $ann $bob; do
	for image in "/home/$u/root" "$live_dir/img.tar" "$live_dir/img.sqfs"; do
		[ "$u $image" != "$bob /home/$bob/root" ] && [ "$u $image" != "$bob $live_dir/img.sqfs" ] || continue
		while read -r avoid want; do
			[ "$avoid" != overlay ] || [ "$without" = "overlay fuse" ] || continue
			out=$(as "$u" MYCTR_AVOID="$avoid" "$m" run --name roots "$image" sh -c 'grep " / " /proc/mounts; rm -r /bin/wc; mkdir /new; touch /new/f; cat /etc/passwd >/dev/null && ls -d /new /bin/wc')
			has "$u: $(basename "$image") without ${avoid:-nothing}" "^$want / " "$out"
			has "$u: it is written to" '^/new$' "$out"
			hasnt "$u: and removed from" '^/bin/wc$' "$out"
			check "$u: removed by its owner" as "$u" "$m" rm roots
		done <<-END
			none overlay
			overlay fuse-overlayfs
			overlay,fuse [^ ]*
		END
	done
	has "$u: said once" 'unpacked once into the store' "$(as "$u" rm -rf "/home/$u/.local/share/myctr/images"; as "$u" MYCTR_AVOID=fuse "$m" run --rm "$live_dir/img.sqfs" true)"
	is "$u: and not again" "" "$(as "$u" MYCTR_AVOID=fuse "$m" run --rm "$live_dir/img.sqfs" true)"
	is "$u: squashfuse, read-only" "fuse.squashfuse" "$([ "$without" = overlay_fuse ] && echo fuse.squashfuse || as "$u" "$m" run --rm --read-only "$live_dir/img.sqfs" sh -c 'grep " / " /proc/mounts | cut -d" " -f3')"
	check "$u: no program of it is left" until_true 10 no_programs "$u"
done
is "another user of an image that a program serves" "uid=1000(user) root:" \
	"$(as "$ann" "$m" run --rm -u user "$live_dir/img.sqfs" sh -c 'echo $(id | cut -d" " -f1) $(cut -c1-5 /etc/passwd | head -n 1)')"
is "storage = bind" there "$(as "$ann" "$m" run --rm --storage bind "/home/$ann/root" touch /there; as "$ann" ls "/home/$ann/root" | grep there)"
umount /dev/fuse 2>/dev/null

# ---- build ----------------------------------------------------------------------------------------

mkdir "$live_dir/context"
cp "$root/bin/busybox" "$live_dir/context"
printf '%s\n' 'FROM scratch' 'COPY busybox /bin/busybox' 'SHELL ["/bin/busybox","sh","-c"]' \
	'RUN /bin/busybox mkdir /srv /tmp && /bin/busybox chown 5:6 /srv' 'RUN /bin/busybox rmdir /tmp' >"$live_dir/context/Containerfile"
chmod -R a+rX "$live_dir/context"
has "build" '^built:latest' "$(as "$ann" "$m" build -t built --network none "$live_dir/context")"
is "an image with its owners, without what was removed" "5 6" \
	"$(as "$ann" MYCTR_AVOID=fuse "$m" run --rm built /bin/busybox sh -c 'busybox stat -c "%u %g" /srv; busybox ls -d /tmp 2>/dev/null' | grep -v '^myctr:')"

# ---- a supervisor that dies, and another one -------------------------------------------------------

as "$ann" "$m" run -d --name orphan -u 1000 "/home/$ann/root" sh -c 'trap "" TERM; while :; do sleep 1; done' >/dev/null
pkill -KILL -x -U "$ann" myctr
until_true 10 sh -c "! pgrep -x -U $ann myctr" || :
as "$ann" "$m" daemon >/dev/null 2>&1 &
until_true 20 sh -c "pgrep -x -U $ann myctr" || :
until_true 20 as "$ann" "$m" exec orphan true || :
is "myctr daemon adopts it" "uid=1000(user) gid=1000(user)" "$(as "$ann" "$m" exec orphan id | cut -d' ' -f1,2)"
check "and ends it, though it is another of the user's ids" as "$ann" "$m" stop -t 0 orphan
check "rm" as "$ann" "$m" rm orphan
pkill -KILL -x -U "$ann" myctr

# ---- two users ------------------------------------------------------------------------------------

as "$ann" "$m" run -d --name hers "/home/$ann/root" sleep 1000 >/dev/null
is "another's containers are not seen" "" "$(as "$bob" "$m" ps -aq)"
has "nor stopped" 'no such container' "$(as "$bob" "$m" stop hers)"
has "her state cannot be read through MYCTR_RUN" 'ermission denied|belongs to user' "$(as "$bob" MYCTR_RUN="/home/$ann/run/myctr" "$m" ps)"
chmod 711 "/home/$ann" "/home/$ann/run"
has "not even where her home is open" 'ermission denied|belongs to user' "$(as "$bob" MYCTR_RUN="/home/$ann/run/myctr" "$m" ps)"
is "her folder is hers alone" 700 "$(stat -c %a "/home/$ann/run/myctr")"
chmod 755 "/home/$ann/run/myctr"
fails "her supervisor's socket does not answer to him" as "$bob" python3 -c "import socket
s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET); s.settimeout(10); s.connect('/home/$ann/run/myctr/ctl')
s.send(b'x'*64); import sys; sys.exit(0 if s.recv(10) else 1)"
chmod 700 "/home/$ann/run/myctr"
pid=$(as "$ann" "$m" ps --format tsv | awk -F'\t' '$1 == "hers" { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/) p = $i } END { print p }')
fails "nor can he enter her container" as "$bob" nsenter -t "$pid" -U -m true
fails "or signal it" as "$bob" kill -0 "$pid"
check "she stops it" as "$ann" "$m" rm -f hers
chmod 700 "/home/$ann"

# ---- networks -------------------------------------------------------------------------------------

# Whatever rights this machine's node has: for this script alone, one that all may open.
if mknod "$live_dir/tun" c 10 200 && chmod 666 "$live_dir/tun" && mount --bind "$live_dir/tun" /dev/net/tun; then
	mkdir -p "/home/$ann/root/www"
	echo "hello from inside" >"/home/$ann/root/www/index.html"
	chown -R "$ann:" "/home/$ann/root/www"
	python3 -c "import http.server
http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler).serve_forever()" >/dev/null 2>&1 &
	server=$!
	for net in slirp pasta; do
		port=$(python3 -c "import socket; s=socket.socket(); s.bind(('',0)); print(s.getsockname()[1])")
		is "$net: run -d" net "$(as "$ann" "$m" run -d --name net --network $net -p "$port:80" "/home/$ann/root" busybox httpd -f -h /www -p 80)"
		until_true 20 curl -fs -m 5 "http://127.0.0.1:$port/" || :
		is "$net: HTTP through a forwarded port" "hello from inside" "$(curl -s -m 10 "http://127.0.0.1:$port/")"
		has "$net: MTU and IPv6" 'mtu 65520.*inet6' "$(as "$ann" "$m" exec net ip addr | tr '\n' ' ')"
		has "$net: a name server" '^nameserver (10.0.2.3|169.254.1.1)' "$(as "$ann" "$m" exec net cat /etc/resolv.conf)"
		if [ $net = pasta ]; then
			is "$net: of IPv6, too" "hello from inside" "$(curl -gs -m 10 "http://[::1]:$port/")"
		else
			has "$net: none of IPv6, and what does it" 'no ports of IPv6.*network = pasta' \
				"$(as "$ann" "$m" run --rm --network $net -p "[::1]:$((port + 1)):80" "/home/$ann/root" true)"
			has "$net: one that is taken" 'publish: .*taken' "$(as "$ann" "$m" run --rm --network $net -p "$port:80" "/home/$ann/root" true)"
		fi
		gw=$(as "$ann" "$m" exec net ip route | sed -n 's/^default via \([^ ]*\).*/\1/p')
		here=$(ss -ltnpH 2>/dev/null | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$server,.*/\1/p" | head -n 1)
		hasnt "$net: the host's loopback is not there" open "$(as "$ann" "$m" exec net sh -c "nc -w 2 $gw ${here:-1} </dev/null && echo open")"
		pid=$(programs "$ann")
		check "$net: its helper runs" [ -n "$pid" ]
		as "$ann" "$m" rm -f net >/dev/null
		check "$net: and is gone with the container" until_true 10 no_programs "$ann"
		has "$net: a port below 1024" 'publish: port 80 is below .*sysctl -w net.ipv4.ip_unprivileged_port_start=80' \
			"$(as "$ann" "$m" run --rm --network $net -p 80:80 "/home/$ann/root" id)"
		program=slirp4netns; [ $net = slirp ] || program=pasta
		has "$net: is not installed" "$program is not installed" "$(unshare -m sh -c "mount --bind /dev/null $(command -v $program) && exec setpriv \
			--reuid $ann --regid $ann --init-groups env -i HOME=/home/$ann XDG_RUNTIME_DIR=/home/$ann/run $m run --rm --network $net /home/$ann/root id" 2>&1)"
	done
	kill $server
	chmod 600 "$live_dir/tun"
	has "a helper that fails says why" 'slirp4netns failed: .*ermission denied' "$(as "$ann" "$m" run --rm --network slirp "/home/$ann/root" id)"
	is "and nothing of it is left" "" "$(as "$ann" "$m" ps -aq; find "/home/$ann/run/myctr" -name 's[0-9]*')"
	umount /dev/net/tun
else
	skip "networks of users" "no /dev/net/tun"
fi

# ---- cgroups and limits ---------------------------------------------------------------------------

has "limits without a cgroup: an error that says how to get one" 'systemd-run --user --scope -p Delegate=yes.*MYCTR_CGROUP' \
	"$(as "$ann" MYCTR_CGROUP=none.such "$m" run --rm -m 32M "/home/$ann/root" true)"
is "best-effort" fine "$(as "$ann" MYCTR_CGROUP=none.such "$m" run --rm -m 32M --limits best-effort "/home/$ann/root" echo fine)"
has "the OOM score can only be raised" 'raised, not lowered' "$(as "$ann" "$m" run --rm --oom-score-adj -500 "/home/$ann/root" true)"
has "a device's use cannot be limited" 'cannot be limited' "$(as "$ann" "$m" run --rm --device /dev/null:/dev/n:r "/home/$ann/root" true)"
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -n "$tree" ] && mkdir "$tree/live.$$"; then
	chown -R "$ann" "$tree/live.$$"
	# One that was started elsewhere would not be in it.
	until_true 20 sh -c "! pgrep -x -U $ann myctr" || :
	home=$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)
	echo $$ >"$tree/live.$$/cgroup.procs"
	is "a cgroup that was delegated" cg "$(as "$ann" "$m" run -d --name cg "/home/$ann/root" sleep 1000)"
	check "the container has one in it" [ -d "$tree/live.$$/myctr/cg" ]
	has "exec goes there, too" '^0::/$' "$(as "$ann" "$m" exec cg cat /proc/self/cgroup)"
	check "rm" as "$ann" "$m" rm -f cg
	fails "and takes it away" [ -d "$tree/live.$$/myctr/cg" ]
	echo $$ >"$tree$home/cgroup.procs"
	until_true 10 rmdir "$tree/live.$$/myctr" "$tree/live.$$" || :
else
	skip "a cgroup that was delegated" "no cgroup v2 here"
fi

# ---- climbing out ---------------------------------------------------------------------------------

echo secret >"/home/$ann/private"; chmod 600 "/home/$ann/private"; chown "$ann" "/home/$ann/private"
out=$(as "$ann" "$m" run --rm "/home/$ann/root" sh -c "cat /home/$ann/private; ls /proc/1/root/home; cat /proc/*/root/home/$ann/private
	chroot /proc/1/root cat /home/$ann/private; mount -o remount,rw /proc/sys && echo DONE; echo 1 >/proc/sys/kernel/sysrq && echo DONE
	mknod /tmp/m c 1 1 && cat /tmp/m && echo DONE; unshare -Ur true && echo DONE; echo x >/proc/self/setgroups && echo DONE")
hasnt "a container that tries to climb out" 'secret|DONE' "$out"
out=$(as "$ann" "$m" run --rm --privileged "/home/$ann/root" sh -c "cat /home/$ann/private; echo x >/proc/sys/kernel/core_pattern && echo DONE
	mount -t tmpfs none /mnt; echo 1 >/proc/sys/kernel/sysrq && echo DONE; mknod /tmp/m c 1 1 && echo DONE")
hasnt "nor a privileged one" 'secret|DONE' "$out"
has "which does run" "cat: can't open" "$out"

# ---- containers in containers -----------------------------------------------------------------------

# A whole root with the program and another root in it, for a user and for root.
for u in "$ann" root; do
	nest=$live_dir/nest-$u
	mkdir -p "$nest/run" "$nest/var/lib" "$nest/inner"
	cp -a "$root/." "$nest/"; cp -a "$root/." "$nest/inner/"; cp "$m" "$nest/bin/myctr"
	chown -R "$u:" "$nest"
done
inside()
{
	if [ "$in" = root ]; then "$m" run --rm --network none "$@" 2>&1; else as "$ann" "$m" run --rm --network none "$@"; fi
}
for in in "$ann" root; do
	nest=$live_dir/nest-$in
	is "$in: in a privileged one, a command as its first process" "uid=0(root) gid=0(root)" \
		"$(inside --privileged "$nest" myctr run --rm --network none /inner id)"
	is "$in: and a user's in that" "uid=0(root) gid=0(root)" \
		"$(inside --privileged -u 1000 "$nest" myctr run --rm --network none /inner id | cut -d' ' -f1,2)"
	is "$in: in the background, entered, removed" "in fine" "$(inside --privileged "$nest" \
		sh -c 'echo $(myctr run -d --storage tmpfs --name in --network none /inner sleep 1000; myctr exec in echo fine; myctr rm -f in; myctr ps -aq)')"
	for id in 0 1000; do
		has "$in: in one with the usual filter $id may make none" 'user namespace: .*another seccomp profile' \
			"$(inside -u $id "$nest" myctr run --rm --network none /inner id)"
		has "$in: in one without a filter, of $id, /proc says why not" '/proc: .*--privileged .*--pid host' \
			"$(inside -u $id --seccomp unconfined "$nest" myctr run --rm --network none /inner id)"
		is "$in: but with that one's processes" "uid=0(root)" "$(inside -u $id --seccomp unconfined "$nest" \
			myctr run --rm --pid host --network none /inner sh -c 'id | cut -d" " -f1; (echo x >/proc/sys/kernel/hostname) 2>/dev/null')"
	done
done
in=$ann nest=$live_dir/nest-$ann
has "where the administrator allows none, check says it with the remedy" 'MISSING +user namespace .*sysctl -w +user.max_user_namespaces=' \
	"$(inside --privileged "$nest" sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; busybox su -s /bin/sh -c "myctr check" user' | tr -s ' \n' ' ')"
has "in a chroot the kernel allows none" 'user namespace: .*chroot around us' \
	"$(chroot --userspec="$ann_id:$ann_id" "$live_dir/nest-root" /bin/myctr run --rm --network none /inner id 2>&1)"

# ---- planted folders and ranges -------------------------------------------------------------------

trap_dir=$live_dir/shared; mkdir "$trap_dir"; chmod 1777 "$trap_dir"
as "$bob" mkdir "$trap_dir/myctr" >/dev/null; as "$bob" chmod 777 "$trap_dir/myctr"
has "a folder that another has planted" 'belongs to user' "$(as "$ann" XDG_RUNTIME_DIR="$trap_dir" "$m" run --rm "/home/$ann/root" id)"
has "also when only looking" 'belongs to user' "$(as "$ann" XDG_RUNTIME_DIR="$trap_dir" "$m" ps)"
rm -rf "$trap_dir/myctr"; as "$bob" ln -s "/home/$ann" "$trap_dir/myctr"
has "a link that another has planted" 'is a link' "$(as "$ann" XDG_RUNTIME_DIR="$trap_dir" "$m" run --rm "/home/$ann/root" id)"
as "$ann" ln -s "/home/$ann/run" "/home/$ann/link" >/dev/null
has "XDG_RUNTIME_DIR is a link" 'is a link' "$(as "$ann" XDG_RUNTIME_DIR="/home/$ann/link" "$m" run --rm "/home/$ann/root" id)"
has "XDG_DATA_HOME is a link" 'is a link' "$(as "$ann" XDG_DATA_HOME="/home/$ann/link" "$m" run --rm "/home/$ann/root" id)"
as "$ann" mkdir "/home/$ann/open" >/dev/null; chmod 777 "/home/$ann/open"
has "one that others may write to" 'others may write' "$(as "$ann" XDG_RUNTIME_DIR="/home/$ann/open" "$m" run --rm "/home/$ann/root" id)"
is "none: a folder of his own in /tmp" "fine 700" \
	"$(as "$ann" env -u XDG_RUNTIME_DIR "$m" run --rm "/home/$ann/root" echo fine) $(stat -c %a "/tmp/myctr-$ann_id-run/myctr")"

# The files belong to this machine: what is spoilt is put back, whatever happens.
subids()
{
	unshare -m sh -c 'mount --bind "$1" /etc/subuid && shift && exec "$@"' sh "$live_dir/subuid" \
		setpriv --reuid "$ann" --regid "$ann" --init-groups env -i HOME="/home/$ann" PATH=/usr/bin:/bin \
		XDG_RUNTIME_DIR="/home/$ann/run" "$m" run --rm --network none "/home/$ann/root" cat /proc/self/uid_map 2>&1
}
printf '%s\n' "$ann:$first:65536" "$bob:$((first + 10)):5" >"$live_dir/subuid"
has "a range that another user has, too" "/etc/subuid:1: shares ids with line 2, of $bob.*usermod --add-subuids" "$(subids)"
printf '%s\n' "x:1:1" "$ann:$first" >"$live_dir/subuid"
has "a line that is cut" '/etc/subuid:2: is not NAME:FIRST:COUNT' "$(subids)"
printf '%s\n' "$ann:4294967290:65536" >"$live_dir/subuid"
has "a range that wraps" '/etc/subuid:1: .*beyond the last' "$(subids)"
printf '%s\n' "$ann:0:65536" >"$live_dir/subuid"
has "a range with root in it" "/etc/subuid:1: has no ids, root's" "$(subids)"
printf '%s\n' "$ann_id:$first:100" "$ann:$((first + 1000)):100" >"$live_dir/subuid"
is "by number, and two of them" "0 $ann_id 1 1 $first 100 101 $((first + 1000)) 100" \
	"$(subids | tr -s ' \n' ' ' | sed 's/^ //;s/ $//')"

# ---- root's containers with a range of their own ---------------------------------------------------

# auto COMMAND...: as root, where myctr has two pieces of ids
auto()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"' sh "$live_dir/subuid" "$m" "$@" 2>&1
}
: >"$live_dir/subuid"
has "auto without a range: the command that adds one" 'echo myctr:[0-9]*:16777216 >>/etc/subuid' "$(auto run --rm --userns auto "$root" id)"
echo "myctr:2000000:131072" >"$live_dir/subuid"
for storage in overlay tmpfs read-only; do
	out=$(auto run --name range --userns auto --storage $storage "$root" sh -c 'stat -c %u / /bin/busybox; cat /proc/self/uid_map; touch /new && chown 5:6 /new')
	has "auto, $storage: root's files inside" '^0 0 0 2000000 65536 *$' "$(echo "$out" | grep -v touch: | tr -s ' \n' ' ')"
	[ $storage != overlay ] ||
		is "and as they are on the disk" "5 6" "$(stat -c '%u %g' "$MYCTR_DATA/containers/range/upper/new")"
	check "auto, $storage: rm" auto rm range
done
is "the image is nobody else's" 0 "$(stat -c %u "$root/bin/busybox")"
is "two at a time" "one two" "$(auto run -d --name one --userns auto "$root" sleep 1000) $(auto run -d --name two --userns auto "$root" sleep 1000)"
both=$(auto exec one cat /proc/self/uid_map; auto exec two cat /proc/self/uid_map)
is "have two ranges" "2000000 2065536" "$(echo "$both" | awk '{ print $2 }' | sort | tr '\n' ' ' | sed 's/ $//')"
has "a third one has none left" 'no 65536 ids for container number 3' "$(auto run --rm --userns auto "$root" id)"
check "rm" auto rm -f one two

done_testing
