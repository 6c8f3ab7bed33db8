#!/bin/sh
# SPDX-License-Identifier: MIT
# The /dev made ahead (READY_DEV): who shares it, who must not, that nobody can write it, and that a container
# starts without it where it cannot be made.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

grep -q '^#define CONFIG_READY_DEV 1' "$(dirname "$MYCTR")/include/autoconf.h" 2>/dev/null ||
	{ echo "1..0 # SKIP this build has no READY_DEV"; exit 0; }
# mount_setattr(2), without which a mount of it cannot have its devices back
case $(uname -r) in
[0-4].* | 5.[0-9].* | 5.1[01].*) echo "1..0 # SKIP needs Linux 5.12"; exit 0 ;;
esac

ready=$live_dir/run/mnt/dev
same="stat -c %d:%i /dev"

# One after the other, and a crowd that finds nothing there.
# shellcheck disable=SC2086 # words
first=$(run_in "$root" $same)
check "the first one makes it" test -c "$ready/null"
is "it is what the container has" "$first" "$(stat -c %d:%i "$ready")"
# shellcheck disable=SC2086
is "the second has the same" "$first" "$(run_in "$root" $same)"
rm -r "$ready"
for i in 1 2 3 4 5 6; do
	run_in "$root" sh -c "$same; echo \$(ls /dev)" >"$live_dir/crowd.$i" 2>&1 &
done
wait
is "six at once have one and all of it" 1 "$(cat "$live_dir"/crowd.* | paste - - | sort -u | wc -l)"
is "no half-made one is left" "dev" "$(find "$live_dir/run/mnt" -maxdepth 1 -name 'dev*' -printf '%f\n')"

# What is in it works.
has "null and zero" '^8$' "$(run_in "$root" sh -c 'echo lost >/dev/null && head -c 8 /dev/zero | wc -c')"
has "full is full" 'space' "$(run_in "$root" sh -c 'echo x >/dev/full' 2>&1)"
is "stdin and stdout" in "$(echo in | run_in -i "$root" sh -c 'cat /dev/stdin >/dev/stdout' 2>&1)"
run_in "$root" sh -c 'echo mine >/dev/shm/file'
is "/dev/shm is each one's own" 0 "$(run_in "$root" sh -c 'ls /dev/shm | wc -l')"
is "masked folders are empty" 0 "$(run_in "$root" sh -c 'ls /sys/firmware | wc -l')"

# Nobody can write what all of them see, whatever he may otherwise.
before=$(find "$ready" -printf '%p %y %m %U %T@\n' | sort)
for try in 'echo x >/dev/new' 'rm /dev/null' 'ln -s /etc/passwd /dev/tty9' 'mkdir /dev/dir' 'touch /dev/null' \
	'busybox chmod 600 /dev/null' 'busybox chown 1000 /dev/zero' 'busybox mv /dev/zero /dev/null' \
	'mount -o remount,rw /dev; touch /dev/new'; do
	fails "cannot: $try" run_in "$root" sh -c "$try"
done
run_in --cap-add SYS_ADMIN --cap-add MKNOD "$root" sh -c 'mount -o remount,rw,bind /dev; touch /dev/new; rm /dev/null' 2>/dev/null
is "it is as it was" "$before" "$(find "$ready" -printf '%p %y %m %U %T@\n' | sort)"

# Those who may write theirs, or have more in it, have one of their own.
own()
{
	what=$1; shift
	# shellcheck disable=SC2086
	got=$("$MYCTR" run --rm "$@" "$root" $same 2>&1 | tr -d '\r')
	has "$what: one of its own" '^[0-9]+:[0-9]+$' "$got"
	hasnt "$what: not all's" "^$(stat -c %d:%i "$ready")\$" "$got"
}
own "a root that can be written" --storage tmpfs
own "a device" --read-only --device /dev/loop-control
own "a mount in /dev" --read-only -v "$live_dir:/dev/here"
own "a tmpfs in /dev" --read-only --tmpfs /dev/here
own "the host's ipc" --read-only --ipc host
own "a terminal" --read-only --tty
own "privileged" --read-only --privileged
own "mounting" --read-only --cap-add SYS_ADMIN

# Something else at its place: a container starts with its own.
rm -r "$ready"
echo file >"$ready"
has "a file at its place" '^crw' "$(run_in "$root" ls -l /dev/null 2>&1)"
is "the file is left alone" file "$(cat "$ready")"
done_testing
