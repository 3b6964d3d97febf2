/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evaluator against a plain interpreter of one packet, on random rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ruleset/eval.h"
#include "draw.h"

/* Fields that random rules speak of, with values that meet now and then */
static const struct pool {
	enum pw_field field;
	uint32_t values[6];
	uint32_t num;
} pools[] = {
	{ PW_F_IIFNAME, { 1, 2, 3 }, 3 },
	{ PW_F_NFPROTO, { 2, 10 }, 2 },
	{ PW_F_L4PROTO, { 1, 6, 17, 47, 58, 132 }, 6 },
	{ PW_F_CT_STATE, { 0, 1, 2, 3, 4 }, 5 },
	{ PW_F_CT_DNAT, { 0, 1 }, 2 },
	{ PW_F_TCP_SYNACK, { 0, 2, 16, 18 }, 4 },
	{ PW_F_SOCKET_WILDCARD, { 0, 1 }, 2 },
	{ PW_F_ICMP_TYPE, { 0, 3, 8 }, 3 },
	{ PW_F_ICMPV6_TYPE, { 1, 128, 135 }, 3 },
	{ PW_F_HOPLIMIT, { 1, 254 }, 2 },
	{ PW_F_DPORT, { 22, 53, 80, 443 }, 4 },
	{ PW_F_SADDR4, { 10, 20, 30, 40 }, 4 },
	{ PW_F_SADDR6, { 10, 20, 30 }, 3 },
	{ PW_F_FIB_DADDR, { RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST }, 3 },
	{ PW_F_CT_ORIG_DADDR4, { 7, 8 }, 2 },
};

struct packet {
	uint32_t value[PW_NUM_FIELDS];
	bool has[PW_NUM_FIELDS];
};

static bool is_transport(uint32_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

/* What a packet has follows from what it is, as in the kernel */
static bool packet_has(const struct packet *p, enum pw_field field)
{
	bool v4 = p->value[PW_F_NFPROTO] == 2;
	uint32_t l4 = p->value[PW_F_L4PROTO];
	bool tracked = p->value[PW_F_CT_STATE] <= PW_CT_NEW;

	switch (field) {
	case PW_F_L4PROTO:
		return l4 != PW_L4PROTO_NONE;
	case PW_F_CT_DNAT:
		return tracked;
	case PW_F_TCP_SYNACK:
		return l4 == IPPROTO_TCP;
	case PW_F_SOCKET_WILDCARD:
		return p->value[field] != PW_SOCKET_NONE;
	case PW_F_ICMP_TYPE:
		return v4 && l4 == IPPROTO_ICMP;
	case PW_F_ICMPV6_TYPE:
		return !v4 && l4 == IPPROTO_ICMPV6;
	case PW_F_SPORT:
	case PW_F_DPORT:
		return is_transport(l4);
	case PW_F_TTL:
	case PW_F_SADDR4:
	case PW_F_DADDR4:
		return v4;
	case PW_F_HOPLIMIT:
	case PW_F_SADDR6:
	case PW_F_DADDR6:
		return !v4;
	case PW_F_CT_ORIG_DADDR4:
		return v4 && tracked;
	case PW_F_CT_ORIG_DADDR6:
		return !v4 && tracked;
	default:
		return true;
	}
}

static void random_packet(struct packet *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < PW_ARRAY_SIZE(pools); i++)
		p->value[pools[i].field] =
			pools[i].values[draw(pools[i].num)] + (draw(12) == 0);
	p->value[PW_F_NFPROTO] = draw(2) ? 2 : 10;
	p->value[PW_F_CT_STATE] = draw(PW_NUM_CT_STATES);
	p->value[PW_F_CT_DNAT] = draw(2);
	p->value[PW_F_TCP_SYNACK] = (draw(2) << 1) | (draw(2) << 4);
	p->value[PW_F_SOCKET_WILDCARD] = draw(3);
	if (!draw(12))
		p->value[PW_F_L4PROTO] = PW_L4PROTO_NONE;
	for (int f = 0; f < PW_NUM_FIELDS; f++)
		p->has[f] = packet_has(p, f);
}

/* Whether a fact is so: by chance, but the same for all who ask */
static uint64_t fact_seed;

static bool fact_holds(const char *name, uint32_t key)
{
	uint64_t h = fact_seed ^ key;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x9e3779b97f4a7c15u;
	return h >> 63;
}

static bool in_range(const struct pw_range *range, uint32_t v)
{
	return range->first.lo <= v && v <= range->last.lo;
}

static bool match_holds(const struct pw_ruleset *rs, const struct packet *p,
			const struct pw_match *m)
{
	uint32_t v = p->value[m->field];
	const struct pw_set *set;
	bool in;

	if (!p->has[m->field])
		return false;
	if (m->set == PW_NONE) {
		in = in_range(&m->range, v);
	} else {
		set = &rs->sets[m->set];
		in = set->constant
			? pw_rangeset_contains(set->elems, pw_value32(v))
			: fact_holds(set->name, m->field);
	}
	return in != m->negated;
}

static uint32_t key_of(const struct pw_map *map, const struct packet *p)
{
	switch (map->key) {
	case PW_K_PORT:
		return p->has[PW_F_DPORT] ? p->value[PW_F_DPORT] : PW_NONE;
	case PW_K_PROTO_PORT:
		return p->has[PW_F_DPORT]
			? p->value[PW_F_L4PROTO] << 16 | p->value[PW_F_DPORT]
			: PW_NONE;
	case PW_K_PROTO:
		return p->has[PW_F_L4PROTO] ? p->value[PW_F_L4PROTO] : PW_NONE;
	default:
		return p->value[PW_F_FIB_DADDR];
	}
}

static const struct pw_map_elem *look_up(const struct pw_map *map,
					 const struct packet *p)
{
	uint32_t key = key_of(map, p);

	for (size_t i = 0; i < map->num_elems; i++)
		if (key != PW_NONE && map->elems[i].key == key)
			return &map->elems[i];
	return NULL;
}

static bool effect_goes_on(const struct pw_ruleset *rs, const struct packet *p,
			   const struct pw_effect *e)
{
	switch (e->kind) {
	case PW_E_LIMIT:
		return fact_holds(rs->objs[e->obj].name, 0);
	case PW_E_UPDATE:
		if (rs->sets[e->set].type == PW_T_MARK_IPV4 &&
		    p->value[PW_F_NFPROTO] != 2)
			return false;
		return fact_holds(rs->sets[e->set].name, e->key) !=
		       e->conns_over;
	case PW_E_COUNTER_MAP:
		return look_up(&rs->maps[e->map], p);
	default:
		return true;
	}
}

struct decision {
	enum pw_outcome outcome;
	uint32_t chain, rule;
};

/* The verdict that stands in the rule, or PW_V_NONE if it does not match */
static struct pw_verdict ask_rule(const struct pw_ruleset *rs,
				  const struct packet *p,
				  const struct pw_rule *r)
{
	struct pw_verdict none = { .kind = PW_V_NONE };
	const struct pw_map_elem *elem;

	for (size_t i = 0; i < r->num_matches; i++)
		if (!match_holds(rs, p, &r->matches[i]))
			return none;
	for (size_t i = 0; i < r->num_effects; i++)
		if (!effect_goes_on(rs, p, &r->effects[i]))
			return none;
	if (r->verdict.kind != PW_V_MAP)
		return r->verdict;
	elem = look_up(&rs->maps[r->verdict.map], p);
	return elem ? elem->verdict : none;
}

static bool walk(const struct pw_ruleset *rs, const struct packet *p,
		 uint32_t chain, struct decision *out)
{
	const struct pw_chain *c = &rs->chains[chain];

	for (size_t i = 0; i < c->num_rules; i++) {
		struct pw_verdict v = ask_rule(rs, p, &c->rules[i]);

		*out = (struct decision){ PW_OUT_ACCEPT, chain, (uint32_t)i };
		switch (v.kind) {
		case PW_V_NONE:
			break;
		case PW_V_ACCEPT:
			return true;
		case PW_V_DROP:
			out->outcome = PW_OUT_DROP;
			return true;
		case PW_V_RETURN:
			return false;
		case PW_V_JUMP:
			if (walk(rs, p, v.chain, out))
				return true;
			break;
		case PW_V_GOTO:
			return walk(rs, p, v.chain, out);
		default:
			out->outcome = PW_OUT_REFUSE;
			return true;
		}
	}
	return false;
}

#define NUM_CHAINS 7
#define NUM_BASES  2	/* the first chains */

static size_t num_runs, num_shared;

static const enum pw_verdict_kind verdicts[] = {
	PW_V_NONE, PW_V_ACCEPT, PW_V_DROP, PW_V_RETURN, PW_V_JUMP, PW_V_JUMP,
	PW_V_JUMP, PW_V_GOTO, PW_V_REJECT_PORT, PW_V_MAP, PW_V_MAP,
};

/* Later chains only: no cycles */
static struct pw_verdict random_way(uint32_t chain)
{
	struct pw_verdict v = { .kind = draw(2) ? PW_V_JUMP : PW_V_GOTO };

	if (chain + 1 == NUM_CHAINS || !draw(3))
		return (struct pw_verdict){
			.kind = draw(2) ? PW_V_ACCEPT : PW_V_DROP };
	v.chain = chain < NUM_BASES ? NUM_BASES : chain + 1;
	v.chain += draw(NUM_CHAINS - v.chain);
	return v;
}

static uint32_t random_map(struct pw_ruleset *rs, uint32_t chain, bool counters)
{
	static const enum pw_map_key keys[] = {
		PW_K_PORT, PW_K_PROTO_PORT, PW_K_PROTO_PORT, PW_K_PROTO,
		PW_K_FIB_DADDR,
	};
	static const uint32_t protos[] = { 6, 17, 132 };
	enum pw_map_key key = keys[draw(counters ? 3 : 5)];
	char name[16];
	int64_t map;

	snprintf(name, sizeof(name), "m%zu", rs->num_maps);
	map = pw_ruleset_add_map(rs, name, key, counters);
	assert_true(map >= 0);
	for (uint32_t i = 0, n = draw(5); i < n; i++) {
		struct pw_map_elem elem = { .verdict = random_way(chain) };
		uint32_t port = pools[10].values[i % 4];

		elem.key = key == PW_K_FIB_DADDR ? 1 + i :
			   key == PW_K_PROTO ? pools[2].values[i] :
			   key == PW_K_PORT ? port :
			   protos[i % 3] << 16 | port;
		if (i < 4)
			pw_map_add(&rs->maps[map], &elem);
	}
	return (uint32_t)map;
}

/* Two sets of addresses, a set of ports, and two sets that change */
static void add_sets(struct pw_ruleset *rs)
{
	static const struct pw_set kinds[] = {
		{ .name = (char *)(uintptr_t)"s0", .type = PW_T_IPV4,
		  .constant = true },
		{ .name = (char *)(uintptr_t)"s1", .type = PW_T_IPV4,
		  .constant = true },
		{ .name = (char *)(uintptr_t)"s2", .type = PW_T_IPV4,
		  .dynamic = true },
		{ .name = (char *)(uintptr_t)"s3", .type = PW_T_MARK_IPV4,
		  .dynamic = true },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++) {
		struct pw_set set = kinds[i];

		if (set.constant) {
			set.elems = pw_rangeset_new(32);
			for (uint32_t j = 0; j < 5; j++)
				if (draw(2))
					pw_rangeset_add32(set.elems, 10 * j,
							  10 * j + draw(2));
			assert_int_equal(pw_rangeset_normalise(set.elems), 0);
		}
		assert_true(pw_ruleset_add_set(rs, &set) >= 0);
		pw_rangeset_free(set.elems);
	}
}

static void random_match(struct pw_match *m)
{
	const struct pool *pool = &pools[draw(PW_ARRAY_SIZE(pools))];
	uint32_t v = pool->values[draw(pool->num)];

	*m = (struct pw_match){ .field = pool->field, .negated = !draw(4),
				.set = PW_NONE };
	m->range.first = m->range.last = pw_value32(v);
	if (!draw(4) && pool->field == PW_F_DPORT)
		m->range.last = pw_value32(v + 30);
	if (draw(2) && pool->field == PW_F_SADDR4)
		m->set = draw(3);
}

static void random_effect(struct pw_ruleset *rs, uint32_t chain,
			  struct pw_effect *e)
{
	*e = (struct pw_effect){ .kind = PW_E_LIMIT, .obj = draw(2) };
	if (!draw(3)) {
		e->kind = PW_E_UPDATE;
		e->set = 3;
		e->key = 1 + draw(2);
		e->rate.count = 5;
		if (!draw(2)) {
			e->rate.count = 0;
			e->conns = 3;
			e->conns_over = true;
			e->key += 10;
		}
	} else if (!draw(3)) {
		e->kind = PW_E_COUNTER_MAP;
		e->map = random_map(rs, chain, true);
	}
}

static void random_rule(struct pw_ruleset *rs, uint32_t chain)
{
	struct pw_match matches[3] = { 0 };
	struct pw_effect effects[1];
	struct pw_rule rule = { .matches = matches, .effects = effects,
				.section = PW_NONE };

	for (uint32_t i = 0, n = draw(4); i < n; i++) {
		random_match(&matches[rule.num_matches]);
		rule.num_matches++;
	}
	if (!draw(4)) {
		random_effect(rs, chain, &effects[0]);
		rule.num_effects = 1;
	}
	rule.verdict.kind = verdicts[draw(PW_ARRAY_SIZE(verdicts))];
	if (rule.verdict.kind == PW_V_MAP)
		rule.verdict.map = random_map(rs, chain, false);
	else if (rule.verdict.kind == PW_V_JUMP ||
		 rule.verdict.kind == PW_V_GOTO)
		rule.verdict = random_way(chain);
	/* A field twice is refused: such a rule is left out */
	pw_ruleset_add_rule(rs, chain, &rule);
}

static struct pw_ruleset *random_ruleset(void)
{
	static const struct pw_rate rate = { 5, 1, 5 };
	struct pw_ruleset *rs = pw_ruleset_new();

	assert_non_null(rs);
	for (int i = 0; i < NUM_CHAINS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%d", i);
		if (i < NUM_BASES)
			pw_ruleset_add_base(rs, name, PW_HOOK_INPUT, i,
					    draw(2) ? PW_V_ACCEPT : PW_V_DROP);
		else
			pw_ruleset_add_chain(rs, name);
	}
	pw_ruleset_add_obj(rs, "l0", PW_O_LIMIT, &rate);
	pw_ruleset_add_obj(rs, "l1", PW_O_LIMIT, &rate);
	add_sets(rs);
	for (uint32_t chain = 0; chain < NUM_CHAINS; chain++)
		for (uint32_t i = 0, n = 2 + draw(6); i < n; i++)
			random_rule(rs, chain);
	return rs;
}

static bool var_holds(void *arg, uint32_t var)
{
	const struct pw_eval *ev = arg;
	const struct pw_fact *fact = &ev->facts[var];

	return fact_holds(fact->name, fact->kind == PW_FACT_MEMBER
					      ? (uint32_t)fact->field
					      : fact->key);
}

static bool box_has(struct pw_eval *ev, const struct pw_box *box,
		    const struct packet *p)
{
	for (int f = 0; f < PW_NUM_FIELDS; f++) {
		uint32_t id = box->f[f];
		bool has = p->has[f] || f == PW_F_L4PROTO ||
			   f == PW_F_SOCKET_WILDCARD;

		if (id == PW_VALUE_ANY)
			continue;
		if (!has || !pw_values_contains(ev->space.values, id,
						pw_value32(p->value[f])))
			return false;
	}
	return pw_cond_holds(ev->space.conds, box->cond, var_holds, ev);
}

/* How often: of a run, in each context of this base chain */
static size_t cell_has(struct pw_eval *ev, const struct pw_cell *cell,
		       uint32_t base, const struct packet *p)
{
	const struct pw_run *run;
	size_t num = 0;

	if (!cell->run)
		return box_has(ev, &cell->box, p);
	run = &ev->runs[cell->run - 1];
	for (size_t i = 0; i < run->contexts.num; i++) {
		struct pw_box box;

		pw_run_expand(ev, &run->contexts.items[i], &cell->box, &box);
		num += run->bases[i] == base && box_has(ev, &box, p);
	}
	return num;
}

/* Cells from @first on are of @base, those before it only as parts of runs */
static void check_packet(struct pw_eval *ev, uint32_t base, size_t first)
{
	const struct pw_cell *cell = NULL;
	struct decision want = { 0 };
	struct packet p;

	random_packet(&p);
	fact_seed = (uint64_t)draw(1u << 31) << 20;
	if (!walk(ev->rs, &p, base, &want)) {
		want.chain = base;
		want.rule = PW_NONE;
		want.outcome = ev->rs->chains[base].policy == PW_V_DROP
			? PW_OUT_DROP : PW_OUT_ACCEPT;
	}
	for (size_t i = 0; i < ev->num_cells; i++) {
		size_t num = i >= first || ev->cells[i].run
			? cell_has(ev, &ev->cells[i], base, &p) : 0;

		assert_true(num + !!cell <= 1);		/* they are disjoint */
		if (num)
			cell = &ev->cells[i];
	}
	assert_non_null(cell);
	assert_int_equal(cell->outcome, want.outcome);
	assert_int_equal(cell->chain, want.chain);
	assert_int_equal(cell->rule, want.rule);
}

/* @share: from two base chains that lead to the same rules */
static void check_random_rules(uint32_t share)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = random_ruleset();
	pw_owned(pw_eval_free) struct pw_eval *ev = NULL;
	struct pw_box all;

	assert_int_equal(pw_eval_new(rs, &ev), 0);
	ev->share = share;
	for (uint32_t base = 0; base < NUM_BASES; base++) {
		size_t first = ev->num_cells;

		pw_eval_domain(ev, PW_HOOK_INPUT, &all);
		assert_int_equal(pw_eval_base(ev, base, &all), 0);
		for (int i = 0; i < 50; i++)
			check_packet(ev, base, first);
	}
	num_runs += ev->num_runs;
	for (size_t i = 0; i < ev->num_runs; i++)
		num_shared += ev->runs[i].contexts.num > 1;
}

static void cells_say_what_packets_meet(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++)
		check_random_rules(0);
	assert_int_equal(num_runs, 0);
}

static void runs_stand_for_many_ways(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++)
		check_random_rules(2);
	assert_true(num_runs > 100 && num_shared > 20);
}

static void jumps_have_the_depth_of_the_kernel(void **state)
{
	(void)state;
	for (uint32_t deep = 14; deep < 18; deep++) {
		pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
			pw_ruleset_new();
		pw_owned(pw_eval_free) struct pw_eval *ev = NULL;
		struct pw_box all;

		pw_ruleset_add_base(rs, "c", PW_HOOK_INPUT, 0, PW_V_ACCEPT);
		for (uint32_t i = 0; i < deep; i++) {
			struct pw_rule jump = {
				.verdict = { PW_V_JUMP, i + 1, 0 } };
			char name[16];

			snprintf(name, sizeof(name), "c%u", i);
			pw_ruleset_add_chain(rs, name);
			pw_ruleset_add_rule(rs, i, &jump);
		}
		assert_int_equal(pw_eval_new(rs, &ev), 0);
		pw_eval_domain(ev, PW_HOOK_INPUT, &all);
		assert_int_equal(pw_eval_base(ev, 0, &all),
				 deep < 16 ? 0 : -ELOOP);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_say_what_packets_meet),
		cmocka_unit_test(runs_stand_for_many_ways),
		cmocka_unit_test(jumps_have_the_depth_of_the_kernel),
	};

	return cmocka_run_group_tests_name("eval", tests, NULL, NULL);
}
