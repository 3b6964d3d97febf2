/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of some bytes to a descriptor. */
#ifndef BASE_WRITE_H
#define BASE_WRITE_H

#include <stddef.h>

/**
 * pw_write_all() - Write all bytes, in as many writes as it takes
 * @fd:	blocks
 *
 * Return: 0; -errno of write(), then some of them may be written
 */
int pw_write_all(int fd, const char *bytes, size_t len);

#endif
