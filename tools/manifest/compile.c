// SPDX-License-Identifier: MIT
/*
 * Build machine: checks the manifest of CONFIG_MANIFEST with the device's own parser and prints its
 * compiled form as C text for core/manifest_builtin.c. usage: compile FILE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/manifest.h"

static int compile_encode(const char *path, uint8_t **bytes, size_t *len, struct err *e)
{
	struct manifest m = { 0 };
	int ret = manifest_read(&m, path, e);

	/* First as it was written; finishing adds defaults, which are the device's own. */
	if (ret >= 0)
		ret = manifest_encode(&m, bytes, len, e);
	if (ret >= 0)
		ret = manifest_finish(&m, e);
	manifest_free(&m);
	return ret;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	uint8_t *bytes = NULL;
	size_t len = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: compile FILE\n");
		return 2;
	}
	if (compile_encode(argv[1], &bytes, &len, &e) < 0) {
		fprintf(stderr, "manifest: %s\n", e.msg);
		free(bytes);
		return 1;
	}
	printf("/* Made from a manifest by tools/manifest/compile.c. */\nMANIFEST_DATA = {");
	for (size_t i = 0; i < len; i++)
		printf("%s0x%02x,", i % 16 ? " " : "\n\t", bytes[i]);
	printf("\n};\n");
	free(bytes);
	return fflush(stdout) == 0 ? 0 : 1;
}
