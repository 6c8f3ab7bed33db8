// SPDX-License-Identifier: MIT
/* Any bytes as a signature file or a public key: what is accepted points into the text and nowhere else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct err e = { 0 };
	struct signature_key k;
	struct signature s;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (signature_parse(&s, text, size, &e) == 0) {
		if (s.comment && (s.comment < text || s.comment + s.comment_len > text + size))
			abort();
		if (s.prehashed && !s.comment)
			abort();
	} else if (e.code == 0) {
		abort();
	}
	e = (struct err){ 0 };
	if (signature_parse_key(&k, text, size, &e) != 0 && e.code == 0)
		abort();
	free(text);
	return 0;
}
