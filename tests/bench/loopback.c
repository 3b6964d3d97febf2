// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loopback: sweep all TCP ports of 127.0.0.1 once.
 *
 * Usage: loopback raw|connect
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "portwall/scan.h"

int main(int argc, char **argv)
{
	static uint8_t evidence[65536];
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_loopback sweep = {
		.family = PW_IPV4, .addr = { 0, 0x7f000001 },
		.proto = IPPROTO_TCP, .evidence = evidence,
		.raw = argc > 1 && !strcmp(argv[1], "raw"),
	};
	bool raw = sweep.raw;
	size_t refused = 0;

	if (!diags || pw_loopback_sweep(&sweep, diags) || sweep.raw != raw) {
		fprintf(stderr, "loopback: no sweep of this kind here\n");
		return 1;
	}
	for (uint32_t port = 1; port < 65536; port++)
		refused += evidence[port] == PW_EV_RESET;
	printf("%zu refused\n", refused);
	return refused < 65000;
}
