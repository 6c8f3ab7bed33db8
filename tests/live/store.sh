#!/bin/sh
# SPDX-License-Identifier: MIT
# The image store on this machine: what goes in comes out, is kept once, found by name and id, removed with nothing left;
# what an image says of itself goes below what the command line says; what is no image never gets in.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
cd "$live_dir" || exit 1
images=$MYCTR_DATA/images
say() { printf '%s\n' "$@" >"$root/.myctr/image.conf"; }
# What is in the store beside the index: files, and what should not be there.
files() { find "$images/sha256" -type f ! -name '*.conf' 2>/dev/null | wc -l; }
litter() { find "$images" -maxdepth 1 \( -name '.new-*' -o -name '.gone-*' -o -name '*~' \) 2>/dev/null; find "$images/sha256" -name '*~' 2>/dev/null; }
names() { "$MYCTR" image ls --format tsv | cut -f 1 | tr '\n' ' '; }
# squash NAME: $root as NAME.sqfs
squash() { rm -f "$1.sqfs"; mksquashfs "$root" "$1.sqfs" -quiet -no-progress -all-root >/dev/null 2>&1; }

got=$("$MYCTR" image ls; "$MYCTR" image verify; ls "$MYCTR_DATA" 2>&1)
has "a store that was never made is an empty one, and looking makes none" "No such file" "$got"

# ---- in and out ---------------------------------------------------------------------------------

tar -C "$root" -cf plain.tar .
mkdir "$root/.myctr"
say '[image]' 'entrypoint = /bin/echo from' 'command = the image' 'env = A=1' 'env = PATH=/bin' 'workdir = /tmp' 'user = user' \
	'label = version=1' 'expose = 80/tcp' 'data-path = /root' 'stop-signal = INT'
tar -C "$root" -cf web.tar .
squash sq
id=$(sha256sum web.tar | cut -d ' ' -f 1)
is "load prints the SHA-256 and the name of the file" "$id web:latest" "$("$MYCTR" image load web.tar 2>&1)"
is "load takes standard input" "$id stream:1.0" "$("$MYCTR" image load -t stream:1.0 <web.tar 2>&1)"
is "and a pipe" "$id -" "$("$MYCTR" image load - 2>&1 <web.tar | cat)"
is "the same content is kept once" 1 "$(files)"
is "under both names" "web:latest stream:1.0 " "$(names)"
if command -v lz4 >/dev/null; then
	lz4 -q web.tar web.tar.lz4
	"$MYCTR" image load -t reg.example:5000/team/packed:v1 web.tar.lz4 >/dev/null
	is "a compressed one is named as what it is" "tar.lz4" "$("$MYCTR" image ls --format tsv | awk '$1 ~ /packed/ { print $5 }')"
	is "run finds a name with a folder and a port" "from the image" "$("$MYCTR" run --rm --read-only reg.example:5000/team/packed:v1 2>&1)"
else
	skip "a compressed one" "lz4 is missing"
fi
check "load of squashfs" "$MYCTR" image load sq.sqfs
"$MYCTR" image save -o out.tar web && "$MYCTR" image save sq >out.sqfs
check "save gives back the bytes of a tar" cmp web.tar out.tar
check "and of a squashfs, on standard output" cmp sq.sqfs out.sqfs
is "which load on another device takes" "$id web:latest" "$(MYCTR_DATA=$live_dir/other "$MYCTR" image load -t web out.tar 2>&1)"
has "inspect shows what runs" "^entrypoint = /bin/echo from$" "$("$MYCTR" image inspect web)"
has "and as JSON" '"names":\["web:latest","stream:1.0"\].*"command":\["the","image"\]' "$("$MYCTR" image inspect --json "$(echo "$id" | cut -c 1-12)")"
has "verify reads everything" "^ok $(echo "$id" | cut -c 1-12)" "$("$MYCTR" image verify)"
has "--sha256 refuses other content" "not the one that was asked for" "$("$MYCTR" image load --sha256 "$(echo "$id" | tr 0-9 1-90)" plain.tar 2>&1)"

if command -v mkfs.erofs >/dev/null && grep -q erofs /proc/filesystems; then
	mkfs.erofs -z lz4 web.erofs "$root" >/dev/null 2>&1 || mkfs.erofs web.erofs "$root" >/dev/null 2>&1
	"$MYCTR" image load -t ero web.erofs >/dev/null
	is "an EROFS image runs" "from the image" "$("$MYCTR" run --rm --read-only ero 2>&1)"
	is "and is told from others" "erofs" "$("$MYCTR" image ls --format tsv | awk '$1 == "ero:latest" { print $5 }')"
	head -c 300000 web.erofs >cut.erofs
	has "a truncated one is refused" "truncated" "$("$MYCTR" image load cut.erofs 2>&1)"
	"$MYCTR" image rm ero
else
	skip "EROFS images" "mkfs.erofs or EROFS in the kernel is missing"
fi

# ---- what an image says ---------------------------------------------------------------------------

"$MYCTR" image load plain.tar >/dev/null
is "an image runs what it says" "from the image" "$("$MYCTR" run --rm --read-only web 2>&1)"
is "squashfs too" "from the image" "$("$MYCTR" run --rm --read-only sq 2>&1)"
is "and a file that is in no store" "from the image" "$("$MYCTR" run --rm --read-only ./sq.sqfs 2>&1)"
is "and a folder" "from the image" "$("$MYCTR" run --rm --read-only "$root" 2>&1)"
is "a command takes the place of its command" "from here" "$("$MYCTR" run --rm --read-only sq here 2>&1)"
is "an entrypoint of both" "x" "$("$MYCTR" run --rm --read-only --entrypoint "echo x" sq 2>&1)"
has "without one, a command is needed" "command: is missing" "$("$MYCTR" run --rm --read-only --entrypoint "" sq 2>&1)"
is "user, folder and variables are the image's" "1000 /tmp 1 " "$("$MYCTR" run --rm --read-only --entrypoint "/bin/sh -c" sq 'echo $(id -u) $(pwd) $A $B' 2>&1) "
is "below what is asked for, one by one" "0 / 2 3" "$("$MYCTR" run --rm --read-only --user root -w / -e A=2 -e B=3 --entrypoint "/bin/sh -c" sq 'echo $(id -u) $(pwd) $A $B' 2>&1)"
is "an image without a word of its own runs as before" "yes" "$("$MYCTR" run --rm --read-only plain echo yes 2>&1)"
has "and needs a command" "command: is missing, and the image names none" "$("$MYCTR" run --rm --read-only plain 2>&1)"
is "an id is a name, too" "from the image" "$("$MYCTR" run --rm --read-only "sha256:$(echo "$id" | cut -c 1-10)" 2>&1)"
is "image-id pins the content" "from the image" "$("$MYCTR" run --rm --read-only --image-id "$id" web 2>&1)"
has "and refuses other" "has the content" "$("$MYCTR" run --rm --read-only --image-id "$id" sq 2>&1)"
has "what is not there is said with what is near" "strem:1.0: not here and not in the image store; did you mean stream:1.0" \
	"$("$MYCTR" run --rm strem:1.0 2>&1)"
printf '[container one]\nimage = web\n[container two]\nimage = stream:1.0\ncommand = two\n' >"$MYCTR_ETC/manifest"
check "a manifest needs no command where the image may have one" "$MYCTR" manifest check
rm "$MYCTR_ETC/manifest"

say '[image]' 'stop-signal = USR1' "command = sh -c 'trap \"exit 7\" USR1; while :; do sleep 0.05; done'" 'env = PATH=/bin'
"$MYCTR" image import -t stops "$root" >/dev/null
"$MYCTR" run -d --name stops --read-only --limits best-effort stops >/dev/null
"$MYCTR" exec stops true
sleep 0.3
"$MYCTR" stop stops
is "the supervisor stops it with the signal that the image names" 7 "$("$MYCTR" ps -a --format tsv | awk '$1 == "stops" { print $4 }')"
"$MYCTR" rm stops
"$MYCTR" image rm stops

# ---- names and removing ---------------------------------------------------------------------------

has "tag gives another name" "^$id more:latest$" "$("$MYCTR" image tag web more 2>&1)"
is "rm of one of several names keeps the image" "$(files)" "$("$MYCTR" image rm more; files)"
has "rm by id wants all its names gone" "has 2 names" "$("$MYCTR" image rm "$id" 2>&1)"
for name in '' '../x' 'a b' 'a:b:c:d' 'a/../b' '/x' 'x:' "$(printf 'a\033[31m')"; do
	fails "the name '$(printf %s "$name" | tr -d '\033')' is refused" "$MYCTR" image tag web "$name"
done
"$MYCTR" run --name kept --read-only sq >/dev/null 2>&1
has "rm refuses when a container uses it" "the container kept uses it" "$("$MYCTR" image rm sq 2>&1)"
"$MYCTR" rm kept
"$MYCTR" run -d --name runs --read-only --limits best-effort --entrypoint "sleep" web 1000 >/dev/null
"$MYCTR" image rm stream:1.0
has "also a running one" "the container runs uses it" "$("$MYCTR" image rm web 2>&1)"
"$MYCTR" image prune -a >/dev/null
has "prune -a keeps what it runs on" "web" "$(names)"
"$MYCTR" image rm -f web
is "its tree stays when it is forced" "/bin" "$("$MYCTR" exec runs ls -d /bin 2>&1)"
"$MYCTR" image prune >/dev/null
is "also after prune" "/bin" "$("$MYCTR" exec runs ls -d /bin 2>&1)"
"$MYCTR" rm -f runs
# shellcheck disable=SC2016 # for the inner shell
check "and goes when it has ended" until_true 20 sh -c '[ ! -e "$1/trees/$2" ] && [ ! -e "$1/.left" ]' sh "$images" "$id"
"$MYCTR" run --rm --read-only ./plain.tar true
has "prune takes trees of files that are in no store" "[1-9] unpacked tree" "$("$MYCTR" image prune -a; "$MYCTR" run --rm --read-only ./plain.tar true; "$MYCTR" image prune)"
# A start finds its tree or unpacks it again, whatever prune does meanwhile.
touch pruning
(while [ -e pruning ]; do "$MYCTR" image prune >/dev/null 2>&1; done) &
failed=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ "$("$MYCTR" run --rm --read-only ./plain.tar echo ran 2>&1)" = ran ] || failed=$((failed + 1))
done
rm pruning
wait $!
is "no start fails while somebody prunes" 0 $failed
"$MYCTR" image prune -a >/dev/null
is "and all images, with their files, trees and links" "" "$(names; find "$images/sha256" "$images/trees" -mindepth 1 ! -name .by-file; litter)"

# ---- what is no image -----------------------------------------------------------------------------

refused()
{
	name=$1 pattern=$2
	shift 2
	has "refused: $name" "$pattern" "$("$MYCTR" image load "$@" 2>&1)"
	[ "$(files)" = 0 ] && [ -z "$(litter)" ] && [ -z "$(names)" ] || not_ok "refused: $name: leaves nothing" "$(ls -la "$images" "$images/sha256")"
}
head -c 100000 web.tar >cut.tar
head -c 50000 sq.sqfs >cut.sqfs
echo text >text
: >empty
refused "text" "not a squashfs or tar file" text
refused "an empty file" "is empty" empty
refused "a truncated tar" "truncated" cut.tar
refused "a truncated squashfs" "truncated" cut.sqfs
refused "a folder" "image import" "$root"
refused "a device" "neither a file nor a stream" /dev/zero
if [ -f web.tar.lz4 ]; then
	{ head -c 200000 web.tar.lz4; printf X; tail -c +200002 web.tar.lz4; } >bad.tar.lz4
	refused "lz4 with a wrong checksum" "checksum|lz4" bad.tar.lz4
fi
# each bad configuration, in a tar, a squashfs and a folder
bad()
{
	tar -C "$root" -cf bad.tar . && squash bad
	refused "$1, tar" "$2" bad.tar
	refused "$1, squashfs" "$2" bad.sqfs
	has "$1: a folder with it does not start" "$2" "$("$MYCTR" run --rm --read-only "$root" true 2>&1)"
}
say '[image]' 'privileged = yes'
bad "privileges" "image.conf:2:1: privileged: an image may not set this"
for key in 'network = host' 'mount = /:/host' 'device = /dev/mem' 'cap-add = ALL' 'seccomp = unconfined' 'memory = 1G' 'image = x' \
	'userns = no' 'storage = bind' 'sysctl = kernel.x=1' 'restart = always' 'log = none' 'image-id = x'; do
	say '[image]' "$key"
	tar -C "$root" -cf bad.tar .
	refused "$key" "may not set this" bad.tar
done
say '[image]' 'comand = x'
bad "a misspelt key" "unknown key.*did you mean \"command\""
say '[container x]' 'command = x'
bad "another section" "only the section"
say '[image]' 'user = -1'
bad "a user that is none" "user|not a"
head -c 70000 /dev/zero >"$root/.myctr/image.conf"
bad "a huge one" "plain file of at most"
rm "$root/.myctr/image.conf"
ln -s /etc/passwd "$root/.myctr/image.conf"
bad "a link" "plain file"
rm "$root/.myctr/image.conf"
mkfifo "$root/.myctr/image.conf"
bad "a fifo" "plain file"
rm "$root/.myctr/image.conf"
mknod "$root/.myctr/image.conf" c 5 0
bad "a device" "plain file"
rm -r "$root/.myctr"
ln -s etc "$root/.myctr"
printf '[image]\ncommand = true\n' >"$root/etc/image.conf"
bad "a folder that is a link" "folder"
rm "$root/.myctr" "$root/etc/image.conf"

# ---- no room --------------------------------------------------------------------------------------

mkdir small
mount -t tmpfs -o size=1M tmpfs small
got=$(MYCTR_DATA=$live_dir/small "$MYCTR" image load web.tar 2>&1)
has "refused before writing when there is no room" "needs .* in .*/images, where .* are free" "$got"
got=$(MYCTR_DATA=$live_dir/small "$MYCTR" image load -t x - 2>&1 <web.tar | cat; dd if=web.tar 2>/dev/null | MYCTR_DATA=$live_dir/small "$MYCTR" image load -t x 2>&1)
has "when the size is not known, at the end of the room" "cannot write: No space" "$got"
is "with nothing left" "images images/index images/sha256" "$(cd small && find . -mindepth 1 | sort | cut -c 3- | tr '\n' ' ' | sed 's/ $//')"
umount small

# ---- many at once ---------------------------------------------------------------------------------

for i in 1 2 3 4 5 6 7 8; do
	"$MYCTR" image load -t "same:$i" plain.tar >"same.$i" 2>&1 &
	mkdir -p "d$i/bin" && echo "$i" >"d$i/bin/x" && tar -C "d$i" -cf "d$i.tar" . && "$MYCTR" image load "d$i.tar" >"diff.$i" 2>&1 &
done
wait
is "eight loads of one image and one of each of eight: nine files" 9 "$(files)"
is "and sixteen names" 16 "$("$MYCTR" image ls --format tsv | wc -l)"
is "all are well" 9 "$("$MYCTR" image verify | grep -c '^ok')"
is "with nothing left over" "" "$(litter)"

# ---- damage ---------------------------------------------------------------------------------------

file=$(find "$images/sha256" -type f ! -name '*.conf' | head -n 1)
printf X | dd of="$file" bs=1 seek=600 conv=notrunc 2>/dev/null
has "verify names what has changed" "$(basename "$file" | cut -c 1-12): is damaged" "$("$MYCTR" image verify 2>&1)"
fails "and says so in its status" "$MYCTR" image verify
rm "$images/index"
"$MYCTR" image tag nothing x >/dev/null 2>&1
is "without its index the whole ones are listed again, the damaged is not" 8 "$("$MYCTR" image ls -q | wc -l)"
is "and is gone" 8 "$(files)"
echo rubbish >"$images/sha256/left"
echo rubbish >"$images/.new-0000000000000000"
mkdir -p "$images/.gone-$id/sub"
"$MYCTR" image tag nothing x >/dev/null 2>&1
is "what a dead writer left is collected" "" "$(litter; ls "$images/sha256/left" 2>/dev/null)"
check "import makes an image of a folder" "$MYCTR" image import -t made "$root"
is "that runs" "yes" "$("$MYCTR" run --rm --read-only made echo yes 2>&1)"
is "the same folder gives the same image" "$("$MYCTR" image import -t made "$root")" "$("$MYCTR" image import -t made "$root")"
done_testing
