#!/bin/sh
# SPDX-License-Identifier: MIT
# Throughput and connections per second through a published port: by our rules, by the same rule made with nft, by
# a proxy (socat), and by the supervisor's own forwarder; in one run, in turn, against the container's own address.
# usage: nat.sh FOLDER MYCTR [MYCTR-WITHOUT-NFT]      NAT_RUNS=3
set -eu
[ "${NAT_BENCH:-}" = yes ] || NAT_BENCH=yes exec unshare -n -m "$0" "$@"
o=$1 main=$2 plain=${3:-}
runs=${NAT_RUNS:-3}
dir=$(mktemp -d)
pids=
end()
{
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || :
	[ ! -f "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null || :
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM
export MYCTR_RUN="$dir/run" MYCTR_DATA="$dir/data" MYCTR_LOG="$dir/log" MYCTR_ETC="$dir/etc"
mkdir -p "$MYCTR_ETC" "$dir/root/bin" "$dir/root/proc" "$dir/root/dev" "$dir/root/sys" "$dir/root/etc" "$dir/root/tmp" /run/netns
cp "$(command -v busybox)" "$dir/root/bin/busybox"
mount -t tmpfs none /run/netns
printf '[network app]\nsubnet = 10.77.0.0/24\n' >"$MYCTR_ETC/manifest"
ip link set lo up
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip addr add 192.168.1.1/24 dev lan0
ip link set lan0 up
ip netns exec lan sh -c 'ip link set lo up; ip link set eth0 up; ip addr add 192.168.1.2/24 dev eth0; ip route add default via 192.168.1.1'

# begin MYCTR: a container with both servers, its ports 5201 and 7000 published
begin()
{
	"$1" daemon 2>/dev/null &
	echo $! >"$dir/pid"
	tries=0
	until "$1" ps >/dev/null 2>&1 && [ -S "$MYCTR_RUN/ctl" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "the supervisor does not answer" >&2; exit 1; }
		sleep 0.1
	done
	"$1" run -d --name srv --net app -p 5201:5201 -p 7000:7000 --storage tmpfs "$dir/root" /bin/busybox sleep 1000 >/dev/null
	child=$(pgrep -n -f '^/bin/busybox sleep 1000$')
	at=$(nsenter -t "$child" -n ip -4 -o addr show dev eth0 | grep -Eo '10\.77\.0\.[0-9]+' | head -n 1)
	nsenter -t "$child" -n iperf3 -s >/dev/null 2>&1 &
	pids="$pids $!"
	nsenter -t "$child" -n "$o/conns" 7000 &
	pids="$pids $!"
	sleep 0.5
}
finish() { "$1" rm -f srv >/dev/null; kill "$(cat "$dir/pid")"; wait "$(cat "$dir/pid")" 2>/dev/null || :; rm -f "$dir/pid"; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
bits() { ip netns exec lan iperf3 -c "$1" -p "$2" -t 2 -J 2>/dev/null | awk '/"sum_received"/ { on = 1 } on && /bits_per_second/ { gsub(/[^0-9.e+]/, "", $2); printf "%d\n", $2 / 1000000; exit }'; }
conns() { ip netns exec lan "$o/conns" "$1" "$2" 1000 || :; }
# sample NAME ADDRESS PORT PORT
sample()
{
	bits "$2" "$3" >>"$dir/$1.bits"
	conns "$2" "$4" >>"$dir/$1.conns"
}
show()
{
	b=$(median <"$dir/$1.bits") c=$(median <"$dir/$1.conns")
	[ -n "${base_b:-}" ] || base_b=$b base_c=$c
	printf '%-34s %7s Mbit/s %6s   %7s conn/s %6s\n' "$2" "$b" "$(echo "$b $base_b" | awk '{ printf "%.2f", $1 / $2 }')" \
		"$c" "$(echo "$c $base_c" | awk '{ printf "%.2f", $1 / $2 }')"
}

begin "$main"
nft -f - <<EOF
table ip bench {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "lan0" tcp dport 5301 dnat to $at:5201
		iifname "lan0" tcp dport 7100 dnat to $at:7000
	}
}
EOF
socat TCP4-LISTEN:5401,fork,reuseaddr "TCP4:$at:5201" & pids="$pids $!"
socat TCP4-LISTEN:7200,fork,reuseaddr,backlog=512 "TCP4:$at:7000" 2>/dev/null & pids="$pids $!"
i=0
while [ $i -lt "$runs" ]; do
	i=$((i + 1))
	sample nft 192.168.1.1 5301 7100
	sample ours 192.168.1.1 5201 7000
	sample socat 192.168.1.1 5401 7200
done
nft delete table ip bench
finish "$main"
if [ -n "$plain" ]; then
	# which hides nothing, so it has to be said
	printf 'nat = no\n' >>"$MYCTR_ETC/manifest"
	begin "$plain"
	i=0
	while [ $i -lt "$runs" ]; do i=$((i + 1)); sample forward 192.168.1.1 5201 7000; done
	finish "$plain"
fi
echo "# published port, medians of $runs, ratios to the rule made by nft"
show nft "the same rule by nft"
show ours "published (our rules)"
[ -z "$plain" ] || show forward "published (supervisor's forwarder)"
show socat "socat, a process per connection"
