// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP ports of another host, chunk by chunk. Each round over a chunk lies
 * between two looks at something that answers: only so silence says anything.
 */
#include <errno.h>
#include <stdlib.h>

#include "probe/control.h"
#include "probe/flight.h"
#include "probe/remote.h"

#define MIN_CHUNK 4096		/* ports; more if these take less than a second */
#define FEW_CONTROLS 4		/* at each end of a round, for many rounds */
#define MORE_CONTROLS 20	/* for two: see pw_silence_is_sure() */

/**
 * struct chunk - Ports that are tried together
 * @checked:	something was known to answer: no need to come back
 */
struct chunk {
	size_t first, num;
	bool checked;
};

struct rounds {
	struct pw_away *away;
	struct pw_flight *flight;
	struct pw_control control;
	size_t done;
};

static void on_done(void *arg, size_t id, enum pw_evidence evidence,
		    uint64_t elapsed_ns)
{
	struct rounds *r = arg;

	if (id == PW_CONTROL_ID) {
		pw_control_done(&r->control, evidence, elapsed_ns);
		return;
	}
	pw_away_saw(r->away, (uint16_t)id, evidence);
	pw_control_found(&r->control, (uint16_t)id, evidence);
}

static int send_one(struct rounds *r, uint16_t port, uint64_t timeout_ns)
{
	uint64_t wait_ns;
	int err = 0;

	while (!err && (wait_ns = pw_pace_take(&r->away->pace)))
		err = pw_flight_wait(r->flight, wait_ns);
	while (!err && (err = pw_flight_start(r->flight, port, port,
					      timeout_ns)) == -EAGAIN)
		err = pw_flight_wait(r->flight, PW_S_NS);
	r->away->scan->count.sent++;
	return err;
}

static bool is_open(const struct rounds *r, const struct chunk *chunk,
		    size_t i)
{
	uint16_t port = r->away->ports[chunk->first + i];

	return port && r->away->seen[port] <= PW_EV_UNKNOWN;
}

/* Is there anything left to be asked? */
static bool any_open(const struct rounds *r, const struct chunk *chunk)
{
	for (size_t i = 0; i < chunk->num; i++)
		if (is_open(r, chunk, i))
			return true;
	return false;
}

static int one_round(struct rounds *r, const struct chunk *chunk,
		     unsigned int n)
{
	uint64_t timeout_ns = pw_away_timeout_ns(r->away, n);
	int err = 0;

	for (size_t i = 0; !err && i < chunk->num; i++) {
		uint16_t port = r->away->ports[chunk->first + i];

		if (!is_open(r, chunk, i))
			continue;
		r->away->scan->count.lost += n > 0;
		err = send_one(r, port, timeout_ns);
		pw_away_tell(r->away, n ? r->done : r->done + i);
	}
	while (!err && pw_flight_num(r->flight))
		err = pw_flight_wait(r->flight, PW_S_NS);
	return err;
}

/* For as many rounds as it takes to find something that answers */
static int unchecked_rounds(struct rounds *r, const struct chunk *chunk)
{
	int err = 0;

	for (unsigned int n = 0; !err && n < r->away->scan->tries &&
	     r->control.kind == PW_CONTROL_NONE && any_open(r, chunk); n++) {
		err = one_round(r, chunk, n);
		if (!err)
			pw_control_find_echo(&r->control, r->away);
	}
	return err;
}

static void conclude(struct rounds *r, const struct chunk *chunk, bool works)
{
	bool sure = works && pw_silence_is_sure(r->control.sent,
						r->control.lost,
						r->away->scan->tries);

	for (size_t i = 0; i < chunk->num; i++) {
		uint16_t port = r->away->ports[chunk->first + i];

		if (port && !r->away->seen[port])
			r->away->seen[port] = sure ? PW_EV_SILENCE :
						     PW_EV_UNKNOWN;
	}
}

static int checked_rounds(struct rounds *r, const struct chunk *chunk)
{
	unsigned int tries = r->away->scan->tries;
	unsigned int controls = tries == 2 ? MORE_CONTROLS : FEW_CONTROLS;
	bool before = true, after = true, all = true;
	int err = 0;

	pw_control_forget(&r->control);
	for (unsigned int n = 0; !err && n < tries && any_open(r, chunk);
	     n++) {
		err = pw_control_ask(&r->control, r->away, r->flight, controls,
				     &before);
		if (!err)
			err = one_round(r, chunk, n);
		if (!err && any_open(r, chunk))
			err = pw_control_ask(&r->control, r->away, r->flight,
					     controls, &after);
		all &= before && after;
	}
	if (!err)
		conclude(r, chunk, all);
	return err;
}

static int run_chunk(struct rounds *r, struct chunk *chunk)
{
	int err = unchecked_rounds(r, chunk);

	if (!err && r->control.kind != PW_CONTROL_NONE) {
		chunk->checked = true;
		err = checked_rounds(r, chunk);
	}
	r->done += chunk->num;
	return err;
}

static struct chunk *cut(const struct pw_away *away, size_t *num)
{
	size_t len = away->scan->rate > MIN_CHUNK ? away->scan->rate :
						   MIN_CHUNK;
	struct chunk *chunks;

	*num = (away->num + len - 1) / len;
	chunks = calloc(*num + 1, sizeof(*chunks));
	for (size_t i = 0; chunks && i < *num; i++)
		chunks[i] = (struct chunk){
			.first = i * len,
			.num = away->num - i * len < len ?
				       away->num - i * len : len,
		};
	return chunks;
}

static int run_chunks(struct rounds *r)
{
	size_t num;
	struct chunk *chunks = cut(r->away, &num);
	int err = chunks ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < num; i++)
		err = run_chunk(r, &chunks[i]);
	r->done = r->away->num;
	for (size_t i = 0; !err && i < num; i++)
		if (!chunks[i].checked && r->control.kind != PW_CONTROL_NONE)
			err = checked_rounds(r, &chunks[i]);
	free(chunks);
	return err;
}

int pw_away_tcp(struct pw_away *away)
{
	struct rounds r = { .away = away, .control = { .echo = -1 } };
	int err = pw_flight_new(&away->target,
				away->source.len ? &away->source : NULL,
				on_done, &r, &r.flight);

	if (!err)
		err = run_chunks(&r);
	pw_flight_free(r.flight);
	pw_control_close(&r.control);
	return err;
}
