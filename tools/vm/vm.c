// SPDX-License-Identifier: MIT
/*
 * vm: boots a kernel with an initramfs and disks in QEMU by software emulation, runs programs in the
 * guest, reads and types on its serial console. Host tool for tests and `make demo`; a keeper process
 * per machine makes sure that no QEMU outlives its limit. See tools/vm/README.md.
 */
#include "tools/vm/vm.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "tools/vm/proto.h"

#define FAILED 125
#define TIMED_OUT 124
#define DEFAULT_MS 60000
#define DEFAULT_LIMIT 600

static const char usage_text[] =
	"usage: vm COMMAND NAME [options]\n"
	"  start NAME --kernel FILE [--arch x86_64|aarch64|arm|riscv64|mips] [--initrd FILE]... [--disk FILE [--writelog FILE]]...\n"
	"             [--append TEXT] [--memory MB] [--cpus N] [--limit SECONDS] [--net] [--reboot] [--snapshot]\n"
	"             [-- QEMU ARGUMENTS]\n"
	"  exec NAME [-i] [-a] [-t SECONDS] -- COMMAND [ARG]...   its status is ours; -a: in the initramfs\n"
	"  push NAME LOCAL REMOTE [MODE]      pull NAME REMOTE LOCAL\n"
	"  ready NAME [-t SECONDS]            until the agent answers\n"
	"  expect NAME [-t SECONDS] [-q] REGEX  until the console printed it\n"
	"  type NAME TEXT                     on the serial line; \\n \\r \\t \\xNN\n"
	"  console NAME                       sit at it; Ctrl-] leaves\n"
	"  log NAME                           path of all the console printed\n"
	"  wait NAME [-t SECONDS]             until QEMU ended: 0 power off, 3 reset, 4 anything else\n"
	"  stop NAME                          end it now\n"
	"Exit: 124 out of time, 125 vm failed. State: $VM_DIR or /tmp/vm-UID.\n";

char *vm_file(const struct vm *vm, const char *file, char *buf)
{
	snprintf(buf, VM_FILE_MAX, "%s/%s", vm->dir, file);
	return buf;
}

uint64_t vm_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int vm_connect(const struct vm *vm, const char *file, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", vm->dir, file);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_set(e, errno, "%s: not running (%s: %s)", vm->name, file,
			       err_text(errno));
	return fd_take(&fd);
}

static int find_dir(struct vm *vm, struct err *e)
{
	const char *base = getenv("VM_DIR");
	char own[32];
	size_t n;

	snprintf(own, sizeof(own), "/tmp/vm-%u", (unsigned int)getuid());
	if (!base)
		base = own;
	if (!vm->name[0] ||
	    strspn(vm->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(vm->name) ||
	    vm->name[0] == '.')
		return err_set(e, EINVAL, "'%s': not a name for a machine; use a-z 0-9 - _",
			       vm->name);
	mkdir(base, 0700);
	n = (size_t)snprintf(vm->dir, sizeof(vm->dir), "%s/%s", base, vm->name);
	if (n + sizeof("/console.sock") > sizeof(vm->dir))
		return err_set(e, ENAMETOOLONG,
			       "%s: the folder's name is too long for a socket; set VM_DIR", base);
	if (mkdir(vm->dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "%s", vm->dir);
	return 0;
}

static int usage(void)
{
	fputs(usage_text, stderr);
	return 2;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "vm: %s\n", e->msg);
	return e->code == ETIMEDOUT ? TIMED_OUT : FAILED;
}

static const struct option start_options[] = {
	{ "arch", required_argument, NULL, 'A' },
	{ "kernel", required_argument, NULL, 'k' },
	{ "initrd", required_argument, NULL, 'i' },
	{ "disk", required_argument, NULL, 'd' },
	{ "writelog", required_argument, NULL, 'w' },
	{ "append", required_argument, NULL, 'a' },
	{ "memory", required_argument, NULL, 'm' },
	{ "cpus", required_argument, NULL, 'c' },
	{ "limit", required_argument, NULL, 'l' },
	{ "net", no_argument, NULL, 'n' },
	{ "reboot", no_argument, NULL, 'r' },
	{ "snapshot", no_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

static int start_option(struct vm_options *o, int c)
{
	switch (c) {
	case 'A':
		o->arch = optarg;
		break;
	case 'k':
		o->kernel = optarg;
		break;
	case 'a':
		o->append = optarg;
		break;
	case 'm':
		o->memory = optarg;
		break;
	case 'c':
		o->cpus = optarg;
		break;
	case 'l':
		o->limit = (unsigned int)strtoul(optarg, NULL, 10);
		break;
	case 'n':
		o->net = true;
		break;
	case 'r':
		o->reboot = true;
		break;
	case 's':
		o->snapshot = true;
		break;
	case 'i':
		if (o->n_initrd == ARRAY_SIZE(o->initrd))
			return -E2BIG;
		o->initrd[o->n_initrd++] = optarg;
		break;
	case 'd':
		if (o->n_disk == ARRAY_SIZE(o->disk))
			return -E2BIG;
		o->disk[o->n_disk++] = optarg;
		break;
	case 'w':
		if (!o->n_disk)
			return -EINVAL;
		o->writelog[o->n_disk - 1] = optarg;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static int cmd_start(const struct vm *vm, int argc, char **argv, struct err *e)
{
	struct vm_options o = {
		.arch = "x86_64", .memory = "256", .cpus = "1", .limit = DEFAULT_LIMIT
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", start_options, NULL)) != -1)
		if (start_option(&o, c) < 0)
			return usage();
	if (!o.kernel)
		return usage();
	for (; optind < argc && o.n_extra < ARRAY_SIZE(o.extra); optind++)
		o.extra[o.n_extra++] = argv[optind];
	return keeper_start(vm, &o, e) < 0 ? fail(e) : 0;
}

struct flags {
	bool input, agent, quiet;
	uint64_t ms;
};

static int read_flags(struct flags *f, int argc, char **argv)
{
	int c;

	f->ms = DEFAULT_MS;
	while ((c = getopt(argc, argv, "+iaqt:")) != -1) {
		if (c == 'i')
			f->input = true;
		else if (c == 'a')
			f->agent = true;
		else if (c == 'q')
			f->quiet = true;
		else if (c == 't')
			f->ms = strtoul(optarg, NULL, 10) * 1000;
		else
			return -EINVAL;
	}
	return 0;
}

static int cmd_exec(const struct vm *vm, int argc, char **argv, struct err *e)
{
	struct flags f = { 0 };
	int r;

	if (read_flags(&f, argc, argv) < 0 || optind == argc)
		return usage();
	r = client_run(vm, f.agent ? VM_OP_AGENT : VM_OP_EXEC, argv + optind, f.input, f.ms, e);
	return r < 0 ? fail(e) : r;
}

static int cmd_push(const struct vm *vm, int argc, char **argv, struct err *e)
{
	int r;

	if (argc < 3)
		return usage();
	r = client_push(vm, argv[1], argv[2], argc > 3 ? argv[3] : "644", e);
	return r < 0 ? fail(e) : r;
}

static int cmd_pull(const struct vm *vm, int argc, char **argv, struct err *e)
{
	int r;

	if (argc < 3)
		return usage();
	r = client_pull(vm, argv[1], argv[2], e);
	return r < 0 ? fail(e) : r;
}

static int cmd_ready(const struct vm *vm, int argc, char **argv, struct err *e)
{
	struct flags f = { 0 };

	if (read_flags(&f, argc, argv) < 0)
		return usage();
	return client_ping(vm, f.ms, e) < 0 ? fail(e) : 0;
}

static int cmd_expect(const struct vm *vm, int argc, char **argv, struct err *e)
{
	struct flags f = { 0 };

	if (read_flags(&f, argc, argv) < 0 || optind + 1 != argc)
		return usage();
	return console_expect(vm, argv[optind], f.ms, !f.quiet, e) < 0 ? fail(e) : 0;
}

static int cmd_type(const struct vm *vm, int argc, char **argv, struct err *e)
{
	if (argc != 2)
		return usage();
	return console_type(vm, argv[1], e) < 0 ? fail(e) : 0;
}

static int cmd_console(const struct vm *vm, int argc, char **argv, struct err *e)
{
	(void)argc;
	(void)argv;
	return console_attach(vm, e) < 0 ? fail(e) : 0;
}

static int cmd_log(const struct vm *vm, int argc, char **argv, struct err *e)
{
	(void)argc;
	(void)argv;
	(void)e;
	printf("%s/console.log\n", vm->dir);
	return 0;
}

static int cmd_wait(const struct vm *vm, int argc, char **argv, struct err *e)
{
	struct flags f = { 0 };
	char why[32];

	if (read_flags(&f, argc, argv) < 0)
		return usage();
	if (keeper_wait(vm, f.ms, why, e) < 0)
		return fail(e);
	puts(why);
	if (strcmp(why, "guest-shutdown") == 0)
		return 0;
	return strcmp(why, "guest-reset") == 0 ? 3 : 4;
}

static int cmd_stop(const struct vm *vm, int argc, char **argv, struct err *e)
{
	(void)argc;
	(void)argv;
	return keeper_stop(vm, e) < 0 ? fail(e) : 0;
}

static const struct {
	const char *name;
	int (*run)(const struct vm *vm, int argc, char **argv, struct err *e);
} commands[] = {
	{ "start", cmd_start }, { "exec", cmd_exec },	  { "push", cmd_push },
	{ "pull", cmd_pull },	{ "ready", cmd_ready },	  { "type", cmd_type },
	{ "log", cmd_log },	{ "expect", cmd_expect }, { "console", cmd_console },
	{ "wait", cmd_wait },	{ "stop", cmd_stop },
};

int main(int argc, char **argv)
{
	struct vm vm;
	struct err e = { 0 };

	if (argc < 3)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	vm.name = argv[2];
	if (find_dir(&vm, &e) < 0)
		return fail(&e);
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(&vm, argc - 2, argv + 2, &e);
	return usage();
}
