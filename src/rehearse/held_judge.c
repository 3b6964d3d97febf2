// SPDX-License-Identifier: GPL-2.0-or-later
/* What single packets saw against what the policy says of them. */
#include "rehearse/held_judge.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/names.h"
#include "portwall/text.h"
#include "rehearse/held_blame.h"

#define MAX_FINDINGS 16	/* of one case; the last one counts the rest */

enum verdict {
	V_OK,
	V_IN,		/* let through, and must not be */
	V_OUT,		/* not let through, and must be */
	V_REFUSED,	/* refused, where the policy is silent */
	V_ODD,		/* refused in another way than the policy says */
	V_UNKNOWN,
};

/* A packet that is not as it should be */
struct odd {
	enum verdict verdict;
	enum pw_evidence evidence;
	const struct pw_try *try;
	struct pw_expectation expected;
};

struct odds {
	struct odd *list;
	size_t num, cap;
};

/* TCP answers with RST to what begins no connection, when it gets it */
static bool may_be_answered_by_rst(const struct pw_probe *probe)
{
	return probe->proto == IPPROTO_TCP && probe->tcp_flags &&
	       (probe->tcp_flags & (TH_SYN | TH_ACK)) != TH_SYN;
}

static enum verdict verdict_of(const struct pw_try *try,
			       enum pw_expected expected,
			       enum pw_evidence evidence)
{
	bool refused = evidence == PW_EV_RESET ||
		       evidence == PW_EV_UNREACHABLE;

	if (evidence <= PW_EV_UNKNOWN)
		return V_UNKNOWN;
	if (pw_evidence_reached(evidence))
		return expected >= PW_EX_LIMITED ? V_OK : V_IN;
	if (evidence == PW_EV_PROHIBITED)
		return expected == PW_EX_CLOSED ? V_REFUSED : V_ODD;
	if (refused && may_be_answered_by_rst(&try->probe))
		return expected == PW_EX_CLOSED ? V_IN : V_OK;
	if (refused && expected == PW_EX_REACHABLE)
		return V_OUT;
	if (refused)
		return expected == PW_EX_CLOSED ? V_REFUSED : V_OK;
	return expected == PW_EX_REACHABLE && !try->kernel ? V_OUT : V_OK;
}

static int cmp_ptr(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int cmp_kind(const struct odd *a, const struct odd *b)
{
	const struct pw_probe *p = &a->try->probe, *q = &b->try->probe;
	int with_ports = pw_proto_has_ports(p->proto) -
			 pw_proto_has_ports(q->proto);
	int cmp;

	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	if (a->evidence != b->evidence)
		return a->evidence < b->evidence ? -1 : 1;
	cmp = cmp_ptr(a->try->what, b->try->what);
	if (!cmp)
		cmp = with_ports;
	if (!cmp && pw_proto_has_ports(p->proto))
		cmp = p->proto - q->proto;
	if (!cmp)
		cmp = cmp_ptr(a->expected.why, b->expected.why);
	if (!cmp && a->expected.section != b->expected.section)
		cmp = a->expected.section < b->expected.section ? -1 : 1;
	if (!cmp)
		cmp = pw_value_cmp(p->src, q->src);
	return cmp ? cmp : pw_value_cmp(p->dst, q->dst);
}

static uint16_t number_of(const struct odd *odd)
{
	const struct pw_probe *probe = &odd->try->probe;

	return pw_proto_has_ports(probe->proto) ? probe->dport : probe->proto;
}

static int cmp_odd(const void *a, const void *b)
{
	int cmp = cmp_kind(a, b);

	return cmp ? cmp : number_of(a) - number_of(b);
}

static int collect(struct pw_tries *tries, const struct pw_try *list,
		   const uint8_t *evidence, size_t num, struct odds *odds)
{
	struct pw_arrival arrival;

	for (size_t i = 0; i < num; i++) {
		struct odd odd = {
			.evidence = evidence[i], .try = &list[i],
		};

		pw_try_arrival(tries->stage, &list[i].probe, list[i].state,
			       &arrival);
		if (pw_narrow_expect(&tries->narrow, &arrival, &odd.expected))
			return -ENOMEM;
		odd.verdict = verdict_of(&list[i], odd.expected.what,
					 evidence[i]);
		if (odd.verdict != V_OK &&
		    PW_ARRAY_PUSH(odds->list, odds->num, odds->cap, odd))
			return -ENOMEM;
	}
	return 0;
}

/* What the policy says of it, in words; NULL: no memory */
static char *expected_text(const struct pw_stage *stage, const struct odd *odd)
{
	const struct pw_expectation *e = &odd->expected;
	const struct pw_section *s = e->section == PW_NO_SECTION ? NULL :
				     &stage->model->sections[e->section];
	const char *does = e->what >= PW_EX_LIMITED ? "let through" :
			   e->what == PW_EX_REFUSED ? "refused" : "dropped";
	char *text = NULL;
	int len;

	if (s)
		len = asprintf(&text, "to be %s: %s '%s'", does,
			       s->block ? "block" : "section", s->name);
	else
		len = asprintf(&text, "to be %s: %s", does, e->why);
	return len < 0 ? NULL : text;
}

static const char *const verdict_words[] = {
	[V_IN] = "was let through",
	[V_OUT] = "was not let through",
	[V_REFUSED] = "was refused, not dropped",
	[V_ODD] = "was refused in another way",
	[V_UNKNOWN] = "could not be decided: packets were lost",
};

/* "esp", "protocols 2-5, 9"; NULL: no memory */
static char *protocols_text(const struct pw_rangeset *numbers)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (pw_rangeset_count(numbers) == 1) {
		uint8_t proto = (uint8_t)numbers->r32[0].first;
		const char *name = pw_proto_name(proto);

		if (name)
			return strdup(name);
	}
	out = pw_text_open(&text, &len);
	if (!out)
		return NULL;
	fputs(pw_rangeset_count(numbers) > 1 ? "protocols" : "protocol", out);
	for (size_t i = 0; i < numbers->num; i++) {
		const struct pw_range32 *r = &numbers->r32[i];

		fprintf(out, "%s %u", i ? "," : "", r->first);
		if (r->first != r->last)
			fprintf(out, "-%u", r->last);
	}
	return fclose(out) ? NULL : text;
}

static char *sentence(const struct pw_stage *stage, const struct odd *odd,
		      const char *expected, const struct pw_rangeset *numbers)
{
	const char *words = verdict_words[odd->verdict];
	const char *seen = pw_evidence_text(odd->evidence);
	char *protocols = NULL, *blame = NULL, *text = NULL;
	int len;

	if (!pw_proto_has_ports(odd->try->probe.proto)) {
		protocols = protocols_text(numbers);
		if (!protocols)
			return NULL;
	}
	if (odd->verdict == V_IN)
		blame = pw_try_blame(stage, odd->try);
	len = asprintf(&text, "%s%s%s%s %s (%s); the policy wants it %s%s%s",
		       odd->try->what, protocols ? " (" : "",
		       protocols ?: "", protocols ? ")" : "", words, seen,
		       expected, blame ? "; " : "", blame ?: "");
	free(blame);
	free(protocols);
	return len < 0 ? NULL : text;
}

static enum pw_port_state state_of(enum verdict verdict)
{
	if (verdict == V_UNKNOWN)
		return PW_STATE_UNKNOWN;
	return verdict == V_IN ? PW_STATE_REACHABLE : PW_STATE_CLOSED;
}

static int report_kind(struct pw_stage *stage, const struct odd *odd,
		       struct pw_rangeset *numbers)
{
	const struct pw_probe *probe = &odd->try->probe;
	const struct pw_scene_iface *iface =
		&stage->plan->scene->ifaces[probe->iface];
	bool own = !pw_value_cmp(iface->addr[probe->family], probe->dst);
	bool ports = pw_proto_has_ports(probe->proto);
	bool one = ports || pw_rangeset_count(numbers) == 1;
	char from[PW_ADDR_STRLEN], addr[PW_ADDR_STRLEN];
	char *expected = expected_text(stage, odd);
	char *text = expected ? sentence(stage, odd, expected, numbers) : NULL;
	struct pw_finding finding = {
		.of_case = odd->try->of_case,
		.result = odd->verdict == V_UNKNOWN ? PW_RES_UNKNOWN :
						      PW_RES_VIOLATION,
		.state = state_of(odd->verdict),
		.proto = one ? probe->proto : 0,
		.ports = ports ? numbers : NULL,
		.from = from, .addr = own ? NULL : addr,
		.expected = expected, .evidence = odd->evidence,
		.text = text, .section = odd->expected.section,
	};
	int err = -ENOMEM;

	pw_addr_format(probe->family, probe->src, from);
	pw_addr_format(probe->family, probe->dst, addr);
	snprintf(finding.iface, sizeof(finding.iface), "%s", iface->name);
	if (text)
		err = pw_report_find(stage->report, &finding);
	free(text);
	free(expected);
	return err;
}

/* From @first on: those alike. How many; negative: error */
static int64_t kind_at(struct pw_stage *stage, const struct odds *odds,
		       size_t first)
{
	bool ports = pw_proto_has_ports(odds->list[first].try->probe.proto);
	pw_owned(pw_rangeset_free) struct pw_rangeset *numbers =
		pw_rangeset_new(ports ? 16 : 8);
	size_t end = first;
	int err = numbers ? 0 : -ENOMEM;

	while (!err && end < odds->num &&
	       !cmp_kind(&odds->list[first], &odds->list[end])) {
		uint16_t number = number_of(&odds->list[end]);

		err = pw_rangeset_add32(numbers, number, number);
		end++;
	}
	if (!err)
		err = pw_rangeset_normalise(numbers);
	if (!err)
		err = report_kind(stage, &odds->list[first], numbers);
	return err ? err : (int64_t)(end - first);
}

static int report_rest(struct pw_stage *stage, const struct odds *odds,
		       size_t first)
{
	char text[64];
	struct pw_finding finding = {
		.of_case = odds->list[first].try->of_case,
		.result = PW_RES_VIOLATION, .state = PW_STATE_UNKNOWN,
		.text = text, .section = PW_NO_SECTION,
	};

	/* sorted: what could not be decided comes last */
	if (odds->list[first].verdict == V_UNKNOWN)
		finding.result = PW_RES_UNKNOWN;
	snprintf(text, sizeof(text), "and %zu packets more that went wrong",
		 odds->num - first);
	return pw_report_find(stage->report, &finding);
}

int pw_tries_judge(struct pw_tries *tries, const struct pw_try *list,
		   const uint8_t *evidence, size_t num)
{
	struct pw_stage *stage = tries->stage;
	struct odds odds = { 0 };
	int64_t done = collect(tries, list, evidence, num, &odds);
	size_t findings = 0;

	if (!done && odds.num)
		qsort(odds.list, odds.num, sizeof(*odds.list), cmp_odd);
	for (size_t i = 0; done >= 0 && i < odds.num; i += (size_t)done) {
		if (++findings == MAX_FINDINGS) {
			done = report_rest(stage, &odds, i);
			break;
		}
		done = kind_at(stage, &odds, i);
	}
	free(odds.list);
	return done < 0 ? (int)done : 0;
}
