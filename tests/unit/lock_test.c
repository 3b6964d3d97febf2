// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock: who waits, who is refused, and where it may lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/lock.h"

struct place {
	char root[32];
	char run[64], lock[80];
	struct pw_diags *diags;
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->root, "/tmp/pw-lock-XXXXXX");
	if (!mkdtemp(p->root))
		return -1;
	snprintf(p->run, sizeof(p->run), "%s/run", p->root);
	snprintf(p->lock, sizeof(p->lock), "%s/lock", p->run);
	p->diags = pw_diags_new();
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	unlink(p->lock);
	rmdir(p->run);
	unlink(p->run);
	rmdir(p->root);
	pw_diags_free(p->diags);
	free(p);
	return 0;
}

static int take(const struct place *p, struct pw_lock **out)
{
	return pw_lock_take(p->run, 0, out, p->diags);
}

static void makes_what_is_missing(void **state)
{
	struct place *p = *state;
	pw_owned(pw_lock_free) struct pw_lock *lock = NULL;
	struct stat st;

	assert_int_equal(take(p, &lock), 0);
	assert_int_equal(stat(p->run, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(p->lock, &st), 0);
	assert_int_equal(st.st_mode & 07777 & ~0600u, 0);
}

static void second_is_refused_and_told_who(void **state)
{
	struct place *p = *state;
	pw_owned(pw_lock_free) struct pw_lock *first = NULL, *second = NULL;
	char holder[32];

	snprintf(holder, sizeof(holder), "process %u", (unsigned int)getpid());
	assert_int_equal(take(p, &first), 0);
	assert_int_equal(take(p, &second), -EBUSY);
	assert_null(second);
	assert_int_equal(pw_diags_kept(p->diags), 1);
	assert_non_null(strstr(pw_diags_get(p->diags, 0)->hint, holder));
}

static void next_takes_what_was_let_go(void **state)
{
	struct place *p = *state;
	pw_owned(pw_lock_free) struct pw_lock *second = NULL;
	struct pw_lock *first = NULL;

	assert_int_equal(take(p, &first), 0);
	pw_lock_free(first);
	assert_int_equal(access(p->lock, F_OK), 0);
	assert_int_equal(take(p, &second), 0);
	assert_int_equal(pw_diags_kept(p->diags), 0);
}

static void directory_of_others_is_refused(void **state)
{
	static const mode_t modes[] = { 0720, 0702, 0777, 01777 };
	struct place *p = *state;
	pw_owned(pw_lock_free) struct pw_lock *lock = NULL;

	assert_int_equal(mkdir(p->run, 0700), 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(p->run, modes[i]), 0);
		assert_int_equal(take(p, &lock), -EPERM);
	}
	assert_int_equal(access(p->lock, F_OK), -1);
	assert_int_equal(chmod(p->run, 0755), 0);
	assert_int_equal(take(p, &lock), 0);
}

static void links_are_refused(void **state)
{
	struct place *p = *state;
	pw_owned(pw_lock_free) struct pw_lock *lock = NULL;

	assert_int_equal(symlink(p->root, p->run), 0);
	assert_true(take(p, &lock) < 0);
	assert_int_equal(unlink(p->run), 0);
	assert_int_equal(mkdir(p->run, 0700), 0);
	assert_int_equal(symlink("elsewhere", p->lock), 0);
	assert_int_equal(take(p, &lock), -ELOOP);
	assert_null(lock);
}

static void parent_is_not_made(void **state)
{
	struct place *p = *state;
	pw_owned(pw_lock_free) struct pw_lock *lock = NULL;
	char deep[96];

	snprintf(deep, sizeof(deep), "%s/deep", p->run);
	assert_int_equal(pw_lock_take(deep, 0, &lock, p->diags), -ENOENT);
	assert_int_equal(access(p->run, F_OK), -1);
}

#define IN_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(makes_what_is_missing),
		IN_PLACE(second_is_refused_and_told_who),
		IN_PLACE(next_takes_what_was_let_go),
		IN_PLACE(directory_of_others_is_refused),
		IN_PLACE(links_are_refused),
		IN_PLACE(parent_is_not_made),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
