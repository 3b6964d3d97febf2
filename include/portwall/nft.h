/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings of the rules IR: netlink messages, the kernel's own, nft text, JSON. */
#ifndef PORTWALL_NFT_H
#define PORTWALL_NFT_H

#include <stdio.h>

#include "diag.h"
#include "ruleset.h"

struct nftnl_chain;
struct nftnl_obj;
struct nftnl_rule;
struct nftnl_set;
struct nlmsghdr;

/*
 * Encoders: the same expressions, registers and set descriptions as nft 1.0.6
 * emits for pw_nft_print()'s text. Each returns a new libnftnl object that the
 * caller frees, or NULL when memory is short. Elements are apart: see load.h.
 */
struct nftnl_chain *pw_nft_encode_chain(const struct pw_ruleset *rs,
					uint32_t chain);
struct nftnl_rule *pw_nft_encode_rule(const struct pw_ruleset *rs,
				      uint32_t chain, size_t rule);
struct nftnl_set *pw_nft_encode_set(const struct pw_ruleset *rs, uint32_t set);
struct nftnl_set *pw_nft_encode_map(const struct pw_ruleset *rs, uint32_t map);
struct nftnl_obj *pw_nft_encode_obj(const struct pw_ruleset *rs, uint32_t obj);

/*
 * Decoders: append what a libnftnl object says to @rs. Names of chains, sets,
 * maps and objects must be there before the rules that refer to them. What the
 * IR cannot express is refused, never guessed.
 * Return 0; -EOPNOTSUPP with a message that names chain and handle; -ENOMEM.
 */
int pw_nft_decode_chain(const struct nftnl_chain *nlc, struct pw_ruleset *rs,
			struct pw_diags *diags);
int pw_nft_decode_rule(const struct nftnl_rule *nlr, struct pw_ruleset *rs,
		       struct pw_diags *diags);
/* A set without its elements, or a map without its elements */
int pw_nft_decode_set(const struct nftnl_set *nls, struct pw_ruleset *rs,
		      struct pw_diags *diags);
int pw_nft_decode_obj(const struct nftnl_obj *nlo, struct pw_ruleset *rs,
		      struct pw_diags *diags);

/* Text that "nft -f" loads; the kernel then holds an equal ruleset */
int pw_nft_print(const struct pw_ruleset *rs, FILE *out);

/*
 * The same as JSON that "nft -j -f" loads, libnftables-json(5). What JSON cannot
 * say is refused before anything is printed, with a message: the name of an
 * interface that begins with @ (-EINVAL), and what the compiler never makes:
 * times that are no whole seconds, a dynamic set that no rule updates
 * (-EOPNOTSUPP). -EIO; -ENOMEM
 */
int pw_nft_print_json(const struct pw_ruleset *rs, FILE *out,
		      struct pw_diags *diags);

#endif
