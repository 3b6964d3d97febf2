// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever is damaged is reported and never used: old, or an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/bundle.h"

#include "policy_help.h"
#include "state_help.h"

/* Each byte of the file: cut there, and changed there, in one bit or all */
static void damage_each(struct place *place, const char *file, bool flip_all,
			void (*check)(struct place *place, const char *what))
{
	static const char flips[] = { 1, 0x20, '\xff' };
	size_t len;
	char *bytes = place_get(place, file, &len), what[64];

	for (size_t i = 0; i < len; i++) {
		snprintf(what, sizeof(what), "%s cut at %zu", file, i);
		place_put_bytes(place, file, bytes, i);
		check(place, what);
		for (size_t f = 0; f < (flip_all ? sizeof(flips) : 1); f++) {
			snprintf(what, sizeof(what), "%s, byte %zu", file, i);
			bytes[i] ^= flips[f];
			place_put_bytes(place, file, bytes, len);
			check(place, what);
			bytes[i] ^= flips[f];
		}
	}
	snprintf(what, sizeof(what), "%s, longer", file);
	bytes[len] = '\n';
	place_put_bytes(place, file, bytes, len + 1);
	check(place, what);
	place_put_bytes(place, file, bytes, len);
	free(bytes);
}

static void reset_messages(struct place *place)
{
	pw_diags_free(place->diags);
	place->diags = pw_diags_new();
}

static void refuses_applied(struct place *place, const char *what)
{
	uint8_t digest[32];

	if (replay(place, digest) != -EBADMSG ||
	    !has_message(place->diags, PW_ERROR, place->state_dir))
		fail_msg("%s", what);
	reset_messages(place);
}

static void refuses_entry(struct place *place, const char *what)
{
	uint8_t digest[32];

	if (replay_of(place, PW_REMEMBERED_ENTRY, 1, digest) != -EBADMSG ||
	    !has_message(place->diags, PW_ERROR, "state/history/1 is damaged"))
		fail_msg("%s", what);
	reset_messages(place);
}

static void refuses_emergency(struct place *place, const char *what)
{
	char *text;
	size_t len;

	if (pw_state_emergency(place->state, &text, &len, place->diags) !=
		    -EBADMSG ||
	    !has_message(place->diags, PW_ERROR, "emergency.ini is damaged"))
		fail_msg("%s", what);
	reset_messages(place);
}

static void damage_is_found(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	uint8_t digest[32];

	(void)state;
	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	damage_each(place, "state/applied", true, refuses_applied);
	damage_each(place, "state/history/1", false, refuses_entry);
	check_applied(place, kept.model->digest);
	assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY, 1, digest), 0);
	kept_clear(&kept);
	end(place);
}

static void damaged_objects_are_found_and_mended(void **state)
{
	struct place *place = begin();
	struct kept kept = { 0 };
	char name[96];

	(void)state;
	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	for (size_t i = 0; i <= kept.bundle->num_files; i++) {
		object_name(i < kept.bundle->num_files ?
				    kept.bundle->files[i].object :
				    kept.bundle->services, name);
		damage_each(place, name, i < 2, refuses_applied);
		place_put(place, name, "damaged");
	}
	unlink(place_path(place, name));
	refuses_applied(place, "an object that is missing");
	kept_clear(&kept);
	keep(place, place_path(place, "p.ini"), &kept);
	check_applied(place, kept.model->digest);
	kept_clear(&kept);
	end(place);
}

static void the_emergency_policy_is_kept(void **state)
{
	struct place *place = begin();
	char *text = emergency_of("[policy]\nguard = 22\n[allow a]\ntcp = 22\n");
	struct kept kept = { 0 };
	char *kept_text;
	size_t len;

	(void)state;
	assert_int_equal(pw_state_emergency(place->state, &kept_text, &len,
					    place->diags), -ENOENT);
	put_small(place);
	assert_int_equal(keep_staged(place, place_path(place, "p.ini"), text,
				     &kept), 0);
	assert_int_equal(pw_state_emergency(place->state, &kept_text, &len,
					    place->diags), -ENOENT);
	assert_int_equal(pw_state_commit(place->state, false, place->diags),
			 0);
	damage_each(place, "state/emergency.ini", true, refuses_emergency);
	keep_quietly(place, OTHER);	/* leaves it as it is */
	assert_int_equal(pw_state_emergency(place->state, &kept_text, &len,
					    place->diags), 0);
	assert_string_equal(kept_text, text);
	assert_int_equal(len, strlen(text));
	free(kept_text);
	free(text);
	kept_clear(&kept);
	end(place);
}

/* What damaged bundles name is not known: their objects stay */
static void nothing_is_pruned_beside_damage(void **state)
{
	struct place *place = begin();
	uint8_t digest[32];
	size_t len, num;
	char *bytes;

	(void)state;
	put_small(place);
	keep_quietly(place, SMALL);
	keep_quietly(place, OTHER);
	bytes = place_get(place, "state/history/1", &len);
	place_put(place, "state/history/1", "damaged");
	num = place_count(place, "state/objects");
	keep_quietly(place, "[allow c]\ntcp = 1\n");
	assert_int_equal(place_count(place, "state/objects"), num + 1);
	place_put_bytes(place, "state/history/1", bytes, len);
	assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY, 1, digest), 0);
	free(bytes);
	end(place);
}

static const struct bundle_case {
	const char *name, *find, *put;	/* in the text of a good one */
	const char *words;
} bundles[] = {
	{ "a newer format", "\"format\": 1", "\"format\": 2",
	  "was written by a newer portwall" },
	{ "a format that never was", "\"format\": 1", "\"format\": 0",
	  "is damaged" },
	{ "a format that is text", "\"format\": 1", "\"format\": \"1\"",
	  "is damaged" },
	{ "no JSON", "{", "[", "is damaged" },
	{ "a field twice", "\"format\": 1,", "\"format\": 1, \"format\": 1,",
	  "is damaged" },
	{ "no files", "\"files\": [", "\"files\": [], \"x\": [", "is damaged" },
	{ "files that are none", "\"files\": [", "\"files\": [1,",
	  "is damaged" },
	{ "a hash that is none", "\"object\": \"", "\"object\": \"x",
	  "is damaged" },
	{ "a path with half a byte", "p.ini\"", "p.ini%4\"", "is damaged" },
	{ "a path with NUL", "p.ini\"", "p.ini%00\"", "is damaged" },
	{ "a negative length", "\"len\": ", "\"len\": -", "is damaged" },
	{ "a user who is none", "\"uid\": 0", "\"uid\": 4294967296",
	  "is damaged" },
	{ "another policy's digest", "\"digest\": \"", NULL,
	  "does not give the policy that was applied" },
};

/* @find replaced by @put; without it the digit behind it is another */
static char *changed(const char *text, const struct bundle_case *tc)
{
	const char *at = strstr(text, tc->find);
	char *made;

	assert_non_null(at);
	if (!tc->put) {
		made = strdup(text);
		made[at - text + strlen(tc->find)] ^= 1;
		return made;
	}
	assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text,
			     tc->put, at + strlen(tc->find)) > 0);
	return made;
}

/* What somebody wrote who knows how to write a checksum */
static void refuses_bundle(void **state)
{
	const struct bundle_case *tc = *state;
	struct place *place = begin();
	uint8_t digest[32];
	char *text, *bytes;
	size_t len;

	put_small(place);
	keep_quietly(place, SMALL);
	text = place_get(place, "state/applied", &len);
	text[len - 65] = '\0';
	bytes = changed(text, tc);
	free(text);
	text = pw_seal(bytes, strlen(bytes), "", &len);
	free(bytes);
	place_put_bytes(place, "state/applied", text, len);
	free(text);
	assert_int_equal(replay(place, digest), -EBADMSG);
	assert_true(has_message(place->diags, PW_ERROR, tc->words));
	end(place);
}

static void make_link(const char *path, const char *name)
{
	assert_int_equal(rename(path, name), 0);
	assert_int_equal(symlink(name, path), 0);
}

static void make_fifo(const char *path, const char *name)
{
	(void)name;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_dir(const char *path, const char *name)
{
	(void)name;
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_writable(const char *path, const char *name)
{
	(void)name;
	assert_int_equal(chmod(path, 0620), 0);
}

static void make_foreign(const char *path, const char *name)
{
	(void)name;
	if (chown(path, 12345, 0))
		skip();
}

static const struct kind_case {
	const char *name;
	void (*make)(const char *path, const char *name);
} kinds[] = {
	{ "a link", make_link }, { "a named pipe", make_fifo },
	{ "a directory", make_dir }, { "others may write", make_writable },
	{ "of another user", make_foreign },
};

static void refuses_what_is_no_file_of_ours(void **state)
{
	const struct kind_case *tc = *state;
	struct place *place = begin();
	struct kept kept = { 0 };
	uint8_t digest[32];
	char name[96];

	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	tc->make(place_path(place, "state/applied"), place_path(place, "a"));
	assert_int_equal(replay(place, digest), -EBADMSG);
	assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY, 1, digest), 0);
	object_name(kept.bundle->files[1].object, name);
	tc->make(place_path(place, name), place_path(place, "o"));
	assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY, 1, digest),
			 -EBADMSG);
	kept_clear(&kept);
	/* an apply puts files in their places, but does not remove directories */
	if (tc->make == make_dir) {
		rmdir(place_path(place, "state/applied"));
		rmdir(place_path(place, name));
	}
	keep(place, place_path(place, "p.ini"), &kept);
	check_applied(place, kept.model->digest);
	kept_clear(&kept);
	end(place);
}

static void refuses_directory(void **state)
{
	const struct kind_case *tc = *state;
	struct place *place = begin();
	struct pw_state *again = NULL;
	int err;

	pw_state_close(place->state);
	place->state = NULL;
	rmdir(place_path(place, "state/history"));
	rmdir(place_path(place, "state/objects"));
	if (tc->make == make_dir) {
		assert_int_equal(rmdir(place->state_dir), 0);
		place_put(place, "state", "a file");
	} else if (tc->make == make_fifo) {
		assert_int_equal(rmdir(place->state_dir), 0);
		make_fifo(place->state_dir, NULL);
	} else {
		tc->make(place->state_dir, place_path(place, "other"));
	}
	for (int make = 0; make < 2; make++) {
		err = pw_state_open(place->state_dir, make, &again,
				    place->diags);
		assert_true(err == -EPERM || err == -ENOTDIR || err == -ELOOP);
		assert_int_equal(pw_diags_count(place->diags, PW_ERROR),
				 make + 1);
	}
	end(place);
}

static void a_directory_that_is_missing(void **state)
{
	struct place *place = begin();
	struct pw_state *none = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(pw_state_open(place_path(place, "none"), false, &none,
				       place->diags), -ENOENT);
	assert_int_equal(pw_diags_count(place->diags, PW_ERROR), 0);
	assert_int_equal(pw_state_open(place_path(place, "none/below"), true,
				       &none, place->diags), -ENOENT);
	assert_int_equal(pw_diags_count(place->diags, PW_ERROR), 1);
	assert_int_equal(stat(place->state_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* read where nothing was ever applied */
	rmdir(place_path(place, "state/history"));
	rmdir(place_path(place, "state/objects"));
	assert_int_equal(pw_state_open(place->state_dir, false, &none,
				       place->diags), 0);
	assert_int_equal(place_count(place, "state"), 0);
	pw_state_close(place->state);
	place->state = none;
	assert_int_equal(replay(place, (uint8_t[32]){ 0 }), -ENOENT);
	end(place);
}

/* The file is limited, as a full disk would be: nothing has changed */
static void what_cannot_be_written(void **state)
{
	static const rlim_t limits[] = { 0, 10, 100, 600, 4000 };
	struct place *place = begin();
	struct kept kept = { 0 };
	struct rlimit before, limit;
	char *list = malloc(8000);

	(void)state;
	memset(list, '#', 7999);
	list[7999] = '\0';
	put_small(place);
	keep(place, place_path(place, "p.ini"), &kept);
	place_put(place, "t.ini", SMALL "[allow z]\ntcp = 7\n");
	place_put(place, "l", list);
	free(list);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	for (size_t i = 0; i < PW_ARRAY_SIZE(limits); i++) {
		struct kept failed = { 0 };
		int err;

		limit = (struct rlimit){ limits[i], before.rlim_max };
		setrlimit(RLIMIT_FSIZE, &limit);
		err = keep_staged(place, place_path(place, "t.ini"), NULL,
				  &failed);
		setrlimit(RLIMIT_FSIZE, &before);
		assert_int_equal(err, -EFBIG);
		assert_true(has_message(place->diags, PW_ERROR,
					place->state_dir));
		assert_false(has_file(place, "state/.staged"));
		assert_false(has_file(place, "state/history/.staged"));
		check_applied(place, kept.model->digest);
		kept_clear(&failed);
		place_reopen(place);
	}
	kept_clear(&kept);
	end(place);
}

int main(void)
{
	ADD_ROWS(bundles, refuses_bundle);
	ADD_ROWS(kinds, refuses_what_is_no_file_of_ours);
	ADD_ROWS(kinds, refuses_directory);
	ADD(damage_is_found);
	ADD(damaged_objects_are_found_and_mended);
	ADD(the_emergency_policy_is_kept);
	ADD(nothing_is_pruned_beside_damage);
	ADD(a_directory_that_is_missing);
	ADD(what_cannot_be_written);
	return place_run("state_damage");
}
