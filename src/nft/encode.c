// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains, rules, sets, maps and objects as libnftnl objects. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>

#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>

#include "nft/code.h"
#include "nft/encode.h"
#include "nft/hooks.h"
#include "nft/keys.h"
#include "portwall/nft.h"
#include "ruleset/inner.h"

/* NFT_DATA_VERDICT and the size of what it stands for, as nft declares them */
#define VERDICT_LEN 16

PW_DEFINE_OWNED(struct nftnl_udata_buf, nftnl_udata_buf_free)

struct nftnl_chain *pw_nft_encode_chain(const struct pw_ruleset *rs,
					uint32_t index)
{
	const struct pw_chain *chain = &rs->chains[index];
	struct nftnl_chain *nlc = nftnl_chain_alloc();

	if (!nlc)
		return NULL;
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_FAMILY, NFPROTO_INET);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TABLE, PW_TABLE);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_NAME, chain->name);
	if (chain->userdata_len)
		nftnl_chain_set_data(nlc, NFTNL_CHAIN_USERDATA, chain->userdata,
				     chain->userdata_len);
	if (chain->hook == PW_HOOK_NONE)
		return nlc;
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_HOOKNUM, hook_numbers[chain->hook]);
	nftnl_chain_set_s32(nlc, NFTNL_CHAIN_PRIO, chain->priority);
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_POLICY,
			    chain->policy == PW_V_DROP ? NF_DROP : NF_ACCEPT);
	return nlc;
}

/*
 * As print_quoted() has it: nft knows no escapes, and a quote in a comment would
 * end its own listing. False when it does not fit.
 */
static bool put_comment(struct nftnl_udata_buf *buf, uint8_t type,
			const char *comment)
{
	char text[NFTNL_UDATA_COMMENT_MAXLEN];

	if (strlen(comment) >= sizeof(text))
		return false;
	strcpy(text, comment);
	for (char *quote = text; (quote = strchr(quote, '"')); )
		*quote = '\'';
	return nftnl_udata_put_strz(buf, type, text);
}

/* Returns false when memory is short */
static bool add_comment(struct nftnl_rule *nlr, const char *comment)
{
	pw_owned(nftnl_udata_buf_free) struct nftnl_udata_buf *buf = NULL;

	if (!comment)
		return true;
	buf = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	if (!buf)
		return false;
	return put_comment(buf, NFTNL_UDATA_RULE_COMMENT, comment) &&
	       !nftnl_rule_set_data(nlr, NFTNL_RULE_USERDATA,
				    nftnl_udata_buf_data(buf),
				    nftnl_udata_buf_len(buf));
}

/* Family that only the verdict asks for: nft puts that comparison first of all */
static uint8_t verdict_family(const struct pw_ruleset *rs,
			      const struct pw_rule *rule)
{
	if (rule->verdict.kind != PW_V_REJECT_PROTO ||
	    rule_late_family(rs, rule))
		return 0;
	for (size_t i = 0; i < rule->num_matches; i++) {
		const struct pw_match *match = &rule->matches[i];

		if (match->field == PW_F_NFPROTO && match->set == PW_NONE)
			return 0;
		if (field_codes[match->field].depends &&
		    match_nfproto(rs, match))
			return 0;
	}
	return NFPROTO_IPV4;
}

struct nftnl_rule *pw_nft_encode_rule(const struct pw_ruleset *rs,
				      uint32_t chain, size_t index)
{
	const struct pw_rule *rule = &rs->chains[chain].rules[index];
	struct enc enc = { .rs = rs, .rule = rule, .nlr = nftnl_rule_alloc() };

	if (!enc.nlr)
		return NULL;
	nftnl_rule_set_u32(enc.nlr, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(enc.nlr, NFTNL_RULE_TABLE, PW_TABLE);
	nftnl_rule_set_str(enc.nlr, NFTNL_RULE_CHAIN, rs->chains[chain].name);
	enc_family(&enc, verdict_family(rs, rule));
	enc_matches(&enc);
	enc_effects(&enc);
	enc_verdict(&enc);
	if (!enc.failed && add_comment(enc.nlr, rule->comment))
		return enc.nlr;
	nftnl_rule_free(enc.nlr);
	return NULL;
}

/* Appended by nft to the declaration of a concatenated key: "ask the type" */
static bool put_typeof(struct nftnl_udata_buf *buf,
		       const struct pw_key_info *key)
{
	enum { EXPR_CONCAT = 13 };	/* nft's enum expr_types */
	struct nftnl_udata *nest;

	if (key->type < 64)
		return true;
	nest = nftnl_udata_nest_start(buf, NFTNL_UDATA_SET_KEY_TYPEOF);
	if (!nest ||
	    !nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_TYPEOF_EXPR,
				 EXPR_CONCAT) ||
	    !nftnl_udata_put(buf, NFTNL_UDATA_SET_TYPEOF_DATA, 0, NULL))
		return false;
	nftnl_udata_nest_end(buf, nest);
	return true;
}

/* What nft leaves in the user data of a set, or of a map when @map */
static bool add_set_udata(struct nftnl_set *nls, const struct pw_key_info *key,
			  const struct pw_map *map, const char *comment)
{
	pw_owned(nftnl_udata_buf_free) struct nftnl_udata_buf *buf =
		nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!buf ||
	    !nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_KEYBYTEORDER,
				 key->byteorder))
		return false;
	if (map && !map->counters &&
	    !nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_DATABYTEORDER, 0))
		return false;
	if (!put_typeof(buf, key))
		return false;
	if (map && !nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_DATA_INTERVAL, 0))
		return false;
	if (comment &&
	    !put_comment(buf, NFTNL_UDATA_SET_COMMENT, comment))
		return false;
	return !nftnl_set_set_data(nls, NFTNL_SET_USERDATA,
				   nftnl_udata_buf_data(buf),
				   nftnl_udata_buf_len(buf));
}

static struct nftnl_set *new_set(const char *name, uint32_t id, uint32_t flags,
				 const struct pw_key_info *key, uint32_t size)
{
	struct nftnl_set *nls = nftnl_set_alloc();

	if (!nls)
		return NULL;
	nftnl_set_set_u32(nls, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(nls, NFTNL_SET_TABLE, PW_TABLE);
	nftnl_set_set_str(nls, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(nls, NFTNL_SET_ID, id);
	nftnl_set_set_u32(nls, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(nls, NFTNL_SET_KEY_TYPE, key->type);
	nftnl_set_set_u32(nls, NFTNL_SET_KEY_LEN, key->len);
	if (size)
		nftnl_set_set_u32(nls, NFTNL_SET_DESC_SIZE, size);
	return nls;
}

/* Ranges of concatenations: flag and parts, or the kernel takes no set for them */
static bool add_parts(struct nftnl_set *nls, const struct pw_key_info *key,
		      uint32_t flags)
{
	size_t num = 0;

	while (num < PW_KEY_PARTS && key->parts[num])
		num++;
	nftnl_set_set_u32(nls, NFTNL_SET_FLAGS, flags | NFT_SET_CONCAT);
	return !nftnl_set_set_data(nls, NFTNL_SET_DESC_CONCAT, key->parts, num);
}

struct nftnl_set *pw_nft_encode_set(const struct pw_ruleset *rs, uint32_t index)
{
	const struct pw_set *set = &rs->sets[index];
	const struct pw_key_info *key = pw_set_key_info(set->type);
	uint32_t flags = (set->constant ? NFT_SET_CONSTANT : 0) |
			 (set->interval ? NFT_SET_INTERVAL : 0) |
			 (set->dynamic ? NFT_SET_EVAL : 0) |
			 (set->timeout ? NFT_SET_TIMEOUT : 0);
	struct nftnl_set *nls = new_set(set->name, index + 1, flags, key,
					set->size);

	if (!nls)
		return NULL;
	if (set->timeout_ms)
		nftnl_set_set_u64(nls, NFTNL_SET_TIMEOUT, set->timeout_ms);
	if (set->interval && key->parts[0] && !add_parts(nls, key, flags)) {
		nftnl_set_free(nls);
		return NULL;
	}
	if (add_set_udata(nls, key, NULL, set->comment))
		return nls;
	nftnl_set_free(nls);
	return NULL;
}

struct nftnl_set *pw_nft_encode_map(const struct pw_ruleset *rs, uint32_t index)
{
	const struct pw_map *map = &rs->maps[index];
	const struct pw_key_info *key = pw_map_key_info(map->key);
	struct nftnl_set *nls = new_set(map->name, rs->num_sets + index + 1,
					map->counters ? NFT_SET_OBJECT :
							NFT_SET_MAP,
					key, map->num_elems);

	if (!nls)
		return NULL;
	if (map->counters) {
		nftnl_set_set_u32(nls, NFTNL_SET_OBJ_TYPE, NFT_OBJECT_COUNTER);
	} else {
		nftnl_set_set_u32(nls, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
		nftnl_set_set_u32(nls, NFTNL_SET_DATA_LEN, VERDICT_LEN);
	}
	if (add_set_udata(nls, key, map, NULL))
		return nls;
	nftnl_set_free(nls);
	return NULL;
}

static bool add_obj_comment(struct nftnl_obj *nlo, const char *comment)
{
	pw_owned(nftnl_udata_buf_free) struct nftnl_udata_buf *buf = NULL;

	if (!comment)
		return true;
	buf = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	if (!buf || !put_comment(buf, NFTNL_UDATA_OBJ_COMMENT, comment))
		return false;
	nftnl_obj_set_data(nlo, NFTNL_OBJ_USERDATA, nftnl_udata_buf_data(buf),
			   nftnl_udata_buf_len(buf));
	return true;
}

struct nftnl_obj *pw_nft_encode_obj(const struct pw_ruleset *rs, uint32_t index)
{
	const struct pw_obj *obj = &rs->objs[index];
	struct nftnl_obj *nlo = nftnl_obj_alloc();

	if (!nlo)
		return NULL;
	nftnl_obj_set_u32(nlo, NFTNL_OBJ_FAMILY, NFPROTO_INET);
	nftnl_obj_set_str(nlo, NFTNL_OBJ_TABLE, PW_TABLE);
	nftnl_obj_set_str(nlo, NFTNL_OBJ_NAME, obj->name);
	nftnl_obj_set_u32(nlo, NFTNL_OBJ_TYPE,
			  obj->kind == PW_O_LIMIT ? NFT_OBJECT_LIMIT :
						    NFT_OBJECT_COUNTER);
	if (obj->kind == PW_O_LIMIT) {
		nftnl_obj_set_u64(nlo, NFTNL_OBJ_LIMIT_RATE, obj->rate.count);
		nftnl_obj_set_u64(nlo, NFTNL_OBJ_LIMIT_UNIT, obj->rate.unit_s);
		nftnl_obj_set_u32(nlo, NFTNL_OBJ_LIMIT_BURST, obj->rate.burst);
		nftnl_obj_set_u32(nlo, NFTNL_OBJ_LIMIT_TYPE, NFT_LIMIT_PKTS);
		nftnl_obj_set_u32(nlo, NFTNL_OBJ_LIMIT_FLAGS, 0);
	}
	if (add_obj_comment(nlo, obj->comment))
		return nlo;
	nftnl_obj_free(nlo);
	return NULL;
}
