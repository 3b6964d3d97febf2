/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc shows: processes and their sockets, lists of the network. */
#ifndef HOST_PROCS_H
#define HOST_PROCS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PW_COMM_SIZE 32	/* TASK_COMM_LEN is 16, kernel threads show more */

/* One process; @pid is the name of its directory below @proc. 0 goes on */
typedef int (*pw_proc_fn)(void *arg, int proc, const char *pid);
/* One socket of a process. 0 goes on */
typedef int (*pw_proc_socket_fn)(void *arg, uint32_t inode);

/* 0; -ENOENT and others: no /proc; what @each returned */
int pw_procs_each(pw_proc_fn each, void *arg);

/* Reads the process's short name; false: it is gone */
bool pw_proc_comm(int proc, const char *pid, char comm[static PW_COMM_SIZE]);

/* 0, also when it is gone; -EACCES: we may not look; what @each returned */
int pw_proc_sockets(int proc, const char *pid, pw_proc_socket_fn each,
		    void *arg);

/* A list of the calling thread's network namespace; NULL: errno is set */
FILE *pw_proc_net(const char *name);

#endif
