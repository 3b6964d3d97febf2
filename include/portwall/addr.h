/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and ranges of both families: text and sets. */
#ifndef PORTWALL_ADDR_H
#define PORTWALL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rangeset.h"

enum pw_family { PW_IPV4, PW_IPV6, PW_NUM_FAMILIES };

/* 32 or 128 */
unsigned int pw_family_bits(enum pw_family family);
/* "IPv4", "IPv6" */
const char *pw_family_name(enum pw_family family);

#define PW_ADDR_STRLEN 48	/* longest address text and NUL */

/**
 * struct pw_addr_range - What one word of a policy or list file says
 * @host_bits:	it was a prefix with bits set behind its length; range covers
 *		the whole prefix all the same
 */
struct pw_addr_range {
	enum pw_family family;
	struct pw_range range;
	bool host_bits;
};

/**
 * pw_addr_range_parse() - Read "A", "A/LEN" or "A-B"
 * @text:	not NUL-terminated
 * @len:	bytes
 *
 * Strict: dotted quad without leading zeros, RFC 4291 text for IPv6 (embedded
 * IPv4 allowed, no zone), plain decimal prefix length. Fast: a million lines
 * take some ten milliseconds.
 *
 * Return: 0; -EINVAL not an address; -ERANGE prefix length too long; -EDOM
 *	   the range runs backwards; -EXDEV its ends are of two families
 */
int pw_addr_range_parse(const char *text, size_t len,
			struct pw_addr_range *out);

/* Dotted quad, or RFC 5952 text; returns @buf */
const char *pw_addr_format(enum pw_family family, struct pw_value addr,
			   char buf[static PW_ADDR_STRLEN]);

/*
 * "A", "A/LEN" when the range is a prefix, else "A-B"; returns @buf, which
 * holds 2 * PW_ADDR_STRLEN bytes
 */
const char *pw_addr_range_format(enum pw_family family,
				 const struct pw_range *range,
				 char buf[static 2 * PW_ADDR_STRLEN]);

/* Prefix length if [first, last] is exactly one prefix of @bits bits, else -1 */
int pw_range_prefix_len(const struct pw_range *range, unsigned int bits);

/**
 * struct pw_addrs - Addresses of both families
 * @set:	by family, one reference each; NULL only before _init()
 */
struct pw_addrs {
	struct pw_rangeset *set[PW_NUM_FAMILIES];
};

int pw_addrs_init(struct pw_addrs *addrs);
int pw_addrs_init_all(struct pw_addrs *addrs);
void pw_addrs_clear(struct pw_addrs *addrs);	/* accepts a zeroed struct */
int pw_addrs_add(struct pw_addrs *addrs, const struct pw_addr_range *range);
int pw_addrs_add_all(struct pw_addrs *addrs, const struct pw_addrs *other);
int pw_addrs_normalise(struct pw_addrs *addrs);
bool pw_addrs_empty(const struct pw_addrs *addrs);

#endif
