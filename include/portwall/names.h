/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that the language takes from the field: protocols, units, interfaces. */
#ifndef PORTWALL_NAMES_H
#define PORTWALL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rangeset.h"

#define PW_NAME_MAX 40		/* bytes of a section's or list's name */
#define PW_IFNAME_MAX 15	/* bytes: IFNAMSIZ - 1, <net/if.h> */

/* Name of an IP protocol in lower case ("esp"), NULL if it has none here */
const char *pw_proto_name(uint8_t proto);
/* Number of a protocol by name; -ENOENT */
int pw_proto_by_name(const char *name, size_t len, uint8_t *out);

/*
 * Interface names as numbers of 128 bits: the 16 bytes of IFNAMSIZ, the first
 * byte highest, NUL-padded, so that the order is the order of the bytes.
 * "br-*" is the range of all names that start with br-.
 */
/* A name, or a glob with one '*' at its end. 0; -EINVAL: too long, empty, '/',
 * white space, '*' elsewhere, "." or ".." */
int pw_ifname_range(const char *text, size_t len, struct pw_range *out);
/* Inverse; returns @buf of 17 bytes; a range that is no glob gives "first" */
const char *pw_ifname_format(const struct pw_range *range, char buf[static 17]);

/**
 * struct pw_rate - N/UNIT [burst N]
 * @unit_s:	1, 60, 3600 or 86400
 * @burst:	as written, or @count
 */
struct pw_rate {
	uint32_t count;
	uint32_t unit_s;
	uint32_t burst;
};

/* "second", "minute", "hour", "day"; NULL for any other number */
const char *pw_rate_unit_name(uint32_t unit_s);
/* As a policy writes it: "6/minute burst 10"; its unit has a name */
void pw_rate_print(const struct pw_rate *rate, FILE *out);

/* Known word nearest to @word (bounded edit distance), NULL when none is near */
const char *pw_nearest(const char *word, size_t len,
		       const char *const *known, size_t num_known);

#endif
