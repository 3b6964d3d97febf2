// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of the state directory. The first byte decides: as they are, or with
 * the line that seals them made right, for what is behind it. A bundle that is
 * taken is printed so that it is taken for the same.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "portwall/own.h"
#include "portwall/state.h"
#include "state/bundle.h"
#include "state/bytes_text.h"
#include "state/emergency.h"
#include "state/objects.h"

static void try_bundle(const char *bytes, size_t len)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_bundle_free) struct pw_bundle *again = NULL;
	char *printed, *twice;
	size_t printed_len, twice_len;
	int err = pw_bundle_parse(bytes, len, &bundle);

	MUST(!err || err == -EBADMSG || err == -EPROTONOSUPPORT);
	MUST(!err == !!bundle);
	if (err)
		return;
	MUST(bundle->num_files && bundle->path && bundle->source);
	MUST(!pw_bundle_print(bundle, &printed, &printed_len));
	MUST(!pw_bundle_parse(printed, printed_len, &again));
	MUST(pw_bundle_equal(bundle, again));
	MUST(!pw_bundle_print(again, &twice, &twice_len));
	MUST(printed_len == twice_len && !memcmp(printed, twice, twice_len));
	MUST(pw_bundle_find(bundle, bundle->files[0].path));
	free(printed);
	free(twice);
}

/* What names an object */
static void try_hex(const char *bytes, size_t len)
{
	uint8_t digest[32];
	char hex[65];

	if (!pw_hex_parse(bytes, len, digest))
		return;
	pw_hex_format(digest, hex);
	MUST(len == 64 && !memcmp(hex, bytes, len));
}

/* Paths as JSON holds them: any bytes but NUL */
static void try_bytes(const char *bytes, size_t len)
{
	char *text = strndup(bytes, len), *back = NULL, *printed = NULL;
	int err;

	MUST(text);
	err = pw_bytes_parse(text, &back);
	MUST(!err || err == -EBADMSG);
	free(back);
	printed = pw_bytes_print(text);
	MUST(printed && !pw_bytes_parse(printed, &back));
	MUST(!strcmp(back, text));
	free(printed);
	free(back);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	char *sealed = NULL;
	size_t len, text_len;

	if (!size)
		return 0;
	size--;
	try_hex(bytes, size);
	try_bytes(bytes, size);
	(void)pw_sealed(bytes, size, PW_EMERGENCY_SEAL, &text_len);
	if (!(data[0] & 1)) {
		try_bundle(bytes, size);
		return 0;
	}
	sealed = pw_seal(bytes, size, "", &len);
	MUST(sealed);
	if (pw_sealed(sealed, len, "", &text_len))
		MUST(text_len == size);
	try_bundle(sealed, len);
	free(sealed);
	return 0;
}
