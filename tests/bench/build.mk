# SPDX-License-Identifier: MIT
# make bench                measures and prints (as root); BENCH_RUNS=40, BENCH_ONLY=start,ps,...; all of it ends with nat
# make bench BENCH=icount   the same start as instruction counts, in a deterministic machine;
#                           UPDATE=1 accepts them (commit tests/bench/icount.txt)
# make bench BENCH=nat      throughput and connections through a published port, against nft and a proxy
# make bench BENCH=user     throughput through slirp4netns and pasta, against the same by hand
# What runs inside the measurement is static musl; the measuring program is an ordinary host
# program.

BENCH ?= wall
BENCH_RUNS ?= 40
BENCH_ONLY ?=
BENCH_CC ?= musl-gcc
BENCH_HOSTCC ?= gcc

bench-o := $(O)/bench
bench-kinc := $(bench-o)/kinc
bench-cflags := -std=gnu11 -D_GNU_SOURCE -Os -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-ffunction-sections -fdata-sections -I. -I$(bench-o) -idirafter $(bench-kinc)
bench-ldflags := -static -s -Wl,--gc-sections
bench-hostflags := -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow -Wstrict-prototypes -I.
bench-run := $(patsubst %,tests/bench/%.c,run sys count goals chart oci daemon start ps sizes memory supervised durable unpack rebuild net)
bench-parts := $(addprefix $(bench-o)/,floor once stamp nothing fill true icount_init filter.bpf profile run)

.PHONY: bench bench-wall bench-icount bench-parts bench-deps bench-sizes bench-nat bench-user
bench: export BENCH_CRUN := yes
bench: bench-$(BENCH)
bench-parts: $(bench-parts)
bench-deps:
	$(Q)tools/deps.sh build bench

bench-wall: bench-deps
	$(Q)$(MAKE) all headers
	$(Q)$(MAKE) bench-parts bench-sizes
	$(Q)$(bench-o)/run -n $(BENCH_RUNS) $(if $(BENCH_ONLY),-s $(BENCH_ONLY)) \
		-p $(bench-o) -m $(O)/myctr -o $(bench-o) -z $(bench-o)
	$(Q)$(if $(BENCH_ONLY),:,$(MAKE) bench-nat)

bench-icount: bench-deps
	$(Q)tools/deps.sh vm
	$(Q)$(MAKE) all headers
	$(Q)$(MAKE) bench-parts
	$(Q)tests/bench/icount.sh $(if $(UPDATE),-u) $(bench-o) $(O)/myctr

bench-nat: bench-deps
	$(Q)tools/deps.sh live
	$(Q)$(MAKE) all
	$(Q)$(MAKE) O=$(bench-o)/plain full_defconfig >/dev/null
	$(Q)sed -i 's/^CONFIG_NET_NFT=y/# CONFIG_NET_NFT is not set/' $(bench-o)/plain/.config
	$(Q)$(MAKE) O=$(bench-o)/plain olddefconfig >/dev/null
	$(Q)$(MAKE) O=$(bench-o)/plain all >/dev/null
	$(Q)$(MAKE) $(bench-o)/conns
	$(Q)tests/bench/nat.sh $(bench-o) $(O)/myctr $(bench-o)/plain/myctr

bench-user: bench-deps
	$(Q)$(MAKE) all
	$(Q)tests/bench/user.sh $(O)/myctr

# Each configuration whose size is printed, in a folder of its own.
bench-sizes: $(addprefix bench-size-,tiny router full)
bench-size-%:
	$(Q)$(MAKE) O=$(bench-o)/$* $*_defconfig >/dev/null
	$(Q)$(MAKE) O=$(bench-o)/$* all >/dev/null

# Only the kernel's own headers: /usr/include as a whole would mix glibc's in.
$(bench-kinc):
	$(Q)mkdir -p $@
	$(Q)ln -sfn /usr/include/linux $@/linux
	$(Q)ln -sfn /usr/include/asm-generic $@/asm-generic
	$(Q)ln -sfn /usr/include/$$($(BENCH_HOSTCC) -print-multiarch)/asm $@/asm

$(bench-o)/profile: tests/bench/profile.c | $(bench-kinc)
	$(call say,HOSTCC,$@)
	$(Q)$(BENCH_HOSTCC) $(bench-hostflags) $< -o $@ -lseccomp

$(bench-o)/floor_filter.h: $(bench-o)/profile
	$(Q)$< header > $@

$(bench-o)/filter.bpf: $(bench-o)/profile
	$(Q)$< bpf > $@

$(bench-o)/floor: $(bench-o)/floor_filter.h
$(addprefix $(bench-o)/,floor once stamp nothing icount_init conns): $(bench-o)/%: tests/bench/%.c tests/bench/sample.h | $(bench-kinc)
	$(call say,CC,$@)
	$(Q)$(BENCH_CC) $(bench-cflags) $< $(bench-more) -o $@ $(bench-ldflags)

$(bench-o)/icount_init: tests/bench/icount_sup.c tests/bench/icount_sup.h core/ctl.h
$(bench-o)/icount_init: bench-more := tests/bench/icount_sup.c

$(bench-o)/true: tests/bench/true.S | $(bench-kinc)
	$(Q)$(BENCH_HOSTCC) -nostdlib -static -s -Wl,-z,noseparate-code,--build-id=none $< -o $@

# With the code under test: the state file's writer, the control protocol.
bench-fill := tests/bench/fill.c $(patsubst %,core/%.c,state record lib/crc32c lib/crc32c_hw lib/err lib/fd lib/sys)
$(bench-o)/fill: $(bench-fill) | $(bench-kinc)
	$(call say,HOSTCC,$@)
	$(Q)$(BENCH_HOSTCC) $(bench-hostflags) -I$(O)/include -include $(O)/include/autoconf.h $^ -o $@

bench-run += $(patsubst %,core/%.c,ctl paths $(if $(shell grep -s ^CONFIG_ROOTLESS=y $(KCONFIG_CONFIG)),rootless idmap) lib/addr lib/arena lib/err lib/fd lib/link lib/netlink lib/path lib/str lib/sys)
$(bench-o)/run: $(bench-run) $(wildcard tests/bench/*.h) | $(bench-kinc)
	$(call say,HOSTCC,$@)
	$(Q)$(BENCH_HOSTCC) $(bench-hostflags) -I$(O)/include -include $(O)/include/autoconf.h $(bench-run) -o $@
