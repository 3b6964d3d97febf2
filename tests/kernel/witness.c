/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second reader of policies, in another language, as a witness. */
#include "witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <portwall/array.h>

/* In the child: everything it has is these two pipes */
static void become_reader(const int to[2], const int from[2])
{
	dup2(to[0], STDIN_FILENO);
	dup2(from[1], STDOUT_FILENO);
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
	execlp("python3", "python3", "tests/reader/witness.py", NULL);
	_exit(127);
}

void witness_open(struct witness *witness)
{
	int to[2], from[2];

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	fflush(NULL);
	witness->pid = fork();
	assert_true(witness->pid >= 0);
	if (!witness->pid)
		become_reader(to, from);
	close(to[0]);
	close(from[1]);
	witness->to = fdopen(to[1], "w");
	witness->from = fdopen(from[0], "r");
	assert_non_null(witness->to);
	assert_non_null(witness->from);
}

void witness_close(struct witness *witness)
{
	int status;

	fclose(witness->to);
	fclose(witness->from);
	assert_int_equal(waitpid(witness->pid, &status, 0), witness->pid);
	assert_int_equal(status, 0);
}

bool witness_knows(const struct shot *shot)
{
	return shot->arrival.state == PW_CONN_NEW && !shot->passes &&
	       shot->arrival.dst_kind != PW_DST_BEHIND;
}

static void put_address(FILE *out, const char *kind, enum pw_family family,
			struct pw_value addr)
{
	char buf[PW_ADDR_STRLEN];

	fprintf(out, "%s %s\n", kind, pw_addr_format(family, addr, buf));
}

static size_t num_addresses(const struct pw_scene *scene)
{
	return scene->num_locals + scene->num_ifaces * (PW_NUM_FAMILIES + 1) +
	       1;
}

static void put_addresses(FILE *out, const struct pw_scene *scene)
{
	for (size_t i = 0; i < scene->num_locals; i++)
		put_address(out, "own", scene->locals[i].family,
			    scene->locals[i].addr);
	for (size_t i = 0; i < scene->num_ifaces; i++) {
		const struct pw_scene_iface *iface = &scene->ifaces[i];

		for (int f = 0; f < PW_NUM_FAMILIES; f++)
			put_address(out, "own", f, iface->addr[f]);
		put_address(out, "broadcast", PW_IPV4, iface->broadcast);
	}
	put_address(out, "broadcast", PW_IPV4, pw_value32(UINT32_MAX));
}

static void put_packet(FILE *out, const struct pw_scene *scene,
		       const struct pw_probe *p)
{
	char src[PW_ADDR_STRLEN], dst[PW_ADDR_STRLEN];
	bool icmp = p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6;

	fprintf(out, "%s %s %s %u %u %u %d %u\n",
		scene->ifaces[p->iface].name,
		pw_addr_format(p->family, p->src, src),
		pw_addr_format(p->family, p->dst, dst), p->proto, p->dport,
		p->sport, icmp ? p->type : -1, p->hop_limit);
}

static enum pw_expected word_of(const char *line)
{
	static const char *const words[] = {
		[PW_EX_CLOSED] = "drop\n", [PW_EX_REFUSED] = "refuse\n",
		[PW_EX_LIMITED] = "limited\n", [PW_EX_REACHABLE] = "accept\n",
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(words); i++) {
		if (!strcmp(line, words[i]))
			return i;
	}
	fail_msg("the second reader says: %s", line);
	return PW_EX_CLOSED;
}

void witness_ask(struct witness *witness, const struct pw_scene *scene,
		 const char *policy, uint64_t now_ns, const struct shot *shots,
		 size_t num, int *words)
{
	size_t known = 0;
	char line[256];

	for (size_t i = 0; i < num; i++)
		known += witness_knows(&shots[i]);
	fprintf(witness->to, "POLICY %zu %" PRIu64 " %zu %zu\n%s",
		strlen(policy), now_ns / 1000000000, known,
		num_addresses(scene), policy);
	put_addresses(witness->to, scene);
	for (size_t i = 0; i < num; i++) {
		if (witness_knows(&shots[i]))
			put_packet(witness->to, scene, &shots[i].probe);
	}
	fflush(witness->to);
	for (size_t i = 0; i < num; i++) {
		words[i] = -1;
		if (!witness_knows(&shots[i]))
			continue;
		assert_non_null(fgets(line, sizeof(line), witness->from));
		words[i] = word_of(line);
	}
}
