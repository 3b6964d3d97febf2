/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of sets and maps as the bytes that the kernel compares. */
#ifndef NFT_KEYS_H
#define NFT_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/ruleset.h"

#define PW_KEY_MAX 40		/* bytes of the longest key */
#define PW_KEY_PARTS 4		/* parts of the longest concatenation */

/**
 * struct pw_key_info - How nf_tables and nft describe a key
 * @type:	NFTA_SET_KEY_TYPE: nft's numbers of data types
 * @len:	bytes, each part of a concatenation padded to 4
 * @byteorder:	enum byteorder of nft: 0 concatenation, 1 host, 2 network
 * @text:	as nft writes the type
 * @parts:	bytes of each part without padding, where ranges of
 *		concatenations can be: nft declares them then
 */
struct pw_key_info {
	uint32_t type;
	uint8_t len;
	uint8_t byteorder;
	const char *text;
	uint8_t parts[PW_KEY_PARTS];
};

const struct pw_key_info *pw_set_key_info(enum pw_set_type type);
const struct pw_key_info *pw_map_key_info(enum pw_map_key key);

/*
 * The fields that a key beginning with port and protocol is made of, in order;
 * returns their number, 0 for other types
 */
size_t pw_key_fields(enum pw_set_type type,
		     enum pw_field fields[static PW_KEY_PARTS]);

/**
 * pw_set_key() - Bytes of one element's key (NFTA_DATA_VALUE)
 * @value:	of the width of @type: ports 16, ifname 128, ..
 *
 * Sets keyed by mark are filled by rules alone and have no keys of ours.
 *
 * Return: length in bytes; 0 for the MARK types
 */
size_t pw_set_key(enum pw_set_type type, struct pw_value value,
		  uint8_t buf[static PW_KEY_MAX]);

/* Inverse. 0; -EBADMSG: not of that length, or a MARK type */
int pw_set_key_parse(enum pw_set_type type, const void *key, size_t len,
		     struct pw_value *out);

/* Are keys of this type made of parts? Only rules and openings fill such sets */
bool pw_set_is_concat(enum pw_set_type type);

/* The same for maps; see enum pw_map_key for @key */
size_t pw_map_key(enum pw_map_key kind, uint32_t key,
		  uint8_t buf[static PW_KEY_MAX]);
int pw_map_key_parse(enum pw_map_key kind, const void *key, size_t len,
		     uint32_t *out);

/* The low @len bytes of @value, highest byte first, and back; @len up to 16 */
void pw_value_to_be(struct pw_value value, uint8_t *buf, size_t len);
struct pw_value pw_value_from_be(const uint8_t *buf, size_t len);

#endif
