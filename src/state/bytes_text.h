/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files as text: any bytes, so that every one comes back the same. */
#ifndef STATE_BYTES_TEXT_H
#define STATE_BYTES_TEXT_H

/* What is not printable ASCII, and '%', as %XX; the caller frees; NULL: no
 * memory */
char *pw_bytes_print(const char *bytes);
/* Inverse: 0; -EBADMSG; -ENOMEM */
int pw_bytes_parse(const char *text, char **bytes);

#endif
