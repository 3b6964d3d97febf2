/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose files and directories may say what root applies. */
#include "base/trust.h"

#include <errno.h>

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

static int refuse_owner(const struct trust_check *check, const char *path,
			const struct stat *st)
{
	pw_diag_error(check->diags, check->at,
		      "%s belongs to UID %u: only root may own what root applies",
		      path, st->st_uid);
	pw_diag_hint(check->diags,
		     "chown %sroot %s, or use --insecure-permissions",
		     S_ISLNK(st->st_mode) ? "-h " : "", path);
	return -EINVAL;
}

/* In /tmp and its like everybody may put files: root's own cannot be replaced */
static int refuse_in_shared(const struct trust_check *check, const char *path,
			    const struct stat *st)
{
	pw_diag_error(check->diags, check->at,
		      "%s belongs to UID %u and lies in a directory where everybody may put files",
		      path, st->st_uid);
	pw_diag_hint(check->diags,
		     "move it to a directory of root's, or chown %sroot %s",
		     S_ISLNK(st->st_mode) ? "-h " : "", path);
	return -EINVAL;
}

static int refuse_mode(const struct trust_check *check, const char *path,
		       const struct stat *st)
{
	pw_diag_error(check->diags, check->at,
		      "%s is writable by %s (mode %04o): others could change what root applies",
		      path, st->st_mode & S_IWOTH ? "everybody" : "its group",
		      st->st_mode & 07777u);
	pw_diag_hint(check->diags,
		     "chmod go-w %s, or use --insecure-permissions", path);
	return -EINVAL;
}

static void warn_of_sudo(struct trust_check *check, const char *path,
			 const struct stat *st)
{
	if (check->warned)
		return;
	check->warned = true;
	pw_diag_warning(check->diags, check->at,
			"%s belongs to UID %u, who ran sudo: that account can change what root applies",
			path, st->st_uid);
	pw_diag_hint(check->diags, "chown root %s", path);
}

static bool is_sticky_of_root(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && !st->st_uid;
}

int trust_check_step(struct trust_check *check, const char *path,
		     const struct stat *st)
{
	const struct pw_trust *trust = check->trust;
	bool was_shared = check->shared;

	if (!trust->check)
		return 0;
	if (st->st_uid && was_shared)
		return refuse_in_shared(check, path, st);
	/* the directory that holds it decides who can replace a link */
	if (S_ISLNK(st->st_mode))
		return 0;
	check->shared = false;
	if (st->st_uid && st->st_uid == trust->sudo_uid)
		warn_of_sudo(check, path, st);
	else if (st->st_uid &&
		 !(S_ISREG(st->st_mode) && st->st_uid < trust->system_uids))
		return refuse_owner(check, path, st);
	if (!(st->st_mode & OTHERS_WRITE))
		return 0;
	if (!is_sticky_of_root(st))
		return refuse_mode(check, path, st);
	check->shared = true;
	return 0;
}
