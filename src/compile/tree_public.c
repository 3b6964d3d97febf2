// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports and protocols that anyone may reach: no tree, one rule a transport. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/parts.h"
#include "compile/tree.h"
#include "portwall/text.h"

/* The kernel fills a bitmap of ports in time that grows with their square */
static bool too_many_for_bitmap(const struct pw_rangeset *ports)
{
	return pw_rangeset_count(ports) > BITMAP_MAX;
}

/* dport of @t in @ports: one range inline, more as a set */
void pw_match_ports(struct build *b, struct draft *d, enum pw_transport t,
		    struct pw_rangeset *ports)
{
	pw_match_is(d, PW_F_L4PROTO, pw_transport_proto(t));
	if (ports->num == 1) {
		struct pw_range range = pw_rangeset_get(ports, 0);

		pw_match_range(d, PW_F_DPORT, range.first, range.last);
		return;
	}
	pw_match_set(d, PW_F_DPORT,
		     pw_const_set(b, 'p', pw_transport_name(t), PW_T_PORT,
				  too_many_for_bitmap(ports), ports));
}

/* Narrow and wide ports of one transport that anyone may reach */
struct public_ports {
	uint32_t *owner;	/* by port: first section in name order, or PW_NONE */
	struct pw_rangeset *ports;
};

static void public_add(struct build *b, struct public_ports *p,
		       size_t section, enum pw_transport t)
{
	const struct pw_rangeset *set = b->model->sections[section].ports[t];

	for (size_t i = 0; i < set->num && !b->err; i++) {
		uint32_t first = set->r32[i].first, last = set->r32[i].last;

		if (last - first + 1 >= WIDE_MIN)
			continue;
		pw_fail(b, pw_rangeset_add32(p->ports, first, last));
		for (uint32_t port = first; port <= last; port++)
			if (p->owner[port] == PW_NONE)
				p->owner[port] = (uint32_t)section;
	}
}

static bool many_owners(const struct public_ports *p)
{
	uint32_t first = PW_NONE;

	for (uint32_t port = 1; port <= UINT16_MAX; port++) {
		if (p->owner[port] == PW_NONE)
			continue;
		if (first == PW_NONE)
			first = p->owner[port];
		if (first != p->owner[port])
			return true;
	}
	return false;
}

static uint32_t counter_map_fill(struct build *b, uint32_t map,
				 const struct public_ports *p)
{
	for (uint32_t port = 1; port <= UINT16_MAX && !b->err; port++) {
		struct pw_map_elem elem = { .key = port };

		if (p->owner[port] == PW_NONE)
			continue;
		elem.obj = pw_section_counter(b, p->owner[port]);
		elem.verdict = (struct pw_verdict){ PW_V_NONE, PW_NONE,
						    PW_NONE };
		if (!b->err)
			pw_fail(b, pw_map_add(&b->rs->maps[map], &elem));
	}
	return map;
}

/* Named by its content: which counter each port has */
static uint32_t counter_map(struct build *b, enum pw_transport t,
			    const struct public_ports *p)
{
	char name[64], hex[17], *text = NULL;
	size_t len = 0;
	int64_t map;
	FILE *f;

	if (b->err)
		return PW_NONE;
	f = pw_text_open(&text, &len);
	if (!f) {
		pw_fail(b, -ENOMEM);
		return PW_NONE;
	}
	for (uint32_t port = 1; port <= UINT16_MAX; port++)
		if (p->owner[port] != PW_NONE)
			fprintf(f, "%u %s\n", port,
				b->model->sections[p->owner[port]].name);
	if (fclose(f)) {
		pw_fail(b, -ENOMEM);
		return PW_NONE;
	}
	pw_hex_of(text, 8, hex);
	free(text);
	snprintf(name, sizeof(name), "k.%s.%s", pw_transport_name(t), hex);
	map = pw_ruleset_add_map(b->rs, name, PW_K_PORT, true);
	if (map < 0) {
		pw_fail(b, (int)map);
		return PW_NONE;
	}
	return counter_map_fill(b, (uint32_t)map, p);
}

static void emit_public_narrow(struct build *b, uint32_t chain,
			       enum pw_transport t, struct public_ports *p)
{
	uint32_t first = p->ports->r32[0].first;
	struct draft d = pw_draft();
	char comment[128];

	pw_match_ports(b, &d, t, p->ports);
	if (many_owners(p)) {
		pw_do_effect(&d, &(struct pw_effect){
			   .kind = PW_E_COUNTER_MAP, .obj = PW_NONE,
			   .set = PW_NONE, .map = counter_map(b, t, p) });
	} else {
		const struct pw_section *s =
			&b->model->sections[p->owner[first]];

		d.comment = pw_section_comment(s, comment);
		d.section = p->owner[first];
		pw_do_count(&d, pw_section_counter(b, p->owner[first]));
	}
	pw_emit(b, chain, &d, PW_V_ACCEPT);
}

static void emit_public_wide(struct build *b, uint32_t chain,
			     enum pw_transport t, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	for (size_t i = 0; i < s->ports[t]->num; i++) {
		struct pw_range range = pw_rangeset_get(s->ports[t], i);
		struct draft d = pw_draft();
		char comment[128];

		if (range.last.lo - range.first.lo + 1 < WIDE_MIN)
			continue;
		d.comment = pw_section_comment(s, comment);
		d.section = (uint32_t)section;
		pw_match_is(&d, PW_F_L4PROTO, pw_transport_proto(t));
		pw_match_range(&d, PW_F_DPORT, range.first, range.last);
		pw_do_count(&d, pw_section_counter(b, section));
		pw_emit(b, chain, &d, PW_V_ACCEPT);
	}
}

static bool any_ports(const struct build *b, const struct list *list,
		      enum pw_transport t)
{
	for (size_t i = 0; i < list->num; i++)
		if (b->model->sections[list->items[i]].ports[t]->num)
			return true;
	return false;
}

static void emit_public_transport(struct build *b, uint32_t chain,
				  enum pw_transport t, const struct list *list)
{
	struct public_ports p = {
		.owner = malloc((UINT16_MAX + 1) * sizeof(*p.owner)),
		.ports = pw_rangeset_new(16),
	};

	if (!p.owner || !p.ports)
		pw_fail(b, -ENOMEM);
	else
		memset(p.owner, 0xff, (UINT16_MAX + 1) * sizeof(*p.owner));
	for (size_t i = 0; i < list->num && !b->err; i++)
		public_add(b, &p, list->items[i], t);
	if (!b->err)
		pw_fail(b, pw_rangeset_normalise(p.ports));
	if (!b->err && !pw_rangeset_empty(p.ports))
		emit_public_narrow(b, chain, t, &p);
	for (size_t i = 0; i < list->num && !b->err; i++)
		emit_public_wide(b, chain, t, list->items[i]);
	pw_rangeset_free(p.ports);
	free(p.owner);
}

/* Protocols without ports that anyone may reach */
static void emit_public_protocols(struct build *b, uint32_t chain,
				  size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	for (size_t i = 0; i < s->protocols->num; i++) {
		struct pw_range range = pw_rangeset_get(s->protocols, i);
		struct draft d = pw_draft();
		char comment[128];

		d.comment = pw_section_comment(s, comment);
		d.section = (uint32_t)section;
		pw_match_range(&d, PW_F_L4PROTO, range.first, range.last);
		pw_do_count(&d, pw_section_counter(b, section));
		pw_emit(b, chain, &d, PW_V_ACCEPT);
	}
}

void pw_emit_public(struct build *b, uint32_t chain, const struct list *list)
{
	if (!list->num)
		return;
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		if (any_ports(b, list, t))
			emit_public_transport(b, chain, t, list);
	for (size_t i = 0; i < list->num; i++)
		emit_public_protocols(b, chain, list->items[i]);
}
