// SPDX-License-Identifier: GPL-2.0-or-later
/* The act of the ports: sweeps, as many at once as one volley takes. */
#include <errno.h>
#include <stdlib.h>

#include "rehearse/rehearse.h"
#include "rehearse/sweeps.h"

#define VOLLEY 65536	/* probes at once */

/**
 * struct volley - Sweeps that are fired together
 * @order:	of all sweeps; [@first, @end) are in this volley
 * @of_case:	case of the sweep judged last
 */
struct volley {
	struct pw_stage *stage;
	const uint32_t *order;
	size_t first, end;
	struct pw_probe *probes;
	size_t num;
	uint8_t *evidence;
	struct pw_ports_expected *expected;
	int64_t of_case;
};

static const struct pw_sweep *sweep_at(const struct volley *volley, size_t i)
{
	return &volley->stage->plan->sweeps[volley->order[i]];
}

/* In one volley they would be one connection */
static bool same_pair(const struct pw_sweep *a, const struct pw_sweep *b)
{
	return a->family == b->family && a->proto == b->proto &&
	       !pw_value_cmp(a->src, b->src) && !pw_value_cmp(a->dst, b->dst);
}

static bool fits(const struct volley *volley, const struct pw_sweep *sweep)
{
	if (volley->num + pw_sweep_num(sweep) > VOLLEY)
		return false;
	for (size_t i = volley->first; i < volley->end; i++)
		if (same_pair(sweep_at(volley, i), sweep))
			return false;
	return true;
}

static void add_probes(struct volley *volley, const struct pw_sweep *sweep)
{
	for (size_t i = 0; i < pw_sweep_num(sweep); i++)
		volley->probes[volley->num++] = (struct pw_probe){
			.iface = sweep->iface,
			.family = sweep->family,
			.src = sweep->src,
			.dst = sweep->dst,
			.proto = sweep->proto,
			.dport = sweep->ports ? sweep->ports[i] : (uint16_t)i,
		};
}

static void fill(struct volley *volley)
{
	size_t total = volley->stage->plan->num_sweeps;

	volley->first = volley->end;
	volley->num = 0;
	while (volley->end < total &&
	       fits(volley, sweep_at(volley, volley->end))) {
		add_probes(volley, sweep_at(volley, volley->end));
		volley->end++;
	}
}

static int judge_one(struct volley *volley, size_t i, const uint8_t *evidence)
{
	struct pw_stage *stage = volley->stage;
	const struct pw_sweep *sweep = sweep_at(volley, i);

	if (!i || !pw_sweeps_alike(sweep_at(volley, i - 1), sweep))
		volley->of_case = pw_sweep_case(stage->plan, sweep,
						stage->report);
	if (volley->of_case < 0)
		return (int)volley->of_case;
	return pw_sweep_judge(stage->model, stage->plan, sweep, evidence,
			      stage->rules, (uint32_t)volley->of_case,
			      volley->expected, stage->report);
}

static int judge(struct volley *volley)
{
	const uint8_t *evidence = volley->evidence;
	int err = 0;

	for (size_t i = volley->first; !err && i < volley->end; i++) {
		err = judge_one(volley, i, evidence);
		evidence += pw_sweep_num(sweep_at(volley, i));
	}
	return err;
}

static int fire(struct volley *volley)
{
	struct pw_stage *stage = volley->stage;
	int err;

	fill(volley);
	err = pw_sandbox_fire(stage->sb, volley->probes, volley->num,
			      volley->evidence, stage->diags);
	if (!err)
		err = judge(volley);
	if (!err)
		pw_stage_tell(stage, "sweeps", volley->num);
	return err;
}

int pw_stage_sweeps(struct pw_stage *stage)
{
	uint32_t *order = pw_sweeps_order(stage->plan);
	struct volley volley = {
		.stage = stage, .order = order,
		.probes = malloc(VOLLEY * sizeof(struct pw_probe)),
		.evidence = malloc(VOLLEY),
		.expected = malloc(sizeof(*volley.expected)),
	};
	int err = -ENOMEM;

	if (order && volley.probes && volley.evidence && volley.expected)
		err = 0;
	while (!err && volley.end < stage->plan->num_sweeps)
		err = fire(&volley);
	free(volley.expected);
	free(volley.evidence);
	free(volley.probes);
	free(order);
	return err;
}
