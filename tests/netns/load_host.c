// SPDX-License-Identifier: GPL-2.0-or-later
/* A network namespace, small rulesets, and what is in force there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load_host.h"

double lh_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int lh_open(void **state)
{
	struct host *host = calloc(1, sizeof(*host));

	*state = host;
	if (!host || unshare(CLONE_NEWNET))
		return 0;	/* the test skips itself */
	host->diags = pw_diags_new();
	return pw_nl_open(&host->nl, host->diags);
}

int lh_close(void **state)
{
	struct host *host = *state;

	pw_nl_close(host->nl);
	pw_diags_free(host->diags);
	free(host);
	return 0;
}

struct host *lh_host(void **state)
{
	struct host *host = *state;

	if (!host->nl) {
		print_message("# reason: no network namespace can be made here\n");
		skip();
	}
	return host;
}

/* Fails the test with the library's own words */
void lh_works(const struct host *host, int err)
{
	for (size_t i = 0; err && i < pw_diags_kept(host->diags); i++)
		print_error("%s\n", pw_diags_get(host->diags, i)->text);
	assert_int_equal(err, 0);
}

const char *lh_last_text(const struct pw_diags *diags)
{
	size_t num = pw_diags_kept(diags);

	assert_true(num);
	return pw_diags_get(diags, num - 1)->text;
}

/* Output of a shell command, which must succeed; the caller frees */
char *lh_shell(const char *command)
{
	FILE *pipe = popen(command, "r");
	char *text = NULL;
	size_t len = 0;

	assert_non_null(pipe);
	if (getdelim(&text, &len, '\0', pipe) < 0) {
		free(text);
		text = strdup("");
	}
	assert_int_equal(pclose(pipe), 0);
	return text;
}

uint32_t lh_ok(int64_t index)
{
	assert_true(index >= 0);
	return (uint32_t)index;
}

uint32_t lh_chain(struct pw_ruleset *rs, uint32_t n, const char *rest)
{
	char name[48];

	snprintf(name, sizeof(name), "g%u.%s", n, rest);
	return lh_ok(pw_ruleset_add_chain(rs, name));
}

uint32_t lh_set(struct pw_ruleset *rs, const char *name,
			  enum pw_set_type type, bool interval,
			  struct pw_rangeset *elems)
{
	struct pw_set set = {
		.name = (char *)(uintptr_t)name, .type = type,
		.constant = true, .interval = interval, .elems = elems,
	};

	assert_int_equal(pw_rangeset_normalise(elems), 0);
	if (!interval && type != PW_T_PORT)
		set.size = (uint32_t)pw_rangeset_count(elems);
	return lh_ok(pw_ruleset_add_set(rs, &set));
}

/* Addresses 10.0.0.x with a gap behind each */
struct pw_rangeset *lh_addresses(size_t num)
{
	struct pw_rangeset *elems = pw_rangeset_new(32);

	assert_non_null(elems);
	for (uint32_t i = 0; i < num; i++)
		assert_int_equal(pw_rangeset_add32(elems, 0x0a000000 + 2 * i,
						   0x0a000000 + 2 * i), 0);
	return elems;
}

void lh_rule(struct pw_ruleset *rs, uint32_t chain, uint32_t set,
		     uint32_t obj, enum pw_verdict_kind kind, uint32_t target)
{
	struct pw_match match = { .field = PW_F_SADDR4, .set = set };
	struct pw_effect effect = {
		.kind = PW_E_COUNTER, .obj = obj, .map = PW_NONE,
		.set = PW_NONE,
	};
	const struct pw_rule rule = {
		.matches = &match, .num_matches = set != PW_NONE,
		.effects = &effect, .num_effects = obj != PW_NONE,
		.verdict = { kind, target, PW_NONE },
		.comment = (char[]){ "allow web (shop.ini:14)" },
		.section = PW_NONE,
	};

	assert_int_equal(pw_ruleset_add_rule(rs, chain, &rule), 0);
}

/* Base chains, gN.in with the set that all share, a verdict map, a set of ours;
 * for a test to add to before it sorts */
struct pw_ruleset *lh_want_new(uint32_t n)
{
	static const struct pw_rate none;
	struct pw_ruleset *rs = pw_ruleset_new();
	struct pw_map_elem e = { .key = 6 << 16 | 22, .obj = PW_NONE };
	struct pw_rangeset *elems;
	uint32_t base, in, c, map, obj;
	char name[32];

	assert_non_null(rs);
	base = lh_ok(pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0,
				      PW_V_DROP));
	lh_ok(pw_ruleset_add_base(rs, "forward", PW_HOOK_FORWARD, -1,
			       PW_V_ACCEPT));
	lh_ok(pw_ruleset_add_base(rs, "prerouting", PW_HOOK_PREROUTING, -199,
			       PW_V_ACCEPT));
	in = lh_chain(rs, n, "in");
	c = lh_chain(rs, n, "c.0");
	lh_rule(rs, base, PW_NONE, PW_NONE, PW_V_GOTO, in);
	obj = lh_ok(pw_ruleset_add_obj(rs, "n.web", PW_O_COUNTER, &none));
	elems = lh_addresses(9);
	lh_rule(rs, c, lh_set(rs, "a.shared.4.00", PW_T_IPV4, true, elems),
		 obj, PW_V_ACCEPT, PW_NONE);
	pw_rangeset_free(elems);
	snprintf(name, sizeof(name), "a.own.4.%u", n);
	elems = lh_addresses(n);
	lh_rule(rs, c, lh_set(rs, name, PW_T_IPV4, false, elems), PW_NONE,
		 PW_V_DROP, PW_NONE);
	pw_rangeset_free(elems);
	snprintf(name, sizeof(name), "m.%u.ports", n);
	map = lh_ok(pw_ruleset_add_map(rs, name, PW_K_PROTO_PORT, false));
	e.verdict = (struct pw_verdict){ PW_V_JUMP, c, PW_NONE };
	assert_int_equal(pw_map_add(&rs->maps[map], &e), 0);
	lh_rule(rs, in, PW_NONE, PW_NONE, PW_V_JUMP, c);
	return rs;
}

struct pw_ruleset *lh_want_of(uint32_t n)
{
	struct pw_ruleset *rs = lh_want_new(n);

	assert_int_equal(pw_ruleset_sort(rs), 0);
	return rs;
}

struct pw_stamp lh_stamp_of(uint32_t n)
{
	return (struct pw_stamp){
		.generation = n, .time_ns = 1000 + n, .sudo_uid = UINT32_MAX,
		.source = "shop.ini",
	};
}

struct pw_kernel *lh_kernel_of(const struct host *host)
{
	struct pw_kernel *kernel = NULL;

	lh_works(host, pw_kernel_read(host->nl, 0, &kernel, host->diags));
	return kernel;
}

int lh_fill(const struct host *host, const struct pw_ruleset *want,
		uint32_t n)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_stamp stamp = lh_stamp_of(n);
	int err = pw_load_fill(host->nl, want, &stamp, kernel, host->diags);

	pw_kernel_free(kernel);
	return err;
}

int lh_apply(const struct host *host, const struct pw_ruleset *want,
		 uint32_t n)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_stamp stamp = lh_stamp_of(n);
	int err = pw_load_fill(host->nl, want, &stamp, kernel, host->diags);

	if (!err)
		err = pw_load_switch(host->nl, want, &stamp, kernel, n == 1,
				     host->diags);
	pw_kernel_free(kernel);
	return err;
}

/* What is in force is generation @n, and equal to what was wanted */
void lh_in_force(const struct host *host, uint32_t n)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_ruleset *want = lh_want_of(n), *got = NULL;
	struct pw_stamp stamp = lh_stamp_of(n);
	char *what = NULL;

	assert_true(kernel->exists);
	assert_int_equal(kernel->format, PW_FORMAT);
	assert_int_equal(kernel->current, n);
	assert_memory_equal(&kernel->stamp, &stamp, sizeof(stamp));
	assert_int_equal(pw_kernel_generation(kernel, n, &got), 0);
	if (pw_ruleset_diff(want, got, &what))
		fail_msg("%s", what);
	pw_ruleset_free(got);
	pw_ruleset_free(want);
	pw_kernel_free(kernel);
}

void lh_apply_small(const struct host *host, uint32_t n)
{
	struct pw_ruleset *want = lh_want_of(n);

	lh_works(host, lh_apply(host, want, n));
	pw_ruleset_free(want);
	lh_in_force(host, n);
}

bool lh_has_chain(const struct host *host, const char *name)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	bool has = pw_ruleset_find_chain(kernel->rules, name) != PW_NONE;

	pw_kernel_free(kernel);
	return has;
}

uint64_t lh_set_handle(const struct host *host, const char *name)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	uint32_t at = pw_ruleset_find_set(kernel->rules, name);
	uint64_t handle = at == PW_NONE ? 0 : kernel->rules->sets[at].handle;

	pw_kernel_free(kernel);
	return handle;
}
