/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of --json: fields in order, text that is always valid. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "cli/cli.h"
#include "portwall/rangeset.h"

/* Text as JSON; bytes that are no UTF-8 are escaped as on a terminal */
json_t *doc_text(const char *text);
/* "2026-11-20T08:14:03Z" */
json_t *doc_time(uint64_t ns);
/* [[first, last], ...] of a set of at most 32 bits */
json_t *doc_ranges(const struct pw_rangeset *set);
/* Lower-case hex */
json_t *doc_hex(const uint8_t *bytes, size_t len);

/*
 * Adds a field at the end and takes @value, also on failure. Failures of
 * memory are found by doc_end(): jansson refuses a NULL value.
 */
void doc_set(json_t *object, const char *key, json_t *value);
void doc_push(json_t *array, json_t *value);

/* Begins @cli->doc with schema and command; 0 or -ENOMEM */
int doc_begin(struct cli *cli);
/* Adds exit status and messages and prints it; 0 or -ENOMEM */
int doc_end(struct cli *cli, int status);

/* Prints @object alone on one line: 0, or -ENOMEM after a message */
int doc_line(const json_t *object);

#endif
