/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may stand between [ and ]. */
#include "policy/header.h"

#include <errno.h>

#include "portwall/names.h"

#include "policy/bytes.h"
#include "policy/draft.h"
#include "policy/habits.h"

static int unknown_kind(const struct pw_loc *loc, struct pw_diags *diags)
{
	const char *near = pw_kind_nearest(pw_loc_text(loc), loc->len);
	const char *habit = pw_habit_kind(loc);

	pw_diag_error(diags, loc, "unknown section '%.*s'", PW_WORD_ARGS(loc));
	if (habit)
		pw_diag_hint(diags, "write [%s NAME]", habit);
	else if (near)
		pw_diag_hint(diags, "did you mean '%s'?", near);
	else if (loc->len <= PW_NAME_MAX)
		pw_diag_hint(diags, "write [allow %.*s] to open ports",
			     PW_WORD_ARGS(loc));
	return -EINVAL;
}

int pw_name_check(const struct pw_loc *loc, struct pw_diags *diags)
{
	if (!pw_is_name(pw_loc_text(loc), loc->len)) {
		pw_diag_error(diags, loc, "'%.*s' is not a name",
			      PW_WORD_ARGS(loc));
		pw_diag_hint(diags, "letters, digits, '_', '.' and '-', first "
			     "a letter or '_'");
		return -EINVAL;
	}
	if (loc->len > PW_NAME_MAX) {
		pw_diag_error(diags, loc, "name of %u bytes; a name may have "
			      "%d", loc->len, PW_NAME_MAX);
		return -EINVAL;
	}
	return 0;
}

int pw_header_check(const struct pw_source *src, const struct pw_line *line,
		    struct pw_diags *diags)
{
	struct pw_loc name = pw_line_name(src, line);
	struct pw_loc arg = pw_line_arg(src, line);
	enum pw_kind kind = pw_kind_by_name(pw_loc_text(&name), name.len);
	const struct pw_kind_info *info;

	if (kind == PW_NUM_KINDS)
		return unknown_kind(&name, diags);
	info = pw_kind_info(kind);
	if (info->named && !line->arg_len) {
		pw_diag_error(diags, &name, "section [%s] without a name",
			      info->name);
		pw_diag_hint(diags, "write [%s NAME]", info->name);
		return -EINVAL;
	}
	if (!info->named && line->arg_len) {
		pw_diag_error(diags, &arg, "section [%s] takes no name",
			      info->name);
		pw_diag_hint(diags, "write [%s]", info->name);
		return -EINVAL;
	}
	return info->named ? pw_name_check(&arg, diags) : 0;
}
