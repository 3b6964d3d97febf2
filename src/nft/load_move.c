// SPDX-License-Identifier: GPL-2.0-or-later
/* Points the base chains at generations, in one transaction. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "nft/elements.h"
#include "nft/kernel_trial.h"
#include "nft/load_move.h"
#include "nft/load_stamp.h"
#include "nft/parse.h"

#define ADOPT_MS (3600u * 1000)	/* hazards: sessions that precede us */
/* For packets that are on their way through the rules of a trial */
#define CONFIRMED_MS (10u * 1000)

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)

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
	int err = nlc ? pw_parse_chain(nlh, nlc) : -ENOMEM;

	if (err)
		return err;
	seen->policy = nftnl_chain_get_u32(nlc, NFTNL_CHAIN_POLICY);
	data = nftnl_chain_get_data(nlc, NFTNL_CHAIN_USERDATA, &len);
	if (data && len <= sizeof(seen->userdata)) {
		memcpy(seen->userdata, data, len);
		seen->userdata_len = len;
	}
	return 0;
}

/* -ENOENT: there is no such chain */
static int look_at_chain(const struct pw_move *m, const char *name,
			 struct seen_chain *seen)
{
	struct nlmsghdr *nlh = pw_nl_request(m->nl, NFT_MSG_GETCHAIN, 0,
					     PW_TABLE);

	*seen = (struct seen_chain){ 0 };
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	return pw_nl_ask(m->nl, nlh, m->genid, read_chain, seen);
}

/* The generation must be the one that was filled */
static int look_at_generation(const struct pw_move *m)
{
	uint8_t data[PW_USERDATA_MAX];
	size_t len = pw_stamp_put(m->stamp, data);
	struct seen_chain seen;
	char name[32];
	int err;

	snprintf(name, sizeof(name), "g%u.in", m->stamp->generation);
	err = look_at_chain(m, name, &seen);
	if (err && err != -ENOENT)
		return err;
	if (!err && seen.userdata_len == len &&
	    !memcmp(seen.userdata, data, len))
		return 0;
	return pw_diag_system(m->diags, ESTALE,
			      "somebody removed generation %u from table inet " PW_TABLE " before it was in force",
			      m->stamp->generation);
}

/* What stays must be where the base chains go already: it was filled, and read */
static int look_at_targets(const struct pw_move *m)
{
	const uint32_t filled = m->stamp ? m->stamp->generation : 0;
	struct pw_targets now;
	int err;

	if (!m->to.current || m->to.current == filled)
		return 0;
	err = pw_targets_read(m->nl, m->genid, &now);
	if (err || m->to.current == now.current ||
	    (m->confirms && m->to.current == now.trial))
		return err;
	return pw_diag_system(m->diags, ESTALE,
			      "somebody changed what the base chains of table inet " PW_TABLE " go to");
}

static int look_at_base(const struct pw_move *m, struct pw_base_now *base)
{
	struct seen_chain seen;
	int err = look_at_chain(m, m->bases->chains[base->chain].name, &seen);

	base->exists = !err;
	base->drops = !err && seen.policy == NF_DROP;
	return err == -ENOENT ? 0 : err;
}

static int look_at_table(struct pw_move *m)
{
	int err = pw_nl_genid(m->nl, &m->genid);

	if (!err)
		err = pw_table_info_read(m->nl, m->genid, &m->table);
	if (!err && m->stamp)
		err = look_at_generation(m);
	if (!err)
		err = look_at_targets(m);
	for (size_t i = 0; i < m->num_bases && !err; i++)
		err = look_at_base(m, &m->now[i]);
	if (pw_nl_is_passing(err))
		return -ERESTART;
	if (err && err != -ESTALE && err != -ENOMEM)
		return pw_diag_system(m->diags, -err,
				      "cannot read table inet " PW_TABLE);
	return err;
}

/* One a family, in the two sets whose elements say for how long a rule holds */
static const uint32_t protos[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

static int put_adopt(const struct pw_move *m, struct pw_batch *batch)
{
	if (!m->adopt || pw_ruleset_find_set(m->want, "adopt") == PW_NONE)
		return 0;
	return pw_elems_put_timed(batch, "adopt", PW_T_NFPROTO, protos,
				  PW_ARRAY_SIZE(protos), ADOPT_MS);
}

/*
 * A trial that ends before its time keeps its elements, which no rule asks for
 * any more: a packet that is in the old rules shall not see their end. So does
 * one that is confirmed; they are put in anew to learn that they live.
 */
static int put_trial(const struct pw_move *m, struct pw_batch *batch)
{
	int err;

	if (m->confirms)
		return pw_elems_put_renewed(batch, PW_TRIAL_SET, PW_T_NFPROTO,
					    protos, PW_ARRAY_SIZE(protos),
					    CONFIRMED_MS);
	if (!m->trial_ms)
		return 0;
	err = pw_put_set_kept(batch, m->bases,
			      pw_ruleset_find_set(m->bases, PW_TRIAL_SET));
	return err ? err : pw_elems_put_timed(batch, PW_TRIAL_SET, PW_T_NFPROTO,
					      protos, PW_ARRAY_SIZE(protos),
					      m->trial_ms);
}

static int put_bases(const struct pw_move *m, struct pw_batch *batch)
{
	int err = 0;

	for (size_t i = 0; i < m->num_bases && !err; i++) {
		const struct pw_base_now *base = &m->now[i];
		const char *name = m->bases->chains[base->chain].name;

		err = base->exists ?
		      pw_put_rules_gone(batch, name) :
		      pw_put_chain(batch, m->bases, base->chain, NULL);
		if (!err)
			err = pw_put_rules(batch, m->bases, base->chain);
	}
	return err;
}

static int put_move(const struct pw_move *m, struct pw_batch *batch)
{
	int err = put_trial(m, batch);

	if (!err)
		err = put_bases(m, batch);
	if (!err)
		err = put_adopt(m, batch);
	if (!err && m->table.dormant)
		err = pw_put_awake(batch);
	return err;
}

/* Generations that were not in force before: nothing goes to them */
static int put_stale_gone(const struct pw_move *m, struct pw_batch *batch)
{
	pw_owned(pw_stale_clear) struct pw_stale stale = { 0 };
	int err = pw_stale_find(m->before, m->want, true, &stale);

	if (!err && stale.any)
		err = pw_stale_put_gone(batch, m->before->rules, &stale);
	return err;
}

/* What the kernel refused was that the trial's elements must still live */
static bool is_over(const struct pw_move *m, const struct pw_batch *batch,
		    const struct pw_nl_refusal *why)
{
	const struct nlmsghdr *nlh = pw_batch_find(batch, why->seq);

	return m->confirms && nlh &&
	       (nlh->nlmsg_type & 0xff) == NFT_MSG_DELSETELEM;
}

static int commit(const struct pw_move *m, struct pw_batch *batch,
		  struct pw_diags *diags)
{
	struct pw_nl_refusal why;
	int err = pw_nl_commit(m->nl, batch, &why);

	if (err == -ENOENT && is_over(m, batch, &why))
		return -ETIME;
	return pw_load_explain(err, batch, &why, diags);
}

static int move_once(struct pw_move *m, bool tidy, struct pw_diags *diags)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	int err = look_at_table(m);

	if (!err)
		err = pw_batch_open(&batch, m->nl->seq, m->genid);
	if (!err)
		err = put_move(m, &batch);
	if (!err && tidy)
		err = put_stale_gone(m, &batch);
	return err ? err : commit(m, &batch, diags);
}

/* What is known, or may be sent once more as it is */
static bool is_settled(int err)
{
	return !err || err == -ERESTART || err == -EINPROGRESS ||
	       err == -ETIME;
}

/* With all that is stale, unless that has been changed since it was read */
static int move_tidily(struct pw_move *m, bool *tidy)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();

	if (*tidy && unsaid) {
		int err = move_once(m, true, unsaid);

		if (is_settled(err))
			return err;
		m->apart = err == -EMSGSIZE;
	}
	*tidy = false;
	return move_once(m, false, m->diags);
}

/* Nothing in force refers to it any more, so it may go piece by piece */
static void tidy_apart(struct pw_move *m)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	bool begun = false;
	int err = unsaid ? pw_nl_genid(m->nl, &m->genid) : -ENOMEM;

	if (!err)
		err = pw_batch_open(&batch, m->nl->seq, m->genid);
	if (!err)
		err = put_stale_gone(m, &batch);
	if (!err)
		(void)pw_load_commit_loose(m->nl, &batch, batch.next,
					   &m->genid, &begun, unsaid);
}

/* Has it happened although its ACK got lost? */
static bool is_done(const struct pw_move *m)
{
	struct pw_targets now;

	return !pw_targets_read(m->nl, 0, &now) &&
	       now.current == m->to.current && now.trial == m->to.trial;
}

static int give_up(const struct pw_move *m)
{
	return pw_diag_system(m->diags, EAGAIN,
			      "others kept changing the rules of this host for 5 seconds; the rules in force are those from before");
}

/*
 * Whatever an error says, the base chains tell what holds. A transaction that
 * is sent twice does no harm: it ends in the same state.
 */
static int move_patiently(struct pw_move *m)
{
	struct pw_backoff backoff = { 0 };
	bool tidy = m->before->rules, unsure = false;
	int err;

	do {
		err = move_tidily(m, &tidy);
		unsure |= err == -EINPROGRESS;
		if (err && unsure && is_done(m))
			return 0;
		if (err != -ERESTART && err != -EINPROGRESS)
			return err;
	} while (!pw_backoff_wait(&backoff, m->nl));
	return give_up(m);
}

/* The policy is a backstop behind rules that drop by themselves */
static int drop_once(struct pw_move *m)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	int err = look_at_table(m);

	if (!err)
		err = pw_batch_open(&batch, m->nl->seq, m->genid);
	for (size_t i = 0; i < m->num_bases && !err; i++) {
		const struct pw_chain *chain =
			&m->bases->chains[m->now[i].chain];

		if (chain->policy == PW_V_DROP && !m->now[i].drops)
			err = pw_put_policy_drop(&batch, chain->name);
	}
	if (!err && batch.num)
		err = pw_load_commit(m->nl, &batch, m->diags);
	return err;
}

static bool lacks_policy(const struct pw_move *m)
{
	for (size_t i = 0; i < m->num_bases; i++) {
		if (m->bases->chains[m->now[i].chain].policy == PW_V_DROP &&
		    !m->now[i].drops)
			return true;
	}
	return false;
}

/* Not worth an error: the rules are in force */
static void drop_by_policy(struct pw_move *m)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	struct pw_diags *diags = m->diags;
	struct pw_backoff backoff = { 0 };
	int err = -ENOMEM;

	m->diags = unsaid;
	do {
		if (unsaid)
			err = drop_once(m);
	} while ((err == -ERESTART || err == -EINPROGRESS) &&
		 !pw_backoff_wait(&backoff, m->nl));
	m->diags = diags;
	if (err)
		pw_diag_warning(diags, NULL,
				"the new rules are in force; only the policy of chain input could not be set to drop: %s",
				strerror(-err));
}

/* Whatever a trial falls back to, its policy is what it was */
int pw_move_bases(struct pw_move *m)
{
	int err;

	for (uint32_t i = 0; i < m->bases->num_chains; i++) {
		if (m->bases->chains[i].hook == PW_HOOK_NONE)
			continue;
		if (m->num_bases == PW_MAX_BASES)
			return -E2BIG;
		m->now[m->num_bases++] = (struct pw_base_now){ .chain = i };
	}
	err = move_patiently(m);
	if (!err && !m->trial_ms && lacks_policy(m))
		drop_by_policy(m);
	if (!err && m->apart)
		tidy_apart(m);
	return err;
}
