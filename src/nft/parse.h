/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's messages as libnftnl's objects. */
#ifndef PORTWALL_NFT_PARSE_H
#define PORTWALL_NFT_PARSE_H

struct nftnl_chain;
struct nftnl_obj;
struct nftnl_rule;
struct nftnl_set;
struct nftnl_table;
struct nlmsghdr;

/*
 * libnftnl's own parsers trust what they read: nobody else calls them.
 *
 * Return: 0; -EBADMSG: this is no such message; -ENOMEM; -EOPNOTSUPP: it holds
 *	   an expression that is not known here, or an object of another type
 *	   than counter and limit: the object has its names, handle and family,
 *	   an obj its type, and nothing else
 */
int pw_parse_chain(const struct nlmsghdr *nlh, struct nftnl_chain *nlc);
int pw_parse_rule(const struct nlmsghdr *nlh, struct nftnl_rule *nlr);
int pw_parse_set(const struct nlmsghdr *nlh, struct nftnl_set *nls);
int pw_parse_obj(const struct nlmsghdr *nlh, struct nftnl_obj *nlo);
/* This one has no expressions */
int pw_parse_table(const struct nlmsghdr *nlh, struct nftnl_table *nlt);

#endif
