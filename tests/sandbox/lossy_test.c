// SPDX-License-Identifier: GPL-2.0-or-later
/* Wires that lose frames: nothing may be taken for silence that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "box.h"

/*
 * In percent. What nft drops here is an error to the sender, which tries it once
 * more unless it is the first of a burst: between 12 and 35 of 100 stay lost.
 */
#define LOSS 35

/*
 * A port that is never let through must not be taken for open, nor the other way
 * round
 */
static void is_right_about_a_lossy_wire(void **state)
{
	uint64_t lost = pw_sandbox_count(box)->lost;
	uint64_t unknown = pw_sandbox_count(box)->unknown;

	(void)state;
	box_rules(INPUT "th dport < 30000 accept\ndrop\n" FORWARD "drop\n" END);
	box_lose(PW_SIDE_WIRE, LOSS);
	FOR_FAMILY(f) {
		box_sweep(f, protos[f], "a fifth lost");
		for (size_t port = 0; port < NUM_PORTS; port++) {
			if (!box_is_published(protos[f], port))
				box_expect(port,
					   port < 30000 ? box_reached(protos[f])
							: PW_EV_SILENCE);
		}
	}
	box_begin();
	for (uint16_t i = 0; i < 200; i++) {
		box_add(box_probe(i & 1, IPPROTO_UDP, i & 2 ? 22 : 30000));
		probes[i].sport = 2000 + i;
		probes[i].pieces = i / 4 % 3;
	}
	box_fire();
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, i & 2 ? PW_EV_DELIVERED : PW_EV_SILENCE);
	box_lose_no_more(PW_SIDE_WIRE);
	assert_true(pw_sandbox_count(box)->lost > lost + 5000);
	assert_true(pw_sandbox_count(box)->unknown == unknown);
}

static void asks_neighbours_on_a_lossy_wire(void **state)
{
	(void)state;
	box_rules(NULL);
	box_lose(PW_SIDE_WIRE, LOSS);
	box_begin();
	for (unsigned int i = 0; i < 200; i++) {
		box_add(box_probe(PW_IPV6, IPPROTO_TCP, (uint16_t)i));
		probes[i].src = box_link_source6;
		probes[i].src.lo += 10000 + i;
	}
	box_fire();
	box_expect_all(PW_EV_ANSWER);
	box_lose_no_more(PW_SIDE_WIRE);
}

static void knows_nothing_of_a_dead_wire(void **state)
{
	uint64_t unknown = pw_sandbox_count(box)->unknown;

	(void)state;
	box_rules(NULL);
	box_lose(PW_SIDE_WIRE, 100);
	box_begin();
	for (uint16_t i = 0; i < 20; i++)
		box_add(box_probe(PW_IPV4, IPPROTO_TCP, i));
	box_fire();
	box_expect_all(PW_EV_UNKNOWN);
	box_lose_no_more(PW_SIDE_WIRE);
	assert_int_equal(pw_sandbox_count(box)->unknown, unknown + 20);
}

/* Answers that get lost: silence has to be seen more than once */
static void is_right_where_answers_get_lost(void **state)
{
	(void)state;
	box_rules(INPUT "tcp dport < 2000 accept\ndrop\n" FORWARD "drop\n" END);
	box_lose(PW_SIDE_HOST, 20);
	box_begin();
	for (uint16_t port = 0; port < 16384; port++)
		box_add(box_probe(PW_IPV4, IPPROTO_TCP, port));
	box_fire();
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, i < 2000 ? PW_EV_ANSWER : PW_EV_SILENCE);
	box_lose_no_more(PW_SIDE_HOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_right_about_a_lossy_wire),
		cmocka_unit_test(asks_neighbours_on_a_lossy_wire),
		cmocka_unit_test(knows_nothing_of_a_dead_wire),
		/* from here on the sandbox knows that answers get lost */
		cmocka_unit_test(is_right_where_answers_get_lost),
	};

	return cmocka_run_group_tests(tests, box_open, box_close);
}
