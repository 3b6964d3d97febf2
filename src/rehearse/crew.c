// SPDX-License-Identifier: GPL-2.0-or-later
/* Sweeps by several processes, each in a private host of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "portwall/array.h"
#include "rehearse/crew.h"
#include "rehearse/sweeps.h"
#include "verify/run.h"

#define VOLLEY 16384		/* probes at once: small, so that all end together */
#define MAX_HANDS 8
#define WORTH 300000		/* probes that a further process is worth */

/**
 * struct volley - Probes that are fired together
 * @first:	place in the order of the sweep that it begins with
 * @skip:	probes of that one which belong to volleys before
 * @at:		of its first probe, in the evidence of all
 */
struct volley {
	size_t first, skip, num;
	uint64_t at;
};

/* What one process did; it alone writes this */
struct hand {
	struct pw_probe_count count;
};

/**
 * struct shared - What all processes see
 * @next:	volley that nobody has taken yet
 * @probes:	done
 */
struct shared {
	_Atomic size_t next;
	_Atomic uint64_t probes;
	struct hand hands[MAX_HANDS];
};

struct pw_crew {
	const struct pw_plan *plan;
	uint32_t *order;
	struct volley *volleys;
	size_t num_volleys, cap_volleys;
	struct shared *shared;
	_Atomic uint64_t *took;		/* by volley, ns; 0: not done */
	uint8_t *evidence;
	size_t mapped;
	uint64_t *at;			/* by sweep in order: of its evidence */
	pid_t hands[MAX_HANDS];
	size_t num_hands;
	int done[2];			/* pipe that each hand holds open */
};

static const struct pw_sweep *sweep_at(const struct pw_crew *crew, size_t i)
{
	return &crew->plan->sweeps[crew->order[i]];
}

/* In one volley they would be one connection */
static bool same_pair(const struct pw_sweep *a, const struct pw_sweep *b)
{
	return a->family == b->family && a->proto == b->proto &&
	       !pw_value_cmp(a->src, b->src) && !pw_value_cmp(a->dst, b->dst);
}

/* May the sweep at place @next go into a volley that begins at @first? */
static bool fits(const struct pw_crew *crew, size_t first, size_t next,
		 size_t num)
{
	const struct pw_sweep *sweep = sweep_at(crew, next);

	if (num + pw_sweep_num(sweep) > VOLLEY)
		return false;
	for (size_t i = first; i < next; i++)
		if (same_pair(sweep_at(crew, i), sweep))
			return false;
	return true;
}

static int push(struct pw_crew *crew, const struct volley *volley)
{
	return PW_ARRAY_PUSH(crew->volleys, crew->num_volleys,
			     crew->cap_volleys, *volley);
}

/* A sweep that is too large for one volley takes several */
static int cut(struct pw_crew *crew, size_t place)
{
	size_t left = pw_sweep_num(sweep_at(crew, place));
	struct volley volley = { .first = place, .at = crew->at[place] };
	int err = 0;

	while (!err && left) {
		volley.num = left < VOLLEY ? left : VOLLEY;
		err = push(crew, &volley);
		volley.skip += volley.num;
		volley.at += volley.num;
		left -= volley.num;
	}
	return err;
}

static int join(struct pw_crew *crew, size_t *place)
{
	struct volley volley = {
		.first = *place, .at = crew->at[*place],
	};

	do
		volley.num += pw_sweep_num(sweep_at(crew, (*place)++));
	while (*place < crew->plan->num_sweeps &&
	       fits(crew, volley.first, *place, volley.num));
	return push(crew, &volley);
}

static int make_volleys(struct pw_crew *crew)
{
	size_t num = crew->plan->num_sweeps;
	int err = 0;

	crew->at = calloc(num + 1, sizeof(*crew->at));
	if (!crew->at)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++)
		crew->at[i + 1] = crew->at[i] + pw_sweep_num(sweep_at(crew, i));
	for (size_t i = 0; !err && i < num;) {
		if (pw_sweep_num(sweep_at(crew, i)) > VOLLEY)
			err = cut(crew, i++);
		else
			err = join(crew, &i);
	}
	return err;
}

static int map(struct pw_crew *crew)
{
	size_t head = (sizeof(*crew->shared) + 63) & ~(size_t)63;
	size_t times = (crew->num_volleys + 1) * sizeof(*crew->took);
	void *area;

	crew->mapped = head + times + crew->at[crew->plan->num_sweeps];
	area = mmap(NULL, crew->mapped, PROT_READ | PROT_WRITE,
		    /* cppcheck-suppress invalidFunctionArg ; no file */
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -errno;
	crew->shared = area;
	crew->took = (void *)((char *)area + head);
	crew->evidence = (uint8_t *)area + head + times;
	return 0;
}

int pw_crew_new(const struct pw_plan *plan, struct pw_crew **out)
{
	pw_owned(pw_crew_free) struct pw_crew *crew = calloc(1, sizeof(*crew));
	int err;

	if (!crew)
		return -ENOMEM;
	crew->plan = plan;
	crew->done[0] = -1;
	crew->order = pw_sweeps_order(plan);
	if (!crew->order)
		return -ENOMEM;
	err = make_volleys(crew);
	if (!err)
		err = map(crew);
	if (!err)
		*out = PW_TAKE(crew);
	return err;
}

/* They end by themselves: their private hosts take the kernel a while */
void pw_crew_free(struct pw_crew *crew)
{
	if (!crew)
		return;
	for (size_t i = 0; i < crew->num_hands; i++) {
		kill(crew->hands[i], SIGKILL);
		waitpid(crew->hands[i], NULL, WNOHANG);
	}
	if (crew->done[0] >= 0)
		close(crew->done[0]);
	if (crew->shared)
		munmap(crew->shared, crew->mapped);
	free(crew->volleys);
	free(crew->order);
	free(crew->at);
	free(crew);
}

/* Probes [@from, @from + @num) of a sweep, without those that are not there */
static size_t add_probes(const struct pw_sweep *sweep, size_t from, size_t num,
			 struct pw_probe *probes)
{
	size_t there = pw_sweep_num(sweep) - from;

	if (num > there)
		num = there;
	for (size_t i = 0; i < num; i++)
		probes[i] = (struct pw_probe){
			.iface = sweep->iface,
			.family = sweep->family,
			.src = sweep->src,
			.dst = sweep->dst,
			.proto = sweep->proto,
			.dport = sweep->ports ? sweep->ports[from + i] :
						(uint16_t)(from + i),
		};
	return num;
}

static int fire(struct pw_crew *crew, struct pw_stage *stage, size_t index,
		struct pw_probe *probes)
{
	const struct volley *volley = &crew->volleys[index];
	uint64_t start = pw_clock_ns(CLOCK_MONOTONIC);
	size_t num, place = volley->first;
	int err;

	num = add_probes(sweep_at(crew, place), volley->skip, volley->num,
			 probes);
	while (num < volley->num)
		num += add_probes(sweep_at(crew, ++place), 0,
				  volley->num - num, probes + num);
	err = pw_sandbox_fire(stage->sb, probes, num,
			      crew->evidence + volley->at, stage->diags);
	if (err)
		return err;
	crew->took[index] = pw_clock_ns(CLOCK_MONOTONIC) - start + 1;
	crew->shared->probes += num;
	return 0;
}

/* @tell: this is the process that the user sees */
static int work(struct pw_crew *crew, struct pw_stage *stage, bool tell)
{
	struct pw_probe *probes = malloc(VOLLEY * sizeof(*probes));
	uint64_t told = 0;
	size_t index;
	int err = probes ? 0 : -ENOMEM;

	while (!err && (index = crew->shared->next++) < crew->num_volleys) {
		err = fire(crew, stage, index, probes);
		if (!err && tell) {
			pw_stage_tell(stage, "sweeps",
				      crew->shared->probes - told);
			told = crew->shared->probes;
		}
	}
	free(probes);
	return err;
}

/* Never returns: the private host goes with the process, after the pipe */
static void be_hand(struct pw_crew *crew, struct pw_stage stage, size_t hand,
		    pid_t parent, int (*prepare)(struct pw_stage *stage))
{
	struct pw_diags *diags = pw_diags_new();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(crew->done[0]);
	stage.diags = diags;
	if (getppid() == parent && diags && !prepare(&stage) &&
	    !work(crew, &stage, false))
		crew->shared->hands[hand].count =
			*pw_sandbox_count(stage.sb);
	close(crew->done[1]);
	_exit(0);
}

static size_t num_wanted(const struct pw_plan *plan)
{
	cpu_set_t cpus;
	size_t num = 1;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		num = (size_t)CPU_COUNT(&cpus);
	if (num > plan->probes / WORTH + 1)
		num = plan->probes / WORTH + 1;
	return (num > MAX_HANDS ? MAX_HANDS : num) - 1;
}

void pw_crew_hire(struct pw_crew *crew, const struct pw_stage *stage,
		  int (*prepare)(struct pw_stage *stage))
{
	size_t wanted = num_wanted(crew->plan);
	pid_t parent = getpid(), pid;

	if (!wanted || pipe2(crew->done, O_CLOEXEC)) {
		crew->done[0] = -1;
		return;
	}
	for (size_t i = 0; i < wanted; i++) {
		pid = fork();
		if (!pid)
			be_hand(crew, *stage, i, parent, prepare);
		if (pid > 0)
			crew->hands[crew->num_hands++] = pid;
	}
	close(crew->done[1]);
}

/* The pipe ends when the last of them has closed it, or died */
static void await_hands(const struct pw_crew *crew)
{
	char none;

	if (!crew->num_hands)
		return;
	while (read(crew->done[0], &none, 1) < 0 && errno == EINTR)
		continue;
}

/* Of a volley that sweeps share nobody knows whose time it was */
static uint64_t time_of(const struct pw_crew *crew, size_t place,
			size_t *volley)
{
	uint64_t end = crew->at[place + 1], ns = 0;

	for (; *volley < crew->num_volleys; ++*volley) {
		const struct volley *v = &crew->volleys[*volley];

		if (v->at + v->num > end)
			break;
		if (v->first == place)
			ns += crew->took[*volley];
	}
	return end - crew->at[place] > VOLLEY ? ns : 0;
}

static int judge(struct pw_crew *crew, struct pw_stage *stage)
{
	struct pw_ports_expected *expected = malloc(sizeof(*expected));
	int64_t of_case = -1;
	size_t volley = 0;
	int err = expected ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < crew->plan->num_sweeps; i++) {
		const struct pw_sweep *sweep = sweep_at(crew, i);

		if (!i || !pw_sweeps_alike(sweep_at(crew, i - 1), sweep))
			of_case = pw_sweep_case(stage->plan, sweep,
						stage->report);
		err = of_case < 0 ? (int)of_case :
		      pw_sweep_judge(stage->model, stage->plan, sweep,
				     crew->evidence + crew->at[i],
				     stage->rules, (uint32_t)of_case, expected,
				     stage->report);
		if (!err)
			stage->report->cases[of_case].ns +=
				time_of(crew, i, &volley);
	}
	free(expected);
	return err;
}

/* What a process that failed has left */
static int finish_left(struct pw_crew *crew, struct pw_stage *stage)
{
	struct pw_probe *probes = malloc(VOLLEY * sizeof(*probes));
	int err = probes ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < crew->num_volleys; i++)
		if (!crew->took[i])
			err = fire(crew, stage, i, probes);
	free(probes);
	return err;
}

int pw_crew_finish(struct pw_crew *crew, struct pw_stage *stage)
{
	struct pw_report *report = stage->report;
	int err = work(crew, stage, true);

	if (err)
		return err;
	await_hands(crew);
	err = finish_left(crew, stage);
	for (size_t i = 0; i < MAX_HANDS; i++) {
		report->probes += crew->shared->hands[i].count.sent;
		report->lost += crew->shared->hands[i].count.lost;
		report->unknown += crew->shared->hands[i].count.unknown;
	}
	return err ? err : judge(crew, stage);
}
