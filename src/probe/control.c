// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of what is known to answer: they tell whether the path works. */
#include "probe/control.h"

#include <errno.h>
#include <unistd.h>

#include "probe/ping.h"

/* The kernel repeats a SYN after this time (RFC 6298, 2.1) */
#define REPEATED_NS PW_S_NS
#define ECHO_TRIES 3

void pw_control_found(struct pw_control *control, uint16_t port,
		      enum pw_evidence evidence)
{
	enum pw_control_kind kind = evidence == PW_EV_RESET ?
		PW_CONTROL_RESET : evidence == PW_EV_ANSWER ?
		PW_CONTROL_ANSWER : PW_CONTROL_NONE;

	if (kind <= control->kind)
		return;
	control->kind = kind;
	control->port = port;
}

/* No faster than ten a second: hosts limit echo */
static unsigned int echoes(struct pw_control *control, struct pw_away *away,
			   unsigned int num)
{
	away->scan->count.sent += num;
	return pw_ping_ask(control->echo, &control->echo_seq, num,
			   PW_S_NS / 10, pw_away_timeout_ns(away, 0));
}

void pw_control_find_echo(struct pw_control *control, struct pw_away *away)
{
	if (control->kind != PW_CONTROL_NONE || control->echo >= 0)
		return;
	control->echo = pw_ping_open(&away->target, &away->source);
	if (control->echo >= 0 && echoes(control, away, ECHO_TRIES))
		control->kind = PW_CONTROL_ECHO;
}

void pw_control_forget(struct pw_control *control)
{
	control->sent = control->lost = 0;
}

void pw_control_close(struct pw_control *control)
{
	if (control->echo >= 0)
		close(control->echo);
}

void pw_control_done(struct pw_control *control, enum pw_evidence evidence,
		     uint64_t elapsed_ns)
{
	bool answered = evidence == PW_EV_RESET || evidence == PW_EV_ANSWER;

	control->sent++;
	control->heard += answered;
	control->lost += !answered || elapsed_ns >= REPEATED_NS;
}

static int send_one(const struct pw_control *control, struct pw_away *away,
		    struct pw_flight *flight)
{
	uint64_t wait_ns;
	int err;

	while ((wait_ns = pw_pace_take(&away->pace))) {
		err = pw_flight_wait(flight, wait_ns);
		if (err)
			return err;
	}
	away->scan->count.sent++;
	return pw_flight_start(flight, control->port, PW_CONTROL_ID,
			       pw_away_timeout_ns(away, 0));
}

int pw_control_ask(struct pw_control *control, struct pw_away *away,
		   struct pw_flight *flight, unsigned int num, bool *works)
{
	int err = 0;

	control->heard = 0;
	if (control->kind == PW_CONTROL_ECHO) {
		control->heard = echoes(control, away, num);
		control->sent += num;
		control->lost += num - control->heard;
	}
	for (unsigned int i = 0; !err && control->kind > PW_CONTROL_ECHO &&
	     i < num; i++) {
		err = send_one(control, away, flight);
		if (err == -EAGAIN)	/* no room: what is there comes first */
			err = pw_flight_wait(flight, PW_S_NS);
	}
	while (!err && pw_flight_num(flight))
		err = pw_flight_wait(flight, PW_S_NS);
	*works = control->heard;
	return err;
}
