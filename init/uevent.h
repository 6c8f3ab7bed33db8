/* SPDX-License-Identifier: MIT */
/* Devices that come and go: what the supervisor keeps of them, and its parts. */
#ifndef INIT_UEVENT_H
#define INIT_UEVENT_H

#include "core/lib/config.h"
#include "core/lib/event.h"
#include "core/system.h"

struct ctr;
struct sup;
struct uevent;

struct sup_uevent {
	struct event_source source;
	struct event_timer timer; /* the next look at containers whose devices changed */
	bool wanted;		  /* somebody has named devices that come and go, or [device] */
};

#if IS_ENABLED(CONFIG_UEVENT) && IS_ENABLED(CONFIG_IMAGE_VERITY)
/* damage.c: the dm-verity device devname met the block TYPE,BLOCK that is not what it was */
void damage_note(struct sup *s, const char *devname, const char *block);
#else
static inline void damage_note(struct sup *s UNUSED, const char *devname UNUSED,
			       const char *block UNUSED)
{
}
#endif

#if IS_ENABLED(CONFIG_UEVENT)
/* uevent.c: before the loop is there, as PID 1: what the kernel has found until now gets its owner and names. */
void uevent_boot(struct sup *s);
/* From now on, once the manifest is there. */
void uevent_open(struct sup *s);

/* node.c: [device] sections and names by id for the node of u, which has come (or goes) */
void node_come(const struct manifest *m, const struct uevent *u);
void node_go(const struct manifest *m, const struct uevent *u);

/*
 * The name below /dev/serial/by-id of the terminal at devpath, as udev makes it, from the sysfs at sys: 0, or
 * -ENOENT for what is on no USB.
 */
int node_id(const char *sys, const char *devpath, char *buf, size_t size);

/* plug.c: the devices of a running container follow those of the device */
bool plug_wants(const struct spec *spec);
/* Binds the host's node path below root, a folder of the process pid, at the same path there. 0 or -errno. */
int plug_bind(unsigned int pid, int root, const char *path);
void plug_note(struct sup *s, const char *devname);
/* It runs now: what came while it was being started. */
void plug_started(struct ctr *c);
#else
static inline void uevent_boot(struct sup *s UNUSED)
{
}
static inline void uevent_open(struct sup *s UNUSED)
{
}
static inline void plug_started(struct ctr *c UNUSED)
{
}
#endif

#endif
