// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets of a private host that take whatever its rules let through. */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portwall/own.h"
#include "probe/sandbox_priv.h"

#define BACKLOG 65535		/* cut to somaxconn, which is as large */
#define RCVBUF_LEN (8 << 20)
#define NUM_PROTOCOLS 256
#define MORE_FILES 4096		/* two families of protocols, and room */

static const int domains[PW_NUM_FAMILIES] = {
	[PW_IPV4] = AF_INET, [PW_IPV6] = AF_INET6,
};

struct option {
	int level, name;
};

/* Each is set to 1 */
static const struct option tcp_options[PW_NUM_FAMILIES][3] = {
	{ { SOL_SOCKET, SO_REUSEADDR }, { IPPROTO_IP, IP_TRANSPARENT } },
	{ { SOL_SOCKET, SO_REUSEADDR }, { IPPROTO_IPV6, IPV6_TRANSPARENT },
	  { IPPROTO_IPV6, IPV6_V6ONLY } },
};
static const struct option udp_options[PW_NUM_FAMILIES][4] = {
	{ { IPPROTO_IP, IP_TRANSPARENT }, { IPPROTO_IP, IP_RECVORIGDSTADDR },
	  { IPPROTO_IP, IP_PKTINFO } },
	{ { IPPROTO_IPV6, IPV6_TRANSPARENT },
	  { IPPROTO_IPV6, IPV6_RECVORIGDSTADDR },
	  { IPPROTO_IPV6, IPV6_RECVPKTINFO }, { IPPROTO_IPV6, IPV6_V6ONLY } },
};
static const struct option raw_options[PW_NUM_FAMILIES][2] = {
	{ { IPPROTO_IP, IP_PKTINFO } },
	{ { IPPROTO_IPV6, IPV6_RECVPKTINFO },
	  { IPPROTO_IPV6, IPV6_RECVHOPLIMIT } },
};

/* No option has the name 0 */
static int set_options(int fd, const struct option *options, size_t max)
{
	const int on = 1;

	for (size_t i = 0; i < max && options[i].name; i++) {
		if (setsockopt(fd, options[i].level, options[i].name, &on,
			       sizeof(on)))
			return -errno;
	}
	return 0;
}

/* As large as allowed: the plain option is capped, but needs no capability */
static void set_buffer(int fd)
{
	const int len = RCVBUF_LEN;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len));
}

static int new_socket(enum pw_family family, int type, int proto)
{
	int fd = socket(domains[family], type | SOCK_NONBLOCK | SOCK_CLOEXEC,
			proto);

	if (fd < 0)
		return -errno;
	return fd;
}

static int bind_all(int fd, enum pw_family family)
{
	const struct sockaddr_in any4 = {
		.sin_family = AF_INET, .sin_port = htons(PW_LISTEN_PORT),
	};
	const struct sockaddr_in6 any6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(PW_LISTEN_PORT),
	};
	int err = family == PW_IPV4 ?
		bind(fd, (const struct sockaddr *)&any4, sizeof(any4)) :
		bind(fd, (const struct sockaddr *)&any6, sizeof(any6));

	return err ? -errno : 0;
}

static int open_tcp(struct pw_sandbox *sb, enum pw_family family)
{
	int err, fd = new_socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	sb->tcp[family] = fd;
	err = set_options(fd, tcp_options[family],
			  PW_ARRAY_SIZE(tcp_options[family]));
	if (!err)
		err = bind_all(fd, family);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	return err;
}

static int open_udp(struct pw_sandbox *sb, enum pw_family family)
{
	int err, fd = new_socket(family, SOCK_DGRAM, 0);

	if (fd < 0)
		return fd;
	sb->udp[family] = fd;
	set_buffer(fd);
	err = set_options(fd, udp_options[family],
			  PW_ARRAY_SIZE(udp_options[family]));
	return err ? err : bind_all(fd, family);
}

/*
 * Offset of the flags in a TCP header, RFC 9293. Packets of raw sockets begin
 * with the IP header over IPv4, and behind all such headers over IPv6.
 */
#define TCP_FLAGS_AT 13
#define LOAD_MARK BPF_STMT(BPF_LD | BPF_W | BPF_ABS,			\
			   (uint32_t)(SKF_AD_OFF + SKF_AD_MARK))
#define PASS BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)

/* What bears the mark is the UDP listener's: see listen_table.c */
static const struct sock_filter udp_code[] = {
	LOAD_MARK,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PW_UNICAST_MARK, 1, 0),
	PASS,
	DROP,
};

/* What would be the TCP listener's, and is no SYN, is not answered by it */
#define TCP_CODE(load_header_len) {					\
	LOAD_MARK,							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PW_UNICAST_MARK, 0, 4),	\
	load_header_len,						\
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, TCP_FLAGS_AT),		\
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K,				\
		 TH_FIN | TH_SYN | TH_RST | TH_ACK),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 1, 0),		\
	PASS,								\
	DROP,								\
}
static const struct sock_filter
	tcp4_code[] = TCP_CODE(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)),
	tcp6_code[] = TCP_CODE(BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0));
#define MAX_CODE PW_ARRAY_SIZE(tcp4_code)

static int attach(int fd, const struct sock_filter *code, size_t num)
{
	struct sock_filter copy[MAX_CODE];
	const struct sock_fprog prog = {
		.len = (unsigned short)num, .filter = copy,
	};

	memcpy(copy, code, num * sizeof(*code));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

/* The raw sockets of TCP and UDP leave to the listeners what is theirs */
static int leave_to_listener(int fd, enum pw_family family, int proto)
{
	if (proto == IPPROTO_UDP)
		return attach(fd, udp_code, PW_ARRAY_SIZE(udp_code));
	if (proto != IPPROTO_TCP)
		return 0;
	return family == PW_IPV4 ?
		attach(fd, tcp4_code, PW_ARRAY_SIZE(tcp4_code)) :
		attach(fd, tcp6_code, PW_ARRAY_SIZE(tcp6_code));
}

/* The kernel looks at checksums of mobility headers on its own, RFC 3775 */
static int trust_checksum(int fd)
{
	const int off = -1;

	return setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &off, sizeof(off)) ?
		-errno : 0;
}

/* Those that a sweep of many packets may meet */
static bool is_busy(int proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static int open_raw(struct pw_sandbox *sb, enum pw_family family, int proto)
{
	int err, fd = new_socket(family, SOCK_RAW, proto);

	if (fd < 0)
		return fd;
	sb->raw[family][proto] = fd;
	if (is_busy(proto))
		set_buffer(fd);
	err = set_options(fd, raw_options[family],
			  PW_ARRAY_SIZE(raw_options[family]));
	if (!err)
		err = leave_to_listener(fd, family, proto);
	if (!err && family == PW_IPV6 && proto == IPPROTO_MH)
		err = trust_checksum(fd);
	return err;
}

/* The hard limit is what we may have; the soft one is for users of select(2) */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= MORE_FILES)
		return;
	limit.rlim_cur = limit.rlim_max < MORE_FILES ? limit.rlim_max :
						       MORE_FILES;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Number 0 stands for any protocol in socket(2), and raw sockets have no such */
static int open_family(struct pw_sandbox *sb, enum pw_family family)
{
	int err = open_tcp(sb, family);

	if (!err)
		err = open_udp(sb, family);
	for (int proto = 1; proto < NUM_PROTOCOLS && !err; proto++)
		err = open_raw(sb, family, proto);
	return err;
}

void pw_listen_sockets_none(struct pw_sandbox *sb)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		sb->tcp[f] = -1;
		sb->udp[f] = -1;
		for (int proto = 0; proto < NUM_PROTOCOLS; proto++)
			sb->raw[f][proto] = -1;
	}
}

int pw_listen_sockets_open(struct pw_sandbox *sb, struct pw_diags *diags)
{
	int err = 0;

	allow_files();
	for (int f = 0; f < PW_NUM_FAMILIES && !err; f++)
		err = open_family(sb, f);
	if (!err)
		err = pw_listen_join(sb);
	if (!err)
		return 0;
	pw_listen_sockets_close(sb);
	return pw_diag_system(diags, -err, "sockets for what passes the rules");
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

void pw_listen_sockets_close(struct pw_sandbox *sb)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		close_one(sb->tcp[f]);
		close_one(sb->udp[f]);
		for (int proto = 0; proto < NUM_PROTOCOLS; proto++)
			close_one(sb->raw[f][proto]);
	}
	pw_listen_leave(sb);
	pw_listen_sockets_none(sb);
}
