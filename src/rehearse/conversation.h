/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection that the host opens, and what the wire says to it. */
#ifndef REHEARSE_CONVERSATION_H
#define REHEARSE_CONVERSATION_H

#include "rehearse/conversation_frame.h"
#include "rehearse/held.h"

/**
 * struct pw_talk - One socket of the host
 * @path:	@path->src is the peer on the wire, @path->dst the host
 * @proto:	IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP or IPPROTO_ICMPV6
 * @fd:		not blocking, connected; TCP: being connected
 * @patience_ms: how long to wait for what comes at once, or not at all
 * @heard:	what the host said last, in @frame
 */
struct pw_talk {
	struct pw_stage *stage;
	const struct pw_path *path;
	uint8_t proto;
	int fd, patience_ms;
	struct pw_segment heard;
	uint8_t frame[PW_SEGMENT_MAX];
};

#define PW_PEER_PORT 443

/**
 * pw_talk_open() - Open a socket in the host and let it say something
 * @out:	@stage, @path, @proto and @patience_ms set
 *
 * Return: 1: said and heard on the wire; 0: nothing came there; errors of the
 *	   system with a message. To be closed in every case.
 */
int pw_talk_open(struct pw_talk *out);
void pw_talk_close(struct pw_talk *talk);

/* What the peer answers to @talk->heard goes to the wire. 0; errors */
int pw_talk_answer(struct pw_talk *talk);

/* An ICMP error of the peer's about @talk->heard. 0; errors */
int pw_talk_error(struct pw_talk *talk, uint8_t type, uint8_t code,
		  uint32_t rest);

/* Has the socket got an answer? Waits for it */
bool pw_talk_got_answer(struct pw_talk *talk);

/* The error number that the socket has got by ICMP, 0: none. Waits for it */
int pw_talk_got_error(struct pw_talk *talk);

/* The local port that the host chose */
uint16_t pw_talk_port(const struct pw_talk *talk);

#endif
