/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks in a process of their own: who opens a sandbox never comes back. */
#ifndef TESTS_SANDBOX_APART_H
#define TESTS_SANDBOX_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "portwall/sandbox.h"
#include "probe/sandbox_priv.h"

/* Run @fn there; the test fails or skips itself as it did */
void apart(void (*fn)(const void *arg), const void *arg);
/* The same where there already is a process of its own: 0 if it passed */
int apart_status(void (*fn)(const void *arg), const void *arg);

/**
 * struct apart - A process that stays where it got to until it may go
 * @pid:	its own
 * @ready:	it says so here by one byte
 * @go:		closed when it may end
 */
struct apart {
	pid_t pid;
	int ready, go;
};

/* Returns when @fn is done: true if it did all it should */
bool apart_begin(struct apart *apart, void (*fn)(const void *arg),
		 const void *arg);
void apart_end(struct apart *apart);

/* For use there: end it as failed, or skip the test */
#define CHECK(cond) apart_check((cond), #cond, __FILE__, __LINE__)
void apart_check(bool ok, const char *text, const char *file, int line);
__attribute__((noreturn)) void apart_skip(const char *reason);

/* Nobody, without rights; skips where there is no such user */
void apart_become_nobody(void);
void apart_drop_rights(void);
/* Root of a user namespace of our own */
void apart_become_root_of_new(void);
/* One line to a file that is there */
void apart_write(const char *path, const char *text);

/* eth0, eth1 and the bridge docker0, with a bit of everything */
struct pw_scene *apart_scene(void);

/* Succeeds, or fails the check with the library's own words */
struct pw_sandbox *apart_open(const struct pw_scene *scene);

#endif
