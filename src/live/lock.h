/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run at a time: the lock of everything that changes the rules. */
#ifndef LIVE_LOCK_H
#define LIVE_LOCK_H

#include "portwall/diag.h"
#include "portwall/own.h"

struct pw_lock;

/**
 * pw_lock_take() - Wait until no other run holds the lock, at most @patience_ms
 * @run_dir:	made with mode 0700 if it is missing; its parent is not
 *
 * The file is never removed: who waits for it must find the same one. It ends
 * with the process, so a killed run leaves nothing behind.
 *
 * Return: 0; -EBUSY: another run holds it, named in the message if possible;
 *	   -EPERM: others may write to @run_dir; other errors of the system
 */
int pw_lock_take(const char *run_dir, unsigned int patience_ms,
		 struct pw_lock **out, struct pw_diags *diags);
void pw_lock_free(struct pw_lock *lock);
PW_DEFINE_OWNED(struct pw_lock, pw_lock_free)

#endif
