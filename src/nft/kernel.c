// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads our table out of the kernel, all of it under one generation id. */
#include "nft/kernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "nft/elements.h"
#include "nft/kernel_trial.h"
#include "nft/load_stamp.h"
#include "nft/parse.h"
#include "portwall/nft.h"

/* Dumps of elements take time that grows with the square of their number */
#define MAX_DUMPED 4096

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)
PW_DEFINE_OWNED(struct nftnl_obj, nftnl_obj_free)

/* One attempt at reading */
struct reading {
	struct pw_nl *nl;
	struct pw_kernel *kernel;
	struct pw_diags *diags;
	struct pw_diags *strange;	/* NULL: what is refused ends it */
	uint32_t generation;	/* whose content is read */
	uint32_t also;		/* and of which other, 0: of none */
};

/* Where refusals of decoders are told */
static struct pw_diags *refusals(const struct reading *r)
{
	return r->strange ? r->strange : r->diags;
}

/* What a decoder refused is passed over by who only looks */
static int decoded(const struct reading *r, int err)
{
	return err == -EOPNOTSUPP && r->strange ? 0 : err;
}

/* What a parser made of a message: is it one for the decoder of its kind? */
static int parsed(const struct reading *r, int err, const char *table,
		  const char *what, bool *ours)
{
	*ours = !err && pw_table_is_ours(table);
	if (err != -EOPNOTSUPP)
		return err;
	return !pw_table_is_ours(table) ? 0 :
	       decoded(r, pw_diag_system(refusals(r), EOPNOTSUPP,
			"table inet " PW_TABLE " holds %s that is not known here",
			what));
}

static int read_chain(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct reading *r = arg;
	bool ours;
	int err;

	if (!nlc)
		return -ENOMEM;
	err = pw_parse_chain(nlh, nlc);
	err = parsed(r, err, nftnl_chain_get_str(nlc, NFTNL_CHAIN_TABLE),
		     "a chain of a kind", &ours);
	if (err || !ours)
		return err;
	return decoded(r, pw_nft_decode_chain(nlc, r->kernel->rules, refusals(r)));
}

static int read_set(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = nftnl_set_alloc();
	struct reading *r = arg;
	bool ours;
	int err;

	if (!nls)
		return -ENOMEM;
	err = pw_parse_set(nlh, nls);
	err = parsed(r, err, nftnl_set_get_str(nls, NFTNL_SET_TABLE),
		     "a set with an expression", &ours);
	if (err || !ours)
		return err;
	return decoded(r, pw_nft_decode_set(nls, r->kernel->rules, refusals(r)));
}

static int read_obj(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_obj_free) struct nftnl_obj *nlo = nftnl_obj_alloc();
	struct reading *r = arg;
	bool ours;
	int err;

	if (!nlo)
		return -ENOMEM;
	err = pw_parse_obj(nlh, nlo);
	err = parsed(r, err, nftnl_obj_get_str(nlo, NFTNL_OBJ_TABLE),
		     "an object of a type", &ours);
	if (err || !ours)
		return err;
	return decoded(r, pw_nft_decode_obj(nlo, r->kernel->rules, refusals(r)));
}

/* Does this chain or map belong to no generation, or to one that is read? */
static bool is_read(const struct reading *r, const char *name)
{
	uint32_t n = pw_name_generation(name);

	return !n || n == r->generation || n == r->also;
}

/* Told before all of the rule is taken apart */
static bool rule_is_read(const struct reading *r, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_RULE_CHAIN &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			return is_read(r, mnl_attr_get_str(attr));
	return true;
}

static int read_rule(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = NULL;
	struct reading *r = arg;
	bool ours;
	int err;

	if (!rule_is_read(r, nlh))
		return 0;
	nlr = nftnl_rule_alloc();
	if (!nlr)
		return -ENOMEM;
	err = pw_parse_rule(nlh, nlr);
	err = parsed(r, err, nftnl_rule_get_str(nlr, NFTNL_RULE_TABLE),
		     "a rule with an expression", &ours);
	if (err || !ours)
		return err;
	return decoded(r, pw_nft_decode_rule(nlr, r->kernel->rules, refusals(r)));
}

static int dump(struct reading *r, uint16_t type, pw_nl_reader reader)
{
	return pw_nl_ask(r->nl, pw_nl_request(r->nl, type, NLM_F_DUMP,
					      PW_TABLE),
			 r->kernel->genid, reader, r);
}

static int dump_elems(struct reading *r, const char *set, pw_nl_reader reader,
		      void *arg)
{
	struct nlmsghdr *nlh = pw_nl_request(r->nl, NFT_MSG_GETSETELEM,
					     NLM_F_DUMP, PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return pw_nl_ask(r->nl, nlh, r->kernel->genid, reader, arg);
}

static int refuse_elems(struct reading *r, const char *what, const char *name,
			int err)
{
	if (err != -EBADMSG && err != -EOPNOTSUPP)
		return err;
	return decoded(r, pw_diag_system(refusals(r), EOPNOTSUPP,
		"%s %s of table inet " PW_TABLE " holds elements that no portwall makes",
		what, name));
}

static int read_set_elems(const struct nlmsghdr *nlh, void *arg)
{
	return pw_elems_read_set(arg, nlh);
}

static int read_one_set(struct reading *r, struct pw_set *set)
{
	struct pw_elems_dump elems = {
		.set = set,
		/* a bitmap of ports is small however many it holds */
		.max_values = set->type == PW_T_PORT ? 65536 : MAX_DUMPED,
	};
	int err;

	if (!set->constant || (set->size > elems.max_values && !set->interval))
		return 0;
	err = dump_elems(r, set->name, read_set_elems, &elems);
	if (!err)
		err = pw_elems_finish_set(&elems, &set->elems);
	pw_elems_clear(&elems);
	return err == -EFBIG ? 0 : refuse_elems(r, "set", set->name, err);
}

struct map_reading {
	struct pw_map *map;
	const struct pw_ruleset *rs;
};

static int read_map_elems(const struct nlmsghdr *nlh, void *arg)
{
	const struct map_reading *m = arg;

	return pw_elems_read_map(m->map, m->rs, nlh);
}

static int read_elems(struct reading *r)
{
	struct pw_ruleset *rs = r->kernel->rules;
	int err = 0;

	for (size_t i = 0; i < rs->num_sets && !err; i++)
		err = read_one_set(r, &rs->sets[i]);
	for (size_t i = 0; i < rs->num_maps && !err; i++) {
		struct map_reading m = { .map = &rs->maps[i], .rs = rs };

		if (!is_read(r, rs->maps[i].name))
			continue;
		err = refuse_elems(r, "map", rs->maps[i].name,
				   dump_elems(r, rs->maps[i].name,
					      read_map_elems, &m));
	}
	return err;
}

/* Of a trial both generations are due, whichever is in force at the moment */
static int read_targets(struct reading *r)
{
	struct pw_targets targets;
	int err = pw_targets_read(r->nl, r->kernel->genid, &targets);

	if (err)
		return err;
	r->kernel->current = targets.current;
	r->kernel->trial = targets.trial;
	if (!r->generation) {
		r->generation = targets.current;
		r->also = targets.trial;
	}
	return 0;
}

/* Names before what refers to them */
static int read_contents(struct reading *r)
{
	int err = read_targets(r);

	if (!err)
		err = dump(r, NFT_MSG_GETCHAIN, read_chain);
	if (!err)
		err = dump(r, NFT_MSG_GETSET, read_set);
	if (!err)
		err = dump(r, NFT_MSG_GETOBJ, read_obj);
	if (!err)
		err = read_elems(r);
	if (!err)
		err = dump(r, NFT_MSG_GETRULE, read_rule);
	if (!err)
		err = pw_ruleset_sort(r->kernel->rules);
	return err == -EEXIST ? -EBADMSG : err;	/* a thing is there twice */
}

static void find_stamp(const struct pw_ruleset *rs, uint32_t generation,
		       struct pw_stamp *stamp)
{
	char name[32];
	uint32_t i;

	if (!generation)
		return;
	snprintf(name, sizeof(name), "g%u.in", generation);
	i = pw_ruleset_find_chain(rs, name);
	if (i != PW_NONE && rs->chains[i].userdata)
		(void)pw_stamp_get(rs->chains[i].userdata,
				   rs->chains[i].userdata_len, stamp);
}

static int read_ours(struct reading *r)
{
	struct pw_kernel *kernel = r->kernel;
	uint32_t genid;
	int err = read_contents(r);

	if (!err && kernel->trial)
		err = pw_trial_left_read(r->nl, kernel->genid,
					 &kernel->trial_left_ms);
	if (!err)
		err = pw_nl_genid(r->nl, &genid);
	if (err)
		return err;
	if (genid != kernel->genid)
		return -EINTR;
	find_stamp(kernel->rules, kernel->current, &kernel->stamp);
	find_stamp(kernel->rules, kernel->trial, &kernel->trial_stamp);
	return 0;
}

static int read_once(struct pw_nl *nl, uint32_t generation,
		     struct pw_kernel **out, struct pw_diags *strange,
		     struct pw_diags *diags)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel =
		calloc(1, sizeof(*kernel));
	struct reading r = { .nl = nl, .kernel = kernel, .diags = diags,
			     .strange = strange, .generation = generation };
	struct pw_table_info info;
	int err;

	if (!kernel)
		return -ENOMEM;
	err = pw_nl_genid(nl, &kernel->genid);
	if (!err)
		err = pw_table_info_read(nl, kernel->genid, &info);
	if (err)
		return err;
	kernel->exists = info.exists;
	kernel->dormant = info.dormant;
	kernel->format = info.format;
	if (info.exists && !(kernel->rules = pw_ruleset_new()))
		return -ENOMEM;
	if (info.format == PW_FORMAT)	/* others are not for us to decode */
		err = read_ours(&r);
	if (err)
		return err;
	*out = PW_TAKE(kernel);
	return 0;
}

/* What vanished, was cut off or got lost while others worked on the tables */
static bool is_passing(int err)
{
	return err == -ENOENT || pw_nl_is_passing(err);
}

/* What decoders refuse they have explained already */
static int explain(int err, size_t said, struct pw_diags *diags)
{
	const bool explained = pw_diags_count(diags, PW_ERROR) > said;

	if (err == -EOPNOTSUPP && explained)
		pw_diag_hint(diags,
			     "take it out with nft, or the whole table with: portwall clear");
	if (!err || err == -ENOMEM || explained)
		return err;
	if (is_passing(err))
		return pw_diag_system(diags, EAGAIN,
				      "the rules of this host kept changing while they were read");
	if (err == -EBADMSG)
		return pw_diag_system(diags, EBADMSG,
				      "the kernel's answer about table inet " PW_TABLE " makes no sense");
	if (err == -EPERM)
		return pw_diag_system(diags, EPERM,
				      "reading nf_tables needs CAP_NET_ADMIN");
	return pw_diag_system(diags, -err, "cannot read table inet " PW_TABLE);
}

int pw_kernel_read(struct pw_nl *nl, uint32_t generation,
		   struct pw_kernel **out, struct pw_diags *diags)
{
	const size_t said = pw_diags_count(diags, PW_ERROR);
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		err = read_once(nl, generation, out, NULL, diags);
	} while (is_passing(err) && !pw_backoff_wait(&backoff, nl));
	return explain(err, said, diags);
}

int pw_kernel_look(struct pw_nl *nl, struct pw_kernel **out,
		   struct pw_diags **strange, struct pw_diags *diags)
{
	const size_t said = pw_diags_count(diags, PW_ERROR);
	pw_owned(pw_diags_free) struct pw_diags *refused = NULL;
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		pw_diags_free(refused);
		refused = pw_diags_new();
		err = refused ? read_once(nl, 0, out, refused, diags) : -ENOMEM;
	} while (is_passing(err) && !pw_backoff_wait(&backoff, nl));
	if (!err)
		*strange = PW_TAKE(refused);
	return explain(err, said, diags);
}

void pw_kernel_free(struct pw_kernel *kernel)
{
	if (!kernel)
		return;
	pw_ruleset_free(kernel->rules);
	free(kernel);
}
