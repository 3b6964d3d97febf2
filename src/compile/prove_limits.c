/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a section's limits are called, and when they have room. */
#include <stdio.h>
#include <string.h>

#include "compile/prove.h"

#define SHARED_TIMES 16		/* the bucket that newcomers share */
#define ANY_NUMBER UINT32_MAX	/* connections of a source that is only known */
#define HEX_LEN 8

static const char *const seen_rate[] = { "s.seen4", "s.seen6" };
static const char *const rate_set[] = { "s.rate4", "s.rate6" };
static const char *const seen_conn[] = { "s.cseen4", "s.cseen6" };
static const char *const conn_set[] = { "s.conn4", "s.conn6" };
static const enum pw_set_type by_source[] = { PW_T_MARK_IPV4, PW_T_MARK_IPV6 };

/*
 * The variable of a fact that no rule asked about is one that no condition
 * holds: whatever depends on it differs from every cell.
 */
static uint32_t fact_cond(struct proof *p, const struct pw_fact *fact)
{
	uint32_t var = pw_eval_find_fact(p->ev, fact);

	return pw_cond_var(p->ev->space.conds,
			   var == PW_COND_NO_VAR ? (uint32_t)p->ev->num_facts
						 : var);
}

/* "l.<owner>.<8 hex digits><suffix>" */
static bool is_limit_of(const char *name, const char *owner, const char *suffix)
{
	size_t len = strlen(owner);

	if (strncmp(name, "l.", 2) || strncmp(name + 2, owner, len) ||
	    name[2 + len] != '.')
		return false;
	name += 2 + len + 1;
	return strspn(name, "0123456789abcdef") >= HEX_LEN &&
	       !strcmp(name + HEX_LEN, suffix);
}

static uint32_t times(uint32_t n)
{
	uint64_t many = (uint64_t)n * SHARED_TIMES;

	return many > UINT32_MAX ? UINT32_MAX : (uint32_t)many;
}

static bool same_rate(const struct pw_rate *a, const struct pw_rate *b)
{
	return a->count == b->count && a->unit_s == b->unit_s &&
	       a->burst == b->burst;
}

/* Objects are sorted by name: the first one of @owner is found by halving */
static size_t first_obj(const struct pw_ruleset *rs, const char *prefix)
{
	size_t low = 0, high = rs->num_objs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(rs->objs[mid].name, prefix) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t limit_cond(struct proof *p, const char *owner,
			   const char *suffix, const struct pw_rate *rate)
{
	struct pw_fact fact = { .kind = PW_FACT_LIMIT, .name = "",
				.rate = *rate };
	const struct pw_ruleset *rs = p->rs;
	char prefix[PW_NAME_MAX + 16];
	int len = snprintf(prefix, sizeof(prefix), "l.%s.", owner);

	for (size_t i = first_obj(rs, prefix); i < rs->num_objs &&
	     !strncmp(rs->objs[i].name, prefix, (size_t)len); i++)
		if (rs->objs[i].kind == PW_O_LIMIT &&
		    same_rate(&rs->objs[i].rate, rate) &&
		    is_limit_of(rs->objs[i].name, owner, suffix))
			fact.name = rs->objs[i].name;
	return fact_cond(p, &fact);
}

static uint32_t element_cond(struct proof *p, const char *set, uint32_t key,
			     enum pw_set_type by, uint32_t conns)
{
	return fact_cond(p, &(struct pw_fact){
		.kind = PW_FACT_ELEMENT, .name = set, .key = key, .by = by,
		.conns = conns, .add = true });
}

static uint32_t conns_cond(struct proof *p, const struct pw_section *s, int f)
{
	const struct pw_limit *limit = &s->connections;
	uint32_t key = pw_limit_key("conn", s->name, limit);
	uint32_t conns = limit->rate.count;
	uint32_t known, own, shared;

	if (!limit->set)
		return PW_COND_ALWAYS;
	if (!limit->per_source)
		return element_cond(p, "s.conn", key, PW_T_MARK, conns);
	known = element_cond(p, seen_conn[f], key, by_source[f], ANY_NUMBER);
	own = element_cond(p, conn_set[f], key, by_source[f], conns);
	shared = element_cond(p, "s.conn",
			      pw_limit_key("over", s->name, limit), PW_T_MARK,
			      times(conns));
	return pw_cond_ite(p->ev->space.conds, known, own, shared);
}

/* Until the bucket of one source is full again, in whole seconds */
static uint64_t memory_ms(const struct pw_rate *rate)
{
	uint64_t need = (uint64_t)rate->burst * rate->unit_s;

	return (need / rate->count + (need % rate->count != 0)) * 1000;
}

static uint32_t rate_cond(struct proof *p, const struct pw_section *s, int f)
{
	const struct pw_rate *rate = &s->rate.rate;
	struct pw_rate shared = { times(rate->count), rate->unit_s,
				  times(rate->burst) };
	struct pw_fact fact = { .kind = PW_FACT_ELEMENT, .by = by_source[f] };
	uint32_t known, own;

	if (!s->rate.set)
		return PW_COND_ALWAYS;
	if (!s->rate.per_source)
		return limit_cond(p, s->name, "", rate);
	fact.key = pw_limit_key("rate", s->name, &s->rate);
	fact.timeout_ms = memory_ms(rate);
	fact.name = seen_rate[f];
	known = fact_cond(p, &fact);
	fact.name = rate_set[f];
	fact.rate = *rate;
	own = fact_cond(p, &fact);
	return pw_cond_ite(p->ev->space.conds, known, own,
			   limit_cond(p, s->name, ".over", &shared));
}

static uint32_t member_cond(struct proof *p, const char *set,
			    enum pw_field field)
{
	return fact_cond(p, &(struct pw_fact){
		.kind = PW_FACT_MEMBER, .name = set, .field = field });
}

/* While something is open, and one of the sets holds what the packet says */
static uint32_t opened_cond(struct proof *p, const char *from,
			    const char *from_on)
{
	const char *const sets[] = { "s.open", "s.open.if", from,
				     from_on };
	struct pw_conds *conds = p->ev->space.conds;
	uint32_t none = PW_COND_ALWAYS;

	for (size_t i = 0; i < PW_ARRAY_SIZE(sets); i++)
		none = pw_cond_and(conds, none, pw_cond_not(conds,
				   member_cond(p, sets[i], PW_F_DPORT)));
	return pw_cond_and(conds, pw_cond_not(conds, none),
			   member_cond(p, "s.opened", PW_F_NFPROTO));
}

int pw_proof_read_limits(struct proof *p)
{
	static const struct pw_rate refuse = { 100, 1, 100 };

	for (size_t i = 0; i < p->model->num_sections; i++)
		for (int f = 0; f < PW_NUM_FAMILIES &&
		     p->sections[i].limited; f++)
			p->sections[i].within[f] = pw_cond_and(
				p->ev->space.conds,
				conns_cond(p, &p->model->sections[i], f),
				rate_cond(p, &p->model->sections[i], f));
	p->adopt = member_cond(p, "adopt", PW_F_NFPROTO);
	p->opened[PW_IPV4] = opened_cond(p, "s.open4", "s.open4.if");
	p->opened[PW_IPV6] = opened_cond(p, "s.open6", "s.open6.if");
	p->own[PW_IPV4] = member_cond(p, "s.own4", PW_F_DADDR4);
	p->own[PW_IPV6] = member_cond(p, "s.own6", PW_F_DADDR6);
	p->judged[PW_IPV4] = member_cond(p, "s.judged4", PW_F_CT_ORIG_DADDR4);
	p->judged[PW_IPV6] = member_cond(p, "s.judged6", PW_F_CT_ORIG_DADDR6);
	p->passing[PW_IPV4] = member_cond(p, "s.judged4", PW_F_DADDR4);
	p->passing[PW_IPV6] = member_cond(p, "s.judged6", PW_F_DADDR6);
	p->refuse_rate = limit_cond(p, ".reject", "", &refuse);
	p->ping_rate = PW_COND_ALWAYS;
	if (p->model->ping == PW_PING_NO)
		p->ping_rate = PW_COND_NEVER;
	else if (p->model->ping == PW_PING_RATE)
		p->ping_rate = limit_cond(p, ".ping", "", &p->model->ping_rate);
	return pw_space_error(&p->ev->space);
}
