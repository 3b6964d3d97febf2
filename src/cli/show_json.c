// SPDX-License-Identifier: GPL-2.0-or-later
/* show --json: what a policy lets in, as a document. */
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/section.h"
#include "cli/show.h"

bool is_bridge(const struct pw_model *model, const char *ifname)
{
	struct pw_range name;

	return !pw_ifname_range(ifname, strlen(ifname), &name) &&
	       pw_rangeset_contains(model->bridges, name.first);
}

static json_t *rate_of(const struct pw_rate *rate)
{
	json_t *r = json_object();

	doc_set(r, "count", json_integer(rate->count));
	doc_set(r, "unit", json_string(pw_rate_unit_name(rate->unit_s)));
	doc_set(r, "burst", json_integer(rate->burst));
	return r;
}

static json_t *limit_of(const struct pw_limit *limit)
{
	json_t *r = rate_of(&limit->rate);

	doc_set(r, "per_source", json_boolean(limit->per_source));
	return r;
}

static json_t *connections_of(const struct pw_limit *limit)
{
	json_t *r = json_object();

	doc_set(r, "count", json_integer(limit->rate.count));
	doc_set(r, "per_source", json_boolean(limit->per_source));
	return r;
}

static json_t *names_of(const struct pw_rangeset *names)
{
	json_t *list = json_array();
	char buf[17];

	for (size_t i = 0; i < names->num; i++)
		doc_push(list, doc_text(pw_ifname_format(&names->r128[i],
							 buf)));
	return list;
}

static json_t *protocols_of(const struct pw_section *s)
{
	json_t *list = json_array();

	for (uint32_t proto = 0; proto < 256; proto++)
		if (pw_rangeset_contains32(s->protocols, proto))
			doc_push(list, json_integer(proto));
	return list;
}

static json_t *to_of(const struct pw_section *s)
{
	json_t *list = json_array();
	char buf[2 * PW_ADDR_STRLEN];

	if (s->to_local)
		doc_push(list, json_string("local"));
	if (s->to_broadcast)
		doc_push(list, json_string("broadcast"));
	if (s->to_multicast)
		doc_push(list, json_string("multicast"));
	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		for (size_t i = 0; i < s->to.set[f]->num; i++) {
			struct pw_range r = pw_rangeset_get(s->to.set[f], i);

			doc_push(list, json_string(
				pw_addr_range_format(f, &r, buf)));
		}
	}
	return list;
}

/* from: null is anyone; else as written, with the number of ranges it holds */
static void set_from(json_t *object, const struct pw_section *s)
{
	if (s->any_from) {
		doc_set(object, "from", json_null());
		return;
	}
	doc_set(object, "from", doc_text(s->from_text ? s->from_text : ""));
	doc_set(object, "from_ranges",
		json_integer((json_int_t)addrs_num(&s->from)));
}

static void set_limits(json_t *object, const struct pw_section *s)
{
	if (s->connections.set)
		doc_set(object, "connections", connections_of(&s->connections));
	if (s->rate.set)
		doc_set(object, "rate", limit_of(&s->rate));
	if (s->until_ns)
		doc_set(object, "until", doc_time(s->until_ns));
	if (s->log_set)
		doc_set(object, "log", rate_of(&s->log));
	if (s->comment)
		doc_set(object, "comment", doc_text(s->comment));
}

static json_t *section_of(const struct pw_section *s)
{
	json_t *object = json_object();

	doc_set(object, "section", doc_text(s->name));
	for (unsigned int t = 0; t < PW_NUM_TRANSPORTS; t++)
		if (section_reaches(s, t))
			doc_set(object, pw_transport_name(t),
				doc_ranges(s->ports[t]));
	if (section_reaches(s, REACH_PROTOCOLS))
		doc_set(object, "protocols", protocols_of(s));
	if (s->ping)
		doc_set(object, "ping", json_true());
	set_from(object, s);
	if (!s->any_to)
		doc_set(object, "to", to_of(s));
	doc_set(object, "on", s->any_on ? json_null() : names_of(s->on));
	set_limits(object, s);
	doc_set(object, "file", doc_text(s->file));
	doc_set(object, "line", json_integer(s->line));
	return object;
}

static json_t *sections_of(const struct pw_model *model, bool block)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->num_sections; i++)
		if (model->sections[i].block == block)
			doc_push(list, section_of(&model->sections[i]));
	return list;
}

static json_t *ping_of(const struct pw_model *model)
{
	return model->ping == PW_PING_RATE ? rate_of(&model->ping_rate) :
					     json_boolean(model->ping ==
							  PW_PING_YES);
}

static json_t *bridges_of(const struct pw_intent *intent)
{
	json_t *list = json_array();

	for (size_t i = 0; i < intent->host->num_ifaces; i++)
		if (is_bridge(intent->model, intent->host->ifaces[i].name))
			doc_push(list, doc_text(intent->host->ifaces[i].name));
	return list;
}

void show_describe(struct cli *cli, const struct pw_intent *intent)
{
	const struct pw_model *model = intent->model;

	doc_set(cli->doc, "digest", doc_hex(model->digest,
					    sizeof(model->digest)));
	doc_set(cli->doc, "default",
		json_string(model->on_default == PW_DEFAULT_REJECT ? "reject" :
								     "drop"));
	doc_set(cli->doc, "ping", ping_of(model));
	doc_set(cli->doc, "dhcp", json_boolean(model->dhcp));
	doc_set(cli->doc, "log", model->log_set ? rate_of(&model->log) :
						  json_null());
	doc_set(cli->doc, "containers",
		json_string(model->containers == PW_CONTAINERS_FOLLOW ?
			    "follow" : "ignore"));
	doc_set(cli->doc, "bridges", bridges_of(intent));
	doc_set(cli->doc, "reachable", sections_of(model, false));
	doc_set(cli->doc, "blocked", sections_of(model, true));
}
