/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and ranges: to text, and sets of both families. */
#include "portwall/addr.h"

#include <errno.h>

#define NUM_GROUPS 8		/* of 16 bits, in an IPv6 address */

const char *pw_family_name(enum pw_family family)
{
	return family == PW_IPV4 ? "IPv4" : "IPv6";
}

unsigned int pw_family_bits(enum pw_family family)
{
	return family == PW_IPV4 ? 32 : 128;
}

/* @n below 256; the put functions return the place behind the text */
static char *put_decimal(char *to, unsigned int n)
{
	if (n >= 100)
		*to++ = '0' + n / 100;
	if (n >= 10)
		*to++ = '0' + n / 10 % 10;
	*to++ = '0' + n % 10;
	return to;
}

static char *put_hex(char *to, uint16_t n)
{
	int shift = n > 0xfff ? 12 : n > 0xff ? 8 : n > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[n >> shift & 0xf];
	return to;
}

static char *put_v4(char *to, uint32_t addr)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		to = put_decimal(to, addr >> shift & 0xff);
		*to++ = '.';
	}
	*--to = '\0';
	return to;
}

/* The longest run of two and more zero groups, the first of equals */
static int longest_gap(const uint16_t *groups, int *at)
{
	int best = 1, run = 0;

	*at = -1;
	for (int i = 0; i < NUM_GROUPS; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > best) {
			best = run;
			*at = i - run + 1;
		}
	}
	return *at < 0 ? 0 : best;
}

/* IPv4-mapped, or the old IPv4-compatible: their end is shown as IPv4 */
static bool shows_v4(const uint16_t *groups, int gap_at, int gap_len)
{
	return !gap_at && (gap_len == 6 ||
			   (gap_len == 5 && groups[5] == 0xffff));
}

/* The text of inet_ntop(), without its detours: lists can be long */
static char *put_v6(char *to, struct pw_value addr)
{
	uint16_t groups[NUM_GROUPS];
	int gap_at, gap_len, num = NUM_GROUPS;

	for (int i = 0; i < NUM_GROUPS; i++)
		groups[i] = (i < 4 ? addr.hi : addr.lo) >> (48 - i % 4 * 16);
	gap_len = longest_gap(groups, &gap_at);
	if (shows_v4(groups, gap_at, gap_len))
		num -= 2;
	for (int i = 0; i < num; i++) {
		if (i == gap_at) {
			*to++ = ':';
			i += gap_len - 1;
			if (i == NUM_GROUPS - 1)
				*to++ = ':';
			continue;
		}
		if (i)
			*to++ = ':';
		to = put_hex(to, groups[i]);
	}
	if (num < NUM_GROUPS) {
		*to++ = ':';
		to = put_v4(to, (uint32_t)addr.lo);
	}
	*to = '\0';
	return to;
}

static char *put_addr(char *to, enum pw_family family, struct pw_value addr)
{
	return family == PW_IPV4 ? put_v4(to, (uint32_t)addr.lo)
				 : put_v6(to, addr);
}

const char *pw_addr_format(enum pw_family family, struct pw_value addr,
			   char buf[static PW_ADDR_STRLEN])
{
	put_addr(buf, family, addr);
	return buf;
}

const char *pw_addr_range_format(enum pw_family family,
				 const struct pw_range *range,
				 char buf[static 2 * PW_ADDR_STRLEN])
{
	unsigned int bits = pw_family_bits(family);
	int len = pw_range_prefix_len(range, bits);
	char *end = put_addr(buf, family, range->first);

	if (len < 0) {
		*end++ = '-';
		put_addr(end, family, range->last);
	} else if ((unsigned int)len < bits) {
		*end++ = '/';
		*put_decimal(end, (unsigned int)len) = '\0';
	}
	return buf;
}

int pw_range_prefix_len(const struct pw_range *range, unsigned int bits)
{
	struct pw_value host = { range->first.hi ^ range->last.hi,
				 range->first.lo ^ range->last.lo };
	struct pw_value above = pw_value_next(host);

	/* the ends of a prefix differ in all of the lowest bits: 0 to 1 */
	if ((host.hi & above.hi) || (host.lo & above.lo) ||
	    (host.hi & range->first.hi) || (host.lo & range->first.lo))
		return -1;
	return (int)bits - __builtin_popcountll(host.hi) -
	       __builtin_popcountll(host.lo);
}

static int init(struct pw_addrs *addrs,
		struct pw_rangeset *(*make)(unsigned int bits))
{
	struct pw_addrs made = { { make(32), make(128) } };

	if (!made.set[PW_IPV4] || !made.set[PW_IPV6]) {
		pw_addrs_clear(&made);
		return -ENOMEM;
	}
	*addrs = made;
	return 0;
}

int pw_addrs_init(struct pw_addrs *addrs)
{
	return init(addrs, pw_rangeset_new);
}

int pw_addrs_init_all(struct pw_addrs *addrs)
{
	return init(addrs, pw_rangeset_all);
}

void pw_addrs_clear(struct pw_addrs *addrs)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		pw_rangeset_free(addrs->set[f]);
		addrs->set[f] = NULL;
	}
}

int pw_addrs_add(struct pw_addrs *addrs, const struct pw_addr_range *range)
{
	return pw_rangeset_add(addrs->set[range->family], range->range.first,
			       range->range.last);
}

int pw_addrs_add_all(struct pw_addrs *addrs, const struct pw_addrs *other)
{
	int err = 0;

	for (int f = 0; !err && f < PW_NUM_FAMILIES; f++)
		err = pw_rangeset_add_set(addrs->set[f], other->set[f]);
	return err;
}

int pw_addrs_normalise(struct pw_addrs *addrs)
{
	int err = 0;

	for (int f = 0; !err && f < PW_NUM_FAMILIES; f++)
		err = pw_rangeset_normalise(addrs->set[f]);
	return err;
}

bool pw_addrs_empty(const struct pw_addrs *addrs)
{
	return pw_rangeset_empty(addrs->set[PW_IPV4]) &&
	       pw_rangeset_empty(addrs->set[PW_IPV6]);
}
