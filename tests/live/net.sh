#!/bin/sh
# SPDX-License-Identifier: MIT
# Networks on this kernel, in a network namespace of our own: links, addresses, routes, several networks,
# what stays the same, what is refused, and that nothing is left.
# shellcheck source-path=SCRIPTDIR
if [ -z "${LIVE_NETNS:-}" ]; then
	command -v ip >/dev/null || { echo "1..0 # SKIP ip is missing (apt-get install iproute2)"; exit 0; }
	unshare -n true 2>/dev/null || { echo "1..0 # SKIP no network namespaces here"; exit 0; }
	LIVE_NETNS=1 exec unshare -n "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
"$MYCTR" features | grep -q 'net.*bridge' || { echo "1..0 # SKIP no NET_BRIDGE in this build"; exit 0; }
ip link set lo up
if ! ip link add t0 type bridge 2>/dev/null || ! ip link add t1 type veth peer name t2 2>/dev/null; then
	echo "1..0 # SKIP this kernel has no bridge or veth"
	exit 0
fi
ip link del t0; ip link del t1
links() { ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | sort | tr '\n' ' '; }
# end NAME: of a foreground container, by its own process
end() { "$MYCTR" kill "$1" >/dev/null 2>&1; until_true 5 sh -c "! '$MYCTR' ps -q | grep -qx '$1'"; }
leftovers()
{
	tries=100
	while [ "$(links)" != "${1:-lo }" ] && [ $tries -gt 0 ]; do
		sleep 0.05
		tries=$((tries - 1))
	done
	links
}

cat >"$MYCTR_ETC/manifest" <<'END'
[network lan0]
subnet = 10.77.0.0/24
subnet6 = fd00:77::/64
mtu = 1400
[network lan1]
subnet = 10.78.0.0/28
internal = yes
isolate = yes
[network tiny]
subnet = 10.79.0.0/30
[network joined]
bridge = mine
subnet = 10.80.0.0/24
gateway = 10.80.0.254
[network mv]
kind = macvlan
parent = low0
subnet = 10.81.0.0/24
gateway = 10.81.0.1
[network iv]
kind = ipvlan
parent = low2
subnet = 10.82.0.0/24
[network vl]
parent = low0
vlan = 7
subnet = 10.83.0.0/24
[network mvl]
kind = macvlan
parent = low0
vlan = 8
subnet = 10.84.0.0/24
[network ph]
kind = phys
parent = low0
[container m]
image = /nowhere
command = true
network = lan0
autostart = no
END

# one link
got=$(run_in --net lan0 --name one "$root" ip a 2>&1)
has "an address of its subnet" 'inet 10\.77\.0\.[0-9]+/24 brd 10.77.0.255 .*eth0' "$got"
has "an IPv6 address, usable at once" 'inet6 fd00:77::[0-9a-f:]+/64 scope global flags 02' "$got"
has "its MTU, its final name, up" 'eth0@.*,UP,LOWER_UP.* mtu 1400' "$got"
has "lo is up" '1: lo: <LOOPBACK,UP' "$got"
got=$(run_in --net lan0 --name one "$root" ip r 2>&1)
has "a default route" 'default via 10.77.0.1 dev eth0' "$got"
got=$(run_in --net lan0 --name one "$root" ip -6 r 2>&1)
has "and one for IPv6" 'default via fd00:77::1 dev eth0' "$got"
is "nothing is left" "lo " "$(leftovers)"

# while it runs
"$MYCTR" run --rm --read-only --net lan0 --net lan1 --name two --ip 10.77.0.9 --mac 02:00:00:00:00:05@lan1 "$root" sh -c \
	'ip a; ip r; echo "eth1 has $(ip a show eth1 | grep -c inet6)"; echo ready; sleep 60' >"$live_dir/two" 2>&1 &
until_true 5 grep -q ready "$live_dir/two"
got=$(cat "$live_dir/two")
has "the address that was asked for" 'inet 10.77.0.9/24' "$got"
has "a second network as eth1" 'eth1@' "$got"
has "with the MAC that was asked for" 'link/ether 02:00:00:00:00:05' "$got"
has "one default route, by the first" 'default via 10.77.0.1 dev eth0' "$got"
hasnt "none by the internal one" 'default.*eth1' "$got"
has "no IPv6 where the network has none" '^eth1 has 0$' "$got"
now="br-lan0 br-lan1 lo v-two $(links | tr ' ' '\n' | grep 'v-two.') "
is "links on the host" "$now" "$(leftovers "$now")"
has "a link says whose it is" 'alias myctr two lan0' "$(ip link show v-two)"
has "isolated ports" 'isolated on' "$(ip -d link show master br-lan1)"
hasnt "and others not" 'isolated on' "$(ip -d link show master br-lan0)"
has "the gateway on the bridge" 'inet 10.77.0.1/24' "$(ip a show br-lan0)"
has "and for IPv6" 'inet6 fd00:77::1/64' "$(ip a show br-lan0)"
is "forwarding is on" 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
has "ps shows addresses" '^two .*10.77.0.9,fd00:77::[0-9a-f:]+,10.78.0' "$("$MYCTR" ps -n)"
has "network ls" '^lan0 +bridge +10.77.0.0/24 fd00:77::/64 +br-lan0 +1$' "$("$MYCTR" network ls)"
has "network inspect" 'two +eth0 +10.77.0.9/24' "$("$MYCTR" network inspect lan0)"
got=$(run_in --net lan0 --name three "$root" sh -c 'nc -w 2 10.77.0.9 1 2>&1; ip -6 neigh; ip neigh' 2>&1)
has "a neighbour on the bridge answers" '10.77.0.9 .*lladdr|refused' "$got"
fails "an address that is taken" run_in --net lan0 --name thief --ip 10.77.0.9 "$root" true
has "the error names who has it" '10.77.0.9: container two has this address' "$got"
is "and leaves nothing" "$now" "$(leftovers "$now")"
end two
is "nothing is left of two" "lo " "$(leftovers)"

# a real connection: a server in one container, a client in another, over IPv4 and IPv6
"$MYCTR" run --rm --read-only --net lan0 --name server --ip 10.77.0.80 --ip6 fd00:77::80 "$root" sh -c \
	'while :; do echo hello | nc -l -p 80; done' >/dev/null 2>&1 &
until_true 5 ip link show v-server
is "reached by another container" hello "$(run_in --net lan0 --name client "$root" sh -c 'sleep 0.2; nc -w 3 10.77.0.80 80' 2>/dev/null)"
is "reached over IPv6" hello "$(run_in --net lan0 --name client "$root" sh -c 'sleep 0.2; nc -w 3 fd00:77::80 80' 2>/dev/null)"
is "reached by the host" hello "$(sleep 0.2; busybox nc -w 3 10.77.0.80 80 </dev/null)"
end server

# the same again: after a reboot, with everything of this boot gone
daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.log" 2>&1 &
	daemon=$!
	echo $daemon >"$live_dir/daemon.pid"
	until_true 5 sh -c "test \$('$MYCTR' ps -n | grep -c 'keep.*10.78') = 3"
}
addresses() { "$MYCTR" ps --format tsv | cut -f1,14 | grep keep; }
cp "$MYCTR_ETC/manifest" "$live_dir/manifest"
for n in 0 1 2; do
	printf '[container keep%s]\nimage = %s\nstorage = read-only\ncommand = sleep 600\nnetwork = lan0 lan1\nstop-signal = KILL\n' $n "$root" >>"$MYCTR_ETC/manifest"
done
daemon
first=$(addresses)
is "three containers of a manifest" 3 "$(echo "$first" | grep -c '10.77.0.*10.78.0')"
"$MYCTR" restart keep1 >/dev/null
until_true 5 sh -c "'$MYCTR' ps -n | grep -q 'keep1.*10.77'"
is "the same address after a restart" "$first" "$(addresses)"
kill $daemon; wait $daemon
is "nothing is left of them" "lo " "$(leftovers)"
rm -rf "$MYCTR_RUN"
daemon
is "and after a reboot" "$first" "$(addresses)"
kill $daemon; wait $daemon
mv "$live_dir/manifest" "$MYCTR_ETC/manifest"
rm -rf "$MYCTR_RUN" "$MYCTR_DATA"

# what is refused
fails "no such network" run_in --net nothing --name x "$root" true
has "is an error that says so" 'nothing: there is no such network' "$got"
fails "an address of no network" run_in --net lan0 --ip 10.99.0.1 --name x "$root" true
has "is an error" '10.99.0.1: is in no subnet' "$got"
fails "the gateway's address" run_in --net lan0 --ip 10.77.0.1 --name x "$root" true
fails "host and a bridge" run_in --net host --net lan0 --name x "$root" true
"$MYCTR" run --rm --read-only --net tiny --name t1 "$root" sleep 60 >/dev/null 2>&1 &
until_true 5 ip link show v-t1
fails "a network without a free address" run_in --net tiny --name t2 "$root" true
has "says what to do" 'every address of 10.79.0.0/30 is taken' "$got"
end t1

# somebody else's bridge and link
ip link add mine type bridge
ip link set mine up
"$MYCTR" run --rm --read-only --net joined --name j "$root" sh -c 'ip r; echo ready; sleep 60' >"$live_dir/j" 2>&1 &
until_true 5 grep -q ready "$live_dir/j"
has "an existing bridge is joined" 'master mine' "$(ip link show v-j)"
has "with its own gateway" 'default via 10.80.0.254' "$(cat "$live_dir/j")"
hasnt "and gets no address" '10.80' "$(ip a show mine)"
end j
is "and is left as it was" "lo mine " "$(leftovers "lo mine ")"
ip link del mine
ip link add mine type veth peer name mine2
fails "what is not a bridge" run_in --net joined --name x "$root" true
has "is an error that says so" 'mine: is a link of kind veth, not a bridge' "$got"
ip link del mine
ip link add v-stale type veth peer name stale2
check "a link left behind is replaced" run_in --net lan0 --name stale "$root" true
is "nothing is left at the end" "lo " "$(leftovers)"

# the network of those who ask for none
has "run without --net is on the default network" 'inet 10.88.' "$(unset MYCTR_NETWORK; run_in --name def "$root" ip a 2>&1)"
is "and leaves nothing" "lo " "$(leftovers)"

# on an interface of the device
ip link add low0 type veth peer name low1
# the device has an eth0 of its own, as most have
ip link add low2 type veth peer name eth0
ip link set low1 up
ip addr add 10.81.0.1/24 dev low1
kind()
{
	if "$MYCTR" check 2>/dev/null | grep -Eq "^(found|unknown) +$1 "; then return 0; fi
	skip "$2" "this kernel has no $1"
	return 1
}
if kind MACVLAN "macvlan"; then
	got=$(run_in --net mv --name mv1 "$root" sh -c 'ip a; ip r; nc -w 3 10.81.0.1 9; ip neigh' 2>&1)
	has "a macvlan link with its address" 'inet 10.81.0.[0-9]+/24' "$got"
	has "and its gateway" 'default via 10.81.0.1 dev eth0' "$got"
	has "which answers" '10.81.0.1 .*lladdr|refused' "$got"
fi
if kind IPVLAN "ipvlan"; then
	has "an ipvlan link" 'inet 10.82.0.[0-9]+/24' "$(run_in --net iv --name iv1 "$root" ip a 2>&1)"
fi
if ip link add link low0 name low0.99 type vlan id 99 2>/dev/null; then
	ip link del low0.99
	"$MYCTR" run --rm --read-only --net vl --name vl1 "$root" sleep 60 >/dev/null 2>&1 &
	until_true 5 ip link show v-vl1
	has "the VLAN of a parent is a port of the bridge" 'vlan .*id 7' "$(ip -d link show master br-vl)"
	end vl1
	check "a macvlan on a VLAN" run_in --net mvl --name mvl1 "$root" true
else
	skip "VLANs" "this kernel has no VLAN_8021Q"
fi
is "nothing is left of those" "eth0 lo low0 low1 low2 " "$(leftovers "eth0 lo low0 low1 low2 ")"
fails "a virtual link is not moved" run_in --net ph --name ph1 "$root" true
has "and it is said why" 'low0: is a virtual link of kind veth' "$got"
ip link del low0
ip link del low2
fails "a parent that is not there" run_in --net mv --name x "$root" true
has "is named" 'mv: low0: there is no such interface' "$got"

# a start that fails after the links were made
fails "a program that is not there" run_in --net lan0 --name bad "$root" /nowhere
is "nothing is left of it" "lo " "$(leftovers)"

# everything killed at once
"$MYCTR" daemon >/dev/null 2>&1 &
daemon=$!
echo $daemon >"$live_dir/daemon.pid"
until_true 5 test -S "$MYCTR_RUN/ctl"
for n in 1 2 3; do "$MYCTR" run -d --rm --read-only --stop-signal KILL --net lan0 --net lan1 --name "k$n" "$root" sleep 600 >/dev/null; done
until_true 5 ip link show v-k3
pids=$("$MYCTR" ps --format tsv | cut -f5)
# shellcheck disable=SC2086 # several
kill -9 $daemon $pids
wait $daemon 2>/dev/null
"$MYCTR" daemon >"$live_dir/daemon.log" 2>&1 &
daemon=$!
echo $daemon >"$live_dir/daemon.pid"
is "nothing is left after SIGKILL of all" "lo " "$(leftovers)"

# many
fail=0
i=0
while [ $i -lt 100 ]; do
	"$MYCTR" run -d --rm --read-only --stop-signal KILL --net lan0 --name "many$i" "$root" sleep 600 >/dev/null || fail=$((fail + 1))
	i=$((i + 1))
done
is "a hundred containers start" 0 "$fail"
is "with a hundred addresses" 100 "$("$MYCTR" ps --format tsv | cut -f14 | sort -u | grep -c 10.77.0)"
is "and a hundred links" 100 "$(ip -o link show master br-lan0 | wc -l)"
# shellcheck disable=SC2046 # names
"$MYCTR" rm -f $("$MYCTR" ps -q) >/dev/null 2>&1
is "and nothing is left of them" "lo " "$(leftovers)"
kill "$daemon"
wait "$daemon" 2>/dev/null
rm -f "$live_dir/daemon.pid"
done_testing
