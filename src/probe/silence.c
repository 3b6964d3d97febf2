// SPDX-License-Identifier: GPL-2.0-or-later
/* What silence proves on a path that may lose packets. */
#include "probe/remote.h"

#define DOUBT 1e-4

static double power(double x, unsigned int n)
{
	double product = 1;

	while (n--)
		product *= x;
	return product;
}

/* How many ways there are to lose @lost of @sent */
static double choices(unsigned int sent, unsigned int lost)
{
	double ways = 1;

	for (unsigned int i = 1; i <= lost; i++)
		ways = ways * (sent - lost + i) / i;
	return ways;
}

bool pw_silence_is_sure(unsigned int sent, unsigned int lost,
			unsigned int tries)
{
	/* the rate that makes both together most likely */
	double rate = ((double)lost + tries) / ((double)sent + tries);

	if (!tries || lost >= sent)
		return false;
	return choices(sent, lost) * power(rate, lost + tries) *
	       power(1 - rate, sent - lost) < DOUBT;
}
