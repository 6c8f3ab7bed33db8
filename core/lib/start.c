// SPDX-License-Identifier: MIT
/*
 * The first instructions of a position-independent program whose relocations are packed (DT_RELR), in the place of
 * musl's rcrt1.o: musl before 1.2.4 does not know them. Applies them and goes on to libc. Nothing else has run yet: no
 * global may be read, no function of another file called, before they are applied. x86-64 only, where linkers can
 * pack. A table of pointers takes a bit for each instead of 24 bytes, which no start has to read.
 * Sources: the generic ABI, "Relative Relocation Table"; the System V ABI for x86-64, "Process Initialization".
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define START_DT_RELRSZ 35
#define START_DT_RELR 36

/* Of the linker: where the program was loaded, and its dynamic section. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const size_t _DYNAMIC[] __attribute__((visibility("hidden")));

/* Of musl, as its own crt1.c declares them. */
int main(int argc, char **argv, char **envp);
void _init(void);
void _fini(void);
int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void), void (*ld_fini)(void));

__asm__(".text\n"
	".global _start\n"
	".type _start, %function\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start_c\n"
	"	hlt\n");

/* An even word is an address; an odd one stands for the 63 words after the last, a bit each. */
static void start_relr(uintptr_t base, const uintptr_t *r, size_t size)
{
	const size_t bits = 8 * sizeof(*r) - 1;
	uintptr_t *where = (uintptr_t *)base;

	for (; size > 0; r++, size -= sizeof(*r)) {
		if (!(*r & 1)) {
			where = (uintptr_t *)(base + *r);
			*where++ += base;
			continue;
		}
		for (size_t i = 0; i < bits; i++)
			if (*r >> (i + 1) & 1)
				where[i] += base;
		where += bits;
	}
}

static void start_rela(uintptr_t base, const Elf64_Rela *r, size_t size)
{
	for (; size > 0; r++, size -= sizeof(*r))
		if (ELF64_R_TYPE(r->r_info) == R_X86_64_RELATIVE)
			*(uintptr_t *)(base + r->r_offset) = base + (uintptr_t)r->r_addend;
}

__attribute__((used)) static void start_c(long *stack)
{
	const uintptr_t base = (uintptr_t)__ehdr_start;
	size_t relr = 0, relr_size = 0, rela = 0, rela_size = 0;

	for (const size_t *d = _DYNAMIC; d[0] != DT_NULL; d += 2) {
		if (d[0] == START_DT_RELR)
			relr = d[1];
		else if (d[0] == START_DT_RELRSZ)
			relr_size = d[1];
		else if (d[0] == DT_RELA)
			rela = d[1];
		else if (d[0] == DT_RELASZ)
			rela_size = d[1];
	}
	start_rela(base, (const Elf64_Rela *)(base + rela), rela_size);
	start_relr(base, (const uintptr_t *)(base + relr), relr_size);
	__libc_start_main(main, (int)*stack, (char **)(stack + 1), _init, _fini, NULL);
}
