/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What outlives a reboot: the policies that were applied, each whole. */
#ifndef PORTWALL_STATE_H
#define PORTWALL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "diag.h"
#include "host.h"
#include "model.h"
#include "own.h"
#include "policy.h"

#define PW_STATE_DIR "/var/lib/portwall"
#define PW_HISTORY_LEN 10	/* applies that are remembered */

/*
 * The directory, mode 0700:
 *
 *   applied		bundle that boot loads
 *   trial		bundle of a trial that nobody has confirmed
 *   history/N		bundles that were applied, the newest has the largest N
 *   objects/HEX	bytes of one file, named by their SHA-256
 *   emergency.ini	policy for a boot whose bundle is lost
 *
 * A bundle is a JSON document and a line with its SHA-256: format, time, who,
 * and by name and hash every file that the policy consists of. Whatever is
 * written is written beside, made durable, and renamed: power may fail at any
 * moment. What fails a check is reported and never used in part.
 */

struct pw_state;

/**
 * pw_state_open() - Open the directory, and make it if it is missing
 * @make:	false: it is only read, and nothing in it is touched
 *
 * Return: 0; -ENOENT without a message: it is missing, and not @make; -EPERM
 *	   with one: somebody else may write there; errors of the system
 */
int pw_state_open(const char *dir, bool make, struct pw_state **out,
		  struct pw_diags *diags);
void pw_state_close(struct pw_state *state);
PW_DEFINE_OWNED(struct pw_state, pw_state_close)

/*
 * Is this the network namespace of process 1, whose rules the directory
 * describes? In any other one nothing is remembered unless a directory is
 * named. false also when it cannot be told.
 */
bool pw_state_is_ours(void);

/**
 * struct pw_bundle - One remembered policy, without the bytes of its files
 * @entry:	N of its place in the history, 0: none yet
 * @origin:	the entry that a rollback took it from; else @entry
 * @time_ns:	when it was applied
 * @uid, @sudo_uid: by whom; (uid_t)-1: nobody's sudo
 * @insecure:	permissions of the policy were not checked
 * @allow_lockout: it was applied although it locks out
 * @path:	file it was read from: absolute, or "-"
 * @source:	its name as shown
 * @base:	working directory that relative paths of @files start from
 * @digest:	as in struct pw_model
 * @num_sections: of the policy
 * @files:	policy, includes and lists, the policy first
 * @globs:	of includes, with what they matched
 */
struct pw_bundle {
	uint32_t entry, origin;
	uint64_t time_ns;
	uid_t uid, sudo_uid;
	bool insecure, allow_lockout;
	char *path, *source, *base;
	uint8_t digest[32];
	size_t num_sections;
	struct pw_bundle_file *files;
	size_t num_files, cap_files;
	struct pw_bundle_glob *globs;
	size_t num_globs, cap_globs;
	uint8_t services[32];	/* object: the services database, as text */
};

/**
 * struct pw_bundle_file - A file of a policy
 * @path:	as the policy's reader asked for it
 * @dir:	that its relative paths start from, NULL: none
 * @object:	SHA-256 of its bytes
 */
struct pw_bundle_file {
	char *path, *dir;
	uint8_t object[32];
	uint64_t len;
};

/**
 * struct pw_bundle_glob - A glob of an include
 * @pattern, @paths: as in struct pw_files
 */
struct pw_bundle_glob {
	char *pattern;
	char **paths;
	size_t num_paths;
};

void pw_bundle_free(struct pw_bundle *bundle);
PW_DEFINE_OWNED(struct pw_bundle, pw_bundle_free)

/* Is it the policy with this digest? */
bool pw_bundle_is(const struct pw_bundle *bundle, const uint8_t digest[32]);

enum pw_remembered { PW_REMEMBERED_APPLIED, PW_REMEMBERED_TRIAL,
		     PW_REMEMBERED_ENTRY };

/**
 * pw_state_read() - One bundle
 * @entry:	of the history, for PW_REMEMBERED_ENTRY
 *
 * Return: 0; -ENOENT: there is none, without a message; -EBADMSG: damaged, of
 *	   a newer portwall, or lost while its emergency policy is still
 *	   there, with a message that names the file
 */
int pw_state_read(struct pw_state *state, enum pw_remembered which,
		  uint32_t entry, struct pw_bundle **out,
		  struct pw_diags *diags);

/*
 * Numbers of the history, the newest first; the caller frees. Damaged entries
 * are among them.
 */
int pw_state_history(struct pw_state *state, uint32_t **entries, size_t *num,
		     struct pw_diags *diags);

/**
 * pw_bundle_load() - Read and resolve a remembered policy
 * @host:	its clock and interfaces count; its services are replaced by
 *		those of the bundle
 *
 * Nothing but objects is read; each is hashed while it is.
 *
 * Return: 0; -EBADMSG: an object is missing or damaged, or what they hold does
 *	   not give the bundle's digest, with a message; as pw_policy_read()
 */
int pw_bundle_load(struct pw_state *state, const struct pw_bundle *bundle,
		   struct pw_host *host, struct pw_policy **policy,
		   struct pw_model **model, struct pw_diags *diags);

/* Does the file system hold the same bytes today as when it was applied?
 * 0 yes, 1 no, or -errno of what could not be read */
int pw_bundle_compare(const struct pw_bundle *bundle);

/**
 * struct pw_capture - Keeps what a policy is read from
 *
 * Its @files are those of the file system; each file that is read through them
 * is stored as an object unless there is one already; what goes wrong there is
 * reported by pw_state_stage(). Objects that no bundle names are removed by the
 * next pw_state_commit(), unless somebody else is capturing then. The state
 * must outlive it.
 */
struct pw_capture;

int pw_capture_new(struct pw_state *state, struct pw_capture **out,
		   struct pw_diags *diags);
/* As above, but its files are those of @from, which must outlive it */
int pw_capture_new_from(struct pw_state *state, const struct pw_files *from,
			struct pw_capture **out, struct pw_diags *diags);
const struct pw_files *pw_capture_files(struct pw_capture *capture);
void pw_capture_free(struct pw_capture *capture);
PW_DEFINE_OWNED(struct pw_capture, pw_capture_free)

/**
 * pw_state_stage() - Everything on disk but the last rename
 * @bundle:	@base, @files, @globs and @services are set by this; @entry is
 *		given one, which is that of the applied bundle when nothing but
 *		time and user differ; all else is the caller's
 * @capture:	through which the policy was read, given up by this; NULL:
 *		@bundle was read from this directory, its objects are there
 * @emergency:	text of the emergency policy, NULL: leave it as it is
 *
 * Return: 0; -ENOSPC, -EROFS and others, with a message: nothing has changed
 */
int pw_state_stage(struct pw_state *state, struct pw_bundle *bundle,
		   struct pw_capture *capture, const struct pw_host *host,
		   const char *emergency, struct pw_diags *diags);

/**
 * pw_state_commit() - Make what was staged the bundle that boot loads
 * @trial:	keep it as the trial's, boot does not see it; else the trial's
 *		is forgotten
 *
 * Return: 0; -errno with a message: what was there before still is, or the
 *	   disk does not say
 */
int pw_state_commit(struct pw_state *state, bool trial,
		    struct pw_diags *diags);
/* The trial's bundle becomes the one that boot loads. -ENOENT: there is none */
int pw_state_confirm(struct pw_state *state, struct pw_diags *diags);
/* Forget the trial's bundle; 0 also if there is none */
int pw_state_drop_trial(struct pw_state *state, struct pw_diags *diags);
/* Boot loads nothing from now on; the history stays */
int pw_state_forget(struct pw_state *state, struct pw_diags *diags);

/* Text of the emergency policy; -ENOENT, -EBADMSG; the caller frees */
int pw_state_emergency(struct pw_state *state, char **text, size_t *len,
		       struct pw_diags *diags);

/**
 * pw_emergency_text() - A policy for a boot whose own one is lost
 * @guard:	ports of remote access, 16 bits: those of the policy's guard
 *		key, or what sshd and dropbear listen on
 *
 * Lets in what every policy does, and @guard from where @model lets it in,
 * blocked sources left out, by addresses and interfaces alone: it needs no
 * other file. Parses and resolves on any host.
 *
 * Return: 0; -ENOMEM. The caller frees @text.
 */
int pw_emergency_text(const struct pw_model *model,
		      const struct pw_rangeset *guard, char **text);

#endif
