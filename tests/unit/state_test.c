// SPDX-License-Identifier: GPL-2.0-or-later
/* What is remembered comes back, and whatever is damaged does not. */
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

#include "policy_help.h"
#include "state_help.h"

/* Files of a policy; the first is the policy */
struct file {
	const char *name, *text;
};

#define MAX_FILES 5

static const struct policy_case {
	const char *name;
	struct file files[MAX_FILES];
	size_t kept;		/* files of the bundle */
} policies[] = {
	{ "one file", { { "p.ini", "[allow a]\ntcp = 22\n" } }, 1 },
	{ "services", { { "p.ini", "[allow a]\ntcp = http, ssh\n" } }, 1 },
	{ "include and list", {
		{ "p.ini", "[policy]\ninclude = sub/x.ini\n" },
		{ "sub/x.ini", "[allow a]\ntcp = 1\nfrom = file:../l\n" },
		{ "l", "192.0.2.1\n2001:db8::/32\n" } }, 3 },
	{ "a glob", {
		{ "p.ini", "[policy]\ninclude = d/*.ini\n[allow a]\ntcp = 1\n" },
		{ "d/b.ini", "[allow b]\ntcp = 2\n" },
		{ "d/a.ini", "[allow c]\ntcp = 3\n" },
		{ "d/.hidden.ini", "[allow d]\ntcp = 4\n" } }, 3 },
	{ "a glob that matches nothing", {
		{ "p.ini", "[policy]\ninclude = none/*.ini\n[allow a]\ntcp = 1\n" }
		}, 1 },
	{ "a glob over directories, in a name with signs", {
		{ "o[d]d*/p.ini", "[policy]\ninclude = ?/[xy].ini\n"
		  "[allow a]\ntcp = 1\n" },
		{ "o[d]d*/e/x.ini", "[allow b]\ntcp = 2\nfrom = file:../../l\n" },
		{ "o[d]d*/f/y.ini", "[allow c]\ntcp = 3\n" },
		{ "l", "192.0.2.0-192.0.2.9" } }, 4 },
	{ "names that are no text", {
		{ "\xff%41\n.ini", "[allow a]\ntcp = 1\nfrom = file:l\n" },
		{ "l", "" } }, 2 },
	{ "one file by two names", {
		{ "p.ini", "[allow a]\ntcp = 1\nfrom = file:l, file:./l\n" },
		{ "l", "192.0.2.1\n" } }, 3 },
};

static void put_files(const struct place *place, const struct file *files)
{
	for (size_t i = 0; i < MAX_FILES && files[i].name; i++)
		place_put(place, files[i].name, files[i].text);
}

static void remove_files(const struct place *place, const struct file *files)
{
	for (size_t i = 0; i < MAX_FILES && files[i].name; i++)
		unlink(place_path(place, files[i].name));
}

static void check_applied(struct place *place, const uint8_t want[32])
{
	uint8_t got[32];

	assert_int_equal(replay(place, got), 0);
	assert_memory_equal(got, want, sizeof(got));
}

static struct place *begin(void)
{
	void *place;

	assert_int_equal(place_make(&place), 0);
	return place;
}

static void end(struct place *place)
{
	void *state = place;

	place_remove(&state);
}

/* The files are gone when the policy is read again */
static void comes_back(void **state)
{
	const struct policy_case *tc = *state;
	struct place *place = begin();
	struct kept kept = { 0 };

	put_files(place, tc->files);
	keep(place, place_path(place, tc->files[0].name), &kept);
	assert_int_equal(kept.bundle->num_files, tc->kept);
	assert_int_equal(pw_bundle_compare(kept.bundle), 0);
	remove_files(place, tc->files);
	place_reopen(place);
	check_applied(place, kept.model->digest);
	kept_clear(&kept);
	end(place);
}

#define MAX_TESTS 64

static struct CMUnitTest tests[MAX_TESTS];
static size_t num_tests;

static void add(const char *name, CMUnitTestFunction run, const void *row)
{
	union { const void *c; void *v; } cast = { row };

	assert_true(num_tests < MAX_TESTS);
	tests[num_tests++] = (struct CMUnitTest){ name, run, NULL, NULL,
						  cast.v };
}

int main(void)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(policies); i++)
		add(policies[i].name, comes_back, &policies[i]);
	return _cmocka_run_group_tests("state", tests, num_tests, NULL, NULL);
}
