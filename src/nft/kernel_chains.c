// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads some chains of our table, and not the rest. */
#include "nft/kernel_chains.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "nft/elements.h"
#include "nft/parse.h"
#include "portwall/array.h"
#include "portwall/nft.h"

#define SMALL_SET 256		/* ranges of a set that is read */

PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)

/**
 * struct walk - From chain to chain
 * @rules:	of the chain at hand, until all names in them are known
 * @left:	rules and elements that may still come
 */
struct walk {
	struct pw_nl *nl;
	uint32_t genid;
	struct pw_ruleset *rs;
	struct pw_diags *unsaid;
	struct nftnl_rule **rules;
	size_t num, cap, left;
};

static void drop_rules(struct walk *w)
{
	for (size_t i = 0; i < w->num; i++)
		nftnl_rule_free(w->rules[i]);
	w->num = 0;
}

static int spend(struct walk *w)
{
	if (!w->left)
		return -EFBIG;
	w->left--;
	return 0;
}

static int keep_rule(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct walk *w = arg;
	int err = nlr ? spend(w) : -ENOMEM;

	if (!err)
		err = pw_parse_rule(nlh, nlr);
	if (err)
		return err;
	err = PW_ARRAY_PUSH(w->rules, w->num, w->cap, nlr);
	if (!err)
		nlr = NULL;
	return err;
}

static int dump_rules(struct walk *w, const char *chain)
{
	struct nlmsghdr *nlh = pw_nl_request(w->nl, NFT_MSG_GETRULE,
					     NLM_F_DUMP, PW_TABLE);
	int err;

	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	err = pw_nl_ask(w->nl, nlh, w->genid, keep_rule, w);
	return err == -ENOENT ? 0 : err;
}

static int dump_elems(struct walk *w, const char *set, pw_nl_reader reader,
		      void *arg)
{
	struct nlmsghdr *nlh = pw_nl_request(w->nl, NFT_MSG_GETSETELEM,
					     NLM_F_DUMP, PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return pw_nl_ask(w->nl, nlh, w->genid, reader, arg);
}

static int add_chain(const char *name, void *arg)
{
	struct walk *w = arg;
	int64_t at;

	if (pw_ruleset_find_chain(w->rs, name) != PW_NONE)
		return 0;
	at = pw_ruleset_add_chain(w->rs, name);
	return at < 0 ? (int)at : 0;
}

static int add_obj(struct walk *w, const char *name, uint32_t type)
{
	static const struct pw_rate any = { 1, 1, 1 };
	int64_t at;

	if (pw_ruleset_find_obj(w->rs, name) != PW_NONE)
		return 0;
	at = pw_ruleset_add_obj(w->rs, name, type == NFT_OBJECT_LIMIT ?
				PW_O_LIMIT : PW_O_COUNTER, &any);
	return at < 0 ? (int)at : 0;
}

static int read_set(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = nftnl_set_alloc();
	struct walk *w = arg;
	int err = nls ? pw_parse_set(nlh, nls) : -ENOMEM;

	return err ? err : pw_nft_decode_set(nls, w->rs, w->unsaid);
}

/* The declaration, of a map or a set */
static int ask_set(struct walk *w, const char *name)
{
	struct nlmsghdr *nlh = pw_nl_request(w->nl, NFT_MSG_GETSET, 0,
					     PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	return pw_nl_ask(w->nl, nlh, w->genid, read_set, w);
}

static int read_set_elems(const struct nlmsghdr *nlh, void *arg)
{
	return pw_elems_read_set(arg, nlh);
}

static int add_set(struct walk *w, const char *name)
{
	struct pw_elems_dump elems = { .max_values = SMALL_SET };
	struct pw_set *set;
	uint32_t at;
	int err;

	if (pw_ruleset_find_set(w->rs, name) != PW_NONE)
		return 0;
	err = ask_set(w, name);
	if (err)
		return err;
	at = pw_ruleset_find_set(w->rs, name);
	if (at == PW_NONE)
		return -EBADMSG;	/* that is another one, or a map */
	set = &w->rs->sets[at];
	if (!set->constant || set->size > 2 * SMALL_SET)
		return 0;
	elems.set = set;
	err = dump_elems(w, name, read_set_elems, &elems);
	if (!err)
		err = pw_elems_finish_set(&elems, &set->elems);
	pw_elems_clear(&elems);
	return err == -EFBIG ? 0 : err;
}

static int read_map_chains(const struct nlmsghdr *nlh, void *arg)
{
	struct walk *w = arg;
	int err = spend(w);

	return err ? err : pw_elems_read_chains(nlh, add_chain, w);
}

struct map_reading {
	struct walk *w;
	struct pw_map *map;
};

static int read_map_elems(const struct nlmsghdr *nlh, void *arg)
{
	const struct map_reading *m = arg;

	return pw_elems_read_map(m->map, m->w->rs, nlh);
}

/* First the chains that its elements name, then these */
static int add_map(struct walk *w, const char *name)
{
	struct map_reading m = { .w = w };
	uint32_t at;
	int err;

	if (pw_ruleset_find_map(w->rs, name) != PW_NONE)
		return 0;
	err = ask_set(w, name);
	if (!err)
		err = dump_elems(w, name, read_map_chains, w);
	if (err)
		return err;
	at = pw_ruleset_find_map(w->rs, name);
	if (at == PW_NONE)
		return -EBADMSG;
	m.map = &w->rs->maps[at];
	if (m.map->counters)
		return -EOPNOTSUPP;
	return dump_elems(w, name, read_map_elems, &m);
}

static bool is_a(const struct nftnl_expr *expr, const char *name,
		 uint16_t attr)
{
	return !strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), name) &&
	       nftnl_expr_is_set(expr, attr);
}

/* What an expression names has to be there before its rule is decoded */
static int add_named(struct nftnl_expr *expr, void *arg)
{
	struct walk *w = arg;

	if (is_a(expr, "immediate", NFTNL_EXPR_IMM_CHAIN))
		return add_chain(nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN),
				 w);
	if (is_a(expr, "objref", NFTNL_EXPR_OBJREF_IMM_NAME))
		return add_obj(w, nftnl_expr_get_str(expr,
						     NFTNL_EXPR_OBJREF_IMM_NAME),
			       nftnl_expr_get_u32(expr,
						  NFTNL_EXPR_OBJREF_IMM_TYPE));
	if (!is_a(expr, "lookup", NFTNL_EXPR_LOOKUP_SET))
		return 0;
	return nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG) ?
	       add_map(w, nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET)) :
	       add_set(w, nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET));
}

static int read_chain(struct walk *w, const char *chain)
{
	int err = dump_rules(w, chain);

	for (size_t i = 0; i < w->num && !err; i++)
		err = nftnl_expr_foreach(w->rules[i], add_named, w);
	for (size_t i = 0; i < w->num && !err; i++)
		err = pw_nft_decode_rule(w->rules[i], w->rs, w->unsaid);
	drop_rules(w);
	return err;
}

/* Chains that are met on the way are put behind the others */
static int walk(struct walk *w, const char *const *chains, size_t num)
{
	int err = 0;

	for (size_t i = 0; i < num && !err; i++)
		err = add_chain(chains[i], w);
	for (size_t i = 0; i < w->rs->num_chains && !err; i++)
		err = read_chain(w, w->rs->chains[i].name);
	return err ? err : pw_ruleset_sort(w->rs);
}

int pw_kernel_read_chains(struct pw_nl *nl, const char *const *chains,
			  size_t num, size_t most, struct pw_ruleset **out)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	struct walk w = { .nl = nl, .rs = rs, .unsaid = unsaid, .left = most };
	int err = unsaid && rs ? pw_nl_genid(nl, &w.genid) : -ENOMEM;

	if (!err)
		err = walk(&w, chains, num);
	free(w.rules);
	if (!err)
		*out = PW_TAKE(rs);
	return err;
}

static int ignore(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return 0;
}

int pw_kernel_find_elem(struct pw_nl *nl, const struct pw_set *set,
			struct pw_value value)
{
	struct nlmsghdr *nlh = pw_nl_request(nl, NFT_MSG_GETSETELEM, 0,
					     PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	pw_elems_put_key(nlh, set->type, value);
	return pw_nl_ask(nl, nlh, 0, ignore, NULL);
}
