// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's side of the codec tests: load a table, dump it, decode it. */
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

static struct mnl_socket *open_socket(void)
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
 */
struct dump {
	char *text;
	size_t len, cap;
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

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	struct dump *dump = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == dump->handle || type == dump->position)
			continue;
		say(dump, "%u=", type);
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
	struct mnl_socket *nl = open_socket();
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
	struct mnl_socket *nl = open_socket();
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
char *dump_table(const struct pw_ruleset *rs)
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

/* ---- the encoder's batch ---- */

struct batch {
	char buf[512 * 1024];
	struct mnl_nlmsg_batch *batch;
	uint32_t seq;
};

static struct nlmsghdr *batch_msg(struct batch *b, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(b->batch), type,
				     NFPROTO_INET, NLM_F_CREATE | flags,
				     b->seq++);
}

static void batch_next(struct batch *b)
{
	assert_true(mnl_nlmsg_batch_next(b->batch));
}

static void put_table(struct batch *b)
{
	struct nftnl_table *nlt = nftnl_table_alloc();

	nftnl_table_set_u32(nlt, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	nftnl_table_set_str(nlt, NFTNL_TABLE_NAME, PW_TABLE);
	nftnl_table_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWTABLE, 0), nlt);
	nftnl_table_free(nlt);
	batch_next(b);
}

static void put_obj(struct batch *b, const struct pw_ruleset *rs, uint32_t i)
{
	struct nftnl_obj *nlo = pw_nft_encode_obj(rs, i);
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWOBJ, 0);

	assert_non_null(nlo);
	nftnl_obj_nlmsg_build_payload(nlh, nlo);
	nftnl_obj_free(nlo);
	batch_next(b);
}

static void put_chain(struct batch *b, const struct pw_ruleset *rs, uint32_t i)
{
	struct nftnl_chain *nlc = pw_nft_encode_chain(rs, i);

	assert_non_null(nlc);
	nftnl_chain_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWCHAIN, 0), nlc);
	nftnl_chain_free(nlc);
	batch_next(b);
}

static void put_rule(struct batch *b, const struct pw_ruleset *rs,
		     uint32_t chain, size_t rule)
{
	struct nftnl_rule *nlr = pw_nft_encode_rule(rs, chain, rule);
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWRULE, NLM_F_APPEND);

	assert_non_null(nlr);
	nftnl_rule_nlmsg_build_payload(nlh, nlr);
	nftnl_rule_free(nlr);
	batch_next(b);
}

/* nft marks the start of a range that nothing closes in its user data */
static void mark_open(struct nftnl_set_elem *elem)
{
	struct nftnl_udata_buf *udata =
		nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_ELEM_FLAGS, 1);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_USERDATA,
			   nftnl_udata_buf_data(udata),
			   nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

static void add_set_elems(struct nftnl_set *nls, const struct pw_set *set)
{
	struct pw_set_iter iter = { 0 };
	struct pw_set_elem elem;
	uint8_t key[PW_KEY_MAX];

	while (pw_set_next_elem(set, &iter, &elem)) {
		struct nftnl_set_elem *nle = nftnl_set_elem_alloc();
		size_t len = pw_set_key(set->type, elem.key, key);

		nftnl_set_elem_set(nle, NFTNL_SET_ELEM_KEY, key, len);
		if (elem.interval_end)
			nftnl_set_elem_set_u32(nle, NFTNL_SET_ELEM_FLAGS,
					       NFT_SET_ELEM_INTERVAL_END);
		if (elem.open)
			mark_open(nle);
		nftnl_set_elem_add(nls, nle);
	}
}

static uint32_t verdict_code(enum pw_verdict_kind kind)
{
	return kind == PW_V_JUMP ? (uint32_t)NFT_JUMP :
	       kind == PW_V_GOTO ? (uint32_t)NFT_GOTO :
	       kind == PW_V_DROP ? NF_DROP : NF_ACCEPT;
}

static void add_map_elems(struct nftnl_set *nls, const struct pw_ruleset *rs,
			  const struct pw_map *map)
{
	uint8_t key[PW_KEY_MAX];

	for (size_t i = 0; i < map->num_elems; i++) {
		const struct pw_map_elem *elem = &map->elems[i];
		struct nftnl_set_elem *nle = nftnl_set_elem_alloc();
		size_t len = pw_map_key(map->key, elem->key, key);

		nftnl_set_elem_set(nle, NFTNL_SET_ELEM_KEY, key, len);
		if (map->counters)
			nftnl_set_elem_set_str(nle, NFTNL_SET_ELEM_OBJREF,
					       rs->objs[elem->obj].name);
		else
			nftnl_set_elem_set_u32(nle, NFTNL_SET_ELEM_VERDICT,
					       verdict_code(elem->verdict.kind));
		if (elem->verdict.kind == PW_V_JUMP ||
		    elem->verdict.kind == PW_V_GOTO)
			nftnl_set_elem_set_str(nle, NFTNL_SET_ELEM_CHAIN,
					       rs->chains[elem->verdict.chain].name);
		nftnl_set_elem_add(nls, nle);
	}
}

/* Takes @nls, which holds elements by now */
static void put_elems(struct batch *b, struct nftnl_set *nls, bool any)
{
	struct nlmsghdr *nlh;

	if (any) {
		nlh = batch_msg(b, NFT_MSG_NEWSETELEM, 0);
		nftnl_set_elems_nlmsg_build_payload(nlh, nls);
		batch_next(b);
	}
	nftnl_set_free(nls);
}

static void put_sets(struct batch *b, const struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_sets; i++) {
		struct nftnl_set *nls = pw_nft_encode_set(rs, i);

		assert_non_null(nls);
		nftnl_set_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWSET, 0),
					      nls);
		batch_next(b);
		add_set_elems(nls, &rs->sets[i]);
		put_elems(b, nls, rs->sets[i].elems);
	}
	for (size_t i = 0; i < rs->num_maps; i++) {
		struct nftnl_set *nls = pw_nft_encode_map(rs, i);

		assert_non_null(nls);
		nftnl_set_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWSET, 0),
					      nls);
		batch_next(b);
		add_map_elems(nls, rs, &rs->maps[i]);
		put_elems(b, nls, rs->maps[i].num_elems);
	}
}

static void put_all(struct batch *b, const struct pw_ruleset *rs)
{
	put_table(b);
	for (size_t i = 0; i < rs->num_chains; i++)
		put_chain(b, rs, i);
	for (size_t i = 0; i < rs->num_objs; i++)
		put_obj(b, rs, i);
	put_sets(b, rs);
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t j = 0; j < rs->chains[i].num_rules; j++)
			put_rule(b, rs, i, j);
}

static void send_batch(struct batch *b)
{
	struct mnl_socket *nl = open_socket();
	char buf[65536];
	struct nlmsghdr *nlh;
	ssize_t len;

	/* the last message asks for an answer, so that there is one to await */
	nlh = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(b->batch),
				    NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_ACK,
				    b->seq);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	batch_next(b);
	nftnl_batch_end(mnl_nlmsg_batch_current(b->batch), b->seq + 1);
	batch_next(b);
	assert_true(mnl_socket_sendto(nl, mnl_nlmsg_batch_head(b->batch),
				      mnl_nlmsg_batch_size(b->batch)) > 0);
	len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	assert_true(len > 0);
	nlh = (struct nlmsghdr *)buf;
	if (mnl_cb_run(buf, len, b->seq, mnl_socket_get_portid(nl), NULL,
		       NULL) < 0)
		fail_msg("message %u of the batch: %s", nlh->nlmsg_seq,
			 strerror(errno));
	mnl_socket_close(nl);
}

void load_encoded(const struct pw_ruleset *rs)
{
	struct batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->batch = mnl_nlmsg_batch_start(b->buf, sizeof(b->buf) / 2);
	nftnl_batch_begin(mnl_nlmsg_batch_current(b->batch), b->seq++);
	batch_next(b);
	put_all(b, rs);
	send_batch(b);
	mnl_nlmsg_batch_stop(b->batch);
	free(b);
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
	struct mnl_socket *nl = open_socket();
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
