// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces that a connection from outside may have come in on. */
#include "live/cut_iface.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Packets of a bridge's ports come in on the bridge */
static bool is_port(const struct pw_host *host, const struct pw_iface *iface)
{
	const struct pw_iface *master =
		iface->master ? pw_host_iface_by_index(host, iface->master)
			      : NULL;

	return master && master->is_bridge;
}

int pw_cut_ifaces_gather(struct pw_cut_ifaces *out, struct pw_diags *diags)
{
	int err = pw_host_gather_ifaces(&out->host, diags);

	if (!err)
		err = pw_host_addrs(&out->addrs, &out->num_addrs, diags);
	if (err)
		return err;
	pw_host_addrs_sort(out->addrs, out->num_addrs);
	out->list = calloc(out->host->num_ifaces + 1, sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	for (size_t i = 0; i < out->host->num_ifaces; i++) {
		const struct pw_iface *iface = &out->host->ifaces[i];

		if (strcmp(iface->name, "lo") && !is_port(out->host, iface))
			out->list[out->num++] = iface;
	}
	return 0;
}

void pw_cut_ifaces_clear(struct pw_cut_ifaces *ifaces)
{
	pw_host_free(ifaces->host);
	free(ifaces->list);
	free(ifaces->addrs);
	*ifaces = (struct pw_cut_ifaces){ 0 };
}

bool pw_cut_is_own(const struct pw_cut_ifaces *ifaces, enum pw_family family,
		   struct pw_value addr)
{
	return pw_host_addrs_have(ifaces->addrs, ifaces->num_addrs, family,
				  addr);
}

/* fe80::/10 */
static bool is_link_local(const struct pw_flow *flow)
{
	return flow->family == PW_IPV6 && flow->dst.hi >> 54 == 0xfe80 >> 6;
}

static size_t with_address(const struct pw_cut_ifaces *ifaces,
			   struct pw_value addr,
			   const struct pw_iface *out[static PW_CUT_IFACES])
{
	size_t num = 0;

	for (size_t i = 0; i < ifaces->num_addrs; i++) {
		const struct pw_host_addr *own = &ifaces->addrs[i];
		const struct pw_iface *iface;

		if (own->family != PW_IPV6 || pw_value_cmp(own->addr, addr))
			continue;
		iface = pw_host_iface_by_index(ifaces->host, own->ifindex);
		if (!iface)
			continue;
		if (num == PW_CUT_IFACES)
			return 0;
		out[num++] = iface;
	}
	return num;
}

size_t pw_cut_ifaces_of(const struct pw_cut_ifaces *ifaces,
			const struct pw_flow *flow,
			const struct pw_iface *out[static PW_CUT_IFACES])
{
	uint32_t index;

	if (is_link_local(flow))
		return with_address(ifaces, flow->dst, out);
	if (pw_host_route(flow->family, flow->dst, flow->src, &index))
		return 0;
	out[0] = pw_host_iface_by_index(ifaces->host, index);
	return out[0] != NULL;
}
