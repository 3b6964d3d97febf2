// SPDX-License-Identifier: GPL-2.0-or-later
/* The services database as text, so that names mean at boot what they meant. */
#include "state/services.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/text.h"

int pw_services_print(const struct pw_host *host, char **text, size_t *len)
{
	char *buf = NULL;
	size_t size;
	FILE *out = pw_text_open(&buf, &size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < host->num_services; i++)
		fprintf(out, "%s %u %u\n", host->services[i].name,
			host->services[i].port, host->services[i].proto);
	if (pw_text_close(out, &buf))
		return -ENOMEM;
	*text = buf;
	*len = size;
	return 0;
}

struct services {
	struct pw_service *list;
	size_t num, cap;
};

static void services_clear(struct services *services)
{
	for (size_t i = 0; i < services->num; i++)
		free(services->list[i].name);
	free(services->list);
}

/* A number that the line's next byte ends */
static int parse_number(const char **text, char end, unsigned long max,
			unsigned long *out)
{
	char *stop;

	if (**text < '0' || **text > '9')
		return -EBADMSG;
	*out = strtoul(*text, &stop, 10);
	if (*stop != end || *out > max)
		return -EBADMSG;
	*text = stop + 1;
	return 0;
}

static int parse_line(const char **text, struct services *services)
{
	size_t len = strcspn(*text, " \n");
	struct pw_service service = { 0 };
	const char *at = *text + len + 1;
	unsigned long port, proto;
	int err = len && (*text)[len] == ' ' ? 0 : -EBADMSG;

	err = err ?: parse_number(&at, ' ', UINT16_MAX, &port) ?:
	      parse_number(&at, '\n', UINT8_MAX, &proto);
	if (err)
		return err;
	service.port = (uint16_t)port;
	service.proto = (uint8_t)proto;
	service.name = strndup(*text, len);
	err = service.name ? PW_ARRAY_PUSH(services->list, services->num,
					   services->cap, service) : -ENOMEM;
	if (err)
		free(service.name);
	*text = at;
	return err;
}

int pw_services_parse(const char *text, size_t len, struct pw_host *host)
{
	struct services services = { 0 }, before = {
		.list = host->services, .num = host->num_services,
	};
	const char *end = text + len;
	int err = 0;

	while (!err && text < end)
		err = parse_line(&text, &services);
	if (err) {
		services_clear(&services);
		return err;
	}
	host->services = services.list;
	host->num_services = services.num;
	services_clear(&before);
	return 0;
}
