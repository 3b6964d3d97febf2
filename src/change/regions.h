/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where two policies differ. */
#ifndef CHANGE_REGIONS_H
#define CHANGE_REGIONS_H

#include "change/near.h"
#include "change/rows.h"

/**
 * struct pw_regions - What was found
 * @texts:	of PW_COL_TEXT, from 1
 */
struct pw_regions {
	struct pw_terms *terms;
	struct pw_rows rows;
	struct pw_near near;
	struct pw_tuples rests;		/* what is left to compare */
	struct pw_tuples text_hashes;
	char **texts;
	size_t num_texts, cap_texts;
};

/* Not folded; 0 or -ENOMEM, clear it in any case */
int pw_regions_find(struct pw_regions *regions, struct pw_terms *terms);
void pw_regions_clear(struct pw_regions *regions);

#endif
