/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The proof: the model's own reading of the policy, cell by cell. */
#ifndef COMPILE_PROVE_H
#define COMPILE_PROVE_H

#include "portwall/diag.h"
#include "portwall/model.h"
#include "portwall/ruleset.h"
#include "ruleset/eval.h"

/* Kinds of destination; sections without `to` open the first */
enum dest {
	DEST_OWN = 1,		/* unicast addresses of the host */
	DEST_OTHER = 2,		/* broadcast, multicast, anycast */
};

/**
 * struct area - Packets that a section speaks of
 * @dests:	where it counts: enum dest, or both
 * @section:	index in the model; of a union: one of them
 */
struct area {
	struct pw_cuts cuts;
	unsigned int dests;
	size_t section;
};

struct areas {
	struct area *items;
	size_t num, cap;
};

/**
 * struct section - How the proof reads a section
 * @areas:	sources, interfaces, destinations, time; without ports
 * @ports:	value of each transport's ports, PW_VALUE_EMPTY: none
 * @protocols:	value, with PW_L4PROTO_BITS
 * @within:	condition that its limits have room, by family
 */
struct section {
	struct areas areas;
	uint32_t ports[PW_NUM_TRANSPORTS];
	uint32_t protocols;
	bool limited;
	uint32_t within[PW_NUM_FAMILIES];
};

/**
 * struct class - Packets of one protocol, or some of its ports, that the same
 *		  sections speak of
 * @where:	protocol and ports
 * @ports:	value of the ports, if it has any
 * @sections:	of the model, in its order; @num_sections
 * @drop, @open: what blocks close, and what sections without limit open
 * @limited:	areas of limited sections, in the order of their names
 * @done:	these three are filled
 */
struct class {
	struct pw_cuts where;
	uint32_t ports;
	uint32_t *sections;
	size_t num_sections;
	struct areas drop, open, limited;
	bool done;
};

/**
 * struct transport - Ports of one protocol by class
 * @where:	the protocol
 * @class_of:	by port: index in @classes, 0: only wide sections
 * @narrow:	value of the ports of all classes but 0
 * @wide:	sections with so many ports that no class lists them
 * @seen:	by class: the newest @round that met it
 */
struct transport {
	struct pw_cuts where;
	struct class *classes;
	size_t num, cap;
	uint32_t *class_of;
	uint32_t narrow;
	uint32_t *wide;
	size_t num_wide, cap_wide;
	uint32_t *seen;
	uint32_t round;
};

/* Regions that the policy names without being asked; see prove_steps.c */
enum step {
	STEP_LOOPBACK, STEP_ECHO4, STEP_ECHO6,
	STEP_MARTIANS, STEP_MARTIANS_LAST = STEP_MARTIANS + 5,
	STEP_ESTABLISHED, STEP_BRIDGES, STEP_OWN, STEP_OTHER,
	STEP_ICMP, STEP_ERRORS, STEP_ERRORS_LAST = STEP_ERRORS + 2,
	STEP_ND, STEP_ND_LAST = STEP_ND + 7,
	STEP_GROUPS, STEP_GROUPS_LAST = STEP_GROUPS + 1,
	STEP_IGMP, STEP_ADOPT, STEP_INVALID, STEP_OWN_SOURCE,
	STEP_DHCP4, STEP_DHCP6, STEP_TCP, STEP_WITH_PORTS, STEP_IPV4,
	STEP_DEST4, STEP_DEST6, STEP_ORIG4, STEP_ORIG6, STEP_TO_BRIDGES, STEP_FORWARD_OLD,
	STEP_FORWARD_DNAT,
	NUM_STEPS
};

/**
 * struct want - What the policy says of a packet
 * @how:	the way to refuse, when @outcome is that
 * @why:	words for a message
 * @section:	index of the section that says so, SIZE_MAX: none
 */
struct want {
	enum pw_outcome outcome;
	enum pw_verdict_kind how;
	const char *why;
	size_t section;
};

/**
 * struct proof
 * @sections:	by index in the model
 * @transports, @protocols: what sections speak of by protocol and port;
 *		protocols[i] is class i of those without ports
 * @silent:	areas of blocks without port keys
 * @pings:	class of sections with ping = yes
 * @opened: that a temporary opening lets in a packet with ports
 * @own, @judged: conditions that interface and destination are remembered
 * @passing: that @judged holds unless NAT changes the destination
 * @cell:	under judgement: one of those of its rule and outcome
 * @quiet:	a difference is noted in @differs, and not reported
 * @touched:	without a cell: something was decided
 * @err:	-EPROTO once the proof has failed (and was reported)
 */
struct proof {
	const struct pw_model *model;
	const struct pw_ruleset *rs;
	struct pw_eval *ev;
	struct pw_diags *diags;
	struct pw_cuts steps[NUM_STEPS];
	struct section *sections;
	struct transport transports[PW_NUM_TRANSPORTS];
	struct class *protocols;
	size_t num_protocols, cap_protocols;
	struct areas silent;
	struct class pings;
	uint32_t adopt, opened[PW_NUM_FAMILIES];
	uint32_t own[PW_NUM_FAMILIES], judged[PW_NUM_FAMILIES];
	uint32_t passing[PW_NUM_FAMILIES];
	uint32_t ping_rate, refuse_rate;
	const struct pw_cell *cell;
	bool quiet, differs, touched;
	int err;
};

/* prove_sections.c, prove_classes.c, prove_limits.c, prove_steps.c */
int pw_proof_read_sections(struct proof *p);
int pw_proof_read_classes(struct proof *p);
int pw_proof_read_limits(struct proof *p);
void pw_proof_read_steps(struct proof *p);

void pw_areas_push(struct proof *p, struct areas *areas,
		   const struct area *area);
/* Areas that differ in their sources alone become one */
void pw_areas_unite(struct proof *p, struct areas *areas);
/* The region of @area within @value of @field, appended to @areas */
void pw_areas_push_within(struct proof *p, struct areas *areas,
			  const struct area *area, enum pw_field field,
			  uint32_t value, uint32_t proto);
/* Fills drop, open and limited; @transport of its ports, -1: without ports */
void pw_class_prepare(struct proof *p, struct class *class, int transport);

/*
 * prove_settle.c. Regions that are decided are taken out of @items, and the
 * cell is compared with what is wanted of them; without a cell nothing is.
 */
void pw_proof_take(struct proof *p, struct pw_boxes *items,
		   const struct pw_cuts *cuts, struct pw_boxes *hits);
/* While @cond holds to @hits; otherwise they stay */
void pw_proof_take_cond(struct proof *p, struct pw_boxes *items, uint32_t cond,
			struct pw_boxes *hits);
void pw_proof_check(struct proof *p, const struct pw_boxes *items,
		    const struct want *want);
void pw_settle_all(struct proof *p, struct pw_boxes *items,
		   const struct want *want);
void pw_settle(struct proof *p, struct pw_boxes *items,
	       const struct pw_cuts *cuts, const struct want *want);
void pw_settle_steps(struct proof *p, struct pw_boxes *items, enum step first,
		     enum step last, const struct want *want);
/* Within @cuts and while @cond holds */
void pw_settle_gate(struct proof *p, struct pw_boxes *items,
		    const struct pw_cuts *cuts, uint32_t cond,
		    const struct want *want);
void pw_settle_areas(struct proof *p, struct pw_boxes *items,
		     const struct areas *areas, enum dest dest,
		     const struct want *want);

/* prove_tree.c: blocks and sections; what none of them speaks of is left */
extern const struct want pw_proof_blocks;
void pw_settle_sections(struct proof *p, struct pw_boxes *items,
			enum dest dest);
void pw_settle_class(struct proof *p, struct pw_boxes *items,
		     struct class *class, int transport, enum dest dest);
/* Has the way of a packet asked a limit? Sets that tell where it was do not count */
bool pw_proof_asked_limit(const struct proof *p, uint32_t cond);

/* prove_judge.c: does the cell do what the policy says of its packets? */
void pw_judge_prerouting(struct proof *p, struct pw_boxes *items);
void pw_judge_input(struct proof *p, struct pw_boxes *items);
void pw_judge_forward(struct proof *p, struct pw_boxes *items);

/* How far packets get before the policy says anything of them */
enum stage {
	STAGE_HOOK,		/* not far */
	STAGE_UNASKED,		/* to what is let in unasked */
	STAGE_PING,		/* to what is said of echo requests */
	STAGE_SECTIONS,		/* to blocks and sections */
	NUM_STAGES
};

/* From @stage on, but not STAGE_HOOK */
void pw_judge_from(struct proof *p, struct pw_boxes *items, enum stage stage,
		   enum dest dest);
/* The stage that all of @items reach at @hook, and their destination */
enum stage pw_judge_reaches(struct proof *p, enum pw_hook hook,
			    struct pw_boxes *items, enum dest *dest);
/* What prerouting judges for an own address: from all of @items */
void pw_judge_learnt(struct proof *p, struct pw_boxes *items,
		     struct pw_boxes *learnt);

/* prove_sets.c; @num_prerouting: how many marks prerouting has made */
int pw_proof_check_sets(struct proof *p);
int pw_proof_check_marks(struct proof *p, size_t num_prerouting);

/* An error that is nobody's input: -EPROTO */
__attribute__((format(printf, 2, 3)))
int pw_proof_failed(struct pw_diags *diags, const char *fmt, ...);
/*
 * prove_cells.c: cells [@from, @end) of one base chain, but those of runs; and
 * every run, whatever base chains lead to it
 */
struct base {
	const char *name;
	enum pw_hook hook;
	int32_t priority;
	bool may_drop;		/* the policy is a backstop */
	void (*judge)(struct proof *p, struct pw_boxes *items);
};

#define NUM_BASES 3
extern const struct base pw_proof_bases[NUM_BASES];

int pw_proof_judge_cells(struct proof *p, const struct base *base,
			 struct pw_cell *cells, size_t num);
int pw_proof_judge_runs(struct proof *p);

/* prove_report.c: the packet, the policy, the rule; sets @err */
void pw_proof_differs(struct proof *p, const struct pw_box *box,
		      const struct want *want);
/* A packet of @box, as words in @buf */
const char *pw_proof_packet(struct proof *p, const struct pw_box *box,
			    char *buf, size_t size);
/* "chain g1.end, rule 2 (comment)" */
const char *pw_proof_rule(const struct proof *p, uint32_t chain, uint32_t rule,
			  char *buf, size_t size);

#endif
