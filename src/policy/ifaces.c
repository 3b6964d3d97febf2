/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of names and keys. */
#include <errno.h>
#include <string.h>

#include "policy/resolve.h"

static struct pw_rangeset *find_name(const struct pw_resolver *res,
				     const struct pw_loc *loc, bool *found)
{
	const struct pw_names *names = &res->policy->names[PW_KIND_INTERFACES];
	const struct pw_name *name = pw_names_find(names, pw_loc_text(loc),
						   loc->len);

	*found = name;
	return name ? res->ifaces[name - names->items] : NULL;
}

static void check_bridge(const struct pw_resolver *res,
			 const struct pw_loc *loc,
			 const struct pw_iface *iface)
{
	const struct pw_iface *bridge = NULL;

	if (iface->master)
		bridge = pw_host_iface_by_index(res->host, iface->master);
	if (!bridge || !bridge->is_bridge)
		return;
	pw_diag_warning(res->diags, loc,
			"%s is a port of the bridge %s; rules see the bridge",
			iface->name, bridge->name);
	pw_diag_hint(res->diags, "write %s", bridge->name);
}

/* A word that nobody knows is a slip, or an interface still to come */
static void check_present(const struct pw_resolver *res,
			  const struct pw_loc *loc)
{
	char name[PW_IFNAME_MAX + 1] = "";
	const struct pw_iface *iface;

	if (!res->host->ifaces_known)
		return;
	memcpy(name, pw_loc_text(loc), loc->len);
	iface = pw_host_iface(res->host, name);
	if (iface) {
		check_bridge(res, loc, iface);
	} else if (pw_near_name(res, PW_KIND_INTERFACES, loc)) {
		pw_diag_warning(res->diags, loc, "'%s' is neither an interface "
				"nor a name of [interfaces]", name);
		pw_hint_name(res, PW_KIND_INTERFACES, loc, NULL, 0);
	}
}

static int too_long(struct pw_resolver *res, const struct pw_loc *loc)
{
	if (res->policy->incomplete)
		return -EINVAL;
	pw_diag_error(res->diags, loc, "unknown interface name '%.*s'",
		      PW_WORD_ARGS(loc));
	if (!pw_hint_name(res, PW_KIND_INTERFACES, loc, NULL, 0))
		pw_diag_hint(res->diags, "an interface has at most %d bytes; "
			     "define other names in [interfaces]",
			     PW_IFNAME_MAX);
	return -EINVAL;
}

static int add_item(struct pw_resolver *res, const struct pw_item *item,
		    struct pw_rangeset *into)
{
	const struct pw_rangeset *named = NULL;
	bool found = false;

	if (item->kind == PW_ITEM_WORD)
		named = find_name(res, &item->loc, &found);
	if (found)	/* not worked out: a cycle, which was reported */
		return named ? pw_rangeset_add_set(into, named) : 0;
	if (!item->is_iface)
		return too_long(res, &item->loc);
	if (item->kind == PW_ITEM_WORD)
		check_present(res, &item->loc);
	return pw_rangeset_add(into, item->iface.first, item->iface.last);
}

/* The set that a list of one word stands for, which need not be copied */
static struct pw_rangeset *as_it_is(const struct pw_resolver *res,
				    const struct pw_entry *entry)
{
	bool found;

	if (entry->num_items != 1 || entry->items->kind != PW_ITEM_WORD)
		return NULL;
	return find_name(res, &entry->items->loc, &found);
}

static int list_ifaces(struct pw_resolver *res, const struct pw_entry *entry,
		       struct pw_rangeset **out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *set =
		pw_rangeset_new(128);
	int err, result = 0;

	if (!set)
		return -ENOMEM;
	for (size_t i = 0; i < entry->num_items; i++) {
		err = add_item(res, &entry->items[i], set);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	err = pw_rangeset_normalise(set) ?: result;
	if (!err)
		*out = PW_TAKE(set);
	return err;
}

int pw_resolve_ifaces(struct pw_resolver *res, const struct pw_entry *entry,
		      struct pw_rangeset **out)
{
	struct pw_rangeset *shared = as_it_is(res, entry);

	if (!shared)
		return list_ifaces(res, entry, out);
	*out = pw_rangeset_ref(shared);
	return 0;
}

int pw_resolve_iface_names(struct pw_resolver *res, const size_t *order)
{
	const struct pw_names *names = &res->policy->names[PW_KIND_INTERFACES];
	int err, result = 0;

	for (size_t i = 0; i < names->num; i++) {
		err = pw_resolve_ifaces(res, &names->items[order[i]].entry,
					&res->ifaces[order[i]]);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}
