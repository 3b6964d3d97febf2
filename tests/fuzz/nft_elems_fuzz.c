// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Elements as the kernel sends them: first by which reader and of which set,
 * then the family, then attributes. What is read as a set is sent so that it is
 * read as the same.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "../codec/rows.h"
#include "fuzz.h"
#include "netlink/batch.h"
#include "nft/elements.h"
#include "nft/openings.h"
#include "replay.h"

PW_DEFINE_OWNED(struct nlmsghdr, free)

static bool is_known(int err)
{
	return !err || err == -EBADMSG || err == -EOPNOTSUPP || err == -EFBIG;
}

/* What is sent for @set, read again */
static void try_again(const struct pw_set *set, struct pw_rangeset *elems)
{
	struct pw_elems_dump dump = { .set = set, .max_values = SIZE_MAX };
	pw_owned(pw_rangeset_free) struct pw_rangeset *again = NULL;
	struct pw_set full = *set;
	struct pw_batch batch = { 0 };

	full.elems = elems;
	MUST(!pw_batch_open(&batch, 1, 1));
	MUST(!pw_elems_put_set(&batch, &full));
	MUST(!pw_batch_close(&batch));
	for (uint32_t seq = batch.first; seq != batch.next; seq++) {
		const struct nlmsghdr *nlh = pw_batch_find(&batch, seq);

		if (nlh->nlmsg_type ==
		    (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM))
			MUST(!pw_elems_read_set(&dump, nlh));
	}
	MUST(!pw_elems_finish_set(&dump, &again));
	MUST(pw_rangeset_equal(elems, again));
	pw_elems_clear(&dump);
	pw_batch_clear(&batch);
}

static void read_set(const struct nlmsghdr *nlh, const struct pw_set *set)
{
	struct pw_elems_dump dump = { .set = set, .max_values = 4096 };
	pw_owned(pw_rangeset_free) struct pw_rangeset *elems = NULL;
	int err;

	if (pw_set_is_concat(set->type))
		return;		/* nobody reads such a set as a constant one */
	err = pw_elems_read_set(&dump, nlh);

	MUST(is_known(err));
	if (!err) {
		err = pw_elems_finish_set(&dump, &elems);
		MUST(!err || err == -EBADMSG);
	}
	pw_elems_clear(&dump);
	if (!err && set->constant && elems->num)
		try_again(set, elems);
}

static void read_map(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		     struct pw_map *map)
{
	int err = pw_elems_read_map(map, rs, nlh);

	MUST(is_known(err));
	for (size_t i = 0; i < map->num_elems; i++) {
		MUST(map->elems[i].obj == PW_NONE ||
		     map->elems[i].obj < rs->num_objs);
		MUST(map->elems[i].verdict.chain == PW_NONE ||
		     map->elems[i].verdict.chain < rs->num_chains);
	}
}

static int open_one(const struct pw_elems_span *span, uint64_t left_ms,
		    void *arg)
{
	struct pw_elems_span again;
	struct pw_opening opening;
	size_t set = *(size_t *)arg;
	int err = pw_opening_get(set, span, &opening);

	(void)left_ms;
	MUST(!err || err == -EBADMSG);
	if (err)
		return err;
	MUST(pw_opening_set_of(&opening) == set);
	pw_opening_put(&opening, &again);
	MUST(again.len == span->len &&
	     !memcmp(again.key, span->key, again.len));
	return 0;
}

static int ignore_life(struct pw_value key, uint64_t left_ms, void *arg)
{
	(void)key;
	(void)left_ms;
	(void)arg;
	return 0;
}

static int measure(const char *chain, void *arg)
{
	*(size_t *)arg += strlen(chain);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	pw_owned(free) struct nlmsghdr *nlh = NULL;
	size_t which, num = 0;

	if (size < 2)
		return 0;
	nlh = replay_message(data + 2, size - 2, NFT_MSG_NEWSETELEM);
	which = data[1];
	switch (data[0] % 5) {
	case 0:
		read_set(nlh, &rs->sets[which % rs->num_sets]);
		break;
	case 1:
		read_map(nlh, rs, &rs->maps[which % rs->num_maps]);
		break;
	case 2:
		which %= PW_NUM_OPENING_SETS;
		MUST(is_known(pw_elems_read_spans(nlh, open_one, &which)));
		break;
	case 3:
		MUST(is_known(pw_elems_read_lives(nlh, which % PW_NUM_SET_TYPES,
						  ignore_life, NULL)));
		break;
	case 4:
		MUST(is_known(pw_elems_read_chains(nlh, measure, &num)));
		break;
	}
	return 0;
}
