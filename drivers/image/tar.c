/* SPDX-License-Identifier: MIT */
/*
 * Tar images, plain or under a codec: unpacked once into the store by content, then bound
 * read-only. Runs in launchers. A second start of the same file finds its tree by the file's
 * identity and reads nothing.
 */
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/tar.h"
#include "drivers/image/trees.h"

static bool tar_match(const struct image *img)
{
	if (!S_ISREG(img->st.st_mode))
		return false;
	return codec_find(img->head, img->head_len) ||
	       (img->head_len >= TAR_BLOCK && !tar_is_zero(img->head) &&
		tar_checksum_ok(img->head));
}

/* SHA-256 of the whole file, read beside anybody else who reads it. */
static int tar_hash(int fd, uint8_t out[32])
{
	struct hash_sha256 s;
	uint8_t buf[32 << 10];
	off_t at = 0;
	ssize_t n;

	hash_sha256_init(&s);
	while ((n = pread(fd, buf, sizeof(buf), at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		hash_sha256_add(&s, buf, (size_t)n);
		at += n;
	}
	hash_sha256_end(&s, out);
	return 0;
}

/*
 * The hash is made by a child meanwhile: on two processors it costs no time. Returns its pid, 0
 * without one.
 */
static pid_t tar_hash_start(int image, int *result)
{
	pid_t maker = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	pid = fork();
	if (pid == 0) {
		uint8_t sum[32];

		/* it has our lock on the folder, too: the lock must not outlive us */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() != maker || tar_hash(image, sum) < 0 ||
		      fd_write(ends[1], sum, sizeof(sum)) < 0);
	}
	close(ends[1]);
	*result = ends[0];
	return pid < 0 ? 0 : pid;
}

static int tar_hash_finish(int image, pid_t pid, int result, char key[TREES_KEY])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[32];
	int r = 0;

	if (pid == 0 || fd_read(result, sum, sizeof(sum)) != sizeof(sum))
		r = tar_hash(image, sum);
	while (pid && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < 32; i++) {
		key[2 * i] = digits[sum[i] >> 4];
		key[2 * i + 1] = digits[sum[i] & 15];
	}
	key[64] = '\0';
	return r;
}

static int tar_check_space(const struct image *img, int store, struct err *e)
{
	char need[16], have[16];
	struct statfs fs;
	uint64_t room, size = (uint64_t)img->st.st_size;

	if (fstatfs(store, &fs) < 0)
		return 0;
	room = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
	/* Compressed files need more still; that shows while unpacking. */
	if (room >= size)
		return 0;
	return err_set(e, ENOSPC, "unpacking needs %s%s in %s, where %s are free",
		       codec_find(img->head, img->head_len) ? "more than " : "",
		       str_of_size(size, need, sizeof(need)), img->store,
		       str_of_size(room, have, sizeof(have)));
}

static void tar_note(struct image *img, const struct tar_report *report)
{
	if (report->owners)
		str_format(img->note, sizeof(img->note),
			   "%u files got the owner root, as you have too few ids; see myctr check",
			   report->owners);
	else if (report->devices || report->xattrs)
		str_format(img->note, sizeof(img->note),
			   "left out %u device nodes and %u attributes", report->devices,
			   report->xattrs);
}

/* What a packed file may unpack to. */
static uint64_t tar_most_bytes(const struct image *img)
{
	return min_u64((uint64_t)CONFIG_IMAGE_TAR_MAX_MIB << 20,
		       (uint64_t)img->st.st_size * CONFIG_IMAGE_TAR_MAX_RATIO);
}

struct stream *tar_stream(const struct image *img, struct err *e)
{
	const struct codec_driver *codec = codec_find(img->head, img->head_len);
	struct stream *in;

	if (lseek(img->fd, 0, SEEK_SET) < 0) {
		err_sys(e, errno, "cannot rewind");
		return NULL;
	}
	in = stream_of_fd(img->fd, img->path, e);
	if (in && codec)
		in = codec->decode(in, e);
	/* What is not kept counts here: padding, headers, entries of other programs. */
	if (in && codec)
		in = stream_limited(in,
				    tar_most_bytes(img) +
					    (uint64_t)CONFIG_IMAGE_TAR_MAX_ENTRIES * 3 * TAR_BLOCK,
				    e);
	return in;
}

static int tar_unpack_image(struct image *img, int tree, struct err *e)
{
	const struct codec_driver *codec = codec_find(img->head, img->head_len);
	struct tar_limits limits = {
		.entries = CONFIG_IMAGE_TAR_MAX_ENTRIES,
		.depth = CONFIG_IMAGE_TAR_MAX_DEPTH,
		.bytes = (uint64_t)CONFIG_IMAGE_TAR_MAX_MIB << 20,
		.own = img->own,
		.uid = img->uid,
		.gid = img->gid,
	};
	struct tar_report report;
	struct stream *in;
	int r;

	if (codec)
		limits.bytes = tar_most_bytes(img);
	in = tar_stream(img, e);
	if (!in)
		return -ENOMEM;
	r = tar_unpack(in, tree, &limits, &report, e);
	tar_note(img, &report);
	return r;
}

/* Is there one entry at least? A compressed file need not be an archive. */
static bool tar_is_archive(const struct image *img)
{
	struct stream *in = tar_stream(img, NULL);
	struct tar_reader *r = in ? tar_open(in, NULL) : NULL;
	bool is = r && tar_next(r, NULL) > 0;

	if (r)
		tar_close(r);
	return is;
}

static int tar_unpack_over(struct image *img, int root, struct err *e)
{
	int r;

	if (!tar_is_archive(img))
		return 0;
	r = tar_unpack_image(img, root, e);
	return r < 0 ? r : 1;
}

/* The tree would be remembered as this file's for ever, so it must not have changed under us. */
static int tar_check_same(const struct image *img, struct err *e)
{
	struct stat now;

	if (fstat(img->fd, &now) < 0)
		return err_sys(e, errno, "cannot look at");
	if (now.st_size == img->st.st_size &&
	    memcmp(&now.st_mtim, &img->st.st_mtim, sizeof(now.st_mtim)) == 0 &&
	    memcmp(&now.st_ctim, &img->st.st_ctim, sizeof(now.st_ctim)) == 0)
		return 0;
	return err_set(e, ESTALE, "changed while it was unpacked; start again when it is complete");
}

static int tar_unpack_and_hash(struct image *img, int tree, char key[TREES_KEY], struct err *e)
{
	AUTO_FD int result = -1;
	pid_t hasher = tar_hash_start(img->fd, &result);
	int r = tar_unpack_image(img, tree, e);
	int hashed;

	if (r < 0 && hasher)
		kill(hasher, SIGKILL);
	if (r < 0) {
		while (hasher && waitpid(hasher, NULL, 0) < 0 && errno == EINTR)
			;
		return r;
	}
	hashed = tar_hash_finish(img->fd, hasher, result, key);
	return hashed < 0 ? err_sys(e, hashed, "cannot read") : tar_check_same(img, e);
}

static int tar_unpack_into_store(struct image *img, struct trees *t, struct err *e)
{
	AUTO_FD int tree = -1;
	char key[TREES_KEY];
	int end, r = tar_check_space(img, t->store, e);

	if (r == 0)
		r = trees_begin(t, &tree, e);
	if (r)
		return r < 0 ? r : 0;
	r = tar_unpack_and_hash(img, tree, key, e);
	fd_close(&tree);
	end = trees_end(t, r < 0 ? NULL : key, e);
	return r < 0 ? r : end;
}

static int tar_prepare_tree(struct image *img, struct trees *t, struct err *e)
{
	int r;

	img->tree = trees_find(t);
	if (img->tree >= 0)
		return 0;
	r = tar_unpack_into_store(img, t, e);
	if (r < 0)
		return r;
	img->tree = trees_find(t);
	return img->tree < 0
		       ? err_sys(e, img->tree, "cannot find the unpacked image in %s", img->store)
		       : 0;
}

static int tar_prepare(struct image *img, struct err *e)
{
	struct trees t;
	int r = trees_open(&t, img->store, &img->st, e);

	if (r < 0)
		return r;
	if (img->holds && flock(t.store, LOCK_SH) < 0)
		r = err_sys(e, errno, "cannot lock %s", img->store);
	if (r == 0)
		r = tar_prepare_tree(img, &t, e);
	if (r == 0 && img->holds)
		img->hold = fd_take(&t.store);
	trees_close(&t);
	return r < 0 ? err_wrap(e, path_base(img->path)) : 0;
}

DRIVER(image, tar) = {
	.name = "tar",
	.about = "tar archives, plain or compressed, unpacked once into the store",
	.match = tar_match,
	.prepare = tar_prepare,
	.check = tar_check,
	.unpack = tar_unpack_over,
	.attach = image_bind,
};
