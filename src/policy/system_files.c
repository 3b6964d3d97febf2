// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of the file system, as policies name them. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "policy/files.h"
#include "portwall/confine.h"

static int load(void *arg, const char *path, const struct pw_loc *at,
		size_t max_len, const struct pw_trust *trust,
		struct pw_source **out, struct pw_diags *diags)
{
	const bool opens = strcmp(path, "-");
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(opens ? PW_CAPS_FILES : 0);

	(void)arg;
	return pw_source_load(path, at, max_len, trust, out, diags);
}

/* A directory that is not there holds no files; all else is an error */
static int on_glob_error(const char *path, int err)
{
	(void)path;
	return err != ENOENT && err != ENOTDIR;
}

static int cmp_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void pw_paths_free(char **paths, size_t num)
{
	for (size_t i = 0; i < num; i++)
		free(paths[i]);
	free(paths);
}

int pw_paths_copy(char *const *paths, size_t num, char ***copy)
{
	char **made = calloc(num + 1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++) {
		made[i] = strdup(paths[i]);
		if (!made[i]) {
			pw_paths_free(made, i);
			return -ENOMEM;
		}
	}
	*copy = made;
	return 0;
}

static int glob_status(int result)
{
	if (!result || result == GLOB_NOMATCH)
		return 0;
	/* opendir() may have been what had no memory */
	return errno == ENOMEM ? -ENOMEM : -EACCES;
}

static int match(void *arg, const char *pattern, char ***paths, size_t *num)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAPS_FILES);
	glob_t found = { 0 };
	int err = glob_status(glob(pattern, GLOB_NOSORT, on_glob_error,
				   &found));

	(void)arg;
	if (!err && found.gl_pathc)
		qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv),
		      cmp_paths);
	if (!err)
		err = pw_paths_copy(found.gl_pathv, found.gl_pathc, paths);
	if (!err)
		*num = found.gl_pathc;
	globfree(&found);
	return err;
}

const struct pw_files pw_system_files = { load, match, NULL };
