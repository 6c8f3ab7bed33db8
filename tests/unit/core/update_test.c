// SPDX-License-Identifier: MIT
/* Updates: what the records say between any two writes, and which image a container gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/paths.h"
#include "core/update.h"

#define OLD "1111111111111111111111111111111111111111111111111111111111111111"
#define NEW "abababababababababababababababababababababababababababababababab"

static char dir[64], path[80];
static struct state disk;

static int setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/update_test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state", dir);
	setenv("MYCTR_DATA", dir, 1);
	paths_init(&e);
	return state_open(&disk, path, 64, true, false, &e);
}

static int teardown(void **state)
{
	(void)state;
	state_close(&disk);
	unlink(path);
	return rmdir(dir);
}

static struct spec *made(const char *name, const char *image)
{
	struct spec *s = spec_new();
	struct err e = { 0 };

	assert_non_null(s);
	s->name = name;
	assert_int_equal(spec_set(s, spec_field("image"), image, &e), 0);
	assert_int_equal(spec_set(s, spec_field("command"), "/run", &e), 0);
	assert_int_equal(spec_finish(s, &e), 0);
	return s;
}

/* What a container called name would run from. */
static const char *runs(const char *name, const char *image)
{
	static char text[80];
	struct spec *s = made(name, image), *other = NULL;
	struct err e = { 0 };

	assert_int_equal(update_apply(s, &other, &e), 0);
	snprintf(text, sizeof(text), "%s", other ? other->image : s->image);
	if (other)
		assert_string_equal(other->image_id, other->image + 7);
	spec_free(other);
	spec_free(s);
	return text;
}

static void put(const struct update_slots *u)
{
	struct err e = { 0 };

	assert_int_equal(update_put(&disk, u, &e), 0);
}

static void put_txn(struct update_txn *t, unsigned int state)
{
	struct err e = { 0 };

	t->state = (uint8_t)state;
	assert_int_equal(update_txn_put(&disk, t, &e), 0);
}

static struct update_slots prepared(const char *name, uint32_t txn)
{
	struct spec *s = made(name, "base.sqfs");
	struct update_slots u;

	assert_int_equal(update_get(&disk, s, &u), 1);
	u.slot[1] = (struct update_slot){ .state = UPDATE_GOOD, .id = NEW, .version = 7 };
	u.txn = txn;
	spec_free(s);
	return u;
}

static void test_every_step_of_a_change(void **state)
{
	struct update_slots web = prepared("web", 5), db = prepared("db", 5);
	struct update_txn t = { .number = 5, .trial = 1000 };

	(void)state;
	assert_string_equal(runs("web", "base.sqfs"), "base.sqfs");
	put(&web);
	assert_string_equal(runs("web", "base.sqfs"), "base.sqfs");
	put(&db);
	assert_string_equal(runs("db", "base.sqfs"), "base.sqfs");
	put_txn(&t, UPDATE_TRIAL);
	assert_string_equal(runs("web", "base.sqfs"), "sha256:" NEW);
	assert_string_equal(runs("db", "base.sqfs"), "sha256:" NEW);
	put_txn(&t, UPDATE_DONE);
	update_fold(&web, &t, 99);
	put(&web);
	assert_string_equal(runs("web", "base.sqfs"), "sha256:" NEW);
	assert_string_equal(runs("db", "base.sqfs"), "sha256:" NEW);
	update_fold(&db, &t, 99);
	put(&db);
	update_txn_drop(&disk, 5);
	assert_string_equal(runs("web", "base.sqfs"), "sha256:" NEW);
	assert_string_equal(runs("db", "base.sqfs"), "sha256:" NEW);
	assert_int_equal(web.floor, 7);
	assert_int_equal(web.result, UPDATE_KEPT);
	assert_int_equal(web.last, 5);
}

static void test_a_change_that_is_undone(void **state)
{
	struct update_slots web = prepared("web", 5);
	struct update_txn t = { .number = 5, .result = UPDATE_BOOTS };

	(void)state;
	put(&web);
	put_txn(&t, UPDATE_TRIAL);
	put_txn(&t, UPDATE_UNDONE);
	assert_string_equal(runs("web", "base.sqfs"), "base.sqfs");
	update_fold(&web, &t, 99);
	put(&web);
	update_txn_drop(&disk, 5);
	assert_string_equal(runs("web", "base.sqfs"), "base.sqfs");
	assert_int_equal(web.slot[1].state, UPDATE_BAD);
	assert_int_equal(web.floor, 0);
	assert_int_equal(web.result, UPDATE_BOOTS);
}

static void test_another_image_in_the_manifest(void **state)
{
	struct update_slots web = prepared("web", 0), got;
	struct spec *s = made("web", "next.sqfs");

	(void)state;
	web.active = 1;
	web.floor = 7;
	put(&web);
	assert_string_equal(runs("web", "base.sqfs"), "sha256:" NEW);
	assert_string_equal(runs("web", "next.sqfs"), "next.sqfs");
	assert_int_equal(update_get(&disk, s, &got), 1);
	assert_int_equal(got.floor, 7);
	spec_free(s);
}

static void test_records_come_back(void **state)
{
	struct update_slots web = prepared("web", 0x89abcdef), got;
	struct update_txn t = { .number = 0x89abcdef,
				.boots = 3,
				.result = 2,
				.trial = 1ULL << 40,
				.boot = ~0ULL },
			  back;

	(void)state;
	web.slot[0] = (struct update_slot){
		.state = UPDATE_GOOD, .id = OLD, .verity = NEW, .version = ~0ULL
	};
	web.active = 1;
	web.result = 4;
	web.floor = ~0ULL;
	web.when = 1ULL << 63;
	web.last = ~0U;
	put(&web);
	assert_int_equal(update_find(&disk, "web", &got), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(got.slot[i].state, web.slot[i].state);
		assert_string_equal(got.slot[i].id, web.slot[i].id);
		assert_string_equal(got.slot[i].verity, web.slot[i].verity);
		assert_int_equal(got.slot[i].version, web.slot[i].version);
	}
	assert_int_equal(got.active, 1);
	assert_int_equal(got.result, 4);
	assert_int_equal(got.txn, 0x89abcdef);
	assert_int_equal(got.base, web.base);
	assert_true(got.floor == web.floor && got.when == web.when && got.last == web.last);
	put_txn(&t, UPDATE_TRIAL);
	assert_int_equal(update_txn_get(&disk, 0x89abcdef, &back), 0);
	assert_true(back.number == t.number && back.state == UPDATE_TRIAL && back.boots == 3);
	assert_true(back.result == 2 && back.trial == t.trial && back.boot == t.boot);
	assert_int_equal(update_find(&disk, "89abcdef", &got), -ENOENT);
	assert_true(update_uses(OLD, NULL));
	assert_false(update_uses("00", NULL));
}

static void test_items(void **state)
{
	struct update_item in = { .name = "web", .id = NEW, .verity = OLD, .version = 1ULL << 50 },
			   out;
	uint8_t buf[UPDATE_ITEM];

	(void)state;
	update_item_encode(buf, &in);
	assert_int_equal(update_item_decode(buf, &out), 0);
	assert_string_equal(out.name, in.name);
	assert_string_equal(out.id, in.id);
	assert_string_equal(out.verity, in.verity);
	assert_int_equal(out.version, in.version);
	buf[0] = '/';
	assert_int_equal(update_item_decode(buf, &out), -EINVAL);
	memset(buf, 'a', sizeof(buf));
	assert_int_equal(update_item_decode(buf, &out), -EINVAL);
	memset(buf + 1, 0, sizeof(buf) - 1);
	assert_int_equal(update_item_decode(buf, &out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_step_of_a_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_change_that_is_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_image_in_the_manifest, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_records_come_back, setup, teardown),
		cmocka_unit_test(test_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
