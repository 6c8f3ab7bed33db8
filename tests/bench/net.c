/* SPDX-License-Identifier: MIT */
/*
 * What a container's network costs: start to exit on a bridge against the same with none, and what that
 * adds against a script that makes the same links with ip. In a network namespace of the bench's own, with
 * one container that keeps the bridge, one run of each after the other.
 */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

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
	double none[MAX_RUNS], ratio[MAX_RUNS], added[MAX_RUNS], script[MAX_RUNS];
};

static double wall_us(const struct bench *b, const struct command *c)
{
	struct sample s;

	usleep(SETTLE_US);
	return command_sample(b, c, &s) < 0 || s.status != 0 ? -1 : (double)s.ns / 1000;
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

		n->none[i] = wall_us(b, &none);
		with = wall_us(b, &bridge);
		n->script[i] = wall_us(b, &ip);
		if (n->none[i] < 0 || with < 0 || n->script[i] < 0)
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
	       added = bench_median(n->added, runs), ip = bench_median(n->script, runs);

	printf("\na container's network                      us  x none\n"
	       "  start to exit, none               %9.0f %8.2f\n"
	       "  what a bridge adds                %9.0f %8.2f\n"
	       "  the same links made with ip       %9.0f %8.2f\n",
	       none, 1.0, added, ratio - 1, ip, ip / none);
	goal_add(b, "run with a bridge / run with none, wall", 1.5, ratio, "x");
	goal_add(b, "network of a container / by ip scripts", 0.25, added / ip, "x");
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
