/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory: its files, read with care and written durably. */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include "portwall/state.h"

enum pw_state_dir { PW_DIR_TOP, PW_DIR_HISTORY, PW_DIR_OBJECTS,
		    PW_NUM_STATE_DIRS };

/* Names in the directory, see state.h; those with a dot are on their way */
#define PW_FILE_APPLIED "applied"
#define PW_FILE_TRIAL "trial"
#define PW_FILE_EMERGENCY "emergency.ini"
#define PW_FILE_STAGED ".staged"
#define PW_FILE_STAGED_EMERGENCY ".staged-emergency"

/**
 * struct pw_state - The directory, opened
 * @path:	as it was named, for messages
 * @fd:		-1: not there, which can be only where it is not to be made
 * @staged:	entry of what was staged by this run, 0: nothing
 * @staged_emergency: with it a policy for emergencies
 */
struct pw_state {
	char *path;
	int fd[PW_NUM_STATE_DIRS];
	uint32_t staged;
	bool staged_emergency;
};

/* Open a file to read it; returns as pw_store_read() */
int pw_store_open(const struct pw_state *state, enum pw_state_dir dir,
		  const char *name, int *fd, uint64_t *len);

/*
 * Read a file whole, a NUL behind it. 0; -ENOENT; -EBADMSG: no regular file of
 * ours, or longer than @max_len; errors of the system; all without a message
 */
int pw_store_read(const struct pw_state *state, enum pw_state_dir dir,
		  const char *name, size_t max_len, char **bytes, size_t *len);

/* Write a new file in place of @name, and make its bytes durable, not yet its
 * name: 0 or -errno, then there is none */
int pw_store_write(const struct pw_state *state, enum pw_state_dir dir,
		   const char *name, const char *bytes, size_t len);

/* Each within one directory: 0 or -errno; no file to remove is no error */
int pw_store_move(const struct pw_state *state, enum pw_state_dir dir,
		  const char *from, const char *to);
int pw_store_remove(const struct pw_state *state, enum pw_state_dir dir,
		    const char *name);
/* Make names durable */
int pw_store_sync(const struct pw_state *state, enum pw_state_dir dir);

/* Calls @each with every name but "." and ".."; what it returns ends the walk
 * unless 0 */
int pw_store_walk(const struct pw_state *state, enum pw_state_dir dir,
		  int (*each)(void *arg, const char *name), void *arg);

/* Messages with the file's path; both return @err, which is negative */
int pw_store_damaged(const struct pw_state *state, enum pw_state_dir dir,
		     const char *name, const char *how,
		     struct pw_diags *diags);
/* @does: "read", "write" */
int pw_store_failed(const struct pw_state *state, enum pw_state_dir dir,
		    const char *name, const char *does, int err,
		    struct pw_diags *diags);

#endif
