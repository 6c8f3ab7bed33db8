#!/bin/sh
# SPDX-License-Identifier: MIT
# Names: /etc/hosts, /etc/hostname and /etc/resolv.conf of a container, also where its image wants them to
# land somewhere else.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

if ! "$MYCTR" run --help 2>&1 | grep -q add-host || ! "$MYCTR" run --rm --add-host a:1.2.3.4 "$root" true 2>/dev/null; then
	skip "names" "not in this build"
	done_testing
	exit 0
fi
out() { "$MYCTR" run --rm "$@" 2>&1; }
tmp() { out --storage tmpfs "$@"; }

# ---- what they say
has "none: localhost is known" '^127\.0\.0\.1.*localhost' "$(out "$root" cat /etc/hosts)"
has "none: and its own name" '^127\.0\.1\.1.box$' "$(out --name box "$root" cat /etc/hosts)"
fails "none: no resolv.conf" out "$root" cat /etc/resolv.conf
fails "none: no hostname" out "$root" cat /etc/hostname
is "none: no file where there is no /etc" "" "$(mkdir -p "$live_dir/bare/bin" && cp "$root/bin/busybox" "$live_dir/bare/bin/" &&
	out "$live_dir/bare" /bin/busybox find /etc 2>&1 | grep -v "No such")"
echo 10.9.9.9 mine >"$root/etc/hosts"
is "none: the image's own hosts stays" "10.9.9.9 mine" "$(out "$root" cat /etc/hosts)"
has "add-host" '^10\.1\.2\.3.db$' "$(out --add-host db:10.1.2.3 "$root" cat /etc/hosts)"
has "add-host, IPv6" '^fd00::7.db6$' "$(out --add-host db6:fd00::7 "$root" cat /etc/hosts)"
hasnt "add-host replaces the image's" mine "$(out --add-host db:10.1.2.3 "$root" cat /etc/hosts)"
is "add-host is found by a resolver" 10.1.2.3 "$(out --add-host db:10.1.2.3 "$root" /bin/busybox ping -c 1 -W 1 db | sed -n 's/^PING db (\(.*\)):.*/\1/p')"
rm "$root/etc/hosts"
for bad in db db: :1.2.3.4 db:1.2.3 'd b:1.2.3.4' "$(printf 'a\nb:1.2.3.4')" '-a:1.2.3.4'; do
	fails "add-host $(echo "$bad" | tr "\n" " ") is refused" out --add-host "$bad" "$root" true
done
fails "dns of a name is refused" out --dns example.com "$root" true
fails "a dns option with a newline is refused" out --dns-option "$(printf 'a\nnameserver 1.2.3.4')" "$root" true
is "dns, search and options" "nameserver 1.2.3.4 nameserver fd00::1 search a.example b.example options ndots:2 rotate" \
	"$(out --dns 1.2.3.4 --dns fd00::1 --dns-search a.example,b.example --dns-option ndots:2,rotate "$root" sh -c 'grep -v "#" /etc/resolv.conf | tr "\n" " " | sed "s/ *$//"')"
is "host: whom the host asks" "$(grep -c ^nameserver /etc/resolv.conf)" "$(out --net host "$root" grep -c ^nameserver /etc/resolv.conf)"
is "host: its hostname" "box" "$(out --net host --name box "$root" cat /etc/hostname)"

# ---- every kind of root
for storage in overlay tmpfs; do
	is "$storage: written" 1 "$(out --storage $storage --add-host db:10.1.2.3 "$root" grep -c 10.1.2.3 /etc/hosts)"
done
fails "the image's folder is not written to" test -e "$root/etc/hosts"
is "read-only, no file in the image: there all the same" "1 box" \
	"$(out --read-only --net host --name box --add-host db:10.1.2.3 "$root" sh -c 'echo $(grep -c 10.1.2.3 /etc/hosts; cat /etc/hostname)')"
is "with no network, too" 1 "$(out --read-only --net none --add-host db:10.1.2.3 "$root" grep -c 10.1.2.3 /etc/hosts)"
is "beside what the image has there" "$(ls "$root/etc")" \
	"$(out --read-only --net host "$root" ls /etc | grep -vx -e hosts -e hostname -e resolv.conf)"
fails "and nothing more can be made there" out --read-only --net host "$root" touch /etc/new
is "the image still has none" "" "$(find "$root/etc" -name 'host*' -o -name resolv.conf)"
rm -rf "$live_dir/bare"
cp -a "$root" "$live_dir/bare"
rm -r "$live_dir/bare/etc"
fails "read-only, no /etc in the image: said" out --read-only --add-host db:10.1.2.3 "$live_dir/bare" true
has "and what to do" 'empty file' "$(out --read-only --add-host db:10.1.2.3 "$live_dir/bare" true)"
check "read-only, no /etc in the image: left out when nobody asked" out --read-only --net host "$live_dir/bare" true
touch "$root/etc/hosts" "$root/etc/resolv.conf" "$root/etc/hostname"
is "read-only: covered" 1 "$(out --read-only --add-host db:10.1.2.3 "$root" grep -c 10.1.2.3 /etc/hosts)"
is "read-only: hostname and resolv.conf too" "box 1" "$(out --read-only --net host --name box --dns 1.2.3.4 "$root" sh -c 'echo $(cat /etc/hostname; grep -c 1.2.3.4 /etc/resolv.conf)')"
is "read-only: nothing else is left in /dev" "" "$(out --read-only --add-host db:10.1.2.3 "$root" find /dev -name '.n*')"
is "read-only: the image is unchanged" 0 "$(cat "$root/etc/hosts" "$root/etc/hostname" "$root/etc/resolv.conf" | wc -c)"
cp -a "$root" "$live_dir/own"
is "bind: covered" 1 "$(out --storage bind --add-host db:10.1.2.3 "$live_dir/own" grep -c 10.1.2.3 /etc/hosts)"
is "bind: the user's folder is unchanged" 0 "$(wc -c <"$live_dir/own/etc/hosts")"
is "a user's own mount over it wins" mine "$(echo mine >"$live_dir/file"; out -v "$live_dir/file:/etc/hosts" --add-host db:10.1.2.3 "$root" cat /etc/hosts)"
mkdir "$live_dir/etc2"
check "a mount over /etc is not written to" out -v "$live_dir/etc2:/etc" --net host --add-host db:10.1.2.3 "$root" true
is "and stays empty" "" "$(ls "$live_dir/etc2")"
"$MYCTR" run --name again --storage overlay --add-host db:10.1.2.3 "$root" true
upper=$MYCTR_DATA/containers/again/upper/etc/hosts
if [ -f "$upper" ]; then
	touch -d 2001-01-01 "$upper"
	"$MYCTR" start again >/dev/null 2>&1
	has "what says the same already is not written again" '^2001' "$(stat -c %y "$upper")"
fi
"$MYCTR" rm -f again >/dev/null 2>&1

# ---- an image that wants them somewhere else
victim=$live_dir/victim
echo untouched >"$victim"
plant() # plant NAME COMMAND...: a copy of the root in $evil, changed by a command that runs in its etc
{
	evil=$live_dir/evil.$1
	cp -a "$root" "$evil"
	rm -f "$evil/etc/hosts" "$evil/etc/hostname" "$evil/etc/resolv.conf"
	(cd "$evil/etc" && shift && "$@")
}
evil_all() # evil_all NAME: runs it with every kind of root
{
	for storage in overlay tmpfs read-only bind; do
		out --storage $storage --net host --ipc host --add-host db:10.1.2.3 "$evil" true >"$live_dir/said" 2>&1
		is "$1, $storage: nothing outside is changed" untouched "$(cat "$victim")"
	done
}
shm=/dev/shm/myctr-names-$$
plant absolute ln -s "$victim" hosts
evil_all "hosts is a link to a file of the host"
is "what is written instead is a file" 1 "$(tmp --add-host db:10.1.2.3 "$evil" sh -c 'test ! -L /etc/hosts && grep -c 10.1.2.3 /etc/hosts')"
plant up ln -s ../../../../../../../../../../../.."$victim" hosts
evil_all "hosts is a link upwards"
plant dangling ln -s ../run/resolvconf/resolv.conf resolv.conf
is "a link that leads nowhere becomes a file" 1 "$(tmp --dns 1.2.3.4 "$evil" grep -c 1.2.3.4 /etc/resolv.conf)"
fails "a link that leads nowhere, read-only: said" out --read-only --dns 1.2.3.4 "$evil" true
plant hard ln passwd hosts
is "a second name of another file: that one is unchanged" "0 1" "$(tmp --add-host db:10.1.2.3 "$evil" sh -c 'echo $(grep -c 10.1.2.3 /etc/passwd) $(grep -c 10.1.2.3 /etc/hosts)')"
plant fifo mkfifo hosts
check "a FIFO does not hold the start up" timeout 10 "$MYCTR" run --rm --storage tmpfs --add-host db:10.1.2.3 "$evil" true
fails "a FIFO, read-only: refused" timeout 10 "$MYCTR" run --rm --read-only --add-host db:10.1.2.3 "$evil" true
plant device mknod hosts c 1 5
check "a device is replaced" timeout 10 "$MYCTR" run --rm --storage tmpfs --add-host db:10.1.2.3 "$evil" true
check "a FIFO, read-only: left alone when nobody asked" timeout 10 "$MYCTR" run --rm --read-only --net host "$evil" true
plant folder mkdir hosts
fails "a folder is refused" tmp --add-host db:10.1.2.3 "$evil" true
plant shm true
mkdir "$shm"
mv "$evil/etc" "$evil/etc.old" && ln -s "$shm" "$evil/etc"
evil_all "/etc is a link to the host's /dev/shm"
is "and nothing is made there" "" "$(ls "$shm")"
rm -rf "${evil:?}/etc" && ln -s /proc/1/root/etc "$evil/etc"
evil_all "/etc is a link through procfs"
rm -rf "${evil:?}/etc" && ln -s "$live_dir/etc2" "$evil/etc"
evil_all "/etc is a link to a folder of the host"
is "and nothing is made in it" "" "$(ls "$live_dir/etc2")"
rmdir "$shm"

done_testing
