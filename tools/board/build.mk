# SPDX-License-Identifier: MIT
# The program in the containers of a board's image: `make ARCH=... board-app`.
.PHONY: board-app
board-app: $(O)/board/app
$(O)/board/app: tools/board/app.c $(autoconf) $(O)/.flags | $(gen-y) $(sysroot-ready)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -flto%,$(my-cflags)) $(CPPFLAGS) $(CFLAGS) -c -o $@.o $<
	$(Q)$(CC) $(filter-out -flto% -Wl$(comma)-Map=%,$(my-ldflags)) $(LDFLAGS) -o $@ $@.o $(if $(packed),$(O)/core/lib/start.o) $(libc-end)
	$(Q)$(STRIP) -s -R .comment $@
$(if $(packed),$(O)/board/app: $(O)/core/lib/start.o)
