/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four witnesses: what the policy says of a packet, what it says by the second
 * reader, which shares no code, what the rules do with it by the evaluator, and
 * what the kernel does with it. Random policies, random packets in a private
 * host.
 *
 * PW_PAIRS=N asks for so many (policy, packet) pairs, PW_SEED=WORD for others,
 * PW_FIRST=N begins with that policy: with PW_PAIRS=1 it is shown again alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <portwall/array.h>
#include <portwall/compile.h>
#include <portwall/load.h>
#include <portwall/policy.h>
#include <portwall/sandbox.h>

#include "shots.h"
#include "witness.h"

#define PAIRS 10000
#define MAX_SHOTS 200		/* of one policy */
#define MAX_REFUSED 90		/* less than the 100 that are answered at once */
#define MAX_SHOWN 10

/**
 * struct bench - A private host for all policies, one after the other
 * @reader:	the second reader
 * @dir:	of the files that policies name
 * @ready:	it could be opened, else @diags says why not
 */
struct bench {
	struct pw_scene *scene;
	struct pw_sandbox *sb;
	struct pw_nl *nl;
	struct pw_diags *diags;
	struct witness reader;
	char dir[32];
	bool ready;
};

static struct bench bench;

/* A policy with all that it became */
struct subject {
	char *text;
	struct pw_source *src;
	struct pw_policy *policy;
	struct pw_model *model;
	struct pw_ruleset *rs;
};

/* What came of the packets of one policy, or of all; @read: by both readers */
struct tally {
	uint64_t pairs, read, unknown, wrong;
	uint64_t by[4];			/* enum pw_expected */
};

static void works(int err)
{
	for (size_t i = 0; err && i < pw_diags_kept(bench.diags); i++)
		print_error("%s\n", pw_diags_get(bench.diags, i)->text);
	assert_int_equal(err, 0);
}

static int open_bench(void **state)
{
	(void)state;
	bench.diags = pw_diags_new();
	bench.scene = shots_scene();
	if (pw_sandbox_open(bench.scene, &bench.sb, bench.diags))
		return 0;		/* each test skips itself */
	works(pw_sandbox_listen(bench.sb, true, bench.diags));
	works(pw_nl_open(&bench.nl, bench.diags));
	strcpy(bench.dir, "/tmp/pw-agree-XXXXXX");
	assert_non_null(mkdtemp(bench.dir));
	witness_open(&bench.reader);
	bench.ready = true;
	return 0;
}

static int remove_file(const char *path, const struct stat *st, int type,
		       struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int close_bench(void **state)
{
	(void)state;
	if (bench.ready) {
		witness_close(&bench.reader);
		nftw(bench.dir, remove_file, 8, FTW_DEPTH | FTW_PHYS);
	}
	pw_nl_close(bench.nl);
	pw_sandbox_close(bench.sb);
	pw_scene_free(bench.scene);
	pw_diags_free(bench.diags);
	return 0;
}

static void need_bench(void)
{
	if (bench.ready)
		return;
	print_message("# reason: no private host can be made here\n");
	skip();
}

static struct subject subject_of(const char *text)
{
	static char domain[] = "domain";
	static struct pw_service services[] = {
		{ domain, 53, IPPROTO_TCP }, { domain, 53, IPPROTO_UDP },
	};
	const struct pw_host host = {
		.services = services, .num_services = PW_ARRAY_SIZE(services),
		.now_ns = (uint64_t)time(NULL) * 1000000000,
	};
	struct subject s = { .text = strdup(text) };

	assert_non_null(s.text);
	s.src = pw_source_from_text("random.ini", NULL, text, strlen(text));
	assert_non_null(s.src);
	works(pw_policy_parse(s.src, &s.policy, bench.diags));
	works(pw_policy_resolve(s.policy, &host, &s.model, bench.diags));
	works(pw_compile(s.model, 1, &s.rs, bench.diags));
	return s;
}

static void subject_clear(struct subject *s)
{
	pw_ruleset_free(s->rs);
	pw_model_free(s->model);
	pw_policy_free(s->policy);
	pw_source_free(s->src);
	free(s->text);
}

/* @rs may be worse than what was compiled */
static void load(const struct pw_ruleset *rs)
{
	const struct pw_stamp stamp = { .generation = 1 };
	struct pw_kernel *kernel;

	works(pw_load_clear(bench.nl, bench.diags));
	works(pw_kernel_read(bench.nl, 0, &kernel, bench.diags));
	works(pw_load_fill(bench.nl, rs, &stamp, kernel, bench.diags));
	works(pw_load_switch(bench.nl, rs, &stamp, kernel, false,
			     bench.diags));
	pw_kernel_free(kernel);
	works(pw_sandbox_forget(bench.sb, bench.diags));
}

static struct pw_expectation expect(const struct subject *s,
				    const struct shot *shot)
{
	struct pw_expectation out = {
		.what = PW_EX_REACHABLE, .section = PW_NO_SECTION,
		.why = "forwarded elsewhere",
	};

	if (!shot->elsewhere)
		pw_expect(s->model, &shot->arrival, &out);
	return out;
}

/* What the evaluator says, in the policy's words; what it cannot know is @said */
static enum pw_expected evaluate(const struct pw_ruleset *rs,
				 const struct shot *shot,
				 enum pw_expected said)
{
	struct pw_fate fate;

	if (shot->passes)
		return said;
	assert_int_equal(pw_eval_packet(rs, &shot->packet, &fate), 0);
	switch (fate.outcome) {
	case PW_OUT_ACCEPT:
		return said == PW_EX_LIMITED ? said : PW_EX_REACHABLE;
	case PW_OUT_REFUSE:
		return PW_EX_REFUSED;
	default:
		return PW_EX_CLOSED;
	}
}

/*
 * The kernel answers refused packets if their checksum seems right to it, which
 * it looks for in protocols that have none (nf_reject_verify_csum()).
 */
static bool is_answered(const struct shot *shot)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ESP,
		IPPROTO_ICMP, IPPROTO_ICMPV6,
	};

	/* RFC 4443, 2.4 (e.6): nobody to answer */
	if (!shot->probe.src.hi && !shot->probe.src.lo)
		return false;
	return memchr(protos, shot->probe.proto, sizeof(protos));
}

static bool agrees(enum pw_expected what, const struct shot *shot,
		   enum pw_evidence seen)
{
	bool refused = seen == PW_EV_RESET || seen == PW_EV_UNREACHABLE;

	if (shot->incomplete)
		return seen == PW_EV_SILENCE;
	switch (what) {
	case PW_EX_CLOSED:
		return seen == PW_EV_SILENCE;
	case PW_EX_REFUSED:
		return refused ||
		       (seen == PW_EV_SILENCE && !is_answered(shot));
	default:
		return pw_evidence_reached(seen);
	}
}

/**
 * struct words - What each says of one packet
 * @reader:	-1: it does not know
 */
struct words {
	struct pw_expectation policy;
	int reader;
	enum pw_expected rules;
	enum pw_evidence kernel;
};

static bool all_same(const struct words *words, const struct shot *shot)
{
	return agrees(words->policy.what, shot, words->kernel) &&
	       agrees(words->rules, shot, words->kernel) &&
	       (words->reader < 0 ||
		words->reader == (int)words->policy.what);
}

static void show(const struct subject *s, const struct shot *shot,
		 const struct words *words)
{
	static const char *const names[] = {
		"closed", "refused", "limited", "reachable",
	};
	char *packet = shots_text(bench.scene, shot);

	/* cmocka's own cuts long texts */
	fprintf(stderr,
		"%s\n%s\npolicy: %s (%s), second reader: %s, rules: %s, "
		"kernel: %s\n", s->text, packet, names[words->policy.what],
		words->policy.why,
		words->reader < 0 ? "nothing" : names[words->reader],
		names[words->rules], pw_evidence_text(words->kernel));
	free(packet);
}

static size_t draw_shots(const struct subject *s, size_t num,
			 struct shot *shots)
{
	size_t refused = 0, made = 0;

	while (made < num) {
		struct shot *shot = &shots[made];

		shots_make(bench.scene, s->model, shot);
		if (expect(s, shot).what == PW_EX_REFUSED &&
		    refused++ >= MAX_REFUSED)
			continue;
		made++;
	}
	return made;
}

static void fire(const struct shot *shots, size_t num, uint8_t *evidence)
{
	struct pw_probe probes[MAX_SHOTS];

	for (size_t i = 0; i < num; i++)
		probes[i] = shots[i].probe;
	works(pw_sandbox_fire(bench.sb, probes, num, evidence, bench.diags));
}

/* Everybody's word on @num packets; @told: say what is wrong */
static void compare(const struct subject *s, const struct shot *shots,
		    size_t num, bool told, struct tally *tally)
{
	uint8_t evidence[MAX_SHOTS];
	int read[MAX_SHOTS];

	fire(shots, num, evidence);
	witness_ask(&bench.reader, bench.scene, s->text, s->model->now_ns,
		    shots, num, read);
	for (size_t i = 0; i < num; i++) {
		struct words words = {
			expect(s, &shots[i]), read[i], PW_EX_CLOSED,
			evidence[i],
		};

		words.rules = evaluate(s->rs, &shots[i], words.policy.what);
		tally->pairs++;
		tally->read += read[i] >= 0;
		tally->by[words.policy.what]++;
		if (words.kernel == PW_EV_UNKNOWN)
			tally->unknown++;
		else if (!all_same(&words, &shots[i]) &&
			 tally->wrong++ < MAX_SHOWN && told)
			show(s, &shots[i], &words);
	}
}

static FILE *policies(const char *seed, unsigned long first,
		      unsigned long count)
{
	char command[256];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "python3 tests/kernel/policies.py '%s' %lu %lu %s", seed,
		 first, count, bench.dir);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	return pipe;
}

static const char *asked(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static void all_agree(void **state)
{
	unsigned long pairs = strtoul(asked("PW_PAIRS", "0"), NULL, 10);
	unsigned long first = strtoul(asked("PW_FIRST", "0"), NULL, 10);
	size_t each = pairs ? MAX_SHOTS : MAX_SHOTS / 2;
	static struct shot shots[MAX_SHOTS];
	struct tally tally = { 0 };
	unsigned long count;
	char *text = NULL;
	size_t cap = 0;
	FILE *pipe;

	(void)state;
	need_bench();
	count = ((pairs ? pairs : PAIRS) + each - 1) / each;
	pipe = policies(asked("PW_SEED", "5"), first, count);
	for (unsigned long n = first; n < first + count; n++) {
		uint64_t wrong = tally.wrong;
		struct subject s;

		assert_true(getdelim(&text, &cap, '\0', pipe) > 0);
		shots_seed(n);
		s = subject_of(text);
		load(s.rs);
		compare(&s, shots, draw_shots(&s, each, shots), true, &tally);
		if (tally.wrong > wrong)
			print_error("this was PW_FIRST=%lu\n", n);
		subject_clear(&s);
	}
	free(text);
	assert_int_equal(pclose(pipe), 0);
	print_message("%lu pairs, %lu of them by both readers: %lu closed, "
		      "%lu refused, %lu limited, %lu reachable; %lu unknown, "
		      "%lu wrong\n", tally.pairs, tally.read, tally.by[0],
		      tally.by[1], tally.by[2], tally.by[3], tally.unknown,
		      tally.wrong);
	assert_int_equal(tally.wrong, 0);
	assert_true(tally.read > tally.pairs / 2);
	assert_true(tally.unknown <= tally.pairs / 1000);
}

static bool flip(struct pw_verdict *verdict)
{
	if (verdict->kind == PW_V_ACCEPT)
		verdict->kind = PW_V_DROP;
	else if (verdict->kind == PW_V_DROP)
		verdict->kind = PW_V_ACCEPT;
	else
		return false;
	return true;
}

/* Turns the verdict of the rule that decides @shot, if that tells */
static bool mutate(struct pw_ruleset *rs, const struct shot *shot)
{
	enum pw_expected before, after;
	struct pw_rule *rule;
	struct pw_fate fate;

	if (shot->passes || shot->incomplete)
		return false;
	assert_int_equal(pw_eval_packet(rs, &shot->packet, &fate), 0);
	if (fate.rule == PW_NONE)
		return false;
	rule = &rs->chains[fate.chain].rules[fate.rule];
	before = evaluate(rs, shot, PW_EX_CLOSED);
	if (!flip(&rule->verdict))
		return false;
	after = evaluate(rs, shot, PW_EX_CLOSED);
	if (before != after)
		return true;
	flip(&rule->verdict);
	return false;
}

/* One rule other than it should be: some packet must show it */
static void one_rule_wrong_is_found(void **state)
{
	static struct shot shots[MAX_SHOTS];
	FILE *pipe;
	char *text = NULL;
	size_t cap = 0, mutants = 0;

	(void)state;
	need_bench();
	pipe = policies("control", 0, 20);
	for (uint32_t n = 0; n < 20; n++) {
		struct tally tally = { 0 };
		struct pw_ruleset *worse;
		struct subject s;
		size_t at = n;

		assert_true(getdelim(&text, &cap, '\0', pipe) > 0);
		shots_seed(1000 + n);
		s = subject_of(text);
		works(pw_compile(s.model, 1, &worse, bench.diags));
		draw_shots(&s, MAX_SHOTS, shots);
		while (at < MAX_SHOTS && !mutate(worse, &shots[at]))
			at++;
		if (at < MAX_SHOTS) {
			mutants++;
			load(worse);
			compare(&s, shots, MAX_SHOTS, false, &tally);
			if (!tally.wrong)
				fail_msg("nothing found in mutant %u", n);
		}
		pw_ruleset_free(worse);
		subject_clear(&s);
	}
	free(text);
	assert_int_equal(pclose(pipe), 0);
	assert_true(mutants > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_rule_wrong_is_found),
		cmocka_unit_test(all_agree),
	};

	return cmocka_run_group_tests_name("agree", tests, open_bench,
					   close_bench);
}
