// SPDX-License-Identifier: GPL-2.0-or-later
/* Text that ends with a line of its own checksum. */
#include <stdlib.h>
#include <string.h>

#include "state/bundle.h"
#include "state/objects.h"

#define HEX_LEN 64

bool pw_sealed(const char *bytes, size_t len, const char *prefix,
	       size_t *text_len)
{
	size_t prefix_len = strlen(prefix), line = prefix_len + HEX_LEN + 1;
	uint8_t want[32], found[32];
	const char *last;

	if (len < line || bytes[len - 1] != '\n')
		return false;
	last = bytes + len - line;
	if (memcmp(last, prefix, prefix_len) ||
	    !pw_hex_parse(last + prefix_len, HEX_LEN, want))
		return false;
	pw_bytes_digest(bytes, len - line, found);
	if (memcmp(want, found, sizeof(want)))
		return false;
	*text_len = len - line;
	return true;
}

char *pw_seal(const char *text, size_t len, const char *prefix,
	      size_t *sealed_len)
{
	size_t prefix_len = strlen(prefix);
	char *sealed = malloc(len + prefix_len + HEX_LEN + 2), *to;
	uint8_t digest[32];

	if (!sealed)
		return NULL;
	memcpy(sealed, text, len);
	to = sealed + len;
	memcpy(to, prefix, prefix_len);
	to += prefix_len;
	pw_bytes_digest(text, len, digest);
	pw_hex_format(digest, to);
	to += HEX_LEN;
	memcpy(to, "\n", 2);
	*sealed_len = (size_t)(to + 1 - sealed);
	return sealed;
}
