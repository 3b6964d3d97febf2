// SPDX-License-Identifier: GPL-2.0-or-later
/* Where probes come in: interfaces, and the own addresses that are asked. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/tour.h"
#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/names.h"
#include "portwall/text.h"

#define FULL_GATES 16	/* beyond: the ports that matter, not all */
#define MAX_GATES 512
#define MAX_ACROSS 64	/* addresses asked where they are not at home */
#define MAX_NAMED 4	/* interfaces in the summary */

const uint8_t pw_tour_protos[TOUR_PROTOS] = {
	[TOUR_TCP] = IPPROTO_TCP, [TOUR_UDP] = IPPROTO_UDP,
};

/* Rules see the bridge, never its ports; and lo is not the network */
static bool is_gate(const struct pw_iface *iface)
{
	return !iface->master && strcmp(iface->name, "lo");
}

/* Global before link-local; on this interface before on another */
static unsigned int fitness(const struct pw_host_addr *addr,
			    const struct pw_iface *iface)
{
	bool here = addr->ifindex == iface->index;

	if (addr->scope == RT_SCOPE_HOST || addr->tentative)
		return 0;
	if (addr->scope == RT_SCOPE_LINK)
		return here ? 2 : 0;
	return here ? 3 : 1;
}

static const struct pw_host_addr *best_addr(const struct pw_tour *tour,
					    const struct pw_iface *iface,
					    enum pw_family family)
{
	const struct pw_host_addr *best = NULL;

	for (size_t i = 0; i < tour->num_addrs; i++) {
		const struct pw_host_addr *addr = &tour->addrs[i];

		if (addr->family == family && fitness(addr, iface) &&
		    (!best || fitness(addr, iface) > fitness(best, iface)))
			best = addr;
	}
	return best;
}

static int add_gate(struct pw_tour *tour, const struct pw_iface *iface,
		    enum pw_family family, struct pw_value dst, bool full)
{
	const struct pw_model *model = tour->how->model;
	struct pw_gate gate = {
		.iface = iface, .family = family, .dst = dst, .full = full,
	};
	struct pw_range name;

	if (tour->num_gates >= MAX_GATES) {
		tour->gates_left++;
		return 0;
	}
	if (pw_ifname_range(iface->name, strlen(iface->name), &name))
		return 0;
	gate.name = name.first;
	gate.bridge = model && pw_rangeset_contains(model->bridges, gate.name);
	return PW_ARRAY_PUSH(tour->gates, tour->num_gates, tour->cap_gates,
			     gate);
}

static int add_iface(struct pw_tour *tour, const struct pw_iface *iface)
{
	int err = 0;

	for (int f = 0; !err && f < PW_NUM_FAMILIES; f++) {
		const struct pw_host_addr *addr =
			best_addr(tour, iface, (enum pw_family)f);

		if (addr && (f == PW_IPV4 || pw_host_takes_ipv6(iface->name)))
			err = add_gate(tour, iface, (enum pw_family)f,
				       addr->addr,
				       tour->num_gates < FULL_GATES);
	}
	return err;
}

static bool is_asked(const struct pw_tour *tour, enum pw_family family,
		     struct pw_value addr)
{
	for (size_t i = 0; i < tour->num_gates; i++)
		if (tour->gates[i].family == family &&
		    !pw_value_cmp(tour->gates[i].dst, addr))
			return true;
	return false;
}

/* An own address that no gate has yet: what is published may be there alone */
static int add_addr(struct pw_tour *tour, const struct pw_host_addr *addr)
{
	const struct pw_iface *iface =
		pw_host_iface_by_index(tour->host, addr->ifindex);

	if (!iface || !is_gate(iface) || !fitness(addr, iface) ||
	    is_asked(tour, addr->family, addr->addr))
		return 0;
	return add_gate(tour, iface, addr->family, addr->addr,
			addr->scope != RT_SCOPE_LINK &&
			tour->num_gates < FULL_GATES);
}

static bool is_loopback(const struct pw_host_addr *addr)
{
	return addr->family == PW_IPV4 ? addr->addr.lo >> 24 == 127 :
	       !addr->addr.hi && addr->addr.lo == 1;
}

static bool is_asked_at(const struct pw_tour *tour,
			const struct pw_iface *iface,
			const struct pw_host_addr *addr)
{
	for (size_t i = 0; i < tour->num_gates; i++)
		if (tour->gates[i].iface == iface &&
		    tour->gates[i].family == addr->family &&
		    !pw_value_cmp(tour->gates[i].dst, addr->addr))
			return true;
	return false;
}

static int add_across(struct pw_tour *tour, const struct pw_iface *iface,
		      const struct pw_host_addr *addr, size_t *num)
{
	int err;

	if (addr->tentative || addr->scope == RT_SCOPE_LINK ||
	    is_asked_at(tour, iface, addr) ||
	    (addr->family == PW_IPV6 && !pw_host_takes_ipv6(iface->name)))
		return 0;
	if (*num >= MAX_ACROSS) {
		tour->across_left += !is_loopback(addr);
		return 0;
	}
	err = add_gate(tour, iface, addr->family, addr->addr, false);
	if (!err && is_asked_at(tour, iface, addr)) {
		tour->gates[tour->num_gates - 1].across = true;
		(*num)++;
	}
	return err;
}

/*
 * Linux answers to each of its addresses on every interface, to those of lo,
 * too; even to 127.0.0.0/8 with route_localnet, which routing is asked about.
 */
static int add_all_across(struct pw_tour *tour, bool loopback, size_t *num)
{
	int err = 0;

	for (size_t i = 0; !err && i < tour->num_addrs; i++) {
		if (is_loopback(&tour->addrs[i]) != loopback)
			continue;
		for (size_t k = 0; !err && k < tour->host->num_ifaces; k++)
			if (is_gate(&tour->host->ifaces[k]))
				err = add_across(tour, &tour->host->ifaces[k],
						 &tour->addrs[i], num);
	}
	return err;
}

static int say_left(struct pw_tour *tour)
{
	int err = 0;

	if (tour->gates_left)
		err = pw_report_note(tour->report,
				     "not probed: %zu further pairs of interface and own address",
				     tour->gates_left);
	if (!err && tour->across_left)
		err = pw_report_note(tour->report,
				     "not probed: %zu pairs of interface and an address of another interface",
				     tour->across_left);
	return err;
}

int pw_tour_gates(struct pw_tour *tour)
{
	size_t across = 0;
	int err = 0;

	for (size_t i = 0; !err && i < tour->host->num_ifaces; i++)
		if (is_gate(&tour->host->ifaces[i]))
			err = add_iface(tour, &tour->host->ifaces[i]);
	for (size_t i = 0; !err && i < tour->num_addrs; i++)
		err = add_addr(tour, &tour->addrs[i]);
	if (!err)
		err = add_all_across(tour, false, &across);
	if (!err)
		err = add_all_across(tour, true, &across);
	return err ? err : say_left(tour);
}

/* Gates of one interface stand together unless an address came late */
static bool is_named(const struct pw_tour *tour, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (tour->gates[i].iface == tour->gates[at].iface)
			return true;
	return false;
}

/* "eth0, lan and 2 more"; @family: which are asked */
static void put_names(const struct pw_tour *tour,
		      bool family[static PW_NUM_FAMILIES], FILE *out)
{
	size_t num = 0;

	for (size_t i = 0; i < tour->num_gates; i++) {
		family[tour->gates[i].family] = true;
		if (is_named(tour, i) || num++ >= MAX_NAMED)
			continue;
		fprintf(out, "%s%s", num > 1 ? ", " : "",
			tour->gates[i].iface->name);
	}
	if (num > MAX_NAMED)
		fprintf(out, " and %zu more", num - MAX_NAMED);
}

int pw_tour_where(struct pw_tour *tour)
{
	bool family[PW_NUM_FAMILIES] = { false };
	char *names = NULL;
	size_t len;
	FILE *out = pw_text_open(&names, &len);
	int err;

	if (!out)
		return -ENOMEM;
	put_names(tour, family, out);
	if (pw_text_close(out, &names))
		return -ENOMEM;
	err = !*names ? 0 :
	      pw_report_where(tour->report, "%s, %s%s%s", names,
			      family[PW_IPV4] ? "IPv4" : "",
			      family[PW_IPV4] && family[PW_IPV6] ? " and " : "",
			      family[PW_IPV6] ? "IPv6" : "");
	free(names);
	return err;
}
