/* SPDX-License-Identifier: MIT */
/* Runs classic BPF over a seccomp_data, as far as seccomp filters use it, for tests. */
#ifndef TESTS_UNIT_DRIVERS_SECCOMP_BPF_H
#define TESTS_UNIT_DRIVERS_SECCOMP_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint32_t bpf_load(const struct seccomp_data *d, uint32_t offset)
{
	uint32_t v;

	if (offset > sizeof(*d) - 4 || offset % 4)
		abort();
	memcpy(&v, (const char *)d + offset, 4);
	return v;
}

/* The answer of the program; aborts where the kernel's verifier would have refused it. */
static inline uint32_t bpf_run(const struct sock_fprog *p, const struct seccomp_data *d,
			       unsigned int *steps)
{
	uint32_t a = 0;

	for (uint32_t pc = 0; pc < p->len; pc++, ++*steps) {
		const struct sock_filter *i = &p->filter[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = bpf_load(d, i->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			abort();
		}
	}
	abort();
}

#endif
