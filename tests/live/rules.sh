#!/bin/sh
# SPDX-License-Identifier: MIT
# The packet filter's rules with real packets: a device with a LAN, a WAN and two networks of containers, all of
# them network namespaces made here, so that only the rules are what is tested. nat.sh does it with containers.
here=$(cd "$(dirname "$0")" && pwd)
if [ "${RULES_NETNS:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
	for tool in nft ip socat unshare curl; do
		command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
	done
	RULES_NETNS=yes exec unshare -n -m "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR
. "$here/lib.sh"
cd "$here/../.." || exit 1

rules=$live_dir/rules
# shellcheck disable=SC2086 # words
${HOST_CC:-cc} -std=gnu11 -D_GNU_SOURCE -I. -I"$(dirname "$MYCTR")/include" -include "$(dirname "$MYCTR")/include/autoconf.h" \
	-fsanitize=address,undefined -o "$rules" tests/live/rules.c core/rules.c core/rules_table.c core/lib/nft.c core/lib/netlink.c \
	core/port.c core/lib/err.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c core/lib/fd.c ||
	{ echo "Bail out! rules.c does not compile"; exit 1; }

# ---- the world -----------------------------------------------------------------------------------
mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs none /run/netns; }
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up

# host_link DEVICE NAMESPACE ADDRESS/BITS PEER/BITS [BRIDGE]
join()
{
	ip netns add "$2"
	ip netns exec "$2" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; ip link set lo up'
	ip link add "$1" type veth peer name eth0 netns "$2"
	ip link set "$1" up
	ip netns exec "$2" ip link set eth0 up
}
address() { ip netns exec "$1" ip addr add "$2" dev eth0; ip netns exec "$1" ip route replace default via "$3"; }

# the LAN and the WAN side; the peer in each has an address and a route to the containers, as an attacker has
join lan0 lan; ip addr add 192.168.1.1/24 dev lan0; ip -6 addr add fd00:1::1/64 dev lan0 nodad
address lan 192.168.1.2/24 192.168.1.1; address lan fd00:1::2/64 fd00:1::1
join wan0 wan; ip addr add 203.0.113.1/24 dev wan0; ip -6 addr add 2001:db8::1/64 dev wan0 nodad
address wan 203.0.113.2/24 203.0.113.1; address wan 2001:db8::2/64 2001:db8::1
for n in 0 1 2; do
	ip link add br$n type bridge
	ip addr add 10.88.$n.1/24 dev br$n; ip -6 addr add fd00:88:$n::1/64 dev br$n nodad
	ip link set br$n up
	for c in 2 3; do
		join v$n$c c$n$c; ip link set v$n$c master br$n; bridge link set dev v$n$c hairpin on
		address c$n$c 10.88.$n.$c/24 10.88.$n.1; address c$n$c fd00:88:$n::$c/64 fd00:88:$n::1
	done
done
pids=
at() { ns=$1; shift; [ "$ns" = host ] || set -- ip netns exec "$ns" "$@"; timeout 5 "$@"; }
# serve NAMESPACE PORT: TCP and UDP on both families; says who is there and who asked
serve()
{
	for kind in TCP6-LISTEN UDP6-LISTEN; do
		ip netns exec "$1" socat "$kind:$2,fork,reuseaddr,ipv6only=0" SYSTEM:"echo $1 \$SOCAT_PEERADDR" 2>/dev/null &
		pids="$pids $!"
	done
}
# shellcheck disable=SC2086 # a list
trap 'kill $pids 2>/dev/null; live_end' EXIT
for c in c02 c03 c12 c22; do serve $c 80; done
serve wan 80
socat TCP4-LISTEN:7777,bind=127.0.0.1,fork,reuseaddr SYSTEM:'echo secret' & pids="$pids $!"
sleep 0.3

# ask NAMESPACE ADDRESS PORT: first word of the answer; "-" without one
tcp() { r=$(at "$1" socat -T 1 - "TCP:$2:$3,connect-timeout=0.5" </dev/null 2>/dev/null); echo "${r:--}"; }
udp() { r=$(echo x | at "$1" socat -T 0.5 - "UDP:$2:$3" 2>/dev/null); echo "${r:--}"; }
who() { got=$(tcp "$2" "$3" "$4"); is "$1" "$5" "${got%% *}"; }
# A datagram may be lost, and the server starts a process for each: what must come is asked for again.
whou()
{
	for try in 1 2 3; do
		got=$(udp "$2" "$3" "$4")
		[ "$5" != - ] && [ "$got" = - ] && [ $try -lt 3 ] || break
	done
	is "$1" "$5" "${got%% *}"
}

# as socat prints them
lan_asks='[0000:0000:0000:0000:0000:ffff:c0a8:0102]'
device_asks='[0000:0000:0000:0000:0000:ffff:cb00:7101]'
device_asks6='[2001:0db8:0000:0000:0000:0000:0000:0001]'

# ---- publishing ----------------------------------------------------------------------------------
check "a network makes the table" "$rules" net br0 nat wan0
check "a second one joins it" "$rules" net br1 nat wan0
check "ports of a container" "$rules" add web br0 10.88.0.2 fd00:88:0::2 \
	8080:80 8080:80/udp 9000-9002:79-81 8443:80@lan0 203.0.113.1:8090:80 192.168.1.1:8091:80 2222:80@wan0 '[fd00:1::1]:8092:80'
check "added again it is the same" "$rules" add web br0 10.88.0.2 fd00:88:0::2 8080:80
who "from the LAN by IPv4" lan 192.168.1.1 8080 c02
who "from the LAN by IPv6" lan '[fd00:1::1]' 8080 c02
whou "UDP" lan 192.168.1.1 8080 c02
whou "UDP by IPv6" lan '[fd00:1::1]' 8080 c02
who "a range keeps its order" lan 192.168.1.1 9001 c02
who "a range's first leads to another port" lan 192.168.1.1 9000 -
who "by its interface" lan 192.168.1.1 8443 c02
who "by its address" lan 192.168.1.1 8091 c02
who "by its IPv6 address" lan '[fd00:1::1]' 8092 c02
is "the container sees who asked" "c02 $lan_asks" "$(tcp lan 192.168.1.1 8080)"
who "what passes by is not touched" lan 203.0.113.2 80 wan

# ---- the WAN side ---------------------------------------------------------------------------------
who "nothing is open on the WAN side" wan 203.0.113.1 8080 -
whou "no UDP either" wan 203.0.113.1 8080 -
who "nor by IPv6" wan '[2001:db8::1]' 8080 -
who "nor at the LAN's address" wan 192.168.1.1 8080 -
who "nor a port of the LAN's interface" wan 203.0.113.1 8443 -
who "nor one of the LAN's address" wan 192.168.1.1 8091 -
who "nor one of the LAN's IPv6 address" wan '[fd00:1::1]' 8092 -
who "nor a container by its own address" wan 10.88.0.2 80 -
who "nor by its own IPv6 address" wan '[fd00:88::2]' 80 -
who "but what names the interface" wan 203.0.113.1 2222 c02
who "and what names its address" wan 203.0.113.1 8090 c02
who "a container's own address is closed to the LAN, too" lan 10.88.0.2 80 -

# ---- from the device itself ------------------------------------------------------------------------
who "from the device" host 192.168.1.1 8080 c02
who "from the device by 127.0.0.1" host 127.0.0.1 8080 c02
whou "UDP by 127.0.0.1" host 127.0.0.1 8080 c02
who "from the device by IPv6" host '[fd00:1::1]' 8080 c02
who "and there by an interface's port" host 192.168.1.1 8443 c02
who "by 127.0.0.1, too" host 127.0.0.1 8443 c02
who "and IPv6" host '[fd00:1::1]' 8443 c02
who "::1 is the device's own" host '[::1]' 8080 -

# ---- containers ------------------------------------------------------------------------------------
who "a container at its own port" c02 192.168.1.1 8080 c02
who "at its own port by IPv6" c02 '[fd00:1::1]' 8080 c02
who "at its own port by the bridge's address" c02 10.88.0.1 8080 c02
who "its neighbour" c03 192.168.1.1 8080 c02
who "one of another network" c12 192.168.1.1 8080 c02
who "networks reach each other" c12 10.88.0.2 80 c02
is "going out they have the device's address" "wan $device_asks" "$(tcp c02 203.0.113.2 80)"
is "by IPv6, too" "wan $device_asks6" "$(tcp c02 '[2001:db8::2]' 80)"

# the loopback of the device, through the hole that 127.0.0.1:port needs
is "the bridge has route_localnet" 1 "$(cat /proc/sys/net/ipv4/conf/br0/route_localnet)"
is "only where it is needed" 0 "$(cat /proc/sys/net/ipv4/conf/br1/route_localnet)"
is "the service is there" secret "$(tcp host 127.0.0.1 7777)"
ip netns exec c02 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet
	ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 10.88.0.1'
who "and out of a container's reach" c02 127.0.0.1 7777 -

# ---- taken ports -------------------------------------------------------------------------------------
got=$("$rules" add other br0 10.88.0.3 - 8080:80 2>&1)
is "a taken port names who has it" "publish: port 8080/tcp is taken by container web" "$got"
hasnt "and nothing of the second is left" other "$(nft list table inet myctr)"

# ---- isolate and internal ----------------------------------------------------------------------------
check "an isolated network" "$rules" net br2 nat,isolate wan0
check "with a port" "$rules" add iso br2 10.88.2.2 fd00:88:2::2 8200:80
who "its port is open" lan 192.168.1.1 8200 c22
who "others reach its port" c02 192.168.1.1 8200 c22
who "and not itself" c02 10.88.2.2 80 -
who "nor by IPv6" c02 '[fd00:88:2::2]' 80 -
who "it reaches no other network" c22 10.88.0.2 80 -
who "not by a published port either" c22 192.168.1.1 8080 -
who "nor a published port by IPv6" c22 '[fd00:1::1]' 8080 -
who "but the outside" c22 203.0.113.2 80 wan
"$rules" unnet br2; "$rules" remove iso
check "an internal network" "$rules" net br2 internal wan0
check "with a port too" "$rules" add int br2 10.88.2.2 fd00:88:2::2 8300:80
who "its port is open, too" lan 192.168.1.1 8300 c22
who "nothing leaves it" c22 203.0.113.2 80 -
who "not even to the LAN" c22 192.168.1.2 22 -
who "nor to another network" c22 10.88.0.2 80 -

# ---- as the nft program sees it ----------------------------------------------------------------------
list() { nft list table inet myctr | tr -d '\n\t ' | sed 's/{/{\n/g;s/}/\n}\n/g;s/,/\n/g' | sort; }
cat >"$live_dir/all" <<EOF
net br0 nat
net br1 nat
net br2 internal
add web br0 10.88.0.2 fd00:88:0::2 8080:80 8080:80/udp 9000-9002:79-81 8443:80@lan0 203.0.113.1:8090:80 192.168.1.1:8091:80 2222:80@wan0 [fd00:1::1]:8092:80
add int br2 10.88.2.2 fd00:88:2::2 8300:80
EOF
list >"$live_dir/before"
nft list table inet myctr >"$live_dir/nft"
check "all of it anew" "$rules" rebuild "$live_dir/all" wan0
list >"$live_dir/after"
check "is what was there" cmp "$live_dir/before" "$live_dir/after"
nft flush ruleset
who "after a flush nothing leads in" lan 192.168.1.1 8080 -
check "all of it anew after a flush" "$rules" rebuild "$live_dir/all" wan0
who "and it does again" lan 192.168.1.1 8080 c02
list >"$live_dir/after"
check "nothing is missing" cmp "$live_dir/before" "$live_dir/after"
nft flush ruleset
check "nft reads what it printed" nft -f "$live_dir/nft"
list >"$live_dir/after"
check "and makes the same of it" cmp "$live_dir/before" "$live_dir/after"
"$rules" rebuild "$live_dir/all" wan0

# ---- beside another firewall --------------------------------------------------------------------------
nft -f - <<EOF
table inet other {
	chain forward { type filter hook forward priority 0; policy drop; }
	chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; }
}
EOF
other=$(nft list table inet other)
who "another firewall that drops is obeyed" lan 192.168.1.1 8080 -
nft add rule inet other forward ct status dnat accept
nft add rule inet other forward ct state established,related accept
who "and needs one rule for ports" lan 192.168.1.1 8080 c02
nft flush table inet other; nft delete table inet other
nft -f - <<EOF
$other
EOF
check "our changes leave it alone" "$rules" rebuild "$live_dir/all" wan0
"$rules" remove int
is "not one rule of it changed" "$other" "$(nft list table inet other)"
nft delete table inet other

# ---- taken away ---------------------------------------------------------------------------------------
check "a container's ports go" "$rules" remove web
who "nothing leads to it" lan 192.168.1.1 8080 -
hasnt "not one element is left" web "$(nft list table inet myctr)"
check "a second time is as good" "$rules" remove web
check "more ports than fit into one message" "$rules" add many br0 10.88.0.2 fd00:88:0::2 10000-14095:10000-14095 10000-14095:20000-24095/udp
is "are all there" 16384 "$(nft list table inet myctr | grep -o many | wc -l)"
check "and go" "$rules" remove many
hasnt "all of them" many "$(nft list table inet myctr)"
i=0
while [ $i -lt 20 ]; do i=$((i + 1)); { "$rules" add "p$i" br0 10.88.0.2 - "$((20000 + i)):80" && "$rules" remove "p$i"; } & jobs="${jobs:-} $!"; done
bad=0
for job in $jobs; do wait "$job" || bad=$((bad + 1)); done
is "twenty at once, all come and go" "0 0" "$bad $(nft list table inet myctr | grep -c '"p[0-9]')"
"$rules" unnet br0; "$rules" unnet br1
has "the table stays with the last network" "br2" "$(nft list ruleset)"
check "the last network" "$rules" unnet br2
is "takes the table with it" "" "$(nft list ruleset)"
check "what is gone can go again" "$rules" unnet br2
check "ports of nobody, too" "$rules" remove web
done_testing
