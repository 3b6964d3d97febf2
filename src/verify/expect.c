/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's own reading of policy-language for one packet: what every policy
 * does without being asked, in its order, then blocks, then sections.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "verify/expect_priv.h"

static bool decide(struct pw_expectation *out, enum pw_expected what,
		   const char *why)
{
	*out = (struct pw_expectation){
		.what = what, .section = PW_NO_SECTION, .why = why,
	};
	return true;
}

/* Does @addr begin with the @len bits of @hi, @lo? 0 < @len <= 128 */
static bool in_prefix(struct pw_value addr, uint64_t hi, uint64_t lo, int len)
{
	uint64_t mask_hi = len < 64 ? ~(~UINT64_C(0) >> len) : ~UINT64_C(0);
	uint64_t mask_lo = len > 64 ? ~UINT64_C(0) << (128 - len) : 0;

	return !((addr.hi ^ hi) & mask_hi) && !((addr.lo ^ lo) & mask_lo);
}

static bool is_link_local(struct pw_value addr)
{
	return in_prefix(addr, UINT64_C(0xfe80) << 48, 0, 10);
}

/* 127/8, ::1 and ::ffff:0:0/96 belong on no wire */
static bool is_martian(enum pw_family family, struct pw_value addr)
{
	if (family == PW_IPV4)
		return addr.lo >> 24 == 127;
	return in_prefix(addr, 0, 1, 128) ||
	       in_prefix(addr, 0, UINT64_C(0xffff) << 32, 96);
}

static bool is_icmp(const struct pw_arrival *arrival)
{
	return arrival->proto == (arrival->family == PW_IPV4 ?
				  IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static bool is_echo_request(const struct pw_arrival *arrival)
{
	return is_icmp(arrival) &&
	       arrival->type == (arrival->family == PW_IPV4 ?
				 ICMP_ECHO : ICMP6_ECHO_REQUEST);
}

static bool is_icmp_error(const struct pw_arrival *arrival)
{
	if (!is_icmp(arrival))
		return false;
	if (arrival->family == PW_IPV6)
		return arrival->type >= ICMP6_DST_UNREACH &&
		       arrival->type <= ICMP6_PARAM_PROB;
	return arrival->type == ICMP_DEST_UNREACH ||
	       arrival->type == ICMP_TIME_EXCEEDED ||
	       arrival->type == ICMP_PARAMETERPROB;
}

static bool on_loopback(const struct pw_model *model,
			const struct pw_arrival *arrival,
			struct pw_expectation *out)
{
	(void)model;
	return arrival->lo && decide(out, PW_EX_REACHABLE, "loopback");
}

/*
 * Is it on its way to a container? What belongs to nothing is not published to
 * anywhere: no NAT takes it.
 */
static bool is_forwarded(const struct pw_arrival *arrival)
{
	return arrival->dst_kind == PW_DST_BEHIND ||
	       (arrival->published && arrival->state != PW_CONN_INVALID);
}

/* That is none of portwall's when it ignores containers */
static bool ignored(const struct pw_model *model,
		    const struct pw_arrival *arrival,
		    struct pw_expectation *out)
{
	return model->containers == PW_CONTAINERS_IGNORE &&
	       is_forwarded(arrival) &&
	       decide(out, PW_EX_REACHABLE, "containers are not judged");
}

static bool martian(const struct pw_model *model,
		    const struct pw_arrival *arrival,
		    struct pw_expectation *out)
{
	(void)model;
	return (is_martian(arrival->family, arrival->src) ||
		is_martian(arrival->family, arrival->dst)) &&
	       decide(out, PW_EX_CLOSED, "loopback or mapped address");
}

static bool own_source(const struct pw_model *model,
		       const struct pw_arrival *arrival,
		       struct pw_expectation *out)
{
	(void)model;
	return arrival->own_src &&
	       decide(out, PW_EX_CLOSED, "own address as source");
}

/* The block without port keys that drops it: no other one meets pings */
static bool blocked_ping(const struct pw_model *model,
			 const struct pw_arrival *arrival,
			 struct pw_expectation *out)
{
	for (uint32_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		if (!s->block || !s->everything ||
		    !pw_expect_covers(model, s, arrival))
			continue;
		pw_expect_section(model, i, out);
		return true;
	}
	return false;
}

/* Sections with ping = yes; what is unlimited goes before what is limited */
static bool allowed_ping(const struct pw_model *model,
			 const struct pw_arrival *arrival, bool limited,
			 struct pw_expectation *out)
{
	for (uint32_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		if (s->block || !s->ping || pw_expect_limited(s) != limited ||
		    !pw_expect_covers(model, s, arrival))
			continue;
		pw_expect_section(model, i, out);
		return true;
	}
	return false;
}

/* Echo requests have a way of their own, whatever connection they are of */
static bool ping(const struct pw_model *model,
		 const struct pw_arrival *arrival, struct pw_expectation *out)
{
	bool unicast = arrival->dst_kind == PW_DST_LOCAL;

	if (!is_echo_request(arrival) || arrival->dst_kind == PW_DST_BEHIND)
		return false;
	if (martian(model, arrival, out) || own_source(model, arrival, out) ||
	    blocked_ping(model, arrival, out) ||
	    allowed_ping(model, arrival, false, out))
		return true;
	if (unicast && model->ping == PW_PING_YES)
		return decide(out, PW_EX_REACHABLE, "ping");
	if (allowed_ping(model, arrival, true, out))
		return true;
	if (unicast && model->ping == PW_PING_RATE)
		return decide(out, PW_EX_LIMITED, "ping");
	pw_expect_default(model, arrival, out);
	return true;
}

static bool established(const struct pw_model *model,
			const struct pw_arrival *arrival,
			struct pw_expectation *out)
{
	(void)model;
	return arrival->state == PW_CONN_ESTABLISHED &&
	       decide(out, PW_EX_REACHABLE, "replies");
}

static bool related_error(const struct pw_model *model,
			  const struct pw_arrival *arrival,
			  struct pw_expectation *out)
{
	(void)model;
	return arrival->state == PW_CONN_RELATED && is_icmp_error(arrival) &&
	       decide(out, PW_EX_REACHABLE, "errors of live connections");
}

/* From a bridge published ports are not judged, nor is what goes elsewhere */
static bool forwarded(const struct pw_model *model,
		      const struct pw_arrival *arrival,
		      struct pw_expectation *out)
{
	if (pw_arrival_from_bridge(model, arrival))
		return is_forwarded(arrival) &&
		       decide(out, PW_EX_REACHABLE,
			      "published ports, from a bridge");
	if (arrival->dst_kind != PW_DST_BEHIND)
		return false;
	if (arrival->published)
		return decide(out, PW_EX_REACHABLE, "published port");
	return decide(out, PW_EX_CLOSED, "straight to a container");
}

/* RFC 4861, 7.1: from this link alone; RFC 2710, 3 and RFC 3810, 5 */
static bool is_discovery(const struct pw_arrival *arrival)
{
	bool link_local = is_link_local(arrival->src);
	bool unset = !arrival->src.hi && !arrival->src.lo;

	switch (arrival->type) {
	case ND_ROUTER_SOLICIT:
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
		return arrival->hop_limit == 255;
	case ND_ROUTER_ADVERT:
	case ND_REDIRECT:
		return arrival->hop_limit == 255 && link_local;
	case MLD_LISTENER_QUERY:
		return link_local;
	case MLD_LISTENER_REPORT:
	case MLD_LISTENER_REDUCTION:
	case 143:			/* version 2 report, RFC 3810, 5.2 */
		return link_local || unset;
	default:
		return false;
	}
}

static bool discovery(const struct pw_model *model,
		      const struct pw_arrival *arrival,
		      struct pw_expectation *out)
{
	(void)model;
	return arrival->family == PW_IPV6 && is_icmp(arrival) &&
	       is_discovery(arrival) &&
	       decide(out, PW_EX_REACHABLE, "neighbour discovery");
}

/* 224.0.0.0/4 is multicast: to an own address there is no such thing */
static bool igmp(const struct pw_model *model,
		 const struct pw_arrival *arrival, struct pw_expectation *out)
{
	(void)model;
	return arrival->family == PW_IPV4 && arrival->proto == IPPROTO_IGMP &&
	       arrival->dst_kind != PW_DST_LOCAL &&
	       arrival->dst.lo >> 28 == 0xe && arrival->hop_limit == 1 &&
	       decide(out, PW_EX_REACHABLE, "group membership");
}

static bool invalid(const struct pw_model *model,
		    const struct pw_arrival *arrival,
		    struct pw_expectation *out)
{
	(void)model;
	return arrival->state == PW_CONN_INVALID &&
	       decide(out, PW_EX_CLOSED, "belongs to no connection");
}

bool pw_expect_before_ports(const struct pw_model *model,
			    const struct pw_arrival *arrival,
			    struct pw_expectation *out)
{
	static bool (*const steps[])(const struct pw_model *,
				     const struct pw_arrival *,
				     struct pw_expectation *) = {
		on_loopback, ignored, ping, martian, established,
		related_error, forwarded, discovery, igmp, invalid, own_source,
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](model, arrival, out))
			return true;
	return false;
}

/* Ports of RFC 2131, 4.1 and RFC 8415, 7.2 */
bool pw_expect_dhcp(const struct pw_model *model,
		    const struct pw_arrival *arrival,
		    struct pw_expectation *out)
{
	bool reply;

	if (!model->dhcp || arrival->proto != IPPROTO_UDP)
		return false;
	if (arrival->family == PW_IPV4)
		reply = arrival->sport == 67 && arrival->dport == 68;
	else
		reply = arrival->sport == 547 && arrival->dport == 546 &&
			is_link_local(arrival->src);
	return reply && decide(out, PW_EX_REACHABLE, "DHCP replies");
}

void pw_expect_default(const struct pw_model *model,
		       const struct pw_arrival *arrival,
		       struct pw_expectation *out)
{
	bool refused = model->on_default == PW_DEFAULT_REJECT &&
		       arrival->dst_kind == PW_DST_LOCAL &&
		       arrival->state != PW_CONN_INVALID;

	decide(out, refused ? PW_EX_REFUSED : PW_EX_CLOSED,
	       "nothing allows it");
}

void pw_expect_section(const struct pw_model *model, uint32_t section,
		       struct pw_expectation *out)
{
	const struct pw_section *s = &model->sections[section];

	if (s->block)
		decide(out, PW_EX_CLOSED, "block");
	else
		decide(out, pw_expect_limited(s) ? PW_EX_LIMITED :
						    PW_EX_REACHABLE, "section");
	out->section = section;
}

/* Before all others: a block, then what admits without limit, then the rest */
static int rank(const struct pw_section *section)
{
	return section->block ? 0 : pw_expect_limited(section) ? 2 : 1;
}

void pw_expect(const struct pw_model *model, const struct pw_arrival *arrival,
	       struct pw_expectation *out)
{
	int best = INT32_MAX;

	if (pw_expect_before_ports(model, arrival, out) ||
	    pw_expect_dhcp(model, arrival, out))
		return;
	pw_expect_default(model, arrival, out);
	for (uint32_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		if (rank(s) >= best ||
		    !pw_expect_names(s, arrival->proto, arrival->dport) ||
		    !pw_expect_covers(model, s, arrival))
			continue;
		pw_expect_section(model, i, out);
		best = rank(s);
	}
}
