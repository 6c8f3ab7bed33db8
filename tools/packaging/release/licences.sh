#!/bin/sh
# SPDX-License-Identifier: MIT
# The licences of what is linked into the binaries, out of the sources the sysroot was made of.
# usage: licences.sh FOLDER
set -eu
folder=$1
download=${MYCTR_CACHE:-$HOME/.cache/myctr}/download
mkdir -p "$folder"

# take NAME ARCHIVE FILE
take()
{
	for archive in "$download"/$2; do
		[ -f "$archive" ] || continue
		tar -xOf "$archive" --wildcards "$3" >"$folder/$1"
		return
	done
	echo "licences: $2 is not in $download; build something first" >&2
	exit 1
}

take libseccomp 'libseccomp_*.orig.tar.gz' '*/LICENSE'
take libcap 'libcap2_*.orig.tar.xz' '*/License'
take lz4 'lz4_*.orig.tar.gz' '*/lib/LICENSE'
take zlib 'zlib_*.orig.tar.bz2' '*/README'
take zstd 'libzstd_*.orig.tar.xz' '*/LICENSE'
take libsodium 'libsodium_*.orig.tar.gz' '*/LICENSE'
take jsmn 'jsmn_*.orig.tar.gz' '*/LICENSE'
# musl is Debian's binary package, or for some processors its source.
for deb in "$download"/musl-dev_*.deb; do
	[ -f "$deb" ] || { take musl 'musl_*.orig.tar.gz' '*/COPYRIGHT' && break; }
	dpkg-deb --fsys-tarfile "$deb" | tar -xOf - ./usr/share/doc/musl-dev/copyright >"$folder/musl"
	break
done
