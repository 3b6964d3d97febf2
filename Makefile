# SPDX-License-Identifier: GPL-2.0-or-later
# portwall: make, make check, make install; SAN=1 for ASan and UBSan, FUZZ=1
# for these and libFuzzer, COV=1 for gcov

VERSION  := 0.1.0
PREFIX   ?= /usr/local
SBINDIR  ?= $(PREFIX)/sbin
MANDIR   ?= $(PREFIX)/share/man
DOCDIR   ?= $(PREFIX)/share/doc/portwall
UNITDIR  ?= $(PREFIX)/lib/systemd/system
CC       ?= cc
V        ?= 0
Q        := $(if $(filter 1,$(V)),,@)
# make -s says nothing, V=1 shows the commands, else a line for each file
SILENT   := $(findstring s,$(firstword -$(MAKEFLAGS)))
SAY      := @$(if $(filter 1,$(V))$(SILENT),:,echo)

# Mini-XML 4 goes by a name of its own
MXML     := $(shell pkg-config --exists mxml4 && echo mxml4 || echo mxml)
PKGS     := libnftnl libmnl libmd inih jansson libcap-ng libseccomp $(MXML)
PKG_INC  := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
BUILD    := build$(if $(FUZZ),-fuzz,$(if $(SAN),-san,$(if $(COV),-cov,$\
	    $(if $(VALGRIND),-valgrind))))

ifdef FUZZ
CC := clang
endif

WARN := -Wall -Wextra -Wpedantic -Wno-gnu-statement-expression -Wshadow \
	-Wformat=2 -Wformat-signedness -Wvla -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wundef
WARN += $(if $(findstring clang,$(CC)),,-Wno-pedantic)
HARDEN := -fstack-protector-strong -fno-delete-null-pointer-checks \
	-fno-strict-overflow -fno-strict-aliasing -fPIE
HARDEN_GCC := -fstack-clash-protection -ftrivial-auto-var-init=zero \
	-fzero-call-used-regs=used-gpr
# Where calls and jumps may lead, on processors that can check it
MACHINE := $(shell $(CC) -dumpmachine)
HARDEN += $(if $(filter x86_64-%,$(MACHINE)),-fcf-protection=full)
HARDEN += $(if $(filter aarch64-%,$(MACHINE)),-mbranch-protection=standard)
ifdef FUZZ
WARN := -w
OPT := -O2 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
LDOPT := -fsanitize=address,undefined
else ifdef SAN
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDOPT := -fsanitize=address,undefined
else ifdef COV
# As written, branch by branch, without assert(), which no input may reach;
# children that _exit() write their counters too
OPT := -O0 -g -DNDEBUG --coverage
LEAVE := $(BUILD)/tests/coverage/leave.o
LDOPT := --coverage -Wl,--wrap=_exit $(LEAVE)
else
OPT := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $(HARDEN) \
	$(if $(findstring clang,$(CC)),,$(HARDEN_GCC))
LDOPT := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed
endif

CPPFLAGS += -Iinclude -Isrc -D_GNU_SOURCE -DPW_VERSION='"$(VERSION)"' \
	$(PKG_INC)
CFLAGS   += -std=gnu17 $(OPT) $(WARN) $(if $(WERROR),-Werror)
LDLIBS   += $(PKG_LIBS)

LIB_SRC  := $(filter-out src/cli/%,$(sort $(wildcard src/*/*.c)))
CLI_SRC  := $(sort $(wildcard src/cli/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libportwall.a
BIN      := $(BUILD)/portwall

# A test is one file, tests/DIR/NAME_test.c; other *.c beside it are helpers
TEST_SRC := $(sort $(wildcard tests/*/*_test.c))
TESTS    := $(TEST_SRC:%.c=$(BUILD)/%)
UNIT     := $(filter $(BUILD)/tests/unit/%,$(TESTS))

all: $(if $(CLI_SRC),$(BIN)) $(LIB)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Which system calls a command may make: libseccomp is asked when this is built
# and not at every start. Who watches a process makes more of them.
WATCHED  := $(if $(FUZZ)$(SAN)$(COV)$(VALGRIND),-DWATCHED=true)
FILTERS  := $(BUILD)/filters
LIB_OBJ  += $(FILTERS).o

$(FILTERS): scripts/filters.c src/confine/jobs.c src/confine/lists.c \
		src/confine/jobs.h src/confine/lists.h include/portwall/confine.h
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(WATCHED) -std=gnu17 -O1 $(WARN) -o $@ \
		$(filter %.c,$^) -lseccomp

$(FILTERS).c: $(FILTERS)
	$(Q)$< >$@.new && mv $@.new $@

$(FILTERS).o: $(FILTERS).c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(LIB_OBJ)
	$(SAY) "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BIN): $(CLI_OBJ) $(LIB) | $(LEAVE)
	$(SAY) "  LD    $@"
	$(Q)$(CC) $(LDOPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# What a test uses of the helpers beside it is linked, and no more
HELP_SRC := $(filter-out %_test.c %_fuzz.c %/driver.c tests/bench/% tests/alloc/%,$\
	    $(wildcard tests/*/*.c))
HELP     := $(HELP_SRC:%.c=$(BUILD)/%.o)
HELP_LIB := $(addsuffix helpers.a,$(sort $(dir $(HELP))))

.SECONDEXPANSION:
$(HELP_LIB): $$(filter $$(@D)/%,$(HELP))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

helpers = $(if $(findstring $1/,$(HELP_LIB)),$1/helpers.a)
$(TESTS): $(BUILD)/%: %.c $$(call helpers,$$(@D)) $(LIB) | $(LEAVE)
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDOPT) $(LDFLAGS) -o $@ \
		$< $(filter %.a,$^) $(LDLIBS) -lcmocka

# A fuzz target is one file, tests/fuzz/NAME_fuzz.c; main() is libFuzzer's, or
# where there is none driver.c. It may use the command's files: theirs has
# another name
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
FUZZERS  := $(FUZZ_SRC:%.c=$(BUILD)/%)
FUZZ_MAIN := $(if $(FUZZ),,$(BUILD)/tests/fuzz/driver.o)
CLI_LIB  := $(BUILD)/cli.a

$(BUILD)/cli_main.o: $(BUILD)/src/cli/main.o
	$(Q)objcopy --redefine-sym main=portwall_main $< $@

$(CLI_LIB): $(filter-out %/main.o,$(CLI_OBJ)) $(BUILD)/cli_main.o
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZERS): %: %.o $(FUZZ_MAIN) $$(call helpers,$$(@D)) $(CLI_LIB) $(LIB) \
		| $(LEAVE)
	$(SAY) "  LD    $@"
	$(Q)$(CC) $(LDOPT) $(if $(FUZZ),-fsanitize=fuzzer) $(LDFLAGS) -o $@ \
		$^ $(LDLIBS)

fuzzers: $(FUZZERS)

# Sends frames for tests/netns/gapless and tests/bench
BLAST := $(BUILD)/tests/bench/blast
$(BLAST): $(BUILD)/%: %.c | $(LEAVE)
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDOPT) $(LDFLAGS) -o $@ $<

# Sweeps for tests/bench
LO_BENCH := $(BUILD)/tests/bench/loopback
$(LO_BENCH): $(BUILD)/%: %.c $(LIB) | $(LEAVE)
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDOPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Preloaded by tests/alloc: an allocation that fails
FAIL_SO := $(BUILD)/tests/alloc/fail.so
$(FAIL_SO): tests/alloc/fail.c
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O2 -g $(WARN) \
		$(if $(WERROR),-Werror) -fPIC -ftls-model=initial-exec \
		-shared -o $@ $<

tests: $(TESTS) $(FUZZERS) $(BLAST) $(LO_BENCH) $(FAIL_SO)

# Tests of overflow ask for more than there is, and expect NULL
unit: export ASAN_OPTIONS ?= detect_leaks=1:allocator_may_return_null=1
unit: $(UNIT)
	$(Q)for t in $^; do ./$$t || exit 1; done

# Every place that allocates memory, and every system call, fails: hours
faults: all tests
	$(Q)sh scripts/sandbox tests/alloc/run --places
	$(Q)sh scripts/sandbox tests/netns/faults/run --all

# Some minutes for the unit tests, more for the commands; SUITES="unit" selects
check-valgrind:
	+$(Q)$(MAKE) -s VALGRIND=1 all tests
	$(Q)sh scripts/check-valgrind $(SUITES)

# Half an hour of random commands under fire; check runs some seconds of it
soak: all $(BLAST)
	$(Q)sh scripts/sandbox tests/soak/run --seconds 1800

# Disks, limits, signals, crowds: more of each than check has, half an hour
check-environ: all
	$(Q)PW_LONG=1 sh scripts/sandbox tests/environ/run

# 10,000 commands one after another, and what is left of them
soak-commands: all $(BLAST)
	$(Q)sh scripts/sandbox tests/soak/run --commands 10000

# What scripts/check runs, without installing anything; SUITES=unit selects
check:
	+$(Q)sh scripts/check --no-install $(SUITES)

# Lines and branches that tests reach; fails where src/policy, compile, ruleset
# or net are reached too little. SUITES= runs every suite, half an hour.
COV_SUITES := unit golden reader rehearse cli kernel
coverage:
	$(Q)sh scripts/deps.sh coverage
	+$(Q)$(MAKE) --no-print-directory -s COV=1 all tests
	$(Q)find build-cov -name '*.gcda' -delete
	$(Q)BUILD=build-cov sh scripts/check --built $(if $(filter undefined,$\
		$(origin SUITES)),$(COV_SUITES),$(SUITES)); status=$$?; \
		scripts/coverage && exit $$status

# The manuals name the directories of the policies and of the units
install_manual = sed 's,/usr/local/share/doc/portwall,$(DOCDIR),;s,$\
	/usr/local/lib/systemd/system,$(UNITDIR),' man/$2 \
	>$(DESTDIR)$(MANDIR)/man$1/$2 && chmod 644 $(DESTDIR)$(MANDIR)/man$1/$2

# A Debian system is booted and scanned: some minutes, 1 GB in build/boot
BOOT_LISTENER := $(BUILD)/tests/boot/listener
$(BOOT_LISTENER): $(BUILD)/%: %.c
	@mkdir -p $(@D)
	$(SAY) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) -O2 $(WARN) -static -o $@ $<

check-boot: all $(BOOT_LISTENER)
	$(Q)sh scripts/deps.sh boot
	$(Q)scripts/check-boot $(CASES)

# The suites that need a kernel, under Debian's stock ones: hours of emulation.
# KERNELS="6.1" and SUITES="netns cli" select
check-kernels: all tests
	$(Q)sh scripts/deps.sh boot
	$(Q)SUITES="$(SUITES)" scripts/check-kernels $(KERNELS)

# A million random packets and policies, judged four times: some minutes
check-long: $(BUILD)/tests/kernel/agree_test
	$(Q)PW_PAIRS=1000000 sh scripts/sandbox $<

# New inputs for every parser, a minute each; SECONDS=3600 TARGETS="policy list"
SECONDS ?= 60
fuzz fuzz-merge:
	$(Q)sh scripts/deps.sh fuzz
	+$(Q)$(MAKE) FUZZ=1 fuzzers
	$(Q)scripts/fuzz $(if $(filter fuzz,$@),run --seconds $(SECONDS),merge) \
		$(TARGETS)

# The units name the command
UNITS := portwall.service portwall-watch.service
install_unit = sed 's,/usr/local/sbin/portwall,$(SBINDIR)/portwall,' \
	packaging/systemd/$1 >$(DESTDIR)$(UNITDIR)/$1 && \
	chmod 644 $(DESTDIR)$(UNITDIR)/$1

install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(DOCDIR)/policies \
		$(DESTDIR)$(DOCDIR)/ci $(DESTDIR)$(DOCDIR)/apparmor \
		$(DESTDIR)$(UNITDIR)
	install -m 755 $(BIN) $(DESTDIR)$(SBINDIR)/portwall
	$(call install_manual,8,portwall.8)
	$(call install_manual,5,portwall.ini.5)
	install -m 644 COPYING README.md CHANGELOG.md $(DESTDIR)$(DOCDIR)/
	install -m 644 policies/*.ini $(DESTDIR)$(DOCDIR)/policies/
	install -m 644 scripts/ci/* $(DESTDIR)$(DOCDIR)/ci/
	install -m 644 packaging/apparmor/portwall \
		$(DESTDIR)$(DOCDIR)/apparmor/
	$(foreach unit,$(UNITS),$(call install_unit,$(unit)) && ) :

# Neither /etc/portwall nor /var/lib/portwall, and no rules
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/portwall \
		$(DESTDIR)$(MANDIR)/man8/portwall.8 \
		$(DESTDIR)$(MANDIR)/man5/portwall.ini.5 \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS))
	rm -rf $(DESTDIR)$(DOCDIR)
	@echo 'The rules stay in force until the next boot, policy and memory' \
		'stay in /etc/portwall and /var/lib/portwall.'
	@echo 'To open every port now: nft delete table inet portwall'

C_FILES := $(LIB_SRC) $(CLI_SRC)

tidy:
	$(Q)printf '%s\n' $(C_FILES) | xargs -P$$(nproc) -n4 sh -c \
		'clang-tidy --quiet "$$@" -- $(CPPFLAGS) -std=gnu17' clang-tidy

# One thread: functions that only it may not share are fine. It knows neither
# pw_owned(), and so finds leaks where memory is handed over, nor "a ?: b".
cppcheck:
	$(Q)cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 \
		--enable=warning,performance,portability --library=posix \
		--suppress=missingIncludeSystem --suppress=readdirCalled \
		--suppress=getserventCalled --suppress=memleak \
		--suppress=selfAssignment -j$$(nproc) \
		-Iinclude -Isrc -D_GNU_SOURCE $(C_FILES)

bench: all $(BLAST)
	$(Q)if [ -x tests/bench/run ]; then tests/bench/run; \
		else echo "there are no benchmarks yet"; fi

# New files; in old ones some lines are broken where they read better
fmt:
	$(if $(FILES),clang-format -i $(FILES),@echo 'usage: make fmt FILES="..."')

clean:
	$(Q)rm -rf build build-san build-fuzz build-valgrind build-cov

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TESTS:=.d) $(HELP:.o=.d) \
	$(FUZZERS:=.d) $(FUZZ_MAIN:.o=.d)

.PHONY: all tests unit check check-boot check-kernels check-long check-valgrind coverage \
	faults soak fuzzers fuzz fuzz-merge install uninstall tidy cppcheck bench fmt clean
