// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory runs out while rules are made, proved, compared and asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/change.h>
#include <portwall/compile.h>
#include <portwall/eval.h>
#include <portwall/nft.h>
#include <portwall/text.h>

#include "nomem.h"
#include "policy_help.h"
#include "ruleset/differences.h"

/* Small policies that between them make rules of every shape */
static const struct text {
	const char *name, *text;
} texts[] = {
	{ "nothing", "[policy]\nclosed = all\n" },
	{ "defaults",
	  "[policy]\ndefault = reject\nping = 5/second\nlog = 2/minute\n"
	  "dhcp = no\ncontainers = ignore\nguard = 22\n[allow a]\ntcp = 22\n" },
	{ "narrow",
	  "[allow a]\ntcp = 22, 80\nfrom = 10.0.0.1, 10.1.0.0/16\n"
	  "[allow b]\ntcp = 80\non = eth0\nudp = 53\n"
	  "[allow c]\nprotocol = gre, esp\nfrom = 2001:db8::/32\n"
	  "[allow d]\nping = yes\nfrom = 192.0.2.0/24\n"
	  "[allow e]\nudp = 5353\nto = 224.0.0.251, local, broadcast\n" },
	{ "wide",
	  "[allow a]\ntcp = 1000-3000\nfrom = 10.0.0.0/8\n"
	  "[allow b]\ntcp = 2000-4000\non = eth0\n"
	  "[allow c]\ntcp = 1000-3000\nfrom = 192.0.2.1\nrate = 5/minute\n" },
	{ "public",
	  "[allow a]\ntcp = 80, 443\nudp = 443\n"
	  "[allow b]\ntcp = 443, 8080\nprotocol = gre\n"
	  "[allow c]\ntcp = 1-70, 3000-9000\n" },
	{ "limits",
	  "[allow a]\ntcp = 22\nrate = 6/minute per source\nlog = 1/second\n"
	  "[allow b]\ntcp = 25\nconnections = 10 per source\n"
	  "[allow c]\nudp = 53\nrate = 100/second\nuntil = 2030-01-01T00:00Z\n" },
	{ "blocks",
	  "[block a]\nfrom = 198.51.100.0/24, 2001:db8:1::/48\n"
	  "[block b]\ntcp = 25\nudp = 1-1000\nfrom = 203.0.113.0/24\n"
	  "[allow c]\ntcp = 25, 80\n[allow d]\ntcp = 2-1000\n"
	  "[block e]\ntcp = 1000-4000\non = eth*\n" },
	{ "sets",
	  "[addresses]\nmany = 192.0.2.1, 192.0.2.3, 192.0.2.5, 192.0.2.7,"
	  " 192.0.2.9, 192.0.2.11, 192.0.2.13, 192.0.2.15, 192.0.2.17,"
	  " 192.0.2.19, 192.0.2.21, 192.0.2.32/27, 192.0.2.96/27,"
	  " 10.0.0.0/8, 10.128.0.0/9, 172.16.0.0/12, 192.168.0.0/16,"
	  " 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24,"
	  " 100.64.0.0/10, 11.0.0.0/8, 13.0.0.0/8, 15.0.0.0/8\n"
	  "[allow a]\ntcp = 80\nfrom = many\n"
	  "[allow b]\ntcp = 80, 81\nfrom = many\nexcept = 10.1.0.0/16\n" },
	{ "same sources",
	  "[allow a]\ntcp = 80\nfrom = 10.0.0.1\n"
	  "[allow b]\ntcp = 80\nfrom = 10.0.0.2\n"
	  "[allow c]\ntcp = 80\nfrom = 10.0.0.2, 10.0.0.9\non = eth0, eth1\n" },
};

struct read {
	struct pw_diags *diags;
	struct pw_source *src;
	struct pw_policy *policy;
	struct pw_model *model;
};

static void read_clear(struct read *got)
{
	pw_model_free(got->model);
	pw_policy_free(got->policy);
	pw_source_free(got->src);
	pw_diags_free(got->diags);
}

static int read_model(const char *text, struct read *got)
{
	int err = -ENOMEM;

	*got = (struct read){ .diags = pw_diags_new() };
	if (got->diags)
		got->src = pw_source_from_text("x.ini", NULL, text,
					       strlen(text));
	if (got->src)
		err = pw_policy_parse(got->src, &got->policy, got->diags);
	if (!err)
		err = pw_policy_resolve(got->policy, &test_host, &got->model,
					got->diags);
	return err;
}

static int show(int (*put)(const struct pw_ruleset *rs, FILE *out),
		const struct pw_ruleset *rs, char **result)
{
	size_t len;
	FILE *out = pw_text_open(result, &len);

	if (!out)
		return -ENOMEM;
	put(rs, out);
	return pw_text_close(out, result);
}

/* Two policies, or two texts of rules: made once, with memory enough */
struct two {
	struct read a, b;
	struct pw_ruleset *rules_a, *rules_b;
};

static struct two make_two(const char *a, const char *b)
{
	struct two two = { 0 };

	assert_int_equal(read_model(a, &two.a), 0);
	assert_int_equal(read_model(b, &two.b), 0);
	assert_int_equal(pw_compile(two.a.model, 1, &two.rules_a,
				    two.a.diags), 0);
	assert_int_equal(pw_compile(two.b.model, 1, &two.rules_b,
				    two.b.diags), 0);
	return two;
}

static void two_clear(struct two *two)
{
	read_clear(&two->a);
	read_clear(&two->b);
	pw_ruleset_free(two->rules_a);
	pw_ruleset_free(two->rules_b);
}

static int compile(const void *arg, char **result)
{
	const struct two *two = arg;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	int err = diags ? pw_compile(two->a.model, 7, &rs, diags) : -ENOMEM;

	if (err)
		return rs ? -EBADMSG : err;
	return show(pw_nft_print, rs, result);
}

static int prove(const void *arg, char **result)
{
	const struct two *two = arg;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	int err = diags ? pw_prove(two->a.model, two->rules_a, diags) : -ENOMEM;

	if (!err)
		*result = strdup("proved");
	return err ? err : *result ? 0 : -ENOMEM;
}

/* Wrong rules must not be proved for want of memory */
static int prove_wrong(const void *arg, char **result)
{
	const struct two *two = arg;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	(void)result;
	return diags ? pw_prove(two->a.model, two->rules_b, diags) : -ENOMEM;
}

static int compare(const void *arg, char **result)
{
	const struct two *two = arg;
	int err = pw_ruleset_diff(two->rules_a, two->rules_b, result);

	if (err < 0 && *result)
		return -EBADMSG;
	return err < 0 ? err : 0;
}

/* A document that lacks something must not pass for a whole one */
static int put_json(const void *arg, char **result)
{
	const struct two *two = arg;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	size_t len;
	FILE *out = diags ? pw_text_open(result, &len) : NULL;
	int err, lost;

	if (!out)
		return -ENOMEM;
	err = pw_nft_print_json(two->rules_a, out, diags);
	lost = pw_text_close(out, result);
	if (err || lost) {
		free(*result);
		*result = NULL;
	}
	/* -EIO is what a stream without memory looks like from inside */
	return lost ? lost : err;
}

static int find_differences(const void *arg, char **result)
{
	const struct two *two = arg;
	pw_owned(pw_differences_free) struct pw_differences *found = NULL;
	int err = pw_differences_find(two->rules_a, two->rules_b, &found);

	if (err)
		return found ? -EBADMSG : err;
	return asprintf(result, "%zu", found->num) < 0 ? -ENOMEM : 0;
}

static int find_changes(const void *arg, char **result)
{
	const struct two *two = arg;
	pw_owned(pw_changes_free) struct pw_changes *found = NULL;
	int err = pw_changes_find(two->a.model, two->b.model, &found);

	if (err)
		return found ? -EBADMSG : err;
	return asprintf(result, "%zu", found->num) < 0 ? -ENOMEM : 0;
}

/* One evaluator, packets that are alike and packets that are not */
static int ask(const void *arg, char **result)
{
	static const struct pw_packet packets[] = {
		{ .l4proto = IPPROTO_TCP, .dport = 80, .iifname = "eth0",
		  .state = PW_CT_NEW, .src = { 0, 0x0a000001 } },
		{ .l4proto = IPPROTO_TCP, .dport = 80, .iifname = "eth0",
		  .state = PW_CT_NEW, .src = { 0, 0x0a000002 } },
		{ .l4proto = IPPROTO_UDP, .dport = 53, .iifname = "eth1",
		  .state = PW_CT_NEW, .src = { 0, 0xc6336401 } },
		{ .l4proto = IPPROTO_ICMPV6, .family = PW_IPV6,
		  .icmp_type = 128, .state = PW_CT_NEW, .src = { 0, 1 } },
	};
	const struct two *two = arg;
	pw_owned(pw_evaluator_free) struct pw_evaluator *ev = NULL;
	int err = pw_evaluator_new(two->rules_a, &ev);
	char fates[PW_ARRAY_SIZE(packets) + 1] = "";
	struct pw_fate fate;

	if (err)
		return ev ? -EBADMSG : err;
	for (size_t i = 0; i < PW_ARRAY_SIZE(packets) && !err; i++) {
		err = pw_evaluator_ask(ev, &packets[i], &fate);
		fates[i] = (char)('0' + fate.outcome);
	}
	if (!err)
		*result = strdup(fates);
	return err ? err : *result ? 0 : -ENOMEM;
}

/* An evaluator for one packet, as trial and drift ask it */
static int ask_once(const void *arg, char **result)
{
	static const struct pw_packet packet = {
		.l4proto = IPPROTO_TCP, .dport = 80, .iifname = "eth0",
		.state = PW_CT_NEW, .src = { 0, 0x0a000001 },
	};
	const struct two *two = arg;
	struct pw_fate fate;
	int err = pw_eval_packet(two->rules_a, &packet, &fate);

	if (!err && asprintf(result, "%u", fate.outcome) < 0)
		err = -ENOMEM;
	return err;
}

/* From memory, and not from a file */
static int parse_text(const void *arg, char **result)
{
	struct read got;
	int err = read_model(arg, &got);

	read_clear(&got);
	if (!err)
		*result = strdup("read");
	return err ? err : *result ? 0 : -ENOMEM;
}

#define NUM_TEXTS PW_ARRAY_SIZE(texts)

int run_hungry_rules(void)
{
	struct two two = make_two(texts[6].text, texts[5].text);
	struct two like = make_two(texts[7].text, texts[7].text);
	struct two port = make_two("[allow a]\ntcp = 22\nfrom = 10.0.0.1\n",
				   "[allow a]\ntcp = 22-23\nfrom = 10.0.0.1\n");
	struct hungry things[2 * NUM_TEXTS + 12] = {
		{ "compare", compare, &two, 0 },
		{ "JSON", put_json, &two, 0 },
		{ "JSON, sets", put_json, &like, 0 },
		{ "differences", find_differences, &two, 0 },
		{ "changes", find_changes, &two, 0 },
		{ "changes, none", find_changes, &like, 0 },
		{ "wrong rules", prove_wrong, &two, -EPROTO },
		{ "a port too many", prove_wrong, &port, -EPROTO },
		{ "packets", ask, &two, 0 },
		{ "packets, sets", ask, &like, 0 },
		{ "one packet", ask_once, &two, 0 },
		{ "text", parse_text, texts[7].text, 0 },
	};
	struct two made[NUM_TEXTS];
	int failed;

	for (size_t i = 0; i < NUM_TEXTS; i++) {
		made[i] = make_two(texts[i].text, texts[i].text);
		things[12 + 2 * i] = (struct hungry){
			texts[i].name, compile, &made[i], 0 };
		things[13 + 2 * i] = (struct hungry){
			texts[i].name, prove, &made[i], 0 };
	}
	failed = run_hungry("memory, rules", things, PW_ARRAY_SIZE(things));
	for (size_t i = 0; i < NUM_TEXTS; i++)
		two_clear(&made[i]);
	two_clear(&two);
	two_clear(&like);
	two_clear(&port);
	return failed;
}
