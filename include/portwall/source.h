/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of one file, read once from a checked descriptor, kept for quoting. */
#ifndef PORTWALL_SOURCE_H
#define PORTWALL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "diag.h"

#define PW_POLICY_MAX_LEN (16u << 20)	/* bytes of a policy or included file */
#define PW_LIST_MAX_LEN (256u << 20)	/* bytes of a list file */
#define PW_LINE_MAX_LEN (64u << 10)	/* bytes of a policy line */

/**
 * struct pw_trust - Who may own what is read (policy-language: whose file)
 * @check:	false: nothing is checked (not root, or --insecure-permissions)
 * @sudo_uid:	owner accepted beside root, with a warning; (uid_t)-1 for none
 * @system_uids: UIDs below this may own list files; 0 for policy files
 */
struct pw_trust {
	bool check;
	uid_t sudo_uid;
	uid_t system_uids;
};

/**
 * struct pw_source - A file's bytes
 * @name:	as shown in messages: the path as the user wrote it
 * @dir:	directory that relative paths inside it start from; NULL for
 *		standard input, where a relative path is an error
 * @text:	@len bytes and a NUL after them, which is not counted
 * @lines:	offset of each line's first byte, @num_lines of them; a newline
 *		at the end of the text begins no further line. NULL if the file
 *		was loaded with a cap above PW_POLICY_MAX_LEN: a list is walked
 *		once from front to back, an index of its lines would be larger
 *		than the addresses in it
 */
struct pw_source {
	char *name;
	char *dir;
	char *text;
	size_t len;
	size_t *lines;
	size_t num_lines;
};

/**
 * pw_source_load() - Open, check and read a file whole
 * @path:	"-" is standard input, which is not checked
 * @max_len:	more bytes than this are an error
 *
 * One descriptor: what was checked is what is read. Refuses whatever is not a
 * regular file without blocking on it. Relative @path starts from the working
 * directory. Every parent directory is checked as @trust says. Read errors are
 * fatal. The bytes are not interpreted.
 *
 * Return: 0; -EINVAL: missing, wrong kind, wrong owner, too long: a message
 *	   with @at as its place (may be NULL) says which; -ENOMEM; -EIO and
 *	   other errors of reading
 */
int pw_source_load(const char *path, const struct pw_loc *at, size_t max_len,
		   const struct pw_trust *trust, struct pw_source **out,
		   struct pw_diags *diags);

/* For tests, fuzzers and bundles: copies @text; @dir may be NULL */
struct pw_source *pw_source_from_text(const char *name, const char *dir,
				      const char *text, size_t len);
void pw_source_free(struct pw_source *src);
PW_DEFINE_OWNED(struct pw_source, pw_source_free)

/*
 * Line @line (from 1) without its newline (and without a CR before it); empty
 * past the end. Reads the text from its start where there are no @lines.
 */
const char *pw_source_line(const struct pw_source *src, uint32_t line,
			   size_t *len);

#endif
