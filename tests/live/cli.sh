#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line and the manifest of the built program: usage errors, help, check, show, compile, inspect.
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/lib.sh"

status_of() { "$@" >/dev/null 2>&1; echo $?; }

is '--version prints the plain version' "$(sed -n 's/^VERSION := //p' "$live_top/Makefile")" "$("$MYCTR" --version)"
is 'an unknown command is a usage error' 2 "$(status_of "$MYCTR" inspekt x)"
has 'and the nearest one is named' "did you mean 'inspect'" "$("$MYCTR" inspekt x 2>&1)"
is 'an unknown option is a usage error' 2 "$(status_of "$MYCTR" run --memroy 1M x)"
has 'and the nearest one is named' 'did you mean --memory' "$("$MYCTR" run --memroy 1M x 2>&1)"
is 'a bad value is a usage error' 2 "$(status_of "$MYCTR" run -m lots x)"
is 'no command is a usage error' 2 "$(status_of "$MYCTR")"
check 'help is there' "$MYCTR" help
wide=$(for verb in '' $("$MYCTR" help | sed -n 's/^  \([a-z]*\).*/\1/p'); do
	# shellcheck disable=SC2086 # nothing, or one word
	"$MYCTR" help $verb
done | awk 'length > 80')
is 'every help text fits 80 columns' '' "$wide"
hasnt 'no escape codes where no terminal is' "$(printf '\033')" "$("$MYCTR" help run; "$MYCTR" ps)"
is 'what cannot be written is an error' 125 "$("$MYCTR" help >/dev/full 2>/dev/null; echo $?)"

cat >"$live_dir/good" <<'END'
[system]
hostname = gw   # a comment
[container web]
image = /srv/web.sqfs
command = sh -c "echo 'it is'  \$HOME" ''
env = GREETING="hello world"
memory = 32M
after = mqtt
[container mqtt]
image = /srv/mqtt.tar.lz4
command = mosquitto
memory = 8M
END
is 'a good manifest is ok' 'ok: 2 containers' "$("$MYCTR" manifest check "$live_dir/good")"
is 'the example of a manifest is ok' 'ok: 3 containers' "$("$MYCTR" manifest check "$live_top/board/full/manifest")"
"$MYCTR" manifest show "$live_dir/good" >"$live_dir/shown"
"$MYCTR" manifest show "$live_dir/shown" | sed 1d >"$live_dir/shown again"
is 'what show prints reads back as the same' "$(sed 1d "$live_dir/shown")" "$(cat "$live_dir/shown again")"
check 'compile' "$MYCTR" manifest compile "$live_dir/good" -o "$live_dir/compiled"
is 'the compiled form shows the same' "$(sed 1d "$live_dir/shown")" "$("$MYCTR" manifest show "$live_dir/compiled" | sed 1d)"
printf 'x' | dd of="$live_dir/compiled" bs=1 seek=40 conv=notrunc 2>/dev/null
has 'a damaged compiled form is refused' 'damaged' "$("$MYCTR" manifest check "$live_dir/compiled" 2>&1)"

bad()
{
	printf '%b' "$2" >"$live_dir/bad"
	has "$1" "^myctr: $live_dir/bad:$3" "$("$MYCTR" manifest check "$live_dir/bad" 2>&1)"
	is "$1: status" 125 "$(status_of "$MYCTR" manifest check "$live_dir/bad")"
}
bad 'an unknown key has its place' '[container a]\nmemroy = 1M\n' '2:1: unknown key "memroy" \(did you mean "memory"\?\)$'
bad 'a key set twice' '[container a]\npids = 1\n\npids = 2\n' '4:1: pids is already set in line 2$'
bad 'a size that overflows' '[container a]\nmemory = 99999999999T\n' '2:10: memory = 99999999999T: expected a size'
bad 'a name that is a path' '[container ../x]\n' '1:12: .*cannot name a container'
bad 'a section of another build, or half of one' '[network lan]\n' '1:(2: this build has no \[network\] sections$| \[network lan\]: subnet: is missing)'
bad 'an escape sequence is printed harmless' '[container a]\n\033[31m = 1\n' '2:[0-9]+: .*'
hasnt 'and has no escape left' "$(printf '\033')" "$("$MYCTR" manifest check "$live_dir/bad" 2>&1)"
awk 'BEGIN { for (i = 0; i < 10000; i++) print "[container c" i "]" }' >"$live_dir/many"
has '10,000 containers are refused' 'more than 1000 containers' "$("$MYCTR" manifest check "$live_dir/many" 2>&1)"
head -c 10485760 /dev/zero | tr '\0' '#' >"$live_dir/big"
has '10 MB are refused' 'longer than 1048576 bytes' "$("$MYCTR" manifest check "$live_dir/big" 2>&1)"

cp "$live_dir/good" "$MYCTR_ETC/manifest"
has 'inspect says what the manifest says' '^memory = 32M$' "$("$MYCTR" inspect web)"
has 'and the defaults, as comments' '^# stop-timeout = 10s$' "$("$MYCTR" inspect web)"
"$MYCTR" inspect web >"$live_dir/inspected"
printf '[container mqtt]\nimage = x\ncommand = y\n' >>"$live_dir/inspected"
check 'what inspect prints is a manifest' "$MYCTR" manifest check "$live_dir/inspected"
has 'inspect --format tsv' "^env	GREETING=hello world$" "$("$MYCTR" inspect --format tsv web)"
# shellcheck disable=SC2016 # for the other shell
check 'inspect --json is JSON' sh -c '"$1" inspect web --json | python3 -c "
import json, sys
d = json.load(sys.stdin)
assert d[\"name\"] == \"web\" and d[\"spec\"][\"memory\"] == 33554432 and d[\"spec\"][\"pids\"] is None
assert d[\"spec\"][\"command\"] == [\"sh\", \"-c\", \"echo '\''it is'\''  \$HOME\", \"\"]"' sh "$MYCTR"
is 'inspect of nobody' 125 "$(status_of "$MYCTR" inspect nobody)"
has 'says so' 'nobody: no such container' "$("$MYCTR" inspect nobody 2>&1)"
has 'a name that is a path is refused' 'not a container name' "$("$MYCTR" inspect ../../etc/passwd 2>&1)"
done_testing
