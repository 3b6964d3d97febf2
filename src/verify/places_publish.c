/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Published ports: of TCP and of UDP one that the policy allows, to anyone if
 * that can be, and one that nothing allows. Each leads to the other's number in
 * the container, so that rules that judge the port behind the NAT get both
 * wrong.
 */
#include <errno.h>
#include <netinet/in.h>

#include "portwall/array.h"
#include "verify/places_priv.h"

/* What services listen on that nobody wants to see in public, or at all */
static const uint16_t unwanted[] = {
	5432, 6379, 3306, 9200, 11211, 2375, 8080, 161, 69, 5000,
};

static const uint16_t wanted[] = { 443, 80, 53 };

/* The more anybody may reach it, the better it shows */
static int openness(const struct pw_section *s)
{
	return 4 * s->any_from + 2 * (!s->rate.set && !s->connections.set) +
	       s->any_on;
}

/* The port of the section that is most open; 0: none */
static uint16_t allowed_port(const struct pw_model *model, enum pw_transport t)
{
	const struct pw_section *best = NULL;

	for (size_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		if (!s->block && s->to_local && s->ports[t]->num &&
		    (!best || openness(s) > openness(best)))
			best = s;
	}
	if (!best)
		return 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(wanted); i++)
		if (pw_rangeset_contains32(best->ports[t], wanted[i]))
			return wanted[i];
	return (uint16_t)best->ports[t]->r32[0].first;
}

static bool is_allowed(const struct pw_model *model, enum pw_transport t,
		       uint32_t port)
{
	for (size_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		if (!s->block && pw_rangeset_contains32(s->ports[t], port))
			return true;
	}
	return false;
}

/* A port that nothing allows; 0: none is known */
static uint16_t closed_port(const struct pw_model *model, enum pw_transport t)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(unwanted); i++)
		if (!is_allowed(model, t, unwanted[i]))
			return unwanted[i];
	return 0;
}

static int publish(struct pw_scene *scene, uint32_t bridge, uint8_t proto,
		   uint16_t port, uint16_t to)
{
	struct pw_scene_publish item = {
		.bridge = bridge, .proto = proto, .port = port, .to = to,
	};

	if (!port)
		return 0;
	if (!to)	/* as good as any that is not @port */
		item.to = port ^ 1 ? port ^ 1 : 2;
	return PW_ARRAY_PUSH(scene->publish, scene->num_publish,
			     scene->cap_publish, item);
}

int pw_places_publish(struct pw_places *places, const struct pw_model *model)
{
	static const enum pw_transport transports[] = { PW_TCP, PW_UDP };
	struct pw_scene *scene = places->scene;
	uint32_t bridge = 0;
	int err = 0;

	while (bridge < scene->num_ifaces && !scene->ifaces[bridge].bridge)
		bridge++;
	if (bridge == scene->num_ifaces)
		return 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(transports) && !err; i++) {
		uint8_t proto = pw_transport_proto(transports[i]);
		uint16_t open = allowed_port(model, transports[i]);
		uint16_t closed = closed_port(model, transports[i]);

		err = publish(scene, bridge, proto, open, closed);
		if (!err)
			err = publish(scene, bridge, proto, closed, open);
	}
	return err;
}
