// SPDX-License-Identifier: MIT
/*
 * Compiles drivers/seccomp/default.list to a C header with one BPF program, on the build machine. libseccomp
 * supplies the system call numbers of each architecture; the program itself is a search tree over
 * ranges of numbers, because most neighbours share one answer: a hundred instructions where a leaf for
 * each call would be four hundred, which is less to carry, to load and to run. A number alone among
 * others of one answer is asked for by itself. Of all such trees the one with the fewest instructions is
 * taken: at each start the kernel compiles them anew, for 2,000 of its own each.
 *
 * An answer that depends on capabilities is written as SECCOMP_RET_TRACE with an index into
 * seccomp_default_caps[]; drivers/seccomp/default.c replaces it when the program is used.
 *
 * usage: compile ARCH LIST yes|no >HEADER    (yes: filter the 32-bit ABI too instead of killing)
 */
#include <ctype.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/seccomp/arch.h"
#include "tools/seccomp/plan.h"

#define MAX_RULES 1024
#define MAX_WORDS 128
#define MAX_VALUES 16
#define MAX_CAPS 32
#define MAX_RANGES 2048
#define MAX_INSNS 8192
#define NAME_SIZE 40

enum test { TEST_NONE, TEST_IS, TEST_NOT, TEST_CLEAR };

/* What one system call is answered. Two calls with equal answers are neighbours in one range. */
struct answer {
	bool allow;	       /* without any condition */
	int caps;	       /* index of caps that allow it, -1 none */
	char error[NAME_SIZE]; /* errno otherwise */
	enum test test;
	int arg;
	int n_values;
	char value[MAX_VALUES][NAME_SIZE];
};

struct rule {
	char name[NAME_SIZE];
	long number; /* of NAME@NUMBER, -1 where libseccomp knows it */
	struct answer answer;
	bool used;
};

struct range {
	uint32_t first;
	const struct answer *answer;
};

struct insn {
	char code[40];
	unsigned int jt, jf;
	char k[NAME_SIZE * 2];
};

static const struct answer unknown = { .caps = -1, .error = "ENOSYS" };
static struct rule rules[MAX_RULES];
static int n_rules;
static char caps[MAX_CAPS][256]; /* C expressions */
static int n_caps;
static const char *list_name;
static int line_number;

static void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", list_name, line_number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void copy(char *dst, size_t size, const char *src)
{
	if (strlen(src) >= size)
		die("'%s' is too long", src);
	memcpy(dst, src, strlen(src) + 1);
}

/* ---- reading the list ---- */

static int cap_index(const char *expression)
{
	for (int i = 0; i < n_caps; i++)
		if (strcmp(caps[i], expression) == 0)
			return i;
	if (n_caps == MAX_CAPS)
		die("too many sets of capabilities");
	copy(caps[n_caps], sizeof(caps[0]), expression);
	return n_caps++;
}

static int read_test(struct answer *a, char **word, int n)
{
	int i = 2;

	if (a->test != TEST_NONE)
		die("only one condition on an argument");
	a->arg = word[0][3] - '0';
	if (a->arg < 0 || a->arg > 5 || word[0][4] || n < 3)
		die("'%s': arg0 to arg5, a test and values", word[0]);
	a->test = strcmp(word[1], "is") == 0	? TEST_IS
		  : strcmp(word[1], "not") == 0 ? TEST_NOT
						: TEST_CLEAR;
	if (a->test == TEST_CLEAR && strcmp(word[1], "clear") != 0)
		die("'%s': is, not or clear", word[1]);
	for (; i < n && strcmp(word[i], "or") != 0 && strcmp(word[i], "else") != 0; i++) {
		if (a->n_values == MAX_VALUES)
			die("too many values");
		copy(a->value[a->n_values++], NAME_SIZE, word[i]);
	}
	return i;
}

static void read_conditions(struct answer *a, char **word, int n)
{
	char expression[256] = "";
	int i = 0;

	a->allow = false;
	while (i < n && strcmp(word[i], "else") != 0) {
		if (strcmp(word[i], "cap") == 0 && i + 1 < n) {
			size_t used = strlen(expression);

			snprintf(expression + used, sizeof(expression) - used,
				 "%sUINT64_C(1) << CAP_%s", used ? " | " : "", word[i + 1]);
			i += 2;
		} else if (strncmp(word[i], "arg", 3) == 0) {
			i += read_test(a, word + i, n - i);
		} else {
			die("'%s': cap NAME or argN", word[i]);
		}
		if (i < n && strcmp(word[i], "or") == 0)
			i++;
	}
	if (i < n && i + 2 != n)
		die("else ERRNO must be the end");
	if (i < n)
		copy(a->error, sizeof(a->error), word[i + 1]);
	if (expression[0])
		a->caps = cap_index(expression);
}

static void add_rule(char *word, const struct answer *a)
{
	struct rule *r = &rules[n_rules];
	char *at = strchr(word, '@');

	if (n_rules == MAX_RULES)
		die("too many calls");
	r->number = at ? strtol(at + 1, NULL, 10) : -1;
	if (at)
		*at = '\0';
	copy(r->name, sizeof(r->name), word);
	for (int i = 0; i < n_rules; i++)
		if (strcmp(rules[i].name, r->name) == 0)
			die("%s is listed twice", r->name);
	if (r->number < 0 && seccomp_syscall_resolve_name(r->name) == __NR_SCMP_ERROR)
		die("%s is not a system call libseccomp knows; write NAME@NUMBER", r->name);
	r->answer = *a;
	n_rules++;
}

static void read_line(char *line)
{
	struct answer a = { .allow = true, .caps = -1, .error = "EPERM" };
	char *word[MAX_WORDS];
	int n = 0, names = 0;

	for (char *w = strtok(line, " \t\n"); w; w = strtok(NULL, " \t\n")) {
		if (n == MAX_WORDS)
			die("too many words");
		word[n++] = w;
	}
	while (names < n && strcmp(word[names], "if") != 0 && strcmp(word[names], "deny") != 0)
		names++;
	if (names < n && strcmp(word[names], "deny") == 0) {
		a.allow = false;
		if (names + 1 != n)
			die("deny must be the end");
	} else if (names < n) {
		read_conditions(&a, word + names + 1, n - names - 1);
	}
	for (int i = 0; i < names; i++)
		add_rule(word[i], &a);
}

static void read_list(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1024];

	list_name = path;
	if (!f)
		die("cannot be read");
	while (fgets(line, sizeof(line), f)) {
		line_number++;
		if (!strchr(line, '\n'))
			die("line is too long");
		line[strcspn(line, "#")] = '\0';
		read_line(line);
	}
	fclose(f);
}

/* ---- from names to ranges of numbers ---- */

static const struct answer *answer_of(uint32_t arch, uint32_t number)
{
	char *name = seccomp_syscall_resolve_num_arch(arch, (int)number);
	const struct answer *found = &unknown;

	for (int i = 0; i < n_rules; i++) {
		bool by_name = name && strcmp(rules[i].name, name) == 0;

		if (!by_name &&
		    (rules[i].number < 0 || arch_base(arch) + (uint32_t)rules[i].number != number))
			continue;
		rules[i].used = true;
		found = &rules[i].answer;
	}
	free(name);
	return found;
}

static bool same(const struct answer *a, const struct answer *b)
{
	if (a == b)
		return true;
	if (a->test != TEST_NONE || b->test != TEST_NONE || a->allow != b->allow)
		return false;
	return a->allow || (a->caps == b->caps && strcmp(a->error, b->error) == 0);
}

static int add_range(struct range *range, int n, uint32_t first, const struct answer *a)
{
	if (n > 0 && same(range[n - 1].answer, a))
		return n;
	range[n] = (struct range){ first, a };
	return n + 1;
}

static int find_ranges(uint32_t arch, struct range *range)
{
	int n = 0;

	for (uint32_t nr = 0; nr < 6000; nr++)
		n = add_range(range, n, nr, answer_of(arch, nr));
	/* ARM's private calls */
	for (uint32_t nr = 0xf0000; nr < 0xf0010; nr++)
		n = add_range(range, n, nr, answer_of(arch, nr));
	return add_range(range, n, 0xf0010, &unknown);
}

/* ---- from ranges to instructions ---- */

static int emit(struct insn *out, const char *code, unsigned int jt, unsigned int jf, const char *k)
{
	struct insn i = { .jt = jt, .jf = jf };

	copy(i.code, sizeof(i.code), code);
	copy(i.k, sizeof(i.k), k);
	*out = i;
	return 1;
}

static int emit_refusal(struct insn *out, const struct answer *a)
{
	char k[NAME_SIZE * 2];

	if (a->caps >= 0 && strcmp(a->error, "EPERM") == 0)
		snprintf(k, sizeof(k), "SECCOMP_RET_TRACE | %d", a->caps);
	else if (a->caps >= 0)
		snprintf(k, sizeof(k), "SECCOMP_RET_TRACE | %s << 8 | %d", a->error, a->caps);
	else
		snprintf(k, sizeof(k), "SECCOMP_RET_ERRNO | %s", a->error);
	return emit(out, "BPF_RET | BPF_K", 0, 0, k);
}

static int emit_answer(struct insn *out, const struct answer *a)
{
	const char *jump = a->test == TEST_CLEAR ? "BPF_JMP | BPF_JSET | BPF_K"
						 : "BPF_JMP | BPF_JEQ | BPF_K";
	char k[NAME_SIZE];
	int n = 0;

	if (a->allow)
		return emit(out, "BPF_RET | BPF_K", 0, 0, "SECCOMP_RET_ALLOW");
	if (a->test == TEST_NONE)
		return emit_refusal(out, a);
	snprintf(k, sizeof(k), "SECCOMP_ARG_LOW(%d)", a->arg);
	n += emit(out + n, "BPF_LD | BPF_W | BPF_ABS", 0, 0, k);
	/* a jump leads past the remaining tests and the answer when none of them holds */
	for (int i = 0; i < a->n_values; i++)
		n += emit(out + n, jump, (unsigned int)(a->n_values - i), 0, a->value[i]);
	if (a->test == TEST_IS) {
		n += emit_refusal(out + n, a);
		return n + emit(out + n, "BPF_RET | BPF_K", 0, 0, "SECCOMP_RET_ALLOW");
	}
	n += emit(out + n, "BPF_RET | BPF_K", 0, 0, "SECCOMP_RET_ALLOW");
	return n + emit_refusal(out + n, a);
}

/*
 * The search tree of one architecture: nodes in the order they are written, the lower half first, then every
 * answer once. A target is a node, or ~answer.
 */
struct node {
	uint32_t first; /* numbers from here on go to high; with alone, this one does */
	bool alone;
	int high, low;
	bool far_high, far_low; /* the target is beyond the 255 instructions a test can skip */
	int at;
};

struct tree {
	struct node node[MAX_RANGES];
	int n_nodes;
	const struct answer *answer[MAX_RULES];
	int answer_at[MAX_RULES];
	int n_answers;
};

static int find_answer(struct tree *t, const struct answer *a)
{
	for (int i = 0; i < t->n_answers; i++)
		if (same(t->answer[i], a))
			return ~i;
	t->answer[t->n_answers] = a;
	return ~t->n_answers++;
}

static int grow_alone(struct tree *t, const struct range *range, int i, int j, int m)
{
	int last = -1, others = find_answer(t, range[m].answer), first = others;

	for (int k = i; k <= j; k++) {
		int own = find_answer(t, range[k].answer);

		if (own == others)
			continue;
		for (uint32_t nr = range[k].first; nr < range[k + 1].first; nr++) {
			int me = t->n_nodes++;

			t->node[me] = (struct node){
				.first = nr, .alone = true, .high = own, .low = others
			};
			if (last < 0)
				first = me;
			else
				t->node[last].low = me;
			last = me;
		}
	}
	return first;
}

static int grow(struct tree *t, const struct range *range, int i, int j)
{
	const struct plan *p = plan_of(i, j);
	int me = t->n_nodes;

	if (!p->split)
		return grow_alone(t, range, i, j, p->most);
	t->n_nodes++;
	t->node[me] = (struct node){ .first = range[p->split].first };
	t->node[me].low = grow(t, range, i, p->split - 1);
	t->node[me].high = grow(t, range, p->split, j);
	return me;
}

static void grow_all(struct tree *t, struct range *range, int n)
{
	uint32_t first[PLAN_MAX + 1];
	int answer[PLAN_MAX];

	if (n > PLAN_MAX)
		die("too many ranges of numbers");
	range[n].first = UINT32_MAX;
	for (int i = 0; i <= n; i++)
		first[i] = range[i].first;
	for (int i = 0; i < n; i++)
		answer[i] = find_answer(t, range[i].answer);
	plan_all(first, answer, n);
	grow(t, range, 0, n - 1);
}

static int place(struct tree *t, int at)
{
	struct insn unused[MAX_VALUES + 4];

	for (int i = 0; i < t->n_nodes; i++) {
		t->node[i].at = at;
		at += 1 + t->node[i].far_high + t->node[i].far_low;
	}
	for (int i = 0; i < t->n_answers; i++) {
		t->answer_at[i] = at;
		at += emit_answer(unused, t->answer[i]);
	}
	return at;
}

static int place_of(const struct tree *t, int target)
{
	return target < 0 ? t->answer_at[~target] : t->node[target].at;
}

/* Marks targets that have come too far away; true when that moved things and another look is needed. */
static bool stretch(struct tree *t)
{
	bool moved = false;

	for (int i = 0; i < t->n_nodes; i++) {
		struct node *n = &t->node[i];
		bool far_high = n->far_high || place_of(t, n->high) - n->at - 1 > 255;
		bool far_low = n->far_low || place_of(t, n->low) - n->at - 1 > 255;

		moved |= far_high != n->far_high || far_low != n->far_low;
		n->far_high = far_high;
		n->far_low = far_low;
	}
	return moved;
}

static int emit_far(struct insn *out, int at, int to)
{
	char k[NAME_SIZE];

	snprintf(k, sizeof(k), "%d", to - at - 1);
	return emit(out + at, "BPF_JMP | BPF_JA", 0, 0, k);
}

static void emit_node(struct insn *out, const struct tree *t, const struct node *n)
{
	int high = place_of(t, n->high), low = place_of(t, n->low), at = n->at + 1;
	char k[NAME_SIZE];

	snprintf(k, sizeof(k), "%u", n->first);
	emit(out + n->at, n->alone ? "BPF_JMP | BPF_JEQ | BPF_K" : "BPF_JMP | BPF_JGE | BPF_K",
	     (unsigned int)(n->far_high ? 0 : high - at),
	     (unsigned int)(n->far_low ? n->far_high : low - at), k);
	if (n->far_high)
		at += emit_far(out, at, high);
	if (n->far_low)
		emit_far(out, at, low);
}

/* Where the program comes to for a number: the first instruction that is no test of it. */
static int walk(const struct insn *out, int at, uint32_t number)
{
	for (;; at++) {
		const struct insn *i = &out[at];
		uint32_t k = (uint32_t)strtoul(i->k, NULL, 0);

		if (strcmp(i->code, "BPF_JMP | BPF_JGE | BPF_K") == 0)
			at += (int)(number >= k ? i->jt : i->jf);
		else if (strcmp(i->code, "BPF_JMP | BPF_JEQ | BPF_K") == 0)
			at += (int)(number == k ? i->jt : i->jf);
		else if (strcmp(i->code, "BPF_JMP | BPF_JA") == 0)
			at += (int)k;
		else
			return at;
	}
}

/* A filter that answers wrongly must never leave this tool: every number is looked up in what was made. */
static void verify(const struct insn *out, struct tree *t, uint32_t arch)
{
	for (uint32_t nr = 0; nr < 0xf0020; nr += nr == 7000 ? 0xf0000 - 7000 : 1) {
		bool known = nr < 6000 || (nr >= 0xf0000 && nr < 0xf0010);
		const struct answer *want = known ? answer_of(arch, nr) : &unknown;

		if (walk(out, 1, nr) != t->answer_at[~find_answer(t, want)])
			die("number %u of architecture 0x%x would get a wrong answer", nr, arch);
	}
}

static int emit_arch(struct insn *out, uint32_t arch)
{
	static struct range range[MAX_RANGES];
	static struct tree tree;
	int end;

	tree.n_nodes = tree.n_answers = 0;
	grow_all(&tree, range, find_ranges(arch, range));
	do {
		end = place(&tree, emit(out, "BPF_LD | BPF_W | BPF_ABS", 0, 0, "SECCOMP_NR"));
	} while (stretch(&tree));
	if (end > MAX_INSNS - 16)
		die("the program is too long");
	for (int i = 0; i < tree.n_nodes; i++)
		emit_node(out, &tree, &tree.node[i]);
	for (int i = 0; i < tree.n_answers; i++)
		emit_answer(out + tree.answer_at[i], tree.answer[i]);
	verify(out, &tree, arch);
	return end;
}

static int emit_program(struct insn *out, const struct arch *a, bool compat)
{
	uint32_t arch[2] = { a->native, compat ? a->compat : 0 };
	static struct insn body[MAX_INSNS];
	char k[NAME_SIZE];
	int n = 0, len;

	n += emit(out + n, "BPF_LD | BPF_W | BPF_ABS", 0, 0, "SECCOMP_ARCH");
	for (int i = 0; i < 2 && arch[i]; i++) {
		len = emit_arch(body, arch[i]);
		snprintf(k, sizeof(k), "0x%08x", arch[i]);
		n += emit(out + n, "BPF_JMP | BPF_JEQ | BPF_K", 1, 0, k);
		snprintf(k, sizeof(k), "%d", len);
		n += emit(out + n, "BPF_JMP | BPF_JA", 0, 0, k);
		memcpy(out + n, body, (size_t)len * sizeof(*out));
		n += len;
	}
	return n + emit(out + n, "BPF_RET | BPF_K", 0, 0, "SECCOMP_RET_KILL_PROCESS");
}

int main(int argc, char **argv)
{
	static struct insn program[MAX_INSNS * 2];
	const struct arch *arch;
	int n;

	if (argc != 4) {
		fprintf(stderr, "usage: compile ARCH LIST yes|no\n");
		return 2;
	}
	arch = arch_find(argv[1]);
	if (!arch) {
		fprintf(stderr,
			"compile: no architecture '%s' in tools/seccomp/arch.c; "
			"switch SECCOMP off or add it\n",
			argv[1]);
		return 1;
	}
	read_list(argv[2]);
	n = emit_program(program, arch, *argv[3] == 'y');
	printf("/* SPDX-License-Identifier: MIT */\n/* Made from %s for %s by tools/seccomp. */\n",
	       argv[2], arch->name);
	printf("static const uint64_t seccomp_default_caps[] = {\n");
	for (int i = 0; i < n_caps; i++)
		printf("\t%s,\n", caps[i]);
	printf("};\n\nstatic const struct sock_filter seccomp_default[] = {\n");
	for (int i = 0; i < n; i++)
		printf("\t{ %s, %u, %u, %s },\n", program[i].code, program[i].jt, program[i].jf,
		       program[i].k);
	printf("};\n");
	return 0;
}
