// SPDX-License-Identifier: GPL-2.0-or-later
/* The addresses of a made-up host: all distinct, none but its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/scene.h"

#define MOST 8192	/* subnets of 28 bits in 198.18.0.0/15 */

static struct pw_scene *scene_of(size_t num)
{
	struct pw_scene *scene = pw_scene_new();
	char name[24];

	assert_non_null(scene);
	for (size_t i = 0; i < num; i++) {
		snprintf(name, sizeof(name), "if%zu", i);
		assert_int_equal(pw_scene_add_iface(scene, name, i % 2), i);
	}
	return scene;
}

static const char *text(enum pw_family family, struct pw_value addr)
{
	static char buf[PW_ADDR_STRLEN];

	return pw_addr_format(family, addr, buf);
}

static void gives_addresses(void **state)
{
	pw_owned(pw_scene_free) struct pw_scene *scene = scene_of(18);
	const struct pw_scene_iface *wire = &scene->ifaces[0];
	const struct pw_scene_iface *bridge = &scene->ifaces[17];

	(void)state;
	assert_string_equal(bridge->name, "if17");
	assert_true(bridge->bridge);
	assert_false(wire->bridge);
	assert_string_equal(text(PW_IPV4, wire->addr[PW_IPV4]), "198.18.0.1");
	assert_string_equal(text(PW_IPV4, wire->gateway[PW_IPV4]),
			    "198.18.0.2");
	assert_string_equal(text(PW_IPV4, wire->broadcast), "198.18.0.15");
	assert_string_equal(text(PW_IPV6, wire->addr[PW_IPV6]), "2001:2::1");
	assert_false(pw_value_cmp(wire->container[PW_IPV4], pw_value32(0)));
	assert_string_equal(text(PW_IPV4, bridge->container[PW_IPV4]),
			    "198.18.1.19");
	assert_string_equal(text(PW_IPV6, bridge->container[PW_IPV6]),
			    "2001:2:0:11::3");
	assert_string_equal(text(PW_IPV4, bridge->broadcast), "198.18.1.31");
}

/* Subnets ascend, so each is above all before it */
static void subnets_are_apart(void **state)
{
	pw_owned(pw_scene_free) struct pw_scene *scene = scene_of(MOST);

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		const struct pw_scene_iface *iface = &scene->ifaces[i];

		assert_int_equal(iface->addr[PW_IPV4].lo >> 17,
				 0xc6120000u >> 17);
		assert_int_equal(iface->addr[PW_IPV6].hi >> 16,
				 0x200100020000u);
		if (!i)
			continue;
		assert_int_equal(iface->addr[PW_IPV4].lo - 16,
				 iface[-1].addr[PW_IPV4].lo);
		assert_int_equal(iface->addr[PW_IPV6].hi - 1,
				 iface[-1].addr[PW_IPV6].hi);
	}
	assert_int_equal(pw_scene_add_iface(scene, "eth0", false), -ENOSPC);
	assert_int_equal(scene->num_ifaces, MOST);
}

static void names_fit(void **state)
{
	pw_owned(pw_scene_free) struct pw_scene *scene = scene_of(0);

	(void)state;
	assert_int_equal(pw_scene_add_iface(scene, "fifteen-letters", false),
			 0);
	assert_int_equal(pw_scene_add_iface(scene, "sixteen--letters", false),
			 -ENOSPC);
}

static const struct owns_case {
	const char *addr;
	bool owned;
} owns_cases[] = {
	{ "198.18.0.0", true },		{ "198.18.0.31", true },
	{ "198.18.0.32", false },	{ "198.17.255.255", false },
	{ "198.19.255.255", false },	{ "0.0.0.0", false },
	{ "203.0.113.7", true },	{ "203.0.113.8", false },
	{ "2001:2::", true },		{ "2001:2:0:1:ffff::", true },
	{ "2001:2:0:2::", false },	{ "2001:1::", false },
	{ "2001:db8::7", true },	{ "2001:db8::8", false },
	{ "::198.18.0.1", false },	{ "::ffff:198.18.0.1", false },
};

static struct pw_addr_range parsed(const char *addr)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(addr, strlen(addr), &range), 0);
	return range;
}

static void add_local(struct pw_scene *scene, const char *addr)
{
	struct pw_addr_range range = parsed(addr);
	struct pw_scene_addr local = { range.family, range.range.first };

	assert_int_equal(PW_ARRAY_PUSH(scene->locals, scene->num_locals,
				       scene->cap_locals, local), 0);
}

static void owns_its_addresses(void **state)
{
	pw_owned(pw_scene_free) struct pw_scene *scene = scene_of(2);

	(void)state;
	add_local(scene, "203.0.113.7");
	add_local(scene, "2001:db8::7");
	for (size_t i = 0; i < PW_ARRAY_SIZE(owns_cases); i++) {
		const struct owns_case *tc = &owns_cases[i];
		struct pw_addr_range range = parsed(tc->addr);

		if (pw_scene_owns(scene, range.family, range.range.first) !=
		    tc->owned)
			fail_msg("%s", tc->addr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_addresses),
		cmocka_unit_test(subnets_are_apart),
		cmocka_unit_test(names_fit),
		cmocka_unit_test(owns_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
