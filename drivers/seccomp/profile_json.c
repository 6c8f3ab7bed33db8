// SPDX-License-Identifier: MIT
/*
 * Reads seccomp profiles in JSON: OCI's (runtime-spec, config-linux.md, Seccomp) and Docker's, which adds
 * archMap, includes and excludes. Runs on the host. jsmn cuts the text into tokens; here they get their
 * meaning. System calls that libseccomp does not know are passed over, as every runtime does, because one
 * profile serves many machines; whatever else is not understood is an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/capname.h"
#include "core/lib/json.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "drivers/seccomp/profile.h"

#define ARGS_MAX 6
#define WORD_SIZE 64

/* One entry of "syscalls". Values are tokens, -1 where not given. */
struct entry {
	int names, action, errno_ret, args, includes, excludes;
};

/* ---- meaning ---- */

static int bad(const struct profile *p, const struct json *j, int i, const char *what,
	       struct err *e)
{
	return err_set(e, EINVAL, "seccomp %s:%u: %s", p->path, json_line(j, i), what);
}

static int get_action(const struct profile *p, const struct json *j, int i, int errno_ret,
		      uint32_t *action, struct err *e)
{
	static const struct {
		const char *name;
		uint32_t action;
		bool data;
	} actions[] = {
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false },
		{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG, false },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP, false },
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false },
		{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true },
	};
	uint64_t data = EPERM;

	if (errno_ret >= 0 && !json_number(j, errno_ret, 4095, &data))
		return bad(p, j, errno_ret, "errnoRet must be 0 to 4095", e);
	for (size_t k = 0; i >= 0 && k < ARRAY_SIZE(actions); k++) {
		if (!json_is_text(j, i, actions[k].name))
			continue;
		*action = actions[k].action | (actions[k].data ? (uint32_t)data : 0);
		return 0;
	}
	return bad(
		p, j, i,
		"an action this runtime knows is needed (SCMP_ACT_ALLOW, _ERRNO, _KILL_PROCESS, ...)",
		e);
}

static uint32_t arch_of(const struct json *j, int i)
{
	char word[WORD_SIZE];

	if (!json_word(j, i, JSMN_STRING, word, sizeof(word)) ||
	    strncmp(word, "SCMP_ARCH_", 10) != 0)
		return 0;
	/* libseccomp's own names are the same in lower case */
	for (char *c = word; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	return seccomp_arch_resolve_name(word + 10);
}

static int add_archs(struct profile *p, const struct json *j, int array, struct err *e)
{
	int i = array + 1, ret = 0;

	for (int left = array >= 0 ? j->token[array].size : 0; left > 0 && ret == 0;
	     left--, i = json_skip(j, i)) {
		uint32_t arch = arch_of(j, i);

		/* one that libseccomp does not know is not this machine's */
		if (arch)
			ret = profile_add_arch(p, arch, e);
	}
	return ret;
}

/* Docker's: which further ABIs go with each architecture; only this machine's entry counts. */
static int add_arch_map(struct profile *p, const struct json *j, int array, struct err *e)
{
	int i = array + 1, ret = 0;

	if (!json_is(j, array, JSMN_ARRAY))
		return bad(p, j, array, "archMap must be an array", e);
	for (int left = j->token[array].size; left > 0 && ret == 0; left--, i = json_skip(j, i)) {
		int arch = json_member(j, i, "architecture"),
		    sub = json_member(j, i, "subArchitectures");

		if (arch < 0 || arch_of(j, arch) != seccomp_arch_native())
			continue;
		if (sub >= 0 && json_is(j, sub, JSMN_ARRAY))
			ret = add_archs(p, j, sub, e);
	}
	return ret;
}

static bool has_native_arch(const struct json *j, int array)
{
	/* as Go calls them */
	static const struct {
		uint32_t token;
		const char *name;
	} names[] = {
		{ SCMP_ARCH_X86_64, "amd64" },	  { SCMP_ARCH_X86, "386" },
		{ SCMP_ARCH_AARCH64, "arm64" },	  { SCMP_ARCH_ARM, "arm" },
		{ SCMP_ARCH_MIPS, "mips" },	  { SCMP_ARCH_MIPSEL, "mipsle" },
		{ SCMP_ARCH_MIPS64, "mips64" },	  { SCMP_ARCH_MIPSEL64, "mips64le" },
		{ SCMP_ARCH_PPC64LE, "ppc64le" }, { SCMP_ARCH_RISCV64, "riscv64" },
		{ SCMP_ARCH_S390X, "s390x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].token == seccomp_arch_native())
			return json_has(j, array, names[i].name);
	return false;
}

static bool has_kernel(const struct json *j, int i)
{
	char word[WORD_SIZE], *dot;
	uint64_t major, minor;

	if (!json_word(j, i, JSMN_STRING, word, sizeof(word)))
		return false;
	dot = strchr(word, '.');
	if (!dot)
		return false;
	*dot = '\0';
	dot[1 + strspn(dot + 1, "0123456789")] = '\0';
	return str_u64(word, 0, 999, &major) == 0 && str_u64(dot + 1, 0, 999, &minor) == 0 &&
	       sys_kernel_at_least((int)major, (int)minor);
}

/* True when all of its capabilities are held (all), or one of them (any). */
static bool has_caps(const struct profile *p, const struct json *j, int array, bool all)
{
	char word[WORD_SIZE];
	int i = array + 1;

	if (!json_is(j, array, JSMN_ARRAY))
		return false;
	for (int left = j->token[array].size; left > 0; left--, i = json_skip(j, i)) {
		int cap = json_word(j, i, JSMN_STRING, word, sizeof(word)) ? capname_number(word)
									   : -1;
		bool held = cap >= 0 && p->caps >> cap & 1;

		if (held != all)
			return held;
	}
	return all;
}

/* Docker's conditions: every one of includes must hold, and none of excludes. */
static bool applies(const struct profile *p, const struct json *j, const struct entry *r)
{
	int caps = json_member(j, r->includes, "caps"),
	    arches = json_member(j, r->includes, "arches");
	int kernel = json_member(j, r->includes, "minKernel");

	if ((caps >= 0 && !has_caps(p, j, caps, true)) || (kernel >= 0 && !has_kernel(j, kernel)) ||
	    (arches >= 0 && j->token[arches].size > 0 && !has_native_arch(j, arches)))
		return false;
	caps = json_member(j, r->excludes, "caps");
	arches = json_member(j, r->excludes, "arches");
	kernel = json_member(j, r->excludes, "minKernel");
	return !(caps >= 0 && has_caps(p, j, caps, false)) &&
	       !(arches >= 0 && has_native_arch(j, arches)) &&
	       !(kernel >= 0 && has_kernel(j, kernel));
}

static int get_arg(const struct profile *p, const struct json *j, int object,
		   struct scmp_arg_cmp *arg, struct err *e)
{
	static const char *const ops[] = {
		[SCMP_CMP_NE] = "SCMP_CMP_NE",
		[SCMP_CMP_LT] = "SCMP_CMP_LT",
		[SCMP_CMP_LE] = "SCMP_CMP_LE",
		[SCMP_CMP_EQ] = "SCMP_CMP_EQ",
		[SCMP_CMP_GE] = "SCMP_CMP_GE",
		[SCMP_CMP_GT] = "SCMP_CMP_GT",
		[SCMP_CMP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
	};
	int index = json_member(j, object, "index"), value = json_member(j, object, "value");
	int two = json_member(j, object, "valueTwo"), op = json_member(j, object, "op");
	uint64_t number = 0, a = 0, b = 0;

	if (!json_number(j, index, ARGS_MAX - 1, &number) ||
	    !json_number(j, value, UINT64_MAX, &a) ||
	    (two >= 0 && !json_number(j, two, UINT64_MAX, &b)))
		return bad(p, j, object, "an argument needs index 0 to 5, value and op", e);
	for (unsigned int i = SCMP_CMP_NE; op >= 0 && i < ARRAY_SIZE(ops); i++) {
		if (!json_is_text(j, op, ops[i]))
			continue;
		*arg = (struct scmp_arg_cmp){ (unsigned int)number, (enum scmp_compare)i, a, b };
		return 0;
	}
	return bad(p, j, object, "op must be SCMP_CMP_EQ, _NE, _LT, _LE, _GE, _GT or _MASKED_EQ",
		   e);
}

static int get_args(const struct profile *p, const struct json *j, int array,
		    struct scmp_arg_cmp args[ARGS_MAX], unsigned int *n, struct err *e)
{
	int i = array + 1;

	*n = 0;
	if (array < 0 || json_is(j, array, JSMN_PRIMITIVE)) /* null */
		return 0;
	if (!json_is(j, array, JSMN_ARRAY) || j->token[array].size > ARGS_MAX)
		return bad(p, j, array, "args must be an array of at most six", e);
	for (int left = j->token[array].size; left > 0; left--, i = json_skip(j, i), ++*n) {
		int ret = get_arg(p, j, i, &args[*n], e);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Conditions on the same argument are alternatives, on different ones they all have to hold. */
static int add_name(struct profile *p, const char *name, uint32_t action,
		    const struct scmp_arg_cmp *args, unsigned int n, struct err *e)
{
	bool repeated = false;
	int ret = 0;

	for (unsigned int a = 0; a < n; a++)
		for (unsigned int b = 0; b < a; b++)
			repeated |= args[a].arg == args[b].arg;
	if (!repeated)
		ret = profile_add_rule(p, name, action, args, n, e);
	for (unsigned int a = 0; repeated && a < n && ret == 0; a++)
		ret = profile_add_rule(p, name, action, &args[a], 1, e);
	return ret == -ENOENT ? 0 : ret;
}

static int add_entry(struct profile *p, const struct json *j, const struct entry *r, struct err *e)
{
	struct scmp_arg_cmp args[ARGS_MAX];
	bool one = json_is(j, r->names, JSMN_STRING);
	int i = one ? r->names : r->names + 1, ret;
	unsigned int n_args = 0;
	char name[WORD_SIZE];
	uint32_t action;

	if (!one && !json_is(j, r->names, JSMN_ARRAY))
		return bad(p, j, r->names, "names must be an array", e);
	ret = get_action(p, j, r->action, r->errno_ret, &action, e);
	if (ret == 0)
		ret = get_args(p, j, r->args, args, &n_args, e);
	for (int left = one ? 1 : j->token[r->names].size; left > 0 && ret == 0;
	     left--, i = json_skip(j, i)) {
		if (!json_word(j, i, JSMN_STRING, name, sizeof(name)))
			return bad(p, j, i, "not the name of a system call", e);
		ret = add_name(p, name, action, args, n_args, e);
	}
	return ret;
}

static int add_syscalls(struct profile *p, const struct json *j, int array, struct err *e)
{
	int i = array + 1, ret = 0;

	if (array < 0)
		return 0;
	if (!json_is(j, array, JSMN_ARRAY))
		return bad(p, j, array, "syscalls must be an array", e);
	for (int left = j->token[array].size; left > 0 && ret == 0; left--, i = json_skip(j, i)) {
		struct entry r = { json_member(j, i, "names"),	  json_member(j, i, "action"),
				   json_member(j, i, "errnoRet"), json_member(j, i, "args"),
				   json_member(j, i, "includes"), json_member(j, i, "excludes") };

		if (r.names < 0)
			r.names = json_member(j, i, "name");
		if (!json_is(j, i, JSMN_OBJECT) || r.names < 0)
			return bad(p, j, i, "a rule needs names and an action", e);
		if (applies(p, j, &r))
			ret = add_entry(p, j, &r, e);
	}
	return ret;
}

static int read_tokens(struct profile *p, const struct json *j, struct err *e)
{
	int archs = json_member(j, 0, "architectures"), map = json_member(j, 0, "archMap");
	uint32_t otherwise;
	int ret = get_action(p, j, json_member(j, 0, "defaultAction"),
			     json_member(j, 0, "defaultErrnoRet"), &otherwise, e);

	if (ret < 0)
		return ret;
	if (json_member(j, 0, "listenerPath") >= 0)
		return bad(p, j, json_member(j, 0, "listenerPath"), "listenerPath is not supported",
			   e);
	ret = profile_begin(p, otherwise, e);
	if (ret == 0 && archs >= 0 && json_is(j, archs, JSMN_ARRAY))
		ret = add_archs(p, j, archs, e);
	if (ret == 0 && map >= 0)
		ret = add_arch_map(p, j, map, e);
	return ret < 0 ? ret : add_syscalls(p, j, json_member(j, 0, "syscalls"), e);
}

int profile_read_json(struct profile *p, const char *text, size_t len, struct err *e)
{
	struct json j;
	int r = json_parse(&j, text, len);

	if (r == 0 && !json_is(&j, 0, JSMN_OBJECT))
		r = -EINVAL;
	if (r == -EINVAL)
		err_set(e, EINVAL, "seccomp %s: not valid JSON (at byte %u)", p->path, j.at);
	else if (r < 0)
		err_sys(e, r, "seccomp %s", p->path);
	else
		r = read_tokens(p, &j, e);
	json_free(&j);
	return r;
}
