// SPDX-License-Identifier: MIT
/*
 * QEMU's command line for one machine: serial console and agent port on unix sockets, disks as virtio
 * block devices, each optionally behind blklogwrites. Software emulation always. Builds strings only.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vm/proto.h"
#include "tools/vm/vm.h"

#define QEMU_ARGS_MAX 160

struct args {
	char **v;
	unsigned int n;
};

static void add(struct args *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n + 1 >= QEMU_ARGS_MAX)
		return;
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) >= 0)
		a->n++;
	va_end(ap);
	a->v[a->n] = NULL;
}

/* One machine for each processor, of which the first serial port is the console. */
static const struct machine {
	const char *arch; /* as in uname -m */
	const char *program, *machine, *cpu;
	const char *tty;
} machines[] = {
	{ "x86_64", "qemu-system-x86_64", "q35,usb=off,vmport=off", "Nehalem,+rdrand,-vmx",
	  "ttyS0" },
	{ "aarch64", "qemu-system-aarch64", "virt", "cortex-a53", "ttyAMA0" },
	/* PCI's window above 4 GB is out of its reach */
	{ "arm", "qemu-system-arm", "virt,highmem=off", "cortex-a15", "ttyAMA0" },
	{ "riscv64", "qemu-system-riscv64", "virt", "rv64", "ttyS0" },
	{ "mips", "qemu-system-mips", "malta", "24Kf", "ttyS0" },
};

static const struct machine *find_machine(const char *arch)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(machines); i++)
		if (strcmp(machines[i].arch, arch) == 0)
			return &machines[i];
	return NULL;
}

static void add_machine(struct args *a, const struct machine *m)
{
	add(a, "%s", m->program);
	add(a, "-machine");
	add(a, "%s", m->machine);
	add(a, "-cpu");
	add(a, "%s", m->cpu);
}

/* The log is pruned to what blklogwrites writes: every write, flush and discard in order. */
static void add_disk(struct args *a, unsigned int i, const char *file, const char *log,
		     bool snapshot)
{
	const char *cache = "\"cache\":{\"no-flush\":true}";

	add(a, "-blockdev");
	if (log)
		add(a,
		    "{\"driver\":\"blklogwrites\",\"node-name\":\"disk%u\",\"log-sector-size\":512,"
		    "\"log-super-update-interval\":1,"
		    "\"file\":{\"driver\":\"raw\",%s,\"file\":{\"driver\":\"file\",%s,\"filename\":\"%s\"}},"
		    "\"log\":{\"driver\":\"raw\",%s,\"file\":{\"driver\":\"file\",%s,\"filename\":\"%s\"}}}",
		    i, cache, cache, file, cache, cache, log);
	else
		add(a,
		    "{\"driver\":\"raw\",\"node-name\":\"disk%u\",%s,\"read-only\":%s,"
		    "\"file\":{\"driver\":\"file\",%s,\"filename\":\"%s\"}}",
		    i, cache, snapshot ? "true" : "false", cache, file);
	add(a, "-device");
	add(a, "virtio-blk-pci,drive=disk%u,serial=disk%u%s", i, i,
	    snapshot ? "" : ",write-cache=on");
}

static void add_channels(struct args *a, const struct vm *vm)
{
	add(a, "-chardev");
	add(a,
	    "socket,id=con,path=%s/console.sock,server=on,wait=off,logfile=%s/console.log,logappend=off",
	    vm->dir, vm->dir);
	add(a, "-serial");
	add(a, "chardev:con");
	add(a, "-device");
	add(a, "virtio-serial-pci");
	add(a, "-chardev");
	add(a, "socket,id=agent,path=%s/agent.sock,server=on,wait=off", vm->dir);
	add(a, "-device");
	add(a, "virtserialport,chardev=agent,name=" VM_PORT_NAME);
	add(a, "-chardev");
	add(a, "socket,id=qmp,path=%s/qmp.sock,server=on,wait=off", vm->dir);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	add(a, "-device");
	add(a, "virtio-rng-pci");
}

static void add_kernel(struct args *a, const struct vm *vm, const struct vm_options *o,
		       const char *tty)
{
	add(a, "-kernel");
	add(a, "%s", o->kernel);
	if (o->n_initrd) {
		add(a, "-initrd");
		add(a, "%s/initrd", vm->dir);
	}
	add(a, "-append");
	add(a, "console=%s,115200 quiet loglevel=4 panic=-1 %s %s", tty,
	    o->n_initrd ? "rdinit=/vm/guest" : "", o->append ? o->append : "");
}

int qemu_args(const struct vm *vm, const struct vm_options *o, char ***argv, struct err *e)
{
	const struct machine *m = find_machine(o->arch);
	struct args a = { calloc(QEMU_ARGS_MAX, sizeof(char *)), 0 };

	if (!m)
		return err_set(e, EINVAL,
			       "--arch %s: not known; x86_64, aarch64, arm, riscv64 or mips",
			       o->arch);
	if (!a.v)
		return err_set(e, ENOMEM, "no memory");
	add_machine(&a, m);
	add(&a, "-accel");
	add(&a, "tcg,thread=multi");
	add(&a, "-m");
	add(&a, "%s", o->memory);
	add(&a, "-smp");
	add(&a, "%s", o->cpus);
	add(&a, "-nodefaults");
	add(&a, "-no-user-config");
	add(&a, "-display");
	add(&a, "none");
	if (!o->reboot)
		add(&a, "-no-reboot");
	add_channels(&a, vm);
	for (unsigned int i = 0; i < o->n_disk; i++)
		add_disk(&a, i, o->disk[i], o->writelog[i], o->snapshot);
	if (o->net) {
		add(&a, "-netdev");
		add(&a, "user,id=net0");
		add(&a, "-device");
		add(&a, "virtio-net-pci,netdev=net0,romfile=");
	}
	add_kernel(&a, vm, o, m->tty);
	for (unsigned int i = 0; i < o->n_extra; i++)
		add(&a, "%s", o->extra[i]);
	*argv = a.v;
	return 0;
}
