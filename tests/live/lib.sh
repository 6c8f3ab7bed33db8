# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by the live tests: TAP output, a private set of folders, a small root file system of BusyBox.
# Each script runs as root on this machine's kernel with the binary in $MYCTR.

# In a PID and a mount namespace of its own: other runs of the same test, their processes of the same names
# and their mounts do not exist for this one, and nothing outlives it. The shell in front reaps orphans.
if [ -z "${LIVE_APART:-}" ] && unshare --pid --fork --mount-proc --kill-child true 2>/dev/null; then
	export LIVE_APART=1
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --pid --fork --mount-proc --kill-child sh -c 'sh "$@"; exit $?' sh "$0" "$@"
fi

live_n=0
live_top=$(cd "$(dirname "$0")/../.." && pwd)
MYCTR=${MYCTR:-$live_top/build/myctr}
live_dir=$(mktemp -d "${TMPDIR:-/tmp}/myctr-live.XXXXXX")
export MYCTR_RUN="$live_dir/run" MYCTR_DATA="$live_dir/data" MYCTR_LOG="$live_dir/log" MYCTR_ETC="$live_dir/etc"
export MYCTR_CGROUP="${live_dir##*/}"
mkdir -p "$MYCTR_ETC"
# Few tests need one, and this machine's own network is not theirs.
export MYCTR_NETWORK=none
root=$live_dir/rootfs

# A daemon that a test started must not outlive it.
live_end()
{
	[ ! -f "$live_dir/daemon.pid" ] || kill "$(cat "$live_dir/daemon.pid")" 2>/dev/null
	for name in $("$MYCTR" ps -aq 2>/dev/null); do "$MYCTR" rm -f "$name" >/dev/null 2>&1; done
	pkill -f "^myctr daemon.*$live_dir" 2>/dev/null
	umount -R "$live_dir" 2>/dev/null
	rmdir "/sys/fs/cgroup/$MYCTR_CGROUP" 2>/dev/null
	rm -rf "$live_dir"
}
trap live_end EXIT
trap 'exit 1' INT TERM

ok() { live_n=$((live_n + 1)); echo "ok $live_n - $1"; }
not_ok()
{
	live_n=$((live_n + 1))
	echo "not ok $live_n - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}
skip() { live_n=$((live_n + 1)); echo "ok $live_n - $1 # SKIP $2"; }
done_testing() { echo "1..$live_n"; }

# is NAME WANT GOT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2
got:    $3"; fi; }

# has NAME PATTERN TEXT: an extended regular expression
has() { if printf '%s\n' "$3" | grep -Eq -- "$2"; then ok "$1"; else not_ok "$1" "wanted /$2/ in:
$3"; fi; }
hasnt() { if printf '%s\n' "$3" | grep -Eq -- "$2"; then not_ok "$1" "did not want /$2/, first in line \
$(printf '%s\n' "$3" | grep -En -m 5 -- "$2") of:
$(printf '%s\n' "$3" | tail -n 40)"; else ok "$1"; fi; }

# check NAME COMMAND...: the command succeeds
check() { n=$1; shift; if got=$("$@" 2>&1); then ok "$n"; else not_ok "$n" "status $?: $got"; fi; }
fails() { n=$1; shift; if got=$("$@" 2>&1); then not_ok "$n" "it succeeded: $got"; else ok "$n"; fi; }

# until_true SECONDS COMMAND...: polls. No machine is too slow for a test: it is never less than 30 s.
until_true()
{
	tries=$((($1 > 30 ? $1 : 30) * 20)); shift
	while [ $tries -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
		tries=$((tries - 1))
	done
	return 1
}

# A root file system with BusyBox and its links, users, and the usual folders.
make_root()
{
	busybox=$(command -v busybox) || { echo "Bail out! busybox is missing (apt-get install busybox-static)"; exit 1; }
	mkdir -p "$1/bin" "$1/etc" "$1/proc" "$1/sys" "$1/dev" "$1/tmp" "$1/root" "$1/var/log"
	cp "$busybox" "$1/bin/busybox"
	for tool in sh ls cat echo sleep true false id pwd mount umount ps kill touch mkdir rm stat grep wc head \
		dd env hostname test tty printf readlink df ln mknod chroot seq yes date nc ip find unshare; do
		ln -sf busybox "$1/bin/$tool"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$1/etc/group"
	chmod 1777 "$1/tmp"
}
make_root "$root"

# Runs a command in a fresh container of $root; options before --: run_in --memory 1M -- id
run_in() { "$MYCTR" run --rm --read-only "$@"; }
