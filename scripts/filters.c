// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the filters of system calls as C: for each phase of each job a program
 * of BPF, which libseccomp makes of the lists. Done when portwall is built, for
 * it takes longer than all else that happens at the start of a command; so the
 * filters are those of the architecture that builds.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confine/jobs.h"
#include "confine/lists.h"

/*
 * LeakSanitizer stops the process from another one to look at its memory,
 * valgrind makes calls of its own in it, and gcov writes files. The Makefile
 * knows; what is installed has no switch that lets more through.
 */
#ifndef WATCHED
#define WATCHED false
#endif

static int add_calls(scmp_filter_ctx filter, unsigned int groups)
{
	int err = 0;

	for (size_t i = 0; !err && !WATCHED && i < num_call_rows; i++)
		if (call_rows[i].groups & groups)
			err = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					       call_rows[i].nr, 0);
	return err;
}

/* Let through whatever its arguments are? */
static bool is_free(int nr, unsigned int groups)
{
	for (size_t i = 0; i < num_call_rows; i++)
		if (call_rows[i].nr == nr && call_rows[i].groups & groups)
			return true;
	return false;
}

/* The kernel reads 32 bits of each of these arguments, whatever is above */
static struct scmp_arg_cmp test(unsigned int index, enum call_test how,
				uint64_t value)
{
	if (how == ABOVE)
		return SCMP_CMP64(index, SCMP_CMP_GT, value);
	if (how == WITHOUT)
		return SCMP_CMP64(index, SCMP_CMP_MASKED_EQ, value, 0);
	return SCMP_CMP64(index, SCMP_CMP_MASKED_EQ, UINT32_MAX, value);
}

static int add_arg(scmp_filter_ctx filter, const struct arg_row *row,
		   uint32_t action)
{
	const struct scmp_arg_cmp tests[] = {
		test(row->index, row->test, row->value),
		test(row->index2, IS, row->value2),
	};

	return seccomp_rule_add_array(filter, action, row->nr,
				      row->index2 ? 2 : 1, tests);
}

static int add_args(scmp_filter_ctx filter, unsigned int groups)
{
	int err = 0;

	for (size_t i = 0; !err && i < num_arg_rows; i++) {
		const struct arg_row *row = &arg_rows[i];

		if (is_free(row->nr, groups))
			continue;
		if (!row->groups)
			err = add_arg(filter, row, SCMP_ACT_KILL_PROCESS);
		else if (!WATCHED && row->groups & groups)
			err = add_arg(filter, row, SCMP_ACT_ALLOW);
	}
	return err;
}

static bool is_of_watcher(int nr)
{
	return WATCHED && (nr == SCMP_SYS(ptrace) ||
			   nr == SCMP_SYS(process_vm_readv));
}

static int add_harm(scmp_filter_ctx filter, unsigned int groups)
{
	int err = 0;

	for (size_t i = 0; !err && i < num_harmful_calls; i++)
		if (!is_free(harmful_calls[i], groups) &&
		    !is_of_watcher(harmful_calls[i]))
			err = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
					       harmful_calls[i], 0);
	return err;
}

static scmp_filter_ctx new_filter(unsigned int groups)
{
	scmp_filter_ctx filter = seccomp_init(WATCHED ? SCMP_ACT_ALLOW :
						SCMP_ACT_ERRNO(ENOSYS));
	int err;

	if (!filter)
		return NULL;
	/* a binary tree: the kernel asks it for every number as it is loaded */
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) ||
	      seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
			       SCMP_ACT_KILL_PROCESS) ||
	      add_calls(filter, groups) || add_args(filter, groups) ||
	      add_harm(filter, groups);
	if (!err)
		return filter;
	seccomp_release(filter);
	return NULL;
}

/* Of the program that libseccomp writes to @file, as C */
static int put_program(FILE *file, unsigned int job, unsigned int phase)
{
	struct sock_filter step;

	printf("static struct sock_filter job%u_phase%u[] = {\n", job, phase);
	rewind(file);
	while (fread(&step, sizeof(step), 1, file) == 1)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", step.code, step.jt,
		       step.jf, step.k);
	puts("};");
	return ferror(file);
}

static int put_filter(unsigned int job, unsigned int phase)
{
	scmp_filter_ctx filter = new_filter(jobs[job].calls[phase]);
	FILE *file = tmpfile();
	int err;

	err = !filter || !file || seccomp_export_bpf(filter, fileno(file)) ||
	      put_program(file, job, phase);
	if (file)
		fclose(file);
	if (filter)
		seccomp_release(filter);
	return err;
}

static void put_table(void)
{
	puts("const struct sock_fprog filters[PW_NUM_JOBS][NUM_PHASES] = {");
	for (unsigned int job = 0; job < PW_NUM_JOBS; job++)
		for (unsigned int phase = 0; phase < NUM_PHASES; phase++)
			if (jobs[job].calls[phase])
				printf("\t[%u][%u] = { sizeof(job%u_phase%u) / 8, job%u_phase%u },\n",
				       job, phase, job, phase, job, phase);
	puts("};");
}

int main(void)
{
	int err = 0;

	puts("/* Made by scripts/filters.c */\n#include \"confine/jobs.h\"");
	for (unsigned int job = 0; job < PW_NUM_JOBS; job++)
		for (unsigned int phase = 0; phase < NUM_PHASES; phase++)
			if (!err && jobs[job].calls[phase])
				err = put_filter(job, phase);
	put_table();
	if (err || fflush(stdout)) {
		fputs("filters: libseccomp made none of the lists\n", stderr);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
