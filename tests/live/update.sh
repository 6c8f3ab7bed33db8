#!/bin/sh
# SPDX-License-Identifier: MIT
# Updates of containers: kept after a trial, rolled back by themselves and by hand, groups, the counter, and a supervisor that
# is killed in the trial.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
"$MYCTR" features | grep -q 'update' || { echo "ok 1 - updates # SKIP not in this build"; exit 0; }

start_daemon()
{
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 20 test -S "$MYCTR_RUN/ctl"
}
pid_of() { "$MYCTR" inspect --format tsv "$1" | awk -F'\t' '$1 == "state.pid" { print $2 }'; }
is_up() { "$MYCTR" ps | grep -q "^$1 .*Up "; }
release() { "$MYCTR" exec "$1" cat /etc/release 2>&1; }
slots() { "$MYCTR" update status | awk -F'\t' -v n="$1" '$1 == n { print $2, $3, $5, $8 }' | sed 's/[0-9a-f]\{12\}/ID/g'; }
tagged() { "$MYCTR" image ls --format tsv | awk '/slots/ { print $1 }' | sort | tr '\n' ' '; }

# image NAME VERSION COMMAND: a tar file whose container does COMMAND
image()
{
	mkdir -p "$root/.myctr"
	echo "$1" >"$root/etc/release"
	printf '[image]\nversion = %s\n' "$2" >"$root/.myctr/image.conf"
	printf '#!/bin/sh\n%s\n' "$3" >"$root/bin/run"
	chmod +x "$root/bin/run"
	tar -C "$root" -cf "$live_dir/$1.tar" .
}
good='trap "exit 0" TERM; while :; do sleep 0.1; done'
image one 1 "$good"
image two 2 "$good"
image three 3 "$good"
image old 1 "$good"
image crash 3 'exit 7'
rm "$root/bin/run"; tar -C "$root" -cf "$live_dir/nothing.tar" .
image late 3 "until [ -e /tmp/go ]; do sleep 0.05; done; exit 9"
mkdir "$live_dir/go"

for name in web db other; do
	printf '[container %s]\nimage = %s/one.tar\ncommand = /bin/run\nstorage = read-only\nrestart = always\n' $name "$live_dir"
	printf 'restart-delay = 50ms\ntrial = 300ms\nmount = %s:/tmp\n' "$live_dir/go"
	[ $name = other ] || printf 'update-group = pair\n'
done >"$MYCTR_ETC/manifest"
printf '[container idle]\nimage = %s/one.tar\ncommand = /bin/run\nautostart = no\n' "$live_dir" >>"$MYCTR_ETC/manifest"

fails "nothing is done without a supervisor" "$MYCTR" update other "$live_dir/two.tar"
start_daemon
for name in web db other; do until_true 30 is_up $name; done

has "an update that does is kept" 'other kept' "$("$MYCTR" update other "$live_dir/two.tar" 2>&1)"
is "it runs" two "$(release other)"
is "slots are as they are" "b manifest ID kept" "$(slots other)"
is "its image has a name" "slots/other:b " "$(tagged)"
check "prune -a leaves it" "$MYCTR" image prune -a
fails "it cannot be removed" "$MYCTR" image rm slots/other:b
out=$("$MYCTR" update other "$live_dir/crash.tar" 2>&1); status=$?
is "one that ends is taken back" 125 $status
has "and why is said" 'rolled back: it ended' "$out"
until_true 30 is_up other
is "what was before runs again" two "$(release other)"
is "the other slot is marked" "b bad ID rolled back: it ended" "$(slots other)"
is "its image is gone" "slots/other:b " "$(tagged)"
has "one that does not start is taken back" 'did not start' "$("$MYCTR" update other "$live_dir/nothing.tar" 2>&1)"
until_true 30 is_up other
has "a lower version is refused" 'version 1 is refused' "$("$MYCTR" update other "$live_dir/old.tar" 2>&1)"
has "what is not an image is refused" 'not a squashfs' "$("$MYCTR" update other /etc/passwd 2>&1)"
has "another content is refused" 'SHA-256' "$("$MYCTR" update --sha256 "$(printf '%064d' 1)" other "$live_dir/three.tar" 2>&1)"
has "what does not run cannot be tried" 'not running' "$("$MYCTR" update idle "$live_dir/two.tar" 2>&1)"
has "nor what is not there" 'no such container' "$("$MYCTR" update nobody "$live_dir/two.tar" 2>&1)"
is "none of them left an image" "slots/other:b " "$(tagged)"
is "all the while it ran" two "$(release other)"
check "without a trial, from standard input" sh -c "'$MYCTR' update --no-trial other - <'$live_dir/three.tar'"
until_true 30 sh -c "'$MYCTR' exec other cat /etc/release | grep -q three"
is "it runs the new one" three "$(release other)"
has "back, but not below the counter" 'version 2 is refused' "$("$MYCTR" rollback other 2>&1)"

# Several: together or not at all, also the one of the group that keeps its image.
has "two are updated at once" 'web kept.*' "$("$MYCTR" update web "$live_dir/two.tar" db "$live_dir/two.tar" 2>&1 | tr '\n' ' ')"
is "both run" "two two" "$(release web) $(release db)"
out=$("$MYCTR" update web "$live_dir/three.tar" db "$live_dir/crash.tar" 2>&1); status=$?
is "one of two does not do: neither is kept" 125 $status
until_true 30 is_up db; until_true 30 is_up web
is "both are as before" "two two" "$(release web) $(release db)"
old=$(pid_of web)
"$MYCTR" update -d --trial 1h db "$live_dir/late.tar" || not_ok "an update that nobody waits for"
until_true 30 is_up db
has "a trial shows" 'b two|trial, boot 1' "$(slots db)"
fails "another change of it has to wait" "$MYCTR" update db "$live_dir/three.tar"
touch "$live_dir/go/go"
until_true 30 sh -c "'$MYCTR' update status | grep -q '^db.*rolled back: it ended'"
until_true 30 is_up db
is "its end takes it back" two "$(release db)"
is "who was well in the group was left alone" "$old" "$(pid_of web)"
rm "$live_dir/go/go"

# By hand, in a trial.
"$MYCTR" update -d --trial 1h web "$live_dir/three.tar"
until_true 30 is_up web
check "rollback ends a trial" "$MYCTR" rollback web
until_true 30 sh -c "'$MYCTR' exec web cat /etc/release | grep -q two"
is "back" two "$(release web)"

# The supervisor dies in the trial: who comes next goes on with it.
"$MYCTR" update -d --trial 1h web "$live_dir/three.tar"
until_true 30 is_up web
kill -9 "$(cat "$live_dir/daemon.pid")"; wait 2>/dev/null
start_daemon
is "a trial outlives its supervisor" "b ID ID trial, boot 1" "$(slots web | sed 's/^a/b/')"
until_true 30 is_up web
is "and what is tried runs on" three "$(release web)"
check "and it can be ended" "$MYCTR" rollback web
until_true 30 sh -c "'$MYCTR' exec web cat /etc/release | grep -q two"
is "back again" two "$(release web)"

# Both were brought by one update, so both go back; but what was tried on web since did not do.
has "rollback looks at all that changed together" 'no image to go back' "$("$MYCTR" rollback db 2>&1)"
"$MYCTR" update --no-trial web "$live_dir/two.tar" db "$live_dir/two.tar" >/dev/null 2>&1
check "rollback of a pair" "$MYCTR" rollback db
has "both switched" 'as asked' "$(slots web)"
has "both switched, the other" 'as asked' "$(slots db)"
until_true 30 is_up web && until_true 30 is_up db
is "and both run" "two two" "$(release web) $(release db)"
done_testing
