// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory runs out at each allocation in turn: nothing crashes, nothing leaks,
 * what is returned is -ENOMEM or what it would have been, and a result that is
 * given is the right one.
 *
 * The allocator is replaced in this program alone. As strdup(), asprintf() and
 * streams of the C library ask it too, they fail as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomem.h"

/* glibc's own, and that of the address sanitizer, by their other names */
#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t len);
void *REAL(calloc)(size_t num, size_t len);
void *REAL(realloc)(void *p, size_t len);
void REAL(free)(void *p);

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 50
#define COUNTS_BLOCKS false	/* it has a strdup() of its own, and LSan */
#else
#define ROUNDS 250
#define COUNTS_BLOCKS true
#endif

/* Tables that grow are few and large: each of them fails, however many come */
#define LARGE 2048
#define LARGE_MAX 64

static struct {
	bool counts;		/* allocations are counted, and may fail */
	bool from_there;	/* not only that one fails, but all after it */
	size_t num;
	size_t fail_at;		/* 1 is the next, 0 none */
	long live;		/* blocks that were not given back */
	size_t num_large, large[LARGE_MAX];	/* of a run that failed none */
} memory;

static bool refuses(size_t len)
{
	if (!memory.counts)
		return false;
	memory.num++;
	if (!memory.fail_at && len >= LARGE && memory.num_large < LARGE_MAX)
		memory.large[memory.num_large++] = memory.num;
	if (memory.num == memory.fail_at ||
	    (memory.from_there && memory.num > memory.fail_at)) {
		errno = ENOMEM;
		return true;
	}
	return false;
}

static void *got(void *p)
{
	memory.live += p != NULL;
	return p;
}

void *malloc(size_t len)
{
	return refuses(len) ? NULL : got(REAL(malloc)(len));
}

void *calloc(size_t num, size_t len)
{
	return refuses(num * len) ? NULL : got(REAL(calloc)(num, len));
}

void *realloc(void *p, size_t len)
{
	if (refuses(len))
		return NULL;
	return p ? REAL(realloc)(p, len) : got(REAL(malloc)(len));
}

void free(void *p)
{
	memory.live -= p != NULL;
	REAL(free)(p);
}

/*
 * glob() of glibc 2.36 frees twice what it found when it has no memory for the
 * next name: it fails as a whole here, not inside.
 */
int glob(const char *pattern, int flags,
	 int (*on_error)(const char *path, int err), glob_t *found)
{
	int (*real)(const char *, int, int (*)(const char *, int), glob_t *);
	bool counts = memory.counts;
	int err;

	if (refuses(0))
		return GLOB_NOSPACE;
	memory.counts = false;
	real = dlsym(RTLD_NEXT, "glob");
	err = real ? real(pattern, flags, on_error, found) : GLOB_ABORTED;
	memory.counts = counts;
	return err;
}

/* Runs it with the @at-th allocation failed; was there such a one? */
static bool starve(const struct hungry *thing, size_t at, bool from_there,
		   int *err, char **result, long *left)
{
	long live = memory.live;

	*result = NULL;
	memory.num = 0;
	if (!at)
		memory.num_large = 0;
	memory.fail_at = at;
	memory.from_there = from_there;
	memory.counts = true;
	*err = thing->work(thing->arg, result);
	memory.counts = false;
	*left = COUNTS_BLOCKS ? memory.live - live - (*result != NULL) : 0;
	return memory.num >= at;
}

static void check(const struct hungry *thing, size_t at, int err,
		  const char *result, long left, const char *want)
{
	if (left)
		fail_msg("%s, allocation %zu: %ld blocks left behind",
			 thing->name, at, left);
	if (err == -ENOMEM)
		return;
	if (err != thing->fails)
		fail_msg("%s, allocation %zu: %d instead of %d", thing->name,
			 at, err, thing->fails);
	if (!err && strcmp(result, want) != 0)
		fail_msg("%s, allocation %zu: another result:\n%s\n%s",
			 thing->name, at, result, want);
}

/*
 * Fails each, alone and then with all that follow; where there are thousands,
 * the first ones, evenly chosen ones, and large ones. PW_NOMEM_ALL: all of them, some
 * minutes.
 */
static void memory_runs_out(void **state)
{
	const struct hungry *thing = *state;
	size_t rounds = getenv("PW_NOMEM_ALL") ? SIZE_MAX : ROUNDS, num, step;
	char *want, *result;
	long left;
	int err;

	/* what the C library keeps for good, it allocates now */
	starve(thing, 0, false, &err, &want, &left);
	free(want);
	starve(thing, 0, false, &err, &want, &left);
	num = memory.num;
	assert_int_equal(err, thing->fails);
	assert_int_equal(left, 0);
	assert_true(num > 0);
	for (int from_there = 0; from_there < 2; from_there++) {
		step = num / (from_there ? rounds / 4 : rounds) + 1;
		for (size_t at = 1; at <= num; at += at < rounds ? 1 : step) {
			if (!starve(thing, at, from_there, &err, &result,
				    &left))
				break;
			check(thing, at, err, result, left, want);
			free(result);
		}
	}
	for (size_t i = 0; i < memory.num_large; i++) {
		starve(thing, memory.large[i], false, &err, &result, &left);
		check(thing, memory.large[i], err, result, left, want);
		free(result);
	}
	free(want);
}

int run_hungry(const char *group, const struct hungry *things, size_t num)
{
	struct CMUnitTest *tests = calloc(num, sizeof(*tests));
	int failed;

	assert_non_null(tests);
	for (size_t i = 0; i < num; i++) {
		tests[i].name = things[i].name;
		tests[i].test_func = memory_runs_out;
		tests[i].initial_state = (void *)(uintptr_t)&things[i];
	}
	failed = _cmocka_run_group_tests(group, tests, num, NULL, NULL);
	free(tests);
	return failed;
}

int main(void)
{
	return run_hungry_policies() + run_hungry_rules() + run_hungry_sets();
}
