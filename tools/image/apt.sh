#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fetches Debian packages of any processor into the cache without installing them and without
# touching this machine's package lists: a private apt with its own folder per processor. mkimage and
# the VM runner's prepare.sh call it. Needs no root.
#
# usage: apt.sh ARCH fetch PACKAGE...      the packages alone; prints the .deb paths
#        apt.sh ARCH resolve PACKAGE...    with all they depend on; prints the .deb paths
#        apt.sh ARCH update                fresh package lists
# environment: MYCTR_MIRROR (http://deb.debian.org/debian), MYCTR_SUITE (bookworm), MYCTR_CACHE
set -eu

cache=${MYCTR_CACHE:-$HOME/.cache/myctr}
suite=${MYCTR_SUITE:-bookworm}
mirror=${MYCTR_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() { echo "apt: $*" >&2; exit 1; }

[ $# -ge 2 ] || die "usage: apt.sh ARCH fetch|resolve|update [PACKAGE...]"
arch=$1 verb=$2
shift 2
case $arch in amd64|arm64|armhf|riscv64) ;; *) die "$arch: not a Debian processor name; amd64 or arm64" ;; esac

root=$cache/apt/$suite-$arch
mkdir -p "$root/lists/partial" "$root/none/partial" "$root/archives/partial" "$root/etc"
exec 9>"$root/lock.ours"
flock 9

cat > "$root/etc/sources.list" <<LIST
deb [signed-by=$keyring] $mirror $suite main
deb [signed-by=$keyring] $mirror $suite-updates main
deb [signed-by=$keyring] ${mirror%/debian}/debian-security $suite-security main
LIST
cat > "$root/etc/apt.conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Dir::Etc::SourceList "$root/etc/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$root";
Dir::State::Lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root";
Dir::Cache::Archives "$root/archives";
Dir::Log "$root";
CONF
: > "$root/status"
export APT_CONFIG="$root/etc/apt.conf"

# A mirror in the middle of its own update has a list of one compression that is not what its signed index says,
# and the other is; of updates and security it may have neither for an hour, which one can do without.
update() {
	for order in xz gz; do
		apt-get -qq -o "Acquire::CompressionTypes::Order::=$order" update > "$root/log" 2>&1 && break
		! ls "$root/lists/"*"_dists_${suite}_main_binary-${arch}_Packages"* > /dev/null 2>&1 || break
	done
	ls "$root/lists/"*"_dists_${suite}_main_binary-${arch}_Packages"* > /dev/null 2>&1 || {
		tail -n 5 "$root/log" >&2
		die "could not read the package lists of $mirror ($arch); is there a network?"
	}
	touch "$root/updated"
}

refuse() {
	grep -v '^W:' "$root/log" >&2 || true
	die "$*: not to be had for $arch in $suite; stale lists are refreshed by: $0 $arch update"
}

# The plan is "'URL' FILE SIZE HASH" a line. What is not in the cache yet is fetched by one apt-get,
# which checks signatures and hashes.
resolve() {
	# an empty folder, for apt does not print what it has already
	apt-get -qq -o Dir::Cache::Archives="$root/none" --print-uris -y install "$@" > "$root/plan" 2> "$root/log" || refuse "$@"
	cut -d ' ' -f 2 "$root/plan" | sed "s|^|$root/archives/|" > "$root/files"
	apt-get -qq -y --download-only install "$@" > "$root/log" 2>&1 || refuse "$@"
	cat "$root/files"
}

fetch() {
	apt-get -qq --print-uris download "$@" > "$root/plan" 2> "$root/log" || refuse "$@"
	cut -d ' ' -f 2 "$root/plan" | sed "s|^|$root/archives/|" > "$root/files"
	(cd "$root/archives" && apt-get -qq download "$@") > "$root/log" 2>&1 || refuse "$@"
	cat "$root/files"
}

if [ ! -f "$root/updated" ] || [ "$verb" = update ]; then update; fi
[ "$verb" != update ] || exit 0
[ $# -gt 0 ] || die "no package named"
case $verb in
resolve) resolve "$@" ;;
fetch) fetch "$@" ;;
*) die "$verb: not known; fetch, resolve or update" ;;
esac
