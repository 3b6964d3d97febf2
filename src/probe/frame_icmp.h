/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind the first four bytes of ICMP and ICMPv6 messages. */
#ifndef PROBE_FRAME_ICMP_H
#define PROBE_FRAME_ICMP_H

#include "probe/frame.h"

/* The end of what a probe without payload has there */
uint8_t *pw_icmp_put_rest(uint8_t *to, const struct pw_probe *probe,
			  const struct pw_frame_how *how);

/* Is it id, number and cookie, as in echo requests? */
bool pw_icmp_is_echo_like(const struct pw_probe *probe);

#endif
