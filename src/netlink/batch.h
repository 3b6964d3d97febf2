/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transaction for nf_tables while it is being written: one growing buffer. */
#ifndef PORTWALL_NETLINK_BATCH_H
#define PORTWALL_NETLINK_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/own.h"

struct nlmsghdr;

/* Bytes that a single message may take, header and nested lists included */
#define PW_BATCH_ROOM (128u << 10)

/**
 * struct pw_batch
 * @buf:	messages, complete up to @len, then perhaps one unfinished
 * @first:	sequence number of NFNL_MSG_BATCH_BEGIN
 * @next:	sequence number of the message to come
 * @num:	messages between begin and end
 * @newest:	offset of the unfinished message, or of the last finished one
 * @closed:	NFNL_MSG_BATCH_END is written
 */
struct pw_batch {
	char *buf;
	size_t len, cap;
	uint32_t first, next;
	size_t num, newest;
	bool closed;
};

/*
 * Has an allocation failed since errno was last 0? libnftnl leaves out what it
 * has no memory for, in what it writes as in what it reads, and says nothing of
 * it; malloc() itself leaves ENOMEM behind. Asked before anything is sent, and
 * before what was read is believed.
 */
bool pw_nl_starved(void);

/**
 * pw_batch_open() - Begin a transaction
 * @seq:	sequence number of its first message
 * @genid:	generation of nf_tables that it was computed from
 *
 * Return: 0; -ENOMEM
 */
int pw_batch_open(struct pw_batch *batch, uint32_t seq, uint32_t genid);

/**
 * pw_batch_add() - Begin the next message; the one before is then complete
 * @type:	NFT_MSG_*
 * @flags:	NLM_F_* beside NLM_F_REQUEST
 *
 * The message has its nfgenmsg (family inet) and room for PW_BATCH_ROOM bytes.
 * It stays where it is until the next call.
 *
 * Return: NULL when memory is short
 */
struct nlmsghdr *pw_batch_add(struct pw_batch *batch, uint16_t type,
			      uint16_t flags);

/* Ask for an ACK of the last message and end; 0 or -ENOMEM. Idempotent. */
int pw_batch_close(struct pw_batch *batch);

/* The message with sequence number @seq, NULL if it is none of this batch */
const struct nlmsghdr *pw_batch_find(const struct pw_batch *batch,
				     uint32_t seq);

/**
 * pw_batch_cut() - Messages of a closed transaction, as one of their own
 * @at:		offset of the first of them, 0: the first; moved behind the last
 * @whole:	sequence number from which on messages stay together; @next of
 *		the batch: none do
 * @max_len:	bytes, but one message (or those that stay together) at least
 * @piece:	opened, and to be closed by the caller
 *
 * Return: 1; 0: there are no more; -ENOMEM
 */
int pw_batch_cut(const struct pw_batch *batch, size_t *at, uint32_t whole,
		 size_t max_len, struct pw_batch *piece);

void pw_batch_clear(struct pw_batch *batch);	/* accepts a zeroed struct */

static inline void pw_batch_clearp(struct pw_batch *batch)
{
	pw_batch_clear(batch);
}

#endif
