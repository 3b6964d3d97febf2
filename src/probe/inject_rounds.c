// SPDX-License-Identifier: GPL-2.0-or-later
/* Rounds of an injector: sent, counted, read, and sent again what got lost. */
#include <errno.h>
#include <linux/membarrier.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "portwall/array.h"
#include "probe/inject_priv.h"

/*
 * Frames of one system call, by round: the backlog of a processor is 1,000.
 * Where a fifth gets lost, one of 10^11 frames needs more rounds than these.
 */
static const uint32_t bursts[] = {
	65536, 4096, 512, 128, 128, 128, 128, 128,
	128, 128, 128, 128, 128, 128, 128, 128,
};

/* Without arrivals for so many looks in a row, nothing more is awaited */
#define PATIENCE 25
#define LOOK_MS 1

/* So many probes are not lost by accident */
#define MANY 1000
#define IDLE_ROUNDS 10

/* Where the kernel cannot say that packets have been dealt with */
#define SETTLE_MS 20

/* Steps through all 32-bit numbers before one comes again */
#define COOKIE_STEP 0x9e3779b1u

static void pause_ms(long ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL);
}

static struct pw_salvo *find(struct pw_salvo *salvos, size_t num,
			     uint32_t cookie)
{
	for (size_t i = 0; i < num; i++)
		if (salvos[i].num && salvos[i].cookie == cookie)
			return &salvos[i];
	return NULL;		/* of an earlier round */
}

/* What a note says, by the family that was probed */
static enum pw_evidence evidence_of(const struct pw_note *note,
				    enum pw_family family)
{
	const bool v4 = family == PW_IPV4;

	switch (note->what) {
	case PW_NOTED_ARRIVED:
		return PW_EV_SILENCE;
	case PW_NOTED_FORWARDED:
		return PW_EV_FORWARDED;
	case PW_NOTED_TCP:	/* or a SYN proxy's answer: it got through */
		return note->flags & TH_RST ? PW_EV_RESET : PW_EV_DELIVERED;
	case PW_NOTED_ERROR:
		if (note->type != (v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH))
			return PW_EV_SILENCE;
		if (v4 ? note->code == ICMP_PORT_UNREACH ||
			 note->code == ICMP_PROT_UNREACH :
			 note->code == ICMP6_DST_UNREACH_NOPORT)
			return PW_EV_UNREACHABLE;
		return PW_EV_PROHIBITED;
	case PW_NOTED_REACHED:
		break;
	}
	return PW_EV_DELIVERED;
}

/**
 * struct group - Salvos that are fired together
 */
struct group {
	struct pw_injector *injector;
	struct pw_salvo *salvos;
	size_t num;
	struct pw_diags *diags;
};

static int guard(const struct group *g, const struct pw_salvo *salvo)
{
	struct pw_injector *inj = g->injector;
	const uint32_t ifindex = salvo->volley->ifindex;
	int err;

	for (size_t i = 0; i < inj->num_guarded; i++)
		if (inj->guarded[i] == ifindex)
			return 0;
	err = pw_swallow_guard(inj->swallow, ifindex, g->diags);
	return err ? err : PW_ARRAY_PUSH(inj->guarded, inj->num_guarded,
					 inj->cap_guarded, ifindex);
}

static int arm(const struct group *g, bool each)
{
	struct pw_mark *marks = calloc(g->num, sizeof(*marks));
	size_t num = 0;
	int err = marks ? 0 : -ENOMEM;

	for (size_t i = 0; i < g->num && !err; i++) {
		struct pw_salvo *salvo = &g->salvos[i];

		if (!salvo->num)
			continue;
		err = guard(g, salvo);
		salvo->cookie = g->injector->cookie += COOKIE_STEP;
		marks[num++] = (struct pw_mark){
			.cookie = salvo->cookie, .each = each,
			.family = salvo->volley->family,
			.dst = salvo->volley->dst,
		};
	}
	if (!err)
		err = pw_swallow_arm(g->injector->swallow, marks, num,
				     g->diags);
	free(marks);
	return err;
}

static void on_count(void *arg, uint32_t cookie, uint64_t num)
{
	const struct group *g = arg;
	struct pw_salvo *salvo = find(g->salvos, g->num, cookie);

	if (salvo)
		salvo->arrived = num;
}

/* Probes that were not counted yet */
static uint64_t missing(const struct group *g)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < g->num; i++)
		if (g->salvos[i].num && g->salvos[i].sent >
					g->salvos[i].arrived)
			sum += g->salvos[i].sent - g->salvos[i].arrived;
	return sum;
}

/*
 * Packets are handled within RCU's read sections: once those that have begun
 * are over, so is all that the counted probes set off, on whatever processor.
 */
static void await_processors(void)
{
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		pause_ms(SETTLE_MS);
}

static int await(struct group *g)
{
	uint64_t left = UINT64_MAX;
	unsigned int idle = 0;

	while (idle < PATIENCE) {
		const uint64_t before = left;
		int err = pw_swallow_count(g->injector->swallow, on_count, g,
					   g->diags);

		if (err)
			return err;
		left = missing(g);
		if (!left)
			break;
		idle = left < before ? 0 : idle + 1;
		pause_ms(LOOK_MS);
	}
	await_processors();
	return 0;
}

static int on_note(void *arg, const struct pw_note *note)
{
	const struct group *g = arg;
	struct pw_injector *inj = g->injector;
	struct pw_salvo *salvo = find(g->salvos, g->num, note->cookie);
	enum pw_evidence evidence, before;

	if (!salvo || salvo->seen[note->port] == PW_EV_NONE)
		return 0;
	evidence = evidence_of(note, salvo->volley->family);
	before = salvo->seen[note->port];
	if (evidence > before)
		salvo->seen[note->port] = (uint8_t)evidence;
	/* what is read anew was told already */
	if (note->what != PW_NOTED_FORWARDED || before >= PW_EV_FORWARDED)
		return 0;
	return PW_ARRAY_PUSH(inj->forwarded, inj->num_forwarded,
			     inj->cap_forwarded,
			     ((struct pw_forwarded){
				     .volley = salvo->index,
				     .port = note->port,
				     .to_port = note->to_port,
				     .family = note->family,
				     .addr = note->addr }));
}

/* Keeps for the next round what nothing is known of */
static size_t settle(struct pw_salvo *salvo, bool last)
{
	const bool complete = salvo->sent == salvo->arrived;
	size_t kept = 0;

	for (size_t i = 0; i < salvo->num; i++) {
		uint8_t *seen = &salvo->seen[salvo->ports[i]];

		if (*seen != PW_EV_UNKNOWN)
			continue;
		if (complete)
			*seen = PW_EV_SILENCE;
		else
			salvo->ports[kept++] = salvo->ports[i];
	}
	salvo->num = last ? 0 : kept;
	return kept;
}

/*
 * What lets nothing in at all will not do so later. A few may all be lost by
 * chance, again and again.
 */
static bool is_dead(struct pw_salvo *salvo)
{
	salvo->idle = salvo->arrived ? 0 : salvo->idle + 1;
	return !salvo->arrived &&
	       (salvo->sent >= MANY || salvo->idle >= IDLE_ROUNDS);
}

static int fire_round(struct group *g, uint32_t round)
{
	int err = arm(g, round > 0);

	if (!err)
		err = pw_salvos_shoot(g->injector, g->salvos, g->num,
				      bursts[round], g->diags);
	if (!err)
		err = await(g);
	if (err) {	/* the table may go: nothing must be on its way then */
		pause_ms(SETTLE_MS);
		await_processors();
	}
	return err ? err : pw_swallow_read(g->injector->swallow, on_note, g,
					   g->diags);
}

int pw_salvos_fire(struct pw_injector *injector, struct pw_salvo *salvos,
		   size_t num, struct pw_diags *diags)
{
	struct group g = {
		.injector = injector, .salvos = salvos, .num = num,
		.diags = diags,
	};
	size_t left = num;

	for (uint32_t round = 0; left; round++) {
		const bool end = round + 1 == PW_ARRAY_SIZE(bursts);
		int err = fire_round(&g, round);

		if (err)
			return err;
		left = 0;
		for (size_t i = 0; i < num; i++) {
			bool last = end || is_dead(&salvos[i]);
			size_t kept = settle(&salvos[i], last);

			if (last)
				injector->count.unknown += kept;
			else
				injector->count.lost += kept;
			left += salvos[i].num;
		}
	}
	return 0;
}
