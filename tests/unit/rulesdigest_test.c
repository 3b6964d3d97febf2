// SPDX-License-Identifier: GPL-2.0-or-later
/* The digest of rules: blind to what has no meaning, to nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "live/rulesdigest.h"
#include "portwall/compile.h"
#include "portwall/policy.h"

static const char policy_text[] =
	"[policy]\nlog = 5/minute\nping = 10/second\ndefault = reject\n"
	"[allow web]\ntcp = 80, 443\n"
	"[allow udp]\nudp = 443\n"
	"[allow ssh]\ntcp = 22\nfrom = 192.0.2.0/24\nrate = 6/minute per source\n"
	"[allow db]\ntcp = 5432\non = eth1\nconnections = 3\nlog = 1/minute\n"
	"[block bad]\nfrom = 198.51.100.1, 198.51.100.3, 198.51.100.5, "
	"198.51.100.7, 198.51.100.9, 198.51.100.11, 198.51.100.13, "
	"198.51.100.15, 198.51.100.17, 198.51.100.19\n";

static struct pw_ruleset *compiled(void)
{
	const struct pw_host host = { .now_ns = 1800000000ull * 1000000000u };
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text("t.ini", NULL, policy_text,
				    strlen(policy_text));
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	struct pw_ruleset *rs = NULL;

	assert_int_equal(pw_policy_parse(src, &policy, diags), 0);
	assert_int_equal(pw_policy_resolve(policy, &host, &model, diags), 0);
	assert_int_equal(pw_compile(model, 1, &rs, diags), 0);
	return rs;
}

/* The first rule that satisfies @fits */
static struct pw_rule *find_rule(struct pw_ruleset *rs,
				 bool (*fits)(const struct pw_rule *rule))
{
	for (size_t c = 0; c < rs->num_chains; c++)
		for (size_t r = 0; r < rs->chains[c].num_rules; r++)
			if (fits(&rs->chains[c].rules[r]))
				return &rs->chains[c].rules[r];
	fail_msg("the policy has no such rule");
	return NULL;
}

static struct pw_effect *find_effect(struct pw_ruleset *rs,
				     enum pw_effect_kind kind)
{
	for (size_t c = 0; c < rs->num_chains; c++) {
		for (size_t r = 0; r < rs->chains[c].num_rules; r++) {
			struct pw_rule *rule = &rs->chains[c].rules[r];

			for (size_t e = 0; e < rule->num_effects; e++)
				if (rule->effects[e].kind == kind)
					return &rule->effects[e];
		}
	}
	fail_msg("the policy has no such effect");
	return NULL;
}

static bool matches_range(const struct pw_rule *rule)
{
	return rule->num_matches && rule->matches[0].set == PW_NONE;
}

static bool matches_set(const struct pw_rule *rule)
{
	return rule->num_matches && rule->matches[0].set != PW_NONE;
}

static bool accepts(const struct pw_rule *rule)
{
	return rule->verdict.kind == PW_V_ACCEPT;
}

static bool jumps(const struct pw_rule *rule)
{
	return rule->verdict.kind == PW_V_JUMP;
}

static bool has_comment(const struct pw_rule *rule)
{
	return rule->comment;
}

static struct pw_chain *full_chain(struct pw_ruleset *rs)
{
	for (size_t c = 0; c < rs->num_chains; c++)
		if (rs->chains[c].num_rules > 1)
			return &rs->chains[c];
	fail_msg("the policy has no chain of two rules");
	return NULL;
}

static struct pw_map *find_map(struct pw_ruleset *rs, bool counters)
{
	for (size_t i = 0; i < rs->num_maps; i++)
		if (rs->maps[i].counters == counters && rs->maps[i].num_elems)
			return &rs->maps[i];
	fail_msg("the policy has no such map");
	return NULL;
}

static struct pw_obj *find_limit(struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_objs; i++)
		if (rs->objs[i].kind == PW_O_LIMIT)
			return &rs->objs[i];
	fail_msg("the policy has no limit");
	return NULL;
}

static void nothing(struct pw_ruleset *rs)
{
	(void)rs;
}

static void comment(struct pw_ruleset *rs)
{
	find_rule(rs, has_comment)->comment[0]++;
}

static void handle(struct pw_ruleset *rs)
{
	rs->chains[0].handle = 7;
	find_rule(rs, accepts)->handle = 7;
}

static void counter_value(struct pw_ruleset *rs)
{
	rs->objs[0].packets = 7;
}

static void section(struct pw_ruleset *rs)
{
	find_rule(rs, accepts)->section = PW_NONE - 1;
}

static void range(struct pw_ruleset *rs)
{
	find_rule(rs, matches_range)->matches[0].range.last.lo++;
}

static void other_half(struct pw_ruleset *rs)
{
	find_rule(rs, matches_range)->matches[0].range.first.hi++;
}

static void negation(struct pw_ruleset *rs)
{
	find_rule(rs, matches_set)->matches[0].negated ^= true;
}

static void field(struct pw_ruleset *rs)
{
	find_rule(rs, matches_range)->matches[0].field++;
}

static void other_set(struct pw_ruleset *rs)
{
	struct pw_match *match = &find_rule(rs, matches_set)->matches[0];

	match->set = match->set ? 0 : 1;
}

static void verdict(struct pw_ruleset *rs)
{
	find_rule(rs, accepts)->verdict.kind = PW_V_DROP;
}

static void target(struct pw_ruleset *rs)
{
	struct pw_verdict *v = &find_rule(rs, jumps)->verdict;

	v->chain = v->chain ? 0 : 1;
}

static void rule_less(struct pw_ruleset *rs)
{
	struct pw_chain *chain = full_chain(rs);
	struct pw_rule last = chain->rules[chain->num_rules - 1];

	/* what lies behind the end is not freed with its chain */
	chain->num_rules--;
	free(last.matches);
	free(last.effects);
	free(last.comment);
}

static void rules_swapped(struct pw_ruleset *rs)
{
	struct pw_chain *chain = full_chain(rs);
	struct pw_rule first = chain->rules[0];

	chain->rules[0] = chain->rules[1];
	chain->rules[1] = first;
}

static void other_counter(struct pw_ruleset *rs)
{
	struct pw_effect *e = find_effect(rs, PW_E_COUNTER);

	e->obj = e->obj ? 0 : 1;
}

static void update_key(struct pw_ruleset *rs)
{
	find_effect(rs, PW_E_UPDATE)->key++;
}

static void update_timeout(struct pw_ruleset *rs)
{
	find_effect(rs, PW_E_UPDATE)->timeout_ms++;
}

static void log_text(struct pw_ruleset *rs)
{
	find_effect(rs, PW_E_LOG)->text[0]++;
}

static void base_policy(struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_chains; i++)
		if (rs->chains[i].hook == PW_HOOK_INPUT)
			rs->chains[i].policy = PW_V_ACCEPT;
}

static void base_priority(struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_chains; i++)
		if (rs->chains[i].hook == PW_HOOK_INPUT)
			rs->chains[i].priority++;
}

static void set_declaration(struct pw_ruleset *rs)
{
	rs->sets[0].size++;
}

static void set_name(struct pw_ruleset *rs)
{
	rs->sets[0].name[0]++;
}

static void map_key(struct pw_ruleset *rs)
{
	find_map(rs, false)->elems[0].key++;
}

static void map_verdict(struct pw_ruleset *rs)
{
	find_map(rs, false)->elems[0].verdict.kind = PW_V_DROP;
}

static void map_less(struct pw_ruleset *rs)
{
	find_map(rs, false)->num_elems--;
}

static void rate(struct pw_ruleset *rs)
{
	find_limit(rs)->rate.burst++;
}

static const struct change_case {
	const char *name;
	void (*change)(struct pw_ruleset *rs);
	bool seen;
} cases[] = {
	{ "nothing", nothing, false },
	{ "comment of a rule", comment, false },
	{ "handles", handle, false },
	{ "what a counter counted", counter_value, false },
	{ "section of a rule", section, false },
	{ "a range by one", range, true },
	{ "upper half of a range", other_half, true },
	{ "a match negated", negation, true },
	{ "another field", field, true },
	{ "another set", other_set, true },
	{ "accept made drop", verdict, true },
	{ "another target", target, true },
	{ "one rule less", rule_less, true },
	{ "two rules swapped", rules_swapped, true },
	{ "another counter", other_counter, true },
	{ "another key of a limit", update_key, true },
	{ "another timeout", update_timeout, true },
	{ "another log prefix", log_text, true },
	{ "policy of a base chain", base_policy, true },
	{ "priority of a base chain", base_priority, true },
	{ "declaration of a set", set_declaration, true },
	{ "name of a set", set_name, true },
	{ "key of a map", map_key, true },
	{ "verdict of a map", map_verdict, true },
	{ "one element less in a map", map_less, true },
	{ "a rate", rate, true },
};

static void digests(void **state)
{
	const struct change_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *a = compiled();
	pw_owned(pw_ruleset_free) struct pw_ruleset *b = compiled();
	uint8_t digest_a[32], digest_b[32];

	tc->change(b);
	pw_rules_digest(a, digest_a);
	pw_rules_digest(b, digest_b);
	assert_int_equal(memcmp(digest_a, digest_b, 32) != 0, tc->seen);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(cases)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){
			cases[i].name, digests, NULL, NULL,
			(void *)(uintptr_t)&cases[i]
		};
	return _cmocka_run_group_tests("rulesdigest", tests,
				       PW_ARRAY_SIZE(tests), NULL, NULL);
}
