#!/bin/sh
# SPDX-License-Identifier: MIT
# Two systems and a boot loader, without the boots: the tools of U-Boot (libubootenv) and GRUB read what myctr writes and
# the other way round, and the handlers for RAUC, SWUpdate and Mender say what those programs make them say.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
"$MYCTR" features | grep -qw 'slot' || { echo "ok 1 - boot-slots # SKIP not in this build"; exit 0; }
board=$live_top/board/update

manifest() { printf '[system]\nboot-slots = %s\n' "$*" >"$MYCTR_ETC/manifest"; }
said() { "$MYCTR" slot 2>&1 | tr '\t\n' '= ' | sed 's/ $//'; }
# what a boot loader's own tool sees, sorted, but for what others keep there
vars() { "$@" | grep -v '^other=' | sort | tr '\n' ' ' | sed 's/ $//'; }

# The same walk for each: LIST is the command that prints the variables.
walk()
{
	is "$1: as it is at first" "running=a good=a trying=- boots=0 of 0" "$(said)"
	"$MYCTR" slot try b || not_ok "$1: try"
	is "$1: the other one is tried" "bootcount=0 bootlimit=3 slot=a try=b upgrade_available=1" "$(vars list)"
	count 1
	is "$1: the boot loader's count is read" "running=b good=a trying=b boots=1 of 3" "$(said)"
	"$MYCTR" slot good || not_ok "$1: good"
	is "$1: it is good" "bootcount=0 bootlimit=3 slot=b upgrade_available=0" "$(vars list)"
	"$MYCTR" slot try a
	"$MYCTR" slot bad || not_ok "$1: bad"
	is "$1: the other one is not" "bootcount=0 bootlimit=3 slot=b upgrade_available=0" "$(vars list)"
	has "$1: what others keep there stays" '^other=two words$' "$(list)"
	has "$1: check" "^found +boot-slots +$1: slot b is booted" "$("$MYCTR" check)"
}

grub()
{
	env=$live_dir/grubenv
	list() { grub-editenv "$env" list; }
	count() { grub-editenv "$env" set bootcount="$1"; }
	grub-editenv "$env" create
	grub-editenv "$env" set slot=a "other=two words"
	manifest grub "$env"
	walk grub
	echo 'slot=a' >"$env"
	has "grub: check: something else" '^MISSING +boot-slots +.*not a GRUB' "$("$MYCTR" check)"
}

# SIZE NAME=VALUE...: an environment as U-Boot saves it: CRC-32 and strings
environment()
{
	python3 - "$@" <<-'END'
	import struct, sys, zlib
	data = b"".join(a.encode() + b"\0" for a in sys.argv[2:]) + b"\0"
	data = data.ljust(int(sys.argv[1]) - 4, b"\xff")
	sys.stdout.buffer.write(struct.pack("<I", zlib.crc32(data)) + data)
	END
}

uboot()
{
	mkdir "$live_dir/bin"
	for tool in fw_printenv fw_setenv; do
		printf '#!/bin/sh\nexec %s -c %s "$@"\n' "$(command -v $tool)" "$live_dir/config" >"$live_dir/bin/$tool"
		chmod +x "$live_dir/bin/$tool"
	done
	PATH=$live_dir/bin:$PATH
	printf '%s 0 0x2000\n' "$live_dir/env" >"$live_dir/config"
	environment 8192 slot=a "other=two words" >"$live_dir/env"
	list() { fw_printenv; }
	count() { fw_setenv bootcount "$1"; }
	manifest uboot
	walk uboot
	environment 8192 bootdelay=2 >"$live_dir/env"
	has "uboot: check: nobody has said which system there is" '^MISSING +boot-slots +.*no variable slot' "$("$MYCTR" check)"
	has "uboot: check: no tools" '^MISSING +boot-slots +fw_printenv: cannot be run' "$(PATH=/nothing "$MYCTR" check)"
	PATH=$live_path
}

# The handlers are called as the manuals of these programs say.
handlers()
{
	mkdir -p "$live_dir/path"
	ln -sf "$MYCTR" "$live_dir/path/myctr"
	manifest file "$live_dir/slots"
	reset() { printf 'slot=a\n' >"$live_dir/slots"; }
	tried() { sed -n 's/^try=//p' "$live_dir/slots"; }
	PATH=$live_dir/path:$PATH

	reset
	RAUC_TARGET_SLOTS="1 3" RAUC_SLOT_NAME_1=rootfs.1 RAUC_SLOT_BOOTNAME_1=b RAUC_SLOT_NAME_3=app.1 "$board/rauc-post-install"
	is "RAUC: what was written is tried" b "$(tried)"
	reset
	"$board/swupdate-post-install" postinst
	is "SWUpdate: the other one is tried" b "$(tried)"
	reset
	"$board/swupdate-post-install" preinst
	is "SWUpdate: not before it is written" "" "$(tried)"
	"$board/swupdate-post-install" # as type postinstall calls it
	is "SWUpdate: called without a word" b "$(tried)"
	"$board/swupdate-post-install" postinst a
	is "SWUpdate: the one that data names" a "$(tried)"
	"$board/swupdate-post-install" b
	is "SWUpdate: alone" b "$(tried)"
	reset
	"$board/mender-state-script"
	is "Mender: the other one is tried" b "$(tried)"
	PATH=$live_path
}

live_path=$PATH
if command -v grub-editenv >/dev/null; then grub; else skip "grub" "grub-editenv is missing (apt-get install grub-common)"; fi
if command -v fw_setenv >/dev/null; then uboot; else skip "uboot" "fw_setenv is missing (apt-get install libubootenv-tool)"; fi
handlers
done_testing
