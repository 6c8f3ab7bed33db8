# SPDX-License-Identifier: MIT
# The VM runner, our own kernels and the demo: goals that need no configuration.
#   make runner              build/tools/vm and build/tools/replay, for tests and by hand
#   make kernel BOARD=NAME     board/NAME's kernel from Debian's source, cached; ten minutes (or: board-kernel)
#   make BOARD=NAME image      what the board boots, in build/board/NAME;  make BOARD=NAME boot
#   make test-boards [BOARDS=] builds, boots and tries every board
#   make demo [DEMO=check|local]
runner-c := $(addprefix tools/vm/,vm.c qemu.c keeper.c client.c console.c proto.c)
replay-c := tools/vm/replay.c tools/vm/writelog.c
runner-common := core/lib/fd.c core/lib/err.c
runner-flags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O1 -g -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -I.

.PHONY: runner kernel board-kernel demo image boot test-boards
runner: $(O)/tools/vm $(O)/tools/replay
$(O)/tools/vm: $(runner-c) $(runner-common) $(wildcard tools/vm/*.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(runner-flags) $(HOSTCFLAGS) -o $@ $(filter %.c,$^)
$(O)/tools/replay: $(replay-c) $(runner-common) $(wildcard tools/vm/*.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(runner-flags) $(HOSTCFLAGS) -o $@ $(filter %.c,$^)

board-kernel: kernel
kernel:
	$(Q)tools/deps.sh kernel
	$(Q)tools/kernel/build.sh $(or $(BOARD),$(error say which: make kernel BOARD=router; one of board/*/linux.config))
demo:
	$(Q)tools/deps.sh demo
	$(Q)BOARD=$(BOARD) tools/demo/run.sh $(DEMO)

# those that are machines of their own
BOARDS ?= $(patsubst board/%/facts,%,$(wildcard board/*/facts))
image:
	$(Q)tools/deps.sh board
	$(Q)tools/board/image.sh $(or $(BOARD),$(error say which: make BOARD=router image; one of $(BOARDS))) $(O)/board/$(BOARD)
boot: image
	$(Q)tools/board/boot.sh $(BOARD) $(O)/board/$(BOARD)
test-boards:
	$(Q)tools/deps.sh board
	$(Q)tools/board/test.sh $(O)/board $(BOARDS)
