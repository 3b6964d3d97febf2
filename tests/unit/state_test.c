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
#include <time.h>
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

static uint32_t newest_entry(struct place *place, size_t *num)
{
	uint32_t *entries, newest;

	assert_int_equal(pw_state_history(place->state, &entries, num,
					  place->diags), 0);
	newest = *num ? entries[0] : 0;
	for (size_t i = 1; i < *num; i++)
		assert_int_equal(entries[i], entries[i - 1] - 1);
	free(entries);
	return newest;
}

/* One list for all, and a policy for each */
static void the_history_has_an_end(void **state)
{
	struct place *place = begin();
	char text[64];
	size_t num;

	(void)state;
	put_small(place);
	for (unsigned int i = 1; i <= PW_HISTORY_LEN + 3; i++) {
		snprintf(text, sizeof(text),
			 "[allow a]\ntcp = %u\nfrom = file:l\n", i);
		keep_quietly(place, text);
		assert_int_equal(newest_entry(place, &num), i);
		assert_int_equal(num, i < PW_HISTORY_LEN ? i : PW_HISTORY_LEN);
		assert_int_equal(place_count(place, "state/history"), num);
		/* each policy, the list, the services */
		assert_int_equal(place_count(place, "state/objects"), num + 2);
	}
	end(place);
}

static void the_same_again_renews_its_entry(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	size_t num;

	(void)state;
	put_small(place);
	keep_quietly(place, OTHER);
	keep_quietly(place, SMALL);
	keep_quietly(place, SMALL);
	assert_int_equal(newest_entry(place, &num), 2);
	/* the same rules, of a text that somebody changed */
	keep_quietly(place, SMALL "; said\n");
	assert_int_equal(newest_entry(place, &num), 3);
	/* another list */
	place_put(place, "l", "192.0.2.2\n");
	keep_text(place, SMALL "; said\n", &kept);
	assert_int_equal(newest_entry(place, &num), 4);
	assert_int_equal(kept.bundle->origin, 4);
	kept_clear(&kept);
	end(place);
}

static void a_rollback_is_an_entry_with_an_origin(void **state)
{
	struct place *place = begin();
	pw_owned(pw_bundle_free) struct pw_bundle *old = NULL;
	struct kept kept = { 0 };
	size_t num;

	(void)state;
	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	keep_quietly(place, OTHER);
	assert_int_equal(pw_state_read(place->state, PW_REMEMBERED_ENTRY, 1,
				       &old, place->diags), 0);
	old->time_ns++;
	assert_int_equal(pw_state_stage(place->state, old, NULL, &test_host,
					NULL, place->diags), 0);
	assert_int_equal(pw_state_commit(place->state, false, place->diags),
			 0);
	assert_int_equal(newest_entry(place, &num), 3);
	assert_int_equal(old->entry, 3);
	assert_int_equal(old->origin, 1);
	check_applied(place, kept.model->digest);
	kept_clear(&kept);
	end(place);
}

static int trial_of(struct place *place, const char *text,
		    const char *emergency, struct kept *kept)
{
	place_put(place, "t.ini", text);
	assert_int_equal(keep_staged(place, place_path(place, "t.ini"),
				     emergency, kept), 0);
	return pw_state_commit(place->state, true, place->diags);
}

static void check_no_trial(struct place *place)
{
	uint8_t digest[32];
	size_t num;

	assert_int_equal(replay_of(place, PW_REMEMBERED_TRIAL, 0, digest),
			 -ENOENT);
	newest_entry(place, &num);
	assert_int_equal(place_count(place, "state/history"), num);
	/* applied, history, objects, perhaps emergency.ini */
	assert_int_equal(place_count(place, "state"),
			 3 + has_file(place, "state/emergency.ini"));
}

static void a_trial_is_kept_apart(void **state)
{
	struct place *place = begin();
	struct kept base = { 0 }, trial = { 0 };
	char *emergency = emergency_of(OTHER), *text;
	uint8_t digest[32];
	size_t num, len;

	(void)state;
	assert_int_equal(pw_state_confirm(place->state, place->diags),
			 -ENOENT);
	put_small(place);
	keep(place, place_path(place, "p.ini"), &base);
	assert_int_equal(trial_of(place, OTHER, emergency, &trial), 0);
	check_applied(place, base.model->digest);
	assert_int_equal(replay_of(place, PW_REMEMBERED_TRIAL, 0, digest), 0);
	assert_memory_equal(digest, trial.model->digest, sizeof(digest));
	assert_int_equal(newest_entry(place, &num), 1);
	assert_int_equal(pw_state_emergency(place->state, &text, &len,
					    place->diags), -ENOENT);
	place_reopen(place);	/* another run confirms */
	assert_int_equal(pw_state_confirm(place->state, place->diags), 0);
	check_applied(place, trial.model->digest);
	check_no_trial(place);
	assert_int_equal(newest_entry(place, &num), 2);
	assert_int_equal(pw_state_emergency(place->state, &text, &len,
					    place->diags), 0);
	assert_string_equal(text, emergency);
	free(text);
	free(emergency);
	kept_clear(&base);
	kept_clear(&trial);
	end(place);
}

static void a_trial_ends(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	char *emergency = emergency_of(OTHER);

	(void)state;
	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	/* dropped, twice over */
	for (unsigned int i = 0; i < 2; i++) {
		struct kept trial = { 0 };

		assert_int_equal(trial_of(place, OTHER, emergency, &trial), 0);
		kept_clear(&trial);
	}
	assert_int_equal(pw_state_drop_trial(place->state, place->diags), 0);
	assert_int_equal(pw_state_drop_trial(place->state, place->diags), 0);
	check_no_trial(place);
	check_applied(place, kept.model->digest);
	/* ended by an apply */
	kept_clear(&kept);
	assert_int_equal(trial_of(place, OTHER, emergency, &kept), 0);
	keep_text(place, SMALL, &kept);
	check_no_trial(place);
	check_applied(place, kept.model->digest);
	assert_int_equal(place_count(place, "state/objects"), 3);
	free(emergency);
	kept_clear(&kept);
	end(place);
}

static void what_is_forgotten_stays_in_the_history(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	uint8_t digest[32];
	size_t num;

	(void)state;
	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	assert_int_equal(pw_state_forget(place->state, place->diags), 0);
	assert_int_equal(replay(place, digest), -ENOENT);
	assert_int_equal(pw_diags_count(place->diags, PW_ERROR), 0);
	assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY, 1, digest), 0);
	keep_quietly(place, OTHER);
	assert_int_equal(newest_entry(place, &num), 2);
	kept_clear(&kept);
	end(place);
}

static void an_entry_that_was_lost_comes_back(void **state)
{
	struct place *place = begin();
	uint8_t digest[32];
	size_t num;

	(void)state;
	put_small(place);
	keep_quietly(place, SMALL);
	unlink(place_path(place, "state/history/1"));
	keep_quietly(place, OTHER);
	assert_int_equal(newest_entry(place, &num), 2);
	assert_int_equal(num, 2);
	assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY, 1, digest), 0);
	end(place);
}

/* Litter of killed runs, and files that nobody knows */
static void litter_is_removed(void **state)
{
	static const char *const litter[] = {
		"state/.staged", "state/.staged-emergency",
		"state/history/.staged", "state/objects/.staged-1",
		"state/objects/0123",
	};
	struct place *place = begin();

	(void)state;
	put_small(place);
	for (size_t i = 0; i < PW_ARRAY_SIZE(litter); i++)
		place_put(place, litter[i], "half");
	keep_quietly(place, SMALL);
	for (size_t i = 0; i < PW_ARRAY_SIZE(litter); i++)
		assert_false(has_file(place, litter[i]));
	assert_int_equal(place_count(place, "state/objects"), 3);
	assert_int_equal(place_count(place, "state"), 3);
	end(place);
}

/* Another run reads its policy while this one commits */
static void objects_of_others_are_left_alone(void **state)
{
	struct place *place = begin();
	pw_owned(pw_state_close) struct pw_state *other = NULL;
	pw_owned(pw_capture_free) struct pw_capture *capture = NULL;
	size_t num;

	(void)state;
	put_small(place);
	keep_quietly(place, SMALL);
	assert_int_equal(pw_state_open(place->state_dir, true, &other,
				       place->diags), 0);
	assert_int_equal(pw_capture_new(other, &capture, place->diags), 0);
	place_put(place, "state/objects/0123", "of the other run");
	keep_quietly(place, OTHER);
	assert_true(has_file(place, "state/objects/0123"));
	num = place_count(place, "state/objects");
	pw_capture_free(PW_TAKE(capture));
	keep_quietly(place, OTHER);
	assert_int_equal(place_count(place, "state/objects"), num - 1);
	end(place);
}

static const struct compare_case {
	const char *name, *file, *text;	/* NULL: removed */
	int want;
} compares[] = {
	{ "another policy", "p.ini", OTHER, 1 },
	{ "another policy of this length", "p.ini",
	  "[policy]\ninclude = d/*.ini\n[allow a]\ntcp = 2\nfrom = file:l\n", 1 },
	{ "another list", "l", "192.0.2.2\n", 1 },
	{ "a longer list", "l", "192.0.2.1\n#\n", 1 },
	{ "no list", "l", NULL, -ENOENT },
	{ "one include more", "d/y.ini", "[allow y]\ntcp = 5\n", 1 },
	{ "one include less", "d/x.ini", NULL, -ENOENT },
	{ "another file", "d/x.txt", "nothing\n", 0 },
	{ "the same again", "l", "192.0.2.1\n", 0 },
};

static void compare_in(struct place *place, const char *path,
		       const struct compare_case *tc)
{
	struct kept kept = { 0 };

	place_put(place, "p.ini", "[policy]\ninclude = d/*.ini\n[allow a]\n"
		  "tcp = 1\nfrom = file:l\n");
	place_put(place, "d/x.ini", "[allow x]\ntcp = 4\n");
	place_put(place, "l", "192.0.2.1\n");
	keep(place, path, &kept);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(pw_bundle_compare(kept.bundle), 0);
	if (tc->text)
		place_put(place, tc->file, tc->text);
	else
		assert_int_equal(unlink(place_path(place, tc->file)), 0);
	assert_int_equal(pw_bundle_compare(kept.bundle), tc->want);
	unlink(place_path(place, "d/y.ini"));
	kept_clear(&kept);
}

static void compares_with_today(void **state)
{
	const struct compare_case *tc = *state;
	struct place *place = begin();

	compare_in(place, place_path(place, "p.ini"), tc);
	/* by a relative path, and from elsewhere afterwards */
	assert_int_equal(chdir(place->root), 0);
	compare_in(place, "p.ini", tc);
	end(place);
}

static void standard_input_is_kept(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	int before = dup(STDIN_FILENO);

	(void)state;
	place_put(place, "p.ini", OTHER);
	assert_non_null(freopen(place_path(place, "p.ini"), "r", stdin));
	keep(place, "-", &kept);
	dup2(before, STDIN_FILENO);
	close(before);
	assert_string_equal(kept.bundle->files[0].path, "-");
	assert_null(kept.bundle->files[0].dir);
	unlink(place_path(place, "p.ini"));
	assert_int_equal(pw_bundle_compare(kept.bundle), 0);
	check_applied(place, kept.model->digest);
	kept_clear(&kept);
	end(place);
}

/* Names of services mean what they meant when the policy was applied */
static void services_are_those_of_the_apply(void **state)
{
	struct place *place = begin();
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	struct pw_host host = { .now_ns = test_host.now_ns };

	(void)state;
	keep_quietly(place, "[allow a]\ntcp = http, ssh\n");
	host.services = calloc(1, sizeof(*host.services));
	host.services[0] = (struct pw_service){ strdup("http"), 8080, 6 };
	host.num_services = 1;
	assert_int_equal(pw_state_read(place->state, PW_REMEMBERED_APPLIED, 0,
				       &bundle, place->diags), 0);
	assert_int_equal(pw_bundle_load(place->state, bundle, &host, &policy,
					&model, place->diags), 0);
	assert_true(pw_rangeset_contains32(model->sections[0].ports[PW_TCP],
					   80));
	assert_int_equal(host.num_services, test_host.num_services);
	for (size_t i = 0; i < host.num_services; i++)
		free(host.services[i].name);
	free(host.services);
	end(place);
}

#define NUM_LINES 1000000u

static char *long_list(size_t *len)
{
	char *text = malloc(16 * NUM_LINES), *to = text;

	for (unsigned int i = 0; i < NUM_LINES; i++)
		to += sprintf(to, "10.%u.%u.%u\n", i >> 16, (i >> 8) & 255,
			      i & 255);
	*len = (size_t)(to - text);
	return text;
}

static uint64_t read_ns(struct place *place, bool captured)
{
	const struct pw_trust trust = { .sudo_uid = (uid_t)-1 };
	pw_owned(pw_capture_free) struct pw_capture *capture = NULL;
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	struct timespec a, b;

	if (captured)
		assert_int_equal(pw_capture_new(place->state, &capture,
						place->diags), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	assert_int_equal(pw_policy_read_from(captured ?
					     pw_capture_files(capture) :
					     &pw_system_files,
					     place_path(place, "p.ini"), &trust,
					     &test_host, &policy, &model,
					     place->diags), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000u +
	       (uint64_t)b.tv_nsec - (uint64_t)a.tv_nsec;
}

/* The list is stored once, and the next time neither written nor hashed: that
 * costs less than reading it does */
static void a_million_lines(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	struct stat before, after;
	uint64_t plain, again;
	char *list, name[96];
	size_t len;

	(void)state;
	list = long_list(&len);
	place_put(place, "p.ini", SMALL);
	place_put_bytes(place, "l", list, len);
	free(list);
	keep(place, place_path(place, "p.ini"), &kept);
	object_name(kept.bundle->files[1].object, name);
	assert_int_equal(stat(place_path(place, name), &before), 0);
	kept_clear(&kept);
	keep(place, place_path(place, "p.ini"), &kept);
	assert_int_equal(stat(place_path(place, name), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	plain = read_ns(place, false);
	again = read_ns(place, true);
	print_message("plain %llu ms, captured again %llu ms\n",
		      (unsigned long long)plain / 1000000,
		      (unsigned long long)again / 1000000);
	assert_true(again < 2 * plain);
	check_applied(place, kept.model->digest);
	kept_clear(&kept);
	end(place);
}

static void add_single(void)
{
	ADD(standard_input_is_kept);
	ADD(services_are_those_of_the_apply);
	ADD(the_history_has_an_end);
	ADD(the_same_again_renews_its_entry);
	ADD(a_rollback_is_an_entry_with_an_origin);
	ADD(a_trial_is_kept_apart);
	ADD(a_trial_ends);
	ADD(what_is_forgotten_stays_in_the_history);
	ADD(an_entry_that_was_lost_comes_back);
	ADD(litter_is_removed);
	ADD(objects_of_others_are_left_alone);
	ADD(a_million_lines);
}

int main(void)
{
	ADD_ROWS(policies, comes_back);
	ADD_ROWS(compares, compares_with_today);
	add_single();
	return place_run("state");
}
