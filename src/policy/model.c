/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model: its life, names of transports, keys of limits. */
#include "portwall/model.h"

#include <netinet/in.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "policy/resolve.h"

static const struct {
	const char *name;
	uint8_t proto;
} transports[] = {
	[PW_TCP]  = { "tcp", IPPROTO_TCP },
	[PW_UDP]  = { "udp", IPPROTO_UDP },
	[PW_SCTP] = { "sctp", IPPROTO_SCTP },
};
_Static_assert(PW_ARRAY_SIZE(transports) == PW_NUM_TRANSPORTS, "one missing");

uint8_t pw_transport_proto(enum pw_transport t)
{
	return transports[t].proto;
}

const char *pw_transport_name(enum pw_transport t)
{
	return transports[t].name;
}

void pw_section_clear(struct pw_section *section)
{
	free(section->name);
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
		pw_rangeset_free(section->ports[t]);
	pw_rangeset_free(section->protocols);
	pw_addrs_clear(&section->from);
	pw_addrs_clear(&section->to);
	pw_rangeset_free(section->on);
	free(section->comment);
	free(section->from_text);
	free(section->on_text);
	free(section->file);
}

void pw_model_free(struct pw_model *model)
{
	if (!model)
		return;
	free(model->source);
	pw_rangeset_free(model->bridges);
	pw_rangeset_free(model->guard);
	for (size_t i = 0; i < model->num_sections; i++)
		pw_section_clear(&model->sections[i]);
	free(model->sections);
	free(model);
}

static void hash_number(SHA2_CTX *ctx, uint32_t n)
{
	uint8_t bytes[4] = { n >> 24, n >> 16, n >> 8, n };

	SHA256Update(ctx, bytes, sizeof(bytes));
}

uint32_t pw_limit_key(const char *kind, const char *section,
		      const struct pw_limit *limit)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint32_t key;
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)kind, strlen(kind) + 1);
	SHA256Update(&ctx, (const uint8_t *)section, strlen(section) + 1);
	hash_number(&ctx, limit->per_source);
	hash_number(&ctx, limit->rate.count);
	hash_number(&ctx, limit->rate.unit_s);
	hash_number(&ctx, limit->rate.burst);
	SHA256Final(digest, &ctx);
	key = (uint32_t)digest[0] << 24 | digest[1] << 16 | digest[2] << 8 |
	      digest[3];
	return key ? key : 1;
}
