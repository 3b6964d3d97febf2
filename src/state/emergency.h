/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy for a boot whose own one is lost. */
#ifndef STATE_EMERGENCY_H
#define STATE_EMERGENCY_H

/* Begins the last line, which is a comment with the SHA-256 of all before */
#define PW_EMERGENCY_SEAL "; sha256 "

#endif
