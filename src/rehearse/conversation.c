// SPDX-License-Identifier: GPL-2.0-or-later
/* The act of replies: answers to the host's own connections, and no others. */
#include "rehearse/conversation.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "rehearse/held_judge.h"

#define MTU 1280	/* the least that IPv6 allows, RFC 8200, 5 */
#define QUOTE_LEN 28	/* IPv4 header and 8 bytes, RFC 792 */

/* Until something failed to come, and after that */
enum { PATIENCE_MS = 1000, LESS_PATIENCE_MS = 50 };

/**
 * struct replies - The act while it plays
 * @tries:	what is no answer, sent with the sandbox's own means
 * @patience_ms: see struct pw_talk
 */
struct replies {
	struct pw_stage *stage;
	struct pw_tries tries;
	int patience_ms;
};

static struct pw_talk talk_of(const struct replies *r,
			      const struct pw_path *path, uint8_t proto)
{
	return (struct pw_talk){
		.stage = r->stage, .path = path, .proto = proto,
		.patience_ms = r->patience_ms,
	};
}

static uint8_t icmp_of(const struct pw_path *path)
{
	return path->family == PW_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

/* One packet of the peer's, in a case that is open */
static int judge(struct replies *r, const struct pw_path *path,
		 const struct pw_try *try, enum pw_evidence evidence)
{
	struct pw_try copy = *try;
	const uint8_t seen = (uint8_t)evidence;

	copy.probe.iface = path->iface;
	copy.probe.family = path->family;
	copy.probe.src = path->src;
	copy.probe.dst = path->dst;
	copy.of_case = r->tries.of_case;
	r->stage->report->cases[copy.of_case].probes++;
	if (evidence == PW_EV_SILENCE)
		r->patience_ms = LESS_PATIENCE_MS;
	return pw_tries_judge(&r->tries, &copy, &seen, 1);
}

static int new_case(struct replies *r, const char *what,
		    const struct pw_path *path)
{
	return pw_tries_case(&r->tries, "%s on %s over %s", what,
			     r->stage->plan->scene->ifaces[path->iface].name,
			     pw_family_text(path->family));
}

static int say(struct replies *r, const char *text)
{
	struct pw_report *report = r->stage->report;

	if (report->cases[r->tries.of_case].result != PW_RES_PASS)
		return 0;
	return pw_report_say(report, r->tries.of_case, "%s", text);
}

struct talk_kind {
	uint8_t proto;		/* IPPROTO_ICMP: of either family */
	const char *name, *what;
};

static const struct talk_kind kinds[] = {
	{ IPPROTO_TCP, "answers to own TCP connections",
	  "the answer to a TCP connection" },
	{ IPPROTO_UDP, "answers to own UDP packets",
	  "the answer to a UDP packet" },
	{ IPPROTO_ICMP, "answers to own pings", "the answer to a ping" },
};

static int try_answer(struct replies *r, const struct pw_path *path,
		      const struct talk_kind *kind)
{
	uint8_t proto = kind->proto == IPPROTO_ICMP ? icmp_of(path) :
						      kind->proto;
	struct pw_try try = {
		.probe = {
			.proto = proto, .sport = PW_PEER_PORT,
			.type = path->family == PW_IPV4 ? ICMP_ECHOREPLY :
							  ICMP6_ECHO_REPLY,
		},
		.state = PW_CONN_ESTABLISHED, .what = kind->what,
	};
	enum pw_evidence evidence = PW_EV_UNKNOWN;
	struct pw_talk talk = talk_of(r, path, proto);
	int err = pw_talk_open(&talk);

	if (err > 0) {
		try.probe.dport = pw_talk_port(&talk);
		err = pw_talk_answer(&talk);
		evidence = pw_talk_got_answer(&talk) ? PW_EV_DELIVERED :
						       PW_EV_SILENCE;
	}
	pw_talk_close(&talk);
	if (!err)
		err = new_case(r, kind->name, path);
	if (!err)
		err = judge(r, path, &try, evidence);
	return err ? err : say(r, "came to the socket");
}

/* An error about a live connection, and what the socket gets of it */
struct error {
	enum pw_family family;
	uint8_t type, code;
	uint32_t rest;
	int errnum;
	const char *what;
};

static const struct error errors[] = {
	{ PW_IPV4, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, MTU, EMSGSIZE,
	  "fragmentation needed, about a connection" },
	{ PW_IPV4, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0, EHOSTUNREACH,
	  "time exceeded, about a connection" },
	{ PW_IPV4, ICMP_PARAMETERPROB, 0, 0, EPROTO,
	  "parameter problem, about a connection" },
	{ PW_IPV4, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, ECONNREFUSED,
	  "port unreachable, about a connection" },
	{ PW_IPV6, ICMP6_PACKET_TOO_BIG, 0, MTU, EMSGSIZE,
	  "packet too big, about a connection" },
	{ PW_IPV6, ICMP6_TIME_EXCEEDED, 0, 0, EHOSTUNREACH,
	  "time exceeded, about a connection" },
	{ PW_IPV6, ICMP6_PARAM_PROB, 0, 0, EPROTO,
	  "parameter problem, about a connection" },
	{ PW_IPV6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, 0,
	  ECONNREFUSED, "port unreachable, about a connection" },
};

static int try_error(struct replies *r, const struct pw_path *path,
		     const struct error *error)
{
	struct pw_try try = {
		.probe = {
			.proto = icmp_of(path), .type = error->type,
			.code = error->code,
		},
		.state = PW_CONN_RELATED, .what = error->what,
	};
	enum pw_evidence evidence = PW_EV_UNKNOWN;
	struct pw_talk talk = talk_of(r, path, IPPROTO_UDP);
	int err = pw_talk_open(&talk);

	if (err > 0) {
		err = pw_talk_error(&talk, error->type, error->code,
				    error->rest);
		evidence = pw_talk_got_error(&talk) == error->errnum ?
			   PW_EV_DELIVERED : PW_EV_SILENCE;
	}
	pw_talk_close(&talk);
	return err ? err : judge(r, path, &try, evidence);
}

static int try_errors(struct replies *r, const struct pw_path *path)
{
	int err = new_case(r, "ICMP errors about own connections", path);

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(errors); i++)
		if (errors[i].family == path->family)
			err = try_error(r, path, &errors[i]);
	return err ? err : say(r, "each came to the socket");
}

/* A case about a conversation. 1: there is none, and the case says so */
static int begin(struct replies *r, const char *name,
		 const struct pw_path *path, struct pw_talk *talk)
{
	int heard = pw_talk_open(talk);
	int err = heard < 0 ? heard : new_case(r, name, path);

	if (err || heard)
		return err;
	r->stage->report->cases[r->tries.of_case].result = PW_RES_UNKNOWN;
	err = pw_report_say(r->stage->report, r->tries.of_case,
			    "the host's own packet did not come to the wire");
	return err ? err : 1;
}

/* Related to a connection, and yet nothing that anybody needs (IPv4 alone) */
static int try_orders(struct replies *r, const struct pw_path *path)
{
	static const struct {
		uint8_t type;
		const char *what;
	} orders[] = {
		{ ICMP_REDIRECT, "a redirect about a connection" },
		{ ICMP_SOURCE_QUENCH, "a source quench about a connection" },
	};
	struct pw_talk talk = talk_of(r, path, IPPROTO_UDP);
	/* a gateway that is none, and what the host said */
	uint8_t body[4 + QUOTE_LEN] = { 0 };
	int err = begin(r, "orders about own connections", path, &talk);

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(orders); i++) {
		struct pw_try try = {
			.probe = pw_held_probe(path, IPPROTO_ICMP),
			.state = PW_CONN_RELATED, .what = orders[i].what,
		};

		memcpy(body + 4, talk.heard.packet, QUOTE_LEN);
		try.probe.type = orders[i].type;
		try.probe.payload = body;
		try.probe.payload_len = sizeof(body);
		err = pw_tries_add(&r->tries, &try);
	}
	if (!err)
		err = pw_tries_fire(&r->tries);
	pw_talk_close(&talk);
	return err < 0 ? err : 0;
}

/* What looks like an answer to a live connection, and is none */
static int add_strangers(struct replies *r, const struct pw_path *path,
			 const struct pw_talk *talk)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, IPPROTO_UDP),
		.what = "an answer from another port",
	};
	int err;

	try.probe.dport = pw_talk_port(talk);
	try.probe.sport = PW_PEER_PORT + 1;
	err = pw_tries_add(&r->tries, &try);
	/* the neighbour of the peer, which nobody of the scene is */
	try.what = "an answer from another host";
	try.probe.src.lo += 5;
	try.probe.sport = PW_PEER_PORT;
	if (!err)
		err = pw_tries_add(&r->tries, &try);
	try.what = "a SYN-ACK to a socket of UDP";
	try.probe.src = path->src;
	try.probe.proto = IPPROTO_TCP;
	try.probe.tcp_flags = TH_SYN | TH_ACK;
	try.state = PW_CONN_INVALID;
	return err ? err : pw_tries_add(&r->tries, &try);
}

static int try_strangers(struct replies *r, const struct pw_path *path)
{
	struct pw_talk talk = talk_of(r, path, IPPROTO_UDP);
	int err = begin(r, "answers that nobody asked for", path, &talk);

	if (!err)
		err = add_strangers(r, path, &talk);
	if (!err)
		err = pw_tries_fire(&r->tries);
	pw_talk_close(&talk);
	return err < 0 ? err : 0;
}

static int play(struct replies *r, const struct pw_paths *paths)
{
	int err = 0;

	for (size_t i = 0; !err && i < paths->num; i++) {
		const struct pw_path *path = &paths->list[i];

		for (size_t k = 0; !err && k < PW_ARRAY_SIZE(kinds); k++)
			err = try_answer(r, path, &kinds[k]);
		if (!err)
			err = try_errors(r, path);
		if (!err && path->family == PW_IPV4)
			err = try_orders(r, path);
		if (!err)
			err = try_strangers(r, path);
	}
	return err;
}

int pw_stage_replies(struct pw_stage *stage)
{
	struct replies r = {
		.stage = stage,
		.tries = pw_tries_new(stage, "replies"),
		.patience_ms = PATIENCE_MS,
	};
	struct pw_paths paths = { 0 };
	int err = pw_sandbox_forget(stage->sb, stage->diags);

	if (!err)
		err = pw_held_plain(stage->plan->scene, &paths);
	if (!err)
		err = play(&r, &paths);
	free(paths.list);
	pw_tries_clear(&r.tries);
	return err;
}
