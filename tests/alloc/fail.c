// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a command: its n-th allocation fails, or all from there on.
 *
 * PW_FAIL names a file that holds a struct page. It is mapped, so that it stays
 * what it was after a crash, and children of the command go on counting in it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EARLY_LEN 65536	/* what dlsym() asks for before there is a malloc() */
#define DEPTH 12	/* frames that tell one place from another */
#define PLACES 65536

/**
 * struct page - What the test wants, and what came of it
 * @at:		the allocation that fails, from 1; 0: none
 * @from:	all after it fail, too
 * @seen:	allocations so far
 * @failed:	that were refused
 * @trace:	who asked for the first that was refused: FILE+OFFSET ...
 * @places:	of the n-th, from 0, when @at is 0: a hash of its callers
 */
struct page {
	uint64_t at, from;
	_Atomic uint64_t seen, failed;
	char trace[2016];
	uint32_t places[PLACES];
};

static struct page *page;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static int (*real_memalign)(void **, size_t, size_t);
static void *(*real_aligned)(size_t, size_t);

static _Alignas(16) char early[EARLY_LEN];
static size_t early_used;
static bool finding;
static _Thread_local bool tracing;

static void *early_alloc(size_t len)
{
	void *p = early + early_used;

	len = (len + 15) & ~(size_t)15;
	if (len > EARLY_LEN - early_used)
		abort();
	early_used += len;
	return p;
}

static bool is_early(const void *p)
{
	return (uintptr_t)p - (uintptr_t)early < EARLY_LEN;
}

static void find(void *slot, const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(slot, &symbol, sizeof(symbol));
}

/* False: asked by dlsym() itself */
static bool ready(void)
{
	if (real_free)
		return true;
	if (finding)
		return false;
	finding = true;
	find(&real_malloc, "malloc");
	find(&real_calloc, "calloc");
	find(&real_realloc, "realloc");
	find(&real_memalign, "posix_memalign");
	find(&real_aligned, "aligned_alloc");
	find(&real_free, "free");
	finding = false;
	return true;
}

__attribute__((constructor)) static void map_page(void)
{
	const char *path = getenv("PW_FAIL");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map, *frames[1];

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	backtrace(frames, 1);	/* loads what it needs, with malloc() */
	page = map;
}

static uint32_t hash_of(void *const *frames, int num)
{
	uint64_t hash = 0;

	for (int i = 0; i < num; i++)
		hash = (hash ^ (uintptr_t)frames[i]) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 32);
}

static void write_trace(void *const *frames, int num)
{
	size_t used = 0;

	for (int i = 0; i < num && used < sizeof(page->trace) - 1; i++) {
		uintptr_t at = (uintptr_t)frames[i] - 1;
		Dl_info info;

		if (!dladdr(frames[i], &info) || !info.dli_fname)
			continue;
		used += (size_t)snprintf(page->trace + used,
			sizeof(page->trace) - used, "%s+%#lx ", info.dli_fname,
			(unsigned long)(at - (uintptr_t)info.dli_fbase));
	}
}

/* Notes who asks for the n-th allocation */
static void note(uint64_t n, bool refused)
{
	void *frames[DEPTH];
	int num;

	if (tracing)
		return;
	tracing = true;
	num = backtrace(frames, DEPTH);
	if (!refused && n <= PLACES)
		page->places[n - 1] = hash_of(frames, num);
	else if (refused)
		write_trace(frames, num);
	tracing = false;
}

static bool fails(void)
{
	uint64_t n;

	if (!page || tracing)
		return false;
	n = atomic_fetch_add(&page->seen, 1) + 1;
	if (!page->at)
		note(n, false);
	if (!page->at || n < page->at || (n > page->at && !page->from))
		return false;
	if (!atomic_fetch_add(&page->failed, 1))
		note(n, true);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t len)
{
	if (!ready())
		return early_alloc(len);
	return fails() ? NULL : real_malloc(len);
}

void *calloc(size_t num, size_t len)
{
	if (!ready())
		return early_alloc(num * len);
	return fails() ? NULL : real_calloc(num, len);
}

void *realloc(void *p, size_t len)
{
	if (!ready() || is_early(p))
		abort();
	if (p && !len)		/* frees it */
		return real_realloc(p, len);
	return fails() ? NULL : real_realloc(p, len);
}

int posix_memalign(void **p, size_t align, size_t len)
{
	if (!ready())
		abort();
	return fails() ? ENOMEM : real_memalign(p, align, len);
}

void *aligned_alloc(size_t align, size_t len)
{
	if (!ready())
		abort();
	return fails() ? NULL : real_aligned(align, len);
}

void free(void *p)
{
	if (p && !is_early(p) && ready())
		real_free(p);
}

/* Those of the sanitizers ask nobody */
char *strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	copy[len] = '\0';
	return memcpy(copy, text, len);
}

char *strdup(const char *text)
{
	return strndup(text, strlen(text));
}
