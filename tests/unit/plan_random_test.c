/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans of random policies, against asking every section about every source:
 * classes, expectations, and which sweeps over all ports there must be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/expect.h>

#include "policy_help.h"
#include "verify/plan_dice.h"

#define ROUNDS 80
/* Of sweeps of port lists, which are most, as many are asked of each port */
#define EVERY 4

static const char *const sources[] = {
	"192.0.2.0/24", "192.0.2.0/28", "192.0.2.7", "192.0.2.10-192.0.2.20",
	"10.0.0.0/8", "0.0.0.0/0", "0.0.0.0/1", "223.255.255.0/24",
	"198.18.0.0/16", "127.0.0.0/8", "1.0.0.0",
	"2001:db8:5::/48", "2001:db8:5::7", "2001:db8:5::5-2001:db8:5::9",
	"::/0", "8000::/1", "fe80::/10", "private", "203.0.113.1",
	"203.0.113.2", "203.0.113.0/30",
};

static const char *const ports[] = {
	"80", "81", "79-82", "1", "65535", "1000-3000", "5353", "all",
};

static const char *const names[] = {
	"eth0", "eth1", "eth*", "wlan*", "wlan0", "e*", "docker0", "br-*",
	"averylongname00",
};

static const char *const targets[] = {
	"local", "broadcast", "multicast", "224.0.0.251, ff02::fb",
	"10.99.0.3, fd99::3", "10.99.0.2-10.99.0.9, fd99::/64, ff02::5",
	"local, multicast", "198.18.0.0/15, 2001:2::/48",
};

#define PICK(dice, from) (from)[pw_dice_below(dice, PW_ARRAY_SIZE(from))]

static bool chance(struct pw_dice *dice, int percent)
{
	return pw_dice_below(dice, 100) < (uint64_t)percent;
}

static void put_list(FILE *out, struct pw_dice *dice, const char *key,
		     const char *const *from, size_t num)
{
	size_t items = 1 + pw_dice_below(dice, 3);

	fprintf(out, "%s = ", key);
	for (size_t i = 0; i < items; i++)
		fprintf(out, "%s%s", i ? ", " : "",
			from[pw_dice_below(dice, num)]);
	fputc('\n', out);
}

#define PUT(out, dice, key, from) \
	put_list(out, dice, key, from, PW_ARRAY_SIZE(from))

static void put_section(FILE *out, struct pw_dice *dice, int number)
{
	bool block = chance(dice, 25);

	fprintf(out, "[%s s%d]\n", block ? "block" : "allow", number);
	if (!block || chance(dice, 60))
		PUT(out, dice, "tcp", ports);
	if (chance(dice, 40))
		PUT(out, dice, "udp", ports);
	if (chance(dice, 10))
		PUT(out, dice, "sctp", ports);
	/* a block of everything is refused */
	if (block || chance(dice, 70))
		PUT(out, dice, "from", sources);
	if (chance(dice, 25))
		PUT(out, dice, "except", sources);
	if (chance(dice, 40))
		PUT(out, dice, "on", names);
	if (chance(dice, 20))
		fprintf(out, "to = %s\n", PICK(dice, targets));
	if (chance(dice, 10))
		fputs("until = 2020-01-01T00:00Z\n", out);
	if (!block && chance(dice, 15))
		fputs("rate = 5/second\n", out);
}

static char *random_text(uint64_t seed)
{
	struct pw_dice dice = { seed };
	char *text = NULL;
	size_t size, num = 1 + pw_dice_below(&dice, 6);
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fprintf(out, "[policy]\ndefault = %s\ncontainers = %s\n",
		chance(&dice, 40) ? "reject" : "drop",
		chance(&dice, 60) ? "follow" : "ignore");
	if (chance(&dice, 30))
		fputs("bridges = br-*, eth1\n", out);
	fputs("[allow s]\nudp = 9\n", out);
	for (size_t i = 0; i < num; i++)
		put_section(out, &dice, (int)i);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* As the model has it, knowing nothing of classes */
static bool covers(const struct pw_section *s, const struct pw_sweep *sweep)
{
	return s->any_from ||
	       pw_rangeset_contains(s->from.set[sweep->family], sweep->src);
}

static bool holds(const struct pw_source_class *class, uint32_t section)
{
	for (size_t i = 0; i < class->num_sections; i++)
		if (class->sections[i] == section)
			return true;
	return false;
}

static void check_class(const struct pw_model *model,
			const struct pw_plan *plan,
			const struct pw_sweep *sweep)
{
	const struct pw_source_class *class = &plan->classes[sweep->class];
	const struct pw_source_class *anyone =
		&plan->classes[plan->anyone[sweep->family]];

	assert_int_equal(class->family, sweep->family);
	assert_true(class->asked && class->listed);
	for (uint32_t i = 0; i < model->num_sections; i++)
		assert_int_equal(covers(&model->sections[i], sweep),
				 holds(anyone, i) ^
				 (class != anyone && holds(class, i)));
	if (class->set)
		assert_true(pw_rangeset_contains(class->set, sweep->src));
}

/* No sender has such an address, nor is it one of the rehearsed host */
static void check_source(const struct pw_plan *plan,
			 const struct pw_sweep *sweep)
{
	uint32_t src = (uint32_t)sweep->src.lo;

	assert_false(pw_scene_owns(plan->scene, sweep->family, sweep->src));
	if (sweep->family == PW_IPV4) {
		assert_true(src >> 24 != 0 && src >> 24 != 127);
		assert_true(src >> 24 < 224);
		return;
	}
	assert_true(sweep->src.hi >> 56 != 0xff);
	assert_true(sweep->src.hi || sweep->src.lo >> 32 != 0xffff);
	assert_true(sweep->src.hi || sweep->src.lo > 1);
}

static size_t num_ports(const struct pw_sweep *sweep)
{
	assert_true(sweep->ports || sweep->num_ports == 65536);
	return sweep->num_ports;
}

static bool leads_to_container(const struct pw_plan *plan,
			       const struct pw_sweep *sweep, uint16_t port)
{
	for (size_t i = 0; i < plan->scene->num_publish; i++)
		if (plan->scene->publish[i].proto == sweep->proto &&
		    plan->scene->publish[i].port == port)
			return sweep->dst_kind == PW_DST_LOCAL;
	return false;
}

/* Of a full sweep every 97th port is enough here */
static void check_ports(const struct pw_model *model,
			   const struct pw_plan *plan,
			   const struct pw_sweep *sweep,
			   const struct pw_ports_expected *got)
{
	size_t step = sweep->ports ? 1 : 97;
	struct pw_arrival arrival;

	pw_sweep_arrival(plan, sweep, &arrival);
	for (size_t i = 0; i < num_ports(sweep); i += step) {
		struct pw_expectation want;

		arrival.dport = sweep->ports ? sweep->ports[i] : (uint16_t)i;
		arrival.published = leads_to_container(plan, sweep,
						       arrival.dport);
		pw_expect(model, &arrival, &want);
		assert_int_equal(got->what[arrival.dport], want.what);
		assert_int_equal(got->section[arrival.dport], want.section);
	}
}

/* Interfaces that sections treat alike, by asking each */
static bool same_group(const struct pw_model *model, const struct pw_plan *plan,
		       uint32_t a, uint32_t b)
{
	const struct pw_scene_iface *ifaces = plan->scene->ifaces;
	struct pw_range x, y;

	assert_int_equal(pw_ifname_range(ifaces[a].name, strlen(ifaces[a].name),
					 &x), 0);
	assert_int_equal(pw_ifname_range(ifaces[b].name, strlen(ifaces[b].name),
					 &y), 0);
	assert_int_equal(ifaces[a].bridge,
			 pw_rangeset_contains(model->bridges, x.first));
	if (ifaces[a].bridge != ifaces[b].bridge)
		return false;
	for (size_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		if (!s->any_on && pw_rangeset_contains(s->on, x.first) !=
				  pw_rangeset_contains(s->on, y.first))
			return false;
	}
	return true;
}

struct judged {
	const struct pw_sweep *sweep;
	uint64_t hash;		/* of what becomes of all ports */
};

static uint64_t hash_of(const struct pw_ports_expected *expected)
{
	uint64_t hash = 0, word;

	for (size_t at = 0; at < sizeof(expected->what); at += sizeof(word)) {
		memcpy(&word, expected->what + at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	}
	return hash;
}

static bool is_looked_at(const struct pw_sweep *sweep)
{
	return sweep->dst_kind == PW_DST_LOCAL && sweep->proto != IPPROTO_SCTP;
}

/*
 * Sweeps to own addresses: the same ports reachable, the same key, and one of
 * those of a key is over all ports.
 */
static void check_keys(const struct pw_model *model, const struct pw_plan *plan,
		       const struct judged *judged)
{
	for (size_t i = 0; i < plan->num_sweeps; i++) {
		const struct pw_sweep *a = judged[i].sweep;
		size_t full = 0;

		if (!is_looked_at(a))
			continue;
		for (size_t k = 0; k < plan->num_sweeps; k++) {
			const struct pw_sweep *b = judged[k].sweep;
			if (!is_looked_at(b) || a->family != b->family ||
			    a->proto != b->proto ||
			    !same_group(model, plan, a->iface, b->iface))
				continue;
			assert_int_equal(judged[i].hash == judged[k].hash,
					 a->key == b->key);
			full += !b->ports && a->key == b->key;
		}
		assert_true(a->key);
		assert_int_equal(full, 1);
	}
}

static void check_plan(const struct pw_model *model, const struct pw_plan *plan)
{
	struct judged *judged = calloc(plan->num_sweeps + 1, sizeof(*judged));
	struct pw_ports_expected *got = malloc(sizeof(*got));
	uint64_t probes = 0;
	size_t full = 0;

	assert_non_null(judged);
	assert_non_null(got);
	for (size_t i = 0; i < plan->num_sweeps; i++) {
		const struct pw_sweep *sweep = &plan->sweeps[i];

		check_class(model, plan, sweep);
		check_source(plan, sweep);
		pw_sweep_expect(model, plan, sweep, got);
		if (!sweep->ports || !(i % EVERY))
			check_ports(model, plan, sweep, got);
		probes += num_ports(sweep);
		full += !sweep->ports;
		judged[i] = (struct judged){ sweep, hash_of(got) };
	}
	assert_int_equal(probes, plan->probes);
	assert_int_equal(full, plan->full);
	if (full < 100)
		check_keys(model, plan, judged);
	free(judged);
	free(got);
}

static void plans_random_policies(void **state)
{
	size_t planned = 0;

	(void)state;
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		char *text = random_text(pw_dice_mix(seed));
		struct read_policy policy = read_text(text);
		struct pw_plan *plan;

		/* some contradict themselves: to and from without a family */
		if (!policy.err) {
			planned++;
			assert_int_equal(pw_plan_make(policy.model, false, seed,
						      &plan, policy.diags), 0);
			check_plan(policy.model, plan);
			pw_plan_free(plan);
		}
		read_policy_clear(&policy);
		free(text);
	}
	print_message("%zu of %d policies planned\n", planned, ROUNDS);
	assert_true(planned > ROUNDS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_random_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
