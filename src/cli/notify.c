// SPDX-License-Identifier: GPL-2.0-or-later
/* What a service manager is told: sd_notify(3), protocol only. */
#include "cli/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned long long number(const char *text)
{
	unsigned long long n;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end ? 0 : n;
}

unsigned int notify_watchdog_ms(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	unsigned long long us = number(getenv("WATCHDOG_USEC"));

	if (pid && number(pid) != (unsigned long long)getpid())
		return 0;
	return us / 2000 > 1u << 30 ? 1u << 30 : (unsigned int)(us / 2000);
}

/* A path, or with '@' in front a name without one. 0: it is neither */
static socklen_t address_of(const char *name, struct sockaddr_un *out)
{
	size_t len = strlen(name);

	if ((*name != '/' && *name != '@') || len < 2 ||
	    len >= sizeof(out->sun_path))
		return 0;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, name, len);
	if (*name == '@')
		out->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void notify_send(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t len = name ? address_of(name, &address) : 0;
	int fd;

	if (!len)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		     (struct sockaddr *)&address, len);
	close(fd);
}
