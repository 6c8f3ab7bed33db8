# SPDX-License-Identifier: MIT
# What is given away: sources, binaries, packages. All of it goes to $(O)/dist and is the same bytes in every run.
#   make dist                                         myctr-VERSION.tar.gz
#   make release [ARCHS="x86_64 aarch64"] [CONFIGS="full router"]
#   make deb                                          of pc_defconfig, or BUILT=FOLDER
.PHONY: dist release deb
$(O)/tools/seccomp-dist: $(addprefix tools/seccomp/,compile.c plan.c arch.c plan.h arch.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 -Wall -Wextra $(shell $(HOST_PKG_CONFIG) --cflags libseccomp) $(HOSTCFLAGS) -I. -o $@ \
		$(filter %.c,$^) $(shell $(HOST_PKG_CONFIG) --libs libseccomp)

dist: $(O)/tools/seccomp-dist
	$(Q)tools/packaging/release/dist.sh $(O)/dist $(VERSION) $(abspath $<)
release: dist
	$(Q)CONFIGS="$(CONFIGS)" tools/packaging/release/release.sh $(O)/dist $(VERSION) $(ARCHS)
deb:
	$(Q)tools/packaging/debian/build.sh $(O)/dist $(VERSION) $(BUILT)
