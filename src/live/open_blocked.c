// SPDX-License-Identifier: GPL-2.0-or-later
/* Does a [block] beat an opening? Its rules are evaluated, and no others. */
#include "live/open_blocked.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "nft/kernel_chains.h"
#include "portwall/names.h"
#include "ruleset/eval.h"

#define MOST 2000	/* rules and elements: some milliseconds */

/**
 * struct blocks - Rules of the blocks in force
 * @ev:		its cells are of every question so far
 * @all:	a chain that asks all of them
 */
struct blocks {
	struct pw_nl *nl;
	struct pw_ruleset *rs;
	struct pw_eval *ev;
	uint32_t all;
};

static int add_jump(struct blocks *b, const char *name)
{
	const struct pw_rule rule = {
		.verdict = { PW_V_JUMP, pw_ruleset_find_chain(b->rs, name),
			     PW_NONE },
		.section = PW_NONE,
	};

	return pw_ruleset_add_rule(b->rs, b->all, &rule);
}

static int read_blocks(struct blocks *b, uint32_t generation)
{
	char any[32], ports[32];
	const char *const names[] = { any, ports };
	int64_t all;
	int err;

	snprintf(any, sizeof(any), "g%u.block", generation);
	snprintf(ports, sizeof(ports), "g%u.block.ports", generation);
	err = pw_kernel_read_chains(b->nl, names, 2, MOST, &b->rs);
	if (err)
		return err;
	all = pw_ruleset_add_chain(b->rs, "blocks");
	if (all < 0)
		return (int)all;
	b->all = (uint32_t)all;
	err = add_jump(b, any);
	if (!err)
		err = add_jump(b, ports);
	return err ? err : pw_eval_new(b->rs, &b->ev);
}

static void set_range(struct pw_eval *ev, struct pw_box *box,
		      enum pw_field field, struct pw_value first,
		      struct pw_value last)
{
	box->f[field] = pw_values_range(ev->space.values, pw_box_bits(field),
					first, last);
}

static void set_number(struct pw_eval *ev, struct pw_box *box,
		       enum pw_field field, uint64_t n)
{
	set_range(ev, box, field, (struct pw_value){ 0, n },
		  (struct pw_value){ 0, n });
}

static void set_source(struct pw_eval *ev, struct pw_box *box,
		       enum pw_family family, const struct pw_value *source)
{
	bool v4 = family == PW_IPV4;

	set_number(ev, box, PW_F_NFPROTO, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	if (source)
		set_range(ev, box, v4 ? PW_F_SADDR4 : PW_F_SADDR6, *source,
			  *source);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* New connections that the opening is for; @source NULL: from anywhere */
static void packets(struct pw_eval *ev, const struct pw_opening *o,
		    enum pw_family family, const struct pw_value *source,
		    struct pw_box *box)
{
	struct pw_range name;

	pw_eval_domain(ev, PW_HOOK_PREROUTING, box);
	if (o->iifname[0] &&
	    !pw_ifname_range(o->iifname, strlen(o->iifname), &name))
		set_range(ev, box, PW_F_IIFNAME, name.first, name.last);
	set_source(ev, box, family, source);
	set_number(ev, box, PW_F_L4PROTO, o->proto);
	set_range(ev, box, PW_F_DPORT, pw_value32(o->first),
		  pw_value32(o->last));
	set_number(ev, box, PW_F_CT_STATE, PW_CT_NEW);
	set_number(ev, box, PW_F_FIB_DADDR, RTN_LOCAL);
	set_number(ev, box, PW_F_FIB_SADDR, RTN_UNICAST);
	set_number(ev, box, PW_F_TIME, clock_ns());
}

/* What sets that were too large to be read say of one source */
struct asked {
	struct blocks *b;
	const struct pw_value *source;
	int err;
};

static bool holds(void *arg, uint32_t var)
{
	struct asked *asked = arg;
	const struct pw_fact *fact = &asked->b->ev->facts[var];
	uint32_t set;
	int err;

	if (fact->kind != PW_FACT_MEMBER)
		return true;
	if (!asked->source)
		return false;	/* it does not hold everybody */
	set = pw_ruleset_find_set(asked->b->rs, fact->name);
	err = pw_kernel_find_elem(asked->b->nl, &asked->b->rs->sets[set],
				  *asked->source);
	if (err && err != -ENOENT)
		asked->err = err;
	return !err;
}

/* Are there such packets that a block drops, and such that none does? */
static int judge(struct blocks *b, const struct pw_opening *o,
		 enum pw_family family, const struct pw_value *source,
		 bool *some, bool *others)
{
	struct asked asked = { .b = b, .source = source };
	size_t from = b->ev->num_cells;
	struct pw_box box;
	int err;

	packets(b->ev, o, family, source, &box);
	err = pw_eval_base(b->ev, b->all, &box);
	for (size_t i = from; i < b->ev->num_cells && !err; i++) {
		const struct pw_cell *cell = &b->ev->cells[i];

		if (!pw_cond_holds(b->ev->space.conds, cell->box.cond, holds,
				   &asked))
			continue;
		if (cell->outcome == PW_OUT_ACCEPT)
			*others = true;
		else
			*some = true;
		err = asked.err;
	}
	return err;
}

static int judge_opening(struct blocks *b, const struct pw_opening *o,
			 bool *blocked)
{
	bool some = false, others = false;
	int err;

	if (o->any_from) {
		err = judge(b, o, PW_IPV4, NULL, &some, &others);
		if (!err)
			err = judge(b, o, PW_IPV6, NULL, &some, &others);
		*blocked = !others;
		return err;
	}
	err = judge(b, o, o->family, &o->from, &some, &others);
	if (!err && pw_value_cmp(o->from, o->to))
		err = judge(b, o, o->family, &o->to, &some, &others);
	*blocked = some;
	return err;
}

int pw_open_find_blocked(struct pw_nl *nl, uint32_t generation,
			 const struct pw_opening *list, size_t num,
			 bool *blocked)
{
	struct blocks b = { .nl = nl };
	int err = read_blocks(&b, generation);

	for (size_t i = 0; i < num && !err; i++)
		err = judge_opening(&b, &list[i], &blocked[i]);
	pw_eval_free(b.ev);
	pw_ruleset_free(b.rs);
	return err;
}
