/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets a section of the model speaks of. */
#include <netinet/in.h>

#include "verify/expect_priv.h"

bool pw_arrival_from_bridge(const struct pw_model *model,
			    const struct pw_arrival *arrival)
{
	return pw_rangeset_contains(model->bridges, arrival->iface);
}

/* `until` begins with the apply: a clock set back does not open it earlier */
static bool in_time(const struct pw_model *model,
		    const struct pw_section *section, uint64_t now_ns)
{
	if (!section->until_ns)
		return true;
	if (!now_ns)
		now_ns = model->now_ns;
	return now_ns >= model->now_ns && now_ns < section->until_ns;
}

static bool names_destination(const struct pw_section *section,
			      const struct pw_arrival *arrival)
{
	static const struct {
		enum pw_dst_kind kind;
		size_t word;
	} kinds[] = {
		{ PW_DST_LOCAL, offsetof(struct pw_section, to_local) },
		{ PW_DST_BROADCAST, offsetof(struct pw_section, to_broadcast) },
		{ PW_DST_MULTICAST, offsetof(struct pw_section, to_multicast) },
	};

	if (section->any_to)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == arrival->dst_kind &&
		    *(const bool *)((const char *)section + kinds[i].word))
			return true;
	return pw_rangeset_contains(section->to.set[arrival->family],
				    arrival->dst);
}

bool pw_expect_covers(const struct pw_model *model,
		      const struct pw_section *section,
		      const struct pw_arrival *arrival)
{
	if (!section->any_on &&
	    !pw_rangeset_contains(section->on, arrival->iface))
		return false;
	if (!section->any_from &&
	    !pw_rangeset_contains(section->from.set[arrival->family],
				  arrival->src))
		return false;
	return names_destination(section, arrival) &&
	       in_time(model, section, arrival->now_ns);
}

const struct pw_rangeset *pw_expect_named(const struct pw_section *section,
					  uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return section->ports[PW_TCP];
	case IPPROTO_UDP:
		return section->ports[PW_UDP];
	case IPPROTO_SCTP:
		return section->ports[PW_SCTP];
	default:
		return NULL;
	}
}

bool pw_expect_names(const struct pw_section *section, uint8_t proto,
		     uint16_t port)
{
	const struct pw_rangeset *ports = pw_expect_named(section, proto);

	if (section->everything)
		return true;
	if (ports)
		return pw_rangeset_contains32(ports, port);
	return pw_rangeset_contains32(section->protocols, proto);
}
