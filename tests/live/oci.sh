#!/bin/sh
# SPDX-License-Identifier: MIT
# Docker and OCI images into the store and out of it again: hostile and damaged ones end as one sentence and leave
# nothing; umoci, skopeo and podman are on the other side. (All forms they write: tests/build/convert.sh)
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

store=$MYCTR_DATA/images
cd "$live_dir" || exit 1
mkdir evil
python3 "$live_top/tests/live/lib/oci_evil.py" "$live_dir/evil"

# What a load leaves: images, and what is on its way.
left() { find "$store" -mindepth 1 -maxdepth 1 -name '.new-*'; }
images() { "$MYCTR" image ls --format tsv 2>/dev/null | wc -l; }

"$MYCTR" image load -t first:1 evil/good.tar >/dev/null
for want in evil/*.want; do
	name=${want##*/}
	name=${name%.want}
	archive=evil/$name.tar
	[ -e "$archive" ] || archive=evil/$name
	before=$(images)
	said=$(timeout 60 "$MYCTR" image load -t "evil:$name" "$archive" 2>&1)
	status=$?
	words=$(cat "$want")
	if [ -z "$words" ]; then
		is "$name is loaded" 0 "$status$(left)"
	else
		has "$name is refused" "^myctr: .*($words)" "$said"
		is "$name leaves nothing" "125 $before " "$status $(images) $(left)"
	fi
done
is "nothing outside has changed" secret "$(cat evil/outside)"
hasnt "no file was made outside" . "$(ls -d /tmp/evil 2>/dev/null)"
hasnt "messages are printable" "$(printf '\033')" "$("$MYCTR" image load evil/docker-two.tar 2>&1)"
is "one of several, by its name" 0 "$("$MYCTR" image load --image a:1 evil/docker-two.tar >/dev/null 2>&1; echo $?)"

"$MYCTR" image load --format tar -t places:1 evil/good.tar >/dev/null && "$MYCTR" image save -o places.tar places:1
is "what a read-only root needs is made" "dev/ proc/ sys/ " "$(tar tf places.tar | grep -xE '(dev|proc|sys)/' | tr '\n' ' ')"

config=$("$MYCTR" image inspect evil:evil-config)
has "strange settings stay values" '^command = sh -c "echo \\"\\\$HOME\\" ' "$config"
hasnt "and never become keys" '^(privileged|memory|hostname|\[(system|container))' "$config"
hasnt "nor escape sequences" "$(printf '\033')" "$config"
has "what can be kept is kept" '^workdir = /rel$' "$config"
is "the archive's own configuration is not followed as a link" "" "$(find evil -name image.conf)"

# A crash while loading: what is left is collected by the next one.
head -c 300M /dev/zero >zero 2>/dev/null || dd if=/dev/zero of=zero bs=1M count=300 2>/dev/null
mkdir -p "$store/.new-dead/tree/a/b"
"$MYCTR" image load -t x evil/good.tar >/dev/null
is "what a crash left is collected" "" "$(left)"
rm -f zero

# ---- the others ----
for tool in umoci skopeo podman; do
	if ! command -v $tool >/dev/null; then
		skip "round trips" "$tool is not installed"
		done_testing
		exit 0
	fi
done
umoci init --layout img >/dev/null 2>&1
umoci new --image img:v1 >/dev/null 2>&1
umoci unpack --image img:v1 bundle >/dev/null 2>&1
cp -a "$root/." bundle/rootfs/
umoci repack --image img:v1 bundle >/dev/null 2>&1
umoci config --image img:v1 --config.cmd hello --config.entrypoint /bin/echo --config.env A=1 --config.user 0:0
is "an image of umoci" 0 "$("$MYCTR" image load -t web:1 img >/dev/null; echo $?)"
is "runs with its own command" hello "$("$MYCTR" run --rm web:1 2>&1)"
skopeo --insecure-policy copy -q oci:img:v1 docker-archive:d.tar:some/web:2
is "a pipe from skopeo" 0 "$("$MYCTR" image load <d.tar >/dev/null; echo $?)$(dd if=d.tar status=none | "$MYCTR" image load --format tar.lz4 -t web:3 | cut -d ' ' -f 2 | grep -v web:3)"
is "as tar.lz4" hello "$("$MYCTR" run --rm web:3 2>&1)"

"$MYCTR" image save --format docker -o sd.tar web:1
"$MYCTR" image save --format docker -o sd2.tar web:1
"$MYCTR" image save --format oci -o so.tar web:1
check "saved twice, the same bytes" cmp sd.tar sd2.tar
has "skopeo reads what we save for Docker" '"A=1"' "$(skopeo --insecure-policy inspect docker-archive:sd.tar 2>&1)"
check "and unpacks it" skopeo --insecure-policy copy -q docker-archive:sd.tar oci:back:v1
check "umoci unpacks it, too" umoci unpack --image back:v1 back-bundle
is "with everything in it" "" "$(diff -r --no-dereference back-bundle/rootfs bundle/rootfs | grep -v 'Only in.*myctr')"
has "skopeo reads our OCI archive" '"/bin/echo"' "$(skopeo --insecure-policy inspect --config oci-archive:so.tar 2>&1)"

# SIGKILL at system call after system call of every process that loads; KILL_STEP=1 tries every one.
want=$("$MYCTR" image load --format tar.lz4 -t web:3 d.tar | cut -d ' ' -f 1)
total=$(strace -f -c "$MYCTR" image load --format tar.lz4 -t web:3 d.tar 2>&1 | awk '$NF == "total" { print $4; exit }')
step=${KILL_STEP:-$((total / 15 + 1))}
at=1 bad='' tried=0
while [ "$at" -le "$total" ]; do
	timeout 20 "$MYCTR" image rm -f "$want" >/dev/null 2>&1
	timeout 20 strace -f -o /dev/null -e inject=all:signal=KILL:when="$at" \
		"$MYCTR" image load --format tar.lz4 -t web:3 d.tar >/dev/null 2>&1
	got=$(timeout 20 "$MYCTR" image load --format tar.lz4 -t web:3 d.tar 2>&1 | cut -d ' ' -f 1)
	[ "$got" = "$want" ] || bad="$bad call $at: the next load: $got;"
	[ -z "$(left)" ] || bad="$bad call $at: left: $(left);"
	at=$((at + step)) tried=$((tried + 1))
done
is "after SIGKILL at any of $tried calls the next load works and cleans up" "" "$bad"

podman() { timeout 60 podman --storage-driver vfs --root "$live_dir/pr" --runroot "$live_dir/prr" "$@"; }
export HOME="$live_dir"
has "podman loads what we save for Docker" 'Loaded image.*web:1' "$(podman load -q -i sd.tar 2>&1)"
has "podman loads our OCI archive" 'Loaded image' "$(podman load -q -i so.tar 2>&1)"
id=$("$MYCTR" image load -t back:1 sd.tar | cut -d ' ' -f 1)
is "back again it is the same image" "$("$MYCTR" image load -t again:1 so.tar | cut -d ' ' -f 1)" "$id"
has "another program's format" "format 'zip': not one this build saves" "$("$MYCTR" image save --format zip -o no web:1 2>&1)"
fails "which leaves no file" test -e no
done_testing
