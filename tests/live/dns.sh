#!/bin/sh
# SPDX-License-Identifier: MIT
# Names of containers, asked for by containers, with dig and with the resolvers of BusyBox and glibc; and
# what goes on to other servers. In network and mount namespaces of its own.
# shellcheck source-path=SCRIPTDIR
if [ "${1:-}" != inside ]; then
	exec unshare -n -m --propagation private "$0" inside
fi
. "$(dirname "$0")/lib.sh"

command -v dig >/dev/null || { skip "dns" "no dig (bind9-dnsutils)"; done_testing; exit 0; }
config=$(dirname "$MYCTR")/include/autoconf.h
if [ -f "$config" ] && ! grep -q '^#define CONFIG_DNS 1' "$config"; then
	skip "dns" "not in this build"
	done_testing
	exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)
ip link set lo up
ip addr add 127.0.0.2/8 dev lo
for tool in nslookup ping; do ln -sf busybox "$root/bin/$tool"; done
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
resolv=$live_dir/resolv.conf
touch "$resolv"
mount --bind "$resolv" /etc/resolv.conf
servers=
serve() { python3 "$here/dns_server.py" "$1" "$live_dir/log.$1" & servers="$servers $!"; }
ask_host() { printf '%s\n' "$@" >"$resolv"; sleep 1.2; }
serve 127.0.0.1
serve 127.0.0.2
echo "nameserver 127.0.0.1" >"$resolv"

cat >"$MYCTR_ETC/manifest" <<END
[network lan0]
subnet = 10.88.1.0/24
subnet6 = fd00:88:1::/64
[network lan1]
subnet = 10.88.2.0/24
strict = no
[network apart]
subnet = 10.88.3.0/24
isolate = yes
[network inner]
subnet = 10.88.4.0/24
internal = yes
[network quiet]
subnet = 10.88.5.0/24
dns = no
[network joined]
bridge = mine
subnet = 10.88.6.0/24
gateway = 10.88.6.254
END
# somebody else's bridge, whose gateway is another device
ip link add mine type bridge
ip link set mine up
has "check says that nobody answers there" 'network joined: its containers do not know' "$("$MYCTR" check 2>&1 | tr -s '\n ' ' ')"
for c in "j joined 10.88.6.18" "k joined 10.88.6.19" "a lan0 10.88.1.10,fd00:88:1::10" "b lan0 10.88.1.11" "c lan0,lan1 10.88.1.12,10.88.2.12" "d lan1 10.88.2.13" \
	"e apart 10.88.3.14" "f apart 10.88.3.15" "g inner 10.88.4.16" "h quiet 10.88.5.17" "i lan0 10.88.1.18"; do
	# shellcheck disable=SC2086
	set -- $c
	printf '[container %s]\nimage = %s\nstorage = tmpfs\ncommand = sleep 1000\nnetwork = %s\nip = %s\nstop-signal = KILL\n' \
		"$1" "$root" "$2" "$3" >>"$MYCTR_ETC/manifest"
	[ "$1" != b ] || printf 'network-alias = web www\n' >>"$MYCTR_ETC/manifest"
	[ "$1" != c ] || printf 'network-alias = web\n' >>"$MYCTR_ETC/manifest"
	[ "$1" != i ] || printf 'dns = 127.0.0.2\nautostart = yes\n' >>"$MYCTR_ETC/manifest"
done
printf '[container down]\nimage = %s\ncommand = true\nnetwork = lan0\nautostart = no\n' "$root" >>"$MYCTR_ETC/manifest"
"$MYCTR" daemon >"$live_dir/daemon.log" 2>&1 &
echo $! >"$live_dir/daemon.pid"
running() { [ "$("$MYCTR" ps | grep -c ' Up ')" = 11 ]; }
if ! until_true 20 running; then
	not_ok "eleven containers run" "$(cat "$live_dir/daemon.log"; "$MYCTR" ps -a)"
	done_testing
	exit 1
fi

pid() { "$MYCTR" inspect --format tsv "$1" | awk -F"\t" '$1 == "state.pid" { print $2 }'; }
in_net() { c=$1; shift; nsenter -t "$(pid "$c")" -n "$@"; } # the host's program in a container's network
q() { c=$1; server=$2; shift 2; in_net "$c" dig "@$server" +tries=1 +timeout=6 "$@" 2>&1; }
short() { q "$@" +short | sort | tr '\n' ' ' | sed 's/ $//'; }
status() { q "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }
asked() { wc -l <"$live_dir/log.$1"; }
g=10.88.1.1

# ---- what a container is told
has "resolv.conf names the bridge" "^nameserver $g\$" "$("$MYCTR" exec a cat /etc/resolv.conf)"
has "resolv.conf names it over IPv6 too" '^nameserver fd00:88:1::1$' "$("$MYCTR" exec a cat /etc/resolv.conf)"
has "hosts has its own addresses" '^10.88.1.10.a$' "$("$MYCTR" exec a cat /etc/hosts)"
has "dns = no: the network's resolv.conf has no bridge" '^0$' "$("$MYCTR" exec h grep -c 10.88.5.1 /etc/resolv.conf)"
has "busybox nslookup knows a container" '10\.88\.1\.11' "$("$MYCTR" exec a nslookup b 2>&1)"
has "busybox ping knows a container" '^PING b \(10\.88\.1\.11\)' "$("$MYCTR" exec a ping -4 -c 1 -W 1 b 2>&1)"
has "busybox ping knows an alias" '^PING www \(10\.88\.1\.11\)' "$("$MYCTR" exec a ping -4 -c 1 -W 1 www 2>&1)"
has "glibc knows a container" '^10\.88\.1\.11 ' "$(echo "nameserver $g" >"$live_dir/r"; in_net a unshare -m sh -c "mount --bind $live_dir/r /etc/resolv.conf; getent ahostsv4 b")"
has "glibc knows an address" '^10\.88\.1\.11 *b\.lan0$' "$(in_net a unshare -m sh -c "mount --bind $live_dir/r /etc/resolv.conf; getent hosts 10.88.1.11")"

# ---- a bridge that is joined: the device's own address there, from when it has one
is "nobody answers at another device's address" "" "$(short j 10.88.6.254 k +timeout=1 | grep '^10')"
ip addr add 10.88.6.5/24 dev mine
until_true 10 sh -c "nsenter -t $(pid j) -n dig @10.88.6.5 +tries=1 +timeout=1 +short k | grep -q 10.88.6.19"
is "by its own address it answers" 10.88.6.19 "$(short j 10.88.6.5 k)"
"$MYCTR" restart -t 0 j >/dev/null
until_true 10 sh -c "'$MYCTR' ps | grep -q '^j .* Up '"
has "which is what the next start is told" '^nameserver 10.88.6.5$' "$("$MYCTR" exec j cat /etc/resolv.conf)"
has "and by which it knows the other" '10\.88\.6\.19' "$("$MYCTR" exec j nslookup k 2>&1)"
hasnt "check has nothing to say then" 'network joined' "$("$MYCTR" check 2>&1)"

# ---- names
is "A" 10.88.1.11 "$(short a $g b)"
is "A, any case" 10.88.1.11 "$(short a $g B)"
is "A, with the network's name" 10.88.1.11 "$(short a $g b.lan0)"
is "AAAA" fd00:88:1::10 "$(short b $g a.lan0 AAAA)"
is "AAAA over IPv6" fd00:88:1::10 "$(short a fd00:88:1::1 a.lan0 AAAA)"
is "over TCP" 10.88.1.11 "$(short a $g b +tcp)"
is "over TCP, two in one connection" "10.88.1.10 10.88.1.11" "$(short a $g +tcp +keepopen a.lan0 b)"
is "alias of two" "10.88.1.11 10.88.1.12" "$(short a $g web)"
is "PTR" b.lan0. "$(short a $g -x 10.88.1.11)"
is "PTR, IPv6" a.lan0. "$(short a $g -x fd00:88:1::10)"
is "no such address of ours: NXDOMAIN" NXDOMAIN "$(status a $g -x 10.88.1.99)"
has "no AAAA: NODATA" 'NOERROR.*ANSWER: 0' "$(q c 10.88.2.1 d AAAA | grep -E 'status|ANSWER:' | tr '\n' ' ')"
is "MX of a container: NODATA" "NOERROR" "$(status a $g b MX)"
has "the answer is short-lived" 'b\..*[	 ][0-5][	 ]+IN[	 ]+A' "$(q a $g b)"
is "one that is down: NXDOMAIN" NXDOMAIN "$(status a $g down)"
is "nothing of it went on" 0 "$(cat "$live_dir"/log.* | grep -Ec ' (a|b|web|down|.*arpa)(\.lan0)? ')"
is "another network's is not known" "" "$(short a $g d | grep 10.88)"
is "one on both networks knows both" "10.88.1.10 10.88.2.13" "$(short c $g a.lan0 d)"
is "and is known to each by the address there" "10.88.2.12" "$(short d 10.88.2.1 c)"
is "isolate: not its neighbour" NXDOMAIN "$(status e 10.88.3.1 f)"
is "isolate: itself" 10.88.3.14 "$(short e 10.88.3.1 e)"
is "dns = no: nobody answers" "" "$(short h 10.88.5.1 h +timeout=1 | grep '^10')"
is "class CH goes on, and is answered" NOERROR "$(status a $g x.example CH TXT)"

# ---- what goes on
is "another name" 192.0.2.1 "$(short a $g www.example.org)"
is "over TCP" 192.0.2.1 "$(short a $g www.example.org +tcp)"
is "NXDOMAIN comes back" NXDOMAIN "$(status a $g nx.example)"
is "SERVFAIL comes back" SERVFAIL "$(status a $g servfail.example)"
is "a late answer" 192.0.2.1 "$(short a $g late.example)"
is "wrong id first" 192.0.2.1 "$(short a $g wrongid.example)"
is "wrong question first" 192.0.2.1 "$(short a $g wrongq.example)"
is "only wrong answers: SERVFAIL" SERVFAIL "$(status a $g spoof.example)"
is "EDNS goes through" '"1400"' "$(short a $g edns.example TXT +bufsize=1400)"
has "a long answer is cut" 'flags:.* tc' "$(q a $g big.example +ignore +noedns)"
is "and comes whole over TCP" 200 "$(q a $g big.example +short +noedns | wc -l)"
is "a malformed query: FORMERR" 1 "$(in_net a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(b"\1\2\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", ("10.88.1.1", 53))
print(s.recv(512)[3] & 15)' 2>&1)"
is "internal: what is not here is not to be had" SERVFAIL "$(status g 10.88.4.1 www.example.org)"
is "and did not go on" "" "$(sed -n '/internal/p' "$live_dir"/log.*)"
before=$(asked 127.0.0.1)
is "a container's own dns" 192.0.2.2 "$(short i $g own.example)"
is "and nobody else is asked" "$before" "$(asked 127.0.0.1)"
is "which still knows containers" 10.88.1.11 "$(short i $g b)"

# ---- whom to ask
ask_host "nameserver 127.0.0.2"
is "the device's resolv.conf changes" 192.0.2.2 "$(short a $g changed.example)"
ask_host "nameserver 127.0.0.3" "nameserver 127.0.0.2"
is "nobody at the first: the second" 192.0.2.2 "$(short a $g second.example)"
before=$(date +%s)
ask_host "nameserver 127.0.0.3"
is "nobody anywhere: SERVFAIL" SERVFAIL "$(status a $g nobody.example)"
is "at once" yes "$([ $(($(date +%s) - before)) -le 3 ] && echo yes)"
ask_host "nameserver 127.0.0.3" "nameserver 127.0.0.2"
is "TCP: nobody at the first" 192.0.2.2 "$(short a $g second.example +tcp)"
ask_host "nameserver $g"
is "ourselves: SERVFAIL, no loop" SERVFAIL "$(status a $g loop.example)"
ask_host "nameserver 127.0.0.1" "nameserver 127.0.0.2"
for log in "$live_dir"/log.*; do : >"$log"; done
is "a silent server: the other is asked, then SERVFAIL" SERVFAIL "$(status a $g silent.example)"
is "each twice" "2 2" "$(grep -c silent "$live_dir/log.127.0.0.1") $(grep -c silent "$live_dir/log.127.0.0.2")"
is "ids and ports differ" yes "$(for i in 1 2 3 4 5 6 7 8; do short a $g "id$i.example" >/dev/null; done
	[ "$(grep -hE ' id[1-8]\.' "$live_dir"/log.* | awk '{print $4}' | sort -u | wc -l)" -ge 6 ] && echo yes)"

# ---- who may ask
ip link add up0 type veth peer name up1
ip netns add "myctr-$$" && ip link set up1 netns "myctr-$$"
ip addr add 203.0.113.1/24 dev up0 && ip link set up0 up
ip netns exec "myctr-$$" sh -c 'ip addr add 203.0.113.2/24 dev up1; ip link set up1 up; ip route add default via 203.0.113.1'
is "not from outside" "" "$(ip netns exec "myctr-$$" dig @$g b +short +tries=1 +timeout=1 2>/dev/null | grep -v '^;')"
is "not from outside over TCP" "" "$(ip netns exec "myctr-$$" dig @$g b +tcp +short +tries=1 +timeout=1 2>/dev/null | grep -v '^;')"
ip netns del "myctr-$$"

# ---- too much
cat >"$live_dir/flood.py" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
end = time.time() + 3
q = b"\1\0\0\1\0\0\0\0\0\0" + sys.argv[1].encode("latin1") + b"\0\0\1\0\1"
n = 0
while time.time() < end:
    try:
        s.sendto(n.to_bytes(4, "big")[2:] + q, ("10.88.1.1", 53))
    except OSError:
        pass
    n += 1
END
in_net b python3 "$live_dir/flood.py" "$(printf '\006silent\007example')" &
flood=$!
sleep 0.3
is "a flood of questions that go on: ps answers" 11 "$(timeout 2 "$MYCTR" ps -q | wc -l)"
is "and another container's too, in the end" 10.88.1.11 "$(q a $g b +short +tries=20 +timeout=1 | grep -v "^;;")"
wait $flood
is "and after it other names" 192.0.2.1 "$(sleep 4; ask_host 'nameserver 127.0.0.1'; short b $g after.example)"
# from a network that is not strict, under more addresses than there is room for questions
cat >"$live_dir/many.py" <<'END'
import os, socket, sys, time
asks, conns = [], []
for i in range(100, 200):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.88.2.%d" % i, 0))
    asks.append(s)
for i in range(100, 140):
    c = socket.socket()
    c.settimeout(1)
    c.bind(("10.88.2.%d" % i, 0))
    try:
        c.connect(("10.88.2.1", 53))
        c.send(b"\0")
        conns.append(c)
    except OSError:
        pass
q = b"\1\0\0\1\0\0\0\0\0\0\6silent\7example\0\0\1\0\1"
n = 0
while n <= 400 or os.path.exists(sys.argv[1]):
    for s in asks:
        n += 1
        s.sendto((n & 65535).to_bytes(2, "big") + q, ("10.88.2.1", 53))
    if n == 400:
        open(sys.argv[1], "w").close()
    time.sleep(0.3)
END
in_net d sh -c 'i=100; while [ $i -lt 200 ]; do ip addr add 10.88.2.$i/24 dev eth0; i=$((i + 1)); done'
in_net d timeout 100 python3 "$live_dir/many.py" "$live_dir/full" &
flood=$!
until_true 20 test -e "$live_dir/full"
is "one under many addresses: another network's question goes on" 192.0.2.1 "$(short a $g www.example.org)"
is "and a neighbour's" 192.0.2.1 "$(short c 10.88.2.1 www.example.org)"
is "over TCP, too" "192.0.2.1 192.0.2.1" "$(short a $g www.example.org +tcp) $(short c 10.88.2.1 www.example.org +tcp)"
rm -f "$live_dir/full"
wait $flood
in_net b python3 -c '
import socket, time
conns = []
for i in range(40):
    c = socket.socket()
    c.settimeout(1)
    try:
        c.connect(("10.88.1.1", 53))
        c.send(b"\0")
        conns.append(c)
    except OSError:
        pass
time.sleep(3)' &
flood=$!
sleep 1
is "one that holds many connections: another still has one" 10.88.1.11 "$(short a $g b +tcp)"
wait $flood

# ---- coming and going
"$MYCTR" stop b >/dev/null 2>&1
is "stopped: not known any more" NXDOMAIN "$(status a $g b)"
"$MYCTR" start b >/dev/null 2>&1
is "started: known again" 10.88.1.11 "$(short a $g b)"
"$MYCTR" stop e f >/dev/null 2>&1
"$MYCTR" start e >/dev/null 2>&1
is "a bridge that went and came: answered again" 10.88.3.14 "$(until_true 3 q e 10.88.3.1 e; short e 10.88.3.1 e)"
is "run in a terminal: known, and knows" 10.88.1.11 "$("$MYCTR" run --rm --net lan0 --name fore --dns 10.88.1.1 "$root" nslookup b.lan0 10.88.1.1 2>/dev/null | sed -n 's/^Address: *\(10\.88.*\)/\1/p' | tail -n 1)"
kill -KILL "$(cat "$live_dir/daemon.pid")"
wait "$(cat "$live_dir/daemon.pid")" 2>/dev/null
"$MYCTR" daemon >>"$live_dir/daemon.log" 2>&1 &
echo $! >"$live_dir/daemon.pid"
is "after SIGKILL of the supervisor" 10.88.1.11 "$(until_true 5 q a $g b; short a $g b)"

# shellcheck disable=SC2086
kill $servers
done_testing
