// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock-out guard: who could connect again, and what is to be added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "live/guard.h"
#include "portwall/compile.h"
#include "portwall/policy.h"

#define NOW_NS (1800000000ull * 1000000000u)

struct peer {
	const char *iifname, *addr;
	uint16_t port;
};

static const struct guard_case {
	const char *name, *policy;
	struct peer peers[3];		/* to the end, or to one without name */
	int err;			/* without --allow-lockout */
	const char *text, *hint;	/* part of the first message; NULL: none */
	enum pw_severity severity;
} cases[] = {
	{ "nobody is connected", "[allow a]\ntcp = 80\n", {}, 0, NULL, NULL,
	  PW_ERROR },
	{ "let in by address", "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n",
	  { { "eth0", "192.0.2.7", 22 } }, 0, NULL, NULL, PW_ERROR },
	{ "let in by IPv6 address",
	  "[allow a]\ntcp = 22\nfrom = 2001:db8::/32\n",
	  { { "eth0", "2001:db8::7", 22 } }, 0, NULL, NULL, PW_ERROR },
	{ "other address", "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n",
	  { { "eth0", "198.51.100.7", 22 } }, -EINVAL,
	  "tcp/22 from 198.51.100.7 on eth0 would be dropped",
	  "[allow remote-access]\ntcp = 22\nfrom = 198.51.100.7\n", PW_ERROR },
	{ "refused is not let in",
	  "[policy]\ndefault = reject\n[allow a]\ntcp = 80\n",
	  { { "eth0", "198.51.100.7", 22 } }, -EINVAL, "would be refused",
	  "[allow remote-access]", PW_ERROR },
	{ "other family", "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n",
	  { { "eth0", "2001:db8::7", 22 } }, -EINVAL, "from 2001:db8::7",
	  "from = 2001:db8::7\n", PW_ERROR },
	{ "other port", "[allow a]\ntcp = 22\n",
	  { { "eth0", "192.0.2.7", 2222 } }, -EINVAL, "tcp/2222",
	  "tcp = 2222\n", PW_ERROR },
	{ "other interface", "[allow a]\ntcp = 22\non = eth1\n",
	  { { "eth0", "192.0.2.7", 22 } }, -EINVAL, "on eth0",
	  "[allow remote-access]", PW_ERROR },
	{ "right interface", "[allow a]\ntcp = 22\non = eth*\n",
	  { { "eth0", "192.0.2.7", 22 } }, 0, NULL, NULL, PW_ERROR },
	{ "from a container bridge", "[allow a]\ntcp = 22\non = docker0\n",
	  { { "docker0", "172.17.0.2", 22 } }, 0, NULL, NULL, PW_ERROR },
	{ "from a container bridge, closed", "[allow a]\ntcp = 22\non = eth0\n",
	  { { "docker0", "172.17.0.2", 22 } }, -EINVAL, "on docker0", NULL,
	  PW_ERROR },
	{ "a limit admits", "[allow a]\ntcp = 22\nrate = 6/minute\n",
	  { { "eth0", "192.0.2.7", 22 } }, 0, "within a limit", NULL,
	  PW_NOTE },
	{ "a limit by source admits",
	  "[allow a]\ntcp = 22\nconnections = 3 per source\n",
	  { { "eth0", "192.0.2.7", 22 } }, 0, "within a limit", NULL,
	  PW_NOTE },
	{ "ended", "[allow a]\ntcp = 22\nuntil = 2001-01-01T00:00Z\n",
	  { { "eth0", "192.0.2.7", 22 } }, -EINVAL, "tcp/22",
	  "[allow remote-access]", PW_ERROR },
	{ "blocked", "[allow a]\ntcp = 22\n[block b]\nfrom = 192.0.2.0/24\n",
	  { { "eth0", "192.0.2.7", 22 } }, -EINVAL, "from 192.0.2.7",
	  "[block b]", PW_ERROR },
	{ "the new section's name is free",
	  "[allow remote-access]\ntcp = 80\n[allow remote-access-2]\ntcp = 81\n",
	  { { "eth0", "192.0.2.7", 22 } }, -EINVAL, "tcp/22",
	  "[allow remote-access-3]\n", PW_ERROR },
	{ "every peer is in the section", "[allow a]\ntcp = 80\n",
	  { { "eth0", "192.0.2.7", 22 }, { "eth0", "192.0.2.9", 2222 },
	    { "eth1", "2001:db8::7", 22 } }, -EINVAL, NULL,
	  "tcp = 22, 2222\nfrom = 192.0.2.7, 192.0.2.9, 2001:db8::7\n",
	  PW_ERROR },
};

static void add_peer(struct pw_remotes *remotes, const struct peer *peer)
{
	struct pw_remote *remote = &remotes->items[remotes->num++];
	struct pw_addr_range addr;

	assert_int_equal(pw_addr_range_parse(peer->addr, strlen(peer->addr),
					     &addr), 0);
	strcpy(remote->iifname, peer->iifname);
	remote->family = addr.family;
	remote->peer = addr.range.first;
	remote->local = addr.family == PW_IPV4 ? pw_value32(0xc0000201) :
		(struct pw_value){ 0x20010db8ull << 32, 1 };
	remote->port = peer->port;
}

static int judge(const struct guard_case *tc, bool allow,
		 struct pw_diags *diags)
{
	const struct pw_host host = { .now_ns = NOW_NS };
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text("t.ini", NULL, tc->policy,
				    strlen(tc->policy));
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	pw_owned(pw_diags_free) struct pw_diags *unseen = pw_diags_new();
	struct pw_remote items[PW_ARRAY_SIZE(tc->peers)] = { 0 };
	struct pw_remotes remotes = { .items = items };

	for (size_t i = 0; i < PW_ARRAY_SIZE(tc->peers); i++)
		if (tc->peers[i].iifname)
			add_peer(&remotes, &tc->peers[i]);
	assert_int_equal(pw_policy_parse(src, &policy, unseen), 0);
	assert_int_equal(pw_policy_resolve(policy, &host, &model, unseen), 0);
	assert_int_equal(pw_compile(model, 1, &rs, unseen), 0);
	return pw_guard_judge(model, rs, &remotes, NOW_NS, allow, diags);
}

/* Does a message of @severity hold @text, or its hint @hint? */
static void assert_message(const struct pw_diags *diags,
			   enum pw_severity severity, const char *text,
			   const char *hint)
{
	bool has_text = !text, has_hint = !hint;

	for (size_t i = 0; i < pw_diags_kept(diags); i++) {
		const struct pw_diag *diag = pw_diags_get(diags, i);

		assert_int_equal(diag->severity, severity);
		has_text |= text && strstr(diag->text, text);
		has_hint |= hint && diag->hint && strstr(diag->hint, hint);
	}
	assert_true(has_text);
	assert_true(has_hint);
}

static void guards(void **state)
{
	const struct guard_case *tc = *state;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	assert_int_equal(judge(tc, false, diags), tc->err);
	assert_message(diags, tc->severity, tc->text, tc->hint);
	assert_int_equal(pw_diags_kept(diags) != 0, tc->text || tc->hint);
}

/* With --allow-lockout nothing fails, and what would have is a warning */
static void allows(void **state)
{
	const struct guard_case *tc = *state;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	assert_int_equal(judge(tc, true, diags), 0);
	assert_message(diags, tc->severity == PW_NOTE ? PW_NOTE : PW_WARNING,
		       tc->text, tc->hint);
}

int main(void)
{
	struct CMUnitTest tests[2 * PW_ARRAY_SIZE(cases)];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		void *tc = (void *)(uintptr_t)&cases[i];

		tests[num++] = (struct CMUnitTest){ cases[i].name, guards,
						    NULL, NULL, tc };
		tests[num++] = (struct CMUnitTest){ cases[i].name, allows,
						    NULL, NULL, tc };
	}
	return _cmocka_run_group_tests("guard", tests, num, NULL, NULL);
}
