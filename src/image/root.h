/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of an image: links in it lead to places in it, wherever they point. */
#ifndef IMAGE_ROOT_H
#define IMAGE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "portwall/diag.h"
#include "portwall/source.h"

#define ROOT_FILE_MAX (64u << 20)	/* bytes of a program or library */

/**
 * struct root - The directory that is / of the image
 * @path:	as the user wrote it, for messages
 */
struct root {
	int fd;
	const char *path;
};

/* Paths below are of the image. Errors are -errno, without a message. */

int pw_root_open(const char *path, struct root *out, struct pw_diags *diags);
/* A descriptor; @flags of open(2), without O_CREAT */
int pw_root_fd(const struct root *root, const char *path, int flags);
/* Is there a file of this type (S_IFREG, S_IFDIR) behind the path? */
bool pw_root_has(const struct root *root, const char *path, mode_t type);
bool pw_root_is_program(const struct root *root, const char *path);
/* Bytes of a regular file; -EFBIG: above @max_len. Its name is @path. */
int pw_root_read(const struct root *root, const char *path, size_t max_len,
		 struct pw_source **out);
/* Where the last step of the path leads, if it is a link; -EINVAL: it is none */
int pw_root_readlink(const struct root *root, const char *path, char **out);
/* Names in a directory, sorted, without those that begin with a dot */
int pw_root_list(const struct root *root, const char *path, char ***names,
		 size_t *num);
void pw_root_list_free(char **names, size_t num);

/* Directories that are missing on the way to @path, and @path itself */
int pw_root_mkdir(const struct root *root, const char *path, mode_t mode);
/* Replaces @path at once; power may fail at any moment */
int pw_root_write(const struct root *root, const char *path, const char *text,
		  size_t len, mode_t mode);
/* A link named @path, in place of what is there; 0 also if it is there */
int pw_root_link(const struct root *root, const char *path, const char *target);

#endif
