# SPDX-License-Identifier: MIT
# `make man`: manual pages and bash completion of this configuration, from its own tables. The host program
# links the rows of the commands; the functions they would call stay unresolved and are never called.
manpage-rows := $(patsubst %.o,%.c,$(filter core/cmd/%.o init/daemon.o init/init.o,$(sort $(obj-y))))
manpage-sources := $(sort $(filter-out core/lib/printf.c,$(manifest-sources) core/cmd_set.c core/cmd_spec.c core/cmd_help.c \
	$(manpage-rows)))
man-pages := $(O)/myctr.8 $(O)/myctr-manifest.5 $(O)/myctr.bash

.PHONY: man install-man
man: $(man-pages)

$(O)/tools/manpage: tools/manpage/manpage.c $(manpage-sources) $(autoconf) | $(gen-y)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 -w -DCONFIG_HELP=1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(O)/include \
		-include $(autoconf) -fno-pie -no-pie -Wl,--unresolved-symbols=ignore-all $(HOSTCFLAGS) -o $@ $(filter %.c,$^)
$(man-pages): $(O)/tools/manpage
	$(Q)$< $(@F) >$@

install: install-man
install-man: $(man-pages)
	install -D -m 0644 $(O)/myctr.8 $(DESTDIR)$(MANDIR)/man8/myctr.8
	install -D -m 0644 $(O)/myctr-manifest.5 $(DESTDIR)$(MANDIR)/man5/myctr-manifest.5
	install -D -m 0644 $(O)/myctr.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/myctr
