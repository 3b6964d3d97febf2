/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with a place: collected by the library, printed by the command. */
#ifndef PORTWALL_DIAG_H
#define PORTWALL_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "own.h"

struct pw_source;

/**
 * struct pw_loc - Span of policy text
 * @src:	borrowed, outlives the loc; NULL: no place
 * @line:	from 1
 * @col:	byte in the line, from 1
 * @len:	bytes, at least 1
 */
struct pw_loc {
	const struct pw_source *src;
	uint32_t line, col, len;
};

enum pw_severity { PW_ERROR, PW_WARNING, PW_NOTE };

/**
 * struct pw_diag - One message
 * @text:	what is wrong; unescaped, may hold bytes of the policy
 * @quote:	copy of the quoted line, NULL without a place
 * @where:	name of the source as shown, NULL without a place
 * @hint:	what to do, NULL if there is nothing to add
 *
 * A message keeps copies: it outlives its source.
 */
struct pw_diag {
	enum pw_severity severity;
	char *where;
	uint32_t line, col, len;
	char *quote;
	char *text;
	char *hint;
};

struct pw_diags;

struct pw_diags *pw_diags_new(void);
void pw_diags_free(struct pw_diags *diags);
PW_DEFINE_OWNED(struct pw_diags, pw_diags_free)

/*
 * How many messages of @severity, also those past what is kept: 20 errors, 20
 * warnings, and the notes behind these
 */
size_t pw_diags_count(const struct pw_diags *diags, enum pw_severity severity);

/* Memory was too short for one of them: more has to be said than is here */
bool pw_diags_lost(const struct pw_diags *diags);

/* Messages kept, in order of arrival; @i below pw_diags_kept() */
size_t pw_diags_kept(const struct pw_diags *diags);
const struct pw_diag *pw_diags_get(const struct pw_diags *diags, size_t i);

/*
 * Sorts by source (order of first appearance), line, column; stable. A note
 * belongs to the message before it and stays behind it, whatever its own place.
 */
void pw_diags_sort(struct pw_diags *diags);

/*
 * Return -EINVAL, whatever happens to the memory: the input is wrong.
 * @loc may be NULL. Exit status 2 follows from -EINVAL alone; whatever else
 * failed returns its own code and leads to 3.
 */
__attribute__((format(printf, 3, 4)))
int pw_diag_error(struct pw_diags *diags, const struct pw_loc *loc,
		  const char *fmt, ...);

/*
 * An error of the system, @err positive; ": " and the text of @err are appended.
 * Returns -@err; for EINVAL -EPROTO, since -EINVAL means wrong input.
 */
__attribute__((format(printf, 3, 4)))
int pw_diag_system(struct pw_diags *diags, int err, const char *fmt, ...);

__attribute__((format(printf, 3, 4)))
void pw_diag_warning(struct pw_diags *diags, const struct pw_loc *loc,
		     const char *fmt, ...);

__attribute__((format(printf, 3, 4)))
void pw_diag_note(struct pw_diags *diags, const struct pw_loc *loc,
		  const char *fmt, ...);

/*
 * Adds a "= what to do" line to the newest message; those of several calls are
 * joined by newlines, and one in the text of a call is escaped
 */
__attribute__((format(printf, 2, 3)))
void pw_diag_hint(struct pw_diags *diags, const char *fmt, ...);

#endif
