/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept in userdata: the table's format, a generation's stamp. */
#ifndef PORTWALL_NFT_LOAD_STAMP_H
#define PORTWALL_NFT_LOAD_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/load.h"

#define PW_USERDATA_MAX 256	/* bytes that nf_tables keeps */

/* Both return the length in bytes of what they wrote */
size_t pw_stamp_put(const struct pw_stamp *stamp,
		    uint8_t data[static PW_USERDATA_MAX]);
size_t pw_format_put(uint32_t format, uint8_t data[static PW_USERDATA_MAX]);

/* -ENOENT: there is none; -EBADMSG: there is one that is cut */
int pw_stamp_get(const void *data, size_t len, struct pw_stamp *out);
int pw_format_get(const void *data, size_t len, uint32_t *out);

#endif
