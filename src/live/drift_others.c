// SPDX-License-Identifier: GPL-2.0-or-later
/* Other tables and other managers that work on the same packets. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/drift_list.h"
#include "live/public.h"
#include "nft/others.h"
#include "portwall/host.h"
#include "portwall/listen.h"

static const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "tcp" :
	       proto == IPPROTO_UDP ? "udp" : "sctp";
}

/* "handle 12", or its policy */
static void put_what(const struct pw_other *other, char buf[static 48])
{
	if (other->handle)
		snprintf(buf, 48, "rule handle %" PRIu64, other->handle);
	else
		snprintf(buf, 48, "policy drop");
}

static int tell_drop(const struct pw_other *other, struct pw_drifts *out)
{
	char what[48];

	put_what(other, what);
	if (other->kind == PW_OTHER_MAY_DROP)
		return pw_drift_note(out, PW_DRIFT_DROPS, NULL,
				     "table %s, %s: may drop %s/%u, which the policy lets in: not all of its rules are understood",
				     other->chain, what,
				     proto_name(other->proto), other->port);
	return pw_drift_add(out, PW_DRIFT_DROPS,
			    "a drop counts whatever portwall accepts: take it out, or close the port in the policy",
			    "table %s, %s: drops %s/%u, which the policy lets in from anyone",
			    other->chain, what, proto_name(other->proto),
			    other->port);
}

static bool covers(const struct pw_host_addr *own, const struct pw_other *other)
{
	const unsigned int bits = other->family == PW_IPV4 ? 32 : 128;
	struct pw_value a = own->addr, b = other->to;
	unsigned int host = bits - own->prefix;

	if (own->family != other->family || own->prefix > bits)
		return false;
	if (host >= 64)
		return host >= 128 || a.hi >> (host - 64) == b.hi >> (host - 64);
	return a.hi == b.hi && a.lo >> host == b.lo >> host;
}

static bool is_bridge(const struct pw_host *host, uint32_t ifindex)
{
	const struct pw_iface *iface = pw_host_iface_by_index(host, ifindex);

	return iface && iface->is_bridge;
}

/* Does it lie behind a bridge of this host, as what containers publish? */
static bool is_published(const struct pw_other *other)
{
	pw_owned(pw_diags_free) struct pw_diags *unheard = pw_diags_new();
	pw_owned(pw_host_free) struct pw_host *host = NULL;
	struct pw_host_addr *own = NULL;
	bool found = false;
	size_t num = 0;

	if (!other->to_known)
		return false;
	if (!unheard || pw_host_gather(&host, unheard) ||
	    pw_host_addrs(&own, &num, unheard))
		return true;	/* who knows */
	for (size_t i = 0; !found && i < num; i++)
		found = covers(&own[i], other) &&
			is_bridge(host, own[i].ifindex);
	free(own);
	return found;
}

static int tell_elsewhere(const struct pw_other *other, struct pw_drifts *out)
{
	if (is_published(other))
		return 0;
	return pw_drift_add(out, PW_DRIFT_HIDES,
			    "who connects gets something else than what listens here: take it out, or close the port",
			    "table %s, rule handle %" PRIu64 ": redirects %s/%u, which the policy lets in from anyone",
			    other->chain, other->handle,
			    proto_name(other->proto), other->port);
}

static int tell_managers(const struct pw_others *others, struct pw_drifts *out)
{
	int err = 0;

	if (others->firewalld)
		err = pw_drift_add(out, PW_DRIFT_MANAGER,
				   "let one of the two do it: systemctl disable --now firewalld",
				   "firewalld is active beside portwall (table inet firewalld)");
	if (!err && others->ufw)
		err = pw_drift_add(out, PW_DRIFT_MANAGER,
				   "let one of the two do it: ufw disable",
				   "ufw is active beside portwall (chains ufw-*)");
	return err;
}

/* The tables of iptables-legacy; "" when there are none, or none to be seen */
static void read_legacy(const char *path, char buf[static 128])
{
	FILE *in = fopen(path, "re");
	size_t len = in ? fread(buf, 1, 127, in) : 0;

	if (in)
		fclose(in);
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (buf[i] == '\n')
			buf[i] = ' ';
}

static int tell_legacy(struct pw_drifts *out)
{
	static const struct {
		const char *path, *command;
	} files[] = {
		{ "/proc/self/net/ip_tables_names", "iptables-legacy" },
		{ "/proc/self/net/ip6_tables_names", "ip6tables-legacy" },
	};
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(files); i++) {
		char tables[128];

		read_legacy(files[i].path, tables);
		if (*tables)
			err = pw_drift_add(out, PW_DRIFT_MANAGER,
					   "portwall does not see its rules: find out who loads them",
					   "%s is active beside portwall, with the tables %s",
					   files[i].command, tables);
	}
	return err;
}

static int tell(const struct pw_others *others, struct pw_drifts *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < others->num; i++)
		err = others->list[i].kind == PW_OTHER_HIDES ?
			      tell_elsewhere(&others->list[i], out) :
			      tell_drop(&others->list[i], out);
	if (!err)
		err = tell_managers(others, out);
	return err ? err : tell_legacy(out);
}

int pw_drift_others(const struct pw_status *status, struct pw_drifts *out,
		    struct pw_diags *diags)
{
	pw_owned(pw_others_free) struct pw_others *others = NULL;
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	struct pw_asked *asked = NULL;
	size_t num = 0;
	int err;

	if (!status->rules || status->kernel->dormant)
		return 0;
	err = pw_public_ports(status->rules, &asked, &num);
	if (!err)
		err = pw_nl_open(&nl, diags);
	if (!err) {
		err = pw_others_find(nl, asked, num, &others);
		if (err && err != -ENOMEM)
			pw_diag_system(diags, -err,
				       "cannot look through the rules of other tables");
	}
	free(asked);
	return err ? err : tell(others, out);
}
