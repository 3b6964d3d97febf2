/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of keys, by the kind that the schema gives. */
#ifndef POLICY_VALUES_H
#define POLICY_VALUES_H

#include "policy/draft.h"
#include "policy/words.h"

/**
 * pw_value_parse() - Read the value of @line into @entry
 * @entry:	@entry->key says of what kind; of a list, words are added
 * @end:	behind the last line that continues it
 *
 * Return: 0; -EINVAL: reported, @entry->bad is set; -ENOMEM
 */
int pw_value_parse(struct pw_entry *entry, const struct pw_source *src,
		   const struct pw_line *line, const struct pw_line *end,
		   struct pw_diags *diags);

/**
 * pw_time_parse() - RFC 3339 date and time with a zone; seconds may be absent
 *
 * Return: 0; -EINVAL not that form; -EDOM no zone; -ERANGE no such day or hour,
 *	   or before 1970
 */
int pw_time_parse(const char *text, size_t len, uint64_t *ns);

#define PW_TIME_STRLEN 40
/* In UTC; seconds only where there are some; returns @buf */
const char *pw_time_format(uint64_t ns, char buf[static PW_TIME_STRLEN]);

#endif
