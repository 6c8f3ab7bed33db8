#!/bin/sh
# SPDX-License-Identifier: MIT
# Containerfiles that others wrote: those of Docker itself, influxdb, nginx, weechat, znc and more, and the ones with which
# OpenShift's imagebuilder compares itself to docker build. They come from a Debian package (Apache-2.0) and are no part
# of ours. The projects' commands need the network, so their base has a shell that does nothing; files that
# are no part of the package are made empty. What is not supported has to say so.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
cd "$live_dir" || exit 1
no() { skip "Containerfiles of others" "$*"; done_testing; exit 0; }
"$MYCTR" build --help >/dev/null 2>&1 || no "this build has no build"
package=$("$live_top/tools/image/apt.sh" "$(dpkg --print-architecture)" fetch golang-github-openshift-imagebuilder-dev 2>&1) ||
	no "no Debian package: $(printf '%s\n' "$package" | tail -n 1)"
dpkg-deb -x "$(printf '%s\n' "$package" | tail -n 1)" package || no "the package cannot be unpacked"
projects=$(find "$PWD/package" -type d -path '*/parser/testfiles')
tests=$(find "$PWD/package" -type d -path '*/dockerclient/testdata')
said=$live_dir/said

mkdir -p quiet/bin quiet/etc busy/bin busy/usr/bin busy/etc busy/tmp
cp "$(command -v busybox)" quiet/bin/busybox; cp quiet/bin/busybox busy/bin/busybox
for tool in sh bash; do printf '#!/bin/busybox true\n' >"quiet/bin/$tool"; chmod +x "quiet/bin/$tool"; done
for tool in $(busybox --list); do [ -e "busy/bin/$tool" ] || ln -s busybox "busy/bin/$tool"; done
printf '%s\n' root:x:0:0::/root:/bin/sh bin:x:2:2::/:/bin/sh lp:x:7:7::/:/bin/sh >busy/etc/passwd
printf '%s\n' root:x:0: bin:x:2: adm:x:4: lp:x:7: mail:x:8: >busy/etc/group

# build BASE FILE DIR: every image that its FROM name is the folder BASE
build()
{
	base=$live_dir/$1 images=''
	for image in $(sed -nE 's/^FROM[ \t]+(--[^ ]+[ \t]+)?([^ \t]+).*/\2/Ip' "$2") centos:7 golang:1.9; do
		images="$images --build-image $image=$base"
	done
	# shellcheck disable=SC2086 # a list
	timeout 60 "$MYCTR" build -q --network none $images --format tar -o out.tar -f "$2" "$3" >"$said" 2>&1
}

# project NAME: its whole file; what its folder lacks is made
project()
{
	rm -rf context; cp -r "$projects/$1" context
	tries=0
	until build quiet context/Dockerfile context || [ $((tries += 1)) -gt 30 ]; do
		file=$(sed -nE 's/.*: (ADD|COPY): (.*): not to be had from the context: .*/\2/p' "$said")
		[ -n "$file" ] || break
		mkdir -p "context/$(dirname "$file")"
		: >"context/$file"
	done
	rm -rf conf; mkdir conf
	tar -C conf -xf out.tar .myctr 2>/dev/null || tar -C conf -xf out.tar ./.myctr 2>/dev/null
	said_of=$(cat conf/.myctr/image.conf 2>/dev/null)
}

for name in brimstone-docker-consul continueIndent docker influxdb kartar-entrypoint-oddities mail \
	mumble nginx tf2 weechat znc; do
	rm -f out.tar
	project "$name"
	if [ -s out.tar ]; then ok "the file of $name is built"; else not_ok "the file of $name is built" "$(tail -n 1 "$said")"; fi
	case $name in
	docker) has "with its volume, folder, variables and entry point" 'data-path = /var/lib/docker.*workdir = .*github.com/docker/docker' "$(printf '%s\n' "$said_of" | sort | tr '\n' ' ')" ;;
	weechat) has "and its command" '^command = /bin/sh -c "zsh -c weechat"$' "$said_of" ;;
	znc) has "and its command" '^command = .*"?/usr/bin/znc"? -f -r$' "$said_of" ;;
	esac
done
# unsupported NAME PATTERN
unsupported()
{
	rm -f out.tar
	project "$1"
	if [ -s out.tar ]; then not_ok "the file of $1 is refused" "it was built"; else has "the file of $1 is refused" "$2" "$(cat "$said")"; fi
}
unsupported lk4d4-the-edge-case-generator 'Dockerfile:5: ONBUILD: not supported; put its instruction'
unsupported cpuguy83-nagios 'Dockerfile:18: ADD: http://.*: nothing is fetched'
unsupported flags 'Dockerfile:3: COPY: unknown flag --user; it has: from'
unsupported jeztah-invalid-json-single-quotes 'Dockerfile:1: CMD: comes before the first FROM'

# The comparisons: what docker build takes, and what it does not.
built='' wrong=''
for file in $(find "$tests" -name '*ockerfile*' -type f | sort); do
	name=${file#"$tests/"}
	case $name in
	Dockerfile.add | Dockerfile.edgecases | add/Dockerfile) continue ;; # an address, ONBUILD, bzip2: below
	Dockerfile.badhealthcheck | Dockerfile.unknown | Dockerfile.envargconflict | Dockerfile.mount | multistage/Dockerfile.heading-* | \
		multistage/Dockerfile.ref | multistage/Dockerfile.relative-copy_* | Dockerfile.shell) continue ;; # wrong, or of other bases
	esac
	if build busy "$file" "$(dirname "$file")"; then built="$built $name"; else wrong="$wrong $name: $(tail -n 1 "$said");"; fi
done
is "all that imagebuilder compares with docker build are built" "" "$wrong"
build busy "$tests/copychown/Dockerfile" "$tests/copychown"
is "a folder that COPY makes belongs to whom the file does" "3/3 3/3 3/3" \
	"$(tar tvf out.tar --numeric-owner | sed -nE 's#^d[^ ]+ ([0-9a-z/]+) .* (\./)?(no-such-directory|new-workdir/several/levels/deep/no-such-directory|new-workdir/several/levels/no-such-subdirectory)/$#\1#p' | tr '\n' ' ' | sed 's/ $//')"
check "and there were some" test "$(echo "$built" | wc -w)" -ge 40
refused() { if build busy "$tests/$1" "$(dirname "$tests/$1")"; then not_ok "$1 is refused" "it was built"; else has "$1 is refused" "$2" "$(cat "$said")"; fi; }
refused Dockerfile.add 'Dockerfile.add:2: ADD: https://.*: nothing is fetched'
refused Dockerfile.badhealthcheck 'Dockerfile.badhealthcheck:2: HEALTHCHECK: wants something after it'
refused Dockerfile.unknown 'Dockerfile.unknown:2: unknown instruction HEALTH'
refused add/Dockerfile 'Dockerfile:5: ADD: archived.tar.bz2: bzip2-compressed, which is not supported'
done_testing
