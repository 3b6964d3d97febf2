/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ports a class of sources reaches, on which interfaces, where. What
 * sections say of anyone is put together once; for a class only the sections
 * that tell it from anyone are looked at.
 */
#include <errno.h>
#include <stdlib.h>

#include "verify/expect_priv.h"
#include "verify/plan.h"

/* Some 0.5 s: for policies of very many sections that hold for most sources */
#define VISITS_MAX 30000000u

static void reach_clear(struct pw_reach *reach)
{
	pw_rangeset_free(reach->closed);
	pw_rangeset_free(reach->open);
	pw_rangeset_free(reach->limited);
	*reach = (struct pw_reach){ 0 };
}

void pw_planner_clear_reach(struct pw_planner *p)
{
	for (size_t i = 0; p->base && i < p->num_dests * PW_NUM_TRANSPORTS; i++)
		reach_clear(&p->base[i]);
	free(p->base);
}

int pw_planner_prepare_reach(struct pw_planner *p)
{
	p->base = calloc(p->num_dests * PW_NUM_TRANSPORTS, sizeof(*p->base));
	return p->base ? 0 : -ENOMEM;
}

static int reach_new(struct pw_reach *reach)
{
	*reach = (struct pw_reach){
		pw_rangeset_new(16), pw_rangeset_new(16), pw_rangeset_new(16),
	};
	return reach->closed && reach->open && reach->limited ? 0 : -ENOMEM;
}

static int reach_add(struct pw_reach *reach, const struct pw_section *s,
		     uint8_t proto)
{
	const struct pw_rangeset *ports = pw_expect_named(s, proto);

	if (s->everything)
		return pw_rangeset_add32(reach->closed, 0, UINT16_MAX);
	if (s->block)
		return pw_rangeset_add_set(reach->closed, ports);
	return pw_rangeset_add_set(pw_expect_limited(s) ? reach->limited :
							   reach->open, ports);
}

static int reach_sort(struct pw_reach *reach)
{
	int err = pw_rangeset_normalise(reach->closed);

	if (!err)
		err = pw_rangeset_normalise(reach->open);
	return err ? err : pw_rangeset_normalise(reach->limited);
}

static enum pw_transport transport_of(uint8_t proto)
{
	enum pw_transport t = 0;

	while (pw_transport_proto(t) != proto)
		t++;
	return t;
}

static bool is_base(const struct pw_planner *p, const struct pw_dest *dest,
		    uint32_t section)
{
	return p->common[dest->family][section] &&
	       p->places->names.common[section] && dest->speaks[section];
}

/* What sections say of anyone; made when it is first asked for */
static const struct pw_reach *base_of(struct pw_planner *p, size_t dest,
				      uint8_t proto)
{
	struct pw_reach *base = &p->base[dest * PW_NUM_TRANSPORTS +
					 transport_of(proto)];
	int err;

	if (base->limited)
		return base;
	err = reach_new(base);
	for (uint32_t i = 0; i < p->model->num_sections && !err; i++)
		if (is_base(p, &p->dests[dest], i))
			err = reach_add(base, &p->model->sections[i], proto);
	if (!err)
		err = reach_sort(base);
	if (!err)
		return base;
	reach_clear(base);
	return NULL;
}

/* Lists of a group and of a class, walked as one */
struct meeting {
	const struct pw_planner *p;
	const uint32_t *on, *from;
	size_t num_on, num_from;
	const bool *common;
	uint32_t section;
	bool is_on, is_from;	/* does the section cover the group, the class? */
	bool told;		/* it tells the class from anyone */
};

static bool next_section(struct meeting *m)
{
	uint32_t on = m->num_on ? *m->on : UINT32_MAX;
	uint32_t from = m->num_from ? *m->from : UINT32_MAX;

	m->section = on < from ? on : from;
	/* `bridges` stand behind the last section */
	if (m->section >= m->p->model->num_sections)
		return false;
	m->is_on = m->p->places->names.common[m->section] ^
		   (on == m->section);
	m->told = from == m->section;
	m->is_from = m->common[m->section] ^ m->told;
	m->num_on -= on == m->section;
	m->on += on == m->section;
	m->num_from -= m->told;
	m->from += m->told;
	return true;
}

static struct meeting meet(const struct pw_planner *p, uint32_t group,
			   uint32_t class)
{
	const struct pw_source_class *c = &p->plan->classes[class];
	const struct pw_divided *on =
		&p->places->names.classes[p->places->groups[group].class];
	struct meeting m = {
		.p = p, .on = on->sections, .num_on = on->num,
		.from = c->sections, .num_from = c->num_sections,
		.common = p->common[c->family],
	};

	if (class == p->plan->anyone[c->family])
		m.num_from = 0;
	return m;
}

/* Is there a list of what tells the group and the class from others? */
static bool is_listed(const struct pw_planner *p, uint32_t group,
		      uint32_t class)
{
	uint32_t on = p->places->groups[group].class;

	return p->places->names.classes[on].listed &&
	       p->plan->classes[class].listed;
}

bool pw_planner_concerns(struct pw_planner *p, uint32_t group, uint32_t class)
{
	struct meeting m = meet(p, group, class);

	if (!is_listed(p, group, class))
		return true;
	while (next_section(&m))
		if (m.told && m.is_on)
			return true;
	return false;
}

/* @added and @lost: sections by which base and answer differ; @lost sorted */
struct change {
	uint32_t *added, *lost;
	size_t num_added, num_lost;
};

static void find_change(struct meeting *m, const struct pw_dest *dest,
			struct change *change, struct pw_asked *out)
{
	while (next_section(m)) {
		bool is = m->is_on && m->is_from;

		if (!dest->speaks[m->section])
			continue;
		if (m->told && m->is_on)
			out->concerned = true;
		if (is == is_base(m->p, dest, m->section))
			continue;
		if (is)
			change->added[change->num_added++] = m->section;
		else
			change->lost[change->num_lost++] = m->section;
	}
}

static int add_base(struct pw_planner *p, size_t dest, uint8_t proto,
		    const struct change *change, struct pw_reach *out)
{
	const struct pw_reach *base;
	size_t at = 0;
	int err = 0;

	if (!change->num_lost) {
		base = base_of(p, dest, proto);
		if (!base)
			return -ENOMEM;
		err = pw_rangeset_add_set(out->closed, base->closed);
		if (!err)
			err = pw_rangeset_add_set(out->open, base->open);
		return err ? err : pw_rangeset_add_set(out->limited,
						       base->limited);
	}
	p->visits += p->model->num_sections;
	for (uint32_t i = 0; i < p->model->num_sections && !err; i++) {
		if (at < change->num_lost && change->lost[at] == i)
			at++;
		else if (is_base(p, &p->dests[dest], i))
			err = reach_add(out, &p->model->sections[i], proto);
	}
	return err;
}

/* From a bridge what is published is reached whatever sections say */
static int add_published(const struct pw_planner *p, size_t dest,
			 uint8_t proto, struct pw_rangeset *open)
{
	const struct pw_scene *scene = p->places->scene;
	int err = 0;

	if (p->dests[dest].kind != PW_DST_LOCAL)
		return 0;
	for (size_t i = 0; i < scene->num_publish && !err; i++)
		if (scene->publish[i].proto == proto)
			err = pw_rangeset_add32(open, scene->publish[i].port,
						scene->publish[i].port);
	return err ? err : pw_rangeset_normalise(open);
}

static int take_away(struct pw_rangeset **set, const struct pw_rangeset *other)
{
	struct pw_rangeset *rest;
	int err = pw_rangeset_subtract(*set, other, &rest);

	if (err)
		return err;
	pw_rangeset_free(*set);
	*set = rest;
	return 0;
}

/* Each port in one of the three sets: what counts most has it */
static int settle(const struct pw_planner *p, uint32_t group, size_t dest,
		  uint8_t proto, struct pw_reach *reach)
{
	int err = reach_sort(reach);

	if (!err)
		err = take_away(&reach->open, reach->closed);
	if (!err && p->places->groups[group].bridge)
		err = add_published(p, dest, proto, reach->open);
	if (!err)
		err = take_away(&reach->closed, reach->open);
	if (!err)
		err = take_away(&reach->limited, reach->closed);
	return err ? err : take_away(&reach->limited, reach->open);
}

static uint64_t hash_set(uint64_t hash, const struct pw_rangeset *set)
{
	hash = pw_dice_mix(hash ^ set->num);
	for (size_t i = 0; i < set->num; i++)
		hash = pw_dice_mix(hash ^ ((uint64_t)set->r32[i].first << 32 |
					   set->r32[i].last));
	return hash;
}

/* Ports that a block closes are told from others only where these are refused */
static uint64_t hash_reach(const struct pw_planner *p, uint64_t hash,
			   const struct pw_reach *reach)
{
	hash = hash_set(hash_set(hash, reach->open), reach->limited);
	if (p->model->on_default == PW_DEFAULT_REJECT)
		hash = hash_set(hash, reach->closed);
	return hash ? hash : 1;
}

static uint64_t weigh(const struct pw_reach *reach, const struct pw_reach *base)
{
	uint64_t is = pw_rangeset_count(reach->open) +
		      pw_rangeset_count(reach->limited);
	uint64_t was = pw_rangeset_count(base->open) +
		       pw_rangeset_count(base->limited);

	return is > was ? is - was : was - is;
}

static int work_out(struct pw_planner *p, uint32_t group, size_t dest,
		    uint8_t proto, const struct change *change,
		    struct pw_asked *out)
{
	uint64_t seed = (uint64_t)group << 32 |
			(uint64_t)p->dests[dest].family << 8 | proto;
	const struct pw_reach *base = base_of(p, dest, proto);
	struct pw_reach reach;
	int err = reach_new(&reach);

	if (!base)
		err = -ENOMEM;
	if (!err)
		err = add_base(p, dest, proto, change, &reach);
	for (size_t i = 0; i < change->num_added && !err; i++)
		err = reach_add(&reach, &p->model->sections[change->added[i]],
				proto);
	if (!err)
		err = settle(p, group, dest, proto, &reach);
	if (!err) {
		out->key = hash_reach(p, pw_dice_mix(seed), &reach);
		out->weight = weigh(&reach, base);
	}
	reach_clear(&reach);
	return err;
}

int pw_planner_ask(struct pw_planner *p, uint32_t group, uint32_t class,
		   size_t dest, uint8_t proto, struct pw_asked *out)
{
	struct change change = {
		.added = p->changed,
		.lost = p->changed + p->model->num_sections,
	};
	struct meeting m = meet(p, group, class);

	*out = (struct pw_asked){ .concerned = true };
	if (!is_listed(p, group, class))
		return 0;
	out->concerned = false;
	find_change(&m, &p->dests[dest], &change, out);
	if (change.num_lost && p->visits > VISITS_MAX)
		return 0;
	return work_out(p, group, dest, proto, &change, out);
}
