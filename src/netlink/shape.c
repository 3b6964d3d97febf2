// SPDX-License-Identifier: GPL-2.0-or-later
/* The shape of nf_tables' messages, checked before anybody takes one apart. */
#include "netlink/shape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "portwall/own.h"

#define MAX_PARTS 16	/* NFT_REG32_COUNT: of a concatenation */
#define MAX_DEPTH 2	/* expressions in an expression, and none in these */

/*
 * One letter for each attribute, in the order of its numbers from 1 on:
 * 1 2 4 8	so many bytes
 * s		text that ends with NUL
 * b		bytes
 * p		nothing, only there so that the next one is aligned
 * v		nest of a value: 1 to 64 bytes
 * d		the same, or a verdict
 * e, l		nest of an expression, or of a list of them
 * any other	nest of that shape in nests[]
 */
static const struct nest {
	char letter;
	bool list;		/* of nests that are all like this */
	const char *shape;
} nests[] = {
	{ 'h', false, "44sn" },		/* NFTA_CHAIN_HOOK */
	{ 'n', true, "s" },		/* NFTA_HOOK_DEVS: texts themselves */
	{ 'c', false, "88p" },		/* NFTA_CHAIN_COUNTERS */
	{ 'i', false, "44" },		/* NFTA_RULE_COMPAT */
	{ 'k', false, "4f" },		/* NFTA_SET_DESC */
	{ 'f', true, "4" },		/* NFTA_SET_DESC_CONCAT */
	{ 'm', true, "vd488bepsvl" },	/* NFTA_SET_ELEM_LIST_ELEMENTS */
};

static const struct message {
	uint16_t type;
	const char *shape;
} messages[] = {
	{ NFT_MSG_NEWTABLE, "s448pb4" },
	{ NFT_MSG_NEWCHAIN, "s8sh44scp44b" },
	{ NFT_MSG_NEWRULE, "ss8li8bp444" },
	{ NFT_MSG_NEWSET, "ss444444k484bp48el" },
	{ NFT_MSG_NEWSETELEM, "ssm4" },
	{ NFT_MSG_NEWOBJ, "ss4b48pb" },
	{ NFT_MSG_NEWGEN, "44s" },
};

static const struct expr {
	const char *name, *shape;
} exprs[] = {
	{ "bitwise", "444vv4v" }, { "byteorder", "44444" },
	{ "cmp", "44v" },	  { "connlimit", "44" },
	{ "counter", "88p" },	  { "ct", "4414" },
	{ "dup", "44" },	  { "dynset", "s44448ep4l" },
	{ "exthdr", "4144444" },  { "fib", "444" },
	{ "flow_offload", "s" },  { "fwd", "444" },
	{ "hash", "4444444s4" },  { "immediate", "4d" },
	{ "last", "48p" },	  { "limit", "88444p" },
	{ "log", "2s4244" },	  { "lookup", "s4444" },
	{ "masq", "444" },	  { "match", "s4b" },
	{ "meta", "444" },	  { "nat", "4444444" },
	{ "notrack", "" },	  { "numgen", "4444s4" },
	{ "objref", "4s4s4" },	  { "osf", "414" },
	{ "payload", "44444444" }, { "queue", "2224" },
	{ "quota", "84p8" },	  { "range", "44vv" },
	{ "redir", "444" },	  { "reject", "41" },
	{ "rt", "44" },		  { "socket", "444" },
	{ "synproxy", "214" },	  { "target", "s4b" },
	{ "tproxy", "444" },	  { "xfrm", "4414" },
};

/* What NFTA_OBJ_DATA holds: only of these libnftnl is asked */
static const struct object {
	uint32_t type;
	const char *shape;
} objects[] = {
	{ NFT_OBJECT_COUNTER, "88p" }, { NFT_OBJECT_LIMIT, "88444p" },
};

/**
 * struct view - Attributes one behind the other
 * @strict:	what is not known here must say nothing
 * @depth:	of expressions
 */
struct view {
	const char *at;
	size_t len;
	bool strict;
	unsigned int depth;
};

static struct view inside(const struct nlattr *nest, const struct view *outer)
{
	return (struct view){
		mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest),
		outer->strict, outer->depth,
	};
}

/* The next one; NULL: that was the last, or @view->len: it has no end */
static const struct nlattr *next(struct view *view)
{
	const struct nlattr *attr = (const void *)view->at;
	size_t step;

	if (view->len < sizeof(*attr) || attr->nla_len < sizeof(*attr) ||
	    attr->nla_len > view->len)
		return NULL;
	step = MNL_ALIGN((size_t)attr->nla_len);
	if (step > view->len)
		step = view->len;
	view->at += step;
	view->len -= step;
	return attr;
}

static const struct nlattr *find(struct view view, uint16_t type)
{
	const struct nlattr *attr;

	while ((attr = next(&view)))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/* -EBADMSG weighs more than -EOPNOTSUPP, and is kept */
static int worse(int a, int b)
{
	return a == -EBADMSG || b == -EBADMSG ? -EBADMSG : a ? a : b;
}

static bool is_text(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0;
}

static int check_attrs(struct view view, const char *shape);
static int check_list(struct view view, char letter, const char *shape);

static int check_expr(const struct nlattr *nest, const struct view *outer)
{
	struct view view = inside(nest, outer), data = { 0 };
	int err = check_attrs(view, "sb");
	const struct nlattr *name = find(view, NFTA_EXPR_NAME);
	const struct nlattr *attr = find(view, NFTA_EXPR_DATA);

	if (err || !name || ++view.depth > MAX_DEPTH)
		return err == -EOPNOTSUPP ? err : -EBADMSG;
	if (attr)
		data = inside(attr, &view);
	data.strict = true;
	for (size_t i = 0; i < PW_ARRAY_SIZE(exprs); i++)
		if (!strcmp(exprs[i].name, mnl_attr_get_str(name)))
			return check_attrs(data, exprs[i].shape);
	return -EOPNOTSUPP;
}

/* libnftnl looks for the chain in memory that it has not filled */
static int check_verdict(const struct nlattr *nest, const struct view *outer)
{
	struct view view = inside(nest, outer);
	int err = check_attrs(view, "4s4");
	const struct nlattr *code = find(view, NFTA_VERDICT_CODE);
	int number;

	if (err || !code)
		return err ? err : -EBADMSG;
	number = (int)ntohl(mnl_attr_get_u32(code));
	return (number == NFT_JUMP || number == NFT_GOTO) &&
	       !find(view, NFTA_VERDICT_CHAIN) ? -EBADMSG : 0;
}

static int check_data(const struct nlattr *nest, const struct view *outer,
		      bool may_be_verdict)
{
	struct view view = inside(nest, outer);
	int err = check_attrs(view, "bb");
	const struct nlattr *value = find(view, NFTA_DATA_VALUE);
	const struct nlattr *verdict = find(view, NFTA_DATA_VERDICT);

	if (err)
		return err;
	if (!value == !verdict || (verdict && !may_be_verdict))
		return -EBADMSG;
	if (verdict)
		return check_verdict(verdict, outer);
	return mnl_attr_get_payload_len(value) &&
	       mnl_attr_get_payload_len(value) <= NFT_DATA_VALUE_MAXLEN ?
	       0 : -EBADMSG;
}

static int check_nest(const struct nlattr *attr, char letter,
		      const struct view *outer)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(nests); i++) {
		if (nests[i].letter != letter)
			continue;
		return nests[i].list ?
		       check_list(inside(attr, outer), letter,
				  nests[i].shape) :
		       check_attrs(inside(attr, outer), nests[i].shape);
	}
	return -EBADMSG;
}

static int check_attr(const struct nlattr *attr, char letter,
		      const struct view *outer)
{
	switch (letter) {
	case '1':
	case '2':
	case '4':
	case '8':
		return mnl_attr_get_payload_len(attr) ==
		       (unsigned int)(letter - '0') ? 0 : -EBADMSG;
	case 's':
		return is_text(attr) ? 0 : -EBADMSG;
	case 'b':
	case 'p':
		return 0;
	case 'v':
	case 'd':
		return check_data(attr, outer, letter == 'd');
	case 'e':
		return check_expr(attr, outer);
	case 'l':
		return check_list(inside(attr, outer), 'e', NULL);
	default:
		return check_nest(attr, letter, outer);
	}
}

static int check_list_elem(const struct nlattr *attr, char letter,
			   const char *shape, const struct view *outer)
{
	switch (letter) {
	case 'e':
		return check_expr(attr, outer);
	case 'n':
		return is_text(attr) ? 0 : -EBADMSG;
	default:
		return check_attrs(inside(attr, outer), shape);
	}
}

/* Elements of a list are all of type 1: NFTA_LIST_ELEM, NFTA_DEVICE_NAME */
static int check_list(struct view view, char letter, const char *shape)
{
	const struct nlattr *attr;
	size_t num = 0;
	int err = 0;

	while (err != -EBADMSG && (attr = next(&view))) {
		int new = mnl_attr_get_type(attr) == NFTA_LIST_ELEM ?
			  check_list_elem(attr, letter, shape, &view) :
			  -EOPNOTSUPP;

		/* libnftnl writes them into a table of so many */
		if (letter == 'f' && ++num > MAX_PARTS)
			new = -EBADMSG;
		err = worse(err, new);
	}
	return view.len ? -EBADMSG : err;
}

/* Later kernels say more, of which nothing is the default */
static int check_unknown(const struct nlattr *attr, const struct view *view)
{
	const char *bytes = mnl_attr_get_payload(attr);

	for (size_t i = 0; view->strict && i < mnl_attr_get_payload_len(attr);
	     i++)
		if (bytes[i])
			return -EOPNOTSUPP;
	return 0;
}

static int check_attrs(struct view view, const char *shape)
{
	const size_t num = strlen(shape);
	const struct nlattr *attr;
	uint32_t seen = 0;
	int err = 0;

	while (err != -EBADMSG && (attr = next(&view))) {
		uint16_t type = mnl_attr_get_type(attr);

		if (!type || type > num) {
			err = worse(err, check_unknown(attr, &view));
			continue;
		}
		if (seen & 1u << type)
			return -EBADMSG;
		seen |= 1u << type;
		err = worse(err, check_attr(attr, shape[type - 1], &view));
	}
	return view.len ? -EBADMSG : err;
}

static struct view view_of(const struct nlmsghdr *nlh)
{
	return (struct view){
		.at = mnl_nlmsg_get_payload_offset(nlh,
						   sizeof(struct nfgenmsg)),
		.len = mnl_nlmsg_get_payload_len(nlh) -
		       sizeof(struct nfgenmsg),
	};
}

static int check_object(const struct view *view)
{
	const struct nlattr *type = find(*view, NFTA_OBJ_TYPE);
	const struct nlattr *data = find(*view, NFTA_OBJ_DATA);
	struct view inner = { 0 };

	if (!type)
		return -EBADMSG;
	if (data)
		inner = inside(data, view);
	inner.strict = true;
	for (size_t i = 0; i < PW_ARRAY_SIZE(objects); i++)
		if (objects[i].type == ntohl(mnl_attr_get_u32(type)))
			return check_attrs(inner, objects[i].shape);
	return -EOPNOTSUPP;
}

int pw_shape_check(const struct nlmsghdr *nlh, uint16_t type)
{
	struct view view;
	int err = -EBADMSG;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	view = view_of(nlh);
	for (size_t i = 0; i < PW_ARRAY_SIZE(messages); i++)
		if (messages[i].type == type)
			err = check_attrs(view, messages[i].shape);
	if (!err && type == NFT_MSG_NEWOBJ)
		err = check_object(&view);
	return err;
}

const struct nlattr *pw_shape_find(const struct nlmsghdr *nlh, uint16_t type)
{
	return find(view_of(nlh), type);
}

const char *pw_shape_text(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr = pw_shape_find(nlh, type);

	return attr ? mnl_attr_get_str(attr) : NULL;
}
