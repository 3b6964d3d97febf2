// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of others that a probe would leave a trace in: found, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inject_host.h"

#define HOOK(hook) "type filter hook " hook " priority 0\n"

/* Rules, and the lines "chain what comment" that are expected */
static const struct foreign_case {
	const char *name, *rules, *want;
} cases[] = {
	{ "nothing", "", "" },
	{ "no memory",
	  "table inet t { chain c { " HOOK("input")
	  "  tcp dport 22 counter accept\n  ct state new drop\n } \n}\n", "" },
	{ "each kind, and a comment",
	  "table inet t {\n set s { type ipv4_addr; flags dynamic; size 9; }\n"
	  " chain c { " HOOK("input")
	  "  limit rate 5/minute log prefix \"x\" comment \"a \\b\"\n"
	  "  quota 10 mbytes accept\n  add @s { ip saddr }\n"
	  "  ct count over 5 drop\n }\n}\n",
	  "inet t c limit a \\b\ninet t c log a \\b\ninet t c quota -\n"
	  "inet t c dynamic set -\ninet t c connlimit -\n" },
	{ "named objects",
	  "table ip t {\n limit l { rate 5/minute; }\n quota q { 9 mbytes; }\n"
	  " counter n { }\n chain c { " HOOK("forward")
	  "  limit name l accept\n  quota name q accept\n  counter name n\n"
	  " }\n}\n",
	  "ip t c limit -\nip t c quota -\n" },
	{ "hooks that probes come to",
	  "table inet t {\n chain a { " HOOK("prerouting") "  log\n }\n"
	  " chain b { " HOOK("forward") "  log\n }\n"
	  " chain c { " HOOK("output") "  log\n }\n"
	  " chain d { " HOOK("postrouting") "  log\n }\n"
	  " chain e { log\n }\n}\n",
	  "inet t a log -\ninet t b log -\ninet t e log -\n" },
	{ "a device",
	  "table netdev t { chain c {"
	  " type filter hook ingress device eth0 priority 0\n"
	  "  limit rate 5/second accept\n }\n}\n",
	  "netdev t c limit -\n" },
	{ "tables that no packet comes to",
	  "table inet t { flags dormant\n chain c { " HOOK("input")
	  "  log\n }\n}\n"
	  "table ip o { chain c { " HOOK("output") "  jump d\n }\n"
	  " chain d { log\n }\n}\n"
	  "table arp a { chain c { " HOOK("input") "  log\n }\n}\n", "" },
	{ "our own",
	  "table inet portwall { chain c { " HOOK("input") "  log\n }\n}\n"
	  "table inet portwall-probe-1 { chain c { " HOOK("input")
	  "  log\n }\n}\n", "" },
	{ "names like ours",
	  "table ip portwall { chain c { " HOOK("input") "  log\n }\n}\n"
	  "table inet portwall2 { chain c { " HOOK("input") "  log\n }\n}\n",
	  "ip portwall c log -\ninet portwall2 c log -\n" },
};

static char *describe(void)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_foreign *list;
	char *text = NULL;
	size_t num, num_rules, len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(pw_foreign_traces(&list, &num, &num_rules, diags),
			 0);
	assert_true(num_rules || !num);
	for (size_t i = 0; i < num; i++) {
		assert_true(list[i].handle);
		fprintf(out, "%s %s %s\n", list[i].chain, list[i].what,
			list[i].comment ? list[i].comment : "-");
	}
	fclose(out);
	pw_foreign_free(list, num);
	pw_diags_free(diags);
	return text;
}

static void traces_are_found(void **state)
{
	const struct foreign_case *fc = *state;
	char *got;

	ih_need();
	ih_rules(fc->rules);
	got = describe();
	assert_string_equal(got, fc->want);
	free(got);
}

static void those_of_iptables(void **state)
{
	char *got;

	(void)state;
	ih_need();
	ih_rules("");
	if (system("iptables-nft -A INPUT -p tcp -m recent --set -j LOG"
		   " 2>/dev/null")) {
		print_message("# reason: no iptables-nft, or no xt_recent\n");
		skip();
	}
	got = describe();
	assert_string_equal(got, "ip filter INPUT dynamic set -\n"
				 "ip filter INPUT log -\n");
	free(got);
}

/* Why they are listed: a probe does leave its trace */
static void a_trace_is_left(void **state)
{
	static const uint16_t ports[] = { 21, 22, 23 };
	uint8_t evidence[PW_ARRAY_SIZE(ports)];
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	char *listed;

	(void)state;
	ih_need();
	ih_rules("table inet t {\n set s { type inet_service; size 9;"
		 " flags dynamic; }\n chain c { " HOOK("input")
		 "  tcp dport 22 add @s { tcp dport }\n }\n}\n");
	ih_aim(sweeps);
	sweeps->volleys[0].ports = ports;
	sweeps->volleys[0].num_ports = PW_ARRAY_SIZE(ports);
	sweeps->volleys[0].evidence = evidence;
	injector = ih_injector(1u << PW_INJECT_XDP);
	ih_fire(injector, sweeps->volleys, 1);
	pw_injector_close(injector);
	listed = ih_shell("nft list set inet t s");
	assert_non_null(strstr(listed, "elements = { 22 }"));
	free(listed);
	free(sweeps);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(cases) + 2];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[num++] = (struct CMUnitTest){
			cases[i].name, traces_are_found, NULL, NULL,
			(void *)(uintptr_t)&cases[i] };
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(those_of_iptables);
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(
		a_trace_is_left);
	return _cmocka_run_group_tests("foreign rules", tests, num, ih_setup,
				       NULL);
}
