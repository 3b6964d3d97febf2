# SPDX-License-Identifier: GPL-2.0-or-later
# portwall: make, make check, make install; SAN=1 for ASan and UBSan

VERSION  := 0.1.0
PREFIX   ?= /usr/local
SBINDIR  ?= $(PREFIX)/sbin
MANDIR   ?= $(PREFIX)/share/man
CC       ?= cc
V        ?= 0
Q        := $(if $(filter 1,$(V)),,@)

PKGS     := libnftnl libmnl libmd inih jansson
BUILD    := build$(if $(SAN),-san)

WARN := -Wall -Wextra -Wpedantic -Wno-gnu-statement-expression -Wshadow \
	-Wformat=2 -Wformat-signedness -Wvla -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wundef
WARN += $(if $(findstring clang,$(CC)),,-Wno-pedantic)
HARDEN := -fstack-protector-strong -fno-delete-null-pointer-checks \
	-fno-strict-overflow -fno-strict-aliasing -fPIE
HARDEN_GCC := -fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
ifdef SAN
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDOPT := -fsanitize=address,undefined
else
OPT := -O2 -g -D_FORTIFY_SOURCE=3 $(HARDEN) \
	$(if $(findstring clang,$(CC)),,$(HARDEN_GCC))
LDOPT := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed
endif

CPPFLAGS += -Iinclude -Isrc -D_GNU_SOURCE -DPW_VERSION='"$(VERSION)"' \
	$(shell pkg-config --cflags $(PKGS))
CFLAGS   += -std=gnu17 $(OPT) $(WARN) $(if $(WERROR),-Werror)
LDLIBS   += $(shell pkg-config --libs $(PKGS))

LIB_SRC  := $(filter-out src/cli/%,$(sort $(wildcard src/*/*.c)))
CLI_SRC  := $(sort $(wildcard src/cli/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libportwall.a
BIN      := $(BUILD)/portwall

UNIT_SRC := $(sort $(wildcard tests/unit/*_test.c))
UNIT     := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/unit/%)

all: $(if $(CLI_SRC),$(BIN)) $(LIB)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@[ $(V) = 1 ] || echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@[ $(V) = 1 ] || echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BIN): $(CLI_OBJ) $(LIB)
	@[ $(V) = 1 ] || echo "  LD    $@"
	$(Q)$(CC) $(LDOPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A unit test is one file; tests/unit/*.c that do not end in _test.c are helpers
UNIT_HELP := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
$(BUILD)/tests/unit/%: tests/unit/%.c $(UNIT_HELP) $(LIB)
	@mkdir -p $(@D)
	@[ $(V) = 1 ] || echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDOPT) -o $@ $< $(UNIT_HELP) \
		$(LIB) $(LDLIBS) -lcmocka

unit: $(UNIT)
	$(Q)for t in $^; do ./$$t || exit 1; done

check: all unit

clean:
	$(Q)rm -rf build build-san

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:=.d)

.PHONY: all unit check clean
