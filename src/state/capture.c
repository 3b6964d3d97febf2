// SPDX-License-Identifier: GPL-2.0-or-later
/* What a policy was read from, while it is read. */
#include "state/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/files.h"
#include "portwall/array.h"

#include "state/bundle.h"
#include "state/objects.h"

/**
 * struct pw_capture - Files of a policy, stored as they are read
 * @from:	where they are read
 * @read:	@base, @files and @globs only
 * @before:	the bundle that boot loads, NULL: none
 * @err:	of the first that could not be stored, 0: none
 * @failed:	its path
 */
struct pw_capture {
	struct pw_state *state;
	struct pw_files files;
	const struct pw_files *from;
	struct pw_bundle *read, *before;
	int err;
	char *failed;
};

static int add_file(struct pw_bundle *bundle, const char *path,
		    const struct pw_source *src, const uint8_t object[32])
{
	struct pw_bundle_file file = {
		.path = strdup(path), .dir = src->dir ? strdup(src->dir) : NULL,
		.len = src->len,
	};
	int err = !file.path || (src->dir && !file.dir) ? -ENOMEM : 0;

	memcpy(file.object, object, sizeof(file.object));
	if (!err)
		err = PW_ARRAY_PUSH(bundle->files, bundle->num_files,
				    bundle->cap_files, file);
	if (err) {
		free(file.path);
		free(file.dir);
	}
	return err;
}

/* Most lists are those of the apply before, and hashing is slow */
static int put_object(const struct pw_capture *capture, const char *path,
		      const struct pw_source *src, uint8_t object[32])
{
	const struct pw_bundle_file *file =
		capture->before ? pw_bundle_find(capture->before, path) : NULL;

	if (!file || file->len != src->len ||
	    !pw_object_holds(capture->state, file->object, src->text, src->len))
		return pw_object_put(capture->state, src->text, src->len,
				     object);
	memcpy(object, file->object, sizeof(file->object));
	return 0;
}

/* An include that is a list as well, and changed in between, has no one text */
static int keep(struct pw_capture *capture, const char *path,
		const struct pw_source *src)
{
	const struct pw_bundle_file *known =
		pw_bundle_find(capture->read, path);
	uint8_t object[32];
	int err = put_object(capture, path, src, object);

	if (err)
		return err;
	if (!known)
		return add_file(capture->read, path, src, object);
	return memcmp(known->object, object, sizeof(object)) ? -ESTALE : 0;
}

static int load(void *arg, const char *path, const struct pw_loc *at,
		size_t max_len, const struct pw_trust *trust,
		struct pw_source **out, struct pw_diags *diags)
{
	struct pw_capture *capture = arg;
	const struct pw_files *from = capture->from;
	int err = from->load(from->arg, path, at, max_len, trust, out, diags);

	if (err || capture->err)
		return err;
	/* a policy can be read where nothing can be written */
	capture->err = keep(capture, path, *out);
	if (capture->err)
		capture->failed = strdup(path);
	return 0;
}

static int add_glob(struct pw_bundle *bundle, const char *pattern,
		    char *const *paths, size_t num)
{
	struct pw_bundle_glob glob = { .pattern = strdup(pattern) };
	int err = glob.pattern ? pw_paths_copy(paths, num, &glob.paths)
			       : -ENOMEM;

	if (!err)
		glob.num_paths = num;
	if (!err)
		err = PW_ARRAY_PUSH(bundle->globs, bundle->num_globs,
				    bundle->cap_globs, glob);
	if (err) {
		free(glob.pattern);
		pw_paths_free(glob.paths, glob.num_paths);
	}
	return err;
}

static int match(void *arg, const char *pattern, char ***paths, size_t *num)
{
	struct pw_capture *capture = arg;
	int err = capture->from->match(capture->from->arg, pattern, paths, num);

	if (err)
		return err;
	err = add_glob(capture->read, pattern, *paths, *num);
	if (err)
		pw_paths_free(*paths, *num);
	return err;
}

int pw_capture_new_from(struct pw_state *state, const struct pw_files *from,
			struct pw_capture **out, struct pw_diags *diags)
{
	pw_owned(pw_capture_free) struct pw_capture *capture =
		calloc(1, sizeof(*capture));
	int err;

	if (!capture)
		return -ENOMEM;
	capture->files = (struct pw_files){ load, match, capture };
	capture->from = from;
	capture->read = calloc(1, sizeof(*capture->read));
	if (!capture->read)
		return -ENOMEM;
	capture->read->base = getcwd(NULL, 0);
	if (!capture->read->base && errno == ENOMEM)
		return -ENOMEM;
	err = pw_objects_share(state);
	if (err)
		return pw_diag_system(diags, -err, "cannot lock %s/objects",
				      state->path);
	capture->state = state;
	capture->before = pw_bundle_peek(state, PW_FILE_APPLIED);
	*out = PW_TAKE(capture);
	return 0;
}

int pw_capture_new(struct pw_state *state, struct pw_capture **out,
		   struct pw_diags *diags)
{
	return pw_capture_new_from(state, &pw_system_files, out, diags);
}

const struct pw_files *pw_capture_files(struct pw_capture *capture)
{
	return &capture->files;
}

void pw_capture_free(struct pw_capture *capture)
{
	if (!capture)
		return;
	if (capture->state)
		pw_objects_leave(capture->state);
	pw_bundle_free(capture->read);
	pw_bundle_free(capture->before);
	free(capture->failed);
	free(capture);
}

int pw_capture_take(struct pw_capture *capture, struct pw_bundle *bundle,
		    struct pw_diags *diags)
{
	struct pw_bundle *read = capture->read;

	if (capture->err)
		return pw_diag_system(diags, -capture->err,
				      "cannot keep a copy of %s in %s",
				      capture->failed ?: "the policy",
				      capture->state->path);
	pw_bundle_clear_files(bundle);
	bundle->base = PW_TAKE(read->base);
	bundle->files = PW_TAKE(read->files);
	bundle->num_files = read->num_files;
	bundle->cap_files = read->cap_files;
	bundle->globs = PW_TAKE(read->globs);
	bundle->num_globs = read->num_globs;
	bundle->cap_globs = read->cap_globs;
	read->num_files = read->cap_files = 0;
	read->num_globs = read->cap_globs = 0;
	return 0;
}
