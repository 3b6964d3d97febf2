// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory of policies and one that remembers them, for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_help.h"
#include "state_help.h"

/* Services of this one are freed when they are replaced */
static struct pw_host *copy_host(void)
{
	struct pw_host *host = calloc(1, sizeof(*host));

	host->now_ns = test_host.now_ns;
	host->ifaces_known = test_host.ifaces_known;
	host->num_ifaces = test_host.num_ifaces;
	host->ifaces = calloc(host->num_ifaces, sizeof(*host->ifaces));
	memcpy(host->ifaces, test_host.ifaces,
	       host->num_ifaces * sizeof(*host->ifaces));
	return host;
}

int place_make(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	/* most of the time goes into making it durable */
	strcpy(place->root, "/dev/shm/pw-state-XXXXXX");
	if (!mkdtemp(place->root)) {
		strcpy(place->root, "/tmp/pw-state-XXXXXX");
		if (!mkdtemp(place->root))
			return -1;
	}
	snprintf(place->state_dir, sizeof(place->state_dir), "%s/state",
		 place->root);
	place->diags = pw_diags_new();
	*state = place;
	return pw_state_open(place->state_dir, true, &place->state,
			     place->diags);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int place_remove(void **state)
{
	struct place *place = *state;

	pw_state_close(place->state);
	pw_diags_free(place->diags);
	nftw(place->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

const char *place_path(const struct place *place, const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", place->root, name);
	return path;
}

void place_put_bytes(const struct place *place, const char *name,
		     const char *bytes, size_t len)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->root, name);
	for (char *slash = path + strlen(place->root) + 1;
	     (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(path, 0700);
	}
	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

void place_put(const struct place *place, const char *name, const char *text)
{
	place_put_bytes(place, name, text, strlen(text));
}

char *place_get(const struct place *place, const char *name, size_t *len)
{
	FILE *file = fopen(place_path(place, name), "r");
	char *bytes;
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len + 1);
	assert_int_equal(fread(bytes, 1, *len, file), *len);
	bytes[*len] = '\0';
	fclose(file);
	return bytes;
}

size_t place_count(const struct place *place, const char *dir)
{
	DIR *stream = opendir(place_path(place, dir));
	size_t num = 0;

	assert_non_null(stream);
	while (readdir(stream))
		num++;
	closedir(stream);
	return num - 2;
}

void place_reopen(struct place *place)
{
	pw_state_close(place->state);
	pw_diags_free(place->diags);
	place->state = NULL;
	place->diags = pw_diags_new();
	assert_int_equal(pw_state_open(place->state_dir, true, &place->state,
				       place->diags), 0);
}

static struct pw_bundle *new_bundle(const char *path,
				    const struct pw_model *model)
{
	struct pw_bundle *bundle = calloc(1, sizeof(*bundle));

	bundle->time_ns = 1800000000000000000u;
	bundle->uid = 0;
	bundle->sudo_uid = 1000;
	bundle->path = strdup(path);
	bundle->source = strdup(model->source);
	bundle->num_sections = model->num_sections;
	memcpy(bundle->digest, model->digest, sizeof(bundle->digest));
	return bundle;
}

int keep_staged(struct place *place, const char *path, const char *emergency,
		struct kept *kept)
{
	const struct pw_trust trust = { .sudo_uid = (uid_t)-1 };
	pw_owned(pw_capture_free) struct pw_capture *capture = NULL;
	int err = pw_capture_new(place->state, &capture, place->diags);

	if (!err)
		err = pw_policy_read_from(pw_capture_files(capture), path,
					  &trust, &test_host, &kept->policy,
					  &kept->model, place->diags);
	if (err)
		return err;
	kept->bundle = new_bundle(path, kept->model);
	return pw_state_stage(place->state, kept->bundle, capture, &test_host,
			      emergency, place->diags);
}

void keep(struct place *place, const char *path, struct kept *kept)
{
	assert_int_equal(keep_staged(place, path, NULL, kept), 0);
	assert_int_equal(pw_state_commit(place->state, false, place->diags),
			 0);
}

void kept_clear(struct kept *kept)
{
	pw_bundle_free(kept->bundle);
	pw_model_free(kept->model);
	pw_policy_free(kept->policy);
	memset(kept, 0, sizeof(*kept));
}

int replay_of(struct place *place, enum pw_remembered which, uint32_t entry,
	      uint8_t digest[32])
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	pw_owned(pw_host_free) struct pw_host *host = copy_host();
	int err = pw_state_read(place->state, which, entry, &bundle,
				place->diags);

	if (!err)
		err = pw_bundle_load(place->state, bundle, host, &policy,
				     &model, place->diags);
	if (!err)
		memcpy(digest, model->digest, sizeof(model->digest));
	return err;
}

int replay(struct place *place, uint8_t digest[32])
{
	return replay_of(place, PW_REMEMBERED_APPLIED, 0, digest);
}

void check_applied(struct place *place, const uint8_t want[32])
{
	uint8_t got[32];

	assert_int_equal(replay(place, got), 0);
	assert_memory_equal(got, want, sizeof(got));
}

struct place *begin(void)
{
	void *place;

	assert_int_equal(place_make(&place), 0);
	return place;
}

void end(struct place *place)
{
	void *state = place;

	place_remove(&state);
}

void put_small(const struct place *place)
{
	place_put(place, "p.ini", SMALL);
	place_put(place, "l", "192.0.2.1\n");
}

void keep_text(struct place *place, const char *text, struct kept *kept)
{
	place_put(place, "p.ini", text);
	kept_clear(kept);
	keep(place, place_path(place, "p.ini"), kept);
}

void keep_quietly(struct place *place, const char *text)
{
	struct kept kept = { 0 };

	keep_text(place, text, &kept);
	kept_clear(&kept);
}

bool has_file(const struct place *place, const char *name)
{
	return !access(place_path(place, name), F_OK);
}

char *emergency_of(const char *policy)
{
	struct read_policy got = read_text(policy);
	char *text;

	assert_int_equal(got.err, 0);
	assert_int_equal(pw_emergency_text(got.model, got.model->guard, &text),
			 0);
	read_policy_clear(&got);
	return text;
}

void object_name(const uint8_t digest[32], char name[static 96])
{
	strcpy(name, "state/objects/");
	for (size_t i = 0; i < 32; i++)
		sprintf(name + strlen(name), "%02x", digest[i]);
}

#define MAX_TESTS 96

static struct CMUnitTest tests[MAX_TESTS];
static size_t num_tests;

void place_add(const char *name, CMUnitTestFunction run, const void *row)
{
	union { const void *c; void *v; } cast = { row };

	assert_true(num_tests < MAX_TESTS);
	tests[num_tests++] = (struct CMUnitTest){ name, run, NULL, NULL,
						  cast.v };
}

int place_run(const char *name)
{
	return _cmocka_run_group_tests(name, tests, num_tests, NULL, NULL);
}
