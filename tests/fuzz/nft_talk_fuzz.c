// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversations with nf_tables: first who asks, then what the kernel answers,
 * see replay_nl(). Whatever it is, asking ends, errors are those of the
 * contract, and what was read can be worked with.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "fuzz.h"
#include "netlink/netlink.h"
#include "nft/kernel.h"
#include "nft/kernel_chains.h"
#include "nft/kernel_trial.h"
#include "nft/load_priv.h"
#include "nft/openings.h"
#include "nft/others.h"
#include "portwall/array.h"
#include "probe/swallow_priv.h"
#include "replay.h"

/* What is read is what can be copied, sorted and printed again */
static void use(const struct pw_kernel *kernel)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	char *what = NULL;

	if (!kernel->rules)
		return;
	MUST(!pw_kernel_generation(kernel, kernel->current, &rs));
	MUST(pw_ruleset_diff(rs, rs, &what) == 0);
}

static int read_all(struct pw_nl *nl, struct pw_diags *diags)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	int err = pw_kernel_read(nl, 0, &kernel, diags);

	MUST(!err || pw_diags_count(diags, PW_ERROR));
	MUST(!err == !!kernel);
	if (!err)
		use(kernel);
	return err;
}

static int look(struct pw_nl *nl, struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *strange = NULL;
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	int err = pw_kernel_look(nl, &kernel, &strange, diags);

	MUST(!err || pw_diags_count(diags, PW_ERROR));
	if (!err)
		use(kernel);
	return err;
}

static int read_chains(struct pw_nl *nl, struct pw_diags *diags)
{
	static const char *const chains[] = { "input", "g1.in" };
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	int err = pw_kernel_read_chains(nl, chains, PW_ARRAY_SIZE(chains),
					1000, &rs);

	(void)diags;
	MUST(!err == !!rs);
	return err;
}

static int find_others(struct pw_nl *nl, struct pw_diags *diags)
{
	static const struct pw_asked asked[] = {
		{ 6, 1, 65535 }, { 17, 53, 53 },
	};
	pw_owned(pw_others_free) struct pw_others *others = NULL;
	int err = pw_others_find(nl, asked, PW_ARRAY_SIZE(asked), &others);

	(void)diags;
	MUST(!err == !!others);
	for (size_t i = 0; !err && i < others->num; i++)
		MUST(others->list[i].chain);
	return err;
}

static int read_openings(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_openings openings = { 0 };
	int err = pw_openings_dump(nl, 7, &openings);

	(void)diags;
	for (size_t i = 0; i < openings.num; i++) {
		MUST(openings.list[i].first <= openings.list[i].last);
		MUST(openings.list[i].left_ms);
	}
	free(openings.list);
	return err;
}

static int read_trial(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_targets targets;
	uint64_t left_ms;
	int err = pw_targets_read(nl, 0, &targets);

	(void)diags;
	return err ? err : pw_trial_left_read(nl, 0, &left_ms);
}

/* A transaction of one rule, refused in whatever words */
static int commit(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_batch batch = { 0 };
	struct pw_nl_refusal why;
	struct nlmsghdr *nlh;
	struct nlattr *list, *elem;
	int err;

	MUST(!pw_batch_open(&batch, nl->seq, 7));
	nlh = pw_batch_add(&batch, NFT_MSG_NEWRULE, 0);
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "portwall");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "input");
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "notrack");
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	err = pw_nl_commit(nl, &batch, &why);
	MUST(memchr(why.text, '\0', sizeof(why.text)));
	if (err && err != -ERESTART && err != -EINPROGRESS) {
		err = pw_load_explain(err, &batch, &why, diags);
		MUST(err && pw_diags_count(diags, PW_ERROR) == 1);
	}
	pw_batch_clear(&batch);
	return err;
}

static int purge(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_purged gone;

	return pw_load_purge(nl, &gone, diags);
}

static int read_generation(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_table_info info;
	uint32_t genid;
	int err = pw_nl_genid(nl, &genid);

	(void)diags;
	return err ? err : pw_table_info_read(nl, genid, &info);
}

static void count(void *arg, uint32_t cookie, uint64_t num)
{
	(void)cookie;
	*(uint64_t *)arg += num;
}

static int note(void *arg, const struct pw_note *note)
{
	(void)arg;
	MUST(note->family < PW_NUM_FAMILIES);
	return 0;
}

/* What the table of a probing run counted and noted */
static int read_swallow(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_swallow swallow = { .reader = nl, .name = "portwall-probe" };
	uint64_t sum = 0;
	int err = pw_swallow_count(&swallow, count, &sum, diags);

	return err ? err : pw_swallow_read(&swallow, note, NULL, diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const askers[])(struct pw_nl *nl,
				     struct pw_diags *diags) = {
		read_all, look, read_chains, find_others, read_openings,
		read_trial, commit, purge, read_generation, read_swallow,
	};
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	int err;

	if (!size)
		return 0;
	nl = replay_nl(data + 1, size - 1);
	err = askers[data[0] % PW_ARRAY_SIZE(askers)](nl, diags);
	MUST(err <= 0 && err >= -4095);
	return 0;
}
