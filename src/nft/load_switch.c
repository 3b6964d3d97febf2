// SPDX-License-Identifier: GPL-2.0-or-later
/* Points the base chains at a generation, in one transaction. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "nft/elements.h"
#include "nft/kernel.h"
#include "nft/load_priv.h"
#include "nft/load_stamp.h"

#define ADOPT_MS (3600u * 1000)	/* hazards: sessions that precede us */
#define MAX_BASES 8

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)

/**
 * struct base - A base chain as wanted, and as it is
 * @chain:	index in the wanted ruleset
 * @drops:	its policy is drop
 */
struct base {
	uint32_t chain;
	bool exists, drops;
};

/**
 * struct switching - The way of the base chains to a generation
 * @apart:	what is stale was too much for one message together with that
 */
struct switching {
	struct pw_nl *nl;
	const struct pw_ruleset *want;
	const struct pw_stamp *stamp;
	struct pw_diags *diags;
	const struct pw_kernel *before;
	bool adopt;
	bool apart;
	struct base bases[MAX_BASES];
	size_t num_bases;
	uint32_t genid;
	struct pw_table_info table;
};

/* What GETCHAIN says of one chain */
struct seen_chain {
	uint32_t policy;
	uint8_t userdata[PW_USERDATA_MAX];
	size_t userdata_len;
};

static int read_chain(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct seen_chain *seen = arg;
	const void *data;
	uint32_t len;

	if (!nlc)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(nlh, nlc) < 0)
		return -EBADMSG;
	seen->policy = nftnl_chain_get_u32(nlc, NFTNL_CHAIN_POLICY);
	data = nftnl_chain_get_data(nlc, NFTNL_CHAIN_USERDATA, &len);
	if (data && len <= sizeof(seen->userdata)) {
		memcpy(seen->userdata, data, len);
		seen->userdata_len = len;
	}
	return 0;
}

/* -ENOENT: there is no such chain */
static int look_at_chain(const struct switching *s, const char *name,
			 struct seen_chain *seen)
{
	struct nlmsghdr *nlh = pw_nl_request(s->nl, NFT_MSG_GETCHAIN, 0,
					     PW_TABLE);

	*seen = (struct seen_chain){ 0 };
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	return pw_nl_ask(s->nl, nlh, s->genid, read_chain, seen);
}

/* The generation must be the one that was filled */
static int look_at_generation(const struct switching *s)
{
	uint8_t data[PW_USERDATA_MAX];
	size_t len = pw_stamp_put(s->stamp, data);
	struct seen_chain seen;
	char name[32];
	int err;

	snprintf(name, sizeof(name), "g%u.in", s->stamp->generation);
	err = look_at_chain(s, name, &seen);
	if (err && err != -ENOENT)
		return err;
	if (!err && seen.userdata_len == len &&
	    !memcmp(seen.userdata, data, len))
		return 0;
	return pw_diag_system(s->diags, ESTALE,
			      "somebody removed generation %u from table inet " PW_TABLE " before it was in force",
			      s->stamp->generation);
}

static int look_at_table(struct switching *s)
{
	int err = pw_nl_genid(s->nl, &s->genid);

	if (!err)
		err = pw_table_info_read(s->nl, s->genid, &s->table);
	if (!err)
		err = look_at_generation(s);
	for (size_t i = 0; i < s->num_bases && !err; i++) {
		struct base *base = &s->bases[i];
		struct seen_chain seen;

		err = look_at_chain(s, s->want->chains[base->chain].name,
				    &seen);
		base->exists = !err;
		base->drops = !err && seen.policy == NF_DROP;
		if (err == -ENOENT)
			err = 0;
	}
	if (pw_nl_is_passing(err))
		return -ERESTART;
	if (err && err != -ESTALE && err != -ENOMEM)
		return pw_diag_system(s->diags, -err,
				      "cannot read table inet " PW_TABLE);
	return err;
}

static int put_switch(const struct switching *s, struct pw_batch *batch)
{
	static const uint32_t protos[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	int err = 0;

	for (size_t i = 0; i < s->num_bases && !err; i++) {
		const struct base *base = &s->bases[i];
		const char *name = s->want->chains[base->chain].name;

		err = base->exists ?
		      pw_put_rules_gone(batch, name) :
		      pw_put_chain(batch, s->want, base->chain, NULL);
		if (!err)
			err = pw_put_rules(batch, s->want, base->chain);
	}
	if (!err && s->adopt &&
	    pw_ruleset_find_set(s->want, "adopt") != PW_NONE)
		err = pw_elems_put_timed(batch, "adopt", PW_T_NFPROTO, protos,
					 PW_ARRAY_SIZE(protos), ADOPT_MS);
	if (!err && s->table.dormant)
		err = pw_put_awake(batch);
	return err;
}

/* Generations that were not in force before: nothing goes to them */
static int put_stale_gone(const struct switching *s, struct pw_batch *batch)
{
	pw_owned(pw_stale_clear) struct pw_stale stale = { 0 };
	int err = pw_stale_find(s->before, s->want, true, &stale);

	if (!err && stale.any)
		err = pw_stale_put_gone(batch, s->before->rules, &stale);
	return err;
}

static int switch_once(struct switching *s, bool tidy, struct pw_diags *diags)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	int err = look_at_table(s);

	if (!err)
		err = pw_batch_open(&batch, s->nl->seq, s->genid);
	if (!err)
		err = put_switch(s, &batch);
	if (!err && tidy)
		err = put_stale_gone(s, &batch);
	return err ? err : pw_load_commit(s->nl, &batch, diags);
}

/* With all that is stale, unless that has been changed since it was read */
static int switch_tidily(struct switching *s, bool *tidy)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();

	if (*tidy && unsaid) {
		int err = switch_once(s, true, unsaid);

		if (!err || err == -ERESTART || err == -EINPROGRESS)
			return err;
		s->apart = err == -EMSGSIZE;
	}
	*tidy = false;
	return switch_once(s, false, s->diags);
}

/* Nothing in force refers to it any more, so it may go piece by piece */
static void tidy_apart(struct switching *s)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	bool begun = false;
	int err = unsaid ? pw_nl_genid(s->nl, &s->genid) : -ENOMEM;

	if (!err)
		err = pw_batch_open(&batch, s->nl->seq, s->genid);
	if (!err)
		err = put_stale_gone(s, &batch);
	if (!err)
		(void)pw_load_commit_loose(s->nl, &batch, batch.next,
					   &s->genid, &begun, unsaid);
}

/* Has the switch happened although its ACK got lost? 1 yes, 0 no, or -errno */
static int is_in_force(const struct switching *s)
{
	struct pw_targets now;
	int err = pw_targets_read(s->nl, 0, &now);

	return err ? err : !now.trial &&
			   now.current == s->stamp->generation;
}

static int give_up(const struct switching *s)
{
	return pw_diag_system(s->diags, EAGAIN,
			      "others kept changing the rules of this host for 5 seconds; the rules in force are those from before");
}

/*
 * Whatever an error says, the base chains tell what holds. A transaction that
 * is sent twice does no harm: it ends in the same state.
 */
static int switch_patiently(struct switching *s)
{
	struct pw_backoff backoff = { 0 };
	bool tidy = s->before->rules, unsure = false;
	int err;

	do {
		err = switch_tidily(s, &tidy);
		unsure |= err == -EINPROGRESS;
		if (err && unsure && is_in_force(s) == 1)
			return 0;
		if (err != -ERESTART && err != -EINPROGRESS)
			return err;
	} while (!pw_backoff_wait(&backoff, s->nl));
	return give_up(s);
}

/* The policy is a backstop behind rules that drop by themselves */
static int drop_once(struct switching *s)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	int err = look_at_table(s);

	if (!err)
		err = pw_batch_open(&batch, s->nl->seq, s->genid);
	for (size_t i = 0; i < s->num_bases && !err; i++) {
		const struct pw_chain *chain =
			&s->want->chains[s->bases[i].chain];

		if (chain->policy == PW_V_DROP && !s->bases[i].drops)
			err = pw_put_policy_drop(&batch, chain->name);
	}
	if (!err && batch.num)
		err = pw_load_commit(s->nl, &batch, s->diags);
	return err;
}

static bool lacks_policy(const struct switching *s)
{
	for (size_t i = 0; i < s->num_bases; i++) {
		if (s->want->chains[s->bases[i].chain].policy == PW_V_DROP &&
		    !s->bases[i].drops)
			return true;
	}
	return false;
}

/* Not worth an error: the rules are in force */
static void drop_by_policy(struct switching *s)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	struct pw_diags *diags = s->diags;
	struct pw_backoff backoff = { 0 };
	int err = -ENOMEM;

	s->diags = unsaid;
	do {
		if (unsaid)
			err = drop_once(s);
	} while ((err == -ERESTART || err == -EINPROGRESS) &&
		 !pw_backoff_wait(&backoff, s->nl));
	s->diags = diags;
	if (err)
		pw_diag_warning(diags, NULL,
				"the new rules are in force; only the policy of chain input could not be set to drop: %s",
				strerror(-err));
}

int pw_load_switch(struct pw_nl *nl, const struct pw_ruleset *want,
		   const struct pw_stamp *stamp,
		   const struct pw_kernel *kernel, bool adopt,
		   struct pw_diags *diags)
{
	struct switching s = {
		.nl = nl, .want = want, .stamp = stamp, .diags = diags,
		.before = kernel, .adopt = adopt,
	};
	int err;

	for (uint32_t i = 0; i < want->num_chains; i++) {
		if (want->chains[i].hook == PW_HOOK_NONE)
			continue;
		if (s.num_bases == MAX_BASES)
			return -E2BIG;
		s.bases[s.num_bases++] = (struct base){ .chain = i };
	}
	err = switch_patiently(&s);
	if (!err && lacks_policy(&s))
		drop_by_policy(&s);
	if (!err && s.apart)
		tidy_apart(&s);
	return err;
}
