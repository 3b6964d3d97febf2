// SPDX-License-Identifier: GPL-2.0-or-later
/* States of a port before and after, by what listens there. */
#include <netinet/in.h>
#include <stdio.h>

#include "cli/changes.h"
#include "portwall/names.h"

/* Reachable: open or unused; not reachable: shielded or closed */
static const char *state(bool reachable, bool known, bool listens)
{
	if (reachable)
		return known && !listens ? "unused" : "open";
	return known && listens ? "shielded" : "closed";
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

/* Would strangers reach a socket at one of these ports? */
static bool listens(const struct pw_listeners *all,
		    const struct pw_change *change)
{
	for (size_t i = 0; i < all->num; i++) {
		const struct pw_listener *l = &all->list[i];

		if (l->proto == change->proto && !l->raw &&
		    l->port >= change->first && l->port <= change->last &&
		    !pw_rangeset_empty(change->from.set[l->family]) &&
		    !pw_listener_is_local(l))
			return true;
	}
	return false;
}

struct change_words change_words(const struct changes_view *view,
				 const struct pw_change *change)
{
	bool flips = change->kind == PW_CHANGE_OPENS ||
		     change->kind == PW_CHANGE_CLOSES ||
		     change->kind == PW_CHANGE_REST;
	bool is = change->admits, was = is != flips;
	/* the kernel answers pings, and takes what has no ports */
	bool known = view->listeners && has_ports(change->proto);
	bool some = known && listens(view->listeners, change);

	return (struct change_words){
		state(was, known, some), state(is, known, some),
	};
}

const char *change_proto(const struct pw_change *change, char buf[static 16])
{
	const char *name = pw_proto_name(change->proto);

	if (!change->proto)
		return "ping";
	if (!name)
		snprintf(buf, 16, "protocol %u", change->proto);
	return name ? name : buf;
}
