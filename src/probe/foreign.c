// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of other tables with a memory or a voice, in chains that probes may
 * come to: base chains of their hooks, and all chains without a hook of tables
 * that have such a base chain (who jumps where is not followed).
 */
#include "probe/foreign.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/netlink.h"
#include "portwall/array.h"
#include "portwall/inject.h"

#define OURS "portwall"			/* what apply loads */
#define PROBING "portwall-probe-"	/* and what probes */

PW_DEFINE_OWNED(struct pw_nl, pw_nl_close)

/* A table or chain: bounded by NFT_NAME_MAXLEN */
struct place {
	uint8_t family;
	char table[256], chain[256];
};

struct places {
	struct place *list;
	size_t num, cap;
};

/**
 * struct search
 * @asleep:	dormant tables, and ours
 * @reached:	tables with a base chain that probes come to
 * @apart:	base chains that they do not come to
 * @num_rules:	in chains that they may come to
 */
struct search {
	struct places asleep, reached, apart;
	struct pw_foreign *list;
	size_t num, cap, num_rules;
};

static void clear(struct search *search)
{
	free(search->asleep.list);
	free(search->reached.list);
	free(search->apart.list);
	pw_foreign_free(search->list, search->num);
	*search = (struct search){ 0 };
}

static const struct nlattr *find(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const char *text_of(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr = find(nlh, type);

	return attr && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ?
	       mnl_attr_get_str(attr) : "";
}

static struct place place_of(const struct nlmsghdr *nlh, uint16_t table,
			     uint16_t chain)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct place place = { .family = nfg->nfgen_family };

	snprintf(place.table, sizeof(place.table), "%s", text_of(nlh, table));
	if (chain)
		snprintf(place.chain, sizeof(place.chain), "%s",
			 text_of(nlh, chain));
	return place;
}

static bool holds(const struct places *places, const struct place *place,
		  bool chain)
{
	for (size_t i = 0; i < places->num; i++)
		if (places->list[i].family == place->family &&
		    !strcmp(places->list[i].table, place->table) &&
		    (!chain || !strcmp(places->list[i].chain, place->chain)))
			return true;
	return false;
}

static int push(struct places *places, const struct place *place)
{
	return PW_ARRAY_PUSH(places->list, places->num, places->cap, *place);
}

static bool is_ours(const struct place *place)
{
	return (place->family == NFPROTO_INET && !strcmp(place->table, OURS)) ||
	       !strncmp(place->table, PROBING, strlen(PROBING));
}

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	struct search *search = arg;
	struct place place = place_of(nlh, NFTA_TABLE_NAME, 0);
	const struct nlattr *attr = find(nlh, NFTA_TABLE_FLAGS);
	uint32_t flags = 0;

	if (attr && !mnl_attr_validate(attr, MNL_TYPE_U32))
		flags = ntohl(mnl_attr_get_u32(attr));
	if (!(flags & NFT_TABLE_F_DORMANT) && !is_ours(&place))
		return 0;
	return push(&search->asleep, &place);
}

/* Hooks on the way of a packet that is received, by family */
static const struct {
	uint8_t family;
	uint32_t hook;
} hooks[] = {
	{ NFPROTO_INET, NF_INET_PRE_ROUTING }, { NFPROTO_INET, NF_INET_LOCAL_IN },
	{ NFPROTO_INET, NF_INET_FORWARD }, { NFPROTO_INET, NF_INET_INGRESS },
	{ NFPROTO_IPV4, NF_INET_PRE_ROUTING }, { NFPROTO_IPV4, NF_INET_LOCAL_IN },
	{ NFPROTO_IPV4, NF_INET_FORWARD },
	{ NFPROTO_IPV6, NF_INET_PRE_ROUTING }, { NFPROTO_IPV6, NF_INET_LOCAL_IN },
	{ NFPROTO_IPV6, NF_INET_FORWARD },
	{ NFPROTO_NETDEV, NF_NETDEV_INGRESS },
};

static bool is_passed(uint8_t family, uint32_t hook)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(hooks); i++)
		if (hooks[i].family == family && hooks[i].hook == hook)
			return true;
	return false;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	struct search *search = arg;
	struct place place = place_of(nlh, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME);
	const struct nlattr *attr, *hook = find(nlh, NFTA_CHAIN_HOOK);

	if (!hook || holds(&search->asleep, &place, false))
		return 0;
	mnl_attr_for_each_nested(attr, hook) {
		if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM &&
		    !mnl_attr_validate(attr, MNL_TYPE_U32) &&
		    is_passed(place.family, ntohl(mnl_attr_get_u32(attr))))
			return push(&search->reached, &place);
	}
	return push(&search->apart, &place);
}

static const struct {
	uint8_t family;
	const char *name;
} family_names[] = {
	{ NFPROTO_INET, "inet" }, { NFPROTO_IPV4, "ip" },
	{ NFPROTO_IPV6, "ip6" }, { NFPROTO_NETDEV, "netdev" },
};

static const char *family_name(uint8_t family)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(family_names); i++)
		if (family_names[i].family == family)
			return family_names[i].name;
	return "?";
}

/* User data of a rule: type and length of one byte each; its comment is 0 */
static char *comment_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr = find(nlh, NFTA_RULE_USERDATA);
	const uint8_t *at = attr ? mnl_attr_get_payload(attr) : NULL;
	size_t left = attr ? mnl_attr_get_payload_len(attr) : 0;

	while (left >= 2 && at[1] <= left - 2) {
		if (!at[0])
			return strndup((const char *)at + 2, at[1]);
		left -= 2u + at[1];
		at += 2 + at[1];
	}
	return NULL;
}

static uint64_t handle_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr = find(nlh, NFTA_RULE_HANDLE);

	return attr && !mnl_attr_validate(attr, MNL_TYPE_U64) ?
	       be64toh(mnl_attr_get_u64(attr)) : 0;
}

static int report(struct search *search, const struct nlmsghdr *nlh,
		  const struct place *place, const char *what)
{
	struct pw_foreign found = {
		.handle = handle_of(nlh), .what = what,
		.comment = comment_of(nlh),
	};

	if (asprintf(&found.chain, "%s %s %s", family_name(place->family),
		     place->table, place->chain) < 0)
		found.chain = NULL;
	if (found.chain &&
	    !PW_ARRAY_PUSH(search->list, search->num, search->cap, found))
		return 0;
	free(found.chain);
	free(found.comment);
	return -ENOMEM;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct search *search = arg;
	struct place place = place_of(nlh, NFTA_RULE_TABLE, NFTA_RULE_CHAIN);
	const char *what[PW_TRACES_MAX];
	size_t num;
	int err = 0;

	if (!holds(&search->reached, &place, false) ||
	    holds(&search->apart, &place, true))
		return 0;
	search->num_rules++;
	num = pw_rule_traces(nlh, what);
	for (size_t i = 0; i < num && !err; i++)
		err = report(search, nlh, &place, what[i]);
	return err;
}

static int open_socket(struct pw_nl **out)
{
	struct pw_wire wire;
	int err = pw_wire_open(&wire);

	if (err)
		return err;
	*out = pw_nl_new(&wire);
	return *out ? 0 : -ENOMEM;
}

int pw_foreign_traces(struct pw_foreign **out, size_t *num, size_t *num_rules,
		      struct pw_diags *diags)
{
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	struct search search = { 0 };
	struct pw_backoff backoff = { 0 };
	int err = open_socket(&nl);

	if (!err)
		err = pw_nl_ask_rules(nl, on_table, on_chain, on_rule, &search);
	while (pw_nl_is_passing(err) && !pw_backoff_wait(&backoff, nl)) {
		clear(&search);
		err = pw_nl_ask_rules(nl, on_table, on_chain, on_rule, &search);
	}
	if (err) {
		clear(&search);
		return pw_diag_system(diags, -err,
				      "cannot look through the rules of other tables");
	}
	*out = PW_TAKE(search.list);
	*num = search.num;
	*num_rules = search.num_rules;
	search.num = 0;
	clear(&search);
	return 0;
}

void pw_foreign_free(struct pw_foreign *list, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		free(list[i].chain);
		free(list[i].comment);
	}
	free(list);
}
