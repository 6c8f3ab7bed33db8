#!/bin/sh
# SPDX-License-Identifier: MIT
# A device on a network: PID 1 brings its interface up, a web server is in a container behind a bridge, and is
# asked for a page from outside of the machine, from another container by name, and from the device itself.
set -u
cd "$(dirname "$0")/../.." || exit 1
vm_name=net
. tests/vm/lib.sh
command -v curl >/dev/null || bail "curl is missing"
KERNEL=debian
MODULES="bridge veth macvlan ipvlan 8021q nf_conntrack_netlink nf_tables nf_conntrack nf_nat nft_ct nft_nat nft_masq nft_chain_nat nft_fib nft_fib_ipv4 nft_fib_ipv6 nft_fib_inet nft_reject nft_reject_inet"
export KERNEL MODULES
vm_prepare
"$MYCTR" features 2>/dev/null | grep -Eq "^net +bridge" || bail "no bridge in this build"

box=$work/box root=$work/root
vm_busybox "$box"
mkdir "$box/www"
echo "a page" >"$box/www/index.html"
touch "$box/etc/hosts" "$box/etc/resolv.conf" "$box/etc/hostname"
for tool in httpd nc ip; do ln -s busybox "$box/bin/$tool"; done
vm_busybox "$root"
mkdir -p "$root/etc/myctr" "$root/var/lib/myctr/images" "$root/var/log" "$root/usr/bin"
mksquashfs "$box" "$root/var/lib/myctr/images/box" -noappend -all-root -quiet -no-progress -comp lz4 >/dev/null
cp "$MYCTR" "$root/usr/bin/myctr"
ln -s usr/bin/myctr "$root/init"
cat >"$root/etc/myctr/manifest" <<'END'
[system]
hostname = vmtest
console = /bin/sh
[interface eth0.9]
parent = eth0
vlan = 9
address = 10.99.0.1/24
mtu = 1400
[interface eth0]
address = 10.0.2.15/24
gateway = 10.0.2.2
[network lan0]
subnet = 10.88.0.0/24
[container web]
image = box
command = httpd -f -p 80 -h /www
storage = read-only
network = lan0
publish = 8080:80
network-alias = www
[network nic]
kind = phys
parent = eth1
subnet = 10.9.0.0/24
[container owner]
image = box
command = sleep 100000
storage = read-only
network = nic
[container client]
image = box
command = sleep 100000
storage = read-only
network = lan0
END
# Each on one end of a cable, whose other end is made below in a namespace of its own.
others="mv iv il vl mvl"
# other NETWORK KIND PARENT NUMBER [LINE...]
other()
{
	printf '[network %s]\nkind = %s\nparent = %s\nsubnet = 10.%s.0.0/24\ngateway = 10.%s.0.254\n' "$1" "$2" "$3" "$4" "$4"
	name=$1
	shift 4
	[ $# = 0 ] || printf '%s\n' "$@"
	printf '[container %s]\nimage = box\ncommand = sleep 100000\nstorage = read-only\nnetwork = %s\nautostart = no\n' "$name" "$name"
}
{
	other mv macvlan low0 81
	other iv ipvlan low1 82
	other il ipvlan low2 85 'mode = l3'
	other vl bridge low0 83 'vlan = 7'
	other mvl macvlan low0 84 'vlan = 8' 'mode = private'
} >>"$root/etc/myctr/manifest"
(cd "$root" && find . | cpio -o -H newc --quiet >"$work/root.cpio")

port=
for try in 18080 28080 38080 48080; do
	"$busybox" nc -z 127.0.0.1 $try 2>/dev/null || { port=$try; break; }
done
boot --initrd "$work/root.cpio" -- -netdev "user,id=n0,hostfwd=tcp:127.0.0.1:$port-:8080" -device virtio-net-pci,netdev=n0,romfile= \
	-netdev user,id=n1,net=10.9.0.0/24 -device virtio-net-pci,netdev=n1,romfile= ||
	{ not_ok "boots" "$(cat "$VM_DIR"/*/*log* 2>/dev/null)"; done_testing; exit 1; }
ctr() { guest /usr/bin/myctr "$@"; }
page() { curl -s -m 20 "http://127.0.0.1:$port/"; }
# page_in CONTAINER HOST PORT
page_in() { ctr exec "$1" sh -c "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 10 $2 $3" 2>&1 | tail -n 1 | tr -d '\r'; }

for name in client web owner; do until_guest 30 "^$name .* Up " /usr/bin/myctr ps; done
has "both containers run" '^web .* Up ' "$(ctr ps)"
has "the device has its address" '10\.0\.2\.15' "$(guest /bin/busybox ip -4 addr show eth0 2>&1)"
is "the page from outside, by a published port" "a page" "$(page)"
is "a hundred times" 100 "$(i=0; while [ $i -lt 100 ]; do page; i=$((i + 1)); done | grep -c 'a page')"
is "from another container, by its name" "a page" "$(page_in client web 80)"
is "by an alias" "a page" "$(page_in client www 80)"
is "at the device's address" "a page" "$(page_in client 10.0.2.15 8080)"
is "the server, by its own published port" "a page" "$(page_in web 10.0.2.15 8080)"
is "from the device, at 127.0.0.1" "a page" "$(guest /bin/sh -c "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 10 127.0.0.1 8080" 2>&1 | tail -n 1)"
has "resolv.conf, though the root is read-only" 'nameserver 10.88.0.1' "$(ctr exec client cat /etc/resolv.conf)"
ctr restart web >/dev/null 2>&1
until_guest 20 '^web .* Up ' /usr/bin/myctr ps
is "and again after a restart" "a page" "$(page)"
ctr stop web client >/dev/null 2>&1
is "stopped: no link is left" "" "$(guest /bin/busybox ls /sys/class/net | grep -E '^(br-|v-)')"

# an interface of the device, moved into a container
nics() { guest /bin/busybox ls /sys/class/net | grep -c eth1; }
owner() { guest /bin/sh -c "/usr/bin/myctr ps --format tsv | grep ^owner | /bin/busybox cut -f5"; }
has "a container has the second interface" '10\.9\.0\.' "$(ctr exec owner ip -4 addr show eth1 2>&1)"
is "and the device has not" 0 "$(nics)"
has "it reaches what is at the other end" '10\.9\.0\.2 .*lladdr' \
	"$(ctr exec owner sh -c 'nc -w 5 10.9.0.2 9 </dev/null >/dev/null 2>&1; ip neigh' 2>&1)"
# one that may configure it calls it something else, and somebody else's
guest /bin/sh -c "/bin/busybox nsenter -t $(owner) -n /bin/busybox unshare -m /bin/sh -c '
b=/bin/busybox
\$b ip link set eth1 down
\$b ip link set eth1 name mine
mount -t sysfs sys /sys && mount -o remount,rw /sys && echo myctr web lan0 >/sys/class/net/mine/ifalias && cat /sys/class/net/mine/ifalias'" 2>&1
guest /bin/sh -c "kill -9 $(owner)" >/dev/null 2>&1
i=0
while [ "$(nics)" = 0 ] && [ $i -lt 20 ]; do sleep 0.5; i=$((i + 1)); done
is "after SIGKILL it is the device's again, under its own name" 1 "$(nics)"
is "and nobody else's" "" "$(guest /bin/busybox cat /sys/class/net/eth1/ifalias)"
ctr start owner >/dev/null 2>&1
until_guest 20 '^owner .* Up ' /usr/bin/myctr ps
is "and it can be had again" 0 "$(nics)"

# a VLAN of the device's own, from the manifest
bb() { guest /bin/busybox "$@" 2>&1; }
has "a VLAN sub-interface is up" '10\.99\.0\.1/24' "$(bb ip -4 addr show eth0.9)"
has "with its parent and number" 'eth0\.9 +\| 9 +\| eth0' "$(bb cat /proc/net/vlan/config)"
is "and its MTU" 1400 "$(bb cat /sys/class/net/eth0.9/mtu)"

# macvlan, ipvlan and VLANs; at the other end somebody answers at .254 of each network
guest /bin/sh -c 'b=/bin/busybox
$b unshare -n $b sleep 100000 </dev/null >/dev/null 2>&1 & pid=$!
while [ "$($b readlink /proc/$pid/ns/net)" = "$($b readlink /proc/self/ns/net)" ]; do $b usleep 20000; done
for n in 0 1 2; do
	$b ip link add low$n type veth
	$b ip link set veth0 name far$n
	$b ip link set far$n netns $pid
	$b nsenter -t $pid -n $b ip link set far$n up
done
far() { $b nsenter -t $pid -n $b ip "$@"; }
for vlan in 7 8; do far link add link far0 name far0.$vlan type vlan id $vlan; far link set far0.$vlan up; done
far addr add 10.81.0.254/24 dev far0
far addr add 10.82.0.254/24 dev far1
far addr add 10.83.0.254/24 dev far0.7
far addr add 10.84.0.254/24 dev far0.8' 2>&1
for name in $others; do ctr start "$name" 2>&1; done
until_guest 30 '^vl .* Up ' /usr/bin/myctr ps
# reach NAME NUMBER: the other end is not a listener, and says so
reach()
{
	has "$1: an address" "inet 10\.$2\.0\.[0-9]+/24" "$(ctr exec "$1" ip -4 addr show eth0 2>&1)"
	has "$1: it reaches what is there" "10\.$2\.0\.254 .*lladdr" \
		"$(ctr exec "$1" sh -c "nc -w 5 10.$2.0.254 9 </dev/null >/dev/null 2>&1; ip neigh" 2>&1)"
}
reach mv 81
reach iv 82
reach vl 83
reach mvl 84
mac() { ctr exec "$1" ip link show eth0 2>&1 | grep -Eo 'ether [0-9a-f:]+'; }
is "an ipvlan link has the MAC of its parent" "ether $(bb cat /sys/class/net/low1/address)" "$(mac iv)"
has "a macvlan link one of its own" 'ether 02:' "$(mac mv)"
has "an ipvlan of mode l3: its address, no neighbours" 'NOARP' "$(ctr exec il ip addr show eth0 2>&1)"
has "its default route" 'default via 10\.85\.0\.254' "$(ctr exec il ip route 2>&1)"
has "the VLANs that networks asked for" 'low0\.7 +\| 7 +\| low0' "$(bb cat /proc/net/vlan/config)"
# shellcheck disable=SC2086 # words
ctr stop -t 1 $others >/dev/null 2>&1
is "stopped: no VLAN or bridge is left" "" "$(bb ls /sys/class/net | grep -E '^(br-|low0\.)')"
done_testing
