/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a UDP service is asked, so that it answers. */
#ifndef PROBE_QUESTION_H
#define PROBE_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#define PW_QUESTION_MAX 1200	/* bytes */

/*
 * Writes a harmless question in the protocol that lives on @port by custom, or
 * a single zero byte. Returns its length.
 */
size_t pw_question(uint16_t port, uint8_t out[static PW_QUESTION_MAX]);

#endif
