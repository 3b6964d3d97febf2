/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of lists that say where: addresses and interfaces. */
#include <errno.h>
#include <string.h>

#include "policy/bytes.h"
#include "policy/items.h"

static int parse_file_item(const struct pw_loc *word, struct pw_item *item,
			   struct pw_diags *diags)
{
	if (word->len == strlen("file:"))
		return pw_item_not_a("a list file", word,
				     "write file:PATH, without a space",
				     diags);
	if (!word->src->dir && pw_loc_text(word)[strlen("file:")] != '/') {
		pw_diag_error(diags, word,
			      "relative path in a policy that is not a file");
		pw_diag_hint(diags, "write the path from the root");
		return -EINVAL;
	}
	item->kind = PW_ITEM_FILE;
	return 0;
}

/* By what a word begins or ends with */
static const char *edge_hint(const char *text, size_t len)
{
	static const struct {
		char first, last;
		const char *hint;
	} edges[] = {
		{ '-', 0, PW_RANGE_HINT },
		{ 0, '-', PW_RANGE_HINT },
		{ '[', 0, "write it without brackets" },
		{ '!', 0, "`except` takes addresses out of `from`" },
		{ 0, '*', "write a prefix, such as 192.0.2.0/24" },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(edges); i++)
		if (text[0] == edges[i].first ||
		    text[len - 1] == edges[i].last)
			return edges[i].hint;
	return NULL;
}

/* Nothing but what IPv4 addresses are written with, and @more */
static bool looks_like_ipv4(const char *text, size_t len, char more)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] < '0' || text[i] > '9') && text[i] != '.' &&
		    text[i] != more)
			return false;
	return true;
}

static const char *addr_hint(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	const char *edge = edge_hint(text, len);

	if (memchr(text, '%', len))
		return "write it without the zone; interfaces go into `on`";
	if (edge)
		return edge;
	if (slash == text)
		return len > 1 && pw_is_digit(text[1]) ?
			       "a prefix is written without a space" :
			       "a file with addresses is written file:PATH";
	if (slash && memchr(slash, '-', text + len - slash))
		return "write the first and the last address: a-b";
	if (slash && memchr(slash, '.', text + len - slash))
		return "write the length of the prefix, such as /24";
	if (looks_like_ipv4(text, len, '/'))
		return "IPv4 has four numbers up to 255, without leading zeros";
	if (memchr(text, '.', len) && looks_like_ipv4(text, len, ':'))
		return "write it without the port; ports go into `tcp` or `udp`";
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
		return pw_item_not_a("an address", word,
				     addr_hint(text, word->len) ?: form,
				     diags);
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

int pw_item_addr(const struct pw_key *key, const struct pw_loc *word,
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
		return pw_addr_error(word, err, "write an address, prefix, "
				     "range a-b, file:PATH, or name of "
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

/*
 * The kernel takes names that no other tool could be told of, and beyond ASCII
 * what a terminal obeys: nft's text has no escapes for it
 */
static bool has_odd_byte(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("=[]{};#\"'\\", text[i]) || text[i] > '~' ||
		    text[i] < '!')
			return true;
	}
	return false;
}

int pw_item_iface(const struct pw_key *key, const struct pw_loc *word,
		  struct pw_item *item, struct pw_diags *diags)
{
	const char *text = pw_loc_text(word);
	bool name = pw_is_name(text, word->len) && !key->plain;

	if (check_iface(word, diags))
		return -EINVAL;
	item->is_iface = !pw_ifname_range(text, word->len, &item->iface) &&
			 !has_odd_byte(text, word->len);
	if (!name && !item->is_iface)
		return pw_item_not_a("an interface", word,
				     "write a name of at most 15 bytes, or a "
				     "glob with '*' at its end", diags);
	item->kind = name ? PW_ITEM_WORD : PW_ITEM_VALUE;
	return 0;
}
