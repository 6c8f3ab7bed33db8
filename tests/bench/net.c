/* SPDX-License-Identifier: MIT */
/*
 * What a container's network costs: start to exit on a bridge against the same with none, and what that
 * adds against a script that makes the same links with ip, and against the fewest requests over rtnetlink that
 * make them: the floor. In a network namespace of the bench's own, with one container that keeps the bridge, one run
 * of each after the other. Processor time holds on a busy machine, too.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/link.h"
#include "tests/bench/bench.h"

enum {
	SETTLE_US = 30000, /* lets the kernel take down the links of the last run */
	HOLD_MS = 3000,
};

static const char script[] =
	"ip netns add myctr-bench && ip link add v-bench type veth peer name eth0 netns myctr-bench && "
	"ip link set v-bench master br-bridge up && "
	"ip -n myctr-bench addr add 10.88.255.9/16 dev eth0 && ip -n myctr-bench link set lo up && "
	"ip -n myctr-bench link set eth0 up && ip -n myctr-bench route add default via 10.88.0.1; "
	"r=$?; ip netns del myctr-bench; exit $r";

struct net {
	double none[MAX_RUNS], ratio[MAX_RUNS], added[MAX_RUNS], script[MAX_RUNS], floor[MAX_RUNS];
	double none_cpu[MAX_RUNS], cpu[MAX_RUNS]; /* processor time */
};

/* ---- the floor ------------------------------------------------------------------------------------- */

/* On the device: a pair, one end a port of the bridge, the other in the namespace of pid. */
static int floor_outside(pid_t pid)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	struct ifinfomsg peer = { 0 };
	size_t info, data, in;

	if (netlink_open(&n, NETLINK_ROUTE, -1, NULL) < 0)
		return -1;
	link_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0, "v-floor", true,
		   NULL);
	netlink_put_u32(&r, IFLA_MASTER, if_nametoindex("br-bridge"));
	info = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, "veth");
	data = netlink_nest(&r, IFLA_INFO_DATA);
	in = netlink_nest(&r, VETH_INFO_PEER);
	netlink_put_raw(&r, &peer, sizeof(peer));
	netlink_put_text(&r, IFLA_IFNAME, "eth0");
	netlink_put_u32(&r, IFLA_NET_NS_PID, (uint32_t)pid);
	netlink_nest_end(&r, in);
	netlink_nest_end(&r, data);
	netlink_nest_end(&r, info);
	return netlink_talk(&n, &r, NULL, NULL, NULL);
}

/* In the namespace: both links up, the address, the default route. */
static int floor_inside(void)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	struct addr a, gw;
	int index;

	if (netlink_open(&n, NETLINK_ROUTE, -1, NULL) < 0)
		return 1;
	index = (int)if_nametoindex("eth0");
	addr_parse_prefix("10.88.255.9/16", &a);
	addr_parse("10.88.0.1", &gw);
	link_begin(&r, RTM_NEWLINK, 0, index, NULL, true, NULL);
	link_put_address(&r, index, &a, true);
	link_put_route(&r, index, &gw);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, 0, "lo", true, NULL);
	return netlink_talk(&n, &r, NULL, NULL, NULL) < 0;
}

/* A process in a namespace of its own that waits for a byte, sets up its side and answers. */
static pid_t floor_child(int fd)
{
	pid_t pid = fork();
	char c = 0;

	if (pid != 0)
		return pid;
	c = unshare(CLONE_NEWNET) < 0 || write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1 ||
	    floor_inside();
	_exit(write(fd, &c, 1) != 1 || c);
}

static double floor_us(void)
{
	struct timespec from, to;
	int fd[2], status = 1;
	bool ok = false;
	char c = 0;
	pid_t pid;

	usleep(SETTLE_US);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		return -1;
	pid = floor_child(fd[1]);
	close(fd[1]);
	if (pid > 0 && read(fd[0], &c, 1) == 1) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		ok = floor_outside(pid) >= 0 && write(fd[0], &c, 1) == 1 && read(fd[0], &c, 1) == 1;
		clock_gettime(CLOCK_MONOTONIC, &to);
	}
	close(fd[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return ok && status == 0 ? (double)(to.tv_sec - from.tv_sec) * 1e6 +
					   (double)(to.tv_nsec - from.tv_nsec) / 1e3
				 : -1;
}

/* ---- the runs -------------------------------------------------------------------------------------- */

static double wall_us(const struct bench *b, const struct command *c, double *cpu)
{
	struct sample s;

	usleep(SETTLE_US);
	if (command_sample(b, c, &s) < 0 || s.status != 0)
		return -1;
	if (cpu)
		*cpu = (double)s.cpu_ns / 1000;
	return (double)s.ns / 1000;
}

static bool measure(const struct bench *b, struct net *n)
{
	struct command none = { .argv = { bench_path(b, "myctr"), "run", "--rm", "--read-only",
					  "--net", "none", b->rootfs, "/true" } };
	struct command bridge = { .argv = { bench_path(b, "myctr"), "run", "--rm", "--read-only",
					    "--net", "bridge", b->rootfs, "/true" } };
	struct command ip = { .argv = { "/bin/sh", "-c", script } };

	for (int i = 0; i < b->runs; i++) {
		double with;

		n->none[i] = wall_us(b, &none, &n->none_cpu[i]);
		with = wall_us(b, &bridge, &n->cpu[i]);
		n->script[i] = wall_us(b, &ip, NULL);
		n->floor[i] = floor_us();
		if (n->none[i] < 0 || with < 0 || n->script[i] < 0 || n->floor[i] < 0)
			return false;
		n->ratio[i] = with / n->none[i];
		n->added[i] = with - n->none[i];
	}
	return true;
}

static void report(struct bench *b, struct net *n)
{
	size_t runs = (size_t)b->runs;
	double none = bench_median(n->none, runs), ratio = bench_median(n->ratio, runs),
	       added = bench_median(n->added, runs), ip = bench_median(n->script, runs),
	       least = bench_median(n->floor, runs),
	       cpu = bench_median(n->cpu, runs) / bench_median(n->none_cpu, runs);

	printf("\na container's network                      us  x none\n"
	       "  start to exit, none               %9.0f %8.2f\n"
	       "  what a bridge adds                %9.0f %8.2f\n"
	       "  the same links made with ip       %9.0f %8.2f\n"
	       "  the same by the fewest requests   %9.0f %8.2f\n",
	       none, 1.0, added, ratio - 1, ip, ip / none, least, least / none);
	goal_add(b, "run with a bridge / run with none, wall", 1.5, ratio, "x");
	goal_add(b, "the same, processor time", 1.5, cpu, "x");
	goal_add(b, "network of a container / by ip scripts", 0.25, added / ip, "x");
	goal_add(b, "network of a container / rtnetlink floor", 3.0, added / least, "x");
}

/* A container that keeps the bridge there. */
static pid_t hold(const struct bench *b)
{
	struct command c = { .argv = { bench_path(b, "myctr"), "run", "--rm", "--read-only",
				       "--net", "bridge", "--name", "bench-hold", b->rootfs,
				       "/stamp" } };
	pid_t pid = command_spawn(&c, -1);

	for (int ms = 0; pid > 0 && ms < HOLD_MS && !if_nametoindex("br-bridge"); ms += 10)
		usleep(10000);
	return pid;
}

void section_net(struct bench *b)
{
	static struct net n;
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool ok = false;
	pid_t pid;

	if (own < 0 || access("/sbin/ip", X_OK) != 0 || unshare(CLONE_NEWNET) < 0) {
		goal_missing(b, "run with a bridge / run with none, wall", 1.5,
			     "no ip, or no network namespace");
		return;
	}
	pid = hold(b);
	ok = pid > 0 && if_nametoindex("br-bridge") && measure(b, &n);
	if (pid > 0) {
		kill(pid, SIGKILL);
		command_wait(pid);
	}
	if (setns(own, CLONE_NEWNET) < 0)
		bench_die("coming back to", "/proc/self/ns/net");
	close(own);
	if (ok)
		report(b, &n);
	else
		goal_missing(b, "run with a bridge / run with none, wall", 1.5,
			     "no bridge on this kernel or in this build");
}
