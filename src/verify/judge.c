// SPDX-License-Identifier: GPL-2.0-or-later
/* Evidence against expectation, port by port. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "verify/judge.h"

enum verdict {
	V_OK,
	V_OPEN,		/* reached, and must not be */
	V_SHUT,		/* not reached, and must be */
	V_UNUSED,	/* refused from afar, and must be reached */
	V_REFUSED,	/* refused, where the policy is silent */
	V_ODD,		/* refused in another way than the policy says */
	V_PATH,		/* the reverse-path filter: rules were not asked */
	V_UNKNOWN,
};

/* By enum pw_expected and enum pw_evidence */
static const uint8_t verdicts[][PW_NUM_EVIDENCE] = {
	[PW_EX_CLOSED] = {
		V_OK, V_UNKNOWN, V_OK, V_OK,
		V_REFUSED, V_REFUSED, V_REFUSED,
		V_OPEN, V_OPEN, V_OPEN,
	},
	[PW_EX_REFUSED] = {
		V_OK, V_UNKNOWN, V_OK, V_OK,
		V_ODD, V_OK, V_OK,
		V_OPEN, V_OPEN, V_OPEN,
	},
	[PW_EX_LIMITED] = {
		V_OK, V_UNKNOWN, V_OK, V_PATH,
		V_ODD, V_OK, V_OK,
		V_OK, V_OK, V_OK,
	},
	[PW_EX_REACHABLE] = {
		V_OK, V_UNKNOWN, V_SHUT, V_PATH,
		V_SHUT, V_SHUT, V_SHUT,
		V_OK, V_OK, V_OK,
	},
};

/* A port that is not as it should be; those alike become one finding */
struct odd {
	uint8_t verdict, evidence;
	bool listens;
	uint16_t port;
	uint32_t section;
};

struct odds {
	struct odd *list;
	size_t num, cap;
};

static int cmp_kind(const struct odd *a, const struct odd *b)
{
	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	if (a->evidence != b->evidence)
		return a->evidence < b->evidence ? -1 : 1;
	if (a->listens != b->listens)
		return a->listens ? -1 : 1;
	return a->section < b->section ? -1 : a->section > b->section;
}

static int cmp_odd(const void *a, const void *b)
{
	const struct odd *x = a, *y = b;
	int cmp = cmp_kind(x, y);

	return cmp ? cmp : (x->port > y->port) - (x->port < y->port);
}

/* Afar nobody knows whether rules refuse a port, or nothing listens there */
static uint8_t verdict_of(const struct pw_judgement *j, uint16_t port,
			  uint8_t evidence)
{
	uint8_t verdict = verdicts[j->expected->what[port]][evidence];

	if (j->afar && verdict == V_SHUT &&
	    (evidence == PW_EV_RESET || evidence == PW_EV_UNREACHABLE))
		return V_UNUSED;
	return verdict;
}

static int collect(const struct pw_judgement *j, struct odds *odds,
		   uint64_t *reachable)
{
	for (size_t i = 0; i < j->num_ports; i++) {
		uint16_t port = j->ports ? j->ports[i] : (uint16_t)i;
		struct odd odd = {
			.verdict = verdict_of(j, port, j->evidence[i]),
			.evidence = j->evidence[i],
			.listens = j->listens && j->listens[port],
			.port = port,
			.section = j->expected->section[port],
		};

		*reachable += pw_evidence_reached(j->evidence[i]);
		if (odd.verdict != V_OK &&
		    PW_ARRAY_PUSH(odds->list, odds->num, odds->cap, odd))
			return -ENOMEM;
	}
	return 0;
}

static const char *section_of(const struct pw_judgement *j, uint32_t section)
{
	return section == PW_NO_SECTION ? NULL :
	       j->model->sections[section].name;
}

/* What the policy says of it, in words */
static char *expected_text(const struct pw_judgement *j, const struct odd *odd)
{
	const char *name = section_of(j, odd->section);
	enum pw_expected what = j->expected->what[odd->port];
	char *text = NULL;
	int len;

	if (what == PW_EX_REACHABLE || what == PW_EX_LIMITED)
		len = asprintf(&text, "section '%s' allows it",
			       name ? name : "?");
	else if (name)
		len = asprintf(&text, "%s '%s' closes it",
			       j->model->sections[odd->section].block ?
			       "block" : "section", name);
	else
		len = asprintf(&text, "no section allows it");
	return len < 0 ? NULL : text;
}

static enum pw_result result_of(const struct pw_judgement *j, uint8_t verdict)
{
	switch (verdict) {
	case V_UNKNOWN:
		return PW_RES_UNKNOWN;
	case V_PATH:
	case V_UNUSED:
		return PW_RES_WARNING;
	case V_REFUSED:
	case V_ODD:
		return j->refusal;
	default:
		return PW_RES_VIOLATION;
	}
}

static enum pw_port_state state_of(const struct pw_judgement *j,
				   const struct odd *odd)
{
	if (odd->verdict == V_UNKNOWN || odd->verdict == V_PATH)
		return PW_STATE_UNKNOWN;
	if (odd->verdict == V_UNUSED)
		return PW_STATE_UNUSED;
	if (odd->verdict == V_OPEN)
		return !j->listens ? PW_STATE_REACHABLE :
		       odd->listens ? PW_STATE_OPEN : PW_STATE_UNUSED;
	return odd->listens ? PW_STATE_SHIELDED : PW_STATE_CLOSED;
}

static const char *why_unknown(const struct pw_judgement *j)
{
	if (!j->afar)
		return "packets were lost";
	return j->proto == IPPROTO_UDP ?
		       "no answer, which says nothing over UDP" :
		       "no answer, and packets may have been lost";
}

static char *sentence(const struct pw_judgement *j, const struct odd *odd,
		      const char *expected, const char *blame)
{
	const char *seen = pw_evidence_text(odd->evidence);
	char *text = NULL;
	int len;

	switch (odd->verdict) {
	case V_OPEN:
		len = asprintf(&text, "reachable; %s%s%s", expected,
			       blame ? "; " : "", blame ? blame : "");
		break;
	case V_SHUT:
		len = asprintf(&text, "not reachable (%s); %s", seen,
			       expected);
		break;
	case V_UNUSED:
		len = asprintf(&text,
			       "refused (%s): nothing listens, or a rule refuses; %s",
			       seen, expected);
		break;
	case V_REFUSED:
		len = asprintf(&text,
			       "refused (%s) where the policy is silent; %s",
			       seen, expected);
		break;
	case V_ODD:
		len = asprintf(&text,
			       "refused in another way (%s) than the policy says",
			       seen);
		break;
	case V_PATH:
		len = asprintf(&text,
			       "not asked: the reverse-path filter refuses this source here");
		break;
	default:
		len = asprintf(&text, "could not be decided: %s",
			       why_unknown(j));
		break;
	}
	return len < 0 ? NULL : text;
}

static int report_group(const struct pw_judgement *j, const struct odd *odd,
			struct pw_rangeset *ports)
{
	const char *hint = odd->verdict == V_OPEN ? j->hint_open :
			   odd->verdict == V_SHUT ? j->hint_shut : NULL;
	char *expected = expected_text(j, odd);
	char *blame = odd->verdict == V_OPEN && j->blame ?
		      j->blame(j->blame_arg, odd->port, &hint) : NULL;
	char *text = expected ? sentence(j, odd, expected, blame) : NULL;
	struct pw_finding finding = {
		.of_case = j->of_case,
		.result = result_of(j, odd->verdict),
		.state = state_of(j, odd),
		.proto = j->proto,
		.ports = ports,
		.from = j->from,
		.addr = j->addr,
		.expected = expected,
		.evidence = odd->evidence,
		.text = text,
		.hint = hint,
		.section = odd->section,
	};
	int err = -ENOMEM;

	snprintf(finding.iface, sizeof(finding.iface), "%s", j->iface);
	if (text)
		err = pw_report_find(j->report, &finding);
	free(text);
	free(blame);
	free(expected);
	return err;
}

/* From @first on: those alike, as one finding. How many; negative: error */
static int64_t group_at(const struct pw_judgement *j, const struct odds *odds,
			size_t first)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_new(16);
	size_t end = first;
	int err = ports ? 0 : -ENOMEM;

	while (!err && end < odds->num &&
	       !cmp_kind(&odds->list[first], &odds->list[end])) {
		err = pw_rangeset_add32(ports, odds->list[end].port,
					odds->list[end].port);
		end++;
	}
	if (!err)
		err = pw_rangeset_normalise(ports);
	if (!err)
		err = report_group(j, &odds->list[first], ports);
	return err ? err : (int64_t)(end - first);
}

int pw_judge(const struct pw_judgement *j, uint64_t *reachable)
{
	struct odds odds = { 0 };
	int64_t num = collect(j, &odds, reachable);

	if (!num && odds.num)
		qsort(odds.list, odds.num, sizeof(*odds.list), cmp_odd);
	for (size_t i = 0; num >= 0 && i < odds.num; i += (size_t)num)
		num = group_at(j, &odds, i);
	free(odds.list);
	return num < 0 ? (int)num : 0;
}
