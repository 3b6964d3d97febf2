/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must become of a sweep's packets: asked of the sections of its class. */
#include <stdlib.h>
#include <string.h>

#include "portwall/names.h"
#include "verify/expect.h"
#include "verify/plan.h"

void pw_sweep_arrival(const struct pw_plan *plan, const struct pw_sweep *sweep,
		      struct pw_arrival *out)
{
	const char *name = plan->scene->ifaces[sweep->iface].name;
	struct pw_range iface = { 0 };

	/* a name of the scene is one */
	pw_ifname_range(name, strlen(name), &iface);
	*out = (struct pw_arrival){
		.iface = iface.first, .family = sweep->family,
		.src = sweep->src, .dst = sweep->dst,
		.dst_kind = sweep->dst_kind, .state = PW_CONN_NEW,
		.proto = sweep->proto, .hop_limit = 64,
	};
}

/* Sections that cover the class: of two sorted lists what is in one alone */
static size_t merge(const struct pw_source_class *anyone,
		    const struct pw_source_class *class, uint32_t *out)
{
	size_t num = 0, a = 0, c = 0;

	while (a < anyone->num_sections || c < class->num_sections) {
		uint32_t of_anyone = a < anyone->num_sections ?
				     anyone->sections[a] : UINT32_MAX;
		uint32_t of_class = c < class->num_sections ?
				    class->sections[c] : UINT32_MAX;

		a += of_anyone <= of_class;
		c += of_class <= of_anyone;
		if (of_anyone != of_class)
			out[num++] = of_anyone < of_class ? of_anyone :
							    of_class;
	}
	return num;
}

static void expect_sections(const struct pw_model *model,
			    const struct pw_plan *plan,
			    const struct pw_sweep *sweep,
			    const struct pw_arrival *arrival,
			    struct pw_ports_expected *out)
{
	const struct pw_source_class *class = &plan->classes[sweep->class];
	const struct pw_source_class *anyone =
		&plan->classes[plan->anyone[sweep->family]];
	uint32_t *sections = NULL;

	if (class == anyone) {
		pw_expect_ports_of(model, arrival, anyone->sections,
				   anyone->num_sections, out);
		return;
	}
	if (class->listed)
		sections = malloc((anyone->num_sections + class->num_sections +
				   1) * sizeof(*sections));
	if (sections)
		pw_expect_ports_of(model, arrival, sections,
				   merge(anyone, class, sections), out);
	else	/* slower, and the same */
		pw_expect_ports(model, arrival, out);
	free(sections);
}

/* Ports that lead to a container are another matter on a bridge */
static void expect_published(const struct pw_model *model,
			     const struct pw_scene *scene,
			     const struct pw_arrival *arrival,
			     struct pw_ports_expected *out)
{
	struct pw_arrival published = *arrival;
	struct pw_expectation expected;

	published.published = true;
	for (size_t i = 0; i < scene->num_publish; i++) {
		const struct pw_scene_publish *item = &scene->publish[i];

		if (item->proto != arrival->proto)
			continue;
		published.dport = item->port;
		pw_expect(model, &published, &expected);
		out->what[item->port] = expected.what;
		out->section[item->port] = expected.section;
	}
}

void pw_sweep_expect(const struct pw_model *model, const struct pw_plan *plan,
		     const struct pw_sweep *sweep,
		     struct pw_ports_expected *out)
{
	struct pw_arrival arrival;

	pw_sweep_arrival(plan, sweep, &arrival);
	expect_sections(model, plan, sweep, &arrival, out);
	if (sweep->dst_kind == PW_DST_LOCAL &&
	    plan->scene->ifaces[sweep->iface].bridge)
		expect_published(model, plan->scene, &arrival, out);
}
