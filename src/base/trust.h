/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose files and directories may say what root applies. */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <sys/stat.h>

#include "portwall/source.h"

/**
 * struct trust_check - The checks along the way to one file
 * @trust:	the rules
 * @at:		place of the messages, may be NULL
 * @shared:	the directory that was checked last is a sticky one that others
 *		may write to
 * @warned:	the user of sudo owns something on the way, and that was said
 */
struct trust_check {
	const struct pw_trust *trust;
	const struct pw_loc *at;
	struct pw_diags *diags;
	bool shared;
	bool warned;
};

/*
 * May the directory, link or file at @path, which is what @st describes, be
 * used? To be asked for each step of the way in turn. 0; -EINVAL with a message
 */
int trust_check_step(struct trust_check *check, const char *path,
		     const struct stat *st);

#endif
