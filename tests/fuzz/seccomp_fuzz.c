// SPDX-License-Identifier: MIT
/* Any bytes as a seccomp profile: an error with a sentence, or a program the kernel would take. */
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/arena.h"
#include "drivers/seccomp/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_fprog program = { 0 };
	struct arena arena = { 0 };
	struct err e = { 0 };
	char *text;

	if (size > 8192)
		return 0;
	text = malloc(size + 1);
	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (profile_compile("fuzz", text, size, 0x5555, &arena, &program, &e) < 0) {
		if (e.code == 0 || !e.msg[0])
			abort();
	} else if (program.len == 0 || BPF_CLASS(program.filter[program.len - 1].code) != BPF_RET) {
		abort();
	}
	arena_free(&arena);
	free(text);
	return 0;
}
