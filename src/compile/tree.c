// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports to sections: wide sections, dispatch by port. */
#include <errno.h>
#include <stdlib.h>

#include "compile/parts.h"
#include "compile/tree.h"

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
	return pw_section_limited(s) &&
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
		pw_fail(b, -ENOMEM);
		return false;
	}
	for (size_t i = 0; i < list->num && !b->err; i++) {
		const struct pw_section *s =
			&b->model->sections[list->items[i]];

		if (is_late(late, s, t))
			pw_fail(b, pw_rangeset_add_set(sum, s->ports[t]));
	}
	if (!b->err)
		pw_fail(b, pw_rangeset_normalise(sum));
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
			pw_fail(b, -ENOMEM);
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
	struct draft d = pw_draft();
	uint32_t target = pw_gen_chain(b, "%s.%u", name, k);

	pw_match_ports(b, &d, t, s->ports[t]);
	pw_emit_to(b, chain, &d, PW_V_JUMP, target);
	pw_emit_class(b, target, group, scope);
}

/* Wide sections of @t without limits: groups in name order */
static unsigned int emit_wide(struct build *b, uint32_t chain,
			      const struct list *list, enum pw_transport t,
			      enum scope scope, unsigned int k)
{
	const struct pw_section *sections = b->model->sections;
	bool *done = calloc(list->num + 1, sizeof(*done));

	if (!done)
		pw_fail(b, -ENOMEM);
	for (size_t i = 0; i < list->num && !b->err; i++) {
		const struct pw_section *s = &sections[list->items[i]];
		struct list group = { 0 };

		if (done[i] || !wide(s->ports[t]) || pw_section_limited(s))
			continue;
		for (size_t j = i; j < list->num; j++) {
			const struct pw_section *o = &sections[list->items[j]];

			if (done[j] || pw_section_limited(o) ||
			    !pw_rangeset_equal(s->ports[t], o->ports[t]))
				continue;
			done[j] = true;
			pw_list_push(b, &group, list->items[j]);
		}
		if (!b->err)
			emit_wide_group(b, chain, &group, t, scope,
					names[scope].wide, k++);
		pw_list_clear(&group);
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
		pw_list_push(b, &group, list->items[i]);
	}
	if (group.num && !b->err)
		emit_wide_group(b, chain, &group, t, scope,
				names[scope].wide_limited, k++);
	pw_list_clear(&group);
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
				pw_pairs_push(b, pairs, high | port, section);
	}
	for (size_t i = 0; i < s->protocols->num; i++)
		for (uint32_t proto = s->protocols->r32[i].first;
		     proto <= s->protocols->r32[i].last; proto++)
			pw_pairs_push(b, pairs, PAIR_PROTO | proto, section);
}

/* One element for each key of each class, one chain a class */
static void emit_dispatch(struct build *b, uint32_t chain,
			  const struct pairs *pairs, enum scope scope)
{
	uint32_t ports = PW_NONE, protos = PW_NONE;
	struct classes classes = { 0 };
	struct draft d = pw_draft();

	pw_classes_make(b, pairs, &classes);
	for (size_t i = 0; i < classes.num_keys && !b->err; i++) {
		uint32_t key = classes.keys[i].key, target;
		bool proto = key & PAIR_PROTO;
		uint32_t *map = proto ? &protos : &ports;

		if (*map == PW_NONE)
			*map = pw_gen_map(b, proto ? names[scope].protos :
						  names[scope].ports,
				       proto ? PW_K_PROTO : PW_K_PROTO_PORT);
		target = pw_class_chain(b, &classes,
					classes.keys[i].class_index,
					names[scope].narrow);
		pw_map_put(b, *map, key & ~PAIR_PROTO, PW_V_JUMP, target);
	}
	if (ports != PW_NONE)
		pw_emit_map(b, chain, &d, ports);
	if (protos != PW_NONE)
		pw_emit_map(b, chain, &d, protos);
	for (size_t i = 0; i < classes.num && !b->err; i++)
		pw_emit_class(b, classes.items[i].chain, &classes.items[i].sections,
			      scope);
	pw_classes_clear(&classes);
}

static bool has_ports(const struct pw_section *s)
{
	return s->ports[PW_TCP]->num || s->ports[PW_UDP]->num ||
	       s->ports[PW_SCTP]->num || s->protocols->num;
}

void pw_emit_tree(struct build *b, uint32_t chain, enum scope scope, bool block)
{
	struct list public = { 0 }, rest = { 0 };
	struct pairs pairs = { 0 };
	struct late late;
	unsigned int k = 0;

	for (size_t i = 0; i < b->model->num_sections; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (s->block != block || !has_ports(s) ||
		    !pw_section_alive(b->model, s) ||
		    !pw_section_in_scope(s, scope))
			continue;
		if (scope == SCOPE_LOCAL && pw_section_public(s)) {
			pw_list_push(b, &public, i);
			continue;
		}
		pw_list_push(b, &rest, i);
	}
	late_make(b, &late, &rest);
	for (size_t i = 0; i < rest.num && !b->err; i++)
		pairs_of(b, &pairs, &late, rest.items[i]);
	pw_emit_public(b, chain, &public);
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		k = emit_wide(b, chain, &rest, t, scope, k);
	emit_dispatch(b, chain, &pairs, scope);
	k = 0;
	for (enum pw_transport t = 0; t < PW_NUM_TRANSPORTS; t++)
		k = emit_late(b, chain, &rest, &late, t, scope, k);
	late_clear(&late);
	pw_pairs_clear(&pairs);
	pw_list_clear(&public);
	pw_list_clear(&rest);
}

/* Blocks without ports: every new packet, ping included */
uint32_t pw_block_chain(struct build *b)
{
	struct list list = { 0 };
	uint32_t chain = PW_NONE;

	for (size_t i = 0; i < b->model->num_sections; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (s->block && s->everything && pw_section_alive(b->model, s))
			pw_list_push(b, &list, i);
	}
	if (list.num) {
		chain = pw_gen_chain(b, "block");
		if (!b->err && !b->rs->chains[chain].num_rules)
			pw_emit_class(b, chain, &list, SCOPE_ANY);
	}
	pw_list_clear(&list);
	return chain;
}

uint32_t pw_block_ports_chain(struct build *b)
{
	uint32_t chain = PW_NONE;

	for (size_t i = 0; i < b->model->num_sections && chain == PW_NONE; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (s->block && has_ports(s) && pw_section_alive(b->model, s))
			chain = pw_gen_chain(b, "block.ports");
	}
	if (chain != PW_NONE && !b->err && !b->rs->chains[chain].num_rules)
		pw_emit_tree(b, chain, SCOPE_ANY, true);
	return chain;
}
