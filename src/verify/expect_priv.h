/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one section says of one packet. */
#ifndef VERIFY_EXPECT_PRIV_H
#define VERIFY_EXPECT_PRIV_H

#include <portwall/expect.h>

/* Does the packet come in on one of `bridges`? */
bool pw_arrival_from_bridge(const struct pw_model *model,
			    const struct pw_arrival *arrival);

/*
 * Do its source, destination, interface and time belong to the section? What
 * is left is the protocol and the port.
 */
bool pw_expect_covers(const struct pw_model *model,
		      const struct pw_section *section,
		      const struct pw_arrival *arrival);

/* Has the section this protocol, and if it is one with ports, this port? */
bool pw_expect_names(const struct pw_section *section, uint8_t proto,
		     uint16_t port);

/* Its ports of a protocol; NULL if the protocol has none in policies */
const struct pw_rangeset *pw_expect_named(const struct pw_section *section,
					  uint8_t proto);

static inline bool pw_expect_limited(const struct pw_section *section)
{
	return section->rate.set || section->connections.set;
}

/*
 * All that is said of a packet before ports matter, but what DHCP clients are
 * answered. True: @out is decided.
 */
bool pw_expect_before_ports(const struct pw_model *model,
			    const struct pw_arrival *arrival,
			    struct pw_expectation *out);

/* The answer to a DHCP client? They are let in whatever sections say */
bool pw_expect_dhcp(const struct pw_model *model,
		    const struct pw_arrival *arrival,
		    struct pw_expectation *out);

/* What becomes of a new packet that nothing allows */
void pw_expect_default(const struct pw_model *model,
		       const struct pw_arrival *arrival,
		       struct pw_expectation *out);

/* What a section says that the packet belongs to */
void pw_expect_section(const struct pw_model *model, uint32_t section,
		       struct pw_expectation *out);

#endif
