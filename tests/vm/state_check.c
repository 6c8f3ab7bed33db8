// SPDX-License-Identifier: MIT
/*
 * Checks a state file offline, for the power-cut test. Exit 0 when every slot that was ever written has
 * a whole copy and, with ACKS (the output of state_writer up to the cut), no record is older than its
 * last acknowledgement. A file that is not there is right as long as nothing was acknowledged. Prints
 * what it found; exit 1 with a reason for each fault.
 * usage: state_check FILE [ACKS]
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/state.h"

/* Of one slot: 0, or 1 after a message. */
static int check_slot(const struct state *s, uint32_t i)
{
	struct state_record r;
	int rc = state_get(s, i, &r);

	if (rc == -ENOENT)
		return 0;
	if (rc) {
		printf("slot %u: no whole copy: %s\n", i, err_text(rc));
		return 1;
	}
	if (r.ticks && r.ticks != ((uint64_t)r.restarts << 32 | r.restarts)) {
		printf("slot %u: %s is a mixture\n", i, r.name);
		return 1;
	}
	for (uint32_t j = 0; j < i; j++) {
		struct state_record other;

		if (state_get(s, j, &other) == 0 && strcmp(other.name, r.name) == 0) {
			printf("slot %u: %s is in slot %u, too\n", i, r.name, j);
			return 1;
		}
	}
	return 0;
}

/* One "ack NAME NUMBER" line; others are not ours. */
static int check_ack(struct state *s, const char *line)
{
	struct state_record r;
	unsigned int number;
	char name[STATE_NAME];

	if (sscanf(line, "ack %63s %u", name, &number) != 2)
		return 0;
	if (s->file.fd < 0 || state_find(s, STATE_CONTAINER, name, &r) < 0) {
		printf("%s: %u was acknowledged, there is no record\n", name, number);
		return 1;
	}
	if ((int32_t)(r.restarts - number) >= 0)
		return 0;
	printf("%s: %u was acknowledged, the record says %u\n", name, number, r.restarts);
	return 1;
}

static int check_acks(struct state *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[128];
	int bad = 0;

	if (!f) {
		printf("%s: cannot open\n", path);
		return 1;
	}
	/* a line without its end was cut off and acknowledges nothing */
	while (fgets(line, sizeof(line), f))
		if (strchr(line, '\n'))
			bad += check_ack(s, line);
	fclose(f);
	return bad;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	unsigned int used = 0;
	struct state_record r;
	struct state s;
	int bad = 0, rc;

	if (argc < 2 || argc > 3) {
		dprintf(2, "usage: state_check FILE [ACKS]\n");
		return 2;
	}
	rc = state_open(&s, argv[1], 0, false, false, &e);
	if (rc && rc != -ENOENT) {
		printf("%s\n", e.msg);
		return 1;
	}
	for (uint32_t i = 0; !rc && i < s.file.slots; i++) {
		bad += check_slot(&s, i);
		used += state_get(&s, i, &r) == 0;
	}
	if (argc == 3)
		bad += check_acks(&s, argv[2]);
	printf("%s: %u slots, %u records, %d faults\n", argv[1], s.file.slots, used, bad);
	return bad ? 1 : 0;
}
