// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory runs out while policies are read, looked at and printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomem.h"
#include <portwall/text.h>

#include "policy_help.h"

/* Reads a file as check does, and prints the normal form */
static int read_file(const void *arg, char **result)
{
	static const struct pw_trust trust = { .check = false };
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	size_t size;
	FILE *out;
	int err = diags ? pw_policy_read(arg, &trust, &test_host, &policy,
					 &model, diags) : -ENOMEM;

	if (err)
		return model ? -EBADMSG : err;
	out = pw_text_open(result, &size);
	if (!out)
		return -ENOMEM;
	err = pw_policy_print(policy, out);
	for (size_t i = 0; i < sizeof(model->digest); i++)
		fprintf(out, "%02x", model->digest[i]);
	if (pw_text_close(out, result) || !err)
		return *result ? 0 : -ENOMEM;
	free(*result);
	*result = NULL;
	return -ENOMEM;
}

/* What is the case when there is memory enough */
static int fate_of(const char *path)
{
	char *text = NULL;
	int err = read_file(path, &text);

	free(text);
	return err;
}

int run_hungry_policies(void)
{
	struct hungry *things;
	glob_t found;
	int failed;

	assert_int_equal(glob("tests/golden/policy/[!x]*.ini", 0, NULL, &found), 0);
	things = calloc(found.gl_pathc, sizeof(*things));
	assert_non_null(things);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		things[i] = (struct hungry){
			.name = strrchr(found.gl_pathv[i], '/') + 1,
			.work = read_file, .arg = found.gl_pathv[i],
			.fails = fate_of(found.gl_pathv[i]),
		};
	}
	failed = run_hungry("memory, policies", things, found.gl_pathc);
	free(things);
	globfree(&found);
	return failed;
}
