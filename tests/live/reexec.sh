#!/bin/sh
# SPDX-License-Identifier: MIT
# Another binary for the supervisor: containers run on, no line of their output is lost, what cannot take over changes nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
"$MYCTR" features | grep -q 'reexec' || { echo "ok 1 - reexec # SKIP not in this build"; exit 0; }

pid_of() { "$MYCTR" inspect --format tsv "$1" | awk -F'\t' '$1 == "state.pid" { print $2 }'; }
status_of() { "$MYCTR" ps -a --format tsv | awk -F'\t' -v n="$1" '$1 == n { print $2, $3, $4 }'; }
is_up() { "$MYCTR" ps | grep -q "^$1 .*Up "; }
runs() { grep -c "$1" "/proc/$daemon/maps"; }

{
	for name in talk end term stopped once fails; do
		printf '[container %s]\nimage = %s\nstorage = read-only\n' $name "$root"
		case $name in
		talk) printf 'command = sh -c "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; sleep 1000"\n' ;;
		end) printf 'mount = %s:/tmp\ncommand = sh -c "until [ -e /tmp/go ]; do sleep 0.05; done; echo the end; exit 6"\n' "$live_dir/go" ;;
		term) printf 'tty = yes\ncommand = sh -c "while :; do read x; echo got $x; done"\n' ;;
		stopped) printf 'command = sleep 1000\n' ;;
		once) printf 'task = yes\ncommand = sh -c "echo ran"\n' ;;
		fails) printf 'command = sh -c "exit 3"\nrestart = on-failure\nrestart-delay = 1h\nrestart-delay-max = 1h\n' ;;
		esac
	done
} >"$MYCTR_ETC/manifest"
mkdir "$live_dir/go"
cp "$MYCTR" "$live_dir/old"
cp "$MYCTR" "$live_dir/new"
"$live_dir/old" daemon >>"$live_dir/daemon.out" 2>&1 &
daemon=$!
echo $daemon >"$live_dir/daemon.pid"
until_true 30 test -S "$MYCTR_RUN/ctl"
for name in talk end term stopped; do until_true 30 is_up $name; done
until_true 30 sh -c "'$MYCTR' ps -a | grep '^fails' | grep -q Waiting"
"$MYCTR" stop stopped
"$MYCTR" run -d --name extra --storage tmpfs "$root" sleep 1000 >/dev/null
before="$(pid_of talk) $(pid_of end) $(pid_of term) $(pid_of extra)"

echo "not a program" >"$live_dir/bad"; chmod +x "$live_dir/bad"
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0' >"$live_dir/riscv"; chmod +x "$live_dir/riscv"
for bad in "$live_dir/bad" "$live_dir/riscv" "$root/bin/true" "$live_dir"; do
	has "$(basename "$bad") cannot take over" 'cannot take over|nothing was replaced' "$("$MYCTR" reexec "$bad" 2>&1)"
done
fails "nor what is not there" "$MYCTR" reexec "$live_dir/nothing"
check "the daemon is there" "$MYCTR" ps
has "and its containers" 'exited exit' "$(status_of once)"

check "reexec" "$live_dir/new" reexec
is "the same process" "$daemon" "$(cat "$live_dir/daemon.pid")"
[ -d "/proc/$daemon" ] && ok "it lives" || not_ok "it lives" "$(cat "$live_dir/daemon.out")"
is "the containers are the same processes" "$before" "$(pid_of talk) $(pid_of end) $(pid_of term) $(pid_of extra)"
has "one that was stopped stays down" '^exited' "$(status_of stopped)"
is "a task that was done is not done again" "ran" "$("$MYCTR" logs once)"
has "one that waits for its restart waits or is tried" '^waiting exit 3' "$(status_of fails)"
"$MYCTR" exec talk sh -c 'echo after >/proc/1/fd/1'
until_true 30 sh -c "'$MYCTR' logs talk | grep -q after"
is "no line is lost" "3000 1" "$("$MYCTR" logs talk | grep -c '^line ') $("$MYCTR" logs talk | grep -c after)"
touch "$live_dir/go/go"
until_true 30 sh -c "'$MYCTR' ps -a | grep '^end' | grep -q Exited"
is "how one ends is known" "exited exit 6" "$(status_of end)"
is "and what it said" "the end" "$("$MYCTR" logs end)"

# again and again, while somebody writes
"$MYCTR" run -d --name flood --log-size 1M --storage tmpfs "$root" sh -c 'i=0; while [ $i -lt 5000 ]; do echo n $i; i=$((i+1)); done; sleep 1000' >/dev/null
for i in 1 2 3 4 5; do "$MYCTR" reexec "$live_dir/old" || not_ok "reexec $i"; done
until_true 60 sh -c "'$MYCTR' logs flood | grep -q 'n 4999'"
is "every line once, in order" "$(seq -f 'n %g' 0 4999 | cksum)" "$("$MYCTR" logs flood | cksum)"
before=$(pid_of term)
is "a terminal lives on" "$before" "$(pid_of term)"
echo "[container broken" >>"$MYCTR_ETC/manifest"
check "a broken manifest does not end it" "$MYCTR" reexec
is "all runs on" "$before" "$(pid_of term)"
check "stop after it" "$MYCTR" stop talk
check "rm after it" "$MYCTR" rm -f extra
kill -TERM "$daemon"
until_true 30 sh -c "! [ -d /proc/$daemon ] || grep -q Z /proc/$daemon/stat"
is "it goes down in order" 0 "$("$MYCTR" ps -q | wc -l)"
done_testing
