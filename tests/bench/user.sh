#!/bin/sh
# SPDX-License-Identifier: MIT
# Throughput of a user's container through slirp4netns and pasta, out of it and into a published port, against
# the same program with the same options started by hand; in one run, in turn.
# usage: user.sh MYCTR      USER_RUNS=3
set -eu
[ "${USER_BENCH:-}" = yes ] || USER_BENCH=yes exec unshare -n -m -p -f --mount-proc "$0" "$@"
runs=${USER_RUNS:-3}
dir=$(mktemp -d)
end()
{
	mine=$?
	# The PID namespace is ours: whatever runs in it belongs to the bench.
	kill -KILL -1 2>/dev/null || :
	umount /dev/net/tun 2>/dev/null || :
	rm -rf "$dir"
	exit $mine
}
trap end EXIT
trap 'exit 1' INT TERM
chmod 711 "$dir"
cp "$1" "$dir/myctr"
mkdir -p "$dir/home" "$dir/root/bin" "$dir/root/proc" "$dir/root/dev" "$dir/root/sys" "$dir/root/etc" "$dir/root/tmp"
cp "$(command -v busybox)" "$dir/root/bin/busybox"
chown -R daemon: "$dir/home" "$dir/root"
mknod "$dir/tun" c 10 200
chmod 666 "$dir/tun"
mount --bind "$dir/tun" /dev/net/tun
as() { setpriv --reuid daemon --regid daemon --clear-groups env -i PATH=/usr/bin:/bin HOME="$dir/home" XDG_RUNTIME_DIR="$dir/home" "$@"; }

# The world: another namespace, with a server.
mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs none /run/netns; }
ip link set lo up
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip addr add 192.168.1.1/24 dev lan0
ip link set lan0 up
ip route add default via 192.168.1.2
ip netns exec lan sh -c 'ip link set lo up; ip link set eth0 up; ip addr add 192.168.1.2/24 dev eth0'
ip netns exec lan iperf3 -s -D >/dev/null

# until COMMAND...: true, for at most 30 s
until_true()
{
	tries=600
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "bench: $* does not come true" >&2; exit 1; }
		sleep 0.05
	done
}

# by_myctr NET, by_hand NET: the process in whose namespace it is goes to $at
by_myctr()
{
	as "$dir/myctr" run -d --name srv --network "$1" -p 5301:5201 --storage tmpfs "$dir/root" /bin/busybox sleep 1000 >/dev/null
	at=$(pgrep -n -f '^/bin/busybox sleep 1000$')
}
# In a session of its own, as that of myctr is: on a busy machine each gets its share.
by_hand()
{
	as unshare -U -r -n /bin/busybox sleep 2000 &
	until_true pgrep -n -f '^/bin/busybox sleep 2000$'
	at=$(pgrep -n -f '^/bin/busybox sleep 2000$')
	until_true sh -c "grep -q . /proc/$at/uid_map && [ \$(readlink /proc/$at/ns/net) != \$(readlink /proc/self/ns/net) ]"
	if [ "$1" = slirp ]; then
		as setsid slirp4netns --configure --mtu=65520 --disable-host-loopback \
			--enable-sandbox --enable-seccomp --enable-ipv6 --api-socket="$dir/home/api" "$at" tap0 >"$dir/home/says" 2>&1 &
		until_true test -S "$dir/home/api"
		python3 -c "import socket
s = socket.socket(socket.AF_UNIX)
s.connect('$dir/home/api')
s.send(b'{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"tcp\",\"host_addr\":\"0.0.0.0\",\"host_port\":5301,\"guest_addr\":\"10.0.2.100\",\"guest_port\":5201}}')
s.shutdown(socket.SHUT_WR)
s.recv(200)"
	else
		as setsid pasta --config-net --quiet --foreground --mtu 65520 --no-map-gw --ns-ifname eth0 --tcp-ns none --udp-ns none \
			--tcp-ports 5301:5201 --udp-ports none "$at" >/dev/null 2>&1 &
	fi
}
end_myctr() { as "$dir/myctr" rm -f srv >/dev/null; }
end_hand()
{
	kill "$at"
	pkill -x slirp4netns || :
	pkill -f '^pasta ' || :
	until_true sh -c '! pgrep -x slirp4netns && ! pgrep -f "^pasta "'
	rm -f "$dir/home/api"
}

bits() { "$@" -t 2 -J 2>/dev/null | awk '/"sum_received"/ { on = 1 } on && /bits_per_second/ { gsub(/[^0-9.e+]/, "", $2); printf "%d\n", $2 / 1000000; exit }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# sample NET WHO
sample()
{
	"by_$2" "$1"
	until_true nsenter -t "$at" -n ip route get 192.168.1.2
	nsenter -t "$at" -n iperf3 -s -D -I "$dir/server" >/dev/null
	until_true ip netns exec lan iperf3 -c 192.168.1.1 -p 5301 -n 1
	bits nsenter -t "$at" -n iperf3 -c 192.168.1.2 >>"$dir/$1.$2.out"
	bits ip netns exec lan iperf3 -c 192.168.1.1 -p 5301 >>"$dir/$1.$2.in"
	kill "$(tr -d '\0' <"$dir/server")"
	"end_$2"
}
i=0
while [ $i -lt "$runs" ]; do
	for net in slirp pasta; do sample $net myctr; sample $net hand; done
	i=$((i + 1))
done
printf '%-36s %15s %15s %8s\n' "throughput of a user's container" "myctr" "by hand" "ratio"
for net in slirp pasta; do
	for way in out in; do
		m=$(median <"$dir/$net.myctr.$way") h=$(median <"$dir/$net.hand.$way")
		name=$([ $way = out ] && echo "$net, out of it" || echo "$net, a published port")
		printf '%-36s %8s Mbit/s %8s Mbit/s %8s\n' "$name" "$m" "$h" "$(echo "$m $h" | awk '{ printf "%.2f", $1 / $2 }')"
	done
done
