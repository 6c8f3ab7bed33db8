/* SPDX-License-Identifier: MIT */
/*
 * Launching a container: from a finished spec to a running first process.
 *
 * launch_up() walks steps[] (launch.c), clones (spawn.c), and the new process walks inside[]
 * (child.c) up to execve(2). It may block, so the supervisor calls it in a short-lived child of its
 * own, with as_sibling set, and `myctr run` calls it in the CLI process itself.
 */
#ifndef CORE_LAUNCH_H
#define CORE_LAUNCH_H

#include <linux/filter.h>
#include <stdbool.h>

#include "core/cap.h"
#include "core/driver.h"
#include "core/idmap.h"
#include "core/ids.h"
#include "core/keep.h"
#include "core/lib/err.h"
#include "core/spec.h"
#include "core/system.h"

#define LAUNCH_NETS_MAX 8

struct launch {
	/* asked by the caller, who keeps ownership */
	const struct spec *spec;
	int stdio[3];	 /* become 0, 1, 2 of the container; -1 is /dev/null */
	bool as_sibling; /* CLONE_PARENT: the container becomes a child of our parent */
	/* Optional: called as soon as .pid is known, before the child may go on. */
	void (*cloned)(struct launch *l);
	/* Optional: where its networks are described; else the manifest in force is read. */
	const struct manifest *manifest;
	bool transient; /* it is forgotten when it ends: its addresses are not kept for the next boot */
	int netns;	/* made ahead, for this container alone; -1: the clone makes one */
	struct keep keep; /* of an earlier start; what is there after a start is for the next one */
	bool wants_keep;  /* none: make one */
	bool die_with_us; /* the container is killed when the calling process dies */
	uint64_t ignored; /* signals our process may ignore, as in struct sys_self; all until set */

	/* made by the steps */
	struct spec *merged; /* with what the image says; spec is this one then */
	char storage_note[STORAGE_NOTE];
	const struct storage_driver *storage_driver;
	const struct cgroup_driver *cgroup_driver; /* NULL: runs without a cgroup of its own */
	int cgroup;				   /* its folder, -1 when there is none */
	unsigned int n_net;
	struct net_link *links;	       /* n_net of them; NULL when all are none or host */
	struct manifest *own_manifest; /* read here */
	struct section *made;	       /* the built-in network */
	const char *resolv; /* text of the host's resolv.conf, NULL when nobody needs it */
	struct cap_sets caps;
	struct sock_fprog filter; /* .len 0: none */
	struct arena arena;
	uint64_t clone_flags; /* CLONE_NEW* */
	bool in_userns;	      /* it is root over less than the host: its own namespace, or ours */
	bool no_setgroups;    /* setgroups(2) is denied in its user namespace */
	struct idmap uids, gids;  /* of its own user namespace */
	const char *default_user; /* where the spec names none; NULL: 0:0 */
	bool mounts_outside;	  /* the root is built before the clone, see spawn.c */

	/* results */
	uint32_t missing; /* enum cgroup_missing */
	pid_t pid;
	int pidfd;   /* owned by the caller afterwards; -1 where the kernel has none */
	int master;  /* pty master, owned by the caller afterwards; -1 without a tty */
	int dev_log; /* what its programs say to /dev/log; -1 for nowhere */
	int notify;  /* where it says how it is; -1 for nowhere */
	int exit;    /* after a failure: what `run` should return, CMD_FAILED and its neighbours */

	/* of the steps, too; the large ones last, as what lies near the front takes less code to reach */
	const struct net_driver *net[LAUNCH_NETS_MAX];
	const struct net_spec *nets[LAUNCH_NETS_MAX]; /* NULL for none and host */
	struct storage_args storage;
	struct image image;
};

/* Everything to its start values; the caller then fills the first part. */
void launch_init(struct launch *l, const struct spec *spec);

/*
 * Starts the container. 0 when its program is being executed. On failure every step that was done is
 * undone and e says which step, which object and why.
 */
int launch_up(struct launch *l, struct err *e);

/* The first step alone: l->caps and l->filter from the spec. For processes that join a container. */
int launch_rights(struct launch *l, struct err *e);

/* Closes and frees what the struct itself holds; the container runs on. */
void launch_free(struct launch *l);

/*
 * Takes away what a container of this name may have left behind outside its own namespaces (cgroup,
 * links, runtime files). Needs nothing but the name, works after any crash, may be repeated.
 * -EBUSY while processes of it are still dying: call again a little later.
 */
int launch_down(const char *name);

/* launch_down() until it is done or ms milliseconds have passed; for callers that may block. */
int launch_down_wait(const char *name, uint64_t ms, struct err *e);

/* Forgets what the container has written and logged, too. After launch_down(). */
int launch_forget(const char *name, struct err *e);

/* The same, but what it has written is only moved away: call trash_empty() where that may block. */
int launch_forget_later(const char *name, struct err *e);

/* Only what it has written, for one that had no log and is down already. */
int launch_forget_files(const char *name, struct err *e);

#endif
