/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of an injector: how it sends, and its rounds. */
#ifndef PROBE_INJECT_PRIV_H
#define PROBE_INJECT_PRIV_H

#include "portwall/inject.h"
#include "probe/inject_frame.h"
#include "probe/mirred.h"
#include "probe/swallow.h"
#include "probe/xdp.h"

/**
 * struct pw_injector
 * @xdp, @mirred: the one of @way is set
 * @cookie:	of the last mark; the next is one step on
 * @guarded:	devices whose egress is looked at
 */
struct pw_injector {
	enum pw_inject_way way;
	struct pw_xdp *xdp;
	struct pw_mirred *mirred;
	struct pw_swallow *swallow;
	uint8_t smac[PW_ETH_LEN];
	uint32_t cookie;
	uint32_t *guarded;
	size_t num_guarded, cap_guarded;
	struct pw_forwarded *forwarded;
	size_t num_forwarded, cap_forwarded;
	struct pw_probe_count count;
};

#define PW_ALL_PORTS 65536u

/**
 * struct pw_salvo - What is left of a volley to be sent
 * @index:	of the volley
 * @ports:	to be sent in this round
 * @seen:	evidence by port; PW_EV_NONE: not of this volley
 * @arrived:	probes of this round that the table has counted
 * @idle:	rounds in a row in which none has
 */
struct pw_salvo {
	const struct pw_volley *volley;
	uint32_t index;
	uint16_t *ports;
	size_t num;
	uint8_t *seen;
	uint32_t cookie;
	uint64_t sent, arrived;
	unsigned int idle;
};

/* Sends all once: @sent of each is set, and counted */
int pw_salvos_shoot(struct pw_injector *injector, struct pw_salvo *salvos,
		    size_t num, size_t burst, struct pw_diags *diags);

/* Sends salvos until nothing is left, or no more arrives; fills @seen */
int pw_salvos_fire(struct pw_injector *injector, struct pw_salvo *salvos,
		   size_t num, struct pw_diags *diags);

#endif
