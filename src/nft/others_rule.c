// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of other tables, roughly: a doubt is kept as a doubt. */
#include "nft/others_rule.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "nft/decode.h"

/* What a register holds */
enum holds { H_UNKNOWN, H_NFPROTO, H_ETHERTYPE, H_L4PROTO, H_DPORT, H_STATE, H_IIF,
	     H_IIFNAME, H_ADDRTYPE, H_CONSTANT };

struct rough_reg {
	enum holds holds;
	uint32_t mask;		/* of H_STATE */
	uint8_t bytes[16];	/* of H_CONSTANT */
	uint32_t len;
};

struct rough {
	struct pw_rough_rule *out;
	struct rough_reg regs[NUM_REGS];
};

/* As ct state of nft has it: IP_CT_NEW, which may go either way */
#define STATE_NEW NF_CT_STATE_BIT(IP_CT_NEW)

static void set_reg(struct rough *r, const struct nftnl_expr *expr,
		    uint16_t attr, struct rough_reg value)
{
	int i = dec_reg_index(dec_u32(expr, attr));

	if (i >= 0)
		r->regs[i] = value;
}

static struct rough_reg get_reg(const struct rough *r,
				const struct nftnl_expr *expr, uint16_t attr)
{
	static const struct rough_reg unknown;
	int i = dec_reg_index(dec_u32(expr, attr));

	return i < 0 ? unknown : r->regs[i];
}

static void load(struct rough *r, const struct nftnl_expr *expr, uint16_t attr,
		 enum holds holds)
{
	set_reg(r, expr, attr, (struct rough_reg){ .holds = holds,
						   .mask = UINT32_MAX });
}

static void read_meta(struct rough *r, const struct nftnl_expr *expr)
{
	static const enum holds by_key[] = {
		[NFT_META_PROTOCOL] = H_ETHERTYPE,
		[NFT_META_NFPROTO] = H_NFPROTO, [NFT_META_L4PROTO] = H_L4PROTO,
		[NFT_META_IIF] = H_IIF, [NFT_META_IIFNAME] = H_IIFNAME,
	};
	uint32_t key = dec_u32(expr, NFTNL_EXPR_META_KEY);

	if (nftnl_expr_is_set(expr, NFTNL_EXPR_META_DREG))
		load(r, expr, NFTNL_EXPR_META_DREG,
		     key < PW_ARRAY_SIZE(by_key) ? by_key[key] : H_UNKNOWN);
}

static void read_payload(struct rough *r, const struct nftnl_expr *expr)
{
	static const struct {
		uint32_t base, offset, len;
		enum holds holds;
	} known[] = {
		{ NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, H_DPORT },
		{ NFT_PAYLOAD_NETWORK_HEADER, 9, 1, H_L4PROTO },  /* of IPv4 */
	};
	enum holds holds = H_UNKNOWN;

	for (size_t i = 0; i < PW_ARRAY_SIZE(known); i++)
		if (dec_u32(expr, NFTNL_EXPR_PAYLOAD_BASE) == known[i].base &&
		    dec_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET) ==
			    known[i].offset &&
		    dec_u32(expr, NFTNL_EXPR_PAYLOAD_LEN) == known[i].len)
			holds = known[i].holds;
	if (nftnl_expr_is_set(expr, NFTNL_EXPR_PAYLOAD_DREG))
		load(r, expr, NFTNL_EXPR_PAYLOAD_DREG, holds);
}

static void read_ct(struct rough *r, const struct nftnl_expr *expr)
{
	if (nftnl_expr_is_set(expr, NFTNL_EXPR_CT_DREG))
		load(r, expr, NFTNL_EXPR_CT_DREG,
		     dec_u32(expr, NFTNL_EXPR_CT_KEY) == NFT_CT_STATE ?
		     H_STATE : H_UNKNOWN);
}

static void read_fib(struct rough *r, const struct nftnl_expr *expr)
{
	bool type = dec_u32(expr, NFTNL_EXPR_FIB_RESULT) ==
			    NFT_FIB_RESULT_ADDRTYPE &&
		    dec_u32(expr, NFTNL_EXPR_FIB_FLAGS) == NFTA_FIB_F_DADDR;

	load(r, expr, NFTNL_EXPR_FIB_DREG, type ? H_ADDRTYPE : H_UNKNOWN);
}

static void read_bitwise(struct rough *r, const struct nftnl_expr *expr)
{
	struct rough_reg reg = get_reg(r, expr, NFTNL_EXPR_BITWISE_SREG);
	uint32_t len = 0;
	const void *mask = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_MASK, &len);

	if (reg.holds == H_STATE && mask && len == sizeof(reg.mask))
		memcpy(&reg.mask, mask, len);
	else
		reg = (struct rough_reg){ 0 };
	set_reg(r, expr, NFTNL_EXPR_BITWISE_DREG, reg);
}

static void add_match(struct rough *r, enum pw_rough_what what, bool negated,
		      uint32_t first, uint32_t last)
{
	struct pw_rough_rule *out = r->out;

	if (out->num_matches == PW_ROUGH_MATCHES)
		out->maybe = true;
	else
		out->matches[out->num_matches++] = (struct pw_rough_match){
			what, negated, (uint16_t)first, (uint16_t)last };
}

/* Matches all packets, or none */
static void add_known(struct rough *r, bool matches)
{
	if (!matches)
		r->out->never = true;
}

static uint32_t number_be(const uint8_t *data, uint32_t len)
{
	return len == 2 ? (uint32_t)data[0] << 8 | data[1] : data[0];
}

static void match_iif(struct rough *r, bool loopback, bool negated)
{
	if (loopback)
		add_known(r, negated);
	else
		r->out->interface = true;
}

static void match_state(struct rough *r, uint32_t mask, uint32_t value,
			bool negated)
{
	add_known(r, ((STATE_NEW & mask) == value) != negated);
}

static void match_ethertype(struct rough *r, uint32_t type, bool negated)
{
	if (type == ETH_P_IP)
		add_match(r, PW_ROUGH_NFPROTO, negated, NFPROTO_IPV4,
			  NFPROTO_IPV4);
	else if (type == ETH_P_IPV6)
		add_match(r, PW_ROUGH_NFPROTO, negated, NFPROTO_IPV6,
			  NFPROTO_IPV6);
	else
		add_known(r, negated);
}

/* Is it all of the register that @len bytes are compared with? */
static bool is_whole(enum holds holds, uint32_t len)
{
	static const uint8_t lens[] = {
		[H_NFPROTO] = 1, [H_ETHERTYPE] = 2, [H_L4PROTO] = 1,
		[H_DPORT] = 2, [H_STATE] = 4, [H_IIF] = 4, [H_ADDRTYPE] = 4,
		[H_CONSTANT] = 0,
	};

	return holds == H_IIFNAME || lens[holds] == len;
}

/* @data: what the register is compared with, @len bytes */
static void compare(struct rough *r, const struct rough_reg *reg, bool negated,
		    const uint8_t *data, uint32_t len)
{
	uint32_t native = 0;

	if (len <= sizeof(native))
		memcpy(&native, data, len);
	switch (reg->holds) {
	case H_NFPROTO:
		add_match(r, PW_ROUGH_NFPROTO, negated, data[0], data[0]);
		break;
	case H_ETHERTYPE:
		match_ethertype(r, number_be(data, len), negated);
		break;
	case H_L4PROTO:
		add_match(r, PW_ROUGH_L4PROTO, negated, data[0], data[0]);
		break;
	case H_DPORT:
		native = number_be(data, len);
		add_match(r, PW_ROUGH_DPORT, negated, native, native);
		break;
	case H_STATE:
		match_state(r, reg->mask, native, negated);
		break;
	case H_IIF:
		match_iif(r, native == 1, negated);	/* lo is the first */
		break;
	case H_IIFNAME:
		match_iif(r, len >= 3 && !memcmp(data, "lo", 3), negated);
		break;
	case H_ADDRTYPE:
		add_known(r, (native == RTN_LOCAL) != negated);
		break;
	default:
		r->out->maybe = true;
	}
}

static void read_cmp(struct rough *r, const struct nftnl_expr *expr)
{
	struct rough_reg reg = get_reg(r, expr, NFTNL_EXPR_CMP_SREG);
	uint32_t op = dec_u32(expr, NFTNL_EXPR_CMP_OP), len = 0;
	const void *data = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &len);

	if (!data || !len || !is_whole(reg.holds, len)) {
		r->out->maybe = true;
		return;
	}
	if (op == NFT_CMP_EQ || op == NFT_CMP_NEQ)
		compare(r, &reg, op == NFT_CMP_NEQ, data, len);
	else if (op == NFT_CMP_GTE && reg.holds == H_DPORT)
		add_match(r, PW_ROUGH_DPORT, false, number_be(data, len),
			  UINT16_MAX);
	else if (op == NFT_CMP_LTE && reg.holds == H_DPORT)
		add_match(r, PW_ROUGH_DPORT, false, 0, number_be(data, len));
	else
		r->out->maybe = true;
}

static void read_range(struct rough *r, const struct nftnl_expr *expr)
{
	struct rough_reg reg = get_reg(r, expr, NFTNL_EXPR_RANGE_SREG);
	uint32_t from_len = 0, to_len = 0;
	const uint8_t *from = nftnl_expr_get(expr, NFTNL_EXPR_RANGE_FROM_DATA,
					     &from_len);
	const uint8_t *to = nftnl_expr_get(expr, NFTNL_EXPR_RANGE_TO_DATA,
					   &to_len);

	if (reg.holds == H_DPORT && from && to && from_len == 2 && to_len == 2)
		add_match(r, PW_ROUGH_DPORT,
			  dec_u32(expr, NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ,
			  number_be(from, 2), number_be(to, 2));
	else
		r->out->maybe = true;
}

/* What sets hold is not looked at */
static void read_lookup(struct rough *r, const struct nftnl_expr *expr)
{
	r->out->maybe = true;
	if (nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG))
		r->out->verdict = PW_ROUGH_UNKNOWN;
}

static void read_code(struct rough *r, const struct nftnl_expr *expr)
{
	const char *chain = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);
	struct pw_rough_rule *out = r->out;

	switch ((int)dec_u32(expr, NFTNL_EXPR_IMM_VERDICT)) {
	case NF_ACCEPT:
		out->verdict = PW_ROUGH_ACCEPT;
		break;
	case NF_DROP:
		out->verdict = PW_ROUGH_DROP;
		break;
	case NFT_RETURN:
		out->verdict = PW_ROUGH_RETURN;
		break;
	case NFT_JUMP:
	case NFT_GOTO:
		out->verdict = (int)dec_u32(expr, NFTNL_EXPR_IMM_VERDICT) ==
				       NFT_JUMP ? PW_ROUGH_JUMP : PW_ROUGH_GOTO;
		snprintf(out->to, sizeof(out->to), "%s", chain ? chain : "");
		break;
	default:
		out->verdict = PW_ROUGH_UNKNOWN;
	}
}

static void read_immediate(struct rough *r, const struct nftnl_expr *expr)
{
	struct rough_reg constant = { .holds = H_CONSTANT };
	const void *data;

	if (nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_VERDICT)) {
		read_code(r, expr);
		return;
	}
	if (dec_u32(expr, NFTNL_EXPR_IMM_DREG) == NFT_REG_VERDICT)
		r->out->verdict = PW_ROUGH_UNKNOWN;
	data = nftnl_expr_get(expr, NFTNL_EXPR_IMM_DATA, &constant.len);
	if (!data || constant.len > sizeof(constant.bytes))
		return;
	memcpy(constant.bytes, data, constant.len);
	set_reg(r, expr, NFTNL_EXPR_IMM_DREG, constant);
}

static struct pw_value value_be(const uint8_t *bytes, uint32_t len)
{
	struct pw_value value = { 0 };

	for (uint32_t i = 0; i < len; i++) {
		value.hi = value.hi << 8 | value.lo >> 56;
		value.lo = value.lo << 8 | bytes[i];
	}
	return value;
}

static void read_nat(struct rough *r, const struct nftnl_expr *expr)
{
	struct rough_reg to = get_reg(r, expr, NFTNL_EXPR_NAT_REG_ADDR_MIN);
	struct pw_rough_rule *out = r->out;

	if (dec_u32(expr, NFTNL_EXPR_NAT_TYPE) != NFT_NAT_DNAT)
		return;
	out->verdict = PW_ROUGH_ELSEWHERE;
	out->has_address = to.holds == H_CONSTANT &&
			   nftnl_expr_is_set(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN);
	out->family = dec_u32(expr, NFTNL_EXPR_NAT_FAMILY) == NFPROTO_IPV4 ?
		      PW_IPV4 : PW_IPV6;
	if (out->has_address)
		out->address = value_be(to.bytes, out->family == PW_IPV4 ? 4 :
								       16);
}

static void read_redirect(struct rough *r, const struct nftnl_expr *expr)
{
	(void)expr;
	r->out->verdict = PW_ROUGH_ELSEWHERE;
}

static void read_reject(struct rough *r, const struct nftnl_expr *expr)
{
	(void)expr;
	r->out->verdict = PW_ROUGH_DROP;
}

static void read_nothing(struct rough *r, const struct nftnl_expr *expr)
{
	(void)r;
	(void)expr;
}

/* A match of iptables: tcp and udp have one shape as far as ports go */
static void read_match(struct rough *r, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_MT_NAME);
	uint32_t len = 0;
	const void *info = nftnl_expr_get(expr, NFTNL_EXPR_MT_INFO, &len);
	struct xt_udp ports;

	if (name && !strcmp(name, "comment"))
		return;
	if (!name || !info || len < sizeof(ports) ||
	    (strcmp(name, "tcp") && strcmp(name, "udp"))) {
		r->out->maybe = true;
		return;
	}
	memcpy(&ports, info, sizeof(ports));
	add_match(r, PW_ROUGH_DPORT, false, ports.dpts[0], ports.dpts[1]);
	/* sources, flags or a negation */
	if (ports.spts[0] || ports.spts[1] != UINT16_MAX ||
	    (strcmp(name, "udp") ? len < sizeof(struct xt_tcp) ||
		    memcmp((const char *)info + offsetof(struct xt_tcp, option),
			   "\0\0\0", 4) : ports.invflags))
		r->out->maybe = true;
}

/* A target of iptables */
static void read_target(struct rough *r, const struct nftnl_expr *expr)
{
	static const struct {
		const char *name;
		enum pw_rough_verdict verdict;
	} targets[] = {
		{ "REJECT", PW_ROUGH_DROP }, { "DROP", PW_ROUGH_DROP },
		{ "LOG", PW_ROUGH_NONE }, { "NFLOG", PW_ROUGH_NONE },
		{ "CT", PW_ROUGH_NONE }, { "MARK", PW_ROUGH_NONE },
		{ "REDIRECT", PW_ROUGH_ELSEWHERE },
	};
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_TG_NAME);

	r->out->verdict = PW_ROUGH_UNKNOWN;
	for (size_t i = 0; name && i < PW_ARRAY_SIZE(targets); i++)
		if (!strcmp(name, targets[i].name))
			r->out->verdict = targets[i].verdict;
}

static const struct reader {
	const char *name;
	void (*read)(struct rough *r, const struct nftnl_expr *expr);
} readers[] = {
	{ "meta", read_meta },		{ "payload", read_payload },
	{ "ct", read_ct },		{ "fib", read_fib },
	{ "bitwise", read_bitwise },	{ "cmp", read_cmp },
	{ "range", read_range },	{ "lookup", read_lookup },
	{ "immediate", read_immediate }, { "nat", read_nat },
	{ "redir", read_redirect },	{ "reject", read_reject },
	{ "match", read_match },	{ "target", read_target },
	{ "counter", read_nothing },	{ "log", read_nothing },
	{ "masq", read_nothing },	{ "notrack", read_nothing },
};

static int on_expr(struct nftnl_expr *expr, void *arg)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	struct rough *r = arg;

	for (size_t i = 0; name && i < PW_ARRAY_SIZE(readers); i++) {
		if (strcmp(name, readers[i].name))
			continue;
		readers[i].read(r, expr);
		return 0;
	}
	r->out->maybe = true;
	return 0;
}

void pw_rough_read(const struct nftnl_rule *nlr, struct pw_rough_rule *out)
{
	const union {
		const struct nftnl_rule *nlr;
		struct nftnl_rule *for_libnftnl;	/* which lacks a const */
	} rule = { nlr };
	struct rough rough = { .out = out };

	*out = (struct pw_rough_rule){
		.handle = nftnl_rule_get_u64(nlr, NFTNL_RULE_HANDLE) };
	nftnl_expr_foreach(rule.for_libnftnl, on_expr, &rough);
}
