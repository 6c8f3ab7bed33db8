# SPDX-License-Identifier: MIT
# The VM runner, our own kernels and the demo: goals that need no configuration.
#   make runner              build/tools/vm and build/tools/replay, for tests and by hand
#   make kernel BOARD=NAME     board/NAME's kernel from Debian's source, cached; ten minutes
#   make demo [DEMO=check|local]
runner-c := $(addprefix tools/vm/,vm.c qemu.c keeper.c client.c console.c proto.c)
replay-c := tools/vm/replay.c tools/vm/writelog.c
runner-common := core/lib/fd.c core/lib/err.c
runner-flags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O1 -g -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -I.

.PHONY: runner kernel demo
runner: $(O)/tools/vm $(O)/tools/replay
$(O)/tools/vm: $(runner-c) $(runner-common) $(wildcard tools/vm/*.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(runner-flags) $(HOSTCFLAGS) -o $@ $(filter %.c,$^)
$(O)/tools/replay: $(replay-c) $(runner-common) $(wildcard tools/vm/*.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(runner-flags) $(HOSTCFLAGS) -o $@ $(filter %.c,$^)

kernel:
	$(Q)tools/deps.sh kernel
	$(Q)tools/kernel/build.sh $(or $(BOARD),$(error say which: make kernel BOARD=qemu-x86_64 or BOARD=qemu-aarch64))
demo:
	$(Q)tools/deps.sh demo
	$(Q)BOARD=$(BOARD) tools/demo/run.sh $(DEMO)
