// SPDX-License-Identifier: MIT
/*
 * Seccomp profiles from a file, compiled on the device by libseccomp: Docker's and OCI's JSON, or a
 * plain list of names. Runs on the host before the clone. A profile is the operator's, so a mistake in it
 * is an error, never a weaker filter.
 */
#include "drivers/seccomp/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"

#define OPTIMIZE_TREE 2

static void release(struct profile *p)
{
	if (p->filter)
		seccomp_release(p->filter);
	p->filter = NULL;
}

int profile_begin(struct profile *p, uint32_t otherwise, struct err *e)
{
	p->otherwise = otherwise;
	p->filter = seccomp_init(otherwise);
	if (!p->filter)
		return err_set(e, ENOMEM, "seccomp %s: libseccomp cannot start a filter", p->path);
	/* A tree loads and runs faster than the list libseccomp makes by itself. Old versions have none. */
	seccomp_attr_set(p->filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
	seccomp_attr_set(p->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return 0;
}

/* Architectures libseccomp will not have in one filter, other byte orders say, cannot run here anyway. */
int profile_add_arch(struct profile *p, uint32_t arch, struct err *e)
{
	int ret = seccomp_arch_add(p->filter, arch);

	if (ret < 0 && ret != -EEXIST && ret != -EINVAL && ret != -EDOM)
		return err_sys(e, ret, "seccomp %s: adding an architecture", p->path);
	return 0;
}

int profile_add_rule(struct profile *p, const char *name, uint32_t action,
		     const struct scmp_arg_cmp *args, unsigned int n_args, struct err *e)
{
	int nr = seccomp_syscall_resolve_name(name), ret;

	if (nr == __NR_SCMP_ERROR)
		return -ENOENT;
	/* libseccomp refuses a rule that says what happens anyway */
	if (action == p->otherwise)
		return 0;
	ret = seccomp_rule_add_array(p->filter, action, nr, n_args, args);
	if (ret < 0)
		return err_sys(e, ret, "seccomp %s: rule for %s", p->path, name);
	return 0;
}

static int export(struct profile *p, struct arena *arena, struct sock_fprog *out, struct err *e)
{
	AUTO_FD int fd = sys_memfd("seccomp", false);
	struct sock_filter *program;
	struct stat st;
	int ret;

	if (fd < 0)
		return err_sys(e, fd, "seccomp %s", p->path);
	ret = seccomp_export_bpf(p->filter, fd);
	if (ret < 0)
		return err_sys(e, ret, "seccomp %s: compiling", p->path);
	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "seccomp %s", p->path);
	if (st.st_size < (off_t)sizeof(*program) ||
	    st.st_size > (off_t)(BPF_MAXINSNS * sizeof(*program)))
		return err_set(e, E2BIG, "seccomp %s: the filter is longer than the kernel takes",
			       p->path);
	program = arena_alloc(arena, (size_t)st.st_size);
	if (!program)
		return err_sys(e, ENOMEM, "seccomp %s", p->path);
	if (fd_read(fd, program, (size_t)st.st_size) != st.st_size)
		return err_sys(e, EIO, "seccomp %s", p->path);
	out->len = (unsigned short)((size_t)st.st_size / sizeof(*program));
	out->filter = program;
	return 0;
}

int profile_compile(const char *path, char *text, size_t len, uint64_t caps, struct arena *arena,
		    struct sock_fprog *out, struct err *e)
{
	struct profile p CLEANUP(release) = { .path = path, .caps = caps };
	int ret;

	if (text[strspn(text, " \t\r\n")] == '{')
		ret = profile_read_json(&p, text, len, e);
	else
		ret = profile_read_list(&p, text, len, e);
	return ret < 0 ? ret : export(&p, arena, out, e);
}

/* The ABI besides the machine's own that a plain list filters too, as the default profile does. */
static uint32_t second_arch(void)
{
	if (!IS_ENABLED(CONFIG_SECCOMP_COMPAT))
		return 0;
	switch (seccomp_arch_native()) {
	case SCMP_ARCH_X86_64:
		return SCMP_ARCH_X86;
	case SCMP_ARCH_AARCH64:
		return SCMP_ARCH_ARM;
	default:
		return 0;
	}
}

static int add_line(struct profile *p, char *line, struct err *e)
{
	int ret = 0;
	char *save;

	line[strcspn(line, "#")] = '\0';
	for (char *name = strtok_r(line, " \t\r,", &save); name && ret == 0;
	     name = strtok_r(NULL, " \t\r,", &save))
		ret = profile_add_rule(p, name, SCMP_ACT_ALLOW, NULL, 0, e);
	return ret;
}

int profile_read_list(struct profile *p, char *text, size_t len, struct err *e)
{
	unsigned int number = 1;
	int ret = profile_begin(p, SCMP_ACT_ERRNO(EPERM), e);

	if (ret == 0 && second_arch())
		ret = profile_add_arch(p, second_arch(), e);
	for (char *line = text, *next; line < text + len && ret == 0; line = next, number++) {
		next = line + strcspn(line, "\n");
		*next++ = '\0';
		ret = add_line(p, line, e);
		if (ret == -ENOENT)
			return err_set(e, EINVAL,
				       "seccomp %s:%u: not a system call libseccomp knows", p->path,
				       number);
	}
	/* Not a refusal, or libc would not try clone; without effect where the list allows clone3. */
	if (ret == 0)
		seccomp_rule_add(p->filter, SCMP_ACT_ERRNO(ENOSYS),
				 seccomp_syscall_resolve_name("clone3"), 0);
	return ret;
}

/* ---- the driver ---- */

static bool profile_match(const char *profile)
{
	return strcmp(profile, "default") != 0 && strcmp(profile, "unconfined") != 0;
}

static int profile_build(const char *profile, uint64_t caps, struct arena *arena,
			 struct sock_fprog *out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int ret = fd_slurp(AT_FDCWD, profile, PROFILE_MAX_BYTES, &text, &len);

	if (ret < 0)
		return err_sys(e, ret, "seccomp %s", profile);
	return profile_compile(profile, text, len, caps, arena, out, e);
}

DRIVER(seccomp, profile) = {
	.name = "profile",
	.about = "profiles in Docker's or OCI's JSON, or lists of names",
	.kernel = "SECCOMP SECCOMP_FILTER",
	.match = profile_match,
	.build = profile_build,
};
