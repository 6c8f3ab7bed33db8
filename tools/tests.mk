# SPDX-License-Identifier: MIT
# Unit tests and fuzz targets. tests/unit/build.mk and tests/fuzz/build.mk list them:
#   unit-core/lib/path := core/lib/path.c core/lib/err.c     test: tests/unit/core/lib/path_test.c
#   fuzz-tar := drivers/image/tar.c core/lib/err.c           target: tests/fuzz/tar_fuzz.c
# Optional, for the same NAME: unit_ldflags-NAME, unit_cflags-NAME, unit_libs-NAME (and fuzz_libs-NAME).
# They run on the build machine with sanitizers, under the current configuration's autoconf.h.

unit-names := $(sort $(patsubst unit-%,%,$(filter unit-%,$(.VARIABLES))))
unit-names := $(filter-out names,$(unit-names))
unit-bins := $(unit-names:%=$(O)/unit/%_test)
fuzz-names := $(filter-out names,$(sort $(patsubst fuzz-%,%,$(filter fuzz-%,$(.VARIABLES)))))
fuzz-bins := $(fuzz-names:%=$(O)/fuzz/%_fuzz)

FUZZ_CC ?= clang
test-cflags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(O)/include -include $(autoconf) $(warnings) \
	-g -O1 -fno-omit-frame-pointer
unit-cc-flags := $(test-cflags) -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz-cc-flags := $(test-cflags) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

# $(1): name; objects of tested sources are shared by all tests that use the same flags
unit-objs = $(patsubst %.c,$(O)/unit/obj$(if $(unit_cflags-$(1)),-$(subst /,-,$(1)))/%.o,tests/unit/$(1)_test.c $(sort $(unit-$(1))))
fuzz-objs = $(patsubst %.c,$(O)/fuzz/obj/%.o,tests/fuzz/$(1)_fuzz.c $(sort $(fuzz-$(1))))

define unit-rule
$(O)/unit/$(1)_test: $(call unit-objs,$(1))
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(HOST_CC) $(unit-cc-flags) $(unit_ldflags-$(1)) -o $$@ $$^ $(unit_libs-$(1)) -lcmocka
$(if $(unit_cflags-$(1)),$(call unit-obj-rule,-$(subst /,-,$(1)),$(unit_cflags-$(1))))
endef
define unit-obj-rule
$(O)/unit/obj$(1)/%.o: %.c $(autoconf) tools/tests.mk | $(gen-y)
	$$(call say,HOSTCC,$$<)
	$(Q)mkdir -p $$(@D)
	$(Q)$(HOST_CC) $(unit-cc-flags) $(2) -MMD -MP -c -o $$@ $$<
endef
define fuzz-rule
$(O)/fuzz/$(1)_fuzz: $(call fuzz-objs,$(1))
	$$(call say,LINK,$$@)
	$(Q)$(FUZZ_CC) $(fuzz-cc-flags) -o $$@ $$^ $(fuzz_libs-$(1))
endef

$(eval $(call unit-obj-rule,,))
$(foreach name,$(unit-names),$(eval $(call unit-rule,$(name))))
$(foreach name,$(fuzz-names),$(eval $(call fuzz-rule,$(name))))
$(O)/fuzz/obj/%.o: %.c $(autoconf) tools/tests.mk | $(gen-y)
	$(call say,CLANG,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(fuzz-cc-flags) -MMD -MP -c -o $@ $<

# `make unit` builds and runs all, `make unit T=core/lib/path` one; `make unit-build` only builds.
.PHONY: unit unit-build fuzz fuzz-build
unit-build: $(unit-bins)
fuzz-build: $(fuzz-bins)
unit: $(if $(T),$(T:%=$(O)/unit/%_test),$(unit-bins))
	$(Q)tests/run-unit.sh $(O)/unit $(if $(T),$(T),$(unit-names))
fuzz: $(if $(T),$(T:%=$(O)/fuzz/%_fuzz),$(fuzz-bins))
	$(Q)tests/run-fuzz.sh $(O)/fuzz $(if $(T),$(T),$(fuzz-names))

# `make unit-cross ARCH=mips [T=core/lib/path]`: those that look at bytes, sizes and times, on another processor by
# qemu-user, with musl and without sanitizers. Namespaces, mounts and filters are not qemu-user's: see test-boards.
# core/state races two processes for speed, which emulation spoils; tests/build/endian.sh has its bytes.
unit-cross-names := $(filter core/lib/path core/lib/sha256 core/lib/crc32c core/lib/crc32c_small core/lib/stamp core/lib/str \
	core/lib/words core/lib/out core/lib/addr core/lib/nft core/lib/netlink core/lib/json core/lib/uevent core/lib/dns \
	core/spec core/encode core/manifest core/cap core/port core/sysctl core/template core/idmap core/when \
	core/lease core/slots core/devlog core/network drivers/codec/lz4 drivers/log/ring drivers/image/tar_read,$(unit-names))
cross-cc-flags = -D_UINTPTR_T $(filter-out -flto% -fno-pie -fPIE $(warnings),$(my-cflags)) -fPIE
cross-unit-objs = $(patsubst %.c,$(O)/unit-cross/obj/%.o,tests/unit/$(1)_test.c $(sort $(unit-$(1))))
define cross-unit-rule
$(O)/unit-cross/$(1)_test: $(call cross-unit-objs,$(1))
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $$(filter-out -flto% -Wl$$(comma)-Map=%,$$(my-ldflags)) $(unit_ldflags-$(1)) -o $$@ $$^ $(unit_libs-$(1)) -lcmocka $$(libc-end)
endef
$(foreach name,$(if $(filter unit-cross,$(goals)),$(unit-cross-names)),$(eval $(call cross-unit-rule,$(name))))
$(O)/unit-cross/obj/%.o: %.c $(autoconf) | $(gen-y) $(sysroot-ready) cross-cmocka
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cross-cc-flags) -O1 -c -o $@ $<

.PHONY: unit-cross cross-cmocka
cross-cmocka:
	$(Q)tools/sysroot/build.sh cmocka $(arch) "$(gcc-for-libs) -D_UINTPTR_T" >/dev/null
unit-cross: $(if $(T),$(T:%=$(O)/unit-cross/%_test),$(unit-cross-names:%=$(O)/unit-cross/%_test))
	$(Q)RUNNER=qemu-$(arch)-static tests/run-unit.sh $(O)/unit-cross $(if $(T),$(T),$(unit-cross-names))

test-deps := $(shell find $(O)/unit $(O)/fuzz -name '*.d' 2>/dev/null)
-include $(test-deps)
