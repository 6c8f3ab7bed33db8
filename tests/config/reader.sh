#!/bin/sh
# SPDX-License-Identifier: MIT
# What our Kconfig reader must refuse, and what it must say: Kconfig files and .config files with mistakes.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${MYCTR_OUT:-build}
make -s O="$out" "$out/tools/conf" || exit 1
conf=$(realpath "$out/tools/conf")
cd "$work" || exit 1
n=0

result()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' said
	fi
}

# refused NAME EXPECTED-WORDS [MODE]: the reader ends with status 1 and says so; .config is not changed
refused()
{
	cp .config before
	KCONFIG_CONFIG=.config "$conf" "${3:---olddefconfig}" Kconfig >said 2>&1
	status=$?
	[ $status -eq 1 ] && grep -qF -- "$2" said && cmp -s .config before
	result $? "$1"
}

kconfig()
{
	printf '%b\n' "$1" >Kconfig
	: >.config
}

base='config A\n\tbool "a"\nconfig N\n\tint "n"\n\trange 1 9\n\tdefault 5\nconfig H\n\thex "h"\n\tdefault 0x1f\n\trange 0x10 0x20
config T\n\tstring "t"\n\tdefault "x"\nconfig D\n\tbool "d"\n\tdepends on A'
kconfig "$base"
echo 'CONFIG_B=y' >.config
refused 'unknown symbol' '.config:1: CONFIG_B: unknown symbol'
printf 'CONFIG_A=y\n# CONFIG_B is not set\n' >.config
refused 'unknown symbol that is not set' '.config:2: CONFIG_B: unknown symbol'
printf '\n\nCONFIG_N=10\n' >.config
refused 'number above its range' '.config:3: CONFIG_N=10: out of range, allowed are 1 to 9'
echo 'CONFIG_N=0' >.config
refused 'number below its range' '.config:1: CONFIG_N=0: out of range'
echo 'CONFIG_H=0x21' >.config
refused 'hex number above its range' 'out of range, allowed are 0x10 to 0x20'
echo 'CONFIG_N=0x5' >.config
refused 'hex for a decimal number' 'must be a decimal number'
echo 'CONFIG_N=99999999999999999999' >.config
refused 'number too large for a machine' 'must be a decimal number'
echo 'CONFIG_H=1f' >.config
refused 'hex number without 0x' 'must be a number like 0x1f'
echo 'CONFIG_A=m' >.config
refused 'module for a bool' 'must be y or n'
echo 'CONFIG_T=plain' >.config
refused 'text without quotes' 'must be text in double quotes'
echo 'CONFIG_T="open' >.config
refused 'text that is never closed' 'must be text in double quotes'
echo 'A=y' >.config
refused 'line without CONFIG_' 'neither CONFIG_NAME=value nor a comment'
printf 'CONFIG_B=y\nCONFIG_N=77777777777777777777\n' >.config
refused 'two mistakes: the second' '.config:2: CONFIG_N'

kconfig "$base"
printf 'CONFIG_D=y\n' >.config
KCONFIG_CONFIG=out "$conf" --defconfig=.config Kconfig >said 2>&1 && grep -q 'CONFIG_D=y has no effect' said
result $? 'defconfig value that cannot come true is warned of'
printf 'CONFIG_A=y\nCONFIG_N=3\nCONFIG_A=n\nCONFIG_N=4\n' >.config
KCONFIG_CONFIG=.config "$conf" --olddefconfig Kconfig >said 2>&1
grep -q '^# CONFIG_A is not set' .config && grep -q '^CONFIG_N=4' .config
result $? 'a later line wins, so fragments can be appended'
printf 'CONFIG_N=3\r\n  \n' >.config
KCONFIG_CONFIG=.config "$conf" --olddefconfig Kconfig >said 2>&1
grep -q '^CONFIG_N=3$' .config
result $? 'carriage returns and blank lines are harmless'

kconfig 'config A\n\ttristate "a"'
refused 'tristate' 'Kconfig:2: this is left out on purpose'
kconfig 'config A\n\tbool "a"\n\timply B'
refused 'imply' 'Kconfig:3: this is left out on purpose'
# shellcheck disable=SC2016 # the macro is meant for the reader
kconfig 'config A\n\tstring "a"\n\tdefault $(shell,date)'
refused 'macro' "Kconfig:3: unexpected '\$(shell,date)'; macros"
kconfig 'config A\n\tbool "a"\n\tdepends on B'
refused 'symbol that is not defined' 'Kconfig:3: symbol B is not defined anywhere'
kconfig 'config A\n\tbool "a"\n\tdepends on B\nconfig B\n\tbool "b"\n\tdepends on A'
refused 'loop of dependencies' 'depends on itself'
kconfig 'config A\n\tbool "a"\n\tselect B\nconfig B\n\tbool "b"\n\tselect A'
refused 'loop of selects' 'depends on itself'
kconfig 'choice\n\tprompt "c"\nconfig A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on A\nendchoice'
refused 'loop through a choice' 'depends on itself'
kconfig 'config A\n\tbool "a"\n\tselect N\nconfig N\n\tint "n"'
refused 'select of a number' 'A selects N, which is not a bool'
kconfig 'menu "m"\nconfig A\n\tbool "a"'
refused 'menu that is never ended' 'Kconfig:1: this is never ended'
kconfig 'config A\n\tbool "a"\nendif'
refused 'endif without if' 'Kconfig:3: this ends nothing'
kconfig 'config A\n\tbool "a"\n\tdepends on (A'
refused 'missing parenthesis' "Kconfig:3: ')' is missing"
kconfig 'config A\n\tbool "a'
refused 'missing quote' 'Kconfig:2: text has no closing "'
kconfig 'config A\n\tbool "a"\n\tint "a"'
refused 'two types' 'Kconfig:3: A already has another type'
kconfig 'config A\n\tprompt "a"'
refused 'no type' 'symbol A is without a type'
kconfig 'source "Kconfig"'
refused 'file that sources itself' 'source each other too deeply'
kconfig 'choice\n\tprompt "c"\nendchoice'
refused 'empty choice' 'choice without any config in it'
kconfig 'confg A'
refused 'misspelt statement' "unknown statement 'confg'"

kconfig "$base"
rm .config
KCONFIG_CONFIG=.config "$conf" --savedefconfig=min Kconfig >said 2>&1
[ $? -eq 1 ] && [ ! -e min ]
result $? 'savedefconfig without .config'
KCONFIG_CONFIG=/dev/full/x "$conf" --alldefconfig Kconfig >said 2>&1
[ $? -eq 1 ] && grep -q 'cannot be written' said
result $? '.config that cannot be written'
echo "1..$n"
