// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of the file system, as policies name them. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/policy.h"

static int load(void *arg, const char *path, const struct pw_loc *at,
		size_t max_len, const struct pw_trust *trust,
		struct pw_source **out, struct pw_diags *diags)
{
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

static int copy_found(const glob_t *found, char ***paths, size_t *num)
{
	char **copy = calloc(found->gl_pathc + 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < found->gl_pathc; i++) {
		copy[i] = strdup(found->gl_pathv[i]);
		if (!copy[i]) {
			pw_paths_free(copy, i);
			return -ENOMEM;
		}
	}
	*paths = copy;
	*num = found->gl_pathc;
	return 0;
}

static int glob_status(int result)
{
	switch (result) {
	case 0: case GLOB_NOMATCH:
		return 0;
	case GLOB_NOSPACE:
		return -ENOMEM;
	}
	return -EACCES;
}

static int match(void *arg, const char *pattern, char ***paths, size_t *num)
{
	glob_t found = { 0 };
	int err = glob_status(glob(pattern, GLOB_NOSORT, on_glob_error,
				   &found));

	(void)arg;
	if (!err && found.gl_pathc)
		qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv),
		      cmp_paths);
	if (!err)
		err = copy_found(&found, paths, num);
	globfree(&found);
	return err;
}

const struct pw_files pw_system_files = { load, match, NULL };
