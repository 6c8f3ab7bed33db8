# SPDX-License-Identifier: MIT
# Small programs that run inside a virtual machine, built like myctr itself (static, for its processor):
#   vm-NAME := sources beside tests/vm/NAME.c       gives $(O)/vm/NAME;  `make vm-tools` builds all
vm-state_writer := core/state.c core/record.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/stamp.c
vm-state_check := core/state.c core/record.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c

vm-names := $(sort $(filter-out names tools,$(patsubst vm-%,%,$(filter vm-%,$(.VARIABLES)))))
vm-objs = $(patsubst %.c,$(O)/vm/obj/%.o,tests/vm/$(1).c $(vm-$(1))) $(if $(packed),$(O)/core/lib/start.o)

define vm-rule
$(O)/vm/$(1): $(call vm-objs,$(1)) $(O)/.flags
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(filter-out -Wl$(comma)-Map=%,$(my-ldflags)) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(libc-end)
endef
$(foreach name,$(vm-names),$(eval $(call vm-rule,$(name))))

$(O)/vm/obj/%.o: %.c $(autoconf) $(O)/.flags | $(gen-y) $(sysroot-ready)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(my-cflags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.PHONY: vm-tools
vm-tools: $(vm-names:%=$(O)/vm/%)

-include $(shell find $(O)/vm -name '*.d' 2>/dev/null)
