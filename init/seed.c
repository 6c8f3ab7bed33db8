// SPDX-License-Identifier: MIT
/*
 * The random seed: what one boot leaves for the next in <data>/seed. Read, replaced, then mixed in as the device
 * boots, and replaced once more at the end. It counts as entropy only when it is certain that no other boot has
 * used it, so after its successor is on the disk for good, and when it came from a pool that was ready. Never
 * waits for entropy. Source: random(4), RNDADDENTROPY.
 *
 * The file: 7 bytes "myseed1", 1 byte: 1 when it may count, 32 bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/paths.h"
#include "init/boot.h"
#include "init/sup.h"

#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif
#define SEED_BYTES 32

struct seed {
	char magic[7];
	uint8_t counts;
	uint8_t bytes[SEED_BYTES];
};
_Static_assert(sizeof(struct seed) == 40, "the file has no padding");

static const char seed_magic[7] = { 'm', 'y', 's', 'e', 'e', 'd', '1' };

static bool seed_read(const char *path, struct seed *s)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       fd_read(fd, s, sizeof(*s)) == sizeof(*s) &&
	       memcmp(s->magic, seed_magic, sizeof(seed_magic)) == 0;
}

/*
 * The next seed: a hash of the last one (NULL: none), of the pool as it is, and of the time, so that it is as good as
 * the better of the two.
 */
static void seed_make(struct seed *next, const struct seed *last)
{
	struct {
		struct seed last;
		uint8_t pool[SEED_BYTES];
		uint64_t now[2];
	} mix = { .now = { stamp_now(), event_now() } };
	struct hash_sha256 hash;
	bool ready = getrandom(mix.pool, sizeof(mix.pool), GRND_NONBLOCK) == sizeof(mix.pool);

	if (!ready && getrandom(mix.pool, sizeof(mix.pool), GRND_INSECURE) < 0)
		memset(mix.pool, 0, sizeof(mix.pool));
	if (last)
		mix.last = *last;
	memcpy(next->magic, seed_magic, sizeof(seed_magic));
	next->counts = ready || (last && last->counts);
	hash_sha256_init(&hash);
	hash_sha256_add(&hash, &mix, sizeof(mix));
	hash_sha256_end(&hash, next->bytes);
	explicit_bzero(&mix, sizeof(mix));
}

static void seed_mix(const struct seed *s, bool counts)
{
	/* struct rand_pool_info with its buffer */
	struct {
		int entropy_count, buf_size;
		uint8_t bytes[SEED_BYTES];
	} add = { .entropy_count = 8 * SEED_BYTES, .buf_size = SEED_BYTES };
	AUTO_FD int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	memcpy(add.bytes, s->bytes, SEED_BYTES);
	if (fd >= 0 && (!counts || ioctl(fd, RNDADDENTROPY, &add) < 0))
		fd_write(fd, s->bytes, SEED_BYTES);
	explicit_bzero(&add, sizeof(add));
}

static int seed_path(char path[PATHS_MAX])
{
	return paths_join(path, paths.data, "seed", NULL);
}

void seed_boot(const struct system_spec *y)
{
	struct seed last, next;
	char path[PATHS_MAX];
	bool found;
	int r;

	if (seed_path(path) < 0 || path_mkdirs(paths.data, 0755) < 0)
		return;
	found = seed_read(path, &last);
	seed_make(&next, found ? &last : NULL);
	r = fd_replace(AT_FDCWD, path, &next, sizeof(next), 0600, true);
	if (r < 0)
		sup_say("seed", "cannot be replaced, so it does not count: %s", err_text(-r));
	if (found)
		seed_mix(&last, r >= 0 && last.counts == 1 && y->seed_credit == SEED_CREDIT_YES);
	explicit_bzero(&last, sizeof(last));
	explicit_bzero(&next, sizeof(next));
}

/* What is there already is a good seed, too: a disk that cannot be written to loses nothing. */
void seed_end(void)
{
	char path[PATHS_MAX];
	struct seed next;

	if (seed_path(path) < 0)
		return;
	seed_make(&next, NULL);
	if (next.counts)
		fd_replace(AT_FDCWD, path, &next, sizeof(next), 0600, true);
	explicit_bzero(&next, sizeof(next));
}
