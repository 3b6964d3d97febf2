// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses between network order bytes and values. */
#include "host/inet.h"

#include <endian.h>
#include <string.h>

#define MAPPED_PREFIX 0xffffu	/* bits 32 to 63 of ::ffff:0:0/96 */

struct pw_value pw_inet_get(enum pw_family *family, const void *addr_be)
{
	struct pw_value v;
	uint64_t half_be[2];
	uint32_t word_be;

	if (*family == PW_IPV4) {
		memcpy(&word_be, addr_be, sizeof(word_be));
		return pw_value32(be32toh(word_be));
	}
	memcpy(half_be, addr_be, sizeof(half_be));
	v = (struct pw_value){ be64toh(half_be[0]), be64toh(half_be[1]) };
	if (!v.hi && v.lo >> 32 == MAPPED_PREFIX) {
		*family = PW_IPV4;
		return pw_value32((uint32_t)v.lo);
	}
	return v;
}

void pw_inet_put(enum pw_family family, struct pw_value addr, void *addr_be)
{
	const uint64_t half_be[2] = { htobe64(addr.hi), htobe64(addr.lo) };
	const uint32_t word_be = htobe32((uint32_t)addr.lo);

	if (family == PW_IPV4)
		memcpy(addr_be, &word_be, sizeof(word_be));
	else
		memcpy(addr_be, half_be, sizeof(half_be));
}
