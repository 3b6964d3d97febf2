// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes on the running host: opening, and volleys in groups. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "portwall/array.h"
#include "probe/inject_priv.h"

#define MAX_SALVOS 128		/* each takes 64 KB until it is told */

static const char *const way_texts[PW_NUM_INJECT_WAYS] = {
	[PW_INJECT_XDP] = "XDP live frames",
	[PW_INJECT_MIRRED] = "veth and mirred",
};

const char *pw_inject_way_text(enum pw_inject_way way)
{
	return way_texts[way];
}

static int open_xdp(struct pw_injector *injector, const char **step)
{
	return pw_xdp_open(&injector->xdp, step);
}

static int open_mirred(struct pw_injector *injector, const char **step)
{
	return pw_mirred_open(injector->smac, &injector->mirred, step);
}

static int (*const openers[PW_NUM_INJECT_WAYS])(struct pw_injector *injector,
						 const char **step) = {
	[PW_INJECT_XDP] = open_xdp,
	[PW_INJECT_MIRRED] = open_mirred,
};

/**
 * struct refusal - Why a way cannot be used
 * @err:	0: it was not asked for
 */
struct refusal {
	int err;
	const char *step;
};

static int explain_ways(const struct refusal *why, struct pw_diags *diags)
{
	int err = -EOPNOTSUPP;

	for (size_t i = PW_NUM_INJECT_WAYS; i-- > 0;)
		if (why[i].err)
			err = why[i].err;
	pw_diag_system(diags, -err,
		       "frames cannot be injected into interfaces here");
	for (size_t i = 0; i < PW_NUM_INJECT_WAYS; i++)
		if (why[i].err)
			pw_diag_hint(diags, "%s: %s: %s", way_texts[i],
				     why[i].step, strerror(-why[i].err));
	return err == -EINVAL ? -EOPNOTSUPP : err;
}

static int open_way(struct pw_injector *injector, unsigned int ways,
		    struct pw_diags *diags)
{
	struct refusal why[PW_NUM_INJECT_WAYS] = { 0 };

	for (size_t i = 0; i < PW_NUM_INJECT_WAYS; i++) {
		if (!(ways & 1u << i))
			continue;
		why[i].err = openers[i](injector, &why[i].step);
		if (why[i].err)
			continue;
		injector->way = (enum pw_inject_way)i;
		return 0;
	}
	return explain_ways(why, diags);
}

static int draw(struct pw_injector *injector, struct pw_diags *diags)
{
	if (getrandom(&injector->cookie, sizeof(injector->cookie), 0) < 0 ||
	    getrandom(injector->smac, sizeof(injector->smac), 0) < 0)
		return pw_diag_system(diags, errno, "no random numbers");
	/* one station, locally administered (IEEE 802, 8.2.2) */
	injector->smac[0] = (uint8_t)((injector->smac[0] & 0xfc) | 0x02);
	return 0;
}

int pw_injector_open(unsigned int ways, struct pw_injector **out,
		     struct pw_diags *diags)
{
	pw_owned(pw_injector_close) struct pw_injector *injector =
		calloc(1, sizeof(*injector));
	int err;

	if (!injector)
		return -ENOMEM;
	err = draw(injector, diags);
	if (!err)
		err = pw_swallow_open(&injector->swallow, diags);
	if (!err)
		err = open_way(injector, ways, diags);
	if (err)
		return err;
	*out = PW_TAKE(injector);
	return 0;
}

void pw_injector_close(struct pw_injector *injector)
{
	if (!injector)
		return;
	pw_xdp_close(injector->xdp);
	pw_mirred_close(injector->mirred);
	pw_swallow_close(injector->swallow);
	free(injector->guarded);
	free(injector->forwarded);
	free(injector);
}

enum pw_inject_way pw_injector_way(const struct pw_injector *injector)
{
	return injector->way;
}

const struct pw_forwarded *pw_injector_forwarded(
	const struct pw_injector *injector, size_t *num)
{
	*num = injector->num_forwarded;
	return injector->forwarded;
}

const struct pw_probe_count *pw_injector_count(
	const struct pw_injector *injector)
{
	return &injector->count;
}

static size_t num_ports(const struct pw_volley *volley)
{
	return volley->ports ? volley->num_ports : PW_ALL_PORTS;
}

static uint16_t port_of(const struct pw_volley *volley, size_t i)
{
	return volley->ports ? volley->ports[i] : (uint16_t)i;
}

static int load_salvo(struct pw_salvo *salvo, const struct pw_volley *volley,
		      size_t index)
{
	size_t num = num_ports(volley);

	*salvo = (struct pw_salvo){
		.volley = volley, .index = (uint32_t)index,
		.seen = calloc(PW_ALL_PORTS, 1),
		.ports = calloc(num + 1, sizeof(uint16_t)),
	};
	if (!salvo->seen || !salvo->ports)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++) {
		uint16_t port = port_of(volley, i);

		if (salvo->seen[port] == PW_EV_NONE)
			salvo->ports[salvo->num++] = port;
		salvo->seen[port] = PW_EV_UNKNOWN;
	}
	return 0;
}

static void tell(const struct pw_salvo *salvo)
{
	const struct pw_volley *volley = salvo->volley;

	for (size_t i = 0; i < num_ports(volley); i++)
		volley->evidence[i] = salvo->seen[port_of(volley, i)];
}

/* As many volleys as fit into the table's sets, at least one */
static size_t group_size(const struct pw_volley *volleys, size_t num)
{
	size_t probes = 0, i = 0;

	for (; i < num && i < MAX_SALVOS; i++) {
		size_t ports = num_ports(&volleys[i]);

		probes += ports < PW_ALL_PORTS ? ports : PW_ALL_PORTS;
		if (probes > PW_SWALLOW_ROOM)
			break;
	}
	return i;
}

static int fire_group(struct pw_injector *injector,
		      const struct pw_volley *volleys, size_t first, size_t num,
		      struct pw_diags *diags)
{
	struct pw_salvo salvos[MAX_SALVOS] = { 0 };
	int err = 0;

	for (size_t i = 0; i < num && !err; i++)
		err = load_salvo(&salvos[i], &volleys[first + i], first + i);
	if (!err)
		err = pw_salvos_fire(injector, salvos, num, diags);
	for (size_t i = 0; i < num; i++) {
		if (!err)
			tell(&salvos[i]);
		free(salvos[i].seen);
		free(salvos[i].ports);
	}
	return err;
}

/*
 * On one processor: what a probe sets off comes to pass on the one that sends
 * it. Where it cannot be pinned, counts show what that cost.
 */
static void pin(cpu_set_t *before)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	if (sched_getaffinity(0, sizeof(*before), before) || cpu < 0)
		return;
	CPU_ZERO(&here);
	CPU_SET((size_t)cpu, &here);
	(void)sched_setaffinity(0, sizeof(here), &here);
}

int pw_injector_fire(struct pw_injector *injector,
		     struct pw_volley *volleys, size_t num,
		     struct pw_diags *diags)
{
	cpu_set_t before;
	int err = 0;

	injector->num_forwarded = 0;
	CPU_ZERO(&before);
	pin(&before);
	for (size_t at = 0, step; at < num && !err; at += step) {
		step = group_size(volleys + at, num - at);
		err = fire_group(injector, volleys, at, step, diags);
	}
	if (CPU_COUNT(&before))
		(void)sched_setaffinity(0, sizeof(before), &before);
	return err;
}
