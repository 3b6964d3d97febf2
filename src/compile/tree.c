// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports to sections: what anyone may reach, wide sections, dispatch by port. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/parts.h"
#include "compile/tree.h"
#include "portwall/array.h"

/* Names of docs/rules.md, by scope of sections and for blocks */
static const struct tree_names {
	const char *ports, *protos;	/* maps */
	const char *narrow, *wide, *wide_limited;	/* chains, with a number */
} names[] = {
	[SCOPE_LOCAL] = { "ports", "protos", "c", "w", "x" },
	[SCOPE_OTHER] = { "oports", "oprotos", "oc", "ow", "ox" },
	[SCOPE_ANY] = { "bports", "bprotos", "bc", "bw", "bx" },
};

static bool wide(const struct pw_rangeset *ports)
{
	return pw_rangeset_count(ports) >= WIDE_MIN;
}

/* The kernel fills a bitmap of ports in time that grows with their square */
static bool too_many_for_bitmap(const struct pw_rangeset *ports)
{
	return pw_rangeset_count(ports) > BITMAP_MAX;
}

/* dport of @t in @ports: one range inline, more as a set */
static void match_ports(struct build *b, struct draft *d, enum pw_transport t,
			struct pw_rangeset *ports)
{
	match_is(d, PW_F_L4PROTO, pw_transport_proto(t));
	if (ports->num == 1) {
		struct pw_range range = pw_rangeset_get(ports, 0);

		match_range(d, PW_F_DPORT, range.first, range.last);
		return;
	}
	match_set(d, PW_F_DPORT,
		  const_set(b, 'p', pw_transport_name(t), PW_T_PORT,
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
		fail(b, pw_rangeset_add32(p->ports, first, last));
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
		elem.obj = section_counter(b, p->owner[port]);
		elem.verdict = (struct pw_verdict){ PW_V_NONE, PW_NONE,
						    PW_NONE };
		if (!b->err)
			fail(b, pw_map_add(&b->rs->maps[map], &elem));
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
	f = open_memstream(&text, &len);
	if (!f) {
		fail(b, -ENOMEM);
		return PW_NONE;
	}
	for (uint32_t port = 1; port <= UINT16_MAX; port++)
		if (p->owner[port] != PW_NONE)
			fprintf(f, "%u %s\n", port,
				b->model->sections[p->owner[port]].name);
	if (fclose(f) || !text) {
		free(text);
		fail(b, -ENOMEM);
		return PW_NONE;
	}
	hex_of(text, 8, hex);
	free(text);
	snprintf(name, sizeof(name), "k.%s.%s", pw_transport_name(t), hex);
	map = pw_ruleset_add_map(b->rs, name, PW_K_PORT, true);
	if (map < 0) {
		fail(b, (int)map);
		return PW_NONE;
	}
	return counter_map_fill(b, (uint32_t)map, p);
}

static void emit_public_narrow(struct build *b, uint32_t chain,
			       enum pw_transport t, struct public_ports *p)
{
	uint32_t first = p->ports->r32[0].first;
	struct draft d = draft();
	char comment[128];

	match_ports(b, &d, t, p->ports);
	if (many_owners(p)) {
		do_effect(&d, &(struct pw_effect){
			.kind = PW_E_COUNTER_MAP, .obj = PW_NONE,
			.set = PW_NONE, .map = counter_map(b, t, p) });
	} else {
		const struct pw_section *s =
			&b->model->sections[p->owner[first]];

		d.comment = section_comment(s, comment);
		d.section = p->owner[first];
		do_count(&d, section_counter(b, p->owner[first]));
	}
	emit(b, chain, &d, PW_V_ACCEPT);
}

static void emit_public_wide(struct build *b, uint32_t chain,
			     enum pw_transport t, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	for (size_t i = 0; i < s->ports[t]->num; i++) {
		struct pw_range range = pw_rangeset_get(s->ports[t], i);
		struct draft d = draft();
		char comment[128];

		if (range.last.lo - range.first.lo + 1 < WIDE_MIN)
			continue;
		d.comment = section_comment(s, comment);
		d.section = (uint32_t)section;
		match_is(&d, PW_F_L4PROTO, pw_transport_proto(t));
		match_range(&d, PW_F_DPORT, range.first, range.last);
		do_count(&d, section_counter(b, section));
		emit(b, chain, &d, PW_V_ACCEPT);
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
		fail(b, -ENOMEM);
	else
		memset(p.owner, 0xff, (UINT16_MAX + 1) * sizeof(*p.owner));
	for (size_t i = 0; i < list->num && !b->err; i++)
		public_add(b, &p, list->items[i], t);
	if (!b->err)
		fail(b, pw_rangeset_normalise(p.ports));
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
		struct draft d = draft();
		char comment[128];

		d.comment = section_comment(s, comment);
		d.section = (uint32_t)section;
		match_range(&d, PW_F_L4PROTO, range.first, range.last);
		do_count(&d, section_counter(b, section));
		emit(b, chain, &d, PW_V_ACCEPT);
	}
}

static void emit_public(struct build *b, uint32_t chain,
			const struct list *list)
{
	if (!list->num)
		return;
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		if (any_ports(b, list, t))
			emit_public_transport(b, chain, t, list);
	for (size_t i = 0; i < list->num; i++)
		emit_public_protocols(b, chain, list->items[i]);
}

/*
 * Ports, by transport, of wide limited sections, and of limited ones that share
 * a port with these, and so on. Limited sections are tried in the order of
 * their names, so whatever is limited there is "late": no class has it.
 */
struct late {
	struct pw_rangeset *ports[PW_NUM_TRANSPORTS];
};

static bool is_late(const struct late *late, const struct pw_section *s,
		    enum pw_transport t)
{
	return section_limited(s) &&
	       (wide(s->ports[t]) ||
		pw_rangeset_overlaps(s->ports[t], late->ports[t]));
}

/* One more round over @list: true when ports of @t were added */
static bool late_spread(struct build *b, struct late *late,
			const struct list *list, enum pw_transport t)
{
	struct pw_rangeset *sum = pw_rangeset_new(16);
	bool more;

	if (!sum) {
		fail(b, -ENOMEM);
		return false;
	}
	for (size_t i = 0; i < list->num && !b->err; i++) {
		const struct pw_section *s =
			&b->model->sections[list->items[i]];

		if (is_late(late, s, t))
			fail(b, pw_rangeset_add_set(sum, s->ports[t]));
	}
	if (!b->err)
		fail(b, pw_rangeset_normalise(sum));
	more = !b->err && !pw_rangeset_equal(sum, late->ports[t]);
	pw_rangeset_free(late->ports[t]);
	late->ports[t] = sum;
	return more;
}

static void late_make(struct build *b, struct late *late,
		      const struct list *list)
{
	*late = (struct late){ 0 };
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++) {
		late->ports[t] = pw_rangeset_new(16);
		if (!late->ports[t])
			fail(b, -ENOMEM);
		while (!b->err && late_spread(b, late, list, t))
			;
	}
}

static void late_clear(struct late *late)
{
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		pw_rangeset_free(late->ports[t]);
}

/* Sections with one wide port set of one transport */
static void emit_wide_group(struct build *b, uint32_t chain,
			    const struct list *group, enum pw_transport t,
			    enum scope scope, const char *name, unsigned int k)
{
	const struct pw_section *s = &b->model->sections[group->items[0]];
	struct draft d = draft();
	uint32_t target = gen_chain(b, "%s.%u", name, k);

	match_ports(b, &d, t, s->ports[t]);
	emit_to(b, chain, &d, PW_V_JUMP, target);
	emit_class(b, target, group, scope);
}

/* Wide sections of @t without limits: groups in name order */
static unsigned int emit_wide(struct build *b, uint32_t chain,
			      const struct list *list, enum pw_transport t,
			      enum scope scope, unsigned int k)
{
	const struct pw_section *sections = b->model->sections;
	bool *done = calloc(list->num + 1, sizeof(*done));

	if (!done)
		fail(b, -ENOMEM);
	for (size_t i = 0; i < list->num && !b->err; i++) {
		const struct pw_section *s = &sections[list->items[i]];
		struct list group = { 0 };

		if (done[i] || !wide(s->ports[t]) || section_limited(s))
			continue;
		for (size_t j = i; j < list->num; j++) {
			const struct pw_section *o = &sections[list->items[j]];

			if (done[j] || section_limited(o) ||
			    !pw_rangeset_equal(s->ports[t], o->ports[t]))
				continue;
			done[j] = true;
			list_push(b, &group, list->items[j]);
		}
		emit_wide_group(b, chain, &group, t, scope, names[scope].wide,
				k++);
		list_clear(&group);
	}
	free(done);
	return k;
}

/* Late sections of @t in name order; neighbours of equal ports are a group */
static unsigned int emit_late(struct build *b, uint32_t chain,
			      const struct list *list, const struct late *late,
			      enum pw_transport t, enum scope scope,
			      unsigned int k)
{
	const struct pw_section *sections = b->model->sections;
	struct list group = { 0 };

	for (size_t i = 0; i < list->num && !b->err; i++) {
		const struct pw_section *s = &sections[list->items[i]];

		if (!is_late(late, s, t))
			continue;
		if (group.num &&
		    !pw_rangeset_equal(sections[group.items[0]].ports[t],
				       s->ports[t])) {
			emit_wide_group(b, chain, &group, t, scope,
					names[scope].wide_limited, k++);
			group.num = 0;
		}
		list_push(b, &group, list->items[i]);
	}
	if (group.num && !b->err)
		emit_wide_group(b, chain, &group, t, scope,
				names[scope].wide_limited, k++);
	list_clear(&group);
	return k;
}

/* Every narrow port (or protocol) of a section, with the section */
static void pairs_of(struct build *b, struct pairs *pairs,
		     const struct late *late, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++) {
		uint32_t high = (uint32_t)pw_transport_proto(t) << 16;

		if (b->err || wide(s->ports[t]) || is_late(late, s, t))
			continue;
		for (size_t i = 0; i < s->ports[t]->num; i++)
			for (uint32_t port = s->ports[t]->r32[i].first;
			     port <= s->ports[t]->r32[i].last; port++)
				pairs_push(b, pairs, high | port, section);
	}
	for (size_t i = 0; i < s->protocols->num; i++)
		for (uint32_t proto = s->protocols->r32[i].first;
		     proto <= s->protocols->r32[i].last; proto++)
			pairs_push(b, pairs, PAIR_PROTO | proto, section);
}

/* One element for each key of each class, one chain a class */
static void emit_dispatch(struct build *b, uint32_t chain,
			  const struct pairs *pairs, enum scope scope)
{
	uint32_t ports = PW_NONE, protos = PW_NONE;
	struct classes classes = { 0 };
	struct draft d = draft();

	classes_make(b, pairs, &classes);
	for (size_t i = 0; i < classes.num_keys && !b->err; i++) {
		uint32_t key = classes.keys[i].key, target;
		bool proto = key & PAIR_PROTO;
		uint32_t *map = proto ? &protos : &ports;

		if (*map == PW_NONE)
			*map = gen_map(b, proto ? names[scope].protos :
						  names[scope].ports,
				       proto ? PW_K_PROTO : PW_K_PROTO_PORT);
		target = class_chain(b, &classes, classes.keys[i].class_index,
				     names[scope].narrow);
		map_put(b, *map, key & ~PAIR_PROTO, PW_V_JUMP, target);
	}
	if (ports != PW_NONE)
		emit_map(b, chain, &d, ports);
	if (protos != PW_NONE)
		emit_map(b, chain, &d, protos);
	for (size_t i = 0; i < classes.num && !b->err; i++)
		emit_class(b, classes.items[i].chain, &classes.items[i].sections,
			   scope);
	classes_clear(&classes);
}

static bool has_ports(const struct pw_section *s)
{
	return s->ports[PW_TCP]->num || s->ports[PW_UDP]->num ||
	       s->ports[PW_SCTP]->num || s->protocols->num;
}

void emit_tree(struct build *b, uint32_t chain, enum scope scope, bool block)
{
	struct list public = { 0 }, rest = { 0 };
	struct pairs pairs = { 0 };
	struct late late;
	unsigned int k = 0;

	for (size_t i = 0; i < b->model->num_sections; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (s->block != block || !has_ports(s) ||
		    !section_alive(b->model, s) || !section_in_scope(s, scope))
			continue;
		if (scope == SCOPE_LOCAL && section_public(s)) {
			list_push(b, &public, i);
			continue;
		}
		list_push(b, &rest, i);
	}
	late_make(b, &late, &rest);
	for (size_t i = 0; i < rest.num && !b->err; i++)
		pairs_of(b, &pairs, &late, rest.items[i]);
	emit_public(b, chain, &public);
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		k = emit_wide(b, chain, &rest, t, scope, k);
	emit_dispatch(b, chain, &pairs, scope);
	k = 0;
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		k = emit_late(b, chain, &rest, &late, t, scope, k);
	late_clear(&late);
	pairs_clear(&pairs);
	list_clear(&public);
	list_clear(&rest);
}

/* Blocks without ports: every new packet, ping included */
uint32_t block_chain(struct build *b)
{
	struct list list = { 0 };
	uint32_t chain = PW_NONE;

	for (size_t i = 0; i < b->model->num_sections; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (s->block && s->everything && section_alive(b->model, s))
			list_push(b, &list, i);
	}
	if (list.num) {
		chain = gen_chain(b, "block");
		if (!b->err && !b->rs->chains[chain].num_rules)
			emit_class(b, chain, &list, SCOPE_ANY);
	}
	list_clear(&list);
	return chain;
}

uint32_t block_ports_chain(struct build *b)
{
	uint32_t chain = PW_NONE;

	for (size_t i = 0; i < b->model->num_sections && chain == PW_NONE; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (s->block && has_ports(s) && section_alive(b->model, s))
			chain = gen_chain(b, "block.ports");
	}
	if (chain != PW_NONE && !b->err && !b->rs->chains[chain].num_rules)
		emit_tree(b, chain, SCOPE_ANY, true);
	return chain;
}
