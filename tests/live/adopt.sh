#!/bin/sh
# SPDX-License-Identifier: MIT
# A supervisor that is killed while it stops a container, or ends in order: what the next one finds and does.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

start_daemon()
{
	"$MYCTR" daemon >"$live_dir/daemon.out" 2>&1 &
	echo $! >"$live_dir/daemon.pid"
	until_true 5 test -S "$MYCTR_RUN/ctl"
}
kill_daemon()
{
	kill "-$1" "$(cat "$live_dir/daemon.pid")"
	wait "$(cat "$live_dir/daemon.pid")" 2>/dev/null
	rm -f "$MYCTR_RUN/ctl"
}
pid_of() { "$MYCTR" inspect --format tsv "$1" | awk -F'\t' '$1 == "state.pid" { print $2 }'; }
phase_is() { [ "$("$MYCTR" inspect --format tsv "$1" | awk -F'\t' '$1 == "state.phase" { print $2 }')" = "$2" ]; }
has_ended() { ! grep -q '^State:[[:space:]][^ZX]' "/proc/$1/status"; }
is_up() { "$MYCTR" ps | grep -q "^$1 .*Up "; }
deaf='sh -c "trap : TERM; while :; do sleep 0.1; done"'

cat >"$MYCTR_ETC/manifest" <<END
[container web]
image = $root
storage = read-only
command = $deaf
stop-timeout = 300ms
restart = no
END
start_daemon
until_true 5 is_up web
"$MYCTR" run -d --name always --storage read-only --restart always --stop-timeout 300ms "$root" sh -c 'trap : TERM; while :; do sleep 0.1; done' >/dev/null
"$MYCTR" run -d --name again --storage read-only --restart always --stop-timeout 300ms "$root" sh -c 'trap : TERM; while :; do sleep 0.1; done' >/dev/null
"$MYCTR" run -d --name unless --storage read-only --restart unless-stopped "$root" sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done' >/dev/null

# ---- killed while it stops them ------------------------------------------------------------------

old=$(pid_of web) old_again=$(pid_of again)
"$MYCTR" stop -t 60s web >/dev/null 2>&1 &
"$MYCTR" stop -t 60s always >/dev/null 2>&1 &
"$MYCTR" restart -t 60s again >/dev/null 2>&1 &
until_true 5 phase_is web stopping && until_true 5 phase_is always stopping && until_true 5 phase_is again stopping &&
	ok "three are being stopped" || not_ok "three are being stopped" "$("$MYCTR" ps -a)"
kill_daemon KILL
start_daemon
until_true 5 sh -c "! kill -0 $old" && ok "a stop that was under way is carried out" || not_ok "a stop that was under way is carried out"
until_true 5 is_up web && [ "$(pid_of web)" != "$old" ] && ok "one of the manifest is started again" ||
	not_ok "one of the manifest is started again" "$("$MYCTR" ps -a; cat "$live_dir/daemon.out")"
until_true 5 phase_is always exited
sleep 0.3
phase_is always exited && ok "what a person stopped stays down" || not_ok "what a person stopped stays down" "$("$MYCTR" ps -a)"
until_true 5 is_up again && [ "$(pid_of again)" != "$old_again" ] && ok "a restart ends with it up" ||
	not_ok "a restart ends with it up" "$("$MYCTR" ps -a; cat "$live_dir/daemon.out")"

# ---- a container that died with its supervisor, perhaps nobody has reaped it yet ----------------

old=$(pid_of web)
kill_daemon KILL
kill -9 "$old"
until_true 5 has_ended "$old"
start_daemon
until_true 5 is_up web && ok "one that died with its supervisor is started again" ||
	not_ok "one that died with its supervisor is started again" "$("$MYCTR" ps -a; cat "$live_dir/daemon.out")"

# ---- taken out of the manifest while nobody looked ------------------------------------------------

kill_daemon KILL
cp "$MYCTR_ETC/manifest" "$live_dir/manifest.before"
printf '[container other]\nimage = %s\nstorage = read-only\ncommand = sleep 1000\n' "$root" >"$MYCTR_ETC/manifest"
start_daemon
until_true 5 sh -c "! '$MYCTR' ps -aq | grep -qx web" && ok "one that the manifest has no more is ended" ||
	not_ok "one that the manifest has no more is ended" "$("$MYCTR" ps -a)"
kill_daemon KILL
cp "$live_dir/manifest.before" "$MYCTR_ETC/manifest"
start_daemon

# ---- unless-stopped: a person, or a supervisor that ends -----------------------------------------

until_true 5 is_up unless
kill_daemon TERM
start_daemon
until_true 5 is_up unless && ok "unless-stopped comes back after its supervisor ended" ||
	not_ok "unless-stopped comes back after its supervisor ended" "$("$MYCTR" ps -a)"
kill_daemon TERM
rm -rf "$MYCTR_RUN"
start_daemon
until_true 5 is_up unless && ok "and after a reboot" || not_ok "and after a reboot" "$("$MYCTR" ps -a)"
"$MYCTR" stop unless
kill_daemon TERM
rm -rf "$MYCTR_RUN"
start_daemon
until_true 5 is_up web
sleep 0.3
is_up unless && not_ok "but not when a person stopped it" || ok "but not when a person stopped it"
"$MYCTR" start unless
kill_daemon KILL
old=$(pid_of unless)
kill -9 "$old"
until_true 5 has_ended "$old"
rm -rf "$MYCTR_RUN"
start_daemon
until_true 5 is_up unless && ok "until a person starts it again" || not_ok "until a person starts it again" "$("$MYCTR" ps -a)"
kill_daemon TERM
done_testing
