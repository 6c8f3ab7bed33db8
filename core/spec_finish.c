// SPDX-License-Identifier: MIT
/*
 * The last look at a spec: defaults that depend on the build, and checks across fields. After it a spec is
 * read-only. Runs in whoever made the spec; on a build machine no driver is linked, so those are not
 * asked for there.
 */
#include <errno.h>
#include <string.h>

#include "core/driver.h"
#include "core/health.h"
#include "core/lib/config.h"
#include "core/lib/path.h"
#include "core/lib/plug.h"
#include "core/port.h"
#include "core/spec.h"
#include "core/sysctl.h"

#define FINISH_LOG_MIN 4096
#define FINISH_LOG_MAX (1U << 30)
#define FINISH_CRASH_MAX (64U << 10)

/* Without an overlay driver the next best that keeps the image as it is. */
static int spec_finish_storage(struct spec *s)
{
	if (spec_is_set(s, spec_field("storage")))
		return 0;
	s->storage = IS_ENABLED(CONFIG_STORAGE_OVERLAY) ? SPEC_OVERLAY
		     : IS_ENABLED(CONFIG_STORAGE_TMPFS) ? SPEC_TMPFS
							: SPEC_READ_ONLY;
	return spec_mark(s, "storage");
}

/* The entrypoint becomes the beginning of the command; that it was set stays, so that no image adds its own. */
static int spec_finish_command(struct spec *s)
{
	struct strv all = { 0 };

	if (!s->entrypoint.n)
		return 0;
	for (unsigned int i = 0; i < s->entrypoint.n; i++)
		if (strv_add(&s->arena, &all, s->entrypoint.v[i]) < 0)
			return -ENOMEM;
	for (unsigned int i = 0; i < s->command.n; i++)
		if (strv_add(&s->arena, &all, s->command.v[i]) < 0)
			return -ENOMEM;
	s->command = all;
	s->entrypoint = (struct strv){ 0 };
	return spec_mark(s, "command");
}

static int spec_finish_names(struct spec *s, struct err *e)
{
	if (!s->name || !path_is_name(s->name))
		return err_set(e, EINVAL, "%s: not a container name", s->name ? s->name : "(none)");
	if (!s->image || !*s->image)
		return err_set(e, EINVAL, "image: is missing");
	if (spec_finish_command(s) < 0)
		return err_set(e, ENOMEM, "out of memory");
	/* An image may name one, which only the launcher sees. */
	if (!s->command.n &&
	    (!IS_ENABLED(CONFIG_IMAGE_CONFIG) || spec_is_set(s, spec_field("entrypoint"))))
		return err_set(e, EINVAL, "command: is missing, and the image names none");
	if (!s->hostname)
		s->hostname = s->name;
	if (!s->network.n && strv_add(&s->arena, &s->network, "none") < 0)
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

#define PART(key_, symbol_)                                                              \
	{                                                                                \
		.key = (key_), .symbol = #symbol_, .built = IS_ENABLED(CONFIG_##symbol_) \
	}

/* Keys of parts which a build may be without. */
static const struct {
	const char *key, *symbol;
	bool built;
} finish_parts[] = {
	PART("mount", MOUNTS),	   PART("tmpfs", MOUNTS),
	PART("mask-path", MOUNTS), PART("read-only-path", MOUNTS),
	PART("device", DEVICES),   PART("privileged", DEVICES),
	PART("tty", TTY),	   PART("userns", USERNS),
};

static int spec_finish_parts(const struct spec *s, struct err *e)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(finish_parts); i++) {
		const struct spec_field *f = spec_field(finish_parts[i].key);

		if (finish_parts[i].built || !spec_is_set(s, f))
			continue;
		if (f->type != SPEC_BOOL || *(const bool *)((const char *)s + f->offset))
			return err_set(e, ENOTSUP, "%s: not in this build; it needs %s", f->name,
				       finish_parts[i].symbol);
	}
	return 0;
}

/* A pattern keeps its names, and no node that is made in a user namespace can be opened. */
static int spec_finish_devices(const struct spec *s, struct err *e)
{
	bool apart = spec_userns(s) && !IS_ENABLED(CONFIG_PLUG_USERNS);
	struct spec_device d;

	for (unsigned int i = 0; i < s->device.n; i++) {
		if (spec_device(s->device.v[i], &d, e) < 0)
			return -e->code;
		if (!plug_is_pattern(d.host))
			continue;
		if (apart || strcmp(d.host, d.path) != 0)
			return err_set(
				e, EINVAL, "device = %s: %s", s->device.v[i],
				apart ? "what comes and goes is not for userns in this build; it needs PLUG_USERNS"
				      : "a pattern or name by id cannot have another path inside");
	}
	return 0;
}

static int spec_finish_restart(const struct spec *s, struct err *e)
{
	if (s->task &&
	    (s->restart == SPEC_RESTART_ALWAYS || s->restart == SPEC_RESTART_UNLESS_STOPPED))
		return err_set(e, EINVAL, "restart = %s: a task ends; use on-failure or no",
			       s->restart == SPEC_RESTART_ALWAYS ? "always" : "unless-stopped");
	if (s->restart_delay_max < s->restart_delay)
		return err_set(e, EINVAL, "restart-delay-max: is shorter than restart-delay");
	return 0;
}

static int spec_finish_health(const struct spec *s, struct err *e)
{
	struct health h;

	if (!IS_ENABLED(CONFIG_HEALTH) || !s->health.n)
		return 0;
	if (health_parse(&s->health, &h, e) < 0)
		return err_wrap(e, "health");
	if (h.kind != HEALTH_NONE && s->task)
		return err_set(e, EINVAL, "health: a task ends; it has no health");
	return 0;
}

static int spec_finish_memory(const struct spec *s, struct err *e)
{
	if (s->memory < 128U << 10)
		return err_set(e, EINVAL, "memory: less than 128K cannot hold any program");
	if (s->memory_min != SPEC_UNLIMITED && s->memory_min > s->memory)
		return err_set(e, EINVAL, "memory-min: is more than memory");
	if (s->memory_low != SPEC_UNLIMITED && s->memory_low > s->memory)
		return err_set(e, EINVAL, "memory-low: is more than memory");
	return 0;
}

static int spec_finish_log_driver(const struct spec *s, const char *key, const char *name,
				  struct err *e)
{
	const struct log_args a = { .name = s->name, .server = s->log_server };

	for (DRIVER_EACH(log, d)) {
		if (strcmp((*d)->name, name) != 0)
			continue;
		return IS_ENABLED(CONFIG_LOG_SENT) && (*d)->check && (*d)->check(&a, e) < 0
			       ? err_wrap(e, name)
			       : 0;
	}
	return err_set(e, ENOTSUP, "%s = %s: not in this build; see myctr features", key, name);
}

static int spec_finish_log(const struct spec *s, struct err *e)
{
	int r;

	if (s->log_size < FINISH_LOG_MIN || s->log_size > FINISH_LOG_MAX)
		return err_set(e, EINVAL, "log-size: expected 4K to 1G");
	if (s->crash_log > FINISH_CRASH_MAX)
		return err_set(e, EINVAL, "crash-log: expected at most 64K");
	if (DRIVER_NONE(log))
		return 0;
	for (unsigned int i = 0; IS_ENABLED(CONFIG_LOG_SENT) && i < s->log_also.n; i++)
		if (strcmp(s->log_also.v[i], s->log) == 0)
			return err_set(e, EINVAL, "log-also = %s: log is that already", s->log);
	r = spec_finish_log_driver(s, "log", s->log, e);
	for (unsigned int i = 0; r >= 0 && IS_ENABLED(CONFIG_LOG_SENT) && i < s->log_also.n; i++)
		r = spec_finish_log_driver(s, "log-also", s->log_also.v[i], e);
	return r;
}

static int spec_finish_drivers(const struct spec *s, struct err *e)
{
	bool found = DRIVER_NONE(storage);

	for (DRIVER_EACH(storage, d))
		found |= (*d)->kind == s->storage;
	if (!found)
		return err_set(e, ENOTSUP, "storage = %s: not in this build; see myctr features",
			       spec_field("storage")->words[s->storage]);
	for (unsigned int i = 0; i < s->network.n; i++) {
		uint64_t kind = net_kind_of(s->network.v[i]);

		/* What a name of a [network] stands for is known when it starts. */
		found = DRIVER_NONE(net) || (IS_ENABLED(CONFIG_NETWORK) && kind == NET_N_KINDS);
		for (DRIVER_EACH(net, d))
			found |= (*d)->kind == kind;
		if (!found)
			return err_set(e, ENOTSUP,
				       "network = %s: not in this build; see myctr features",
				       s->network.v[i]);
	}
	return 0;
}

/* What is published must have somewhere to go, and no port twice. */
static int spec_finish_ports(const struct spec *s, struct err *e)
{
	bool own = false;

	if (!IS_ENABLED(CONFIG_NET_PORTS) || !s->publish.n)
		return 0;
	for (unsigned int i = 0; i < s->network.n; i++) {
		if (strcmp(s->network.v[i], "host") == 0)
			return err_set(
				e, EINVAL,
				"publish: with network = host its ports are the device's; leave it out");
		own |= strcmp(s->network.v[i], "none") != 0;
	}
	if (!own)
		return err_set(e, EINVAL,
			       "publish: nothing can reach a container with network = none");
	return port_check_list(&s->publish, NULL, e);
}

int spec_finish(struct spec *s, struct err *e)
{
	int r = spec_finish_names(s, e);

	if (r >= 0)
		r = spec_finish_storage(s);
	if (r < 0 || !SPEC_FOREIGN)
		return r < 0 ? r : 0;
	r = spec_finish_parts(s, e);
	if (r >= 0 && IS_ENABLED(CONFIG_UEVENT))
		r = spec_finish_devices(s, e);
	if (r >= 0)
		r = spec_finish_restart(s, e);
	if (r >= 0)
		r = spec_finish_health(s, e);
	if (r >= 0)
		r = spec_finish_memory(s, e);
	if (r >= 0)
		r = spec_finish_log(s, e);
	if (r >= 0)
		r = spec_finish_drivers(s, e);
	if (r >= 0)
		r = spec_finish_ports(s, e);
	if (r >= 0)
		r = sysctl_check(s, e);
	return r < 0 ? r : 0;
}
