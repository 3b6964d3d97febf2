// SPDX-License-Identifier: GPL-2.0-or-later
/* Removing what nobody needs any more. */
#include "state/prune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#include "state/bundle.h"
#include "state/objects.h"

struct object {
	uint8_t digest[32];
};

/* Objects that bundles name, sorted */
struct named {
	const struct pw_state *state;
	struct object *list;
	size_t num, cap;
};

static int add(struct named *named, const uint8_t digest[32])
{
	struct object object;

	memcpy(object.digest, digest, sizeof(object.digest));
	return PW_ARRAY_PUSH(named->list, named->num, named->cap, object);
}

static int add_bundle(struct named *named, enum pw_state_dir dir,
		      const char *name, struct pw_diags *unsaid)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	int err = pw_bundle_read(named->state, dir, name, &bundle, unsaid);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = add(named, bundle->services);
	for (size_t i = 0; !err && i < bundle->num_files; i++)
		err = add(named, bundle->files[i].object);
	return err;
}

static int add_history(struct named *named, struct pw_diags *unsaid)
{
	uint32_t *entries;
	size_t num;
	int err = pw_history_list(named->state, &entries, &num);
	char name[16];

	if (err)
		return err;
	for (size_t i = 0; !err && i < num; i++) {
		pw_history_name(entries[i], name);
		err = add_bundle(named, PW_DIR_HISTORY, name, unsaid);
	}
	free(entries);
	return err;
}

static int cmp_objects(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct object));
}

/* What a damaged bundle names is not known: then nothing may be removed */
static int collect(struct named *named)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	int err;

	if (!unsaid)
		return -ENOMEM;
	err = add_bundle(named, PW_DIR_TOP, PW_FILE_APPLIED, unsaid) ?:
	      add_bundle(named, PW_DIR_TOP, PW_FILE_TRIAL, unsaid) ?:
	      add_history(named, unsaid);
	if (!err && named->num)
		qsort(named->list, named->num, sizeof(*named->list),
		      cmp_objects);
	return err;
}

static bool is_named(const struct named *named, const char *name)
{
	struct object object = { 0 };

	return pw_hex_parse(name, strlen(name), object.digest) && named->num &&
	       bsearch(&object, named->list, named->num,
		       sizeof(*named->list), cmp_objects);
}

static int remove_object(void *arg, const char *name)
{
	const struct named *named = arg;

	if (!is_named(named, name))
		pw_store_remove(named->state, PW_DIR_OBJECTS, name);
	return 0;
}

static void prune_objects(const struct pw_state *state)
{
	struct named named = { .state = state };

	if (pw_objects_own(state))
		return;		/* somebody stores some that nobody names yet */
	if (!collect(&named))
		pw_store_walk(state, PW_DIR_OBJECTS, remove_object, &named);
	free(named.list);
	pw_objects_leave(state);
}

static void prune_history(const struct pw_state *state)
{
	uint32_t *entries;
	size_t num;
	char name[16];

	if (pw_history_list(state, &entries, &num))
		return;
	for (size_t i = PW_HISTORY_LEN; i < num; i++) {
		pw_history_name(entries[i], name);
		pw_store_remove(state, PW_DIR_HISTORY, name);
	}
	free(entries);
}

void pw_state_prune(const struct pw_state *state)
{
	prune_history(state);
	prune_objects(state);
}
