/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of policies and one that remembers them, for tests. */
#ifndef TESTS_STATE_HELP_H
#define TESTS_STATE_HELP_H

#include <portwall/state.h>

/**
 * struct place - Made by place_make(), and gone after place_remove()
 * @root:	of both directories
 * @state_dir:	not made yet
 */
struct place {
	char root[32];
	char state_dir[64];
	struct pw_state *state;
	struct pw_diags *diags;
};

/* For cmocka: *@state is a struct place, its directory opened */
int place_make(void **state);
int place_remove(void **state);

/* Path below @root; in one of a few buffers that are used in turn */
const char *place_path(const struct place *place, const char *name);
/* Write a file below @root, and the directories on the way */
void place_put(const struct place *place, const char *name, const char *text);
void place_put_bytes(const struct place *place, const char *name,
		     const char *bytes, size_t len);
/* Bytes of a file below @root, with a NUL; the caller frees */
char *place_get(const struct place *place, const char *name, size_t *len);
/* How many names a directory below @root holds */
size_t place_count(const struct place *place, const char *dir);
/* The same once more, with messages and staging forgotten */
void place_reopen(struct place *place);

/**
 * struct kept - A policy that was read, and what was kept of it
 */
struct kept {
	struct pw_bundle *bundle;
	struct pw_policy *policy;
	struct pw_model *model;
};

/* Read @path while it is captured, and stage it; 0 or -errno */
int keep_staged(struct place *place, const char *path, const char *emergency,
		struct kept *kept);
/* The same and commit it; the test fails where that fails */
void keep(struct place *place, const char *path, struct kept *kept);
void kept_clear(struct kept *kept);

/* Read what boot loads: 0 or -errno. @digest: of the policy */
int replay(struct place *place, uint8_t digest[32]);
int replay_of(struct place *place, enum pw_remembered which, uint32_t entry,
	      uint8_t digest[32]);

/* A small policy with a list of one line, l, and one without */
#define SMALL "[allow a]\ntcp = 22\nfrom = file:l\n"
#define OTHER "[allow b]\ntcp = 80\n"

/* Writes SMALL as p.ini, and its list */
void put_small(const struct place *place);
/* Writes p.ini and keeps it; what @kept held is freed */
void keep_text(struct place *place, const char *text, struct kept *kept);
void keep_quietly(struct place *place, const char *text);
/* What boot loads is the policy of this digest */
void check_applied(struct place *place, const uint8_t want[32]);
bool has_file(const struct place *place, const char *name);
/* The emergency policy of a policy; the caller frees */
char *emergency_of(const char *policy);
/* "state/objects/HEX" */
void object_name(const uint8_t digest[32], char name[static 96]);

/* place_make() and place_remove() within a test */
struct place *begin(void);
void end(struct place *place);

/* Tests of one program; @row is *state of @run */
void place_add(const char *name, void (*run)(void **state), const void *row);
int place_run(const char *name);

#define ADD_ROWS(rows, run)						\
	for (size_t i_ = 0; i_ < PW_ARRAY_SIZE(rows); i_++)		\
		place_add((rows)[i_].name, run, &(rows)[i_])
#define ADD(run) place_add(#run, run, NULL)

#endif
