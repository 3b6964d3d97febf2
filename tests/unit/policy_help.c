/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies from text, for tests. */
#include "policy_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static char domain[] = "domain", http[] = "http", https[] = "https",
	    ntp[] = "ntp", smtp[] = "smtp", ssh[] = "ssh";

static struct pw_service services[] = {
	{ domain, 53, 6 },  { domain, 53, 17 }, { http, 80, 6 },
	{ https, 443, 6 },  { https, 443, 17 }, { ntp, 123, 17 },
	{ smtp, 25, 6 },    { ssh, 22, 6 },
};

static struct pw_iface ifaces[] = {
	{ .name = "br0", .index = 2, .is_bridge = true },
	{ .name = "eth0", .index = 3 },
	{ .name = "eth1", .index = 4, .master = 2 },
	{ .name = "lo", .index = 1 },
};

const struct pw_host test_host = {
	.ifaces = ifaces, .num_ifaces = PW_ARRAY_SIZE(ifaces),
	.ifaces_known = true,
	.services = services, .num_services = PW_ARRAY_SIZE(services),
	.now_ns = 1800000000ull * 1000000000,
};

struct read_policy read_text_at(const char *dir, const char *text, size_t len)
{
	struct read_policy got = { .diags = pw_diags_new() };

	assert_non_null(got.diags);
	got.src = pw_source_from_text("test.ini", dir, text, len);
	assert_non_null(got.src);
	got.err = pw_policy_parse(got.src, &got.policy, got.diags);
	if (!got.err)
		got.err = pw_policy_resolve(got.policy, &test_host, &got.model,
					    got.diags);
	return got;
}

struct read_policy read_text(const char *text)
{
	return read_text_at(NULL, text, strlen(text));
}

void read_policy_clear(struct read_policy *got)
{
	pw_model_free(got->model);
	pw_policy_free(got->policy);
	pw_source_free(got->src);
	pw_diags_free(got->diags);
}

const struct pw_section *find_section(const struct read_policy *got,
				      const char *name)
{
	assert_int_equal(got->err, 0);
	for (size_t i = 0; i < got->model->num_sections; i++) {
		if (!strcmp(got->model->sections[i].name, name))
			return &got->model->sections[i];
	}
	fail_msg("no section %s", name);
	return NULL;
}

bool has_message(const struct pw_diags *diags, enum pw_severity severity,
		 const char *words)
{
	for (size_t i = 0; i < pw_diags_kept(diags); i++) {
		const struct pw_diag *diag = pw_diags_get(diags, i);

		if (diag->severity == severity && strstr(diag->text, words))
			return true;
	}
	return false;
}

char *print_policy(const struct pw_policy *policy)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(pw_policy_print(policy, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void put_ports(FILE *out, const struct pw_rangeset *set)
{
	for (size_t i = 0; i < set->num; i++) {
		const struct pw_range32 *range = &set->r32[i];

		fprintf(out, "%s%u", i ? " " : "", range->first);
		if (range->last > range->first)
			fprintf(out, "-%u", range->last);
	}
}

static void put_ifaces(FILE *out, const struct pw_rangeset *set)
{
	for (size_t i = 0; i < set->num; i++) {
		const struct pw_range range = pw_rangeset_get(set, i);
		char buf[17];

		fprintf(out, "%s%s", i ? " " : "",
			pw_ifname_format(&range, buf));
	}
}

char *print_set(const struct pw_rangeset *set)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_non_null(set);
	assert_true(set->normal);
	if (set->bits == 128)
		put_ifaces(out, set);
	else
		put_ports(out, set);
	assert_int_equal(fclose(out), 0);
	return text;
}

char *print_addrs(const struct pw_addrs *addrs)
{
	char buf[2 * PW_ADDR_STRLEN], *text = NULL;
	const char *gap = "";
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		const struct pw_rangeset *set = addrs->set[f];

		assert_true(set->normal);
		for (size_t i = 0; i < set->num; i++) {
			struct pw_range range = pw_rangeset_get(set, i);

			fprintf(out, "%s%s", gap,
				pw_addr_range_format(f, &range, buf));
			gap = " ";
		}
	}
	assert_int_equal(fclose(out), 0);
	return text;
}
