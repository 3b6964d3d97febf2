// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that live on although the rules would not let them in now.
 *
 * A table may hold a hundred thousand. They are sorted so that the evaluator
 * has little to do, and judged on every interface they might come in on: only
 * where the answers differ is the kernel asked for the route to the peer.
 */
#include "live/cut.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "live/cut_iface.h"
#include "portwall/array.h"
#include "portwall/eval.h"

#define SYN 0x02
#define HOP_LIMIT 64

/* What rules say of a connection, on one interface or on several */
enum verdict { LET_IN = 1, SHUT_OUT = 2, UNKNOWN = 4 };

struct judge {
	struct pw_evaluator *rules, *unless;
	const struct pw_openings *openings;
	uint64_t now_ns;
	struct pw_cut_ifaces *ifaces;
	struct pw_flows *flows;
	uint8_t *verdicts;	/* by index of @flows */
};

static int num_cmp(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* Together what differs in its source alone */
static int flow_cmp(const void *pa, const void *pb)
{
	const struct pw_flow *a = pa, *b = pb;
	const int by[] = {
		num_cmp(a->proto, b->proto), num_cmp(a->dport, b->dport),
		num_cmp(a->family, b->family), pw_value_cmp(a->dst, b->dst),
		num_cmp(a->icmp_type, b->icmp_type),
		num_cmp(a->dnat, b->dnat), pw_value_cmp(a->local, b->local),
		num_cmp(a->local_port, b->local_port),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(by); i++)
		if (by[i])
			return by[i];
	return 0;
}

static bool is_opened_by(const struct pw_opening *o, const struct pw_flow *flow,
			 const char *iifname)
{
	if (o->proto != flow->proto || flow->dport < o->first ||
	    flow->dport > o->last)
		return false;
	if (o->iifname[0] && strncmp(o->iifname, iifname, sizeof(o->iifname)))
		return false;
	return o->any_from || (o->family == flow->family &&
			       pw_value_cmp(o->from, flow->src) <= 0 &&
			       pw_value_cmp(flow->src, o->to) <= 0);
}

static bool is_opened(const struct pw_openings *openings,
		      const struct pw_flow *flow, const char *iifname)
{
	for (size_t i = 0; openings && i < openings->num; i++)
		if (is_opened_by(&openings->list[i], flow, iifname))
			return true;
	return false;
}

/* Its first packet */
static struct pw_packet packet_of(const struct judge *j,
				  const struct pw_flow *flow,
				  const char *iifname)
{
	struct pw_packet packet = {
		.family = flow->family, .src = flow->src, .dst = flow->dst,
		.l4proto = flow->proto,
		.sport = flow->sport, .dport = flow->dport,
		.icmp_type = flow->icmp_type,
		.tcp_flags = flow->proto == IPPROTO_TCP ? SYN : 0,
		.hop_limit = HOP_LIMIT, .socket_wildcard = -1,
		.state = PW_CT_NEW, .time_ns = j->now_ns,
		.opened = is_opened(j->openings, flow, iifname),
		.nat = flow->dnat, .nat_dst = flow->local,
		.nat_dport = flow->local_port,
	};

	packet.forwarded = flow->dnat &&
			   !pw_cut_is_own(j->ifaces, flow->family, flow->local);
	strncpy(packet.iifname, iifname, sizeof(packet.iifname) - 1);
	return packet;
}

/* Adds what @evaluator says of a flow on one interface */
static int ask(const struct judge *j, struct pw_evaluator *evaluator,
	       size_t i, const char *iifname)
{
	struct pw_packet packet = packet_of(j, &j->flows->list[i], iifname);
	struct pw_fate fate;
	int err = pw_evaluator_ask(evaluator, &packet, &fate);

	if (err)
		return err;
	if (fate.unread)
		j->verdicts[i] |= UNKNOWN;
	else
		j->verdicts[i] |= fate.outcome == PW_OUT_ACCEPT ? LET_IN
								: SHUT_OUT;
	return 0;
}

/* With many interfaces it is less work to ask for each route */
static int ask_on_all(const struct judge *j, struct pw_evaluator *evaluator)
{
	const struct pw_cut_ifaces *ifaces = j->ifaces;
	int err = 0;

	if (ifaces->num > PW_CUT_IFACES)
		return 0;
	for (size_t k = 0; !err && k < ifaces->num; k++)
		for (size_t i = 0; !err && i < j->flows->num; i++)
			err = ask(j, evaluator, i, ifaces->list[k]->name);
	return err;
}

/*
 * Where interfaces differ: on those it can come in on. Where none leads to the
 * peer it stays undecided, and is left alone.
 */
static int settle(const struct judge *j, struct pw_evaluator *evaluator,
		  size_t i)
{
	const struct pw_iface *ifaces[PW_CUT_IFACES];
	size_t num = pw_cut_ifaces_of(j->ifaces, &j->flows->list[i], ifaces);
	int err = 0;

	if (num)
		j->verdicts[i] = 0;
	for (size_t k = 0; !err && k < num; k++)
		err = ask(j, evaluator, i, ifaces[k]->name);
	return err;
}

static bool is_settled(uint8_t verdict)
{
	return verdict == LET_IN || verdict == SHUT_OUT || verdict == UNKNOWN;
}

/* Then @verdicts are of @evaluator alone */
static int judge_by(struct judge *j, struct pw_evaluator *evaluator)
{
	int err;

	memset(j->verdicts, 0, j->flows->num);
	err = ask_on_all(j, evaluator);
	for (size_t i = 0; !err && i < j->flows->num; i++)
		if (!is_settled(j->verdicts[i]))
			err = settle(j, evaluator, i);
	return err;
}

static bool is_shut_out(const struct judge *j, size_t i)
{
	return j->verdicts[i] == SHUT_OUT && !j->flows->list[i].bar;
}

static bool is_let_in(const struct judge *j, size_t i)
{
	return j->verdicts[i] == LET_IN;
}

/* Keep those flows alone; all are in their old order */
static void keep(struct judge *j, bool (*wanted)(const struct judge *, size_t))
{
	size_t num = 0;

	for (size_t i = 0; i < j->flows->num; i++)
		if (wanted(j, i))
			j->flows->list[num++] = j->flows->list[i];
	j->flows->num = num;
}

static size_t count_unknown(const struct judge *j)
{
	size_t num = 0;

	for (size_t i = 0; i < j->flows->num; i++)
		num += j->flows->list[i].live && (j->verdicts[i] & UNKNOWN);
	return num;
}

/* Errors of the library are warnings here: the rules are in force */
static void warn(const struct pw_diags *from, struct pw_diags *diags)
{
	for (size_t i = 0; i < pw_diags_kept(from); i++) {
		const struct pw_diag *diag = pw_diags_get(from, i);

		pw_diag_warning(diags, NULL, "%s", diag->text);
		if (diag->hint)
			pw_diag_hint(diags, "%s", diag->hint);
	}
}

/* As pw_flows_end(), with warnings */
static int end_flows(const struct pw_flow *list, size_t num,
		     struct pw_flows_end *out, struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	int err = said ? pw_flows_end(list, num, out, said) : -ENOMEM;

	if (said)
		warn(said, diags);
	return err == -ENOMEM ? err : 0;
}

/* What was ended before, and would be let in now */
static int lift_bars(const struct judge *j, bool all, struct pw_diags *diags)
{
	struct pw_flow *bars = calloc(j->flows->num + 1, sizeof(*bars));
	struct pw_flows_end lifted;
	size_t num = 0;
	int err = bars ? 0 : -ENOMEM;

	for (size_t i = 0; bars && i < j->flows->num; i++)
		if (j->flows->list[i].bar && (all || is_let_in(j, i)))
			bars[num++] = j->flows->list[i];
	if (!err && num)
		err = end_flows(bars, num, &lifted, diags);
	free(bars);
	return err;
}

/* Leaves in @flows what the rules would not let in */
static int judge(struct judge *j, struct pw_cut *cut, struct pw_diags *diags)
{
	int err = judge_by(j, j->rules);

	if (!err)
		err = lift_bars(j, false, diags);
	if (err)
		return err;
	cut->unknown = count_unknown(j);
	keep(j, is_shut_out);
	if (!j->unless || !j->flows->num)
		return 0;
	err = judge_by(j, j->unless);
	if (!err)
		keep(j, is_let_in);
	return err;
}

static void count(struct pw_cut *cut, const struct pw_flow *flow)
{
	struct pw_cut_port *last = cut->num_list ?
					   &cut->list[cut->num_list - 1] : NULL;

	if (!flow->live)
		return;
	cut->num++;
	if (last && last->first.proto == flow->proto &&
	    last->first.dport == flow->dport)
		last->num++;
	else if (cut->num_list < PW_ARRAY_SIZE(cut->list))
		cut->list[cut->num_list++] = (struct pw_cut_port){ *flow, 1 };
}

static int end_all(const struct judge *j, struct pw_cut *cut,
		   struct pw_diags *diags)
{
	int err = end_flows(j->flows->list, j->flows->num, &cut->ended, diags);

	if (!cut->ended.resumable)
		return err;
	pw_diag_warning(diags, NULL,
			"%zu connections that were ended may go on when their local end sends%s",
			cut->ended.resumable, cut->ended.no_destroy ?
			": this kernel cannot destroy sockets" : "");
	pw_diag_hint(diags, "restart the services of these ports");
	return err;
}

/* Leaves @flows NULL where they are not known */
static int gather(struct pw_flows **flows, struct pw_cut_ifaces *ifaces,
		  struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	int err;

	if (!said)
		return -ENOMEM;
	err = pw_flows_gather(flows, said);
	if (!err)
		err = pw_cut_ifaces_gather(ifaces, said);
	if (!err || err == -ENOMEM)
		return err;
	warn(said, diags);
	pw_diag_hint(diags,
		     "connections that the rules would not let in may live on");
	pw_flows_free(*flows);
	*flows = NULL;
	return 0;
}

static int prepare(struct judge *j, const struct pw_ruleset *rules,
		   const struct pw_ruleset *unless)
{
	int err = pw_evaluator_new(rules, &j->rules);

	if (!err && unless)
		err = pw_evaluator_new(unless, &j->unless);
	if (err)
		return err;
	j->verdicts = calloc(j->flows->num + 1, sizeof(*j->verdicts));
	if (!j->verdicts)
		return -ENOMEM;
	if (j->flows->num)
		qsort(j->flows->list, j->flows->num, sizeof(*j->flows->list),
		      flow_cmp);
	return 0;
}

static int find(struct judge *j, bool end, struct pw_cut *cut,
		struct pw_diags *diags)
{
	int err = judge(j, cut, diags);

	for (size_t i = 0; !err && i < j->flows->num; i++)
		count(cut, &j->flows->list[i]);
	if (!err && cut->unknown)
		pw_diag_warning(diags, NULL,
				"%zu connections were not judged: address sets in force are too large to be read",
				cut->unknown);
	if (!err && end && j->flows->num)
		err = end_all(j, cut, diags);
	return err;
}

int pw_cut_judge(const struct pw_ruleset *rules,
		 const struct pw_ruleset *unless,
		 const struct pw_openings *openings, uint64_t now_ns, bool end,
		 struct pw_cut *out, struct pw_diags *diags)
{
	pw_owned(pw_flows_free) struct pw_flows *flows = NULL;
	struct pw_cut cut = { .known = true, .end = end };
	struct pw_cut_ifaces ifaces = { 0 };
	struct judge j = {
		.openings = openings, .now_ns = now_ns, .ifaces = &ifaces,
	};
	int err = gather(&flows, &ifaces, diags);

	cut.known = flows;
	j.flows = flows;
	if (!err && flows && rules)
		err = prepare(&j, rules, unless);
	if (!err && flows)
		err = rules ? find(&j, end, &cut, diags)
			    : lift_bars(&j, true, diags);
	pw_evaluator_free(j.rules);
	pw_evaluator_free(j.unless);
	free(j.verdicts);
	pw_cut_ifaces_clear(&ifaces);
	if (!err)
		*out = cut;
	return err;
}

/* On one of the interfaces that it can come in on */
static bool would_open(const struct pw_opening *o, const struct pw_flow *flow,
		       struct pw_cut_ifaces *ifaces)
{
	const struct pw_iface *in[PW_CUT_IFACES];
	size_t num;

	if (!o->iifname[0])
		return is_opened_by(o, flow, "");
	num = pw_cut_ifaces_of(ifaces, flow, in);
	for (size_t i = 0; i < num; i++)
		if (is_opened_by(o, flow, in[i]->name))
			return true;
	return false;
}

/* By one that no block beats */
static bool is_opening(const struct pw_open *open, const bool *blocked,
		       const struct pw_flow *flow, struct pw_cut_ifaces *ifaces)
{
	for (size_t i = 0; i < open->num; i++)
		if (!blocked[i] && would_open(&open->list[i], flow, ifaces))
			return true;
	return false;
}

/* Mostly there is none, and whoever opens a port waits for nothing more */
static void keep_bars(struct pw_flows *flows)
{
	size_t num = 0;

	for (size_t i = 0; i < flows->num; i++)
		if (flows->list[i].bar)
			flows->list[num++] = flows->list[i];
	flows->num = num;
}

static int lift_opened(const struct pw_open *open, const bool *blocked,
		       struct pw_flows *flows, struct pw_diags *diags)
{
	struct pw_cut_ifaces ifaces = { 0 };
	struct pw_flows_end lifted;
	size_t num = 0;
	int err = pw_cut_ifaces_gather(&ifaces, diags);

	for (size_t i = 0; !err && i < flows->num; i++)
		if (is_opening(open, blocked, &flows->list[i], &ifaces))
			flows->list[num++] = flows->list[i];
	if (!err && num)
		err = pw_flows_end(flows->list, num, &lifted, diags);
	pw_cut_ifaces_clear(&ifaces);
	return err;
}

int pw_cut_lift(const struct pw_open *open, const bool *blocked,
		struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	pw_owned(pw_flows_free) struct pw_flows *flows = NULL;
	int err = said ? pw_flows_gather(&flows, said) : -ENOMEM;

	if (!err)
		keep_bars(flows);
	if (!err && flows->num)
		err = lift_opened(open, blocked, flows, said);
	if (said)
		warn(said, diags);
	return err == -ENOMEM ? err : 0;
}
