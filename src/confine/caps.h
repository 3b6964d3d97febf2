/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of this thread, and of what it starts. */
#ifndef CONFINE_CAPS_H
#define CONFINE_CAPS_H

#include <stdint.h>

/* A capability as a bit of a set: CAP_BIT(CAP_NET_ADMIN) */
#define CAP_BIT(cap) (UINT64_C(1) << (cap))

/* As pw_confine_start(), without the calls. 0; -errno: some may be left */
int pw_caps_keep(uint64_t keep);

#endif
