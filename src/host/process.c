// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sockets belong to processes of given names, by /proc. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/procs.h"
#include "portwall/array.h"
#include "portwall/host.h"

struct inodes {
	const char *const *names;
	uint32_t *items;
	size_t num, cap;
	bool hidden;	/* a process did not let us look */
};

static bool is_named(int proc, const char *pid, const char *const *names)
{
	char comm[PW_COMM_SIZE];

	if (!pw_proc_comm(proc, pid, comm))
		return false;
	for (; *names; names++)
		if (!strcmp(*names, comm))
			return true;
	return false;
}

static int add_inode(void *arg, uint32_t inode)
{
	struct inodes *found = arg;

	return PW_ARRAY_PUSH(found->items, found->num, found->cap, inode);
}

static int add_process(void *arg, int proc, const char *pid)
{
	struct inodes *found = arg;
	int err;

	if (!is_named(proc, pid, found->names))
		return 0;
	err = pw_proc_sockets(proc, pid, add_inode, found);
	if (err == -EACCES) {
		found->hidden = true;
		return 0;
	}
	return err;
}

static int inode_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int pw_sockets_held_by(const char *const *names, uint32_t **inodes,
		       size_t *num, bool *hidden)
{
	struct inodes found = { .names = names };
	int err = pw_procs_each(add_process, &found);

	if (err) {
		free(found.items);
		return err;
	}
	if (found.num)
		qsort(found.items, found.num, sizeof(*found.items), inode_cmp);
	*inodes = found.items;
	*num = found.num;
	*hidden = found.hidden;
	return 0;
}
