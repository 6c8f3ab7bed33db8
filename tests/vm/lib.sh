# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by tests that boot a machine: TAP output, a small root with myctr as its init, boot and guest
# commands. The binary is $MYCTR, built for x86-64. Every machine of a script is named $vm_name.

vm_n=0
MYCTR=${MYCTR:-$PWD/build/myctr}
out=${MYCTR_OUT:-$PWD/build}
vm=$out/tools/vm
work=$(mktemp -d "${TMPDIR:-/tmp}/myctr-vm.XXXXXX")
PATH=$PATH:/usr/sbin:/sbin
export VM_DIR="$work/vm"

# shellcheck disable=SC2317,SC2154 # called by trap; vm_name is the script's
vm_end()
{
	"$vm" stop "$vm_name" >/dev/null 2>&1
	rm -rf "$work"
}
trap vm_end EXIT
trap 'exit 1' INT TERM

ok() { vm_n=$((vm_n + 1)); echo "ok $vm_n - $1"; }
not_ok()
{
	vm_n=$((vm_n + 1))
	echo "not ok $vm_n - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | tail -n 15 | sed 's/^/# /'
}
skip() { vm_n=$((vm_n + 1)); echo "ok $vm_n - $1 # SKIP $2"; }
done_testing() { echo "1..$vm_n"; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2
got:    $3"; fi; }
has() { if printf '%s\n' "$3" | grep -Eq -- "$2"; then ok "$1"; else not_ok "$1" "wanted /$2/ in:
$3"; fi; }

bail() { echo "ok 1 - $vm_name # SKIP $*"; exit 0; }

# The kernel and initramfs of the machine; says which kernel it is.
vm_prepare()
{
	[ "$(uname -m)" = x86_64 ] || bail "the machine is made for x86-64 hosts"
	busybox=$(command -v busybox) || bail "busybox is missing (apt-get install busybox-static)"
	make --no-print-directory O="$out" runner >/dev/null || exit 1
	prepared=$(tools/vm/prepare.sh x86_64 "${KERNEL:-auto}") || bail "no kernel for the machine"
	kernel='' initrd=''
	eval "$prepared"
	case $kernel in
	*debian*) echo "# kernel: Debian's (our own is built by: make kernel BOARD=qemu-x86_64)" ;;
	*) echo "# kernel: our own" ;;
	esac
}

# DIR TOOL...: a root file system of BusyBox
vm_busybox()
{
	mkdir -p "$1/bin" "$1/sbin" "$1/proc" "$1/sys" "$1/dev" "$1/tmp" "$1/run" "$1/etc" "$1/root"
	cp "$busybox" "$1/bin/busybox"
	for vm_tool in sh cat ls echo sleep ps grep mkdir touch kill true false mount sync stty; do
		ln -sf busybox "$1/bin/$vm_tool"
	done
}

# DIR MODULE...: what a manifest's `module =` needs in the root DIR to load these of Debian's kernel
vm_modules()
{
	# shellcheck disable=SC2154 # kernel is vm_prepare's
	vm_from=$(dirname "$kernel")
	vm_release=$(ls "$vm_from/lib/modules")
	vm_to=$1/lib/modules/$vm_release
	vm_from=$vm_from/lib/modules/$vm_release
	mkdir -p "$vm_to"
	shift
	for vm_module in "$@"; do grep "/$vm_module\.ko:" "$vm_from/modules.dep"; done >"$vm_to/modules.dep"
	tr -d ':' <"$vm_to/modules.dep" | tr ' ' '\n' | while read -r vm_file; do
		[ -z "$vm_file" ] || install -D -m 644 "$vm_from/$vm_file" "$vm_to/$vm_file"
	done
}

# boot ARGUMENT... of `vm start`
boot()
{
	# shellcheck disable=SC2154 # from prepare.sh
	"$vm" start "$vm_name" --kernel "$kernel" --initrd "$initrd" --limit 300 "$@" &&
		"$vm" ready "$vm_name" -t 120
}

guest() { "$vm" exec "$vm_name" -- "$@"; }

# until_guest SECONDS PATTERN COMMAND...: until the output of a guest's command has the pattern; it is in $got
until_guest()
{
	vm_tries=$(($1 * 4))
	vm_pattern=$2
	shift 2
	while [ $vm_tries -gt 0 ]; do
		got=$(guest "$@" 2>&1)
		printf '%s\n' "$got" | grep -Eq -- "$vm_pattern" && return 0
		sleep 0.25
		vm_tries=$((vm_tries - 1))
	done
	return 1
}

# ends NAME REASON: the machine ends by itself with this reason
ends()
{
	vm_why=$("$vm" wait "$vm_name" -t 60 2>&1)
	is "$1" "$2" "$vm_why"
	"$vm" stop "$vm_name"
}

# SOCKET COMMAND JSON: to a monitor of the machine that was started with -qmp unix:SOCKET,server=on,wait=off
vm_qmp()
{
	python3 - "$1" "$2" "$3" <<-'END3'
	import json, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(30)
	s.connect(sys.argv[1])
	f = s.makefile("rw")
	def ask(what):
	    f.write(json.dumps(what) + "\n")
	    f.flush()
	    while True:
	        a = json.loads(f.readline())
	        if "return" in a or "error" in a:
	            return a
	f.readline()
	ask({"execute": "qmp_capabilities"})
	a = ask({"execute": sys.argv[2], "arguments": json.loads(sys.argv[3])})
	sys.exit("error" in a and str(a))
	END3
}
