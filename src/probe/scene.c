// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of a made-up host, and the addresses they get. */
#include "portwall/scene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

/* 198.18.0.0/15, RFC 2544 */
#define TEST_NET4 0xc6120000u
#define TEST_NET4_LEN 15
/* 2001:2::/48, RFC 5180: a subnet has the interface's index as fourth group */
#define TEST_NET6_HI 0x2001000200000000u
#define TEST_NET6_SUBNETS 65536u

#define MAX_IFACES (1u << (PW_SCENE_PREFIX4 - TEST_NET4_LEN))
_Static_assert(MAX_IFACES <= TEST_NET6_SUBNETS, "a /64 for each /28");

/* Hosts of a subnet, in both families */
enum { HOST_OWN = 1, HOST_GATEWAY = 2, HOST_CONTAINER = 3 };

struct pw_scene *pw_scene_new(void)
{
	return calloc(1, sizeof(struct pw_scene));
}

void pw_scene_free(struct pw_scene *scene)
{
	if (!scene)
		return;
	free(scene->ifaces);
	free(scene->locals);
	free(scene->groups);
	free(scene->publish);
	free(scene);
}

static struct pw_value subnet_host(enum pw_family family, size_t subnet,
				   unsigned int host)
{
	if (family == PW_IPV6)
		return (struct pw_value){ TEST_NET6_HI | subnet, host };
	return pw_value32(TEST_NET4 |
			  (uint32_t)subnet << (32 - PW_SCENE_PREFIX4) | host);
}

int64_t pw_scene_add_iface(struct pw_scene *scene, const char *name,
			   bool bridge)
{
	struct pw_scene_iface iface = { .bridge = bridge };
	size_t index = scene->num_ifaces;
	int err;

	if (index >= MAX_IFACES || strlen(name) >= sizeof(iface.name))
		return -ENOSPC;
	strcpy(iface.name, name);
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		iface.addr[f] = subnet_host(f, index, HOST_OWN);
		iface.gateway[f] = subnet_host(f, index, HOST_GATEWAY);
		if (bridge)
			iface.container[f] = subnet_host(f, index,
							 HOST_CONTAINER);
	}
	iface.broadcast = subnet_host(PW_IPV4, index,
				      (1u << (32 - PW_SCENE_PREFIX4)) - 1);
	err = PW_ARRAY_PUSH(scene->ifaces, scene->num_ifaces,
			    scene->cap_ifaces, iface);
	return err ? err : (int64_t)index;
}

static bool owns_subnet(const struct pw_scene *scene, enum pw_family family,
			struct pw_value addr)
{
	uint64_t subnet;

	if (family == PW_IPV6) {
		subnet = addr.hi ^ TEST_NET6_HI;
		return subnet < scene->num_ifaces;
	}
	subnet = (addr.lo ^ TEST_NET4) >> (32 - PW_SCENE_PREFIX4);
	return !addr.hi && subnet < scene->num_ifaces;
}

bool pw_scene_owns(const struct pw_scene *scene, enum pw_family family,
		   struct pw_value addr)
{
	for (size_t i = 0; i < scene->num_locals; i++) {
		if (scene->locals[i].family == family &&
		    !pw_value_cmp(scene->locals[i].addr, addr))
			return true;
	}
	return owns_subnet(scene, family, addr);
}
