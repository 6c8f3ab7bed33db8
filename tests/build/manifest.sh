#!/bin/sh
# SPDX-License-Identifier: MIT
# A manifest that is compiled in: used where there is no text, or always; a wrong one stops the build.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

ok()
{
	status=$?
	n=$((n + 1))
	[ $status -eq 0 ] && echo "ok $n - $1" && return
	echo "not ok $n - $1"
	tail -n 20 "$work/said" | sed 's/^/# /'
}

# only SYMBOL=VALUE...: next to nothing but these and the manifest
only()
{
	make O="$work/out" allnoconfig >"$work/said" 2>&1 || return 1
	for line in "CONFIG_MANIFEST=\"$work/manifest\"" "$@"; do
		sed -i -e "/^# ${line%%=*} is not set/d" -e "/^${line%%=*}=/d" "$work/out/.config"
		echo "$line" >>"$work/out/.config"
	done
	make O="$work/out" olddefconfig >>"$work/said" 2>&1
}

# configure SYMBOL=VALUE...: the parser and the command that shows, too
configure() { only CONFIG_NET_NONE=y CONFIG_CLI=y CONFIG_HELP=y CONFIG_MANIFEST_TEXT=y CONFIG_CMD_MANIFEST=y "$@"; }

build() { make O="$work/out" -j"${JOBS:-2}" >"$work/said" 2>&1; }
shows() { MYCTR_ETC=$1 "$work/out/myctr" manifest show >"$work/said" 2>&1 && grep -Fqx "$2" "$work/said"; }

mkdir -p "$work/etc" "$work/none"
printf '[container inside]\nimage = i\ncommand = c\n' >"$work/manifest"
printf '[container text]\nimage = i\ncommand = c\n' >"$work/etc/manifest"
configure && build
ok 'a build with a compiled-in manifest'
shows "$work/none" '[container inside]'
ok 'it is used where there is no text'
shows "$work/etc" '[container text]'
ok 'a text comes first'

printf '[container changed]\nimage = i\ncommand = c\n' >"$work/manifest"
build && shows "$work/none" '[container changed]'
ok 'a changed manifest is compiled again'

printf '[container inside]\nimage = i\ncomand = c\n' >"$work/manifest"
! build && grep -Fq 'manifest:3:1: unknown key "comand" (did you mean "command"?)' "$work/said"
ok 'a wrong manifest stops the build and says where'

printf '[container inside]\nimage = i\ncommand = c\n' >"$work/manifest"
configure CONFIG_MANIFEST_WINS=y && build && shows "$work/etc" '[container inside]'
ok 'the compiled-in manifest wins where it was told to'

# a device that knows no other manifest gets finished structs
data=$work/out/include/generated/manifest_data.h
cat >"$work/manifest" <<'END'
[system]
hostname = h
[container a]
image = i
command = c "two words" 'a "quote" \ and ??='
stop-signal = USR1
cap-add = net_admin
cpu = 50%
oom-score-adj = -7
[container b]
image = i
command = c
after = a
END
only CONFIG_INIT=y && build && grep -Fq '{ "USR1", 10 },' "$data" && grep -Fq '{ "net_admin", 12 },' "$data" &&
	grep -Fq '.oom_score_adj = -7,' "$data" && grep -Fq '.cpu = UINT64_C(500),' "$data" &&
	grep -Fq 'two words' "$work/out/myctr"
ok 'without a parser the manifest is structs'
printf '[container a]\nimage = i\ncommand = c\ntmpfs = /tmp\n' >"$work/manifest"
! build && grep -Fq 'tmpfs: not in this build; it needs MOUNTS' "$work/said"
ok 'a key that is not in the build stops it'
only CONFIG_INIT=y CONFIG_MOUNTS=y && build
ok 'with its symbol it is'
