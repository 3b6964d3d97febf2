// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's side of the codec tests: load a table, dump it, decode it. */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "kernel.h"
#include "nft/keys.h"
#include "portwall/nft.h"

#define NFT "nft"

/* An empty namespace, left behind by the next call */
void fresh_namespace(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
}

/* Skips the test that asks, and says why */
void need_namespace_and_nft(void)
{
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("# reason: no network namespace: %s\n",
			      strerror(errno));
		skip();
	}
	if (system(NFT " --version >/dev/null 2>&1")) {
		print_message("# reason: no nft\n");
		skip();
	}
}

struct mnl_socket *codec_socket(void)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);

	assert_non_null(nl);
	assert_int_equal(mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID), 0);
	return nl;
}

/* ---- dumps ---- */

/**
 * struct dump - Messages of one kind as text, one line each
 * @handle, @position: attributes that are left out
 * @turned:	expressions that are, see turns_nothing()
 */
struct dump {
	char *text;
	size_t len, cap, turned;
	uint16_t handle, position;
};

__attribute__((format(printf, 2, 3)))
static void say(struct dump *dump, const char *fmt, ...)
{
	va_list ap;

	if (dump->cap - dump->len < 1024) {
		dump->cap = 2 * dump->cap + 65536;
		dump->text = realloc(dump->text, dump->cap);
		assert_non_null(dump->text);
	}
	va_start(ap, fmt);
	dump->len += vsnprintf(dump->text + dump->len, dump->cap - dump->len,
			       fmt, ap);
	va_end(ap);
}

static void say_bytes(struct dump *dump, const struct nlattr *attr)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);

	for (size_t i = 0; i < mnl_attr_get_payload_len(attr); i++)
		say(dump, "%02x", bytes[i]);
}

static const struct nlattr *nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	fail_msg("attribute %u is missing", type);
	return NULL;
}

/*
 * nft 1.0.6 turns the one byte of a protocol, as a number of two bytes, which
 * does nothing. Linux 6.12 refuses it, so the encoder must not.
 */
static bool turns_nothing(const struct nlattr *expr)
{
	const char *name = mnl_attr_get_str(nested(expr, NFTA_EXPR_NAME));
	const struct nlattr *data;

	if (strcmp(name, "byteorder"))
		return false;
	data = nested(expr, NFTA_EXPR_DATA);
	return ntohl(mnl_attr_get_u32(nested(data, NFTA_BYTEORDER_LEN))) <
	       ntohl(mnl_attr_get_u32(nested(data, NFTA_BYTEORDER_SIZE)));
}

static void say_expressions(struct dump *dump, const struct nlattr *attr)
{
	const struct nlattr *expr;

	mnl_attr_for_each_nested(expr, attr) {
		if (turns_nothing(expr))
			dump->turned++;
		else
			say_bytes(dump, expr);
	}
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	bool is_rule = nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 |
					   NFT_MSG_NEWRULE);
	struct dump *dump = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == dump->handle || type == dump->position)
			continue;
		say(dump, "%u=", type);
		if (is_rule && type == NFTA_RULE_EXPRESSIONS)
			say_expressions(dump, attr);
		else
			say_bytes(dump, attr);
		say(dump, " ");
	}
	say(dump, "\n");
	return MNL_CB_OK;
}

/* Order among elements is the hash's, not ours: a line each, sorted later */
static int on_elements(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *elem;
	struct dump *dump = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(elem, attr) {
			say_bytes(dump, elem);
			say(dump, "\n");
		}
	}
	return MNL_CB_OK;
}

static void run_dump(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		     void *arg)
{
	char buf[65536];
	ssize_t len;
	int ret = MNL_CB_OK;

	assert_true(mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0);
	while (ret > MNL_CB_STOP) {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		assert_true(len > 0);
		ret = mnl_cb_run(buf, len, nlh->nlmsg_seq,
				 mnl_socket_get_portid(nl), cb, arg);
	}
	assert_int_equal(ret, MNL_CB_STOP);
}

static struct nlmsghdr *request(char *buf, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(buf, type, NFPROTO_INET, flags, 1);
}

static void dump_kind(struct dump *dump, uint16_t type, uint16_t handle,
		      uint16_t position)
{
	struct mnl_socket *nl = codec_socket();
	char buf[256];

	dump->handle = handle;
	dump->position = position;
	say(dump, "== %u\n", type);
	run_dump(nl, request(buf, type, NLM_F_DUMP), on_message, dump);
	mnl_socket_close(nl);
}

static int cmp_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_sorted(struct dump *to, const struct dump *from)
{
	char *lines[256], *next = from->text;
	size_t num = 0;

	while (next && *next) {
		assert_true(num < PW_ARRAY_SIZE(lines));
		lines[num++] = next;
		next = strchr(next, '\n');
		*next++ = '\0';
	}
	qsort(lines, num, sizeof(*lines), cmp_line);
	for (size_t i = 0; i < num; i++)
		say(to, "%s\n", lines[i]);
}

static void dump_elements(struct dump *dump, const char *set)
{
	struct mnl_socket *nl = codec_socket();
	struct dump elems = { 0 };
	struct nlmsghdr *nlh;
	char buf[512];

	nlh = request(buf, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	run_dump(nl, nlh, on_elements, &elems);
	say(dump, "-- %s\n", set);
	say_sorted(dump, &elems);
	free(elems.text);
	mnl_socket_close(nl);
}

/* Everything that the kernel holds of our table, without handles */
char *dump_table(const struct pw_ruleset *rs, size_t *turned)
{
	struct dump dump = { 0 };

	dump_kind(&dump, NFT_MSG_GETOBJ, NFTA_OBJ_HANDLE, NFTA_OBJ_HANDLE);
	dump_kind(&dump, NFT_MSG_GETSET, NFTA_SET_HANDLE, NFTA_SET_HANDLE);
	for (size_t i = 0; i < rs->num_sets; i++)
		dump_elements(&dump, rs->sets[i].name);
	for (size_t i = 0; i < rs->num_maps; i++)
		dump_elements(&dump, rs->maps[i].name);
	dump_kind(&dump, NFT_MSG_GETCHAIN, NFTA_CHAIN_HANDLE,
		  NFTA_CHAIN_HANDLE);
	dump_kind(&dump, NFT_MSG_GETRULE, NFTA_RULE_HANDLE,
		  NFTA_RULE_POSITION);
	*turned = dump.turned;
	return dump.text;
}

/* ---- nft ---- */

void write_text(const struct pw_ruleset *rs, const char *path)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(pw_nft_print(rs, out), 0);
	fclose(out);
}

void write_json(const struct pw_ruleset *rs, const char *path)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(pw_nft_print_json(rs, out, diags), 0);
	fclose(out);
}

void run_nft(const char *options, const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), NFT " %s %s", options, path);
	assert_int_equal(system(command), 0);
}

bool nft_turns_protocols(void)
{
	fresh_namespace();
	return !system(NFT " 'table inet t { set s { "
		       "type inet_proto . ipv4_addr; flags interval; }; "
		       "chain c { meta l4proto . ip saddr @s accept; }; }' "
		       ">/dev/null 2>&1");
}

char *list_text(void)
{
	FILE *in = popen(NFT " list ruleset", "r");
	size_t len = 0;
	char *text = NULL;

	assert_non_null(in);
	assert_true(getdelim(&text, &len, '\0', in) > 0);
	assert_int_equal(pclose(in), 0);
	return text;
}

/* ---- decode ---- */

/**
 * struct decoding - What a dump is decoded into
 * @num:	messages seen
 */
struct decoding {
	struct pw_ruleset *rs;
	struct pw_diags *diags;
	size_t num;
};

static int decoded(struct decoding *to, int err)
{
	if (err && pw_diags_kept(to->diags))
		fail_msg("%s", pw_diags_get(to->diags, 0)->text);
	assert_int_equal(err, 0);
	to->num++;
	return MNL_CB_OK;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_chain *nlc = nftnl_chain_alloc();
	struct decoding *to = arg;

	assert_int_equal(nftnl_chain_nlmsg_parse(nlh, nlc), 0);
	decoded(to, pw_nft_decode_chain(nlc, to->rs, to->diags));
	nftnl_chain_free(nlc);
	return MNL_CB_OK;
}

static int on_set(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_set *nls = nftnl_set_alloc();
	struct decoding *to = arg;

	assert_int_equal(nftnl_set_nlmsg_parse(nlh, nls), 0);
	decoded(to, pw_nft_decode_set(nls, to->rs, to->diags));
	nftnl_set_free(nls);
	return MNL_CB_OK;
}

static int on_obj(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_obj *nlo = nftnl_obj_alloc();
	struct decoding *to = arg;

	assert_int_equal(nftnl_obj_nlmsg_parse(nlh, nlo), 0);
	decoded(to, pw_nft_decode_obj(nlo, to->rs, to->diags));
	nftnl_obj_free(nlo);
	return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct decoding *to = arg;

	assert_int_equal(nftnl_rule_nlmsg_parse(nlh, nlr), 0);
	decoded(to, pw_nft_decode_rule(nlr, to->rs, to->diags));
	nftnl_rule_free(nlr);
	return MNL_CB_OK;
}

static void decode_kind(struct decoding *to, uint16_t type, mnl_cb_t cb)
{
	struct mnl_socket *nl = codec_socket();
	char buf[256];

	run_dump(nl, request(buf, type, NLM_F_DUMP), cb, to);
	mnl_socket_close(nl);
}

/* Elements are not the codec's: they are taken over where names agree */
static void take_elements(struct pw_ruleset *rs, const struct pw_ruleset *from)
{
	for (size_t i = 0; i < from->num_sets; i++) {
		uint32_t j = pw_ruleset_find_set(rs, from->sets[i].name);

		if (j != PW_NONE)
			rs->sets[j].elems = pw_rangeset_ref(from->sets[i].elems);
	}
}

/* Maps are sorted by name on both sides, as is all that they point at */
static void take_map_elements(struct pw_ruleset *rs,
			      const struct pw_ruleset *from)
{
	for (size_t i = 0; i < from->num_maps; i++) {
		uint32_t j = pw_ruleset_find_map(rs, from->maps[i].name);

		for (size_t k = 0; j != PW_NONE && k < from->maps[i].num_elems;
		     k++)
			pw_map_add(&rs->maps[j], &from->maps[i].elems[k]);
	}
}

struct pw_ruleset *decode_table(const struct pw_ruleset *want)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct decoding to = { .rs = pw_ruleset_new(), .diags = diags };

	decode_kind(&to, NFT_MSG_GETOBJ, on_obj);
	decode_kind(&to, NFT_MSG_GETSET, on_set);
	decode_kind(&to, NFT_MSG_GETCHAIN, on_chain);
	decode_kind(&to, NFT_MSG_GETRULE, on_rule);
	assert_true(to.num > want->num_chains);
	assert_int_equal(pw_ruleset_sort(to.rs), 0);
	take_elements(to.rs, want);
	take_map_elements(to.rs, want);
	return to.rs;
}
