/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name that a misspelt one was meant to be. */
#include <stdlib.h>
#include <string.h>

#include "policy/resolve.h"

static void hint_name(const struct pw_resolver *res,
		      const struct pw_names *names, const char *near,
		      const struct pw_loc *loc)
{
	const struct pw_name *name = pw_names_find(names, near, strlen(near));
	const struct pw_loc *at = name ? &name->entry.loc : NULL;

	if (!at)
		pw_diag_hint(res->diags, "did you mean '%s'?", near);
	else if (at->src == loc->src)
		pw_diag_hint(res->diags, "did you mean '%s' (line %u)?", near,
			     at->line);
	else
		pw_diag_hint(res->diags, "did you mean '%s' (%s:%u)?", near,
			     at->src->name, at->line);
}

static const char *nearest(const struct pw_names *names,
			   const struct pw_loc *loc, const char *const *more,
			   size_t num_more)
{
	const char **known = calloc(names->num + num_more + 1, sizeof(*known));
	const char *near;
	size_t num = 0;

	if (!known)
		return NULL;
	for (size_t i = 0; i < names->num; i++)
		known[num++] = names->items[i].name;
	for (size_t i = 0; i < num_more; i++)
		known[num++] = more[i];
	near = pw_nearest(pw_loc_text(loc), loc->len, known, num);
	free(known);
	return near;
}

/* In a long file with many slips this would be most of the work */
static bool enough(const struct pw_diags *diags)
{
	return pw_diags_count(diags, PW_ERROR) > PW_KEPT_MESSAGES ||
	       pw_diags_count(diags, PW_WARNING) > PW_KEPT_MESSAGES;
}

bool pw_hint_name(const struct pw_resolver *res, enum pw_kind kind,
		  const struct pw_loc *loc, const char *const *more,
		  size_t num_more)
{
	const struct pw_names *names = &res->policy->names[kind];
	const char *near;

	if (enough(res->diags))
		return false;
	near = nearest(names, loc, more, num_more);
	if (near)
		hint_name(res, names, near, loc);
	return near;
}

bool pw_near_name(const struct pw_resolver *res, enum pw_kind kind,
		  const struct pw_loc *loc)
{
	if (enough(res->diags))
		return false;
	return nearest(&res->policy->names[kind], loc, NULL, 0);
}
