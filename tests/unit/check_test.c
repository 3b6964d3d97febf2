// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rulesets that cannot be encoded or mean nothing, as damage or another program
 * may have left them: each is refused with a sentence, and differs from the
 * whole one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>
#include <portwall/own.h>
#include <portwall/ruleset.h>

enum { C_INPUT, C_LEAF };
enum { S_PORTS, S_SEEN, S_OPEN, S_NAMES };
enum { M_WAYS, M_COUNTS };
enum { O_COUNT, O_LIMIT };
/* Rules of the leaf */
enum { R_PORTS, R_UPDATE, R_LOG, R_COUNT, R_LIMIT, R_PASS };

static struct pw_rangeset *one_range(unsigned int bits, struct pw_range range)
{
	struct pw_rangeset *set = pw_rangeset_of(bits, range.first, range.last);

	assert_non_null(set);
	return set;
}

static void add_sets(struct pw_ruleset *rs)
{
	struct pw_range name;
	struct pw_set sets[] = {
		[S_PORTS] = { .name = (char[]){ "p" }, .type = PW_T_PORT,
			      .constant = true, .interval = true },
		[S_SEEN] = { .name = (char[]){ "s" }, .type = PW_T_MARK,
			     .dynamic = true, .size = 9 },
		[S_OPEN] = { .name = (char[]){ "t" }, .type = PW_T_PORT_PROTO,
			     .timeout = true },
		[S_NAMES] = { .name = (char[]){ "u" }, .type = PW_T_IFNAME,
			      .constant = true, .interval = true },
	};

	assert_int_equal(pw_ifname_range("eth0", 4, &name), 0);
	sets[S_PORTS].elems = one_range(16, (struct pw_range){ { 0, 80 },
							       { 0, 90 } });
	sets[S_NAMES].elems = one_range(128, name);
	for (size_t i = 0; i < PW_ARRAY_SIZE(sets); i++) {
		assert_int_equal(pw_ruleset_add_set(rs, &sets[i]), i);
		pw_rangeset_free(sets[i].elems);
	}
}

static void add_maps(struct pw_ruleset *rs)
{
	const struct pw_map_elem way = {
		.key = 80, .obj = PW_NONE,
		.verdict = { PW_V_ACCEPT, PW_NONE, PW_NONE } };
	const struct pw_map_elem count = { .key = 80, .obj = O_COUNT };
	const struct pw_rate rate = { 1, 1, 1 };

	assert_int_equal(pw_ruleset_add_obj(rs, "c", PW_O_COUNTER, NULL), 0);
	assert_int_equal(pw_ruleset_add_obj(rs, "l", PW_O_LIMIT, &rate), 1);
	assert_int_equal(pw_ruleset_add_map(rs, "v", PW_K_PORT, false), 0);
	assert_int_equal(pw_ruleset_add_map(rs, "w", PW_K_PORT, true), 1);
	assert_int_equal(pw_map_add(&rs->maps[M_WAYS], &way), 0);
	assert_int_equal(pw_map_add(&rs->maps[M_COUNTS], &count), 0);
}

static void add_rules(struct pw_ruleset *rs)
{
	struct pw_match tcp = { .field = PW_F_L4PROTO, .set = PW_NONE,
				.range = { { 0, IPPROTO_TCP },
					   { 0, IPPROTO_TCP } } };
	struct pw_match ports[] = {
		tcp, { .field = PW_F_DPORT, .set = S_PORTS },
	};
	struct pw_effect effects[] = {
		[R_UPDATE] = { .kind = PW_E_UPDATE, .set = S_SEEN, .key = 7,
			       .conns = 3 },
		[R_LOG] = { .kind = PW_E_LOG, .text = (char[]){ "log" } },
		[R_COUNT] = { .kind = PW_E_COUNTER_MAP, .map = M_COUNTS },
		[R_LIMIT] = { .kind = PW_E_LIMIT_INLINE, .rate = { 1, 1, 1 } },
	};

	for (int i = R_PORTS; i <= R_PASS; i++) {
		const struct pw_rule rule = {
			.matches = i == R_PORTS ? ports : &tcp,
			.num_matches = i == R_PORTS ? 2 : 1,
			.effects = i < R_PASS ? &effects[i] : NULL,
			.num_effects = i != R_PORTS && i < R_PASS,
			.verdict = { PW_V_ACCEPT, PW_NONE, PW_NONE },
			.comment = i == R_PASS ? (char[]){ "why" } : NULL,
		};

		assert_int_equal(pw_ruleset_add_rule(rs, C_LEAF, &rule), 0);
	}
}

static struct pw_ruleset *whole(void)
{
	struct pw_ruleset *rs = pw_ruleset_new();

	assert_non_null(rs);
	assert_int_equal(pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0,
					     PW_V_DROP), C_INPUT);
	assert_int_equal(pw_ruleset_add_chain(rs, "leaf"), C_LEAF);
	add_sets(rs);
	add_maps(rs);
	add_rules(rs);
	return rs;
}

#define RULE(n) (&rs->chains[C_LEAF].rules[n])
#define EFFECT(n) RULE(n)->effects[0]

/* Each spoils one thing; tests of one thing are one line each */
#define SPOILS(name, what) \
	static void name(struct pw_ruleset *rs) { what; }

SPOILS(set_name, rs->sets[S_PORTS].name[0] = '\n')
SPOILS(no_name, rs->sets[S_PORTS].name[0] = '\0')
SPOILS(set_type, rs->sets[S_SEEN].type = PW_NUM_SET_TYPES)
SPOILS(set_loose, rs->sets[S_PORTS].constant = false)
SPOILS(set_width, rs->sets[S_PORTS].type = PW_T_IPV4)
SPOILS(set_unsorted, rs->sets[S_PORTS].elems->normal = false)
SPOILS(set_both, rs->sets[S_PORTS].dynamic = true)
SPOILS(set_aging, rs->sets[S_PORTS].timeout = true)
SPOILS(set_unbounded, rs->sets[S_SEEN].size = 0)
SPOILS(set_ranges, rs->sets[S_SEEN].interval = true)
SPOILS(open_constant, rs->sets[S_OPEN].constant = true;
       rs->sets[S_OPEN].timeout = false)
SPOILS(open_dynamic, rs->sets[S_OPEN].dynamic = true;
       rs->sets[S_OPEN].size = 1)
SPOILS(set_still, rs->sets[S_SEEN].dynamic = false;
       rs->sets[S_SEEN].type = PW_T_MARK_IPV4)
SPOILS(set_life, rs->sets[S_SEEN].timeout_ms = 1000)
SPOILS(set_comment, rs->sets[S_SEEN].comment = strdup("\x1b"))
SPOILS(set_tilde, rs->sets[S_SEEN].comment = strdup("\x7f"))
SPOILS(set_quote, struct pw_range name;
       assert_int_equal(pw_ifname_range("eth\"", 4, &name), 0);
       pw_rangeset_free(rs->sets[S_NAMES].elems);
       rs->sets[S_NAMES].elems = one_range(128, name))
SPOILS(map_name, rs->maps[M_WAYS].name[0] = '\x7f')
SPOILS(map_key, rs->maps[M_WAYS].key = PW_NUM_MAP_KEYS)
SPOILS(map_counts, rs->maps[M_COUNTS].key = PW_K_PROTO)
SPOILS(map_port, rs->maps[M_WAYS].elems[0].key = 65536)
SPOILS(map_verdict, rs->maps[M_WAYS].elems[0].verdict.kind = PW_V_RETURN)
SPOILS(map_object, rs->maps[M_COUNTS].elems[0].obj = 99)
SPOILS(map_wrong_object, rs->maps[M_COUNTS].elems[0].obj = O_LIMIT)
SPOILS(obj_name, rs->objs[O_COUNT].name[0] = '\x1f')
SPOILS(obj_rate, rs->objs[O_LIMIT].rate.count = 0)
SPOILS(obj_burst, rs->objs[O_LIMIT].rate.burst = 0)
SPOILS(obj_unit, rs->objs[O_LIMIT].rate.unit_s = 2)
SPOILS(obj_comment, rs->objs[O_COUNT].comment = strdup("\n"))
SPOILS(chain_name, rs->chains[C_LEAF].name[0] = '\t')
SPOILS(chain_policy, rs->chains[C_INPUT].policy = PW_V_RETURN)
SPOILS(no_field, RULE(R_PASS)->matches[0].field = PW_NUM_FIELDS)
SPOILS(no_set, RULE(R_PORTS)->matches[1].set = 99)
SPOILS(disorder, RULE(R_PORTS)->matches[1].field = PW_F_L4PROTO;
       RULE(R_PORTS)->matches[1].set = PW_NONE;
       RULE(R_PORTS)->matches[1].range = RULE(R_PORTS)->matches[0].range)
SPOILS(no_map, EFFECT(R_COUNT).map = 99)
SPOILS(wrong_map, EFFECT(R_COUNT).map = M_WAYS)
SPOILS(no_update, EFFECT(R_UPDATE).set = 99)
SPOILS(update_ports, EFFECT(R_UPDATE).set = S_PORTS)
SPOILS(update_open, EFFECT(R_UPDATE).set = S_OPEN)
SPOILS(update_port, rs->sets[S_SEEN].type = PW_T_PORT)
SPOILS(update_name, rs->sets[S_SEEN].type = PW_T_IFNAME)
SPOILS(update_family, rs->sets[S_SEEN].type = PW_T_NFPROTO)
SPOILS(update_key, rs->sets[S_SEEN].type = PW_T_IPV4)
SPOILS(update_life, EFFECT(R_UPDATE).timeout_ms = 1000)
SPOILS(update_rate, EFFECT(R_UPDATE).rate.count = 1)
SPOILS(update_twice, EFFECT(R_UPDATE).rate = ((struct pw_rate){ 1, 1, 1 }))
SPOILS(update_forgets, rs->sets[S_SEEN].timeout = true)
SPOILS(update_over, EFFECT(R_UPDATE).conns = 0;
       EFFECT(R_UPDATE).conns_over = true)
SPOILS(no_effect, EFFECT(R_LOG).kind = (enum pw_effect_kind)99)
SPOILS(no_prefix, free(EFFECT(R_LOG).text); EFFECT(R_LOG).text = NULL)
SPOILS(empty_prefix, EFFECT(R_LOG).text[0] = '\0')
SPOILS(quoted_prefix, EFFECT(R_LOG).text[0] = '"')
SPOILS(odd_prefix, EFFECT(R_LOG).text[0] = '\x01')
SPOILS(inline_rate, EFFECT(R_LIMIT).rate.unit_s = 0)
SPOILS(no_verdict, RULE(R_PASS)->verdict.kind = (enum pw_verdict_kind)99)
SPOILS(no_target, RULE(R_PASS)->verdict.kind = PW_V_JUMP;
       RULE(R_PASS)->verdict.chain = 99)
SPOILS(to_base, RULE(R_PASS)->verdict.kind = PW_V_GOTO;
       RULE(R_PASS)->verdict.chain = C_INPUT)
SPOILS(rule_comment, RULE(R_PASS)->comment[0] = '\x02')
SPOILS(long_name, free(rs->sets[S_SEEN].name);
       rs->sets[S_SEEN].name = calloc(1, 300);
       memset(rs->sets[S_SEEN].name, 'x', 256))
SPOILS(nothing, (void)rs)

static const struct spoilt {
	const char *name;
	void (*spoil)(struct pw_ruleset *rs);
	const char *words;	/* of the message; NULL: nothing is wrong */
} cases[] = {
	{ "nothing", nothing, NULL },
	{ "name of a set", set_name, "unusable name" },
	{ "no name", no_name, "unusable name" },
	{ "a name too long", long_name, "unusable name" },
	{ "type of a set", set_type, "has no type" },
	{ "elements of a set that changes", set_loose, "not constant" },
	{ "elements of another width", set_width, "of another type" },
	{ "elements in disorder", set_unsorted, "of another type" },
	{ "constant and dynamic", set_both, "constant and changes" },
	{ "constant and aging", set_aging, "constant and changes" },
	{ "dynamic without a size", set_unbounded, "filled by rules" },
	{ "dynamic with ranges", set_ranges, "filled by rules" },
	{ "openings that are constant", open_constant, "for openings" },
	{ "openings by rules", open_dynamic, "for openings" },
	{ "marks that no rule sets", set_still, "for rules to fill" },
	{ "a life and no timeout", set_life, "life but no timeout" },
	{ "comment of a set", set_comment, "comment of set s" },
	{ "DEL in a comment", set_tilde, "comment of set s" },
	{ "a name that nft cannot read", set_quote, "nft cannot read" },
	{ "name of a map", map_name, "unusable name" },
	{ "key of a map", map_key, "has no key" },
	{ "counters by protocol", map_counts, "but ports" },
	{ "port 65536", map_port, "impossible key 65536" },
	{ "return in a map", map_verdict, "maps cannot hold" },
	{ "no counter in a map", map_object, "" },
	{ "a limit in a map", map_wrong_object, "" },
	{ "name of an object", obj_name, "unusable name" },
	{ "limit without a count", obj_rate, "has no rate" },
	{ "limit without a burst", obj_burst, "has no rate" },
	{ "limit by two seconds", obj_unit, "has no rate" },
	{ "comment of an object", obj_comment, "comment of c" },
	{ "name of a chain", chain_name, "unusable name" },
	{ "policy of a base chain", chain_policy, "chain input: its policy" },
	{ "no field", no_field, "a match has no field" },
	{ "no set to look up", no_set, "" },
	{ "a field twice", disorder, "" },
	{ "no map to count", no_map, "a map is missing" },
	{ "a map of verdicts to count", wrong_map, "holds something else" },
	{ "no set to update", no_update, "to update is missing" },
	{ "update of a constant set", update_ports, "cannot be updated" },
	{ "update of openings", update_open, "cannot be updated" },
	{ "update of ports", update_port, "" },
	{ "update of names", update_name, "" },
	{ "update of families", update_family, "" },
	{ "a constant beside an address", update_key, "no constant" },
	{ "update with a life", update_life, "for ever" },
	{ "update with half a rate", update_rate, "has no rate" },
	{ "update with two limits", update_twice, "in two ways" },
	{ "connections that are forgotten", update_forgets, "forgets" },
	{ "over no connections", update_over, "up to nothing" },
	{ "no effect", no_effect, "has no kind" },
	{ "no prefix", no_prefix, "log prefix" },
	{ "an empty prefix", empty_prefix, "log prefix" },
	{ "a quote in a prefix", quoted_prefix, "log prefix" },
	{ "a control byte in a prefix", odd_prefix, "log prefix" },
	{ "inline limit", inline_rate, "a limit has no rate" },
	{ "no verdict", no_verdict, "no verdict" },
	{ "no chain to jump to", no_target, "is missing" },
	{ "goto a base chain", to_base, "base chain input" },
	{ "comment of a rule", rule_comment, "chain leaf, rule 6" },
};

static void refuses(void **state)
{
	const struct spoilt *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = whole();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	assert_non_null(diags);
	tc->spoil(rs);
	assert_int_equal(pw_ruleset_check(rs, diags), tc->words ? -EPROTO : 0);
	assert_int_equal(pw_diags_kept(diags), !!tc->words);
	if (tc->words && !strstr(pw_diags_get(diags, 0)->text, tc->words))
		fail_msg("%s", pw_diags_get(diags, 0)->text);
}

/* Two of each thing, which differ in one point; comments are no difference */
SPOILS(other_hook, rs->chains[C_INPUT].hook = PW_HOOK_FORWARD)
SPOILS(other_priority, rs->chains[C_INPUT].priority = 5)
SPOILS(fewer_matches, RULE(R_PORTS)->num_matches = 1)
SPOILS(fewer_effects, free(EFFECT(R_LOG).text);
       RULE(R_LOG)->num_effects = 0)
SPOILS(other_effect, EFFECT(R_LOG).kind = PW_E_LIMIT_INLINE;
       EFFECT(R_LOG).rate = ((struct pw_rate){ 1, 1, 1 }))
SPOILS(other_text, EFFECT(R_LOG).text[0] = 'L')
SPOILS(other_field, RULE(R_PASS)->matches[0].field = PW_F_NFPROTO)
SPOILS(other_sense, RULE(R_PASS)->matches[0].negated = true)
SPOILS(other_first, RULE(R_PASS)->matches[0].range.first.lo--)
SPOILS(other_last, RULE(R_PASS)->matches[0].range.last.lo++)
SPOILS(range_for_set, RULE(R_PORTS)->matches[1].set = PW_NONE)
SPOILS(other_set, RULE(R_PORTS)->matches[1].set = S_SEEN)
SPOILS(no_such_set, RULE(R_PORTS)->matches[1].set = 99)
SPOILS(other_mark, EFFECT(R_UPDATE).key++)
SPOILS(other_add, EFFECT(R_UPDATE).add = true)
SPOILS(other_life, EFFECT(R_UPDATE).timeout_ms = 1000)
SPOILS(other_conns, EFFECT(R_UPDATE).conns++)
SPOILS(other_over, EFFECT(R_UPDATE).conns_over = true)
SPOILS(other_update, EFFECT(R_UPDATE).set = S_PORTS)
SPOILS(other_limit, EFFECT(R_LIMIT).rate.unit_s = 60)
SPOILS(other_burst, EFFECT(R_LIMIT).rate.burst++)
SPOILS(other_map, EFFECT(R_COUNT).map = M_WAYS)
SPOILS(set_other_type, rs->sets[S_SEEN].type = PW_T_MARK_IPV4)
SPOILS(set_other_size, rs->sets[S_SEEN].size++)
SPOILS(map_other_obj, rs->maps[M_COUNTS].elems[0].obj = O_LIMIT)
SPOILS(map_other_kind, rs->maps[M_WAYS].counters = true)
SPOILS(map_other_way, rs->maps[M_WAYS].elems[0].verdict.kind = PW_V_DROP)
SPOILS(map_shorter, rs->maps[M_WAYS].num_elems = 0)
SPOILS(obj_other_kind, rs->objs[O_LIMIT].kind = PW_O_COUNTER)

static const struct {
	const char *name;
	void (*change)(struct pw_ruleset *rs);
	const char *what;
} changes[] = {
	{ "comments", rule_comment, NULL },
	{ "hook", other_hook, "another hook" },
	{ "priority", other_priority, "another hook or priority" },
	{ "fewer matches", fewer_matches, "rule 1" },
	{ "fewer effects", fewer_effects, "rule 3" },
	{ "another effect", other_effect, "rule 3" },
	{ "another text", other_text, "rule 3" },
	{ "another field", other_field, "rule 6" },
	{ "another sense", other_sense, "rule 6" },
	{ "first of a range", other_first, "rule 6" },
	{ "last of a range", other_last, "rule 6" },
	{ "a range for a set", range_for_set, "rule 1" },
	{ "another set", other_set, "rule 1" },
	{ "a set that is not there", no_such_set, "rule 1" },
	{ "another mark", other_mark, "rule 2" },
	{ "add for update", other_add, "rule 2" },
	{ "another life", other_life, "rule 2" },
	{ "more connections", other_conns, "rule 2" },
	{ "over for up to", other_over, "rule 2" },
	{ "another set to update", other_update, "rule 2" },
	{ "another unit", other_limit, "rule 5" },
	{ "another burst", other_burst, "rule 5" },
	{ "another map", other_map, "rule 4" },
	{ "type of a set", set_other_type, "set s" },
	{ "size of a set", set_other_size, "set s" },
	{ "counter in a map", map_other_obj, "map w" },
	{ "kind of a map", map_other_kind, "map v" },
	{ "verdict in a map", map_other_way, "map v" },
	{ "a map without its element", map_shorter, "map v" },
	{ "kind of an object", obj_other_kind, "l" },
};

static void differs(void **state)
{
	const char *want_what = changes[(uintptr_t)*state].what;
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = whole();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = whole();
	char *what = NULL;

	changes[(uintptr_t)*state].change(got);
	assert_int_equal(pw_ruleset_diff(want, got, &what), !!want_what);
	assert_int_equal(!!what, !!want_what);
	if (what && !strstr(what, want_what))
		fail_msg("%s", what);
	free(what);
}

#define NUM_CASES PW_ARRAY_SIZE(cases)
#define NUM_CHANGES PW_ARRAY_SIZE(changes)

int main(void)
{
	struct CMUnitTest tests[NUM_CASES + NUM_CHANGES] = { 0 };

	for (size_t i = 0; i < NUM_CASES; i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = refuses;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	for (size_t i = 0; i < NUM_CHANGES; i++) {
		tests[NUM_CASES + i].name = changes[i].name;
		tests[NUM_CASES + i].test_func = differs;
		tests[NUM_CASES + i].initial_state = (void *)(uintptr_t)i;
	}
	return cmocka_run_group_tests_name("rulesets that are refused", tests,
					   NULL, NULL);
}
