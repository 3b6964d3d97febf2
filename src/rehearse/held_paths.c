// SPDX-License-Identifier: GPL-2.0-or-later
/* From whom packets come that are no sweep: each class of source, once. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "rehearse/held.h"

#define MAX_CLASSES 64	/* beyond the plain ones, without --full */

static int cmp_path(const void *a, const void *b)
{
	const struct pw_path *p = a, *q = b;

	if (p->iface != q->iface)
		return p->iface < q->iface ? -1 : 1;
	if (p->family != q->family)
		return p->family < q->family ? -1 : 1;
	return pw_value_cmp(p->src, q->src);
}

static int add(struct pw_paths *paths, struct pw_path path)
{
	return PW_ARRAY_PUSH(paths->list, paths->num, paths->cap, path);
}

int pw_held_plain(const struct pw_scene *scene, struct pw_paths *paths)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < scene->num_ifaces; i++) {
		const struct pw_scene_iface *iface = &scene->ifaces[i];

		for (int f = 0; !err && f < PW_NUM_FAMILIES; f++)
			err = add(paths, (struct pw_path){
				.iface = i, .family = f,
				.src = iface->bridge ? iface->container[f] :
						       iface->gateway[f],
				.dst = iface->addr[f],
			});
	}
	return err;
}

/* Is this the first sweep of the plan from its class on its interface? */
static bool is_first(const struct pw_sweep *sweep, uint8_t *seen,
		     const struct pw_plan *plan)
{
	size_t bit = sweep->iface * plan->num_classes + sweep->class;
	bool first = !(seen[bit / 8] & 1u << bit % 8);

	seen[bit / 8] |= (uint8_t)(1u << bit % 8);
	return first;
}

/* Sources of the plan's sweeps, those that lie inside of their class */
static int add_classes(struct pw_held *held)
{
	const struct pw_plan *plan = held->stage->plan;
	size_t max = held->stage->how->all ? SIZE_MAX : MAX_CLASSES;
	uint8_t *seen = calloc(plan->scene->num_ifaces * plan->num_classes / 8
			       + 1, 1);
	size_t added = 0;
	int err = seen ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < plan->num_sweeps; i++) {
		const struct pw_sweep *sweep = &plan->sweeps[i];

		if (sweep->dst_kind != PW_DST_LOCAL ||
		    sweep->at == PW_AT_OUTSIDE || !is_first(sweep, seen, plan))
			continue;
		if (added++ >= max)
			held->left_out++;
		else
			err = add(&held->classes, (struct pw_path){
				.iface = sweep->iface,
				.family = sweep->family,
				.src = sweep->src, .dst = sweep->dst,
			});
	}
	free(seen);
	return err;
}

const char *pw_family_text(enum pw_family family)
{
	return family == PW_IPV4 ? "IPv4" : "IPv6";
}

int pw_held_case(struct pw_held *held, const char *what,
		 const struct pw_path *path)
{
	const struct pw_scene *scene = held->stage->plan->scene;

	if (held->of_path && held->of_path->iface == path->iface &&
	    held->of_path->family == path->family)
		return 0;
	held->of_path = path;
	return pw_tries_case(&held->tries, "%s on %s over %s", what,
			     scene->ifaces[path->iface].name,
			     pw_family_text(path->family));
}

struct pw_probe pw_held_probe(const struct pw_path *path, uint8_t proto)
{
	return (struct pw_probe){
		.iface = path->iface, .family = path->family,
		.src = path->src, .dst = path->dst, .proto = proto,
	};
}

/* Where NAT leads a packet elsewhere, the host itself says nothing of it */
static bool is_published(const struct pw_scene *scene, uint8_t proto,
			 uint32_t port)
{
	for (size_t i = 0; i < scene->num_publish; i++)
		if (scene->publish[i].proto == proto &&
		    scene->publish[i].port == port)
			return true;
	return false;
}

static uint16_t find_open(const uint8_t *what, const struct pw_scene *scene,
			  uint8_t proto, bool published)
{
	for (uint32_t port = 1; port < 65536; port++)
		if (what[port] == PW_EX_REACHABLE &&
		    (published || !is_published(scene, proto, port)))
			return (uint16_t)port;
	return 0;
}

/* Above the ports that clients choose, which are more telling */
static uint16_t find_closed(const uint8_t *what)
{
	for (uint32_t port = 65535; port > 0; port--)
		if (what[port] <= PW_EX_REFUSED)
			return (uint16_t)port;
	return 0;
}

int pw_held_ports(struct pw_held *held, const struct pw_path *path,
		  uint8_t proto, bool published, uint16_t *open,
		  uint16_t *closed)
{
	const struct pw_probe probe = pw_held_probe(path, proto);
	const struct pw_scene *scene = held->stage->plan->scene;
	const uint8_t *what = held->ports->what;
	const struct pw_model *model;
	struct pw_arrival arrival;

	pw_try_arrival(held->stage, &probe, PW_CONN_NEW, &arrival);
	model = pw_narrow_to(&held->tries.narrow, &arrival);
	if (!model)
		return -ENOMEM;
	pw_expect_ports(model, &arrival, held->ports);
	*open = find_open(what, scene, proto, false);
	if (!*open && published && !scene->ifaces[path->iface].bridge)
		*open = find_open(what, scene, proto, true);
	*closed = find_closed(what);
	return 0;
}

static int add_if_telling(struct pw_held *held, const struct pw_path *path,
			  bool *told)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	uint16_t open, closed;
	int err = 0;

	for (size_t i = 0; !err && !*told && i < PW_ARRAY_SIZE(protos); i++) {
		err = pw_held_ports(held, path, protos[i], false, &open,
				    &closed);
		*told = !err && open;
	}
	return err || !*told ? err : add(&held->telling, *path);
}

static bool same_place(const struct pw_path *a, const struct pw_path *b)
{
	return a->iface == b->iface && a->family == b->family;
}

static int add_telling(struct pw_held *held, const struct pw_path *plain)
{
	bool told = false;
	int err = add_if_telling(held, plain, &told);

	for (size_t i = 0; !err && !told && i < held->classes.num; i++)
		if (same_place(&held->classes.list[i], plain))
			err = add_if_telling(held, &held->classes.list[i],
					     &told);
	return err || told ? err : add(&held->telling, *plain);
}

int pw_held_paths(struct pw_held *held)
{
	int err = pw_held_plain(held->stage->plan->scene, &held->plain);

	if (!err)
		err = pw_held_plain(held->stage->plan->scene, &held->classes);
	if (!err)
		err = add_classes(held);
	if (!err)
		qsort(held->classes.list, held->classes.num,
		      sizeof(*held->classes.list), cmp_path);
	for (size_t i = 0; !err && i < held->plain.num; i++)
		err = add_telling(held, &held->plain.list[i]);
	return err;
}

void pw_held_paths_free(struct pw_held *held)
{
	free(held->plain.list);
	free(held->classes.list);
	free(held->telling.list);
}
