#!/bin/sh
# SPDX-License-Identifier: MIT
# A router with OpenWrt's firewall: what fw4 prints for it is loaded, the manifest comes from UCI through myctr-uci, and a
# container's ports must be open where they are published and nowhere else. All in network namespaces made here.
here=$(cd "$(dirname "$0")" && pwd)
if [ "${FW4_NETNS:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
	for tool in nft ip socat unshare curl; do
		command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
	done
	FW4_NETNS=yes exec unshare -n -m "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR
. "$here/lib.sh"
package=$live_top/tools/packaging/openwrt/files

# ---- the router: LAN on a bridge, WAN beside it -------------------------------------------------------
mkdir -p /run/netns
mount -t tmpfs none /run/netns
ip link set lo up
side()
{
	ip netns add "$2"
	ip link add "$1" type veth peer name eth0 netns "$2"
	ip link set "$1" up
	ip netns exec "$2" sh -c "ip link set lo up; ip link set eth0 up; ip addr add $3.2/24 dev eth0; ip route add default via $3.1"
}
side port0 lan 192.168.1
side wan0 wan 203.0.113
ip link add br-lan type bridge
ip link set port0 master br-lan
ip link set br-lan up
ip addr add 192.168.1.1/24 dev br-lan
ip addr add 203.0.113.1/24 dev wan0
echo 1 >/proc/sys/net/ipv4/ip_forward
pids=
# shellcheck disable=SC2086 # a list
trap 'kill $pids 2>/dev/null; live_end' EXIT
at() { ns=$1; shift; [ "$ns" = host ] || set -- ip netns exec "$ns" "$@"; timeout 10 "$@"; }
get() { at "$1" curl -s --connect-timeout "${3:-1}" "http://$2/" || echo "-"; }
# serve NAMESPACE PORT: answers each connection with who asked
serve()
{
	ip netns exec "$1" socat "TCP4-LISTEN:$2,fork,reuseaddr" SYSTEM:'echo $SOCAT_PEERADDR' >/dev/null 2>&1 & pids="$pids $!"
	until_true 10 sh -c "ip netns exec $1 ss -Hltn | grep -q ':$2 '"
}
tell() { timeout 10 "$MYCTR" exec web sh -c "nc -w 3 $1 </dev/null 2>/dev/null" 2>/dev/null || echo "-"; }

# fw4 FILE: its ruleset as fw4 loads it, FILE in the place where the package puts forward.nft
fw4() { sed "s|/usr/share/nftables.d/chain-pre/forward/20-myctr.nft|$1|" "$here/lib/fw4.nft" | nft -f -; }
: >"$live_dir/empty.nft"
check "fw4's rules load" fw4 "$live_dir/empty.nft"

# ---- a manifest from UCI -----------------------------------------------------------------------------
ln -sf busybox "$root/bin/httpd"
ln -sf busybox "$root/bin/nslookup"
mkdir -p "$root/www" "$MYCTR_ETC/manifest.d"
echo hello >"$root/www/index.html"
cp "$package/manifest" "$MYCTR_ETC/manifest"
cat >"$live_dir/uci" <<EOF
myctr.system=system
myctr.system.wan='wan wan6'
myctr.apps=network
myctr.apps.subnet='10.88.0.0/24'
myctr.@container[0]=container
myctr.@container[0].name='web'
myctr.@container[0].image='$root'
myctr.@container[0].storage='tmpfs'
myctr.@container[0].command='httpd -f -p 80 -h /www'
myctr.@container[0].network='apps'
myctr.@container[0].ip='10.88.0.2'
myctr.@container[0].publish='8080:80' '8443:80@wan'
myctr.@container[0].env='A=it'\''s "b" # c' 'B=a\b' 'EMPTY='
myctr.off=container
myctr.off.enabled='0'
myctr.off.image='nothing'
EOF
for shell in sh "busybox ash"; do
	$shell "$package/myctr-uci" lan=br-lan wan=wan0 wan6=wan0 <"$live_dir/uci" >"$MYCTR_ETC/manifest.d/uci" 2>&1
	has "the manifest of UCI is right, made by $shell" '^ok: 1 container' "$("$MYCTR" manifest check 2>&1)"
done
shown=$("$MYCTR" manifest show 2>&1)
has "an interface of UCI is its device" 'publish = 8443:80@wan0' "$shown"
has "a value keeps its quotes" 'env = "A=it.s \\"b\\" # c"' "$shown"
has "and its backslashes" 'env = .*B=a\\\\b' "$shown"
has "the bridge is one the zone knows" 'bridge = ctr-apps' "$shown"
got=$(printf 'myctr.x=contaner\n' | sh "$package/myctr-uci" 2>&1) && got="status 0: $got"
has "another section is an error" '^#.*|^myctr-uci: config contaner: not one of' "$got"

"$MYCTR" daemon >"$live_dir/daemon.log" 2>&1 & echo $! >"$live_dir/daemon.pid"
until_true 30 sh -c "[ -n \"\$(curl -s --connect-timeout 0.3 http://192.168.1.1:8080/)\" ]" || {
	not_ok "the container runs" "$(cat "$live_dir/daemon.log"; "$MYCTR" ps -a)"
	exit 1
}
is "from the device itself" hello "$(get host 192.168.1.1:8080)"
is "without the package's file fw4 lets nobody through" "- -" "$(get lan 192.168.1.1:8080) $(get wan 203.0.113.1:8443)"
has "which check says, with the chain" 'inet fw4 forward' "$("$MYCTR" check 2>&1 | tr -s ' \n' ' ')"

# ---- with the file of the package --------------------------------------------------------------------
table=$(nft list table inet myctr)
check "fw4 reloads with it" fw4 "$package/forward.nft"
is "our table is as it was" "$table" "$(nft list table inet myctr)"
is "published, from the LAN" hello "$(get lan 192.168.1.1:8080)"
is "not from the WAN" "-" "$(get wan 203.0.113.1:8080)"
is "but what names the WAN" hello "$(get wan 203.0.113.1:8443)"
is "nor by its own address, past the publishing" "- -" "$(get lan 10.88.0.2:80) $(get wan 10.88.0.2:80)"
serve wan 7000
serve lan 7000
is "out to the WAN, as the router" 203.0.113.1 "$(tell '203.0.113.2 7000')"
is "not into the LAN" "-" "$(tell '192.168.1.2 7000')"
is "the LAN gets out as ever" 203.0.113.1 "$(at lan socat -T 5 - TCP:203.0.113.2:7000,connect-timeout=5 </dev/null)"
socat TCP4-LISTEN:22,fork,reuseaddr SYSTEM:'echo login' >/dev/null 2>&1 & pids="$pids $!"
until_true 10 sh -c "ss -Hltn | grep -q ':22 '"
is "nor to the router's own services" "-" "$(tell '10.88.0.1 22')"
has "but it is told names" 'Address.*10\.88\.0\.' "$("$MYCTR" exec web nslookup web 10.88.0.1 2>&1 | tail -n 3)"
check "another reload of fw4" fw4 "$package/forward.nft"
is "and all is as it was" "hello hello -" "$(get lan 192.168.1.1:8080) $(get wan 203.0.113.1:8443) $(get wan 203.0.113.1:8080)"
done_testing
