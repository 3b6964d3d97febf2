/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary openings as words and as JSON. */
#ifndef CLI_OPENING_H
#define CLI_OPENING_H

#include <jansson.h>
#include <stdio.h>

#include "portwall/openings.h"

/* "tcp/2222-2230 from 198.51.100.7 on eth0" */
void opening_put(const struct pw_opening *opening, FILE *out);
/* @left_ms too */
json_t *opening_object(const struct pw_opening *opening);

#endif
