/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host answers to itself: the answer to a packet with a source of its
 * own never comes to the wire, it goes over lo.
 */
#ifndef REHEARSE_HELD_ECHO_H
#define REHEARSE_HELD_ECHO_H

#include "rehearse/rehearse.h"

/**
 * struct pw_echo
 * @fd:	packet socket on lo of the host
 */
struct pw_echo {
	struct pw_stage *stage;
	int fd;
};

/* 0; errors of the system with a message */
int pw_echo_open(struct pw_stage *stage, struct pw_echo *out);
void pw_echo_close(struct pw_echo *echo);

/*
 * A case of suite "held": whatever the host said to itself since, it said to
 * packets that had to be dropped. 0; -ENOMEM; errors of the system
 */
int pw_echo_judge(struct pw_echo *echo);

#endif
