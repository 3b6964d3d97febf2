/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bundle as bytes: a JSON document, and a line with its SHA-256. */
#ifndef STATE_BUNDLE_H
#define STATE_BUNDLE_H

#include "state/store.h"

#define PW_BUNDLE_FORMAT 1
#define PW_BUNDLE_MAX_LEN (64u << 20)	/* bytes */

/**
 * pw_bundle_parse() - From bytes to a bundle
 * @bytes:	any bytes
 *
 * Return: 0; -EBADMSG: damaged; -EPROTONOSUPPORT: of a newer portwall; -ENOMEM
 */
int pw_bundle_parse(const char *bytes, size_t len, struct pw_bundle **out);

/* Inverse; the caller frees @bytes. 0 or -ENOMEM */
int pw_bundle_print(const struct pw_bundle *bundle, char **bytes, size_t *len);

/* Nothing but time and user differ */
bool pw_bundle_equal(const struct pw_bundle *a, const struct pw_bundle *b);

/* NULL: the policy was read without this file */
const struct pw_bundle_file *pw_bundle_find(const struct pw_bundle *bundle,
					    const char *path);

void pw_bundle_clear_files(struct pw_bundle *bundle);

/* The bytes in one file of the directory: as pw_state_read() */
int pw_bundle_read(const struct pw_state *state, enum pw_state_dir dir,
		   const char *name, struct pw_bundle **out,
		   struct pw_diags *diags);

/* NULL: there is none, or it cannot be read, which is told to those who ask */
struct pw_bundle *pw_bundle_peek(const struct pw_state *state,
				 const char *name);

/*
 * Text with the line that ends it, "PREFIX" and the SHA-256 of all before:
 * false where that is not so. @text_len: without that line
 */
bool pw_sealed(const char *bytes, size_t len, const char *prefix,
	       size_t *text_len);
/* Makes it; the caller frees; NULL when memory is short */
char *pw_seal(const char *text, size_t len, const char *prefix,
	      size_t *sealed_len);

/* Numbers of the history's files, the newest first; without a message */
int pw_history_list(const struct pw_state *state, uint32_t **entries,
		    size_t *num);
/* Name of a history's file */
void pw_history_name(uint32_t entry, char name[static 16]);

#endif
