/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel whose answers are the input. */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

struct pw_nl;

/**
 * replay_message() - One message of nf_tables whose attributes are the input
 * @type:	NFT_MSG_*
 *
 * Its first byte is the family, the others follow struct nfgenmsg. In a block
 * of its own size, which the caller frees.
 */
struct nlmsghdr *replay_message(const uint8_t *data, size_t size,
				uint16_t type);

/* The same without struct nfgenmsg: all of it is payload */
struct nlmsghdr *replay_payload(const uint8_t *data, size_t size,
				uint16_t type);

/*
 * Answers whatever is asked with the datagrams of the input, in turn: each two
 * bytes of length, low one first, and as many bytes. In these the sequence
 * number of a message is that of the question, counted from it, its port
 * likewise: 0 is right. @data has to outlive it
 */
struct pw_nl *replay_nl(const uint8_t *data, size_t size);

/*
 * Lets pw_sock_query() answer with these datagrams, until it is called with
 * NULL. Whoever links this has no other pw_sock_query().
 */
void replay_queries(const uint8_t *data, size_t size);

#endif
