#!/bin/sh
# SPDX-License-Identifier: MIT
# Published ports of containers: a device with a LAN and a WAN side in network namespaces made here, real
# containers with a server in each, and what must hold after a stop, a kill, a flush and a new supervisor.
# What the rules themselves do is tested by rules.sh.
here=$(cd "$(dirname "$0")" && pwd)
if [ "${NAT_NETNS:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
	for tool in nft ip socat unshare curl iperf3 python3; do
		command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
	done
	NAT_NETNS=yes exec unshare -n -m "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR
. "$here/lib.sh"

mkdir -p /run/netns
mount -t tmpfs none /run/netns
ip link set lo up
side()
{
	ip netns add "$2"
	ip link add "$1" type veth peer name eth0 netns "$2"
	ip addr add "$3.1/24" dev "$1"
	ip link set "$1" up
	ip netns exec "$2" sh -c "ip link set lo up; ip link set eth0 up; ip addr add $3.2/24 dev eth0; ip route add default via $3.1"
}
side lan0 lan 192.168.1
side wan0 wan 203.0.113
cat >"$MYCTR_ETC/manifest" <<EOF
[system]
wan = wan0
[network app]
subnet = 10.77.0.0/24
subnet6 = fd00:77::/64
[network other]
subnet = 10.78.0.0/24
[network shut]
subnet = 10.79.0.0/24
isolate = yes
EOF
ln -sf busybox "$root/bin/httpd"
mkdir -p "$root/www"
echo hello >"$root/www/index.html"
pids=
# shellcheck disable=SC2086 # a list
trap 'kill $pids 2>/dev/null; live_end' EXIT

at() { ns=$1; shift; [ "$ns" = host ] || set -- ip netns exec "$ns" "$@"; timeout 5 "$@"; }
get() { at "$1" curl -s --connect-timeout 0.7 "http://$2/" || echo "-"; }
# Ready when it answers by its own address, as the device may reach it.
up() { until_true 5 curl -s --connect-timeout 0.3 "http://$1/"; }
address() { "$MYCTR" inspect "$1" 2>/dev/null | grep -Eo '10\.7[0-9]\.0\.[0-9]+' | head -n 1; }
web() { name=$1; shift; "$MYCTR" run --name "$name" --storage tmpfs "$@" "$root" httpd -f -p 80 -h /www; }
table() { nft list table inet myctr 2>/dev/null; }
# from NAME URL: asked from inside the container
from() { timeout 5 "$MYCTR" exec "$1" sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 $2 2>/dev/null | grep -o hello" 2>/dev/null || echo "-"; }
clean() { [ -z "$(nft list ruleset)" ] && ! ip link | grep -Eq 'br-|veth'; }

# ---- run in a terminal, no supervisor ----------------------------------------------------------------
web one --rm --net app -p 8080:80 -p 8443:80@lan0 -p 127.0.0.1:8081:80 >"$live_dir/one" 2>&1 &
pid=$!
pids="$pids $pid"
until_true 5 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:8080/" || cat "$live_dir/one"
is "from the LAN" hello "$(get lan 192.168.1.1:8080)"
is "by its interface" hello "$(get lan 192.168.1.1:8443)"
is "from the device by 127.0.0.1" hello "$(get host 127.0.0.1:8080)"
is "only from the device" "hello -" "$(get host 127.0.0.1:8081) $(get lan 192.168.1.1:8081)"
is "from the LAN by the device's IPv6 address" hello "$(get host '[fd00:77::1]:8080')"
is "not from the WAN" "-" "$(get wan 203.0.113.1:8080)"
is "to itself" hello "$(from one "192.168.1.1 8080")"

# ---- taken ports -------------------------------------------------------------------------------------
got=$(web two --rm --net app -p 8080:80 2>&1)
has "a port of another container names it" 'publish: 8080:80 is taken by container one \(8080:80\)' "$got"
got=$(web two --rm --net app -p 8000-8100:8000-8100 2>&1)
has "within a range, too" 'taken by container one' "$got"
socat TCP4-LISTEN:9090,fork - </dev/null >/dev/null 2>&1 & pids="$pids $!"
sleep 0.1
got=$(web two --rm --net app -p 9090:80 2>&1)
has "a port of a program names it" 'port 9090/tcp is taken by socat \(process [0-9]+\)' "$got"
hasnt "what could not start leaves nothing" 'two' "$(table)"
got=$(web two --rm --net none -p 9091:80 2>&1)
has "a port that leads nowhere is refused" 'nothing can reach a container with network = none' "$got"
got=$(web two --rm --net host -p 9091:80 2>&1)
has "one with the device's network, too" "its ports are the device's" "$got"

# ---- the end of a run ----------------------------------------------------------------------------------
"$MYCTR" stop -t 0 one >/dev/null 2>&1
wait $pid
check "nothing is left after its end" until_true 3 clean
web one --rm --net app -p 8080:80 >/dev/null 2>&1 & pid=$!
until_true 5 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:8080/"
kill -9 $pid
wait $pid 2>/dev/null
"$MYCTR" rm -f one >/dev/null 2>&1
check "nothing after SIGKILL and rm" until_true 3 clean

# ---- a supervisor ------------------------------------------------------------------------------------
start() { "$MYCTR" daemon >>"$live_dir/daemon.log" 2>&1 & echo $! >"$live_dir/daemon.pid"; until_true 5 "$MYCTR" ps; until_true 5 test -S "$MYCTR_RUN/ctl"; }
start
web one -d --net app -p 8080:80 >/dev/null
web two -d --net other -p 8082:80 >/dev/null
web iso -d --net shut -p 8083:80 >/dev/null
for port in 8080 8082 8083; do until_true 5 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:$port/"; done
is "three networks, three ports" "hello hello hello" \
	"$(get lan 192.168.1.1:8080) $(get lan 192.168.1.1:8082) $(get lan 192.168.1.1:8083)"
is "one container at another's port" hello "$(from one "192.168.1.1 8082")"
is "an isolated one at no other's" "-" "$(from iso "192.168.1.1 8080")"
# Their order within a set is the kernel's.
list() { nft list ruleset | tr -d '\n\t ' | sed 's/{/{\n/g;s/}/\n}\n/g;s/,/\n/g' | sort; }
list >"$live_dir/before"
back() { list >"$live_dir/after"; cmp "$live_dir/before" "$live_dir/after"; }
nft flush ruleset
check "after a flush of all rules ours come back" until_true 3 back
is "and lead in again" hello "$(get lan 192.168.1.1:8080)"
has "which is said" 'rules' "$(cat "$live_dir/daemon.log")"
nft flush chain inet myctr publish
check "after a flush of one chain, too" until_true 3 back
nft delete element inet myctr any4 '{ tcp . 8080 }'
check "after an element was deleted, too" until_true 5 back
nft add table inet theirs
nft add chain inet theirs forward '{ type filter hook forward priority 0; }'
theirs=$(nft list table inet theirs)
sleep 0.3
is "another's table is nothing to us" "$theirs" "$(nft list table inet theirs)"
nft delete table inet theirs
kill -9 "$(cat "$live_dir/daemon.pid")"; wait "$(cat "$live_dir/daemon.pid")" 2>/dev/null
nft flush ruleset
start
check "a new supervisor brings them back" until_true 3 back
is "and they lead in" hello "$(get lan 192.168.1.1:8080)"
"$MYCTR" restart -t 0 one >/dev/null 2>&1
check "a restarted one is led to again" until_true 5 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:8080/"
for name in one two iso; do "$MYCTR" rm -f $name >/dev/null 2>&1; done
check "nothing is left when all are gone" until_true 5 clean
kill "$(cat "$live_dir/daemon.pid")"
rm -f "$live_dir/daemon.pid"

# ---- places that have more than one way to be written ------------------------------------------------
start
web one -d --net app -p 0.0.0.0:8080:80 -p '[::]:8081:80' -p '[::1]:8082:80' -p 8443:80@lan0 -p 5201:5201 >/dev/null
until_true 5 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:8080/"
is "0.0.0.0 is every IPv4 address" "hello hello -" \
	"$(get lan 192.168.1.1:8080) $(get host 127.0.0.1:8080) $(get host '[fd00:77::1]:8080')"
is "but not the WAN's" "-" "$(get wan 203.0.113.1:8080)"
is "[::] is every IPv6 address" "hello -" "$(get host '[fd00:77::1]:8081') $(get lan 192.168.1.1:8081)"
is "[::1] is the device's own alone" "hello -" "$(get host '[::1]:8082') $(get host '[fd00:77::1]:8082')"
is "a port of an interface, from the device itself" "hello hello" "$(get host 192.168.1.1:8443) $(get host 127.0.0.1:8443)"
web two -d --net other -p 8443:80@wan0 >/dev/null
until_true 5 sh -c "ip netns exec wan curl -s --connect-timeout 0.3 http://203.0.113.1:8443/"
is "the same port of two interfaces" "hello hello" "$(get lan 192.168.1.1:8443) $(get wan 203.0.113.1:8443)"
got=$(web three --rm --net app -p '[::1]:8083:80' 2>&1)
has "[::1] without a supervisor is refused" 'rules lead nothing away from ::1; a supervisor can' "$got"
kill -9 "$(cat "$live_dir/daemon.pid")"; wait "$(cat "$live_dir/daemon.pid")" 2>/dev/null
start
check "a new supervisor leads [::1] again" until_true 5 curl -s --connect-timeout 0.3 'http://[::1]:8082/'

# a real load, both ways
server_of() { "$MYCTR" ps --format tsv | grep "^$1	" | cut -f5; }
nsenter -t "$(server_of one)" -n iperf3 -s >/dev/null 2>&1 & pids="$pids $!"
until_true 10 sh -c "nsenter -t $(server_of one) -n ss -Hltn | grep -q ':5201 '"
for way in '' -R; do
	# shellcheck disable=SC2086 # an option or none
	got=$(ip netns exec lan timeout 20 iperf3 -c 192.168.1.1 -n 16M $way 2>&1)
	has "iperf3 by a published port${way:+, back}" '1[67]\.[0-9] MBytes.*sender' "$got"
done

# ---- datagrams from one client all the while ----------------------------------------------------------
# answer NAME: a server of datagrams in that container, that says its name
answer()
{
	nsenter -t "$(server_of "$1")" -n timeout 60 socat UDP4-RECVFROM:53,fork SYSTEM:"echo $1" >/dev/null 2>&1 & pids="$pids $!"
	until_true 10 sh -c "nsenter -t $(server_of "$1") -n ss -Hlun | grep -q ':53 '"
}
ask() { echo ping | at lan socat -t 1.5 - UDP:192.168.1.1:5301,sourceport=40000,reuseaddr; }
# A datagram may be slow on a loaded machine; what leads nowhere answers never.
answered()
{
	tries=8
	while [ $((tries -= 1)) -ge 0 ]; do
		r=$("$@" 2>/dev/null)
		[ -z "$r" ] || break
	done
	echo "$r"
}
is "nobody answers datagrams yet" "" "$(ask 2>/dev/null)"
web three -d --net app -p 5301:53/udp >/dev/null
answer three
is "the same client, when somebody does" three "$(answered ask)"
"$MYCTR" rm -f three >/dev/null 2>&1
web four -d --net app -p 5301:53/udp >/dev/null
answer four
is "and when that is somebody else" four "$(answered ask)"

# ---- a manifest with a mistake elsewhere ---------------------------------------------------------------
printf '[container broken]\nimagge = x\n' >>"$MYCTR_ETC/manifest"
has "a container's mistake is no network's" hello "$("$MYCTR" run --rm --net app --read-only "$root" echo hello 2>&1)"
sed -i 's/^isolate = yes/isolated = yes/' "$MYCTR_ETC/manifest"
has "a network's is said" 'app: .*manifest:10:1: unknown key "isolated" .did you mean "isolate"' \
	"$("$MYCTR" run --rm --net app --read-only "$root" echo hello 2>&1)"
sed -i 's/^isolated = yes/isolate = yes/; /broken/d; /imagge/d' "$MYCTR_ETC/manifest"
for name in one two four; do "$MYCTR" rm -f $name >/dev/null 2>&1; done
check "nothing is left of these" until_true 5 clean
kill "$(cat "$live_dir/daemon.pid")"
rm -f "$live_dir/daemon.pid"

# ---- without nf_tables: a build that does not use it stands for a kernel that has none -----------------
out=$live_dir/build
if make -s -C "$live_top" O="$out" full_defconfig >/dev/null 2>&1 &&
	sed -i 's/^CONFIG_NET_NFT=y/# CONFIG_NET_NFT is not set/' "$out/.config" &&
	make -s -C "$live_top" O="$out" olddefconfig >/dev/null 2>&1 && make -s -C "$live_top" O="$out" >"$live_dir/make" 2>&1; then
	MYCTR=$out/myctr
	start
	got=$(web one -d --net app -p 8080:80 2>&1)
	has "a network that is to have nat is refused" 'network app: nat: the kernel has no nf_tables' "$got"
	"$MYCTR" rm -f one >/dev/null 2>&1
	kill "$(cat "$live_dir/daemon.pid")"
	wait "$(cat "$live_dir/daemon.pid")"
	sed -i 's/^subnet = 10.77.*/&\nnat = no/' "$MYCTR_ETC/manifest"
	start
	web one -d --net app -p 8080:80 -p 8443:80@lan0 -p 127.0.0.1:8081:80 -p 5300:53/udp -p 203.0.113.1:8444:80 >/dev/null
	"$MYCTR" exec -d one true 2>/dev/null
	until_true 5 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:8080/"
	is "forwarded from the LAN" hello "$(get lan 192.168.1.1:8080)"
	is "by its interface" hello "$(get lan 192.168.1.1:8443)"
	is "from the device by 127.0.0.1 and ::1" "hello hello" "$(get host 127.0.0.1:8080) $(get host '[::1]:8080')"
	is "only from the device" "hello -" "$(get host 127.0.0.1:8081) $(get lan 192.168.1.1:8081)"
	is "not from the WAN" "- - -" "$(get wan 203.0.113.1:8080) $(get wan 192.168.1.1:8080) $(get wan 203.0.113.1:8443)"
	is "but by the address named" hello "$(get wan 203.0.113.1:8444)"
	nsenter -t "$(pgrep -f '^httpd -f -p 80' | head -n 1)" -n \
		timeout 20 socat -T 1 UDP4-LISTEN:53,fork EXEC:cat >/dev/null 2>&1 & pids="$pids $!"
	sleep 0.2
	echo_udp() { echo "$1" | at lan socat -T 0.5 - UDP:192.168.1.1:5300; }
	for i in 1 2 3; do
		is "UDP and back, client $i" "ping $i" "$(answered echo_udp "ping $i")"
	done
	is "no UDP from the WAN" "" "$(echo ping | at wan socat -T 0.5 - UDP:203.0.113.1:5300)"
	head -c 3000000 /dev/urandom >"$root/www/big"
	is "three megabytes whole" "$(sha256sum <"$root/www/big")" "$(at lan curl -s http://192.168.1.1:8080/big | sha256sum)"
	sleep 20 | at lan socat - TCP:192.168.1.1:8080 & pids="$pids $!"
	i=0
	while [ $i -lt 60 ]; do i=$((i + 1)); echo "url = http://192.168.1.1:8080/"; done >"$live_dir/urls"
	is "60 requests, eight at once, beside a client that says nothing" 60 "$(at lan curl -s --parallel --parallel-max 8 -K "$live_dir/urls" | grep -c hello)"
	ip netns exec lan timeout 60 python3 -c '
import socket, sys, time
held = []
for i in range(140):
    c = socket.socket()
    c.settimeout(5)
    c.connect(("192.168.1.1", 8080))
    held.append(c)
open(sys.argv[1], "w").close()
time.sleep(60)' "$live_dir/held" & holder=$!
	until_true 20 test -e "$live_dir/held"
	is "one client holds all connections there are: another still has one" "hello hello" \
		"$(get host 127.0.0.1:8080) $(get host '[::1]:8080')"
	kill $holder
	wait $holder 2>/dev/null
	pid=$(cat "$live_dir/daemon.pid")
	# half-closed ones of which the other end says nothing, as its queue was full, end after two minutes
	until_true 150 sh -c "[ \$(ls /proc/$pid/fd | wc -l) -lt 60 ]"
	has "what has ended is closed" '^[1-5][0-9]$' "$(find "/proc/$pid/fd" -type l | wc -l)"
	is "it is no process more" 1 "$(pgrep -c -f "^$MYCTR daemon")"
	got=$(web two -d --net app -p 8080:81 2>&1)
	has "a taken port names who has it" 'taken by container one' "$got"
	kill -9 "$pid"; wait "$pid" 2>/dev/null
	start
	check "a new supervisor goes on" until_true 3 sh -c "curl -s --connect-timeout 0.3 http://127.0.0.1:8080/"
	"$MYCTR" rm -f two >/dev/null 2>&1
	got=$(web two --rm --net app -p 8085:80 2>&1)
	has "a run in a terminal cannot, and says so" 'use run -d' "$got"
	"$MYCTR" rm -f one >/dev/null 2>&1
	is "nobody listens when it is gone" "" "$(ss -Hltnu | grep -E ':(8080|8443|5300) ')"
	kill "$(cat "$live_dir/daemon.pid")"
	rm -f "$live_dir/daemon.pid"
else
	not_ok "a build without NET_NFT" "$(tail -n 5 "$live_dir/make")"
fi
done_testing
