/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel calls itself. */
#ifndef PORTWALL_NETLINK_VERSION_H
#define PORTWALL_NETLINK_VERSION_H

#include <stdbool.h>

/* false also when it cannot be told */
bool pw_kernel_is_from(unsigned int major, unsigned int minor);

#endif
