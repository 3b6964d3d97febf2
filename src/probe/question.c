// SPDX-License-Identifier: GPL-2.0-or-later
/* What a UDP service is asked, so that it answers. */
#include "probe/question.h"

#include <string.h>

#include "portwall/own.h"

/* RFC 1035, 4.1: who serves the root? */
static const uint8_t dns[] = {
	0x70, 0x77, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,	/* id, flags, counts */
	0, 0, 2, 0, 1,					/* ".", NS, IN */
};

/* RFC 5905, 7.3: version 4, client */
static const uint8_t ntp[48] = { 0x23 };

/* RFC 5531, 9 and RFC 1833: portmapper, version 2, the procedure that does
 * nothing, without credentials */
static const uint8_t portmap[] = {
	0x70, 0x77, 0, 1,  0, 0, 0, 0,  0, 0, 0, 2,	/* xid, call, RPC 2 */
	0, 1, 0x86, 0xa0,  0, 0, 0, 2,  0, 0, 0, 0,
	0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,
};

/* RFC 3414, 4: which engine are you? Version 3 knows no community to guess */
static const uint8_t snmp[] = {
	0x30, 0x3a,
	0x02, 0x01, 0x03,			/* version 3 */
	0x30, 0x0f,				/* header */
	0x02, 0x02, 0x70, 0x77,			/*   message id */
	0x02, 0x03, 0x00, 0xff, 0xe3,		/*   largest message */
	0x04, 0x01, 0x04,			/*   reportable */
	0x02, 0x01, 0x03,			/*   user security model */
	0x04, 0x10,				/* its parameters: all empty */
	0x30, 0x0e, 0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
	0x04, 0x00, 0x04, 0x00, 0x04, 0x00,
	0x30, 0x12,				/* scope: none */
	0x04, 0x00, 0x04, 0x00,
	0xa0, 0x0c,				/* get nothing */
	0x02, 0x02, 0x70, 0x77, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
	0x30, 0x00,
};

/* RFC 8489, 5 and 6: a binding request without attributes */
static const uint8_t stun[] = {
	0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42,
	'p', 'o', 'r', 't', 'w', 'a', 'l', 'l', 0, 0, 0, 1,
};

/* RFC 6763, 9: which services are there? Unicast answer (RFC 6762, 5.4) */
static const uint8_t mdns[] = {
	0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
	9, '_', 's', 'e', 'r', 'v', 'i', 'c', 'e', 's',
	7, '_', 'd', 'n', 's', '-', 's', 'd', 4, '_', 'u', 'd', 'p',
	5, 'l', 'o', 'c', 'a', 'l', 0, 0, 12, 0x80, 1,
};

/*
 * RFC 8999, 5.1 and RFC 9000, 6.1 and 15: a version that is reserved for this,
 * in a datagram long enough to be answered; the rest is zeros
 */
static const uint8_t quic[] = {
	0xc0, 0x1a, 0x2a, 0x3a, 0x4a,
	8, 'p', 'o', 'r', 't', 'w', 'a', 'l', 'l',
	8, 'p', 'o', 'r', 't', 'w', 'a', 'l', 'l',
};

/* To some programs an empty datagram is the end of all input */
static const uint8_t zero[1];

#define QUESTION(port, bytes) { port, bytes, sizeof(bytes), sizeof(bytes) }

static const struct question {
	uint16_t port;
	const uint8_t *bytes;
	size_t len, padded;
} questions[] = {
	QUESTION(53, dns),
	QUESTION(111, portmap),
	QUESTION(123, ntp),
	QUESTION(161, snmp),
	{ 443, quic, sizeof(quic), PW_QUESTION_MAX },
	QUESTION(3478, stun),
	QUESTION(5353, mdns),
};

size_t pw_question(uint16_t port, uint8_t out[static PW_QUESTION_MAX])
{
	static const struct question other = QUESTION(0, zero);
	const struct question *q = &other;

	for (size_t i = 0; i < PW_ARRAY_SIZE(questions); i++)
		if (questions[i].port == port)
			q = &questions[i];
	memset(out, 0, q->padded);
	memcpy(out, q->bytes, q->len);
	return q->padded;
}
