// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads elements of sets and maps out of the kernel's dumps. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/shape.h"
#include "nft/elements.h"
#include "nft/keys.h"
#include "portwall/array.h"

/**
 * struct elem - Attributes of one element, borrowed from the message
 * @key:	bytes
 * @end:	the last key of a range of several parts, NULL: none
 * @verdict:	nest NFTA_DATA_VERDICT, NULL: none
 * @obj:	name of its object, NULL: none
 * @left_ms:	until it expires, UINT64_MAX: it never does
 */
struct elem {
	const uint8_t *key, *end;
	size_t key_len, end_len;
	uint32_t flags;
	const struct nlattr *verdict;
	const char *obj;
	uint64_t left_ms;
};

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const char *string_of(const struct nlattr *attr)
{
	return attr && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ?
	       mnl_attr_get_str(attr) : NULL;
}

static int read_elem(const struct nlattr *nest, struct elem *elem)
{
	const struct nlattr *attr = find(nest, NFTA_SET_ELEM_KEY);
	const struct nlattr *value = attr ? find(attr, NFTA_DATA_VALUE) : NULL;

	if (!value)
		return -EBADMSG;
	*elem = (struct elem){
		.key = mnl_attr_get_payload(value),
		.key_len = mnl_attr_get_payload_len(value),
		.obj = string_of(find(nest, NFTA_SET_ELEM_OBJREF)),
		.left_ms = UINT64_MAX,
	};
	attr = find(nest, NFTA_SET_ELEM_KEY_END);
	value = attr ? find(attr, NFTA_DATA_VALUE) : NULL;
	if (value) {
		elem->end = mnl_attr_get_payload(value);
		elem->end_len = mnl_attr_get_payload_len(value);
	}
	attr = find(nest, NFTA_SET_ELEM_EXPIRATION);
	if (attr && mnl_attr_validate(attr, MNL_TYPE_U64))
		return -EBADMSG;
	if (attr)
		elem->left_ms = be64toh(mnl_attr_get_u64(attr));
	attr = find(nest, NFTA_SET_ELEM_FLAGS);
	if (attr && mnl_attr_validate(attr, MNL_TYPE_U32))
		return -EBADMSG;
	if (attr)
		elem->flags = ntohl(mnl_attr_get_u32(attr));
	attr = find(nest, NFTA_SET_ELEM_DATA);
	if (attr)
		elem->verdict = find(attr, NFTA_DATA_VERDICT);
	return 0;
}

/* Runs @each over the elements of a message; stops at its first error */
static int for_each_elem(const struct nlmsghdr *nlh,
			 int (*each)(const struct elem *elem, void *arg),
			 void *arg)
{
	const struct nlattr *attr, *nest;
	int err = pw_shape_check(nlh, NFT_MSG_NEWSETELEM);

	if (err)
		return err;
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(nest, attr) {
			struct elem elem;

			err = read_elem(nest, &elem);
			if (!err)
				err = each(&elem, arg);
			if (err)
				return err;
		}
	}
	return 0;
}

static int add_end(const struct elem *elem, void *arg)
{
	struct pw_elems_dump *dump = arg;
	struct pw_elems_end end = {
		.is_end = elem->flags & NFT_SET_ELEM_INTERVAL_END,
	};

	if (elem->flags & ~(uint32_t)NFT_SET_ELEM_INTERVAL_END ||
	    pw_set_key_parse(dump->set->type, elem->key, elem->key_len,
			     &end.value))
		return -EBADMSG;
	dump->num_values += !end.is_end;
	if (dump->num_values > dump->max_values)
		return -EFBIG;
	return PW_ARRAY_PUSH(dump->ends, dump->num, dump->cap, end);
}

int pw_elems_read_set(struct pw_elems_dump *dump, const struct nlmsghdr *nlh)
{
	return for_each_elem(nlh, add_end, dump);
}

/* By value; where one range ends and the next begins, the end comes first */
static int compare_ends(const void *a, const void *b)
{
	const struct pw_elems_end *x = a, *y = b;
	int cmp = pw_value_cmp(x->value, y->value);

	return cmp ? cmp : (int)y->is_end - (int)x->is_end;
}

static int add_values(const struct pw_elems_dump *dump,
		      struct pw_rangeset *elems)
{
	for (size_t i = 0; i < dump->num; i++) {
		struct pw_value value = dump->ends[i].value;

		if (dump->ends[i].is_end)
			return -EBADMSG;
		if (pw_rangeset_add(elems, value, value))
			return -ENOMEM;
	}
	return 0;
}

static int add_ranges(const struct pw_elems_dump *dump,
		      struct pw_rangeset *elems)
{
	const struct pw_elems_end *open = NULL;

	for (size_t i = 0; i < dump->num; i++) {
		const struct pw_elems_end *end = &dump->ends[i];

		if (!end->is_end && open)
			return -EBADMSG;
		if (end->is_end && open &&
		    pw_rangeset_add(elems, open->value,
				    pw_value_prev(end->value)))
			return -ENOMEM;
		open = end->is_end ? NULL : end;
	}
	if (!open)
		return 0;
	return pw_rangeset_add(elems, open->value, pw_value_max(elems->bits));
}

int pw_elems_finish_set(struct pw_elems_dump *dump, struct pw_rangeset **out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *elems =
		pw_rangeset_new(8u * pw_set_key_info(dump->set->type)->len);
	int err;

	if (!elems)
		return -ENOMEM;
	if (dump->num)
		qsort(dump->ends, dump->num, sizeof(*dump->ends), compare_ends);
	err = dump->set->interval ? add_ranges(dump, elems) :
				    add_values(dump, elems);
	if (!err)
		err = pw_rangeset_normalise(elems);
	if (err)
		return err;
	*out = PW_TAKE(elems);
	return 0;
}

void pw_elems_clear(struct pw_elems_dump *dump)
{
	free(dump->ends);
	*dump = (struct pw_elems_dump){ 0 };
}

struct lives_dump {
	enum pw_set_type type;
	int (*each)(struct pw_value key, uint64_t left_ms, void *arg);
	void *arg;
};

static int tell_life(const struct elem *elem, void *arg)
{
	const struct lives_dump *dump = arg;
	struct pw_value key;
	int err = pw_set_key_parse(dump->type, elem->key, elem->key_len, &key);

	return err ? err : dump->each(key, elem->left_ms, dump->arg);
}

int pw_elems_read_lives(const struct nlmsghdr *nlh, enum pw_set_type type,
			int (*each)(struct pw_value key, uint64_t left_ms,
				    void *arg),
			void *arg)
{
	struct lives_dump dump = { .type = type, .each = each, .arg = arg };

	return for_each_elem(nlh, tell_life, &dump);
}

struct spans {
	int (*each)(const struct pw_elems_span *span, uint64_t left_ms,
		    void *arg);
	void *arg;
};

static int read_span(const struct elem *elem, void *arg)
{
	const struct spans *spans = arg;
	struct pw_elems_span span = {
		.len = elem->key_len, .ranged = elem->end,
	};

	if (span.len > sizeof(span.key) ||
	    (span.ranged && elem->end_len != span.len))
		return -EBADMSG;
	memcpy(span.key, elem->key, span.len);
	memcpy(span.end, span.ranged ? elem->end : elem->key, span.len);
	return spans->each(&span, elem->left_ms, spans->arg);
}

int pw_elems_read_spans(const struct nlmsghdr *nlh,
			int (*each)(const struct pw_elems_span *span,
				    uint64_t left_ms, void *arg),
			void *arg)
{
	struct spans spans = { each, arg };

	return for_each_elem(nlh, read_span, &spans);
}

static const struct verdict_code {
	int32_t code;
	enum pw_verdict_kind kind;
} verdict_codes[] = {
	{ NF_ACCEPT, PW_V_ACCEPT }, { NF_DROP, PW_V_DROP },
	{ NFT_RETURN, PW_V_RETURN }, { NFT_JUMP, PW_V_JUMP },
	{ NFT_GOTO, PW_V_GOTO },
};

static int read_verdict(const struct nlattr *nest, const struct pw_ruleset *rs,
			struct pw_verdict *out)
{
	const struct nlattr *code = find(nest, NFTA_VERDICT_CODE);
	const char *chain = string_of(find(nest, NFTA_VERDICT_CHAIN));
	struct pw_verdict verdict = { .chain = PW_NONE, .map = PW_NONE };

	if (!code || mnl_attr_validate(code, MNL_TYPE_U32))
		return -EBADMSG;
	for (size_t i = 0; i < PW_ARRAY_SIZE(verdict_codes); i++) {
		if (verdict_codes[i].code ==
		    (int32_t)ntohl(mnl_attr_get_u32(code)))
			verdict.kind = verdict_codes[i].kind;
	}
	if (verdict.kind == PW_V_NONE)
		return -EOPNOTSUPP;
	if (verdict.kind == PW_V_JUMP || verdict.kind == PW_V_GOTO) {
		verdict.chain = chain ? pw_ruleset_find_chain(rs, chain) :
					PW_NONE;
		if (verdict.chain == PW_NONE)
			return -EBADMSG;
	}
	*out = verdict;
	return 0;
}

struct chains {
	int (*each)(const char *chain, void *arg);
	void *arg;
};

static int read_chain(const struct elem *elem, void *arg)
{
	const char *chain = elem->verdict ?
		string_of(find(elem->verdict, NFTA_VERDICT_CHAIN)) : NULL;
	const struct chains *chains = arg;

	return chain ? chains->each(chain, chains->arg) : 0;
}

int pw_elems_read_chains(const struct nlmsghdr *nlh,
			 int (*each)(const char *chain, void *arg), void *arg)
{
	struct chains chains = { each, arg };

	return for_each_elem(nlh, read_chain, &chains);
}

struct map_dump {
	struct pw_map *map;
	const struct pw_ruleset *rs;
};

static int add_map_elem(const struct elem *elem, void *arg)
{
	const struct map_dump *dump = arg;
	struct pw_map_elem e = {
		.obj = PW_NONE, .verdict = { .chain = PW_NONE, .map = PW_NONE },
	};
	int err = pw_map_key_parse(dump->map->key, elem->key, elem->key_len,
				   &e.key);

	if (err || elem->flags)
		return -EBADMSG;
	if (dump->map->counters) {
		e.obj = elem->obj ? pw_ruleset_find_obj(dump->rs, elem->obj) :
				    PW_NONE;
		err = e.obj == PW_NONE ? -EBADMSG : 0;
	} else {
		err = elem->verdict ? read_verdict(elem->verdict, dump->rs,
						   &e.verdict) : -EBADMSG;
	}
	return err ? err : pw_map_add(dump->map, &e);
}

int pw_elems_read_map(struct pw_map *map, const struct pw_ruleset *rs,
		      const struct nlmsghdr *nlh)
{
	struct map_dump dump = { .map = map, .rs = rs };

	return for_each_elem(nlh, add_map_elem, &dump);
}
