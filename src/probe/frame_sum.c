// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers in network order, and checksums over them. */
#include <endian.h>
#include <string.h>

#include "probe/frame.h"

uint16_t pw_get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

uint32_t pw_get32(const uint8_t *from)
{
	uint32_t n_be;

	memcpy(&n_be, from, sizeof(n_be));
	return be32toh(n_be);
}

static uint64_t get64(const uint8_t *from)
{
	uint64_t n_be;

	memcpy(&n_be, from, sizeof(n_be));
	return be64toh(n_be);
}

struct pw_value pw_get_addr(enum pw_family family, const uint8_t *from)
{
	if (family == PW_IPV4)
		return pw_value32(pw_get32(from));
	return (struct pw_value){ get64(from), get64(from + 8) };
}

uint8_t *pw_put16(uint8_t *to, uint16_t n)
{
	to[0] = n >> 8;
	to[1] = n & 0xff;
	return to + sizeof(n);
}

uint8_t *pw_put32(uint8_t *to, uint32_t n)
{
	uint32_t n_be = htobe32(n);

	memcpy(to, &n_be, sizeof(n_be));
	return to + sizeof(n_be);
}

uint8_t *pw_put_addr(uint8_t *to, enum pw_family family, struct pw_value addr)
{
	if (family == PW_IPV6) {
		to = pw_put32(to, addr.hi >> 32);
		to = pw_put32(to, addr.hi & UINT32_MAX);
		to = pw_put32(to, addr.lo >> 32);
	}
	return pw_put32(to, addr.lo & UINT32_MAX);
}

/* In the machine's own order, which RFC 1071 allows as long as it is kept */
uint64_t pw_sum(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	if (len) {
		word = 0;
		memcpy(&word, at, len);
		sum += word;
	}
	return sum;
}

uint16_t pw_sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t pw_sum_transport(const struct pw_probe *probe, uint8_t proto,
			  const uint8_t *data, size_t len)
{
	uint8_t pseudo[40], *end = pseudo;

	end = pw_put_addr(end, probe->family, probe->src);
	end = pw_put_addr(end, probe->family, probe->dst);
	end = pw_put32(end, (uint32_t)len);
	end = pw_put32(end, proto);
	return pw_sum_fold(pw_sum(pw_sum(0, pseudo, (size_t)(end - pseudo)),
				  data, len));
}

#define CRC32C_POLYNOMIAL 0x82f63b78u	/* reflected */

uint32_t pw_crc32c(const uint8_t *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
	}
	return ~crc;
}
