// SPDX-License-Identifier: MIT
/*
 * From "NAME|UID[:GROUP|GID]" to numbers, by the image's own /etc/passwd and /etc/group. Runs on the host
 * before, or inside the container's mount namespace; must never wrap, truncate or guess a number, and never
 * trust what it reads: the files belong to whoever made the image.
 */
#include "core/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

#define ID_MAX 4294967294U /* 4294967295 means "leave it" to the kernel */
#define WORD_MAX 64

#ifdef SYS_setresuid32
enum { SETRESUID = SYS_setresuid32, SETRESGID = SYS_setresgid32, SETGROUPS = SYS_setgroups32 };
#else
enum { SETRESUID = SYS_setresuid, SETRESGID = SYS_setresgid, SETGROUPS = SYS_setgroups };
#endif

/* Part of a file's text; not NUL-terminated. */
struct slice {
	const char *p;
	size_t len;
};

enum { PASSWD_NAME, PASSWD_UID = 2, PASSWD_GID, PASSWD_HOME = 5, PASSWD_FIELDS = 7 };
enum { GROUP_NAME, GROUP_GID = 2, GROUP_MEMBERS, GROUP_FIELDS };

/* One of the two files and the line a pass over it has come to. */
struct table {
	const char *path;
	char *text; /* malloc'd */
	size_t len;
	size_t next;
	unsigned int line;
	struct slice field[PASSWD_FIELDS];
	unsigned int n_fields; /* may be more than are kept */
};

/* Whether passwd knows the user, and by which name. */
struct user {
	struct slice name;
	bool found;
};

static void table_free(struct table *t)
{
	free(t->text);
	t->text = NULL;
}

#define AUTO_TABLE CLEANUP(table_free)

static bool slice_is(struct slice s, const char *word)
{
	return strlen(word) == s.len && memcmp(s.p, word, s.len) == 0;
}

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static int parse_id(const char *word, uint32_t *id)
{
	uint64_t value;

	if (!is_number(word) || str_u64(word, 0, ID_MAX, &value) < 0)
		return -EINVAL;
	*id = (uint32_t)value;
	return 0;
}

static int parse_slice(struct slice s, uint32_t *id)
{
	char digits[16];

	if (s.len >= sizeof(digits) || memchr(s.p, '\0', s.len))
		return -EINVAL;
	memcpy(digits, s.p, s.len);
	digits[s.len] = '\0';
	return parse_id(digits, id);
}

static bool is_name(const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || len >= WORD_MAX || strchr("-+#", *word))
		return false;
	for (const char *p = word; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr(":,/", *p))
			return false;
	return true;
}

static int check_word(const char *what, const char *word, struct err *e)
{
	uint32_t ignored;

	if (is_number(word) ? parse_id(word, &ignored) == 0 : is_name(word))
		return 0;
	return err_set(e, EINVAL, "%s '%.64s': not a name and not a number within 0..%u", what,
		       word, ID_MAX);
}

int ids_check_group(const char *group, struct err *e)
{
	return check_word("group", group, e);
}

/* Splits at the colon; *group is NULL when there is none. */
static int split(const char *text, char user[WORD_MAX], const char **group, struct err *e)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	*group = colon ? colon + 1 : NULL;
	if (len >= WORD_MAX)
		return err_set(e, EINVAL, "user '%.64s': too long", text);
	memcpy(user, text, len);
	user[len] = '\0';
	if (check_word("user", user, e) < 0 || (colon && ids_check_group(*group, e) < 0))
		return -EINVAL;
	return 0;
}

int ids_check(const char *user, struct err *e)
{
	char word[WORD_MAX];
	const char *group;

	return split(user, word, &group, e);
}

/* Opened twice, so that a device or a pipe an image put there is looked at but never opened. */
static int open_regular(int root, const char *path, size_t *size)
{
	AUTO_FD int probe = path_open_beneath(root, path, O_PATH, 0);
	AUTO_FD int fd = -1;
	struct stat before, st;

	if (probe < 0)
		return probe;
	if (fstat(probe, &before) < 0)
		return -errno;
	if (!S_ISREG(before.st_mode))
		return -EINVAL;
	fd = path_open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != before.st_dev || st.st_ino != before.st_ino)
		return -EAGAIN;
	if (st.st_size > (off_t)IDS_FILE_MAX)
		return -EFBIG;
	*size = (size_t)st.st_size;
	return fd_take(&fd);
}

/* An image without the file has an empty table: then only numbers are known. */
static int table_read(struct table *t, int root, const char *path, struct err *e)
{
	AUTO_FD int fd = -1;
	size_t size = 0;
	ssize_t len;

	t->path = path;
	fd = open_regular(root, path, &size);
	if (fd < 0 && fd != -ENOENT)
		return err_sys(e, fd, "%s of the image", path);
	t->text = malloc(size + 1); /* never of size 0, which may be NULL */
	if (!t->text)
		return err_sys(e, ENOMEM, "%s of the image", path);
	len = fd < 0 ? 0 : fd_read(fd, t->text, size);
	if (len < 0)
		return err_sys(e, (int)len, "%s of the image", path);
	t->len = (size_t)len;
	return 0;
}

/* Cuts the next line into fields; false at the end, where the next pass begins again. */
static bool table_next(struct table *t)
{
	const char *p = t->text + t->next, *end = t->text + t->len, *eol, *colon;

	if (t->next >= t->len) {
		t->next = 0;
		t->line = 0;
		return false;
	}
	eol = memchr(p, '\n', (size_t)(end - p));
	if (!eol)
		eol = end;
	for (t->n_fields = 0;; p = colon + 1) {
		colon = memchr(p, ':', (size_t)(eol - p));
		if (t->n_fields < ARRAY_SIZE(t->field))
			t->field[t->n_fields] =
				(struct slice){ p, (size_t)((colon ? colon : eol) - p) };
		t->n_fields++;
		if (!colon)
			break;
	}
	t->next = (size_t)(eol - t->text) + 1;
	t->line++;
	return true;
}

static int bad_line(const struct table *t, struct err *e)
{
	return err_set(e, EINVAL, "%s of the image: line %u is malformed", t->path, t->line);
}

static int table_open(struct table *t, int root, const char *path, struct err *e)
{
	return t->text ? 0 : table_read(t, root, path, e);
}

static void take_home(const struct table *t, struct ids *out)
{
	struct slice home = t->field[PASSWD_HOME];

	if (home.len == 0 || home.p[0] != '/' || home.len >= sizeof(out->home) ||
	    memchr(home.p, '\0', home.len))
		return;
	memcpy(out->home, home.p, home.len);
	out->home[home.len] = '\0';
}

/* Takes uid, gid and home from the line of word; the first that fits counts, and it must be whole. */
static int find_user(struct table *t, const char *word, bool number, struct ids *out,
		     struct user *user, struct err *e)
{
	uint32_t uid = 0, gid;

	while (table_next(t)) {
		bool whole = t->n_fields == PASSWD_FIELDS &&
			     parse_slice(t->field[PASSWD_UID], &uid) == 0;

		if (number ? !whole || uid != out->uid : !slice_is(t->field[PASSWD_NAME], word))
			continue;
		if (!whole || parse_slice(t->field[PASSWD_GID], &gid) < 0)
			return bad_line(t, e);
		out->uid = uid;
		out->gid = gid;
		user->name = t->field[PASSWD_NAME];
		user->found = true;
		take_home(t, out);
		t->next = t->len;
	}
	return 0;
}

static int find_group(struct table *t, const char *name, gid_t *gid, struct err *e)
{
	bool found = false;
	uint32_t id;

	while (table_next(t)) {
		if (!slice_is(t->field[GROUP_NAME], name))
			continue;
		if (t->n_fields != GROUP_FIELDS || parse_slice(t->field[GROUP_GID], &id) < 0)
			return bad_line(t, e);
		*gid = id;
		found = true;
		t->next = t->len;
	}
	return found ? 0 : err_set(e, ENOENT, "group '%s': not in %s of the image", name, t->path);
}

static int add_group(struct ids *out, gid_t gid, struct err *e)
{
	for (unsigned int i = 0; i < out->n_groups; i++)
		if (out->groups[i] == gid)
			return 0;
	if (out->n_groups == IDS_GROUPS_MAX)
		return err_set(e, E2BIG, "user: in more than %d groups", IDS_GROUPS_MAX);
	out->groups[out->n_groups++] = gid;
	return 0;
}

static bool is_member(struct slice members, struct slice name)
{
	const char *p = members.p, *end = members.p + members.len, *comma;

	for (;; p = comma + 1) {
		size_t len;

		comma = memchr(p, ',', (size_t)(end - p));
		len = (size_t)((comma ? comma : end) - p);
		if (len > 0 && len == name.len && memcmp(p, name.p, len) == 0)
			return true;
		if (!comma)
			return false;
	}
}

static int add_memberships(struct table *t, struct slice name, struct ids *out, struct err *e)
{
	uint32_t gid;
	int ret;

	while (table_next(t)) {
		if (t->n_fields != GROUP_FIELDS || !is_member(t->field[GROUP_MEMBERS], name))
			continue;
		if (parse_slice(t->field[GROUP_GID], &gid) < 0)
			return bad_line(t, e);
		ret = add_group(out, gid, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* A group by number needs no file, so an image without /etc/group can still name one. */
static int resolve_group(struct table *t, int root, const char *word, gid_t *gid, struct err *e)
{
	uint32_t id;
	int ret;

	if (check_word("group", word, e) < 0)
		return -EINVAL;
	if (is_number(word)) {
		if (parse_id(word, &id) < 0)
			return -EINVAL;
		*gid = id;
		return 0;
	}
	if (!IS_ENABLED(CONFIG_USER_NAMES))
		return err_set(e, ENOTSUP,
			       "group '%s': names are not in this build; write its number", word);
	ret = table_open(t, root, "/etc/group", e);
	return ret < 0 ? ret : find_group(t, word, gid, e);
}

static int resolve_user(struct table *t, int root, const char *word, struct ids *out,
			struct user *user, struct err *e)
{
	bool number = is_number(word);
	uint32_t uid = 0;
	int ret;

	if (number && parse_id(word, &uid) < 0)
		return -EINVAL;
	out->uid = out->gid = uid;
	if (number && (root < 0 || !IS_ENABLED(CONFIG_USER_NAMES)))
		return 0;
	if (!IS_ENABLED(CONFIG_USER_NAMES))
		return err_set(e, ENOTSUP,
			       "user '%s': names are not in this build; write its number", word);
	ret = table_open(t, root, "/etc/passwd", e);
	if (ret == 0)
		ret = find_user(t, word, number, out, user, e);
	if (ret < 0)
		return ret;
	if (!number && !user->found)
		return err_set(e, ENOENT, "user '%s': not in %s of the image; write its number",
			       word, t->path);
	return 0;
}

static int lookup(int root, const char *text, struct table *passwd, struct table *group,
		  struct ids *out, struct err *e)
{
	struct user user = { .found = false };
	char word[WORD_MAX];
	const char *named;
	int ret;

	if (split(text, word, &named, e) < 0)
		return -EINVAL;
	ret = resolve_user(passwd, root, word, out, &user, e);
	if (ret < 0)
		return ret;
	if (named)
		return resolve_group(group, root, named, &out->gid, e);
	if (!IS_ENABLED(CONFIG_USER_NAMES) || !user.found)
		return 0;
	ret = table_open(group, root, "/etc/group", e);
	return ret < 0 ? ret : add_memberships(group, user.name, out, e);
}

int ids_lookup(int root, const char *user, const struct strv *groups, struct ids *out,
	       struct err *e)
{
	struct table passwd AUTO_TABLE = { .text = NULL };
	struct table group AUTO_TABLE = { .text = NULL };
	int ret = 0;

	memset(out, 0, sizeof(*out));
	if (user && *user)
		ret = lookup(root, user, &passwd, &group, out, e);
	if (ret < 0)
		return ret;
	if (!*out->home)
		str_copy(out->home, sizeof(out->home), out->uid == 0 ? "/root" : "/");
	for (unsigned int i = 0; groups && i < groups->n; i++) {
		gid_t gid = 0;

		ret = resolve_group(&group, root, groups->v[i], &gid, e);
		if (ret == 0)
			ret = add_group(out, gid, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int ids_apply(const struct ids *ids, bool no_setgroups, struct err *e)
{
	/* Raw calls: libc's would first gather its threads, of which there are none here. */
	if (!no_setgroups && syscall(SETGROUPS, (size_t)ids->n_groups, ids->groups) < 0)
		return err_sys(e, errno, "user: setting %u supplementary groups", ids->n_groups);
	if (no_setgroups && ids->n_groups)
		return err_set(e, EPERM,
			       "user: supplementary groups are denied to who has only his own id; "
			       "see myctr check");
	if (syscall(SETRESGID, ids->gid, ids->gid, ids->gid) < 0)
		return err_sys(e, errno, "user: becoming group %u", ids->gid);
	if (syscall(SETRESUID, ids->uid, ids->uid, ids->uid) < 0)
		return err_sys(e, errno, "user: becoming user %u", ids->uid);
	return 0;
}
