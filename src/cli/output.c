// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for a terminal: escapes, colour, numbers. */
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void put_policy(const struct cli *cli, FILE *out)
{
	const char *name = strcmp(cli->policy, "-") ? cli->policy : "<stdin>";

	pw_escape_put(name, strlen(name), out);
}

/* term(7): a terminal of unknown abilities has none */
static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || !strcmp(term, "dumb");
}

static bool colored(const struct cli *cli, FILE *out)
{
	const char *no_color = getenv("NO_COLOR");

	if (cli->color != COLOR_AUTO)
		return cli->color == COLOR_ALWAYS;
	return !(no_color && *no_color) && !is_dumb() && isatty(fileno(out));
}

void put_marked(const struct cli *cli, enum mark mark, const char *word,
		FILE *out)
{
	static const char *const codes[] = {
		[MARK_ERROR] = "\033[1;31m",
		[MARK_WARNING] = "\033[1;33m",
		[MARK_NOTE] = "",
	};

	if (codes[mark][0] && colored(cli, out))
		fprintf(out, "%s%s\033[0m", codes[mark], word);
	else
		fputs(word, out);
}

char *format_count(uint64_t n, char buf[static 32])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *p = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return buf;
}

char *format_time(uint64_t ns, char buf[static 32])
{
	time_t t = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (!localtime_r(&t, &tm) ||
	    !strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm))
		strcpy(buf, "at an unknown time");
	return buf;
}

const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

int output_finish(const struct cli *cli)
{
	bool failed = ferror(stdout);
	int err = 0;

	errno = 0;
	if (fflush(stdout))
		err = errno;
	if (!failed && !err)
		return STATUS_OK;
	if (err != EPIPE)
		fprintf(stderr, "portwall: cannot write the result: %s\n",
			err ? strerror(err) : "write error");
	if (cli->changed)
		fputs("portwall: the change itself is in force\n", stderr);
	return STATUS_REFUSED;
}
