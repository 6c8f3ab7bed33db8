#!/bin/sh
# SPDX-License-Identifier: MIT
# `make deb`: a Debian package of the static program, with manual pages, completion, units for systemd and sysvinit and
# a folder of configuration. Needs dpkg-deb only, no root; the same bytes in every run. Installs nothing.
# usage: build.sh OUT VERSION [BUILT]
#   BUILT           folder of a build to take; default: pc_defconfig is built in OUT/build/deb
#   DEB_ARCH        its processor as Debian calls it (this machine's), DEB_REVISION (1), DEB_MAINTAINER
set -eu
cd "$(dirname "$0")/../../.."
out=$1 version=$2 built=${3:-}
here=tools/packaging/debian
. tools/packaging/release/epoch.sh
mkdir -p "$out"
arch=${DEB_ARCH:-$(dpkg --print-architecture)}
full=$version-${DEB_REVISION:-1}
maintainer=${DEB_MAINTAINER:-The myctr authors <packages@myctr.example>}
if [ -z "$built" ]; then
	built=$out/build/deb
	make -j"${JOBS:-2}" O="$built" pc_defconfig all
fi
make O="$built" man >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# put MODE FROM TO, squeeze FROM TO
put() { install -D -m "$1" "$2" "$root$3"; }
squeeze()
{
	mkdir -p "$root$(dirname "$2")"
	gzip -9n <"$1" >"$root$2"
	chmod 644 "$root$2"
}

put 0755 "$built/myctr" /usr/bin/myctr
squeeze "$built/myctr.8" /usr/share/man/man8/myctr.8.gz
squeeze "$built/myctr-manifest.5" /usr/share/man/man5/myctr-manifest.5.gz
put 0644 "$built/myctr.bash" /usr/share/bash-completion/completions/myctr
put 0644 $here/myctr.service /lib/systemd/system/myctr.service
put 0755 $here/myctr.init /etc/init.d/myctr
put 0644 $here/manifest /etc/myctr/manifest
put 0644 $here/lintian-overrides /usr/share/lintian/overrides/myctr
mkdir -p "$root/etc/myctr/manifest.d" "$root/etc/myctr/keys"
put 0644 board/full/manifest /usr/share/doc/myctr/examples/manifest
squeeze README.md /usr/share/doc/myctr/README.md.gz

# The licences: ours, and those of what is linked.
{
	cat $here/copyright
	sed -e 1,/^$/d -e 's/^$/./' -e 's/^/ /' LICENSE
	if [ "${DEB_LICENCES:-yes}" = yes ]; then
		tools/packaging/release/licences.sh "$work/licences"
		# where Debian has the text itself, it is named
		echo 'The text is in /usr/share/common-licenses/LGPL-2.1.' >"$work/licences/libseccomp"
		for file in "$work"/licences/*; do
			printf '\n---- %s ----\n\n' "$(basename "$file")"
			sed 's|^ *GNU GENERAL PUBLIC LICENSE$|The GNU General Public License, version 2, is in /usr/share/common-licenses/GPL-2.|;t end;b;:end;q' "$file"
		done
	fi
} >"$work/copyright"
put 0644 "$work/copyright" /usr/share/doc/myctr/copyright
{
	printf 'myctr (%s) unstable; urgency=medium\n\n  * Built of the sources of this version; their history says what changed.\n\n' "$full"
	printf ' -- %s  %s\n' "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")"
} >"$work/changelog"
squeeze "$work/changelog" /usr/share/doc/myctr/changelog.Debian.gz

mkdir "$root/DEBIAN"
for script in postinst prerm postrm; do install -m 0755 $here/$script "$root/DEBIAN/$script"; done
printf '%s\n' /etc/init.d/myctr /etc/myctr/manifest >"$root/DEBIAN/conffiles"
(cd "$root" && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' | sort | sed 's|^\./||' | xargs md5sum >DEBIAN/md5sums)
size=$(find "$root" -type f ! -path '*/DEBIAN/*' -exec stat -c %s {} + | awk '{ n += int(($1 + 1023) / 1024) } END { print n }')
sed -e "s/@VERSION@/$full/" -e "s/@ARCH@/$arch/" -e "s/@MAINTAINER@/$maintainer/" -e "s/@SIZE@/$size/" $here/control >"$root/DEBIAN/control"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$out/myctr_${full}_$arch.deb" >/dev/null
(cd "$out" && sha256sum "myctr_${full}_$arch.deb")
