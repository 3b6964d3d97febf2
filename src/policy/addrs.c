/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of names and keys. */
#include <errno.h>
#include <string.h>

#include "policy/resolve.h"

static const struct {
	const char *name;
	const char *ranges[4];
} built_in[] = {
	{ "private", { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		       "fc00::/7" } },
	{ "link-local", { "169.254.0.0/16", "fe80::/10" } },
};

static const struct {
	const char *name;
	enum pw_special special;
} specials[] = {
	{ "local", PW_TO_LOCAL },
	{ "broadcast", PW_TO_BROADCAST },
	{ "multicast", PW_TO_MULTICAST },
};

/* Words that are looked up although nobody defines them */
static const char *const known_words[] = {
	"private", "link-local", "local", "broadcast", "multicast",
};
#define NUM_EVERYWHERE 2	/* the rest is for `to` */

static int unknown(struct pw_resolver *res, const struct pw_loc *loc,
		   bool is_to)
{
	const char *text = pw_loc_text(loc);

	if (res->policy->incomplete)
		return -EINVAL;
	if (pw_loc_is(loc, "all") || pw_loc_is(loc, "any")) {
		pw_diag_error(res->diags, loc, "'%.*s' is not an address",
			      PW_WORD_ARGS(loc));
		pw_diag_hint(res->diags, is_to ? "name local, broadcast, "
			     "multicast, or addresses" : "leave the key out: "
			     "what is absent does not restrict");
		return -EINVAL;
	}
	pw_diag_error(res->diags, loc, "unknown address name '%.*s'",
		      PW_WORD_ARGS(loc));
	if (pw_hint_name(res, PW_KIND_ADDRESSES, loc, known_words,
			 is_to ? PW_ARRAY_SIZE(known_words) : NUM_EVERYWHERE))
		return -EINVAL;
	if (!memchr(text, '.', loc->len)) {
		pw_diag_hint(res->diags, "define it in [addresses]");
		return -EINVAL;
	}
	pw_diag_hint(res->diags, "host names are refused: write the addresses");
	pw_diag_hint(res->diags, "an address that depends on DNS at load time "
		     "is not a policy");
	return -EINVAL;
}

/* 1 if the word is a built-in name, else 0 */
static int add_built_in(const struct pw_loc *loc, struct pw_addrs *into)
{
	struct pw_addr_range range;
	int err = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(built_in); i++) {
		if (!pw_loc_is(loc, built_in[i].name))
			continue;
		for (size_t k = 0; k < 4 && built_in[i].ranges[k]; k++) {
			const char *text = built_in[i].ranges[k];

			err = pw_addr_range_parse(text, strlen(text), &range) ?:
			      pw_addrs_add(into, &range);
			if (err)
				return err;
		}
		return 1;
	}
	return 0;
}

/* 1 if the word stands for a kind of destinations, else 0 */
static int add_special(struct pw_resolver *res, const struct pw_loc *loc,
		       unsigned int *special)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(specials); i++) {
		if (!pw_loc_is(loc, specials[i].name))
			continue;
		if (special) {
			*special |= specials[i].special;
			return 1;
		}
		pw_diag_error(res->diags, loc, "'%s' is for the key `to` alone",
			      specials[i].name);
		pw_diag_hint(res->diags, "write to = %s in the section",
			     specials[i].name);
		return -EINVAL;
	}
	return 0;
}

static const struct pw_addrs *find_name(const struct pw_resolver *res,
					const struct pw_loc *loc)
{
	const struct pw_names *names = &res->policy->names[PW_KIND_ADDRESSES];
	const struct pw_name *name = pw_names_find(names, pw_loc_text(loc),
						   loc->len);

	return name ? &res->addrs[name - names->items] : NULL;
}

static int add_word(struct pw_resolver *res, const struct pw_loc *loc,
		    unsigned int *special, struct pw_addrs *into)
{
	const struct pw_addrs *named = find_name(res, loc);
	int found;

	if (named)	/* not worked out: a cycle, which was reported */
		return named->set[0] ? pw_addrs_add_all(into, named) : 0;
	found = add_built_in(loc, into) ?: add_special(res, loc, special);
	if (found < 0)
		return found;
	return found ? 0 : unknown(res, loc, special);
}

static int add_items(struct pw_resolver *res, const struct pw_entry *entry,
		     unsigned int *special, struct pw_addrs *into)
{
	const struct pw_list *lists = res->policy->lists;
	int err, result = 0;

	for (size_t i = 0; i < entry->num_items; i++) {
		const struct pw_item *item = &entry->items[i];

		if (item->kind == PW_ITEM_WORD)
			err = add_word(res, &item->loc, special, into);
		else if (item->kind == PW_ITEM_FILE)
			err = pw_addrs_add_all(into, &lists[item->list].addrs);
		else
			err = pw_addrs_add(into, &item->addr);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

/* The set that a list of one word stands for, which need not be copied */
static const struct pw_addrs *as_it_is(const struct pw_resolver *res,
				       const struct pw_entry *entry)
{
	const struct pw_item *item = entry->items;
	const struct pw_addrs *addrs = NULL;

	if (entry->num_items != 1)
		return NULL;
	if (item->kind == PW_ITEM_FILE)
		addrs = &res->policy->lists[item->list].addrs;
	else if (item->kind == PW_ITEM_WORD)
		addrs = find_name(res, &item->loc);
	return addrs && addrs->set[0] ? addrs : NULL;
}

int pw_resolve_addrs(struct pw_resolver *res, const struct pw_entry *entry,
		     unsigned int *special, struct pw_addrs *out)
{
	const struct pw_addrs *shared = as_it_is(res, entry);
	struct pw_addrs made;
	int err;

	if (special)
		*special = 0;
	if (shared) {
		for (int f = 0; f < PW_NUM_FAMILIES; f++)
			out->set[f] = pw_rangeset_ref(shared->set[f]);
		return 0;
	}
	err = pw_addrs_init(&made);
	if (err)
		return err;
	err = add_items(res, entry, special, &made) ?:
	      pw_addrs_normalise(&made);
	if (err)
		pw_addrs_clear(&made);
	else
		*out = made;
	return err;
}
