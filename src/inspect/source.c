// SPDX-License-Identifier: GPL-2.0-or-later
/* Senders of probes: of a class, and such that routing lets them in. */
#include <errno.h>

#include "inspect/source.h"
#include "portwall/own.h"

/* Documentation addresses: RFC 5737, RFC 3849 */
static const struct pw_range documentation[PW_NUM_FAMILIES][3] = {
	[PW_IPV4] = {
		{ { 0, 0xc6336407 }, { 0, 0xc63364ff } },
		{ { 0, 0xcb007107 }, { 0, 0xcb0071ff } },
		{ { 0, 0xc0000207 }, { 0, 0xc00002ff } },
	},
	[PW_IPV6] = {
		{ { 0x20010db8007f0000, 7 }, { 0x20010db8007f0000, ~0ull } },
		{ { 0x20010db8ffff0000, 7 }, { 0x20010db8ffff0000, ~0ull } },
		{ { 0x20010db800010000, 7 }, { 0x20010db800010000, ~0ull } },
	},
};

bool pw_tour_owns(const struct pw_tour *tour, enum pw_family family,
		  struct pw_value addr)
{
	for (size_t i = 0; i < tour->num_addrs; i++)
		if (tour->addrs[i].family == family &&
		    !pw_value_cmp(tour->addrs[i].addr, addr))
			return true;
	return false;
}

/* Sources that any routing refuses, or whose answers would go nowhere */
static bool is_odd_source(enum pw_family family, struct pw_value addr)
{
	uint8_t first = (uint8_t)(addr.lo >> 24);

	if (family == PW_IPV4)
		return first == 0 || first == 127 || first >= 224;
	return !addr.hi || addr.hi >> 56 == 0xff;
}

bool pw_search_try(struct pw_search *s, struct pw_value addr)
{
	enum pw_family family = s->gate->family;
	int path;

	if ((s->set && !pw_rangeset_contains(s->set, addr)) ||
	    is_odd_source(family, addr) || pw_tour_owns(s->tour, family, addr))
		return false;
	path = pw_host_accepts_route(family, addr, s->gate->dst,
				     s->gate->iface->index);
	if (path && path != -EXDEV)
		return false;
	if (s->path == -ENOENT || !path) {
		s->best = addr;
		s->path = path;
	}
	return !path;
}

static struct pw_value inner(const struct pw_range *range, uint64_t seed)
{
	struct pw_value v = range->first;

	if (range->first.hi == range->last.hi)
		v.lo += seed % (range->last.lo - range->first.lo + 1 ?
				range->last.lo - range->first.lo + 1 : ~0ull);
	return v;
}

/* A neighbour on the wire passes strict reverse-path filters */
static bool try_neighbours(struct pw_search *s)
{
	for (size_t i = 0; i < s->tour->num_addrs; i++) {
		const struct pw_host_addr *a = &s->tour->addrs[i];
		unsigned int bits = pw_family_bits(s->gate->family);

		if (a->family != s->gate->family || a->prefix + 1u >= bits ||
		    a->ifindex != s->gate->iface->index)
			continue;
		if (pw_search_try(s, pw_value_next(a->addr)) ||
		    pw_search_try(s, pw_value_prev(a->addr)))
			return true;
	}
	return false;
}

/* Addresses of the class that the plan has found; NULL set: too many to keep */
static bool try_planned(struct pw_search *s)
{
	const struct pw_plan *plan = s->tour->plan;

	for (size_t i = 0; plan && i < plan->num_sweeps; i++)
		if (plan->sweeps[i].class == s->class &&
		    pw_search_try(s, plan->sweeps[i].src))
			return true;
	return false;
}

/* Can it be told whether an address is of the class? */
static bool is_told(const struct pw_search *s)
{
	return !s->tour->plan || s->tour->plan->classes[s->class].set;
}

int pw_search_find(struct pw_search *s)
{
	const struct pw_range *docs = documentation[s->gate->family];

	s->path = -ENOENT;
	for (size_t i = 0; is_told(s) && i < PW_ARRAY_SIZE(documentation[0]);
	     i++)
		if (pw_search_try(s, inner(&docs[i], s->tour->seed)))
			return 0;
	if (!is_told(s) || !try_neighbours(s))
		try_planned(s);
	return s->path;
}
