// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what the table noted. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "netlink/shape.h"
#include "probe/swallow_priv.h"

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const struct nlattr *down(const struct nlattr *nest, uint16_t type)
{
	return nest ? find(nest, type) : NULL;
}

/* The key of an element if it has the length of its set's, else NULL */
static const uint8_t *key_of(const struct nlattr *elem, enum swallow_set set)
{
	const struct nlattr *value = down(find(elem, NFTA_SET_ELEM_KEY),
					  NFTA_DATA_VALUE);

	if (!value ||
	    mnl_attr_get_payload_len(value) != swallow_sets[set].key_len)
		return NULL;
	return mnl_attr_get_payload(value);
}

static uint32_t word(const uint8_t *at)
{
	uint32_t be;

	memcpy(&be, at, sizeof(be));
	return ntohl(be);
}

static uint16_t half(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/**
 * struct dump - A set that is being read
 * @each:	reads one element; an error ends the dump
 */
struct dump {
	enum swallow_set set;
	int (*each)(const struct dump *dump, const struct nlattr *elem,
		    const uint8_t *key);
	pw_swallow_counted counted;
	pw_swallow_noted noted;
	void *arg;
};

static int read_elems(const struct nlmsghdr *nlh, void *arg)
{
	const struct dump *dump = arg;
	const struct nlattr *attr, *elem;
	int err = pw_shape_check(nlh, NFT_MSG_NEWSETELEM);

	if (err)
		return err;
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(elem, attr) {
			const uint8_t *key = key_of(elem, dump->set);

			err = key ? dump->each(dump, elem, key) : -EBADMSG;
			if (err)
				return err;
		}
	}
	return 0;
}

/* Elements may come twice when others change their tables meanwhile */
static int read_set(struct pw_swallow *swallow, struct dump *dump)
{
	struct pw_nl *nl = swallow->reader;
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		struct nlmsghdr *nlh = pw_nl_request(nl, NFT_MSG_GETSETELEM,
						     NLM_F_DUMP, swallow->name);

		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET,
				  swallow_sets[dump->set].name);
		err = pw_nl_ask(nl, nlh, 0, read_elems, dump);
	} while (pw_nl_is_passing(err) && !pw_backoff_wait(&backoff, nl));
	return err;
}

static int count_elem(const struct dump *dump, const struct nlattr *elem,
		      const uint8_t *key)
{
	const struct nlattr *packets =
		down(down(find(elem, NFTA_SET_ELEM_EXPR), NFTA_EXPR_DATA),
		     NFTA_COUNTER_PACKETS);

	if (!packets || mnl_attr_validate(packets, MNL_TYPE_U64))
		return -EBADMSG;
	dump->counted(dump->arg, word(key),
		      be64toh(mnl_attr_get_u64(packets)));
	return 0;
}

static struct pw_value value_of(const uint8_t *at, enum pw_family family)
{
	if (family == PW_IPV4)
		return pw_value32(word(at));
	return (struct pw_value){
		.hi = (uint64_t)word(at) << 32 | word(at + 4),
		.lo = (uint64_t)word(at + 8) << 32 | word(at + 12),
	};
}

static const struct {
	enum swallow_set set;
	enum pw_noted what;
} note_sets[] = {
	{ SET_ARRIVED, PW_NOTED_ARRIVED },
	{ SET_REACHED, PW_NOTED_REACHED },
	{ SET_FORWARDED4, PW_NOTED_FORWARDED },
	{ SET_FORWARDED6, PW_NOTED_FORWARDED },
	{ SET_TCP, PW_NOTED_TCP },
	{ SET_ERRORS, PW_NOTED_ERROR },
};

static int note_elem(const struct dump *dump, const struct nlattr *elem,
		     const uint8_t *key)
{
	struct pw_note note = { .cookie = word(key), .port = half(key + 4) };

	(void)elem;
	for (size_t i = 0; i < PW_ARRAY_SIZE(note_sets); i++)
		if (note_sets[i].set == dump->set)
			note.what = note_sets[i].what;
	switch (note.what) {
	case PW_NOTED_ARRIVED:
	case PW_NOTED_REACHED:
		break;
	case PW_NOTED_FORWARDED:
		note.family = dump->set == SET_FORWARDED6 ? PW_IPV6 : PW_IPV4;
		note.addr = value_of(key + 8, note.family);
		note.to_port = half(key + swallow_sets[dump->set].key_len - 4);
		break;
	case PW_NOTED_TCP:
		note.cookie--;
		note.flags = key[8];
		break;
	case PW_NOTED_ERROR:
		note.type = key[8];
		note.code = key[9];
		break;
	}
	return dump->noted(dump->arg, &note);
}

static int explain(struct pw_swallow *swallow, int err, struct pw_diags *diags)
{
	if (!err)
		return 0;
	return pw_diag_system(diags, -err, "cannot read table inet %s",
			      swallow->name);
}

int pw_swallow_count(struct pw_swallow *swallow, pw_swallow_counted counted,
		     void *arg, struct pw_diags *diags)
{
	struct dump dump = {
		.set = SET_SEEN4, .each = count_elem, .counted = counted,
		.arg = arg,
	};
	int err = read_set(swallow, &dump);

	dump.set = SET_SEEN6;
	return explain(swallow, err ? err : read_set(swallow, &dump), diags);
}

static void add_kept(void *arg, uint32_t cookie, uint64_t num)
{
	uint64_t *sum = arg;

	(void)cookie;
	*sum += num;
}

/* A set was full, or memory was short */
static int look_for_unnoted(struct pw_swallow *swallow)
{
	uint64_t sum = 0;
	struct dump dump = {
		.set = SET_KEPT, .each = count_elem, .counted = add_kept,
		.arg = &sum,
	};
	int err = read_set(swallow, &dump);

	return !err && sum ? -ENOSPC : err;
}

int pw_swallow_read(struct pw_swallow *swallow, pw_swallow_noted noted,
		    void *arg, struct pw_diags *diags)
{
	struct dump dump = { .each = note_elem, .noted = noted, .arg = arg };
	int err = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(note_sets) && !err; i++) {
		dump.set = note_sets[i].set;
		err = read_set(swallow, &dump);
	}
	if (!err)
		err = look_for_unnoted(swallow);
	return explain(swallow, err, diags);
}
