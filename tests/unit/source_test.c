/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading files: which are refused, why, and what is read of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "portwall/source.h"

#define USER 1000
#define SYSTEM 100
#define TEXT "[policy]\nclosed = all\n"

static char tree[] = "/tmp/portwall-source-XXXXXX";

/* What is laid out below the temporary directory, in this order */
static const struct node {
	const char *path;
	mode_t mode;		/* with the type */
	uid_t uid;
	const char *target;	/* of a link; @ stands for the tree */
} nodes[] = {
	{ "good", S_IFDIR | 0755, 0, NULL },
	{ "good/policy", S_IFREG | 0644, 0, NULL },
	{ "good/group", S_IFREG | 0664, 0, NULL },
	{ "good/world", S_IFREG | 0646, 0, NULL },
	{ "good/sticky", S_IFREG | 01666, 0, NULL },
	{ "good/user", S_IFREG | 0644, USER, NULL },
	{ "good/system", S_IFREG | 0644, SYSTEM, NULL },
	{ "good/systemgroup", S_IFREG | 0664, SYSTEM, NULL },
	{ "good/sub", S_IFDIR | 0755, 0, NULL },
	{ "good/fifo", S_IFIFO | 0644, 0, NULL },
	{ "good/link", S_IFLNK, 0, "policy" },
	{ "good/userlink", S_IFLNK, USER, "policy" },
	{ "good/absolute", S_IFLNK, 0, "@/good/sub/../link" },
	{ "good/dirlink", S_IFLNK, 0, "sub/.." },
	{ "good/loop", S_IFLNK, 0, "loop" },
	{ "good/dangling", S_IFLNK, 0, "nothing" },
	{ "good/touser", S_IFLNK, 0, "../user/policy" },
	{ "good/viagroup", S_IFLNK, 0, "../group/back" },
	{ "good/throughgroup", S_IFLNK, 0, "../group/../good/policy" },
	{ "group", S_IFDIR | 0775, 0, NULL },
	{ "group/policy", S_IFREG | 0644, 0, NULL },
	{ "group/back", S_IFLNK, 0, "../good/policy" },
	{ "user", S_IFDIR | 0755, USER, NULL },
	{ "user/policy", S_IFREG | 0644, 0, NULL },
	{ "user/own", S_IFREG | 0644, USER, NULL },
	{ "system", S_IFDIR | 0755, SYSTEM, NULL },
	{ "system/list", S_IFREG | 0644, SYSTEM, NULL },
	{ "shared", S_IFDIR | 01777, 0, NULL },
	{ "shared/policy", S_IFREG | 0644, 0, NULL },
	{ "shared/user", S_IFREG | 0644, USER, NULL },
	{ "shared/system", S_IFREG | 0644, SYSTEM, NULL },
	{ "shared/link", S_IFLNK, 0, "../good/policy" },
	{ "shared/userlink", S_IFLNK, USER, "../good/policy" },
	{ "shared/dir", S_IFDIR | 0755, 0, NULL },
	{ "shared/dir/user", S_IFREG | 0644, USER, NULL },
	{ "shared/dir/policy", S_IFREG | 0644, 0, NULL },
	{ "shared/userdir", S_IFDIR | 0755, USER, NULL },
	{ "shared/userdir/policy", S_IFREG | 0644, 0, NULL },
	{ "usershared", S_IFDIR | 01777, USER, NULL },
	{ "usershared/policy", S_IFREG | 0644, 0, NULL },
};

static const struct pw_trust off = { false, (uid_t)-1, 0 };
static const struct pw_trust strict = { true, (uid_t)-1, 0 };
static const struct pw_trust sudo = { true, USER, 0 };
static const struct pw_trust list = { true, (uid_t)-1, 1000 };

/* @error and @hint: parts of the one message; NULL @error: the file is read */
static const struct load_case {
	const char *path;
	const struct pw_trust *trust;
	const char *error, *hint;
	size_t num_warnings;
} cases[] = {
	{ "good/policy", &off, NULL, NULL, 0 },
	{ "good/world", &off, NULL, NULL, 0 },
	{ "good/link", &off, NULL, NULL, 0 },
	{ "good/absolute", &off, NULL, NULL, 0 },
	{ "good/dirlink/policy", &off, NULL, NULL, 0 },
	{ "good//.//sub/./../policy", &off, NULL, NULL, 0 },
	{ "good/fifo", &off, "fifo is a named pipe", "read as -", 0 },
	{ "good/sub", &off, "sub is a directory", NULL, 0 },
	{ "good/sub/", &off, "sub/ is a directory", NULL, 0 },
	{ "good/policy/", &off, "Not a directory", NULL, 0 },
	{ "good/policy/x", &off, "Not a directory", NULL, 0 },
	{ "good/nothing", &off, "cannot open @/good/nothing: No such file",
	  NULL, 0 },
	{ "nothing/policy", &off, "No such file", NULL, 0 },
	{ "good/dangling", &off, "good/dangling: No such file", NULL, 0 },
	{ "good/loop", &off, "Too many levels of symbolic links", NULL, 0 },

	{ "good/policy", &strict, NULL, NULL, 0 },
	{ "good/link", &strict, NULL, NULL, 0 },
	{ "good/userlink", &strict, NULL, NULL, 0 },
	{ "good/absolute", &strict, NULL, NULL, 0 },
	{ "good/dirlink/policy", &strict, NULL, NULL, 0 },
	{ "good/fifo", &strict, "fifo is a named pipe", "read as -", 0 },
	{ "good/loop", &strict, "Too many levels of symbolic links", NULL, 0 },
	{ "good/group", &strict, "@/good/group is writable by its group (mode 0664)",
	  "chmod go-w @/good/group", 0 },
	{ "good/world", &strict, "writable by everybody (mode 0646)",
	  "chmod go-w @/good/world", 0 },
	{ "good/sticky", &strict, "writable by everybody (mode 1666)",
	  "chmod go-w", 0 },
	{ "good/user", &strict, "@/good/user belongs to UID 1000",
	  "chown root @/good/user", 0 },
	{ "good/system", &strict, "system belongs to UID 100", "chown root", 0 },
	{ "group/policy", &strict, "@/group is writable by its group (mode 0775)",
	  "chmod go-w @/group", 0 },
	{ "group/../good/policy", &strict, "@/group is writable", "chmod", 0 },
	{ "user/policy", &strict, "@/user belongs to UID 1000",
	  "chown root @/user", 0 },
	{ "good/touser", &strict, "@/user belongs to UID 1000", "chown", 0 },
	{ "good/viagroup", &strict, "@/group is writable", "chmod", 0 },
	{ "good/throughgroup", &strict, "@/group is writable", "chmod", 0 },
	{ "shared/policy", &strict, NULL, NULL, 0 },
	{ "shared/link", &strict, NULL, NULL, 0 },
	{ "shared/dir/policy", &strict, NULL, NULL, 0 },
	{ "shared/../good/policy", &strict, NULL, NULL, 0 },
	{ "shared/user", &strict, "where everybody may put files",
	  "chown root @/shared/user", 0 },
	{ "shared/userlink", &strict,
	  "@/shared/userlink belongs to UID 1000 and lies in a directory",
	  "chown -h root @/shared/userlink", 0 },
	{ "shared/userdir/policy", &strict, "where everybody may put files",
	  "chown root @/shared/userdir", 0 },
	{ "shared/dir/user", &strict, "user belongs to UID 1000: only root",
	  "chown", 0 },
	{ "usershared/policy", &strict, "@/usershared belongs to UID 1000",
	  "chown", 0 },

	{ "good/policy", &sudo, NULL, NULL, 0 },
	{ "good/user", &sudo, NULL, "chown root @/good/user", 1 },
	{ "user/own", &sudo, NULL, "chown root @/user", 1 },
	{ "good/touser", &sudo, NULL, "chown root @/user", 1 },
	{ "good/group", &sudo, "writable by its group", "chmod", 0 },
	{ "good/system", &sudo, "belongs to UID 100:", "chown", 0 },
	{ "shared/user", &sudo, "where everybody may put files", "chown", 0 },
	{ "usershared/policy", &sudo, "@/usershared is writable by everybody",
	  "chmod", 1 },

	{ "good/policy", &list, NULL, NULL, 0 },
	{ "good/system", &list, NULL, NULL, 0 },
	{ "good/systemgroup", &list, "writable by its group", "chmod", 0 },
	{ "good/user", &list, "belongs to UID 1000", "chown", 0 },
	{ "system/list", &list, "@/system belongs to UID 100:", "chown", 0 },
	{ "shared/system", &list, "where everybody may put files", "chown", 0 },
};

static void in_tree(char *to, size_t size, const char *path)
{
	snprintf(to, size, "%s/%s", tree, path);
}

/* @text with the tree's path for a "@" */
static void expand(char *to, size_t size, const char *text)
{
	int before = (int)strcspn(text, "@");

	snprintf(to, size, "%.*s%s%s", before, text,
		 text[before] ? tree : "", text + before + !!text[before]);
}

static void fill(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static void make_node(const struct node *node)
{
	char path[200], target[200];

	in_tree(path, sizeof(path), node->path);
	if (S_ISLNK(node->mode)) {
		expand(target, sizeof(target), node->target);
		assert_int_equal(symlink(target, path), 0);
	} else if (S_ISDIR(node->mode)) {
		assert_int_equal(mkdir(path, 0700), 0);
	} else if (S_ISFIFO(node->mode)) {
		assert_int_equal(mkfifo(path, 0600), 0);
	} else {
		fill(path, TEXT);
	}
	if (!getuid())
		assert_int_equal(lchown(path, node->uid, node->uid), 0);
	if (!S_ISLNK(node->mode))
		assert_int_equal(chmod(path, node->mode & 07777), 0);
}

static int make_tree(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(tree));
	assert_int_equal(chmod(tree, 0755), 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(nodes); i++)
		make_node(&nodes[i]);
	return 0;
}

static int remove_tree(void **state)
{
	char path[200];

	(void)state;
	for (size_t i = PW_ARRAY_SIZE(nodes); i-- > 0;) {
		in_tree(path, sizeof(path), nodes[i].path);
		assert_int_equal(remove(path), 0);
	}
	return rmdir(tree);
}

/* Ownership can only be tried where root is root, down to the root directory */
static bool can_own(void)
{
	struct stat st;

	return !getuid() && !stat("/", &st) && !st.st_uid;
}

static void need_owners(void)
{
	if (can_own())
		return;
	print_message("# reason: files of others need root\n");
	skip();
}

static void assert_holds(const char *text, const char *part)
{
	char want[300];

	expand(want, sizeof(want), part);
	assert_non_null(text);
	if (!strstr(text, want))
		fail_msg("'%s' does not say '%s'", text, want);
}

static void check_messages(const struct load_case *tc, struct pw_diags *diags)
{
	size_t last = pw_diags_kept(diags);

	assert_int_equal(pw_diags_count(diags, PW_ERROR), !!tc->error);
	assert_int_equal(pw_diags_count(diags, PW_WARNING), tc->num_warnings);
	assert_int_equal(pw_diags_count(diags, PW_NOTE), 0);
	if (tc->error)
		assert_holds(pw_diags_get(diags, last - 1)->text, tc->error);
	if (tc->hint)
		assert_holds(pw_diags_get(diags, last - 1)->hint, tc->hint);
	else if (last)
		assert_null(pw_diags_get(diags, last - 1)->hint);
}

static void loads_or_refuses(void **state)
{
	const struct load_case *tc = *state;
	pw_owned(pw_diags_free) struct pw_diags *diags = NULL;
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	char path[200];
	int err;

	if (tc->trust->check)
		need_owners();
	diags = pw_diags_new();
	in_tree(path, sizeof(path), tc->path);
	err = pw_source_load(path, NULL, PW_POLICY_MAX_LEN, tc->trust, &src,
			     diags);
	check_messages(tc, diags);
	assert_int_equal(err, tc->error ? -EINVAL : 0);
	if (err) {
		assert_null(src);
		return;
	}
	assert_string_equal(src->name, path);
	assert_string_equal(src->text, TEXT);
	assert_int_equal(src->len, strlen(TEXT));
	assert_int_equal(src->num_lines, 2);
}

static struct pw_source *load(const char *path, size_t max_len,
			      const struct pw_trust *trust)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_source *src = NULL;

	assert_int_equal(pw_source_load(path, NULL, max_len, trust, &src,
					diags), 0);
	assert_int_equal(pw_diags_kept(diags), 0);
	return src;
}

static void assert_refused(const char *path, size_t max_len,
			   const struct pw_trust *trust, int want,
			   const char *text)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_source *src = NULL;

	assert_int_equal(pw_source_load(path, NULL, max_len, trust, &src,
					diags), want);
	assert_null(src);
	assert_int_equal(pw_diags_kept(diags), 1);
	assert_holds(pw_diags_get(diags, 0)->text, text);
}

static void what_is_no_file(void **state)
{
	(void)state;
	assert_refused("", 100, &off, -EINVAL, "No such file");
	assert_refused("/", 100, &off, -EINVAL, "/ is a directory");
	assert_refused(".", 100, &off, -EINVAL, ". is a directory");
	assert_refused("/dev/null", 100, &off, -EINVAL, "is a device");
}

static void a_name_that_is_too_long(void **state)
{
	char name[PW_LINE_MAX_LEN];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	for (size_t len = sizeof(name) - 1; len > 255; len /= 2) {
		name[len] = '\0';
		assert_refused(name, 100, &off, -EINVAL, "File name too long");
	}
	for (size_t i = 1; i < sizeof(name); i += 2)
		name[i] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_refused(name, 100, &off, -EINVAL, "File name too long");
}

/* Memory of this process at 0: a regular file whose first read fails */
static void errors_of_reading_are_fatal(void **state)
{
	(void)state;
	assert_refused("/proc/self/mem", 1000, &off, -EIO,
		       "cannot read /proc/self/mem: Input/output error");
}

static void size_is_not_believed(void **state)
{
	struct pw_source *src = load("/proc/self/status", 1 << 20, &off);

	(void)state;
	assert_true(src->num_lines > 10);
	assert_memory_equal(src->text, "Name:", 5);
	assert_string_equal(src->dir, "/proc/self");
	pw_source_free(src);
	assert_refused("/proc/self/status", 100, &off, -EINVAL, "is longer");
}

static void length_is_limited(void **state)
{
	struct pw_source *src;
	char path[200];

	(void)state;
	in_tree(path, sizeof(path), "good/policy");
	assert_int_equal(truncate(path, 3 << 20), 0);
	src = load(path, 3 << 20, &off);
	assert_int_equal(src->len, 3 << 20);
	pw_source_free(src);
	assert_refused(path, (3 << 20) - 1, &off, -EINVAL,
		       "good/policy is longer than 2 MiB");
	assert_int_equal(truncate(path, 0), 0);
	src = load(path, 3 << 20, &off);
	assert_int_equal(src->len, 0);
	assert_int_equal(src->num_lines, 0);
	pw_source_free(src);
	fill(path, TEXT);
}

static void relative_paths(void **state)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct pw_source *src;
	char path[200];

	(void)state;
	in_tree(path, sizeof(path), "group");
	assert_int_equal(chdir(path), 0);
	src = load("policy", 100, &off);
	assert_string_equal(src->name, "policy");
	assert_string_equal(src->dir, ".");
	pw_source_free(src);
	src = load("../good/policy", 100, &off);
	assert_string_equal(src->dir, "../good");
	pw_source_free(src);
	if (can_own()) {
		/* the directories above the working directory count as well */
		assert_refused("../good/policy", 100, &strict, -EINVAL,
			       "@/group is writable");
		assert_int_equal(chdir("../good"), 0);
		pw_source_free(load("policy", 100, &strict));
	}
	assert_int_equal(fchdir(here), 0);
	close(here);
}

/* Loads "/policy" with @root below the tree as root directory, in a child */
static int load_below(const char *root)
{
	struct pw_source *src = NULL;
	char path[200];
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		in_tree(path, sizeof(path), root);
		if (chroot(path))
			_exit(99);
		_exit(-pw_source_load("/policy", NULL, 100, &strict, &src,
				      pw_diags_new()));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_root_directory_counts(void **state)
{
	(void)state;
	need_owners();
	assert_int_equal(load_below("good"), 0);
	assert_int_equal(load_below("group"), EINVAL);
	assert_int_equal(load_below("user"), EINVAL);
}

static void errors_have_the_place_of_the_path(void **state)
{
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text("a.ini", NULL, "\ninclude = x\n", 13);
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_loc at = { src, 2, 11, 1 };
	struct pw_source *out = NULL;

	(void)state;
	assert_int_equal(pw_source_load("/nothing", &at, 100, &off, &out,
					diags), -EINVAL);
	assert_string_equal(pw_diags_get(diags, 0)->quote, "include = x");
	assert_int_equal(pw_diags_get(diags, 0)->col, 11);
}

/* Runs @write_to in a child at the far end of a pipe that is standard input */
static pid_t feed_stdin(void (*write_to)(int fd), int flags)
{
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, flags), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(fds[0]);
		close(STDIN_FILENO);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_DFL);
		write_to(fds[1]);
		_exit(0);
	}
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	close(fds[1]);
	return child;
}

/* Back to a standard input that is empty */
static void end_stdin(pid_t child)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), status;

	assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO);
	close(null);
	assert_int_equal(waitpid(child, &status, 0), child);
}

/* Each part only when the one before was read: the reader finds nothing */
static void write_in_parts(int fd)
{
	static const char *const parts[] = { "[pol", "icy]\n", "a" };
	int unread;

	for (size_t i = 0; i < PW_ARRAY_SIZE(parts); i++) {
		if (write(fd, parts[i], strlen(parts[i])) < 0)
			_exit(1);
		do
			sched_yield();
		while (!ioctl(fd, FIONREAD, &unread) && unread);
	}
}

static void write_for_ever(int fd)
{
	static const char zeros[4096];

	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
}

static void standard_input(void **state)
{
	static const int flags[] = { 0, O_NONBLOCK };
	struct pw_source *src;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(flags); i++) {
		child = feed_stdin(write_in_parts, flags[i]);
		src = load("-", 100, &strict);
		end_stdin(child);
		assert_string_equal(src->text, "[policy]\na");
		assert_int_equal(src->num_lines, 2);
		assert_null(src->dir);
		pw_source_free(src);
	}
	child = feed_stdin(write_for_ever, 0);
	assert_refused("-", 1 << 20, &off, -EINVAL, "is longer than 1 MiB");
	end_stdin(child);
}

static const struct line_case {
	const char *name, *text;
	size_t num_lines;
	uint32_t line;
	const char *want;
} lines[] = {
	{ "first", "one\ntwo\n", 2, 1, "one" },
	{ "last", "one\ntwo\n", 2, 2, "two" },
	{ "last without newline", "one\ntwo", 2, 2, "two" },
	{ "behind the last", "one\ntwo\n", 2, 3, "" },
	{ "far behind", "one\n", 1, 4000000000, "" },
	{ "carriage return", "one\r\ntwo\r", 2, 1, "one" },
	{ "two carriage returns", "one\r\r\n", 1, 1, "one\r" },
	{ "empty line", "one\n\nthree", 3, 2, "" },
	{ "nothing but newlines", "\n\n", 2, 2, "" },
	{ "empty text", "", 0, 1, "" },
};

/* With an index, and without one as for lists */
static void quotes_lines(void **state)
{
	const struct line_case *tc = *state;
	struct pw_source *src[2];
	char path[200];
	size_t len;

	in_tree(path, sizeof(path), "good/policy");
	fill(path, tc->text);
	src[0] = load(path, PW_POLICY_MAX_LEN, &off);
	src[1] = load(path, PW_LIST_MAX_LEN, &off);
	fill(path, TEXT);
	assert_int_equal(src[0]->num_lines, tc->num_lines);
	assert_null(src[1]->lines);
	for (size_t i = 0; i < PW_ARRAY_SIZE(src); i++) {
		const char *line = pw_source_line(src[i], tc->line, &len);

		assert_int_equal(len, strlen(tc->want));
		assert_memory_equal(line, tc->want, len);
		assert_true(line + len <= src[i]->text + src[i]->len);
		pw_source_free(src[i]);
	}
}

static void text_may_hold_anything(void **state)
{
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text("x", "d", "a\0b\nc\xff", 6);
	size_t len;

	(void)state;
	assert_int_equal(src->len, 6);
	assert_int_equal(src->text[6], 0);
	assert_string_equal(src->dir, "d");
	assert_memory_equal(pw_source_line(src, 1, &len), "a\0b", 3);
	assert_int_equal(len, 3);
}

#define NUM_ROWS (PW_ARRAY_SIZE(cases) + PW_ARRAY_SIZE(lines))

static const char *trust_name(const struct pw_trust *trust)
{
	return trust == &strict ? "strict" : trust == &sudo ? "sudo" :
	       trust == &list ? "list" : "unchecked";
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(a_name_that_is_too_long),
		cmocka_unit_test(errors_of_reading_are_fatal),
		cmocka_unit_test(size_is_not_believed),
		cmocka_unit_test(length_is_limited),
		cmocka_unit_test(relative_paths),
		cmocka_unit_test(the_root_directory_counts),
		cmocka_unit_test(errors_have_the_place_of_the_path),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(text_may_hold_anything),
	};
	static struct CMUnitTest tests[NUM_ROWS];
	static char names[NUM_ROWS][80];
	size_t n = 0;
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++, n++) {
		snprintf(names[n], sizeof(names[n]), "%s, %s", cases[i].path,
			 trust_name(cases[i].trust));
		tests[n].test_func = loads_or_refuses;
		tests[n].initial_state = (void *)(uintptr_t)&cases[i];
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(lines); i++, n++) {
		snprintf(names[n], sizeof(names[n]), "line: %s", lines[i].name);
		tests[n].test_func = quotes_lines;
		tests[n].initial_state = (void *)(uintptr_t)&lines[i];
	}
	for (n = 0; n < NUM_ROWS; n++)
		tests[n].name = names[n];
	make_tree(NULL);
	failed = cmocka_run_group_tests_name("source", tests, NULL, NULL);
	failed += cmocka_run_group_tests_name("source, more", others, NULL,
					      NULL);
	remove_tree(NULL);
	return failed;
}
