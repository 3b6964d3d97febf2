/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the words of lists. */
#include "policy/items.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/bytes.h"

#define PORT_MAX 65535

typedef int item_parse_fn(const struct pw_key *key, const struct pw_loc *word,
			  struct pw_item *item, struct pw_diags *diags);

#define RANGE_HINT "write a range without spaces, both ends given"

/* What was to be a comment */
static bool is_comment(const char *text)
{
	return text[0] == '#' || text[0] == ';';
}

/* Slips that are told by one byte, whatever the list holds */
static const char *slip_hint(const char *text, size_t len)
{
	if (is_comment(text))
		return "a comment behind a value starts with ' ;'";
	if (memchr(text, ';', len))
		return "a comment needs a space before its ';'";
	if (text[0] == '"' || text[0] == '\'')
		return "write it without quotes";
	return NULL;
}

static int not_a(const char *what, const struct pw_loc *word,
		 const char *hint, struct pw_diags *diags)
{
	const char *slip = slip_hint(pw_loc_text(word), word->len);

	pw_diag_error(diags, word, "'%.*s' is not %s", PW_WORD_ARGS(word),
		      what);
	if (slip || hint)
		pw_diag_hint(diags, "%s", slip ?: hint);
	return -EINVAL;
}

static const char *port_hint(const char *text, size_t len)
{
	if (text[0] == '-' || text[len - 1] == '-')
		return RANGE_HINT;
	if (memchr(text, '/', len) || memchr(text, ':', len))
		return "the key says the protocol: tcp = 22";
	return "write a port, a range such as 80-90, a service, a name of "
	       "[ports], or all";
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
		return not_a("a port", word, port_hint(text, word->len), diags);
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

static int parse_port_item(const struct pw_key *key, const struct pw_loc *word,
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
		return not_a("a port", word, port_hint(text, word->len), diags);
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
	  "errors are always let in; for echo write ping = yes" },
	{ IPPROTO_ICMPV6, "is not opened by a section",
	  "errors and neighbour discovery are always let in; for echo write "
	  "ping = yes" },
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
	if (!near || slip_hint(text, word->len))
		return not_a("an IP protocol", word,
			     "write a name such as esp, or a number from 1 to "
			     "255", diags);
	pw_diag_error(diags, word, "unknown protocol '%.*s'",
		      PW_WORD_ARGS(word));
	pw_diag_hint(diags, "did you mean '%s'?", near);
	return -EINVAL;
}

static int parse_proto_item(const struct pw_key *key,
			    const struct pw_loc *word, struct pw_item *item,
			    struct pw_diags *diags)
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

static int parse_file_item(const struct pw_loc *word, struct pw_item *item,
			   struct pw_diags *diags)
{
	if (word->len == strlen("file:"))
		return not_a("a list file", word,
			     "write file:PATH, without a space", diags);
	if (!word->src->dir && pw_loc_text(word)[strlen("file:")] != '/') {
		pw_diag_error(diags, word,
			      "relative path in a policy that is not a file");
		pw_diag_hint(diags, "write the path from the root");
		return -EINVAL;
	}
	item->kind = PW_ITEM_FILE;
	return 0;
}

static const char *addr_hint(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);

	if (memchr(text, '%', len))
		return "write it without the zone; interfaces go into `on`";
	if (text[0] == '-' || text[len - 1] == '-')
		return RANGE_HINT;
	if (text[0] == '[')
		return "write it without brackets";
	if (slash && memchr(slash, '.', text + len - slash))
		return "write the length of the prefix, such as /24";
	return NULL;
}

int pw_addr_error(const struct pw_loc *word, int err, const char *form,
		  struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	const char *dash = memchr(text, '-', word->len);

	switch (err) {
	case -ERANGE:
		pw_diag_error(diags, word, "prefix longer than the address");
		pw_diag_hint(diags, "at most /32 for IPv4, /128 for IPv6");
		return -EINVAL;
	case -EDOM:
		pw_diag_error(diags, word, "address range runs backwards");
		pw_diag_hint(diags, "write %.*s-%.*s",
			     (int)(text + word->len - dash - 1), dash + 1,
			     (int)(dash - text), text);
		return -EINVAL;
	case -EXDEV:
		pw_diag_error(diags, word, "range from one family to another");
		pw_diag_hint(diags, "write a range for each family");
		return -EINVAL;
	default:
		return not_a("an address", word,
			     addr_hint(text, word->len) ?: form, diags);
	}
}

static void warn_host_bits(const struct pw_loc *word,
		       const struct pw_addr_range *addr,
		       struct pw_diags *diags)
{
	char buf[2 * PW_ADDR_STRLEN];

	pw_diag_warning(diags, word, "prefix %.*s has host bits set",
			PW_WORD_ARGS(word));
	pw_diag_hint(diags, "it is read as %s",
		     pw_addr_range_format(addr->family, &addr->range, buf));
}

static int parse_addr_item(const struct pw_key *key, const struct pw_loc *word,
			   struct pw_item *item, struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	int err;

	(void)key;
	if (word->len >= 5 && !memcmp(text, "file:", 5))
		return parse_file_item(word, item, diags);
	if (pw_is_name(text, word->len)) {
		item->kind = PW_ITEM_WORD;
		return 0;
	}
	err = pw_addr_range_parse(text, word->len, &item->addr);
	if (err)
		return pw_addr_error(word, err, "write an address, a prefix, a "
				     "range a-b, file:PATH, or a name of "
				     "[addresses]", diags);
	if (item->addr.host_bits)
		warn_host_bits(word, &item->addr, diags);
	return 0;
}

static int check_iface(const struct pw_loc *word, struct pw_diags *diags)
{
	if (pw_loc_is(word, "lo")) {
		pw_diag_error(diags, word, "lo is always open");
		pw_diag_hint(diags, "leave it out");
		return -EINVAL;
	}
	if (pw_loc_is(word, "ipsec")) {
		pw_diag_error(diags, word, "'ipsec' is reserved for later");
		return -EINVAL;
	}
	return 0;
}

/* The kernel takes names that no other tool could be told of */
static bool has_odd_byte(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("=[]{};#\"'\\", text[i]))
			return true;
	}
	return false;
}

static int parse_iface_item(const struct pw_key *key,
			    const struct pw_loc *word, struct pw_item *item,
			    struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	bool name = pw_is_name(text, word->len) && !key->plain;

	if (check_iface(word, diags))
		return -EINVAL;
	item->is_iface = !pw_ifname_range(text, word->len, &item->iface) &&
			 !has_odd_byte(text, word->len);
	if (!name && !item->is_iface)
		return not_a("an interface", word,
			     "write a name of at most 15 bytes, or a glob with "
			     "'*' at its end", diags);
	item->kind = name ? PW_ITEM_WORD : PW_ITEM_VALUE;
	return 0;
}

static item_parse_fn *const parsers[PW_NUM_VALUE_KINDS] = {
	[PW_VALUE_PORTS]     = parse_port_item,
	[PW_VALUE_PROTOCOLS] = parse_proto_item,
	[PW_VALUE_ADDRS]     = parse_addr_item,
	[PW_VALUE_IFACES]    = parse_iface_item,
};

int pw_items_parse(struct pw_entry *entry, struct pw_words *words)
{
	item_parse_fn *parse = parsers[entry->key->value];
	struct pw_loc word;
	int found, result = 0;

	while ((found = pw_words_next(words, &word))) {
		struct pw_item item = { .loc = word };
		int err = found;

		if (found > 0)
			err = parse(entry->key, &word, &item, words->diags);
		if (found > 0 && !err)
			err = PW_ARRAY_PUSH(entry->items, entry->num_items,
					    entry->cap_items, item);
		if (err && pw_keep_going(&result, err))
			return err;
		if (found > 0 && is_comment(pw_loc_text(&word)))
			break;		/* words of a comment say nothing */
	}
	return result;
}
