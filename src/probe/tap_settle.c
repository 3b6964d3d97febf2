// SPDX-License-Identifier: GPL-2.0-or-later
/* When all that was sent is done with: sentinels, arrivals, losses. */
#include <errno.h>

#include "probe/tap_priv.h"

#define ROUNDS 16		/* of neighbours that answers wait for */

static int push_sentinel(struct pw_tap *tap, uint32_t iface)
{
	uint8_t tag[PW_MAC_LEN];

	pw_tap_put_tag(tag, tap->first + (uint32_t)tap->num_sent);
	pw_neigh_sentinel(&tap->sb->scene->ifaces[iface], tag,
			  pw_tap_place(tap));
	return pw_tap_push(tap, PW_SENT_SENTINEL, iface, 0);
}

static int drain(struct pw_tap *tap, pw_tap_reader read, void *arg)
{
	struct pw_ring_frame frame;
	uint32_t iface;
	int got;

	while ((got = pw_tap_next(tap, &frame, &iface)) > 0) {
		read(arg, frame.data, frame.kept);
		pw_ring_release(&tap->in);
	}
	return got;
}

static void note_arrivals(struct pw_tap *tap)
{
	struct pw_ring_frame frame;

	while (pw_ring_peek(&tap->arrivals, &frame)) {
		size_t place = pw_tap_place_of(tap, frame.data + PW_MAC_LEN);

		if (place != PW_MAX_SENT)
			tap->sent[place].arrived = true;
		pw_ring_release(&tap->arrivals);
	}
}

static bool is_heard(const struct pw_tap *tap, uint32_t iface, uint32_t since)
{
	return (int32_t)(tap->wires[iface].heard - since) >= 0;
}

static bool all_heard(const struct pw_tap *tap, uint32_t since)
{
	for (size_t i = 0; i < tap->num_used; i++) {
		if (!is_heard(tap, tap->used[i], since))
			return false;
	}
	return true;
}

static int push_sentinels(struct pw_tap *tap, uint32_t since)
{
	int err = 0;

	for (size_t i = 0; !err && i < tap->num_used; i++) {
		if (!is_heard(tap, tap->used[i], since))
			err = push_sentinel(tap, tap->used[i]);
	}
	return err;
}

/* 1: heard from all; 0: not within @wait_ms; -errno */
static int await(struct pw_tap *tap, uint32_t since, int wait_ms,
		 pw_tap_reader read, void *arg)
{
	int err = drain(tap, read, arg);
	int64_t until;

	if (err || all_heard(tap, since))
		return err ?: 1;
	until = pw_tap_now_ms() + wait_ms;
	while ((err = pw_tap_wait(tap, until)) > 0) {
		err = drain(tap, read, arg);
		if (err || all_heard(tap, since))
			return err ?: 1;
		if (pw_tap_now_ms() > until)
			return 0;
	}
	return err;
}

/* Sentinels there and back: 1: they never came, within a second */
static int round_trip(struct pw_tap *tap, pw_tap_reader read, void *arg)
{
	uint32_t since = tap->first + (uint32_t)tap->num_sent;
	int err;

	/* known: each interface has heard of nothing that is still to come */
	for (size_t i = 0; i < tap->num_used; i++)
		tap->wires[tap->used[i]].heard = since - 1;
	for (int wait_ms = 1; wait_ms <= 512; wait_ms *= 2) {
		err = push_sentinels(tap, since);
		err = err ?: pw_tap_flush(tap);
		err = err ?: await(tap, since, wait_ms, read, arg);
		if (err)
			return err < 0 ? err : 0;
	}
	return 1;
}

/* How many answers are sent again because they did not arrive; -errno */
static int repeat_answers(struct pw_tap *tap)
{
	int num = 0, err;

	for (size_t i = 0; i < tap->num_answers; i++) {
		if (tap->sent[tap->answers[i].sent].arrived)
			continue;
		num++;
		err = pw_tap_push_answer(tap, i);
		if (err)
			return err;
	}
	return num;
}

/* A later answer is there and an earlier is not: on one queue, it was lost */
static void judge_returns(struct pw_tap *tap)
{
	for (size_t i = 0; i < tap->num_sent; i++) {
		const struct pw_sent *sent = &tap->sent[i];

		if (sent->kind == PW_SENT_SENTINEL && sent->arrived &&
		    !sent->heard &&
		    is_heard(tap, sent->iface, tap->first + (uint32_t)i))
			tap->loses = true;
	}
}

static int settle(struct pw_tap *tap, pw_tap_reader read, void *arg)
{
	int err;

	for (int round = 0; round < ROUNDS; round++) {
		tap->answered = false;
		err = round_trip(tap, read, arg);
		note_arrivals(tap);
		if (err)
			return err;
		err = repeat_answers(tap);
		if (err < 0 || (!err && !tap->answered))
			return err;
	}
	return 1;
}

int pw_tap_settle(struct pw_tap *tap, pw_tap_reader read, void *arg)
{
	int err = pw_tap_flush(tap) ?: settle(tap, read, arg);
	int64_t drops;

	if (err == -ENOBUFS)
		err = 1;		/* too much was repeated */
	if (err < 0)
		return err;
	drops = pw_ring_drops(&tap->in);
	if (drops < 0)
		return (int)drops;
	if (!drops)
		judge_returns(tap);
	return err || drops;
}

