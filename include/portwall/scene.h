/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network that a rehearsal plays in: what the sandbox has to build. */
#ifndef PORTWALL_SCENE_H
#define PORTWALL_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "own.h"

#define PW_SCENE_PREFIX4 28
#define PW_SCENE_PREFIX6 64

/**
 * struct pw_scene_iface - An interface of the rehearsed host
 * @name:	as the policy names it, a name that its glob covers, or one that
 *		nobody names
 * @bridge:	one of `bridges`: behind it lie containers
 * @addr:	the host's unicast address there, PW_SCENE_PREFIX* long
 * @container:	@bridge: address of the container behind it
 * @gateway:	on the wire: next hop of what is not local
 * @broadcast:	IPv4, of its subnet
 */
struct pw_scene_iface {
	char name[16];
	bool bridge;
	struct pw_value addr[PW_NUM_FAMILIES];
	struct pw_value gateway[PW_NUM_FAMILIES];
	struct pw_value container[PW_NUM_FAMILIES];
	struct pw_value broadcast;
};

struct pw_scene_addr {
	enum pw_family family;
	struct pw_value addr;
};

/**
 * struct pw_scene_publish - A published container port
 * @bridge:	index in @ifaces
 * @port:	on the host's addresses
 * @to:		in the container
 */
struct pw_scene_publish {
	uint32_t bridge;
	uint8_t proto;		/* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port, to;
};

/**
 * struct pw_scene - Interfaces and addresses, all made up
 * @ifaces:	never lo; those that are no bridge first
 * @locals:	further unicast addresses of the host (`to` names them), on the
 *		first interface
 * @groups:	multicast addresses that the host listens to, on every interface
 * @publish:	as a container engine does it: DNAT in prerouting, both families
 *
 * Own addresses lie in 198.18.0.0/15 and 2001:2::/48, which are for tests of
 * network devices (RFC 2544, RFC 5180) and route nowhere.
 */
struct pw_scene {
	struct pw_scene_iface *ifaces;
	size_t num_ifaces, cap_ifaces;
	struct pw_scene_addr *locals;
	size_t num_locals, cap_locals;
	struct pw_scene_addr *groups;
	size_t num_groups, cap_groups;
	struct pw_scene_publish *publish;
	size_t num_publish, cap_publish;
};

struct pw_scene *pw_scene_new(void);
void pw_scene_free(struct pw_scene *scene);
PW_DEFINE_OWNED(struct pw_scene, pw_scene_free)

/* Appends an interface with addresses of its own. Its index; -ENOMEM; -ENOSPC */
int64_t pw_scene_add_iface(struct pw_scene *scene, const char *name,
			   bool bridge);

/* Is it an address of the scene's own subnets, the host's or the wire's? */
bool pw_scene_owns(const struct pw_scene *scene, enum pw_family family,
		   struct pw_value addr);

#endif
