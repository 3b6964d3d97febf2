/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The services database as text, so that names mean at boot what they meant. */
#ifndef STATE_SERVICES_H
#define STATE_SERVICES_H

#include <stddef.h>

#include "portwall/host.h"

/* "NAME PORT PROTO" a line; the caller frees. 0 or -ENOMEM */
int pw_services_print(const struct pw_host *host, char **text, size_t *len);

/* Replaces those of @host. 0; -EBADMSG: not what the above has made; -ENOMEM;
 * then @host is as it was */
int pw_services_parse(const char *text, size_t len, struct pw_host *host);

#endif
