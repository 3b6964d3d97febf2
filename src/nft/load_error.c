// SPDX-License-Identifier: GPL-2.0-or-later
/* Says in words what the kernel refused: the message itself names it. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "netlink/missing.h"
#include "nft/load_priv.h"

static const struct thing {
	uint16_t type;
	uint16_t name_attr;
	const char *what;
} things[] = {
	{ NFT_MSG_NEWTABLE,   NFTA_TABLE_NAME,        "table" },
	{ NFT_MSG_DELTABLE,   NFTA_TABLE_NAME,        "removal of table" },
	{ NFT_MSG_NEWCHAIN,   NFTA_CHAIN_NAME,        "chain" },
	{ NFT_MSG_DELCHAIN,   NFTA_CHAIN_NAME,        "removal of chain" },
	{ NFT_MSG_NEWRULE,    NFTA_RULE_CHAIN,        "a rule of chain" },
	{ NFT_MSG_DELRULE,    NFTA_RULE_CHAIN,        "emptying of chain" },
	{ NFT_MSG_NEWSET,     NFTA_SET_NAME,          "set" },
	{ NFT_MSG_DELSET,     NFTA_SET_NAME,          "removal of set" },
	{ NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_SET, "elements of set" },
	{ NFT_MSG_DELSETELEM, NFTA_SET_ELEM_LIST_SET, "emptying of set" },
	{ NFT_MSG_NEWOBJ,     NFTA_OBJ_NAME,          "object" },
	{ NFT_MSG_DELOBJ,     NFTA_OBJ_NAME,          "removal of object" },
};

/* The comment in a rule's userdata, where it comes first; "" if there is none */
static const char *comment_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr = pw_message_attr(nlh, NFTA_RULE_USERDATA);
	const uint8_t *tlv = attr ? mnl_attr_get_payload(attr) : NULL;

	return tlv && tlv[0] == 0 ? (const char *)tlv + 2 : "";
}

static void describe(const struct nlmsghdr *nlh, char *text, size_t len)
{
	const struct thing *thing = NULL;
	const struct nlattr *name;

	for (size_t i = 0; i < PW_ARRAY_SIZE(things); i++) {
		if (nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 |
					things[i].type))
			thing = &things[i];
	}
	name = thing ? pw_message_attr(nlh, thing->name_attr) : NULL;
	if (!name)
		snprintf(text, len, "the transaction");
	else if (thing->type == NFT_MSG_NEWRULE && *comment_of(nlh))
		snprintf(text, len, "rule \"%s\" of chain %s",
			 comment_of(nlh), mnl_attr_get_str(name));
	else
		snprintf(text, len, "%s %s", thing->what,
			 mnl_attr_get_str(name));
}

static int explain_missing(const struct pw_feature *feature, const char *what,
			   struct pw_diags *diags)
{
	pw_diag_system(diags, EOPNOTSUPP,
		       "this kernel has no %s, which %s needs",
		       feature->module, what);
	pw_diag_hint(diags,
		     "load the module %s, or boot a kernel with CONFIG_%s",
		     feature->module, feature->config);
	return -EOPNOTSUPP;
}

static int explain(int err, const struct pw_batch *batch,
		   const struct pw_nl_refusal *why, struct pw_diags *diags)
{
	const struct nlmsghdr *nlh = pw_batch_find(batch, why->seq);
	const struct pw_feature *missing =
		pw_missing_feature(err, nlh, why->offset);
	const char *expr = nlh ? pw_expr_at(nlh, why->offset) : NULL;
	char what[320] = "the transaction";

	if (nlh)
		describe(nlh, what, sizeof(what));
	if (missing)
		return explain_missing(missing, what, diags);
	err = pw_diag_system(diags, -err, "the kernel refuses %s%s%s%s%s",
			     what, expr ? ", expression " : "",
			     expr ? expr : "", *why->text ? ": " : "",
			     why->text);
	if (expr && err == -EOPNOTSUPP)
		pw_diag_hint(diags,
			     "this kernel may lack a part of nf_tables' expression '%s'",
			     expr);
	return err;
}

/*
 * While a hash table grows it takes no element into a long row, and says so:
 * lib/rhashtable.c, rhashtable_insert_rehash(). A moment later it does.
 */
static bool is_growing(int err, const struct pw_batch *batch,
		       const struct pw_nl_refusal *why)
{
	const struct nlmsghdr *nlh = err == -EBUSY ?
		pw_batch_find(batch, why->seq) : NULL;

	return nlh && nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 |
					  NFT_MSG_NEWSETELEM);
}

static int explain_unsent(int err, const struct pw_batch *batch,
			  struct pw_diags *diags)
{
	if (err == -EMSGSIZE) {
		pw_diag_system(diags, EMSGSIZE,
			       "rules and addresses need a netlink message of %zu bytes",
			       batch->len);
		pw_diag_hint(diags,
			     "outside the first user namespace: raise net.core.wmem_max");
		return err;
	}
	if (err == -EPERM) {
		pw_diag_system(diags, EPERM,
			       "changing nf_tables needs CAP_NET_ADMIN");
		pw_diag_hint(diags, "run it with sudo");
		return err;
	}
	return pw_diag_system(diags, -err, "cannot send to nf_tables");
}

int pw_load_explain(int err, const struct pw_batch *batch,
		    const struct pw_nl_refusal *why, struct pw_diags *diags)
{
	if (!err || err == -ERESTART || err == -EINPROGRESS)
		return err;
	if (is_growing(err, batch, why))
		return -ERESTART;
	if (err == -ENOMEM || err == -EMSGSIZE || err == -EPERM)
		return explain_unsent(err, batch, diags);
	return explain(err, batch, why, diags);
}

int pw_load_refuse_format(bool exists, uint32_t format, struct pw_diags *diags)
{
	if (!exists || format == PW_FORMAT)
		return 0;
	if (!format) {
		pw_diag_system(diags, EEXIST,
			       "there is a table inet " PW_TABLE " that portwall did not make");
		pw_diag_hint(diags,
			     "if nobody needs it: nft delete table inet " PW_TABLE);
		return -EEXIST;
	}
	pw_diag_system(diags, EPROTONOSUPPORT,
		       "the rules in force were loaded by a newer portwall (format %u, this one knows %d)",
		       format, PW_FORMAT);
	pw_diag_hint(diags,
		     "use that version, or remove its rules with: portwall clear");
	return -EPROTONOSUPPORT;
}
