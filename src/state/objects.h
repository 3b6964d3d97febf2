/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of files, kept by their SHA-256. */
#ifndef STATE_OBJECTS_H
#define STATE_OBJECTS_H

#include "state/store.h"

/* Lower-case hex and NUL; the name of an object */
void pw_hex_format(const uint8_t bytes[32], char hex[static 65]);
/* Inverse, of exactly 64 digits: false where it is something else */
bool pw_hex_parse(const char *hex, size_t len, uint8_t bytes[32]);

void pw_bytes_digest(const char *bytes, size_t len, uint8_t digest[32]);

/* Does the object hold these bytes? Compared, which is faster than hashing */
bool pw_object_holds(const struct pw_state *state, const uint8_t digest[32],
		     const char *bytes, size_t len);

/*
 * Store bytes unless they are there already. Their name is durable after
 * pw_store_sync(). 0 or -errno without a message
 */
int pw_object_put(const struct pw_state *state, const char *bytes, size_t len,
		  uint8_t digest[32]);

/* 0; -EBADMSG: missing, or other bytes, with a message; others, with one */
int pw_object_get(const struct pw_state *state, const uint8_t digest[32],
		  char **bytes, size_t *len, struct pw_diags *diags);

/*
 * Whoever stores objects holds off their removal until a bundle names them.
 * -EWOULDBLOCK: somebody else is storing some; others: it cannot be told
 */
int pw_objects_share(const struct pw_state *state);
int pw_objects_own(const struct pw_state *state);
void pw_objects_leave(const struct pw_state *state);

#endif
