// SPDX-License-Identifier: GPL-2.0-or-later
/* Recognises a trial, and how long it lasts. */
#include "nft/kernel_trial.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/elements.h"
#include "nft/kernel.h"

int64_t pw_trial_declare(struct pw_ruleset *rs)
{
	const struct pw_set set = {
		.name = (char[]){ PW_TRIAL_SET }, .type = PW_T_NFPROTO,
		.timeout = true,
	};

	return pw_ruleset_add_set(rs, &set);
}

static bool asks_trial(const struct pw_ruleset *rs,
		       const struct pw_match *match)
{
	return match->field == PW_F_NFPROTO && !match->negated &&
	       match->set != PW_NONE &&
	       !strcmp(rs->sets[match->set].name, PW_TRIAL_SET);
}

bool pw_rule_is_trial(const struct pw_ruleset *rs, const struct pw_rule *rule)
{
	const struct pw_verdict *v = &rule->verdict;

	if (rule->num_matches != 1 || rule->num_effects ||
	    !asks_trial(rs, &rule->matches[0]))
		return false;
	return v->kind == PW_V_ACCEPT ||
	       (v->kind == PW_V_GOTO &&
		pw_name_generation(rs->chains[v->chain].name));
}

bool pw_rule_leads_to(const struct pw_ruleset *rs, const struct pw_rule *rule,
		      uint32_t n)
{
	return n && !rule->num_matches && !rule->num_effects &&
	       rule->verdict.kind == PW_V_GOTO &&
	       pw_name_generation(rs->chains[rule->verdict.chain].name) == n;
}

/* Nobody arms a longer one: an element that never expires is somebody else's */
#define LONGEST_MS (24u * 3600 * 1000)

/* Life of each element that was read */
struct lives {
	uint64_t v4_ms, v6_ms;
};

static int note_life(struct pw_value key, uint64_t left_ms, void *arg)
{
	struct lives *lives = arg;

	if (left_ms > LONGEST_MS)
		left_ms = LONGEST_MS;
	if (key.lo == NFPROTO_IPV4)
		lives->v4_ms = left_ms;
	else if (key.lo == NFPROTO_IPV6)
		lives->v6_ms = left_ms;
	return 0;
}

static int read_lives(const struct nlmsghdr *nlh, void *arg)
{
	return pw_elems_read_lives(nlh, PW_T_NFPROTO, note_life, arg);
}

int pw_trial_left_read(struct pw_nl *nl, uint32_t genid, uint64_t *left_ms)
{
	struct nlmsghdr *nlh = pw_nl_request(nl, NFT_MSG_GETSETELEM,
					     NLM_F_DUMP, PW_TABLE);
	struct lives lives = { 0 };
	int err;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, PW_TRIAL_SET);
	err = pw_nl_ask(nl, nlh, genid, read_lives, &lives);
	if (err)
		return err;
	*left_ms = lives.v4_ms < lives.v6_ms ? lives.v4_ms : lives.v6_ms;
	return 0;
}
