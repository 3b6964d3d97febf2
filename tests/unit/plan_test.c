/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sweeps a policy gets: interfaces, classes of sources, ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/expect.h>

#include "policy_help.h"

struct planned {
	struct read_policy policy;
	struct pw_plan *plan;
};

static struct planned plan_text(const char *text, bool all)
{
	struct planned got = { .policy = read_text(text) };

	assert_int_equal(got.policy.err, 0);
	assert_int_equal(pw_plan_make(got.policy.model, all, 1, &got.plan,
				      got.policy.diags), 0);
	return got;
}

static void planned_clear(struct planned *got)
{
	pw_plan_free(got->plan);
	read_policy_clear(&got->policy);
}

#define WEB "[policy]\n" \
	    "containers = ignore\n" \
	    "[allow web]\n" \
	    "tcp = 80, 443\n" \
	    "udp = 443\n" \
	    "[allow ssh]\n" \
	    "tcp = 22\n" \
	    "from = 198.51.100.0/24, 2001:db8:a::/64\n"

static const struct count_case {
	const char *name, *text;
	size_t ifaces, classes, full;
} counts[] = {
	/* other0; anyone and ssh's, twice; tcp 2 sets, udp 1, two families */
	{ "one interface, two classes", WEB, 1, 4, 6 },
	{ "a bridge is a group of its own",
	  "[policy]\ncontainers = follow\n[allow a]\ntcp = 80\n", 2, 2, 8 },
	{ "sections of other interfaces make groups",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\non = eth0\n"
	  "[allow b]\ntcp = 81\non = eth1\n"
	  "[allow c]\ntcp = 82\non = eth0, eth1\n", 3, 2, 12 },
	{ "interfaces of one group share their sweeps",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\non = eth0, eth1, eth2\n", 4, 2, 8 },
	{ "one family only",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0/24\n", 1, 3, 5 },
	{ "sources that reach the same need no sweep of their own",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "[allow b]\ntcp = 80\nfrom = 203.0.113.0/24\n", 1, 4, 5 },
	{ "overlaps are classes",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0-192.0.2.99\n"
	  "[allow b]\ntcp = 81\nfrom = 192.0.2.50-192.0.2.150\n", 1, 5, 7 },
	{ "what except leaves out",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nexcept = 192.0.2.0/24\n", 1, 3, 5 },
	{ "limits are told apart",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "[allow b]\ntcp = 80\nrate = 1/second\n", 1, 3, 5 },
};

static void counts_sweeps(void **state)
{
	const struct count_case *tc = *state;
	struct planned got = plan_text(tc->text, false);

	assert_int_equal(got.plan->scene->num_ifaces, tc->ifaces);
	assert_int_equal(got.plan->num_classes, tc->classes);
	assert_int_equal(got.plan->full, tc->full);
	assert_int_equal(got.plan->left_out, 0);
	planned_clear(&got);
}

static const struct names_case {
	const char *name, *text;
	const char *want;	/* bridges last, with a plus */
} names[] = {
	{ "nobody names an interface", "[allow a]\ntcp = 1\n",
	  "other0 docker0+" },
	{ "containers are ignored",
	  "[policy]\ncontainers = ignore\n[allow a]\ntcp = 1\n", "other0" },
	{ "names and one that has none",
	  "[allow a]\ntcp = 1\non = eth1, eth0\n",
	  "eth0 eth1 other0 docker0+" },
	{ "a glob and its longest name", "[allow a]\ntcp = 1\non = wlan*\n",
	  "other0 wlan0 wlan99999999999 docker0+" },
	{ "a name that a glob covers too",
	  "[allow a]\ntcp = 1\non = wlan*\n[allow b]\ntcp = 2\non = wlan0\n",
	  "other0 wlan0 wlan1 wlan99999999999 docker0+" },
	{ "a glob within a glob",
	  "[allow a]\ntcp = 1\non = e*\n[allow b]\ntcp = 2\non = e0*\n",
	  "e00 e09999999999999 e1 e99999999999999 other0 docker0+" },
	{ "globs side by side", "[allow a]\ntcp = 1\non = a*, b*\n",
	  "a0 a99999999999999 b0 other0 br-0+ docker0+" },
	{ "the longest name of all",
	  "[allow a]\ntcp = 1\non = abcdefghijklmno, abcdefghijklmn*\n",
	  "abcdefghijklmn0 other0 docker0+" },
	{ "somebody is called other0", "[allow a]\ntcp = 1\non = other0\n",
	  "other0 other1 docker0+" },
	{ "a glob has every other",
	  "[allow a]\ntcp = 1\non = other*\n",
	  "other0 other9999999999 wire0 docker0+" },
	{ "every name there is", "[allow a]\ntcp = 1\non = *\n",
	  "0 999999999999999 extra0 docker0+" },
	{ "a bridge is named", "[allow a]\ntcp = 1\non = br-lan\n",
	  "other0 br-lan+ docker0+" },
	{ "bridges that are no docker0",
	  "[policy]\nbridges = lxc*\n[allow a]\ntcp = 1\n",
	  "other0 lxc0+" },
	{ "an interface cannot have this name",
	  "[allow a]\ntcp = 1\non = all, eth0\n", "eth0 other0 docker0+" },
};

static char *print_ifaces(const struct pw_scene *scene)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < scene->num_ifaces; i++)
		fprintf(out, "%s%s%s", i ? " " : "", scene->ifaces[i].name,
			scene->ifaces[i].bridge ? "+" : "");
	assert_int_equal(fclose(out), 0);
	return text;
}

static void names_interfaces(void **state)
{
	const struct names_case *tc = *state;
	struct planned got = plan_text(tc->text, false);
	char *text = print_ifaces(got.plan->scene);

	assert_string_equal(text, tc->want);
	free(text);
	planned_clear(&got);
}

/* "class address place", of sweeps of TCP to an interface's own address */
static const struct sources_case {
	const char *name, *text;
	enum pw_family family;
	const char *want;	/* sorted; "?" is any inner address */
} sources[] = {
	{ "a prefix", WEB, PW_IPV4,
	  "198.51.100.0/24, 2001:db8:a::/64 198.51.100.0 first\n"
	  "198.51.100.0/24, 2001:db8:a::/64 198.51.100.255 last\n"
	  "198.51.100.0/24, 2001:db8:a::/64 ? inside\n"
	  "anyone 1.0.0.0 first\n"
	  "anyone 198.51.101.0 outside\n"
	  "anyone 198.51.99.255 outside\n"
	  "anyone 223.255.255.255 last\n"
	  "anyone ? inside\n" },
	{ "the same over IPv6", WEB, PW_IPV6,
	  "198.51.100.0/24, 2001:db8:a::/64 "
	  "2001:db8:a:0:ffff:ffff:ffff:ffff last\n"
	  "198.51.100.0/24, 2001:db8:a::/64 2001:db8:a:: first\n"
	  "198.51.100.0/24, 2001:db8:a::/64 ? inside\n"
	  "anyone 2001:db8:9:ffff:ffff:ffff:ffff:ffff outside\n"
	  "anyone 2001:db8:a:1:: outside\n"
	  "anyone ::2 first\n"
	  "anyone ? inside\n"
	  "anyone feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff last\n" },
	{ "one address and its neighbour", "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 1\nfrom = 192.0.2.7\n"
	  "[allow b]\ntcp = 2\nfrom = 192.0.2.8\n", PW_IPV4,
	  "192.0.2.7 192.0.2.7 first\n"
	  "192.0.2.8 192.0.2.8 first\n"
	  "anyone 1.0.0.0 first\n"
	  "anyone 192.0.2.6 outside\n"
	  "anyone 192.0.2.9 outside\n"
	  "anyone 223.255.255.255 last\n"
	  "anyone ? inside\n" },
	{ "ends that no sender has", "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 1\nfrom = 0.0.0.0/5, 220.0.0.0-230.0.0.0\n",
	  PW_IPV4,
	  "0.0.0.0/5, 220.0.0.0-230.0.0.0 1.0.0.0 first\n"
	  "0.0.0.0/5, 220.0.0.0-230.0.0.0 220.0.0.0 first\n"
	  "0.0.0.0/5, 220.0.0.0-230.0.0.0 223.255.255.255 last\n"
	  "0.0.0.0/5, 220.0.0.0-230.0.0.0 7.255.255.255 last\n"
	  "0.0.0.0/5, 220.0.0.0-230.0.0.0 ? inside\n"
	  "anyone 219.255.255.255 last\n"
	  "anyone 8.0.0.0 first\n"
	  "anyone ? inside\n" },
	{ "except alone", "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 1\nexcept = 192.0.2.4/31\n", PW_IPV4,
	  "anyone 1.0.0.0 first\n"
	  "anyone 192.0.2.3 outside\n"
	  "anyone 192.0.2.6 outside\n"
	  "anyone 223.255.255.255 last\n"
	  "anyone ? inside\n"
	  "outside of except 192.0.2.4/31 192.0.2.4 first\n"
	  "outside of except 192.0.2.4/31 192.0.2.5 last\n" },
	{ "nothing of this family", "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 1\nfrom = 192.0.2.0/24\n", PW_IPV6,
	  "anyone ::2 first\n"
	  "anyone ? inside\n"
	  "anyone feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff last\n" },
	{ "own addresses of the rehearsal", "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 1\nfrom = 198.18.0.0/28\n", PW_IPV4,
	  "anyone 1.0.0.0 first\n"
	  "anyone 223.255.255.255 last\n"
	  "anyone ? inside\n" },
	{ "nobody is anyone", "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 1\nfrom = 0.0.0.0/1\n"
	  "[allow b]\ntcp = 2\nfrom = 128.0.0.0/1\n", PW_IPV4,
	  "0.0.0.0/1 1.0.0.0 first\n"
	  "0.0.0.0/1 126.255.255.255 last\n"
	  "0.0.0.0/1 ? inside\n"
	  "128.0.0.0/1 128.0.0.0 first\n"
	  "128.0.0.0/1 198.17.255.255 last\n"
	  "128.0.0.0/1 198.18.0.16 first\n"
	  "128.0.0.0/1 223.255.255.255 last\n"
	  "128.0.0.0/1 ? inside\n" },
};

static int line_cmp(const void *pa, const void *pb)
{
	return strcmp(*(char *const *)pa, *(char *const *)pb);
}

/* Lines of each port list once, sorted */
static char *print_sources(const struct pw_plan *plan, enum pw_family family)
{
	static const char *const at[] = { "first", "last", "inside",
					  "outside" };
	char *lines[64], *text = NULL, buf[PW_ADDR_STRLEN];
	size_t num = 0, size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < plan->num_sweeps; i++) {
		const struct pw_sweep *s = &plan->sweeps[i];

		if (!s->ports || s->family != family ||
		    s->proto != IPPROTO_TCP || s->dst_kind != PW_DST_LOCAL)
			continue;
		assert_true(num < PW_ARRAY_SIZE(lines));
		assert_true(asprintf(&lines[num++], "%s %s %s\n",
				     plan->classes[s->class].text,
				     s->at == PW_AT_INSIDE ? "?" :
				     pw_addr_format(family, s->src, buf),
				     at[s->at]) > 0);
	}
	qsort(lines, num, sizeof(lines[0]), line_cmp);
	for (size_t i = 0; i < num; i++) {
		fputs(lines[i], out);
		free(lines[i]);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void chooses_sources(void **state)
{
	const struct sources_case *tc = *state;
	struct planned got = plan_text(tc->text, false);
	char *text = print_sources(got.plan, tc->family);

	assert_string_equal(text, tc->want);
	free(text);
	planned_clear(&got);
}

/* Places that are asked, beside the interface's own address */
static const struct dests_case {
	const char *name, *text;
	const char *want;
} dests[] = {
	{ "what nobody speaks of",
	  "[policy]\ncontainers = ignore\n[allow a]\nudp = 53\n",
	  "udp 198.18.0.15 udp 255.255.255.255 udp 224.0.0.251 udp ff02::fb" },
	{ "groups that are named, and one that is not",
	  "[policy]\ncontainers = ignore\n[allow a]\nudp = 53\n"
	  "to = 224.0.0.251, ff02::fb\n",
	  "udp 198.18.0.15 udp 255.255.255.255 udp 224.0.0.252 "
	  "udp 224.0.0.251 udp ff02::1:3 udp ff02::fb" },
	{ "the ends of what to names",
	  "[policy]\ncontainers = ignore\n[allow a]\ntcp = 53\n"
	  "to = 10.99.0.2-10.99.0.9, 10.98.0.1, fd99::/127\n",
	  "tcp 10.98.0.1 udp 10.98.0.1 tcp 10.99.0.2 udp 10.99.0.2 "
	  "tcp 10.99.0.9 udp 10.99.0.9 "
	  "udp 198.18.0.15 udp 255.255.255.255 udp 224.0.0.251 "
	  "tcp fd99:: udp fd99:: tcp fd99::1 udp fd99::1 udp ff02::fb" },
	{ "straight to a container", "[allow a]\ntcp = 80\n",
	  "udp 198.18.0.15 udp 255.255.255.255 udp 224.0.0.251 "
	  "tcp 198.18.0.19 udp 198.18.0.19 "
	  "udp ff02::fb tcp 2001:2:0:1::3 udp 2001:2:0:1::3" },
};

static void asks_elsewhere(void **state)
{
	const struct dests_case *tc = *state;
	struct planned got = plan_text(tc->text, false);
	char *text = NULL, buf[PW_ADDR_STRLEN];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < got.plan->num_sweeps; i++) {
		const struct pw_sweep *s = &got.plan->sweeps[i];

		if (s->ports && !s->iface &&
		    pw_value_cmp(s->dst, got.plan->scene->ifaces[0]
				 .addr[s->family]))
			fprintf(out, "%s%s %s", ftell(out) ? " " : "",
				s->proto == IPPROTO_TCP ? "tcp" : "udp",
				pw_addr_format(s->family, s->dst, buf));
	}
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, tc->want);
	free(text);
	planned_clear(&got);
}

static const struct publish_case {
	const char *name, *text;
	const char *want;
} publishes[] = {
	{ "nothing of UDP is allowed", "[allow a]\ntcp = 80, 443\n",
	  "tcp 443-5432 tcp 5432-443 udp 5432-5433" },
	{ "open to some", "[allow a]\ntcp = 22\nudp = 53\nfrom = 10.0.0.1\n",
	  "tcp 22-5432 tcp 5432-22 udp 53-5432 udp 5432-53" },
	{ "open to all before open to some",
	  "[allow a]\ntcp = 22\nfrom = 10.0.0.1\n[allow b]\ntcp = 25\n",
	  "tcp 25-5432 tcp 5432-25 udp 5432-5433" },
	{ "all is allowed", "[allow a]\ntcp = all\nudp = 5432\n",
	  "tcp 443-442 udp 5432-6379 udp 6379-5432" },
	{ "there are no bridges",
	  "[policy]\ncontainers = ignore\n[allow a]\ntcp = 80\n", "" },
};

static void publishes_ports(void **state)
{
	const struct publish_case *tc = *state;
	struct planned got = plan_text(tc->text, false);
	const struct pw_scene *scene = got.plan->scene;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < scene->num_publish; i++) {
		assert_true(scene->ifaces[scene->publish[i].bridge].bridge);
		fprintf(out, "%s%s %u-%u", i ? " " : "",
			scene->publish[i].proto == IPPROTO_TCP ? "tcp" : "udp",
			scene->publish[i].port, scene->publish[i].to);
	}
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, tc->want);
	free(text);
	planned_clear(&got);
}

static bool lists(const struct pw_sweep *sweep, uint16_t port)
{
	for (size_t i = 0; i < sweep->num_ports; i++)
		if (sweep->ports[i] == port)
			return true;
	return false;
}

/* 21-23, 79-81, 442-444, 1, 65535, and 64 more; sorted, and one list for all */
static void lists_named_ports(void **state)
{
	static const uint16_t named[] = { 1, 21, 22, 23, 79, 80, 81, 442, 443,
					  444, 65535 };
	struct planned got = plan_text(WEB, false);
	const uint16_t *list = NULL;

	(void)state;
	for (size_t i = 0; i < got.plan->num_sweeps; i++) {
		const struct pw_sweep *s = &got.plan->sweeps[i];

		if (!s->ports)
			continue;
		assert_true(!list || list == s->ports);
		list = s->ports;
		assert_int_equal(s->num_ports, PW_ARRAY_SIZE(named) + 64);
		for (size_t k = 0; k < PW_ARRAY_SIZE(named); k++)
			assert_true(lists(s, named[k]));
		for (size_t k = 1; k < s->num_ports; k++)
			assert_true(s->ports[k - 1] < s->ports[k]);
	}
	assert_non_null(list);
	planned_clear(&got);
}

static void asks_every_interface(void **state)
{
	struct planned got = plan_text(
		"[policy]\ncontainers = ignore\n"
		"[allow a]\ntcp = 80\non = eth0, eth1, eth2\n", false);
	size_t full[4] = { 0 }, edges[4] = { 0 };

	(void)state;
	assert_int_equal(got.plan->scene->num_ifaces, 4);
	for (size_t i = 0; i < got.plan->num_sweeps; i++) {
		const struct pw_sweep *s = &got.plan->sweeps[i];

		if (s->dst_kind == PW_DST_LOCAL && s->at == PW_AT_INSIDE)
			++*(s->ports ? &edges[s->iface] : &full[s->iface]);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(edges[i], 4);	/* both families, TCP, UDP */
	/* four sweeps of three interfaces that are alike: all have some */
	assert_true(full[0] && full[1] && full[2]);
	assert_int_equal(full[0] + full[1] + full[2], 4);
	assert_int_equal(full[3], 4);
	planned_clear(&got);
}

static void sctp_only_where_it_is_named(void **state)
{
	struct planned with = plan_text("[allow a]\nsctp = 9\n", false);
	struct planned without = plan_text(WEB, false);
	size_t num = 0;

	(void)state;
	for (size_t i = 0; i < with.plan->num_sweeps; i++) {
		num += with.plan->sweeps[i].proto == IPPROTO_SCTP;
		assert_true(with.plan->sweeps[i].proto != IPPROTO_SCTP ||
			    with.plan->sweeps[i].ports);
	}
	assert_true(num > 0);
	for (size_t i = 0; i < without.plan->num_sweeps; i++)
		assert_true(without.plan->sweeps[i].proto != IPPROTO_SCTP);
	planned_clear(&with);
	planned_clear(&without);
}

static void full_asks_all_of_all(void **state)
{
	struct planned got = plan_text(WEB, true);

	(void)state;
	/* 4 classes, TCP and UDP */
	assert_int_equal(got.plan->full, 8);
	assert_int_equal(got.plan->left_out, 0);
	for (size_t i = 0; i < got.plan->num_classes; i++)
		assert_true(got.plan->classes[i].full);
	planned_clear(&got);
}

static void tells_which_were_asked_all(void **state)
{
	struct planned got = plan_text(WEB, false);

	(void)state;
	for (size_t i = 0; i < got.plan->num_classes; i++)
		assert_int_equal(got.plan->classes[i].full,
				 !strcmp(got.plan->classes[i].text, "anyone"));
	planned_clear(&got);
}

static void says_who_cannot_be_asked(void **state)
{
	struct planned got = plan_text(
		"[allow a]\ntcp = 1\nfrom = 127.0.0.0/8\n", false);
	size_t num = 0;

	(void)state;
	for (size_t i = 0; i < got.plan->num_classes; i++) {
		if (got.plan->classes[i].asked)
			continue;
		num++;
		assert_string_equal(got.plan->classes[i].text, "127.0.0.0/8 "
				    "(no address that a sender could have)");
	}
	assert_int_equal(num, 1);
	planned_clear(&got);
}

/* Words are cut, and tell classes apart all the same */
static void names_every_class_otherwise(void **state)
{
	struct planned got = plan_text(
		"[addresses]\n"
		"a = 10.0.0.0/8\nb = 10.0.0.0/9\nc = 10.0.0.0/10\n"
		"d = 10.0.0.0/11\ne = 10.0.0.16/28\nf = 10.0.0.128/28\n"
		"[allow a]\ntcp = 1\nfrom = a\n[allow b]\ntcp = 1\nfrom = b\n"
		"[allow c]\ntcp = 1\nfrom = c\n[allow d]\ntcp = 1\nfrom = d\n"
		"[allow e]\ntcp = 1\nfrom = e\n[allow f]\ntcp = 1\nfrom = f\n"
		"[allow g]\ntcp = 1\nfrom = 192.0.2.1, 192.0.2.2, 192.0.2.3, "
		"192.0.2.4, 192.0.2.5, 192.0.2.6, 192.0.2.7\n", false);
	const struct pw_source_class *classes = got.plan->classes;
	bool cut = false;

	(void)state;
	assert_int_equal(got.plan->num_classes, 9);
	for (size_t i = 0; i < got.plan->num_classes; i++) {
		cut |= !strcmp(classes[i].text,
			       "a and b and c and 2 more (10.0.0.128)");
		for (size_t k = 0; k < i; k++)
			assert_false(classes[k].family == classes[i].family &&
				     !strcmp(classes[k].text,
					     classes[i].text));
	}
	assert_true(cut);
	planned_clear(&got);
}

static bool same_sweep(const struct pw_sweep *a, const struct pw_sweep *b)
{
	return a->iface == b->iface && a->family == b->family &&
	       a->proto == b->proto && !pw_value_cmp(a->src, b->src) &&
	       !pw_value_cmp(a->dst, b->dst) && a->class == b->class &&
	       a->at == b->at && a->key == b->key &&
	       a->num_ports == b->num_ports && !a->ports == !b->ports &&
	       (!a->ports || !memcmp(a->ports, b->ports, 2 * a->num_ports));
}

static void order_does_not_matter(void **state)
{
	struct planned a = plan_text(
		"[allow a]\ntcp = 1\nfrom = 10.0.0.0/8\non = eth0\n"
		"[block b]\ntcp = 2\nfrom = 10.1.0.0/16\n"
		"[allow c]\ntcp = 1-9\nexcept = 10.2.0.0/16\non = eth1\n",
		false);
	struct planned b = plan_text(
		"[allow c]\non = eth1\nexcept = 10.2.0.0/16\ntcp = 1-9\n"
		"[block b]\nfrom = 10.1.0.0/16\ntcp = 2\n"
		"[allow a]\non = eth0\nfrom = 10.0.0.0/8\ntcp = 1\n", false);

	(void)state;
	assert_int_equal(a.plan->num_sweeps, b.plan->num_sweeps);
	for (size_t i = 0; i < a.plan->num_sweeps; i++)
		assert_true(same_sweep(&a.plan->sweeps[i], &b.plan->sweeps[i]));
	planned_clear(&a);
	planned_clear(&b);
}

/* The policies that are shipped are small: nothing is left out */
static void plans_what_is_shipped(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("policies/*.ini", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 4);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		static char text[65536];
		FILE *in = fopen(found.gl_pathv[i], "r");
		struct planned got;

		assert_non_null(in);
		text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
		fclose(in);
		got = plan_text(text, false);
		assert_int_equal(got.plan->left_out, 0);
		/* four of each interface, and of who comes by a bridge */
		assert_true(got.plan->full >= 8);
		for (size_t c = 0; c < got.plan->num_classes; c++)
			assert_true(got.plan->classes[c].asked);
		planned_clear(&got);
	}
	globfree(&found);
}

/* From a bridge a published port is reached that nothing allows */
static void expects_published_ports(void **state)
{
	struct planned got = plan_text("[allow a]\ntcp = 80\n", false);
	struct pw_ports_expected *expected = malloc(sizeof(*expected));
	size_t num[2] = { 0 };

	(void)state;
	assert_non_null(expected);
	for (size_t i = 0; i < got.plan->num_sweeps; i++) {
		const struct pw_sweep *s = &got.plan->sweeps[i];
		bool bridge = got.plan->scene->ifaces[s->iface].bridge;

		if (s->proto != IPPROTO_TCP || s->dst_kind != PW_DST_LOCAL)
			continue;
		num[bridge]++;
		pw_sweep_expect(got.policy.model, got.plan, s, expected);
		assert_int_equal(expected->what[80], PW_EX_REACHABLE);
		assert_int_equal(expected->what[81], PW_EX_CLOSED);
		assert_int_equal(expected->what[5432], bridge ?
				 PW_EX_REACHABLE : PW_EX_CLOSED);
	}
	assert_true(num[0] && num[1]);
	free(expected);
	planned_clear(&got);
}

#define ADD(rows, func) do {						\
	for (size_t i_ = 0; i_ < PW_ARRAY_SIZE(rows); i_++)		\
		tests[num++] = (struct CMUnitTest){			\
			.name = (rows)[i_].name, .test_func = (func),	\
			.initial_state = (void *)(uintptr_t)&(rows)[i_], \
		};							\
} while (0)

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(lists_named_ports),
		cmocka_unit_test(asks_every_interface),
		cmocka_unit_test(sctp_only_where_it_is_named),
		cmocka_unit_test(full_asks_all_of_all),
		cmocka_unit_test(tells_which_were_asked_all),
		cmocka_unit_test(says_who_cannot_be_asked),
		cmocka_unit_test(names_every_class_otherwise),
		cmocka_unit_test(plans_what_is_shipped),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(expects_published_ports),
	};
	struct CMUnitTest tests[100];
	size_t num = PW_ARRAY_SIZE(others);

	memcpy(tests, others, sizeof(others));
	ADD(counts, counts_sweeps);
	ADD(names, names_interfaces);
	ADD(sources, chooses_sources);
	ADD(dests, asks_elsewhere);
	ADD(publishes, publishes_ports);
	return _cmocka_run_group_tests("plan", tests, num, NULL, NULL);
}
