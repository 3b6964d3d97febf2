// SPDX-License-Identifier: GPL-2.0-or-later
/* One rule as nft text. */
#include <inttypes.h>
#include <string.h>

#include "nft/code.h"
#include "nft/keys.h"
#include "nft/print.h"
#include "nft/words.h"
#include "portwall/addr.h"
#include "ruleset/inner.h"

/* The words of one rule, with a space between two */
struct line {
	const struct pw_ruleset *rs;
	const struct pw_rule *rule;
	FILE *out;
	bool begun;
};

/* Where the next word goes */
static FILE *word(struct line *line)
{
	if (line->begun)
		fputc(' ', line->out);
	line->begun = true;
	return line->out;
}

void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++)
		fputc(*text == '"' ? '\'' : *text, out);
	fputc('"', out);
}

static void print_word(const char *word, uint32_t number, FILE *out)
{
	if (word)
		fputs(word, out);
	else
		fprintf(out, "%u", number);
}

void print_protocol(uint8_t proto, FILE *out)
{
	print_word(protocol_word(proto), proto, out);
}

void print_addrtype(uint32_t type, FILE *out)
{
	print_word(addrtype_word(type), type, out);
}

void print_time_ms(uint64_t ms, FILE *out)
{
	if (ms >= 1000)
		fprintf(out, "%" PRIu64 "s", ms / 1000);
	if (ms < 1000 || ms % 1000)
		fprintf(out, "%" PRIu64 "ms", ms % 1000);
}

void print_rate(const struct pw_rate *rate, FILE *out)
{
	fprintf(out, "%u/%s burst %u packets", rate->count,
		pw_rate_unit_name(rate->unit_s), rate->burst);
}

static void print_numbers(const struct pw_range *range, FILE *out)
{
	fprintf(out, "%" PRIu64, range->first.lo);
	if (pw_value_cmp(range->first, range->last))
		fprintf(out, "-%" PRIu64, range->last.lo);
}

static void print_protocols(const struct pw_range *range, FILE *out)
{
	if (pw_value_cmp(range->first, range->last))
		print_numbers(range, out);
	else
		print_protocol(range->first.lo, out);
}

static void print_icmp(enum pw_field field, const struct pw_range *range,
		       FILE *out)
{
	const char *word = icmp_word(field, range);

	if (word)
		fputs(word, out);
	else
		print_numbers(range, out);
}

static void print_states(const struct pw_range *range, FILE *out)
{
	for (uint64_t i = range->first.lo; i <= range->last.lo; i++)
		fprintf(out, "%s%s", i > range->first.lo ? "," : "",
			ct_state_word(i));
}

/* "tcp flags & (syn|ack) == ack": the field's name is not a prefix here */
static void print_synack(const struct pw_match *match, FILE *out)
{
	uint64_t flags = match->range.first.lo;

	fprintf(out, "tcp flags & (syn|ack) %s %s",
		match->negated ? "!=" : "==",
		flags == TCP_SYN_ACK ? "syn|ack" :
		flags == 0x10 ? "ack" : flags ? "syn" : "0");
}

static void print_dnat(const struct pw_match *match, FILE *out)
{
	fprintf(out, "ct status %sdnat", match->range.first.lo ? "" : "! ");
}

/* Each end by itself: nft reads an end in whole seconds */
static void print_time(const struct pw_match *match, FILE *out)
{
	uint64_t from_s = match->range.first.lo / 1000000000;
	uint64_t end_s = match->range.last.lo / 1000000000 + 1;
	bool ends = match->range.last.lo != UINT64_MAX;

	if (from_s)
		fprintf(out, "meta time >= %" PRIu64 "%s", from_s,
			ends ? " " : "");
	if (ends)
		fprintf(out, "meta time < %" PRIu64, end_s);
}

static void print_range(enum pw_field field, const struct pw_range *range,
			FILE *out)
{
	enum pw_family family = pw_field_info(field)->bits == 32 ? PW_IPV4 :
								   PW_IPV6;
	char buf[2 * PW_ADDR_STRLEN];

	switch (field_codes[field].shape) {
	case SHAPE_ADDR:
		fputs(pw_addr_range_format(family, range, buf), out);
		break;
	case SHAPE_NAME:
		print_quoted(pw_ifname_format(range, buf), out);
		break;
	case SHAPE_STATE:
		print_states(range, out);
		break;
	default:
		if (field == PW_F_NFPROTO)
			fputs(family_word(range->first.lo), out);
		else if (field == PW_F_L4PROTO)
			print_protocols(range, out);
		else if (field == PW_F_ICMP_TYPE || field == PW_F_ICMPV6_TYPE)
			print_icmp(field, range, out);
		else if (field == PW_F_FIB_DADDR || field == PW_F_FIB_SADDR)
			print_addrtype(range->first.lo, out);
		else
			print_numbers(range, out);
	}
}

static void print_field(enum pw_field field, uint8_t l4proto, FILE *out)
{
	if (field == PW_F_SPORT || field == PW_F_DPORT) {
		print_protocol(l4proto, out);
		fputs(field == PW_F_SPORT ? " sport" : " dport", out);
	} else {
		fputs(pw_field_info(field)->name, out);
	}
}

/* "th dport . meta l4proto . ip saddr @s.open4" */
static void print_port_proto(const struct pw_set *set, FILE *out)
{
	enum pw_field fields[PW_KEY_PARTS];
	size_t num = pw_key_fields(set->type, fields);

	for (size_t i = 0; i < num; i++)
		fprintf(out, "%s%s", i ? " . " : "",
			pw_field_info(fields[i])->name);
	fprintf(out, " @%s", set->name);
}

static void print_match(const struct pw_ruleset *rs,
			const struct pw_match *match, uint8_t l4proto,
			FILE *out)
{
	switch (field_codes[match->field].shape) {
	case SHAPE_SYNACK:
		print_synack(match, out);
		return;
	case SHAPE_DNAT:
		print_dnat(match, out);
		return;
	case SHAPE_TIME:
		print_time(match, out);
		return;
	default:
		break;
	}
	if (match->set != PW_NONE && set_has_proto(rs->sets[match->set].type)) {
		print_port_proto(&rs->sets[match->set], out);
		return;
	}
	if (match->set != PW_NONE && set_has_iif(rs->sets[match->set].type))
		fputs("iif . ", out);
	print_field(match->field, l4proto, out);
	if (match->negated)
		fputs(match->field == PW_F_CT_STATE ? " !" : " !=", out);
	if (match->set != PW_NONE) {
		fprintf(out, " @%s", rs->sets[match->set].name);
		return;
	}
	fputc(' ', out);
	print_range(match->field, &match->range, out);
}

static void print_matches(struct line *line)
{
	const struct pw_rule *rule = line->rule;
	uint8_t l4proto = rule_l4proto(rule);

	for (size_t i = 0; i < rule->num_matches; i++) {
		if (!rule_implies_match(rule, i))
			print_match(line->rs, &rule->matches[i], l4proto,
				    word(line));
	}
}

static void print_update_key(const struct pw_set *set,
			     const struct pw_effect *effect, FILE *out)
{
	switch (set->type) {
	case PW_T_MARK:
		fprintf(out, "0x%08x . 0x00000000", effect->key);
		break;
	case PW_T_MARK_IPV4:
		fprintf(out, "0x%08x . ip saddr", effect->key);
		break;
	case PW_T_MARK_IPV6:
		fprintf(out, "0x%08x . ip6 saddr & ffff:ffff:ffff:ffff::",
			effect->key);
		break;
	case PW_T_IPV4:
		fputs("ip daddr", out);
		break;
	case PW_T_IIF_IPV4:
		fputs("iif . ip daddr", out);
		break;
	case PW_T_IIF_IPV6:
		fputs("iif . ip6 daddr", out);
		break;
	default:
		fputs("ip6 daddr", out);
	}
}

static void print_update(const struct pw_ruleset *rs,
			 const struct pw_effect *effect, FILE *out)
{
	const struct pw_set *set = &rs->sets[effect->set];

	fprintf(out, "%s @%s { ", effect->add ? "add" : "update", set->name);
	print_update_key(set, effect, out);
	if (effect->timeout_ms) {
		fputs(" timeout ", out);
		print_time_ms(effect->timeout_ms, out);
	}
	if (effect->rate.count) {
		fputs(" limit rate ", out);
		print_rate(&effect->rate, out);
	}
	if (effect->conns)
		fprintf(out, " ct count %s%u", effect->conns_over ? "over " : "",
			effect->conns);
	fputs(" }", out);
}

static void print_effect(const struct pw_ruleset *rs,
			 const struct pw_effect *effect, uint8_t l4proto,
			 FILE *out)
{
	switch (effect->kind) {
	case PW_E_COUNTER:
		fprintf(out, "counter name \"%s\"", rs->objs[effect->obj].name);
		break;
	case PW_E_COUNTER_MAP:
		fputs("counter name ", out);
		print_field(PW_F_DPORT, l4proto, out);
		fprintf(out, " map @%s", rs->maps[effect->map].name);
		break;
	case PW_E_LIMIT:
		fprintf(out, "limit name \"%s\"", rs->objs[effect->obj].name);
		break;
	case PW_E_LIMIT_INLINE:
		fputs("limit rate ", out);
		print_rate(&effect->rate, out);
		break;
	case PW_E_UPDATE:
		print_update(rs, effect, out);
		break;
	case PW_E_LOG:
		fputs("log prefix ", out);
		print_quoted(effect->text, out);
		break;
	}
}

static void print_effects(struct line *line)
{
	const struct pw_ruleset *rs = line->rs;
	const struct pw_rule *rule = line->rule;
	uint8_t family = rule_late_family(rs, rule);

	/* An update that comes first makes nft compare it at that place */
	if (family && !effect_nfproto(rs, &rule->effects[0])) {
		fprintf(word(line), "meta nfproto %s", family_word(family));
	}
	for (size_t i = 0; i < rule->num_effects; i++)
		print_effect(rs, &rule->effects[i], rule_l4proto(rule),
			     word(line));
}

static void print_vmap(const struct pw_map *map, uint8_t l4proto, FILE *out)
{
	switch (map->key) {
	case PW_K_PORT:
		print_field(PW_F_DPORT, l4proto, out);
		break;
	case PW_K_PROTO_PORT:
		fputs("meta l4proto . th dport", out);
		break;
	case PW_K_PROTO:
		fputs("meta l4proto", out);
		break;
	default:
		fputs("fib daddr type", out);
	}
	fprintf(out, " vmap @%s", map->name);
}

void print_verdict(const struct pw_ruleset *rs,
		   const struct pw_verdict *verdict, FILE *out)
{
	static const char *const words[] = {
		[PW_V_NONE] = "", [PW_V_ACCEPT] = "accept",
		[PW_V_DROP] = "drop", [PW_V_RETURN] = "return",
		[PW_V_JUMP] = "jump", [PW_V_GOTO] = "goto",
		[PW_V_REJECT_RST] = "reject with tcp reset",
		[PW_V_REJECT_PORT] = "reject with icmpx port-unreachable",
		[PW_V_REJECT_PROTO] = "reject with icmp prot-unreachable",
		[PW_V_MAP] = "",
	};

	fputs(words[verdict->kind], out);
	if (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO)
		fprintf(out, " %s", rs->chains[verdict->chain].name);
}

void print_rule(const struct pw_ruleset *rs, const struct pw_rule *rule,
		FILE *out)
{
	struct line line = { rs, rule, out, false };
	const struct pw_verdict *verdict = &rule->verdict;

	print_matches(&line);
	print_effects(&line);
	if (verdict->kind == PW_V_MAP)
		print_vmap(&rs->maps[verdict->map], rule_l4proto(rule),
			   word(&line));
	else if (verdict->kind != PW_V_NONE)
		print_verdict(rs, verdict, word(&line));
	if (rule->comment) {
		fputs("comment ", word(&line));
		print_quoted(rule->comment, out);
	}
}
