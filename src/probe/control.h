/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes of what is known to answer: they tell whether the path works. */
#ifndef PROBE_CONTROL_H
#define PROBE_CONTROL_H

#include "probe/flight.h"
#include "probe/remote.h"

/* Of several that answer, the one that disturbs least */
enum pw_control_kind {
	PW_CONTROL_NONE,
	PW_CONTROL_ECHO,	/* ICMP echo, if no port answers at all */
	PW_CONTROL_ANSWER,	/* a service, which sees connections */
	PW_CONTROL_RESET,	/* a port where nothing listens */
};

/* Attempts with this id are control probes */
#define PW_CONTROL_ID SIZE_MAX

/**
 * struct pw_control - What answers, and how reliably
 * @echo:	the ping socket, -1: none; @echo_seq: number of the next one
 * @sent, @lost: since the last pw_control_forget(); what came only after the
 *		kernel had repeated it was lost
 * @heard:	answers since the last pw_control_ask()
 */
struct pw_control {
	enum pw_control_kind kind;
	uint16_t port;
	int echo;
	uint16_t echo_seq;
	unsigned int sent, lost, heard;
};

/* A port answered: is it a better control than what we have? */
void pw_control_found(struct pw_control *control, uint16_t port,
		      enum pw_evidence evidence);
/* Nothing did: try echo; stays NONE where that is not allowed or not answered */
void pw_control_find_echo(struct pw_control *control, struct pw_away *away);
void pw_control_forget(struct pw_control *control);
void pw_control_close(struct pw_control *control);

/* An attempt with PW_CONTROL_ID is done */
void pw_control_done(struct pw_control *control, enum pw_evidence evidence,
		     uint64_t elapsed_ns);

/*
 * Send @num control probes, when nothing else is under way, and await them.
 * @works: one was answered. 0 or -errno
 */
int pw_control_ask(struct pw_control *control, struct pw_away *away,
		   struct pw_flight *flight, unsigned int num, bool *works);

#endif
