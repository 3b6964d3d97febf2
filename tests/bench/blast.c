// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blast: send prepared frames over one interface as fast as it takes them.
 *
 * Usage: blast IFACE DST_MAC LIMIT < FLOWS
 * LIMIT:  "100000" frames, or "5s"
 * FLOWS:  lines "udp|syn SOURCE DESTINATION SPORT DPORT", used in turn
 *
 * Prints "FRAMES SECONDS". The thread is pinned: on veth the receiver's work
 * is done by the sender's CPU, so that what was sent has been judged on return.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define BURST 64

struct frame {
	uint8_t bytes[128];
	size_t len;
};

static uint32_t add16(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	return len ? sum + (uint32_t)(p[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Transport header behind the IP header of @ip_len bytes; returns its length */
static size_t put_transport(uint8_t *at, bool udp, uint16_t sport,
			    uint16_t dport)
{
	if (udp) {
		struct udphdr h = { .source = htons(sport),
				    .dest = htons(dport),
				    .len = htons(sizeof(h) + 4) };

		memcpy(at, &h, sizeof(h));
		memcpy(at + sizeof(h), "pwbl", 4);
		return sizeof(h) + 4;
	}
	struct tcphdr h = { .source = htons(sport), .dest = htons(dport),
			    .seq = htonl(0x70777771), .doff = 5, .syn = 1,
			    .window = htons(1024) };

	memcpy(at, &h, sizeof(h));
	return sizeof(h);
}

static void put_checksum(uint8_t *l4, bool udp, uint16_t sum)
{
	size_t at = udp ? offsetof(struct udphdr, check) :
			  offsetof(struct tcphdr, check);

	memcpy(l4 + at, &sum, sizeof(sum));
}

static bool build4(struct frame *f, bool udp, const char *src, const char *dst,
		   uint16_t sport, uint16_t dport)
{
	uint8_t *ip = f->bytes + ETH_HLEN, *l4 = ip + sizeof(struct iphdr);
	struct iphdr h = { .version = 4, .ihl = 5, .ttl = 64,
			   .protocol = udp ? IPPROTO_UDP : IPPROTO_TCP };
	size_t len = put_transport(l4, udp, sport, dport);
	uint32_t sum;

	if (inet_pton(AF_INET, src, &h.saddr) != 1 ||
	    inet_pton(AF_INET, dst, &h.daddr) != 1)
		return false;
	h.tot_len = htons((uint16_t)(sizeof(h) + len));
	h.check = fold(add16(0, &h, sizeof(h)));
	memcpy(ip, &h, sizeof(h));
	sum = add16(h.protocol + (uint32_t)len, &h.saddr, 8);
	put_checksum(l4, udp, fold(add16(sum, l4, len)));
	f->len = ETH_HLEN + sizeof(h) + len;
	return true;
}

static bool build6(struct frame *f, bool udp, const char *src, const char *dst,
		   uint16_t sport, uint16_t dport)
{
	uint8_t *ip = f->bytes + ETH_HLEN, *l4 = ip + sizeof(struct ip6_hdr);
	struct ip6_hdr h = { .ip6_flow = htonl(6u << 28), .ip6_hops = 64,
			     .ip6_nxt = udp ? IPPROTO_UDP : IPPROTO_TCP };
	size_t len = put_transport(l4, udp, sport, dport);
	uint32_t sum;

	if (inet_pton(AF_INET6, src, &h.ip6_src) != 1 ||
	    inet_pton(AF_INET6, dst, &h.ip6_dst) != 1)
		return false;
	h.ip6_plen = htons((uint16_t)len);
	memcpy(ip, &h, sizeof(h));
	sum = add16(h.ip6_nxt + (uint32_t)len, &h.ip6_src, 32);
	put_checksum(l4, udp, fold(add16(sum, l4, len)));
	f->len = ETH_HLEN + sizeof(h) + len;
	return true;
}

static bool build(struct frame *f, const char *line, const uint8_t dst_mac[6])
{
	char kind[8], src[64], dst[64];
	unsigned int sport, dport;
	bool v6, udp;

	if (sscanf(line, "%7s %63s %63s %u %u", kind, src, dst, &sport,
		   &dport) != 5)
		return false;
	udp = !strcmp(kind, "udp");
	v6 = strchr(dst, ':');
	memset(f, 0, sizeof(*f));
	memcpy(f->bytes, dst_mac, 6);
	f->bytes[6] = 2;	/* source: locally administered */
	f->bytes[12] = v6 ? 0x86 : 0x08;
	f->bytes[13] = v6 ? 0xdd : 0x00;
	return (v6 ? build6 : build4)(f, udp, src, dst, (uint16_t)sport,
				      (uint16_t)dport);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct frame *read_flows(const uint8_t dst_mac[6], size_t *num)
{
	struct frame *frames = NULL;
	char line[256];
	size_t cap = 0;

	for (*num = 0; fgets(line, sizeof(line), stdin);) {
		if (*num == cap) {
			cap = cap ? 2 * cap : 1024;
			frames = realloc(frames, cap * sizeof(*frames));
			if (!frames)
				return NULL;
		}
		if (!build(&frames[(*num)++], line, dst_mac)) {
			fprintf(stderr, "blast: cannot read flow: %s", line);
			free(frames);
			return NULL;
		}
	}
	return frames;
}

static int open_iface(const char *name)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
				   .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		return -1;
	return fd;
}

/* Sends until @max frames or @seconds; frames sent, -1 on error */
static long long send_all(int fd, const struct frame *frames, size_t num,
			  long long max, double seconds)
{
	struct mmsghdr msgs[BURST];
	struct iovec iov[BURST];
	double end = now() + seconds;
	long long sent = 0;
	size_t at = 0;

	while (max ? sent < max : now() < end) {
		long long burst = max && max - sent < BURST ? max - sent :
							      BURST;
		int done;

		memset(msgs, 0, sizeof(msgs));
		for (long long i = 0; i < burst; i++) {
			const struct frame *f =
				&frames[(at + (size_t)i) % num];

			iov[i] = (struct iovec){ (void *)(uintptr_t)f->bytes,
						 f->len };
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
		}
		done = sendmmsg(fd, msgs, (unsigned int)burst, 0);
		if (done < 0 && errno != ENOBUFS && errno != EINTR)
			return -1;
		if (done > 0) {
			sent += done;
			at = (at + (size_t)done) % num;
		}
	}
	return sent;
}

static bool read_mac(const char *text, uint8_t mac[6])
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1,
		      mac + 2, mac + 3, mac + 4, mac + 5) == 6;
}

int main(int argc, char **argv)
{
	double start, seconds = 0;
	struct frame *frames;
	long long max, sent;
	uint8_t mac[6];
	cpu_set_t cpus;
	size_t num;
	char *unit;
	int fd;

	if (argc != 4 || !read_mac(argv[2], mac)) {
		fputs("usage: blast IFACE DST_MAC COUNT|SECONDSs <FLOWS\n",
		      stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* no test, no traffic */
	max = strtoll(argv[3], &unit, 10);
	if (*unit == 's') {
		seconds = (double)max;
		max = 0;
	}
	frames = read_flows(mac, &num);
	fd = open_iface(argv[1]);
	if (!frames || !num || fd < 0) {
		perror("blast");
		return 1;
	}
	CPU_ZERO(&cpus);
	CPU_SET(getenv("BLAST_CPU") ? atoi(getenv("BLAST_CPU")) : 0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	start = now();
	sent = send_all(fd, frames, num, max, seconds);
	if (sent < 0) {
		perror("blast: send");
		return 1;
	}
	printf("%lld %.6f\n", sent, now() - start);
	free(frames);
	return 0;
}
