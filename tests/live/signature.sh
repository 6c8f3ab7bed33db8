#!/bin/sh
# SPDX-License-Identifier: MIT
# Signed images and manifests: what minisign and signify sign is taken, and nothing else where require-verified or
# require-signed-manifest say so; also for `run` without a supervisor.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
cd "$live_dir" || exit 1
"$MYCTR" image load --help 2>&1 | grep -q -- --signature || { skip "signatures" "this build has none"; done_testing; exit 0; }
for tool in minisign signify-openbsd mksquashfs; do
	command -v "$tool" >/dev/null || { skip "signatures" "$tool is missing"; done_testing; exit 0; }
done
keys=$MYCTR_ETC/keys
pack() { rm -f "$1"; mksquashfs "$root" "$1" -quiet -no-progress -all-root >/dev/null 2>&1; }
mini() { minisign -S -s mini.sec -m "$1" "${2:--H}" -t "${3:-release 1}" >/dev/null 2>&1 </dev/null; }
signify() { signify-openbsd -S -s sig.sec -m "$1" -x "$1.sig"; }
run() { "$MYCTR" run --rm --read-only "$@" 2>&1; }
# flip FILE OFFSET: another byte there
flip() { printf 'Z' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

minisign -G -W -f -p mini.pub -s mini.sec >/dev/null 2>&1 </dev/null
minisign -G -W -f -p other.pub -s other.sec >/dev/null 2>&1 </dev/null
signify-openbsd -G -n -p sig.pub -s sig.sec
mkdir -m 755 "$keys"
for name in mini legacy sig none other; do echo "$name" >"$root/name"; pack $name.sqfs; done
mini mini.sqfs
mini legacy.sqfs -l
signify sig.sqfs
minisign -S -s other.sec -m other.sqfs >/dev/null 2>&1 </dev/null

# ---- images by their path, no supervisor ------------------------------------------------------------

is "nothing has to be signed unless the manifest says so" none "$(run ./none.sqfs cat /name)"
printf '[system]\nrequire-verified = yes\n' >"$MYCTR_ETC/manifest"
has "then an image without a signature does not start" "require-verified wants it signed: is not signed: there is no" "$(run ./none.sqfs true)"
has "nor one whose key nobody put there" "key that is not trusted here" "$(run ./mini.sqfs true)"
cp mini.pub sig.pub "$keys"
is "one that minisign signed starts" mini "$(run ./mini.sqfs cat /name)"
is "also in its older way" legacy "$(run ./legacy.sqfs cat /name)"
is "one that signify signed starts" sig "$(run ./sig.sqfs cat /name)"
has "one that somebody else signed does not" "key that is not trusted here" "$(run ./other.sqfs true)"
for name in mini legacy sig; do
	cp "$name.sqfs" cut.sqfs
	cp "$name.sqfs.minisig" cut.sqfs.minisig 2>/dev/null || cp "$name.sqfs.sig" cut.sqfs.minisig
	flip cut.sqfs 5000
	has "one that was changed since does not: $name" "signature is not of this content" "$(run ./cut.sqfs true)"
done
sed 's/trusted comment: release 1/trusted comment: release 2/' mini.sqfs.minisig >cut.sqfs.minisig
cp mini.sqfs cut.sqfs
has "nor with another trusted comment" "signature is not of this content" "$(run ./cut.sqfs true)"
head -n 2 mini.sqfs.minisig >cut.sqfs.minisig
has "nor without it" "has no trusted comment" "$(run ./cut.sqfs true)"
: >cut.sqfs.minisig
has "nor with an empty signature" "not a signature of minisign or signify" "$(run ./cut.sqfs true)"
rm cut.sqfs.minisig
has "a folder has no signature" "takes signed squashfs and EROFS" "$(run "$root" true)"
tar -C "$root" -cf plain.tar .
mini plain.tar
has "nor is a tar that is signed" "takes signed squashfs and EROFS" "$(run ./plain.tar true)"
chmod 777 "$keys"
has "keys that others can write are not used" "others than root can write" "$(run ./mini.sqfs true)"
chmod 755 "$keys"
echo rubbish >"$keys/a.pub"
is "a key file that is none takes no other away" mini "$(run ./mini.sqfs cat /name)"
rm "$keys/a.pub"
echo 'rubbish' >>"$MYCTR_ETC/manifest"
has "what cannot be read does not mean no" "require-verified: .*manifest:3" "$(run ./none.sqfs true)"
printf '[container other]\nrubbish\n[system]\nrequire-verified = yes\n' >"$MYCTR_ETC/manifest"
has "a mistake in a container hides it not" "require-verified wants" "$(run ./none.sqfs true)"
is "and stops nobody else" mini "$(run ./mini.sqfs cat /name)"
printf '[system]\nrequire-verified = yes\n' >"$MYCTR_ETC/manifest"

# ---- the store --------------------------------------------------------------------------------------

"$MYCTR" image load mini.sqfs >/dev/null
"$MYCTR" image load -t sig --signature sig.sqfs.sig - <sig.sqfs >/dev/null
"$MYCTR" image load none.sqfs >/dev/null
is "a signature goes into the store with its image" mini "$(run mini cat /name)"
is "also by its own name" sig "$(run sig cat /name)"
has "verify says whose it is" "mini:latest signed by mini.pub" "$("$MYCTR" image verify mini)"
has "one that was loaded without does not start" "signature is not in the store" "$(run none true)"
mini none.sqfs
"$MYCTR" image load none.sqfs >/dev/null
is "loading it again with one is enough" none "$(run none cat /name)"
has "a signature of another key is refused" "key that is not trusted" "$("$MYCTR" image load other.sqfs 2>&1)"
has "and of another image" "not of this content" "$("$MYCTR" image load -t x --signature sig.sqfs.sig mini.sqfs 2>&1)"
hasnt "and nothing of it kept" "other|x:latest" "$("$MYCTR" image ls)"
"$MYCTR" image rm mini sig none >/dev/null
is "rm leaves no signature" "" "$(find "$MYCTR_DATA/images/sha256" -type f)"

# ---- manifests --------------------------------------------------------------------------------------

rm "$MYCTR_ETC/manifest"
mkdir -p "$MYCTR_ETC/manifest.d"
printf '[container a]\nimage = mini\ncommand = true\n' >"$MYCTR_ETC/manifest"
printf '[container b]\nimage = mini\ncommand = true\n' >"$MYCTR_ETC/manifest.d/b"
check "a manifest needs no signature" "$MYCTR" manifest check
touch "$keys/require-signed-manifest"
has "unless the keys' folder says so" "etc/manifest: is not signed" "$("$MYCTR" manifest check 2>&1)"
mini "$MYCTR_ETC/manifest"
has "nor is one beside it read" "manifest.d/b: is not signed" "$("$MYCTR" manifest check 2>&1)"
signify "$MYCTR_ETC/manifest.d/b"
check "signed ones are" "$MYCTR" manifest check
echo '# more' >>"$MYCTR_ETC/manifest"
has "until they are changed" "etc/manifest: the signature is not of this content" "$("$MYCTR" manifest check 2>&1)"
has "and the supervisor does not start with them" "signature is not of this content" "$(timeout 10 "$MYCTR" daemon 2>&1)"
check "a file named by hand may be anything" "$MYCTR" manifest check "$MYCTR_ETC/manifest"
done_testing
