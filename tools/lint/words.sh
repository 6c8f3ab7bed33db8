#!/bin/sh
# SPDX-License-Identifier: MIT
# Words that must not appear: unsafe calls, notes to be done later, exit() outside main, paths of a
# developer's machine; and every file's SPDX line.
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0

# forbid WHY PATTERN FILE-PATTERN...
forbid()
{
	why=$1 pattern=$2
	shift 2
	if git grep -nIE --untracked "$pattern" -- "$@" ':!tools/lint/words.sh'; then
		echo "  ^ $why"
		bad=1
	fi
}

forbid 'unsafe or shelling out' '\b(strcpy|strcat|sprintf|vsprintf|gets|system|popen|mktemp|tmpnam)\(' 'core/*.[ch]' 'drivers/*.[ch]' 'init/*.[ch]'
forbid 'finish it instead' '\b(TODO|FIXME|XXX)\b' ':!*.pdf' ':!LICENSE'
forbid 'only main() may end the program' '\b(exit|abort)\(' 'core/lib/*.c' 'drivers/*.c' 'init/*.c'
forbid 'a path of some machine' '/(home/[a-z]+|work/(wt|main|shared|resources))/' .
forbid 'every fd must be O_CLOEXEC' '\b(accept|pipe|dup|epoll_create|inotify_init)\(' 'core/*.c' 'drivers/*.c' 'init/*.c'

git ls-files -co --exclude-standard -- '*.c' '*.h' '*.sh' '*.mk' '*.py' '*.awk' '*Kconfig' Makefile | while read -r file; do
	[ ! -f "$file" ] || head -n 8 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file: no SPDX line"
done >"${TMPDIR:-/tmp}/words.$$"
if [ -s "${TMPDIR:-/tmp}/words.$$" ]; then
	cat "${TMPDIR:-/tmp}/words.$$"
	bad=1
fi
rm -f "${TMPDIR:-/tmp}/words.$$"
exit $bad
