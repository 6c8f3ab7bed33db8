// SPDX-License-Identifier: MIT
/*
 * Which functions of a program run: follows a command and all its children through ptrace(2), an instruction at a
 * time, while they run that program, and prints the names of the functions they were in, sorted. Runs on the
 * build machine, for tools/order/run.sh; x86-64 only. Never changes what it watches.
 * usage: trace PROGRAM.elf COMMAND...    PROGRAM.elf: not stripped, at the same addresses as what COMMAND runs
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PID_LIMIT = 1 << 22 };

struct function {
	uint64_t start, end;
	const char *name;
	bool ran;
};

struct program {
	struct function *functions;
	size_t n;
	uint64_t entry;
	ino_t inode; /* of what the command runs */
	size_t last; /* most steps stay in a function */
};

/* Of each process: it runs our program, at which address. */
static struct {
	bool ours, known;
	uint64_t base;
} processes[PID_LIMIT];

static const long follow = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

static void die(const char *what)
{
	fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int by_address(const void *a, const void *b)
{
	const struct function *f = a, *g = b;

	return f->start < g->start ? -1 : f->start > g->start;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct function *)a)->name, ((const struct function *)b)->name);
}

static void program_read(struct program *p, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const char *file;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		die(path);
	head = (const void *)file;
	sections = (const void *)(file + head->e_shoff);
	p->entry = head->e_entry;
	for (unsigned int i = 0; i < head->e_shnum; i++) {
		const Elf64_Sym *symbols = (const void *)(file + sections[i].sh_offset);
		size_t n = sections[i].sh_size / sizeof(*symbols);

		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		p->functions = calloc(n, sizeof(*p->functions));
		if (!p->functions)
			die("memory");
		for (size_t j = 0; j < n; j++)
			if (ELF64_ST_TYPE(symbols[j].st_info) == STT_FUNC && symbols[j].st_size)
				p->functions[p->n++] = (struct function){
					.start = symbols[j].st_value,
					.end = symbols[j].st_value + symbols[j].st_size,
					.name = file + sections[sections[i].sh_link].sh_offset +
						symbols[j].st_name,
				};
	}
	if (!p->n)
		die("no functions in it; is it stripped?");
	qsort(p->functions, p->n, sizeof(*p->functions), by_address);
}

/* Functions of one address, as the C library has them, are all marked: the section has the name of one. */
static void program_mark(struct program *p, uint64_t at)
{
	size_t low = 0, high = p->n;

	if (at >= p->functions[p->last].start && at < p->functions[p->last].end)
		return;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (p->functions[middle].start <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || at >= p->functions[low - 1].end)
		return;
	p->last = low - 1;
	for (size_t i = low; i-- > 0 && p->functions[i].start == p->functions[low - 1].start;)
		p->functions[i].ran = true;
}

static uint64_t where_is(pid_t pid)
{
	errno = 0;
	return (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), 0);
}

/* A new process has the memory, and so the auxiliary vector, of the one that made it. */
static uint64_t base_of(const struct program *p, pid_t pid)
{
	Elf64_auxv_t aux[64];
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, aux, sizeof(aux));
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(aux[0]); i++)
		if (aux[i].a_type == AT_ENTRY)
			return aux[i].a_un.a_val - p->entry;
	return 0;
}

static void look_at(const struct program *p, pid_t pid)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	processes[pid].known = true;
	processes[pid].ours = stat(path, &st) == 0 && st.st_ino == p->inode;
	processes[pid].base = base_of(p, pid);
}

static void watch(struct program *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int event = status >> 16, sig = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status)) {
			processes[pid].known = false;
			continue;
		}
		if (event == PTRACE_EVENT_EXEC || !processes[pid].known)
			look_at(p, pid);
		if (processes[pid].ours)
			program_mark(p, where_is(pid) - processes[pid].base);
		if (event || sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		ptrace(processes[pid].ours ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, sig);
	}
}

int main(int argc, char **argv)
{
	struct program p = { 0 };
	struct stat st;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: trace PROGRAM.elf COMMAND...\n");
		return 2;
	}
	program_read(&p, argv[1]);
	if (stat(argv[2], &st) < 0)
		die(argv[2]);
	p.inode = st.st_ino;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		raise(SIGSTOP);
		execv(argv[2], argv + 2);
		die(argv[2]);
	}
	if (waitpid(pid, NULL, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, pid, 0, follow) < 0)
		die("ptrace");
	kill(pid, SIGCONT);
	watch(&p);
	qsort(p.functions, p.n, sizeof(*p.functions), by_name);
	for (size_t i = 0; i < p.n; i++)
		if (p.functions[i].ran)
			puts(p.functions[i].name);
	return 0;
}
