// SPDX-License-Identifier: GPL-2.0-or-later
/* A host with one interface, a wire and a container, for probes to look at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "inject_host.h"

static int sides[IH_NUM_SIDES];
static bool made;

static const char *const setup_commands[] = {
	"ip link set lo up",
	"ip netns add wire", "ip netns add box",
	"ip link add eth0 address 02:00:00:00:00:02 type veth"
	" peer name wire0 address 02:00:00:00:00:01 netns wire",
	"ip link add docker0 address 02:00:00:00:11:01 type bridge"
	" mcast_snooping 0",
	"ip link add vbox type veth"
	" peer name c0 address 02:00:00:00:11:02 netns box",
	"ip link set vbox master docker0",
	"for i in eth0 docker0 vbox; do"
	"  echo 1 >/proc/sys/net/ipv6/conf/$i/addr_gen_mode;"
	"  ip link set $i multicast off up;"
	" done",
	"ip -n wire link set wire0 up && ip -n box link set c0 up",
	"ip addr add 10.99.0.2/24 dev eth0",
	"ip addr add fd99::2/64 dev eth0 nodad",
	"ip addr add 172.17.0.1/16 dev docker0",
	"ip addr add fd17::1/64 dev docker0 nodad",
	"ip -n wire addr add 10.99.0.1/24 dev wire0",
	"ip -n wire addr add fd99::1/64 dev wire0 nodad",
	"ip -n box addr add 172.17.0.2/16 dev c0",
	"ip -n box addr add fd17::2/64 dev c0 nodad",
	"ip route add default via 10.99.0.1",
	"ip -6 route add default via fd99::1",
	"for a in 10.99.0.1 fd99::1; do"
	"  ip neigh add $a lladdr 02:00:00:00:00:01 dev eth0; done",
	"for i in all default eth0; do"
	"  echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter; done",
	"echo 0 >/proc/sys/net/ipv4/icmp_ratemask",
	"echo 0 >/proc/sys/net/ipv6/icmp/ratelimit",
	"echo >/proc/sys/net/ipv6/icmp/ratemask",
	"echo 1 >/proc/sys/net/ipv4/ip_forward",
	"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
};

static bool unshare_all(void)
{
	return !unshare(CLONE_NEWNET | CLONE_NEWNS) &&
	       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("sysfs", "/sys", "sysfs", 0, NULL) &&
	       !mount("tmpfs", "/run", "tmpfs", 0, NULL);
}

int ih_setup(void **state)
{
	static const char *const paths[IH_NUM_SIDES] = {
		"/proc/self/ns/net", "/run/netns/wire", "/run/netns/box",
	};

	(void)state;
	if (!unshare_all())
		return 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(setup_commands); i++)
		free(ih_shell(setup_commands[i]));
	for (size_t i = 0; i < IH_NUM_SIDES; i++) {
		sides[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (sides[i] < 0)
			return -1;
	}
	made = true;
	return 0;
}

void ih_need(void)
{
	if (made)
		return;
	print_message("# reason: no private network of root's can be made here\n");
	skip();
}

char *ih_shell(const char *command)
{
	FILE *pipe = popen(command, "r");
	char *text = NULL;
	size_t len = 0;

	assert_non_null(pipe);
	if (getdelim(&text, &len, '\0', pipe) < 0) {
		free(text);
		text = strdup("");
	}
	if (pclose(pipe))
		fail_msg("%s", command);
	return text;
}

void ih_rules(const char *text)
{
	FILE *pipe = popen("nft -f -", "w");

	assert_non_null(pipe);
	fprintf(pipe, "flush ruleset\n%s", text);
	assert_int_equal(pclose(pipe), 0);
}

void ih_enter(enum ih_side side)
{
	assert_int_equal(setns(sides[side], CLONE_NEWNET), 0);
}

int ih_watch(enum ih_side side)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	int fd, room = 64 << 20;

	ih_enter(side);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    htons(ETH_P_ALL));
	to.sll_ifindex = (int)if_nametoindex(side == IH_WIRE ? "wire0" : "c0");
	ih_enter(IH_HOST);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
				    sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static bool bears(const uint8_t *frame, size_t len, const void *addr,
		  size_t addr_len)
{
	return memmem(frame, len, addr, addr_len);
}

size_t ih_seen(int watch)
{
	const uint32_t source4_be = htonl(IH_SOURCE4);
	const uint8_t source6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 9 };
	uint8_t frame[2048];
	size_t num = 0;
	ssize_t len;

	while ((len = recv(watch, frame, sizeof(frame), 0)) > 0)
		num += bears(frame, (size_t)len, &source4_be, 4) ||
		       bears(frame, (size_t)len, source6, sizeof(source6));
	assert_int_equal(errno, EAGAIN);
	return num;
}

void ih_aim(struct ih_sweeps *sweeps)
{
	for (size_t i = 0; i < IH_SWEEPS; i++) {
		const bool v6 = i >= 2;

		sweeps->volleys[i] = (struct pw_volley){
			.ifindex = if_nametoindex("eth0"),
			.family = v6 ? PW_IPV6 : PW_IPV4,
			.proto = i % 2 ? IPPROTO_UDP : IPPROTO_TCP,
			.src = v6 ? (struct pw_value){ IH_SOURCE6_HI,
						       IH_SOURCE6_LO } :
				    pw_value32(IH_SOURCE4),
			.dst = v6 ? (struct pw_value){ 0xfd99000000000000, 2 } :
				    pw_value32(0x0a630002),
			.evidence = sweeps->evidence[i],
		};
	}
}

static void complain(const struct pw_diags *diags)
{
	for (size_t i = 0; i < pw_diags_kept(diags); i++) {
		const struct pw_diag *diag = pw_diags_get(diags, i);

		print_error("%s: %s\n", diag->text,
			    diag->hint ? diag->hint : "");
	}
}

struct pw_injector *ih_injector(unsigned int ways)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_injector *injector = NULL;
	int err = pw_injector_open(ways, &injector, diags);

	complain(diags);
	pw_diags_free(diags);
	assert_int_equal(err, 0);
	return injector;
}

void ih_fire(struct pw_injector *injector, struct pw_volley *volleys,
	     size_t num)
{
	struct pw_diags *diags = pw_diags_new();
	int err = pw_injector_fire(injector, volleys, num, diags);

	complain(diags);
	pw_diags_free(diags);
	assert_int_equal(err, 0);
}

static uint16_t checksum(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static void put32(uint8_t *at, uint32_t n)
{
	put16(at, (uint16_t)(n >> 16));
	put16(at + 2, (uint16_t)n);
}

/* Ethernet, IPv4, TCP without options, 198.51.100.9 to 10.99.0.2 */
static void make_syn(uint8_t frame[static 54], uint16_t sport, uint16_t dport,
		     uint32_t seq)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0,
		198, 51, 100, 9, 10, 99, 0, 2,
	};
	uint8_t *ip = frame + 14, *tcp = frame + 34;

	memset(frame, 0, 54);
	memcpy(frame, head, sizeof(head));
	put16(ip + 10, checksum(ip, 20, 0));
	put16(tcp, sport);
	put16(tcp + 2, dport);
	put32(tcp + 4, seq);
	tcp[12] = 5 << 4;
	tcp[13] = IH_SYN;
	put16(tcp + 14, 64240);
	put16(tcp + 16, checksum(ip + 12, 28, 6 + 20));
}

uint8_t ih_knock(uint16_t sport, uint16_t dport, uint32_t seq)
{
	int watch = ih_watch(IH_WIRE);
	struct pollfd ready = { .fd = watch, .events = POLLIN };
	uint8_t frame[2048], flags = 0;

	make_syn(frame, sport, dport, seq);
	assert_int_equal(send(watch, frame, 54, 0), 54);
	while (!flags && poll(&ready, 1, 300) == 1) {
		ssize_t len = recv(watch, frame, sizeof(frame), 0);

		if (len >= 54 && frame[12] == 8 && frame[23] == 6 &&
		    frame[36] == sport >> 8 && frame[37] == (sport & 0xff))
			flags = frame[47];
	}
	close(watch);
	return flags;
}

uint64_t ih_number(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long n;

	if (!file)
		return 0;
	assert_int_equal(fscanf(file, "%lu", &n), 1);
	fclose(file);
	return n;
}

double ih_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
