// SPDX-License-Identifier: GPL-2.0-or-later
/* Packet sockets that see IP: what they get, no rule of input stops. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <sys/socket.h>

#include "host/listeners.h"
#include "host/procs.h"
#include "host/sockquery.h"

#define DUMP_TRIES 10

/* One that sees everything has an entry for each family */
static int add_packet(struct pw_listener_list *out, unsigned int ethertype,
		      uint32_t ifindex, uint32_t inode)
{
	struct pw_listener listener = {
		.raw = true, .ifindex = ifindex, .inode = inode,
		.family = ethertype == ETH_P_IP ? PW_IPV4 : PW_IPV6,
	};

	if (ethertype != ETH_P_ALL && ethertype != ETH_P_IP &&
	    ethertype != ETH_P_IPV6)
		return 0;
	return pw_listen_add(out, listener, ethertype == ETH_P_ALL);
}

static int info_attr(const struct nlattr *attr, void *arg)
{
	const struct packet_diag_info *info = mnl_attr_get_payload(attr);
	uint32_t *ifindex = arg;

	if (mnl_attr_get_type(attr) == PACKET_DIAG_INFO &&
	    mnl_attr_get_payload_len(attr) >= sizeof(*info))
		*ifindex = info->pdi_index;
	return MNL_CB_OK;
}

static int on_packet_socket(const struct nlmsghdr *nlh, void *arg)
{
	const struct packet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	uint32_t ifindex = 0;

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*msg), info_attr, &ifindex);
	if (add_packet(arg, msg->pdiag_num, ifindex, msg->pdiag_ino)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int by_diag(struct pw_listener_list *out)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct packet_diag_req))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct packet_diag_req *req;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = AF_PACKET;
	req->pdiag_show = PACKET_SHOW_INFO;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_packet_socket, out);
}

static int by_text(struct pw_listener_list *out)
{
	unsigned int ethertype, ifindex, inode;
	FILE *file = pw_proc_net("packet");
	char line[256];
	int err = file ? 0 : -errno;

	while (!err && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*d %*d %x %u %*d %*u %*u %u", &ethertype,
			   &ifindex, &inode) == 3)
			err = add_packet(out, ethertype, ifindex, inode);
	if (file)
		fclose(file);
	return err;
}

int pw_listen_packet(struct pw_listener_list *out)
{
	const size_t before = out->num;
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		out->num = before;
		err = by_diag(out);
	}
	if (!err || err == -ENOMEM)
		return err;
	out->num = before;
	return by_text(out);
}
