/* SPDX-License-Identifier: MIT */
/*
 * struct spec: the one description of a container, and the table of its fields.
 *
 * A manifest section, command line options, image defaults and the binary encoding are four ways to
 * write it. Each fills only what was written (spec->set); spec_finish() then applies defaults and
 * checks, and from there on the spec is read-only. A new key is one row in spec.c's table, one
 * member here, and the code that uses it.
 *
 * Lists keep the text form that was typed; the spec_*() readers below turn one entry into a
 * struct, both when it is checked and when it is used, so there is one parser for each.
 */
#ifndef CORE_SPEC_H
#define CORE_SPEC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "core/lib/arena.h"
#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/lib/str.h"

/* PATH of a container that neither the image nor anybody else gives one. */
#define SPEC_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SPEC_NAME_MAX 63	  /* bytes of a container name, so that it fits a host name label */
#define SPEC_HOST_NAME 256	  /* of a name in DNS, with its NUL */
#define SPEC_UNLIMITED UINT64_MAX /* "max" for sizes and counts */

enum spec_storage { SPEC_OVERLAY, SPEC_TMPFS, SPEC_READ_ONLY, SPEC_BIND };
enum spec_ns { SPEC_NS_PRIVATE, SPEC_NS_HOST };
enum spec_restart {
	SPEC_RESTART_NO,
	SPEC_RESTART_ALWAYS,
	SPEC_RESTART_ON_FAILURE,
	SPEC_RESTART_UNLESS_STOPPED
};
enum spec_then { SPEC_THEN_GIVE_UP, SPEC_THEN_REBOOT, SPEC_THEN_ESCALATE };
enum spec_limits { SPEC_LIMITS_STRICT, SPEC_LIMITS_BEST_EFFORT };

struct spec {
	struct arena arena; /* owns every string below */
	uint64_t set[2];    /* bit i: field i of the table was written by somebody */

	/* what runs */
	const char *name;
	const char
		*origin; /* "manifest:12" where it was written, for messages; NULL. Never encoded */
	const char *image;    /* path, or name in the store; NULL never after spec_finish() */
	const char *image_id; /* SHA-256 in hex the image must have; of a running one, what it has */
	const char *verity;   /* root hash in hex by which the kernel checks what is read */
	struct strv entrypoint; /* goes before the command */
	struct strv command;
	struct strv env; /* KEY=value */
	const char *workdir;
	const char *user; /* NAME|UID[:GROUP|GID], looked up in the image */
	struct strv groups;
	struct strv label;     /* KEY=value, for people and tools */
	struct strv expose;    /* PORT[-PORT][/PROTOCOL] it listens on */
	struct strv data_path; /* folders of the image that hold data */
	const char *hostname;  /* default: the name */
	bool task;	       /* runs once to its end; those named in after = wait for that end */
	bool tty;
	bool autostart;

	/* its root */
	uint64_t storage;      /* enum spec_storage */
	uint64_t storage_size; /* bytes of a tmpfs upper */
	struct strv mount;     /* SRC:DST[:OPTIONS] */
	struct strv tmpfs;     /* DST[:SIZE][:OPTIONS] */
	struct strv device;    /* HOSTPATH[:PATH][:rwm] */
	struct strv masked;    /* more paths to hide */
	struct strv readonly;  /* more paths to make read-only */
	uint64_t shm_size;

	/* namespaces: enum spec_ns each */
	uint64_t pid, uts, ipc, cgroupns;
	struct strv network; /* none | host | names; default none */
	struct strv publish; /* [ADDRESS:]PORT:PORT[/udp][@INTERFACE], see core/port.h */
	struct strv ip;	     /* static addresses, each in the subnet of one of the networks */
	struct strv mac;     /* MAC[@NETWORK] */
	struct strv aliases; /* further names for those on its networks */
	struct strv dns, dns_search, dns_option; /* of resolv.conf, see core/names.h */
	struct strv add_host;			 /* NAME:ADDRESS, for /etc/hosts */
	const char *userns;			 /* see spec_userns_kind(); NULL: no */
	bool timens;

	/* limits; SPEC_UNLIMITED where not set */
	uint64_t memory, memory_high, memory_low, memory_min, memory_swap; /* bytes */
	bool oom_group;
	uint64_t cpu;	     /* thousandths of one processor: 500 is 50% */
	uint64_t cpu_weight; /* 1..10000, 0 = not set */
	const char *cpuset, *cpuset_mems;
	uint64_t pids;
	uint64_t io_weight;    /* 1..10000, 0 = not set */
	struct strv io_max;    /* DEVICE KEY=VALUE... */
	uint64_t limits;       /* enum spec_limits */
	int64_t oom_score_adj; /* -1000..1000 */
	struct strv rlimit;    /* NAME=SOFT[:HARD] */
	struct strv sysctl;    /* KEY=VALUE */

	/* rights */
	struct strv cap_add, cap_drop, cap_ambient; /* libcap names, or ALL */
	bool no_new_privs;
	bool privileged;     /* all capabilities, no seccomp, all devices, nothing masked */
	const char *seccomp; /* default | unconfined | path of a profile */

	/* supervision */
	uint64_t restart;					  /* enum spec_restart */
	uint64_t restart_delay, restart_delay_max, restart_reset; /* ms */
	uint64_t restart_limit;					  /* 0: no limit */
	uint64_t restart_then;					  /* enum spec_then */
	struct strv after, requires; /* names, each perhaps followed by "healthy" */
	struct strv when;	     /* start conditions, see core/when.h */
	bool critical;
	struct strv health;	   /* see core/health.h */
	uint64_t critical_timeout; /* ms: not well for longer, and the watchdog starves */
	const char *stop_signal;   /* name or number */
	uint64_t stop_timeout;	   /* ms */
	/* with UPDATE */
	const char *update_group; /* those are tried, and go back, together */
	uint64_t trial;		  /* ms */
	uint64_t version;	  /* of an image; in a manifest: the least it takes */

	/* output */
	const char *log;	/* name of a log driver */
	uint64_t log_size;	/* bytes of the ring, or of one file */
	uint64_t log_files;	/* rotated files kept */
	bool dev_log;		/* it has a /dev/log that leads there */
	uint64_t log_budget;	/* bytes a day that may be written to flash; 0: any */
	uint64_t crash_log;	/* bytes of output kept when it has failed; 0: none */
	struct strv log_also;	/* names of further log drivers */
	const char *log_server; /* udp:ADDRESS[:PORT] or tcp:..., for those that send; NULL */
};

/*
 * False in a build whose only specs are those of the manifest that was checked and compiled in when it was
 * built: then nothing need be checked again on the device.
 */
#define SPEC_FOREIGN IS_ENABLED(CONFIG_SPEC_FOREIGN)

/* What one field holds; decides how its text is read, printed and encoded. */
enum spec_type {
	SPEC_STR,   /* const char * */
	SPEC_WORDS, /* struct strv: one line of shell-quoted words, replaces */
	SPEC_LIST,  /* struct strv: repeatable, each use appends; an empty value clears */
	SPEC_NAMES, /* struct strv: blank or comma separated names, repeatable */
	SPEC_BOOL,  /* bool */
	SPEC_NUM,   /* uint64_t within min..max, or "max" when max is SPEC_UNLIMITED */
	SPEC_INT,   /* int64_t within min..max */
	SPEC_SIZE,  /* uint64_t bytes */
	SPEC_TIME,  /* uint64_t milliseconds */
	SPEC_CPU,   /* uint64_t thousandths: "50%", "0.5", "max" */
	SPEC_ENUM,  /* uint64_t index into words */
};

/* For the rows of a field table: see .member. */
#ifdef SPEC_MEMBERS
#define SPEC_MEMBER(name_) .member = #name_,
#else
#define SPEC_MEMBER(name_)
#endif

#define SPEC_ANY UINT32_MAX /* a SPEC_NUM without an upper end, for which "max" may be written */

/*
 * The texts of a row in one, because most of a table would be pointers to them: its name, and in a build with
 * help a placeholder like SIZE and one line that explains it.
 */
#define SPEC_TEXT(name_, arg_, help_) (IS_ENABLED(CONFIG_HELP) ? name_ "\0" arg_ "\0" help_ : name_)

/* One row of a field table. Rows of struct spec and of struct system_spec have the same form. */
struct spec_field {
	uint16_t id; /* never reused: names the field in the binary encoding */
	uint16_t offset;
	uint8_t type; /* enum spec_type */
	int16_t min;
	uint32_t max;	  /* or SPEC_ANY */
	const char *name; /* manifest key, and --name on the command line; made by SPEC_TEXT() */
	const char *const *words; /* SPEC_ENUM: NULL-terminated */
#ifdef SPEC_MEMBERS
	const char *member; /* its name in C, for the tool which writes structs */
#endif
	/* Optional: checks one entry of the value beyond its type. */
	int (*check)(const char *text, struct err *e);
};

/* Placeholder for the value of f in help, and the line that explains it; NULL and "" in a build without help. */
static inline const char *spec_field_arg(const struct spec_field *f)
{
	const char *arg = f->name + strlen(f->name) + 1;

	return IS_ENABLED(CONFIG_HELP) && *arg ? arg : NULL;
}

static inline const char *spec_field_help(const struct spec_field *f)
{
	const char *arg = f->name + strlen(f->name) + 1;

	return IS_ENABLED(CONFIG_HELP) ? arg + strlen(arg) + 1 : "";
}

extern const struct spec_field spec_fields[];
extern const unsigned int spec_n_fields;

/* Field by manifest key, or NULL. */
const struct spec_field *spec_field(const char *name);

/* An empty spec on the heap; spec_free() gives everything back. NULL when out of memory. */
struct spec *spec_new(void);
void spec_free(struct spec *s);

/* Writes text to field f of s and remembers that it was set. Errors name the key and the reason. */
int spec_set(struct spec *s, const struct spec_field *f, const char *text, struct err *e);

/* Prints field f as manifest text: for lists entry i. Returns false past the last entry. */
bool spec_get(const struct spec *s, const struct spec_field *f, unsigned int i, char *buf,
	      size_t size);

bool spec_is_set(const struct spec *s, const struct spec_field *f);

/* Remembers that the field of this name was written, for a caller that wrote the member itself. */
int spec_mark(struct spec *s, const char *name);

/* Makes it look as if it had not been written. */
void spec_unmark(struct spec *s, const char *name);

/* The same for any struct with a table of fields: base and the arena that owns its strings. */
int spec_set_field(void *base, struct arena *a, const struct spec_field *f, const char *text,
		   struct err *e);
bool spec_get_field(const void *base, const struct spec_field *f, unsigned int i, char *buf,
		    size_t size);

/* Fills what was not written from base (image config); of env and label each KEY that was not. */
int spec_inherit(struct spec *s, const struct spec *base, struct err *e);

/* Defaults and checks across fields; drivers named must be in this build. After it s is read-only. */
int spec_finish(struct spec *s, struct err *e);

/*
 * Binary form (core/encode.c): magic, version, fields that were set as id/length/value, CRC32C.
 * spec_encode() returns the length and malloc'd *out; spec_decode() accepts any bytes safely and
 * skips ids it does not know only when strict is false.
 */
int spec_encode(const struct spec *s, uint8_t **out, size_t *len, struct err *e);
int spec_decode(const uint8_t *in, size_t len, struct spec **out, struct err *e);

/*
 * What "userns" says. SHARED: the one we are in ourselves, which for other users than root is already
 * not the host's. SAME: its own, with the ids as they are; AUTO: its own, with a range that no other container
 * has; KEEP: its own, in which the caller has the id that he has outside; MAP: as written.
 */
enum spec_userns {
	SPEC_USERNS_SHARED,
	SPEC_USERNS_SAME,
	SPEC_USERNS_AUTO,
	SPEC_USERNS_KEEP,
	SPEC_USERNS_MAP
};
enum spec_userns spec_userns_kind(const char *text);

/* Has it a user namespace of its own? */
static inline bool spec_userns(const struct spec *s)
{
	return IS_ENABLED(CONFIG_USERNS) && s->userns && strcmp(s->userns, "no") != 0 &&
	       strcmp(s->userns, "host") != 0;
}

/* One mount entry, pointing into the buffer it was parsed from. */
struct spec_mount {
	char src[256], dst[256]; /* src is empty for tmpfs */
	bool rdonly, rec, nosuid, nodev, noexec, optional;
	unsigned long propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED */
	uint64_t size;		   /* tmpfs */
	unsigned int mode;	   /* tmpfs */
};
int spec_mount(const char *text, struct spec_mount *m, struct err *e);
int spec_tmpfs(const char *text, struct spec_mount *m, struct err *e);

struct spec_device {
	char host[128], path[128];
	bool r, w, m;
};
int spec_device(const char *text, struct spec_device *d, struct err *e);

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};
int spec_rlimit(const char *text, struct spec_rlimit *r, struct err *e);

/* Entry i of after = or requires = is the word "healthy", which belongs to the name in front of it. */
static inline bool spec_is_healthy(const struct strv *names, unsigned int i)
{
	return IS_ENABLED(CONFIG_HEALTH) && i > 0 && i < names->n &&
	       strcmp(names->v[i], "healthy") == 0;
}

/* "MAC[@NETWORK]"; *network points into text, NULL where none is named. */
int spec_mac(const char *text, uint8_t mac[6], const char **network, struct err *e);

/* KEY=VALUE; key goes to buf, *value points into text. */
int spec_keyval(const char *text, char *key, size_t size, const char **value, struct err *e);

/* Signal by number, NAME or SIGNAME; RTMIN+n too. */
int spec_signal(const char *text, int *sig, struct err *e);
const char *spec_signal_name(int sig);

#endif
