/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of this thread, and of what it starts. */
#ifndef CONFINE_CAPS_H
#define CONFINE_CAPS_H

#include <stdint.h>

/*
 * Permitted, inheritable and bounding set without what @keep does not have,
 * nothing effective, nothing new by execve(2). 0; -errno: some may be left
 */
int pw_caps_keep(uint64_t keep);

#endif
