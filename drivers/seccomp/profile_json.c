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
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "drivers/seccomp/profile.h"

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <jsmn.h>
#pragma GCC diagnostic pop

#define ARGS_MAX 6
#define WORD_SIZE 64
#define DEPTH_MAX 32 /* of brackets; a profile has five */

struct json {
	const char *text;
	jsmntok_t *token;
	int n;
};

/* One entry of "syscalls". Values are tokens, -1 where not given. */
struct entry {
	int names, action, errno_ret, args, includes, excludes;
};

/* ---- walking tokens ---- */

/* The token after the whole of value i. */
static int skip(const struct json *j, int i)
{
	int end = j->token[i].end;

	for (i++; i < j->n && j->token[i].start < end; i++)
		;
	return i;
}

static bool is_type(const struct json *j, int i, jsmntype_t type)
{
	return i >= 0 && i < j->n && j->token[i].type == type;
}

static bool is_text(const struct json *j, int i, const char *text)
{
	const jsmntok_t *t = &j->token[i];
	size_t len = (size_t)(t->end - t->start);

	return t->type == JSMN_STRING && strlen(text) == len &&
	       memcmp(j->text + t->start, text, len) == 0;
}

/* A string or number as a word; false when it is long, empty or has an escape in it. */
static bool get_word(const struct json *j, int i, jsmntype_t type, char word[WORD_SIZE])
{
	size_t len;

	if (!is_type(j, i, type))
		return false;
	len = (size_t)(j->token[i].end - j->token[i].start);
	if (len == 0 || len >= WORD_SIZE || memchr(j->text + j->token[i].start, '\\', len))
		return false;
	memcpy(word, j->text + j->token[i].start, len);
	word[len] = '\0';
	return strlen(word) == len;
}

static bool get_number(const struct json *j, int i, uint64_t max, uint64_t *n)
{
	char word[WORD_SIZE];

	return get_word(j, i, JSMN_PRIMITIVE, word) && str_u64(word, 0, max, n) == 0;
}

/* Value of a member of object i, or -1. A member that is there twice counts as the first. */
static int member(const struct json *j, int object, const char *key)
{
	int i = object + 1;

	if (!is_type(j, object, JSMN_OBJECT))
		return -1;
	for (int left = j->token[object].size; left > 0 && i + 1 < j->n; left--, i = skip(j, i + 1))
		if (is_text(j, i, key))
			return i + 1;
	return -1;
}

static bool has(const struct json *j, int array, const char *word)
{
	int i = array + 1;

	if (!is_type(j, array, JSMN_ARRAY))
		return false;
	for (int left = j->token[array].size; left > 0 && i < j->n; left--, i = skip(j, i))
		if (is_text(j, i, word))
			return true;
	return false;
}

/* Every key of an object is a string with one value: strict jsmn lets a few other things pass. */
static bool is_sound(const struct json *j)
{
	for (int i = 0; i < j->n; i++) {
		int parent = j->token[i].parent;

		if (j->token[i].type == JSMN_UNDEFINED || j->token[i].end < 0 ||
		    (parent < 0) != (i == 0))
			return false;
		if (parent >= 0 && j->token[parent].type == JSMN_OBJECT &&
		    (j->token[i].type != JSMN_STRING || j->token[i].size != 1))
			return false;
		if (parent >= 0 && j->token[parent].type == JSMN_PRIMITIVE)
			return false;
	}
	return is_type(j, 0, JSMN_OBJECT);
}

/* ---- meaning ---- */

static int bad(const struct profile *p, const struct json *j, int i, const char *what,
	       struct err *e)
{
	unsigned int line = 1;

	for (int at = 0; i >= 0 && i < j->n && at < j->token[i].start; at++)
		line += j->text[at] == '\n';
	return err_set(e, EINVAL, "seccomp %s:%u: %s", p->path, line, what);
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

	if (errno_ret >= 0 && !get_number(j, errno_ret, 4095, &data))
		return bad(p, j, errno_ret, "errnoRet must be 0 to 4095", e);
	for (size_t k = 0; i >= 0 && k < ARRAY_SIZE(actions); k++) {
		if (!is_text(j, i, actions[k].name))
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

	if (!get_word(j, i, JSMN_STRING, word) || strncmp(word, "SCMP_ARCH_", 10) != 0)
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
	     left--, i = skip(j, i)) {
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

	if (!is_type(j, array, JSMN_ARRAY))
		return bad(p, j, array, "archMap must be an array", e);
	for (int left = j->token[array].size; left > 0 && ret == 0; left--, i = skip(j, i)) {
		int arch = member(j, i, "architecture"), sub = member(j, i, "subArchitectures");

		if (arch < 0 || arch_of(j, arch) != seccomp_arch_native())
			continue;
		if (sub >= 0 && is_type(j, sub, JSMN_ARRAY))
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
			return has(j, array, names[i].name);
	return false;
}

static bool has_kernel(const struct json *j, int i)
{
	char word[WORD_SIZE], *dot;
	uint64_t major, minor;

	if (!get_word(j, i, JSMN_STRING, word))
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

	if (!is_type(j, array, JSMN_ARRAY))
		return false;
	for (int left = j->token[array].size; left > 0; left--, i = skip(j, i)) {
		int cap = get_word(j, i, JSMN_STRING, word) ? capname_number(word) : -1;
		bool held = cap >= 0 && p->caps >> cap & 1;

		if (held != all)
			return held;
	}
	return all;
}

/* Docker's conditions: every one of includes must hold, and none of excludes. */
static bool applies(const struct profile *p, const struct json *j, const struct entry *r)
{
	int caps = member(j, r->includes, "caps"), arches = member(j, r->includes, "arches");
	int kernel = member(j, r->includes, "minKernel");

	if ((caps >= 0 && !has_caps(p, j, caps, true)) || (kernel >= 0 && !has_kernel(j, kernel)) ||
	    (arches >= 0 && j->token[arches].size > 0 && !has_native_arch(j, arches)))
		return false;
	caps = member(j, r->excludes, "caps");
	arches = member(j, r->excludes, "arches");
	kernel = member(j, r->excludes, "minKernel");
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
	int index = member(j, object, "index"), value = member(j, object, "value");
	int two = member(j, object, "valueTwo"), op = member(j, object, "op");
	uint64_t number = 0, a = 0, b = 0;

	if (!get_number(j, index, ARGS_MAX - 1, &number) || !get_number(j, value, UINT64_MAX, &a) ||
	    (two >= 0 && !get_number(j, two, UINT64_MAX, &b)))
		return bad(p, j, object, "an argument needs index 0 to 5, value and op", e);
	for (unsigned int i = SCMP_CMP_NE; op >= 0 && i < ARRAY_SIZE(ops); i++) {
		if (!is_text(j, op, ops[i]))
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
	if (array < 0 || is_type(j, array, JSMN_PRIMITIVE)) /* null */
		return 0;
	if (!is_type(j, array, JSMN_ARRAY) || j->token[array].size > ARGS_MAX)
		return bad(p, j, array, "args must be an array of at most six", e);
	for (int left = j->token[array].size; left > 0; left--, i = skip(j, i), ++*n) {
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
	bool one = is_type(j, r->names, JSMN_STRING);
	int i = one ? r->names : r->names + 1, ret;
	unsigned int n_args = 0;
	char name[WORD_SIZE];
	uint32_t action;

	if (!one && !is_type(j, r->names, JSMN_ARRAY))
		return bad(p, j, r->names, "names must be an array", e);
	ret = get_action(p, j, r->action, r->errno_ret, &action, e);
	if (ret == 0)
		ret = get_args(p, j, r->args, args, &n_args, e);
	for (int left = one ? 1 : j->token[r->names].size; left > 0 && ret == 0;
	     left--, i = skip(j, i)) {
		if (!get_word(j, i, JSMN_STRING, name))
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
	if (!is_type(j, array, JSMN_ARRAY))
		return bad(p, j, array, "syscalls must be an array", e);
	for (int left = j->token[array].size; left > 0 && ret == 0; left--, i = skip(j, i)) {
		struct entry r = { member(j, i, "names"),    member(j, i, "action"),
				   member(j, i, "errnoRet"), member(j, i, "args"),
				   member(j, i, "includes"), member(j, i, "excludes") };

		if (r.names < 0)
			r.names = member(j, i, "name");
		if (!is_type(j, i, JSMN_OBJECT) || r.names < 0)
			return bad(p, j, i, "a rule needs names and an action", e);
		if (applies(p, j, &r))
			ret = add_entry(p, j, &r, e);
	}
	return ret;
}

static int read_tokens(struct profile *p, const struct json *j, struct err *e)
{
	int archs = member(j, 0, "architectures"), map = member(j, 0, "archMap");
	uint32_t otherwise;
	int ret = get_action(p, j, member(j, 0, "defaultAction"), member(j, 0, "defaultErrnoRet"),
			     &otherwise, e);

	if (ret < 0)
		return ret;
	if (member(j, 0, "listenerPath") >= 0)
		return bad(p, j, member(j, 0, "listenerPath"), "listenerPath is not supported", e);
	ret = profile_begin(p, otherwise, e);
	if (ret == 0 && archs >= 0 && is_type(j, archs, JSMN_ARRAY))
		ret = add_archs(p, j, archs, e);
	if (ret == 0 && map >= 0)
		ret = add_arch_map(p, j, map, e);
	return ret < 0 ? ret : add_syscalls(p, j, member(j, 0, "syscalls"), e);
}

/* jsmn looks at every open bracket for each closing one, so deep texts would take it minutes. */
static bool is_shallow(const char *text, size_t len)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < len && depth <= DEPTH_MAX; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth--;
	}
	return depth <= DEPTH_MAX;
}

int profile_read_json(struct profile *p, const char *text, size_t len, struct err *e)
{
	AUTO_FREE jsmntok_t *token = NULL;
	struct json j = { .text = text };
	jsmn_parser parser;

	if (memchr(text, '\0', len))
		return err_set(e, EINVAL, "seccomp %s: has a NUL byte in it", p->path);
	if (!is_shallow(text, len))
		return err_set(e, EINVAL, "seccomp %s: brackets are nested too deeply", p->path);
	/* no text has more tokens than bytes; pages that stay unused cost nothing */
	token = malloc((len + 1) * sizeof(*token));
	if (!token)
		return err_sys(e, ENOMEM, "seccomp %s", p->path);
	jsmn_init(&parser);
	j.n = jsmn_parse(&parser, text, len, token, (unsigned int)len + 1);
	j.token = token;
	if (j.n <= 0 || !is_sound(&j))
		return err_set(e, EINVAL, "seccomp %s: not valid JSON (at byte %u)", p->path,
			       parser.pos);
	return read_tokens(p, &j, e);
}
