#!/bin/sh
# SPDX-License-Identifier: MIT
# The live tests again on a kernel that seems older: newer system calls answer ENOSYS, so that every fallback
# runs. First all of them at once, then each alone, since one fallback may hide another.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
enosys=$live_dir/enosys
${HOST_CC:-cc} -D_GNU_SOURCE -O1 -o "$enosys" "$here/enosys.c" || { echo "Bail out! enosys.c does not compile"; exit 1; }
# What Linux 5.10 has, our floor, can still be missing where a sandbox around us filters it. Not here: pidfd_open
# and pidfd_send_signal, without which nothing can be signalled safely, see core/lib/sys.h.
calls="clone3 openat2 close_range mount_setattr open_tree move_mount fsopen fsconfig fsmount fspick pidfd_getfd faccessat2 epoll_pwait2"
export MYCTR

is "the filter is inherited" 2 "$("$enosys" clone3 -- sh -c 'grep Seccomp: /proc/self/status' | tr -dc 0-9)"
for script in run rights daemon look threats logs update; do
	[ -x "$here/$script.sh" ] || continue
	# shellcheck disable=SC2086 # a list
	got=$("$enosys" $calls -- "$here/$script.sh" 2>&1)
	bad=$(printf '%s\n' "$got" | grep -A 4 '^not ok')
	n=$(printf '%s\n' "$got" | grep -c '^ok')
	if [ -z "$bad" ] && [ "$n" -gt 5 ]; then
		ok "$script.sh without newer system calls ($n tests)"
	else
		not_ok "$script.sh without newer system calls ($n tests)" "$bad
$(printf '%s\n' "$got" | tail -n 3)"
	fi
done
tar -cf "$live_dir/plain.tar" -C "$root" .
# shellcheck disable=SC2086
has "image prune without newer system calls" "removed 0 images and 1 unpacked tree" \
	"$("$MYCTR" run --rm --read-only "$live_dir/plain.tar" true; "$enosys" $calls -- "$MYCTR" image prune 2>&1)"
# Linux 5.10 has fsopen(2): nothing stands in for it, but who is denied it is told so.
if mksquashfs "$root/etc" "$live_dir/etc.sqfs" -quiet -no-progress >/dev/null 2>&1; then
	has "squashfs where fsopen is denied" "fsopen.* denied" \
		"$("$enosys" fsopen -- "$MYCTR" run --rm --read-only "$live_dir/etc.sqfs" true 2>&1)"
else
	skip "squashfs where fsopen is denied" "no mksquashfs"
fi
for call in $calls; do
	is "run without $call" "1 fine" "$("$enosys" "$call" -- "$MYCTR" run --rm --storage tmpfs -v "$live_dir/etc:/etc/x:ro" "$root" \
		sh -c 'touch /etc/x/y 2>/dev/null || echo $$ fine' 2>&1)"
	is "run --userns without $call" "1 fine" "$("$enosys" "$call" -- "$MYCTR" run --rm --storage tmpfs --userns yes \
		-v "$live_dir/etc:/etc/x:ro" "$root" sh -c 'touch /etc/x/y 2>/dev/null || echo $$ fine' 2>&1)"
done
done_testing
