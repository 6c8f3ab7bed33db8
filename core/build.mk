# SPDX-License-Identifier: MIT
# Objects of core/; see the Makefile.
obj-y += core/main.o
obj-y += core/cap.o
obj-y += core/ids.o
obj-y += core/rlimit.o
obj-y += core/sysctl.o
obj-y += core/codec.o
obj-y += core/state.o
obj-y += core/log.o
obj-y += core/cgroup.o
