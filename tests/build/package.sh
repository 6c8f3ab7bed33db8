#!/bin/sh
# SPDX-License-Identifier: MIT
# What is given away: the same bytes in every run, and complete. Sources that build without libseccomp on the build
# machine; binaries with their licences and an SBOM that says what is in them; a .deb that installs and goes.
# It packs the program that the other tests use, so nothing is compiled.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${MYCTR_OUT:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# the lines of the Makefile decide, not a copy of the version
version=$(sed -n 's/^VERSION := //p' Makefile)
arch=$(uname -m)
n=0

ok()
{
	status=$?
	n=$((n + 1))
	[ $status -eq 0 ] && echo "ok $n - package: $1" && return
	echo "not ok $n - package: $1"
	tail -n 30 "$work/said" | sed 's/^/# /'
}

# ---- sources -----------------------------------------------------------------------------------------
make dist O="$work/a" >"$work/said" 2>&1 && TZ=Pacific/Kiritimati make dist O="$work/b" >>"$work/said" 2>&1 &&
	cmp "$work/a/dist/myctr-$version.tar.gz" "$work/b/dist/myctr-$version.tar.gz" >>"$work/said" 2>&1
ok "two source archives are the same"
mkdir "$work/tree" && tar -xzf "$work/a/dist/myctr-$version.tar.gz" -C "$work/tree" --strip-components=1 2>"$work/said"
git ls-files 2>/dev/null | while read -r file; do [ ! -e "$file" ] || [ -e "$work/tree/$file" ] || echo "$file is not in it"; done >>"$work/said"
[ -f "$work/tree/Makefile" ] && [ ! -s "$work/said" ]
ok "every file is in it"
(cd "$work/tree" && make full_defconfig && make headers HOST_SECCOMP_LIBS=-lthere-is-none HOST_SECCOMP_CFLAGS=) >"$work/said" 2>&1 &&
	cp "$out/.config" "$work/tree/.config" && (cd "$work/tree" && make headers HOST_SECCOMP_LIBS=-lthere-is-none) >>"$work/said" 2>&1 &&
	cmp "$work/tree/build/include/generated/seccomp_default.h" "$out/include/generated/seccomp_default.h" >>"$work/said" 2>&1
ok "its default seccomp profile needs no libseccomp, and is the same"
(cd "$work/tree" && rm -rf build .config && make dist) >"$work/said" 2>&1 &&
	cmp "$work/tree/build/dist/myctr-$version.tar.gz" "$work/a/dist/myctr-$version.tar.gz" >>"$work/said" 2>&1
ok "an archive made of the archive is the same"

# ---- binaries and SBOM -------------------------------------------------------------------------------
make O="$out" man >"$work/said" 2>&1
for run in a b; do
	BUILT=$out CONFIGS=pc tools/packaging/release/release.sh "$work/$run/dist" "$version" "$arch" >"$work/said" 2>&1
done
cmp "$work/a/dist/SHA256SUMS" "$work/b/dist/SHA256SUMS" >>"$work/said" 2>&1 && (cd "$work/a/dist" && sha256sum -c --quiet SHA256SUMS) >>"$work/said" 2>&1
ok "two releases are the same, and their checksums right"
tar -xzf "$work/a/dist/myctr-$version-$arch.tar.gz" -C "$work" 2>"$work/said" && cmp "$work/myctr-$version-$arch/myctr" "$out/myctr" >>"$work/said" 2>&1 &&
	[ -s "$work/myctr-$version-$arch/myctr.8" ] && [ -s "$work/myctr-$version-$arch/licences/musl" ]
ok "the program, manual pages and licences are in the archive"
/usr/bin/python3 - "$work/a/dist/myctr-$version.spdx.json" "$(sha256sum <"$out/myctr" | cut -d' ' -f1)" >"$work/said" 2>&1 <<'END'
import json, re, sys
found = json.load(open(sys.argv[1]))
names = {p["SPDXID"]: p for p in found["packages"]}
assert found["spdxVersion"] == "SPDX-2.3" and found["dataLicense"] == "CC0-1.0" and found["SPDXID"] == "SPDXRef-DOCUMENT"
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["creationInfo"]["created"])
for p in names.values():
    assert {"name", "versionInfo", "downloadLocation", "licenseDeclared", "licenseConcluded", "copyrightText"} <= set(p), p
    assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", p["SPDXID"]), p
binary = [p for p in names.values() if p.get("checksums", [{}])[0].get("checksumValue") == sys.argv[2]]
assert len(binary) == 1, binary
linked = {names[r["relatedSpdxElement"]]["name"] for r in found["relationships"] if r["relationshipType"] == "STATIC_LINK"}
# pc_defconfig has all of them
assert linked >= {"musl", "libseccomp", "lz4", "zlib", "zstd", "libsodium", "jsmn"}, linked
END
ok "the SBOM names the program and all that is linked into it"

# ---- the Debian package ------------------------------------------------------------------------------
for run in a b; do
	tools/packaging/debian/build.sh "$work/$run/dist" "$version" "$out" >"$work/said" 2>&1
done
deb=$(echo "$work"/a/dist/myctr_*.deb)
cmp "$deb" "$work"/b/dist/myctr_*.deb >>"$work/said" 2>&1
ok "two .debs are the same"
if [ "$(id -u)" = 0 ]; then
	# Into an empty root; the scripts run outside of it and know that (DPKG_ROOT).
	root=$work/root
	mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" "$root/etc/rc2.d"
	: >"$root/var/lib/dpkg/status"
	: >"$root/var/lib/dpkg/available"
	in_root() { dpkg --root="$root" --force-script-chrootless --force-depends --no-triggers --log=/dev/null "$@"; }
	in_root -i "$deb" >"$work/said" 2>&1 && "$root/usr/bin/myctr" --version >>"$work/said" 2>&1 &&
		MYCTR_ETC=$root/etc/myctr "$root/usr/bin/myctr" manifest check >>"$work/said" 2>&1 && [ -f "$root/lib/systemd/system/myctr.service" ]
	ok "it installs, and its manifest is right"
	in_root --verify myctr >"$work/said" 2>&1 && [ ! -s "$work/said" ]
	ok "what is installed is what was packed"
	in_root -i "$deb" >"$work/said" 2>&1 && in_root -r myctr >>"$work/said" 2>&1 && [ ! -e "$root/usr/bin/myctr" ] && [ -f "$root/etc/myctr/manifest" ]
	ok "it is upgraded and removed, but for its configuration"
	in_root -P myctr >"$work/said" 2>&1 && find "$root" -name '*myctr*' ! -path '*/var/lib/*' >>"$work/said" && ! grep -q "^$root" "$work/said"
	ok "purged, nothing is left"
else
	echo "ok $((n += 1)) - package: install # SKIP needs root"
fi
if command -v lintian >/dev/null; then
	lintian --no-cfg --allow-root --fail-on error,warning "$deb" >"$work/said" 2>&1
	ok "lintian says nothing"
else
	echo "ok $((n += 1)) - package: lintian # SKIP lintian is not installed"
fi
if command -v systemd-analyze >/dev/null; then
	sed "s|/usr/bin/myctr|$(realpath "$out")/myctr|" tools/packaging/debian/myctr.service >"$work/myctr.service"
	systemd-analyze verify --man=no "$work/myctr.service" >"$work/said" 2>&1 && [ ! -s "$work/said" ]
	ok "systemd understands the unit"
fi
echo "1..$n"
