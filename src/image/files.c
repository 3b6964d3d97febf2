// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy for an image, as the image will see its files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/parts.h"

/* As pw_source_load() reports; -EINVAL: what the user can put right */
static int refuse(const struct image_files *files, const char *path, int err,
		  const struct pw_loc *at, struct pw_diags *diags)
{
	if (err == -ENOMEM)
		return err;
	if (err == -EIO)
		return pw_diag_system(diags, -err, "cannot read %s%s",
				      files->root->path, path);
	return pw_diag_error(diags, at, "cannot open %s%s: %s",
			     files->root->path, path, strerror(-err));
}

/* The policy of this host, which will be another file there */
static int load_ours(const struct image_files *files,
		     const struct pw_trust *trust, struct pw_source **out,
		     struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	struct pw_source *there;
	int err = pw_source_load(files->policy, NULL, PW_POLICY_MAX_LEN, trust,
				 &src, diags);

	if (err)
		return err;
	there = pw_source_from_text(files->policy, "/etc/portwall", src->text,
				    src->len);
	if (!there)
		return -ENOMEM;
	*out = there;
	return 0;
}

int pw_image_refuse_more(const struct image_files *files,
			 const struct pw_loc *at, struct pw_diags *diags)
{
	pw_diag_error(diags, at,
		      "%s names another file, and only itself would be in the image",
		      files->policy);
	pw_diag_hint(diags,
		     "copy all of them to %s/etc/portwall, and give no POLICY",
		     files->root->path);
	return -EINVAL;
}

static int load(void *arg, const char *path, const struct pw_loc *at,
		size_t max_len, const struct pw_trust *trust,
		struct pw_source **out, struct pw_diags *diags)
{
	const struct image_files *files = arg;
	int err;

	if (files->policy && !at)
		return load_ours(files, trust, out, diags);
	if (files->policy)
		return pw_image_refuse_more(files, at, diags);
	err = pw_root_read(files->root, path, max_len, out);
	return err ? refuse(files, path, err, at, diags) : 0;
}

/* The characters of glob(7) in the name of the image's directory are meant */
static char *in_root(const char *root, const char *pattern)
{
	size_t len = strlen(root), at = 0;
	char *whole = malloc(2 * len + strlen(pattern) + 1);

	if (!whole)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (strchr("*?[]\\", root[i]))
			whole[at++] = '\\';
		whole[at++] = root[i];
	}
	strcpy(whole + at, pattern);
	return whole;
}

static int match(void *arg, const char *pattern, char ***paths, size_t *num)
{
	struct image_files *files = arg;
	size_t len = strlen(files->root->path);
	char *whole;
	int err;

	files->globs = true;
	whole = in_root(files->root->path, pattern);
	if (!whole)
		return -ENOMEM;
	err = pw_system_files.match(pw_system_files.arg, whole, paths, num);
	free(whole);
	for (size_t i = 0; !err && i < *num; i++)
		memmove((*paths)[i], (*paths)[i] + len,
			strlen((*paths)[i] + len) + 1);
	return err;
}

void pw_image_files_init(struct image_files *files, const struct root *root,
			 const char *policy)
{
	*files = (struct image_files){
		.root = root, .policy = policy,
		.files = { load, match, files },
	};
}
