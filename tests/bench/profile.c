/* SPDX-License-Identifier: MIT */
/*
 * Writes the bench's seccomp profile, so that every runtime in the comparison loads the same one:
 * as a C header (sorted as a tree, for the floor), as raw BPF (for bwrap --seccomp) or as the
 * "syscalls" part of an OCI config.json (crun and runc compile that one themselves at each
 * start). Everything this build machine's libseccomp knows is allowed except the list below.
 * Runs on the build machine only. Not a profile to protect anything with.
 */
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAST_SYSCALL = 600 };

static const char *const denied[] = {
	"acct",
	"add_key",
	"bpf",
	"clock_adjtime",
	"clock_settime",
	"create_module",
	"delete_module",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"get_kernel_syms",
	"init_module",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kcmp",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"lookup_dcookie",
	"mount",
	"mount_setattr",
	"move_mount",
	"nfsservctl",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"pivot_root",
	"process_madvise",
	"query_module",
	"quotactl",
	"quotactl_fd",
	"reboot",
	"request_key",
	"setdomainname",
	"sethostname",
	"setns",
	"settimeofday",
	"swapoff",
	"swapon",
	"sysfs",
	"umount2",
	"unshare",
	"uselib",
	"userfaultfd",
	"ustat",
	"vhangup",
	"vm86",
	"vm86old",
};

static bool is_denied(const char *name)
{
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (strcmp(denied[i], name) == 0)
			return true;
	return false;
}

static char *allowed_name(int nr)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

	if (name && is_denied(name)) {
		free(name);
		return NULL;
	}
	return name;
}

static int print_oci(void)
{
	const char *sep = "";

	printf("{\"names\":[");
	for (int nr = 0; nr < LAST_SYSCALL; nr++) {
		char *name = allowed_name(nr);

		if (!name)
			continue;
		printf("%s\"%s\"", sep, name);
		sep = ",";
		free(name);
	}
	printf("],\"action\":\"SCMP_ACT_ALLOW\"}");
	return 0;
}

static int export_filter(FILE *to)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!ctx)
		return -ENOMEM;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (int nr = 0; nr < LAST_SYSCALL; nr++) {
		char *name = allowed_name(nr);

		if (name && (err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0)) < 0)
			return err;
		free(name);
	}
	err = seccomp_export_bpf(ctx, fileno(to));
	seccomp_release(ctx);
	return err;
}

static int print_header(void)
{
	struct sock_filter insn;
	FILE *tmp = tmpfile();
	int err;

	if (!tmp)
		return -errno;
	err = export_filter(tmp);
	if (err < 0)
		return err;
	rewind(tmp);
	printf("static const struct sock_filter floor_filter[] = {\n");
	while (fread(&insn, sizeof(insn), 1, tmp) == 1)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", insn.code, insn.jt, insn.jf, insn.k);
	printf("};\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	int err = -EINVAL;

	if (strcmp(what, "header") == 0)
		err = print_header();
	else if (strcmp(what, "bpf") == 0)
		err = export_filter(stdout);
	else if (strcmp(what, "oci") == 0)
		err = print_oci();
	if (err < 0 || fflush(stdout) != 0) {
		fprintf(stderr, "profile: %s: %s\n", what, strerror(-err));
		return 1;
	}
	return 0;
}
