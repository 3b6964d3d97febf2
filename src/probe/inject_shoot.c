// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends salvos: those of one interface together, as each firing takes time. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/inject_priv.h"

/* Source ports that hardly any peer connects from: below the ephemeral ones of
 * Linux (32768), Windows and BSD (49152) */
#define SPORT_FIRST 10000
#define SPORTS 22768

/**
 * struct load - Frames for one interface that wait to be fired
 */
struct load {
	struct pw_injector *inj;
	struct pw_diags *diags;
	uint8_t (*frames)[PW_INJECT_LEN];
	size_t num, burst;
	uint32_t ifindex;
};

static int no_interface(const struct pw_salvo *salvo, int err,
			struct pw_diags *diags)
{
	return pw_diag_system(diags, err, "interface %u cannot be probed",
			      salvo->volley->ifindex);
}

static uint16_t draw_port(void)
{
	uint16_t n = 0;

	if (getrandom(&n, sizeof(n), 0) < 0)
		n = 0;
	return (uint16_t)(SPORT_FIRST + n % SPORTS);
}

/* All zeroes for tun and others without: the stack compares with just that */
static int device_mac(uint32_t ifindex, uint8_t mac[static PW_ETH_LEN])
{
	struct ifreq req = { 0 };
	int fd, err = 0;

	if (!if_indextoname(ifindex, req.ifr_name))
		return ENODEV;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (ioctl(fd, SIOCGIFHWADDR, &req))
		err = errno;
	close(fd);
	memcpy(mac, req.ifr_hwaddr.sa_data, PW_ETH_LEN);
	return err;
}

static int make_frame(const struct load *load, const struct pw_salvo *salvo,
		      struct pw_inject_frame *frame)
{
	const struct pw_volley *volley = salvo->volley;
	struct pw_inject_head head = {
		.family = volley->family, .src = volley->src,
		.dst = volley->dst, .proto = volley->proto,
		.sport = volley->sport ? volley->sport : draw_port(),
		.cookie = salvo->cookie,
	};
	int err = device_mac(volley->ifindex, head.dmac);

	memcpy(head.smac, load->inj->smac, PW_ETH_LEN);
	if (err)
		return no_interface(salvo, err, load->diags);
	pw_inject_frame_build(&head, frame);
	return 0;
}

static int fire_load(struct load *load)
{
	struct pw_injector *inj = load->inj;
	int err = 0;

	if (!load->num)
		return 0;
	if (inj->way == PW_INJECT_XDP)
		err = pw_xdp_fire(inj->xdp, load->ifindex, load->num,
				  load->burst);
	else
		err = pw_mirred_fire(inj->mirred, load->ifindex, load->num,
				     load->burst);
	if (err)
		return pw_diag_system(load->diags, -err,
				      "injecting into interface %u failed (%s)",
				      load->ifindex,
				      pw_inject_way_text(inj->way));
	inj->count.sent += load->num;
	load->num = 0;
	return 0;
}

static int put_salvo(struct pw_salvo *salvo, struct load *load)
{
	struct pw_inject_frame frame = { 0 };
	int err = make_frame(load, salvo, &frame);

	if (!err && load->ifindex != salvo->volley->ifindex)
		err = fire_load(load);
	load->ifindex = salvo->volley->ifindex;
	for (size_t i = 0; i < salvo->num && !err; i++) {
		if (load->num == PW_LOAD_MAX)
			err = fire_load(load);
		pw_inject_frame_aim(&frame, salvo->ports[i]);
		memcpy(load->frames[load->num++], frame.bytes, PW_INJECT_LEN);
	}
	salvo->sent = salvo->num;
	salvo->arrived = 0;
	return err;
}

int pw_salvos_shoot(struct pw_injector *injector, struct pw_salvo *salvos,
		    size_t num, size_t burst, struct pw_diags *diags)
{
	struct load load = {
		.inj = injector, .diags = diags, .burst = burst,
		.frames = injector->way == PW_INJECT_XDP ?
			  pw_xdp_frames(injector->xdp) :
			  pw_mirred_frames(injector->mirred),
	};
	int err = 0;

	for (size_t i = 0; i < num && !err; i++)
		if (salvos[i].num)
			err = put_salvo(&salvos[i], &load);
	return err ? err : fire_load(&load);
}
