/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading policies: values, normal form, files, what errors leave behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/schema.h"
#include "policy/values.h"
#include "policy_help.h"

#define S 1000000000ull

static const struct time_case {
	const char *text;
	int err;
	uint64_t ns;
	const char *normal;
} time_cases[] = {
	{ "1970-01-01T00:00:01Z", 0, S, "1970-01-01T00:00:01Z" },
	{ "2027-01-31T18:00Z", 0, 1801418400 * S, "2027-01-31T18:00Z" },
	{ "2027-01-31t18:00z", 0, 1801418400 * S, "2027-01-31T18:00Z" },
	{ "2027-01-31T18:00:30Z", 0, 1801418430 * S, "2027-01-31T18:00:30Z" },
	{ "2027-01-31T18:00+01:00", 0, 1801414800 * S, "2027-01-31T17:00Z" },
	{ "2027-01-31T18:00-05:30", 0, 1801438200 * S, "2027-01-31T23:30Z" },
	{ "2027-01-31T18:00:00.25Z", 0, 1801418400 * S + S / 4,
	  "2027-01-31T18:00:00.250000000Z" },
	{ "2027-01-31T18:00:00.123456789Z", 0, 1801418400 * S + 123456789,
	  "2027-01-31T18:00:00.123456789Z" },
	{ "2028-02-29T00:00Z", 0, 1835395200 * S, "2028-02-29T00:00Z" },
	{ "2100-02-28T00:00Z", 0, 4107456000 * S, "2100-02-28T00:00Z" },
	{ "2261-12-31T23:59Z", 0, 9214646340 * S, "2261-12-31T23:59Z" },
	{ "1970-01-01T00:00Z", -ERANGE, 0, NULL },
	{ "1970-01-01T00:30+01:00", -ERANGE, 0, NULL },
	{ "2027-02-29T00:00Z", -ERANGE, 0, NULL },
	{ "2100-02-29T00:00Z", -ERANGE, 0, NULL },
	{ "2027-06-31T00:00Z", -ERANGE, 0, NULL },
	{ "2027-00-10T00:00Z", -ERANGE, 0, NULL },
	{ "2027-01-00T00:00Z", -ERANGE, 0, NULL },
	{ "2027-01-31T24:00Z", -ERANGE, 0, NULL },
	{ "2027-01-31T18:60Z", -ERANGE, 0, NULL },
	{ "2027-01-31T18:00:60Z", -ERANGE, 0, NULL },
	{ "2027-01-31T18:00+24:00", -ERANGE, 0, NULL },
	{ "2300-01-01T00:00Z", -ERANGE, 0, NULL },
	{ "2027-01-31T18:00", -EDOM, 0, NULL },
	{ "2027-01-31T18:00:00", -EDOM, 0, NULL },
	{ "", -EINVAL, 0, NULL },
	{ "2027", -EINVAL, 0, NULL },
	{ "2027-01-31", -EINVAL, 0, NULL },
	{ "27-01-31T18:00Z", -EINVAL, 0, NULL },
	{ "2027-1-31T18:00Z", -EINVAL, 0, NULL },
	{ "2027-01-31 18:00Z", -EINVAL, 0, NULL },
	{ "2027-01-31T18Z", -EINVAL, 0, NULL },
	{ "2027-01-31T18:00:00.Z", -EINVAL, 0, NULL },
	{ "2027-01-31T18:00:00.1234567890Z", -EINVAL, 0, NULL },
	{ "2027-01-31T18:00Z ", -EINVAL, 0, NULL },
	{ "2027-01-31T18:00+0100", -EINVAL, 0, NULL },
	{ "2027-01-31T18:00 UTC", -EINVAL, 0, NULL },
	{ "-027-01-31T18:00Z", -EINVAL, 0, NULL },
};

static void reads_time(void **state)
{
	const struct time_case *tc = *state;
	char buf[PW_TIME_STRLEN];
	uint64_t ns = 77;

	assert_int_equal(pw_time_parse(tc->text, strlen(tc->text), &ns),
			 tc->err);
	assert_int_equal(ns, tc->err ? 77 : tc->ns);
	if (!tc->err)
		assert_string_equal(pw_time_format(ns, buf), tc->normal);
}

/* One value of a key in a section that is right but for it */
static const struct value_case {
	const char *key, *text;
	const char *normal;	/* NULL: refused */
} value_cases[] = {
	{ "rate", "6/minute", "6/minute" },
	{ "rate", "6/minute burst 6", "6/minute" },
	{ "rate", "6/minute burst 60", "6/minute burst 60" },
	{ "rate", "6/day per source", "6/day per source" },
	{ "rate", "6/hour burst 9 per source", "6/hour burst 9 per source" },
	{ "rate", "6/hour \t burst\t9  per   source",
	  "6/hour burst 9 per source" },
	{ "rate", "1000000/second", "1000000/second" },
	{ "rate", "1000001/second", NULL },
	{ "rate", "0/second", NULL },
	{ "rate", "06/second", NULL },
	{ "rate", "6/Minute", NULL },
	{ "rate", "6/min", NULL },
	{ "rate", "6/", NULL },
	{ "rate", "6 / minute", NULL },
	{ "rate", "6/minute per", NULL },
	{ "rate", "6/minute source", NULL },
	{ "rate", "6/minute per source per source", NULL },
	{ "rate", "6/minute per source burst 9", NULL },
	{ "rate", "6/minute burst", NULL },
	{ "rate", "6/minute burst 0", NULL },
	{ "rate", "1/day burst 91250", "1/day burst 91250" },
	{ "rate", "1/day burst 91251", NULL },
	{ "rate", "2/day burst 182500 per source",
	  "2/day burst 182500 per source" },
	{ "rate", "5/day burst 1000000", NULL },
	{ "log", "1/day burst 1000000", NULL },
	{ "rate", "6/minute burst 6 burst 6", NULL },
	{ "rate", "6/minute, burst 6", NULL },
	{ "rate", "no", NULL },
	{ "connections", "3", "3" },
	{ "connections", "3 per source", "3 per source" },
	{ "connections", "0", NULL },
	{ "connections", "3 burst 3", NULL },
	{ "connections", "3, per source", NULL },
	{ "connections", "-3", NULL },
	{ "log", "no", "no" },
	{ "log", "5/minute burst 2", "5/minute burst 2" },
	{ "log", "5/minute per source", NULL },
	{ "log", "yes", NULL },
	{ "ping", "yes", "yes" },
	{ "ping", "no", NULL },
	{ "ping", "5/minute", NULL },
	{ "udp", "all", "all" },
	{ "udp", "1-65535", "all" },
	{ "udp", "7-7", "7" },
	{ "udp", "7,8 9", "7, 8, 9" },
	{ "udp", "7 , 8", "7, 8" },
	{ "udp", "7,,8", NULL },
	{ "udp", "7,", NULL },
	{ "udp", ",7", NULL },
	{ "udp", "0-7", NULL },
	{ "udp", "8-7", NULL },
	{ "udp", "65536", NULL },
	{ "udp", "1-65536", NULL },
	{ "udp", "All", NULL },
	{ "udp", "*", NULL },
	{ "protocol", "esp", "esp" },
	{ "protocol", "50", "esp" },
	{ "protocol", "253", "253" },
	{ "protocol", "ospg", NULL },
	{ "protocol", "tcp", NULL },
	{ "protocol", "6", NULL },
	{ "protocol", "17", NULL },
	{ "protocol", "132", NULL },
	{ "protocol", "icmpv6", NULL },
	{ "protocol", "1", NULL },
	{ "protocol", "58", NULL },
	{ "protocol", "ipv6-frag", NULL },
	{ "protocol", "256", NULL },
	{ "from", "192.0.2.0-192.0.2.255", "192.0.2.0/24" },
	{ "from", "192.0.2.0/32", "192.0.2.0" },
	{ "from", "2001:DB8:0:0::1", "2001:db8::1" },
	{ "from", "private, link-local", "private, link-local" },
	{ "from", "local", NULL },
	{ "from", "any", NULL },
	{ "from", "192.0.2.0/33", NULL },
	{ "from", "example.org", NULL },
	{ "from", "file:nosuch.txt", NULL },	/* read from no file */
	{ "from", "file:/nosuch/list.txt", NULL },
	{ "to", "local, broadcast multicast", "local, broadcast, multicast" },
	{ "to", "all", NULL },
	{ "on", "eth0, wlan*", "eth0, wlan*" },
	{ "on", "eth0 *", "eth0, *" },
	{ "on", "lo", NULL },
	{ "on", "ipsec", NULL },
	{ "on", "e*0", NULL },
	{ "on", "a/b", NULL },
	{ "on", "abcdefghijklmno", "abcdefghijklmno" },
	{ "on", "abcdefghijklmnop", NULL },
	{ "on", "abcdefghijklmn*", "abcdefghijklmn*" },
	{ "on", "abcdefghijklmno*", NULL },
	{ "until", "2027-12-31T18:00+01:00", "2027-12-31T17:00Z" },
	{ "until", "2027-12-31", NULL },
	{ "comment", "x ;y", "x" },
	{ "comment", "x;y", "x;y" },
	{ "track", "no", NULL },
	{ "bridges", "br0", NULL },
};

static void reads_value(void **state)
{
	const struct value_case *tc = *state;
	char text[256], want[256];
	struct read_policy got;
	char *out;

	snprintf(text, sizeof(text), "[allow a]\ntcp = 1\n%s = %s\n", tc->key,
		 tc->text);
	got = read_text(text);
	if (!tc->normal) {
		assert_int_equal(got.err, -EINVAL);
		assert_int_equal(pw_diags_count(got.diags, PW_ERROR), 1);
		assert_true(pw_diags_get(got.diags, 0)->line == 3);
	} else {
		assert_int_equal(got.err, 0);
		out = print_policy(got.policy);
		snprintf(want, sizeof(want), "%s = %s\n", tc->key, tc->normal);
		assert_non_null(strstr(out, want));
		free(out);
	}
	read_policy_clear(&got);
}

static void order_leaves_no_trace(void **state)
{
	struct read_policy a, b;
	char *first, *second;

	(void)state;
	a = read_text("[policy]\nping = no\ndefault = reject\n"
		      "[ports]\nb = 2\na = 1\n"
		      "[allow b]\ntcp = b\nfrom = private\n[allow a]\nudp = a\n"
		      "[block z]\nfrom = n\n[addresses]\nn = 192.0.2.1\n");
	b = read_text("[block z]\nfrom = n\n[allow a]\nudp = a\n"
		      "[addresses]\nn = 192.0.2.1/32\n"
		      "; a comment\n[allow b]\n\nfrom = private\ntcp = b ; c\n"
		      "[ports]\na = 1\nb = 2\n"
		      "[policy]\ndefault = reject\nping = no\n");
	assert_int_equal(a.err, 0);
	assert_int_equal(b.err, 0);
	first = print_policy(a.policy);
	second = print_policy(b.policy);
	assert_string_equal(first, second);
	assert_memory_equal(a.model->digest, b.model->digest, 32);
	free(first);
	free(second);
	read_policy_clear(&a);
	read_policy_clear(&b);
}

/* Syntax, names, and a name that a wrong line may have defined */
static void reports_all_at_once(void **state)
{
	static const struct pw_trust trust = { .check = false };
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char path[] = "/tmp/policy_test.XXXXXX";
	struct pw_policy *policy = NULL;
	struct pw_model *model = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(dprintf(fd, "[allow a]\ntcp = 9000-80\nfrom = offcie\n"
			    "[addresses]\noffice = 192.0.2.1\n") > 0);
	close(fd);
	assert_int_equal(pw_policy_load(path, &trust, &policy, diags), -EINVAL);
	assert_int_equal(pw_diags_count(diags, PW_ERROR), 1);
	assert_int_equal(pw_policy_read(path, &trust, &test_host, &policy,
					&model, diags), -EINVAL);
	unlink(path);
	assert_null(policy);
	assert_null(model);
	assert_int_equal(pw_diags_count(diags, PW_ERROR), 3);
	assert_true(has_message(diags, PW_ERROR, "unknown address name"));
}

static void lost_names_are_not_missed(void **state)
{
	struct read_policy got;

	(void)state;
	got = read_text("[allow a]\ntcp = 1\nfrom = office\n"
			"[addresses]\noffice: 192.0.2.1\n");
	assert_int_equal(got.err, -EINVAL);
	assert_int_equal(pw_diags_count(got.diags, PW_ERROR), 1);
	read_policy_clear(&got);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* As root: lists may belong to users of the system, policies may not */
static void trusts_owners_of_lists(void **state)
{
	static const struct pw_trust trust = { .check = true,
					       .sudo_uid = (uid_t)-1 };
	pw_owned(pw_diags_free) struct pw_diags *diags = NULL;
	char dir[] = "/tmp/policy_test.XXXXXX", main[64], list[64];
	struct pw_policy *policy = NULL;
	int errs[4];

	(void)state;
	if (geteuid()) {
		print_message("# reason: files of others need root\n");
		skip();
	}
	diags = pw_diags_new();
	assert_non_null(mkdtemp(dir));
	snprintf(main, sizeof(main), "%s/main.ini", dir);
	snprintf(list, sizeof(list), "%s/list.txt", dir);
	write_file(main, "[allow a]\ntcp = 1\nfrom = file:list.txt\n");
	write_file(list, "192.0.2.1\n");
	for (int i = 0; i < 4; i++) {
		static const uid_t uids[][2] = {
			{ 0, 0 }, { 0, 999 }, { 0, 1000 }, { 999, 0 },
		};

		assert_int_equal(chown(main, uids[i][0], 0), 0);
		assert_int_equal(chown(list, uids[i][1], 0), 0);
		errs[i] = pw_policy_load(main, &trust, &policy, diags);
		if (!errs[i])
			pw_policy_free(policy);
	}
	unlink(main);
	unlink(list);
	rmdir(dir);
	assert_int_equal(errs[0], 0);
	assert_int_equal(errs[1], 0);
	assert_int_equal(errs[2], -EINVAL);
	assert_int_equal(errs[3], -EINVAL);
}

static void knows_its_sources(void **state)
{
	static const struct pw_trust trust = { .check = false };
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	char dir[] = "/tmp/policy_test.XXXXXX", path[64], more[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/main.ini", dir);
	snprintf(more, sizeof(more), "%s/[more].ini", dir);
	write_file(path, "[policy]\ninclude = *].ini\n");
	write_file(more, "[allow a]\ntcp = 1\n");
	assert_int_equal(pw_policy_load(path, &trust, &policy, diags), 0);
	assert_int_equal(pw_policy_num_sources(policy), 2);
	assert_string_equal(pw_policy_source(policy, 0)->name, path);
	assert_string_equal(pw_policy_source(policy, 1)->name, more);
	unlink(path);
	unlink(more);
	rmdir(dir);
}

static void parsed_source_is_the_first(void **state)
{
	struct read_policy got = read_text("[allow a]\ntcp = 1\n");

	(void)state;
	assert_int_equal(got.err, 0);
	assert_int_equal(pw_policy_num_sources(got.policy), 1);
	assert_ptr_equal(pw_policy_source(got.policy, 0), got.src);
	read_policy_clear(&got);
}

/* Messages and hints that need more than one wrong line, or a directory */
static const struct hint_case {
	const char *name, *text, *words;
	const char *hint;	/* NULL: there is none */
	unsigned int errors;
} hint_cases[] = {
	{ "a protocol by its neighbour", "[allow a]\nprotocol = ospg\n",
	  "unknown protocol 'ospg'", "did you mean 'ospf'?", 1 },
	{ "a relative include from no file", "[policy]\ninclude = a.ini\n"
	  "[allow a]\ntcp = 1\n", "relative path in a policy that is not",
	  "write the path from the root", 1 },
	{ "names alone", "[addresses]\na = 192.0.2.1\n", 
	  "no [allow] section", NULL, 1 },
	{ "a long interface where a line is lost", "[allow a]\ntcp = 1\n"
	  "on = abcdefghijklmnopq\n[interfaces]\nx: eth0\n",
	  "does not separate", NULL, 1 },
};

static const struct pw_diag *find_error(const struct pw_diags *diags,
					const char *words)
{
	for (size_t i = 0; i < pw_diags_kept(diags); i++) {
		const struct pw_diag *diag = pw_diags_get(diags, i);

		if (diag->severity == PW_ERROR && strstr(diag->text, words))
			return diag;
	}
	return NULL;
}

static void hints(void **state)
{
	const struct hint_case *tc = *state;
	struct read_policy got = read_text(tc->text);
	const struct pw_diag *diag = find_error(got.diags, tc->words);

	assert_int_equal(got.err, -EINVAL);
	assert_int_equal(pw_diags_count(got.diags, PW_ERROR), tc->errors);
	if (!diag)
		fail_msg("%s", pw_diags_get(got.diags, 0)->text);
	if (tc->hint)
		assert_string_equal(diag->hint, tc->hint);
	read_policy_clear(&got);
}

/* As root, who may read all: a directory that is a link to itself */
static void unreadable_directories_are_errors(void **state)
{
	static const char text[] = "[policy]\ninclude = loop/*.ini\n";
	char dir[] = "/tmp/policy_test.XXXXXX", path[64];
	struct read_policy got;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/loop", dir);
	assert_int_equal(symlink("loop", path), 0);
	got = read_text_at(dir, text, sizeof(text) - 1);
	unlink(path);
	rmdir(dir);
	assert_int_equal(got.err, -EINVAL);
	assert_int_equal(pw_diags_count(got.diags, PW_ERROR), 1);
	assert_non_null(find_error(got.diags, "cannot read the directory of "
				   "loop/*.ini"));
	read_policy_clear(&got);
}

/* A name that another file defines is shown with that file */
static void hints_name_the_other_file(void **state)
{
	static const char text[] = "[policy]\ninclude = n.ini\n"
				   "[allow a]\ntcp = 1\nfrom = offcie\n";
	char dir[] = "/tmp/policy_test.XXXXXX", path[64], want[128];
	const struct pw_diag *diag;
	struct read_policy got;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/n.ini", dir);
	snprintf(want, sizeof(want), "did you mean 'office' (%s:2)?", path);
	write_file(path, "[addresses]\noffice = 192.0.2.1\n");
	got = read_text_at(dir, text, sizeof(text) - 1);
	unlink(path);
	rmdir(dir);
	assert_int_equal(got.err, -EINVAL);
	diag = find_error(got.diags, "unknown address name");
	assert_non_null(diag);
	assert_string_equal(diag->hint, want);
	read_policy_clear(&got);
}

/* What a comment of a list must not hide: the rest of the file, for one */
static const struct list_case {
	const char *name, *text;
	size_t len;
	const char *words;
	uint32_t col;
} list_cases[] = {
	{ "NUL in a line of comment", "# a\0b\n192.0.2.1\n", 16,
	  "NUL byte in the text", 4 },
	{ "NUL behind an address", "192.0.2.1 # a\0b\n", 16,
	  "NUL byte in the text", 14 },
	{ "CR behind an address", "192.0.2.1 # a\r192.0.2.2\n", 24,
	  "carriage return that does not end a line", 14 },
};

static void comments_of_lists(void **state)
{
	static const char text[] = "[allow a]\ntcp = 1\nfrom = file:l\n";
	const struct list_case *tc = *state;
	char dir[] = "/tmp/policy_test.XXXXXX", path[64];
	const struct pw_diag *diag;
	struct read_policy got;
	FILE *out;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/l", dir);
	out = fopen(path, "w");
	assert_non_null(out);
	fwrite(tc->text, 1, tc->len, out);
	assert_int_equal(fclose(out), 0);
	got = read_text_at(dir, text, sizeof(text) - 1);
	unlink(path);
	rmdir(dir);
	assert_int_equal(got.err, -EINVAL);
	diag = find_error(got.diags, tc->words);
	assert_non_null(diag);
	assert_int_equal(diag->col, tc->col);
	read_policy_clear(&got);
}

/* A directory whose name looks like a pattern is meant as it is */
static void glob_starts_in_odd_directory(void **state)
{
	static const char text[] = "[policy]\ninclude = *.ini\n";
	char dir[] = "/tmp/policy_*[x]?.XXXXXX", path[64];
	struct read_policy got;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.ini", dir);
	write_file(path, "[allow a]\ntcp = 1\n");
	got = read_text_at(dir, text, sizeof(text) - 1);
	find_section(&got, "a");
	read_policy_clear(&got);
	unlink(path);
	rmdir(dir);
}

static void lists_every_key(void **state)
{
	const char *section = NULL, *key;
	size_t num = 0, in_allow = 0;

	(void)state;
	while ((key = pw_policy_key(num, &section))) {
		in_allow += !strcmp(section, "allow");
		num++;
	}
	assert_int_equal(num, 3 + 10 + 14 + 11);
	assert_int_equal(in_allow, 14);
	assert_null(pw_policy_key(num + 1000, &section));
}

/* What the schema calls the default is a value of its key */
static void defaults_can_be_written(void **state)
{
	const struct pw_kind_info *info = pw_kind_info(PW_KIND_POLICY);

	(void)state;
	for (size_t i = 0; i < info->num_keys; i++) {
		struct read_policy got;
		char text[512];

		if (!info->keys[i].initial)
			continue;
		snprintf(text, sizeof(text), "[allow a]\ntcp = 1\n[policy]\n"
			 "%s = %s\n", info->keys[i].name,
			 info->keys[i].initial);
		got = read_text(text);
		assert_int_equal(got.err, 0);
		read_policy_clear(&got);
	}
}

#define ROWS(table, test, label)					\
	for (size_t i = 0; i < PW_ARRAY_SIZE(table); i++)		\
		tests[num++] = (struct CMUnitTest){			\
			table[i].label, test, NULL, NULL,		\
			(void *)(uintptr_t)&table[i] }

int main(void)
{
	struct CMUnitTest tests[160] = {
		cmocka_unit_test(order_leaves_no_trace),
		cmocka_unit_test(reports_all_at_once),
		cmocka_unit_test(lost_names_are_not_missed),
		cmocka_unit_test(trusts_owners_of_lists),
		cmocka_unit_test(knows_its_sources),
		cmocka_unit_test(parsed_source_is_the_first),
		cmocka_unit_test(glob_starts_in_odd_directory),
		cmocka_unit_test(unreadable_directories_are_errors),
		cmocka_unit_test(hints_name_the_other_file),
		cmocka_unit_test(lists_every_key),
		cmocka_unit_test(defaults_can_be_written),
	};
	size_t num = 11;

	ROWS(time_cases, reads_time, text);
	ROWS(value_cases, reads_value, text);
	ROWS(hint_cases, hints, name);
	ROWS(list_cases, comments_of_lists, name);
	return _cmocka_run_group_tests("policy", tests, num, NULL, NULL);
}
