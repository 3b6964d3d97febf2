// SPDX-License-Identifier: GPL-2.0-or-later
/* User data of rules, sets and objects: comments. */
#include "nft/udata.h"

static bool copy_text(const uint8_t *text, size_t len,
		      char out[static COMMENT_MAX + 1])
{
	size_t i = 0;

	for (; i < len && i < COMMENT_MAX && text[i]; i++)
		out[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
	out[i] = '\0';
	return i;
}

bool udata_comment(const void *udata, size_t len, uint8_t type,
		   char out[static COMMENT_MAX + 1])
{
	const uint8_t *bytes = udata;

	/* a header is type and length of one byte each, nothing is padded */
	while (bytes && len >= 2 && bytes[1] <= len - 2) {
		size_t step = 2 + bytes[1];

		if (bytes[0] == type)
			return copy_text(bytes + 2, bytes[1], out);
		bytes += step;
		len -= step;
	}
	return false;
}
