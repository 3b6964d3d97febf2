// SPDX-License-Identifier: GPL-2.0-or-later
/* Bundles in memory, and reading them from the directory. */
#include "state/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#define MAX_ENTRY 999999999u	/* nine digits */

void pw_bundle_clear_files(struct pw_bundle *bundle)
{
	for (size_t i = 0; i < bundle->num_files; i++) {
		free(bundle->files[i].path);
		free(bundle->files[i].dir);
	}
	for (size_t i = 0; i < bundle->num_globs; i++) {
		free(bundle->globs[i].pattern);
		pw_paths_free(bundle->globs[i].paths,
			      bundle->globs[i].num_paths);
	}
	free(bundle->files);
	free(bundle->globs);
	free(bundle->base);
	bundle->files = NULL;
	bundle->globs = NULL;
	bundle->base = NULL;
	bundle->num_files = bundle->cap_files = 0;
	bundle->num_globs = bundle->cap_globs = 0;
}

void pw_bundle_free(struct pw_bundle *bundle)
{
	if (!bundle)
		return;
	pw_bundle_clear_files(bundle);
	free(bundle->path);
	free(bundle->source);
	free(bundle);
}

const struct pw_bundle_file *pw_bundle_find(const struct pw_bundle *bundle,
					    const char *path)
{
	for (size_t i = 0; i < bundle->num_files; i++)
		if (!strcmp(bundle->files[i].path, path))
			return &bundle->files[i];
	return NULL;
}

static bool equal_files(const struct pw_bundle *a, const struct pw_bundle *b)
{
	for (size_t i = 0; i < a->num_files; i++)
		if (strcmp(a->files[i].path, b->files[i].path) ||
		    memcmp(a->files[i].object, b->files[i].object,
			   sizeof(a->files[i].object)))
			return false;
	return true;
}

bool pw_bundle_is(const struct pw_bundle *bundle, const uint8_t digest[32])
{
	return !memcmp(bundle->digest, digest, sizeof(bundle->digest));
}

bool pw_bundle_equal(const struct pw_bundle *a, const struct pw_bundle *b)
{
	return pw_bundle_is(a, b->digest) &&
	       !memcmp(a->services, b->services, sizeof(a->services)) &&
	       !strcmp(a->path, b->path) && a->num_files == b->num_files &&
	       equal_files(a, b);
}

int pw_bundle_read(const struct pw_state *state, enum pw_state_dir dir,
		   const char *name, struct pw_bundle **out,
		   struct pw_diags *diags)
{
	char *bytes;
	size_t len;
	int err = pw_store_read(state, dir, name, PW_BUNDLE_MAX_LEN, &bytes,
				&len);

	if (err == -ENOENT)
		return err;
	if (!err) {
		err = pw_bundle_parse(bytes, len, out);
		free(bytes);
	}
	if (err == -EPROTONOSUPPORT)
		return pw_store_damaged(state, dir, name,
					"was written by a newer portwall",
					diags);
	if (err == -EBADMSG)
		return pw_store_damaged(state, dir, name, "is damaged", diags);
	if (err && err != -ENOMEM)
		return pw_store_failed(state, dir, name, "read", err, diags);
	return err;
}

struct pw_bundle *pw_bundle_peek(const struct pw_state *state,
				 const char *name)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	struct pw_bundle *bundle = NULL;

	if (unsaid)
		pw_bundle_read(state, PW_DIR_TOP, name, &bundle, unsaid);
	return bundle;
}

void pw_history_name(uint32_t entry, char name[static 16])
{
	snprintf(name, 16, "%u", entry);
}

struct entries {
	uint32_t *list;
	size_t num, cap;
};

static int add_entry(void *arg, const char *name)
{
	struct entries *entries = arg;
	unsigned long n = strtoul(name, NULL, 10);
	char again[16];

	if (!n || n > MAX_ENTRY)
		return 0;
	pw_history_name((uint32_t)n, again);
	if (strcmp(name, again))
		return 0;
	return PW_ARRAY_PUSH(entries->list, entries->num, entries->cap,
			     (uint32_t)n);
}

static int newest_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y) - (x > y);
}

int pw_history_list(const struct pw_state *state, uint32_t **list, size_t *num)
{
	struct entries entries = { 0 };
	int err = pw_store_walk(state, PW_DIR_HISTORY, add_entry, &entries);

	if (err) {
		free(entries.list);
		return err;
	}
	if (entries.num)
		qsort(entries.list, entries.num, sizeof(*entries.list),
		      newest_first);
	*list = entries.list;
	*num = entries.num;
	return 0;
}
