/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shape of nf_tables' messages, checked before anybody takes one apart. */
#ifndef PORTWALL_NETLINK_SHAPE_H
#define PORTWALL_NETLINK_SHAPE_H

#include <stdint.h>

struct nlattr;
struct nlmsghdr;

/**
 * pw_shape_check() - Is this a message of @type, whole, its attributes as the
 * kernel makes them?
 * @type:	NFT_MSG_NEWTABLE, _NEWCHAIN, _NEWRULE, _NEWSET, _NEWSETELEM,
 *		_NEWOBJ or _NEWGEN
 *
 * libnftnl ends the process, reads beyond its end or writes beyond a table of
 * its own where an attribute is missing or of another length. What is known
 * here has the length that it must have, is there once, and fills its nest;
 * texts end within theirs.
 *
 * Return: 0; -EBADMSG: it has not; -EOPNOTSUPP: it has, but one of its
 *	   expressions, or what one says, is not known here: not for libnftnl
 */
int pw_shape_check(const struct nlmsghdr *nlh, uint16_t type);

/* The first attribute of @type in a message that is whole, NULL: none */
const struct nlattr *pw_shape_find(const struct nlmsghdr *nlh, uint16_t type);
/* Its text, NULL: it is not there */
const char *pw_shape_text(const struct nlmsghdr *nlh, uint16_t type);

#endif
