/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every policy holds or lets through without naming a port. */
#ifndef REHEARSE_HELD_H
#define REHEARSE_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rehearse/held_try.h"

/* From whom, to where; @dst is an own unicast address */
struct pw_path {
	uint32_t iface;
	enum pw_family family;
	struct pw_value src, dst;
};

/* Sorted by interface, then family */
struct pw_paths {
	struct pw_path *list;
	size_t num, cap;
};

/**
 * struct pw_held - The act while it plays
 * @plain:	one for each interface and family: from the next host there
 * @classes:	those of @plain, and one for each class of source there
 * @telling:	one for each interface and family, to which the policy opens
 *		ports if there is such a source
 * @left_out:	classes of source beyond what is asked without --full
 * @ports:	room for pw_held_ports()
 * @of_path:	path of the case that is filled, see pw_held_case()
 */
struct pw_held {
	struct pw_stage *stage;
	struct pw_tries tries;
	struct pw_paths plain, classes, telling;
	size_t left_out;
	struct pw_ports_expected *ports;
	const struct pw_path *of_path;
};

/* @plain alone. 0; -ENOMEM */
int pw_held_plain(const struct pw_scene *scene, struct pw_paths *out);
/* 0; -ENOMEM; freed by the other one in either case */
int pw_held_paths(struct pw_held *held);
void pw_held_paths_free(struct pw_held *held);

/* "IPv4", "IPv6" */
const char *pw_family_text(enum pw_family family);

/*
 * The case "@what on IFACE over FAMILY" for what is added next, made when @path
 * differs in interface or family from the one before. 0; -ENOMEM
 */
int pw_held_case(struct pw_held *held, const char *what,
		 const struct pw_path *path);

/* A probe along @path; the rest is to be filled in */
struct pw_probe pw_held_probe(const struct pw_path *path, uint8_t proto);

/*
 * A port of the host itself that the policy opens along @path without limits
 * (@published: or one that leads to a container), and one that it does not open
 * at all; 0: there is none. Returns 0; -ENOMEM
 */
int pw_held_ports(struct pw_held *held, const struct pw_path *path,
		  uint8_t proto, bool published, uint16_t *open,
		  uint16_t *closed);

/* The groups; each adds cases and packets. 0; errors */
int pw_held_protocols(struct pw_held *held);
int pw_held_icmp(struct pw_held *held);
int pw_held_errors(struct pw_held *held);
int pw_held_discovery(struct pw_held *held);
int pw_held_groups(struct pw_held *held);
int pw_held_dhcp(struct pw_held *held);
int pw_held_casts(struct pw_held *held);
int pw_held_behind(struct pw_held *held);
int pw_held_pieces(struct pw_held *held);
int pw_held_flags(struct pw_held *held);
int pw_held_odd_ports(struct pw_held *held);
/* Sends on its own, and listens for what comes of it */
int pw_held_spoofed(struct pw_held *held);

#endif
