/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets that change: what they are, and which packets may change them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/prove.h"

#define OWN_ADDRESSES 16384u
#define OPENINGS 4096u		/* elements of each kind of opening */
#define SOURCES 65535u		/* remembered by a limit per source */
#define OWN_MS 10000u		/* then it is looked at again */
#define JUDGED_MS 20000u	/* longer than OWN_MS by all a packet may wait */

/* docs/rules.md: what belongs to the table and outlives generations */
static const struct changing {
	const char *name;
	enum pw_set_type type;
	uint32_t size;
	bool dynamic, timeout, interval;
	uint64_t timeout_ms;
} changing[] = {
	{ "adopt", PW_T_NFPROTO, 0, false, true, false, 0 },
	{ "s.opened", PW_T_NFPROTO, 0, false, true, false, 0 },
	{ "s.open", PW_T_PORT_PROTO, OPENINGS, false, true, false, 0 },
	{ "s.open.if", PW_T_PORT_PROTO_NAME, OPENINGS, false, true, false, 0 },
	{ "s.open4", PW_T_PORT_PROTO_IPV4, OPENINGS, false, true, true, 0 },
	{ "s.open6", PW_T_PORT_PROTO_IPV6, OPENINGS, false, true, true, 0 },
	{ "s.open4.if", PW_T_PORT_PROTO_NAME_IPV4, OPENINGS, false, true, true,
	  0 },
	{ "s.open6.if", PW_T_PORT_PROTO_NAME_IPV6, OPENINGS, false, true, true,
	  0 },
	{ "s.own4", PW_T_IIF_IPV4, OWN_ADDRESSES, true, true, false, OWN_MS },
	{ "s.own6", PW_T_IIF_IPV6, OWN_ADDRESSES, true, true, false, OWN_MS },
	{ "s.judged4", PW_T_IIF_IPV4, OWN_ADDRESSES, true, true, false,
	  JUDGED_MS },
	{ "s.judged6", PW_T_IIF_IPV6, OWN_ADDRESSES, true, true, false,
	  JUDGED_MS },
	{ "s.seen4", PW_T_MARK_IPV4, SOURCES, true, true, false, 0 },
	{ "s.seen6", PW_T_MARK_IPV6, SOURCES, true, true, false, 0 },
	{ "s.rate4", PW_T_MARK_IPV4, 2 * SOURCES, true, true, false, 0 },
	{ "s.rate6", PW_T_MARK_IPV6, 2 * SOURCES, true, true, false, 0 },
	{ "s.conn", PW_T_MARK, SOURCES, true, false, false, 0 },
	{ "s.cseen4", PW_T_MARK_IPV4, SOURCES, true, false, false, 0 },
	{ "s.cseen6", PW_T_MARK_IPV6, SOURCES, true, false, false, 0 },
	{ "s.conn4", PW_T_MARK_IPV4, 2 * SOURCES, true, false, false, 0 },
	{ "s.conn6", PW_T_MARK_IPV6, 2 * SOURCES, true, false, false, 0 },
};

static const struct changing *find_changing(const char *name)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(changing); i++)
		if (!strcmp(changing[i].name, name))
			return &changing[i];
	return NULL;
}

static bool is_as_told(const struct pw_set *set, const struct changing *row)
{
	return set->type == row->type && set->dynamic == row->dynamic &&
	       set->timeout == row->timeout &&
	       set->timeout_ms == row->timeout_ms &&
	       (!row->size || set->size == row->size) &&
	       set->interval == row->interval;
}

int pw_proof_check_sets(struct proof *p)
{
	for (size_t i = 0; i < p->rs->num_sets; i++) {
		const struct pw_set *set = &p->rs->sets[i];
		const struct changing *row = find_changing(set->name);

		if (set->constant && set->elems && !row)
			continue;
		if (set->constant || !row)
			return pw_proof_failed(p->diags,
				   "what set %s holds is not known", set->name);
		if (!is_as_told(set, row))
			return pw_proof_failed(p->diags,
				   "set %s is not declared as it should be",
				   set->name);
	}
	return 0;
}

static void cuts_of(struct proof *p, const struct pw_box *box,
		    struct pw_cuts *cuts)
{
	*cuts = (struct pw_cuts){ 0 };
	for (int f = 0; f < PW_NUM_FIELDS; f++)
		if (box->f[f] != PW_VALUE_ANY)
			pw_cuts_add(&p->ev->space, cuts, f, box->f[f]);
}

/* Take @box out of @from */
static void subtract(struct proof *p, struct pw_boxes *from,
		     const struct pw_box *box)
{
	struct pw_boxes hits = { 0 };
	struct pw_cuts cuts;

	cuts_of(p, box, &cuts);
	pw_proof_take(p, from, &cuts, &hits);
	pw_boxes_clear(&hits);
}

static bool is_named(const struct proof *p, const struct pw_mark *mark,
		     const char *name4, const char *name6)
{
	const char *name = p->rs->sets[mark->set].name;

	return !strcmp(name, name4) || !strcmp(name, name6);
}

/* Unless it is remembered already; that is forgotten earlier than @judged */
static bool writes_unknown(const struct proof *p, uint32_t cond)
{
	struct pw_conds *conds = p->ev->space.conds;

	return cond == PW_COND_ALWAYS ||
	       cond == pw_cond_not(conds, p->own[PW_IPV4]) ||
	       cond == pw_cond_not(conds, p->own[PW_IPV6]);
}

/* "update @s.judged4 { iif . destination }", and no condition beside */
static bool always_writes(const struct proof *p, const struct pw_mark *mark)
{
	const struct pw_rule *rule =
		&p->rs->chains[mark->chain].rules[mark->rule];
	const struct pw_effect *e = &rule->effects[0];

	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].set != PW_NONE &&
		    !p->rs->sets[rule->matches[i].set].constant)
			return false;
	return rule->num_effects == 1 && !e->add && !e->timeout_ms &&
	       !e->rate.count && !e->conns &&
	       is_named(p, mark, "s.judged4", "s.judged6") &&
	       writes_unknown(p, mark->box.cond);
}

static int report(struct proof *p, const struct pw_box *box, const char *what)
{
	char packet[320];
	int err = pw_space_error(&p->ev->space);

	if (err)
		return err;
	return pw_proof_failed(p->diags,
		   "rules and policy differ: the rules %s: %s", what,
		   pw_proof_packet(p, box, packet, sizeof(packet)));
}

/* What is remembered has to be what prerouting judges */
static int check_mark(struct proof *p, const struct pw_mark *mark,
		      const struct pw_boxes *learnt)
{
	struct pw_boxes left = { 0 };
	int err = 0;

	pw_boxes_push(&p->ev->space, &left, &mark->box);
	if (is_named(p, mark, "s.own4", "s.own6") ||
	    is_named(p, mark, "s.judged4", "s.judged6"))
		for (size_t i = 0; i < learnt->num; i++)
			subtract(p, &left, &learnt->items[i]);
	if (left.num)
		err = report(p, &left.items[0],
			     "remember the destination of a packet that is "
			     "not judged in prerouting");
	pw_boxes_clear(&left);
	return err;
}

/* What prerouting judges must not be judged by what NAT makes of it */
static int check_learnt(struct proof *p, struct pw_boxes *learnt,
			size_t num_marks)
{
	for (size_t i = 0; i < num_marks; i++)
		if (always_writes(p, &p->ev->marks[i]))
			subtract(p, learnt, &p->ev->marks[i].box);
	if (!learnt->num)
		return 0;
	return report(p, &learnt->items[0],
		      "forget that prerouting has judged a packet");
}

int pw_proof_check_marks(struct proof *p, size_t num_prerouting)
{
	struct pw_boxes items = { 0 }, learnt = { 0 };
	struct pw_box all;
	int err = 0;

	pw_eval_domain(p->ev, PW_HOOK_PREROUTING, &all);
	pw_boxes_push(&p->ev->space, &items, &all);
	pw_judge_learnt(p, &items, &learnt);
	for (size_t i = 0; i < p->ev->num_marks && !err; i++)
		err = i < num_prerouting
			? check_mark(p, &p->ev->marks[i], &learnt)
			: report(p, &p->ev->marks[i].box,
				 "remember a destination too late");
	if (!err)
		err = check_learnt(p, &learnt, num_prerouting);
	pw_boxes_clear(&items);
	pw_boxes_clear(&learnt);
	return err;
}
