/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a policy names: includes and lists. */
#ifndef POLICY_FILES_H
#define POLICY_FILES_H

#include "policy/draft.h"

/*
 * Read what `include` names, in the order of the keys, files of a glob in byte
 * order, each file once. 0; -EINVAL reported, the rest was read; other errors
 */
int pw_includes_read(struct pw_policy *policy, const struct pw_files *files,
		     const struct pw_trust *trust, struct pw_diags *diags);

/* Read each file: list once and set @list of its items. Returns as above */
int pw_lists_read(struct pw_policy *policy, const struct pw_files *files,
		  const struct pw_trust *trust, struct pw_diags *diags);

/* Copies for pw_paths_free(): 0 or -ENOMEM */
int pw_paths_copy(char *const *paths, size_t num, char ***copy);

/* @path as a glob that matches it alone; NULL when memory is short */
char *pw_glob_quote(const char *path, size_t len);

#endif
