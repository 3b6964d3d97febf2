/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User data of rules, sets and objects: comments. */
#ifndef NFT_UDATA_H
#define NFT_UDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMENT_MAX 127		/* bytes of a comment without its NUL */

/**
 * udata_comment() - Find a comment among user data that anybody may have made
 * @udata:	type, length, value, and so on; may be NULL
 * @type:	number of comments there
 * @out:	the comment, bytes that cannot be printed as '?', cut to fit
 *
 * Return: is there one, and not empty?
 */
bool udata_comment(const void *udata, size_t len, uint8_t type,
		   char out[static COMMENT_MAX + 1]);

#endif
