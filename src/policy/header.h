/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may stand between [ and ]. */
#ifndef POLICY_HEADER_H
#define POLICY_HEADER_H

#include "policy/check.h"

/* A known kind, with a name where it takes one: 0, or -EINVAL, reported */
int pw_header_check(const struct pw_source *src, const struct pw_line *line,
		    struct pw_diags *diags);

/* A name of at most PW_NAME_MAX bytes: 0, or -EINVAL, reported */
int pw_name_check(const struct pw_loc *loc, struct pw_diags *diags);

#endif
