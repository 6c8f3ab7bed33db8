# SPDX-License-Identifier: MIT
# Build of myctr. `make help` lists the goals. The folders list their objects in build.mk; Kconfig
# chooses among them. Building uses no network, git or root once tools/deps.sh and the sysroot are there.

VERSION := 0.1.0

# What a builder or packager may set:
#   O=DIR           build folder; when given, .config and defconfig live in it too (default: build)
#   LIBC=           musl (default: our cached sysroot), glibc (the host's), system (the toolchain's own;
#                   chosen by itself when CROSS_COMPILE or SYSROOT is given)
#   ARCH=           x86_64, aarch64, arm (v7, hard float), riscv64 or mips (big-endian): what the cached sysroot
#                   is for (default: the host)
#   STATIC=         y or n (default y; n for glibc)
#   CC HOSTCC CROSS_COMPILE SYSROOT PKG_CONFIG CFLAGS LDFLAGS DESTDIR PREFIX CONF MCONF V=1 DEBUG=1
MAKEFLAGS += -rR --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

config-dir := $(if $(filter-out undefined,$(origin O)),$(O)/)
KCONFIG_CONFIG ?= $(config-dir).config
DEFCONFIG_OUT := $(config-dir)defconfig
O ?= build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s%s\n' $(1) $(2))
export LC_ALL := C

PREFIX ?= /usr
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= /sbin
MANDIR ?= $(PREFIX)/share/man
PKG_CONFIG ?= pkg-config
HOST_PKG_CONFIG ?= pkg-config
MCONF ?= kconfig-mconf
HOST_CC := $(or $(HOSTCC),gcc)

boards := $(patsubst board/%/defconfig,%,$(wildcard board/*/defconfig))
config-goals := config menuconfig oldconfig olddefconfig savedefconfig allnoconfig allyesconfig \
	alldefconfig randconfig listnewconfig $(boards:%=%_defconfig)
free-goals := $(config-goals) help clean distclean test format lint size deps demo kernel board-kernel image boot \
	test-boards runner dist release deb bench bench-wall bench-icount bench-parts bench-deps bench-sizes bench-size-%
goals := $(or $(MAKECMDGOALS),all)

.PHONY: all
all:

# `make full_defconfig all`: configuration first, then a make that reads it.
ifneq ($(filter $(config-goals),$(goals)),)
ifneq ($(filter-out $(config-goals),$(goals)),)
mixed := 1
endif
endif

ifdef mixed

.PHONY: one-by-one $(goals)
$(goals): one-by-one
	@:
one-by-one:
	$(Q)set -e; for goal in $(goals); do $(MAKE) $$goal; done

else

# ---- configuration goals: never build the program, never include auto.conf ----

# An integrator's CONF is called the way kconfig-conf is; so is ours.
CONF ?= $(if $(wildcard tools/kconfig/conf.c),$(O)/tools/conf,kconfig-conf)
ifeq ($(CONF),$(O)/tools/conf)
conf-tool := $(CONF)
endif
run-conf = KCONFIG_CONFIG=$(KCONFIG_CONFIG) CONFIG_=CONFIG_ $(CONF)

$(O)/tools/conf: $(wildcard tools/kconfig/*.[ch])
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 -Wall -Wextra $(HOSTCFLAGS) -o $@ $(filter %.c,$^)

.PHONY: $(config-goals)
config: oldconfig
oldconfig: $(conf-tool)
	$(Q)$(run-conf) --oldconfig Kconfig
olddefconfig: $(conf-tool)
	$(Q)$(run-conf) --olddefconfig Kconfig
savedefconfig: $(conf-tool)
	$(Q)$(run-conf) --savedefconfig=$(DEFCONFIG_OUT) Kconfig
allnoconfig: $(conf-tool)
	$(Q)$(run-conf) --allnoconfig Kconfig
allyesconfig: $(conf-tool)
	$(Q)$(run-conf) --allyesconfig Kconfig
alldefconfig: $(conf-tool)
	$(Q)$(run-conf) --alldefconfig Kconfig
randconfig: $(conf-tool)
	$(Q)$(run-conf) --randconfig Kconfig
listnewconfig: $(conf-tool)
	$(Q)$(run-conf) --listnewconfig Kconfig
menuconfig:
	$(Q)KCONFIG_CONFIG=$(KCONFIG_CONFIG) CONFIG_=CONFIG_ $(MCONF) Kconfig
$(boards:%=%_defconfig): %_defconfig: board/%/defconfig $(conf-tool)
	$(Q)mkdir -p $(dir $(KCONFIG_CONFIG))
	$(Q)$(run-conf) --defconfig=$< Kconfig

ifneq ($(filter-out $(free-goals) $(O)/tools/conf,$(goals)),)
include tools/build.mk
endif

# ---- goals that need no configuration of their own ----

.PHONY: help clean distclean test format lint size deps
help:
	$(Q)sed 's/^\t//' tools/help.txt
	@echo "Configurations: $(boards:%=%_defconfig)"
clean:
	$(Q)rm -rf $(filter-out $(O)/.config $(O)/.config.old,$(wildcard $(O)/* $(O)/.flags))
distclean:
	$(Q)rm -rf $(O) $(KCONFIG_CONFIG) $(KCONFIG_CONFIG).old
deps:
	$(Q)tools/deps.sh build
test:
	$(Q)tools/deps.sh test
	$(Q)tests/run.sh $(SUITE)
format:
	$(Q)clang-format -i $$(git ls-files '*.[ch]')
lint:
	$(Q)tools/lint/run.sh
size:
	$(Q)tools/size/run.sh $(BOARDS)

-include tests/bench/build.mk
-include tools/vm.mk
-include tools/packaging/packaging.mk

endif
