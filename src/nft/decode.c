// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains, sets, maps and objects of the kernel as those of the IR. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>

#include "nft/decode.h"
#include "nft/hooks.h"
#include "nft/keys.h"
#include "nft/udata.h"
#include "portwall/nft.h"

static int refuse(struct pw_diags *diags, const char *kind, const char *name,
		  uint64_t handle, const char *why)
{
	return pw_diag_system(diags, EOPNOTSUPP,
			      "%s %s, handle %llu, is none of ours: %s", kind,
			      name ? name : "?", (unsigned long long)handle,
			      why);
}

/* ---- chains ---- */

static uint64_t chain_handle(const struct nftnl_chain *nlc)
{
	if (!nftnl_chain_is_set(nlc, NFTNL_CHAIN_HANDLE))
		return 0;
	return nftnl_chain_get_u64(nlc, NFTNL_CHAIN_HANDLE);
}

static enum pw_hook hook_of(uint32_t number)
{
	for (size_t i = PW_HOOK_PREROUTING; i < PW_ARRAY_SIZE(hook_numbers); i++)
		if (hook_numbers[i] == number)
			return i;
	return PW_HOOK_NONE;
}

/* Why a base chain cannot be told in the IR, NULL if it can */
static const char *odd_base(const struct nftnl_chain *nlc)
{
	const char *type = nftnl_chain_get_str(nlc, NFTNL_CHAIN_TYPE);

	if (!type || strcmp(type, "filter"))
		return "its type is not filter";
	if (nftnl_chain_is_set(nlc, NFTNL_CHAIN_DEV) ||
	    nftnl_chain_is_set(nlc, NFTNL_CHAIN_DEVICES))
		return "it is bound to a device";
	if (hook_of(nftnl_chain_get_u32(nlc, NFTNL_CHAIN_HOOKNUM)) ==
	    PW_HOOK_NONE)
		return "its hook";
	return NULL;
}

static int64_t add_chain(const struct nftnl_chain *nlc, const char *name,
			 struct pw_ruleset *rs)
{
	uint32_t policy = NF_ACCEPT;

	if (!nftnl_chain_is_set(nlc, NFTNL_CHAIN_HOOKNUM))
		return pw_ruleset_add_chain(rs, name);
	if (nftnl_chain_is_set(nlc, NFTNL_CHAIN_POLICY))
		policy = nftnl_chain_get_u32(nlc, NFTNL_CHAIN_POLICY);
	return pw_ruleset_add_base(
		rs, name, hook_of(nftnl_chain_get_u32(nlc, NFTNL_CHAIN_HOOKNUM)),
		nftnl_chain_get_s32(nlc, NFTNL_CHAIN_PRIO),
		policy == NF_DROP ? PW_V_DROP : PW_V_ACCEPT);
}

static int keep_userdata(const struct nftnl_chain *nlc, struct pw_chain *chain)
{
	uint32_t len = 0;
	const void *udata = nftnl_chain_get_data(nlc, NFTNL_CHAIN_USERDATA,
						 &len);

	if (!udata || !len)
		return 0;
	chain->userdata = malloc(len);
	if (!chain->userdata)
		return -ENOMEM;
	memcpy(chain->userdata, udata, len);
	chain->userdata_len = len;
	return 0;
}

int pw_nft_decode_chain(const struct nftnl_chain *nlc, struct pw_ruleset *rs,
			struct pw_diags *diags)
{
	const char *name = nftnl_chain_get_str(nlc, NFTNL_CHAIN_NAME);
	uint64_t handle = chain_handle(nlc);
	const char *odd = name ? NULL : "it has no name";
	int64_t index;

	if (!odd && nftnl_chain_is_set(nlc, NFTNL_CHAIN_HOOKNUM))
		odd = odd_base(nlc);
	if (odd)
		return refuse(diags, "chain", name, handle, odd);
	index = add_chain(nlc, name, rs);
	if (index < 0)
		return index;
	rs->chains[index].handle = handle;
	return keep_userdata(nlc, &rs->chains[index]);
}

/* ---- sets and maps ---- */

static uint32_t set_u32(const struct nftnl_set *nls, uint16_t attr)
{
	return nftnl_set_is_set(nls, attr) ? nftnl_set_get_u32(nls, attr) : 0;
}

static uint64_t set_handle(const struct nftnl_set *nls)
{
	if (!nftnl_set_is_set(nls, NFTNL_SET_HANDLE))
		return 0;
	return nftnl_set_get_u64(nls, NFTNL_SET_HANDLE);
}

static bool has_key(const struct nftnl_set *nls, const struct pw_key_info *key)
{
	return set_u32(nls, NFTNL_SET_KEY_TYPE) == key->type &&
	       set_u32(nls, NFTNL_SET_KEY_LEN) == key->len;
}

static int decode_map(const struct nftnl_set *nls, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	const char *name = nftnl_set_get_str(nls, NFTNL_SET_NAME);
	uint32_t flags = set_u32(nls, NFTNL_SET_FLAGS);
	bool counters = flags == NFT_SET_OBJECT;
	enum pw_map_key key = 0;
	int64_t index;

	while (key < PW_NUM_MAP_KEYS && !has_key(nls, pw_map_key_info(key)))
		key++;
	if (key == PW_NUM_MAP_KEYS)
		return refuse(diags, "map", name, set_handle(nls), "its key");
	if ((!counters && flags != NFT_SET_MAP) ||
	    (counters &&
	     set_u32(nls, NFTNL_SET_OBJ_TYPE) != NFT_OBJECT_COUNTER) ||
	    (!counters &&
	     set_u32(nls, NFTNL_SET_DATA_TYPE) != NFT_DATA_VERDICT))
		return refuse(diags, "map", name, set_handle(nls),
			      "what it holds");
	index = pw_ruleset_add_map(rs, name, key, counters);
	if (index < 0)
		return index;
	rs->maps[index].handle = set_handle(nls);
	return 0;
}

#define SET_FLAGS (NFT_SET_CONSTANT | NFT_SET_INTERVAL | NFT_SET_EVAL | \
		   NFT_SET_TIMEOUT)

/*
 * Ranges of concatenations, and they alone, are flagged as such; no
 * concatenation is constant
 */
static bool has_our_flags(const struct pw_set *set, uint32_t flags)
{
	bool parts = set->interval && pw_set_key_info(set->type)->parts[0];

	return !(set->constant && pw_set_is_concat(set->type)) && !(flags & ~(SET_FLAGS | NFT_SET_CONCAT)) &&
	       parts == !!(flags & NFT_SET_CONCAT);
}

static bool set_comment(const struct nftnl_set *nls,
			char out[static COMMENT_MAX + 1])
{
	uint32_t len = 0;
	const void *udata = nftnl_set_get_data(nls, NFTNL_SET_USERDATA, &len);

	return udata_comment(udata, len, NFTNL_UDATA_SET_COMMENT, out);
}

static int decode_set(const struct nftnl_set *nls, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	const char *name = nftnl_set_get_str(nls, NFTNL_SET_NAME);
	uint32_t flags = set_u32(nls, NFTNL_SET_FLAGS);
	char comment[COMMENT_MAX + 1];
	int64_t index;
	struct pw_set set = {
		.name = lent(name),
		.constant = flags & NFT_SET_CONSTANT,
		.interval = flags & NFT_SET_INTERVAL,
		.dynamic = flags & NFT_SET_EVAL,
		.timeout = flags & NFT_SET_TIMEOUT,
		.size = set_u32(nls, NFTNL_SET_DESC_SIZE),
		.handle = set_handle(nls),
	};

	while (set.type < PW_NUM_SET_TYPES &&
	       !has_key(nls, pw_set_key_info(set.type)))
		set.type++;
	if (set.type == PW_NUM_SET_TYPES)
		return refuse(diags, "set", name, set.handle, "its type");
	if (!has_our_flags(&set, flags))
		return refuse(diags, "set", name, set.handle, "its flags");
	if (nftnl_set_is_set(nls, NFTNL_SET_EXPR) ||
	    nftnl_set_is_set(nls, NFTNL_SET_EXPRESSIONS))
		return refuse(diags, "set", name, set.handle,
			      "what its elements carry");
	if (nftnl_set_is_set(nls, NFTNL_SET_TIMEOUT))
		set.timeout_ms = nftnl_set_get_u64(nls, NFTNL_SET_TIMEOUT);
	if (set_comment(nls, comment))
		set.comment = comment;
	index = pw_ruleset_add_set(rs, &set);
	return index < 0 ? index : 0;
}

int pw_nft_decode_set(const struct nftnl_set *nls, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	uint32_t flags = set_u32(nls, NFTNL_SET_FLAGS);

	if (!nftnl_set_get_str(nls, NFTNL_SET_NAME))
		return refuse(diags, "set", NULL, set_handle(nls),
			      "it has no name");
	if (flags & (NFT_SET_MAP | NFT_SET_OBJECT))
		return decode_map(nls, rs, diags);
	return decode_set(nls, rs, diags);
}

/* ---- objects ---- */

/* libnftnl's getters lack a const */
static struct nftnl_obj *writable(const struct nftnl_obj *nlo)
{
	const union {
		const struct nftnl_obj *nlo;
		struct nftnl_obj *writable;
	} u = { nlo };

	return u.writable;
}

static uint64_t obj_u64(const struct nftnl_obj *nlo, uint16_t attr)
{
	if (!nftnl_obj_is_set(nlo, attr))
		return 0;
	return nftnl_obj_get_u64(writable(nlo), attr);
}

static uint32_t obj_u32(const struct nftnl_obj *nlo, uint16_t attr)
{
	if (!nftnl_obj_is_set(nlo, attr))
		return 0;
	return nftnl_obj_get_u32(writable(nlo), attr);
}

static bool get_obj_rate(const struct nftnl_obj *nlo, struct pw_rate *out)
{
	return rate_of(obj_u64(nlo, NFTNL_OBJ_LIMIT_RATE),
		       obj_u64(nlo, NFTNL_OBJ_LIMIT_UNIT),
		       obj_u32(nlo, NFTNL_OBJ_LIMIT_BURST),
		       obj_u32(nlo, NFTNL_OBJ_LIMIT_TYPE),
		       obj_u32(nlo, NFTNL_OBJ_LIMIT_FLAGS), out);
}

static int keep_comment(const struct nftnl_obj *nlo, struct pw_obj *obj)
{
	char comment[COMMENT_MAX + 1];
	const void *udata;
	uint32_t len = 0;

	if (!nftnl_obj_is_set(nlo, NFTNL_OBJ_USERDATA))
		return 0;
	udata = nftnl_obj_get_data(writable(nlo), NFTNL_OBJ_USERDATA, &len);
	if (!udata_comment(udata, len, NFTNL_UDATA_OBJ_COMMENT, comment))
		return 0;
	obj->comment = strdup(comment);
	return obj->comment ? 0 : -ENOMEM;
}

int pw_nft_decode_obj(const struct nftnl_obj *nlo, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	const char *name = nftnl_obj_get_str(writable(nlo), NFTNL_OBJ_NAME);
	uint64_t handle = obj_u64(nlo, NFTNL_OBJ_HANDLE);
	uint32_t type = obj_u32(nlo, NFTNL_OBJ_TYPE);
	struct pw_rate rate = { 0 };
	struct pw_obj *obj;
	int64_t index;

	if (!name || (type != NFT_OBJECT_COUNTER && type != NFT_OBJECT_LIMIT))
		return refuse(diags, "object", name, handle, "its type");
	if (type == NFT_OBJECT_LIMIT && !get_obj_rate(nlo, &rate))
		return refuse(diags, "limit", name, handle, "its rate");
	index = pw_ruleset_add_obj(rs, name, type == NFT_OBJECT_LIMIT ?
				   PW_O_LIMIT : PW_O_COUNTER, &rate);
	if (index < 0)
		return index;
	obj = &rs->objs[index];
	obj->handle = handle;
	/* attributes of one kind have the numbers of another's */
	if (type == NFT_OBJECT_COUNTER) {
		obj->packets = obj_u64(nlo, NFTNL_OBJ_CTR_PKTS);
		obj->bytes = obj_u64(nlo, NFTNL_OBJ_CTR_BYTES);
	}
	return keep_comment(nlo, obj);
}
