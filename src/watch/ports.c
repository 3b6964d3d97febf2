// SPDX-License-Identifier: GPL-2.0-or-later
/* Listeners that were not there the last time. */
#include "watch/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/listeners.h"

static int num_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int pw_port_cmp(const struct pw_listener *a, const struct pw_listener *b)
{
	const int by[] = {
		num_cmp(a->proto, b->proto), num_cmp(a->port, b->port),
		num_cmp(a->family, b->family), pw_value_cmp(a->addr, b->addr),
		num_cmp(a->ifindex, b->ifindex),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(by); i++)
		if (by[i])
			return by[i];
	return 0;
}

static int port_cmp(const void *a, const void *b)
{
	const struct pw_port *x = a, *y = b;

	return pw_port_cmp(&x->listener, &y->listener);
}

/* Does the kernel choose such ports for who asks for none? */
static bool is_passing(const struct pw_listener *listener)
{
	static const char file[] = "/proc/sys/net/ipv4/ip_local_port_range";
	unsigned int first = 32768, last = 60999;	/* the kernel's own */
	FILE *in;

	if (listener->proto != IPPROTO_UDP)
		return false;
	in = fopen(file, "re");
	if (in) {
		if (fscanf(in, "%u %u", &first, &last) != 2)
			last = UINT16_MAX;
		fclose(in);
	}
	return listener->port >= first && listener->port <= last;
}

/* Not only for this host; several sockets of one port count once */
static int keep(const struct pw_listener_list *from, struct pw_ports *out)
{
	struct pw_port *list = calloc(from->num + 1, sizeof(*list));
	size_t num = 0, kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < from->num; i++)
		if (!pw_listener_is_local(&from->items[i]))
			list[num++].listener = from->items[i];
	qsort(list, num, sizeof(*list), port_cmp);
	for (size_t i = 0; i < num; i++)
		if (!kept || port_cmp(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	*out = (struct pw_ports){ list, kept, true };
	return 0;
}

static struct pw_port *find(const struct pw_ports *ports,
			    const struct pw_port *port)
{
	return ports->num ? bsearch(port, ports->list, ports->num,
				    sizeof(*port), port_cmp) : NULL;
}

int pw_ports_compare(struct pw_ports *ports, struct pw_ports *now,
		     struct pw_listener **fresh, size_t *num_fresh)
{
	struct pw_listener *list = calloc(now->num + 1, sizeof(*list));
	size_t num = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < now->num; i++) {
		struct pw_port *port = &now->list[i];
		const struct pw_port *before = find(ports, port);

		port->told = !ports->known || before ||
			     !is_passing(&port->listener);
		if (port->told && ports->known && !(before && before->told))
			list[num++] = port->listener;
	}
	pw_ports_clear(ports);
	*ports = *now;
	*now = (struct pw_ports){ 0 };
	*fresh = list;
	*num_fresh = num;
	return 0;
}

int pw_ports_look(struct pw_ports *ports, struct pw_listener **fresh,
		  size_t *num_fresh)
{
	struct pw_listener_list list = { 0 };
	struct pw_ports now = { 0 };
	int err = pw_listen_ports(&list);

	if (!err)
		err = keep(&list, &now);
	free(list.items);
	if (!err)
		err = pw_ports_compare(ports, &now, fresh, num_fresh);
	pw_ports_clear(&now);
	return err;
}

void pw_ports_clear(struct pw_ports *ports)
{
	free(ports->list);
	*ports = (struct pw_ports){ 0 };
}
