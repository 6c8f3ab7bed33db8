#!/bin/sh
# SPDX-License-Identifier: MIT
# Images of umoci, skopeo and podman through the converter of the build machine, in every form they write: what
# comes out is what umoci itself unpacks, and the configuration is all there.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# ok NAME: of the status and the output in $work/said
ok()
{
	status=$?
	n=$((n + 1))
	if [ $status -eq 0 ]; then
		echo "ok $n - convert: $1"
	else
		echo "not ok $n - convert: $1"
		head -n 30 "$work/said" | sed 's/^/# /'
	fi
}

if [ "$(id -u)" != 0 ]; then
	echo "ok 1 - convert # SKIP needs root for owners and devices"
	exit 0
fi
for tool in umoci skopeo podman; do
	command -v $tool >/dev/null || {
		echo "ok 1 - convert # SKIP $tool is not installed"
		exit 0
	}
done

# The folders that a root needs are what the converter adds.
# Three layers: a tree; things removed, replaced and hard-linked across layers; an opaque folder.
make_image()
{
	umoci init --layout img && umoci new --image img:v1 && umoci unpack --image img:v1 b &&
		(
			cd b/rootfs && mkdir -p etc usr/bin opt/dir/sub && echo one >etc/one && echo two >etc/two &&
				cp /bin/true usr/bin/tool && ln usr/bin/tool usr/bin/same && ln -s usr/bin bin &&
				echo x >opt/dir/sub/x && mknod null c 1 3 && chown 123:456 etc/two && chmod 4755 usr/bin/tool &&
				setfattr -n user.k -v v etc/one && mkfifo pipe && touch -d '2001-02-03 04:05:06' opt
		) && umoci repack --image img:v1 b && rm -rf b && umoci unpack --image img:v1 b &&
		(
			cd b/rootfs && rm -rf etc/one opt/dir && mkdir opt/dir && echo y >opt/dir/y &&
				ln usr/bin/tool usr/bin/third && echo more >>etc/two && rm pipe && mkdir pipe && echo z >pipe/z
		) && umoci repack --image img:v1 b && rm -rf b &&
		umoci config --image img:v1 --config.cmd sh --config.cmd -c --config.cmd 'echo "hi $X"' \
			--config.entrypoint /bin/env --config.env PATH=/bin:/usr/bin --config.env 'X=a b' \
			--config.workingdir /opt --config.user 123:456 --config.exposedports 80/tcp --config.volume /data \
			--config.label 'a=b c' --config.stopsignal SIGINT &&
		umoci unpack --image img:v1 want && (cd want/rootfs && mkdir dev proc sys && touch -d @0 dev proc sys)
}

want_config()
{
	cat <<'END'
[image]
entrypoint  = /bin/env
command     = sh -c "echo \"hi \$X\""
env         = PATH=/bin:/usr/bin
env         = X=a b
user        = 123:456
workdir     = /opt
expose      = 80/tcp
data-path   = /data
label       = a=b c
stop-signal = SIGINT
END
}

# The root's own time is left out: taking the configuration away changes it.
list() { "$top/tests/unit/drivers/image/tree_list.py" "$1" | tail -n +2; }

# same WHAT IN: converts and compares
same()
{
	rm -rf got out.tar
	{
		"$convert" -f tar "$2" out.tar && mkdir got &&
			tar --numeric-owner --xattrs --xattrs-include='*' -xpf out.tar -C got &&
			want_config | diff - got/.myctr/image.conf && rm -rf got/.myctr && list want/rootfs >want.list &&
			list got | diff want.list -
	} >said 2>&1
	ok "$1"
}

out=${MYCTR_OUT:-build}
make O="$out" convert >"$work/said" 2>&1
ok "it builds"
convert=$out/tools/convert
case $convert in /*) ;; *) convert=$top/$convert ;; esac
cd "$work" || exit 1
export HOME="$work" XDG_RUNTIME_DIR="$work"
make_image >said 2>&1
ok "umoci makes an image of several layers"

same "an OCI layout as a folder" img
tar -C img -cf layout.tar .
same "an OCI layout in a tar" layout.tar
skopeo --insecure-policy copy -q oci:img:v1 oci-archive:oa.tar:v1 >said 2>&1
same "skopeo's OCI archive" oa.tar
skopeo --insecure-policy copy -q oci:img:v1 docker-archive:da.tar:some/name:v1 >said 2>&1
same "skopeo's Docker archive" da.tar
gzip -k da.tar
same "a Docker archive under gzip" da.tar.gz
skopeo --insecure-policy copy -q --dest-compress --dest-compress-format zstd oci:img:v1 oci:zstd:v1 >said 2>&1
grep -q 'tar+zstd' zstd/blobs/sha256/* && same "layers in zstd" zstd

podman() { timeout 60 podman --storage-driver vfs --root "$work/pr" --runroot "$work/prr" "$@"; }
if podman load -q -i da.tar >said 2>&1; then
	podman save -q -o pd.tar --format docker-archive some/name:v1 >said 2>&1
	same "what podman saves for Docker" pd.tar
	podman save -q -o po.tar --format oci-archive some/name:v1 >said 2>&1
	same "what podman saves for OCI" po.tar
else
	n=$((n + 1))
	echo "ok $n - convert: what podman saves # SKIP podman does not run here: $(head -n 1 said)"
fi

"$convert" -f squashfs img a.sqfs >said 2>&1 && "$convert" -f squashfs oa.tar b.sqfs >>said 2>&1 && cmp a.sqfs b.sqfs >>said 2>&1 &&
	unsquashfs -no-progress -d sq a.sqfs >>said 2>&1 && rm -rf sq/.myctr && list sq >sq.list && [ -s sq.list ]
ok "squashfs, the same bytes from the same image"
"$convert" -f tar.lz4 img a.tar.lz4 >said 2>&1 && lz4 -dc a.tar.lz4 | tar -tf - | grep -q '^\.myctr/image.conf$'
ok "tar.lz4"

# refused IN WORDS [OPTION...]: with these words, and nothing left
refused()
{
	in=$1
	words=$2
	shift 2
	if "$convert" -f tar "$@" "$in" no.tar >said 2>&1; then
		return 1
	fi
	grep -q "$words" said && [ ! -e no.tar ] && [ ! -e no.tar.new ] && ! ls -d .new-* >>said 2>&1
}

refused img "is for linux/amd64, not for linux/s390x" -p linux/s390x || refused img "not for linux/s390x" -p linux/s390x
ok "another platform is refused"
refused img "no image 'other' for .* in it, but v1" -n other
ok "a name that is not in it is refused with those that are"
refused "$top/README.md" "neither a Docker archive nor an OCI layout"
ok "something else is refused"
head -c $(($(stat -c %s da.tar) - 4000)) da.tar >cut.tar
refused cut.tar "truncated"
ok "a truncated archive leaves nothing"

# Every byte of a blob matters.
bad=0
for blob in img/blobs/sha256/*; do
	rm -rf flip
	cp -r img flip
	size=$(stat -c %s "$blob")
	printf '\377' | dd of="flip/blobs/sha256/${blob##*/}" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
	if "$convert" -f tar flip no.tar >said 2>&1; then
		# umoci leaves old manifests lying around, which nobody reads
		"$convert" -f tar img yes.tar && cmp no.tar yes.tar >>said || bad=1
	else
		grep -q 'not what its SHA-256 says\|gzip: ' said || bad=1
	fi
	rm -f no.tar
done
[ $bad -eq 0 ]
ok "a wrong byte in any blob is noticed, or the blob is not used"

"$convert" img >said 2>&1
[ $? -eq 2 ] && grep -q '^usage' said
ok "usage"
echo "1..$n"
