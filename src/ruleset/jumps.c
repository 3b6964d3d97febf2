// SPDX-License-Identifier: GPL-2.0-or-later
/* The graph of chains: no cycles, no path deeper than the kernel goes. */
#include <errno.h>
#include <stdlib.h>

#include "ruleset/check.h"

/* NFT_JUMP_STACK_SIZE: the kernel refuses a chain this far from a base chain */
#define MAX_DEPTH 16

/**
 * struct graph - Chains by position
 * @refs:	edges into a chain from chains that are not done yet
 * @depth:	longest path found so far that ends there
 * @ready:	chains whose @refs came down to 0, in that order
 */
struct graph {
	const struct pw_ruleset *rs;
	uint32_t *refs, *depth, *ready;
	size_t num_ready;
};

typedef void (*edge_fn)(struct graph *graph, uint32_t from, uint32_t to);

static void count_edge(struct graph *graph, uint32_t from, uint32_t to)
{
	(void)from;
	graph->refs[to]++;
}

static void follow_edge(struct graph *graph, uint32_t from, uint32_t to)
{
	if (graph->depth[to] < graph->depth[from] + 1)
		graph->depth[to] = graph->depth[from] + 1;
	if (!--graph->refs[to])
		graph->ready[graph->num_ready++] = to;
}

static void each_verdict(struct graph *graph, uint32_t from,
			 const struct pw_verdict *verdict, edge_fn fn)
{
	if (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO)
		fn(graph, from, verdict->chain);
}

static void each_edge(struct graph *graph, uint32_t from, edge_fn fn)
{
	const struct pw_chain *chain = &graph->rs->chains[from];

	for (size_t i = 0; i < chain->num_rules; i++) {
		const struct pw_verdict *verdict = &chain->rules[i].verdict;
		const struct pw_map *map;

		each_verdict(graph, from, verdict, fn);
		if (verdict->kind != PW_V_MAP)
			continue;
		map = &graph->rs->maps[verdict->map];
		for (size_t j = 0; j < map->num_elems; j++)
			each_verdict(graph, from, &map->elems[j].verdict, fn);
	}
}

/* Chains in an order in which every jump leads forward, as far as there is one */
static void walk(struct graph *graph)
{
	size_t num = graph->rs->num_chains;

	for (uint32_t i = 0; i < num; i++)
		each_edge(graph, i, count_edge);
	for (uint32_t i = 0; i < num; i++) {
		if (!graph->refs[i])
			graph->ready[graph->num_ready++] = i;
	}
	for (size_t i = 0; i < graph->num_ready; i++)
		each_edge(graph, graph->ready[i], follow_edge);
}

static int judge(const struct check *check, const struct graph *graph)
{
	for (size_t i = 0; i < check->rs->num_chains; i++) {
		const char *name = check->rs->chains[i].name;

		if (graph->refs[i])
			return check_fails(check, "chain %s is part of a circle of jumps, or behind one",
					   name);
		if (graph->depth[i] >= MAX_DEPTH)
			return check_fails(check, "chain %s is more than %d jumps deep",
					   name, MAX_DEPTH - 1);
	}
	return 0;
}

int check_jumps(const struct check *check)
{
	size_t num = check->rs->num_chains;
	struct graph graph = { .rs = check->rs };
	int err = -ENOMEM;

	graph.refs = calloc(num + 1, sizeof(*graph.refs));
	graph.depth = calloc(num + 1, sizeof(*graph.depth));
	graph.ready = calloc(num + 1, sizeof(*graph.ready));
	if (graph.refs && graph.depth && graph.ready) {
		walk(&graph);
		err = judge(check, &graph);
	}
	free(graph.refs);
	free(graph.depth);
	free(graph.ready);
	return err;
}
