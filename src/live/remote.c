// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections by which somebody administers this host. */
#include "live/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/ruleset.h"

/* sshd-session and sshd-auth: what sshd became in OpenSSH 9.8 */
static const char *const ssh_names[] = {
	"sshd", "sshd-session", "sshd-auth", "dropbear", NULL,
};

/* Sockets of ssh_names; looked up in /proc when first asked for */
struct ssh_sockets {
	bool known;
	uint32_t *inodes;
	size_t num;
};

struct search {
	const struct pw_host *host;
	const struct pw_rangeset *guard;
	const struct pw_conns *conns;
	struct ssh_sockets ssh;
	struct pw_remotes *remotes;
	struct pw_diags *diags;
};

static bool is_loopback(const struct pw_conn *conn)
{
	if (conn->family == PW_IPV4)
		return conn->peer.lo >> 24 == 127;
	return !conn->peer.hi && conn->peer.lo == 1;
}

static int find_ssh_sockets(struct search *s)
{
	bool hidden = false;
	int err;

	if (s->ssh.known)
		return 0;
	s->ssh.known = true;
	err = pw_sockets_held_by(ssh_names, &s->ssh.inodes, &s->ssh.num,
				 &hidden);
	if (err == -ENOMEM || (!err && !hidden))
		return err;
	pw_diag_warning(s->diags, NULL,
			"cannot tell which connections are SSH: /proc: %s",
			strerror(err ? -err : EACCES));
	pw_diag_hint(s->diags, "name its ports: guard = 22 in [policy]");
	return 0;
}

static int inode_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool is_ssh(const struct search *s, uint32_t inode)
{
	return s->ssh.num && bsearch(&inode, s->ssh.inodes, s->ssh.num,
				     sizeof(inode), inode_cmp);
}

/* Is there a listener on the port of @conn, and is it or @conn of SSH? */
static int judge_ssh(struct search *s, const struct pw_conn *conn, bool *ssh)
{
	const struct pw_conns *conns = s->conns;
	int err = 0;

	*ssh = false;
	for (size_t i = 0; i < conns->num_listeners && !err && !*ssh; i++) {
		if (conns->listeners[i].local_port != conn->local_port)
			continue;
		err = find_ssh_sockets(s);
		*ssh = is_ssh(s, conns->listeners[i].inode) ||
		       is_ssh(s, conn->inode);
	}
	return err;
}

static bool is_known(const struct pw_remotes *remotes,
		     const struct pw_remote *remote)
{
	for (size_t i = 0; i < remotes->num; i++) {
		const struct pw_remote *r = &remotes->items[i];

		if (r->family == remote->family && r->port == remote->port &&
		    !pw_value_cmp(r->peer, remote->peer) &&
		    !pw_value_cmp(r->local, remote->local) &&
		    !strcmp(r->iifname, remote->iifname))
			return true;
	}
	return false;
}

static int add_remote(struct search *s, const struct pw_conn *conn)
{
	struct pw_remotes *remotes = s->remotes;
	struct pw_remote remote = {
		.family = conn->family, .peer = conn->peer,
		.local = conn->local, .port = conn->local_port,
		.section = PW_NONE,
	};
	uint32_t index = conn->ifindex;
	const struct pw_iface *iface;

	if (!index && pw_host_route(conn->family, conn->local, conn->peer,
				    &index))
		return 0;
	iface = pw_host_iface_by_index(s->host, index);
	if (!iface || !strcmp(iface->name, "lo"))
		return 0;
	memcpy(remote.iifname, iface->name, sizeof(remote.iifname));
	if (is_known(remotes, &remote))
		return 0;
	return PW_ARRAY_PUSH(remotes->items, remotes->num, remotes->cap,
			     remote);
}

static int add_if_remote(struct search *s, const struct pw_conn *conn)
{
	bool counts = pw_rangeset_contains32(s->guard, conn->local_port);
	int err = 0;

	if (is_loopback(conn))
		return 0;
	if (!counts)
		err = judge_ssh(s, conn, &counts);
	return err || !counts ? err : add_remote(s, conn);
}

int pw_remotes_gather(const struct pw_host *host,
		      const struct pw_rangeset *guard,
		      struct pw_remotes **out, struct pw_diags *diags)
{
	pw_owned(pw_remotes_free) struct pw_remotes *remotes =
		calloc(1, sizeof(*remotes));
	pw_owned(pw_conns_free) struct pw_conns *conns = NULL;
	struct search s = {
		.host = host, .guard = guard, .remotes = remotes,
		.diags = diags,
	};
	int err = remotes ? pw_conns_gather(&conns, diags) : -ENOMEM;

	s.conns = conns;
	for (size_t i = 0; !err && i < conns->num_established; i++)
		err = add_if_remote(&s, &conns->established[i]);
	free(s.ssh.inodes);
	if (err)
		return err;
	*out = PW_TAKE(remotes);
	return 0;
}

static int add_listening(struct search *s, struct pw_rangeset *ports)
{
	const struct pw_conns *conns = s->conns;
	int err = find_ssh_sockets(s);

	for (size_t i = 0; !err && i < conns->num_listeners; i++)
		if (is_ssh(s, conns->listeners[i].inode))
			err = pw_rangeset_add32(ports,
						conns->listeners[i].local_port,
						conns->listeners[i].local_port);
	for (size_t i = 0; !err && i < s->remotes->num; i++)
		err = pw_rangeset_add32(ports, s->remotes->items[i].port,
					s->remotes->items[i].port);
	return err;
}

static int find_ports(const struct pw_remotes *remotes,
		      struct pw_rangeset *ports, struct pw_diags *diags)
{
	pw_owned(pw_conns_free) struct pw_conns *conns = NULL;
	struct pw_remotes none = { 0 }, known = remotes ? *remotes : none;
	struct search s = { .remotes = &known, .diags = diags };
	int err = pw_conns_gather(&conns, diags);

	s.conns = conns;
	if (!err)
		err = add_listening(&s, ports);
	free(s.ssh.inodes);
	return err;
}

int pw_remotes_ports(const struct pw_remotes *remotes,
		     const struct pw_rangeset *guard,
		     struct pw_rangeset **out, struct pw_diags *diags)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_new(16);
	int err = ports ? 0 : -ENOMEM;

	if (!err)
		err = pw_rangeset_empty(guard) ?
		      find_ports(remotes, ports, diags) :
		      pw_rangeset_add_set(ports, guard);
	if (!err)
		err = pw_rangeset_normalise(ports);
	if (!err)
		*out = PW_TAKE(ports);
	return err;
}

void pw_remotes_free(struct pw_remotes *remotes)
{
	if (!remotes)
		return;
	free(remotes->items);
	free(remotes);
}
