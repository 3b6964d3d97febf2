// SPDX-License-Identifier: GPL-2.0-or-later
/* New listeners, and whose they are. */
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

#include "watch/frame.h"
#include "watch/look.h"
#include "watch/ports.h"

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "udplite";
	}
}

static int tell(int fd, const struct pw_listener *listener)
{
	char addr[PW_ADDR_STRLEN], text[128];
	struct timespec now;
	struct pw_event event = {
		.kind = PW_EVENT_LISTENS, .text = text, .pid = listener->pid,
		.comm = listener->comm, .listener = listener,
	};

	clock_gettime(CLOCK_REALTIME, &now);
	event.time_ns = (uint64_t)now.tv_sec * 1000000000u +
			(uint64_t)now.tv_nsec;
	snprintf(text, sizeof(text), "%s/%u is listened to on %s",
		 proto_name(listener->proto), listener->port,
		 pw_addr_format(listener->family, listener->addr, addr));
	return pw_frame_send(fd, &event);
}

/* As it is in @all, with its owner; else as it is */
static const struct pw_listener *with_owner(const struct pw_listeners *all,
					    const struct pw_listener *fresh)
{
	for (size_t i = 0; all && i < all->num; i++)
		if (!all->list[i].raw && !pw_port_cmp(&all->list[i], fresh))
			return &all->list[i];
	return fresh;
}

int pw_look_at_ports(int fd, const struct pw_listener *fresh, size_t num)
{
	pw_owned(pw_listeners_free) struct pw_listeners *all = NULL;
	pw_owned(pw_diags_free) struct pw_diags *unheard = pw_diags_new();
	int err = 0;

	if (unheard)	/* without owners they are told all the same */
		(void)pw_listeners_gather(&all, unheard);
	for (size_t i = 0; !err && i < num; i++)
		err = tell(fd, with_owner(all, &fresh[i]));
	return err;
}
