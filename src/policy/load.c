/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a policy with all the files that it names. */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"

#include "policy/files.h"
#include "policy/parse.h"

static const struct pw_trust trust_all = { .check = false };

static int check_not_empty(struct pw_policy *policy, struct pw_diags *diags)
{
	const struct pw_source *src = policy->main;
	struct pw_loc loc = { src, 1, 1, 1 };

	if (policy->has_policy || policy->num_sections || policy->incomplete)
		return 0;
	for (size_t i = 0; i < PW_NUM_NAME_KINDS; i++) {
		if (policy->names[i].num)
			return 0;
	}
	policy->incomplete = true;	/* one message says it all */
	pw_diag_error(diags, src->len ? &loc : NULL, "%s holds no section",
		      src->name);
	pw_diag_hint(diags, "a policy has at least one [allow NAME], or "
		     "closed = all in [policy]");
	return -EINVAL;
}

/* Each step goes on where the one before found errors */
static int read_files(struct pw_policy *policy, const struct pw_files *files,
		      const struct pw_trust *trust, struct pw_diags *diags)
{
	int err, result = 0;

	err = pw_file_parse(policy, policy->main, false, diags);
	if (!err)
		err = check_not_empty(policy, diags);
	if (err && pw_keep_going(&result, err))
		return err;
	err = pw_includes_read(policy, files, trust, diags);
	if (err && pw_keep_going(&result, err))
		return err;
	err = pw_policy_sort(policy, diags);
	if (err && pw_keep_going(&result, err))
		return err;
	return pw_lists_read(policy, files, trust, diags) ?: result;
}

/*
 * *@out is set when there is a policy, though with errors, to look further
 * into: that is when 0 or -EINVAL are returned, and not always for -EINVAL
 */
static int load(const struct pw_files *files, const char *path,
		const struct pw_trust *trust, struct pw_policy **out,
		struct pw_diags *diags)
{
	pw_owned(pw_policy_free) struct pw_policy *policy =
		calloc(1, sizeof(*policy));
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	struct pw_trust root_only = *trust;
	int err;

	if (!policy)
		return -ENOMEM;
	root_only.system_uids = 0;
	err = files->load(files->arg, path, NULL, PW_POLICY_MAX_LEN, &root_only,
			  &src, diags);
	if (err)
		return err;
	err = PW_ARRAY_PUSH(policy->sources, policy->num_sources,
			    policy->cap_sources, src);
	if (err)
		return err;
	policy->main = PW_TAKE(src);
	policy->owns_main = true;
	err = read_files(policy, files, trust, diags);
	policy->bad = err;
	if (!err || err == -EINVAL)
		*out = PW_TAKE(policy);
	return err;
}

int pw_policy_load(const char *path, const struct pw_trust *trust,
		   struct pw_policy **out, struct pw_diags *diags)
{
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	int err = load(&pw_system_files, path, trust, &policy, diags);

	if (!err)
		*out = PW_TAKE(policy);
	return err;
}

int pw_policy_parse(const struct pw_source *src, struct pw_policy **out,
		    struct pw_diags *diags)
{
	pw_owned(pw_policy_free) struct pw_policy *policy =
		calloc(1, sizeof(*policy));
	int err;

	if (!policy)
		return -ENOMEM;
	policy->main = src;
	err = read_files(policy, &pw_system_files, &trust_all, diags);
	if (!err)
		*out = PW_TAKE(policy);
	return err;
}

int pw_policy_read_from(const struct pw_files *files, const char *path,
			const struct pw_trust *trust,
			const struct pw_host *host, struct pw_policy **out,
			struct pw_model **model, struct pw_diags *diags)
{
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *made = NULL;
	int err, result = 0;

	err = load(files, path, trust, &policy, diags);
	if (err && (!policy || pw_keep_going(&result, err)))
		return err;
	err = pw_policy_resolve(policy, host, &made, diags) ?: result;
	if (err)
		return err;
	*out = PW_TAKE(policy);
	*model = PW_TAKE(made);
	return 0;
}

int pw_policy_read(const char *path, const struct pw_trust *trust,
		   const struct pw_host *host, struct pw_policy **out,
		   struct pw_model **model, struct pw_diags *diags)
{
	return pw_policy_read_from(&pw_system_files, path, trust, host, out,
				   model, diags);
}
