// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of services: services(5) as a sorted array. */
#include "host/services.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#define PATH "/etc/services"
#define BLANKS " \t\r\n"

static const struct proto_row {
	const char *name;
	uint8_t proto;
} protos[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
};

static uint8_t proto_of(const char *name)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++)
		if (!strcmp(protos[i].name, name))
			return protos[i].proto;
	return 0;
}

static int add_service(struct pw_host *host, size_t *cap, const char *name,
		       uint16_t port, uint8_t proto)
{
	struct pw_service service = { strdup(name), port, proto };
	int err = service.name ? PW_ARRAY_PUSH(host->services,
					       host->num_services, *cap,
					       service) : -ENOMEM;

	if (err)
		free(service.name);
	return err;
}

/* "22/tcp" */
static bool parse_port(const char *text, uint16_t *port, uint8_t *proto)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '/' || !n || n > UINT16_MAX)
		return false;
	*port = (uint16_t)n;
	*proto = proto_of(end + 1);
	return *proto;
}

/* NAME PORT/PROTO ALIAS... # what is none of that is passed over */
static int add_line(struct pw_host *host, size_t *cap, char *line)
{
	char *rest, *name, *place;
	uint16_t port;
	uint8_t proto;
	int err = 0;

	line[strcspn(line, "#")] = '\0';
	name = strtok_r(line, BLANKS, &rest);
	place = name ? strtok_r(NULL, BLANKS, &rest) : NULL;
	if (!place || !parse_port(place, &port, &proto))
		return 0;
	for (; !err && name; name = strtok_r(NULL, BLANKS, &rest))
		err = add_service(host, cap, name, port, proto);
	return err;
}

static int service_cmp(const struct pw_service *a, const struct pw_service *b)
{
	int cmp = strcmp(a->name, b->name);

	return cmp ? cmp : a->proto - b->proto;
}

/* Of two entries with one name and protocol the first of the database counts */
static void drop_repeated(struct pw_host *host)
{
	size_t kept = 0;

	for (size_t i = 0; i < host->num_services; i++) {
		if (kept && !service_cmp(&host->services[kept - 1],
					 &host->services[i]))
			free(host->services[i].name);
		else
			host->services[kept++] = host->services[i];
	}
	host->num_services = kept;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct pw_service *const *x = a, *const *y = b;
	int cmp = service_cmp(*x, *y);

	return cmp ? cmp : (*x > *y) - (*x < *y);
}

static int sort_services(struct pw_host *host)
{
	size_t num = host->num_services;
	struct pw_service **order = calloc(num + 1, sizeof(struct pw_service *));
	struct pw_service *sorted = calloc(num + 1, sizeof(*sorted));

	if (!order || !sorted) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < num; i++)
		order[i] = &host->services[i];
	qsort(order, num, sizeof(struct pw_service *), entry_cmp);
	for (size_t i = 0; i < num; i++)
		sorted[i] = *order[i];
	free(order);
	free(host->services);
	host->services = sorted;
	return 0;
}

static int add_lines(struct pw_host *host, FILE *file)
{
	char *line = NULL;
	size_t len = 0, cap = 0;
	int err = 0;

	while (!err && (errno = 0, getline(&line, &len, file) >= 0))
		err = add_line(host, &cap, line);
	if (!err && errno)
		err = -errno;
	free(line);
	return err;
}

/*
 * Not by getservent(3), which loads plug-ins, talks to daemons, and ends the
 * program when memory is short (glibc asserts that it is not)
 */
int pw_services_gather(struct pw_host *host)
{
	FILE *file = fopen(PATH, "re");
	int err;

	if (!file)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	err = add_lines(host, file);
	fclose(file);
	if (!err)
		err = sort_services(host);
	if (!err)
		drop_repeated(host);
	return err;
}

const struct pw_service *pw_host_service(const struct pw_host *host,
					 const char *name, size_t len,
					 uint8_t proto)
{
	size_t lo = 0, hi = host->num_services;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct pw_service *s = &host->services[mid];
		int cmp = strncmp(s->name, name, len);

		if (!cmp && s->name[len])
			cmp = 1;
		if (!cmp)
			cmp = s->proto - proto;
		if (!cmp)
			return s;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
