#!/bin/sh
# SPDX-License-Identifier: MIT
# A container in the foreground: what it sees, what it cannot do, how its end is told.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

out() { run_in "$@" 2>&1; }

is "prints" hello "$(out "$root" echo hello)"
run_in "$root" sh -c 'exit 7'; is "exit status is the program's" 7 $?
run_in "$root" sh -c 'kill -9 $$' ; is "the first process survives its own SIGKILL" 0 $?
run_in "$root" sh -c 'sh -c "kill -9 \$\$"; exit $?'; is "a killed child is 137" 137 $?
run_in "$root" /nope 2>/dev/null; is "not found is 127" 127 $?
run_in "$root" nope 2>/dev/null; is "not found in PATH is 127" 127 $?
run_in "$root" /etc/passwd 2>/dev/null; is "not executable is 126" 126 $?
run_in "$live_dir/nothing" true 2>/dev/null; is "no image is 125" 125 $?
"$MYCTR" run 2>/dev/null; is "no image named is 2" 2 $?

has "not found says what and where" "^myctr: .*: nope: not found" "$(out "$root" nope)"
has "no image says so" "nothing" "$(out "$live_dir/nothing" true)"
is "errors are one line" 1 "$(out "$live_dir/nothing" true | wc -l)"

is "it is process 1" 1 "$(out "$root" sh -c 'echo $$')"
is "it sees only its own processes" 2 "$(out "$root" ps | wc -l)"
has "hostname is the name" '^box$' "$(out --name box "$root" hostname)"
has "hostname can be set" '^other$' "$(out --hostname other "$root" hostname)"
is "only lo" 1 "$(out "$root" sh -c 'ls /sys/class/net | wc -l')"
has "lo is up" 'UP' "$(out "$root" ip link show lo)"
is "the host's network when asked" "$(find /sys/class/net -mindepth 1 | wc -l)" \
	"$(out --net host "$root" sh -c 'ls /sys/class/net | wc -l')"

hasnt "the old root is gone" "$live_dir" "$(out "$root" cat /proc/mounts)"
fails "a read-only root is" run_in "$root" touch /etc/new
is "the image is unchanged" 2 "$(find "$root/etc" -type f | wc -l)"
has "tmpfs of a size" '1024 ' "$(out --tmpfs /tmp:1M "$root" df -k /tmp)"
is "bind mount" data "$(echo data >"$live_dir/file"; out -v "$live_dir/file:/etc/group" "$root" cat /etc/group)"
fails "read-only bind mount" run_in -v "$live_dir:/tmp:ro" "$root" touch /tmp/new
has "a missing bind source says so" 'nowhere' "$(out -v "$live_dir/nowhere:/tmp" "$root" true)"

has "devices are there" '^crw-rw-rw-.* 1, *3 ' "$(out "$root" ls -l /dev/null)"
fails "other devices cannot be made" run_in --storage tmpfs "$root" mknod /tmp/sda b 8 0
fails "/proc/sys is read-only" run_in "$root" sh -c 'echo 1 >/proc/sys/kernel/sysrq'
fails "/proc/sysrq-trigger is read-only" run_in "$root" sh -c 'echo h >/proc/sysrq-trigger'
is "/proc/keys is hidden" 0 "$(out "$root" sh -c 'wc -c </proc/keys')"
is "/sys/firmware is hidden" 0 "$(out "$root" sh -c 'ls /sys/firmware | wc -l')"
fails "mount is refused" run_in "$root" mount -t tmpfs none /tmp
fails "unshare of a user namespace is refused" run_in "$root" unshare -U true

is "no new privileges" 1 "$(out "$root" sh -c 'grep NoNewPrivs /proc/self/status | tr -dc 01')"
is "a filter is loaded" 2 "$(out "$root" sh -c 'grep Seccomp: /proc/self/status | tr -dc 0-9')"
is "inheritable is empty" 0000000000000000 "$(out "$root" sh -c 'grep CapInh /proc/self/status | tr -d "CapInh:\t"')"
is "ambient is empty" 0000000000000000 "$(out "$root" sh -c 'grep CapAmb /proc/self/status | tr -d "CapAmb:\t"')"
is "no descriptor but 0 1 2 (and ls's own)" "0 1 2 3" "$(out "$root" sh -c 'echo $(ls /proc/self/fd)')"

has "user by name, with its groups" 'uid=1000\(user\) gid=1000\(user\) groups=.*2000\(extra\)' "$(out -u user "$root" id)"
is "user by number" 1000 "$(out -u 1000:1000 "$root" id -u)"
for bad in -1 4294967296 ' 1000' '1000:' '+5' 0x10 nobody; do
	fails "user '$bad' is refused" run_in -u "$bad" "$root" id
done
is "no capabilities for a user" 0000000000000000 \
	"$(out -u user "$root" sh -c 'grep CapEff /proc/self/status | tr -d "CapEff:\t"')"
is "environment" "a b" "$(out -e "X=a b" "$root" sh -c 'echo "$X"')"
is "HOME from passwd" /home/user "$(out -u user "$root" sh -c 'echo $HOME')"
is "workdir" /tmp "$(out -w /tmp "$root" pwd)"
fails "workdir through /proc/self/fd" run_in -w /proc/self/fd/7 "$root" pwd
is "rlimit" 64 "$(out --rlimit nofile=64 "$root" sh -c 'ulimit -n')"

is "stdin with -i" typed "$(echo typed | run_in -i "$root" cat)"
is "no stdin without" "" "$(echo typed | run_in "$root" cat)"
has "a terminal with -t" '/dev/pts/0' "$(script -qec "'$MYCTR' run --rm --read-only -t '$root' tty" /dev/null </dev/null)"

"$MYCTR" run --name keep --storage overlay "$root" sh -c 'echo kept >/root/file'
is "a container that ended is listed" keep "$("$MYCTR" ps -aq)"
has "its name is taken" 'there is a container' "$("$MYCTR" run --name keep "$root" true 2>&1)"
is "what it wrote is kept" kept "$(cat "$MYCTR_DATA/containers/keep/upper/root/file")"
check "rm" "$MYCTR" rm keep
is "nothing is left of it" "" "$("$MYCTR" ps -aq; ls "$MYCTR_DATA/containers")"
has "unknown names say so" 'no such container' "$("$MYCTR" rm keep 2>&1)"
is "no mount is left" "" "$(grep "$live_dir" /proc/self/mounts)"
# shellcheck disable=SC2010
is "no record, spec or fifo is left" "" "$(ls "$MYCTR_RUN/specs" "$MYCTR_RUN/logs" | grep -v :)"
done_testing
