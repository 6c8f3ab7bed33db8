#!/bin/sh
# SPDX-License-Identifier: MIT
# A hostile container on a bridge pretends to be its gateway and its neighbour: by ARP, neighbour discovery, route
# advertisements, DHCP, with another's MAC and addresses. None of it arrives at a container beside it or at the
# device; with strict = no all of it does, so that the test would notice.
# shellcheck source-path=SCRIPTDIR
if [ -z "${LIVE_NETNS:-}" ]; then
	for tool in ip nft python3 nsenter; do
		command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
	done
	unshare -n true 2>/dev/null || { echo "1..0 # SKIP no network namespaces here"; exit 0; }
	LIVE_NETNS=1 exec unshare -n "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
"$MYCTR" check 2>/dev/null | grep -q '^found *NF_TABLES_BRIDGE' || { echo "1..0 # SKIP no NET_STRICT in this build, or no NF_TABLES_BRIDGE"; exit 0; }
frames=$live_top/tests/live/strict_frames.py
ip link set lo up
cat >"$MYCTR_ETC/manifest" <<'END'
[network fair]
subnet = 10.77.0.0/24
subnet6 = fd00:77::/64
[network open]
subnet = 10.78.0.0/24
subnet6 = fd00:78::/64
strict = no
[network shut]
subnet = 10.79.0.0/24
subnet6 = fd00:79::/64
isolate = yes
END
"$MYCTR" daemon >"$live_dir/daemon.log" 2>&1 &
daemon=$!
echo $daemon >"$live_dir/daemon.pid"
until_true 10 test -S "$MYCTR_RUN/ctl"
for net in fair open shut; do
	for who in good evil; do
		"$MYCTR" run -d --read-only --stop-signal KILL --net $net --name $net-$who "$root" sleep 1000 >/dev/null
	done
done
pid() { "$MYCTR" ps --format tsv | grep "^$1	" | cut -f5; }
inside() { nsenter -t "$(pid "$1")" -n timeout 60 python3 "$frames" "$2" eth0 "$3" "${4:-}" "${5:-}"; }
# arrives WHERE NETWORK: what the hostile container of a network gets through to there
arrives()
{
	rm -f "$live_dir/ready"
	if [ "$1" = device ]; then
		timeout 60 python3 "$frames" hear "br-$2" "$live_dir/ready" >"$live_dir/heard" &
		mac=$(ip -o link show "br-$2" | sed 's/.*ether \([0-9a-f:]*\).*/\1/')
	else
		inside "$1" hear "$live_dir/ready" >"$live_dir/heard" &
		mac=$(nsenter -t "$(pid "$1")" -n ip -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/')
	fi
	ear=$!
	until_true 20 test -e "$live_dir/ready"
	own=$(nsenter -t "$(pid "$2-evil")" -n ip -o addr show dev eth0 scope global)
	inside "$2-evil" send "$mac" "$(echo "$own" | sed -n 's/.*inet \([0-9.]*\).*/\1/p')" \
		"$(echo "$own" | sed -n 's/.*inet6 \([0-9a-f:]*\).*/\1/p')"
	wait $ear
	cat "$live_dir/heard"
}
mine="own-advert own-arp own-ip4 own-ip6 own-link"
all="arp-address arp-mac arp-request dhcp dhcp6 ip4 ip6 mac neighbour-advert other-protocol own-advert own-arp own-ip4 own-ip6 own-link redirect route-advert"
is "its neighbour hears what is its own only" "$mine" "$(arrives fair-good fair)"
is "and so does the device" "$mine" "$(arrives device fair)"
is "on an isolated network, too" "$mine" "$(arrives device shut)"
is "where the network is not strict all of it arrives" "$all" "$(arrives open-good open)"

# what a spoof is for: the neighbour goes on finding the true gateway
neighbour() { nsenter -t "$(pid fair-good)" -n sh -c 'busybox nc -w 1 10.77.0.1 9 </dev/null >/dev/null 2>&1; ip neigh show 10.77.0.1' | sed 's/.*lladdr \([0-9a-f:]*\).*/\1/'; }
is "the gateway is where it is" "$(ip -o link show br-fair | sed 's/.*ether \([0-9a-f:]*\).*/\1/')" "$(neighbour)"

# the rules come and go with containers
list() { nft list table bridge myctr 2>&1; }
has "a port has its names" '"v-fair-evil" \. 10\.77\.0\.[0-9]+ comment "fair-evil"' "$(list)"
hasnt "one that is not strict has none" 'v-open' "$(list)"
before=$(list | tr -d ' \n\t' | sed 's/{/{\n/g;s/}/\n}\n/g;s/,/\n/g' | sort)
same() { [ "$before" = "$(list | tr -d ' \n\t' | sed 's/{/{\n/g;s/}/\n}\n/g;s/,/\n/g' | sort)" ]; }
nft delete table bridge myctr
check "deleted by somebody else they come back" until_true 10 same
nft flush ruleset
check "after a flush of all, too" until_true 10 same
is "and hold" "$mine" "$(arrives fair-good fair)"
kill -9 $daemon
wait $daemon 2>/dev/null
nft flush ruleset
"$MYCTR" daemon >>"$live_dir/daemon.log" 2>&1 &
daemon=$!
echo $daemon >"$live_dir/daemon.pid"
check "a new supervisor brings them back" until_true 10 same
"$MYCTR" rm -f fair-evil >/dev/null
# by the number of its link, which goes with it: nobody has the name any more
unused() { ! list | grep -q 'v-fair-evil'; }
check "one that has ended has none of use" until_true 10 unused
has "its neighbour still has" 'v-fair-good' "$(list)"
i=0
while [ $i -lt 150 ]; do
	i=$((i + 1))
	"$MYCTR" run --rm --read-only --net fair --name again "$root" true
done
count=$(list | grep -o 'comment "again"' | wc -l)
# six elements of each that has ended
check "150 starts leave those of the last 128 at most" test "$count" -gt 0 -a "$count" -le 780
for name in fair-good open-good open-evil shut-good shut-evil; do "$MYCTR" rm -f $name >/dev/null; done
is "the table goes with the last" "" "$(nft list ruleset)"

# what needs more says so
sed -i 's/^strict = no/strict = maybe/' "$MYCTR_ETC/manifest"
fails "a value that is none" "$MYCTR" manifest check "$MYCTR_ETC/manifest"
has "is an error with its place" 'manifest:7:10: .*strict' "$got"
done_testing
