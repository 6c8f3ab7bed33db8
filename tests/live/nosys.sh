#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests of images again (enosys.sh has the others), on a kernel that seems to lack the newer system
# calls: every one of them answers ENOSYS, so the older ways are taken.
set -u
here=$(cd "$(dirname "$0")" && pwd)
MYCTR=${MYCTR:-$here/../../build/myctr}
calls=openat2,clone3,close_range,mount_setattr,pidfd_getfd,epoll_pwait2,faccessat2,process_madvise
calls=${NOSYS_CALLS:-$calls}
dir=$(mktemp -d "${TMPDIR:-/tmp}/myctr-nosys.XXXXXX")
trap 'rm -rf "$dir"' EXIT

cat >"$dir/myctr" <<END
#!/bin/sh
exec strace -D -f --seccomp-bpf -qq -o /dev/null -e trace=$calls -e inject=$calls:error=ENOSYS $MYCTR "\$@"
END
chmod +x "$dir/myctr"
if ! "$dir/myctr" --version >/dev/null 2>&1; then
	echo "ok 1 - without newer system calls # SKIP needs strace with injection"
	exit 0
fi
MYCTR=$dir/myctr "$here/image.sh" 2>&1 | sed -E -e '/^1\.\./d' -e "s/^(ok|not ok) [0-9]+ - /\1 - nosys: image: /"
