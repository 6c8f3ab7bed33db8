#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at the system calls of a run with two networks and a published port: of the CLI and of the
# container's first process. After each the next command works, and after rm no link, bridge or rule is
# left. KILL_STEP=1 takes every call, else one in seven.
# shellcheck source-path=SCRIPTDIR
if [ -z "${LIVE_NETNS:-}" ]; then
	unshare -n true 2>/dev/null || { echo "1..0 # SKIP no network namespaces here"; exit 0; }
	LIVE_NETNS=1 exec unshare -n "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/kill.sh"
"$MYCTR" features | grep -q 'net.*bridge' || { echo "1..0 # SKIP no NET_BRIDGE in this build"; exit 0; }
ip link set lo up
cat >"$MYCTR_ETC/manifest" <<'END'
[network lan0]
subnet = 10.77.0.0/24
subnet6 = fd00:77::/64
[network lan1]
subnet = 10.78.0.0/24
isolate = yes
END
if ! "$MYCTR" run --rm --read-only --net lan0 --net lan1 --name killed "$root" true 2>"$live_dir/why"; then
	echo "1..0 # SKIP no bridges here: $(cat "$live_dir/why")"
	exit 0
fi
few=${KILL_STEP:-7}
publish=''
! "$MYCTR" run --rm --read-only --net lan0 -p 8099:80 --name killed "$root" true 2>/dev/null || publish='-p 8099:80'

links() { ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | sort | tr '\n' ' '; }
rules() { nft list tables 2>/dev/null | grep myctr; }
no_links()
{
	tries=60
	while [ "$(links)" != "lo " ] || [ -n "$(rules)" ]; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ]; then
			wrong "left behind: $(links) $(rules)"
			for l in $(links); do ip link del "$l" 2>/dev/null; done
			break
		fi
		sleep 0.05
	done
}

after()
{
	timeout 5 "$MYCTR" ps -a >"$live_dir/ps" 2>&1 || wrong "ps: $(cat "$live_dir/ps")"
	if grep -q '^killed ' "$live_dir/ps"; then
		timeout 10 "$MYCTR" rm -f killed >"$live_dir/rm" 2>&1 || wrong "rm: $(cat "$live_dir/rm")"
	fi
	no_links
}

# killed NAME COMMAND...
killed()
{
	what=$1 n=0
	shift
	while n=$((n + few)); do
		said=$("$killat" $n "$@" 2>&1 </dev/null | grep -E '^(killed|ended|killat)')
		after
		case $said in
		*ended*) break ;;
		*killed*) ;;
		*) wrong "no end" ;;
		esac
	done
	verdict "$what"
}

# shellcheck disable=SC2086 # two words
killed "run with two networks and a port, killed anywhere" \
	"$MYCTR" run --rm --read-only --net lan0 --net lan1 $publish --name killed "$root" true
check "and run still works" "$MYCTR" run --rm --read-only --net lan0 --name killed "$root" true
no_links
is "with nothing left" "" "$bad"
done_testing
