// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose the listening sockets are: one walk over /proc. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/listeners.h"
#include "host/procs.h"

/* Inode of the first pid namespace: PROC_PID_INIT_INO, linux/proc_ns.h */
#define FIRST_PID_NS 0xeffffffcu

struct owner {
	uint32_t inode;
	uint32_t pid;
	bool ours;		/* this process holds it (too) */
	char comm[16];
};

/**
 * struct walk - Owners by inode
 * @self:	this process, as /proc numbers it
 * @at:		the process that is looked at
 * @init_seen:	process 1 was: mounted with hidepid, /proc shows ours alone
 * @hidden:	a process did not let us look
 */
struct walk {
	struct owner *owners;
	size_t num;
	uint32_t self, at;
	bool init_seen, hidden;
};

static int owner_cmp(const void *a, const void *b)
{
	uint32_t x = ((const struct owner *)a)->inode;
	uint32_t y = ((const struct owner *)b)->inode;

	return (x > y) - (x < y);
}

static struct owner *find_owner(const struct walk *walk, uint32_t inode)
{
	const struct owner key = { .inode = inode };

	if (!inode || !walk->num)
		return NULL;
	return bsearch(&key, walk->owners, walk->num, sizeof(key), owner_cmp);
}

/*
 * Of several the one that began first; but process 1 holds sockets for others,
 * which it starts when they are needed.
 */
static bool is_better(uint32_t pid, uint32_t than)
{
	if (!than || than == 1)
		return true;
	return pid != 1 && pid < than;
}

static int on_owned(void *arg, uint32_t inode)
{
	struct walk *walk = arg;
	struct owner *owner = find_owner(walk, inode);

	if (!owner)
		return 0;
	if (walk->at == walk->self)
		owner->ours = true;
	else if (is_better(walk->at, owner->pid))
		owner->pid = walk->at;
	return 0;
}

static int on_process(void *arg, int proc, const char *pid)
{
	struct walk *walk = arg;
	int err;

	walk->at = (uint32_t)strtoul(pid, NULL, 10);
	if (walk->at == 1)
		walk->init_seen = true;
	err = pw_proc_sockets(proc, pid, on_owned, walk);
	if (err == -EACCES) {
		walk->hidden = true;
		return 0;
	}
	return err;
}

/* Names are read for owners alone, they are few */
static void name_owners(struct walk *walk)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char pid[16], comm[PW_COMM_SIZE];

	for (size_t i = 0; proc >= 0 && i < walk->num; i++) {
		struct owner *owner = &walk->owners[i];

		snprintf(pid, sizeof(pid), "%u", owner->pid);
		if (owner->pid && pw_proc_comm(proc, pid, comm))
			memcpy(owner->comm, comm,
			       strnlen(comm, sizeof(owner->comm) - 1));
	}
	if (proc >= 0)
		close(proc);
}

/* Processes of namespaces above ours are not in /proc */
static bool sees_every_pid(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == FIRST_PID_NS;
}

static uint32_t pid_of_self(void)
{
	char target[16];
	ssize_t len = readlink("/proc/self", target, sizeof(target) - 1);

	if (len <= 0)
		return 0;
	target[len] = '\0';
	return (uint32_t)strtoul(target, NULL, 10);
}

static int walk_init(struct walk *walk, const struct pw_listeners *listeners)
{
	walk->self = pid_of_self();
	walk->owners = calloc(listeners->num + 1, sizeof(*walk->owners));
	if (!walk->owners)
		return -ENOMEM;
	for (size_t i = 0; i < listeners->num; i++)
		walk->owners[i].inode = listeners->list[i].inode;
	qsort(walk->owners, listeners->num, sizeof(*walk->owners), owner_cmp);
	for (size_t i = 0; i < listeners->num; i++)
		if (!walk->num || walk->owners[walk->num - 1].inode !=
					  walk->owners[i].inode)
			walk->owners[walk->num++] = walk->owners[i];
	return 0;
}

/* @all_seen: a socket that no process holds is the kernel's own */
static void take_owners(const struct walk *walk, bool all_seen,
			struct pw_listeners *listeners)
{
	size_t kept = 0;

	for (size_t i = 0; i < listeners->num; i++) {
		struct pw_listener listener = listeners->list[i];
		const struct owner *owner = find_owner(walk, listener.inode);

		if (owner && owner->ours && !owner->pid)
			continue;
		if (owner) {
			listener.pid = owner->pid;
			memcpy(listener.comm, owner->comm,
			       sizeof(listener.comm));
		}
		listener.kernel = !listener.inode ||
				  (all_seen && !listener.pid);
		listeners->list[kept++] = listener;
	}
	listeners->num = kept;
}

int pw_listen_owners(struct pw_listeners *listeners)
{
	struct walk walk = { 0 };
	int err = walk_init(&walk, listeners);

	if (err)
		return err;
	err = pw_procs_each(on_process, &walk);
	listeners->owners_known = !err && walk.init_seen && !walk.hidden;
	name_owners(&walk);
	take_owners(&walk, listeners->owners_known && sees_every_pid(),
		    listeners);
	free(walk.owners);
	return 0;
}
