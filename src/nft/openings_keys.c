// SPDX-License-Identifier: GPL-2.0-or-later
/* Openings as keys of elements, and back. */
#include <errno.h>
#include <string.h>

#include "nft/openings.h"

enum { PROTO_AT = 4, REST_AT = 8, NAME_LEN = 16 };

const char *const pw_opening_sets[PW_NUM_OPENING_SETS] = {
	"s.open", "s.open4", "s.open6", "s.open.if", "s.open4.if", "s.open6.if",
};

size_t pw_opening_set_of(const struct pw_opening *opening)
{
	size_t source = opening->any_from ? 0 :
			opening->family == PW_IPV4 ? 1 : 2;

	return source + (opening->iifname[0] ? 3 : 0);
}

/* Bytes of an address in a key of set @set, 0: there is none */
static size_t addr_len(size_t set)
{
	static const uint8_t len[] = { 0, 4, 16 };

	return len[set % 3];
}

static size_t name_len(size_t set)
{
	return set >= 3 ? NAME_LEN : 0;
}

void pw_opening_put(const struct pw_opening *opening,
		    struct pw_elems_span *span)
{
	size_t set = pw_opening_set_of(opening);
	size_t name = name_len(set), addr = addr_len(set);

	*span = (struct pw_elems_span){
		.len = REST_AT + name + addr, .ranged = addr,
	};
	pw_value_to_be(pw_value32(opening->first), span->key, 2);
	span->key[PROTO_AT] = opening->proto;
	memcpy(span->key + REST_AT, opening->iifname, name);
	memcpy(span->end, span->key, sizeof(span->end));
	pw_value_to_be(pw_value32(opening->last), span->end, 2);
	pw_value_to_be(opening->from, span->key + REST_AT + name, addr);
	pw_value_to_be(opening->to, span->end + REST_AT + name, addr);
}

/* Bytes that fill up parts, and what follows a name, are compared, too */
static bool is_said_by(const struct pw_opening *opening, size_t set,
		       const struct pw_elems_span *span)
{
	const size_t len = strnlen(opening->iifname, NAME_LEN);
	static const char nothing[NAME_LEN];
	struct pw_elems_span again;

	if (pw_opening_set_of(opening) != set ||
	    opening->first > opening->last ||
	    pw_value_cmp(opening->from, opening->to) > 0 ||
	    memcmp(opening->iifname + len, nothing, NAME_LEN - len))
		return false;
	pw_opening_put(opening, &again);
	return again.len == span->len &&
	       !memcmp(again.key, span->key, span->len) &&
	       !memcmp(again.end, span->end, span->len);
}

int pw_opening_get(size_t set, const struct pw_elems_span *span,
		   struct pw_opening *out)
{
	size_t name = name_len(set), addr = addr_len(set);
	struct pw_opening opening = {
		.any_from = !addr, .proto = span->key[PROTO_AT],
		.family = addr == 16 ? PW_IPV6 : PW_IPV4,
	};

	if (span->len != REST_AT + name + addr ||
	    memcmp(span->key + PROTO_AT, span->end + PROTO_AT,
		   REST_AT - PROTO_AT + name) ||
	    (name && span->key[REST_AT + NAME_LEN - 1]))
		return -EBADMSG;
	opening.first = pw_value_from_be(span->key, 2).lo;
	opening.last = pw_value_from_be(span->end, 2).lo;
	memcpy(opening.iifname, span->key + REST_AT, name);
	opening.from = pw_value_from_be(span->key + REST_AT + name, addr);
	opening.to = pw_value_from_be(span->end + REST_AT + name, addr);
	if (!is_said_by(&opening, set, span))
		return -EBADMSG;
	*out = opening;
	return 0;
}

static int cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int pw_opening_cmp_place(const struct pw_opening *a, const struct pw_opening *b)
{
	int order = cmp(pw_opening_set_of(a), pw_opening_set_of(b));

	if (!order)
		order = strncmp(a->iifname, b->iifname, sizeof(a->iifname));
	if (!order)
		order = cmp(a->proto, b->proto);
	return order ? order : cmp(a->first, b->first);
}

int pw_opening_cmp(const struct pw_opening *a, const struct pw_opening *b)
{
	int order = pw_opening_cmp_place(a, b);

	if (!order && !a->any_from)
		order = pw_value_cmp(a->from, b->from);
	if (!order && !a->any_from)
		order = pw_value_cmp(a->to, b->to);
	return order;
}

bool pw_opening_takes(const struct pw_opening *opening, enum pw_family family,
		      struct pw_value src, uint8_t proto, uint16_t port,
		      const char *iifname)
{
	if (opening->proto != proto || port < opening->first ||
	    port > opening->last)
		return false;
	if (opening->iifname[0] && strncmp(opening->iifname, iifname,
					   sizeof(opening->iifname)))
		return false;
	return opening->any_from ||
	       (opening->family == family &&
		pw_value_cmp(opening->from, src) <= 0 &&
		pw_value_cmp(src, opening->to) <= 0);
}
