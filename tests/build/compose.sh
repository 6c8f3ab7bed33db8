#!/bin/sh
# SPDX-License-Identifier: MIT
# Compose files become manifests: what comes out is what is expected, passes the device's own check, and each thing
# without a counterpart is said. compose/NAME.yaml, NAME.manifest and NAME.left belong together; UPDATE=1 writes the latter two.
set -u
cd "$(dirname "$0")/compose" || exit 1
top=$(cd ../../.. && pwd)
myctr=${MYCTR:-$top/build/myctr}
convert=$top/tools/compose/convert.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset TZ PREFIX
n=0

ok()
{
	status=$?
	n=$((n + 1))
	[ $status -eq 0 ] && echo "ok $n - compose: $1" && return
	echo "not ok $n - compose: $1"
	head -n 30 "$work/said" | sed 's/^/# /'
}

"$convert" --help >"$work/said" 2>&1 || {
	echo "ok 1 - compose # SKIP python3-yaml is not installed (tools/deps.sh compose)"
	exit 0
}
for file in *.yaml; do
	name=${file%.yaml}
	"$convert" -p box -o "$work/manifest" "$file" 2>"$work/left"
	[ -z "${UPDATE:-}" ] || { cp "$work/manifest" "$name.manifest" && cp "$work/left" "$name.left"; }
	diff "$name.manifest" "$work/manifest" >"$work/said" 2>&1
	ok "$name becomes what it should"
	diff "$name.left" "$work/left" >"$work/said" 2>&1
	ok "$name: what was left out is said with its line"
	"$myctr" manifest check "$work/manifest" >"$work/said" 2>&1
	ok "$name passes the check of the device"
done

# fails TEXT WANTED: the file is refused with that sentence
fails()
{
	printf '%s\n' "$1" >"$work/bad.yaml"
	! "$convert" "$work/bad.yaml" >"$work/said" 2>&1 && grep -Fq "$2" "$work/said" && ! grep -q Traceback "$work/said"
	ok "refused: $2"
}
fails 'services: [1, 2' 'bad.yaml:2:1: '
fails 'version: 3' "no mapping 'services'"
fails 'services: {a: 1}' 'services.a: expected a mapping'
fails 'services: {a: {image: x, image: y}}' 'image stands here twice'
fails 'services: {a: {image: "$x ${"}}' 'what begins with ${ is not a variable'
fails 'services: {a: {image: "${NOT_SET_HERE:?say which}"}}' 'NOT_SET_HERE is not set: say which'
fails 'services: {a: {extends: b}}' 'docker compose config'
fails 'include: [b.yaml]' 'docker compose config'
fails 'services: {a: {image: x, env_file: nowhere}}' 'nowhere: No such file or directory'

# Whatever stands where something else is expected: left out or refused, with a sentence.
understood=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tools/compose /usr/bin/python3 -c 'import keys; print(*keys.KEYS)')
for value in 1 -1 1.5 true null '""' text '"a:b:c:d"' '[1]' '[null]' '[[a]]' '[{a: 1}]' '{a: 1}' '{a: [1]}' '{a: {b: 1}}' '[{}]' '{}'; do
	printf 'services:\n  a:\n    image: x\n'
	for key in $understood; do
		case $key in image | env_file | container_name) ;; *) echo "    $key: $value" ;; esac
	done
done >"$work/all"
awk -v dir="$work" '/^services:/ { n++ } { print > (dir "/odd" n ".yaml") }' "$work/all"
set -- "$work"/odd*.yaml
: >"$work/said"
for file; do
	"$convert" "$file" >/dev/null 2>"$work/one" || true
	grep -H Traceback "$work/one" >>"$work/said" && tail -n 3 "$work/one" >>"$work/said"
done
[ $# -gt 10 ] && grep -q 'ulimits:' "$1" && [ ! -s "$work/said" ]
ok "values of another kind than expected are no accident"
printf 'services:\n  a:\n    image: x\n    init: true\n' >"$work/strict.yaml"
"$convert" --strict "$work/strict.yaml" >"$work/said" 2>&1
[ $? -eq 3 ]
ok "--strict fails where something was left out"
echo "1..$n"
