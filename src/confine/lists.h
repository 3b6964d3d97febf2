/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists: which system calls belong together, and which do harm. */
#ifndef CONFINE_LISTS_H
#define CONFINE_LISTS_H

#include <stddef.h>
#include <stdint.h>

/* What calls are for. A phase is a set of these. */
enum call_group {
	THINK = 1 << 0,		/* memory, clocks, end; open descriptors */
	START = 1 << 1,		/* what is given away at the start */
	FILES = 1 << 2,		/* files are read */
	STORE = 1 << 3,		/* files are written, renamed, removed */
	ROUTE = 1 << 4,		/* interfaces and addresses are asked for */
	RULES = 1 << 5,		/* rules, connections, sockets: by netlink */
	TELL = 1 << 6,		/* the service manager */
	WORKERS = 1 << 7,	/* processes and threads of our own */
	EVENTS = 1 << 8,	/* signals and timers are waited for */
	PACKETS = 1 << 9,	/* sockets of the network */
	SPACES = 1 << 10,	/* namespaces */
	PROGRAMS = 1 << 11,	/* of BPF */
	CODE = 1 << 12,		/* libraries of nsswitch.conf(5) are loaded */
};

/**
 * struct call_row - One system call
 * @nr:		of SCMP_SYS(); below 0: this architecture has none of that name
 * @groups:	bits of enum call_group, any of which lets it through
 * @kin:	not known to be made; does what one does that is
 */
struct call_row {
	int nr;
	unsigned int groups;
	_Bool kin;
};

extern const struct call_row call_rows[];
extern const size_t num_call_rows;

/* How the value of an argument is judged */
enum call_test { IS, ABOVE, WITHOUT };

/**
 * struct arg_row - A system call that depends on an argument
 * @index:	of the argument
 * @value:	IS: the same; ABOVE: more; WITHOUT: none of these bits
 * @index2, @value2: a second one that must be the same; @index2 0: none
 * @groups:	as of struct call_row; 0: does harm whatever the phase
 * @kin:	as of struct call_row
 */
struct arg_row {
	int nr;
	unsigned int index;
	enum call_test test;
	uint64_t value;
	unsigned int index2;
	uint64_t value2;
	unsigned int groups;
	_Bool kin;
};

extern const struct arg_row arg_rows[];
extern const size_t num_arg_rows;

/* End the process, unless a row above lets them through in this phase */
extern const int harmful_calls[];
extern const size_t num_harmful_calls;

#endif
