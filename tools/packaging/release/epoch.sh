# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by what packs: the time written into archives, and how archives are made so that two runs give the same bytes.
# SOURCE_DATE_EPOCH where it is set, else that of the commit, else that of the Makefile, which `make dist` sets.
# A tree unpacked within somebody else's repository is not in git.
in_git=no
[ -z "$(git ls-files Makefile 2>/dev/null)" ] || in_git=yes
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	[ $in_git = yes ] && SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) || SOURCE_DATE_EPOCH=$(stat -c %Y Makefile)
fi
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

# pack FOLDER ARCHIVE.tar.gz: the folder's parent is left out of the names
pack()
{
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r-w,a-s,a+X --format=gnu \
		-C "$(dirname "$1")" -cf - "$(basename "$1")" | gzip -9n >"$2.new"
	mv "$2.new" "$2"
}
