/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of sets and maps, straight from and to netlink messages. */
#ifndef PORTWALL_NFT_ELEMENTS_H
#define PORTWALL_NFT_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nft/keys.h"
#include "portwall/ruleset.h"

struct nlmsghdr;
struct pw_batch;

/* Append the elements of a constant set: a million need 16 bytes each, ranges
 * 40; the kernel takes them in one transaction with their set. 0 or -ENOMEM */
int pw_elems_put_set(struct pw_batch *batch, const struct pw_set *set);

/* Append the elements of a map; chains and counters are named by @rs */
int pw_elems_put_map(struct pw_batch *batch, const struct pw_ruleset *rs,
		     const struct pw_map *map);

/* Append @nums with a life of @timeout_ms each */
int pw_elems_put_lives(struct pw_batch *batch, const char *name,
		       enum pw_set_type type, const uint32_t *nums, size_t num,
		       uint64_t timeout_ms);
/* Empty the set, then append @nums with a life of @timeout_ms each */
int pw_elems_put_timed(struct pw_batch *batch, const char *name,
		       enum pw_set_type type, const uint32_t *nums,
		       size_t num, uint64_t timeout_ms);

/*
 * The same for elements that must be there, and not expired: the transaction
 * fails with -ENOENT, at a message NFT_MSG_DELSETELEM, where they are not
 */
int pw_elems_put_renewed(struct pw_batch *batch, const char *name,
			 enum pw_set_type type, const uint32_t *nums,
			 size_t num, uint64_t timeout_ms);

/**
 * struct pw_elems_span - One element by the bytes of its key
 * @end:	bytes of the last key, of sets of ranges of several parts;
 *		@ranged: there are some
 */
struct pw_elems_span {
	uint8_t key[PW_KEY_MAX], end[PW_KEY_MAX];
	size_t len;
	bool ranged;
};

/*
 * Append elements that are to come (NFT_MSG_NEWSETELEM), with a life of
 * @timeout_ms each, or to go (NFT_MSG_DELSETELEM, @timeout_ms 0). 0 or -ENOMEM
 */
int pw_elems_put_spans(struct pw_batch *batch, const char *name, uint16_t type,
		       const struct pw_elems_span *spans, size_t num,
		       uint64_t timeout_ms);
/* Empty the set */
int pw_elems_put_flush(struct pw_batch *batch, const char *name);

/* To a request for elements of a set: look up @value alone */
void pw_elems_put_key(struct nlmsghdr *nlh, enum pw_set_type type,
		      struct pw_value value);

struct pw_elems_end {
	struct pw_value value;
	bool is_end;
};

/**
 * struct pw_elems_dump - A set while its elements come in
 * @set:	whose they are: type and interval are set
 * @max_values:	more values, or ranges, than this are -EFBIG
 * @ends:	each a value (the first of its range), or one past a last one
 */
struct pw_elems_dump {
	const struct pw_set *set;
	size_t max_values, num_values;
	struct pw_elems_end *ends;
	size_t num, cap;
};

/* One NFT_MSG_NEWSETELEM of a dump; 0, -ENOMEM, -EBADMSG, -EFBIG */
int pw_elems_read_set(struct pw_elems_dump *dump, const struct nlmsghdr *nlh);
/* What was read as a canonical set; 0, -ENOMEM, -EBADMSG */
int pw_elems_finish_set(struct pw_elems_dump *dump, struct pw_rangeset **out);
void pw_elems_clear(struct pw_elems_dump *dump);

/**
 * pw_elems_read_lives() - How long elements of a set will live
 * @nlh:	one NFT_MSG_NEWSETELEM of a dump
 * @each:	called for each element; @left_ms UINT64_MAX: for ever
 *
 * Return: 0, -EBADMSG, or what @each returned
 */
int pw_elems_read_lives(const struct nlmsghdr *nlh, enum pw_set_type type,
			int (*each)(struct pw_value key, uint64_t left_ms,
				    void *arg),
			void *arg);

/* The same with the bytes of whole keys; -EBADMSG also when one is longer */
int pw_elems_read_spans(const struct nlmsghdr *nlh,
			int (*each)(const struct pw_elems_span *span,
				    uint64_t left_ms, void *arg),
			void *arg);

/* Names of the chains that the elements of a map lead to */
int pw_elems_read_chains(const struct nlmsghdr *nlh,
			 int (*each)(const char *chain, void *arg), void *arg);

/* One NFT_MSG_NEWSETELEM of a map, appended to @map; chains and counters are
 * found by name in @rs. 0, -ENOMEM, -EBADMSG, -EOPNOTSUPP: no portwall's */
int pw_elems_read_map(struct pw_map *map, const struct pw_ruleset *rs,
		      const struct nlmsghdr *nlh);

#endif
