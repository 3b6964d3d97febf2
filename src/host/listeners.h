/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources that the list of listeners is gathered from. */
#ifndef HOST_LISTENERS_H
#define HOST_LISTENERS_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/listen.h"

struct pw_listener_list {
	struct pw_listener *items;
	size_t num, cap;
};

/**
 * struct pw_socket_kind - Sockets of one protocol
 * @state:	what a socket of it that takes strangers' packets is in, TCP_*
 * @raw:	the "port" the kernel tells is a protocol
 * @name:	for struct pw_listeners' @missing
 * @known:	by family: its name in /proc/net/protocols
 * @file:	by family: its list below /proc/net, NULL: none we could read
 */
struct pw_socket_kind {
	uint8_t proto, state;
	bool raw;
	const char *name;
	const char *known[PW_NUM_FAMILIES];
	const char *file[PW_NUM_FAMILIES];
};

/* One reply of inet_diag: adds what listens. 0; -ENOMEM; -EBADMSG */
int pw_listen_decode(const struct pw_socket_kind *kind,
		     const struct nlmsghdr *nlh,
		     struct pw_listener_list *out);

/* By sock_diag. 0; -ENOENT and others: this kernel cannot; -ENOMEM */
int pw_listen_diag(const struct pw_socket_kind *kind, enum pw_family family,
		   struct pw_listener_list *out);

/* By the text below /proc/net: without devices, and whether an IPv6 wildcard
 * takes IPv4 is taken for yes. 0; -ENOENT: no such list; -ENOMEM */
int pw_listen_text(const struct pw_socket_kind *kind, enum pw_family family,
		   struct pw_listener_list *out);

/* Packet sockets that see IP. 0; -ENOENT and others: unknown; -ENOMEM */
int pw_listen_packet(struct pw_listener_list *out);

/* One more socket; a wildcard of both families becomes two. 0; -ENOMEM */
int pw_listen_add(struct pw_listener_list *out, struct pw_listener listener,
		  bool takes_ipv4);

/*
 * Ports of TCP, UDP, UDP-Lite and SCTP, without owners and without what this
 * kernel does not tell: cheap enough to be asked every few seconds. 0; -ENOMEM
 */
int pw_listen_ports(struct pw_listener_list *out);

/* Whose they are; removes what this process alone holds. 0; -ENOMEM */
int pw_listen_owners(struct pw_listeners *listeners);

#endif
