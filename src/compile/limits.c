// SPDX-License-Identifier: GPL-2.0-or-later
/* rate, connections and log of a section: effects that outlive generations. */
#include <stdio.h>
#include <string.h>

#include "compile/parts.h"

#define NEWCOMERS 16	/* policy-language: the bucket shared when all is full */
#define NO_LIMIT UINT32_MAX

struct by_source {
	const char *seen[PW_NUM_FAMILIES];	/* fills up first */
	const char *state[PW_NUM_FAMILIES];
};

static const struct by_source rate_sets = {
	{ "s.seen4", "s.seen6" }, { "s.rate4", "s.rate6" } };
static const struct by_source conn_sets = {
	{ "s.cseen4", "s.cseen6" }, { "s.conn4", "s.conn6" } };

static struct pw_effect update(struct build *b, const char *set, uint32_t key,
			       bool add)
{
	return (struct pw_effect){
		.kind = PW_E_UPDATE, .obj = PW_NONE, .map = PW_NONE,
		.set = pw_dynamic_set(b, set), .key = key, .add = add };
}

/* a * NEWCOMERS, or as much as fits */
static uint32_t many(uint32_t a)
{
	return a > UINT32_MAX / NEWCOMERS ? UINT32_MAX : a * NEWCOMERS;
}

static uint32_t section_chain(struct build *b, char kind, size_t section)
{
	return pw_gen_chain(b, "%c.%s", kind, b->model->sections[section].name);
}

/* gN.a.<section> or gN.b.<section>: log, count, decide */
static uint32_t tail_chain(struct build *b, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];
	char owner[64], prefix[64];
	struct draft d = pw_draft();

	if (b->tails[section] != PW_NONE || b->err)
		return b->tails[section];
	b->tails[section] = section_chain(b, s->block ? 'b' : 'a', section);
	snprintf(owner, sizeof(owner), ".log%s-%s", s->block ? "b" : "",
		 s->name);
	snprintf(prefix, sizeof(prefix), "portwall %s: ", s->name);
	pw_emit_log(b, b->tails[section], owner, &s->log, prefix);
	pw_do_count(&d, pw_section_counter(b, section));
	pw_emit(b, b->tails[section], &d, s->block ? PW_V_DROP : PW_V_ACCEPT);
	return b->tails[section];
}

void pw_emit_admit(struct build *b, uint32_t chain, struct draft *d,
		   size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	if (s->log_set) {
		pw_emit_to(b, chain, d, PW_V_GOTO, tail_chain(b, section));
		return;
	}
	pw_do_count(d, pw_section_counter(b, section));
	pw_emit(b, chain, d, s->block ? PW_V_DROP : PW_V_ACCEPT);
}

/* Time in which an empty bucket is full again, rounded up to a second */
static uint64_t refill_ms(const struct pw_rate *rate)
{
	uint64_t s = ((uint64_t)rate->burst * rate->unit_s + rate->count - 1) /
		     rate->count;

	return s * 1000;
}

static void emit_rate_per_source(struct build *b, uint32_t chain,
				 size_t section)
{
	const struct pw_section *s = &b->model->sections[section];
	const struct pw_rate *rate = &s->rate.rate;
	uint32_t bucket = section_chain(b, 'u', section);
	uint32_t key = pw_limit_key("rate", s->name, &s->rate);
	struct pw_rate shared = { many(rate->count), rate->unit_s,
				  many(rate->burst) };
	struct draft newcomer = pw_draft();

	for (size_t f = 0; f < PW_NUM_FAMILIES; f++) {
		struct draft seen = pw_draft(), state = pw_draft();
		struct pw_effect e = update(b, rate_sets.seen[f], key, false);

		e.timeout_ms = refill_ms(rate);
		pw_do_effect(&seen, &e);
		pw_emit_to(b, chain, &seen, PW_V_GOTO, bucket);
		e = update(b, rate_sets.state[f], key, false);
		e.timeout_ms = refill_ms(rate);
		e.rate = *rate;
		pw_do_effect(&state, &e);
		pw_emit_admit(b, bucket, &state, section);
	}
	pw_do_limit(&newcomer, pw_limit_obj(b, s->name, &shared, ".over"));
	pw_emit_admit(b, chain, &newcomer, section);
}

static void emit_rate_part(struct build *b, uint32_t chain, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];
	struct draft d = pw_draft();

	if (s->rate.set && s->rate.per_source) {
		emit_rate_per_source(b, chain, section);
		return;
	}
	if (s->rate.set)
		pw_do_limit(&d, pw_limit_obj(b, s->name, &s->rate.rate, ""));
	pw_emit_admit(b, chain, &d, section);
}

/* More than @conns at once: beyond the limit */
static void emit_conns(struct build *b, uint32_t chain, const char *set,
		       uint32_t key, uint32_t conns)
{
	struct draft d = pw_draft();
	struct pw_effect e = update(b, set, key, true);

	e.conns = conns;
	e.conns_over = true;
	pw_do_effect(&d, &e);
	pw_emit(b, chain, &d, PW_V_RETURN);
}

static void emit_conns_per_source(struct build *b, uint32_t chain,
				  size_t section)
{
	const struct pw_section *s = &b->model->sections[section];
	uint32_t known = section_chain(b, 't', section);
	uint32_t rate = section_chain(b, 'r', section);
	uint32_t key = pw_limit_key("conn", s->name, &s->connections);
	uint32_t conns = s->connections.rate.count;
	struct draft go = pw_draft();

	for (size_t f = 0; f < PW_NUM_FAMILIES; f++) {
		struct draft seen = pw_draft();
		struct pw_effect e = update(b, conn_sets.seen[f], key, true);

		e.conns = NO_LIMIT;
		pw_do_effect(&seen, &e);
		pw_emit_to(b, chain, &seen, PW_V_GOTO, known);
		emit_conns(b, known, conn_sets.state[f], key, conns);
	}
	emit_conns(b, chain, "s.conn",
		   pw_limit_key("over", s->name, &s->connections),
		   many(conns));
	pw_emit_to(b, chain, &go, PW_V_GOTO, rate);
	pw_emit_to(b, known, &go, PW_V_GOTO, rate);
	emit_rate_part(b, rate, section);
}

uint32_t pw_limiter_chain(struct build *b, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];
	uint32_t chain;

	if (b->limiters[section] != PW_NONE || b->err)
		return b->limiters[section];
	chain = section_chain(b, 's', section);
	b->limiters[section] = chain;
	if (s->connections.set && s->connections.per_source) {
		emit_conns_per_source(b, chain, section);
		return chain;
	}
	if (s->connections.set)
		emit_conns(b, chain, "s.conn",
			   pw_limit_key("conn", s->name, &s->connections),
			   s->connections.rate.count);
	emit_rate_part(b, chain, section);
	return chain;
}
