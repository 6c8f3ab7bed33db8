# SPDX-License-Identifier: MIT
# The second half of the Makefile: how a configured tree is compiled and linked. Read only when
# something is built, so that a configuration goal works before anything else is there.

# ---- .config to auto.conf and autoconf.h: one sed each, no Kconfig tool ----

kconfigs := Kconfig $(wildcard core/Kconfig core/cmd/Kconfig drivers/Kconfig drivers/*/Kconfig init/Kconfig)
autoconf := $(O)/include/autoconf.h

include $(O)/include/auto.conf

# Kconfig files that are newer than the configuration may have added symbols: complete it first.
$(KCONFIG_CONFIG): $(kconfigs)
	$(Q)$(if $(conf-tool),$(MAKE) $(conf-tool))
	$(Q)if [ -f $@ ]; then $(run-conf) --olddefconfig Kconfig && touch $@; else \
		echo "No $@ yet: using board/full/defconfig (see make help)"; mkdir -p $(@D); \
		$(run-conf) --defconfig=board/full/defconfig Kconfig; fi

$(O)/include/auto.conf: $(KCONFIG_CONFIG)
	$(Q)mkdir -p $(@D)/generated
	$(Q)sed -n -e 's/^\(CONFIG_[A-Za-z0-9_]*\)=n$$/\1=/' \
		-e '/^CONFIG_[A-Za-z0-9_]*=/{s/\$$/$$$$/g;s/#/\\#/g;s/="\(.*\)"$$/=\1/;p}' $< >$@
	$(Q)sed -n -e 's/^\(CONFIG_[A-Za-z0-9_]*\)=y$$/#define \1 1/p;t' \
		-e 's/^\(CONFIG_[A-Za-z0-9_]*\)=n$$//;t' \
		-e 's/^\(CONFIG_[A-Za-z0-9_]*\)=\(.*\)$$/#define \1 \2/p' $< >$(autoconf).new
	$(Q)cmp -s $(autoconf).new $(autoconf) && rm $(autoconf).new || mv $(autoconf).new $(autoconf)

$(autoconf): $(O)/include/auto.conf ;

# ---- toolchain ----

comma := ,
ifneq ($(CROSS_COMPILE)$(SYSROOT),)
LIBC ?= system
endif
LIBC ?= musl
host-arch := $(shell uname -m)
arch := $(or $(patsubst arm64,aarch64,$(patsubst x86,x86_64,$(patsubst armv7,arm,$(ARCH)))),$(if $(CROSS_COMPILE),$(firstword $(subst -, ,$(notdir $(CROSS_COMPILE)))),$(host-arch)))
STATIC ?= $(if $(filter glibc,$(LIBC)),n,y)

ifeq ($(LIBC)-$(filter $(host-arch),$(arch)),musl-)
cross := $(if $(filter arm,$(arch)),arm-linux-gnueabihf-,$(arch)-linux-gnu-)
else
cross := $(CROSS_COMPILE)
endif
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(cross)gcc
endif
STRIP ?= $(cross)strip
target-flag := $(if $(findstring clang,$(CC)),$(if $(cross),--target=$(patsubst %-,%,$(cross))))

ifeq ($(LIBC),musl)
gcc-for-libs := $(cross)gcc
sysroot := $(shell tools/sysroot/build.sh path $(arch) $(gcc-for-libs))
ifeq ($(sysroot),)
$(error no musl sysroot for '$(arch)'; see LIBC= and SYSROOT= in the Makefile)
endif
sysroot-ready := $(sysroot)/lib/libc.a
# Without our ARCH=, which is another name to musl's own make.
$(sysroot-ready):
	$(Q)MAKEFLAGS= tools/sysroot/build.sh build $(arch) $(gcc-for-libs) >/dev/null
libc-cflags = -nostdinc -isystem $(sysroot)/include -isystem $(shell $(CC) -print-file-name=include)
# Debian's musl-gcc.specs silently make a dynamic program of -static-pie, so no specs: files named here.
# gcc knows -static-pie for some processors only and would name a loader for the others.
static-pie := -Wl,-static,-pie,--no-dynamic-linker,-z,text
# Relocations take a bit instead of 24 bytes where the linker can; core/lib/start.c then stands in for rcrt1.o.
packed := $(and $(CONFIG_PIE),$(filter x86_64,$(arch)),$(shell echo 'int x;' | $(CC) -x c -shared -nostdlib -fPIC $(if $(findstring clang,$(CC)),-fuse-ld=lld) -Wl,-z,pack-relative-relocs,--fatal-warnings -o /dev/null - 2>/dev/null && echo y))
libc-link = -nostdlib -nostartfiles -L$(sysroot)/lib \
	$(if $(filter y,$(STATIC)),$(if $(CONFIG_PIE),-static-pie $(if $(packed),-Wl$(comma)-z$(comma)pack-relative-relocs,$(static-pie) $(sysroot)/lib/rcrt1.o),-static -no-pie $(sysroot)/lib/crt1.o), \
	$(error LIBC=musl is always static; use LIBC=system with a musl toolchain for a dynamic binary)) $(sysroot)/lib/crti.o
libc-end = -Wl,--start-group -lc $(shell $(gcc-for-libs) -print-libgcc-file-name) -Wl,--end-group $(sysroot)/lib/crtn.o
lib-cflags =
lib-libs = $(patsubst lib%,-l%,$(patsubst zlib,libz,$(1)))
else
sysroot-flag := $(if $(SYSROOT),--sysroot=$(SYSROOT))
pkg-config := $(if $(SYSROOT),PKG_CONFIG_SYSROOT_DIR=$(SYSROOT:/=) PKG_CONFIG_LIBDIR=$(or $(PKG_CONFIG_LIBDIR),$(subst $(eval ) ,:,$(addprefix $(SYSROOT:/=)/usr/,lib/pkgconfig lib/$(shell $(CC) -dumpmachine)/pkgconfig share/pkgconfig)))) $(PKG_CONFIG)
libc-cflags := $(sysroot-flag)
libc-link := $(sysroot-flag) $(if $(CONFIG_PIE),$(if $(filter y,$(STATIC)),-static-pie,-pie),$(if $(filter y,$(STATIC)),-static) -no-pie)
lib-cflags = $(if $(1),$(shell $(pkg-config) --cflags $(1)))
lib-libs = $(if $(1),$(shell $(pkg-config) $(if $(filter y,$(STATIC)),--static) --libs $(1)))
endif

# libseccomp of the build machine, for the tool that compiles the default profile to BPF.
HOST_SECCOMP_CFLAGS ?= $(shell $(HOST_PKG_CONFIG) --cflags libseccomp)
HOST_SECCOMP_LIBS ?= $(shell $(HOST_PKG_CONFIG) --libs libseccomp)

# ---- what is built ----

# obj-y: objects; lib-y: libseccomp, libcap, liblz4, zlib, libzstd, libsodium; gen-y: headers in $(O)/include/generated/
obj-y :=
lib-y :=
gen-y := $(O)/include/generated/version.h
include core/lib/build.mk core/build.mk core/cmd/build.mk drivers/build.mk init/build.mk
objs := $(addprefix $(O)/,$(sort $(obj-y)))
libs := $(sort $(lib-y))

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
# -Oz where the compiler has it (gcc 12, clang)
optimize := $(if $(CONFIG_SMALL),$(shell $(CC) -Oz -E -x c /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os),-Os)
# Arrays aligned as the ABI wants, not to 32 bytes; structs copied without vector registers.
# No code twice: one way out of a function, with its canary's check, and no jump past a test whose answer is known.
small-cflags := $(if $(CONFIG_SMALL),$(if $(findstring clang,$(CC)),,-fipa-pta -fno-jump-tables -fno-move-loop-invariants -fno-caller-saves -fno-optimize-sibling-calls -fno-thread-jumps)) $(and $(CONFIG_SMALL),$(filter x86_64,$(arch)),-mno-sse $(if $(findstring clang,$(CC)),,-malign-data=abi))
# musl has the canary in a variable, too, which takes shorter instructions to reach than the thread's.
small-cflags += $(and $(CONFIG_SMALL),$(filter x86_64,$(arch)),$(filter musl,$(LIBC)),$(if $(findstring clang,$(CC)),,-mstack-protector-guard=global))
# The whole program is compiled at once: gcc then drops arguments and results nobody needs. clang gains nothing by it.
lto := $(if $(CONFIG_SMALL),$(if $(findstring clang,$(CC)),,-flto -fno-fat-lto-objects))
# musl has no _FORTIFY_SOURCE of its own; glibc has.
fortify := $(if $(filter glibc,$(LIBC)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
my-cflags = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(target-flag) $(libc-cflags) -I. -I$(O)/include -include $(autoconf) \
	$(warnings) $(optimize) $(small-cflags) $(lto) $(if $(CONFIG_PIE),-fPIE,-fno-pie) -ffunction-sections -fdata-sections -fno-common -fno-ident \
	-fno-asynchronous-unwind-tables -fno-unwind-tables $(if $(CONFIG_HARDEN),-fstack-protector$(if $(CONFIG_HARDEN_STRONG),-strong),-fno-stack-protector) $(fortify) \
	$(if $(DEBUG),-g -ffile-prefix-map=$(CURDIR)=.,-g0) $(call lib-cflags,$(libs))
my-ldflags = $(target-flag) $(if $(lto),$(lto) -flto-partition=one $(if $(small-layout),,-ffunction-sections -fdata-sections)) $(libc-link) -Wl,--gc-sections,-z,$(if $(CONFIG_HARDEN),relro,norelro),-z,now,-z,noexecstack,-z,max-page-size=4096,-z,noseparate-code,--build-id=none \
	-Wl,-Map=$(O)/myctr.map $(if $(findstring clang,$(CC)),-fuse-ld=lld,$(SETS_LD))

# GNU ld puts the linker sets among the read-only data; empty it for another linker.
small-layout := $(and $(CONFIG_SMALL),$(filter x86_64 aarch64,$(arch)),$(filter musl,$(LIBC)),$(if $(CONFIG_PIE),,y))
SETS_LD ?= $(if $(small-layout),-Wl$(comma)-T$(comma)tools/small.ld,-Wl$(comma)-T$(comma)tools/sets.ld -Wl$(comma)-T$(comma)tools/start.ld)

# Objects depend on the exact command, so that another CC or CFLAGS rebuilds them.
flags-now = $(CC) $(my-cflags) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(SETS_LD)
$(shell mkdir -p $(O))
ifneq ($(file <$(O)/.flags),$(flags-now))
$(file >$(O)/.flags,$(flags-now))
endif

.PHONY: all install unit fuzz headers
all: $(O)/myctr

headers: $(autoconf) $(gen-y) $(sysroot-ready)

$(O)/include/generated/version.h: Makefile
	$(Q)mkdir -p $(@D)
	$(Q)printf '/* SPDX-License-Identifier: MIT */\n#define MYCTR_VERSION "%s"\n' '$(VERSION)' >$@

$(objs): $(O)/%.o: %.c $(autoconf) $(O)/.flags | $(gen-y) $(sysroot-ready)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(my-cflags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/myctr.elf: $(objs) tools/sets.ld tools/small.ld tools/start.ld $(O)/.flags
	$(call say,LINK,$@)
	$(Q)$(CC) $(my-ldflags) $(LDFLAGS) -o $@ $(objs) $(call lib-libs,$(libs)) $(libc-end)

$(O)/myctr: $(O)/myctr.elf
	$(call say,STRIP,$@)
	$(Q)$(STRIP) -s -R .comment -o $@ $<

# Which functions tools/start.ld names; with pc_defconfig, which has all parts.
.PHONY: order
order: $(O)/myctr
	$(Q)tools/order/run.sh $(O)

install: $(O)/myctr
	install -D -m 0755 $(O)/myctr $(DESTDIR)$(BINDIR)/myctr
	$(if $(INSTALL_INIT),mkdir -p $(DESTDIR)$(SBINDIR) && ln -sf $(BINDIR)/myctr $(DESTDIR)$(SBINDIR)/init)

include tools/manpage/build.mk tools/image/build.mk tools/board/build.mk tests/unit/build.mk tests/fuzz/build.mk tools/tests.mk tests/vm/build.mk
-include $(objs:.o=.d)
