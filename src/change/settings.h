/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What [policy] says of the whole host, and which sections log. */
#ifndef CHANGE_SETTINGS_H
#define CHANGE_SETTINGS_H

#include "portwall/change.h"

/* Adds a change for each that is not the same; 0 or -ENOMEM */
int pw_settings_compare(const struct pw_model *before,
			const struct pw_model *after,
			struct pw_changes *changes);

/* The section of this kind and name, NULL if there is none */
const struct pw_section *pw_section_namesake(const struct pw_model *model,
					     const struct pw_section *section);

#endif
