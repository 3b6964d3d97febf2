/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of numbers as sorted disjoint ranges: a name made of the content. */
#include <sha256.h>

#include "net/rangeset_priv.h"

#define CHUNK_LEN 4096
#define RANGE_MAX_LEN (2 * 19)	/* two numbers of 128 bits, 7 bits a byte */

static unsigned __int128 wide(struct pw_value v)
{
	return (unsigned __int128)v.hi << 64 | v.lo;
}

/* Seven bits a byte, lowest first; the top bit says that more follow */
static size_t put_number(uint8_t *to, unsigned __int128 n)
{
	size_t len = 0;

	for (; n > 0x7f; n >>= 7)
		to[len++] = (uint8_t)n | 0x80;
	to[len++] = (uint8_t)n;
	return len;
}

/*
 * Hashed are the distances, not the ends: hashing takes most of the time of a
 * large set, and a million addresses need 3 MB this way instead of 8.
 */
void pw_rangeset_digest(const struct pw_rangeset *set, uint8_t digest[32])
{
	unsigned __int128 end = 0;
	uint8_t chunk[CHUNK_LEN];
	size_t len = 0;
	SHA256_CTX ctx;

	SHA256Init(&ctx);
	chunk[len++] = set->bits;
	for (size_t i = 0; i < set->num; i++) {
		struct pw_range range = pw_rangeset_get(set, i);

		len += put_number(chunk + len, wide(range.first) - end);
		end = wide(range.last);
		len += put_number(chunk + len, end - wide(range.first));
		if (len > CHUNK_LEN - RANGE_MAX_LEN) {
			SHA256Update(&ctx, chunk, len);
			len = 0;
		}
	}
	SHA256Update(&ctx, chunk, len);
	SHA256Final(digest, &ctx);
}
