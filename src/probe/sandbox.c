// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens and closes a private host with its wire. */
#include "portwall/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlink/missing.h"
#include "netlink/netlink.h"
#include "probe/sandbox_priv.h"

/* Smallest default of nf_conntrack_max of machines that matter; it is read-only
 * in a namespace */
#define FEW_CONNECTIONS 16384

int pw_sandbox_side(struct pw_sandbox *sb, enum pw_side side)
{
	int ns = side == PW_SIDE_HOST ? sb->host_ns : sb->wire_ns;

	if (sb->at == side)
		return 0;
	if (setns(ns, CLONE_NEWNET))
		return -errno;
	sb->at = side;
	return 0;
}

/* A quarter is left for what is not a probe */
static uint64_t room_for_connections(void)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_max", "re");
	uint64_t max = 0;

	if (file && fscanf(file, "%" SCNu64, &max) != 1)
		max = 0;
	if (file)
		fclose(file);
	return (max ? max : FEW_CONNECTIONS) / 4 * 3;
}

static void begin_anew(struct pw_sandbox *sb)
{
	sb->next_sport = PW_FIRST_SPORT;
	sb->fresh_left = sb->room;
}

/* IPCTNL_MSG_CT_DELETE without a tuple means every entry of the namespace */
int pw_sandbox_forget(struct pw_sandbox *sb, struct pw_diags *diags)
{
	struct nlmsghdr *nlh = pw_nl_request(sb->nl, IPCTNL_MSG_CT_DELETE, 0,
					     NULL);
	int err;

	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	err = pw_nl_ask(sb->nl, nlh, 0, NULL, NULL);
	if (err)
		return pw_ct_explain(err, "connections cannot be forgotten",
				     diags);
	begin_anew(sb);
	return 0;
}

const struct pw_probe_count *pw_sandbox_count(const struct pw_sandbox *sb)
{
	return &sb->count;
}

static struct pw_sandbox *sandbox_new(const struct pw_scene *scene)
{
	struct pw_sandbox *sb = calloc(1, sizeof(*sb));

	if (!sb)
		return NULL;
	sb->scene = scene;
	sb->host_ns = -1;
	sb->wire_ns = -1;
	sb->at = PW_SIDE_HOST;
	pw_listen_sockets_none(sb);
	sb->ends = calloc(scene->num_ifaces + 1, sizeof(*sb->ends));
	if (sb->ends)
		return sb;
	free(sb);
	return NULL;
}

void pw_sandbox_close(struct pw_sandbox *sb)
{
	if (!sb)
		return;
	pw_listen_sockets_close(sb);
	pw_tap_close(sb->tap);
	pw_nl_close(sb->nl);
	if (sb->host_ns >= 0)
		close(sb->host_ns);
	if (sb->wire_ns >= 0)
		close(sb->wire_ns);
	free(sb->ends);
	free(sb);
}

static int open_netfilter(struct pw_sandbox *sb, struct pw_diags *diags)
{
	struct pw_wire wire;
	int err = pw_wire_open(&wire);

	if (err)
		return pw_nl_explain_open(err, diags);
	sb->nl = pw_nl_new(&wire);
	return sb->nl ? 0 : -ENOMEM;
}

/* In the host, before and after */
static int open_tap(struct pw_sandbox *sb, struct pw_diags *diags)
{
	int err = pw_sandbox_side(sb, PW_SIDE_WIRE);

	if (err)
		return pw_diag_system(diags, -err, "setns");
	err = pw_tap_open(sb, &sb->tap, diags);
	if (err)
		return err;
	err = pw_sandbox_side(sb, PW_SIDE_HOST);
	return err ? pw_diag_system(diags, -err, "setns") : 0;
}

static int set_sysctls(struct pw_sandbox *sb, struct pw_diags *diags)
{
	bool forwards = false;
	int err;

	for (size_t i = 0; i < sb->scene->num_ifaces; i++)
		forwards |= sb->scene->ifaces[i].bridge;
	err = pw_sysctls_host(forwards, diags);
	if (err)
		return err;
	err = pw_sandbox_side(sb, PW_SIDE_WIRE);
	if (err)
		return pw_diag_system(diags, -err, "setns");
	return pw_sysctls_wire(diags);
}

/* Rights are tried before anything that could fail for want of them */
static int build(struct pw_sandbox *sb, struct pw_diags *diags)
{
	int err = pw_spaces_open(&sb->host_ns, &sb->wire_ns, diags);

	if (!err)
		err = pw_links_begin(diags);
	if (!err)
		err = set_sysctls(sb, diags);
	if (!err)
		err = pw_links_make(sb, diags);
	if (!err)
		err = open_netfilter(sb, diags);
	if (!err)
		err = open_tap(sb, diags);
	return err;
}

int pw_sandbox_open(const struct pw_scene *scene, struct pw_sandbox **out,
		    struct pw_diags *diags)
{
	pw_owned(pw_sandbox_close) struct pw_sandbox *sb = sandbox_new(scene);
	int err = sb ? build(sb, diags) : -ENOMEM;

	if (err)
		return err;
	sb->room = room_for_connections();
	begin_anew(sb);
	*out = PW_TAKE(sb);
	return 0;
}
