/* SPDX-License-Identifier: MIT */
/*
 * `myctr update status`: tab-separated lines, one per container that was ever updated. Reads the state file alone.
 */
#include <errno.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/update.h"
#include "core/lib/out.h"
#include "core/update.h"

static void status_slot(struct out *o, const struct update_slot *slot)
{
	static const char *const words[] = { "empty", "manifest", "", "bad" };

	out_text(o, "\t");
	if (slot->state < ARRAY_SIZE(words))
		out_text(o, words[slot->state]);
	if (slot->state == UPDATE_GOOD)
		out_bytes(o, slot->id, 12);
	out_text(o, "\t");
	out_number(o, slot->version);
}

static void status_line(struct out *o, struct state *disk, const struct update_slots *u)
{
	struct update_txn t = { 0 };
	bool trial = u->txn && update_txn_get(disk, u->txn, &t) == 0 && t.state == UPDATE_TRIAL;

	out_escaped(o, u->name, strlen(u->name));
	out_text(o, "\t");
	out_text(o, update_letter(update_now(u, t.number ? &t : NULL)));
	status_slot(o, &u->slot[0]);
	status_slot(o, &u->slot[1]);
	out_text(o, "\t");
	out_number(o, u->floor);
	out_text(o, trial ? "\ttrial, boot " : "\t");
	if (trial)
		out_number(o, t.boots + 1U);
	else
		out_text(o, update_result_text(u->result));
	out_text(o, "\n");
}

int update_status(void)
{
	struct out o = OUT(STDOUT_FILENO);
	struct err e = { 0 };
	struct update_slots u;
	struct state disk;
	int r = update_open(&disk, &e);

	if (r < 0 && r != -ENOENT)
		return cmd_fail(&e);
	out_text(&o, "NAME\tSLOT\tA\tVERSION\tB\tVERSION\tLEAST\tLAST\n");
	if (r == -ENOENT)
		return out_flush(&o) < 0 ? CMD_FAILED : 0;
	for (uint32_t i = 0, n = state_slots(&disk); i < n; i++)
		if (update_get_at(&disk, i, &u) == 0)
			status_line(&o, &disk, &u);
	state_close(&disk);
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}
