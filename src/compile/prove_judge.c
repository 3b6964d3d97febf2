/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy says of a region of packets, in the order of "What every
 * policy does without being asked"; compared with what the cell does.
 *
 * Functions take regions out of @items: what is left is not decided so far.
 */
#include <stdint.h>

#include "compile/prove.h"

#define NOBODY SIZE_MAX

static const struct want passes = { PW_OUT_ACCEPT, PW_V_NONE, "accepts",
				    NOBODY };
static const struct want falls = { PW_OUT_DROP, PW_V_NONE, "drops", NOBODY };

static void settle_refused(struct proof *p, struct pw_boxes *items)
{
	static const struct want rst = { PW_OUT_REFUSE, PW_V_REJECT_RST,
					 "refuses (RST)", NOBODY };
	static const struct want port = { PW_OUT_REFUSE, PW_V_REJECT_PORT,
					  "refuses (port unreachable)",
					  NOBODY };
	static const struct want proto = { PW_OUT_REFUSE, PW_V_REJECT_PROTO,
					   "refuses (protocol unreachable)",
					   NOBODY };

	pw_settle(p, items, &p->steps[STEP_TCP], &rst);
	pw_settle(p, items, &p->steps[STEP_WITH_PORTS], &port);
	pw_settle(p, items, &p->steps[STEP_IPV4], &proto);
	pw_settle_all(p, items, &port);
}

/* Nobody lets these in */
static void settle_closed(struct proof *p, struct pw_boxes *items,
			  enum dest dest)
{
	static const struct want closed = { PW_OUT_DROP, PW_V_NONE,
					    "closes the port", NOBODY };
	struct pw_boxes refused = { 0 };

	if (dest == DEST_OWN && p->model->on_default == PW_DEFAULT_REJECT) {
		pw_proof_take_cond(p, items, p->refuse_rate, &refused);
		settle_refused(p, &refused);
	}
	pw_settle_all(p, items, &closed);
	pw_boxes_clear(&refused);
}

/* Packets that cannot be: nothing is asked of them */
static void leave_out(struct proof *p, struct pw_boxes *items, enum step first,
		      enum step last)
{
	struct pw_boxes hits = { 0 };

	for (int step = first; step <= (int)last; step++)
		pw_proof_take(p, items, &p->steps[step], &hits);
	pw_boxes_clear(&hits);
}

/* Both kinds of ICMP are taken apart first: most packets are neither */
static void settle_icmp(struct proof *p, struct pw_boxes *items)
{
	struct pw_boxes icmp = { 0 };

	pw_proof_take(p, items, &p->steps[STEP_ICMP], &icmp);
	pw_settle_steps(p, &icmp, STEP_ERRORS, STEP_ERRORS_LAST, &passes);
	pw_settle_steps(p, &icmp, STEP_ND, STEP_ND_LAST, &passes);
	pw_boxes_append(&p->ev->space, items, &icmp);
	pw_boxes_clear(&icmp);
}

/* What the policy lets in, or keeps out, before blocks and sections */
static void judge_unasked(struct proof *p, struct pw_boxes *items,
			  enum dest dest)
{
	if (dest == DEST_OWN)
		leave_out(p, items, STEP_GROUPS, STEP_GROUPS_LAST);
	settle_icmp(p, items);
	if (dest == DEST_OTHER)
		pw_settle(p, items, &p->steps[STEP_IGMP], &passes);
	pw_settle_gate(p, items, &p->steps[STEP_ADOPT], p->adopt, &passes);
	pw_settle(p, items, &p->steps[STEP_INVALID], &falls);
	pw_settle(p, items, &p->steps[STEP_OWN_SOURCE], &falls);
	if (p->model->dhcp)
		pw_settle_steps(p, items, STEP_DHCP4, STEP_DHCP6, &passes);
}

static void judge_sections(struct proof *p, struct pw_boxes *items,
			   enum dest dest)
{
	pw_settle_sections(p, items, dest);
	settle_closed(p, items, dest);
}

static void judge(struct proof *p, struct pw_boxes *items, enum dest dest)
{
	judge_unasked(p, items, dest);
	judge_sections(p, items, dest);
}

static void judge_ping(struct proof *p, struct pw_boxes *items, enum dest dest)
{
	struct pw_boxes hits = { 0 };

	if (dest == DEST_OWN)
		leave_out(p, items, STEP_GROUPS, STEP_GROUPS_LAST);
	pw_settle(p, items, &p->steps[STEP_OWN_SOURCE], &falls);
	pw_settle_areas(p, items, &p->silent, dest, &pw_proof_blocks);
	pw_settle_class(p, items, &p->pings, -1, dest);
	if (dest == DEST_OWN) {
		pw_proof_take_cond(p, items, p->ping_rate, &hits);
		pw_proof_check(p, &hits, &passes);
	}
	settle_closed(p, items, dest);
	pw_boxes_clear(&hits);
}

/* What is to be judged, by destination; @known: as own, being remembered so */
struct arrivals {
	struct pw_boxes own, known, other, own_pings, known_pings, other_pings;
};

static void take_kinds(struct proof *p, struct pw_boxes *items,
		       struct pw_boxes *own, struct pw_boxes *other)
{
	pw_proof_take(p, items, &p->steps[STEP_OWN], own);
	pw_proof_take(p, items, &p->steps[STEP_OTHER], other);
}

static void clear_arrivals(struct arrivals *a)
{
	pw_boxes_clear(&a->own);
	pw_boxes_clear(&a->known);
	pw_boxes_clear(&a->other);
	pw_boxes_clear(&a->own_pings);
	pw_boxes_clear(&a->known_pings);
	pw_boxes_clear(&a->other_pings);
}

/* What is remembered is judged no other way */
static void join_known(struct proof *p, struct arrivals *a)
{
	pw_boxes_append(&p->ev->space, &a->own, &a->known);
	pw_boxes_append(&p->ev->space, &a->own_pings, &a->known_pings);
}

static void judge_arrivals(struct proof *p, struct arrivals *a)
{
	join_known(p, a);
	judge(p, &a->own, DEST_OWN);
	judge(p, &a->other, DEST_OTHER);
	judge_ping(p, &a->own_pings, DEST_OWN);
	judge_ping(p, &a->other_pings, DEST_OTHER);
	clear_arrivals(a);
}

/* Steps 1 and 2 */
static void begin(struct proof *p, struct pw_boxes *items,
		  struct pw_boxes *pings)
{
	pw_settle(p, items, &p->steps[STEP_LOOPBACK], &passes);
	pw_proof_take(p, items, &p->steps[STEP_ECHO4], pings);
	pw_proof_take(p, items, &p->steps[STEP_ECHO6], pings);
}

/* Steps 3 and 4 */
static void settle_old(struct proof *p, struct pw_boxes *items,
		       struct pw_boxes *pings)
{
	pw_settle_steps(p, pings, STEP_MARTIANS, STEP_MARTIANS_LAST, &falls);
	pw_settle_steps(p, items, STEP_MARTIANS, STEP_MARTIANS_LAST, &falls);
	pw_settle(p, items, &p->steps[STEP_ESTABLISHED], &passes);
}

/*
 * What is remembered came from outside bridges to an own address, seconds ago:
 * pw_proof_check_marks() shows it. Nothing is asked of packets that deny this.
 */
static void take_known(struct proof *p, struct pw_boxes *items, enum step dest,
		       uint32_t cond, struct pw_boxes *known)
{
	struct pw_boxes within = { 0 }, hits = { 0 };

	pw_proof_take(p, items, &p->steps[dest], &within);
	pw_proof_take_cond(p, &within, cond, &hits);
	leave_out(p, &hits, STEP_BRIDGES, STEP_BRIDGES);
	pw_proof_take(p, &hits, &p->steps[STEP_OWN], known);
	pw_boxes_append(&p->ev->space, items, &within);
	pw_boxes_clear(&within);
	pw_boxes_clear(&hits);
}

/*
 * Not judged here, unless input takes it for judged: an interface has become a
 * bridge, or an address has gone, since it was remembered.
 */
static void settle_passing(struct proof *p, struct pw_boxes *items,
			   struct pw_boxes *known, const struct want *want)
{
	static const enum step dest[] = { STEP_DEST4, STEP_DEST6 };

	for (enum pw_family f = 0; f < PW_NUM_FAMILIES; f++) {
		struct pw_boxes within = { 0 };

		pw_proof_take(p, items, &p->steps[dest[f]], &within);
		pw_proof_take_cond(p, &within, p->passing[f], known);
		pw_boxes_append(&p->ev->space, items, &within);
		pw_boxes_clear(&within);
	}
	pw_settle_all(p, items, want);
}

static void settle_bridges(struct proof *p, struct pw_boxes *items,
			   struct pw_boxes *known)
{
	struct pw_boxes inside = { 0 };

	pw_proof_take(p, items, &p->steps[STEP_BRIDGES], &inside);
	settle_passing(p, &inside, known, &passes);
	pw_boxes_clear(&inside);
}

/* What prerouting lets pass because it is not judged there */
static void begin_prerouting(struct proof *p, struct pw_boxes *items,
			     struct arrivals *a)
{
	static const struct want forwards = {
		PW_OUT_ACCEPT, PW_V_NONE, "leaves what is forwarded alone",
		NOBODY };
	struct pw_boxes pings = { 0 };

	begin(p, items, &pings);
	settle_old(p, items, &pings);
	take_known(p, items, STEP_DEST4, p->own[PW_IPV4], &a->known);
	take_known(p, items, STEP_DEST6, p->own[PW_IPV6], &a->known);
	settle_bridges(p, items, &a->known);
	settle_bridges(p, &pings, &a->known_pings);
	take_kinds(p, items, &a->own, &a->other);
	take_kinds(p, &pings, &a->own_pings, &a->other_pings);
	settle_passing(p, items, &a->known, &forwards);
	settle_passing(p, &pings, &a->known_pings, &forwards);
	pw_boxes_clear(&pings);
}

void pw_judge_prerouting(struct proof *p, struct pw_boxes *items)
{
	struct arrivals a = { 0 };

	if (p->model->containers == PW_CONTAINERS_IGNORE) {
		pw_settle_all(p, items, &passes);
		return;
	}
	begin_prerouting(p, items, &a);
	judge_arrivals(p, &a);
}

void pw_judge_learnt(struct proof *p, struct pw_boxes *items,
		     struct pw_boxes *learnt)
{
	struct arrivals a = { 0 };

	if (p->model->containers == PW_CONTAINERS_IGNORE)
		return;
	begin_prerouting(p, items, &a);
	pw_boxes_append(&p->ev->space, learnt, &a.own);
	pw_boxes_append(&p->ev->space, learnt, &a.own_pings);
	clear_arrivals(&a);
}

/* Judged in prerouting: what is remembered, whatever NAT has made of it */
static void settle_judged(struct proof *p, struct pw_boxes *items)
{
	if (p->model->containers == PW_CONTAINERS_IGNORE)
		return;
	pw_settle_gate(p, items, &p->steps[STEP_ORIG4], p->judged[PW_IPV4],
		       &passes);
	pw_settle_gate(p, items, &p->steps[STEP_ORIG6], p->judged[PW_IPV6],
		       &passes);
}

/*
 * What came from outside bridges to many was judged in prerouting, too.
 * Whatever else arrives is for this host.
 */
static void take_unjudged(struct proof *p, struct pw_boxes *items,
			  struct pw_boxes *own, struct pw_boxes *other)
{
	struct pw_boxes inside = { 0 };

	if (p->model->containers == PW_CONTAINERS_FOLLOW) {
		pw_proof_take(p, items, &p->steps[STEP_BRIDGES], &inside);
		pw_settle(p, items, &p->steps[STEP_OTHER], &passes);
		pw_boxes_append(&p->ev->space, items, &inside);
	}
	pw_proof_take(p, items, &p->steps[STEP_OTHER], other);
	pw_boxes_append(&p->ev->space, own, items);
	pw_boxes_clear(&inside);
}

static void begin_input(struct proof *p, struct pw_boxes *items,
			struct arrivals *a)
{
	struct pw_boxes pings = { 0 };

	begin(p, items, &pings);
	settle_judged(p, items);
	settle_judged(p, &pings);
	settle_old(p, items, &pings);
	take_unjudged(p, items, &a->own, &a->other);
	take_unjudged(p, &pings, &a->own_pings, &a->other_pings);
	pw_boxes_clear(&pings);
}

void pw_judge_input(struct proof *p, struct pw_boxes *items)
{
	struct arrivals a = { 0 };

	begin_input(p, items, &a);
	judge_arrivals(p, &a);
}

void pw_judge_from(struct proof *p, struct pw_boxes *items, enum stage stage,
		   enum dest dest)
{
	if (stage == STAGE_UNASKED)
		judge(p, items, dest);
	else if (stage == STAGE_PING)
		judge_ping(p, items, dest);
	else
		judge_sections(p, items, dest);
}

/* Of what has begun, undecided, the only list that holds anything */
static struct pw_boxes *only_list(struct arrivals *a, enum dest *dest)
{
	struct pw_boxes *lists[] = { &a->own, &a->other, &a->own_pings,
				     &a->other_pings };
	struct pw_boxes *only = NULL;

	for (size_t i = 0; i < PW_ARRAY_SIZE(lists); i++) {
		if (!lists[i]->num)
			continue;
		if (only)
			return NULL;
		only = lists[i];
		*dest = i % 2 ? DEST_OTHER : DEST_OWN;
	}
	return only;
}

enum stage pw_judge_reaches(struct proof *p, enum pw_hook hook,
			    struct pw_boxes *items, enum dest *dest)
{
	struct arrivals a = { 0 };
	struct pw_boxes *only;
	enum stage stage = STAGE_HOOK;

	if (hook == PW_HOOK_FORWARD ||
	    (hook == PW_HOOK_PREROUTING &&
	     p->model->containers == PW_CONTAINERS_IGNORE))
		return STAGE_HOOK;
	p->touched = false;
	if (hook == PW_HOOK_PREROUTING)
		begin_prerouting(p, items, &a);
	else
		begin_input(p, items, &a);
	join_known(p, &a);
	only = only_list(&a, dest);
	if (!p->touched && only) {
		stage = STAGE_PING;
		if (only == &a.own || only == &a.other) {
			judge_unasked(p, only, *dest);
			stage = p->touched ? STAGE_UNASKED : STAGE_SECTIONS;
		}
	}
	clear_arrivals(&a);
	return stage;
}

/* Closed: from outside straight to an address behind a bridge, and new */
void pw_judge_forward(struct proof *p, struct pw_boxes *items)
{
	static const struct want straight = {
		PW_OUT_DROP, PW_V_NONE, "drops (behind a bridge, not published)",
		NOBODY };
	struct pw_boxes inward = { 0 };

	if (p->model->containers == PW_CONTAINERS_FOLLOW)
		pw_proof_take(p, items, &p->steps[STEP_TO_BRIDGES], &inward);
	pw_settle_all(p, items, &passes);
	pw_settle(p, &inward, &p->steps[STEP_BRIDGES], &passes);
	pw_settle(p, &inward, &p->steps[STEP_FORWARD_OLD], &passes);
	pw_settle(p, &inward, &p->steps[STEP_FORWARD_DNAT], &passes);
	pw_settle_all(p, &inward, &straight);
	pw_boxes_clear(&inward);
}
