/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes rules of nf_tables into a batch, part by part. */
#ifndef PROBE_SWALLOW_WRITE_H
#define PROBE_SWALLOW_WRITE_H

#include <linux/netfilter/nf_tables.h>

#include "probe/swallow_priv.h"

struct nftnl_rule;

/* Registers of 32 bits */
#define WORD(n) (NFT_REG32_00 + (uint32_t)(n))

/**
 * struct rule_writer - Rules on their way into a batch
 * @family:	NFPROTO_*
 * @chain:	of the rules that follow
 * @rule:	under construction
 * @failed:	memory is short: nothing is written any more
 */
struct rule_writer {
	struct pw_batch *batch;
	const char *table, *chain;
	uint8_t family;
	struct nftnl_rule *rule;
	bool failed;
};

/* A base chain; rules that follow are its own. @ifname: of a device, or NULL */
void rule_chain(struct rule_writer *w, const char *name, uint32_t hook,
		int32_t priority, const char *ifname);
/* Between these two, the parts of a rule in their order */
void rule_begin(struct rule_writer *w);
void rule_end(struct rule_writer *w);

/* The first word is, or has any bit of */
void rule_equals(struct rule_writer *w, const void *data, uint32_t len);
void rule_any_bit(struct rule_writer *w, uint8_t mask);

/* Loads what nft(8) calls a meta expression into the first word, compares */
void rule_meta(struct rule_writer *w, uint32_t key, const void *data,
	       uint32_t len);

/* @len bytes of the header from @at on into words from @reg on */
void rule_transport(struct rule_writer *w, uint32_t at, uint32_t len,
		    uint32_t reg);
void rule_network(struct rule_writer *w, uint32_t at, uint32_t len,
		  uint32_t reg);

/* The words from the first on are in the set; are added to it */
void rule_in(struct rule_writer *w, enum swallow_set set);
void rule_note(struct rule_writer *w, enum swallow_set set);
void rule_drop(struct rule_writer *w);

#endif
