// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a policy again from what was kept of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/source_priv.h"
#include "policy/files.h"

#include "state/bundle.h"
#include "state/objects.h"
#include "state/services.h"

struct replay {
	struct pw_state *state;
	const struct pw_bundle *bundle;
};

/* As pw_source_load() names it */
static const char *shown_name(const char *path)
{
	return strcmp(path, "-") ? path : "<stdin>";
}

static int load_object(const struct replay *replay,
		       const struct pw_bundle_file *file, size_t max_len,
		       struct pw_source **out, struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src =
		source_new(shown_name(file->path), file->dir);
	int err;

	if (!src)
		return -ENOMEM;
	err = pw_object_get(replay->state, file->object, &src->text, &src->len,
			    diags);
	if (!err && max_len <= PW_POLICY_MAX_LEN)
		err = source_index(src);
	if (err)
		return err;
	*out = PW_TAKE(src);
	return 0;
}

static int load(void *arg, const char *path, const struct pw_loc *at,
		size_t max_len, const struct pw_trust *trust,
		struct pw_source **out, struct pw_diags *diags)
{
	const struct replay *replay = arg;
	const struct pw_bundle_file *file =
		pw_bundle_find(replay->bundle, path);

	(void)trust;
	if (file)
		return load_object(replay, file, max_len, out, diags);
	pw_diag_error(diags, at, "%s was not kept", path);
	return -EBADMSG;
}

static const struct pw_bundle_glob *find_glob(const struct pw_bundle *bundle,
					      const char *pattern)
{
	for (size_t i = 0; i < bundle->num_globs; i++)
		if (!strcmp(bundle->globs[i].pattern, pattern))
			return &bundle->globs[i];
	return NULL;
}

static int match(void *arg, const char *pattern, char ***paths, size_t *num)
{
	const struct replay *replay = arg;
	const struct pw_bundle_glob *glob = find_glob(replay->bundle, pattern);
	int err = glob ? pw_paths_copy(glob->paths, glob->num_paths, paths)
		       : -EBADMSG;

	if (!err)
		*num = glob->num_paths;
	return err;
}

static int load_services(struct pw_state *state,
			 const struct pw_bundle *bundle, struct pw_host *host,
			 struct pw_diags *diags)
{
	char *text, name[65];
	size_t len;
	int err = pw_object_get(state, bundle->services, &text, &len, diags);

	if (err)
		return err;
	err = pw_services_parse(text, len, host);
	free(text);
	pw_hex_format(bundle->services, name);
	return err == -EBADMSG ? pw_store_damaged(state, PW_DIR_OBJECTS, name,
						  "holds no services", diags)
			       : err;
}

static int refuse_other(const struct pw_state *state,
			const struct pw_bundle *bundle, struct pw_diags *diags)
{
	pw_diag_error(diags, NULL,
		      "what %s keeps of %s does not give the policy that was applied",
		      state->path, bundle->source);
	return -EBADMSG;
}

int pw_bundle_load(struct pw_state *state, const struct pw_bundle *bundle,
		   struct pw_host *host, struct pw_policy **policy,
		   struct pw_model **model, struct pw_diags *diags)
{
	const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };
	struct replay replay = { state, bundle };
	const struct pw_files files = { load, match, &replay };
	pw_owned(pw_policy_free) struct pw_policy *read = NULL;
	pw_owned(pw_model_free) struct pw_model *made = NULL;
	int err = load_services(state, bundle, host, diags);

	if (!err)
		err = pw_policy_read_from(&files, bundle->files[0].path,
					  &nobody_asks, host, &read, &made,
					  diags);
	if (err == -EBADMSG && !pw_diags_count(diags, PW_ERROR))
		return refuse_other(state, bundle, diags);
	if (err)
		return err;
	if (memcmp(made->digest, bundle->digest, sizeof(made->digest)))
		return refuse_other(state, bundle, diags);
	*policy = PW_TAKE(read);
	*model = PW_TAKE(made);
	return 0;
}
