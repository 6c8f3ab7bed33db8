// SPDX-License-Identifier: MIT
/*
 * Names of capabilities. libcap is not linked for them: its constructor probes the kernel with half a
 * dozen calls in every process, and it brings more code than this text. A unit test compares the two.
 */
#include "core/lib/capname.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/lib/str.h"

#define CAP_MAX 63 /* the most capset(2) can express */

/* In the order of their numbers; one string, because 41 pointers cost more than the text. */
static const char names[] =
	"chown\0dac_override\0dac_read_search\0fowner\0fsetid\0kill\0setgid\0setuid\0setpcap\0"
	"linux_immutable\0net_bind_service\0net_broadcast\0net_admin\0net_raw\0ipc_lock\0ipc_owner\0"
	"sys_module\0sys_rawio\0sys_chroot\0sys_ptrace\0sys_pacct\0sys_admin\0sys_boot\0sys_nice\0"
	"sys_resource\0sys_time\0sys_tty_config\0mknod\0lease\0audit_write\0audit_control\0setfcap\0"
	"mac_override\0mac_admin\0syslog\0wake_alarm\0block_suspend\0audit_read\0perfmon\0bpf\0"
	"checkpoint_restore\0";

int capname_number(const char *word)
{
	const char *bare = strncasecmp(word, "cap_", 4) == 0 ? word + 4 : word;
	uint64_t number;
	int cap = 0;

	if (str_u64(word, 0, CAP_MAX, &number) == 0)
		return (int)number;
	for (const char *name = names; *name; name += strlen(name) + 1, cap++)
		if (strcasecmp(name, bare) == 0)
			return cap;
	return -EINVAL;
}

const char *capname_text(unsigned int cap, char buf[CAPNAME_SIZE])
{
	const char *name = names;

	for (unsigned int i = 0; *name && i < cap; i++)
		name += strlen(name) + 1;
	if (*name)
		str_copy(buf, CAPNAME_SIZE, name);
	else
		str_format(buf, CAPNAME_SIZE, "%u", cap);
	return buf;
}
