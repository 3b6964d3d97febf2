/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access to a policy as it was written. */
#include "policy/draft.h"

#include <stdlib.h>
#include <string.h>

const char *pw_loc_text(const struct pw_loc *loc)
{
	const struct pw_source *src = loc->src;
	size_t len;

	/* lists have no index, and are not asked for often */
	if (!src->lines)
		return pw_source_line(src, loc->line, &len) + loc->col - 1;
	return src->text + src->lines[loc->line - 1] + loc->col - 1;
}

bool pw_loc_is(const struct pw_loc *loc, const char *word)
{
	return strlen(word) == loc->len &&
	       !memcmp(word, pw_loc_text(loc), loc->len);
}

const struct pw_entry *pw_block_entry(const struct pw_block *block,
				      const char *key)
{
	for (size_t i = 0; i < block->num_entries; i++) {
		if (!strcmp(block->entries[i].key->name, key))
			return &block->entries[i];
	}
	return NULL;
}

const struct pw_name *pw_names_find(const struct pw_names *names,
				    const char *text, size_t len)
{
	size_t low = 0, high = names->num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct pw_name *name = &names->items[mid];
		int order = strncmp(text, name->name, len);

		if (!order && !name->name[len])
			return name;
		if (order <= 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

char *pw_path_join(const struct pw_source *src, const char *path, size_t len)
{
	const char *dir = src->dir;
	char *joined;
	int size;

	if (*path == '/' || !dir || !strcmp(dir, "."))
		return strndup(path, len);
	size = asprintf(&joined, "%s%s%.*s", dir,
			dir[strlen(dir) - 1] == '/' ? "" : "/", (int)len, path);
	return size < 0 ? NULL : joined;
}

static void free_block(struct pw_block *block)
{
	for (size_t i = 0; i < block->num_entries; i++)
		free(block->entries[i].items);
	free(block->entries);
}

static void free_names(struct pw_names *names)
{
	for (size_t i = 0; i < names->num; i++)
		free(names->items[i].entry.items);
	free(names->items);
}

static void free_list(struct pw_list *list)
{
	free(list->path);
	pw_addrs_clear(&list->addrs);
}

void pw_policy_free(struct pw_policy *policy)
{
	if (!policy)
		return;
	free_block(&policy->policy);
	for (size_t i = 0; i < policy->num_sections; i++)
		free_block(&policy->sections[i]);
	free(policy->sections);
	for (size_t i = 0; i < PW_NUM_NAME_KINDS; i++)
		free_names(&policy->names[i]);
	for (size_t i = 0; i < policy->num_lists; i++)
		free_list(&policy->lists[i]);
	free(policy->lists);
	for (size_t i = 0; i < policy->num_sources; i++)
		pw_source_free(policy->sources[i]);
	free(policy->sources);
	free(policy);
}

/* @main comes first, whoever owns it */
size_t pw_policy_num_sources(const struct pw_policy *policy)
{
	return policy->num_sources + !policy->owns_main;
}

const struct pw_source *pw_policy_source(const struct pw_policy *policy,
					 size_t i)
{
	if (policy->owns_main)
		return policy->sources[i];
	return i ? policy->sources[i - 1] : policy->main;
}
