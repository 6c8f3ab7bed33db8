#!/bin/sh
# SPDX-License-Identifier: MIT
# What a container may do: capabilities, kernel parameters, seccomp profiles, limits that cannot hold, and
# what `myctr check` says of this machine.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "$0")/lib.sh"

out() { run_in "$@" 2>&1; }
caps() { out "$@" "$root" sed -n "s/^Cap$set:[[:space:]]*//p" /proc/self/status; }
ln -sf busybox "$root/bin/sed"

set=Eff
is "default capabilities" 00000000800405fb "$(caps)"
is "one more" 00000000800415fb "$(caps --cap-add NET_ADMIN)"
is "one less, by its long name" 00000000800405fa "$(caps --cap-drop cap_chown)"
is "none" 0000000000000000 "$(caps --cap-drop ALL)"
is "just one" 0000000000000020 "$(caps --cap-drop ALL --cap-add kill)"
is "ambient for a user" 0000000000000400 "$(caps --cap-ambient NET_BIND_SERVICE -u 1000:1000)"
set=Bnd
is "the bounding set is as small" 00000000800405fb "$(caps -u 1000:1000)"
is "a user's bounding set without any" 0000000000000000 "$(caps -u 1000:1000 --cap-drop ALL)"
run_in --cap-add FLY "$root" true 2>/dev/null; is "an unknown capability is refused" 2 $?
has "ambient beyond the set is refused" 'cap-ambient: sys_time' "$(out --cap-ambient SYS_TIME "$root" true)"
if [ "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)" = 000001ffffffffff ]; then
	set=Eff
	is "privileged has all" 000001ffffffffff "$(caps --privileged)"
fi

is "a parameter of its own network" 1 "$(out --sysctl net.ipv4.ip_forward=1 "$root" cat /proc/sys/net/ipv4/ip_forward)"
is "the host's stays" "$(cat /proc/sys/net/ipv4/ip_default_ttl)" \
	"$(out --sysctl net.ipv4.ip_default_ttl=77 "$root" true; cat /proc/sys/net/ipv4/ip_default_ttl)"
is "a parameter of its own ipc" 99 "$(out --sysctl kernel.shmmni=99 "$root" cat /proc/sys/kernel/shmmni)"
for key in kernel.panic=1 vm.swappiness=1 kernel.core_pattern=/x net/../kernel/panic=1; do
	has "sysctl $key is refused" 'sysctl' "$(out --sysctl "$key" "$root" echo ran)"
	hasnt "and nothing ran with $key" '^ran$' "$(out --sysctl "$key" "$root" echo ran)"
done
has "net parameters of the host are refused" 'is the host' "$(out --net host --sysctl net.ipv4.ip_forward=1 "$root" true)"

is "resource limits" "77 88" "$(out --rlimit nofile=77:88 "$root" sh -c 'echo $(ulimit -n) $(ulimit -Hn)')"

fails "new namespaces are refused" run_in "$root" unshare -m true
check "but not with SYS_ADMIN" run_in --cap-add SYS_ADMIN "$root" unshare -m true
check "nor unconfined" run_in --seccomp unconfined --cap-add SYS_ADMIN "$root" unshare -m true
if "$MYCTR" features | grep -q '^seccomp *profile'; then
	cat >"$live_dir/profile.json" <<'END'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28 },
  { "names": ["sync"], "action": "SCMP_ACT_KILL_PROCESS" } ] }
END
	has "a profile in JSON" 'No space left' "$(out --tmpfs /tmp --seccomp "$live_dir/profile.json" "$root" mkdir /tmp/x)"
	run_in --seccomp "$live_dir/profile.json" "$root" busybox sync >/dev/null 2>&1
	is "a killing answer" 159 $?
	sed 's/ERRNO/FLY/' "$live_dir/profile.json" >"$live_dir/bad.json"
	has "a mistake in it has its line" 'bad.json:2:' "$(out --seccomp "$live_dir/bad.json" "$root" true)"
	printf 'execve exit_group\nopne\n' >"$live_dir/list"
	has "an unknown name in a list has its line" 'list:2:' "$(out --seccomp "$live_dir/list" "$root" true)"
	has "a profile that is not there" 'No such file' "$(out --seccomp "$live_dir/none.json" "$root" true)"
else
	skip "profiles from files" "SECCOMP_LIBSECCOMP is off"
fi

# With cgroup v1 in charge of memory, or no cgroup at all, a memory limit cannot hold.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	skip "a limit that cannot hold" "this host has cgroup v2"
else
	got=$(out --memory 32M "$root" echo ran)
	has "a limit that cannot hold is an error" 'memory.*best-effort' "$got"
	hasnt "and nothing ran" '^ran$' "$got"
	is "unless it is best effort" ran "$(out --memory 32M --limits best-effort "$root" echo ran)"
fi

got=$("$MYCTR" check)
is "check finds this machine good" 0 $?
has "check lists namespaces" '^found +PID_NS' "$got"
is "check keeps to 80 columns" 0 "$(printf '%s\n' "$got" | grep -c '.\{81\}')"
printf '[container web]\nimage = %s\ncommand = true\npids = 10\n' "$root" >"$live_dir/manifest"
got=$("$MYCTR" check "$live_dir/manifest")
status=$?
if printf '%s\n' "$got" | grep -q '^found *CGROUP_PIDS'; then
	is "check with a manifest that can run" 0 $status
else
	is "check with a manifest that cannot run" 1 $status
	has "check says who needs what is missing" 'needed by container web' "$got"
	has "check says how to get it" 'get it: kernel option CONFIG_CGROUP_PIDS' "$got"
fi
done_testing
