/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of reading the kernel that loading needs as well. */
#ifndef PORTWALL_NFT_KERNEL_H
#define PORTWALL_NFT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "netlink/netlink.h"
#include "portwall/load.h"

/* N of "gN.<rest>" (chains) or "m.N.<rest>" (maps); 0: the name has none */
uint32_t pw_name_generation(const char *name);

/* Kernels that do not filter a dump send what is in all tables */
static inline bool pw_table_is_ours(const char *table)
{
	return table && !strcmp(table, PW_TABLE);
}

/**
 * struct pw_table_info - What GETTABLE says of ours
 * @dormant:	it has no effect
 * @format:	0: made by somebody else
 */
struct pw_table_info {
	bool exists, dormant;
	uint32_t format;
};

/* 0, also when there is none; errors as pw_nl_ask() */
int pw_table_info_read(struct pw_nl *nl, uint32_t genid,
		       struct pw_table_info *out);

/**
 * struct pw_targets - The generations that base chains go to
 * @current:	for good, 0: none
 * @trial:	while a trial lasts, 0: no rule leads to such a one
 */
struct pw_targets {
	uint32_t current, trial;
};

/*
 * A switch moves all base chains, so the first that goes anywhere tells.
 * @genid as pw_nl_ask(); its errors, but no such chain or table is no error
 */
int pw_targets_read(struct pw_nl *nl, uint32_t genid, struct pw_targets *out);

/* Base chains, and what follows "gN." in the name of the chain they go to */
struct pw_base {
	const char *name, *entry;
};

#define PW_NUM_BASES 3
extern const struct pw_base pw_bases[PW_NUM_BASES];

#endif
