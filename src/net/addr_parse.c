/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and ranges: from text. */
#include <errno.h>

#include "portwall/addr.h"

#define NUM_GROUPS 8		/* of 16 bits, in an IPv6 address */

/* A parse function returns the first byte it did not read, NULL on error */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *parse_octet(const char *p, const char *end, uint32_t *addr)
{
	unsigned int n;

	if (p == end || !is_digit(*p))
		return NULL;
	n = *p++ - '0';
	while (p < end && is_digit(*p)) {
		if (!n)
			return NULL;	/* elsewhere 010 is octal */
		n = n * 10 + (*p++ - '0');
		if (n > 255)
			return NULL;
	}
	*addr = *addr << 8 | n;
	return p;
}

static const char *parse_v4(const char *p, const char *end, uint32_t *addr)
{
	*addr = 0;
	for (int i = 0; i < 4; i++) {
		if (i && (p == end || *p++ != '.'))
			return NULL;
		p = parse_octet(p, end, addr);
		if (!p)
			return NULL;
	}
	return p;
}

struct groups {
	uint16_t at[NUM_GROUPS];
	int num;
	int gap;		/* groups before "::", -1 without one */
};

/* One group of 16 bits, or an IPv4 address in the place of the last two */
static const char *parse_group(const char *p, const char *end,
			       struct groups *groups)
{
	const char *start = p;
	unsigned int n = 0;
	uint32_t v4;

	while (p < end && p - start < 4 && hex_digit(*p) >= 0)
		n = n << 4 | (unsigned int)hex_digit(*p++);
	if (p == start || groups->num == NUM_GROUPS)
		return NULL;
	if (p == end || *p != '.') {
		groups->at[groups->num++] = n;
		return p;
	}
	p = groups->num <= NUM_GROUPS - 2 ? parse_v4(start, end, &v4) : NULL;
	if (!p)
		return NULL;
	groups->at[groups->num++] = v4 >> 16;
	groups->at[groups->num++] = v4 & 0xffff;
	return p < end && *p == ':' ? NULL : p;
}

static bool starts_gap(const char *p, const char *end)
{
	return end - p >= 2 && p[0] == ':' && p[1] == ':';
}

static const char *parse_groups(const char *p, const char *end,
				struct groups *groups)
{
	bool more = !starts_gap(p, end);

	for (;;) {
		if (starts_gap(p, end)) {
			if (groups->gap >= 0)
				return NULL;
			groups->gap = groups->num;
			p += 2;
			more = p < end && hex_digit(*p) >= 0;
		} else if (!more && p < end && *p == ':') {
			p++;
			more = true;
		}
		if (!more)
			return p;
		p = parse_group(p, end, groups);
		if (!p)
			return NULL;
		more = false;
		if (p == end || *p != ':')
			return p;
	}
}

static const char *parse_v6(const char *p, const char *end,
			    struct pw_value *addr)
{
	struct groups groups = { .gap = -1 };
	struct pw_value v = { 0, 0 };
	int skipped;

	p = parse_groups(p, end, &groups);
	skipped = NUM_GROUPS - groups.num;
	if (!p || (groups.gap < 0) != !skipped)
		return NULL;
	for (int i = 0; i < NUM_GROUPS; i++) {
		uint16_t group = 0;

		if (groups.gap < 0 || i < groups.gap)
			group = groups.at[i];
		else if (i >= groups.gap + skipped)
			group = groups.at[i - skipped];
		v.hi = v.hi << 16 | v.lo >> 48;
		v.lo = v.lo << 16 | group;
	}
	*addr = v;
	return p;
}

static const char *parse_addr(const char *p, const char *end,
			      enum pw_family *family, struct pw_value *addr)
{
	uint32_t v4;
	const char *rest = parse_v4(p, end, &v4);

	if (rest) {
		*family = PW_IPV4;
		*addr = pw_value32(v4);
		return rest;
	}
	*family = PW_IPV6;
	return parse_v6(p, end, addr);
}

/* The lowest @num bits of 128 */
static struct pw_value low_bits(unsigned int num)
{
	return num ? pw_value_max(num) : pw_value32(0);
}

static int parse_prefix_len(const char *p, const char *end,
			    struct pw_addr_range *range)
{
	unsigned int bits = pw_family_bits(range->family), n = 0;
	struct pw_value host;

	if (p == end || (*p == '0' && end - p > 1))
		return -EINVAL;
	for (; p < end; p++) {
		if (!is_digit(*p))
			return -EINVAL;
		if (n <= bits)
			n = n * 10 + (unsigned int)(*p - '0');
	}
	if (n > bits)
		return -ERANGE;
	host = low_bits(bits - n);
	range->host_bits = (range->range.first.hi & host.hi) ||
			   (range->range.first.lo & host.lo);
	range->range.last.hi |= host.hi;
	range->range.last.lo |= host.lo;
	range->range.first.hi &= ~host.hi;
	range->range.first.lo &= ~host.lo;
	return 0;
}

static int parse_last(const char *p, const char *end,
		      struct pw_addr_range *range)
{
	enum pw_family family;

	if (parse_addr(p, end, &family, &range->range.last) != end)
		return -EINVAL;
	if (family != range->family)
		return -EXDEV;
	if (pw_value_cmp(range->range.first, range->range.last) > 0)
		return -EDOM;
	return 0;
}

int pw_addr_range_parse(const char *text, size_t len,
			struct pw_addr_range *out)
{
	const char *end = text + len, *p;
	struct pw_addr_range range = { .host_bits = false };
	int err = 0;

	p = parse_addr(text, end, &range.family, &range.range.first);
	if (!p)
		return -EINVAL;
	range.range.last = range.range.first;
	if (p < end && *p == '/')
		err = parse_prefix_len(p + 1, end, &range);
	else if (p < end && *p == '-')
		err = parse_last(p + 1, end, &range);
	else if (p < end)
		err = -EINVAL;
	if (!err)
		*out = range;
	return err;
}
