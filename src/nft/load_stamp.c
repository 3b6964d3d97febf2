// SPDX-License-Identifier: GPL-2.0-or-later
/* Userdata of the table and of a generation's chain. */
#include "nft/load_stamp.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/*
 * Userdata is a list of (type, length, value), each of the first two a byte.
 * nft keeps comments under 0 and passes over types that it does not know; this
 * one is far from those that it is likely to use next.
 */
#define TLV_PORTWALL 0x50
#define INSECURE 0x01

/* Numbers big-endian; the name follows, as long as the value lasts */
struct packed_stamp {
	uint32_t generation_be;
	uint32_t uid_be, sudo_uid_be;
	uint8_t flags;
	uint8_t time_ns_be[8];
	uint8_t digest[32], rules[32];
} __attribute__((packed));

size_t pw_stamp_put(const struct pw_stamp *stamp,
		    uint8_t data[static PW_USERDATA_MAX])
{
	struct packed_stamp packed = {
		.generation_be = htobe32(stamp->generation),
		.uid_be = htobe32(stamp->uid),
		.sudo_uid_be = htobe32(stamp->sudo_uid),
		.flags = stamp->insecure ? INSECURE : 0,
	};
	const uint64_t time_be = htobe64(stamp->time_ns);
	size_t name_len = strnlen(stamp->source, sizeof(stamp->source) - 1);

	memcpy(packed.time_ns_be, &time_be, sizeof(time_be));
	memcpy(packed.digest, stamp->digest, sizeof(packed.digest));
	memcpy(packed.rules, stamp->rules, sizeof(packed.rules));
	data[0] = TLV_PORTWALL;
	data[1] = (uint8_t)(sizeof(packed) + name_len);
	memcpy(data + 2, &packed, sizeof(packed));
	memcpy(data + 2 + sizeof(packed), stamp->source, name_len);
	return 2 + sizeof(packed) + name_len;
}

size_t pw_format_put(uint32_t format, uint8_t data[static PW_USERDATA_MAX])
{
	const uint32_t be = htobe32(format);

	data[0] = TLV_PORTWALL;
	data[1] = sizeof(be);
	memcpy(data + 2, &be, sizeof(be));
	return 2 + sizeof(be);
}

/* Our value in the list; NULL: not there, or longer than the list */
static const uint8_t *find(const uint8_t *data, size_t len, size_t *value_len)
{
	size_t at = 0;

	while (len - at >= 2 && len - at - 2 >= data[at + 1]) {
		*value_len = data[at + 1];
		if (data[at] == TLV_PORTWALL)
			return data + at + 2;
		at += 2 + *value_len;
	}
	return NULL;
}

int pw_stamp_get(const void *data, size_t len, struct pw_stamp *out)
{
	const uint8_t *value = find(data, len, &len);
	struct packed_stamp packed;
	uint64_t time_be;

	if (!value)
		return -ENOENT;
	if (len < sizeof(packed) ||
	    len - sizeof(packed) >= sizeof(out->source))
		return -EBADMSG;
	memcpy(&packed, value, sizeof(packed));
	memcpy(&time_be, packed.time_ns_be, sizeof(time_be));
	*out = (struct pw_stamp){
		.generation = be32toh(packed.generation_be),
		.time_ns = be64toh(time_be),
		.uid = be32toh(packed.uid_be),
		.sudo_uid = be32toh(packed.sudo_uid_be),
		.insecure = packed.flags & INSECURE,
	};
	memcpy(out->digest, packed.digest, sizeof(out->digest));
	memcpy(out->rules, packed.rules, sizeof(out->rules));
	memcpy(out->source, value + sizeof(packed), len - sizeof(packed));
	return 0;
}

int pw_format_get(const void *data, size_t len, uint32_t *out)
{
	const uint8_t *value = find(data, len, &len);
	uint32_t be;

	if (!value)
		return -ENOENT;
	if (len != sizeof(be))
		return -EBADMSG;
	memcpy(&be, value, sizeof(be));
	*out = be32toh(be);
	return 0;
}
