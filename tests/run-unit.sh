#!/bin/sh
# SPDX-License-Identifier: MIT
# Run built unit tests one after the other and print their TAP as one stream.
# usage: run-unit.sh DIR NAME...    (DIR/NAME_test is the program)
# environment: RUNNER, a program that runs it (qemu-user)
dir=$1
shift
bad=0
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for name; do
	echo "# unit $name"
	timeout 120 ${RUNNER:+"$RUNNER"} "$dir/${name}_test" >"$log" 2>&1
	status=$?
	# Test programs number from 1 each; the name in front keeps the lines apart.
	sed -E -e '/^1\.\.[0-9]+/d' -e 's/^not ok (.*# SKIP)/ok \1/' -e 's/^(ok|not ok) ([0-9]+)( -)? */\1 - '"$(printf %s "$name" | sed 's,/,\\/,g')"': /' "$log"
	if [ $status -ne 0 ]; then
		bad=1
		grep -q '^not ok' "$log" || echo "not ok - $name: ended with status $status"
	elif ! grep -q '^ok' "$log"; then
		bad=1
		echo "not ok - $name: ran no test"
	fi
done
exit $bad
