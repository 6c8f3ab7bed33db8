// SPDX-License-Identifier: MIT
/* The entry point: placeholder that prints the version until the command table is there. */
#include <stdio.h>

#include "generated/version.h"

int main(void)
{
	puts(MYCTR_VERSION);
	return 0;
}
