// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes disturb nobody, leave nothing behind, and say why they cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject_host.h"

#define XDP (1u << PW_INJECT_XDP)
#define MIRRED (1u << PW_INJECT_MIRRED)

static const char web_rules[] =
	"table inet fw { chain in { type filter hook input priority 0;\n"
	" ct state established,related accept; tcp dport 80 accept\n"
	" drop;\n}\n}\n";

#define PORT 80

static struct sockaddr_in web(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(0x0a630002),
	};
}

/* Echoes what each of its connections says */
static void serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char buf[1024];
		ssize_t len;

		if (fd < 0)
			_exit(1);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while ((len = read(fd, buf, sizeof(buf))) > 0)
				if (write(fd, buf, (size_t)len) != len)
					break;
			_exit(0);
		}
		close(fd);
	}
}

static bool echo(int fd)
{
	char said[1024], heard[1024];
	size_t got = 0;

	memset(said, 'x', sizeof(said));
	if (write(fd, said, sizeof(said)) != (ssize_t)sizeof(said))
		return false;
	while (got < sizeof(heard)) {
		ssize_t len = read(fd, heard + got, sizeof(heard) - got);

		if (len <= 0)
			return false;
		got += (size_t)len;
	}
	return !memcmp(said, heard, sizeof(said));
}

static int dial(void)
{
	const struct timeval patience = { .tv_sec = 5 };
	struct sockaddr_in to = web();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One connection that lasts, and new ones; reports each round, 0: it failed */
static void use_service(int report)
{
	int lasting = dial();

	for (;;) {
		int fresh = dial();
		uint8_t good = lasting >= 0 && fresh >= 0 && echo(lasting) &&
			       echo(fresh);

		if (write(report, &good, 1) != 1 || !good)
			_exit(0);
		close(fresh);
	}
}

struct service {
	pid_t server, client;
	int reports;
};

static struct service start_service(void)
{
	struct sockaddr_in at = web();
	struct service s;
	int pipes[2], on = 1;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 128), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	s.server = fork();
	if (!s.server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		signal(SIGCHLD, SIG_IGN);
		serve(listener);
	}
	s.client = fork();
	if (!s.client) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(listener);
		ih_enter(IH_WIRE);
		use_service(pipes[1]);
	}
	close(listener);
	close(pipes[1]);
	s.reports = pipes[0];
	return s;
}

/* Rounds that were reported so far; waits for at least one */
static size_t rounds_of(const struct service *s)
{
	uint8_t reports[4096];
	ssize_t num = read(s->reports, reports, sizeof(reports));

	assert_true(num > 0);
	assert_null(memchr(reports, 0, (size_t)num));
	return (size_t)num;
}

static void stop_service(const struct service *s)
{
	kill(s->client, SIGKILL);
	waitpid(s->client, NULL, 0);
	kill(-s->server, SIGKILL);
	waitpid(s->server, NULL, 0);
	close(s->reports);
}

static void disturb(unsigned int ways)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	struct service service;
	size_t rounds = 0;

	ih_need();
	ih_rules(web_rules);
	service = start_service();
	assert_true(rounds_of(&service));
	ih_aim(sweeps);
	injector = ih_injector(ways);
	for (int i = 0; i < 3; i++) {
		ih_fire(injector, sweeps->volleys, IH_SWEEPS);
		assert_int_equal(sweeps->evidence[0][PORT], PW_EV_DELIVERED);
		rounds += rounds_of(&service);
	}
	print_message("# rounds of others meanwhile: %zu\n", rounds);
	pw_injector_close(injector);
	assert_true(rounds_of(&service));
	stop_service(&service);
	free(sweeps);
}

static void xdp_disturbs_nobody(void **state)
{
	(void)state;
	disturb(XDP);
}

static void mirred_disturbs_nobody(void **state)
{
	(void)state;
	disturb(MIRRED);
}

/* Keeps CAP_NET_ADMIN and others, but not the right to make namespaces */
static void give_up_admin(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &head, caps), 0);
	caps[0].effective &= ~(1u << CAP_SYS_ADMIN);
	assert_int_equal(syscall(SYS_capset, &head, caps), 0);
}

/* Adds and removes a table without pause, and so the generation of the rules */
static pid_t churn(void)
{
	pid_t pid = fork();

	setpgid(pid, pid);
	if (!pid) {
		execlp("sh", "sh", "-c",
		       "timeout 60 yes 'add table ip churn\ndelete table ip churn' |"
		       " exec nft -i >/dev/null 2>&1", NULL);
		_exit(127);
	}
	return pid;
}

static void others_change_their_tables(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	pid_t pid;

	(void)state;
	ih_need();
	ih_rules("");
	pid = churn();
	ih_aim(sweeps);
	injector = ih_injector(XDP);
	for (int i = 0; i < 2; i++) {
		ih_fire(injector, sweeps->volleys, IH_SWEEPS);
		for (size_t j = 0; j < IH_SWEEPS; j++)
			for (uint32_t p = 0; p < 65536; p++)
				assert_int_equal(sweeps->evidence[j][p],
						 PW_EV_DELIVERED);
	}
	pw_injector_close(injector);
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(sweeps);
}

/* A process that fires until it is killed; @ready: its first is over */
static pid_t fire_for_ever(unsigned int ways, bool plain, int *ready)
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
		struct pw_injector *injector;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (plain)
			give_up_admin();
		injector = ih_injector(ways);
		ih_aim(sweeps);
		for (;;) {
			ih_fire(injector, sweeps->volleys, IH_SWEEPS);
			if (write(pipes[1], "x", 1) != 1)
				_exit(1);
		}
	}
	close(pipes[1]);
	*ready = pipes[0];
	return pid;
}

static char *look_around(void)
{
	return ih_shell("nft -a list ruleset; ip -o link | sort; tc qdisc");
}

static void kill_one(unsigned int ways, bool plain)
{
	char byte, *during;
	int ready;
	pid_t pid = fire_for_ever(ways, plain, &ready);

	assert_int_equal(read(ready, &byte, 1), 1);
	during = ih_shell("nft list tables");
	assert_non_null(strstr(during, "table inet portwall-probe-"));
	free(during);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready);
}

static void killed_it_leaves_nothing(void **state)
{
	char *before, *after;

	(void)state;
	ih_need();
	ih_rules(web_rules);
	before = look_around();
	kill_one(XDP, false);
	after = look_around();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* The kernel takes a namespace apart a little later */
static void killed_its_veth_ends(void **state)
{
	char *before, *after = NULL;

	(void)state;
	ih_need();
	ih_rules(web_rules);
	before = look_around();
	kill_one(MIRRED, false);
	for (int i = 0; i < 500 && (!after || strcmp(before, after)); i++) {
		free(after);
		usleep(10000);
		after = look_around();
	}
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* Where there was no namespace to be had, the next process removes it */
static void veths_of_the_killed_are_removed(void **state)
{
	struct pw_injector *injector;
	char *before, *during, *after;

	(void)state;
	ih_need();
	ih_rules(web_rules);
	before = look_around();
	kill_one(MIRRED, true);
	during = look_around();
	assert_non_null(strstr(during, "pwprobe"));
	injector = ih_injector(MIRRED);
	pw_injector_close(injector);
	after = look_around();
	assert_string_equal(before, after);
	free(before);
	free(during);
	free(after);
}

/* The end that would be the tunnel's other side */
static int make_tun(void)
{
	struct ifreq req = { .ifr_name = "tun0",
			     .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &req)) {
		print_message("# reason: no tun device can be made here\n");
		skip();
	}
	free(ih_shell("echo 0 >/proc/sys/net/ipv4/conf/tun0/rp_filter;"
		      " echo 1 >/proc/sys/net/ipv6/conf/tun0/addr_gen_mode;"
		      " ip link set tun0 up; ip addr add 10.98.0.2/24 dev tun0;"
		      " ip route add 198.51.100.0/24 dev tun0"));
	return fd;
}

static void sweep_tun(unsigned int ways)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	uint8_t packet[2048];
	ssize_t len;
	int tun;

	ih_need();
	ih_rules("table inet fw { chain in { type filter hook input priority 0;\n"
		 " iifname tun0 tcp dport 22 accept\n"
		 " tcp dport 23 reject with tcp reset\n drop;\n}\n}\n");
	tun = make_tun();
	ih_aim(sweeps);
	sweeps->volleys[0].ifindex = if_nametoindex("tun0");
	sweeps->volleys[0].dst = pw_value32(0x0a620002);
	injector = ih_injector(ways);
	ih_fire(injector, sweeps->volleys, 1);
	for (uint32_t p = 0; p < 65536; p++)
		assert_int_equal(sweeps->evidence[0][p],
				 p == 22 ? PW_EV_DELIVERED :
				 p == 23 ? PW_EV_RESET : PW_EV_SILENCE);
	while ((len = read(tun, packet, sizeof(packet))) > 0)
		assert_false(packet[0] >> 4 == 4 && packet[9] == IPPROTO_TCP);
	pw_injector_close(injector);
	close(tun);
	free(sweeps);
}

static void tun_by_xdp(void **state)
{
	(void)state;
	sweep_tun(XDP);
}

static void tun_by_mirred(void **state)
{
	(void)state;
	sweep_tun(MIRRED);
}

/* Runs @fn in a child; returns its exit status */
static int in_child(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Of a user namespace: bpf(2) is refused there, mirred is not */
static int as_its_root(void)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_injector *injector = NULL;
	bool right;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 77;
	right = pw_injector_open(XDP, &injector, diags) == -EPERM &&
		strstr(pw_diags_get(diags, 0)->hint, "XDP live frames: ");
	right = right && !pw_injector_open(XDP | MIRRED, &injector, diags) &&
		pw_injector_way(injector) == PW_INJECT_MIRRED;
	pw_injector_close(injector);
	pw_diags_free(diags);
	return !right;
}

static int as_nobody(void)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_injector *injector = NULL;
	bool right;

	if (setresuid(65534, 65534, 65534))
		return 77;
	right = pw_injector_open(XDP | MIRRED, &injector, diags) == -EPERM &&
		strstr(pw_diags_get(diags, 0)->text, "CAP_NET_ADMIN");
	pw_diags_free(diags);
	return !right;
}

static int without_a_way(void)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_injector *injector = NULL;
	bool right = pw_injector_open(0, &injector, diags) == -EOPNOTSUPP &&
		     pw_diags_count(diags, PW_ERROR) == 1;

	pw_diags_free(diags);
	return !right;
}

static void refusals_are_explained(void **state)
{
	int status;

	(void)state;
	ih_need();
	assert_int_equal(in_child(without_a_way), 0);
	assert_int_equal(in_child(as_nobody), 0);
	status = in_child(as_its_root);
	if (status == 77) {
		print_message("# reason: no user namespace can be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdp_disturbs_nobody),
		cmocka_unit_test(mirred_disturbs_nobody),
		cmocka_unit_test(others_change_their_tables),
		cmocka_unit_test(killed_it_leaves_nothing),
		cmocka_unit_test(killed_its_veth_ends),
		cmocka_unit_test(veths_of_the_killed_are_removed),
		cmocka_unit_test(tun_by_xdp),
		cmocka_unit_test(tun_by_mirred),
		cmocka_unit_test(refusals_are_explained),
	};

	return cmocka_run_group_tests(tests, ih_setup, NULL);
}
