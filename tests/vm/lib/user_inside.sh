#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # expanded in the container
# Runs in the machine of limits.sh, by BusyBox: limits of a user without root, in a part of the cgroup tree that is
# his as systemd would have delegated it, in one that root gave him, and where there is none.
export PATH=/bin
tree=/sys/fs/cgroup
n=0

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok()
{
	n=$((n + 1))
	echo "not ok $n - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2, got: $3"; fi; }
has() { if printf '%s\n' "$3" | grep -Eq -- "$2"; then ok "$1"; else not_ok "$1" "wanted /$2/ in: $3"; fi; }

# What systemd gives with Delegate=yes: the folder and these three files, nothing of what is around.
delegate()
{
	mkdir "$1"
	chown ann "$1" "$1/cgroup.procs" "$1/cgroup.subtree_control" "$1/cgroup.threads"
}

# USER CGROUP COMMAND...: as that user, whose first process is in that cgroup
as()
{
	(
		user=$1
		read -r self _ </proc/self/stat
		echo "$self" >"$tree/$2/cgroup.procs" || exit 99
		shift 2
		exec su -s /bin/sh -c 'exec "$0" "$@"' -- "$user" env -i PATH=/bin HOME="/home/$user" XDG_RUNTIME_DIR="/home/$user/run" \
			MYCTR_NETWORK=none ${given:+MYCTR_CGROUP=$given} "$@" 2>&1
	)
}

# A scope of its own for each, as `systemd-run --user --scope -p Delegate=yes` makes it.
scope()
{
	read -r id </proc/sys/kernel/random/uuid
	delegate "$tree/user/$id"
	as ann "user/$id" "$@"
}
run() { scope myctr run --rm --read-only --tmpfs /tmp "$@"; }
value() { file=$1; shift; run "$@" /box cat "/sys/fs/cgroup/$file"; }

for user in ann bob; do
	mkdir -p /home/$user/run
	chown -R $user: /home/$user
	chmod 700 /home/$user /home/$user/run
done
chmod 1777 /tmp
for controller in memory pids cpu; do echo +$controller >$tree/cgroup.subtree_control; done
mkdir $tree/user $tree/given $tree/login
echo "+memory +pids +cpu" >$tree/user/cgroup.subtree_control

is "in a scope: memory" 16777216 "$(value memory.max --memory 16M)"
is "pids" 7 "$(value pids.max --pids 7)"
is "cpu" "50000 100000" "$(value cpu.max --cpu 50%)"
run --memory 16M /box dd if=/dev/zero of=/dev/null bs=64M count=1 >/dev/null
is "too much memory is killed" 137 $?
run --memory 96M /box dd if=/dev/zero of=/dev/null bs=64M count=1 >/dev/null
is "enough memory is not" 0 $?
has "a fork bomb ends at its limit" 'fork' "$(run --pids 8 /box sh -c 'for i in $(seq 50); do sleep 5 & done')"
is "a container cannot raise its limit" 16777216 \
	"$(run --memory 16M /box sh -c 'echo max 2>/dev/null >/sys/fs/cgroup/memory.max; cat /sys/fs/cgroup/memory.max')"
has "what was not delegated: cpuset" 'cpuset: no cpuset.cpus.*best-effort' "$(run --cpuset 0 /box true)"
has "best effort goes without it" '^7$' "$(value pids.max --cpuset 0 --pids 7 --limits best-effort)"
is "nothing is left in a scope" "" "$(find $tree/user -path '*/myctr/*' -type d)"

# A supervisor has a scope of its own as well; who comes from another may look, but not enter.
has "in the background" '^web$' "$(scope myctr run -d --name web --memory 16M --pids 9 --read-only /box sleep 1000)"
is "its limit" 16777216 "$(cat $tree/user/*/myctr/web/memory.max)"
has "from elsewhere: ps" 'web .*Up' "$(as ann login myctr ps)"
has "exec says where it can" 'web: .*scope or service' "$(as ann login myctr exec web true)"
web=$(dirname "$(dirname "$(ls -d $tree/user/*/myctr/web)")")
is "there it works, within the limits" 0::/ "$(as ann "${web#"$tree"/}/myctr.self" myctr exec web cat /proc/self/cgroup)"
has "another user does not get in" 'no such container' "$(as bob login myctr exec web true)"
is "stop" web "$(as ann login myctr stop -t 0 web; echo web)"
as ann login myctr rm web
is "and its cgroup is gone" "" "$(ls -d $tree/user/*/myctr/web 2>/dev/null)"

# No scope: what root has made and given away, with the user's processes in it.
has "without a cgroup: an error that says how to get one" 'systemd-run --user --scope .*MYCTR_CGROUP' \
	"$(as ann login myctr run --rm --read-only --memory 16M /box true)"
is "best effort" ran "$(as ann login myctr run --rm --read-only --memory 16M --limits best-effort /box echo ran)"
chown ann $tree/given $tree/given/cgroup.procs $tree/given/cgroup.subtree_control
echo "+memory" >$tree/given/cgroup.subtree_control
mkdir $tree/given/session
chown ann $tree/given/session/cgroup.procs
given=given
is "one that root has given, by MYCTR_CGROUP" 16777216 \
	"$(as ann given/session myctr run --rm --read-only --memory 16M /box cat /sys/fs/cgroup/memory.max)"
has "from outside of it the kernel lets no process in" 'cgroup cannot be entered from ours' \
	"$(as ann login myctr run --rm --read-only --memory 16M /box true)"
has "another user's is not his" 'limits: no cgroup here is ours' "$(as bob login myctr run --rm --read-only --memory 16M /box true)"
given=''
is "nothing is left there" "" "$(find $tree/given -mindepth 1 -type d ! -name session)"

mkdir $tree/user/mixed && chown ann $tree/user/mixed $tree/user/mixed/cgroup.procs $tree/user/mixed/cgroup.subtree_control
as ann user/mixed sleep 1000 &
until grep -q . $tree/user/mixed/cgroup.procs; do sleep 0.1; done
has "others' processes are not moved" 'processes beside ours' "$(as ann user/mixed myctr run --rm --read-only --pids 9 /box true)"
is "and nothing is made for them" "" "$(ls -d $tree/user/mixed/myctr.self 2>/dev/null)"

# Root of a privileged container shares its cgroup with the first process there, so nothing can be made below it.
nested() { myctr run --rm --network none --storage tmpfs --privileged /nest "$@" 2>&1; }
is "in a privileged container" fine "$(nested myctr run --rm --network none /box echo fine)"
is "with a limit" 8388608 "$(nested myctr run --rm --network none --memory 8M /box cat /sys/fs/cgroup/memory.max)"
cp -a /nest ~ann/nest
chown -R ann:ann ~ann/nest
is "in one of a user's scope, a limit within its limit" 8388608 \
	"$(scope myctr run --rm --network none --storage tmpfs --privileged --memory 64M ~ann/nest \
		myctr run --rm --network none --memory 8M /box cat /sys/fs/cgroup/memory.max)"
echo "1..$n"
