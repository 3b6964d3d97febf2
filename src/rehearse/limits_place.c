// SPDX-License-Identifier: GPL-2.0-or-later
/* Where one section alone decides: from whom, to which port. */
#include "rehearse/limits_place.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rehearse/limits_candidates.h"

/* Sections looked at in one search, all packets together */
#define BUDGET 2000000u
#define LEAST_TRIES 500u

int pw_places_open(struct pw_stage *stage, struct pw_places *out)
{
	const struct pw_model *model = stage->model;
	size_t size = model->num_sections * sizeof(*model->sections);
	struct pw_section *nothing = &out->nothing;
	bool failed = false;

	*out = (struct pw_places){ .stage = stage, .without = *model };
	out->without.sections = malloc(size ? size : 1);
	if (!out->without.sections)
		return -ENOMEM;
	if (size)
		memcpy(out->without.sections, model->sections, size);
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		nothing->ports[t] = pw_rangeset_new(16);
		failed |= !nothing->ports[t];
	}
	nothing->protocols = pw_rangeset_new(8);
	failed |= !nothing->protocols || pw_addrs_init(&nothing->from) ||
		  pw_addrs_init(&nothing->to);
	nothing->any_on = true;
	return failed ? -ENOMEM : 0;
}

void pw_places_close(struct pw_places *places)
{
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
		pw_rangeset_free(places->nothing.ports[t]);
	pw_rangeset_free(places->nothing.protocols);
	pw_addrs_clear(&places->nothing.from);
	pw_addrs_clear(&places->nothing.to);
	free(places->without.sections);
}

/**
 * struct search - One search
 * @left:	packets that may still be tried
 * @published:	take ports that lead to a container, too
 */
struct search {
	struct pw_places *places;
	enum pw_expected want;
	uint64_t now_ns;
	size_t left;
	bool published;
	struct pw_place *out;
};

static bool is_opposite(enum pw_expected a, enum pw_expected b)
{
	if (a == PW_EX_CLOSED)
		return b == PW_EX_REACHABLE;
	return b == PW_EX_CLOSED || b == PW_EX_REFUSED;
}

/* Does the section decide here, and is it closed without it? */
static bool fits(struct search *search, const struct pw_probe *probe)
{
	struct pw_places *places = search->places;
	uint32_t section = search->out->section;
	struct pw_expectation with, without;
	struct pw_arrival arrival;
	struct pw_section kept;

	pw_try_arrival(places->stage, probe, PW_CONN_NEW, &arrival);
	if (search->now_ns)
		arrival.now_ns = search->now_ns;
	pw_expect(places->stage->model, &arrival, &with);
	if (with.what != search->want || with.section != section ||
	    (arrival.published && !search->published))
		return false;
	if (section == PW_NO_SECTION) {
		search->out->beyond = PW_EX_CLOSED;
		return true;
	}
	kept = places->without.sections[section];
	places->without.sections[section] = places->nothing;
	places->without.sections[section].block = kept.block;
	pw_expect(&places->without, &arrival, &without);
	places->without.sections[section] = kept;
	search->out->beyond = without.what;
	if (!is_opposite(search->want, without.what))
		return false;
	if (!places->later)
		return true;
	pw_expect(places->later, &arrival, &without);
	search->out->beyond = without.what;
	return is_opposite(search->want, without.what);
}

/* True: found, or enough was tried */
static bool try(void *arg, const struct pw_probe *probe)
{
	struct search *search = arg;

	if (!search->left--)
		return true;
	if (!fits(search, probe))
		return false;
	search->out->probe = *probe;
	search->left = SIZE_MAX;
	return true;
}

static struct search begin(struct pw_places *places, enum pw_expected want,
			   struct pw_place *out)
{
	size_t num = places->stage->model->num_sections + 1;
	size_t tries = BUDGET / num;

	return (struct search){
		.places = places, .want = want, .out = out,
		.left = tries < LEAST_TRIES ? LEAST_TRIES : tries,
	};
}

int pw_place_find(struct pw_places *places, uint32_t section,
		  enum pw_expected want, uint64_t now_ns, struct pw_place *out)
{
	struct search search = begin(places, want, out);

	*out = (struct pw_place){ .section = section };
	search.now_ns = now_ns;
	pw_candidates_each(places->stage, section, try, &search);
	if (search.left == SIZE_MAX)
		return 0;
	search = begin(places, want, out);
	search.now_ns = now_ns;
	search.published = true;
	pw_candidates_each(places->stage, section, try, &search);
	return search.left == SIZE_MAX ? 0 : -ENOENT;
}

int pw_place_find_ping(struct pw_places *places, struct pw_place *out)
{
	struct search search = begin(places, PW_EX_LIMITED, out);

	*out = (struct pw_place){ .section = PW_NO_SECTION };
	pw_candidates_ping(places->stage, try, &search);
	return search.left == SIZE_MAX ? 0 : -ENOENT;
}

/* Per source is by IPv4 address or IPv6 /64 */
static bool share_memory(const struct pw_probe *a, const struct pw_probe *b)
{
	return a->family == PW_IPV6 && a->src.hi == b->src.hi;
}

/**
 * struct neighbours - The search for other sources at a place
 * @place:	compared with; what is found goes there
 */
struct neighbours {
	struct search search;
	struct pw_place *place;
};

static bool same_target(const struct pw_probe *a, const struct pw_probe *b)
{
	return a->iface == b->iface && a->family == b->family &&
	       !pw_value_cmp(a->dst, b->dst);
}

static bool try_neighbour(void *arg, const struct pw_probe *candidate)
{
	struct neighbours *n = arg;
	struct pw_probe probe = n->place->probe;

	if (!n->search.left--)
		return true;
	if (!same_target(candidate, &probe) ||
	    !pw_value_cmp(candidate->src, probe.src))
		return false;
	probe.src = candidate->src;
	if (!fits(&n->search, &probe))
		return false;
	if (share_memory(&probe, &n->place->probe)) {
		n->place->has_near = true;
		n->place->near = probe.src;
	} else {
		n->place->has_other = true;
		n->place->other = probe.src;
	}
	return n->place->has_other &&
	       (n->place->has_near || probe.family == PW_IPV4);
}

void pw_place_neighbours(struct pw_places *places, struct pw_place *place)
{
	struct pw_place scratch = { .section = place->section };
	struct neighbours n = {
		.search = begin(places, PW_EX_LIMITED, &scratch),
		.place = place,
	};

	n.search.published = true;
	if (place->section == PW_NO_SECTION)
		pw_candidates_ping(places->stage, try_neighbour, &n);
	else
		pw_candidates_each(places->stage, place->section,
				   try_neighbour, &n);
}

const char *pw_place_text(const struct pw_stage *stage,
			  const struct pw_place *place, char *buf, size_t len)
{
	const struct pw_probe *probe = &place->probe;
	const char *name = pw_proto_name(probe->proto);
	char from[PW_ADDR_STRLEN], port[8] = "";

	if (pw_proto_has_ports(probe->proto))
		snprintf(port, sizeof(port), "/%u", probe->dport);
	snprintf(buf, len, "%s%s from %s on %s", name ? name : "protocol", port,
		 pw_addr_format(probe->family, probe->src, from),
		 stage->plan->scene->ifaces[probe->iface].name);
	return buf;
}
