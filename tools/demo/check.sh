#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Works the demo's serial console the way a person would, at 80 columns, prints what it saw, and fails
# when something is wrong. Called by run.sh with a machine that boots.
#
# usage: check.sh VM NAME URL        URL: of the web server, from outside the machine
set -eu

vm=$1
name=$2
url=$3
log=$($vm log "$name")
marks=0
failed=0

fail() {
	echo "demo: FAILED: $*"
	failed=1
}

# Types a command and prints what came back, until its own mark shows its status in $status.
run() {
	marks=$((marks + 1))
	# the shell reads ahead while a command runs; what is typed then may be lost to the command
	$vm expect "$name" -q -t 30 'demo:.*# ' || fail "no prompt before '$1'"
	before=$(wc -c < "$log")
	$vm type "$name" "$1; echo \"<<\$?>>$marks\"\\n"
	if ! $vm expect "$name" -q -t "${2:-60}" "^<<[0-9]+>>$marks"; then
		tail -c 600 "$log"
		fail "'$1' did not end"
		status=999
		text=
		return
	fi
	text=$(tail -c "+$((before + 1))" "$log" | tr -d '\r' | sed "/^<<[0-9]*>>$marks/,\$d" | sed '0,/echo "<</d')
	status=$(tail -c "+$((before + 1))" "$log" | sed -n "s/^<<\([0-9]*\)>>$marks.*/\1/p" | head -n 1)
	echo "# $1"
	printf '%s\n' "$text"
	# what a program of the container printed, and an error's one sentence, are as long as they are
	case $1 in 'myctr logs'* | 'myctr exec'*) return ;; esac
	wide=$(printf '%s\n' "$text" | awk 'length($0) > 80' | head -n 1)
	[ -z "$wide" ] || fail "'$1' printed a line of more than 80 columns: $wide"
	case $text in *"$(printf '\033')["*) fail "'$1' printed escape codes" ;; esac
}

expect_status() { [ "$status" = "$1" ] || fail "status $status, wanted $1"; }
expect_text() { printf '%s\n' "$text" | grep -Eq "$1" || fail "'$1' not seen"; }

$vm expect "$name" -q -t 120 'command' || { cat "$log"; fail "nothing on the console"; exit 1; }
# the task waits for the two it comes after
for delay in 1 1 2 2 4 8 16 32; do
	run 'myctr ps -a'
	! printf '%s\n' "$text" | grep -q '^probe .*Exited' || break
	sleep $delay
done
expect_status 0
expect_text '^mqtt .* Up '
expect_text '^web .* Up '
expect_text '^probe .*Exited \(0\)'
run 'myctr logs probe'
expect_text 'web said: hello from the web container'
expect_text 'mqtt said: hello from the web container'
expect_text 'all is well'
page=$(curl -s -m 30 "$url") || fail "$url: no page from outside the machine"
echo "# from outside, $url: $page"
[ "$page" = "hello from the web container" ] || fail "$url: not the page of the web container"
run 'myctr ps -n'
expect_text '^web .*8080:80'
run 'myctr wait probe'
expect_status 0
run 'myctr logs mqtt'
expect_text 'mosquitto version .* running'
run 'myctr exec web /usr/sbin/lighttpd -v'
expect_status 0
expect_text '^lighttpd/'
run 'myctr exec mqtt /no/such/program'
expect_status 127
run 'myctr stop mqtt'
expect_status 0
run 'myctr ps -a'
! printf '%s\n' "$text" | grep -Eq '^mqtt .* Up ' || fail "mqtt still runs after stop"
expect_text '^web .* Up '
run 'myctr start mqtt'
expect_status 0
run 'myctr ps'
expect_text '^mqtt .* Up '
$vm expect "$name" -q -t 30 'demo:.*# ' || fail "no prompt before poweroff"
$vm type "$name" 'myctr poweroff\n'
why=$($vm wait "$name" -t 60) || fail "poweroff: the machine ended with: ${why:-nothing, it still runs}"
echo "# myctr poweroff"
echo "the machine ended: $why"
[ $failed = 0 ] || { echo "demo: something is wrong; the whole console is in $log"; exit 1; }
echo "demo: all is well"
