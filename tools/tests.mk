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

test-deps := $(shell find $(O)/unit $(O)/fuzz -name '*.d' 2>/dev/null)
-include $(test-deps)
