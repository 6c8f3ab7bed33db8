#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel symbols that `myctr check` names are those of board/common/linux.config: none is missing there, and what
# a board's own fragment switches off is said by a line above it.
set -u
cd "$(dirname "$0")/../.." || exit 1
common=board/common/linux.config
n=0

# NAME MISSING-LINES
none()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# Symbols that check has rows for, and those its advice names behind "also"; LINUX is the version.
named()
{
	sed -n 's/^	{ "\([A-Z0-9_]*\)",.*/\1/p' core/feature.c | grep -vx LINUX
	tr '\n' ' ' <core/feature.c | grep -o '"also [A-Z0-9_, ]*"' | grep -o '[A-Z][A-Z0-9_]*[A-Z0-9]'
}

# What drivers say they need of the kernel.
of_drivers() { grep -rhoE '\.kernel = "[^"]*"' drivers | grep -oE '[A-Z][A-Z0-9_]+' | grep -vx BFQ_GROUP_IOSCHED; }

missing() { sort -u | while read -r symbol; do grep -qx "CONFIG_$symbol=y" $common || echo "$symbol"; done; }

none "check names symbols" "$([ "$(named | sort -u | wc -l)" -gt 30 ] || echo "only $(named | sort -u | wc -l)")"
none "$common has each symbol that check names" "$(named | missing)"
none "and each that a driver needs" "$(of_drivers | missing)"
none "a symbol is in $common once" "$(sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=.*/\1/p' $common | sort | uniq -d)"
for fragment in board/*/linux.config; do
	[ "$fragment" != $common ] || continue
	none "$fragment says why before it switches something off" "$(awk '
		/^# CONFIG_.* is not set$/ { if (!why) print; next }
		/^# / { why = 1; next }
		/^$/ { why = 0 }' "$fragment")"
done
echo "1..$n"
