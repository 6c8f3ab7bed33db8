#!/bin/sh
# SPDX-License-Identifier: MIT
# dhcp = yes: a container on a bridge with an uplink finds its address by itself, from a DHCP server that is
# at the other end of the uplink. Both are BusyBox.
# shellcheck source-path=SCRIPTDIR
if [ -z "${LIVE_NETNS:-}" ]; then
	command -v ip >/dev/null || { echo "1..0 # SKIP ip is missing (apt-get install iproute2)"; exit 0; }
	unshare -n true 2>/dev/null || { echo "1..0 # SKIP no network namespaces here"; exit 0; }
	LIVE_NETNS=1 exec unshare -n -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
"$MYCTR" features | grep -q 'net.*bridge' || { echo "1..0 # SKIP no NET_BRIDGE in this build"; exit 0; }
ip link set lo up
mkdir -p /run/netns
mount -t tmpfs none /run/netns
ip netns add far
ip link add up0 type veth peer name eth0 netns far || { echo "1..0 # SKIP this kernel has no veth"; exit 0; }
ip netns exec far sh -c 'ip link set lo up; ip link set eth0 up; ip addr add 10.50.0.1/24 dev eth0'
cat >"$live_dir/udhcpd.conf" <<END
start 10.50.0.100
end 10.50.0.120
interface eth0
lease_file $live_dir/leases
pidfile $live_dir/udhcpd.pid
option subnet 255.255.255.0
option router 10.50.0.1
option dns 10.50.0.1
option domain example.org
option lease 600
END
touch "$live_dir/leases"
ip netns exec far busybox udhcpd -f "$live_dir/udhcpd.conf" >"$live_dir/udhcpd.log" 2>&1 &
server=$!
# shellcheck disable=SC2086 # one number
trap 'kill $server 2>/dev/null; live_end' EXIT
cat >"$MYCTR_ETC/manifest" <<'END'
[network lan]
parent = up0
dhcp = yes
END
ln -s busybox "$root/bin/udhcpc"
cat >"$root/bin/use" <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/24" dev "$interface"
ip route add default via "$router"
echo "nameserver $dns" >/etc/resolv.conf
END
chmod +x "$root/bin/use"
check "the manifest is right" "$MYCTR" manifest check "$MYCTR_ETC/manifest"
"$MYCTR" run --rm --storage tmpfs --net lan --name one --cap-add NET_ADMIN --cap-add NET_RAW "$root" sh -c \
	'ip -4 addr show eth0 | grep -c inet; udhcpc -i eth0 -n -q -t 20 -s /bin/use; ip addr; ip route; cat /etc/resolv.conf; echo ready; sleep 60' \
	>"$live_dir/one" 2>&1 &
until_true 30 grep -q ready "$live_dir/one"
got=$(cat "$live_dir/one")
has "it begins without an address" '^0$' "$got"
has "and is given one" 'inet 10\.50\.0\.1[0-2][0-9]/24 .*eth0' "$got"
has "a default route" 'default via 10\.50\.0\.1 ' "$got"
has "and a name server, in a file of its own" '^nameserver 10\.50\.0\.1$' "$got"
mac=$(printf '%s\n' "$got" | sed -n '/eth0@/,$s/.*link\/ether \([0-9a-f:]*\).*/\1/p' | head -n 1)
has "its MAC is of its name" '^02:' "$mac"
hasnt "the device has no address on that bridge" 'inet ' "$(ip -4 addr show br-lan)"
has "the parent is a port of the bridge" 'master br-lan' "$(ip link show up0)"
address=$(printf '%s\n' "$got" | sed -n 's/.*inet \(10\.50\.0\.[0-9]*\).*/\1/p' | head -n 1)
check "it is reached from the other end" ip netns exec far busybox ping -c 1 -W 5 "$address"
"$MYCTR" kill one >/dev/null 2>&1
until_true 10 sh -c "! ip link show br-lan"
fails "with it the bridge goes" ip link show br-lan
has "and the uplink stays" 'up0' "$(ip link)"
hasnt "free" 'master' "$(ip link show up0)"
until_true 20 sh -c "! '$MYCTR' ps -aq | grep -q '^one\$'"
# the same MAC means the same lease
"$MYCTR" run --rm --storage tmpfs --net lan --name one --cap-add NET_ADMIN --cap-add NET_RAW "$root" sh -c \
	'udhcpc -i eth0 -n -q -t 20 -s /bin/use; ip -4 addr show eth0' >"$live_dir/two" 2>&1
has "the next start has the same address, by the same MAC" "inet $address/24" "$(cat "$live_dir/two")"
# what does not fit is said
fails "a fixed address where nobody knows which fit" "$MYCTR" run --rm --net lan --ip 10.50.0.9 --name x --read-only "$root" true
has "is an error" '10.50.0.9: is in no subnet' "$got"
fails "a port cannot lead there" "$MYCTR" run --rm --net lan -p 8080:80 --name x --read-only "$root" true
has "and that is said" 'needs a network of kind bridge that gives it an address' "$got"
done_testing
