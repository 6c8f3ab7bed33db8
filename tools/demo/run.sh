#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make demo`: boots a machine whose /sbin/init is myctr and hands over its serial console.
# `make demo DEMO=check` works the console by itself; `make demo DEMO=local` needs no machine.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
board=${BOARD:-qemu-x86_64}
case ${1:-} in
'' | check) ;;
local) exec tools/demo/local.sh ;;
*) echo "demo: DEMO=$1: not known; check or local" >&2; exit 2 ;;
esac

arch=${board#qemu-}
out=$top/build/demo/$board
tools/demo/prepare.sh "$board" "$out"
make -s runner
# for Debian's kernel, where the network's parts are modules
export MODULES="bridge veth nf_tables nf_conntrack nf_nat nft_ct nft_nat nft_masq nft_chain_nat nft_fib nft_fib_ipv4 nft_fib_ipv6 nft_fib_inet"
eval "$(tools/vm/prepare.sh "$arch" "${KERNEL:-auto}")"
# shellcheck disable=SC2154 # from prepare.sh
case $kernel in
*debian*) echo "demo: Debian's kernel (make kernel BOARD=$board builds a smaller, faster one)" ;;
*) echo "demo: our own kernel" ;;
esac
vm=build/tools/vm
name=demo-$arch
$vm stop "$name"
# a port of this machine that leads to the published one
page=
for port in 8080 18080 28080 38080; do
	[ -n "$page" ] || [ -n "$(ss -Hltn "sport = :$port")" ] || page=$port
done
[ -n "$page" ] || { echo "demo: the ports 8080, 18080, 28080 and 38080 are all taken" >&2; exit 1; }
limit=86400
[ -z "${1:-}" ] || limit=900
# shellcheck disable=SC2154
$vm start "$name" --arch "$arch" --kernel "$kernel" --initrd "$initrd" --memory 256 --cpus 2 --limit $limit \
	--disk "$out/root.sqfs" --disk "$out/data.ext4" \
	--append "root=/dev/vda rootfstype=squashfs ro init=/sbin/init vm.noagent" \
	-- -netdev "user,id=n0,hostfwd=tcp:127.0.0.1:$page-:8080" -device virtio-net-pci,netdev=n0,romfile=
trap '$vm stop "$name"' EXIT
trap 'exit 1' INT TERM
if [ "${1:-}" = check ]; then
	tools/demo/check.sh "$vm" "$name" "http://127.0.0.1:$page/"
	exit
fi
echo "demo: its web server is at http://127.0.0.1:$page/ of this machine, too"
echo "demo: this is the serial console of the machine; Ctrl-] leaves, \`myctr poweroff\` ends."
$vm console "$name"
