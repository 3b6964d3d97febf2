// SPDX-License-Identifier: GPL-2.0-or-later
/* The four states: a line for each service, and for openings nobody uses. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/tour.h"
#include "portwall/array.h"
#include "portwall/text.h"

#define RAW_NOTES 8

/* The sockets of one port and process, side by side */
struct service {
	const struct pw_listener *first;
	size_t num;
};

static int proto_of(uint8_t proto)
{
	return proto == IPPROTO_TCP ? TOUR_TCP :
	       proto == IPPROTO_UDP ? TOUR_UDP : -1;
}

static int cmp_service(const struct pw_listener *a, const struct pw_listener *b)
{
	bool local_a = pw_listener_is_local(a), local_b = pw_listener_is_local(b);

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (local_a != local_b)
		return local_a ? 1 : -1;
	return strncmp(a->comm, b->comm, sizeof(a->comm));
}

static int cmp_listener(const void *a, const void *b)
{
	const struct pw_listener *x = a, *y = b;
	int cmp = cmp_service(x, y);

	if (cmp)
		return cmp;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return pw_value_cmp(x->addr, y->addr);
}

/* "0.0.0.0, [::]"; NULL: no memory */
static char *addresses(const struct service *service)
{
	char addr[PW_ADDR_STRLEN], *text = NULL;
	const char *gap = "";
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < service->num; i++) {
		const struct pw_listener *l = &service->first[i];

		if (i && !cmp_listener(l, l - 1))
			continue;
		fputs(gap, out);
		gap = ", ";
		pw_addr_format(l->family, l->addr, addr);
		fprintf(out, l->family == PW_IPV6 ? "[%s]" : "%s", addr);
	}
	return fclose(out) ? NULL : text;
}

static char *owner(const struct pw_listener *listener, bool known)
{
	char *text = NULL;
	int len;

	if (listener->pid)
		len = asprintf(&text, "%.*s[%u]",
			       (int)strnlen(listener->comm,
					    sizeof(listener->comm)),
			       listener->comm, listener->pid);
	else
		len = asprintf(&text, "%s", listener->kernel && known ?
			       "kernel" : "process not known");
	return len < 0 ? NULL : text;
}

/* What the facts of all its families say; the most exposed counts */
static struct pw_port_facts sum_up(const struct pw_tour *tour,
				   const struct service *service)
{
	int proto = proto_of(service->first->proto);
	struct pw_port_facts sum = { .section = PW_NO_SECTION };

	for (size_t i = 0; i < service->num; i++) {
		const struct pw_port_facts *fact =
			&tour->facts[proto][service->first[i].family]
				    [service->first[i].port];

		sum.asked |= fact->asked;
		sum.limited |= fact->limited;
		if (fact->reached && (!sum.reached || fact->wrong)) {
			bool asked = sum.asked, limited = sum.limited;

			sum = *fact;
			sum.asked |= asked;
			sum.limited |= limited;
		}
	}
	return sum;
}

static enum pw_port_state state_of(const struct service *service,
				   const struct pw_port_facts *fact)
{
	if (pw_listener_is_local(service->first))
		return PW_STATE_LOCAL;
	if (fact->reached)
		return PW_STATE_OPEN;
	if (fact->asked && !fact->limited)
		return PW_STATE_SHIELDED;
	return PW_STATE_UNKNOWN;
}

static const char *text_of(enum pw_port_state state,
			   const struct pw_port_facts *fact)
{
	switch (state) {
	case PW_STATE_LOCAL:
		return "on loopback only";
	case PW_STATE_OPEN:
		return "reachable, something listens";
	case PW_STATE_SHIELDED:
		return "only the firewall keeps it closed";
	default:
		return fact->limited ?
		       "not probed: a section with a limit or a log names it" :
		       "not probed";
	}
}

/* The policy's own words of who it is reachable from */
static const char *from_of(const struct pw_tour *tour,
			   const struct pw_port_facts *fact)
{
	const struct pw_model *model = tour->how->model;

	if (!fact->reached)
		return NULL;
	if (fact->section != PW_NO_SECTION && !fact->wrong &&
	    model->sections[fact->section].from_text)
		return model->sections[fact->section].from_text;
	return fact->class == PW_NO_SECTION ? "anyone" :
	       tour->plan->classes[fact->class].text;
}

static int report_service(struct pw_tour *tour, uint32_t of_case,
			  const struct service *service)
{
	struct pw_port_facts fact = sum_up(tour, service);
	enum pw_port_state state = state_of(service, &fact);
	struct pw_value port = pw_value32(service->first->port);
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_of(16, port, port);
	char *addr = addresses(service);
	char *process = owner(service->first, tour->listeners->owners_known);
	struct pw_finding finding = {
		.of_case = of_case, .result = PW_RES_PASS, .state = state,
		.proto = service->first->proto,
		.ports = ports, .addr = addr, .owner = process,
		.from = from_of(tour, &fact),
		.text = text_of(state, &fact),
		.section = fact.reached ? fact.section : PW_NO_SECTION,
	};
	int err = -ENOMEM;

	if (state == PW_STATE_UNKNOWN && !fact.limited && tour->how->ways)
		finding.result = PW_RES_UNKNOWN;
	if (ports && addr && process)
		/* where it is wrong, a violation has its line already */
		err = fact.wrong ? 0 : pw_report_find(tour->report, &finding);
	free(addr);
	free(process);
	return err;
}

static int report_services(struct pw_tour *tour, uint32_t of_case)
{
	struct pw_listeners *l = tour->listeners;
	struct service service = { 0 };
	int err = 0;

	if (l->num)
		qsort(l->list, l->num, sizeof(*l->list), cmp_listener);
	for (size_t i = 0; !err && i < l->num; i += service.num) {
		service = (struct service){ &l->list[i], 1 };
		while (i + service.num < l->num &&
		       !cmp_service(&l->list[i], &l->list[i + service.num]))
			service.num++;
		if (!l->list[i].raw && proto_of(l->list[i].proto) >= 0)
			err = report_service(tour, of_case, &service);
	}
	return err;
}

static bool listened_to(const struct pw_tour *tour, uint8_t proto,
			uint16_t port)
{
	for (size_t i = 0; i < tour->listeners->num; i++) {
		const struct pw_listener *l = &tour->listeners->list[i];

		if (l->proto == proto && l->port == port && !l->raw)
			return true;
	}
	return false;
}

/* Allowed by @section and reached, and nobody is there; both families */
static struct pw_rangeset *unused_ports(const struct pw_tour *tour, int proto,
					uint32_t section)
{
	struct pw_rangeset *ports = pw_rangeset_new(16);

	for (uint32_t p = 0; ports && p < 65536; p++) {
		const struct pw_port_facts *v4 =
			&tour->facts[proto][PW_IPV4][p];
		const struct pw_port_facts *v6 =
			&tour->facts[proto][PW_IPV6][p];
		bool here = (v4->reached && v4->section == section &&
			     !v4->forwarded) ||
			    (v6->reached && v6->section == section &&
			     !v6->forwarded);

		if (!here || v4->wrong || v6->wrong ||
		    listened_to(tour, pw_tour_protos[proto], (uint16_t)p))
			continue;
		if (pw_rangeset_add32(ports, p, p)) {
			pw_rangeset_free(ports);
			return NULL;
		}
	}
	if (ports && pw_rangeset_normalise(ports)) {
		pw_rangeset_free(ports);
		return NULL;
	}
	return ports;
}

static int report_unused(struct pw_tour *tour, uint32_t of_case, int proto,
			 uint32_t index)
{
	const struct pw_section *section = &tour->how->model->sections[index];
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		unused_ports(tour, proto, index);
	struct pw_finding finding = {
		.of_case = of_case, .result = PW_RES_WARNING,
		.state = PW_STATE_UNUSED, .proto = pw_tour_protos[proto],
		.ports = ports, .from = section->from_text,
		.text = "allowed, nothing listens",
		.hint = "take it out of the policy, or start the service",
		.section = index,
	};

	if (!ports)
		return -ENOMEM;
	if (pw_rangeset_empty(ports))
		return 0;
	return pw_report_find(tour->report, &finding);
}

/* Published ports that the policy allows: nobody here listens to them */
static int report_published(struct pw_tour *tour, uint32_t of_case)
{
	const struct pw_forwarded *list;
	size_t num;
	int err = 0;

	list = tour->injector ? pw_injector_forwarded(tour->injector, &num) :
	       NULL;
	for (size_t i = 0; list && !err && i < num; i++) {
		const struct pw_volley *v = &tour->volleys[list[i].volley];
		int proto = proto_of(v->proto);
		struct pw_port_facts *fact =
			&tour->facts[proto][list[i].family][list[i].port];
		char addr[PW_ADDR_STRLEN], to[PW_ADDR_STRLEN + 32];
		struct pw_finding finding = {
			.of_case = of_case, .result = PW_RES_PASS,
			.state = PW_STATE_OPEN, .proto = v->proto,
			.owner = to, .section = fact->section,
			.text = "published by a container engine",
		};

		if (fact->forwarded != i + 1 || fact->wrong)
			continue;
		snprintf(to, sizeof(to), "container %s:%u",
			 pw_addr_format(list[i].family, list[i].addr, addr),
			 list[i].to_port);
		finding.from = from_of(tour, fact);
		finding.ports = pw_rangeset_of(16, pw_value32(list[i].port),
					       pw_value32(list[i].port));
		err = finding.ports ? pw_report_find(tour->report, &finding) :
		      -ENOMEM;
		pw_rangeset_free(finding.ports);
	}
	return err;
}

/* Packet sockets: they see all frames, before any rule */
static int note_raw(struct pw_tour *tour)
{
	const struct pw_listeners *l = tour->listeners;
	int err = 0;

	for (size_t i = 0, noted = 0; !err && i < l->num; i++) {
		const struct pw_listener *raw = &l->list[i];
		char *who;

		if (!raw->raw || raw->proto ||
		    (i && raw[-1].raw && raw[-1].pid == raw->pid) ||
		    ++noted > RAW_NOTES)
			continue;
		who = owner(raw, l->owners_known);
		err = who ? pw_report_note(tour->report,
					   "packet socket of %s: sees packets before any rule",
					   who) : -ENOMEM;
		free(who);
	}
	return err;
}

int pw_tour_states(struct pw_tour *tour)
{
	const struct pw_model *model = tour->how->model;
	int64_t of_case = pw_report_case(tour->report, "services",
					 PW_RES_PASS, "what listens");
	int err;

	if (of_case < 0)
		return (int)of_case;
	err = report_services(tour, (uint32_t)of_case);
	if (!err)
		err = note_raw(tour);
	if (!err)
		err = report_published(tour, (uint32_t)of_case);
	for (uint32_t s = 0; !err && model && s < model->num_sections; s++)
		for (int p = 0; !err && p < TOUR_PROTOS; p++)
			if (!model->sections[s].block)
				err = report_unused(tour, (uint32_t)of_case,
						    p, s);
	return err;
}
