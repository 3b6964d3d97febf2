/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of lists that are numbers: ports and protocols. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "policy/bytes.h"
#include "policy/items.h"

#define PORT_MAX 65535

static const char *port_hint(const char *text, size_t len)
{
	if (text[0] == '-' || text[len - 1] == '-')
		return PW_RANGE_HINT;
	if (pw_is_digit(text[0]) && pw_is_digit(text[len - 1]) &&
	    memchr(text, ':', len))
		return "write a range with '-': 80-90";
	if (memchr(text, '/', len) || memchr(text, ':', len))
		return "the key says the protocol: tcp = 22";
	return "write a port, a range 80-90, a service, all, or a name of "
	       "[ports]";
}

/* @word is one port, as a whole or an end of a range */
static int parse_port(const struct pw_loc *word, uint32_t *port,
		      struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	uint64_t n;
	int err = pw_decimal(text, word->len, PORT_MAX, &n);

	if (!err && n) {
		*port = n;
		return 0;
	}
	if (err == -EINVAL && *text != '0')
		return pw_item_not_a("a port", word,
				     port_hint(text, word->len), diags);
	if (err == -ERANGE)
		pw_diag_error(diags, word, "port %.*s is above %d",
			      PW_WORD_ARGS(word), PORT_MAX);
	else if (err)
		pw_diag_error(diags, word, "port with a leading zero");
	else
		pw_diag_error(diags, word, "port 0 is always closed");
	pw_diag_hint(diags, "ports are plain decimal, 1 to %d", PORT_MAX);
	return -EINVAL;
}

static int parse_port_range(const struct pw_loc *word, uint32_t dash,
			    struct pw_item *item, struct pw_diags *diags)
{
	struct pw_loc first = *word, last = *word;
	struct pw_range32 got;
	int err;

	first.len = dash;
	if (dash < word->len) {
		last.col += dash + 1;
		last.len -= dash + 1;
	}
	err = parse_port(&first, &got.first, diags) ?:
	      parse_port(&last, &got.last, diags);
	if (err)
		return err;
	if (got.first > got.last) {
		pw_diag_error(diags, word, "port range %u-%u runs backwards",
			      got.first, got.last);
		pw_diag_hint(diags, "write %u-%u", got.last, got.first);
		return -EINVAL;
	}
	item->kind = PW_ITEM_VALUE;
	item->num = got;
	return 0;
}

/* Service names may start with a digit and hold more than names do */
static bool is_service_name(const char *text, size_t len)
{
	bool letter = false;

	for (size_t i = 0; i < len; i++) {
		if (pw_is_letter(text[i]))
			letter = true;
		else if (!pw_is_digit(text[i]) && !strchr("-.+", text[i]))
			return false;
	}
	return letter && !strchr("-.+", text[0]);
}

int pw_item_port(const struct pw_key *key, const struct pw_loc *word,
		 struct pw_item *item, struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	uint32_t dash = 0;

	(void)key;
	if (pw_loc_is(word, "all")) {
		item->num = (struct pw_range32){ 1, PORT_MAX };
		return 0;
	}
	if (is_service_name(text, word->len)) {
		item->kind = PW_ITEM_WORD;
		return 0;
	}
	while (dash < word->len && pw_is_digit(text[dash]))
		dash++;
	if (!dash || (dash < word->len && text[dash] != '-') ||
	    dash + 1 == word->len)
		return pw_item_not_a("a port", word,
				     port_hint(text, word->len), diags);
	return parse_port_range(word, dash, item, diags);
}

/* Protocols that are not what `protocol` is for, and what to write instead */
static const struct {
	uint8_t proto;
	const char *text, *hint;
} refused_protos[] = {
	{ IPPROTO_TCP, "has ports", "write tcp = all" },
	{ IPPROTO_UDP, "has ports", "write udp = all" },
	{ IPPROTO_SCTP, "has ports", "write sctp = all" },
	{ IPPROTO_ICMP, "is not opened by a section",
	  "errors always pass; for echo: ping = yes" },
	{ IPPROTO_ICMPV6, "is not opened by a section",
	  "errors and neighbour discovery always pass; for echo: ping = yes" },
	{ IPPROTO_HOPOPTS, "is an IPv6 extension header", NULL },
	{ IPPROTO_ROUTING, "is an IPv6 extension header", NULL },
	{ IPPROTO_FRAGMENT, "is an IPv6 extension header", NULL },
	{ IPPROTO_DSTOPTS, "is an IPv6 extension header", NULL },
};

static int check_proto(const struct pw_loc *word, uint8_t proto,
		       struct pw_diags *diags)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(refused_protos); i++) {
		if (refused_protos[i].proto != proto)
			continue;
		pw_diag_error(diags, word, "protocol %.*s %s",
			      PW_WORD_ARGS(word), refused_protos[i].text);
		pw_diag_hint(diags, "%s", refused_protos[i].hint ?:
			     "name the protocol that follows it");
		return -EINVAL;
	}
	return 0;
}

static int unknown_proto(const struct pw_loc *word, struct pw_diags *diags)
{
	const char *text = pw_loc_text(word), *near;
	const char *known[256];
	size_t num = 0;

	for (unsigned int proto = 0; proto < 256; proto++) {
		if (pw_proto_name(proto))
			known[num++] = pw_proto_name(proto);
	}
	near = pw_nearest(text, word->len, known, num);
	if (!near)
		return pw_item_not_a("an IP protocol", word,
				     "write a name such as esp, or a number "
				     "from 1 to 255", diags);
	pw_diag_error(diags, word, "unknown protocol '%.*s'",
		      PW_WORD_ARGS(word));
	pw_diag_hint(diags, "did you mean '%s'?", near);
	return -EINVAL;
}

int pw_item_proto(const struct pw_key *key, const struct pw_loc *word,
		  struct pw_item *item, struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	uint64_t number;
	uint8_t proto;
	int err;

	(void)key;
	if (!pw_decimal(text, word->len, 255, &number))
		proto = number;
	else if (pw_proto_by_name(text, word->len, &proto))
		return unknown_proto(word, diags);
	err = check_proto(word, proto, diags);
	if (err)
		return err;
	item->num = (struct pw_range32){ proto, proto };
	return 0;
}
