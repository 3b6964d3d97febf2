// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel settings of the private host and of its wire. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "portwall/own.h"
#include "probe/sandbox_priv.h"

/*
 * Of a new namespace: IPv4 copies the machine's settings of interfaces, IPv6
 * those of the kernel (net.core.devconf_inherit_init_net). So what matters is
 * set in any case. Documentation/networking/ip-sysctl.rst has them all.
 */
struct setting {
	const char *name;	/* below /proc/sys/net; as in sysctl.d(5) a "-"
				 * before it if not every kernel has it */
	const char *value;
};

/* Before anything else: these set others back */
static const struct setting host_routes[] = {
	{ "ipv4/ip_forward", "1" },
	{ "ipv6/conf/all/forwarding", "1" },
	/* or else frames within a bridge meet the rules for packets */
	{ "-bridge/bridge-nf-call-iptables", "0" },
	{ "-bridge/bridge-nf-call-ip6tables", "0" },
	{ "-bridge/bridge-nf-call-arptables", "0" },
};

static const struct setting host_stays[] = {
	{ "ipv4/ip_forward", "0" },
	{ "ipv6/conf/all/forwarding", "0" },
};

static const struct setting host[] = {
	/* any source may come in on any interface, even one of our own: it is
	 * for the rules to refuse it */
	{ "ipv4/conf/all/rp_filter", "0" },
	{ "ipv4/conf/default/rp_filter", "0" },
	{ "ipv4/conf/lo/rp_filter", "0" },
	{ "ipv4/conf/all/accept_local", "1" },
	{ "ipv4/conf/all/route_localnet", "1" },
	{ "ipv4/conf/all/log_martians", "0" },
	{ "ipv4/conf/default/log_martians", "0" },
	/* every answer, to everybody, at any rate */
	{ "ipv4/icmp_ratemask", "0" },
	{ "ipv4/icmp_echo_ignore_broadcasts", "0" },
	{ "ipv6/icmp/ratelimit", "0" },
	{ "ipv6/icmp/ratemask", "\n" },
	{ "ipv4/conf/all/arp_ignore", "0" },
	{ "ipv4/conf/default/arp_ignore", "0" },
	{ "ipv4/conf/all/arp_filter", "0" },
	{ "ipv4/conf/default/arp_filter", "0" },
	{ "ipv4/tcp_syncookies", "2" },
	/* older kernels hide all of core from ordinary users */
	{ "-core/somaxconn", "65535" },
	{ "ipv4/igmp_max_memberships", "1000000" },
	/* addresses and routes are what the scene says, whatever comes in */
	{ "ipv4/conf/all/accept_redirects", "0" },
	{ "ipv4/conf/default/accept_redirects", "0" },
	{ "ipv4/conf/all/send_redirects", "0" },
	{ "ipv4/conf/default/send_redirects", "0" },
	{ "ipv6/conf/all/disable_ipv6", "0" },
	{ "ipv6/conf/default/disable_ipv6", "0" },
	{ "ipv6/conf/all/accept_dad", "0" },
	{ "ipv6/conf/default/accept_dad", "0" },
	{ "ipv6/conf/default/addr_gen_mode", "0" },
	{ "ipv6/conf/default/router_solicitations", "0" },
	{ "ipv6/conf/default/accept_ra", "0" },
	{ "ipv6/conf/default/accept_redirects", "0" },
	/* a routing header of type 4 is let through, not swallowed */
	{ "-ipv6/conf/all/seg6_enabled", "1" },
	{ "-ipv6/conf/default/seg6_enabled", "1" },
};

/* The stack at the wire's end says nothing of its own accord */
static const struct setting wire[] = {
	{ "ipv4/ip_forward", "0" },
	{ "ipv6/conf/all/disable_ipv6", "1" },
	{ "ipv6/conf/default/disable_ipv6", "1" },
};

static bool is_optional(const struct setting *set)
{
	return *set->name == '-';
}

static const char *path_of(const struct setting *set)
{
	return set->name + is_optional(set);
}

static int write_value(int net, const struct setting *set)
{
	int fd = openat(net, path_of(set), O_WRONLY | O_CLOEXEC);
	ssize_t len;
	int err;

	if (fd < 0)
		return -errno;
	len = write(fd, set->value, strlen(set->value));
	err = len < 0 ? -errno : 0;
	close(fd);
	return err;
}

static bool has_value(int net, const struct setting *set)
{
	int fd = openat(net, path_of(set), O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, *set->value == '\n' ? "" : set->value);
}

static int explain(const struct setting *set, int err, struct pw_diags *diags)
{
	err = pw_diag_system(diags, -err, "/proc/sys/net/%s cannot be set",
			     path_of(set));
	if (err == -EROFS || err == -EACCES || err == -EPERM)
		pw_diag_hint(diags,
			     "containers may not write to /proc/sys unless "
			     "started with --security-opt apparmor=unconfined "
			     "and --security-opt systempaths=unconfined "
			     "(podman: unmask=/proc/sys); or use `portwall "
			     "test --computed`, which sends nothing");
	else if (err == -ENOENT)
		pw_diag_hint(diags,
			     "the kernel must have IPv4 and IPv6, and /proc "
			     "must be mounted; `portwall test --computed` "
			     "needs neither");
	return err;
}

static int apply(const struct setting *sets, size_t num, struct pw_diags *diags)
{
	int net = open("/proc/sys/net", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (net < 0)
		return pw_diag_system(diags, errno, "/proc/sys/net");
	for (size_t i = 0; i < num && !err; i++) {
		err = write_value(net, &sets[i]);
		if (err && (is_optional(&sets[i]) || has_value(net, &sets[i])))
			err = 0;
		if (err)
			err = explain(&sets[i], err, diags);
	}
	close(net);
	return err;
}

int pw_sysctls_host(bool forwards, struct pw_diags *diags)
{
	int err = forwards ?
		apply(host_routes, PW_ARRAY_SIZE(host_routes), diags) :
		apply(host_stays, PW_ARRAY_SIZE(host_stays), diags);

	return err ? err : apply(host, PW_ARRAY_SIZE(host), diags);
}

int pw_sysctls_wire(struct pw_diags *diags)
{
	return apply(wire, PW_ARRAY_SIZE(wire), diags);
}
