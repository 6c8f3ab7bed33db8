#!/bin/sh
# SPDX-License-Identifier: MIT
# Is the program hardened as the README says? usage: binary.sh PROGRAM (PROGRAM.elf beside it, not stripped)
# The .config beside it may say that it has no PIE or no HARDEN; without one it is to have everything.
set -u
program=${1:?usage: binary.sh PROGRAM}
config=$(dirname "$program")/.config
bad=0
headers=$(readelf -lW "$program") || exit 1
dynamic=$(readelf -dW "$program")

want()
{
	if [ "$1" -ne 0 ]; then
		echo "$program: $2"
		bad=1
	fi
}

without() { grep -qs "^# CONFIG_$1 is not set" "$config"; }

! echo "$headers" | grep -q INTERP
want $? 'asks for a dynamic loader; should be static-pie'
! echo "$dynamic" | grep -q NEEDED
want $? 'needs shared libraries'
echo "$headers" | grep GNU_STACK | grep -Eq ' RW +0x'
want $? 'executable stack, or no GNU_STACK header'
! echo "$headers" | grep -E '^ *LOAD' | grep -q 'RWE'
want $? 'segment that is writable and executable'
if without PIE; then
	# at a fixed address there is nothing to relocate, and so no table that has to be writable at first
	readelf -rW "$program" | grep -q 'no relocations'
	want $? 'has relocations, though it is at a fixed address'
	! readelf -SW "$program.elf" | grep -E ' (set_[a-z]*|\.got|\.data\.rel[a-z.]*) ' | grep -q ' WA '
	want $? 'a linker set or table of pointers is writable; see tools/small.ld'
else
	readelf -hW "$program" | grep -q 'Type: *DYN'
	want $? 'not position independent'
	! echo "$dynamic" | grep -q TEXTREL
	want $? 'has text relocations'
	echo "$dynamic" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW'
	want $? 'is not bound at start (-z now)'
	without HARDEN || echo "$headers" | grep -q GNU_RELRO
	want $? 'has no RELRO segment'
	# the RELRO segment is the line of the segment map with .got and without .data
	sets=$(readelf -SlW "$program.elf" | awk '/Section to Segment/ { segments = 1 } segments && /\.got/ && !/\.data( |$)/' | grep -o 'set_[a-z]*' | sort -u | wc -l)
	without HARDEN || [ "$sets" -eq "$(readelf -SW "$program.elf" | grep -o 'set_[a-z]*' | sort -u | wc -l)" ]
	want $? 'a linker set is not in the RELRO segment; see tools/sets.ld'
fi
without HARDEN || readelf -sW "$program.elf" | grep -q '__stack_chk_fail'
want $? 'no stack protector'
! readelf -SW "$program" | grep -q ' \.symtab'
want $? 'is not stripped'
! strings -a "$program" | grep -E "^(/home|/root|/tmp)/|$PWD"
want $? 'holds a path of the machine it was built on'
exit $bad
