#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at system call after system call of what changes the image store: load, rm, tag and prune. After each the
# store lists what was there before or what is to be there, whole, and the next command collects what is left.
# Every fourth call is tried, with KILL_STEP=1 every one.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/kill.sh"
cd "$live_dir" || exit 1
images=$MYCTR_DATA/images
mkdir -p small/bin small/.myctr
printf '[image]\ncommand = /bin/x\n' >small/.myctr/image.conf
echo one >small/bin/x
tar -C small -cf one.tar .
echo two >small/bin/x
tar -C small -cf two.tar .
rm -f one.sqfs
mksquashfs small one.sqfs -quiet -no-progress -all-root >/dev/null 2>&1

# Names and short ids of what is listed.
list() { "$MYCTR" image ls --format tsv | awk '{ print $1 "=" substr($2, 1, 12) }' | sort | tr '\n' ' '; }
sum() { sha256sum "$1" | cut -c 1-12; }
one=$(sum one.tar) two=$(sum two.tar) sq=$(sum one.sqfs)

# kills NAME PREPARE WANTED... -- COMMAND...: WANTED are the lists that may be seen.
kills()
{
	what=$1 prepare=$2 wanted=''
	shift 2
	while [ "$1" != -- ]; do wanted="$wanted|$1|"; shift; done
	shift
	n=0 bad='' seen=''
	while n=$((n + ${KILL_STEP:-4})); do
		rm -rf "$images"
		$prepare >/dev/null 2>&1
		said=$("$killat" "$n" "$@" 2>&1 </dev/null | grep -E '^(killed|ended|killat)')
		got=$(list)
		case $wanted in *"|$got|"*) ;; *) bad="$bad call $n ($said): lists $got;" ;; esac
		case $seen in *"|$got|"*) ;; *) seen="$seen|$got|" ;; esac
		whole=$("$MYCTR" image verify 2>&1) || bad="$bad call $n ($said): $whole;"
		"$MYCTR" image tag nothing x >/dev/null 2>&1
		[ "$(list)" = "$got" ] || bad="$bad call $n ($said): then lists $(list);"
		left=$(cd "$images" && find . -name '.new-*' -o -name '.gone-*' -o -name '*~')
		for file in "$images"/sha256/*; do
			id=$(basename "$file" .conf)
			[ "$id" = '*' ] || "$MYCTR" image ls -q | grep -q "$id" || left="$left $file"
		done
		[ -z "$left" ] || bad="$bad call $n ($said): left $left;"
		case $said in *ended*) break ;; *killed*) ;; *) bad="$bad $n: no end" ; break ;; esac
	done
	is "$what, killed at any of $n calls: old or new, and nothing left" "" "$bad"
	is "$what: both were seen" "$(printf %s "$wanted" | tr '|' '\n' | grep -c =)" "$(printf %s "$seen" | tr '|' '\n' | grep -c =)"
}
nothing() { :; }
has_one() { "$MYCTR" image load one.tar; }
has_both() { "$MYCTR" image load one.tar; "$MYCTR" image load two.tar; }
has_unpacked()
{
	has_both
	mkdir -p "$images/trees/$(sha256sum one.tar | cut -c 1-64)/sub/sub"
	mkdir -p "$images/trees/$(printf %064d 1)/sub"
}
has_unnamed() { has_one; "$MYCTR" image load - <two.tar; }

kills "load" nothing "" "one:latest=$one " -- "$MYCTR" image load one.tar
kills "load of squashfs" nothing "" "one:latest=$sq " -- "$MYCTR" image load one.sqfs
kills "load over another of that name" has_one "one:latest=$one " "-=$one one:latest=$two " -- "$MYCTR" image load -t one two.tar
kills "tag" has_one "one:latest=$one " "more:1=$one one:latest=$one " -- "$MYCTR" image tag one more:1
kills "rm" has_unpacked "one:latest=$one two:latest=$two " "two:latest=$two " -- "$MYCTR" image rm one
kills "prune" has_unnamed "-=$two one:latest=$one " "one:latest=$one " -- "$MYCTR" image prune
done_testing
