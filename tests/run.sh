#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the test suites, count their TAP lines, show the output of what failed, and end in one line:
# `N passed, N failed, N skipped`. Fails when a test failed or a suite ran nothing.
# usage: run.sh [SUITE[+SUITE...]...]    suites: unit config fuzz live vm icount build lint
# Those joined by + run side by side, for machines with two processors.
# A script of live or vm in which something failed is run once more: these have emulated machines, clocks and
# a loaded host in them. When it then passes, the first failure is shown as "unsteady" above the result;
# each of those is a fault to be found, in the test or in myctr. STEADY=1 counts it as failed.
set -u
cd "$(dirname "$0")/.." || exit 1
top=$PWD
suites=${*:-unit config build fuzz live vm icount}
jobs=${JOBS:-2}
out=${TEST_OUT:-$top/build/test}
mkdir -p "$out/log"
passed=0 failed=0 skipped=0
failures='' unsteady=''

# Every suite works on the configuration with everything (board/pc) in a build folder of its own.
prepare()
{
	[ -n "$(find "$out/.config" -newer board/pc/defconfig 2>/dev/null)" ] ||
		make O="$out" pc_defconfig >/dev/null || return 1
	make -j"$jobs" O="$out" all >"$out/log/prepare.log" 2>&1 || {
		tail -n 30 "$out/log/prepare.log"
		echo "not ok - make pc_defconfig all"
		return 1
	}
	export MYCTR="$out/myctr" MYCTR_OUT="$out"
}

# Runs one script of suite $1; its output, and what there is to say about it, is in log/$1.script.
run_script()
{
	since=$(date +%s)
	"./$2" >"$out/log/$1.script" 2>&1 </dev/null
	status=$?
	verdict=
	if [ $status -ne 0 ] && ! grep -q '^not ok' "$out/log/$1.script"; then
		verdict="not ok - $2: exit status $status"
	elif ! grep -Eq '^(not )?ok' "$out/log/$1.script"; then
		verdict="not ok - $2: ran no test"
	fi
	printf '%s\n' ${verdict:+"$verdict"} "# $2 took $(($(date +%s) - since)) s" >>"$out/log/$1.script"
}

# See the head of this file.
runs_again() { [ -z "${STEADY:-}" ] && case $1 in live | vm) ;; *) false ;; esac; }

script_failures() { grep '^not ok' "$out/log/$1.script"; }

# TAP scripts of a folder, each a test program; a script that prints no TAP counts by its exit status.
run_scripts()
{
	for script in tests/"$1"/*.sh tests/"$1"/*/*.sh; do
		case $script in *'*'* | */lib.sh | */lib/*) continue ;; esac
		[ -x "$script" ] || { echo "not ok - $script: is not executable, and so was not run"; continue; }
		echo "# $script"
		run_script "$1" "$script"
		failing=$(script_failures "$1")
		if [ -n "$failing" ] && runs_again "$1"; then
			sed 's/^/# first run: /' "$out/log/$1.script"
			run_script "$1" "$script"
			[ -n "$(script_failures "$1")" ] || echo "$failing" | sed "s|^|# unsteady: $script: |"
		fi
		cat "$out/log/$1.script"
	done
}

suite_unit()
{
	make -k -j"$jobs" O="$out" unit-build >"$out/log/unit-build.log" 2>&1 || {
		cat "$out/log/unit-build.log"
		echo "not ok - make unit-build"
	}
	make O="$out" unit
}

suite_fuzz()
{
	make -k -j"$jobs" O="$out" fuzz-build >"$out/log/fuzz-build.log" 2>&1 || {
		cat "$out/log/fuzz-build.log"
		echo "not ok - make fuzz-build"
	}
	make O="$out" fuzz
}

suite_config() { run_scripts config; }
suite_build() { run_scripts build; }
suite_live() { run_scripts live; }
suite_vm() { run_scripts vm; }
suite_icount() { make O="$out" bench-icount; }
suite_lint() { tools/lint/run.sh; }

# Count TAP in a log, add it to the totals, print the suite's line.
count()
{
	p=$(grep -E '^ok\b' "$2" | grep -vc '# SKIP')
	s=$(grep -E '^ok\b' "$2" | grep -c '# SKIP')
	f=$(grep -Ec '^not ok\b' "$2")
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-7s %4d passed %3d failed %3d skipped  (%d s)\n' "$1" "$p" "$f" "$s" "$3"
}

prepare >"$out/log/prepare.tap" || {
	cat "$out/log/prepare.tap"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}
known()
{
	case $1 in
	unit | config | fuzz | live | vm | icount | build | lint) ;;
	*)
		echo "tests: unknown suite '$1'; one of unit config fuzz live vm icount build lint" >&2
		exit 2
		;;
	esac
}

run_suite()
{
	log=$out/log/$1.tap
	begin=$(date +%s)
	"suite_$1" >"$log" 2>&1
	echo $(($(date +%s) - begin)) >"$out/log/$1.took"
	if ! grep -Eq '^(not )?ok\b' "$log"; then
		case $1 in
		live | vm | fuzz | unit | config | build) [ -z "$(ls tests/"$1"/*.sh tests/"$1"/*.mk 2>/dev/null)" ] || echo "# no test ran" >>"$log" ;;
		esac
	fi
}

report()
{
	log=$out/log/$1.tap
	count "$1" "$log" "$(cat "$out/log/$1.took")"
	grep -E '# SKIP' "$log" | sed 's/^/    /'
	grep -E -A 8 '^# first run: not ok' "$log"
	unsteady="$unsteady$(grep '^# unsteady: ' "$log")"
	if grep -Eq '^not ok\b' "$log"; then
		echo "---- output of suite $1 (whole log: $log) ----"
		# each failing line with the diagnostics around it
		grep -nE -B 25 -A 15 '^not ok\b' "$log"
		echo "---- end of $1 ----"
		failures="$failures$(grep -E '^not ok\b' "$log" | sed "s|^|$1: |")
"
	fi
}

for group in $suites; do
	group=$(echo "$group" | tr + ' ')
	for suite in $group; do known "$suite"; done
	for suite in $group; do run_suite "$suite" & done
	wait
	for suite in $group; do report "$suite"; done
done
# once more at the end, where a log that is cut still shows them
[ -z "$unsteady" ] || echo "$unsteady"
printf %s "$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
