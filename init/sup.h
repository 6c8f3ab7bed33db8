/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: one process, one table of containers, one loop. PID 1, or `myctr daemon`.
 *
 * The law (catatonit's): before the loop it may fail; after it never exits on its own, never blocks,
 * never allocates without bound. What can block runs in a launcher child.
 *
 *	supervise.c  the states of a container: action[state][event]
 *	launcher.c   the child that starts one container, and its report
 *	health*.c    how containers are: probes in short-lived children, and what services say
 *	output.c     a container's output, from its FIFO or terminal to its log
 *	devlog.c     what their programs send to /dev/log
 *	budget.c     what logs may write to flash
 *	crash.c      the last output of one that has failed
 *	order.c      who waits for whom, up and down
 *	when.c       who waits for the device: clock, hardware, links, files
 *	uevent.c, node.c, plug.c, damage.c  devices that come, go, break
 *	records.c    the table as others see it: state files
 *	adopt.c      containers that a supervisor before us has started
 *	reap.c       signals and dead children
 *	control.c    requests over <run>/ctl
 *	dns*.c       names of containers, for containers
 *	ports.c, forward*.c  published ports where the kernel has no nf_tables
 *	guard.c      the packet filter's rules, which others may flush
 *	update.c     changes of images: trials, and the way back
 *	slots.c      a system that the boot loader tries
 *	factory.c    factory mode: tests one after the other
 *	reexec.c     another binary for the supervisor, while containers run on
 *	pool.c       network namespaces made ahead
 *	sweep.c      the child that removes what forgotten containers have written
 *	boot.c, shutdown.c  what only PID 1 does
 */
#ifndef INIT_SUP_H
#define INIT_SUP_H

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/keep.h"
#include "core/lib/config.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/nft.h"
#include "core/spec.h"
#include "core/state.h"
#include "core/system.h"
#include "init/chart.h"
#include "init/console.h"
#include "init/uevent.h"
#include "init/when.h"

enum sup_state {
	SUP_IDLE,     /* not running, nothing under way */
	SUP_STARTING, /* its launcher is at work */
	SUP_RUNNING,
	SUP_STOPPING, /* told to stop, not gone yet */
	SUP_CLEANING, /* gone; what it left outside its namespaces is being removed */
	SUP_WAITING,  /* will be started again when its timer expires */
	SUP_N_STATES,
};

enum sup_event {
	SUP_START,   /* somebody wants it up */
	SUP_STARTED, /* its launcher says that the program runs */
	SUP_FAILED,  /* its launcher says why not */
	SUP_EXITED,  /* its first process has ended */
	SUP_STOP,    /* somebody wants it down */
	SUP_TIMER,   /* its timer has expired */
	SUP_N_EVENTS,
};

struct sup;
struct health_run;

/* See budget.c. */
struct budget {
	uint32_t day; /* since 1970; 0: nothing was read or used yet */
	uint64_t used, reserved;
};

struct ctr {
	struct ctr *next; /* in the order of the manifest, then of arrival */
	struct sup *sup;
	struct spec *spec;	/* owned */
	struct spec *spec_next; /* owned; replaces spec at the next start, after a reload */
	enum sup_state state;
	bool wanted;	     /* should be up */
	bool again;	     /* once it is down, start it at once: restart, reload */
	bool keep;	     /* with gone: but not what it has written */
	bool gone;	     /* once it is down, forget it */
	bool child;	     /* our own child; else watched through its pidfd */
	bool has_started;    /* at least once since it was last wanted */
	bool has_status;     /* .status holds how the process ended */
	bool ticking;	     /* the back-off series is running */
	bool sick;	     /* it was ended because it was not healthy */
	bool has_health;     /* its launcher says that it, or its image, has a health key */
	int status;	     /* wait(2) form */
	pid_t launcher;	     /* 0 when none */
	int pidfd;	     /* -1 when none */
	int slot, disk_slot; /* in the state files, -1 when none */
	uint64_t backoff;    /* ms before the next restart */
	uint64_t started;    /* event_now() of the last start */
	uint64_t unwell;     /* event_now() since when a critical one is not well, 0: it is */
	unsigned int rung;   /* of the ladder, see ladder.c */
	bool later;	     /* once it is down, it is wanted again, after what it waits for */
	uint64_t good;	     /* event_now() when it was healthy last; .started when never */
	unsigned int tries;  /* clean-up rounds, or signals sent */
	struct event_source report;  /* from the launcher */
	struct event_source output;  /* FIFO or terminal */
	struct event_source exit;    /* pidfd of an adopted one */
	struct event_source dev_log; /* what its programs send to /dev/log */
	struct event_source sender;  /* of a log that has more to send later */
	struct event_timer timer;
	struct keep mounts;   /* for its next start; with the launcher while one is at work */
	bool ran;	      /* has been started since it was last at rest */
	struct log *log;      /* NULL: output is dropped */
	struct budget budget; /* of its logs */
	struct log *ring;     /* takes output while that is used up, else NULL */
	bool over_budget, ring_looked_for;
	bool crashed;		   /* its last output is not kept yet */
	uint64_t crash_kept;	   /* event_now() of the last time, 0 never */
	struct health_run *health; /* NULL: nobody looks */
	struct forward *forward;   /* its ports, where the supervisor leads them; else NULL */
	uint32_t trial,
		trial_restarts; /* the change it takes part in, and .rec.restarts as it began */
	struct state_record rec;
	struct err error; /* why the last start failed */
	bool plug;	  /* its devices have to be looked at */
};

#define SUP_CLIENTS 64

struct sup_client {
	struct event_source source;
	struct sup *sup;
	struct ctr *waits;	  /* answered when this one has settled */
	struct event_timer timer; /* until it has said what it wants */
	uint16_t op;
};

/* Watches nf_tables. */
struct sup_guard {
	struct netlink netlink;
	struct event_source source;
	struct event_timer timer; /* the next rebuild */
	struct nft_watch watch;
	uint64_t at;	/* event_now() of the last one */
	uint64_t pause; /* ms from one to the next */
};

#ifndef CONFIG_KEEP_MOUNTS_MAX
#define CONFIG_KEEP_MOUNTS_MAX 0
#endif
#ifndef CONFIG_NETNS_POOL_SIZE
#define CONFIG_NETNS_POOL_SIZE 1
#endif

/* Network namespaces that nobody has been in. */
struct sup_pool {
	int fd[CONFIG_NETNS_POOL_SIZE];
	unsigned int n;
	unsigned int failures;	    /* in a row */
	struct event_source source; /* from the child that makes them; .ready is NULL without one */
	struct event_timer timer;
};

/* Ports that the supervisor forwards. */
struct sup_ports {
	bool asked, by_kernel;
	const struct manifest *manifest; /* whose wan holds; NULL until the first port */
	struct manifest own;
	struct netlink netlink; /* what happens to interfaces */
	struct event_source source;
};

/* The watchdog. */
struct sup_dog {
	int fd;		/* -1: none */
	bool reset;	/* it says that it has reset the device */
	bool starves;	/* it is not fed any more */
	uint64_t every; /* ms between two feeds */
	struct event_timer timer;
};

struct sup {
	struct event_loop loop;
	struct ctr *ctrs;
	unsigned int n;
	int lock;
	uint64_t ignored; /* signals we may ignore, see struct sys_self */
	bool is_init;	  /* PID 1 */
	bool on_demand;	  /* ends when nothing is left to do */
	bool going_down;
	int down;	  /* enum ctl_down */
	bool dirty;	  /* the order has to be looked at again */
	bool sweep_again; /* more has come since the sweeper began */
	bool swept;	  /* it has looked at the image store */
	pid_t sweeper;	  /* removes what forgotten ones have written, 0 when none */
	pid_t console;	  /* the command on the console, 0 when none */
	struct dns *dns;  /* NULL: nobody answers for names */
	struct event_source signals;
	struct event_source ctl;
	struct event_timer idle;
	struct event_timer down_timer; /* the bound of the whole shutdown */
	struct event_timer console_timer;
	struct manifest manifest;
	struct state state, disk; /* .file.fd -1 when it could not be opened */
	struct sup_guard guard;
	struct sup_ports ports;
	struct budget budget; /* of all logs */
	struct trial *trials;
	struct sup_when when;
	struct sup_uevent uevent;
	struct console *consoles;
	struct event_timer clock_timer; /* the next time the clock is saved */
	struct reexec *reexec;
	struct factory *factory; /* NULL: no tests run */
	struct event_timer slots_timer;
	bool resumed; /* took over from another binary in this process */
	struct sup_client clients[SUP_CLIENTS];
	struct sup_pool pool;
	struct sup_dog dog;
	struct state_record device; /* of the device, see core/device.h */
	int device_disk;	    /* its slot in the file on disk */
	char device_who[40];	    /* who is to blame for the reset that comes */
};

/* One line for whoever watches: "myctr: <name>: <text>". stderr, for PID 1 the console. */
void sup_say(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* supervise.c */
void sup_event(struct ctr *c, enum sup_event event);
struct ctr *sup_find(struct sup *s, const char *name);
/* Takes over spec. NULL when out of memory or records; e says which. */
struct ctr *sup_add(struct sup *s, struct spec *spec, struct err *e);
void sup_remove(struct ctr *c);
bool sup_settled(const struct ctr *c);
/* Its policy starts it again after such an end. */
bool sup_restarts(const struct ctr *c, bool success);
/* It was told to stop: once it is down, start it again. */
void sup_again(struct ctr *c);
void sup_kill(struct ctr *c, int sig);
/* Opens the loop, state files, lock, control socket; adopts what runs. */
int sup_open(struct sup *s, struct err *e);
/* Adds the manifest's containers; those with autostart become wanted. */
int sup_load_manifest(struct sup *s, struct err *e);
/* The second half of it, for a manifest that is finished already. */
int sup_take_manifest(struct sup *s, struct err *e);
int sup_reload(struct sup *s, struct err *e);
/* Runs until the supervisor is told to end and everything is down, or the bound of that is over. */
void sup_loop(struct sup *s);
/* One round of it: what a change asks for, or else at most max_ms of waiting for the next one. */
void sup_turn(struct sup *s, int max_ms);
/* Starts to stop everything; sup_all_down() tells when it is done. */
void sup_go_down(struct sup *s, int how);
bool sup_all_down(const struct sup *s);

/* launcher.c */
int launcher_start(struct ctr *c);
void launcher_report(struct ctr *c);

/* pool.c */
#if IS_ENABLED(CONFIG_NETNS_POOL)
/* A network namespace for a container of this spec, owned by the caller, or -1: then it makes its own. */
int pool_take(struct sup *s, const struct spec *spec);
/* Lets go of those that are there. */
void pool_empty(struct sup *s);
#else
static inline int pool_take(struct sup *s UNUSED, const struct spec *spec UNUSED)
{
	return -1;
}
static inline void pool_empty(struct sup *s UNUSED)
{
}
#endif

/* output.c */
int output_open(struct ctr *c, struct err *e);
/* The FIFO's end for the container, owned by the caller. -errno. */
int output_fifo(struct ctr *c);
int output_watch(struct ctr *c, int fd);
/* To its logs. */
void output_put(struct ctr *c, const char *bytes, size_t len);
/* Reads what is still there, then closes. */
void output_close(struct ctr *c);

/* devlog.c */
#if IS_ENABLED(CONFIG_LOG_DEV)
/* Takes over fd, the socket that is /dev/log in the container. */
void devlog_socket(struct ctr *c, int fd);
/* It ran before this supervisor. */
void devlog_adopt(struct ctr *c);
void devlog_close(struct ctr *c);
#else
static inline void devlog_socket(struct ctr *c UNUSED, int fd)
{
	close(fd);
}
static inline void devlog_adopt(struct ctr *c UNUSED)
{
}
static inline void devlog_close(struct ctr *c UNUSED)
{
}
#endif

/* budget.c */
#if IS_ENABLED(CONFIG_LOG_BUDGET)
/* Reads what was used before. */
void budget_open(struct sup *s);
/* Stores a piece of output in l, or in memory. */
void budget_write(struct ctr *c, struct log *l, uint64_t ms, const void *bytes, size_t len);
/* bytes were written to flash for c. */
void budget_spent(struct ctr *c, uint64_t bytes);
/* Its logs are being closed. */
void budget_close(struct ctr *c);
#else
static inline void budget_open(struct sup *s UNUSED)
{
}
static inline void budget_write(struct ctr *c UNUSED, struct log *l, uint64_t ms, const void *bytes,
				size_t len)
{
	l->driver->write(l, ms, bytes, len);
}
static inline void budget_spent(struct ctr *c UNUSED, uint64_t bytes UNUSED)
{
}
static inline void budget_close(struct ctr *c UNUSED)
{
}
#endif

/* crash.c */
#if IS_ENABLED(CONFIG_LOG_CRASH)
/* It has ended, and its log is closed. */
void crash_note(struct ctr *c);
/* The device goes down: what crash_note() has put off. */
void crash_keep_all(struct sup *s);
#else
static inline void crash_note(struct ctr *c UNUSED)
{
}
static inline void crash_keep_all(struct sup *s UNUSED)
{
}
#endif

/* order.c */
void order_advance(struct sup *s);
void order_stop(struct sup *s);

/* records.c and adopt.c; without state files nobody else sees the table, and there is nothing to adopt */
#if IS_ENABLED(CONFIG_STATE)
int records_open(struct sup *s, struct err *e);
int records_claim(struct ctr *c, struct err *e);
void records_put(struct ctr *c, unsigned int phase);
/* Also to the file that outlives power. */
void records_keep(struct ctr *c);
void records_drop(struct ctr *c);
void adopt_all(struct sup *s);
/* Is there a record of it, by a binary before us in this process? */
bool adopt_knows(struct sup *s, const char *name);
/* One of those that does not run: what comes next is as it was. */
void adopt_rest(struct ctr *c);
#else
static inline int records_open(struct sup *s UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int records_claim(struct ctr *c UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline void records_put(struct ctr *c, unsigned int phase)
{
	c->rec.phase = (uint8_t)phase;
}
static inline void records_keep(struct ctr *c UNUSED)
{
}
static inline void records_drop(struct ctr *c UNUSED)
{
}
static inline void adopt_all(struct sup *s UNUSED)
{
}
static inline bool adopt_knows(struct sup *s UNUSED, const char *name UNUSED)
{
	return false;
}
static inline void adopt_rest(struct ctr *c UNUSED)
{
}
#endif

/* ports.c: its program runs; it is gone */
#if IS_ENABLED(CONFIG_NET_FORWARD)
void ports_start(struct ctr *c);
void ports_stop(struct ctr *c);
/* Those of adopted ones, once the manifest is there. */
void ports_open(struct sup *s);
/* The manifest's wan, or an interface, may have changed. */
void ports_reload(struct sup *s);
#else
static inline void ports_start(struct ctr *c UNUSED)
{
}
static inline void ports_stop(struct ctr *c UNUSED)
{
}
static inline void ports_open(struct sup *s UNUSED)
{
}
static inline void ports_reload(struct sup *s UNUSED)
{
}
#endif

/* guard.c; once the manifest is there */
#if IS_ENABLED(CONFIG_NET_NFT)
void guard_open(struct sup *s);
/* The manifest has changed. */
void guard_reload(struct sup *s);
#else
static inline void guard_open(struct sup *s UNUSED)
{
}
static inline void guard_reload(struct sup *s UNUSED)
{
}
#endif

/* reap.c */
int reap_open(struct sup *s, struct err *e);
void reap_children(struct sup *s);

/* control.c */
#if IS_ENABLED(CONFIG_CONTROL)
/* sweep.c: only requests make somebody go for good */
void sweep_start(struct sup *s);
bool sweep_ended(struct sup *s, pid_t pid);
int control_open(struct sup *s, struct err *e);
void control_close_socket(void);
void control_reply(struct sup_client *cl, const struct err *e, uint32_t value);
/* c has changed: those who wait for it may be due an answer. */
void control_answer(struct sup *s, struct ctr *c);
/* c is about to be freed: whoever still waits for it is let go. */
void control_forget(struct sup *s, const struct ctr *c);
#else
static inline void sweep_start(struct sup *s UNUSED)
{
}
static inline bool sweep_ended(struct sup *s UNUSED, pid_t pid UNUSED)
{
	return false;
}
static inline int control_open(struct sup *s UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline void control_close_socket(void)
{
}
static inline void control_answer(struct sup *s UNUSED, struct ctr *c UNUSED)
{
}
static inline void control_forget(struct sup *s UNUSED, const struct ctr *c UNUSED)
{
}
#endif

/* reexec.c */
#define REEXEC_ENV "MYCTR_REEXEC" /* number of the file with what was left */
struct ctl_request;
#if IS_ENABLED(CONFIG_REEXEC)
/* What the binary before has left, if there was one; before sup_open(). */
void reexec_open(struct sup *s);
/* The end of a container's output that was left, or -1; owned by the caller. */
int reexec_output(struct sup *s, const char *name);
/* All is known and adopted: who asked for it gets an answer. */
void reexec_done(struct sup *s);
/* Executes the next binary if one is asked for and it is time. True while nothing may be started. */
bool reexec_turn(struct sup *s);
#else
static inline void reexec_open(struct sup *s UNUSED)
{
}
static inline int reexec_output(struct sup *s UNUSED, const char *name UNUSED)
{
	return -1;
}
static inline void reexec_done(struct sup *s UNUSED)
{
}
static inline bool reexec_turn(struct sup *s UNUSED)
{
	return false;
}
#endif
int reexec_request(struct sup *s, const struct ctl_request *r, struct err *e);

static inline bool sup_resumed(const struct sup *s)
{
	return IS_ENABLED(CONFIG_REEXEC) && s->resumed;
}

/* slots.c: begins with the trial of a system that the boot loader tries */
#if IS_ENABLED(CONFIG_HOST_AB)
void slots_open(struct sup *s);
/* The next boot is of the other system, if it does. Does not wait for it to be written. */
int slots_previous(struct sup *s, struct err *e);
#else
static inline void slots_open(struct sup *s UNUSED)
{
}
static inline int slots_previous(struct sup *s UNUSED, struct err *e)
{
	return err_set(e, ENOTSUP, "this build knows of no other slot");
}
#endif

/* factory.c */
#if IS_ENABLED(CONFIG_FACTORY)
/* Does what a factory reset asks for, before anything in the data folder is opened. */
void factory_reset(struct sup *s);
/* Begins with the tests, in factory mode, once the containers are known. */
void factory_open(struct sup *s);
/* Something has changed: a test may have ended. */
void factory_watch(struct sup *s);
#else
static inline void factory_reset(struct sup *s UNUSED)
{
}
static inline void factory_open(struct sup *s UNUSED)
{
}
static inline void factory_watch(struct sup *s UNUSED)
{
}
#endif

/* update.c */
int update_request(struct sup *s, const struct ctl_request *r, struct err *e);
int update_rollback(struct sup *s, const struct ctl_request *r, struct err *e);
#if IS_ENABLED(CONFIG_UPDATE)
/* What was under way when the last supervisor ended; before anything starts. */
void update_open_all(struct sup *s);
/* Goes on with trials, once the containers are known. */
void update_resume(struct sup *s);
/* Something has changed: a trial may have failed. */
void update_watch(struct sup *s);
#else
static inline void update_open_all(struct sup *s UNUSED)
{
}
static inline void update_resume(struct sup *s UNUSED)
{
}
static inline void update_watch(struct sup *s UNUSED)
{
}
#endif

/* dns.c */
#if IS_ENABLED(CONFIG_DNS)
/* Answers for names from now on, where bridges are. */
void dns_open(struct sup *s);
/* The networks of the manifest are others now. */
void dns_networks(struct sup *s);
#else
static inline void dns_open(struct sup *s UNUSED)
{
}
static inline void dns_networks(struct sup *s UNUSED)
{
}
#endif

/* shutdown.c: everything is down or the time is up. Ends the machine as s->down says. */
NORETURN void shutdown_now(struct sup *s);

/* interface.c: the [interface]s of the manifest, as the device boots */
#if IS_ENABLED(CONFIG_INTERFACE)
void interface_up_all(const struct manifest *m);
#else
static inline void interface_up_all(const struct manifest *m UNUSED)
{
}
#endif

/* boot.c: what must be there before a manifest can be read, and what the manifest says of the device. */
void boot_early(void);
void boot_system(struct sup *s);

#endif
