/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exchanges with nf_tables: requests, dumps, transactions and their answers. */
#ifndef PORTWALL_NETLINK_NETLINK_H
#define PORTWALL_NETLINK_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/batch.h"
#include "netlink/wire.h"

struct nlmsghdr;

/**
 * struct pw_nl - One socket, one exchange at a time
 * @seq:	sequence number of the next message
 * @dirty:	an exchange broke off: answers to it may still come
 * @buf:	the datagram that was received last
 * @req:	the request under construction
 */
struct pw_nl {
	struct pw_wire wire;
	uint32_t seq;
	bool dirty;
	char *buf;
	char *req;
};

#define PW_NL_BUF_LEN (64u << 10)	/* dumps come in pieces of 32 KB */
#define PW_NL_REQ_LEN (4u << 10)

/* Takes over @wire; NULL when memory is short: then it is closed */
struct pw_nl *pw_nl_new(const struct pw_wire *wire);
void pw_nl_close(struct pw_nl *nl);

/**
 * pw_nl_request() - Begin a request in the socket's own buffer
 * @type:	NFT_MSG_GET*
 * @flags:	NLM_F_DUMP for dumps, 0 for single things
 * @table:	value of attribute 1, which is the table nearly everywhere;
 *		NULL: none
 */
struct nlmsghdr *pw_nl_request(struct pw_nl *nl, uint16_t type, uint16_t flags,
			       const char *table);

/* Reads one message with nfgenmsg; an error ends the exchange */
typedef int (*pw_nl_reader)(const struct nlmsghdr *nlh, void *arg);

/**
 * pw_nl_ask() - Send a request and read all its answers
 * @genid:	generation that they must be of
 *
 * Return: 0; what @reader returned; the kernel's own errors (-ENOENT, -EPERM,
 *	   ..); -EINTR: the tables changed, ask again; -EBADMSG: no answer that
 *	   the protocol allows; -ENOBUFS: answers were lost
 */
int pw_nl_ask(struct pw_nl *nl, struct nlmsghdr *nlh, uint32_t genid,
	      pw_nl_reader reader, void *arg);

/* An error of pw_nl_ask() that may not come again: ask once more */
bool pw_nl_is_passing(int err);

/* Generation id of nf_tables; errors as pw_nl_ask() */
int pw_nl_genid(struct pw_nl *nl, uint32_t *genid);

/**
 * pw_nl_ask_rules() - Read what there is in all tables, of one generation
 * @on_table:	for each table; then @on_chain for each chain, and @on_rule
 *
 * Return: as pw_nl_ask(); -EINTR: something was changed meanwhile
 */
int pw_nl_ask_rules(struct pw_nl *nl, pw_nl_reader on_table,
		    pw_nl_reader on_chain, pw_nl_reader on_rule, void *arg);

/**
 * struct pw_nl_refusal - What the kernel said against a transaction
 * @seq:	of the message that it refused
 * @offset:	bytes from its start to the attribute meant, 0: not said
 * @text:	of the extended ACK, "" if none; the kernel's words, unescaped
 */
struct pw_nl_refusal {
	uint32_t seq;
	uint32_t offset;
	char text[128];
};

/**
 * pw_nl_commit() - Send a transaction and learn what became of it
 * @batch:	opened with @nl's sequence number; is closed here
 * @why:	filled when a message is refused
 *
 * Return: 0: committed; -ERESTART: computed from an old generation, nothing
 *	   was done; -EINPROGRESS: not known, look at what is in force; other
 *	   codes: refused, nothing was done
 */
int pw_nl_commit(struct pw_nl *nl, struct pw_batch *batch,
		 struct pw_nl_refusal *why);

/**
 * struct pw_backoff - Growing pauses, 5 seconds in all
 * Zero-initialised.
 */
struct pw_backoff {
	uint64_t start_ms;
	unsigned int pause_ms;
};

/* Wait before the next try; -EAGAIN when the time is used up */
int pw_backoff_wait(struct pw_backoff *backoff, const struct pw_nl *nl);

#endif
