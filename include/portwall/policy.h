/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was written: a policy's sections, keys and words, each with its place. */
#ifndef PORTWALL_POLICY_H
#define PORTWALL_POLICY_H

#include <stdio.h>

#include "diag.h"
#include "host.h"
#include "model.h"
#include "own.h"
#include "source.h"

struct pw_policy;

/**
 * struct pw_files - Where the files of a policy come from
 * @load:	as pw_source_load()
 * @match:	files that match a glob of an include, each once and in byte
 *		order, for pw_paths_free(). 0, also when there is none;
 *		-EACCES: a directory could not be read; others are no mistake
 *		of the policy
 * @arg:	first argument of both
 */
struct pw_files {
	int (*load)(void *arg, const char *path, const struct pw_loc *at,
		    size_t max_len, const struct pw_trust *trust,
		    struct pw_source **out, struct pw_diags *diags);
	int (*match)(void *arg, const char *pattern, char ***paths,
		     size_t *num);
	void *arg;
};

/* Those of the file system; for readers that look at them as well */
extern const struct pw_files pw_system_files;

/* What @match has found */
void pw_paths_free(char **paths, size_t num);

/**
 * pw_policy_load() - Read a policy, its includes and its list files
 * @path:	"-" is standard input
 * @trust:	whose files are accepted
 *
 * Syntax only: every key is known, every value has the form of its key; names
 * are not looked up. Reports every error it finds (in all files) and goes on.
 * The policy owns all sources, locations stay valid while it lives.
 *
 * Return: 0; -EINVAL: the input is wrong, @diags says where; -ENOMEM; errors
 *	   of reading
 */
int pw_policy_load(const char *path, const struct pw_trust *trust,
		   struct pw_policy **out, struct pw_diags *diags);

/* As above from memory; takes no ownership of @src, which must outlive it */
int pw_policy_parse(const struct pw_source *src, struct pw_policy **out,
		    struct pw_diags *diags);
void pw_policy_free(struct pw_policy *policy);
PW_DEFINE_OWNED(struct pw_policy, pw_policy_free)

/*
 * Normal form: one [policy] section, then names, then sections, each kind
 * sorted by name, keys in table order, lists on one line (continued where
 * long). Includes are spelled out; list files stay file:. Parsing it gives an
 * equal policy, printing that the same bytes.
 */
int pw_policy_print(const struct pw_policy *policy, FILE *out);

/**
 * pw_policy_resolve() - Names to values, lists to sets: the closed model
 * @host:	services, interfaces, clock; a value, nothing is looked up
 *
 * Also lints: warnings go to @diags and never fail.
 *
 * Return: 0; -EINVAL: unknown or cyclic names and such; -ENOMEM
 */
int pw_policy_resolve(const struct pw_policy *policy,
		      const struct pw_host *host, struct pw_model **out,
		      struct pw_diags *diags);

/**
 * pw_policy_read() - Load and resolve, and report every error of both
 *
 * pw_policy_load() alone stops before names are looked up when the syntax is
 * wrong somewhere. Return: as pw_policy_load() and pw_policy_resolve().
 */
int pw_policy_read(const char *path, const struct pw_trust *trust,
		   const struct pw_host *host, struct pw_policy **out,
		   struct pw_model **model, struct pw_diags *diags);

/* The same from @files */
int pw_policy_read_from(const struct pw_files *files, const char *path,
			const struct pw_trust *trust,
			const struct pw_host *host, struct pw_policy **out,
			struct pw_model **model, struct pw_diags *diags);

/* The @i-th key of the language and its section ("NAME" where any name is a
 * key); NULL past the last: for tests of the manual */
const char *pw_policy_key(size_t i, const char **section);

/* What the policy was read from, for status: true if checks were overridden */
size_t pw_policy_num_sources(const struct pw_policy *policy);
const struct pw_source *pw_policy_source(const struct pw_policy *policy,
					 size_t i);

#endif
