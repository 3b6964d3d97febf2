// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets of one protocol and family, by the text below /proc/net. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/inet.h"
#include "host/listeners.h"
#include "host/procs.h"

/* Words of 8 digits, each as this machine reads its four bytes */
static bool read_addr(const char *text, enum pw_family *family,
		      struct pw_value *addr)
{
	uint32_t words[4] = { 0 };
	size_t num = *family == PW_IPV4 ? 1 : 4;

	if (strlen(text) != num * 8)
		return false;
	for (size_t i = 0; i < num; i++)
		if (sscanf(text + i * 8, "%8x", &words[i]) != 1)
			return false;
	*addr = pw_inet_get(family, words);
	return true;
}

static int add_line(const struct pw_socket_kind *kind, enum pw_family family,
		    const char *line, struct pw_listener_list *out)
{
	struct pw_listener listener = {
		.raw = kind->raw, .proto = kind->proto, .family = family,
	};
	unsigned int port, state;
	char addr[33];

	if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*u %u",
		   addr, &port, &state, &listener.inode) != 4 ||
	    state != kind->state ||
	    !read_addr(addr, &listener.family, &listener.addr))
		return 0;
	if (kind->raw)
		listener.proto = (uint8_t)port;
	else
		listener.port = (uint16_t)port;
	/* a raw socket is of one family */
	return pw_listen_add(out, listener, family == PW_IPV6 && !kind->raw);
}

int pw_listen_text(const struct pw_socket_kind *kind, enum pw_family family,
		   struct pw_listener_list *out)
{
	char line[512];
	FILE *file;
	int err = 0;

	if (!kind->file[family])
		return -ENOENT;
	file = pw_proc_net(kind->file[family]);
	if (!file)
		return -errno;
	while (!err && fgets(line, sizeof(line), file))
		err = add_line(kind, family, line, out);
	fclose(file);
	return err;
}
