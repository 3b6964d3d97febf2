/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses between network order bytes and values. */
#ifndef HOST_INET_H
#define HOST_INET_H

#include <stdint.h>

#include "portwall/addr.h"

/* Reads 4 or 16 bytes; a mapped IPv6 address turns @family into IPv4 */
struct pw_value pw_inet_get(enum pw_family *family, const void *addr_be);

/* Writes 4 or 16 bytes */
void pw_inet_put(enum pw_family family, struct pw_value addr, void *addr_be);

#endif
