/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that are wrong on purpose, in a private host with real packets: each
 * fault is found and named. One process a rehearsal, since it never comes back.
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
#include <sys/wait.h>
#include <unistd.h>

#include <portwall/array.h>
#include <portwall/compile.h>
#include <portwall/policy.h>
#include <portwall/rehearse.h>

#define SECTIONS \
	"[addresses]\n" \
	"office = 203.0.113.0/24, 2001:db8:10::/48\n" \
	"[allow web]\ntcp = 80, 443\nudp = 443\n" \
	"[allow ssh]\ntcp = 22\nfrom = office\nexcept = 203.0.113.66\n" \
	"[allow metrics]\ntcp = 9100\non = eth1\n" \
	"[block bad]\nfrom = 198.51.100.0/24, 2001:db8:bad::/48\n"

static const char alone[] = "[policy]\ncontainers = ignore\n" SECTIONS;
static const char with_containers[] = SECTIONS;
static const char limited[] =
	"[policy]\ncontainers = ignore\n"
	"[allow slow]\ntcp = 22\nfrom = 192.0.2.16-192.0.2.47, 2001:db8:20::/48\n"
	"rate = 6/minute per source\n";

static const struct pw_host host = {
	.now_ns = 1800000000ull * 1000000000,
};

static struct pw_chain *chain(struct pw_ruleset *rs, const char *name)
{
	uint32_t at = pw_ruleset_find_chain(rs, name);

	assert_int_not_equal(at, PW_NONE);
	return &rs->chains[at];
}

static void forget_rule(struct pw_chain *c, size_t at)
{
	memmove(c->rules + at, c->rules + at + 1,
		(c->num_rules - at - 1) * sizeof(*c->rules));
	c->num_rules--;
}

/* Puts a rule first in a chain of generation 1 */
static void put_first(struct pw_ruleset *rs, const char *name,
		      const struct pw_rule *rule)
{
	uint32_t at = pw_ruleset_find_chain(rs, name);
	struct pw_chain *c;
	struct pw_rule added;

	assert_int_not_equal(at, PW_NONE);
	assert_int_equal(pw_ruleset_add_rule(rs, at, rule), 0);
	c = &rs->chains[at];
	added = c->rules[c->num_rules - 1];
	memmove(c->rules + 1, c->rules,
		(c->num_rules - 1) * sizeof(*c->rules));
	c->rules[0] = added;
}

static struct pw_match match(enum pw_field field, uint64_t first,
			     uint64_t last)
{
	return (struct pw_match){
		.field = field, .set = PW_NONE,
		.range = { { 0, first }, { 0, last } },
	};
}

static void accept_first(struct pw_ruleset *rs, struct pw_match *matches,
			 size_t num, enum pw_verdict_kind verdict)
{
	static const char *const names[] = { "g1.in", "g1.pre" };
	static char comment[] = "by hand";
	struct pw_rule rule = {
		.matches = matches, .num_matches = num,
		.verdict = { verdict, PW_NONE, PW_NONE },
		.comment = comment, .section = PW_NONE,
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(names); i++)
		if (pw_ruleset_find_chain(rs, names[i]) != PW_NONE)
			put_first(rs, names[i], &rule);
}

/* Calls @change for each rule whose comment holds @words; one at least */
static void each_rule(struct pw_ruleset *rs, const char *words,
		      void (*change)(struct pw_chain *c, size_t at))
{
	size_t found = 0;

	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t r = rs->chains[i].num_rules; r-- > 0;) {
			const char *comment = rs->chains[i].rules[r].comment;

			if (comment && strstr(comment, words)) {
				change(&rs->chains[i], r);
				found++;
			}
		}
	assert_int_not_equal(found, 0);
}

static void a_port_too_many(struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_sets; i++) {
		struct pw_set *set = &rs->sets[i];
		struct pw_rangeset *more;

		if (strncmp(set->name, "p.tcp.", 6))
			continue;
		more = pw_rangeset_of(16, pw_value32(81), pw_value32(81));
		assert_non_null(more);
		assert_int_equal(pw_rangeset_add_set(more, set->elems), 0);
		assert_int_equal(pw_rangeset_normalise(more), 0);
		pw_rangeset_free(set->elems);
		set->elems = more;
		set->size = 0;
		return;
	}
	fail_msg("no set of tcp ports");
}

static void a_missing_drop(struct pw_ruleset *rs)
{
	static const char *const names[] = { "g1.end", "g1.drop" };

	for (size_t i = 0; i < PW_ARRAY_SIZE(names); i++) {
		struct pw_chain *c = chain(rs, names[i]);

		forget_rule(c, c->num_rules - 1);
	}
}

static void v6_forgotten(struct pw_ruleset *rs)
{
	struct pw_match v6[] = { match(PW_F_NFPROTO, 10, 10) };

	accept_first(rs, v6, 1, PW_V_ACCEPT);
}

static void elsewhere(struct pw_chain *c, size_t at)
{
	struct pw_rule *rule = &c->rules[at];

	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].field == PW_F_IIFNAME)
			assert_int_equal(pw_ifname_range(
				"other0", 6, &rule->matches[i].range), 0);
}

static void an_interface_mixed_up(struct pw_ruleset *rs)
{
	each_rule(rs, "allow metrics", elsewhere);
}

static void a_block_ignored(struct pw_ruleset *rs)
{
	each_rule(rs, "block bad", forget_rule);
}

static void widen(struct pw_chain *c, size_t at)
{
	struct pw_rule *rule = &c->rules[at];

	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].field == PW_F_SADDR4) {
			rule->matches[i].set = PW_NONE;
			rule->matches[i].range = (struct pw_range){
				{ 0, 0xcb007100 }, { 0, 0xcb0071ff },
			};
		}
}

static void an_except_lost(struct pw_ruleset *rs)
{
	each_rule(rs, "allow ssh", widen);
}

static void input_only(struct pw_ruleset *rs)
{
	chain(rs, "prerouting")->num_rules = 0;
	chain(rs, "forward")->num_rules = 0;
}

static void refused_posing_as_closed(struct pw_ruleset *rs)
{
	struct pw_match tcp[] = { match(PW_F_L4PROTO, 6, 6) };
	struct pw_rule rule = {
		.matches = tcp, .num_matches = 1,
		.verdict = { PW_V_REJECT_RST, PW_NONE, PW_NONE },
		.section = PW_NONE,
	};

	put_first(rs, "g1.end", &rule);
}

static void drop_without_rules(struct pw_ruleset *rs)
{
	chain(rs, "prerouting")->num_rules = 0;
	chain(rs, "input")->num_rules = 0;
}

static void forget_v6(struct pw_chain *c, size_t at)
{
	for (size_t i = 0; i < c->rules[at].num_matches; i++)
		if (c->rules[at].matches[i].field == PW_F_SADDR6) {
			forget_rule(c, at);
			return;
		}
}

static void no_slow_v6(struct pw_ruleset *rs)
{
	each_rule(rs, "allow slow", forget_v6);
}

static void shorten(struct pw_chain *c, size_t at)
{
	struct pw_rule *rule = &c->rules[at];

	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].field == PW_F_SADDR4) {
			rule->matches[i].set = PW_NONE;
			rule->matches[i].range = (struct pw_range){
				{ 0, 0xc0000210 }, { 0, 0xc000022e },
			};
		}
}

static void short_slow_v4(struct pw_ruleset *rs)
{
	each_rule(rs, "allow slow", shorten);
}

static void a_rule_by_hand(struct pw_ruleset *rs)
{
	struct pw_match hand[] = {
		match(PW_F_L4PROTO, 6, 6), match(PW_F_DPORT, 31337, 31337),
	};

	accept_first(rs, hand, 2, PW_V_ACCEPT);
}

static void nothing(struct pw_ruleset *rs)
{
	(void)rs;
}

/* What a finding must say: "proto ports" folded, and words of its text */
static const struct mutant {
	const char *name;
	void (*mutate)(struct pw_ruleset *rs);
	const char *policy;
	enum pw_result worst;
	const char *ports, *words;
} mutants[] = {
	{ "correct rules", nothing, with_containers,
	  PW_RES_PASS, NULL, NULL },
	{ "a port too many", a_port_too_many, alone,
	  PW_RES_VIOLATION, " 81 ", "reachable; no section allows it" },
	{ "a missing drop", a_missing_drop, with_containers,
	  PW_RES_VIOLATION, " 31337 ", "reachable; no section allows it" },
	{ "IPv6 forgotten", v6_forgotten, alone,
	  PW_RES_VIOLATION, " 31337 ", "by hand" },
	{ "an interface mixed up", an_interface_mixed_up, alone,
	  PW_RES_VIOLATION, " 9100 ", "not reachable (silence); section 'metrics' allows it" },
	{ "an interface mixed up, the other one", an_interface_mixed_up,
	  alone, PW_RES_VIOLATION, " 9100 ", "reachable; no section allows it" },
	{ "a block ignored", a_block_ignored, alone,
	  PW_RES_VIOLATION, " 80 ", "reachable; block 'bad' closes it" },
	{ "an except lost", an_except_lost, alone,
	  PW_RES_VIOLATION, " 22 ", "reachable; no section allows it" },
	{ "input only, with published ports", input_only, with_containers,
	  PW_RES_VIOLATION, NULL, "reachable; no section allows it" },
	{ "refused, posing as closed", refused_posing_as_closed,
	  alone, PW_RES_VIOLATION, " 31337 ", "refused (RST)" },
	{ "policy drop without rules", drop_without_rules, alone,
	  PW_RES_VIOLATION, " 80 ", "not reachable (silence); section 'web' allows it" },
	{ "a rule by hand", a_rule_by_hand, alone,
	  PW_RES_VIOLATION, " 31337 ", "by hand" },
	{ "a limit without IPv6", no_slow_v6, limited,
	  PW_RES_VIOLATION, " 22 ", "the first packet is not let through" },
	{ "a limit short of an address", short_slow_v4, limited,
	  PW_RES_VIOLATION, " 22 ", "the first packet is not let through" },
};

/* What the rehearsal tells its parent */
struct told {
	int err;
	enum pw_result worst;
	bool found;
};

static bool covers(const struct pw_finding *f, const char *ports)
{
	if (!ports)
		return true;
	return f->ports && pw_rangeset_contains32(f->ports,
						  (uint32_t)atoi(ports));
}

static void show(const struct pw_report *report)
{
	for (size_t i = 0; i < report->num_findings && i < 20; i++) {
		const struct pw_finding *f = &report->findings[i];
		struct pw_range first = { 0 };

		if (f->ports && f->ports->num)
			first = pw_rangeset_get(f->ports, 0);
		printf("  %s: proto %u, %zu ranges from %u, on %s from %s: %s\n",
		       report->cases[f->of_case].name, f->proto,
		       f->ports ? f->ports->num : 0,
		       (unsigned int)first.first.lo, f->iface,
		       f->from ? f->from : "-", f->text ? f->text : "-");
	}
	for (size_t i = 0; i < report->num_cases; i++)
		if (report->cases[i].result > PW_RES_PASS)
			printf("  case %s %s: %s: %s\n",
			       report->cases[i].suite, report->cases[i].name,
			       pw_result_name(report->cases[i].result),
			       report->cases[i].text ?
			       report->cases[i].text : "");
	fflush(stdout);
}

static void rehearse(const struct mutant *mutant, struct told *told)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	pw_owned(pw_report_free) struct pw_report *report = NULL;
	const struct pw_rehearsal how = { .seed = 7 };
	const char *text = mutant->policy;

	src = pw_source_from_text("mutants.ini", NULL, text, strlen(text));
	assert_non_null(src);
	assert_int_equal(pw_policy_parse(src, &policy, diags), 0);
	assert_int_equal(pw_policy_resolve(policy, &host, &model, diags), 0);
	assert_int_equal(pw_compile(model, 1, &rs, diags), 0);
	mutant->mutate(rs);
	report = pw_report_new("test", model);
	assert_non_null(report);
	told->err = pw_rehearse(model, rs, &how, report, diags);
	for (size_t i = 0; i < pw_diags_kept(diags); i++)
		printf("%s\n", pw_diags_get(diags, i)->text);
	if (told->err)
		return;
	told->worst = pw_report_worst(report);
	for (size_t i = 0; i < report->num_findings; i++) {
		const struct pw_finding *f = &report->findings[i];

		told->found |= f->text && mutant->words &&
			       strstr(f->text, mutant->words) &&
			       covers(f, mutant->ports);
	}
	if (told->worst != mutant->worst || (mutant->words && !told->found))
		show(report);
}

/* In a process of its own */
static struct told in_child(const struct mutant *mutant)
{
	struct told told = { .err = -ECHILD };
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		rehearse(mutant, &told);
		_exit(write(ends[1], &told, sizeof(told)) !=
		      (ssize_t)sizeof(told));
	}
	close(ends[1]);
	assert_int_not_equal(read(ends[0], &told, sizeof(told)), -1);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return told;
}

static void test_mutant(void **state)
{
	const struct mutant *mutant = *state;
	struct told told = in_child(mutant);

	assert_int_equal(told.err, 0);
	assert_int_equal(told.worst, mutant->worst);
	if (mutant->words)
		assert_true(told.found);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(mutants)] = { 0 };

	for (size_t i = 0; i < PW_ARRAY_SIZE(mutants); i++)
		tests[i] = (struct CMUnitTest){
			.name = mutants[i].name, .test_func = test_mutant,
			.initial_state = (void *)(uintptr_t)&mutants[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
