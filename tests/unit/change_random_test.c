/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairs of random policies: what becomes of a packet changes where the list of
 * changes says so, and nowhere else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>
#include <portwall/change.h>
#include <portwall/expect.h>

#include "draw.h"
#include "policy_help.h"

#define PAIRS 10000
#define PACKETS 40		/* of each pair, at three times each */
#define MAX_SECTIONS 8

/* NULL: left out */
static const char *const ports[] = {
	"tcp = 22", "tcp = 22-23", "tcp = 20-30, 80", "tcp = all", "udp = 22",
	"udp = 20-30\ntcp = 23", "sctp = 22", "protocol = gre, esp",
	"protocol = gre\ntcp = 22", "ping = yes", "ping = yes\ntcp = 24",
};
static const char *const block_ports[] = {
	"tcp = 22", "tcp = all", "udp = 22", "protocol = gre", NULL, NULL,
};
static const char *const froms[] = {
	"from = 192.0.2.0/30", "from = 192.0.2.1, 2001:db8::/126",
	"from = 2001:db8::1-2001:db8::5", "from = 192.0.2.2-192.0.2.9",
	"from = 192.0.2.2-192.0.2.9\nexcept = 192.0.2.3",
	"except = 192.0.2.1, 2001:db8::1", "from = 192.0.2.0/29", NULL, NULL,
};
static const char *const tos[] = {
	"to = local", "to = broadcast, local", "to = multicast",
	"to = 224.0.0.9, ff02::9", "to = 198.18.0.1, 2001:2::1",
	"to = local, broadcast, multicast", "to = 198.18.0.0/24, ff02::/16",
	NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
};
static const char *const ons[] = {
	"on = eth0", "on = eth*", "on = docker0, eth1", NULL, NULL, NULL, NULL,
};
static const char *const limits[] = {
	"rate = 1/hour", "rate = 5/minute per source", "connections = 3",
	"connections = 2 per source\nrate = 1/second", NULL, NULL, NULL, NULL,
	NULL, NULL,
};
static const char *const ends[] = {
	"until = 2027-01-15T08:00:05Z", "until = 2027-01-14T08:00Z",
	"until = 2027-01-16T08:00Z", NULL, NULL, NULL, NULL, NULL, NULL, NULL,
};
static const char *const heads[] = {
	"ping = no", "ping = 3/second", "default = reject", "dhcp = no", NULL,
	NULL, NULL,
};

/* One section, by the rows of the lists above */
struct section {
	bool block;
	uint32_t name;
	const char *lines[6];
};

struct draft {
	const char *head;
	struct section sections[MAX_SECTIONS];
	size_t num;
};

static struct section random_section(uint32_t name)
{
	struct section s = {
		.block = !draw(3), .name = name,
		.lines = { NULL, PICK(froms), PICK(tos), PICK(ons),
			   PICK(ends), NULL },
	};

	s.lines[0] = s.block ? PICK(block_ports) : PICK(ports);
	s.lines[5] = s.block ? NULL : PICK(limits);
	/* a block of every packet is refused */
	if (s.block && !s.lines[0] && !s.lines[1])
		s.lines[3] = "on = eth*, docker0";
	return s;
}

static struct draft random_draft(void)
{
	struct draft d = { .head = PICK(heads), .num = 1 + draw(5) };

	for (size_t i = 0; i < d.num; i++)
		d.sections[i] = random_section((uint32_t)i);
	return d;
}

/* Another section, one less, another name, another line, another order */
static void edit(struct draft *d)
{
	struct section *s = &d->sections[draw((uint32_t)d->num)], other;

	switch (draw(6)) {
	case 0:
		if (d->num < MAX_SECTIONS)
			d->sections[d->num++] = random_section(100 + draw(50));
		break;
	case 1:
		if (d->num > 1)
			*s = d->sections[--d->num];
		break;
	case 2:
		s->name = 200 + draw(1000);
		break;
	case 3:
		other = *s;
		*s = d->sections[0];
		d->sections[0] = other;
		break;
	case 4:
		d->head = PICK(heads);
		break;
	default:
		other = random_section(s->name);
		*s = other;
	}
}

static void put_line(FILE *out, const char *line)
{
	if (line)
		fprintf(out, "%s\n", line);
}

static char *write_down(const struct draft *d)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fputs("[policy]\nclosed = all\n", out);
	put_line(out, d->head);
	for (size_t i = 0; i < d->num; i++) {
		const struct section *s = &d->sections[i];

		fprintf(out, "[%s s%u_%zu]\n", s->block ? "block" : "allow",
			s->name, i);
		for (size_t l = 0; l < PW_ARRAY_SIZE(s->lines); l++)
			put_line(out, s->lines[l]);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static const char *const sources[][6] = {
	{ "192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9",
	  "192.0.2.10" },
	{ "2001:db8::", "2001:db8::1", "2001:db8::4", "2001:db8::5",
	  "2001:db8::6", "fe80::1" },
};
static const struct {
	const char *addr[PW_NUM_FAMILIES];
	enum pw_dst_kind kind[PW_NUM_FAMILIES];
} destinations[] = {
	{ { "198.18.0.1", "2001:2::1" }, { PW_DST_LOCAL, PW_DST_LOCAL } },
	{ { "198.18.0.1", "2001:2::1" }, { PW_DST_LOCAL, PW_DST_LOCAL } },
	{ { "198.18.1.2", "2001:2::2" }, { PW_DST_LOCAL, PW_DST_LOCAL } },
	{ { "198.18.0.15", "2001:2::" }, { PW_DST_BROADCAST, PW_DST_ANYCAST } },
	{ { "198.18.0.1", "2001:2::1" }, { PW_DST_ANYCAST, PW_DST_ANYCAST } },
	{ { "224.0.0.9", "ff02::9" }, { PW_DST_MULTICAST, PW_DST_MULTICAST } },
	{ { "224.0.0.8", "ff05::1" }, { PW_DST_MULTICAST, PW_DST_MULTICAST } },
};
static const uint8_t protos[] = {
	IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
	IPPROTO_SCTP, IPPROTO_ICMP, IPPROTO_ICMP, IPPROTO_GRE, IPPROTO_ESP,
	IPPROTO_UDPLITE,
};
static const uint16_t dports[] = { 0, 1, 19, 20, 22, 23, 24, 30, 31, 80,
				   65535 };
static const char *const names[] = { "eth0", "eth1", "docker0", "wlan0" };

static struct pw_value address(const char *text)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	return range.range.first;
}

static struct pw_arrival random_packet(void)
{
	enum pw_family family = draw(2) ? PW_IPV6 : PW_IPV4;
	size_t to = draw(PW_ARRAY_SIZE(destinations));
	const char *name = PICK(names);
	struct pw_arrival a = {
		.family = family, .src = address(PICK(sources[family])),
		.dst = address(destinations[to].addr[family]),
		.dst_kind = destinations[to].kind[family],
		.state = PW_CONN_NEW, .proto = PICK(protos), .hop_limit = 64,
	};
	struct pw_range iface;

	assert_int_equal(pw_ifname_range(name, strlen(name), &iface), 0);
	a.iface = iface.first;
	if (a.proto == IPPROTO_ICMP) {
		a.proto = family == PW_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		a.type = family == PW_IPV4 ? 8 : 128;
	} else if (a.proto != IPPROTO_GRE && a.proto != IPPROTO_ESP) {
		a.sport = 40000;
		a.dport = PICK(dports);
	}
	return a;
}

static bool covers_ports(const struct pw_change *c, const struct pw_arrival *a)
{
	uint8_t proto = a->type ? 0 : a->proto;

	return c->proto == proto &&
	       (!c->first || (a->dport >= c->first && a->dport <= c->last));
}

static bool covers(const struct pw_change *c, const struct pw_arrival *a)
{
	static const enum pw_change_to kinds[] = {
		[PW_DST_LOCAL] = PW_TO_LOCAL,
		[PW_DST_BROADCAST] = PW_TO_BROADCAST,
		[PW_DST_MULTICAST] = PW_TO_MULTICAST,
		[PW_DST_ANYCAST] = PW_TO_OTHER,
	};

	return c->kind < PW_CHANGE_SETTING && covers_ports(c, a) &&
	       (!c->on || pw_rangeset_contains(c->on, a->iface)) &&
	       pw_rangeset_contains(c->from.set[a->family], a->src) &&
	       pw_rangeset_contains(c->to[kinds[a->dst_kind]].set[a->family],
				    a->dst);
}

/* The change that is about the packet: there is never more than one */
static const struct pw_change *find(const struct pw_changes *changes,
				    const struct pw_arrival *a)
{
	const struct pw_change *found = NULL;

	for (size_t i = 0; i < changes->num; i++) {
		if (!covers(&changes->list[i], a))
			continue;
		assert_null(found);
		found = &changes->list[i];
	}
	return found;
}

static bool admitted(enum pw_expected what)
{
	return what == PW_EX_REACHABLE || what == PW_EX_LIMITED;
}

struct pair {
	char *text[2];
	struct read_policy got[2];
	struct pw_changes *changes;
};

static void show(const struct pair *p, const struct pw_arrival *a,
		 const struct pw_change *c, const enum pw_expected what[2])
{
	char src[PW_ADDR_STRLEN], dst[PW_ADDR_STRLEN];

	for (size_t i = 0; i < p->changes->num; i++) {
		const struct pw_change *l = &p->changes->list[i];

		print_error("kind %u proto %u %u-%u from %s on %s to %s: %s\n",
			    l->kind, l->proto, l->first, l->last, l->from_text,
			    l->on_text, l->to_text, l->text);
	}
	fail_msg("--- before\n%s--- after\n%s---\n%s>%s kind %d proto %u port "
		 "%u iface %016llx: was %d, is %d, change %d", p->text[0],
		 p->text[1], pw_addr_format(a->family, a->src, src),
		 pw_addr_format(a->family, a->dst, dst), a->dst_kind, a->proto,
		 a->dport, (unsigned long long)a->iface.hi, what[0], what[1],
		 c ? (int)c->kind : -1);
}

/* What is said of a packet at the time of the plan is right */
static bool is_right(const struct pw_change *c, const enum pw_expected what[2])
{
	bool was = admitted(what[0]), is = admitted(what[1]);

	if (!c)
		return was == is && (!is || what[0] == what[1]);
	if (c->admits != is)
		return false;
	switch (c->kind) {
	case PW_CHANGE_OPENS:
		return !was && is;
	case PW_CHANGE_CLOSES:
		return was && !is;
	case PW_CHANGE_LIMIT:
		return was && is && (what[0] != what[1] ||
				     what[0] == PW_EX_LIMITED);
	default:
		return was == is;
	}
}

static void one_packet(const struct pair *p, unsigned int *seen)
{
	static const uint64_t later[] = { 0, 1000000000, 10000000000,
					  UINT64_C(2000000) * 1000000000 };
	struct pw_arrival a = random_packet();
	const struct pw_change *c = find(p->changes, &a);
	bool differs = false;

	for (size_t t = 0; t < PW_ARRAY_SIZE(later); t++) {
		enum pw_expected what[2];

		a.now_ns = test_host.now_ns + later[t];
		for (int side = 0; side < 2; side++) {
			struct pw_expectation e;

			pw_expect(p->got[side].model, &a, &e);
			what[side] = e.what;
		}
		if (!t && !is_right(c, what))
			show(p, &a, c, what);
		/* later on, what is not in the list is still the same */
		if (!c && (admitted(what[0]) != admitted(what[1])))
			show(p, &a, c, what);
		/* whose limits they are is not said */
		differs |= what[0] == PW_EX_LIMITED ||
			   admitted(what[0]) != admitted(what[1]) ||
			   (what[0] != what[1] && admitted(what[0]));
	}
	if (c && !differs)
		show(p, &a, c, (const enum pw_expected[]){ 0, 0 });
	seen[c ? c->kind : PW_NUM_CHANGES]++;
}

static void one_pair(unsigned int *seen)
{
	struct draft before = random_draft(), after = before;
	uint32_t edits = draw(4);
	struct pair p;

	if (!draw(4))
		after = random_draft();
	for (uint32_t i = 0; i < edits; i++)
		edit(&after);
	p.text[0] = write_down(&before);
	p.text[1] = write_down(&after);
	for (int side = 0; side < 2; side++) {
		p.got[side] = read_text(p.text[side]);
		if (p.got[side].err)
			fail_msg("%s", p.text[side]);
	}
	assert_int_equal(pw_changes_find(p.got[0].model, p.got[1].model,
					 &p.changes), 0);
	for (int i = 0; i < PACKETS; i++)
		one_packet(&p, seen);
	pw_changes_free(p.changes);
	for (int side = 0; side < 2; side++) {
		read_policy_clear(&p.got[side]);
		free(p.text[side]);
	}
}

static void list_is_complete(void **state)
{
	unsigned int seen[PW_NUM_CHANGES + 1] = { 0 };

	(void)state;
	for (int i = 0; i < PAIRS; i++)
		one_pair(seen);
	for (int kind = 0; kind < PW_CHANGE_SETTING; kind++)
		assert_true(seen[kind] > PAIRS / 100);
	assert_true(seen[PW_NUM_CHANGES] > PAIRS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_is_complete),
	};

	draw_seed(2463534242u);
	return cmocka_run_group_tests_name("change_random", tests, NULL, NULL);
}
