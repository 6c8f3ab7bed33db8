# SPDX-License-Identifier: MIT
# Objects of core/; see the Makefile.
obj-y += core/main.o core/paths.o core/spec.o core/spec_entry.o
obj-y += core/encode.o core/cmd.o core/cmd_spec.o core/cmd_help.o
obj-y += core/cap.o
obj-y += core/ids.o
obj-y += core/rlimit.o
obj-y += core/sysctl.o
obj-y += core/codec.o
obj-y += core/state.o
obj-y += core/log.o
obj-y += core/cgroup.o
obj-y += core/image.o
obj-y += core/state_live.o core/watch.o
