// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes elements of sets and maps into a transaction. */
#include "nft/elements.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "netlink/batch.h"
#include "nft/keys.h"
#include "ruleset/elems.h"

/* The length of a nested list has 16 bits and wraps silently */
#define MAX_LIST_LEN 60000

/* Userdata of libnftnl's NFTNL_UDATA_SET_ELEM_FLAGS: the last range is open */
static const uint8_t open_range[] = { 1, 4, 1, 0, 0, 0 };

/**
 * struct writer - Elements of one set on their way into messages
 * @nlh:	the message that is being filled, NULL: none
 */
struct writer {
	struct pw_batch *batch;
	const char *set;
	uint16_t type, flags;
	struct nlmsghdr *nlh;
	struct nlattr *list;
};

static int begin_message(struct writer *w)
{
	w->nlh = pw_batch_add(w->batch, w->type, w->flags);
	if (!w->nlh)
		return -ENOMEM;
	mnl_attr_put_strz(w->nlh, NFTA_SET_ELEM_LIST_TABLE, PW_TABLE);
	mnl_attr_put_strz(w->nlh, NFTA_SET_ELEM_LIST_SET, w->set);
	w->list = mnl_attr_nest_start(w->nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	return 0;
}

static void end_message(struct writer *w)
{
	if (w->nlh)
		mnl_attr_nest_end(w->nlh, w->list);
	w->nlh = NULL;
}

static size_t list_len(const struct writer *w)
{
	return (size_t)((char *)mnl_nlmsg_get_payload_tail(w->nlh) -
			(char *)w->list);
}

static void put_key_as(struct nlmsghdr *nlh, uint16_t attr, const uint8_t *key,
		       size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, attr);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, key);
	mnl_attr_nest_end(nlh, nest);
}

static void put_key(struct nlmsghdr *nlh, const uint8_t *key, size_t len)
{
	put_key_as(nlh, NFTA_SET_ELEM_KEY, key, len);
}

/*
 * NULL when memory is short; the caller ends the nest. @joined: in the message
 * of the element before, for what is between messages may be all there is.
 */
static struct nlattr *begin_elem(struct writer *w, const uint8_t *key,
				 size_t len, bool joined)
{
	struct nlattr *elem;

	if (w->nlh && !joined && list_len(w) > MAX_LIST_LEN)
		end_message(w);
	if (!w->nlh && begin_message(w))
		return NULL;
	elem = mnl_attr_nest_start(w->nlh, NFTA_LIST_ELEM);
	put_key(w->nlh, key, len);
	return elem;
}

enum elem_kind {
	ELEM_VALUE,	/* a value, or the first of a range */
	ELEM_END,	/* the value behind the last of a range */
	ELEM_OPEN,	/* first of a range that ends with the highest value */
};

static int put_elem(struct writer *w, enum pw_set_type type,
		    struct pw_value value, enum elem_kind kind)
{
	uint8_t key[PW_KEY_MAX];
	size_t len = pw_set_key(type, value, key);
	struct nlattr *elem = begin_elem(w, key, len, kind == ELEM_END);

	if (!elem)
		return -ENOMEM;
	if (kind == ELEM_END)
		mnl_attr_put_u32(w->nlh, NFTA_SET_ELEM_FLAGS,
				 htonl(NFT_SET_ELEM_INTERVAL_END));
	if (kind == ELEM_OPEN)
		mnl_attr_put(w->nlh, NFTA_SET_ELEM_USERDATA,
			     sizeof(open_range), open_range);
	mnl_attr_nest_end(w->nlh, elem);
	return 0;
}

/* As nft does it: interfaces that touch are names and globs of their own */
static int put_ranges(struct writer *w, const struct pw_set *set)
{
	struct pw_set_iter iter = { 0 };
	struct pw_set_elem elem;

	while (pw_set_next_elem(set, &iter, &elem)) {
		int err = put_elem(w, set->type, elem.key,
				   elem.interval_end ? ELEM_END :
				   elem.open ? ELEM_OPEN : ELEM_VALUE);

		if (err)
			return err;
	}
	return 0;
}

static int put_values(struct writer *w, const struct pw_set *set)
{
	for (size_t i = 0; i < set->elems->num; i++) {
		struct pw_range range = pw_rangeset_get(set->elems, i);
		struct pw_value value = range.first;

		for (;;) {
			if (put_elem(w, set->type, value, ELEM_VALUE))
				return -ENOMEM;
			if (!pw_value_cmp(value, range.last))
				break;
			value = pw_value_next(value);
		}
	}
	return 0;
}

int pw_elems_put_set(struct pw_batch *batch, const struct pw_set *set)
{
	struct writer w = {
		.batch = batch, .set = set->name, .type = NFT_MSG_NEWSETELEM,
		.flags = NLM_F_CREATE | NLM_F_EXCL,
	};
	int err = set->interval ? put_ranges(&w, set) : put_values(&w, set);

	end_message(&w);
	return err;
}

static const int32_t verdict_codes[] = {
	[PW_V_ACCEPT] = NF_ACCEPT, [PW_V_DROP] = NF_DROP,
	[PW_V_RETURN] = NFT_RETURN, [PW_V_JUMP] = NFT_JUMP,
	[PW_V_GOTO] = NFT_GOTO,
};

static void put_verdict(struct nlmsghdr *nlh, const struct pw_ruleset *rs,
			const struct pw_verdict *verdict)
{
	struct nlattr *data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE,
			 htonl((uint32_t)verdict_codes[verdict->kind]));
	if (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN,
				  rs->chains[verdict->chain].name);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, data);
}

int pw_elems_put_map(struct pw_batch *batch, const struct pw_ruleset *rs,
		     const struct pw_map *map)
{
	struct writer w = {
		.batch = batch, .set = map->name, .type = NFT_MSG_NEWSETELEM,
		.flags = NLM_F_CREATE | NLM_F_EXCL,
	};

	for (size_t i = 0; i < map->num_elems; i++) {
		const struct pw_map_elem *e = &map->elems[i];
		uint8_t key[PW_KEY_MAX];
		size_t len = pw_map_key(map->key, e->key, key);
		struct nlattr *elem = begin_elem(&w, key, len, false);

		if (!elem)
			return -ENOMEM;
		if (map->counters)
			mnl_attr_put_strz(w.nlh, NFTA_SET_ELEM_OBJREF,
					  rs->objs[e->obj].name);
		else
			put_verdict(w.nlh, rs, &e->verdict);
		mnl_attr_nest_end(w.nlh, elem);
	}
	end_message(&w);
	return 0;
}

int pw_elems_put_flush(struct pw_batch *batch, const char *set)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_DELSETELEM, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return 0;
}

/* @timeout_ms 0: no life is told */
static int put_nums(struct writer *w, enum pw_set_type set_type,
		    const uint32_t *nums, size_t num, uint64_t timeout_ms)
{
	for (size_t i = 0; i < num; i++) {
		uint8_t key[PW_KEY_MAX];
		size_t len = pw_set_key(set_type, pw_value32(nums[i]), key);
		struct nlattr *elem = begin_elem(w, key, len, false);

		if (!elem)
			return -ENOMEM;
		if (timeout_ms)
			mnl_attr_put_u64(w->nlh, NFTA_SET_ELEM_TIMEOUT,
					 htobe64(timeout_ms));
		mnl_attr_nest_end(w->nlh, elem);
	}
	end_message(w);
	return 0;
}

int pw_elems_put_lives(struct pw_batch *batch, const char *name,
		       enum pw_set_type type, const uint32_t *nums, size_t num,
		       uint64_t timeout_ms)
{
	struct writer w = {
		.batch = batch, .set = name, .type = NFT_MSG_NEWSETELEM,
		.flags = NLM_F_CREATE,
	};

	return put_nums(&w, type, nums, num, timeout_ms);
}

int pw_elems_put_timed(struct pw_batch *batch, const char *name,
		       enum pw_set_type type, const uint32_t *nums,
		       size_t num, uint64_t timeout_ms)
{
	/* old kernels keep the old time of an element that is there */
	if (pw_elems_put_flush(batch, name))
		return -ENOMEM;
	return pw_elems_put_lives(batch, name, type, nums, num, timeout_ms);
}

int pw_elems_put_renewed(struct pw_batch *batch, const char *name,
			 enum pw_set_type type, const uint32_t *nums,
			 size_t num, uint64_t timeout_ms)
{
	struct writer w = {
		.batch = batch, .set = name, .type = NFT_MSG_DELSETELEM,
	};

	if (put_nums(&w, type, nums, num, 0))
		return -ENOMEM;
	return pw_elems_put_lives(batch, name, type, nums, num, timeout_ms);
}

int pw_elems_put_spans(struct pw_batch *batch, const char *name, uint16_t type,
		       const struct pw_elems_span *spans, size_t num,
		       uint64_t timeout_ms)
{
	struct writer w = {
		.batch = batch, .set = name, .type = type,
		.flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0,
	};

	for (size_t i = 0; i < num; i++) {
		const struct pw_elems_span *span = &spans[i];
		struct nlattr *elem = begin_elem(&w, span->key, span->len,
						 false);

		if (!elem)
			return -ENOMEM;
		if (span->ranged)
			put_key_as(w.nlh, NFTA_SET_ELEM_KEY_END, span->end,
				   span->len);
		if (timeout_ms)
			mnl_attr_put_u64(w.nlh, NFTA_SET_ELEM_TIMEOUT,
					 htobe64(timeout_ms));
		mnl_attr_nest_end(w.nlh, elem);
	}
	end_message(&w);
	return 0;
}

void pw_elems_put_key(struct nlmsghdr *nlh, enum pw_set_type type,
		      struct pw_value value)
{
	struct nlattr *list, *elem;
	uint8_t key[PW_KEY_MAX];
	size_t len = pw_set_key(type, value, key);

	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	put_key(nlh, key, len);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
}
