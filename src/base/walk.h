/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a file by walking to it, every step checked on a descriptor. */
#ifndef BASE_WALK_H
#define BASE_WALK_H

#include <sys/stat.h>

#include "portwall/source.h"

/**
 * walk_open() - Open a regular file for reading
 * @path:	as the user wrote it
 * @at:		place of the messages, may be NULL
 * @fd:		the file; the caller closes it
 * @st:		what fstat() says of @fd
 *
 * Symbolic links are followed by hand, at most 40, so that each directory on
 * the way to each of them is checked as @trust says. Nothing but a regular
 * file is opened, and nothing blocks.
 *
 * Return: 0; -EINVAL with a message; other codes with a message: the system
 */
int walk_open(const char *path, const struct pw_loc *at,
	      const struct pw_trust *trust, int *fd, struct stat *st,
	      struct pw_diags *diags);

#endif
