/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy says of all ports at once: each section paints its own, those
 * that count most last.
 */
#include <netinet/in.h>
#include <string.h>

#include "verify/expect.h"
#include "verify/expect_priv.h"

#define LAST_PORT 65535

struct canvas {
	const struct pw_model *model;
	const struct pw_arrival *arrival;
	const uint32_t *sections;	/* NULL: all */
	size_t num;
	struct pw_ports_expected *out;
};

static void paint(struct pw_ports_expected *out, uint32_t first, uint32_t last,
		  const struct pw_expectation *expected)
{
	memset(out->what + first, expected->what, last - first + 1);
	for (uint32_t port = first; port <= last; port++)
		out->section[port] = expected->section;
}

static void paint_all(struct pw_ports_expected *out,
		      const struct pw_expectation *expected)
{
	paint(out, 0, LAST_PORT, expected);
}

static void paint_section(const struct canvas *canvas, uint32_t section)
{
	const struct pw_section *s = &canvas->model->sections[section];
	uint8_t proto = canvas->arrival->proto;
	const struct pw_rangeset *ports = pw_expect_named(s, proto);
	struct pw_expectation expected;

	pw_expect_section(canvas->model, section, &expected);
	if (s->everything || !ports) {
		if (pw_expect_names(s, proto, 0))
			paint_all(canvas->out, &expected);
		return;
	}
	for (size_t i = 0; i < ports->num; i++)
		paint(canvas->out, ports->r32[i].first, ports->r32[i].last,
		      &expected);
}

/* The last of the list first: where several admit, the first one counts */
static void paint_kind(const struct canvas *canvas, bool block, bool limited)
{
	for (size_t i = canvas->num; i-- > 0;) {
		uint32_t at = canvas->sections ? canvas->sections[i] :
						 (uint32_t)i;
		const struct pw_section *s = &canvas->model->sections[at];

		if (s->block == block && pw_expect_limited(s) == limited &&
		    pw_expect_covers(canvas->model, s, canvas->arrival))
			paint_section(canvas, at);
	}
}

/* Port 68 or 546, if the packet comes from where answers to clients do */
static void paint_dhcp(const struct canvas *canvas)
{
	struct pw_arrival reply = *canvas->arrival;
	struct pw_expectation expected;

	reply.dport = reply.family == PW_IPV4 ? 68 : 546;
	if (pw_expect_dhcp(canvas->model, &reply, &expected))
		paint(canvas->out, reply.dport, reply.dport, &expected);
}

static void paint_policy(const struct canvas *canvas)
{
	struct pw_expectation expected;

	if (pw_expect_before_ports(canvas->model, canvas->arrival, &expected)) {
		paint_all(canvas->out, &expected);
		return;
	}
	pw_expect_default(canvas->model, canvas->arrival, &expected);
	paint_all(canvas->out, &expected);
	paint_kind(canvas, false, true);
	paint_kind(canvas, false, false);
	paint_kind(canvas, true, false);
	paint_dhcp(canvas);
}

void pw_expect_ports(const struct pw_model *model,
		     const struct pw_arrival *arrival,
		     struct pw_ports_expected *out)
{
	paint_policy(&(struct canvas){
		.model = model, .arrival = arrival,
		.num = model->num_sections, .out = out,
	});
}

void pw_expect_ports_of(const struct pw_model *model,
			const struct pw_arrival *arrival,
			const uint32_t *sections, size_t num,
			struct pw_ports_expected *out)
{
	static const uint32_t none;

	paint_policy(&(struct canvas){
		.model = model, .arrival = arrival,
		.sections = sections ? sections : &none,
		.num = num, .out = out,
	});
}
