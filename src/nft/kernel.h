/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of reading the kernel that loading needs as well. */
#ifndef PORTWALL_NFT_KERNEL_H
#define PORTWALL_NFT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink/netlink.h"
#include "portwall/load.h"

/* N of "gN.<rest>" (chains) or "m.N.<rest>" (maps); 0: the name has none */
uint32_t pw_name_generation(const char *name);

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

/*
 * The generation that base chains go to, 0: none. A switch moves all of them, so
 * the first that goes anywhere tells. @genid as pw_nl_ask(); its errors, but no
 * such chain or table is no error
 */
int pw_current_read(struct pw_nl *nl, uint32_t genid, uint32_t *generation);

#endif
