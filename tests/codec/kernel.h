/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side of the codec tests: load a table, dump it, decode it. */
#ifndef CODEC_KERNEL_H
#define CODEC_KERNEL_H

#include "rows.h"

struct mnl_socket;

/* Skips the test that asks, and says why */
void need_namespace_and_nft(void);
/* An empty network namespace; the one before ends when nobody is in it */
void fresh_namespace(void);

/* By nft: text or JSON to a file, load a file (-f, -j -f), list */
void write_text(const struct pw_ruleset *rs, const char *path);
void write_json(const struct pw_ruleset *rs, const char *path);
void run_nft(const char *options, const char *path);
char *list_text(void);
/* Does the kernel take what nft does to the one byte of a protocol in a key? */
bool nft_turns_protocols(void);

/* For messages with nf_tables */
struct mnl_socket *codec_socket(void);

/* By the encoder, in one batch */
void load_encoded(const struct pw_ruleset *rs);

/*
 * Everything that the kernel holds of our table, as hex, without handles and
 * what nft does to protocols; @turned: how often
 */
char *dump_table(const struct pw_ruleset *rs, size_t *turned);
/* The same by the decoder; elements are taken over from @want */
struct pw_ruleset *decode_table(const struct pw_ruleset *want);

#endif
