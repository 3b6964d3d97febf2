/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of nf_tables that kernels have as modules, or not at all. */
#ifndef PORTWALL_NETLINK_MISSING_H
#define PORTWALL_NETLINK_MISSING_H

#include <stdint.h>

struct nlattr;
struct nlmsghdr;
struct pw_diags;

/**
 * struct pw_feature - One part
 * @name:	of the expression or of the type of chain
 * @module:	that brings it
 * @config:	option of the kernel, without CONFIG_
 */
struct pw_feature {
	const char *name, *module, *config;
};

/* Attribute of a message of nf_tables, NULL: it has none such */
const struct nlattr *pw_message_attr(const struct nlmsghdr *nlh, uint16_t type);

/**
 * pw_expr_at() - Name of the expression of a rule that holds byte @offset
 * @nlh:	NFT_MSG_NEWRULE
 *
 * Return: NULL: there is none
 */
const char *pw_expr_at(const struct nlmsghdr *nlh, uint32_t offset);

/**
 * pw_missing_feature() - What a refused message needs and the kernel has not
 * @err:	with which it was refused, negative
 * @nlh:	the message, NULL: not known
 * @offset:	bytes from its start to what is refused, 0: not known
 *
 * Return: NULL: it is refused for another reason, or nobody can tell
 */
const struct pw_feature *pw_missing_feature(int err,
					    const struct nlmsghdr *nlh,
					    uint32_t offset);

/* What @err of a question about connections means; returns an error */
int pw_ct_explain(int err, const char *what, struct pw_diags *diags);

/* What @err of the first words with nf_tables means; returns an error */
int pw_nl_explain_open(int err, struct pw_diags *diags);

#endif
