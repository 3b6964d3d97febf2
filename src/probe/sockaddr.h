/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and ports as sockets take them. */
#ifndef PROBE_SOCKADDR_H
#define PROBE_SOCKADDR_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "portwall/addr.h"

struct pw_sockaddr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

struct pw_sockaddr pw_sockaddr_of(enum pw_family family, struct pw_value addr,
				  uint16_t port);
void pw_sockaddr_set_port(struct pw_sockaddr *to, uint16_t port);
uint16_t pw_sockaddr_port(const struct pw_sockaddr *of);
struct pw_value pw_sockaddr_addr(const struct pw_sockaddr *of);

/* The port that @fd is bound to, 0: none */
uint16_t pw_socket_port(int fd);

/* How many sockets this process may still open, at least 1 and at most @most */
size_t pw_socket_room(size_t most);

#endif
