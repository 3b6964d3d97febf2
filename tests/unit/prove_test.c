/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules compiled from one policy, proved for another: for the same, whatever
 * its keys, and for one that differs in one place, with what the proof says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <portwall/compile.h>
#include <portwall/policy.h>

static char domain[] = "domain", http[] = "http", ssh[] = "ssh";
static struct pw_service services[] = {
	{ domain, 53, 6 }, { domain, 53, 17 }, { http, 80, 6 }, { ssh, 22, 6 },
};

static const struct pw_host host = {
	.services = services, .num_services = PW_ARRAY_SIZE(services),
	.now_ns = 1800000000ull * 1000000000,	/* 2027-01-15 */
};

static struct pw_model *resolve(const char *text, struct pw_diags *diags)
{
	struct pw_source *src =
		pw_source_from_text("p.ini", NULL, text, strlen(text));
	struct pw_policy *policy = NULL;
	struct pw_model *model = NULL;

	assert_non_null(src);
	assert_int_equal(pw_policy_parse(src, &policy, diags), 0);
	assert_int_equal(pw_policy_resolve(policy, &host, &model, diags), 0);
	pw_policy_free(policy);
	pw_source_free(src);
	return model;
}

static int prove(const char *compiled, const char *meant,
		 struct pw_diags *diags)
{
	pw_owned(pw_model_free) struct pw_model *from =
		resolve(compiled, diags);
	pw_owned(pw_model_free) struct pw_model *to = resolve(meant, diags);
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;

	assert_int_equal(pw_compile(from, 7, &rs, diags), 0);
	return pw_prove(to, rs, diags);
}

static const struct same {
	const char *name, *text;
} sames[] = {
	{ "nothing but what is unasked", "[policy]\nclosed = all\n" },
	{ "reject", "[policy]\ndefault = reject\nclosed = all\n" },
	{ "no ping", "[policy]\nping = no\n[allow a]\nping = yes\n"
	  "from = 10.0.0.0/8\nrate = 1/second\n" },
	{ "containers ignored",
	  "[policy]\ncontainers = ignore\n[allow a]\ntcp = 22\n" },
	{ "bridges of one's own",
	  "[policy]\nbridges = br0, vm*\n[allow a]\ntcp = 22\non = br0\n" },
	{ "all ports", "[allow a]\ntcp = all\nudp = all\nsctp = all\n" },
	{ "all ports from somewhere", "[allow a]\ntcp = all\n"
	  "from = 10.0.0.0/8\n[allow b]\ntcp = 80\nfrom = 11.0.0.0/8\n" },
	{ "except", "[allow a]\nudp = 53\nfrom = private\n"
	  "except = 10.1.0.0/16\n[block b]\nfrom = 10.0.0.0/8\n"
	  "except = 10.2.0.0/16, 10.3.0.0/16\n" },
	{ "except alone", "[allow a]\nudp = 53\nexcept = 10.1.0.0/16\n" },
	{ "over", "[allow a]\ntcp = 80\nuntil = 2026-01-01T00:00Z\n" },
	{ "protocols", "[allow a]\nprotocol = esp, gre, 89\n"
	  "from = 192.0.2.0/24\n[block b]\nprotocol = gre\nfrom = 192.0.2.1\n" },
	{ "kinds of destination", "[allow a]\nudp = 5353\n"
	  "to = broadcast, multicast, 192.0.2.7, ff02::fb\n"
	  "[block b]\nudp = 5353\nto = 224.0.0.251, local\nfrom = 10.1.1.1\n" },
	{ "DHCP is said to be no", "[policy]\ndhcp = no\n[allow a]\nudp = 68\n"
	  "from = 10.0.0.1\n" },
	{ "limits of every kind",
	  "[policy]\ndefault = reject\nping = 3/minute\n"
	  "[allow a]\ntcp = 1-9\nrate = 5/hour burst 9 per source\n"
	  "[allow b]\ntcp = 5-12\nconnections = 2 per source\n"
	  "[allow c]\ntcp = 8-20\nrate = 1/day\nconnections = 7\n"
	  "[allow d]\ntcp = 9\nfrom = 10.0.0.0/8\n"
	  "[allow e]\nprotocol = esp\nrate = 1/second\nlog = 1/hour\n" },
};

static void is_proved(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const struct same *same = *state;
	int err = prove(same->text, same->text, diags);

	if (err)
		print_message("%s\n", pw_diags_get(diags,
				      pw_diags_kept(diags) - 1)->text);
	assert_int_equal(err, 0);
}

#define SSH "[allow ssh]\ntcp = 22\nfrom = 192.0.2.0/24\n"

static const struct other {
	const char *name, *compiled, *meant;
	const char *text, *hint;	/* parts of the message */
} others[] = {
	{ "a port is open", "[allow ssh]\ntcp = 22, 23\nfrom = 192.0.2.0/24\n",
	  SSH, "the rules accept what the policy closes", "chain g7." },
	{ "a port is closed", SSH,
	  "[allow ssh]\ntcp = 22, 23\nfrom = 192.0.2.0/24\n",
	  "the rules drop what the policy admits: new IPv4 packet, tcp, "
	  "port 23", "section [allow ssh] (p.ini:1)" },
	{ "a source too many", "[allow ssh]\ntcp = 22\nfrom = 192.0.2.0/23\n",
	  SSH, "from 192.0.3.0", "(allow ssh (p.ini:1))" },
	{ "an interface", SSH, "[allow ssh]\ntcp = 22\nfrom = 192.0.2.0/24\n"
	  "on = eth1\n", "the rules accept what the policy closes", "" },
	{ "a block that is not there", SSH, SSH "[block b]\nfrom = 192.0.2.9\n",
	  "the rules accept what the policy blocks", "section [block b]" },
	{ "a block too many", SSH "[block b]\nfrom = 192.0.2.9\n", SSH,
	  "the rules drop what the policy accepts", "block b (p.ini:4)" },
	{ "no limit", SSH, SSH "rate = 5/minute\n",
	  "the rules accept what the policy", "section [allow ssh]" },
	{ "another limit", SSH "rate = 6/minute\n", SSH "rate = 5/minute\n",
	  "the rules", "depending on limits" },
	{ "a limit by source", SSH "rate = 6/minute\n",
	  SSH "rate = 6/minute per source\n", "the rules", "depending" },
	{ "connections", SSH "connections = 6\n", SSH "connections = 5\n",
	  "the rules", "depending" },
	{ "a limit too many", SSH "rate = 5/minute\n", SSH,
	  "the rules", "depending on limits" },
	{ "refused", "[policy]\ndefault = reject\n" SSH, SSH,
	  "the rules refuse what the policy closes", "" },
	{ "not refused", SSH, "[policy]\ndefault = reject\n" SSH,
	  "what the policy refuses", "" },
	{ "ping", "[policy]\nping = no\n" SSH, SSH,
	  "the rules drop what the policy accepts", "" },
	{ "ping at another rate", "[policy]\nping = 2/second\n" SSH,
	  "[policy]\nping = 3/second\n" SSH, "the rules", "" },
	{ "DHCP", "[policy]\ndhcp = no\n" SSH, SSH,
	  "the rules drop what the policy accepts: new IPv4 packet, udp, "
	  "port 68, from port 67", "" },
	{ "containers", "[policy]\ncontainers = ignore\n" SSH, SSH,
	  "the rules", "" },
	{ "a bridge", "[policy]\nbridges = br0\n" SSH,
	  "[policy]\nbridges = br0, br1\n" SSH, "in on br1", "" },
	{ "a time", SSH "until = 2027-02-01T00:00Z\n",
	  SSH "until = 2027-02-01T00:01Z\n",
	  "the rules drop what the policy admits", "section [allow ssh]" },
	{ "multicast", "[allow m]\nudp = 5353\nto = 224.0.0.251\n",
	  "[allow m]\nudp = 5353\nto = multicast\n",
	  "to a multicast address", "section [allow m]" },
};

static void is_told_apart(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const struct other *other = *state;
	const struct pw_diag *diag;

	assert_int_equal(prove(other->compiled, other->meant, diags), -EPROTO);
	assert_int_equal(pw_diags_count(diags, PW_ERROR), 1);
	diag = pw_diags_get(diags, pw_diags_kept(diags) - 1);
	if (!strstr(diag->text, other->text) ||
	    !strstr(diag->hint, other->hint))
		print_message("%s\n%s\n", diag->text, diag->hint);
	assert_non_null(strstr(diag->text, other->text));
	assert_non_null(strstr(diag->hint, other->hint));
}

/* Rules without what the layout asks for */
static struct pw_ruleset *compiled(struct pw_model **model,
				   struct pw_diags *diags)
{
	struct pw_ruleset *rs = NULL;

	*model = resolve(SSH "connections = 3\n", diags);
	assert_int_equal(pw_compile(*model, 1, &rs, diags), 0);
	return rs;
}

static void another_base_chain_is_refused(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
		compiled(&model, diags);

	(void)state;
	pw_ruleset_add_base(rs, "late", PW_HOOK_INPUT, 10, PW_V_ACCEPT);
	assert_int_equal(pw_prove(model, rs, diags), -EPROTO);
}

static void a_set_of_another_size_is_refused(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
		compiled(&model, diags);
	uint32_t set = pw_ruleset_find_set(rs, "s.conn");

	(void)state;
	assert_int_not_equal(set, PW_NONE);
	rs->sets[set].size = 16;
	assert_int_equal(pw_prove(model, rs, diags), -EPROTO);
}

static struct pw_chain *chain_of(struct pw_ruleset *rs, const char *name)
{
	uint32_t chain = pw_ruleset_find_chain(rs, name);

	assert_int_not_equal(chain, PW_NONE);
	return &rs->chains[chain];
}

/* The rule of @chain that goes to @target */
static size_t rule_to(const struct pw_ruleset *rs, const struct pw_chain *chain,
		      const char *target)
{
	uint32_t to = pw_ruleset_find_chain(rs, target);
	size_t i = 0;

	while (i < chain->num_rules && chain->rules[i].verdict.chain != to)
		i++;
	assert_true(i < chain->num_rules);
	return i;
}

static void swap_rules(struct pw_chain *chain, size_t a, size_t b)
{
	struct pw_rule rule = chain->rules[a];

	chain->rules[a] = chain->rules[b];
	chain->rules[b] = rule;
}

static void open_before_blocks(struct pw_ruleset *rs)
{
	struct pw_chain *local = chain_of(rs, "g1.local");

	swap_rules(local, rule_to(rs, local, "g1.block"),
		   rule_to(rs, local, "g1.open"));
}

static void open_before_port_blocks(struct pw_ruleset *rs)
{
	struct pw_chain *local = chain_of(rs, "g1.local");

	swap_rules(local, rule_to(rs, local, "g1.block.ports"),
		   rule_to(rs, local, "g1.open"));
}

static void open_after_sections(struct pw_ruleset *rs)
{
	struct pw_chain *local = chain_of(rs, "g1.local");
	size_t open = rule_to(rs, local, "g1.open");

	assert_true(open + 2 < local->num_rules);
	swap_rules(local, open, open + 1);
}

/* The last rule of @chain becomes that of gN.local that asks for openings */
static void open_at_end_of(struct pw_ruleset *rs, const char *name)
{
	struct pw_chain *local = chain_of(rs, "g1.local");
	struct pw_chain *chain = chain_of(rs, name);
	const struct pw_rule *open =
		&local->rules[rule_to(rs, local, "g1.open")];

	assert_int_equal(pw_ruleset_add_rule(rs, (uint32_t)(chain - rs->chains),
					     open), 0);
	chain = chain_of(rs, name);
	swap_rules(chain, chain->num_rules - 1, chain->num_rules - 2);
}

static void open_to_groups(struct pw_ruleset *rs)
{
	open_at_end_of(rs, "g1.other");
}

static void without_gate(struct pw_ruleset *rs)
{
	struct pw_chain *local = chain_of(rs, "g1.local");

	local->rules[rule_to(rs, local, "g1.open")].num_matches = 0;
}

static void another_gate(struct pw_ruleset *rs)
{
	struct pw_chain *local = chain_of(rs, "g1.local");

	local->rules[rule_to(rs, local, "g1.open")].matches[0].set =
		pw_ruleset_find_set(rs, "adopt");
}

static void closed_gate(struct pw_ruleset *rs)
{
	struct pw_chain *local = chain_of(rs, "g1.local");

	local->rules[rule_to(rs, local, "g1.open")].verdict.kind = PW_V_NONE;
}

/* A rule for each kind of opening; @rule of them asks another set */
static void ask(struct pw_ruleset *rs, size_t rule, const char *set)
{
	chain_of(rs, "g1.open")->rules[rule].matches[0].set =
		pw_ruleset_find_set(rs, set);
}

static void any_source(struct pw_ruleset *rs)
{
	ask(rs, 2, "s.open");
}

static void any_interface(struct pw_ruleset *rs)
{
	ask(rs, 4, "s.open4");
}

static void another_family(struct pw_ruleset *rs)
{
	ask(rs, 2, "s.open6");
}

static void one_kind_is_left_out(struct pw_ruleset *rs)
{
	chain_of(rs, "g1.open")->rules[5].verdict.kind = PW_V_NONE;
}

static void one_is_dropped(struct pw_ruleset *rs)
{
	chain_of(rs, "g1.open")->rules[1].verdict.kind = PW_V_DROP;
}

static void one_is_limited(struct pw_ruleset *rs)
{
	struct pw_effect *e = &chain_of(rs, "g1.open")->rules[0].effects[0];

	e->kind = PW_E_LIMIT_INLINE;
	e->rate = (struct pw_rate){ 1, 1, 1 };
}

static void declared_without_ranges(struct pw_ruleset *rs)
{
	rs->sets[pw_ruleset_find_set(rs, "s.open4")].interval = false;
}

static void declared_for_another_key(struct pw_ruleset *rs)
{
	rs->sets[pw_ruleset_find_set(rs, "s.open.if")].type = PW_T_PORT_PROTO;
}

static const struct spoilt {
	const char *name;
	void (*spoil)(struct pw_ruleset *rs);
	const char *text;
} spoilts[] = {
	{ "openings before blocks", open_before_blocks,
	  "the rules accept what the policy blocks" },
	{ "openings before blocks of ports", open_before_port_blocks,
	  "the rules accept what the policy blocks" },
	{ "openings after sections", open_after_sections,
	  "asking a limit" },
	{ "openings to groups", open_to_groups, "the rules accept" },
	{ "openings without a gate", without_gate, "the rules" },
	{ "openings behind another gate", another_gate, "the rules" },
	{ "no openings", closed_gate, "what the policy admits while it is opened" },
	{ "any source", any_source, "the rules" },
	{ "any interface", any_interface, "the rules" },
	{ "another family", another_family, "the rules" },
	{ "one kind is left out", one_kind_is_left_out,
	  "what the policy admits while it is opened" },
	{ "one kind is dropped", one_is_dropped,
	  "the rules drop what the policy admits while it is opened" },
	{ "one kind is limited", one_is_limited, "the rules" },
	{ "declared without ranges", declared_without_ranges,
	  "set s.open4 is not declared" },
	{ "declared for another key", declared_for_another_key,
	  "set s.open.if is not declared" },
};

static void spoilt_openings_are_refused(void **state)
{
	static const char text[] =
		"[block a]\nfrom = 192.0.2.0/24\n"
		"[block b]\ntcp = 80\nfrom = 198.51.100.1\n"
		"[allow c]\ntcp = 22\nrate = 3/minute\n";
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_model_free) struct pw_model *model = resolve(text, diags);
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	const struct spoilt *spoilt = *state;
	const struct pw_diag *diag;

	assert_int_equal(pw_compile(model, 1, &rs, diags), 0);
	assert_int_equal(pw_prove(model, rs, diags), 0);
	spoilt->spoil(rs);
	assert_int_equal(pw_prove(model, rs, diags), -EPROTO);
	diag = pw_diags_get(diags, pw_diags_kept(diags) - 1);
	if (!strstr(diag->text, spoilt->text))
		print_message("%s\n", diag->text);
	assert_non_null(strstr(diag->text, spoilt->text));
}

/* Openings each shadowed by a block of its own, as text to be freed */
static char *pairs(unsigned int num, const char *last)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (unsigned int i = 0; i < num; i++) {
		fprintf(out, "[allow a%u]\ntcp = %u\nfrom = 10.0.%u.%u\n",
			i, 1000 + i, i / 256, i % 256);
		fprintf(out, "[block b%u]\ntcp = %u\nfrom = 10.0.%u.%u\n",
			i, 1000 + i, i / 256, i % 256);
	}
	fputs(last, out);
	fclose(out);
	return text;
}

/* So many that boxes are found by their ports */
static void many_pairs_are_proved(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char *text = pairs(300, "");
	char *more = pairs(300, "[allow z]\ntcp = 1007\nfrom = 10.9.9.9\n");

	(void)state;
	assert_int_equal(prove(text, text, diags), 0);
	assert_int_equal(prove(more, more, diags), 0);
	assert_int_equal(prove(text, more, diags), -EPROTO);
	free(text);
	free(more);
}

static double seconds_for(unsigned int num)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char *text = pairs(num, "");
	clock_t begun = clock();

	assert_int_equal(prove(text, text, diags), 0);
	free(text);
	return (double)(clock() - begun) / CLOCKS_PER_SEC;
}

/* Eight times the pairs took 40 to 60 times as long */
static void many_pairs_take_no_square_of_time(void **state)
{
	double few = seconds_for(500), many = seconds_for(4000);

	(void)state;
	print_message("%.3f s, %.3f s\n", few, many);
	assert_true(many < few * 24);
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(many_pairs_are_proved),
		cmocka_unit_test(many_pairs_take_no_square_of_time),
		cmocka_unit_test(another_base_chain_is_refused),
		cmocka_unit_test(a_set_of_another_size_is_refused),
	};
	static struct CMUnitTest same[PW_ARRAY_SIZE(sames)];
	static struct CMUnitTest other[PW_ARRAY_SIZE(others)];
	static struct CMUnitTest opened[PW_ARRAY_SIZE(spoilts)];
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(sames); i++) {
		same[i].name = sames[i].name;
		same[i].test_func = is_proved;
		same[i].initial_state = (void *)(uintptr_t)&sames[i];
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(others); i++) {
		other[i].name = others[i].name;
		other[i].test_func = is_told_apart;
		other[i].initial_state = (void *)(uintptr_t)&others[i];
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(spoilts); i++) {
		opened[i].name = spoilts[i].name;
		opened[i].test_func = spoilt_openings_are_refused;
		opened[i].initial_state = (void *)(uintptr_t)&spoilts[i];
	}
	failed = cmocka_run_group_tests_name("openings", opened, NULL, NULL);
	failed += cmocka_run_group_tests_name("proved", same, NULL, NULL);
	failed += cmocka_run_group_tests_name("refused", other, NULL, NULL);
	return failed + cmocka_run_group_tests_name("refused, too", single,
						    NULL, NULL);
}
