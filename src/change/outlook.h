/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a packet today and later, by one policy. */
#ifndef CHANGE_OUTLOOK_H
#define CHANGE_OUTLOOK_H

#include "change/terms.h"

/**
 * struct pw_outlook - Closed until @blocked, open until @open, then limited
 * @blocked, @open: 0: not at all; UINT64_MAX: for ever
 * @limits:	grades that let some in after both, ascending
 *
 * What cannot come about is not there: equal ones mean the same.
 */
struct pw_outlook {
	uint64_t blocked, open;
	uint32_t *limits;
	size_t num_limits;
};

/* Of the members of @side among @members; -ENOMEM. Cleared by the caller */
int pw_outlook_make(const struct pw_terms *terms,
		    const struct pw_member *members, size_t num,
		    enum side side, struct pw_outlook *out);
void pw_outlook_clear(struct pw_outlook *outlook);

/* Is it let in today, be it within limits? */
bool pw_outlook_admits(const struct pw_outlook *outlook);

/*
 * PW_CHANGE_OPENS, _CLOSES, _LIMIT or _UNTIL; PW_NUM_CHANGES: no difference
 */
enum pw_change_kind pw_outlook_compare(const struct pw_terms *terms,
				       const struct pw_outlook *before,
				       const struct pw_outlook *after);

/*
 * "unlimited -> 6/minute per source", or of PW_CHANGE_UNTIL "no end -> until
 * 2027-01-31 18:00Z"; the caller frees; NULL: no memory
 */
char *pw_outlook_text(const struct pw_terms *terms, enum pw_change_kind kind,
		      const struct pw_outlook *before,
		      const struct pw_outlook *after);

#endif
