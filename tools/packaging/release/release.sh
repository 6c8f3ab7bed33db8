#!/bin/sh
# SPDX-License-Identifier: MIT
# `make release`: for each processor with a sysroot, static binaries with manual pages and licences in
# myctr-VERSION-ARCH.tar.gz; beside them the sources, an SBOM (SPDX 2.3) and SHA256SUMS. Two runs give the same bytes.
# Writes below OUT only; what it builds is in OUT/build. A processor whose cross compiler is not installed is left out, and said.
# usage: release.sh OUT VERSION [ARCH...]
#   CONFIGS="full router"     which binaries: the first is called myctr, others myctr-CONFIG
#   BUILT=FOLDER              take this build folder instead of building, for one ARCH and one CONFIG (tests)
set -eu
cd "$(dirname "$0")/../../.."
out=$1 version=$2
shift 2
. tools/packaging/release/epoch.sh
configs=${CONFIGS:-full router}
mkdir -p "$out"
out=$(realpath "$out")

# Those that tools/sysroot/build.sh knows.
archs() { sed -n '/^case \$arch in$/,/^esac$/s/^\([a-z0-9_| ]*\)).*/\1/p' tools/sysroot/build.sh | tr '|' '\n' | tr -d ' '; }

# Its compiler, as the build finds it; nothing where there is none.
compiler()
{
	command -v "$(make -s O="$work/which-$1" ARCH="$1" --eval 'which-cc: ; @echo $(CC)' which-cc 2>/dev/null | tail -n 1)" || true
}

# build ARCH CONFIG: prints the folder
build()
{
	if [ -n "${BUILT:-}" ]; then
		echo "$BUILT"
		return
	fi
	folder=$out/build/$1-$2
	echo "release: building $2 for $1" >&2
	mkdir -p "$folder"
	make -j"${JOBS:-2}" O="$folder" ARCH="$1" "$2_defconfig" all man >"$folder/log" 2>&1 || {
		tail -n 20 "$folder/log" >&2
		echo "release: $2 for $1 did not build; the log is $folder/log" >&2
		exit 1
	}
	echo "$folder"
}

# one ARCH: its archive
one()
{
	name=myctr-$version-$1
	rm -rf "${work:?}/$name"
	mkdir -p "$work/$name"
	as=
	for config in $configs; do
		as=myctr${as:+-$config}
		folder=$(build "$1" "$config") || exit 1
		install -m 0755 "$folder/myctr" "$work/$name/$as"
		echo "$name $as $1 $config $folder" >>"$work/binaries"
		if [ "$as" = myctr ]; then
			for page in myctr.8 myctr-manifest.5 myctr.bash; do
				install -m 0644 "$folder/$page" "$work/$name/$page"
			done
		fi
	done
	install -m 0644 LICENSE README.md "$work/$name/"
	tools/packaging/release/licences.sh "$work/$name/licences"
	pack "$work/$name" "$out/$name.tar.gz"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -f "$out/myctr-$version.tar.gz" ] || { echo "release: make dist first" >&2; exit 1; }
for arch in "${@:-$(archs)}"; do
	for one in $arch; do
		if [ -z "${BUILT:-}" ] && [ -z "$(compiler "$one")" ]; then
			echo "release: no compiler for $one is installed; left out (tools/deps.sh cross)" >&2
			continue
		fi
		one "$one"
	done
done
/usr/bin/python3 tools/packaging/release/sbom.py --version "$version" --source "$out/myctr-$version.tar.gz" \
	--epoch "$SOURCE_DATE_EPOCH" --binaries "$work/binaries" -o "$out/myctr-$version.spdx.json"
(cd "$out" && sha256sum myctr-"$version"*.tar.gz myctr-"$version".spdx.json >SHA256SUMS && cat SHA256SUMS)
