/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a failed proof says: a packet, the policy, the rule that decided. */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "compile/prove.h"
#include "portwall/addr.h"
#include "portwall/names.h"

#define PACKET_LEN 320
#define RULE_LEN 320

struct text {
	char *buf;
	size_t size, len;
};

__attribute__((format(printf, 2, 3)))
static void say(struct text *text, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text->buf + text->len, text->size - text->len, fmt,
			args);
	va_end(args);
	if (len > 0)
		text->len += (size_t)len;
	if (text->len >= text->size)
		text->len = text->size - 1;
}

/* @wanted if the box has it, else its lowest */
static struct pw_value pick(struct proof *p, const struct pw_box *box,
			    enum pw_field field, struct pw_value wanted)
{
	uint32_t id = box->f[field];
	const struct pw_rangeset *set;

	if (id == PW_VALUE_ANY ||
	    pw_values_contains(p->ev->space.values, id, wanted))
		return wanted;
	set = pw_values_set(p->ev->space.values, id);
	return set && set->num ? pw_rangeset_get(set, 0).first : wanted;
}

static uint32_t pick_number(struct proof *p, const struct pw_box *box,
			    enum pw_field field, uint32_t wanted)
{
	return (uint32_t)pick(p, box, field, pw_value32(wanted)).lo;
}

static void say_name(struct text *text, const char *word, struct proof *p,
		     const struct pw_box *box, enum pw_field field)
{
	static const struct pw_value eth0 = { 0x6574683000000000, 0 };
	struct pw_value v = pick(p, box, field, eth0);
	char name[17];

	if (v.hi)
		say(text, "%s%s", word,
		    pw_ifname_format(&(struct pw_range){ v, v }, name));
}

static void say_address(struct text *text, const char *word, struct proof *p,
			const struct pw_box *box, bool v4, bool source)
{
	static const struct pw_value examples[] = {
		{ 0, 0xc0000201 }, { 0x20010db800000000, 1 } };
	enum pw_field field = source ? v4 ? PW_F_SADDR4 : PW_F_SADDR6
				     : v4 ? PW_F_DADDR4 : PW_F_DADDR6;
	char buf[PW_ADDR_STRLEN];

	if (!source && box->f[field] == PW_VALUE_ANY)
		return;
	say(text, "%s%s", word,
	    pw_addr_format(v4 ? PW_IPV4 : PW_IPV6,
			   pick(p, box, field, examples[!v4]), buf));
}

static const char *kind_of(uint32_t rtn)
{
	switch (rtn) {
	case RTN_LOCAL:
		return "an address of the host";
	case RTN_BROADCAST:
		return "a broadcast address";
	case RTN_ANYCAST:
		return "an anycast address";
	case RTN_MULTICAST:
		return "a multicast address";
	default:
		return "an address that is not the host's";
	}
}

static void say_transport(struct text *text, struct proof *p,
			  const struct pw_box *box, uint32_t proto)
{
	static const struct { enum pw_field field; const char *word; } rows[] = {
		{ PW_F_ICMP_TYPE, ", type" }, { PW_F_ICMPV6_TYPE, ", type" },
		{ PW_F_HOPLIMIT, ", hop limit" }, { PW_F_TTL, ", TTL" },
		{ PW_F_SPORT, ", from port" }, { PW_F_TCP_SYNACK, ", flags" },
	};

	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	    proto == IPPROTO_SCTP)
		say(text, ", port %u",
		    pick_number(p, box, PW_F_DPORT, 9));
	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++)
		if (box->f[rows[i].field] != PW_VALUE_ANY)
			say(text, "%s %u", rows[i].word,
			    pick_number(p, box, rows[i].field, 0));
}

const char *pw_proof_packet(struct proof *p, const struct pw_box *box,
			    char *buf, size_t size)
{
	static const char *const states[PW_NUM_CT_STATES] = {
		[PW_CT_ESTABLISHED] = "established", [PW_CT_RELATED] = "related",
		[PW_CT_NEW] = "new", [PW_CT_UNTRACKED] = "untracked",
		[PW_CT_INVALID] = "invalid",
	};
	uint32_t proto = pick_number(p, box, PW_F_L4PROTO, IPPROTO_TCP);
	bool v4 = pick_number(p, box, PW_F_NFPROTO, NFPROTO_IPV4) ==
		  NFPROTO_IPV4;
	const char *name = proto < 256 ? pw_proto_name((uint8_t)proto)
				       : "no known protocol";
	struct text text = { buf, size, 0 };

	say(&text, "%s %s packet, ",
	    states[pick_number(p, box, PW_F_CT_STATE, PW_CT_NEW)],
	    v4 ? "IPv4" : "IPv6");
	if (name)
		say(&text, "%s", name);
	else
		say(&text, "protocol %u", proto);
	say_transport(&text, p, box, proto);
	say_address(&text, ", from ", p, box, v4, true);
	say_address(&text, " to ", p, box, v4, false);
	if (box->f[PW_F_FIB_DADDR] != PW_VALUE_ANY)
		say(&text, " to %s",
		    kind_of(pick_number(p, box, PW_F_FIB_DADDR, RTN_LOCAL)));
	if (box->f[PW_F_FIB_SADDR] != PW_VALUE_ANY &&
	    pick_number(p, box, PW_F_FIB_SADDR, RTN_UNICAST) == RTN_LOCAL)
		say(&text, " from an address of the host");
	say_name(&text, ", in on ", p, box, PW_F_IIFNAME);
	say_name(&text, ", out on ", p, box, PW_F_OIFNAME);
	return buf;
}

const char *pw_proof_rule(const struct proof *p, uint32_t chain, uint32_t rule,
			  char *buf, size_t size)
{
	const struct pw_chain *c = &p->rs->chains[chain];
	struct text text = { buf, size, 0 };

	if (rule == PW_NONE) {
		say(&text, "policy of chain %s", c->name);
		return buf;
	}
	say(&text, "chain %s, rule %u", c->name, rule + 1);
	if (c->rules[rule].comment)
		say(&text, " (%s)", c->rules[rule].comment);
	return buf;
}

int pw_proof_failed(struct pw_diags *diags, const char *fmt, ...)
{
	char message[PACKET_LEN + RULE_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	pw_diag_error(diags, NULL, "%s", message);
	return -EPROTO;
}

void pw_proof_differs(struct proof *p, const struct pw_box *box,
		      const struct want *want)
{
	static const char *const does[] = {
		[PW_OUT_ACCEPT] = "accept", [PW_OUT_DROP] = "drop",
		[PW_OUT_REFUSE] = "refuse",
	};
	char packet[PACKET_LEN], rule[RULE_LEN];

	p->err = pw_space_error(&p->ev->space);
	if (p->err)
		return;
	if (p->quiet) {
		p->differs = true;
		return;
	}
	p->err = pw_proof_failed(p->diags,
		   "rules and policy differ: the rules %s what the policy %s: %s",
		   does[p->cell->outcome], want->why,
		   pw_proof_packet(p, box, packet, sizeof(packet)));
	if (want->section != SIZE_MAX) {
		const struct pw_section *s =
			&p->model->sections[want->section];

		pw_diag_hint(p->diags, "section [%s %s] (%s:%u)",
			     s->block ? "block" : "allow", s->name,
			     s->file ? s->file : "-", s->line);
	}
	pw_diag_hint(p->diags, "decided by %s%s",
		     pw_proof_rule(p, p->cell->chain, p->cell->rule, rule,
				   sizeof(rule)),
		     box->cond == PW_COND_ALWAYS
			     ? "" : ", depending on limits");
}
