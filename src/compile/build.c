// SPDX-License-Identifier: GPL-2.0-or-later
/* Drafts of rules, and the named things that they refer to. */
#include "compile/build.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

void pw_fail(struct build *b, int err)
{
	if (!b->err)
		b->err = err;
}

/* An index that a builder returned, or PW_NONE after an error */
static uint32_t index_or_fail(struct build *b, int64_t index)
{
	if (index >= 0)
		return (uint32_t)index;
	pw_fail(b, (int)index);
	return PW_NONE;
}

struct draft pw_draft(void)
{
	return (struct draft){ .section = PW_NONE };
}

static struct pw_match *match_new(struct draft *d, enum pw_field field)
{
	struct pw_match *m = &d->matches[d->num_matches++];

	assert(d->num_matches <= PW_NUM_FIELDS);
	*m = (struct pw_match){ .field = field, .set = PW_NONE };
	return m;
}

void pw_match_range(struct draft *d, enum pw_field field, struct pw_value first,
		    struct pw_value last)
{
	match_new(d, field)->range = (struct pw_range){ first, last };
}

void pw_match_span(struct draft *d, enum pw_field field, uint32_t first,
		   uint32_t last)
{
	pw_match_range(d, field, pw_value32(first), pw_value32(last));
}

void pw_match_is(struct draft *d, enum pw_field field, uint32_t value)
{
	pw_match_span(d, field, value, value);
}

void pw_match_set(struct draft *d, enum pw_field field, uint32_t set)
{
	match_new(d, field)->set = set;
}

void pw_do_effect(struct draft *d, const struct pw_effect *effect)
{
	assert(d->num_effects < PW_ARRAY_SIZE(d->effects));
	d->effects[d->num_effects++] = *effect;
}

void pw_do_count(struct draft *d, uint32_t obj)
{
	pw_do_effect(d, &(struct pw_effect){ .kind = PW_E_COUNTER, .obj = obj,
					     .map = PW_NONE, .set = PW_NONE });
}

void pw_do_limit(struct draft *d, uint32_t obj)
{
	pw_do_effect(d, &(struct pw_effect){ .kind = PW_E_LIMIT, .obj = obj,
					     .map = PW_NONE, .set = PW_NONE });
}

static void emit_verdict(struct build *b, uint32_t chain,
			 const struct draft *d, struct pw_verdict verdict)
{
	struct draft copy = *d;
	char comment[128];
	struct pw_rule rule = {
		.matches = copy.matches, .num_matches = copy.num_matches,
		.effects = copy.effects, .num_effects = copy.num_effects,
		.verdict = verdict, .section = copy.section,
	};

	if (b->err)
		return;
	if (copy.comment) {
		snprintf(comment, sizeof(comment), "%s", copy.comment);
		rule.comment = comment;
	}
	pw_fail(b, pw_ruleset_add_rule(b->rs, chain, &rule));
}

void pw_emit(struct build *b, uint32_t chain, const struct draft *d,
	     enum pw_verdict_kind kind)
{
	emit_verdict(b, chain, d, (struct pw_verdict){ kind, PW_NONE, PW_NONE });
}

void pw_emit_to(struct build *b, uint32_t chain, const struct draft *d,
		enum pw_verdict_kind jump_or_goto, uint32_t target)
{
	emit_verdict(b, chain, d,
		     (struct pw_verdict){ jump_or_goto, target, PW_NONE });
}

void pw_emit_map(struct build *b, uint32_t chain, const struct draft *d,
		 uint32_t map)
{
	emit_verdict(b, chain, d,
		     (struct pw_verdict){ PW_V_MAP, PW_NONE, map });
}

uint32_t pw_gen_chain(struct build *b, const char *fmt, ...)
{
	char name[128];
	uint32_t found;
	va_list ap;
	int len;

	if (b->err)
		return PW_NONE;
	len = snprintf(name, sizeof(name), "g%" PRIu32 ".", b->generation);
	va_start(ap, fmt);
	vsnprintf(name + len, sizeof(name) - (size_t)len, fmt, ap);
	va_end(ap);
	found = pw_ruleset_find_chain(b->rs, name);
	if (found != PW_NONE)
		return found;
	return index_or_fail(b, pw_ruleset_add_chain(b->rs, name));
}

uint32_t pw_gen_map(struct build *b, const char *name, enum pw_map_key key)
{
	char full[64];

	if (b->err)
		return PW_NONE;
	snprintf(full, sizeof(full), "m.%" PRIu32 ".%s", b->generation, name);
	return index_or_fail(b, pw_ruleset_add_map(b->rs, full, key, false));
}

void pw_map_put(struct build *b, uint32_t map, uint32_t key,
		enum pw_verdict_kind kind, uint32_t chain)
{
	struct pw_map_elem elem = {
		.key = key, .obj = PW_NONE,
		.verdict = { kind, chain, PW_NONE },
	};

	if (!b->err)
		pw_fail(b, pw_map_add(&b->rs->maps[map], &elem));
}

uint32_t pw_counter_obj(struct build *b, const char *fmt, ...)
{
	char name[128];
	uint32_t found;
	va_list ap;

	if (b->err)
		return PW_NONE;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	found = pw_ruleset_find_obj(b->rs, name);
	if (found != PW_NONE)
		return found;
	return index_or_fail(b, pw_ruleset_add_obj(b->rs, name, PW_O_COUNTER,
						   NULL));
}

uint32_t pw_section_counter(struct build *b, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	if (b->counters[section] == PW_NONE)
		b->counters[section] = pw_counter_obj(b, "%c.%s",
						      s->block ? 'b' : 'n',
						      s->name);
	return b->counters[section];
}

void pw_hex_of(const char *text, size_t bytes, char *hex)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)text, strlen(text));
	SHA256Final(digest, &ctx);
	for (size_t i = 0; i < bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

uint32_t pw_limit_obj(struct build *b, const char *owner,
		      const struct pw_rate *rate, const char *suffix)
{
	char text[64], hex[9], name[128];
	uint32_t found;

	if (b->err)
		return PW_NONE;
	snprintf(text, sizeof(text), "%" PRIu32 "/%" PRIu32 " burst %" PRIu32,
		 rate->count, rate->unit_s, rate->burst);
	pw_hex_of(text, 4, hex);
	snprintf(name, sizeof(name), "l.%s.%s%s", owner, hex, suffix);
	found = pw_ruleset_find_obj(b->rs, name);
	if (found != PW_NONE)
		return found;
	return index_or_fail(b, pw_ruleset_add_obj(b->rs, name, PW_O_LIMIT,
						   rate));
}

static uint32_t *slot_of(const struct build *b, const uint8_t digest[32],
			 enum pw_set_type type, bool interval)
{
	size_t at;

	memcpy(&at, digest, sizeof(at));
	for (at &= b->num_slots - 1; b->slots[at];
	     at = (at + 1) & (b->num_slots - 1)) {
		const struct named_set *set = &b->sets[b->slots[at] - 1];

		if (set->type == type && set->interval == interval &&
		    !memcmp(set->digest, digest, sizeof(set->digest)))
			break;
	}
	return &b->slots[at];
}

/* Keep at least half of the slots free */
static int slots_grow(struct build *b)
{
	size_t num = b->num_slots ? 2 * b->num_slots : 64;
	uint32_t *slots;

	if (2 * b->num_sets < b->num_slots)
		return 0;
	slots = calloc(num, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(b->slots);
	b->slots = slots;
	b->num_slots = num;
	for (size_t i = 0; i < b->num_sets; i++)
		*slot_of(b, b->sets[i].digest, b->sets[i].type,
			 b->sets[i].interval) = (uint32_t)i + 1;
	return 0;
}

static uint32_t const_set_new(struct build *b, char prefix, const char *label,
			      const struct named_set *named,
			      struct pw_rangeset *elems)
{
	char name[128], hex[17];
	struct pw_set set = {
		.name = name, .type = named->type, .constant = true,
		.interval = named->interval, .elems = elems,
	};

	for (size_t i = 0; i < 8; i++)
		snprintf(hex + 2 * i, 3, "%02x", named->digest[i]);
	snprintf(name, sizeof(name), "%c.%s%s%s", prefix, label,
		 *label ? "." : "", hex);
	if (!set.interval && set.type != PW_T_PORT)
		set.size = (uint32_t)pw_rangeset_count(elems);
	return index_or_fail(b, pw_ruleset_add_set(b->rs, &set));
}

uint32_t pw_const_set(struct build *b, char prefix, const char *label,
		      enum pw_set_type type, bool interval,
		      struct pw_rangeset *elems)
{
	struct named_set named = { .type = type, .interval = interval };
	uint32_t *slot;

	if (b->err)
		return PW_NONE;
	pw_fail(b, slots_grow(b));
	if (b->err)
		return PW_NONE;
	pw_rangeset_digest(elems, named.digest);
	slot = slot_of(b, named.digest, type, interval);
	if (*slot)
		return b->sets[*slot - 1].set;
	named.set = const_set_new(b, prefix, label, &named, elems);
	if (!b->err)
		pw_fail(b, PW_ARRAY_PUSH(b->sets, b->num_sets, b->cap_sets,
					 named));
	if (b->err)
		return PW_NONE;
	*slot = (uint32_t)b->num_sets;
	return named.set;
}

/*
 * docs/rules.md: the sets that rules fill, or commands; milliseconds of default
 * life, 0: none
 */
static const struct dynamic {
	const char *name;
	enum pw_set_type type;
	uint32_t size;
	bool dynamic, timeout, interval;
	uint64_t timeout_ms;
} dynamics[] = {
	{ "adopt",    PW_T_NFPROTO,   0,      false, true,  false, 0 },
	{ "s.opened", PW_T_NFPROTO,   0,      false, true,  false, 0 },
	{ "s.open",   PW_T_PORT_PROTO, 4096,  false, true,  false, 0 },
	{ "s.open.if", PW_T_PORT_PROTO_NAME, 4096, false, true, false, 0 },
	{ "s.open4",  PW_T_PORT_PROTO_IPV4, 4096, false, true, true, 0 },
	{ "s.open6",  PW_T_PORT_PROTO_IPV6, 4096, false, true, true, 0 },
	{ "s.open4.if", PW_T_PORT_PROTO_NAME_IPV4, 4096, false, true, true, 0 },
	{ "s.open6.if", PW_T_PORT_PROTO_NAME_IPV6, 4096, false, true, true, 0 },
	{ "s.own4",   PW_T_IIF_IPV4,  16384,  true,  true,  false, 10000 },
	{ "s.own6",   PW_T_IIF_IPV6,  16384,  true,  true,  false, 10000 },
	{ "s.judged4", PW_T_IIF_IPV4, 16384,  true,  true,  false, 20000 },
	{ "s.judged6", PW_T_IIF_IPV6, 16384,  true,  true,  false, 20000 },
	{ "s.seen4",  PW_T_MARK_IPV4, 65535,  true,  true,  false, 0 },
	{ "s.seen6",  PW_T_MARK_IPV6, 65535,  true,  true,  false, 0 },
	{ "s.rate4",  PW_T_MARK_IPV4, 131070, true,  true,  false, 0 },
	{ "s.rate6",  PW_T_MARK_IPV6, 131070, true,  true,  false, 0 },
	{ "s.conn",   PW_T_MARK,      65535,  true,  false, false, 0 },
	{ "s.cseen4", PW_T_MARK_IPV4, 65535,  true,  false, false, 0 },
	{ "s.cseen6", PW_T_MARK_IPV6, 65535,  true,  false, false, 0 },
	{ "s.conn4",  PW_T_MARK_IPV4, 131070, true,  false, false, 0 },
	{ "s.conn6",  PW_T_MARK_IPV6, 131070, true,  false, false, 0 },
};

uint32_t pw_dynamic_set(struct build *b, const char *name)
{
	const struct dynamic *row = dynamics;
	char copy[16];
	uint32_t found;

	if (b->err)
		return PW_NONE;
	found = pw_ruleset_find_set(b->rs, name);
	if (found != PW_NONE)
		return found;
	while (strcmp(row->name, name))
		row++;
	snprintf(copy, sizeof(copy), "%s", name);
	return index_or_fail(b, pw_ruleset_add_set(b->rs, &(struct pw_set){
		.name = copy, .type = row->type, .size = row->size,
		.dynamic = row->dynamic, .timeout = row->timeout,
		.interval = row->interval,
		.timeout_ms = row->timeout_ms }));
}
