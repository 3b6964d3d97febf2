/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers for tests: the same in each run. */
#ifndef UNIT_DRAW_H
#define UNIT_DRAW_H

#include <stdint.h>

/* From 0 to below @below */
uint32_t draw(uint32_t below);

/* Begin anew; @seed is not 0 */
void draw_seed(uint64_t seed);

#define PICK(list) ((list)[draw(PW_ARRAY_SIZE(list))])

#endif
