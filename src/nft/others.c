// SPDX-License-Identifier: GPL-2.0-or-later
/* What other tables do with new packets to ports of this host. */
#include "nft/others.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#include "nft/others_walk.h"
#include "nft/parse.h"
#include "portwall/array.h"
#include "portwall/ruleset.h"

#define PROBING "portwall-probe-"	/* tables that verify makes */
#define MAX_PORTS 128			/* tried, of all that could differ */

PW_DEFINE_OWNED(struct nftnl_table, nftnl_table_free)
PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

/**
 * struct search
 * @skipped:	tables that have no effect, and ours: chains without rules
 * @last:	chain of the rule before: rules come chain by chain
 * @ports:	where the answer may change
 */
struct search {
	struct pw_rough_table skipped, tables;
	size_t last;
	uint32_t ports[MAX_PORTS];
	size_t num_ports;
	struct pw_others *out;
};

static void clear_table(struct pw_rough_table *table)
{
	for (size_t i = 0; i < table->num_chains; i++) {
		free(table->chains[i].table);
		free(table->chains[i].name);
		free(table->chains[i].rules);
	}
	free(table->chains);
	*table = (struct pw_rough_table){ 0 };
}

static int add_chain(struct pw_rough_table *to, struct pw_rough_chain chain,
		     const char *table, const char *name)
{
	chain.table = strdup(table);
	chain.name = strdup(name);
	if (chain.table && chain.name &&
	    !PW_ARRAY_PUSH(to->chains, to->num_chains, to->cap_chains, chain))
		return 0;
	free(chain.table);
	free(chain.name);
	return -ENOMEM;
}

static bool is_skipped(const struct search *s, uint8_t family,
		       const char *table)
{
	for (size_t i = 0; i < s->skipped.num_chains; i++)
		if (s->skipped.chains[i].family == family &&
		    !strcmp(s->skipped.chains[i].table, table))
			return true;
	return false;
}

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_table_free) struct nftnl_table *nlt =
		nftnl_table_alloc();
	struct search *s = arg;
	const char *name;
	uint8_t family;
	int err = nlt ? pw_parse_table(nlh, nlt) : -ENOMEM;

	if (err)
		return err;
	name = nftnl_table_get_str(nlt, NFTNL_TABLE_NAME);
	family = (uint8_t)nftnl_table_get_u32(nlt, NFTNL_TABLE_FAMILY);
	if (!name)
		return -EBADMSG;
	if (nftnl_table_get_u32(nlt, NFTNL_TABLE_FLAGS) & NFT_TABLE_F_DORMANT ||
	    (family == NFPROTO_INET && !strcmp(name, PW_TABLE)) ||
	    !strncmp(name, PROBING, strlen(PROBING)))
		return add_chain(&s->skipped,
				 (struct pw_rough_chain){ .family = family },
				 name, "");
	if (family == NFPROTO_INET && !strcmp(name, "firewalld"))
		s->out->firewalld = true;
	return 0;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct search *s = arg;
	struct pw_rough_chain chain = { 0 };
	const char *table, *name;
	int err = nlc ? pw_parse_chain(nlh, nlc) : -ENOMEM;

	if (err)
		return err;
	table = nftnl_chain_get_str(nlc, NFTNL_CHAIN_TABLE);
	name = nftnl_chain_get_str(nlc, NFTNL_CHAIN_NAME);
	chain.family = (uint8_t)nftnl_chain_get_u32(nlc, NFTNL_CHAIN_FAMILY);
	if (!table || !name)
		return -EBADMSG;
	if (is_skipped(s, chain.family, table))
		return 0;
	chain.base = nftnl_chain_is_set(nlc, NFTNL_CHAIN_HOOKNUM);
	chain.hook = chain.base ?
		     nftnl_chain_get_u32(nlc, NFTNL_CHAIN_HOOKNUM) : 0;
	chain.drops = nftnl_chain_is_set(nlc, NFTNL_CHAIN_POLICY) &&
		      nftnl_chain_get_u32(nlc, NFTNL_CHAIN_POLICY) == NF_DROP;
	return add_chain(&s->tables, chain, table, name);
}

static bool is_chain(const struct pw_rough_chain *chain, uint8_t family,
		     const char *table, const char *name)
{
	return chain->family == family && !strcmp(chain->table, table) &&
	       !strcmp(chain->name, name);
}

static struct pw_rough_chain *find_chain(struct search *s, uint8_t family,
					 const char *table, const char *name)
{
	const size_t num = s->tables.num_chains;

	for (size_t i = 0; i < num; i++) {
		size_t at = (s->last + i) % num;

		if (!is_chain(&s->tables.chains[at], family, table, name))
			continue;
		s->last = at;
		return &s->tables.chains[at];
	}
	return NULL;
}

/* What is not known here may be anything */
static int read_rule(const struct nlmsghdr *nlh, struct nftnl_rule *nlr,
		     struct pw_rough_rule *rule)
{
	int err = pw_parse_rule(nlh, nlr);

	if (!err)
		pw_rough_read(nlr, rule);
	if (err != -EOPNOTSUPP)
		return err;
	*rule = (struct pw_rough_rule){
		.maybe = true, .verdict = PW_ROUGH_UNKNOWN };
	return 0;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct pw_rough_rule rule;
	struct pw_rough_chain *chain;
	struct search *s = arg;
	const char *table, *name;
	int err = nlr ? read_rule(nlh, nlr, &rule) : -ENOMEM;

	if (err)
		return err;
	table = nftnl_rule_get_str(nlr, NFTNL_RULE_TABLE);
	name = nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN);
	chain = table && name ? find_chain(s,
		(uint8_t)nftnl_rule_get_u32(nlr, NFTNL_RULE_FAMILY), table,
		name) : NULL;
	if (!chain)
		return 0;
	s->out->ufw |= chain->base && !strncmp(rule.to, "ufw-", 4);
	return PW_ARRAY_PUSH(chain->rules, chain->num_rules, chain->cap_rules,
			     rule);
}

static void add_port(struct search *s, uint32_t port)
{
	for (size_t i = 0; i < s->num_ports; i++)
		if (s->ports[i] == port)
			return;
	if (s->num_ports < MAX_PORTS)
		s->ports[s->num_ports++] = port;
}

static void add_ports_of(struct search *s, const struct pw_rough_rule *rule)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		if (rule->matches[i].what != PW_ROUGH_DPORT)
			continue;
		add_port(s, rule->matches[i].first);
		add_port(s, rule->matches[i].last + 1u);
	}
}

/* The answer for a range changes at these ports alone */
static void find_ports(struct search *s)
{
	for (size_t i = 0; i < s->tables.num_chains; i++)
		for (size_t j = 0; j < s->tables.chains[i].num_rules; j++)
			add_ports_of(s, &s->tables.chains[i].rules[j]);
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "netdev";
	}
}

static bool is_told(const struct pw_others *out, const struct pw_other *other)
{
	for (size_t i = 0; i < out->num; i++)
		if (out->list[i].kind == other->kind &&
		    out->list[i].handle == other->handle &&
		    !strcmp(out->list[i].chain, other->chain))
			return true;
	return false;
}

static int add_other(struct search *s, struct pw_other other,
		     const struct pw_rough_chain *chain)
{
	int err;

	if (asprintf(&other.chain, "%s %s %s", family_name(chain->family),
		     chain->table, chain->name) < 0)
		return -ENOMEM;
	if (is_told(s->out, &other)) {
		free(other.chain);
		return 0;
	}
	err = PW_ARRAY_PUSH(s->out->list, s->out->num, s->out->cap, other);
	if (err)
		free(other.chain);
	return err;
}

static int try_port(struct search *s, const struct pw_rough_chain *base,
		    uint8_t nfproto, uint8_t l4proto, uint16_t port)
{
	static const enum pw_other_kind kinds[] = {
		[PW_FATE_DROPPED] = PW_OTHER_DROPS,
		[PW_FATE_MAY_DROP] = PW_OTHER_MAY_DROP,
		[PW_FATE_ELSEWHERE] = PW_OTHER_HIDES,
	};
	const struct pw_rough_rule *rule;
	const struct pw_rough_chain *chain;
	enum pw_rough_fate fate = pw_rough_walk(&s->tables, base, nfproto,
						l4proto, port, &rule, &chain);
	struct pw_other other = { .proto = l4proto, .port = port };

	if (fate == PW_FATE_PASSES)
		return 0;
	other.kind = kinds[fate];
	if (rule) {
		other.handle = rule->handle;
		other.to_known = rule->has_address;
		other.family = rule->family;
		other.to = rule->address;
	}
	return add_other(s, other, chain);
}

static int try_range(struct search *s, const struct pw_rough_chain *base,
		     uint8_t nfproto, const struct pw_asked *asked)
{
	int err = try_port(s, base, nfproto, asked->proto, asked->first);

	for (size_t i = 0; !err && i < s->num_ports; i++)
		if (s->ports[i] > asked->first && s->ports[i] <= asked->last)
			err = try_port(s, base, nfproto, asked->proto,
				       (uint16_t)s->ports[i]);
	return err;
}

/* Does a packet to this host that is received come by here? */
static bool is_passed(const struct pw_rough_chain *chain, uint8_t nfproto)
{
	if (!chain->base)
		return false;
	if (chain->family == NFPROTO_NETDEV)
		return chain->hook == NF_NETDEV_INGRESS;
	if (chain->family != NFPROTO_INET && chain->family != nfproto)
		return false;
	return chain->hook == NF_INET_PRE_ROUTING ||
	       chain->hook == NF_INET_LOCAL_IN ||
	       (chain->family == NFPROTO_INET &&
		chain->hook == NF_INET_INGRESS);
}

static int try_all(struct search *s, uint8_t nfproto,
		   const struct pw_asked *asked, size_t num_asked)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->tables.num_chains; i++) {
		const struct pw_rough_chain *base = &s->tables.chains[i];

		for (size_t j = 0; !err && j < num_asked; j++)
			if (is_passed(base, nfproto))
				err = try_range(s, base, nfproto, &asked[j]);
	}
	return err;
}

static int look(struct pw_nl *nl, const struct pw_asked *asked,
		size_t num_asked, struct pw_others **out)
{
	pw_owned(pw_others_free) struct pw_others *others =
		calloc(1, sizeof(*others));
	struct search s = { .out = others };
	int err = others ? pw_nl_ask_rules(nl, on_table, on_chain, on_rule, &s) :
			   -ENOMEM;

	if (!err)
		find_ports(&s);
	if (!err)
		err = try_all(&s, NFPROTO_IPV4, asked, num_asked);
	if (!err)
		err = try_all(&s, NFPROTO_IPV6, asked, num_asked);
	clear_table(&s.skipped);
	clear_table(&s.tables);
	if (!err)
		*out = PW_TAKE(others);
	return err;
}

int pw_others_find(struct pw_nl *nl, const struct pw_asked *asked,
		   size_t num_asked, struct pw_others **out)
{
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		err = look(nl, asked, num_asked, out);
	} while (pw_nl_is_passing(err) && !pw_backoff_wait(&backoff, nl));
	return err;
}

void pw_others_free(struct pw_others *others)
{
	if (!others)
		return;
	for (size_t i = 0; i < others->num; i++)
		free(others->list[i].chain);
	free(others->list);
	free(others);
}
