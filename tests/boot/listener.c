/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers on the ports it is given, "tcp:22 udp:53", over IPv4 and IPv6: a
 * service of the machine that is booted. TCP connections are closed at once,
 * datagrams come back.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PORTS 64

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(const char *word, int *type)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int port, fd, on = 1;

	*type = strncmp(word, "tcp:", 4) ? SOCK_DGRAM : SOCK_STREAM;
	port = atoi(word + 4);
	if (port < 1 || port > 65535)
		die(word);
	to.sin6_port = htons((uint16_t)port);
	fd = socket(AF_INET6, *type, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    (*type == SOCK_STREAM && listen(fd, SOMAXCONN)))
		die(word);
	return fd;
}

static void answer(int fd, int type)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	char data[2048];
	ssize_t len;
	int peer;

	if (type == SOCK_STREAM) {
		peer = accept(fd, NULL, NULL);
		if (peer >= 0)
			close(peer);
		return;
	}
	len = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
		       (struct sockaddr *)&from, &from_len);
	if (len >= 0)
		sendto(fd, data, (size_t)len, MSG_DONTWAIT,
		       (struct sockaddr *)&from, from_len);
}

int main(int argc, char **argv)
{
	struct pollfd fds[MAX_PORTS];
	int types[MAX_PORTS];
	nfds_t num = 0;

	for (int i = 1; i < argc && num < MAX_PORTS; i++, num++) {
		fds[num].fd = listen_on(argv[i], &types[num]);
		fds[num].events = POLLIN;
	}
	for (;;) {
		if (poll(fds, num, -1) < 0 && errno != EINTR)
			die("poll");
		for (nfds_t i = 0; i < num; i++)
			if (fds[i].revents)
				answer(fds[i].fd, types[i]);
	}
}
