// SPDX-License-Identifier: GPL-2.0-or-later
/* Order of findings: alike ones become one, the worst comes first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verify/report_priv.h"

/* By enum pw_port_state: what is a line's rank among lines as bad as it */
static const uint8_t state_ranks[PW_NUM_STATES] = {
	[PW_STATE_UNUSED] = 1, [PW_STATE_SHIELDED] = 2, [PW_STATE_OPEN] = 3,
	[PW_STATE_REACHABLE] = 4, [PW_STATE_CLOSED] = 5, [PW_STATE_LOCAL] = 6,
};

/* Among violations: a service that somebody can reach is worse than none */
static const uint8_t violation_ranks[PW_NUM_STATES] = {
	[PW_STATE_REACHABLE] = 1, [PW_STATE_UNUSED] = 2,
	[PW_STATE_SHIELDED] = 3, [PW_STATE_CLOSED] = 4, [PW_STATE_LOCAL] = 5,
	[PW_STATE_UNKNOWN] = 6,
};

static uint8_t rank_of(const struct pw_finding *f)
{
	return f->result == PW_RES_VIOLATION ? violation_ranks[f->state] :
	       state_ranks[f->state];
}

static int num_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int text_cmp(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Everything but ports */
static int alike_cmp(const struct pw_finding *a, const struct pw_finding *b)
{
	int cmp = num_cmp(a->of_case, b->of_case);

	cmp = cmp ? cmp : num_cmp(a->result, b->result);
	cmp = cmp ? cmp : num_cmp(a->state, b->state);
	cmp = cmp ? cmp : num_cmp(a->proto, b->proto);
	cmp = cmp ? cmp : num_cmp(a->section, b->section);
	cmp = cmp ? cmp : num_cmp(a->evidence, b->evidence);
	cmp = cmp ? cmp : num_cmp(!a->ports, !b->ports);
	cmp = cmp ? cmp : strncmp(a->iface, b->iface, sizeof(a->iface));
	cmp = cmp ? cmp : text_cmp(a->from, b->from);
	cmp = cmp ? cmp : text_cmp(a->addr, b->addr);
	cmp = cmp ? cmp : text_cmp(a->expected, b->expected);
	cmp = cmp ? cmp : text_cmp(a->owner, b->owner);
	cmp = cmp ? cmp : text_cmp(a->text, b->text);
	return cmp ? cmp : text_cmp(a->hint, b->hint);
}

static int fold_cmp(const void *a, const void *b)
{
	return alike_cmp(a, b);
}

/* -1: none, which comes first */
static int64_t first_port(const struct pw_finding *f)
{
	if (!f->ports || pw_rangeset_empty(f->ports))
		return -1;
	return (int64_t)pw_rangeset_get(f->ports, 0).first.lo;
}

static int order_cmp(const void *x, const void *y, void *arg)
{
	const struct pw_finding *a = x, *b = y;
	const struct pw_report *report = arg;
	int cmp = num_cmp(b->result, a->result);

	cmp = cmp ? cmp : num_cmp(rank_of(a), rank_of(b));
	cmp = cmp ? cmp : text_cmp(report->cases[a->of_case].suite,
				   report->cases[b->of_case].suite);
	cmp = cmp ? cmp : num_cmp(a->section, b->section);
	cmp = cmp ? cmp : num_cmp(a->proto, b->proto);
	cmp = cmp ? cmp : num_cmp((uint64_t)(first_port(a) + 1),
				  (uint64_t)(first_port(b) + 1));
	cmp = cmp ? cmp : strncmp(a->iface, b->iface, sizeof(a->iface));
	return cmp ? cmp : alike_cmp(a, b);
}

/* The ports of @num findings in the first of them */
static int merge_ports(struct pw_finding *list, size_t num)
{
	struct pw_rangeset *all = list[0].ports;
	int err = 0;

	for (size_t i = 1; !err && all && i < num; i++)
		err = pw_rangeset_add_set(all, list[i].ports);
	return err || !all || num == 1 ? err : pw_rangeset_normalise(all);
}

/* Local sockets are counted: each stays a finding */
static bool folds(const struct pw_finding *a, const struct pw_finding *b)
{
	return a->state != PW_STATE_LOCAL && !alike_cmp(a, b);
}

/* What was merged is freed; what is left moves up */
static int fold(struct pw_report *report)
{
	struct pw_finding *list = report->findings;
	size_t num = 0, end;
	int err = 0;

	for (size_t i = 0; i < report->num_findings; i = end) {
		for (end = i + 1; end < report->num_findings; end++)
			if (!folds(&list[i], &list[end]))
				break;
		if (!err)
			err = merge_ports(&list[i], end - i);
		for (size_t j = i + 1; !err && j < end; j++)
			pw_finding_clear(&list[j]);
		if (err)
			end = i + 1;
		list[num++] = list[i];
	}
	report->num_findings = num;
	return err;
}

int pw_report_sort(struct pw_report *report)
{
	int err;

	if (!report->num_findings)
		return 0;
	qsort(report->findings, report->num_findings,
	      sizeof(*report->findings), fold_cmp);
	err = fold(report);
	qsort_r(report->findings, report->num_findings,
		sizeof(*report->findings), order_cmp, report);
	return err;
}
