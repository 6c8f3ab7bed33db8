#!/bin/sh
# SPDX-License-Identifier: MIT
# Every check on the source and the binary, as TAP. usage: run.sh [CHECK...]
# checks: format shape layers words kconfig shell cppcheck tidy binary
# It changes nothing; `make format` does what the first check wants.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tools/lint
out=${LINT_OUT:-build/lint}
checks=${*:-format shape layers words kconfig shell binary cppcheck tidy}
jobs=${JOBS:-2}
bad=0
n=0
mkdir -p "$out"

# The sources: what git knows, or in a tree without git whatever is there.
files()
{
	git ls-files -co --exclude-standard -- "$@" 2>/dev/null || find "$@" -type f
}
sources=$(files core drivers init tools tests | grep '\.[ch]$')
shipped=$(files core drivers init | grep '\.c$')

configure()
{
	make -s O="$out" pc_defconfig >/dev/null && make -s O="$out" LIBC=glibc headers
}

check_format()
{
	# shellcheck disable=SC2086 # a list of files
	clang-format --dry-run -Werror $sources 2>&1 | grep -v '^ ' | sed 's/ \[-W.*//' >"$out/format"
	cat "$out/format"
	[ ! -s "$out/format" ] || {
		echo "run: make format"
		return 1
	}
}

# shellcheck disable=SC2086 # lists of files
check_shape() { awk -f "$here/shape.awk" $sources; }
# shellcheck disable=SC2086
check_layers() { awk -f "$here/layers.awk" $sources; }
check_words() { "$here/words.sh"; }
check_kconfig() { /usr/bin/python3 "$here/kconfig.py" Kconfig; }
check_binary() { make -s -j"$jobs" O="$out" LIBC=musl full_defconfig all >/dev/null && "$here/binary.sh" "$out/myctr"; }

check_shell()
{
	files . | while read -r file; do
		head -c 64 "$file" 2>/dev/null | head -n 1 | grep -aqE '^#! ?/bin/(sh|bash)' && echo "$file"
	done >"$out/scripts"
	xargs shellcheck -x <"$out/scripts"
}

check_cppcheck()
{
	configure || return
	# shellcheck disable=SC2086 # a list of files
	cppcheck -q -j"$jobs" --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
		--suppressions-list="$here/cppcheck.txt" -I. -I"$out/include" --include="$out/include/autoconf.h" \
		-D_GNU_SOURCE -D__x86_64__ -D__linux__ $shipped tools/kconfig/*.c
}

check_tidy()
{
	configure || return
	# the analyzer of clang; what it may say is in .clang-tidy
	# shellcheck disable=SC2016 # for the inner shell
	# but for the files whose other half is only made for a compiled-in manifest, and what stands in for musl's own
	echo "$shipped" | grep -vE 'manifest_(builtin|static)\.c|small_assert\.c' | xargs -P "$jobs" -n 4 sh -c 'config=$0 include=$1 && shift && clang-tidy --quiet \
		--config-file="$config" "$@" -- -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I"$include" \
		-include "$include/autoconf.h"' "$here/clang-tidy" "$out/include" 2>/dev/null >"$out/tidy"
	grep -E -A6 '(warning|error):' "$out/tidy" && return 1
	return 0
}

for check in $checks; do
	n=$((n + 1))
	begin=$(date +%s)
	if "check_$check" >"$out/log-$check" 2>&1; then
		echo "ok $n - lint $check ($(($(date +%s) - begin)) s)"
	else
		bad=1
		echo "not ok $n - lint $check"
		head -n "${LINT_LINES:-60}" "$out/log-$check" | sed 's/^/# /'
	fi
done
exit $bad
