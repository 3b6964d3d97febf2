// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The codecs against the kernel: what nft makes of the text and what the
 * encoder sends must be one and the same in the kernel's own dump.
 * Runs in a network namespace of its own; each test makes more.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel.h"
#include "portwall/compile.h"
#include "portwall/host.h"
#include "portwall/nft.h"
#include "portwall/policy.h"
#include "portwall/source.h"

static struct pw_ruleset *sorted_sample(void)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_ruleset *rs = codec_sample();

	assert_int_equal(pw_ruleset_sort(rs), 0);
	assert_int_equal(pw_ruleset_check(rs, diags), 0);
	return rs;
}

/* Shows the first line that differs: 200 kB of hex help nobody */
static void assert_same_text(const char *a, const char *b)
{
	unsigned int line = 1;

	while (*a && *a == *b) {
		line += *a == '\n';
		a++, b++;
	}
	if (*a || *b)
		fail_msg("differs in line %u: \"%.200s\" and \"%.200s\"", line,
			 a, b);
}

/* Owns a name in /tmp until it is removed */
static void temporary(char path[static 24])
{
	int fd;

	strcpy(path, "/tmp/codec.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static void assert_decodes_to(const struct pw_ruleset *want)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = decode_table(want);
	char *what = NULL;

	if (pw_ruleset_diff(want, got, &what))
		fail_msg("%s", what);
}

/* Rules with openings cannot be loaded by nft where this is refused */
static bool nft_is_refused(void)
{
	static int refused = -1;

	if (refused < 0)
		refused = !nft_turns_protocols();
	return refused;
}

static void need_nft_to_load(void)
{
	if (!nft_is_refused())
		return;
	print_message("# reason: this kernel refuses what nft does to a protocol in a key\n");
	skip();
}

/* Dump of what the encoder sends; @text of nft */
static char *dump_encoded(const struct pw_ruleset *rs, char **text)
{
	size_t turned;
	char *dump;

	fresh_namespace();
	load_encoded(rs);
	dump = dump_table(rs, &turned);
	assert_int_equal(turned, 0);
	*text = list_text();
	assert_decodes_to(rs);
	return dump;
}

static char *dump_by_nft(const struct pw_ruleset *rs, const char *options,
			 const char *path, char **text)
{
	size_t turned;
	char *dump;

	fresh_namespace();
	run_nft(options, path);
	unlink(path);
	dump = dump_table(rs, &turned);
	*text = list_text();
	assert_decodes_to(rs);
	return dump;
}

/* By nft in one namespace, by the encoder in another */
static void assert_same_in_kernel(const struct pw_ruleset *rs)
{
	char *by_us, *text_us, *by_nft, *text_nft, path[24];

	by_us = dump_encoded(rs, &text_us);
	if (!nft_is_refused()) {
		temporary(path);
		write_text(rs, path);
		by_nft = dump_by_nft(rs, "-f", path, &text_nft);
		assert_same_text(text_nft, text_us);
		assert_same_text(by_nft, by_us);
		free(by_nft);
		free(text_nft);
	}
	free(by_us);
	free(text_us);
}

/* nft 1.0.6 leaves out comments of sets that it reads as JSON */
static void forget_comments(struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_sets; i++) {
		free(rs->sets[i].comment);
		rs->sets[i].comment = NULL;
	}
}

/* As assert_same_in_kernel(), in the other language of nft */
static void assert_same_by_json(struct pw_ruleset *rs)
{
	char *by_nft, *by_us, *text_nft, *text_us, path[24];

	codec_simplify(rs);
	forget_comments(rs);
	temporary(path);
	write_json(rs, path);
	by_nft = dump_by_nft(rs, "-j -f", path, &text_nft);
	by_us = dump_encoded(rs, &text_us);
	assert_same_text(by_nft, by_us);
	free(by_nft);
	free(by_us);
	free(text_nft);
	free(text_us);
}

static void json_is_the_same(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sorted_sample();

	(void)state;
	need_namespace_and_nft();
	need_nft_to_load();
	assert_same_by_json(rs);
}

static void kernel_holds_the_same(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sorted_sample();

	(void)state;
	need_namespace_and_nft();
	assert_same_in_kernel(rs);
}

/* Whoever saves our table with nft can bring it back */
static void assert_listing_loads(const struct pw_ruleset *rs)
{
	char *first, *second, path[24];
	FILE *out;

	fresh_namespace();
	load_encoded(rs);
	first = list_text();
	temporary(path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(first, out);
	fclose(out);
	fresh_namespace();
	run_nft("-f", path);
	unlink(path);
	second = list_text();
	assert_same_text(first, second);
	assert_decodes_to(rs);
	free(first);
	free(second);
}

static void listing_loads_again(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sorted_sample();

	(void)state;
	need_namespace_and_nft();
	need_nft_to_load();
	/* user data of ours must not keep nft from listing the chain */
	rs->chains[0].userdata = strdup("\x50\x02xy");
	rs->chains[0].userdata_len = 4;
	assert_listing_loads(rs);
}

/* What the compiler makes of a policy that ships, and of a few more */
static struct pw_ruleset *compile(const char *path)
{
	static struct pw_service services[] = {
		{ TEXT("domain"), 53, 6 }, { TEXT("domain"), 53, 17 },
		{ TEXT("http"), 80, 6 },   { TEXT("https"), 443, 6 },
		{ TEXT("https"), 443, 17 }, { TEXT("ssh"), 22, 6 },
	};
	static const struct pw_host host = {
		.services = services,
		.num_services = PW_ARRAY_SIZE(services),
		.now_ns = 1790000000000000000,
	};
	static const struct pw_trust trust = { .check = false };
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	struct pw_ruleset *rs = NULL;
	int err = pw_policy_read(path, &trust, &host, &policy, &model, diags);

	if (!err)
		err = pw_compile(model, 7, &rs, diags);
	if (!err)
		err = pw_ruleset_check(rs, diags);
	if (err && pw_diags_kept(diags))
		fail_msg("%s", pw_diags_get(diags, 0)->text);
	assert_int_equal(err, 0);
	return rs;
}

static const char everything[] =
	"[policy]\ndefault = reject\nlog = 5/minute\n"
	"ping = 10/second\ndhcp = yes\nbridges = eth1*, eth2*, br-*\n"
	"[block bad]\nfrom = 192.0.2.0/24, 2001:db8:bad::/48\nlog = 1/hour\n"
	"[block relay]\ntcp = 25\nto = 198.51.100.7\n"
	"[allow web]\ntcp = 80, 443\nudp = 443\n"
	"[allow ssh]\ntcp = 22\nrate = 6/minute per source\n"
	"from = 198.51.100.0/24, 2001:db8:1::/48\n"
	"[allow mail]\ntcp = 25\nconnections = 3 per source\n"
	"[allow pool]\ntcp = 1000-2000\nconnections = 100\n"
	"[allow slow]\nudp = 53\nrate = 9/second burst 20\non = eth0\n"
	"[allow late]\ntcp = 8443\nuntil = 2027-01-31T18:00Z\nlog = 1/day\n"
	"[allow tunnel]\nprotocol = gre, esp\nfrom = 203.0.113.9\n"
	"[allow mdns]\nudp = 5353\nto = multicast\nping = yes\n";

/* By way of nft only where the kernel takes what it sends */
static void assert_same_everywhere(struct pw_ruleset *rs)
{
	assert_same_in_kernel(rs);
	if (nft_is_refused())
		return;
	assert_listing_loads(rs);
	assert_same_by_json(rs);
}

static void policy_is_the_same(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;

	need_namespace_and_nft();
	rs = compile(*state);
	assert_same_everywhere(rs);
}

static void everything_is_the_same(void **state)
{
	char path[24], *name = path;
	FILE *out;

	(void)state;
	temporary(path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(everything, out);
	fclose(out);
	policy_is_the_same((void **)&name);
	unlink(path);
}

#define RANDOM_RULES 400

static uint32_t below(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % n;
}

static const struct codec_row *any_row(uint32_t *seed)
{
	return &codec_rows[below(seed, PW_ARRAY_SIZE(codec_rows))];
}

/* Matches, effects and verdict of several rows in one; fields may repeat */
static struct codec_row any_rule(uint32_t *seed)
{
	struct codec_row row = *any_row(seed);
	const struct codec_row *more = any_row(seed);
	size_t num = 0;

	while (row.matches[num].field != PW_NUM_FIELDS)
		num++;
	for (size_t i = 0; num < MAX_MATCHES - 1 &&
	     more->matches[i].field != PW_NUM_FIELDS; i++)
		row.matches[num++] = more->matches[i];
	row.matches[num].field = PW_NUM_FIELDS;
	memcpy(row.effects, any_row(seed)->effects, sizeof(row.effects));
	row.verdict = any_row(seed)->verdict;
	return row;
}

static bool is_sound(const struct codec_row *row)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	return !codec_add_row(rs, row) && !pw_ruleset_check(rs, diags);
}

static void random_rules_are_the_same(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	struct pw_rule rule = { .verdict = { PW_V_GOTO, C_ROWS, 0 } };
	uint32_t seed = 1120;
	size_t num = 0;

	(void)state;
	need_namespace_and_nft();
	codec_add_elems(rs);
	assert_int_equal(pw_ruleset_add_rule(rs, C_PRE, &rule), 0);
	while (num < RANDOM_RULES) {
		struct codec_row row = any_rule(&seed);

		if (!is_sound(&row))
			continue;
		assert_int_equal(codec_add_row(rs, &row), 0);
		num++;
	}
	assert_int_equal(pw_ruleset_sort(rs), 0);
	assert_same_everywhere(rs);
}

int main(void)
{
	static struct CMUnitTest tests[64] = {
		cmocka_unit_test(kernel_holds_the_same),
		cmocka_unit_test(listing_loads_again),
		cmocka_unit_test(json_is_the_same),
		cmocka_unit_test(random_rules_are_the_same),
		cmocka_unit_test(everything_is_the_same),
	};
	size_t num = 5;
	glob_t found;
	int failed;

	if (glob("policies/*.ini", 0, NULL, &found) ||
	    found.gl_pathc > PW_ARRAY_SIZE(tests) - num) {
		fputs("no policies: run me from the root\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		tests[num++] = (struct CMUnitTest){
			found.gl_pathv[i], policy_is_the_same, NULL, NULL,
			found.gl_pathv[i] };
	failed = _cmocka_run_group_tests("codec", tests, num, NULL, NULL);
	globfree(&found);
	return failed;
}
