#!/bin/sh
# SPDX-License-Identifier: MIT
# `make dist`: the sources as myctr-VERSION.tar.gz, always the same bytes for the same commit. In it are the files
# that git knows (or, in a tree without git, all but what was built), and the default seccomp profile of each processor
# made ready, so that building it needs no libseccomp on the build machine. Changes nothing but OUT.
# usage: dist.sh OUT VERSION SECCOMP-TOOL
set -eu
cd "$(dirname "$0")/../../.."
out=$1 version=$2 tool=$3
. tools/packaging/release/epoch.sh
name=myctr-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" "$work/$name"

files()
{
	[ "$in_git" = no ] || { git ls-files && return; }
	find . ! -type d ! -path './build*' ! -path './.config*' | sed 's|^\./||'
}

files | grep -v '^drivers/seccomp/made/' | tar -cf - -T - | tar -xf - -C "$work/$name"
mkdir -p "$work/$name/drivers/seccomp/made"
sed -n 's/^\t{ "\([a-z0-9_]*\)", SCMP_ARCH_.*/\1/p' tools/seccomp/arch.c | while read -r arch; do
	for compat in y no; do
		"$tool" "$arch" drivers/seccomp/default.list "$compat" >"$work/$name/drivers/seccomp/made/$arch-$compat.h"
	done
done
pack "$work/$name" "$out/$name.tar.gz"
[ "$in_git" = no ] || [ -z "$(git status --porcelain)" ] || echo "dist: there are changes that are not committed; they are in it" >&2
(cd "$out" && sha256sum "$name.tar.gz")
