#!/bin/sh
# SPDX-License-Identifier: MIT
# The test that the Yocto package brings to a device (ptest), here with this machine's programs.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ptest=$live_dir/ptest
mkdir "$ptest"
cp "$live_top/tools/packaging/yocto/meta-myctr/recipes-containers/myctr/files/run-ptest" "$ptest/"
cp "$live_top/board/full/manifest" "$ptest/manifest"
if [ -n "${MYCTR_OUT:-}" ]; then cp "$MYCTR_OUT/.config" "$ptest/config"; else cp "$live_top/.config" "$ptest/config"; fi
MYCTR=$MYCTR "$ptest/run-ptest" >"$live_dir/out" 2>&1
status=$?
is "it ends well" 0 $status
while read -r verdict name; do
	case $verdict in
	PASS:) ok "$name" ;;
	SKIP:) skip "$name" "not in this configuration" ;;
	FAIL:) not_ok "$name" ;;
	*) echo "$verdict $name" ;;
	esac
done <"$live_dir/out"
has "containers ran" 'PASS: a container runs' "$(cat "$live_dir/out")"
# a program that is not ours passes nothing
MYCTR=false "$ptest/run-ptest" >"$live_dir/out" 2>&1
is "it can fail" 1 $?
done_testing
