// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits and ends: right rules keep them, faults are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "act_help.h"

/* Calls @change for each rate and count of the rules */
static void each_rate(struct pw_ruleset *rs, void (*change)(struct pw_rate *))
{
	for (size_t i = 0; i < rs->num_objs; i++)
		if (rs->objs[i].kind == PW_O_LIMIT)
			change(&rs->objs[i].rate);
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t r = 0; r < rs->chains[i].num_rules; r++) {
			struct pw_rule *rule = &rs->chains[i].rules[r];

			for (size_t e = 0; e < rule->num_effects; e++)
				if (rule->effects[e].rate.count)
					change(&rule->effects[e].rate);
		}
}

static void triple(struct pw_rate *rate)
{
	rate->count *= 3;
	rate->burst *= 3;
}

static void tripled(struct pw_ruleset *rs)
{
	each_rate(rs, triple);
}

static void one_less(struct pw_rate *rate)
{
	rate->burst -= rate->burst > 1;
}

static void a_smaller_burst(struct pw_ruleset *rs)
{
	each_rate(rs, one_less);
}

static void one_more(struct pw_rate *rate)
{
	rate->burst++;
}

static void a_larger_burst(struct pw_ruleset *rs)
{
	each_rate(rs, one_more);
}

static void twice_as_many(struct pw_rate *rate)
{
	rate->count *= 2;
}

static void twice_as_fast(struct pw_ruleset *rs)
{
	each_rate(rs, twice_as_many);
}

static void by_day(struct pw_rate *rate)
{
	rate->unit_s = 86400;
}

static void never_again(struct pw_ruleset *rs)
{
	each_rate(rs, by_day);
}

static void change_counts(struct pw_ruleset *rs, int by)
{
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t r = 0; r < rs->chains[i].num_rules; r++) {
			struct pw_rule *rule = &rs->chains[i].rules[r];

			for (size_t e = 0; e < rule->num_effects; e++)
				if (rule->effects[e].conns &&
				    rule->effects[e].conns < 1000)
					rule->effects[e].conns += (uint32_t)by;
		}
}

static void a_connection_more(struct pw_ruleset *rs)
{
	change_counts(rs, 1);
}

static void a_connection_less(struct pw_ruleset *rs)
{
	change_counts(rs, -1);
}

/* All sources in one memory: the key without the address */
static void one_bucket(struct pw_ruleset *rs)
{
	uint32_t each = pw_ruleset_find_set(rs, "s.conn4");
	uint32_t all = pw_ruleset_find_set(rs, "s.conn");

	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t r = 0; r < rs->chains[i].num_rules; r++) {
			struct pw_rule *rule = &rs->chains[i].rules[r];

			for (size_t e = 0; e < rule->num_effects; e++) {
				struct pw_effect *effect = &rule->effects[e];

				if (effect->kind == PW_E_UPDATE &&
				    effect->set == each)
					effect->set = all;
			}
		}
}

/* Beyond the limit the tree goes on: there it is let through after all */
static void let_through(struct pw_ruleset *rs)
{
	struct pw_chain *c = act_chain(rs, "g1.end");

	c->rules[c->num_rules - 1].verdict.kind = PW_V_ACCEPT;
}

static void for_ever(struct pw_ruleset *rs)
{
	size_t found = 0;

	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t r = 0; r < rs->chains[i].num_rules; r++) {
			struct pw_rule *rule = &rs->chains[i].rules[r];
			size_t kept = 0;

			for (size_t m = 0; m < rule->num_matches; m++)
				if (rule->matches[m].field != PW_F_TIME)
					rule->matches[kept++] =
						rule->matches[m];
			found += rule->num_matches - kept;
			rule->num_matches = kept;
		}
	assert_int_not_equal(found, 0);
}

static bool is_timed(const struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].field == PW_F_TIME)
			return true;
	return false;
}

static void too_early(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_timed);
}

#define LIMITS pw_stage_limits
#define UNTIL pw_stage_until
#define PASS PW_RES_PASS
#define WRONG PW_RES_VIOLATION

#define MINUTE "[allow ssh]\ntcp = 22\nrate = 6/minute\n"
#define SOURCE "[allow ssh]\ntcp = 22\nrate = 6/minute per source\n"
#define SECOND "[allow dns]\nudp = 53\nrate = 4/second\n"
#define CONNS "[allow db]\ntcp = 5432, 5433\nconnections = 3\n"
#define CONNS_EACH "[allow db]\ntcp = 5432, 5433\nconnections = 3 per source\n"
#define BOTH "[allow ssh]\ntcp = 22\nrate = 9/minute per source\n" \
	"connections = 4 per source\n"
#define AHEAD "[allow old]\ntcp = 5432\nuntil = 2099-01-31T18:00Z\n"

static const struct act acts[] = {
	{ "no limits", "[allow web]\ntcp = 80\n", NULL, LIMITS, PASS, NULL },
	{ "by the minute", MINUTE, NULL, LIMITS, PASS,
	  "6 let through, 7th to 20th dropped; recovery shown at 6/second" },
	{ "by the minute, per source", SOURCE, NULL, LIMITS, PASS,
	  "7th to 20th dropped; another source has its own; recovery" },
	{ "by the second", SECOND, NULL, LIMITS, PASS, "; recovered" },
	{ "by the hour, refused",
	  "[policy]\ndefault = reject\n[allow s]\nsctp = 5\ntcp = 7\n"
	  "from = 203.0.113.0/24\nrate = 3/hour burst 5\n",
	  NULL, LIMITS, PASS, "5 let through, 6th to 19th refused" },
	{ "pings", "[policy]\nping = 10/second\n" SECOND, NULL, LIMITS, PASS,
	  "10 let through, 11th to 24th dropped; recovered" },
	{ "protocols and groups",
	  "[allow vpn]\nprotocol = esp\nrate = 5/minute\non = eth1\n"
	  "[allow mdns]\nudp = 5353\nto = 224.0.0.251\nrate = 3/minute\n",
	  NULL, LIMITS, PASS, "3 let through, 4th to 17th dropped" },
	{ "connections", CONNS, NULL, LIMITS, PASS,
	  "3 let through, 4th to 11th dropped; after one had ended, one" },
	{ "connections of each", CONNS_EACH, NULL, LIMITS, PASS,
	  "another source is counted by itself; after one had ended" },
	{ "connections of UDP",
	  "[allow vpn]\nudp = 1194\nconnections = 5\n", NULL, LIMITS, PASS,
	  "5 let through, 6th to 13th dropped; after all had ended, again" },
	{ "both", BOTH, NULL, LIMITS, PASS,
	  "9 let through, 10th to 23rd dropped" },
	{ "both, the connections", BOTH, NULL, LIMITS, PASS,
	  "4 let through, 5th to 12th dropped" },
	{ "never decisive", "[allow a]\ntcp = 22\n[allow b]\ntcp = 22\n"
	  "rate = 5/minute\n", NULL, LIMITS, PW_RES_SKIPPED,
	  "no packet was found that it decides alone" },
	{ "a fast one", "[allow a]\ntcp = 22\nrate = 300/second\n"
	  "[allow b]\ntcp = 23\nrate = 900000/second burst 10\n",
	  NULL, LIMITS, PW_RES_SKIPPED, "it fills faster than packets" },
	{ "three times as many", MINUTE, tripled, LIMITS, WRONG,
	  "18 of 20 packets were let through, the limit is 6" },
	{ "three times as many, per source", SOURCE, tripled, LIMITS, WRONG,
	  "18 of 20 packets were let through, the limit is 6" },
	{ "one more", SECOND, a_larger_burst, LIMITS, WRONG,
	  "5 of 18 packets were let through, the limit is 4" },
	{ "one less", MINUTE, a_smaller_burst, LIMITS, WRONG,
	  "only 5 of the first 6 packets" },
	{ "twice as fast", SECOND, twice_as_fast, LIMITS, WRONG,
	  "when the time of one had come again" },
	{ "no recovery", SECOND, never_again, LIMITS, WRONG,
	  "when its time had come again" },
	{ "open beyond it", SOURCE, let_through, LIMITS, WRONG,
	  "20 of 20 packets were let through" },
	{ "a connection more", CONNS, a_connection_more, LIMITS, WRONG,
	  "4 connections at once were let through, the limit is 3" },
	{ "a connection less", CONNS_EACH, a_connection_less, LIMITS, WRONG,
	  "only 2 of 3 connections" },
	{ "connections of all", CONNS_EACH, one_bucket, LIMITS, WRONG,
	  "it is not counted by itself" },
	{ "no ends", "[allow web]\ntcp = 80\n", NULL, UNTIL, PASS, NULL },
	{ "an end ahead", AHEAD, NULL, UNTIL, PASS, "just ahead" },
	{ "an end behind",
	  "[allow old]\ntcp = 5432\nuntil = 2020-01-31T18:00Z\n",
	  NULL, UNTIL, PASS, "its time is over" },
	{ "a block with an end", "[allow web]\ntcp = 80\n"
	  "[block some]\nfrom = 203.0.113.0/24\nuntil = 2099-01-31T18:00Z\n",
	  NULL, UNTIL, PASS, "just ahead" },
	{ "a block and a section that end at once",
	  "[allow web]\ntcp = 80, 81\nuntil = 2099-01-31T18:00Z\n"
	  "[allow other]\ntcp = 82\n"
	  "[block some]\nfrom = 203.0.113.0/24\nuntil = 2099-01-31T18:00Z\n",
	  NULL, UNTIL, PASS, "just ahead" },
	{ "ends and limits", "[policy]\ndefault = reject\n"
	  "[allow old]\ntcp = 5432\nuntil = 2099-01-31T18:00Z\n"
	  "rate = 5/minute\n[allow older]\nudp = 5432\n"
	  "until = 2098-01-31T18:00Z\n", NULL, UNTIL, PASS, "just ahead" },
	{ "an end that is none", AHEAD, for_ever, UNTIL, WRONG,
	  "let through after its time" },
	{ "an end too early", AHEAD, too_early, UNTIL, WRONG,
	  "not let through within its time" },
};

int main(void)
{
	return run_acts(acts, PW_ARRAY_SIZE(acts));
}
