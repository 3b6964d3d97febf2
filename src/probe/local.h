/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is an address one of this host? */
#ifndef PROBE_LOCAL_H
#define PROBE_LOCAL_H

#include "portwall/addr.h"

/*
 * 0: packets to it stay here; -EADDRNOTAVAIL: they would leave, or there is no
 * way for them; other errors of the kernel
 */
int pw_addr_is_local(enum pw_family family, struct pw_value addr);

#endif
