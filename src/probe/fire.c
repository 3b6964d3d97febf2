// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes into the private host: bursts, proof of silence, repeats. */
#include "probe/fire.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#define TRIES 24
#define SILENT_TRIES 12	/* where answers get lost */
#define FAILURES 6		/* bursts in a row, up to a second each */
#define SALVO (1u << 20)	/* their cookies fit into 32 bits */
#define MIN_BURST 8

static void look_around(struct pw_pin *pin)
{
	pin->free = !sched_getaffinity(0, sizeof(pin->all), &pin->all) &&
		    CPU_COUNT(&pin->all) > 1;
}

/* A failure costs certainty, which is watched elsewhere */
static void hold(const struct pw_pin *pin)
{
	int cpu = pin->free ? sched_getcpu() : -1;
	cpu_set_t one;

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((unsigned int)cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/*
 * And give way for a moment: if somebody else holds this processor, a third may
 * fetch us now
 */
static void let_go(const struct pw_pin *pin)
{
	if (!pin->free)
		return;
	sched_setaffinity(0, sizeof(pin->all), &pin->all);
	sched_yield();
}

/* What probes name themselves is theirs; all is free after a forget */
static void reserve_sports(struct pw_salvo *salvo)
{
	bool *taken = pw_tap_taken(salvo->sb->tap);

	if (salvo->sb->next_sport == PW_FIRST_SPORT)
		memset(taken, false, UINT16_MAX + 1);
	for (size_t i = 0; i < salvo->num; i++)
		taken[salvo->probes[i].sport] = true;
}

/* The next one, which counts up to 0; false: there is none */
static bool find_sport(struct pw_salvo *salvo)
{
	const bool *taken = pw_tap_taken(salvo->sb->tap);
	uint16_t *next = &salvo->sb->next_sport;

	while (*next && taken[*next])
		(*next)++;
	if (!*next)
		return false;
	salvo->sport = (*next)++;
	return true;
}

/*
 * A source port that no connection of the host has. If the probes of a salvo
 * name them all, any will do.
 */
static int take_sport(struct pw_salvo *salvo, struct pw_diags *diags)
{
	int err;

	reserve_sports(salvo);
	if (find_sport(salvo))
		return 0;
	err = pw_sandbox_forget(salvo->sb, diags);
	if (err)
		return err;
	reserve_sports(salvo);
	if (!find_sport(salvo))
		salvo->sport = PW_FIRST_SPORT;
	return 0;
}

/* A full table of connections would swallow probes */
static int make_room(struct pw_salvo *salvo, struct pw_diags *diags)
{
	int err;

	if (salvo->sb->fresh_left > PW_BURST)
		return 0;
	err = pw_sandbox_forget(salvo->sb, diags);
	return err ?: take_sport(salvo, diags);
}

static int push_probe(struct pw_salvo *salvo, size_t index)
{
	const struct pw_probe *probe = &salvo->probes[index];
	struct pw_tap *tap = salvo->sb->tap;
	struct pw_frame_how how = {
		.cookie = salvo->base + (uint32_t)index * PW_COOKIE_STRIDE,
		.sport = salvo->sport,
	};
	unsigned int num;
	int err = 0;

	pw_tap_address(tap, probe->iface, &how);
	if (!pw_probe_has_cookie(probe))
		salvo->alone_len = pw_transport_build(probe, &how, 0,
						      salvo->alone);
	num = pw_frame_build(probe, &how, pw_tap_place(tap));
	for (unsigned int i = 0; !err && i < num; i++)
		err = pw_tap_push(tap, PW_SENT_PROBE, probe->iface,
				  (uint16_t)salvo->num_slots);
	salvo->slots[salvo->num_slots++] = index;
	return err;
}

/* What was neither seen nor lost was swallowed */
static void conclude(struct pw_salvo *salvo)
{
	bool arrived[PW_BURST];
	const struct pw_sent *sent;
	size_t num;

	if (pw_tap_loses(salvo->sb->tap) && !salvo->last)
		return;
	memset(arrived, true, sizeof(arrived));
	sent = pw_tap_sent(salvo->sb->tap, &num);
	for (size_t i = 0; i < num; i++) {
		if (sent[i].kind == PW_SENT_PROBE && !sent[i].arrived)
			arrived[sent[i].slot] = false;
	}
	for (size_t i = 0; i < salvo->num_slots; i++) {
		if (arrived[i])
			pw_salvo_mark(salvo, salvo->slots[i], PW_EV_SILENCE);
	}
}

static void count(struct pw_salvo *salvo)
{
	struct pw_sandbox *sb = salvo->sb;
	uint64_t tracked = 0;

	for (size_t i = 0; i < salvo->num_slots; i++)
		tracked += salvo->evidence[salvo->slots[i]] != PW_EV_SILENCE;
	sb->fresh_left -= tracked < sb->fresh_left ? tracked : sb->fresh_left;
	sb->count.sent += salvo->num_slots;
}

/* Sends what was pushed, and reads what comes of it */
static int finish_burst(struct pw_salvo *salvo)
{
	int unsure = pw_tap_settle(salvo->sb->tap, pw_salvo_read, salvo);
	int lost = unsure < 0 ? 0 : pw_catches_read(salvo);

	if (unsure < 0 || lost < 0)
		return unsure < 0 ? unsure : lost;
	if (!unsure && !lost) {
		salvo->failures = 0;
		conclude(salvo);
	} else {
		salvo->failures++;
		if (salvo->max > MIN_BURST)
			salvo->max /= 2;	/* was it too much at once? */
	}
	count(salvo);
	return 0;
}

static void begin_burst(struct pw_salvo *salvo)
{
	pw_tap_begin(salvo->sb->tap);
	salvo->num_slots = 0;
	salvo->alone_len = 0;
}

/* One burst of what is still open from @at on, which moves behind it */
static int fire_burst(struct pw_salvo *salvo, size_t *at)
{
	size_t max = salvo->max;
	int err = 0;

	begin_burst(salvo);
	for (; !err && *at < salvo->num && salvo->num_slots < max; (*at)++) {
		bool alone;

		if (salvo->evidence[*at] != PW_EV_NONE)
			continue;
		alone = !pw_probe_has_cookie(&salvo->probes[*at]);
		if (alone && salvo->num_slots)
			break;
		err = push_probe(salvo, *at);
		if (alone)
			max = 1;
	}
	if (err || !salvo->num_slots)
		return err;
	hold(&salvo->pin);
	err = finish_burst(salvo);
	let_go(&salvo->pin);
	return err;
}

/* Where answers get lost, silence of a single try does not count */
static void doubt(struct pw_salvo *salvo)
{
	for (size_t i = 0; i < salvo->num; i++) {
		if (salvo->evidence[i] == PW_EV_SILENCE)
			salvo->evidence[i] = PW_EV_NONE;
	}
}

static size_t count_open(const struct pw_salvo *salvo)
{
	size_t num = 0;

	for (size_t i = 0; i < salvo->num; i++)
		num += salvo->evidence[i] == PW_EV_NONE;
	return num;
}

/* All that is open once; @left: how many still are */
static int fire_pass(struct pw_salvo *salvo, size_t *left,
		     struct pw_diags *diags)
{
	bool doubted = pw_tap_loses(salvo->sb->tap);
	size_t at = 0;
	int err = 0;

	while (!err && at < salvo->num && salvo->failures < FAILURES) {
		err = make_room(salvo, diags);
		if (err)
			return err;
		err = fire_burst(salvo, &at);
	}
	if (err)
		return pw_diag_system(diags, -err, "cannot send probes");
	if (!doubted && !salvo->last && pw_tap_loses(salvo->sb->tap))
		doubt(salvo);
	*left = count_open(salvo);
	return 0;
}

static void give_up(struct pw_salvo *salvo)
{
	for (size_t i = 0; i < salvo->num; i++) {
		if (salvo->evidence[i] == PW_EV_NONE) {
			salvo->evidence[i] = PW_EV_UNKNOWN;
			salvo->sb->count.unknown++;
		}
	}
}

static int prepare(struct pw_salvo *salvo, struct pw_diags *diags)
{
	int err;

	memset(salvo->evidence, PW_EV_NONE, salvo->num);
	salvo->max = PW_BURST;
	salvo->failures = 0;
	salvo->base = pw_tap_cookies(salvo->sb->tap, salvo->num);
	err = pw_catches_choose(salvo);
	if (err)
		return pw_diag_system(diags, -err, "cannot prepare probes");
	return take_sport(salvo, diags);
}

static int fire_salvo(struct pw_salvo *salvo, struct pw_diags *diags)
{
	size_t left = salvo->num;
	int err = prepare(salvo, diags);

	for (int try = 0; !err && left && try < TRIES &&
			  salvo->failures < FAILURES; try++) {
		if (try)
			salvo->sb->count.lost += left;
		salvo->last = try >= SILENT_TRIES - 1;
		err = fire_pass(salvo, &left, diags);
	}
	if (!err)
		give_up(salvo);
	return err;
}

int pw_sandbox_fire(struct pw_sandbox *sb, const struct pw_probe *probes,
		    size_t num, uint8_t *evidence, struct pw_diags *diags)
{
	struct pw_salvo salvo = { .sb = sb };
	int err = 0;

	look_around(&salvo.pin);
	for (size_t at = 0; !err && at < num; at += salvo.num) {
		salvo.probes = probes + at;
		salvo.evidence = evidence + at;
		salvo.num = num - at < SALVO ? num - at : SALVO;
		err = fire_salvo(&salvo, diags);
	}
	return err;
}
