/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of services: the system's database as a sorted array. */
#ifndef HOST_SERVICES_H
#define HOST_SERVICES_H

#include "portwall/host.h"

/* Fills @host->services; 0 or -ENOMEM (what is there is freed with @host) */
int pw_services_gather(struct pw_host *host);

#endif
