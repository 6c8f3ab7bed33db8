# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by the tests that kill somebody at every system call, after lib.sh: the tool that does it, and what
# must be as it was afterwards. The container is called "killed" and runs sleep 31337.

killat=$live_dir/killat
${HOST_CC:-cc} -D_GNU_SOURCE -O1 -o "$killat" "$(dirname "$0")/killat.c" || { echo "Bail out! killat.c does not compile"; exit 1; }
image=$root
if mksquashfs "$root" "$live_dir/root.sqfs" -comp lz4 -quiet -no-progress >/dev/null 2>&1; then
	"$MYCTR" run --rm --name killed "$live_dir/root.sqfs" true 2>/dev/null && image=$live_dir/root.sqfs
fi
bad='' n=0

# The second word of what killat says tells who was killed.
wrong() { bad="$bad
call $n ($said): $1"; }

# Everything of ours that may be left somewhere: folders, mounts, loop devices, cgroups, processes.
left()
{
	find "$MYCTR_RUN" "$MYCTR_DATA" "$MYCTR_LOG" ! -name state ! -name lock ! -path '*/images/trees*' 2>/dev/null | sort
	grep "$live_dir" /proc/self/mounts
	cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep "$live_dir"
	find "/sys/fs/cgroup/$MYCTR_CGROUP" -maxdepth 4 -type d -name 'killed' 2>/dev/null
	pgrep -fa "^sleep 31337|myctr .*$live_dir/root" | cut -d' ' -f2-
}

# What is left must become what was there before; the kernel may take a moment for the dead.
clean()
{
	tries=60
	while [ "$(left)" != "$before" ]; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ]; then
			wrong "left behind: $(left | grep -vxF "$before")"
			break
		fi
		sleep 0.05
	done
}

# verdict NAME: how the calls 1 to n went
verdict()
{
	if [ -z "$bad" ] && [ "$n" -gt 10 ]; then ok "$1 ($n calls)"; else not_ok "$1 ($n calls)" "$(printf '%s\n' "$bad" | head -n 30)"; fi
	bad=''
}

# The supervisor of our folders, not of another test's, and none of its launchers.
our_daemon()
{
	for p in $(pgrep -x myctr; pgrep -f '^myctr daemon'); do
		grep -qzx "MYCTR_RUN=$MYCTR_RUN" "/proc/$p/environ" 2>/dev/null && echo "$p"
	done | sort -nu | head -n 1
}

up() { "$MYCTR" ps | grep -q '^killed '; }
