/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What in a rule has a memory or a voice. */
#ifndef PROBE_FOREIGN_H
#define PROBE_FOREIGN_H

#include <stddef.h>

struct nlmsghdr;

#define PW_TRACES_MAX 8

/**
 * pw_rule_traces() - Look through the expressions of a rule
 * @nlh:	NFT_MSG_NEWRULE; expressions that are not known here are passed over
 * @what:	set: texts of struct pw_foreign, each once
 *
 * Return: how many
 */
size_t pw_rule_traces(const struct nlmsghdr *nlh,
		      const char *what[static PW_TRACES_MAX]);

#endif
