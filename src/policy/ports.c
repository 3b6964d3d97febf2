/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of names and keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/resolve.h"

#include "policy/habits.h"

static const struct pw_service *service(const struct pw_resolver *res,
					const struct pw_loc *loc,
					enum pw_transport t)
{
	return pw_host_service(res->host, pw_loc_text(loc), loc->len,
			       pw_transport_proto(t));
}

/* Service names of @t, or of all transports; NULL when memory is short */
static const char **service_names(const struct pw_resolver *res, int t,
				  size_t *num)
{
	const struct pw_host *host = res->host;
	const char **names = calloc(host->num_services + 1, sizeof(*names));

	*num = 0;
	for (size_t i = 0; names && i < host->num_services; i++) {
		if (t < 0 || host->services[i].proto == pw_transport_proto(t))
			names[(*num)++] = host->services[i].name;
	}
	return names;
}

/* Other transports that know the service, as a hint */
static bool hint_other(const struct pw_resolver *res,
		       const struct pw_loc *loc)
{
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		const struct pw_service *found = service(res, loc, t);

		if (!found)
			continue;
		pw_diag_hint(res->diags, "the services database has it for %s: "
			     "%u", pw_transport_name(t), found->port);
		return true;
	}
	return false;
}

/* @t is the transport asked for, or -1: any would do */
static int unknown(struct pw_resolver *res, const struct pw_loc *loc, int t)
{
	const char *habit = pw_habit_port(loc);
	const char **services;
	size_t num;

	if (res->policy->incomplete)
		return -EINVAL;
	if (t < 0)
		pw_diag_error(res->diags, loc, "unknown service '%.*s'",
			      PW_WORD_ARGS(loc));
	else
		pw_diag_error(res->diags, loc, "unknown %s service '%.*s'",
			      pw_transport_name(t), PW_WORD_ARGS(loc));
	if (hint_other(res, loc))
		return -EINVAL;
	if (habit) {
		pw_diag_hint(res->diags, "%s", habit);
		return -EINVAL;
	}
	services = service_names(res, t, &num);
	if (!services)
		return -ENOMEM;
	if (!pw_hint_name(res, PW_KIND_PORTS, loc, services, num))
		pw_diag_hint(res->diags, "write its number, or define a name "
			     "for it in [ports]");
	free(services);
	return -EINVAL;
}

static const struct pw_port_name *find_name(const struct pw_resolver *res,
					    const struct pw_loc *loc)
{
	const struct pw_names *names = &res->policy->names[PW_KIND_PORTS];
	const struct pw_name *name = pw_names_find(names, pw_loc_text(loc),
						   loc->len);

	return name ? &res->ports[name - names->items] : NULL;
}

static int missing_service(struct pw_resolver *res, const struct pw_loc *loc,
			   const struct pw_loc *missing, enum pw_transport t)
{
	pw_diag_error(res->diags, loc, "'%.*s' has the service '%.*s', which "
		      "has no %s port", PW_WORD_ARGS(loc),
		      PW_WORD_ARGS(missing), pw_transport_name(t));
	hint_other(res, missing);
	pw_diag_note(res->diags, missing, "the service is named here");
	return -EINVAL;
}

static int add_word(struct pw_resolver *res, const struct pw_loc *loc,
		    enum pw_transport t, struct pw_rangeset *into)
{
	const struct pw_port_name *named = find_name(res, loc);
	const struct pw_service *found;

	if (named && named->missing[t].src)
		return missing_service(res, loc, &named->missing[t], t);
	if (named)	/* not worked out: a cycle, which was reported */
		return named->set[t] ? pw_rangeset_add_set(into, named->set[t])
				     : 0;
	found = service(res, loc, t);
	return found ? pw_rangeset_add32(into, found->port, found->port) :
		       unknown(res, loc, t);
}

/* The name that a list of one word stands for: its sets need not be copied */
static const struct pw_port_name *as_it_is(const struct pw_resolver *res,
					   const struct pw_entry *entry)
{
	const struct pw_port_name *named = NULL;

	if (entry->num_items == 1 && entry->items->kind == PW_ITEM_WORD)
		named = find_name(res, &entry->items->loc);
	return named && named->set[0] ? named : NULL;
}

static int list_ports(struct pw_resolver *res, const struct pw_entry *entry,
		      enum pw_transport t, struct pw_rangeset **out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *set =
		pw_rangeset_new(16);
	int err, result = 0;

	if (!set)
		return -ENOMEM;
	for (size_t i = 0; i < entry->num_items; i++) {
		const struct pw_item *item = &entry->items[i];

		if (item->kind == PW_ITEM_WORD)
			err = add_word(res, &item->loc, t, set);
		else
			err = pw_rangeset_add32(set, item->num.first,
						item->num.last);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	err = pw_rangeset_normalise(set) ?: result;
	if (!err)
		*out = PW_TAKE(set);
	return err;
}

int pw_resolve_ports(struct pw_resolver *res, const struct pw_entry *entry,
		     enum pw_transport t, struct pw_rangeset **out)
{
	const struct pw_port_name *shared = as_it_is(res, entry);

	if (!shared || shared->missing[t].src)
		return list_ports(res, entry, t, out);
	*out = pw_rangeset_ref(shared->set[t]);
	return 0;
}

/* A word of a list is another list, or a service of some transport */
static int add_to_name(struct pw_resolver *res, const struct pw_loc *loc,
		       struct pw_port_name *into)
{
	const struct pw_port_name *named = find_name(res, loc);
	bool known = named;
	int err = 0;

	for (int t = 0; t < PW_NUM_TRANSPORTS && !err; t++) {
		const struct pw_service *found = NULL;
		struct pw_loc missing = *loc;

		if (named) {
			if (named->set[t])
				err = pw_rangeset_add_set(into->set[t],
							  named->set[t]);
			missing = named->missing[t];
		} else {
			found = service(res, loc, t);
		}
		if (found) {
			known = true;
			err = pw_rangeset_add32(into->set[t], found->port,
						found->port);
		} else if (!into->missing[t].src) {
			into->missing[t] = missing;
		}
	}
	if (err || known)
		return err;
	memset(into->missing, 0, sizeof(into->missing));
	return unknown(res, loc, -1);
}

static int check_not_service(struct pw_resolver *res,
			     const struct pw_name *name)
{
	const struct pw_loc *loc = &name->entry.loc;

	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		if (!service(res, loc, t))
			continue;
		pw_diag_error(res->diags, loc, "'%s' is the name of a service",
			      name->name);
		pw_diag_hint(res->diags, "choose another name");
		return -EINVAL;
	}
	return 0;
}

static void share(const struct pw_port_name *named, struct pw_port_name *out)
{
	*out = *named;
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
		pw_rangeset_ref(out->set[t]);
}

static int list_name(struct pw_resolver *res, const struct pw_name *name,
		     struct pw_port_name *out)
{
	int err, result = 0;

	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		out->set[t] = pw_rangeset_new(16);
		if (!out->set[t])
			return -ENOMEM;
	}
	for (size_t i = 0; i < name->entry.num_items; i++) {
		const struct pw_item *item = &name->entry.items[i];

		err = 0;
		if (item->kind == PW_ITEM_WORD)
			err = add_to_name(res, &item->loc, out);
		for (int t = 0; t < PW_NUM_TRANSPORTS && !err &&
				item->kind == PW_ITEM_VALUE; t++)
			err = pw_rangeset_add32(out->set[t], item->num.first,
						item->num.last);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		err = pw_rangeset_normalise(out->set[t]);
		if (err)
			return err;
	}
	return result;
}

/* What is worked out is looked up only then: a name in a cycle is no part of
 * itself */
static int resolve_name(struct pw_resolver *res, const struct pw_name *name,
			struct pw_port_name *out)
{
	const struct pw_port_name *shared = as_it_is(res, &name->entry);
	struct pw_port_name made = { 0 };
	int err, result = check_not_service(res, name);

	if (shared) {
		share(shared, out);
		return result;
	}
	err = list_name(res, name, &made);
	*out = made;
	return err ?: result;
}

int pw_resolve_port_names(struct pw_resolver *res, const size_t *order)
{
	const struct pw_names *names = &res->policy->names[PW_KIND_PORTS];
	int err, result = 0;

	for (size_t i = 0; i < names->num; i++) {
		err = resolve_name(res, &names->items[order[i]],
				   &res->ports[order[i]]);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}
