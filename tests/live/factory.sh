#!/bin/sh
# SPDX-License-Identifier: MIT
# Factory mode, passed and failed, and what follows; the factory reset.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
"$MYCTR" features | grep -q 'factory-reset' || { echo "ok 1 - factory # SKIP not in this build"; exit 0; }

run_daemon()
{
	# emptied before it starts: what the one before has said is not taken for its words
	: >"$live_dir/daemon.out"
	"$MYCTR" daemon >>"$live_dir/daemon.out" 2>"$live_dir/daemon.err" &
	daemon=$!
	echo $daemon >"$live_dir/daemon.pid"
}
says() { grep -Eq -- "$1" "$live_dir/daemon.out"; }
is_up() { "$MYCTR" ps | grep -q "^$1 .*Up "; }
# what follows "result=" in the last line, without times
verdict() { tail -n 1 "$1" | sed 's/ ms=[0-9]*//; s/ serial=.*//'; }

# manifest AFTER TASK-COMMAND...
manifest()
{
	printf '[system]\nmode = factory\nafter-factory = %s\nfactory-timeout = 20s\nfactory-wipe = %s\n' "$1" "$live_dir/wiped"
	shift
	printf '[container app]\nimage = %s\ncommand = sleep 1000\nstorage = read-only\nstop-timeout = 500ms\n' "$root"
	printf '[container jig]\nimage = %s\ncommand = sleep 1000\nstorage = read-only\nstop-timeout = 500ms\n' "$root"
	i=0
	for command; do
		i=$((i + 1))
		printf '[container t%s]\nimage = %s\ntask = yes\nstorage = read-only\nstop-timeout = 500ms\ncommand = %s\n' $i "$root" "$command"
		[ $i != 1 ] || echo 'requires = jig'
	done
}

manifest poweroff true "sh -c 'exit 3'" nothing-there "sh -c 'exit 77'" >"$MYCTR_ETC/manifest"
run_daemon
until_true 60 says 'FACTORY result=' || not_ok "the tests come to their end" "$(cat "$live_dir/daemon.out" "$live_dir/daemon.err")"
has "TAP 14" '^TAP version 14' "$(head -n 1 "$live_dir/daemon.out")"
is "its plan" "1..4" "$(sed -n 2p "$live_dir/daemon.out")"
is "each test in order" "ok 1 - t1,not ok 2 - t2,not ok 3 - t3,ok 4 - t4 # SKIP" \
	"$(grep -E '^(not )?ok ' "$live_dir/daemon.out" | tr '\n' ',' | sed 's/,$//')"
has "why one failed" '^  exit: 3' "$(cat "$live_dir/daemon.out")"
is "a line for machines of each" "t1 PASS 0,t2 FAIL 3,t3 FAIL 125,t4 SKIP 77" \
	"$(sed -n 's/^# FACTORY test=\([^ ]*\) result=\([^ ]*\) exit=\([^ ]*\) .*/\1 \2 \3/p' "$live_dir/daemon.out" | tr '\n' ',' | sed 's/,$//')"
is "and one at the end" "# FACTORY result=FAIL tests=4 failed=2 skipped=1" "$(verdict "$live_dir/daemon.out")"
is "which is stored, too" "$(grep '^# FACTORY' "$live_dir/daemon.out" | cksum)" "$(cksum <"$MYCTR_DATA/factory/result")"
until_true 30 sh -c "! kill -0 $daemon" && ok "then it goes down" || not_ok "then it goes down"

# A test that hangs; nothing else is started, and it waits.
manifest wait "sleep 1000" true >"$MYCTR_ETC/manifest"
sed -i 's/^factory-timeout.*/factory-timeout = 3s/' "$MYCTR_ETC/manifest"
run_daemon
until_true 60 says 'FACTORY result='
has "a test that hangs is ended" 'did not end in its time' "$(cat "$live_dir/daemon.out")"
is "and has failed" "# FACTORY result=FAIL tests=2 failed=1 skipped=0" "$(verdict "$live_dir/daemon.out")"
until_true 30 sh -c "! '$MYCTR' ps -q | grep -q ." && ok "then nothing runs" || not_ok "then nothing runs" "$("$MYCTR" ps)"
kill "$daemon"; wait 2>/dev/null

# Passed, and on to normal mode; the next start does not test again.
manifest normal true true >"$MYCTR_ETC/manifest"
run_daemon
until_true 60 is_up app && ok "after the tests are passed comes normal mode" ||
	not_ok "after the tests are passed comes normal mode" "$(cat "$live_dir/daemon.out" "$live_dir/daemon.err")"
is "they were" "# FACTORY result=PASS tests=2 failed=0 skipped=0" "$(verdict "$live_dir/daemon.out")"
kill "$daemon"; wait 2>/dev/null
run_daemon
until_true 60 is_up app && ok "and stays" || not_ok "and stays"
hasnt "without tests" 'TAP' "$(cat "$live_dir/daemon.out")"

# The reset. A wish of this boot waits for the next one.
mkdir -p "$live_dir/wiped/sub" "$MYCTR_DATA/images"
touch "$live_dir/wiped/file" "$MYCTR_DATA/images/shipped"
"$MYCTR" run -d --stop-timeout 500ms --name mine --storage overlay "$root" sleep 1000 >/dev/null 2>&1 ||
	"$MYCTR" run -d --stop-timeout 500ms --name mine --storage tmpfs "$root" sleep 1000 >/dev/null
fails "it asks first" sh -c "echo no | '$MYCTR' factory-reset --no-reboot"
[ ! -e "$MYCTR_DATA/~reset" ] && ok "and no is no" || not_ok "and no is no"
check "the wish" "$MYCTR" factory-reset --yes --no-reboot
"$MYCTR" rm -f mine; "$MYCTR" run -d --stop-timeout 500ms --name mine --storage tmpfs "$root" sleep 1000 >/dev/null
kill "$daemon"; wait 2>/dev/null
run_daemon
until_true 60 is_up app
[ -e "$MYCTR_DATA/state" ] && [ -e "$MYCTR_DATA/containers/mine" ] && ok "nothing is done in the same boot" || not_ok "nothing is done in the same boot"
kill "$daemon"; wait 2>/dev/null
# as if it were of another boot
printf '12345678' >"$MYCTR_DATA/~reset"
run_daemon
until_true 60 is_up app
[ ! -e "$MYCTR_DATA/containers/mine" ] && [ ! -e "$MYCTR_DATA/~reset" ] && ok "at the next boot all is gone" ||
	not_ok "at the next boot all is gone" "$(find "$MYCTR_DATA"; cat "$live_dir/daemon.err")"
is "also elsewhere" "" "$(ls -A "$live_dir/wiped")"
[ -e "$MYCTR_DATA/images/shipped" ] && [ -e "$MYCTR_DATA/factory/result" ] && ok "but what was shipped" || not_ok "but what was shipped"
done_testing
