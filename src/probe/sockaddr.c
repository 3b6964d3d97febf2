// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and ports as sockets take them. */
#include "probe/sockaddr.h"

#include <endian.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SPARE_FILES 32		/* descriptors that are left to others */

struct pw_sockaddr pw_sockaddr_of(enum pw_family family, struct pw_value addr,
				  uint16_t port)
{
	const uint64_t half_be[2] = { htobe64(addr.hi), htobe64(addr.lo) };
	struct pw_sockaddr to = { 0 };

	if (family == PW_IPV4) {
		to.in.sin_family = AF_INET;
		to.in.sin_addr.s_addr = htonl((uint32_t)addr.lo);
		to.len = sizeof(to.in);
	} else {
		to.in6.sin6_family = AF_INET6;
		memcpy(&to.in6.sin6_addr, half_be, sizeof(half_be));
		to.len = sizeof(to.in6);
	}
	pw_sockaddr_set_port(&to, port);
	return to;
}

void pw_sockaddr_set_port(struct pw_sockaddr *to, uint16_t port)
{
	if (to->sa.sa_family == AF_INET)
		to->in.sin_port = htons(port);
	else
		to->in6.sin6_port = htons(port);
}

uint16_t pw_sockaddr_port(const struct pw_sockaddr *of)
{
	return ntohs(of->sa.sa_family == AF_INET ? of->in.sin_port :
						   of->in6.sin6_port);
}

struct pw_value pw_sockaddr_addr(const struct pw_sockaddr *of)
{
	uint64_t half_be[2];

	if (of->sa.sa_family == AF_INET)
		return pw_value32(ntohl(of->in.sin_addr.s_addr));
	memcpy(half_be, &of->in6.sin6_addr, sizeof(half_be));
	return (struct pw_value){ be64toh(half_be[0]), be64toh(half_be[1]) };
}

uint16_t pw_socket_port(int fd)
{
	struct pw_sockaddr at = { .len = sizeof(at.in6) };

	if (getsockname(fd, &at.sa, &at.len))
		return 0;
	return pw_sockaddr_port(&at);
}

size_t pw_socket_room(size_t most)
{
	struct rlimit limit;
	int fd = dup(STDIN_FILENO);	/* the lowest that is free */
	size_t used = (fd < 0 ? 0 : (size_t)fd) + SPARE_FILES;

	if (fd >= 0)
		close(fd);
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < used + most)
		most = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
	return most ? most : 1;
}
