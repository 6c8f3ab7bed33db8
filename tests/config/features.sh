#!/bin/sh
# SPDX-License-Identifier: MIT
# What `myctr features` lists is what .config asks for, no more and no less: for the configuration the
# tests run on, and for one with a feature of each kind left out.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# ok NAME: of the status and the output in $work/said
ok()
{
	status=$?
	n=$((n + 1))
	if [ $status -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$work/said"
	fi
}

# The symbol of each feature. Only those not named after their symbol are listed.
symbol()
{
	case $1:$2 in
	export:*) echo EXPORT_OCI ;;
	seccomp:default) echo SECCOMP ;;
	seccomp:profile) echo SECCOMP_LIBSECCOMP ;;
	command:help | command:version | command:daemon) echo CLI ;;
	command:init) echo INIT ;;
	command:prompt) echo CONSOLES ;;
	command:bootchart) echo BOOTCHART ;;
	command:factory-reset) echo FACTORY ;;
	command:reexec) echo REEXEC ;;
	command:slot) echo HOST_AB ;;
	command:update | command:rollback) echo UPDATE ;;
	command:poweroff | command:reboot | command:halt) echo CMD_DOWN ;;
	command:image\ *) echo CMD_IMAGE ;;
	command:network\ *) echo CMD_NETWORK ;;
	net:ipvlan) echo NET_MACVLAN ;;
	command:start | command:stop | command:restart | command:kill | command:rm | command:reload) echo CLI ;;
	command:*) echo "CMD_$2" | tr 'a-z-' 'A-Z_' ;;
	*) echo "$1_$2" | tr 'a-z-' 'A-Z_' ;;
	esac
}

# A symbol that is y and makes a feature, by its name. Settings of a feature have more words than it; what is part of
# every image or network is none of its own.
feature_symbols()
{
	sed -n -e 's/^CONFIG_\(CMD_[A-Z0-9]*\)=y$/\1/p' \
		-e 's/^CONFIG_\(\(IMAGE\|CODEC\|EXPORT\|IMPORT\|PACK\|STORAGE\|NET\|LOG\)_[A-Z0-9]*\(_ONLY\)*\)=y$/\1/p' \
		-e 's/^CONFIG_\(CGROUP_V2\|SECCOMP\|SECCOMP_LIBSECCOMP\|INIT\|CLI\)=y$/\1/p' \
		-e 's/^CONFIG_\(BOOTCHART\|CONSOLES\|FACTORY\|HOST_AB\|REEXEC\|UPDATE\)=y$/\1/p' "$1" |
		grep -vxE 'IMAGE_(CONFIG|STORE|VERITY)|NET_(CONNTRACK|FORWARD|NFT|PORTS|STRICT)|LOG_(BUDGET|CRASH|DEV|SENT)|STORAGE_USER' |
		sort -u
}

# compare BINARY CONFIG
compare()
{
	"$1" features --format tsv >"$work/features" || return 1
	awk -F'\t' 'NF != 4 { exit 1 }' "$work/features" || { echo "a line has not four fields"; return 1; }
	grep -v '^version' "$work/features" | while IFS='	' read -r kind name _; do symbol "$kind" "$name"; done |
		sort -u >"$work/listed"
	feature_symbols "$2" >"$work/wanted"
	diff "$work/wanted" "$work/listed"
}

compare "$MYCTR" "$MYCTR_OUT/.config" >"$work/said" 2>&1
ok "features are those of the configuration"
[ -s "$work/listed" ] && [ "$(wc -l <"$work/listed")" -gt 15 ] && "$MYCTR" features | awk 'length > 80 { exit 1 }'
ok "there are some, and the table fits 80 columns"
"$MYCTR" features --format xml >"$work/said" 2>&1
[ $? -eq 2 ]
ok "an unknown format is a usage error"

out=$work/o
make O="$out" full_defconfig >/dev/null &&
	for off in CMD_PS LOG_FILE IMAGE_TAR STORAGE_TMPFS NET_HOST; do
		sed -i "s/^CONFIG_$off=y/# CONFIG_$off is not set/" "$out/.config"
	done &&
	make O="$out" olddefconfig >/dev/null && make -j2 O="$out" all >"$work/said" 2>&1
ok "a build without some of them"
compare "$out/myctr" "$out/.config" >"$work/said" 2>&1 && ! grep -q 'CMD_PS\|LOG_FILE\|IMAGE_TAR' "$work/listed"
ok "has none of those"
echo "1..$n"
