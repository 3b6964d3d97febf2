// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernels of the image: have they the modules that the rules need? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/parts.h"
#include "portwall/array.h"

#define MODULES "/lib/modules"
#define INDEX_MAX (16u << 20)	/* modules.dep; 1 MiB where there are many */

static bool has_match(const struct pw_rule *rule, enum pw_field field)
{
	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].field == field)
			return true;
	return false;
}

static bool has_effect(const struct pw_rule *rule, enum pw_effect_kind kind)
{
	for (size_t i = 0; i < rule->num_effects; i++)
		if (rule->effects[i].kind == kind)
			return true;
	return false;
}

static bool always(const struct pw_rule *rule)
{
	(void)rule;
	return true;
}

static bool has_fib(const struct pw_rule *rule)
{
	return has_match(rule, PW_F_FIB_DADDR) ||
	       has_match(rule, PW_F_FIB_SADDR);
}

static bool has_socket(const struct pw_rule *rule)
{
	return has_match(rule, PW_F_SOCKET_WILDCARD);
}

static bool has_limit(const struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_effects; i++)
		if (rule->effects[i].rate.count)
			return true;
	return has_effect(rule, PW_E_LIMIT);
}

static bool has_connlimit(const struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_effects; i++)
		if (rule->effects[i].conns)
			return true;
	return false;
}

static bool has_log(const struct pw_rule *rule)
{
	return has_effect(rule, PW_E_LOG);
}

static bool has_reject(const struct pw_rule *rule)
{
	return rule->verdict.kind >= PW_V_REJECT_RST &&
	       rule->verdict.kind <= PW_V_REJECT_PROTO;
}

/*
 * net/netfilter/Makefile and Kconfig of 5.10 to 6.18. What became part of
 * nf_tables on the way (nft_counter, nft_objref) is not asked for: whoever has
 * the one has the other.
 */
static const struct need {
	const char *module;
	bool (*by)(const struct pw_rule *rule);
} needs[] = {
	{ "nf_tables", always },
	{ "nft_ct", always },
	{ "nft_fib_inet", has_fib },
	{ "nft_socket", has_socket },
	{ "nft_limit", has_limit },
	{ "nft_connlimit", has_connlimit },
	{ "nft_log", has_log },
	{ "nft_reject_inet", has_reject },
};

static bool is_needed(const struct need *need, const struct pw_ruleset *rs)
{
	for (size_t c = 0; c < rs->num_chains; c++)
		for (size_t r = 0; r < rs->chains[c].num_rules; r++)
			if (need->by(&rs->chains[c].rules[r]))
				return true;
	return false;
}

/**
 * struct kernel - What a kernel brings
 * @builtin, @modules: lists of depmod(8), NULL: there is none
 */
struct kernel {
	const char *version;
	struct pw_source *builtin, *modules;
};

static int read_list(const struct root *root, const char *version,
		     const char *name, struct pw_source **out)
{
	char *path;
	int err;

	if (asprintf(&path, MODULES "/%s/%s", version, name) < 0)
		return -ENOMEM;
	err = pw_root_read(root, path, INDEX_MAX, out);
	free(path);
	return err == -ENOENT ? 0 : err;
}

static bool lists(const struct pw_source *src, const char *module)
{
	char name[64];

	snprintf(name, sizeof(name), "/%s.ko", module);
	return src && strstr(src->text, name);
}

static void refuse_module(const struct root *root, const struct kernel *kernel,
			  const char *module, struct pw_diags *diags)
{
	pw_diag_error(diags, NULL,
		      "kernel %s in %s has no module %s, which the rules need",
		      kernel->version, root->path, module);
	pw_diag_hint(diags, "install it, and let depmod know of it: depmod -b %s %s",
		     root->path, kernel->version);
}

static void refuse_lists(const struct root *root, const struct kernel *kernel,
			 struct pw_diags *diags)
{
	pw_diag_error(diags, NULL,
		      "kernel %s in %s has no modules.dep: its modules could not be loaded",
		      kernel->version, root->path);
	pw_diag_hint(diags, "depmod -b %s %s", root->path, kernel->version);
}

/* True when the kernel can load the rules */
static bool judge(const struct root *root, const struct kernel *kernel,
		  const struct pw_ruleset *rs, struct pw_diags *diags)
{
	bool complete = true;

	if (!kernel->modules) {
		refuse_lists(root, kernel, diags);
		return false;
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(needs); i++) {
		if (lists(kernel->modules, needs[i].module) ||
		    lists(kernel->builtin, needs[i].module) ||
		    !is_needed(&needs[i], rs))
			continue;
		refuse_module(root, kernel, needs[i].module, diags);
		complete = false;
	}
	return complete;
}

static int note_kernel(struct pw_image *image, const char *version)
{
	char *copy = strdup(version);

	if (copy && !PW_ARRAY_PUSH(image->kernels, image->num_kernels,
				   image->cap_kernels, copy))
		return 0;
	free(copy);
	return -ENOMEM;
}

static int check_kernel(const struct root *root, const char *version,
			const struct pw_ruleset *rs, struct pw_image *image,
			struct pw_diags *diags)
{
	struct kernel kernel = { .version = version };
	int err = read_list(root, version, "modules.dep", &kernel.modules);

	if (!err)
		err = read_list(root, version, "modules.builtin",
				&kernel.builtin);
	if (err)
		err = pw_diag_system(diags, -err,
				     "cannot read the lists of modules in %s"
				     MODULES "/%s", root->path, version);
	else if (judge(root, &kernel, rs, diags))
		err = note_kernel(image, version);
	pw_source_free(kernel.builtin);
	pw_source_free(kernel.modules);
	return err;
}

int pw_image_check_kernels(const struct root *root, const struct pw_ruleset *rs,
			   struct pw_image *image, struct pw_diags *diags)
{
	char **versions = NULL;
	size_t num = 0;
	int err = pw_root_list(root, MODULES, &versions, &num);

	if (err && err != -ENOENT)
		return pw_diag_system(diags, -err, "cannot read %s" MODULES,
				      root->path);
	err = 0;
	for (size_t i = 0; !err && i < num; i++)
		err = check_kernel(root, versions[i], rs, image, diags);
	if (!num) {
		pw_diag_warning(diags, NULL, "%s has no kernel yet",
				root->path);
		pw_diag_hint(diags,
			     "one without nf_tables would boot without rules: run this again once it is there");
	}
	pw_root_list_free(versions, num);
	return err;
}
