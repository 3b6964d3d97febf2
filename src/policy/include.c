/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Included files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/files.h"
#include "policy/parse.h"

struct includes {
	struct pw_policy *policy;
	const struct pw_files *files;
	struct pw_trust trust;
	struct pw_diags *diags;
};

static bool already_read(const struct pw_policy *policy, const char *path)
{
	for (size_t i = 0; i < policy->num_sources; i++) {
		if (!strcmp(policy->sources[i]->name, path))
			return true;
	}
	return false;
}

static int include_file(struct includes *incl, const char *path,
			const struct pw_loc *at)
{
	struct pw_policy *policy = incl->policy;
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	int err;

	if (already_read(policy, path))
		return 0;
	err = incl->files->load(incl->files->arg, path, at, PW_POLICY_MAX_LEN,
				&incl->trust, &src, incl->diags);
	if (err == -EINVAL)
		policy->incomplete = true;
	if (err)
		return err;
	err = PW_ARRAY_PUSH(policy->sources, policy->num_sources,
			    policy->cap_sources, src);
	if (err)
		return err;
	return pw_file_parse(policy, PW_TAKE(src), true, incl->diags);
}

static int include_found(struct includes *incl, char *const *paths, size_t num,
			 const struct pw_loc *at)
{
	int err, result = 0;

	for (size_t i = 0; i < num; i++) {
		err = include_file(incl, paths[i], at);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

static void warn_of_none(struct includes *incl, const struct pw_loc *at)
{
	pw_diag_warning(incl->diags, at, "no file matches %.*s",
			PW_WORD_ARGS(at));
	if (memchr(pw_loc_text(at), ',', at->len))
		pw_diag_hint(incl->diags,
			     "a line takes one GLOB; write a line for each");
}

static int include_glob(struct includes *incl, const char *pattern,
			const struct pw_loc *at)
{
	const struct pw_files *files = incl->files;
	char **paths = NULL;
	size_t num = 0;
	int err = files->match(files->arg, pattern, &paths, &num);

	if (err == -EACCES) {
		incl->policy->incomplete = true;
		return pw_diag_error(incl->diags, at, "cannot read the "
				     "directory of %.*s", PW_WORD_ARGS(at));
	}
	if (err)
		return err;
	if (!num)
		warn_of_none(incl, at);
	err = include_found(incl, paths, num, at);
	pw_paths_free(paths, num);
	return err;
}

/* The directory is meant as it is, whatever bytes are in its name */
char *pw_glob_quote(const char *path, size_t len)
{
	char *quoted = malloc(2 * len + 1), *to = quoted;

	for (size_t i = 0; quoted && i < len; i++) {
		if (strchr("*?[\\", path[i]))
			*to++ = '\\';
		*to++ = path[i];
	}
	if (quoted)
		*to = '\0';
	return quoted;
}

static char *make_pattern(const char *path, size_t dir_len)
{
	char *dir = pw_glob_quote(path, dir_len), *pattern = NULL;

	if (dir && asprintf(&pattern, "%s%s", dir, path + dir_len) < 0)
		pattern = NULL;
	free(dir);
	return pattern;
}

static int include_item(struct includes *incl, const struct pw_item *item)
{
	const struct pw_loc *at = &item->loc;
	const char *text = pw_loc_text(at);
	char *path = pw_path_join(at->src, text, at->len), *pattern;
	int err;

	if (!path)
		return -ENOMEM;
	if (strcspn(text, "*?[") >= at->len) {
		err = include_file(incl, path, at);
	} else {
		pattern = make_pattern(path, strlen(path) - at->len);
		err = pattern ? include_glob(incl, pattern, at) : -ENOMEM;
		free(pattern);
	}
	free(path);
	return err;
}

int pw_includes_read(struct pw_policy *policy, const struct pw_files *files,
		     const struct pw_trust *trust, struct pw_diags *diags)
{
	const struct pw_entry *entry = pw_block_entry(&policy->policy,
						      "include");
	struct includes incl = { policy, files, *trust, diags };
	int err, result = 0;

	incl.trust.system_uids = 0;
	for (size_t i = 0; entry && i < entry->num_items; i++) {
		err = include_item(&incl, &entry->items[i]);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}
