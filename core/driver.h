/* SPDX-License-Identifier: MIT */
/*
 * The contracts between core and the drivers.
 *
 * A driver is one file with one ops struct. Kconfig decides whether its object is linked; being
 * linked is being registered, through a read-only linker set per class:
 *
 *	DRIVER(image, squashfs) = { .name = "squashfs", .about = "...", .match = ..., ... };
 *
 * Drivers never see a container, only the narrow struct each function takes, so a unit test can drive
 * them alone. They never include another class. All functions return 0 or more, or -errno with *e
 * filled. "Host" functions run in the launcher (or the CLI) before the container is cloned, with the
 * host's file system in view; "inside" functions run in the container's first process, in its own
 * namespaces, before its program is executed; "supervisor" functions run in the loop and never block.
 */
#ifndef CORE_DRIVER_H
#define CORE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/lib/err.h"
#include "core/network.h"
#include "core/port.h"
#include "core/spec.h"

struct sock_fprog;

/* Every ops struct begins with these three. */
#define DRIVER_COMMON                                                                         \
	const char *name;  /* Required. As written in a manifest and printed by `features` */ \
	const char *about; /* Required. One line for `features` and `check` */                \
	const char *kernel /* Optional. Kernel symbols it needs, blank separated: "SQUASHFS" */

/* ---- image: turns a file or folder into a read-only tree ------------------------------------- */

#define IMAGE_HEAD 1152 /* up to the end of an EROFS superblock */

/* Where an image keeps its configuration (core/image_config.h), and how long that may be. */
#define IMAGE_CONFIG_DIR ".myctr"
#define IMAGE_CONFIG_NAME "image.conf"
#define IMAGE_CONFIG_MAX (64 << 10)

/* An image as it was opened. head holds its first bytes (zero-filled), for recognition. */
struct image {
	const struct image_driver *driver;
	int fd;	    /* open file or folder, owned by launch */
	bool holds; /* asked: prepare keeps the tree from being pruned as long as hold is open */
	int hold;   /* out of prepare: that; -1 none */
	int tree;   /* out of prepare: fd of what attach mounts (a mount, a folder); -1 none */
	const char *verity; /* root hash in hex it must have by dm-verity, or NULL */
	bool in_userns;	    /* we are root in a user namespace alone, and may mount no device */
	bool detached;	    /* out of prepare: tree is a mount of fd, see image_detach() */
	char dev[32];	    /* out of prepare: "/dev/loop3" where there is one, else "" */
	char id[65];	    /* SHA-256 in hex where it is known without reading the file, else "" */
	char note[96]; /* out of prepare: what had to be left out, for a person; "" when nothing */
	bool own;      /* unpack gives everything uid and gid, whatever the archive says */
	uid_t uid;
	gid_t gid;
	char store[128]; /* folder for unpacked trees, e.g. /var/lib/myctr/images/trees */
	char path[256];	 /* as given or found in the store; for messages */
	char from[256]; /* path of the folder that tree is, where dev is "" and it is not detached */
	struct stat st;
	size_t head_len;
	uint8_t head[IMAGE_HEAD];
};

struct image_driver {
	DRIVER_COMMON;
	bool verity;   /* prepare sees to image.verity */
	bool in_place; /* the tree is what the file itself holds, and no copy that was made of it */
	bool writable; /* the tree is the user's own folder: storage = bind may write to it */
	/* Required, host. Looks at head, head_len and st only. */
	bool (*match)(const struct image *img);
	/* Required, host. May block: unpack once, find or set up a loop device. Fills tree (and dev). */
	int (*prepare)(struct image *img, struct err *e);
	/*
	 * Optional, host. Reads all of it without unpacking and fails when it is damaged; *config gets the
	 * text of its configuration (core/image_config.h), malloc'd, and stays NULL when it has none. Without
	 * it prepare() is the check, and the configuration is read from the tree.
	 */
	int (*check)(struct image *img, char **config, struct err *e);
	/*
	 * Optional, host. Unpacks all of it below the folder root, over what is there: 1, or 0 when a closer
	 * look shows no archive.
	 */
	int (*unpack)(struct image *img, int root, struct err *e);
	/* Required, in the mount namespace of the new root. Mounts the tree read-only at target. */
	int (*attach)(const struct image *img, const char *target, struct err *e);
};

/*
 * For an image that is a folder: makes tree a mount of its own of img->fd, read-only, without devices, attached
 * nowhere yet. Taken where the folder was found, it cannot become another one while the container starts; and
 * what is mounted below it is seen nowhere else. -errno where the kernel cannot (before Linux 5.12).
 */
int image_detach(struct image *img);

/* Binds img->tree read-only, without devices, at target: attach of the drivers whose tree is a folder. */
int image_bind(const struct image *img, const char *target, struct err *e);

/* ---- codec: byte streams by magic, so that file -> codec -> tar composes --------------------- */

/*
 * A source of bytes that lends its own buffer, so that nothing is copied between layers. next() points
 * *bytes at what comes next, valid until it is called again, and returns how many (at least 1), 0 at
 * the end, or -errno with *e filled. After an error only close() may be called.
 */
struct stream {
	ssize_t (*next)(struct stream *s, const uint8_t **bytes, struct err *e);
	void (*close)(struct stream *s); /* frees s too */
};

/* The bytes of fd (not owned) from its current position on; name is for messages and must outlive it. */
struct stream *stream_of_fd(int fd, const char *name, struct err *e);

/*
 * Passes in on (owned from now on, closed also on error), but no more than most bytes: -EFBIG after them, so that a
 * bomb ends however little of it is wanted.
 */
struct stream *stream_limited(struct stream *in, uint64_t most, struct err *e);

struct codec_driver {
	DRIVER_COMMON;
	const char *suffix; /* Required. ".lz4" */
	/* Required. */
	bool (*match)(const uint8_t *head, size_t len);
	/* Required. A decoding stream over in, which it owns from now on (closed also on error). */
	struct stream *(*decode)(struct stream *in, struct err *e);
	/* Optional. Compresses the whole of fd in to fd out as a standard frame (log rotation, save). */
	int (*encode)(int in, int out, struct err *e);
};

/* The codec that recognises head, or NULL. */
const struct codec_driver *codec_find(const uint8_t *head, size_t len);
const struct codec_driver *codec_by_name(const char *name);

/* ---- pack: makes an image file of a folder --------------------------------------------------- */

#define PACK_TIMES_KEPT INT64_MAX

struct pack_args {
	int root;	  /* folder fd; links in it are not followed */
	const char *name; /* of the folder, for messages */
	int64_t newest;	  /* seconds since 1970: later times become this one, or PACK_TIMES_KEPT */
	bool sparse; /* tar: holes of files stay holes; what is one depends on the file system */
	uint64_t entries; /* out: how many were written */
	uint64_t bytes;	  /* out: content of all files */
};

struct pack_driver {
	DRIVER_COMMON;
	const char *suffix; /* Required. ".tar" */
	bool seeks;	    /* out must be an empty regular file, open for reading too */
	/* Optional, host. Can it work on this machine? */
	int (*usable)(struct err *e);
	/*
	 * Required, host. Writes everything below a->root to out: the same content gives the same
	 * bytes, whatever the file system. Sockets are left out. On error what was written is
	 * rubbish.
	 */
	int (*write)(struct pack_args *a, int out, struct err *e);
};

/* ---- import: image archives of other programs ------------------------------------------------ */

struct import_args {
	int fd;		  /* file or folder, open for reading, its position is not kept */
	const char *name; /* of it, for messages */
	int work;	  /* empty folder that everything is written below; the caller removes it */
	const char *platform; /* "linux/arm64", "linux/arm/v7"; NULL for this machine's */
	const char
		*choose; /* which of several images, by its name there; NULL when one is expected */
	void (*progress)(void *arg, uint64_t done,
			 uint64_t total); /* Optional. Bytes of all layers */
	void *arg;

	int tree; /* out: folder of the image, with its configuration in it; the caller's; else -1 */
	char ref[128];	/* out: the name the archive has for it, "" for none */
	uint64_t bytes; /* out: of what was written below tree */
	char note[96];	/* out: what had to be left out, for a person; "" when nothing */
};

struct import_driver {
	DRIVER_COMMON;
	/* Required, host. 1: its kind of archive; 0: not; -errno: it cannot be read. Leaves nothing. */
	int (*match)(const struct import_args *a, struct err *e);
	/* Required, host. Checks all digests, and unpacks below a->work. */
	int (*load)(struct import_args *a, struct err *e);
};

/* ---- export: images of ours for other programs ----------------------------------------------- */

struct export_args {
	int tree;		   /* folder of the image */
	const struct spec *config; /* what its configuration says */
	const char *ref;	   /* NAME:TAG it is to have there, NULL for none */
	const char *platform;	   /* "linux/arm64"; NULL for this machine's */
	int work; /* an empty file, open for reading and writing; as large as the image */
};

struct export_driver {
	DRIVER_COMMON;
	/* Required, host. Writes an archive to out: the same bytes for the same image. */
	int (*save)(const struct export_args *a, int out, struct err *e);
};

/* ---- storage: makes the container's root over the image's tree ------------------------------- */

#define STORAGE_NOTE 96

struct storage_args {
	const struct spec *spec;
	char dir[192];	   /* this container's folder, may hold upper/ and work/ */
	const char *lower; /* where the image is attached (NULL for .direct drivers) */
	const char *root;  /* where the root must appear */
	bool writable;	   /* image_driver.writable of the image */
	bool in_userns; /* we are root in a user namespace alone, which has user.* attributes only */
	char *note;	/* STORAGE_NOTE bytes, out of attach: what a person should know; "" */
};

struct storage_driver {
	DRIVER_COMMON;
	uint64_t kind; /* Required. enum spec_storage */
	bool direct;   /* the image is attached at root itself; attach only finishes it */
	/* Optional, host. Makes the folders attach needs. */
	int (*prepare)(const struct storage_args *a, struct err *e);
	/* Required, in the mount namespace of the new root. */
	int (*attach)(const struct storage_args *a, struct err *e);
	/* Optional, host. Forgets what the container has written. Repeatable. */
	int (*remove)(const char *dir, struct err *e);
};

/* ---- cgroup ---------------------------------------------------------------------------------- */

struct cgroup_stat {
	uint64_t memory, memory_peak; /* bytes */
	uint64_t cpu_usec;
	uint64_t pids;
	uint64_t oom_kills;
};

/* Limits that could not be applied under limits = best-effort; bit per group. */
enum cgroup_missing {
	CGROUP_NO_MEMORY = 1,
	CGROUP_NO_CPU = 2,
	CGROUP_NO_CPUSET = 4,
	CGROUP_NO_PIDS = 8,
	CGROUP_NO_IO = 16,
	CGROUP_NO_DEVICES = 32,
	CGROUP_NO_ALL = 64
};

struct cgroup_driver {
	DRIVER_COMMON;
	/* Required, host. Can this kernel and mount be used at all? */
	bool (*usable)(void);
	/*
	 * Required, host. Makes the cgroup of a container name with the limits of spec and returns a
	 * folder fd for CLONE_INTO_CGROUP. *missing gets enum cgroup_missing bits. A cgroup left by
	 * a crash is emptied and reused.
	 */
	int (*up)(const struct spec *spec, const char *name, uint32_t *missing, struct err *e);
	/* Required. A folder fd of an existing cgroup, -ENOENT when there is none. */
	int (*open)(const char *name);
	/* Required. Kills every process in it (cgroup.kill, else by hand), repeatable. Never waits. */
	int (*kill)(const char *name);
	/* Required. Removes it; -EBUSY while a process is left. 0 when it was not there. */
	int (*down)(const char *name);
	/* Required, but for builds that keep no state. */
	int (*stat)(const char *name, struct cgroup_stat *st);
	/* Optional. */
	int (*freeze)(const char *name, bool frozen);
	/* Optional. Devices of spec have come or gone: its filter, if it has one, becomes what they are now. */
	int (*devices)(const struct spec *spec, const char *name, struct err *e);
};

/* The usable cgroup driver, or NULL. Remembered after the first call. */
const struct cgroup_driver *cgroup_driver(void);

/* ---- seccomp --------------------------------------------------------------------------------- */

struct seccomp_driver {
	DRIVER_COMMON;
	/* Required, host. Is profile ("default", a path) for this driver? */
	bool (*match)(const char *profile);
	/*
	 * Required, host. Builds the BPF program for the capabilities in caps (bit per CAP_*). The
	 * program is static, or lives in arena.
	 */
	int (*build)(const char *profile, uint64_t caps, struct arena *arena,
		     struct sock_fprog *out, struct err *e);
};

/* ---- log: where a container's output goes ---------------------------------------------------- */

/* Filled by log_args_of() (core/log.h). */
struct log_args {
	const char *name; /* container */
	char dir[192];	  /* folder of the driver's files, see log_driver.kept */
	uint64_t size;	  /* bytes of the ring or of one file */
	unsigned int files;
	const char *server; /* log-server, for drivers that send; NULL */
};

/*
 * An open log. A driver's own struct has this as its first member, allocates it in open() and frees it
 * in close().
 */
struct log {
	const struct log_driver *driver; /* set by open() */
	struct log *next;		 /* the container's further log; the opener's */
	int wait;			 /* open(): of a driver with ready(), else unused */
};

/*
 * Takes one piece of output that came at realtime_ms; any bytes, pieces end anywhere. With bytes NULL,
 * about len bytes (0: it is not known how many) were overwritten before they could be read.
 */
typedef void log_each_fn(void *arg, uint64_t realtime_ms, const char *bytes, size_t len);

struct log_driver {
	DRIVER_COMMON;
	bool kept; /* its files outlive power: in the log folder, else in the runtime folder */
	/*
	 * Required, supervisor. Opens or continues the log of a container. *out is valid until
	 * close(), NULL on failure.
	 */
	int (*open)(const struct log_args *a, struct log **out, struct err *e);
	/*
	 * Required, supervisor. Takes output as it came (any bytes, any split). Bounded, never
	 * blocks on anything but the file system, never fsyncs. May leave a short-lived child
	 * behind, which the supervisor reaps like any stranger. Returns how many bytes it has written that
	 * outlive power, with those that such a child will; 0 without kept. Bytes that cannot be stored
	 * are dropped, -errno says so; the next call tries again.
	 */
	int (*write)(struct log *l, uint64_t realtime_ms, const void *bytes, size_t len);
	/* Required, supervisor. May wait a moment for what is not sent yet. */
	void (*close)(struct log *l);
	/*
	 * Optional, supervisor. log->wait is a file descriptor for poll(2); when it becomes readable, ready()
	 * goes on with what could not be done in write(). Never blocks.
	 */
	void (*ready)(struct log *l);
	/* Optional. Whether a->server will do; before anything is started. */
	int (*check)(const struct log_args *a, struct err *e);
	/*
	 * Optional, CLI, any process, while the supervisor writes or is gone. Gives what is stored
	 * from *cursor on (0 at first, else as the last call left it) to each(), and returns how many
	 * pieces that were. -ENOENT when nothing was ever stored for a->name; a->size is not used.
	 */
	int (*read)(const struct log_args *a, uint64_t *cursor, log_each_fn *each, void *arg,
		    struct err *e);
	/* Optional, host. Removes what is stored for a->name. Repeatable: 0 when there is nothing. */
	int (*remove)(const struct log_args *a);
};

/* ---- net ------------------------------------------------------------------------------------- */

struct net_args {
	const struct spec *spec;
	const struct net_spec *net;  /* the network; NULL for none and host */
	const struct net_link *link; /* names and addresses the container has in it */
	pid_t pid;		     /* up: first process of the container, waiting */
	const struct port *ports;    /* .serves: what is published, read; n_ports of them */
	unsigned int n_ports;
	int netns;	 /* .serves: its network namespace, open */
	const char *run; /* .serves: a folder for a socket while it is set up */
};

struct net_driver {
	DRIVER_COMMON;
	uint64_t kind; /* Required. enum net_kind */
	bool host;     /* shares the host's network namespace */
	/* A program outside is its network: up() starts that, publishes a->ports, and there is nothing to take down. */
	bool serves;
	const char *dns; /* Optional: the name server it has inside */
	/*
	 * Optional, host. After the clone, while the container waits: makes a->link in the network
	 * namespace of a->pid. No two of them run at the same time, nor with a down(). Above 0: a number
	 * that tells which interface was moved, for a->link->device of a later one and for down().
	 */
	int (*up)(const struct net_args *a, struct err *e);
	/* Optional, inside, where /proc is and /proc/sys can still be written. */
	int (*inside)(const struct net_args *a, struct err *e);
	/*
	 * Optional, host. Takes away what up() made; repeatable, works when only a part of it was made.
	 * last: no other container's link is in this network any more. Above 0: l->device is back; -EBUSY:
	 * not yet, ask again.
	 */
	int (*down)(const struct net_link *l, bool last);
};

/* ---- linker sets ----------------------------------------------------------------------------- */

#define DRIVER(class, ident)                                                                     \
	static const struct class##_driver class##_driver_##ident;                               \
	static const struct class##_driver *const class##_entry_##ident                          \
		__attribute__((section("set_" #class), used, retain)) = &class##_driver_##ident; \
	static const struct class##_driver class##_driver_##ident

/* for (DRIVER_EACH(image, d)) use(*d); the order is the linker's, nothing may rely on it. */
#define DRIVER_EACH(class, d)                                        \
	const struct class##_driver *const *d = __start_set_##class; \
	d != __stop_set_##class;                                     \
	d++

/* True when no driver of the class was linked: a small build, or a tool of the build machine. */
#define DRIVER_NONE(class) ((uintptr_t)__start_set_##class == (uintptr_t)__stop_set_##class)

/* Weak, so that a build without any driver of a class links: the set is then empty. */
#define DRIVER_SET(class)                                                                      \
	extern const struct class##_driver *const __start_set_##class[] __attribute__((weak)); \
	extern const struct class##_driver *const __stop_set_##class[] __attribute__((weak))

DRIVER_SET(image);
DRIVER_SET(import);
DRIVER_SET(export);
DRIVER_SET(codec);
DRIVER_SET(pack);
DRIVER_SET(storage);
DRIVER_SET(cgroup);
DRIVER_SET(seccomp);
DRIVER_SET(log);
DRIVER_SET(net);

#endif
