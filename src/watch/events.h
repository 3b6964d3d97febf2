/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's announcements of what changes in nf_tables. */
#ifndef WATCH_EVENTS_H
#define WATCH_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

/**
 * struct pw_news - What the transactions that were read so far have done
 * @ours:	something of our table, elements of its sets apart
 * @others:	chains or rules of other tables
 * @lost:	some were not announced: everything may have changed
 * @pid, @comm:	of the process behind the last that is told of; 0 and "": not
 *		known
 */
struct pw_news {
	bool ours, others, lost;
	uint32_t pid;
	char comm[16];
};

/**
 * struct pw_transaction - One that is being announced: its messages come first
 */
struct pw_transaction {
	bool ours, others;
};

/* A socket that does not block; or -errno */
int pw_events_open(void);

/*
 * Reads all that has come. 0; -errno: it cannot be listened to any more.
 * Zero-initialise @begun once.
 */
int pw_events_read(int fd, struct pw_transaction *begun,
		   struct pw_news *news);

/* One message */
void pw_events_take(const struct nlmsghdr *nlh, struct pw_transaction *begun,
		    struct pw_news *news);

#endif
