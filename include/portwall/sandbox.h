/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private host and its wire, in namespaces; real frames in, answers out. */
#ifndef PORTWALL_SANDBOX_H
#define PORTWALL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "own.h"
#include "probe.h"
#include "scene.h"

struct pw_sandbox;

/**
 * pw_sandbox_open() - Leave the machine's network for a private one
 *
 * The calling process, which must have one thread, enters a new user namespace
 * (as root: not) and a new network namespace, the host of @scene, with lo up,
 * the interfaces, addresses and routes; a second network namespace holds the
 * other ends of the veth pairs. It never comes back: whatever it opens from now
 * on is inside. Nothing of the machine's own network was read or touched.
 * Everything ends with the process.
 *
 * Sysctls of the private host: no reverse-path filter, no limits on ICMP
 * errors, no address detection, SYN cookies always.
 *
 * Return: 0; -EPERM, -ENOSPC, -EUSERS, -ENOSYS and others with a message that
 *	   names the switch that forbids namespaces here, and what to do
 */
int pw_sandbox_open(const struct pw_scene *scene, struct pw_sandbox **out,
		    struct pw_diags *diags);
void pw_sandbox_close(struct pw_sandbox *sb);
PW_DEFINE_OWNED(struct pw_sandbox, pw_sandbox_close)

/**
 * pw_sandbox_listen() - Let something listen everywhere
 * @on:		true: the tables and sockets that take whatever passes the rules:
 *		one TCP and one UDP listener for all ports of local unicast
 *		addresses through tproxy (prerouting, -150), raw sockets for all
 *		other protocols and destinations. false: they are gone again.
 *
 * Published ports are left to their DNAT. To be called once before
 * pw_sandbox_fire(), with the rules under test loaded or not.
 */
int pw_sandbox_listen(struct pw_sandbox *sb, bool on, struct pw_diags *diags);

/**
 * pw_sandbox_fire() - Send probes and say what each saw
 * @evidence:	@num entries, all set on success
 *
 * Any number of probes, each its own iface, family, addresses and protocol.
 * Probes that nobody answers are followed by a sentinel on the same path, and
 * packets that did not arrive are sent again; what stays uncertain is
 * PW_EV_UNKNOWN. A probe with sport 0 never meets a conntrack entry of another:
 * in one call probes that differ in nothing but their place must carry source
 * ports of their own. A probe that names its source port keeps it: whoever does
 * so twice means the same connection. When the host's table of connections is
 * nearly full, all are forgotten, those of sockets too. Frames that
 * pw_sandbox_next_frame() has not shown yet are lost.
 *
 * TCP: ANSWER is a SYN-ACK (or, for flags without SYN, DELIVERED to a raw
 * socket); UDP and others: DELIVERED when a socket in the host got it,
 * FORWARDED when it came out at a container. An echo reply is ANSWER.
 *
 * Return: 0; errors of the system with a message
 */
int pw_sandbox_fire(struct pw_sandbox *sb, const struct pw_probe *probes,
		    size_t num, uint8_t *evidence, struct pw_diags *diags);

/* Forget every connection: the next packet of each is new */
int pw_sandbox_forget(struct pw_sandbox *sb, struct pw_diags *diags);

const struct pw_probe_count *pw_sandbox_count(const struct pw_sandbox *sb);

/*
 * For what is more than a probe (replies to the host's own connections):
 * whoever calls socket(2) after this does so in the host, or on the wire.
 */
enum pw_side { PW_SIDE_HOST, PW_SIDE_WIRE };
int pw_sandbox_side(struct pw_sandbox *sb, enum pw_side side);

/* Puts a frame (from the Ethernet header on) on the wire of an interface */
int pw_sandbox_send_frame(struct pw_sandbox *sb, uint32_t iface,
			  const void *frame, size_t len);

/**
 * pw_sandbox_next_frame() - What the host sent to the wire
 * @timeout_ms:	how long to wait
 * @iface:	set: on which interface
 *
 * ARP requests and neighbour solicitations for anything that is not local are
 * answered by the wire, and not shown.
 *
 * Return: its length; 0: nothing came; -errno
 */
int64_t pw_sandbox_next_frame(struct pw_sandbox *sb, int timeout_ms,
			      uint32_t *iface, void *buf, size_t len);

#endif
